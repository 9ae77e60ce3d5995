//! Figures that describe a series of trades and days. The only floats of the core are here.

#![expect(clippy::float_arithmetic, reason = "ratios of results are not money")]

use crate::fact::Trade;
use crate::money::Money;
use crate::time::Date;

/// Sessions in a year, for annualised figures.
pub const SESSIONS_PER_YEAR: f64 = 252.0;

/// Holds one day of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayResult {
    /// Trading date.
    pub date: Date,
    /// Equity at the open.
    pub equity_open: Money,
    /// Equity at the end.
    pub equity: Money,
    /// Net result of the day's closed trades.
    pub realized: Money,
    /// Fees of the day's trades.
    pub fees: Money,
    /// Amount below the highest equity so far, never negative.
    pub drawdown: Money,
}

/// Holds the figures of a period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Closed trades.
    pub trades: usize,
    /// Of them, those with a net result above zero.
    pub wins: usize,
    /// Result before fees.
    pub gross: Money,
    /// Fees.
    pub fees: Money,
    /// Result after fees.
    pub net: Money,
    /// Wins over trades; `None` without a trade.
    pub win_rate: Option<f64>,
    /// Mean net result of the winning trades; `None` without one.
    pub average_win: Option<Money>,
    /// Mean net result of the others, zero or negative; `None` without one.
    pub average_loss: Option<Money>,
    /// Sum of the winning results over the sum of the losing ones; `None` without a loss.
    pub profit_factor: Option<f64>,
    /// Mean R multiple of the trades that have one, before fees; `None` without one.
    pub expectancy_r: Option<f64>,
    /// Mean over sample deviation of the daily net returns, times sqrt(252), rate 0; `None` under two days or
    /// without variation. Source: Sharpe 1994, "The Sharpe Ratio".
    pub sharpe: Option<f64>,
    /// Mean of the daily net returns over their downside deviation against 0 (root of the mean of squared
    /// negative returns over all days), times sqrt(252); `None` without a losing day. Source: Sortino & Price 1994.
    pub sortino: Option<f64>,
    /// Greatest amount below an earlier highest end-of-day equity.
    pub max_drawdown: Money,
    /// Greatest drawdown as a fraction of the highest equity before it.
    pub max_drawdown_fraction: f64,
    /// The day of the greatest gain; `None` without a day.
    pub best_day: Option<(Date, Money)>,
    /// The day of the greatest loss; `None` without a day.
    pub worst_day: Option<(Date, Money)>,
}

impl Metrics {
    /// Computes the figures of closed trades and of all sessions of the period, those without trades included.
    #[must_use]
    pub fn of<'a>(trades: impl IntoIterator<Item = &'a Trade>, days: &[DayResult]) -> Self {
        let mut metrics = Self::default();
        metrics.add_trades(trades);
        metrics.add_days(days);
        metrics
    }

    fn add_trades<'a>(&mut self, trades: impl IntoIterator<Item = &'a Trade>) {
        let (mut won, mut lost) = (Money::ZERO, Money::ZERO);
        let (mut r_sum, mut r_count) = (0.0, 0_u32);
        for trade in trades.into_iter().filter(|trade| trade.is_closed()) {
            let net = trade.net();
            self.trades += 1;
            self.gross += trade.gross();
            self.fees += trade.fees;
            self.net += net;
            if net > Money::ZERO {
                self.wins += 1;
                won += net;
            } else {
                lost += net;
            }
            if let Some(r) = trade.r_multiple_e4() {
                r_sum += r as f64 / 10_000.0;
                r_count += 1;
            }
        }
        let losses = self.trades - self.wins;
        self.win_rate = (self.trades > 0).then(|| self.wins as f64 / self.trades as f64);
        self.average_win = mean(won, self.wins);
        self.average_loss = mean(lost, losses);
        self.profit_factor = (lost < Money::ZERO).then(|| dollars(won) / -dollars(lost));
        self.expectancy_r = (r_count > 0).then(|| r_sum / f64::from(r_count));
    }

    fn add_days(&mut self, days: &[DayResult]) {
        let returns: Vec<f64> = days.iter().map(daily_return).collect();
        self.sharpe = sharpe(&returns);
        self.sortino = sortino(&returns);
        let mut peak = days.first().map_or(Money::ZERO, |day| day.equity_open);
        for day in days {
            peak = peak.max(day.equity);
            let drawdown = peak - day.equity;
            self.max_drawdown = self.max_drawdown.max(drawdown);
            if peak > Money::ZERO {
                self.max_drawdown_fraction = self.max_drawdown_fraction.max(dollars(drawdown) / dollars(peak));
            }
        }
        let results = || days.iter().map(|day| (day.date, day.equity - day.equity_open));
        self.best_day = results().max_by_key(|&(date, result)| (result, core::cmp::Reverse(date)));
        self.worst_day = results().min_by_key(|&(date, result)| (result, date));
    }
}

fn mean(sum: Money, count: usize) -> Option<Money> {
    let count = i64::try_from(count).ok().filter(|&count| count > 0)?;
    Some(Money::from_micros(sum.micros() / count))
}

fn dollars(money: Money) -> f64 {
    money.micros() as f64 / 1e6
}

fn daily_return(day: &DayResult) -> f64 {
    if day.equity_open <= Money::ZERO { 0.0 } else { dollars(day.equity - day.equity_open) / dollars(day.equity_open) }
}

fn sharpe(returns: &[f64]) -> Option<f64> {
    let count = returns.len() as f64;
    if returns.len() < 2 {
        return None;
    }
    let mean = returns.iter().sum::<f64>() / count;
    let variance = returns.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (count - 1.0);
    (variance > 0.0).then(|| mean / variance.sqrt() * SESSIONS_PER_YEAR.sqrt())
}

fn sortino(returns: &[f64]) -> Option<f64> {
    let count = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / count;
    let downside = returns.iter().map(|value| value.min(0.0) * value.min(0.0)).sum::<f64>() / count;
    (downside > 0.0).then(|| mean / downside.sqrt() * SESSIONS_PER_YEAR.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(equities: &[i64]) -> Vec<DayResult> {
        let date = |index: usize| Date::from_ymd_opt(2026, 1, 1).expect("a date") + chrono::Days::new(index as u64);
        let money = |dollars: i64| Money::from_cents(dollars * 100);
        let pairs = equities.windows(2).enumerate();
        pairs
            .map(|(index, pair)| DayResult {
                date: date(index),
                equity_open: money(pair[0]),
                equity: money(pair[1]),
                realized: money(pair[1] - pair[0]),
                fees: Money::ZERO,
                drawdown: Money::ZERO,
            })
            .collect()
    }

    #[test]
    fn daily_figures_follow_their_formulas() {
        // Returns 1%, 0%, -2%, 1%: mean 0, so Sharpe and Sortino are 0 up to the equities' rounding.
        let metrics = Metrics::of([], &days(&[100_000, 101_000, 101_000, 98_980, 99_970]));
        assert!(metrics.sharpe.expect("days vary").abs() < 0.01);
        assert_eq!(metrics.max_drawdown, Money::from_cents(202_000));
        assert!((metrics.max_drawdown_fraction - 0.02).abs() < 1e-12);
        assert_eq!(metrics.worst_day.map(|(_, result)| result), Some(Money::from_cents(-202_000)));
        // Returns 2% and 1%: mean 1.5%, sample deviation 0.7071%: 1.5 / 0.7071 x sqrt(252) = 33.675.
        let metrics = Metrics::of([], &days(&[100_000, 102_000, 103_020]));
        assert!((metrics.sharpe.expect("days vary") - 33.674_916).abs() < 1e-4);
        assert_eq!(metrics.sortino, None);
        assert_eq!(Metrics::of([], &days(&[100_000, 100_000, 100_000])).sharpe, None);
    }
}

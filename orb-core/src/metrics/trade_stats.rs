//! The figures of a series of trades.

use super::day::dollars;
use crate::fact::{ExitReason, Trade};
use crate::money::{Money, Price};
use crate::time::Span;

/// Closed trades under which a conclusion rests on too little, a rule of thumb.
pub const TRADES_MIN: usize = 100;

/// Holds the figures of closed trades.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TradeStats {
    /// Closed trades.
    pub count: usize,
    /// Of them, those with a net result above zero.
    pub wins: usize,
    /// Of them, those with a net result below zero.
    pub losses: usize,
    /// Result before fees, slippage already in it.
    pub gross: Money,
    /// Fees.
    pub fees: Money,
    /// What slippage took: shares times the slippage per share, at entries and at all exits but targets.
    pub slippage: Money,
    /// Result after fees and slippage.
    pub net: Money,
    /// Fees over the result before all costs (gross + slippage); `None` where that is not positive.
    pub fees_share: Option<f64>,
    /// Slippage over the result before all costs (gross + slippage); `None` where that is not positive.
    pub slippage_share: Option<f64>,
    /// Wins over trades; `None` without a trade.
    pub win_rate: Option<f64>,
    /// Mean net result of the wins; `None` without one.
    pub average_win: Option<Money>,
    /// Mean net result of the losses, below zero; `None` without one.
    pub average_loss: Option<Money>,
    /// Average win over the absolute average loss; `None` without a win or without a loss.
    pub payoff: Option<f64>,
    /// Sum of the wins over the absolute sum of the losses; `None` without a loss.
    pub profit_factor: Option<f64>,
    /// Mean net result of a trade; `None` without one.
    pub expectancy: Option<Money>,
    /// Mean R multiple of the trades that have one, before fees, slippage in it; `None` without one.
    pub expectancy_r: Option<f64>,
    /// The same after fees: mean of net result over initial risk.
    pub expectancy_r_net: Option<f64>,
    /// Mean time from the first entry fill to the last exit fill; `None` without a trade. Times of simulated fills
    /// are the starts of their bars.
    pub average_holding: Option<Span>,
    /// Most losses in a row, trades by the time of their last exit.
    pub longest_losing_streak: usize,
    /// Sum of price times shares over all fills, entries and exits.
    pub notional: Money,
}

impl TradeStats {
    /// Computes the figures of closed trades, in any order; others are left out.
    ///
    /// `slippage`: per share, by strategy number; none for a strategy beyond the end.
    #[must_use]
    pub fn of<'a>(trades: impl IntoIterator<Item = &'a Trade>, slippage: &[Price]) -> Self {
        let mut trades: Vec<&Trade> = trades.into_iter().filter(|trade| trade.is_closed()).collect();
        trades.sort_by_key(|trade| (trade.exit_time, trade.entry_time, trade.attempt));
        let mut stats = Self { count: trades.len(), ..Self::default() };
        stats.add_results(&trades, slippage);
        stats.add_r(&trades);
        stats.add_holding(&trades);
        stats.longest_losing_streak = longest_losing_streak(&trades);
        stats
    }

    /// Returns the result before fees and slippage.
    #[must_use]
    pub fn before_costs(&self) -> Money {
        self.gross + self.slippage
    }

    /// Returns fees and slippage together.
    #[must_use]
    pub fn costs(&self) -> Money {
        self.fees + self.slippage
    }

    /// Returns fees and slippage over the result before them; `None` where that is not positive.
    #[must_use]
    pub fn costs_share(&self) -> Option<f64> {
        share(self.costs(), self.before_costs())
    }

    fn add_results(&mut self, trades: &[&Trade], slippage: &[Price]) {
        let (mut won, mut lost) = (Money::ZERO, Money::ZERO);
        for trade in trades {
            let net = trade.net();
            self.gross += trade.gross();
            self.fees += trade.fees;
            self.net += net;
            self.slippage += slippage_cost(trade, slippage);
            self.notional += trade.entry_notional + trade.exit_notional;
            if net > Money::ZERO {
                self.wins += 1;
                won += net;
            } else if net < Money::ZERO {
                self.losses += 1;
                lost += net;
            }
        }
        self.win_rate = (self.count > 0).then(|| self.wins as f64 / self.count as f64);
        self.average_win = mean(won, self.wins);
        self.average_loss = mean(lost, self.losses);
        self.expectancy = mean(self.net, self.count);
        self.profit_factor = (self.losses > 0).then(|| dollars(won) / -dollars(lost));
        let counts = self.wins as f64 / self.losses as f64;
        self.payoff = self.profit_factor.filter(|_| self.wins > 0).map(|factor| factor / counts);
        self.fees_share = share(self.fees, self.before_costs());
        self.slippage_share = share(self.slippage, self.before_costs());
    }

    fn add_r(&mut self, trades: &[&Trade]) {
        let (mut gross, mut net, mut count) = (0.0, 0.0, 0.0);
        for trade in trades {
            let (Some(r), Some(r_net)) = (r_multiple(trade), r_multiple_net(trade)) else { continue };
            gross += r;
            net += r_net;
            count += 1.0;
        }
        self.expectancy_r = (count > 0.0).then(|| gross / count);
        self.expectancy_r_net = (count > 0.0).then(|| net / count);
    }

    fn add_holding(&mut self, trades: &[&Trade]) {
        let held = |trade: &&Trade| trade.exit_time.map_or(0, |exit| (exit - trade.entry_time).micros());
        let total: i64 = trades.iter().map(held).sum();
        self.average_holding = divide(total, self.count).map(Span::from_micros);
    }
}

/// Returns a trade's R multiple before fees; `None` without a risk.
pub(super) fn r_multiple(trade: &Trade) -> Option<f64> {
    trade.r_multiple_e4().map(|r| r as f64 / 10_000.0)
}

/// Returns a trade's R multiple after fees; `None` without a risk.
pub(super) fn r_multiple_net(trade: &Trade) -> Option<f64> {
    crate::fact::r_multiple_e4(trade.net(), trade.initial_risk()).map(|r| r as f64 / 10_000.0)
}

fn slippage_cost(trade: &Trade, slippage: &[Price]) -> Money {
    let Some(&per_share) = slippage.get(trade.attempt.strategy.index()) else { return Money::ZERO };
    let entry = trade.entered.at(per_share);
    if trade.exit_reason == Some(ExitReason::Target) { entry } else { entry + trade.exited.at(per_share) }
}

fn longest_losing_streak(trades: &[&Trade]) -> usize {
    let streaks = trades.chunk_by(|a, b| (a.net() < Money::ZERO) == (b.net() < Money::ZERO));
    streaks.filter(|streak| streak[0].net() < Money::ZERO).map(<[&Trade]>::len).max().unwrap_or(0)
}

fn mean(sum: Money, count: usize) -> Option<Money> {
    divide(sum.micros(), count).map(Money::from_micros)
}

fn divide(sum: i64, count: usize) -> Option<i64> {
    let count = i64::try_from(count).ok().filter(|&count| count > 0)?;
    Some(sum / count)
}

fn share(part: Money, whole: Money) -> Option<f64> {
    (whole > Money::ZERO).then(|| dollars(part) / dollars(whole))
}

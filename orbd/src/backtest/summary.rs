//! What a backtest prints: the figures of both fill models side by side.

use std::fmt::{Display, Write as _};

use orb_backtest::FillModel;
use orb_core::config::{SlotPolicy, StopKind};
use orb_core::metrics::{Drawdown, Interval, TRADES_MIN};
use orb_core::{Date, Money, RunConfig, Span};
use rust_decimal::RoundingStrategy;
use serde_json::{Value, json};

use super::figures::Figures;
use super::{Coverage, Holes, Names, Reports};

/// Holds the figures of a run.
#[derive(Clone, Debug)]
pub struct Summary {
    strategies: String,
    first: Date,
    last: Date,
    sessions: usize,
    symbols: usize,
    bars: usize,
    shown: FillModel,
    pessimistic: Figures,
    optimistic: Figures,
    paired: bool,
    coarse: bool,
    holes: Holes,
}

/// Names one figure, or two that belong together, and writes them.
type Row = (&'static str, fn(&Figures) -> String);

const ROWS: &[Row] = &[
    ("trades", |f| f.metrics.trades.count.to_string()),
    ("win rate", |f| percent(f.metrics.trades.win_rate)),
    ("gross P&L", |f| cents(f.metrics.trades.gross)),
    ("fees, slippage", |f| pair(cents(f.metrics.trades.fees), cents(f.metrics.trades.slippage))),
    ("  of P&L before them", |f| percent(f.metrics.trades.costs_share())),
    ("net P&L", |f| cents(f.metrics.trades.net)),
    ("return, a year", |f| pair(percent(f.metrics.daily.total_return), percent(f.metrics.daily.annualised_return))),
    ("average win, loss", |f| pair(or_dash(f.metrics.trades.average_win), or_dash(f.metrics.trades.average_loss))),
    ("payoff, profit factor", |f| pair(ratio(f.metrics.trades.payoff), ratio(f.metrics.trades.profit_factor))),
    ("expectancy", |f| or_dash(f.metrics.trades.expectancy)),
    ("expectancy, R", |f| ratio(f.metrics.trades.expectancy_r)),
    ("  95% interval", |f| interval(f.confidence.expectancy_r)),
    ("  after fees, R", |f| ratio(f.metrics.trades.expectancy_r_net)),
    ("  95% interval", |f| interval(f.confidence.expectancy_r_net)),
    ("Sharpe", |f| ratio(f.metrics.daily.sharpe)),
    ("  95% interval", |f| interval(f.confidence.sharpe)),
    ("Sortino, Calmar", |f| pair(ratio(f.metrics.daily.sortino), ratio(f.metrics.daily.calmar))),
    ("max drawdown", |f| {
        pair(cents(f.metrics.daily.max_drawdown), percent(Some(f.metrics.daily.max_drawdown_fraction)))
    }),
    ("  peak, trough", |f| f.metrics.daily.deepest_drawdown.as_ref().map_or_else(dash, peak_and_trough)),
    ("  longest, sessions", |f| f.metrics.daily.longest_drawdown.to_string()),
    ("best, worst day", |f| {
        let result = |day: Option<(Date, Money)>| or_dash(day.map(|(_, result)| result));
        pair(result(f.metrics.daily.best_day), result(f.metrics.daily.worst_day))
    }),
    ("exposure, turnover", |f| pair(percent(f.metrics.exposure), f.metrics.turnover.map_or_else(dash, times))),
    ("holding, losing streak", |f| {
        let held = f.metrics.trades.average_holding.map_or_else(dash, hours_and_minutes);
        pair(held, f.metrics.trades.longest_losing_streak.to_string())
    }),
];

fn dash() -> String {
    "-".to_owned()
}

fn pair(first: impl Display, second: impl Display) -> String {
    format!("{first} / {second}")
}

/// Writes dollars rounded to cents.
fn cents(money: Money) -> String {
    format!("{:.2}", money.to_decimal().round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero))
}

fn or_dash(money: Option<Money>) -> String {
    money.map_or_else(dash, cents)
}

fn ratio(value: Option<f64>) -> String {
    value.map_or_else(dash, |value| format!("{value:.3}"))
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(dash, |value| format!("{:.2}%", value * 100.0))
}

fn times(value: f64) -> String {
    format!("{value:.1}x")
}

fn interval(interval: Option<Interval>) -> String {
    interval.map_or_else(dash, |Interval { low, high }| format!("{low:.3} to {high:.3}"))
}

fn peak_and_trough(drawdown: &Drawdown) -> String {
    let peak = drawdown.peak.map_or_else(|| "start".to_owned(), |date| date.to_string());
    pair(peak, drawdown.trough.to_string())
}

fn hours_and_minutes(span: Span) -> String {
    format!("{}h {:02}m", span.minutes() / 60, span.minutes() % 60)
}

impl Summary {
    /// Computes the figures of a run under both models.
    ///
    /// # Panics
    /// When there are no sessions: a run without one is refused.
    #[must_use]
    pub fn of(coverage: &Coverage, run: &RunConfig, reports: &Reports, shown: FillModel) -> Self {
        let (first, last) = (coverage.sessions.first(), coverage.sessions.last());
        let names: Vec<_> = run.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
        let named = Names { symbols: &coverage.symbols, run };
        let (pessimistic, optimistic) = std::thread::scope(|scope| {
            let optimistic = scope.spawn(|| Figures::of(&reports.optimistic, named));
            let pessimistic = Figures::of(&reports.pessimistic, named);
            (pessimistic, optimistic.join().expect("the figures of a report are computed without a panic"))
        });
        Self {
            strategies: names.join(", "),
            first: first.expect("a run has sessions").date,
            last: last.expect("a run has sessions").date,
            sessions: coverage.sessions.len(),
            symbols: run.strategies.iter().map(|strategy| strategy.symbols.len()).max().unwrap_or(0),
            bars: coverage.bars,
            shown,
            pessimistic,
            optimistic,
            paired: is_paired(run),
            coarse: is_coarse(coverage.bar_length, run),
            holes: coverage.holes,
        }
    }

    /// Returns the figures as one JSON object; money as decimal strings, absent figures as null.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "strategy": self.strategies,
            "first_date": self.first.to_string(),
            "last_date": self.last.to_string(),
            "sessions": self.sessions,
            "symbols": self.symbols,
            "bars": self.bars,
            "bars_possible": self.holes.bars_possible,
            "empty_sessions": self.holes.empty_sessions,
            "missing_symbol_days": self.holes.missing_symbol_days,
            "fill_models_paired": self.paired,
            "bars_too_coarse": self.coarse,
            "fill_model": self.shown.name(),
            "pessimistic": self.pessimistic.to_json(),
            "optimistic": self.optimistic.to_json(),
        })
    }
}

/// Tells whether both models trade the same symbols each day, so that they are bounds of the same trades.
pub(super) fn is_paired(run: &RunConfig) -> bool {
    run.strategies.iter().all(|strategy| {
        strategy.slot_policy == SlotPolicy::Ranked || strategy.max_positions as usize >= strategy.symbols.len()
    })
}

/// Tells whether a bar is so long that it may hold entry and stop of a stop of a fraction of ATR.
pub(super) fn is_coarse(bar_length: Span, run: &RunConfig) -> bool {
    bar_length.minutes() >= 5 && run.strategies.iter().any(|strategy| matches!(strategy.stop, StopKind::Atr(_)))
}

/// Writes the figures for people.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let mut text = String::new();
    let Summary { strategies, first, last, sessions, symbols, bars, .. } = summary;
    // Writing to a string does not fail.
    let _ = writeln!(text, "{strategies}: {first} to {last}, {sessions} sessions, {symbols} symbols, {bars} bars");
    let _ = writeln!(text, "{:<22}{:>28}{:>28}", "fill model", "pessimistic", "optimistic");
    for (name, value) in ROWS {
        let (low, high) = (value(&summary.pessimistic), value(&summary.optimistic));
        let _ = writeln!(text, "{name:<22}{low:>28}{high:>28}");
    }
    text.push_str(&thin_sample(summary));
    let _ = writeln!(
        text,
        "Files show the {} model. Ratios: daily, x sqrt(252), rate 0. Intervals: bootstrap by day.",
        summary.shown.name()
    );
    if !summary.paired {
        text.push_str("The two models are two runs: exits that differ free slots for other trades.\n");
    }
    if summary.coarse {
        text.push_str(
            "The bars are too coarse for a stop of a fraction of ATR: trust neither bound; use 1-minute bars.\n",
        );
    }
    if let Some(sentence) = summary.holes.sentence(summary.bars) {
        let _ = writeln!(text, "{sentence}");
    }
    text.push_str("Shorts assume that every symbol can be borrowed. Past results promise nothing.\n");
    text
}

/// Says that too few trades carry a conclusion; empty when there are enough under both models.
fn thin_sample(summary: &Summary) -> String {
    let (low, high) = (&summary.pessimistic.metrics, &summary.optimistic.metrics);
    if !low.is_thin() && !high.is_thin() {
        return String::new();
    }
    let (low, high) = (low.trades.count, high.trades.count);
    format!("Fewer than {TRADES_MIN} trades ({low} and {high}) carry these figures: too few for a conclusion.\n")
}

#[cfg(test)]
mod tests;

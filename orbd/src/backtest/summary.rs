//! What a backtest prints: the figures of both fill models side by side.

use std::fmt::Write as _;

use orb_backtest::FillModel;
use orb_core::config::{SlotPolicy, StopKind};
use orb_core::metrics::Metrics;
use orb_core::{Date, RunConfig, Span};
use serde_json::{Value, json};

use super::{Coverage, Reports};

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
    pessimistic: Metrics,
    optimistic: Metrics,
    paired: bool,
    coarse: bool,
}

/// Names one figure and writes it for a set of metrics.
type Row = (&'static str, fn(&Metrics) -> String);

const ROWS: &[Row] = &[
    ("trades", |m| m.trades.count.to_string()),
    ("win rate", |m| percent(m.trades.win_rate)),
    ("gross P&L", |m| m.trades.gross.to_string()),
    ("costs (fees)", |m| m.trades.fees.to_string()),
    ("net P&L", |m| m.trades.net.to_string()),
    ("average win", |m| or_dash(m.trades.average_win)),
    ("average loss", |m| or_dash(m.trades.average_loss)),
    ("profit factor", |m| ratio(m.trades.profit_factor)),
    ("expectancy, R", |m| ratio(m.trades.expectancy_r)),
    ("Sharpe", |m| ratio(m.daily.sharpe)),
    ("Sortino", |m| ratio(m.daily.sortino)),
    ("max drawdown", |m| m.daily.max_drawdown.to_string()),
    ("max drawdown, %", |m| percent(Some(m.daily.max_drawdown_fraction))),
];

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn ratio(value: Option<f64>) -> String {
    or_dash(value.map(|value| format!("{value:.3}")))
}

fn percent(value: Option<f64>) -> String {
    or_dash(value.map(|value| format!("{:.2}%", value * 100.0)))
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
        Self {
            strategies: names.join(", "),
            first: first.expect("a run has sessions").date,
            last: last.expect("a run has sessions").date,
            sessions: coverage.sessions.len(),
            symbols: run.strategies.iter().map(|strategy| strategy.symbols.len()).max().unwrap_or(0),
            bars: coverage.bars,
            shown,
            pessimistic: reports.pessimistic.metrics(),
            optimistic: reports.optimistic.metrics(),
            paired: is_paired(run),
            coarse: is_coarse(coverage.bar_length, run),
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
            "fill_model": self.shown.name(),
            "pessimistic": metrics_json(&self.pessimistic),
            "optimistic": metrics_json(&self.optimistic),
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

fn metrics_json(metrics: &Metrics) -> Value {
    json!({
        "trades": metrics.trades.count,
        "wins": metrics.trades.wins,
        "win_rate": metrics.trades.win_rate,
        "gross_pnl": metrics.trades.gross.to_string(),
        "fees": metrics.trades.fees.to_string(),
        "net_pnl": metrics.trades.net.to_string(),
        "average_win": metrics.trades.average_win.map(|money| money.to_string()),
        "average_loss": metrics.trades.average_loss.map(|money| money.to_string()),
        "profit_factor": metrics.trades.profit_factor,
        "expectancy_r": metrics.trades.expectancy_r,
        "sharpe": metrics.daily.sharpe,
        "sortino": metrics.daily.sortino,
        "max_drawdown": metrics.daily.max_drawdown.to_string(),
        "max_drawdown_fraction": metrics.daily.max_drawdown_fraction,
    })
}

/// Writes the figures for people.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let mut text = String::new();
    let Summary { strategies, first, last, sessions, symbols, bars, .. } = summary;
    // Writing to a string does not fail.
    let _ = writeln!(text, "{strategies}: {first} to {last}, {sessions} sessions, {symbols} symbols, {bars} bars");
    let _ = writeln!(text, "{:<18}{:>16}{:>16}", "fill model", "pessimistic", "optimistic");
    for (name, value) in ROWS {
        let (low, high) = (value(&summary.pessimistic), value(&summary.optimistic));
        let _ = writeln!(text, "{name:<18}{low:>16}{high:>16}");
    }
    let _ = writeln!(
        text,
        "Files show the {} model. Sharpe and Sortino: daily, x sqrt(252), rate 0.",
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
    text.push_str("Shorts assume that every symbol can be borrowed. Past results promise nothing.\n");
    text
}

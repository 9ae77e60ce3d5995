//! The result of a run as values.

use orb_core::Price;
use orb_core::explain::Explanation;
use orb_core::fact::{Decision, Signal, Trade};
use orb_core::metrics::{DayResult, Metrics, Sample};

/// Holds everything that a run produced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Closed trades by date, entry time and symbol.
    pub trades: Vec<Trade>,
    /// Every entry that was wanted, with what became of it, by date, strategy and symbol.
    pub signals: Vec<Signal>,
    /// Why symbols were not traded, by date, strategy and symbol.
    pub decisions: Vec<Decision>,
    /// The whole reckoning of every symbol's day, by date, strategy and symbol; empty unless the engine explains.
    pub explanations: Vec<Explanation>,
    /// Every session of the run.
    pub days: Vec<DayResult>,
    /// Simulated slippage per share, by strategy number.
    pub slippage: Vec<Price>,
}

impl Report {
    /// Returns what figures, breakdowns and intervals of the run are computed from.
    #[must_use]
    pub fn sample(&self) -> Sample<'_> {
        Sample::new(&self.trades, &self.days).with_slippage(&self.slippage)
    }

    /// Computes the figures of the run.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.sample().metrics()
    }

    /// Puts trades and decisions into their order.
    pub(crate) fn sort(&mut self) {
        self.trades
            .sort_by_key(|trade| (trade.attempt.date, trade.entry_time, trade.attempt.symbol, trade.attempt.strategy));
        self.decisions.sort_by_key(|decision| decision.attempt);
        // A signal is told again with every change: what was said last counts.
        self.signals.reverse();
        self.signals.sort_by_key(|signal| signal.attempt);
        self.signals.dedup_by_key(|signal| signal.attempt);
        // An entry that was ordered may have come to nothing: what was said last counts.
        self.explanations.reverse();
        self.explanations.sort_by_key(|explanation| explanation.attempt);
        self.explanations.dedup_by_key(|explanation| explanation.attempt);
    }
}

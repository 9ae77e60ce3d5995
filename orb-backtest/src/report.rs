//! The result of a run as values.

use orb_core::fact::{Decision, Trade};
use orb_core::metrics::{DayResult, Metrics};

/// Holds everything that a run produced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Closed trades by date, entry time and symbol.
    pub trades: Vec<Trade>,
    /// Why symbols were not traded, by date, strategy and symbol.
    pub decisions: Vec<Decision>,
    /// Every session of the run.
    pub days: Vec<DayResult>,
}

impl Report {
    /// Computes the figures of the run.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics::of(&self.trades, &self.days)
    }

    /// Puts trades and decisions into their order.
    pub(crate) fn sort(&mut self) {
        self.trades
            .sort_by_key(|trade| (trade.attempt.date, trade.entry_time, trade.attempt.symbol, trade.attempt.strategy));
        self.decisions.sort_by_key(|decision| decision.attempt);
    }
}

//! The result of a run as values.

use orb_core::Price;
use orb_core::fact::{Decision, Trade};
use orb_core::metrics::{DayResult, Metrics, Sample};

/// Holds everything that a run produced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Closed trades by date, entry time and symbol.
    pub trades: Vec<Trade>,
    /// Why symbols were not traded, by date, strategy and symbol.
    pub decisions: Vec<Decision>,
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
    }
}

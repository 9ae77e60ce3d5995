//! What figures are computed from, and all of them together.

use super::daily_stats::DailyStats;
use super::day::DayResult;
use super::exposure::{exposure, turnover};
use super::trade_stats::{TRADES_MIN, TradeStats};
use crate::fact::Trade;
use crate::money::Price;

/// Holds the closed trades and the sessions of a period.
///
/// ```
/// use orb_core::metrics::{Bootstrap, Sample};
///
/// let sample = Sample::new([], &[]);
/// assert_eq!(sample.metrics().trades.count, 0);
/// assert_eq!(sample.confidence(&Bootstrap::default()).sharpe, None);
/// ```
#[derive(Clone, Debug)]
pub struct Sample<'a> {
    trades: Vec<&'a Trade>,
    days: &'a [DayResult],
    slippage: &'a [Price],
}

impl<'a> Sample<'a> {
    /// Takes the closed trades of a series and all sessions of the period, in order of date.
    #[must_use]
    pub fn new(trades: impl IntoIterator<Item = &'a Trade>, days: &'a [DayResult]) -> Self {
        let trades = trades.into_iter().filter(|trade| trade.is_closed()).collect();
        Self { trades, days, slippage: &[] }
    }

    /// Says what slippage was simulated, per share, by strategy number; the costs of fills at a broker are in their
    /// prices and cannot be told apart.
    #[must_use]
    pub const fn with_slippage(mut self, slippage: &'a [Price]) -> Self {
        self.slippage = slippage;
        self
    }

    /// Returns the closed trades, in the order in which they came.
    #[must_use]
    pub fn trades(&self) -> &[&'a Trade] {
        &self.trades
    }

    /// Returns the sessions.
    #[must_use]
    pub const fn days(&self) -> &'a [DayResult] {
        self.days
    }

    /// Returns the slippage per share, by strategy number.
    #[must_use]
    pub const fn slippage(&self) -> &'a [Price] {
        self.slippage
    }

    /// Computes the figures of the period.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let trades = TradeStats::of(self.trades.iter().copied(), self.slippage);
        Metrics {
            daily: DailyStats::of(self.days),
            exposure: exposure(self.trades.iter().copied(), self.days),
            turnover: turnover(trades.notional, self.days),
            trades,
        }
    }
}

/// Holds the figures of a period.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Metrics {
    /// Figures of the closed trades.
    pub trades: TradeStats,
    /// Figures of the sessions, those without trades included.
    pub daily: DailyStats,
    /// Fraction of regular session time with an open position; see [`exposure`].
    pub exposure: Option<f64>,
    /// Traded notional of a year over the mean equity; see [`turnover`].
    pub turnover: Option<f64>,
}

impl Metrics {
    /// Computes the figures of closed trades and of all sessions of the period, in order of date, without any
    /// simulated slippage to tell apart; [`Sample`] has more.
    #[must_use]
    pub fn of<'a>(trades: impl IntoIterator<Item = &'a Trade>, days: &'a [DayResult]) -> Self {
        Sample::new(trades, days).metrics()
    }

    /// Tells whether fewer than [`TRADES_MIN`] trades carry the conclusion.
    #[must_use]
    pub const fn is_thin(&self) -> bool {
        self.trades.count < TRADES_MIN
    }
}

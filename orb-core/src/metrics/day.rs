//! One day of an account.

use crate::money::Money;
use crate::time::{Date, Timestamp};

/// Holds one day of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayResult {
    /// Trading date.
    pub date: Date,
    /// First instant of regular trading.
    pub open: Timestamp,
    /// First instant after regular trading; equal to `open` where the hours are unknown.
    pub close: Timestamp,
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

impl DayResult {
    /// Returns what the day brought, after all costs.
    #[must_use]
    pub fn result(&self) -> Money {
        self.equity - self.equity_open
    }

    /// Returns the day's result as a fraction of the equity at its open; 0 without equity.
    #[must_use]
    pub fn daily_return(&self) -> f64 {
        if self.equity_open <= Money::ZERO { 0.0 } else { dollars(self.result()) / dollars(self.equity_open) }
    }
}

/// Returns the return of each day, in order, net of all costs; a session without trades is a 0.
#[must_use]
pub fn daily_returns(days: &[DayResult]) -> Vec<f64> {
    days.iter().map(DayResult::daily_return).collect()
}

/// Returns an amount in dollars.
pub(super) fn dollars(money: Money) -> f64 {
    money.micros() as f64 / 1e6
}

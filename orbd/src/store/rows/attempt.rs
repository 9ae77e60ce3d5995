//! The key of a signal and of its trade.

use core::fmt;

use orb_core::Date;

use super::stored::Place;
use crate::store::error::StoreError;

/// Names an attempt of a strategy to trade a symbol on a day; its text is the id of its signal and of its trade.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptKey {
    /// Trading date.
    pub date: Date,
    /// The strategy's name.
    pub strategy: String,
    /// The ticker.
    pub symbol: String,
    /// Counts from 1 within the day; 0 where the row is about no attempt.
    pub attempt: u16,
}

impl fmt::Display for AttemptKey {
    /// Writes `2026-02-13/orb-classic/NVDA/1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.date, self.strategy, self.symbol, self.attempt)
    }
}

/// Holds the columns of an attempt.
pub(super) struct AttemptColumns<'a> {
    /// As `YYYY-MM-DD`.
    pub(super) date: &'a str,
    /// The strategy's name.
    pub(super) strategy: String,
    /// The ticker.
    pub(super) symbol: String,
    /// The number.
    pub(super) number: i64,
}

impl AttemptColumns<'_> {
    /// Reads the key from a row's columns.
    pub(super) fn read(self, place: Place<'_>) -> Result<AttemptKey, StoreError> {
        Ok(AttemptKey {
            date: place.date(self.date)?,
            strategy: self.strategy,
            symbol: self.symbol,
            attempt: place.small("attempt_number", self.number)?,
        })
    }
}

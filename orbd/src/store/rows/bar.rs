//! Prices as the strategies saw them.

use orb_core::{Date, Price, Span, Timestamp};

use super::stored::{Column as _, Place, stored};
use crate::store::error::StoreError;

/// Records the prices of a symbol over one stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarRow {
    /// The session, New York date.
    pub date: Date,
    /// The ticker.
    pub symbol: String,
    /// When the stretch starts.
    pub at: Timestamp,
    /// How long it is.
    pub length: Span,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Shares traded.
    pub volume: i64,
}

stored! {
    /// A row of `bars`.
    StoredBar in bars;
    key { ledger_id: String, date: String, symbol: String, at: i64 }
    data { length: i64, open: i64, high: i64, low: i64, close: i64, volume: i64 }
    once {}
}

impl StoredBar {
    /// Makes the row of a record.
    pub(in crate::store) fn of(bar: &BarRow, ledger: &str) -> Self {
        Self {
            ledger_id: ledger.to_owned(),
            date: bar.date.to_string(),
            symbol: bar.symbol.clone(),
            at: bar.at.column(),
            length: bar.length.micros(),
            open: bar.open.column(),
            high: bar.high.column(),
            low: bar.low.column(),
            close: bar.close.column(),
            volume: bar.volume,
        }
    }

    /// Reads the row.
    pub(in crate::store) fn read(self) -> Result<BarRow, StoreError> {
        Ok(BarRow {
            date: Place { table: "bars", key: &self.symbol }.date(&self.date)?,
            symbol: self.symbol,
            at: Timestamp::from_micros(self.at),
            length: Span::from_micros(self.length),
            open: Price::from_micros(self.open),
            high: Price::from_micros(self.high),
            low: Price::from_micros(self.low),
            close: Price::from_micros(self.close),
            volume: self.volume,
        })
    }
}

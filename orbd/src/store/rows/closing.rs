//! Requests to close a position.

use orb_core::Timestamp;
use orb_core::fact::ClosingRecord;

use super::Context;
use super::attempt::AttemptColumns;
use super::stored::{Column as _, Place, stored};
use crate::store::error::StoreError;
use crate::store::names::Names;
use crate::store::text::Text as _;

stored! {
    /// A row of `closings`.
    StoredClosing in closings;
    key { ledger_id: String, symbol: String, since: i64 }
    data {
        attempt: String,
        date: String,
        strategy: String,
        attempt_number: i64,
        reason: String,
        step: String,
    }
    once {}
}

impl StoredClosing {
    /// Makes the row of a fact.
    pub(in crate::store) fn of(closing: &ClosingRecord, context: Context<'_>) -> Self {
        let key = context.names.attempt(closing.attempt);
        Self {
            ledger_id: context.ledger.to_owned(),
            attempt: key.to_string(),
            date: key.date.to_string(),
            strategy: key.strategy,
            symbol: key.symbol,
            attempt_number: i64::from(key.attempt),
            since: closing.since.column(),
            reason: closing.reason.text().to_owned(),
            step: closing.step.text().to_owned(),
        }
    }

    /// Turns the row into the engine's value.
    pub(in crate::store) fn into_fact(self, names: &Names) -> Result<ClosingRecord, StoreError> {
        let key = format!("{}/{}", self.symbol, self.since);
        let place = Place { table: "closings", key: &key };
        let columns = AttemptColumns {
            date: &self.date,
            strategy: self.strategy,
            symbol: self.symbol,
            number: self.attempt_number,
        };
        Ok(ClosingRecord {
            attempt: names.attempt_id(&columns.read(place)?)?,
            reason: place.value("reason", &self.reason)?,
            since: Timestamp::from_micros(self.since),
            step: place.value("step", &self.step)?,
        })
    }
}

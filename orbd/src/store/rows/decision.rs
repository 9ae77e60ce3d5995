//! Why a symbol was not traded on a day.

use orb_core::fact::Decision;
use orb_core::{Reason, Timestamp};

use super::Context;
use super::attempt::{AttemptColumns, AttemptKey};
use super::stored::{Column as _, Place, stored};
use crate::store::error::StoreError;
use crate::store::names::Names;
use crate::store::text::Text as _;

/// Shows why a strategy did not trade a symbol on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// Which day, strategy and symbol; its attempt is 0.
    pub attempt: AttemptKey,
    /// The first rule that failed.
    pub reason: Reason,
    /// The figures behind it; empty where the reason says all.
    pub detail: String,
    /// When it was settled.
    pub at: Timestamp,
}

impl DecisionRow {
    /// Turns the row into the engine's value.
    pub(in crate::store) fn into_fact(self, names: &Names) -> Result<Decision, StoreError> {
        Ok(Decision {
            attempt: names.attempt_id(&self.attempt)?,
            reason: self.reason,
            detail: self.detail,
            at: self.at,
        })
    }
}

stored! {
    /// A row of `decisions`.
    StoredDecision in decisions;
    key { ledger_id: String, date: String, symbol: String, strategy: String }
    data { reason: String, detail: String, at: i64 }
    once {}
}

impl StoredDecision {
    /// Makes the row of a fact.
    pub(in crate::store) fn of(decision: &Decision, context: Context<'_>) -> Self {
        let key = context.names.attempt(decision.attempt);
        Self {
            ledger_id: context.ledger.to_owned(),
            date: key.date.to_string(),
            symbol: key.symbol,
            strategy: key.strategy,
            reason: decision.reason.text().to_owned(),
            detail: decision.detail.clone(),
            at: decision.at.column(),
        }
    }

    /// Reads the row.
    pub(in crate::store) fn read(self) -> Result<DecisionRow, StoreError> {
        let key = format!("{}/{}/{}", self.date, self.strategy, self.symbol);
        let place = Place { table: "decisions", key: &key };
        let columns = AttemptColumns { date: &self.date, strategy: self.strategy, symbol: self.symbol, number: 0 };
        Ok(DecisionRow {
            attempt: columns.read(place)?,
            reason: place.value("reason", &self.reason)?,
            detail: self.detail,
            at: Timestamp::from_micros(self.at),
        })
    }
}

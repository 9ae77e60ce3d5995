//! Holds.

use orb_core::Timestamp;
use orb_core::fact::HoldRecord;
use orb_core::hold::{Hold, HoldClearance};

use super::Context;
use super::stored::{Column as _, Place, stored};
use crate::store::error::StoreError;
use crate::store::text::Text as _;

stored! {
    /// A row of `holds`.
    StoredHold in holds;
    key { ledger_id: String, kind: String, since: i64 }
    data {
        reason: String,
        actor: String,
        cleared_by: Option<String>,
        cleared_reason: Option<String>,
        cleared_at: Option<i64>,
    }
    once { ordinal: i64 }
}

impl StoredHold {
    /// Makes the row of a fact.
    pub(in crate::store) fn of(record: &HoldRecord, context: Context<'_>, ordinal: i64) -> Self {
        let HoldRecord { hold, cleared } = record;
        let cleared = cleared.as_ref();
        Self {
            ledger_id: context.ledger.to_owned(),
            kind: hold.kind.text().to_owned(),
            since: hold.since.column(),
            reason: hold.reason.clone(),
            actor: hold.actor.clone(),
            cleared_by: cleared.map(|end| end.actor.clone()),
            cleared_reason: cleared.map(|end| end.reason.clone()),
            cleared_at: cleared.map(|end| end.at.column()),
            ordinal,
        }
    }

    /// Reads the row.
    pub(in crate::store) fn read(self) -> Result<HoldRecord, StoreError> {
        let key = format!("{}/{}", self.kind, self.since);
        let kind = Place { table: "holds", key: &key }.value("kind", &self.kind)?;
        let hold = Hold { kind, reason: self.reason, actor: self.actor, since: Timestamp::from_micros(self.since) };
        let cleared = self.cleared_at.map(|at| HoldClearance {
            actor: self.cleared_by.unwrap_or_default(),
            reason: self.cleared_reason.unwrap_or_default(),
            at: Timestamp::from_micros(at),
        });
        Ok(HoldRecord { hold, cleared })
    }
}

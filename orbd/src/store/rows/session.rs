//! Trading days.

use orb_core::fact::SessionRecord;
use orb_core::{Money, Timestamp};

use super::Context;
use super::stored::{Column as _, Place, stored};
use crate::store::error::StoreError;

/// Shows one trading day of the account.
pub type SessionRow = SessionRecord;

stored! {
    /// A row of `sessions`.
    StoredSession in sessions;
    key { ledger_id: String, date: String }
    data {
        open_at: i64,
        close_at: i64,
        equity_open: i64,
        realized_net: i64,
        fees: i64,
        ended: bool,
        transfers_open: Option<i64>,
    }
    once { ordinal: i64 }
}

impl StoredSession {
    /// Makes the row of a fact.
    pub(in crate::store) fn of(session: &SessionRecord, context: Context<'_>, ordinal: i64) -> Self {
        Self {
            ledger_id: context.ledger.to_owned(),
            date: session.date.to_string(),
            open_at: session.open.column(),
            close_at: session.close.column(),
            equity_open: session.equity_open.column(),
            realized_net: session.realized_net.column(),
            fees: session.fees.column(),
            ended: session.ended,
            transfers_open: session.transfers_open.map(Money::micros),
            ordinal,
        }
    }

    /// Reads the row.
    pub(in crate::store) fn read(&self) -> Result<SessionRow, StoreError> {
        let place = Place { table: "sessions", key: &self.date };
        Ok(SessionRecord {
            date: place.date(&self.date)?,
            open: Timestamp::from_micros(self.open_at),
            close: Timestamp::from_micros(self.close_at),
            equity_open: Money::from_micros(self.equity_open),
            realized_net: Money::from_micros(self.realized_net),
            fees: Money::from_micros(self.fees),
            ended: self.ended,
            transfers_open: self.transfers_open.map(Money::from_micros),
        })
    }
}

//! Lists of trading days and of the account's value.

use diesel::prelude::*;
use orb_core::Timestamp;

use crate::store::connect::AnyConn;
use crate::store::error::{Doing as _, StoreError};
use crate::store::page::DateRange;
use crate::store::reader::Reader;
use crate::store::rows::{EquityRow, SessionRow, StoredEquity, StoredSession};
use crate::store::schema::{equity_points, sessions};

impl Reader {
    /// Lists the trading days in a range, the oldest first; whole, since a year has 252.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sessions(&self, dates: DateRange) -> Result<Vec<SessionRow>, StoreError> {
        self.records(|conn| {
            let (from, to) = dates.bounds();
            let rows: Vec<StoredSession> = sessions::table
                .filter(sessions::ledger_id.eq(self.ledger_id()))
                .filter(sessions::date.between(from, to))
                .order(sessions::date.asc())
                .select(StoredSession::as_select())
                .load(conn)
                .doing("list sessions")?;
            rows.iter().map(StoredSession::read).collect()
        })
    }

    /// Lists the account's value in [from, to), the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn equity(&self, from: Timestamp, to: Timestamp) -> Result<Vec<EquityRow>, StoreError> {
        self.records(|conn| {
            let rows: Vec<StoredEquity> = equity_points::table
                .filter(equity_points::ledger_id.eq(self.ledger_id()))
                .filter(equity_points::at.ge(from.micros()).and(equity_points::at.lt(to.micros())))
                .order(equity_points::at.asc())
                .select(StoredEquity::as_select())
                .load(conn)
                .doing("list equity")?;
            Ok(rows.iter().map(StoredEquity::read).collect())
        })
    }
}

/// Reads the session that began last, whatever its date: a simulation may go back in time.
pub(in crate::store) fn load_latest(conn: &mut AnyConn, ledger: &str) -> Result<Option<SessionRow>, StoreError> {
    let row: Option<StoredSession> = sessions::table
        .filter(sessions::ledger_id.eq(ledger))
        .order(sessions::ordinal.desc())
        .select(StoredSession::as_select())
        .first(conn)
        .optional()
        .doing("read the latest session")?;
    row.as_ref().map(StoredSession::read).transpose()
}

//! Reports of how days compare with the backtest of their bars.

use diesel::prelude::*;
use orb_core::Date;

use crate::store::connect::{Purpose, connect};
use crate::store::error::{Doing as _, StoreError};
use crate::store::page::DateRange;
use crate::store::reader::Reader;
use crate::store::rows::{ParityRow, StoredParity, upsert};
use crate::store::schema::parity_reports;
use crate::store::url::DatabaseUrl;

impl ParityRow {
    /// Keeps the report, in the place of an earlier one of the day.
    ///
    /// It goes over a connection of its own: a report is made from the records and may be made again, so it belongs to
    /// no commit of the engine.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn save(&self, url: &DatabaseUrl, ledger_id: &str) -> Result<(), StoreError> {
        let row = StoredParity::of(self, ledger_id);
        upsert(&[row], &mut connect(url, Purpose::Write)?).doing("keep the comparison of a day")
    }
}

impl Reader {
    /// Returns the report of a day, or the latest one; `None` when there is none.
    ///
    /// # Errors
    /// When the database fails, or the row is damaged.
    pub fn parity_report(&self, date: Option<Date>) -> Result<Option<ParityRow>, StoreError> {
        self.records(|conn| {
            let mut query = parity_reports::table
                .filter(parity_reports::ledger_id.eq(self.ledger_id()))
                .order(parity_reports::date.desc())
                .select(StoredParity::as_select())
                .into_boxed();
            if let Some(date) = date {
                query = query.filter(parity_reports::date.eq(date.to_string()));
            }
            let row: Option<StoredParity> = query.first(conn).optional().doing("read the comparison of a day")?;
            row.map(StoredParity::read).transpose()
        })
    }

    /// Lists the reports of a range, the oldest first; whole, since a year has 252.
    ///
    /// # Errors
    /// When the database fails, or a row is damaged.
    pub fn parity_reports(&self, dates: DateRange) -> Result<Vec<ParityRow>, StoreError> {
        self.records(|conn| {
            let (from, to) = dates.bounds();
            let rows: Vec<StoredParity> = parity_reports::table
                .filter(parity_reports::ledger_id.eq(self.ledger_id()))
                .filter(parity_reports::date.between(from, to))
                .order(parity_reports::date.asc())
                .select(StoredParity::as_select())
                .load(conn)
                .doing("list the comparisons of days")?;
            rows.into_iter().map(StoredParity::read).collect()
        })
    }
}

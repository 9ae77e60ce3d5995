//! Where a day lies in the journal, and the rows from there or before.

use diesel::prelude::*;
use orb_core::Date;

use super::journal::{JournalEntryRow, signed, unsigned};
use crate::store::connect::{AnyConn, Purpose, connect};
use crate::store::error::{Doing as _, StoreError};
use crate::store::ledger::Ledger;
use crate::store::migrate::check_current;
use crate::store::reader::Reader;
use crate::store::schema::{journal, ledgers};
use crate::store::text::Text as _;
use crate::store::url::DatabaseUrl;
use crate::view::Environment;

/// Holds where a day lies in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalSpan {
    /// Number of the first event of its first row.
    pub first: u64,
    /// Number of the last event of its last row.
    pub last: u64,
}

/// Columns of a row: its first event, its last one, and its bytes.
type Columns = (i64, i64, Vec<u8>);

impl Ledger {
    /// Lists the ledgers of a database, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be reached, is of another version, or holds a damaged row.
    pub fn all(url: &DatabaseUrl) -> Result<Vec<Self>, StoreError> {
        check_current(url)?;
        let rows: Vec<(String, String, String)> = ledgers::table
            .order((ledgers::created_at.asc(), ledgers::ledger_id.asc()))
            .select((ledgers::ledger_id, ledgers::environment, ledgers::account_id))
            .load(&mut connect(url, Purpose::Read)?)
            .doing("list the ledgers")?;
        let ledger = |(key, environment, account): (String, String, String)| {
            let damaged = |value| StoreError::Damaged { table: "ledgers", key, column: "environment", value };
            let known = Environment::of_text(&environment).ok_or(environment);
            known.map(|environment| Self::new(environment, &account)).map_err(damaged)
        };
        rows.into_iter().map(ledger).collect()
    }
}

impl Reader {
    /// Finds a day in the journal; `None` when it has no event of it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn journal_span(&self, date: Date) -> Result<Option<JournalSpan>, StoreError> {
        let of_day = || {
            journal::table.filter(journal::ledger_id.eq(self.ledger_id())).filter(journal::date.eq(date.to_string()))
        };
        self.records(|conn| {
            let first: Option<i64> = of_day()
                .order(journal::first_sequence.asc())
                .select(journal::first_sequence)
                .first(&mut *conn)
                .optional()
                .doing("find a day in the journal")?;
            let last: Option<i64> = of_day()
                .order(journal::first_sequence.desc())
                .select(journal::last_sequence)
                .first(&mut *conn)
                .optional()
                .doing("find a day in the journal")?;
            Ok(first.zip(last).map(|(first, last)| JournalSpan { first: unsigned(first), last: unsigned(last) }))
        })
    }

    /// Lists the days of which the journal has events, the oldest first.
    ///
    /// # Errors
    /// When the database fails, or a date is damaged.
    pub fn journal_dates(&self) -> Result<Vec<Date>, StoreError> {
        let dates = self.records(|conn| {
            journal::table
                .filter(journal::ledger_id.eq(self.ledger_id()).and(journal::date.is_not_null()))
                .distinct()
                .order(journal::date.asc())
                .select(journal::date.assume_not_null())
                .load::<String>(conn)
                .doing("list the days of the journal")
        })?;
        let damaged = |value: String| StoreError::Damaged {
            table: "journal",
            key: self.ledger_id().to_owned(),
            column: "date",
            value,
        };
        dates.into_iter().map(|text| text.parse().map_err(|_| damaged(text))).collect()
    }

    /// Lists the journal's rows whose first event lies within a span, in order, `rows` at most.
    ///
    /// # Errors
    /// When the database fails.
    pub fn journal_within(&self, span: JournalSpan, rows: u32) -> Result<Vec<JournalEntryRow>, StoreError> {
        self.records(|conn: &mut AnyConn| {
            let rows: Vec<Columns> = journal::table
                .filter(journal::ledger_id.eq(self.ledger_id()))
                .filter(journal::first_sequence.between(signed(span.first), signed(span.last)))
                .order(journal::first_sequence.asc())
                .limit(i64::from(rows))
                .select((journal::first_sequence, journal::last_sequence, journal::bytes))
                .load(conn)
                .doing("read the journal")?;
            Ok(rows.into_iter().map(row).collect())
        })
    }

    /// Lists the journal's rows whose first event is at or before one, the newest first, `rows` at most.
    ///
    /// # Errors
    /// When the database fails.
    pub fn journal_back_from(&self, sequence: u64, rows: u32) -> Result<Vec<JournalEntryRow>, StoreError> {
        self.records(|conn: &mut AnyConn| {
            let rows: Vec<Columns> = journal::table
                .filter(journal::ledger_id.eq(self.ledger_id()))
                .filter(journal::first_sequence.le(signed(sequence)))
                .order(journal::first_sequence.desc())
                .limit(i64::from(rows))
                .select((journal::first_sequence, journal::last_sequence, journal::bytes))
                .load(conn)
                .doing("read the journal")?;
            Ok(rows.into_iter().map(row).collect())
        })
    }
}

fn row((first, last, bytes): Columns) -> JournalEntryRow {
    JournalEntryRow { first_sequence: unsigned(first), last_sequence: unsigned(last), bytes }
}

//! The journal's rows, in order.

use diesel::prelude::*;
use orb_core::Date;

use crate::store::connect::AnyConn;
use crate::store::error::{Doing as _, StoreError};
use crate::store::reader::Reader;
use crate::store::rows::StoredJournal;
use crate::store::schema::journal;

/// Holds one row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntryRow {
    /// Number of its first event.
    pub first_sequence: u64,
    /// Number of its last event.
    pub last_sequence: u64,
    /// The events and effects, as [`journal`](crate::journal) encodes them.
    pub bytes: Vec<u8>,
}

impl Reader {
    /// Lists the journal's rows of a day whose first event is above `after`, in order, `rows` at most.
    ///
    /// # Errors
    /// When the database fails.
    pub fn journal(&self, date: Date, after: u64, rows: u32) -> Result<Vec<JournalEntryRow>, StoreError> {
        self.records(|conn| {
            let rows: Vec<StoredJournal> = journal::table
                .filter(journal::ledger_id.eq(self.ledger_id()))
                .filter(journal::date.eq(date.to_string()))
                .filter(journal::first_sequence.gt(signed(after)))
                .order(journal::first_sequence.asc())
                .limit(i64::from(rows))
                .select(StoredJournal::as_select())
                .load(conn)
                .doing("read the journal")?;
            Ok(rows.into_iter().map(read).collect())
        })
    }
}

/// Holds where the journal ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct JournalEnd {
    /// Number of the last event; 0 when there is none.
    pub(in crate::store) last_sequence: u64,
    /// Number of the last broker effect; 0 when there is none.
    pub(in crate::store) last_effect: u64,
    /// The last row's hash; empty when there is none.
    pub(in crate::store) hash: Vec<u8>,
}

/// Reads where the journal ends.
pub(in crate::store) fn load_end(conn: &mut AnyConn, ledger: &str) -> Result<JournalEnd, StoreError> {
    let last: Option<(i64, i64, Vec<u8>)> = journal::table
        .filter(journal::ledger_id.eq(ledger))
        .order(journal::first_sequence.desc())
        .select((journal::last_sequence, journal::last_effect, journal::hash))
        .first(conn)
        .optional()
        .doing("read the end of the journal")?;
    let (last_sequence, last_effect, hash) = last.unwrap_or_default();
    Ok(JournalEnd { last_sequence: unsigned(last_sequence), last_effect: unsigned(last_effect), hash })
}

fn read(row: StoredJournal) -> JournalEntryRow {
    let (first_sequence, last_sequence) = (unsigned(row.first_sequence), unsigned(row.last_sequence));
    JournalEntryRow { first_sequence, last_sequence, bytes: row.bytes }
}

/// Columns are signed; a count never reaches the difference.
pub(in crate::store) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(column: i64) -> u64 {
    u64::try_from(column).unwrap_or_default()
}

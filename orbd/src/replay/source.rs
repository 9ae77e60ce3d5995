//! A day's rows of the journal, from the start that they rest on.

use std::collections::VecDeque;

use orb_core::Date;

use super::error::ReplayError;
use crate::journal::{Batch, decode};
use crate::store::{JournalEntryRow, JournalSpan, Reader};

/// Rows that are read at a time.
const ROWS: u32 = 256;

/// Reads a day's journal, beginning with the last start of orb at or before the day's first event.
#[derive(Debug)]
pub struct JournalDay {
    reader: Reader,
    day: JournalSpan,
    /// What is still to be read.
    rest: JournalSpan,
    rows: VecDeque<JournalEntryRow>,
    has_failed: bool,
}

impl JournalDay {
    /// Finds a day and the start that it rests on.
    ///
    /// # Errors
    /// When the journal has nothing of the day, or no start before it, or cannot be read.
    pub fn open(reader: &Reader, date: Date) -> Result<Self, ReplayError> {
        let Some(day) = reader.journal_span(date)? else { return Err(no_day(reader, date)?) };
        let first = start_before(reader, day.first)?;
        let rest = JournalSpan { first, last: day.last };
        Ok(Self { reader: reader.clone(), day, rest, rows: VecDeque::new(), has_failed: false })
    }

    /// Returns where the day itself lies.
    #[must_use]
    pub const fn span(&self) -> JournalSpan {
        self.day
    }

    fn read(&mut self) -> Result<Option<Batch>, ReplayError> {
        if self.rows.is_empty() {
            self.rows = self.reader.journal_within(self.rest, ROWS)?.into();
        }
        let Some(row) = self.rows.pop_front() else {
            let JournalSpan { first, last } = self.rest;
            return if first > last { Ok(None) } else { Err(ReplayError::Gap { first, last }) };
        };
        if row.first_sequence != self.rest.first {
            return Err(ReplayError::Gap { first: self.rest.first, last: row.first_sequence - 1 });
        }
        self.rest.first = row.last_sequence + 1;
        batch(&row).map(Some)
    }
}

impl Iterator for JournalDay {
    type Item = Result<Batch, ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let next = self.read().transpose();
        self.has_failed = matches!(next, Some(Err(_)));
        next
    }
}

fn batch(row: &JournalEntryRow) -> Result<Batch, ReplayError> {
    let (first, last) = (row.first_sequence, row.last_sequence);
    decode(&row.bytes).map_err(|source| ReplayError::Damaged { first, last, source })
}

/// Looks back for the row that orb began with.
fn start_before(reader: &Reader, sequence: u64) -> Result<u64, ReplayError> {
    let mut from = sequence;
    loop {
        let rows = reader.journal_back_from(from, ROWS)?;
        let Some(oldest) = rows.last().map(|row| row.first_sequence) else {
            return Err(ReplayError::NoStart { sequence });
        };
        for row in rows {
            if batch(&row)?.header.is_some() {
                return Ok(row.first_sequence);
            }
        }
        if oldest <= 1 {
            return Err(ReplayError::NoStart { sequence });
        }
        from = oldest - 1;
    }
}

fn no_day(reader: &Reader, date: Date) -> Result<ReplayError, ReplayError> {
    let dates = reader.journal_dates()?;
    let known = match &dates[..] {
        [] => "it is empty".to_owned(),
        [only] => format!("it has {only}"),
        [first, .., last] => format!("it has {} days, {first} to {last}", dates.len()),
    };
    Ok(ReplayError::NoDay { ledger: reader.ledger_id().to_owned(), date, known })
}

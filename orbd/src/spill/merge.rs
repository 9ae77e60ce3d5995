//! What a crash left in the spill file is committed at the next start, before anything else.

use std::path::Path;

use super::error::SpillError;
use super::file::{SpillReader, remove};
use super::line::Head;
use crate::store::{DatabaseUrl, Ledger, StoreError, Writer};

/// Tells what a merge has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Commits that were made from the file.
    pub committed: u64,
    /// Commits that the records held already.
    pub known: u64,
    /// The last line was cut off by the crash and dropped: nothing had followed from it.
    pub torn: bool,
}

/// Commits what a spill file holds, in order and once each, and removes it; `None` where there is none.
///
/// All of the file is read before anything is committed. The rows get the names that were in force when the file was
/// written, whatever the configuration says now.
///
/// # Errors
/// When the file is damaged in its middle, belongs to another ledger or to a process that is alive, or the database
/// does not take it; then it is kept, and what was committed is known at the next try.
pub fn merge(path: &Path, url: &DatabaseUrl, ledger: &Ledger) -> Result<Option<Merged>, SpillError> {
    if !path.exists() {
        return Ok(None);
    }
    let mut reader = SpillReader::open_left_behind(path)?;
    let mut merged = Merged::default();
    if let Some(head) = reader.head()? {
        merged.torn = check(&mut reader, &head, path, ledger)?;
        let names = head.names().map_err(|problem| reader.damaged(problem))?;
        let writer = Writer::open(url, ledger.clone(), names).map_err(|source| refused(path, source))?;
        commit(path, writer, &mut merged)?;
    }
    remove(path)?;
    Ok(Some(merged))
}

/// Reads the whole file; tells whether its last line was cut off.
fn check(reader: &mut SpillReader, head: &Head, path: &Path, ledger: &Ledger) -> Result<bool, SpillError> {
    if head.ledger != ledger.id() {
        let (found, wanted) = (head.ledger.clone(), ledger.id().to_owned());
        return Err(SpillError::OtherLedger { path: path.to_owned(), found, wanted });
    }
    while reader.next()?.is_some() {}
    Ok(reader.is_torn())
}

fn commit(path: &Path, mut writer: Writer, merged: &mut Merged) -> Result<(), SpillError> {
    let mut reader = SpillReader::open(path)?;
    let _ = reader.head()?;
    while let Some(line) = reader.next()? {
        let last = writer.last_sequence();
        let row = line.bundle.commit().journal;
        if line.bundle.is_before(last) {
            let is_there = row.map_or(Ok(true), |row| writer.has_row(&row));
            if !is_there.map_err(|source| refused(path, source))? {
                return Err(
                    reader.damaged(format!("the records have other events up to {}", line.bundle.last_sequence))
                );
            }
            merged.known += 1;
            continue;
        }
        if let Some(events) = line.bundle.events.as_ref().filter(|events| events.first_sequence != last + 1) {
            let (first, next) = (events.first_sequence, last + 1);
            return Err(reader.damaged(format!("it begins with event {first}, where event {next} is missing")));
        }
        writer.commit(&line.bundle.commit()).map_err(|source| refused(path, source))?;
        merged.committed += 1;
    }
    Ok(())
}

fn refused(path: &Path, source: StoreError) -> SpillError {
    SpillError::Store { path: path.to_owned(), source }
}

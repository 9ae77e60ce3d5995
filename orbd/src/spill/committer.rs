//! The thread that commits: from memory while all is well, from the spill file after trouble.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::backlog::{Backlog, Next};
use super::bundle::Bundle;
use super::error::{KeepError, SpillError};
use super::file::SpillReader;
use super::keeper::Patience;
use crate::store::{StoreError, Writer};

/// The wait after a commit that failed; it doubles with each failure in a row.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// The longest wait.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Owns the writer.
pub(super) struct Committer {
    backlog: Arc<Backlog>,
    writer: Writer,
    path: PathBuf,
    reader: Option<(u64, SpillReader)>,
    /// What is in time.
    patience: Patience,
    pause: Duration,
    /// The connection is gone.
    lost: bool,
    /// The last event that is known to be in the records.
    confirmed: u64,
}

/// Says that the thread is over, however it came to it.
struct Ending(Arc<Backlog>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Committer {
    pub(super) fn new(backlog: Arc<Backlog>, writer: Writer, path: PathBuf, patience: Patience) -> Self {
        let confirmed = writer.last_sequence();
        Self { backlog, writer, path, reader: None, patience, pause: PAUSE_MIN, lost: false, confirmed }
    }

    /// Commits until it is told to end, or cannot go on.
    pub(super) fn run(mut self) {
        let backlog = Arc::clone(&self.backlog);
        // Named after the writer's owner, so that the ledger is free when the end is told.
        let _ending = Ending(Arc::clone(&backlog));
        if let Err(failure) = self.commit_all() {
            drop(self);
            backlog.fail(failure);
        } else {
            drop(self);
        }
    }

    fn commit_all(&mut self) -> Result<(), KeepError> {
        loop {
            let (number, bundle) = match self.backlog.next() {
                Next::Memory(waiting) => (waiting.number, waiting.bundle),
                Next::File { number, generation, explanations } => {
                    let mut bundle = self.read(number, generation)?;
                    bundle.facts.extend(explanations);
                    (number, Arc::new(bundle))
                }
                Next::Closed => return Ok(()),
            };
            if !self.commit(number, &bundle)? {
                return Ok(());
            }
        }
    }

    /// Tries until it is committed; tells whether it was, before the end.
    fn commit(&mut self, number: u64, bundle: &Bundle) -> Result<bool, KeepError> {
        loop {
            let (began, patience) = (Instant::now(), self.patience.of_rows(bundle.rows()));
            match self.try_once(bundle) {
                Ok(()) => {
                    self.pause = PAUSE_MIN;
                    self.backlog.committed(number, began.elapsed() <= patience);
                    return Ok(true);
                }
                Err(error) if error.is_transient() => {
                    self.lost |= error.is_lost();
                    if self.backlog.failed(&error.to_string(), self.pause) {
                        return Ok(false);
                    }
                    self.pause = (self.pause * 2).min(PAUSE_MAX);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Commits once; what was kept although the answer was lost counts as committed.
    fn try_once(&mut self, bundle: &Bundle) -> Result<(), StoreError> {
        if !self.lost || !self.reconnect(bundle)? {
            self.writer.commit(&bundle.commit())?;
        }
        self.confirmed = self.writer.last_sequence();
        Ok(())
    }

    /// Connects again; tells whether the bundle, whose answer was lost, is in the records.
    fn reconnect(&mut self, bundle: &Bundle) -> Result<bool, StoreError> {
        let last = self.writer.reconnect()?;
        self.lost = false;
        let Some(row) = bundle.commit().journal else { return Ok(false) };
        if last == self.confirmed {
            return Ok(false);
        }
        // Something was committed: if it was not this, somebody else has written this ledger meanwhile.
        if last == row.last_sequence && self.writer.has_row(&row)? {
            return Ok(true);
        }
        Err(StoreError::Sequence { first: row.first_sequence, last })
    }

    /// Reads a bundle from the spill file.
    fn read(&mut self, number: u64, generation: u64) -> Result<Bundle, SpillError> {
        if let Some((_, mut reader)) = self.reader.take().filter(|(of, _)| *of == generation)
            && let Ok(bundle) = find(&mut reader, number)
        {
            self.reader = Some((generation, reader));
            return Ok(bundle);
        }
        // What was read ahead may have been written over since, after a write that failed: from the beginning.
        let mut reader = SpillReader::open(&self.path)?;
        let _ = reader.head()?;
        let bundle = find(&mut reader, number)?;
        self.reader = Some((generation, reader));
        Ok(bundle)
    }
}

/// Reads up to a bundle; those before it were committed from memory.
fn find(reader: &mut SpillReader, number: u64) -> Result<Bundle, SpillError> {
    loop {
        match reader.next()? {
            Some(line) if line.number < number => {}
            Some(line) if line.number == number => return Ok(line.bundle),
            Some(_) | None => return Err(reader.damaged(format!("commit {number} of this run is missing"))),
        }
    }
}

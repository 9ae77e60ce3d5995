//! Reading the records, apart from the writer.

use core::fmt;
use std::sync::{Arc, OnceLock};

use super::connect::{AnyConn, Purpose};
use super::error::StoreError;
use super::ledger::Ledger;
use super::migrate::check_current;
use super::pool::Pool;
use super::url::DatabaseUrl;

/// Reads one ledger's records and the logs. Clones share a few connections of their own.
///
/// Every method waits for the database: call it from `spawn_blocking`. Lists come in pages, newest first unless
/// they say otherwise; filters that are empty let everything pass.
///
/// Clones also [turn](Self::turn_to) to another ledger together; one that is [pinned](Self::pinned) stays where it is.
#[derive(Clone)]
pub struct Reader {
    records: Pool,
    logs: Pool,
    first: Arc<Turn>,
}

/// A ledger that is read, and the one that is read after it.
///
/// They are a chain and not a cell, so that an id can be lent without a lock. It grows by a few bytes with each switch
/// of the environment.
struct Turn {
    ledger: String,
    next: OnceLock<Arc<Self>>,
}

impl Turn {
    fn new(ledger: &str) -> Arc<Self> {
        Arc::new(Self { ledger: ledger.to_owned(), next: OnceLock::new() })
    }

    fn last(&self) -> &Self {
        let mut turn = self;
        while let Some(next) = turn.next.get() {
            turn = next;
        }
        turn
    }
}

impl Reader {
    /// Opens a database that has this version's schema, as after [`migrate`](super::migrate()) or
    /// [`Writer::open`](super::Writer::open).
    ///
    /// # Errors
    /// When the database cannot be reached, or is of another version.
    pub fn open(url: &DatabaseUrl, ledger: &Ledger) -> Result<Self, StoreError> {
        check_current(url)?;
        let records = Pool::new(url, Purpose::Read);
        Ok(Self { records, logs: Pool::new(url, Purpose::ReadLogs), first: Turn::new(ledger.id()) })
    }

    /// Makes a reader of another ledger over the same connections.
    #[must_use]
    pub fn with_ledger(&self, ledger: &Ledger) -> Self {
        Self { first: Turn::new(ledger.id()), ..self.clone() }
    }

    /// Reads another ledger from now on, and so do all clones of this reader.
    pub fn turn_to(&self, ledger: &Ledger) {
        let mut next = Turn::new(ledger.id());
        // Somebody else may have turned in between: the later one counts.
        while let Err(again) = self.first.last().next.set(next) {
            next = again;
        }
    }

    /// Returns a clone that stays with the ledger that is read now, so that a query of several steps is about one.
    #[must_use]
    pub fn pinned(&self) -> Self {
        Self { first: Turn::new(self.ledger_id()), ..self.clone() }
    }

    /// Returns the id of the ledger that is read.
    #[must_use]
    pub fn ledger_id(&self) -> &str {
        &self.first.last().ledger
    }

    pub(in crate::store) fn records<T>(
        &self,
        query: impl FnMut(&mut AnyConn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.records.with(query)
    }

    pub(in crate::store) fn logs<T>(
        &self,
        query: impl FnMut(&mut AnyConn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.logs.with(query)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("ledger", &self.ledger_id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Environment;

    #[test]
    fn clones_turn_together_and_one_that_is_pinned_stays() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = DatabaseUrl::sqlite(folder.path().join("orb.db"));
        crate::store::migrate(&url).expect("migrated");
        let [paper, live] = [Environment::Paper, Environment::Live].map(|at| Ledger::new(at, "1"));
        let reader = Reader::open(&url, &paper).expect("opened");
        let (clone, pinned, other) = (reader.clone(), reader.pinned(), reader.with_ledger(&live));
        let lent = reader.ledger_id();
        clone.turn_to(&live);
        assert_eq!((lent, reader.ledger_id(), clone.ledger_id()), (paper.id(), live.id(), live.id()));
        assert_eq!((pinned.ledger_id(), other.ledger_id()), (paper.id(), live.id()));
        reader.turn_to(&paper);
        assert_eq!((clone.ledger_id(), other.ledger_id()), (paper.id(), live.id()));
    }
}

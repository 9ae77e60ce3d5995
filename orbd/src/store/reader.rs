//! Reading the records, apart from the writer.

use core::fmt;

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
#[derive(Clone)]
pub struct Reader {
    records: Pool,
    logs: Pool,
    ledger: String,
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
        Ok(Self { records, logs: Pool::new(url, Purpose::ReadLogs), ledger: ledger.id().to_owned() })
    }

    /// Makes a reader of another ledger over the same connections.
    #[must_use]
    pub fn with_ledger(&self, ledger: &Ledger) -> Self {
        Self { ledger: ledger.id().to_owned(), ..self.clone() }
    }

    /// Returns the id of the ledger that is read.
    #[must_use]
    pub fn ledger_id(&self) -> &str {
        &self.ledger
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
        f.debug_struct("Reader").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

//! A connection that holds its ledger, so that nobody else writes it.

use std::sync::Arc;

use diesel::result::Error as DieselError;

use super::connect::{AnyConn, Purpose, connect};
use super::error::StoreError;
use super::lease::{Lease, LeaseHold, LeaseKeeper, bound_transactions};
use super::ledger::Ledger;
use super::lock::{Backend, FileLock, backend, end_backend};
use super::migrate::{migrate, refuse_newer_schema};
use super::url::DatabaseUrl;

/// Holds a ledger of a database for writing.
#[derive(Debug)]
pub(in crate::store) struct Held {
    url: DatabaseUrl,
    /// `None` after a connection was lost and before there is a new one.
    conn: Option<AnyConn>,
    /// Who serves the connection, at a server.
    backend: Option<Backend>,
    /// Absent for a file, and before [`Held::hold`].
    lease: Option<Arc<LeaseKeeper>>,
    // Dropped last.
    _lock: Option<FileLock>,
}

impl Held {
    /// Opens a database and brings it to this version's schema; of a file the ledger is taken too.
    pub(in crate::store) fn open(url: &DatabaseUrl, ledger: &Ledger) -> Result<Self, StoreError> {
        refuse_newer_schema(url)?;
        let lock = url.path().map(|path| FileLock::take(url, path, ledger)).transpose()?;
        migrate(url)?;
        let mut held = Self { url: url.clone(), conn: None, backend: None, lease: None, _lock: lock };
        held.connect()?;
        Ok(held)
    }

    /// Takes the ledger, which the database knows by now; of what is held already it finds out whether it still is.
    pub(in crate::store) fn hold(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        let Some(AnyConn::Postgres(server)) = &mut self.conn else { return Ok(()) };
        match &self.lease {
            Some(keeper) => keeper.lease().check(server),
            None => {
                self.lease = Some(Arc::new(LeaseKeeper::take(&self.url, ledger)?));
                Ok(())
            }
        }
    }

    /// Opens another connection in place of the one that there was.
    ///
    /// A file's lock and a server's lease do not hang on the connection.
    pub(in crate::store) fn reconnect(&mut self) -> Result<(), StoreError> {
        // The server learns that the old connection has ended, where it can learn anything from here.
        self.conn = None;
        self.connect()
    }

    fn connect(&mut self) -> Result<(), StoreError> {
        let mut conn = connect(&self.url, Purpose::Write)?;
        if let AnyConn::Postgres(server) = &mut conn {
            if let Some(lost) = &self.backend {
                end_backend(server, lost)?;
            }
            bound_transactions(server)?;
            self.backend = Some(backend(server)?);
        }
        self.conn = Some(conn);
        Ok(())
    }

    /// Lends the connection.
    ///
    /// # Errors
    /// When it was lost and there is no new one yet.
    pub(in crate::store) fn conn(&mut self, doing: &'static str) -> Result<&mut AnyConn, StoreError> {
        self.conn.as_mut().ok_or(StoreError::Lost { doing, source: DieselError::BrokenTransactionManager })
    }

    /// Lends the connection for a commit, with the lease that the commit compares.
    ///
    /// # Errors
    /// When it was lost and there is no new one yet.
    pub(in crate::store) fn conn_and_lease(&mut self) -> Result<(&mut AnyConn, Option<&Lease>), StoreError> {
        let conn = self.conn.as_mut();
        let conn = conn.ok_or(StoreError::Lost { doing: "commit", source: DieselError::BrokenTransactionManager })?;
        Ok((conn, self.lease.as_ref().map(|keeper| keeper.lease())))
    }

    /// Returns what knows whether the ledger is still held; `None` for a file.
    pub(in crate::store) fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref().map(|keeper| keeper.lease())
    }

    /// Returns what keeps the ledger from others when this has gone; `None` for a file.
    pub(in crate::store) fn hold_on(&self) -> Option<LeaseHold> {
        self.lease.as_ref().map(|keeper| LeaseHold::new(&self.url, keeper))
    }

    /// Returns the database.
    pub(in crate::store) const fn url(&self) -> &DatabaseUrl {
        &self.url
    }
}

//! A connection that holds its ledger, so that nobody else writes it.

use super::connect::{AnyConn, Purpose, connect};
use super::error::StoreError;
use super::ledger::Ledger;
use super::lock::{Backend, FileLock, backend, end_backend, take_session_lock};
use super::migrate::{migrate, refuse_newer_schema};
use super::url::DatabaseUrl;
use diesel::result::Error as DieselError;

/// Holds a ledger of a database for writing.
#[derive(Debug)]
pub(in crate::store) struct Held {
    url: DatabaseUrl,
    /// `None` after a connection was lost and before there is a new one.
    conn: Option<AnyConn>,
    /// Who serves the connection, at a server.
    backend: Option<Backend>,
    // Dropped last.
    _lock: Option<FileLock>,
}

impl Held {
    /// Takes a ledger, and brings the database to this version's schema.
    pub(in crate::store) fn open(url: &DatabaseUrl, ledger: &Ledger) -> Result<Self, StoreError> {
        refuse_newer_schema(url)?;
        let lock = url.path().map(|path| FileLock::take(url, path, ledger)).transpose()?;
        migrate(url)?;
        let mut held = Self { url: url.clone(), conn: None, backend: None, _lock: lock };
        held.connect(ledger)?;
        Ok(held)
    }

    /// Opens another connection in place of the one that there was, and takes the ledger with it.
    ///
    /// A file's lock was kept all the time. A server's went with the connection, so somebody else may have the ledger
    /// by now.
    pub(in crate::store) fn reconnect(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        // The server learns that the old connection has ended, where it can learn anything from here.
        self.conn = None;
        self.connect(ledger)
    }

    fn connect(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        let mut conn = connect(&self.url, Purpose::Write)?;
        if let AnyConn::Postgres(server) = &mut conn {
            if let Some(lost) = &self.backend {
                end_backend(server, lost)?;
            }
            take_session_lock(&self.url, server, ledger)?;
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

    /// Returns the database.
    pub(in crate::store) const fn url(&self) -> &DatabaseUrl {
        &self.url
    }
}

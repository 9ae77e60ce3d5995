//! A program that gets in the way of the records, for rehearsals.

use diesel::connection::SimpleConnection as _;

use super::connect::{AnyConn, Purpose, connect};
use super::error::{Doing as _, StoreError};
use super::url::DatabaseUrl;

/// Holds the lock that a commit needs, as a database shell does that somebody forgot; ends with this value.
#[derive(Debug)]
pub struct WriteLock {
    _conn: AnyConn,
}

impl WriteLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// When the database cannot be opened, or somebody else has the lock.
    pub fn take(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let mut conn = connect(url, Purpose::Write)?;
        let statements = match conn {
            AnyConn::Sqlite(_) => "BEGIN IMMEDIATE",
            AnyConn::Postgres(_) => "BEGIN; LOCK TABLE journal IN ACCESS EXCLUSIVE MODE",
        };
        conn.batch_execute(statements).doing("take the lock")?;
        Ok(Self { _conn: conn })
    }
}

#[cfg(test)]
impl super::Writer {
    /// Leaves the file no room beyond what it has now; [`make_room`] gives it some.
    pub(crate) fn leave_no_room(&mut self) {
        let statements = "CREATE TABLE ballast AS SELECT zeroblob(1048576); PRAGMA max_page_count = 1";
        self.conn().batch_execute(statements).expect("a limit");
    }
}

/// Makes room in a file that has none left.
#[cfg(test)]
pub(crate) fn make_room(url: &DatabaseUrl) {
    let mut conn = connect(url, Purpose::Write).expect("a connection");
    conn.batch_execute("DROP TABLE ballast").expect("room");
}

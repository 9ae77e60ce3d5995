//! Backups: made while orb writes, and proven by restoring them.
//!
//! A backup of a SQLite file is a SQLite file, and one of a server is an archive of `pg_dump`. Log lines are not part
//! of either.

mod counts;
mod error;
mod postgres;
mod sqlite;
mod target;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

pub use counts::TableCount;
#[cfg(test)]
pub(in crate::store) use counts::tables_of_sqlite;
pub use error::BackupError;

use super::url::{DatabaseUrl, Target};
use super::verify::{Verification, must_exist};
use target::Reserved;

/// Tells what a backup holds, as it was found in a restored copy of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The rows of each table, by name.
    pub tables: Vec<TableCount>,
    /// What was found in the restored copy; `None` where it could not be restored, for the reason in `unrestored`.
    pub verification: Option<Verification>,
    /// Why an archive could not be restored on its server, and the remedy; then only its form was checked.
    pub unrestored: Option<String>,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Makes a backup in a new file, restores it, and compares the copy with the database.
///
/// # Errors
/// When the file is there already, the database cannot be read, there is no room, or the copy is not the database; then
/// no file is left.
pub fn backup(url: &DatabaseUrl, to: &Path) -> Result<Backup, BackupError> {
    must_exist(url)?;
    super::migrate::check_current(url)?;
    let reserved = Reserved::new(to)?;
    let mut made = match url.target() {
        Target::Sqlite(_) => sqlite::backup(url, reserved.partial())?,
        Target::Postgres(_) => postgres::backup(url, reserved.partial())?,
    };
    made.bytes = reserved.keep()?;
    Ok(made)
}

/// Restores a backup of earlier and looks at every row of it.
///
/// `server` is where an archive of `pg_dump` is restored, into a database of its own that is removed afterwards.
///
/// # Errors
/// When the file is no backup, is damaged, or belongs to another version of orb.
pub fn check_backup(file: &Path, server: Option<&DatabaseUrl>) -> Result<Backup, BackupError> {
    let unreadable = |source| BackupError::Read { path: file.to_owned(), source };
    let mut start = Vec::new();
    File::open(file).and_then(|opened| opened.take(16).read_to_end(&mut start)).map_err(unreadable)?;
    let mut found = if start.starts_with(b"SQLite format 3\0") {
        sqlite::check(file)?
    } else if start.starts_with(b"PGDMP") {
        postgres::check(file, server)?
    } else {
        return Err(BackupError::NoBackup { path: file.to_owned() });
    };
    found.bytes = file.metadata().map_err(unreadable)?.len();
    Ok(found)
}

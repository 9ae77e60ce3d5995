//! Opening connections, each set up for its purpose.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use super::error::StoreError;
use super::trouble::{Trouble, of_text};
use super::url::{DatabaseUrl, Target, with_timeouts};

/// Holds a connection to either database.
///
/// Never made by `AnyConn::establish`, which tries each kind in turn and would make a SQLite file of the name of a
/// server that is down.
#[derive(diesel::MultiConnection)]
pub(in crate::store) enum AnyConn {
    /// A file.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}

impl core::fmt::Debug for AnyConn {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "SqliteConnection",
            Self::Postgres(_) => "PgConnection",
        })
    }
}

/// Runs the same expression on the connection of either kind; what one kind's types do not allow for both.
macro_rules! on_either {
    ($any:expr, $conn:ident => $body:expr) => {
        match $any {
            $crate::store::connect::AnyConn::Sqlite($conn) => $body,
            $crate::store::connect::AnyConn::Postgres($conn) => $body,
        }
    };
}
pub(in crate::store) use on_either;

/// Says what a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Purpose {
    /// Commits; checkpoints are made elsewhere.
    Write,
    /// Moves SQLite's log into its file.
    Checkpoint,
    /// Writes log lines.
    WriteLogs,
    /// Copies a file, or makes and removes a database beside the own one.
    Backup,
    /// Reads.
    Read,
    /// Reads log lines.
    ReadLogs,
}

impl Purpose {
    /// Tells whether the connection goes to the log lines.
    pub(in crate::store) const fn is_logs(self) -> bool {
        matches!(self, Self::WriteLogs | Self::ReadLogs)
    }

    const fn sqlite_setup(self) -> &'static str {
        match self {
            Self::Write => {
                "PRAGMA busy_timeout = 1000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                 PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -8192; \
                 PRAGMA journal_size_limit = 67108864;"
            }
            Self::WriteLogs => {
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                 PRAGMA journal_size_limit = 16777216;"
            }
            Self::Checkpoint => "PRAGMA busy_timeout = 1000;",
            Self::Backup => "PRAGMA busy_timeout = 5000;",
            Self::Read | Self::ReadLogs => "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON;",
        }
    }

    const fn postgres_setup(self) -> &'static str {
        match self {
            Self::Write => "SET application_name = 'orbd'; SET lock_timeout = '1s'",
            Self::WriteLogs | Self::Checkpoint | Self::Backup => "SET application_name = 'orbd'",
            Self::Read | Self::ReadLogs => {
                "SET application_name = 'orbd'; SET default_transaction_read_only = on; SET statement_timeout = '30s'"
            }
        }
    }
}

/// Opens a connection.
pub(in crate::store) fn connect(url: &DatabaseUrl, purpose: Purpose) -> Result<AnyConn, StoreError> {
    match url.target() {
        Target::Sqlite(path) => {
            let path = if purpose.is_logs() { logs_path(path) } else { path.clone() };
            connect_sqlite(url, &path, purpose.sqlite_setup()).map(AnyConn::Sqlite)
        }
        Target::Postgres(_) => connect_postgres(url, purpose.postgres_setup()).map(AnyConn::Postgres),
    }
}

/// Opens a SQLite file and makes it where it does not exist.
pub(in crate::store) fn connect_sqlite(
    url: &DatabaseUrl,
    path: &Path,
    setup: &str,
) -> Result<SqliteConnection, StoreError> {
    check_folder(url, path)?;
    let mut conn =
        SqliteConnection::establish(&plain_name(path)).map_err(|error| not_opened(url, &error.to_string()))?;
    conn.batch_execute(setup).map_err(|error| not_opened(url, &error.to_string()))?;
    Ok(conn)
}

/// Opens a SQLite file that exists, without writing anything.
pub(in crate::store) fn connect_sqlite_unchanged(
    url: &DatabaseUrl,
    path: &Path,
) -> Result<SqliteConnection, StoreError> {
    let mut name = String::from("file:");
    for byte in plain_name(path).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => name.push(char::from(byte)),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    // Even a reader makes the files of the log beside a database that nobody has open, unless it is told that nobody
    // will write.
    let has = |suffix: &str| Path::new(&format!("{}{suffix}", plain_name(path))).exists();
    let is_at_rest = !has("-wal") && !has("-journal");
    name.push_str(if is_at_rest { "?mode=ro&immutable=1" } else { "?mode=ro" });
    let mut conn = SqliteConnection::establish(&name).map_err(|error| not_opened(url, &error.to_string()))?;
    conn.batch_execute("PRAGMA busy_timeout = 5000;").map_err(|error| not_opened(url, &error.to_string()))?;
    Ok(conn)
}

/// Opens a connection to a server.
pub(in crate::store) fn connect_postgres(url: &DatabaseUrl, setup: &str) -> Result<PgConnection, StoreError> {
    let Target::Postgres(address) = url.target() else { unreachable!("the address is that of a server") };
    let mut conn =
        PgConnection::establish(&with_timeouts(address)).map_err(|error| not_opened(url, &error.to_string()))?;
    conn.batch_execute(setup).map_err(|error| not_opened(url, &error.to_string()))?;
    Ok(conn)
}

/// Returns the file of the log lines, beside the database's own.
///
/// SQLite lets one connection write to a file at a time, so logs in the same file could delay a commit.
pub(in crate::store) fn logs_path(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_owned();
    let mut name = stem;
    name.push(".logs");
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// SQLite takes a name that begins with `file:` for an address.
fn plain_name(path: &Path) -> String {
    let text = path.to_string_lossy();
    if path.is_absolute() { text.into_owned() } else { format!("./{text}") }
}

/// Checks that the folder of a file is there.
pub(in crate::store) fn check_folder(url: &DatabaseUrl, path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if folder.is_dir() {
        return Ok(());
    }
    let problem = format!("the folder {} does not exist; make it, or name another", folder.display());
    Err(StoreError::Open { database: url.to_string(), problem })
}

/// Tells why a database could not be opened, and what to do; a server that does not answer now may do so later.
pub(in crate::store) fn not_opened(url: &DatabaseUrl, text: &str) -> StoreError {
    let (database, said) = (url.to_string(), url.scrub(text));
    let remedy = match (url.target(), of_text(text)) {
        (Target::Postgres(_), _) => {
            let problem = format!("{said}; check that the server runs, and the address, the user and the password");
            return StoreError::Unreachable { database, problem };
        }
        (Target::Sqlite(_), Trouble::Busy) => "end what holds it, such as a database shell, and try again",
        (Target::Sqlite(_), Trouble::Full) => "free space on its disk, and try again",
        (Target::Sqlite(_), Trouble::Corrupt) => {
            "check that the file is a database; if it was one, keep it aside and restore the last backup"
        }
        (Target::Sqlite(_), Trouble::Lost | Trouble::ReadOnly | Trouble::Disk | Trouble::Other) => {
            "check that the folder and the file may be written and that the file is a database"
        }
    };
    StoreError::Open { database, problem: format!("{said}; {remedy}") }
}

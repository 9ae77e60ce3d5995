//! One writer per ledger of a file, and one migration at a time on a server.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel::sql_types::{BigInt, Integer, Text};
use sha2::{Digest as _, Sha256};

use super::connect::check_folder;
use super::error::{Doing as _, StoreError};
use super::ledger::Ledger;
use super::url::DatabaseUrl;

/// How often one looks whether a process that was ended has gone.
const TRIES: u32 = 25;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// Holds a ledger of a SQLite file; ends with the process, however it ends.
#[derive(Debug)]
pub(in crate::store) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the ledger, or tells who has it.
    pub(in crate::store) fn take(url: &DatabaseUrl, path: &Path, ledger: &Ledger) -> Result<Self, StoreError> {
        let open_error = |error: std::io::Error, lock: &Path| StoreError::Open {
            database: url.to_string(),
            problem: format!(
                "cannot write its lock file {}: {error}; check that the folder and the file may be written",
                lock.display()
            ),
        };
        check_folder(url, path)?;
        let lock = lock_path(path, ledger);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&lock);
        let mut file = opened.map_err(|error| open_error(error, &lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(url, ledger, &holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(open_error(error, &lock)),
        }
        write_holder(&mut file).map_err(|error| open_error(error, &lock))?;
        Ok(Self { _file: file })
    }
}

/// Names the server's process behind a connection; another one may later have the same number, but no earlier start.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::store) struct Backend {
    #[diesel(sql_type = Integer)]
    pid: i32,
    #[diesel(sql_type = Text)]
    started: String,
}

/// Returns the server's process behind a connection.
pub(in crate::store) fn backend(conn: &mut PgConnection) -> Result<Backend, StoreError> {
    let own = "SELECT pid, (backend_start AT TIME ZONE 'UTC')::text AS started FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    diesel::sql_query(own).get_result(conn).doing("find out who serves the connection")
}

/// Ends the server's process behind a connection that was lost, if it is still there, and waits until it is gone.
///
/// It may not know yet that nobody listens. Once it is gone, what it was doing is kept or undone, but not under way.
pub(in crate::store) fn end_backend(conn: &mut PgConnection, lost: &Backend) -> Result<(), StoreError> {
    const DOING: &str = "end the lost connection at the server";
    for _ in 0..TRIES {
        let ended = diesel::sql_query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE pid = $1 AND (backend_start AT TIME ZONE 'UTC')::text = $2 AND pid <> pg_backend_pid()",
        );
        let found = ended.bind::<Integer, _>(lost.pid).bind::<Text, _>(&lost.started).execute(conn).doing(DOING)?;
        if found == 0 {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    Err(StoreError::Lost { doing: DOING, source: DieselError::BrokenTransactionManager })
}

/// Waits for the lock around migrations.
pub(in crate::store) fn wait_for_migration_lock(conn: &mut PgConnection) -> QueryResult<()> {
    advisory("SELECT pg_advisory_lock($1)", conn)
}

/// Releases the lock around migrations.
pub(in crate::store) fn release_migration_lock(conn: &mut PgConnection) -> QueryResult<()> {
    advisory("SELECT pg_advisory_unlock($1)", conn)
}

fn advisory(statement: &str, conn: &mut PgConnection) -> QueryResult<()> {
    diesel::sql_query(statement).bind::<BigInt, _>(lock_key("migrations")).execute(conn).map(drop)
}

/// Advisory locks are numbers shared by all programs on a database, hence a digest.
fn lock_key(name: &str) -> i64 {
    let digest = Sha256::digest(format!("orb/{name}").as_bytes());
    digest.iter().take(8).fold(0_i64, |key, byte| (key << 8) | i64::from(*byte))
}

/// The same file must give the same lock by whatever path it is named.
fn lock_path(path: &Path, ledger: &Ledger) -> PathBuf {
    let real = path.canonicalize().unwrap_or_else(|_| {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name))
    });
    let mut name = real.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.lock", ledger.id()));
    real.with_file_name(name)
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(1..) if text.trim().parse::<u32>().is_ok() => format!("process {}", text.trim()),
        _ => "another process".to_owned(),
    }
}

fn write_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn in_use(url: &DatabaseUrl, ledger: &Ledger, holder: &str) -> StoreError {
    StoreError::InUse { database: url.to_string(), ledger: ledger.id().to_owned(), holder: holder.to_owned() }
}

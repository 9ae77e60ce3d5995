//! Schema migrations, embedded in the binary.

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _};
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

use super::chain::chain_old_rows;
use super::connect::{
    AnyConn, connect_postgres, connect_sqlite, connect_sqlite_unchanged, logs_path, not_opened, on_either,
};
use super::error::{Doing as _, StoreError};
use super::lock;
use super::url::{DatabaseUrl, Target};

const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
const SQLITE_LOGS: EmbeddedMigrations = embed_migrations!("../migrations/sqlite-logs");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// The migration of the records that made room for hashes.
const CHAINED: &str = "0003";

/// Says what a database is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// The records, and on a server the log lines too.
    Records,
    /// SQLite's log lines.
    Logs,
}

/// Tells which migrations a database has and which it lacks, by their versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Applied, oldest first.
    pub applied: Vec<String>,
    /// Known to this version and not applied, in their order.
    pub pending: Vec<String>,
    /// Applied and not known to this version: a newer one made the database.
    pub unknown: Vec<String>,
}

/// Brings a database to this version's schema and makes it where it does not exist; returns what was applied.
///
/// # Errors
/// When the database cannot be opened or written, or was made by a newer version; then nothing is written.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, StoreError> {
    refuse_newer(url, &migration_status(url)?)?;
    match url.target() {
        Target::Sqlite(path) => {
            let mut applied = migrate_sqlite(url, path, Content::Records)?;
            applied.extend(migrate_sqlite(url, &logs_path(path), Content::Logs)?.iter().map(in_logs));
            Ok(applied)
        }
        Target::Postgres(_) => migrate_postgres(url),
    }
}

/// Tells which migrations a database has, without writing anything.
///
/// # Errors
/// When the database cannot be opened.
pub fn migration_status(url: &DatabaseUrl) -> Result<MigrationStatus, StoreError> {
    match url.target() {
        Target::Sqlite(path) => {
            let main = sqlite_status(url, path, &SQLITE)?;
            let logs = sqlite_status(url, &logs_path(path), &SQLITE_LOGS)?;
            Ok(MigrationStatus {
                applied: main.applied.into_iter().chain(logs.applied.iter().map(in_logs)).collect(),
                pending: main.pending.into_iter().chain(logs.pending.iter().map(in_logs)).collect(),
                unknown: main.unknown.into_iter().chain(logs.unknown.iter().map(in_logs)).collect(),
            })
        }
        Target::Postgres(_) => {
            let mut conn = connect_postgres(url, "SET application_name = 'orbd'")?;
            Ok(status(applied_in_postgres(&mut conn)?, &versions::<Pg>(&POSTGRES)))
        }
    }
}

/// Refuses a database that a newer version made, without writing anything.
pub(in crate::store) fn refuse_newer_schema(url: &DatabaseUrl) -> Result<(), StoreError> {
    refuse_newer(url, &migration_status(url)?)
}

/// Checks that a database has this version's schema, without writing anything.
pub(in crate::store) fn check_current(url: &DatabaseUrl) -> Result<(), StoreError> {
    let found = migration_status(url)?;
    refuse_newer(url, &found)?;
    match found.pending.into_iter().next() {
        Some(missing) => Err(StoreError::SchemaOlder { database: url.to_string(), missing }),
        None => Ok(()),
    }
}

/// Checks that a copy of SQLite's records, which has no log lines beside it, has this version's schema.
pub(in crate::store) fn refuse_other_records(url: &DatabaseUrl, path: &std::path::Path) -> Result<(), StoreError> {
    let found = sqlite_status(url, path, &SQLITE)?;
    refuse_newer(url, &found)?;
    match found.pending.into_iter().next() {
        Some(missing) => Err(StoreError::SchemaOlder { database: url.to_string(), missing }),
        None => Ok(()),
    }
}

fn in_logs(version: &String) -> String {
    format!("logs {version}")
}

fn refuse_newer(url: &DatabaseUrl, found: &MigrationStatus) -> Result<(), StoreError> {
    match found.unknown.first() {
        Some(unknown) => Err(StoreError::SchemaNewer { database: url.to_string(), found: unknown.clone() }),
        None => Ok(()),
    }
}

fn migrate_sqlite(url: &DatabaseUrl, path: &std::path::Path, content: Content) -> Result<Vec<String>, StoreError> {
    let (source, setup) = match content {
        Content::Records => (SQLITE, "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL;"),
        // Lines are removed again, and their room is given back in small steps. That must be said first of all.
        Content::Logs => {
            (SQLITE_LOGS, "PRAGMA busy_timeout = 5000; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;")
        }
    };
    let mut conn = AnyConn::Sqlite(connect_sqlite(url, path, setup)?);
    let applied = run(url, &mut conn, source, content)?;
    if content == Content::Logs && !applied.is_empty() {
        // A file from before gets the form that gives room back. Where it is in use, it only keeps its size.
        drop(conn.batch_execute("VACUUM"));
    }
    Ok(applied)
}

fn migrate_postgres(url: &DatabaseUrl) -> Result<Vec<String>, StoreError> {
    let mut conn = connect_postgres(url, "SET application_name = 'orbd'; SET client_min_messages = warning")?;
    lock::wait_for_migration_lock(&mut conn).map_err(|error| failed(url, &error.to_string()))?;
    let mut conn = AnyConn::Postgres(conn);
    let done = run(url, &mut conn, POSTGRES, Content::Records);
    if let AnyConn::Postgres(conn) = &mut conn {
        lock::release_migration_lock(conn).doing("release the lock around migrations")?;
    }
    done
}

/// Applies what is pending, all of it or nothing.
fn run(
    url: &DatabaseUrl,
    conn: &mut AnyConn,
    source: EmbeddedMigrations,
    content: Content,
) -> Result<Vec<String>, StoreError> {
    // Two processes may start at once: the second waits for the transaction, and then finds nothing to do.
    match conn {
        AnyConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
        AnyConn::Postgres(conn) => AnsiTransactionManager::begin_transaction(conn),
    }
    .map_err(|error| refused(url, error))?;
    let done = apply(url, conn, source, content);
    let ended = on_either!(conn, conn => match &done {
        Ok(_) => AnsiTransactionManager::commit_transaction(conn),
        Err(_) => AnsiTransactionManager::rollback_transaction(conn),
    });
    let applied = done?;
    ended.map_err(|error| refused(url, error))?;
    Ok(applied)
}

fn apply(
    url: &DatabaseUrl,
    conn: &mut AnyConn,
    source: EmbeddedMigrations,
    content: Content,
) -> Result<Vec<String>, StoreError> {
    let ran = on_either!(&mut *conn, conn => conn.run_pending_migrations(source).map(|versions| {
        versions.iter().map(ToString::to_string).collect::<Vec<String>>()
    }));
    let applied = ran.map_err(|error| failed(url, &error.to_string()))?;
    if content == Content::Records && applied.iter().any(|version| version == CHAINED) {
        chain_old_rows(conn).map_err(|error| error.doing("chain the rows from before"))?;
    }
    Ok(applied)
}

/// What passes by itself is told as such; everything else is about the migration.
fn refused(url: &DatabaseUrl, error: diesel::result::Error) -> StoreError {
    let sorted = StoreError::of("bring it to this version's schema", error);
    if sorted.is_transient() { sorted } else { failed(url, &sorted.to_string()) }
}

fn failed(url: &DatabaseUrl, problem: &str) -> StoreError {
    StoreError::Migration { database: url.to_string(), problem: url.scrub(problem) }
}

fn sqlite_status(
    url: &DatabaseUrl,
    path: &std::path::Path,
    source: &EmbeddedMigrations,
) -> Result<MigrationStatus, StoreError> {
    let known = versions::<Sqlite>(source);
    if !path.exists() {
        return Ok(status(Vec::new(), &known));
    }
    let mut conn = connect_sqlite_unchanged(url, path)?;
    let tables =
        diesel::sql_query("SELECT name AS version FROM sqlite_master WHERE name = '__diesel_schema_migrations'")
            .load::<Version>(&mut conn)
            .map_err(|error| not_opened(url, &error.to_string()))?;
    if tables.is_empty() {
        return Ok(status(Vec::new(), &known));
    }
    let applied = diesel::sql_query(APPLIED).load(&mut conn).map_err(|error| not_opened(url, &error.to_string()))?;
    Ok(status(applied, &known))
}

const APPLIED: &str = "SELECT version FROM __diesel_schema_migrations ORDER BY version";

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

fn applied_in_postgres(conn: &mut PgConnection) -> Result<Vec<Version>, StoreError> {
    let exists = "SELECT table_name::text AS version FROM information_schema.tables \
                  WHERE table_name = '__diesel_schema_migrations' AND table_schema = ANY (current_schemas(false))";
    let tables: Vec<Version> = diesel::sql_query(exists).load(conn).doing("look for its migrations")?;
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    diesel::sql_query(APPLIED).load(conn).doing("read its migrations")
}

fn status(applied: Vec<Version>, known: &[String]) -> MigrationStatus {
    let applied: Vec<String> = applied.into_iter().map(|row| row.version).collect();
    let pending = known.iter().filter(|version| !applied.contains(version)).cloned().collect();
    let unknown = applied.iter().filter(|version| !known.contains(version)).cloned().collect();
    MigrationStatus { applied, pending, unknown }
}

fn versions<DB: diesel::backend::Backend>(source: &EmbeddedMigrations) -> Vec<String>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let migrations: Vec<Box<dyn Migration<DB>>> = source.migrations().unwrap_or_default();
    let mut versions: Vec<String> = migrations.iter().map(|found| found.name().version().to_string()).collect();
    versions.sort();
    versions
}

//! Backups of a server's database, by the server's own programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use diesel::RunQueryDsl as _;
use diesel::prelude::QueryableByName;
use diesel::sql_types::Text;

use super::Backup;
use super::counts::{compare, count};
use super::error::BackupError;
use super::sqlite::refuse_unsound;
use crate::store::connect::{AnyConn, Purpose, connect};
use crate::store::error::Inside;
use crate::store::migrate::check_current;
use crate::store::url::DatabaseUrl;
use crate::store::verify::{snapshot, verify_with};

#[derive(QueryableByName)]
struct Exported {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Dumps a database in one state of it, and compares that with the dump.
pub(super) fn backup(url: &DatabaseUrl, to: &Path) -> Result<Backup, BackupError> {
    let mut conn = connect(url, Purpose::Read)?;
    // The state that is counted is the one that is dumped: it lasts as long as the transaction.
    let counted = snapshot(&mut conn, |conn| {
        let exported = "SELECT pg_export_snapshot() AS name";
        let AnyConn::Postgres(server) = conn else { unreachable!("the address is that of a server") };
        let exported: Exported = diesel::sql_query(exported).get_result(server)?;
        let dumped = dump(url, to, &exported.name);
        Ok::<_, Inside>((count(conn)?, dumped))
    })?;
    let (counted, dumped) = counted;
    dumped?;
    let made = check(to, Some(url))?;
    if made.verification.is_some() {
        compare(&counted, &made.tables, &counted)?;
    }
    Ok(Backup { tables: counted, ..made })
}

/// Restores an archive into a database of its own, and looks at every row of it.
pub(super) fn check(file: &Path, server: Option<&DatabaseUrl>) -> Result<Backup, BackupError> {
    let mut list = program("pg_restore")?;
    run("pg_restore", list.arg("--list").arg(file))?;
    let form_only = |why: String| Backup { tables: Vec::new(), verification: None, unrestored: Some(why), bytes: 0 };
    let Some(server) = server else {
        return Ok(form_only("no server was named: give one by --database".to_owned()));
    };
    let scratch = match Scratch::create(server) {
        Ok(scratch) => scratch,
        Err(error) => {
            let remedy = "give the user CREATEDB, or check the backup with --database of another server";
            return Ok(form_only(format!("{}; {remedy}", server.scrub(&error.to_string()))));
        }
    };
    restore(&scratch.url, file)?;
    check_current(&scratch.url)?;
    let mut conn = connect(&scratch.url, Purpose::Read)?;
    let verification = verify_with(&mut conn)?;
    refuse_unsound(&verification)?;
    let tables = snapshot(&mut conn, count)?;
    Ok(Backup { tables, verification: Some(verification), unrestored: None, bytes: 0 })
}

fn dump(url: &DatabaseUrl, to: &Path, snapshot: &str) -> Result<(), BackupError> {
    let mut dump = connected("pg_dump", url)?;
    dump.args([
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--exclude-table-data=logs",
        "--lock-wait-timeout=5000",
    ]);
    dump.arg(format!("--snapshot={snapshot}")).arg("--file").arg(to);
    run("pg_dump", &mut dump)
}

fn restore(url: &DatabaseUrl, file: &Path) -> Result<(), BackupError> {
    let mut restore = connected("pg_restore", url)?;
    restore.args(["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]).arg(file);
    run("pg_restore", &mut restore)
}

/// Holds a database for the length of a check.
struct Scratch {
    server: DatabaseUrl,
    url: DatabaseUrl,
    name: String,
}

impl Scratch {
    fn create(server: &DatabaseUrl) -> Result<Self, Box<dyn std::error::Error>> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)?;
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = format!("orb_check_{digits}");
        let mut conn = connect(server, Purpose::Backup)?;
        let AnyConn::Postgres(conn) = &mut conn else { return Err("the address is that of a file".into()) };
        diesel::sql_query(format!("CREATE DATABASE {name}")).execute(conn)?;
        Ok(Self { server: server.clone(), url: server.with_database(&name), name })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed has a name that says what it is.
        if let Ok(AnyConn::Postgres(mut conn)) = connect(&self.server, Purpose::Backup) {
            let _ = diesel::sql_query(format!("DROP DATABASE IF EXISTS {}", self.name)).execute(&mut conn);
        }
    }
}

/// Prepares a program that connects to a database; the password goes by the environment, which others do not see.
fn connected(name: &'static str, url: &DatabaseUrl) -> Result<Command, BackupError> {
    let mut command = program(name)?;
    let (address, password) = url.for_programs();
    command.arg("--no-password").arg("--dbname").arg(address);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    Ok(command)
}

/// Finds a program on the path, or where Debian keeps those of each version.
fn program(name: &'static str) -> Result<Command, BackupError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut others: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    others.sort();
    let folders = std::env::split_paths(&path).chain(others.into_iter().rev());
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
    found.map(Command::new).ok_or(BackupError::NoProgram { name })
}

fn run(name: &'static str, command: &mut Command) -> Result<(), BackupError> {
    let said = |text: String| BackupError::Program { name, said: text };
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let output = output.map_err(|error| said(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let text = text.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("; ");
    Err(said(if text.is_empty() { output.status.to_string() } else { text }))
}

//! `orbd backup`: copies the records while orbd writes them, and proves the copy by restoring it.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::records_args::RecordsArgs;
use super::report::Report;
use super::verify::Shown as ShownVerification;
use crate::store::{Backup, backup, check_backup};

/// Copy the records into a new file while orbd may be running, restore the copy, and compare it; or check an old one.
///
/// Of SQLite the backup is a database file: to restore it, stop orbd and put it in the place of orb.db. Of PostgreSQL it
/// is an archive for pg_restore. Log lines are not part of it.
///
/// Exit codes: 0 when the backup is proven, 1 when there is none or it could not be restored, 2 for wrong usage.
#[derive(Args, Clone, Debug)]
pub struct BackupArgs {
    #[command(flatten)]
    records: RecordsArgs,
    /// The new file; nothing is overwritten
    #[arg(long, value_name = "FILE", required_unless_present = "check")]
    to: Option<PathBuf>,
    /// Check this backup instead of making one; an archive of PostgreSQL is restored beside --database
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    check: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Shown {
    file: String,
    bytes: u64,
    /// The copy was restored, and every row of it is as it was written.
    proven: bool,
    /// Why it was not restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    unrestored: Option<String>,
    tables: Vec<Table>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<ShownVerification>,
    /// Log lines are never part of a backup.
    logs: bool,
}

#[derive(Debug, Serialize)]
struct Table {
    table: &'static str,
    rows: u64,
}

/// Runs the command.
///
/// # Errors
/// When there is no backup then, or the one that was to be checked is not good.
pub fn run(args: &BackupArgs) -> anyhow::Result<Report> {
    let (file, found) = match (&args.to, &args.check) {
        (_, Some(file)) => {
            let server = args.records.database.as_ref().map(|_| args.records.database()).transpose()?;
            (file, check_backup(file, server.as_ref().filter(|url| url.path().is_none()))?)
        }
        (Some(file), None) => (file, backup(&args.records.database()?, file)?),
        (None, None) => unreachable!("one of both flags is required"),
    };
    let shown = Shown::of(file.display().to_string(), &found);
    let text = if args.json { format!("{}\n", serde_json::to_string(&shown)?) } else { shown.render() };
    Ok(Report { text, is_good: shown.proven })
}

impl Shown {
    fn of(file: String, found: &Backup) -> Self {
        let tables = found.tables.iter().map(|count| Table { table: count.table, rows: count.rows }).collect();
        let verification = found.verification.as_ref().map(|found| ShownVerification::of(file.clone(), found));
        let unrestored = found.unrestored.clone();
        Self { file, bytes: found.bytes, proven: verification.is_some(), unrestored, tables, verification, logs: false }
    }

    fn render(&self) -> String {
        let rows: u64 = self.tables.iter().map(|table| table.rows).sum();
        let tables: Vec<_> = self.tables.iter().filter(|table| table.rows > 0).collect();
        let tables: Vec<String> = tables.iter().map(|table| format!("{} {}", table.table, table.rows)).collect();
        let mut text = format!("{}: {} bytes, {rows} rows ({})\n", self.file, self.bytes, tables.join(", "));
        if let Some(verification) = &self.verification {
            text.push_str(&verification.chains());
        }
        text.push_str(&match &self.unrestored {
            None => "\nRestored and compared: every row is there as it was written. Log lines are not part of it.\n"
                .to_owned(),
            Some(why) => format!("\nNOT PROVEN: the archive is whole, but it was not restored: {why}\n"),
        });
        text
    }
}

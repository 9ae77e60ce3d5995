//! `orbd migrate`: brings a database to this version's schema, or tells how far it is.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::records_args::RecordsArgs;
use super::report::Report;
use crate::store::{migrate, migration_status};

/// Bring the records to this version's schema, or tell which migrations they have.
#[derive(Args, Clone, Debug)]
pub struct MigrateArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Apply what is pending, all of it or nothing; orbd does the same at its start. Make a backup before
    Up(ActionArgs),
    /// List each migration; nothing is changed
    ///
    /// Exit codes: 0 whatever is pending, 1 when the database cannot be read.
    Status(ActionArgs),
}

#[derive(Args, Clone, Debug)]
struct ActionArgs {
    #[command(flatten)]
    records: RecordsArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// One migration and where it is.
#[derive(Debug, Serialize)]
struct Line {
    migration: String,
    state: &'static str,
}

#[derive(Debug, Serialize)]
struct Shown {
    database: String,
    migrations: Vec<Line>,
}

/// Runs the command.
///
/// # Errors
/// When the database cannot be opened, or is of a newer version and should be migrated; then nothing is written.
pub fn run(args: &MigrateArgs) -> anyhow::Result<Report> {
    match &args.action {
        Action::Up(args) => up(args),
        Action::Status(args) => status(args),
    }
}

fn up(args: &ActionArgs) -> anyhow::Result<Report> {
    let url = args.records.database()?;
    let applied = migrate(&url)?;
    let summary = match applied.len() {
        0 => "Nothing was pending.".to_owned(),
        1 => "1 migration was applied.".to_owned(),
        count => format!("{count} migrations were applied."),
    };
    let lines = applied.into_iter().map(|migration| Line { migration, state: "applied now" }).collect();
    Shown { database: url.to_string(), migrations: lines }.report(args.json, &summary)
}

fn status(args: &ActionArgs) -> anyhow::Result<Report> {
    let url = args.records.database()?;
    let found = migration_status(&url)?;
    let summary = match (found.unknown.first(), found.pending.len()) {
        (Some(_), _) => {
            "A newer orb made this database: use that version. Nothing of it is changed by this one.".to_owned()
        }
        (None, 0) => "The database has this version's schema.".to_owned(),
        (None, count) => {
            format!("{count} pending: `orbd migrate up` applies them, and so does the next start of orbd.")
        }
    };
    let of = |list: Vec<String>, state| list.into_iter().map(move |migration| Line { migration, state });
    let known = found.applied.into_iter().filter(|version| !found.unknown.contains(version)).collect();
    let lines = of(known, "applied").chain(of(found.pending, "pending")).chain(of(found.unknown, "of a newer version"));
    Shown { database: url.to_string(), migrations: lines.collect() }.report(args.json, &summary)
}

impl Shown {
    fn report(&self, json: bool, summary: &str) -> anyhow::Result<Report> {
        let text = if json { format!("{}\n", serde_json::to_string(self)?) } else { self.render(summary) };
        Ok(Report { text, is_good: true })
    }

    fn render(&self, summary: &str) -> String {
        let lines: String =
            self.migrations.iter().map(|line| format!("  {:<10}  {}\n", line.migration, line.state)).collect();
        format!("{}\n{lines}\n{summary}\n", self.database)
    }
}

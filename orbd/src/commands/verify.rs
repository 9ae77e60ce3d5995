//! `orbd verify`: proves that nothing of the records was changed behind orb's back.

use clap::Args;
use serde::Serialize;

use super::records_args::RecordsArgs;
use super::report::Report;
use crate::store::{Verification, VerifiedChain, verify};

/// Prove that journal and audit log are as they were written, row by row; orbd may be running.
///
/// Each row's hash covers its content and the hash before it, and each ledger knows how many rows there are. A hash that
/// was noted elsewhere also shows whether somebody made a whole chain anew.
///
/// Exit codes: 0 when every row is as it was written, 1 when one is not or the records cannot be read, 2 for wrong usage.
#[derive(Args, Clone, Debug)]
pub struct VerifyArgs {
    #[command(flatten)]
    records: RecordsArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// When there are no records, they are of another version, or they cannot be read.
pub fn run(args: &VerifyArgs) -> anyhow::Result<Report> {
    let url = args.records.database()?;
    let found = verify(&url)?;
    let shown = Shown::of(url.to_string(), &found);
    let text = if args.json { format!("{}\n", serde_json::to_string(&shown)?) } else { shown.render() };
    Ok(Report { text, is_good: shown.sound })
}

/// What is printed of a verification.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    database: String,
    /// Everything is as it was written.
    sound: bool,
    ledgers: Vec<ShownLedger>,
    /// What SQLite says about damaged pages.
    damage: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ShownLedger {
    ledger: String,
    journal: ShownChain,
    audit: ShownChain,
}

#[derive(Debug, Serialize)]
struct ShownChain {
    /// Rows that are as they were written, from the first on.
    rows: u64,
    /// Number of the last event or command of these.
    last: u64,
    /// The last hash of these.
    hash: String,
    /// Absent when the chain is unbroken.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<ShownBreak>,
}

#[derive(Debug, Serialize)]
struct ShownBreak {
    table: &'static str,
    key: String,
    kind: &'static str,
    text: String,
}

impl Shown {
    pub(super) fn of(database: String, found: &Verification) -> Self {
        let ledgers = found.ledgers.iter().map(|ledger| ShownLedger {
            ledger: ledger.ledger_id.clone(),
            journal: ShownChain::of(&ledger.journal),
            audit: ShownChain::of(&ledger.audit),
        });
        Self { database, sound: found.is_sound(), ledgers: ledgers.collect(), damage: found.damage.clone() }
    }

    fn render(&self) -> String {
        let mut text = format!("{}\n", self.database);
        text.push_str(&self.chains());
        for complaint in &self.damage {
            text.push_str(&format!("  DAMAGED  {complaint}\n"));
        }
        text.push_str(match self.sound {
            true if self.ledgers.is_empty() => "\nNothing was recorded yet.\n",
            true => "\nEvery row is as it was written.\n",
            false => {
                "\nThe records are not as they were written: keep them aside, restore the last backup, and find out who \
                 changed them.\n"
            }
        });
        text
    }

    /// Writes a line for each chain.
    pub(super) fn chains(&self) -> String {
        let lines = self.ledgers.iter().flat_map(|ledger| {
            [("journal", &ledger.journal), ("audit log", &ledger.audit)]
                .map(|(name, chain)| chain.line(&ledger.ledger, name))
        });
        lines.collect()
    }
}

impl ShownChain {
    fn of(chain: &VerifiedChain) -> Self {
        let broken = chain.broken.as_ref().map(|row| ShownBreak {
            table: row.table,
            key: row.key.clone(),
            kind: row.difference.name(),
            text: row.difference.to_string(),
        });
        Self { rows: chain.rows, last: chain.last, hash: chain.hash.clone(), broken }
    }

    fn line(&self, ledger: &str, name: &str) -> String {
        let Self { rows, last, hash, broken } = self;
        match broken {
            None => format!("  ok       {ledger}  {name}: {rows} rows to number {last}, hash {}\n", shown(hash)),
            Some(ShownBreak { table, key, text, .. }) => format!(
                "  BROKEN   {ledger}  {name}: table {table}, row {key}: {text}; {rows} rows to number {last} are as they were written\n"
            ),
        }
    }
}

fn shown(hash: &str) -> &str {
    if hash.is_empty() { "-" } else { hash }
}

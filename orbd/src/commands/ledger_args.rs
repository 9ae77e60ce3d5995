//! Which records a command reads: a database and one ledger in it.

use anyhow::{Context as _, bail};
use clap::Args;
use orb_core::Date;

use super::RecordsArgs;
use crate::store::{DatabaseUrl, DateRange, Ledger, Reader};

/// Chooses one ledger of a database of records.
#[derive(Args, Clone, Debug, Default)]
pub struct LedgerArgs {
    /// The database.
    #[command(flatten)]
    pub records: RecordsArgs,
    /// Ledger, as `orbctl status` shows it [default: the only one that has the day, the latest of a demo's]
    #[arg(long, value_name = "ID")]
    pub ledger: Option<String>,
}

/// Holds the records of one ledger.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) url: DatabaseUrl,
    pub(super) reader: Reader,
}

impl LedgerArgs {
    /// Opens the records of the ledger that has a day in its journal.
    ///
    /// # Errors
    /// Names the file, line or flag at fault, or tells that no ledger or more than one has the day.
    pub(super) fn open(&self, date: Date) -> anyhow::Result<Records> {
        let url = self.records.database()?;
        if let Some(path) = url.path().filter(|path| !path.exists()) {
            bail!("there are no records at {}: name others with --data-dir or --database", path.display());
        }
        let ledgers = Ledger::all(&url)?;
        let ledger = match &self.ledger {
            Some(id) => named(&ledgers, id)?,
            None => of_day(&url, &ledgers, date)?,
        };
        let reader = Reader::open(&url, ledger)?;
        Ok(Records { url, reader })
    }
}

fn named<'a>(ledgers: &'a [Ledger], id: &str) -> anyhow::Result<&'a Ledger> {
    let found = ledgers.iter().find(|ledger| ledger.id() == id);
    found.with_context(|| format!("--ledger {id}: there is no such ledger; there are {}", ids(ledgers)))
}

/// Finds the ledger of a day; a demo's runs are ledgers of their own, of which the latest counts.
fn of_day<'a>(url: &DatabaseUrl, ledgers: &'a [Ledger], date: Date) -> anyhow::Result<&'a Ledger> {
    let Some(first) = ledgers.first() else { bail!("the records of {url} have no ledger yet") };
    let reader = Reader::open(url, first)?;
    let mut having = Vec::new();
    for ledger in ledgers {
        if !reader.with_ledger(ledger).sessions(DateRange::day(date))?.is_empty() {
            having.push(ledger);
        }
    }
    let is_demo = |ledger: &&Ledger| ledger.account_id().starts_with("DEMO-");
    match having[..] {
        [] => bail!("no ledger has a session of {date}: there are {}", ids(ledgers)),
        [only] => Ok(only),
        [.., latest] if having.iter().all(is_demo) => Ok(latest),
        [..] => bail!("--ledger: several have a session of {date}: {}", ids(having.iter().copied())),
    }
}

fn ids<'a>(ledgers: impl IntoIterator<Item = &'a Ledger>) -> String {
    ledgers.into_iter().map(Ledger::id).collect::<Vec<_>>().join(", ")
}

//! What `orbd data` prints.

use std::path::Path;

use orb_data::dataset::{Compacted, Imported, Problem, Status, TableStatus, Verified};
use serde::Serialize;

use crate::commands::Report;
use crate::gather::Gathered;

/// Renders itself for people.
pub(super) trait Shown: Serialize {
    /// Writes whole lines.
    fn render(&self) -> String;
    /// Everything is in order.
    fn is_good(&self) -> bool {
        true
    }
}

/// Makes the report of a command.
pub(super) fn print(shown: &impl Shown, as_json: bool) -> anyhow::Result<Report> {
    let text = if as_json { format!("{}\n", serde_json::to_string(shown)?) } else { shown.render() };
    Ok(Report { text, is_good: shown.is_good() })
}

#[derive(Debug, Serialize)]
pub(super) struct ShownImported {
    dataset: String,
    sessions: u64,
    added: u64,
    same: u64,
    replaced: u64,
}

impl ShownImported {
    pub(super) fn of(folder: &Path, imported: Imported) -> Self {
        let Imported { sessions, added, same, replaced } = imported;
        Self { dataset: folder.display().to_string(), sessions, added, same, replaced }
    }
}

impl Shown for ShownImported {
    fn render(&self) -> String {
        let Self { dataset, sessions, added, same, replaced } = self;
        format!("{dataset}: {added} bars added, {replaced} replaced, {same} were there; {sessions} sessions changed\n")
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ShownGathered {
    dataset: String,
    days: u64,
    ranges: u64,
    assets: u64,
    actions: u64,
    requests: u64,
}

impl ShownGathered {
    pub(super) fn of(folder: &Path, gathered: Gathered, requests: u64) -> Self {
        let Gathered { days, ranges, assets, actions } = gathered;
        Self { dataset: folder.display().to_string(), days, ranges, assets, actions, requests }
    }
}

impl Shown for ShownGathered {
    fn render(&self) -> String {
        let Self { dataset, days, ranges, assets, actions, requests } = self;
        format!(
            "{dataset}: {days} days, {ranges} opening ranges, {assets} assets and {actions} corporate actions by \
             {requests} requests\n"
        )
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ShownStatus {
    dataset: String,
    feed: &'static str,
    bar_minutes: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<String>,
    sessions: Vec<ShownSession>,
    missing: Vec<String>,
    symbols: Vec<String>,
    bars: u64,
    bytes: u64,
    tables: Vec<ShownTable>,
}

#[derive(Debug, Serialize)]
struct ShownTable {
    table: String,
    first: String,
    last: String,
    sessions: u64,
    rows: u64,
    bytes: u64,
}

impl ShownTable {
    fn of(status: &TableStatus) -> Self {
        let TableStatus { table, first, last, sessions, rows, bytes } = *status;
        let (first, last) = (first.to_string(), last.to_string());
        Self { table: table.name(), first, last, sessions, rows, bytes }
    }

    fn render(&self) -> String {
        let Self { table, first, last, sessions, rows, .. } = self;
        format!("  {table}: {rows} rows of {sessions} sessions from {first} to {last}\n")
    }
}

#[derive(Debug, Serialize)]
struct ShownSession {
    date: String,
    bars: u64,
    symbols: u64,
    files: u64,
    bytes: u64,
}

impl ShownStatus {
    pub(super) fn of(folder: &Path, status: &Status) -> Self {
        let sessions = status.sessions.iter().map(|session| ShownSession {
            date: session.date.to_string(),
            bars: session.bars,
            symbols: session.symbols,
            files: session.files,
            bytes: session.bytes,
        });
        let date = |session: Option<&orb_data::dataset::SessionStatus>| session.map(|session| session.date.to_string());
        Self {
            dataset: folder.display().to_string(),
            feed: status.header.feed().name(),
            bar_minutes: status.header.bar_length().minutes(),
            first: date(status.sessions.first()),
            last: date(status.sessions.last()),
            sessions: sessions.collect(),
            missing: status.missing.iter().map(ToString::to_string).collect(),
            symbols: status.symbols.clone(),
            bars: status.bars(),
            bytes: status.bytes(),
            tables: status.tables.iter().map(ShownTable::of).collect(),
        }
    }
}

impl Shown for ShownStatus {
    fn render(&self) -> String {
        let Self { dataset, feed, bar_minutes, .. } = self;
        let text = format!("{dataset}: bars of {bar_minutes} min, feed {feed}\n");
        let tables = self.tables.iter().map(ShownTable::render);
        text + &self.render_bars() + &tables.collect::<String>()
    }
}

impl ShownStatus {
    fn render_bars(&self) -> String {
        let mut text = String::new();
        let (Some(first), Some(last)) = (&self.first, &self.last) else {
            text.push_str("  no session yet: `orbd data fetch` or `orbd data import`\n");
            return text;
        };
        let (sessions, symbols, bars) = (self.sessions.len(), self.symbols.len(), self.bars);
        text.push_str(&format!("  {sessions} sessions from {first} to {last}, {symbols} symbols, {bars} bars\n"));
        text.push_str(&format!("  {:.1} MB\n", self.bytes as f64 / 1e6));
        let split = self.sessions.iter().filter(|session| session.files > 1).count();
        if split > 0 {
            text.push_str(&format!("  {split} sessions have several files: `orbd data compact` makes one of them\n"));
        }
        match self.missing.as_slice() {
            [] => text.push_str("  no session is missing between\n"),
            [only] => text.push_str(&format!("  1 session is missing between: {only}\n")),
            [first, .., last] => {
                let count = self.missing.len();
                text.push_str(&format!(
                    "  {count} sessions are missing between: {first} to {last} (--json lists them)\n"
                ));
            }
        }
        text
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ShownVerified {
    dataset: String,
    /// Everything is as it was written, and nothing is left over.
    sound: bool,
    sessions: u64,
    bars: u64,
    partitions: u64,
    rows: u64,
    problems: Vec<String>,
}

impl ShownVerified {
    pub(super) fn of(folder: &Path, verified: &Verified) -> Self {
        Self {
            dataset: folder.display().to_string(),
            sound: verified.problems.is_empty(),
            sessions: verified.sound,
            bars: verified.bars,
            partitions: verified.partitions,
            rows: verified.rows,
            problems: verified.problems.iter().map(Problem::to_string).collect(),
        }
    }
}

impl Shown for ShownVerified {
    fn render(&self) -> String {
        let Self { dataset, sessions, bars, .. } = self;
        let mut text = format!("{dataset}: {sessions} sessions with {bars} bars are as they were written\n");
        if self.partitions > 0 {
            let (partitions, rows) = (self.partitions, self.rows);
            text.push_str(&format!("  and so are {partitions} partitions of tables with {rows} rows\n"));
        }
        self.problems.iter().for_each(|problem| text.push_str(&format!("  PROBLEM  {problem}\n")));
        text
    }

    fn is_good(&self) -> bool {
        self.sound
    }
}

#[derive(Debug, Serialize)]
pub(super) struct ShownCompacted {
    dataset: String,
    sessions: u64,
    removed: u64,
}

impl ShownCompacted {
    pub(super) fn of(folder: &Path, compacted: Compacted) -> Self {
        let Compacted { sessions, removed } = compacted;
        Self { dataset: folder.display().to_string(), sessions, removed }
    }
}

impl Shown for ShownCompacted {
    fn render(&self) -> String {
        let Self { dataset, sessions, removed } = self;
        format!("{dataset}: {sessions} sessions or partitions are one file now, {removed} files were removed\n")
    }
}

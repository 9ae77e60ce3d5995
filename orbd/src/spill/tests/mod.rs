//! Keeping under every kind of trouble that a store can have, and what a crash leaves behind.

mod days;
mod doubt;
mod files;
mod keeping;
mod servers;
mod venue;

use std::path::PathBuf;
use std::time::Duration;

use orb_core::Timestamp;
use orb_core::effect::Effect;
use orb_core::event::Event;
use orb_core::fact::{Fact, HoldRecord};
use orb_core::hold::{Hold, HoldKind};
use orb_core::symbol::{Symbol, SymbolTable};
use tempfile::TempDir;

use super::bundle::{Bundle, Events};
use super::{Keeper, Patience, spill_path};
use crate::journal::{Encoder, EntryRef};
use crate::store::{Audit, DatabaseUrl, Ledger, Names, Writer};
use crate::view::Environment;

/// No step takes nearly as long.
const LONG: Duration = Duration::from_secs(30);

/// Less than SQLite waits for a lock, and more than a busy machine needs for a commit.
const PATIENCE: Patience = Patience::even(Duration::from_secs(3));

/// Records in a folder, which end with this value.
struct Books {
    folder: TempDir,
    url: DatabaseUrl,
}

impl Books {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = DatabaseUrl::sqlite(folder.path().join("orb.db"));
        Self { folder, url }
    }

    fn writer(&self) -> Writer {
        Writer::open(&self.url, ledger(), names()).expect("a writer")
    }

    fn keeper(&self) -> Keeper {
        Keeper::start(self.writer(), self.folder.path(), PATIENCE).expect("threads")
    }

    fn spill(&self) -> PathBuf {
        spill_path(self.folder.path())
    }

    /// Returns the number of the last event, and those of the bundles, which have a hold each, in order.
    fn kept(&self) -> (u64, Vec<u64>) {
        let restored = self.writer().load().expect("the records");
        let holds = restored.holds.iter().map(|hold| hold.reason.parse().expect("a number"));
        (restored.last_sequence, holds.collect())
    }
}

fn ledger() -> Ledger {
    Ledger::new(Environment::Sim, "SIM-1")
}

fn names() -> Names {
    let symbols = SymbolTable::new(["AAA", "BBB"].map(|text| Symbol::new(text).expect(text)));
    Names { symbols, strategies: vec!["orb-classic".to_owned()] }
}

/// Makes the bundle of one event, with a hold that tells its number.
fn bundle(sequence: u64) -> Bundle {
    let at = Timestamp::from_micros(i64::try_from(sequence).expect("a small number") * 1_000_000);
    let hold =
        Hold { kind: HoldKind::OperatorPause, reason: sequence.to_string(), actor: "test".to_owned(), since: at };
    let fact = Fact::Hold(HoldRecord { hold, cleared: None });
    let effects = [Effect::Record(fact.clone())];
    let entry = EntryRef { sequence, now: at, event: &Event::Wakeup, effects: &effects };
    Bundle {
        events: Some(Events {
            first_sequence: sequence,
            last_sequence: sequence,
            last_effect: sequence / 2,
            date: Some("2026-02-13".parse().expect("a date")),
            at,
            bytes: Encoder::default().encode(None, &[entry]),
        }),
        last_sequence: sequence,
        facts: vec![fact],
        audits: Vec::new(),
        equity: Vec::new(),
        bars: Vec::new(),
        steps: Vec::new(),
    }
}

/// Makes what became of a command, which goes with no event.
fn audit(id: &str, last_sequence: u64) -> Bundle {
    let audit = Audit {
        request_id: id.to_owned(),
        actor: "dana".to_owned(),
        command: "PauseEntries".to_owned(),
        reason: "news; \"quoted\"\n".to_owned(),
        result: "PAUSED".to_owned(),
        accepted: true,
        at: Timestamp::from_micros(5),
    };
    Bundle { last_sequence, audits: vec![audit], ..Bundle::default() }
}

/// Waits until the store has caught up.
async fn until_over(keeper: &mut Keeper) {
    let over = async {
        while !keeper.is_over().expect("a store that may recover") {
            keeper.news().await;
        }
    };
    tokio::time::timeout(LONG, over).await.expect("the trouble passes");
}

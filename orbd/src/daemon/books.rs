//! The records of one ledger, opened for a daemon.

use std::path::PathBuf;

use orb_core::config::RunConfig;
use orb_core::fact::{Fact, HoldRecord};
use orb_core::hold::{Clearing, Hold, HoldClearance};
use orb_core::{SymbolTable, Timestamp};

use super::Folder;
use crate::spill::{KeepError, Merged, Patience, merge, spill_path};
use crate::store::{Commit, DatabaseUrl, Ledger, Names, Restored, StoreError, Writer};

/// Holds the records of a ledger and what they say of before.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) ledger: Ledger,
    pub(crate) writer: Writer,
    pub(crate) restored: Restored,
    /// Where the spill file is while there is need of one.
    pub(crate) folder: PathBuf,
    /// How long the loop waits for them.
    pub(crate) patience: Patience,
}

impl Books {
    /// Opens the records of a ledger for writing, after what a crash left in the folder's spill file is in them.
    ///
    /// `patience`: how long a commit may take before entries are held.
    ///
    /// # Errors
    /// When the database cannot be opened, is newer than this orb, or belongs to another daemon at this moment; or when
    /// the spill file is damaged or belongs to another ledger.
    pub(crate) fn open(
        url: &DatabaseUrl,
        ledger: Ledger,
        run: &RunConfig,
        symbols: &SymbolTable,
        folder: &Folder,
        patience: Patience,
    ) -> Result<Self, KeepError> {
        if let Some(merged) = merge(&spill_path(folder.path()), url, &ledger)? {
            tell(merged);
        }
        let strategies = run.strategies.iter().map(|strategy| strategy.name.clone()).collect();
        let names = Names { symbols: symbols.clone(), strategies };
        let mut writer = Writer::open(url, ledger.clone(), names)?;
        let restored = writer.load()?;
        Ok(Self { ledger, writer, restored, folder: folder.path().to_owned(), patience })
    }

    /// Records the end of the holds that ended with the earlier daemon: their causes will show themselves again.
    ///
    /// # Errors
    /// When the commit fails.
    pub(super) fn end_causes(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let over = |hold: &&Hold| hold.kind.clearing() == Clearing::Cause;
        let ended = |hold: &Hold| {
            let (actor, reason) = ("orbd".to_owned(), "orb was started again".to_owned());
            let cleared = Some(HoldClearance { actor, reason, at: now.max(hold.since) });
            Fact::Hold(HoldRecord { hold: hold.clone(), cleared })
        };
        let facts: Vec<Fact> = self.restored.holds.iter().filter(over).map(ended).collect();
        if facts.is_empty() {
            return Ok(());
        }
        self.writer.commit(&Commit { facts: &facts, ..Commit::default() })
    }

    /// Tells whether there is something to go on with.
    pub(crate) const fn is_resumed(&self) -> bool {
        self.restored.session.is_some()
    }
}

fn tell(merged: Merged) {
    let Merged { committed, known, torn } = merged;
    let torn = if torn { "; its last line was cut off, and nothing had followed from it" } else { "" };
    tracing::warn!(
        component = "Store",
        "the spill file of a daemon that ended while its records were in trouble is merged: {committed} commits, \
         {known} were known{torn}"
    );
}

/// Hands what the store loaded to the engine.
pub(super) fn core_restored(restored: Restored) -> orb_core::Restored {
    let Restored { session, signals, orders, fills, mut trades, decisions, carried, holds, closings, .. } = restored;
    let (limits, strategy_stops, alarms) = (restored.limits, restored.strategy_stops, restored.alarms);
    trades.extend(carried);
    orb_core::Restored {
        session,
        signals,
        orders,
        fills,
        executions: Vec::new(),
        trades,
        decisions,
        holds,
        closings,
        limits,
        strategy_stops,
        alarms,
    }
}

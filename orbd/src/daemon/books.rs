//! The records of one ledger, opened for a daemon.

use orb_core::SymbolTable;
use orb_core::config::RunConfig;

use crate::store::{DatabaseUrl, Ledger, Names, Restored, StoreError, Writer};

/// Holds the records of a ledger and what they say of before.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) ledger: Ledger,
    pub(crate) writer: Writer,
    pub(crate) restored: Restored,
}

impl Books {
    /// Opens the records of a ledger for writing.
    ///
    /// # Errors
    /// When the database cannot be opened, is newer than this orb, or belongs to another daemon at this moment.
    pub(crate) fn open(
        url: &DatabaseUrl,
        ledger: Ledger,
        run: &RunConfig,
        symbols: &SymbolTable,
    ) -> Result<Self, StoreError> {
        let strategies = run.strategies.iter().map(|strategy| strategy.name.clone()).collect();
        let names = Names { symbols: symbols.clone(), strategies };
        let mut writer = Writer::open(url, ledger.clone(), names)?;
        let restored = writer.load()?;
        Ok(Self { ledger, writer, restored })
    }

    /// Tells whether there is something to go on with.
    pub(crate) const fn is_resumed(&self) -> bool {
        self.restored.session.is_some()
    }
}

/// Hands what the store loaded to the engine.
pub(super) fn core_restored(restored: Restored) -> orb_core::Restored {
    let Restored { session, signals, orders, fills, mut trades, decisions, carried, holds, closings, .. } = restored;
    let (limits, strategy_stops) = (restored.limits, restored.strategy_stops);
    trades.extend(carried);
    orb_core::Restored {
        session,
        signals,
        orders,
        executions: fills.into_iter().map(|fill| fill.execution.id).collect(),
        trades,
        decisions,
        holds,
        closings,
        limits,
        strategy_stops,
    }
}

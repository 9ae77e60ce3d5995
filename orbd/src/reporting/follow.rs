//! From one view to the next: which alarms were raised.

use std::collections::BTreeSet;
use std::sync::Arc;

use orb_core::alarm::AlarmId;
use orb_core::{SymbolTable, Timestamp};
use tokio::sync::broadcast::{self, error::RecvError};

use super::report::{Report, What};
use super::reporter::Reporter;
use crate::view::{AlarmView, Update};

/// Reports alarms until the engine's ends have gone.
pub(super) async fn follow(mut updates: broadcast::Receiver<Arc<Update>>, reporter: Reporter) {
    let mut follower = Follower::default();
    loop {
        match updates.recv().await {
            Ok(update) => follower.on_update(&update, &reporter),
            // The next one shows the alarms that still stand.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Follows the views of one daemon.
#[derive(Debug, Default)]
pub(super) struct Follower {
    ledger: Arc<str>,
    /// When this engine began: alarms that are older were reported before.
    since: Option<Timestamp>,
    told: BTreeSet<AlarmId>,
    symbols: Option<Arc<SymbolTable>>,
}

impl Follower {
    pub(super) fn on_update(&mut self, update: &Update, reporter: &Reporter) {
        let view = &update.view;
        if view.now.is_none() || self.ledger != view.ledger.id {
            *self = Self { ledger: Arc::clone(&view.ledger.id), ..Self::default() };
            reporter.turn_to(view.ledger.environment);
        }
        if !self.symbols.as_ref().is_some_and(|known| Arc::ptr_eq(known, &view.symbols)) {
            self.symbols = Some(Arc::clone(&view.symbols));
            reporter.know(Arc::clone(&view.symbols));
        }
        let Some(now) = view.now else { return };
        let since = *self.since.get_or_insert(now);
        for shown in view.alarms.iter().filter(|shown| shown.alarm.since >= since) {
            if self.told.insert(shown.alarm.id) {
                reporter.tell(report(shown));
            }
        }
    }
}

/// Reports an alarm without its text, which may repeat what the broker said.
fn report(shown: &AlarmView) -> Report {
    let (kind, id) = (shown.alarm.kind, shown.alarm.id);
    Report::new(What::Alarm { kind, id, symbol: shown.symbol.clone() })
}

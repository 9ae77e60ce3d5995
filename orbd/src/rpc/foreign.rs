//! Closing what is not orb's, straight at the broker, where the account's id was typed.
//!
//! Entries are held before, and as long as it goes on: a symbol in which orb has anything is left to the engine, so no
//! position has two that close it.

use std::{sync::Arc, time::Duration};

use orb_api::v1;
use orb_exec::alpaca::Emergency;
use tokio::{
    sync::{Mutex, OwnedMutexGuard, watch},
    time::{Instant, timeout_at},
};
use tonic::Status;

use super::{refuse::precondition, validate};
use crate::{
    guard::{FlattenReport, Flattener, Pace, Scope, SymbolReport, market_is_open},
    store::Ledger,
    view::View,
};

/// A reply waits a few seconds at most, so it is looked often.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Lets one close of what is not orb's happen at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Foreign(Arc<Mutex<()>>);

/// A close that may begin.
pub(super) struct Ready {
    account: Emergency,
    turn: OwnedMutexGuard<()>,
}

/// What of a close is known when the reply is due.
pub(super) enum Known {
    Ended(FlattenReport),
    /// It goes on; the log will say how it ended.
    GoesOn,
}

/// Checks the account id that a person typed, before anything is done.
pub(super) fn check_account(view: &View, typed: &str) -> Result<(), Status> {
    if typed.is_empty() {
        return Err(validate::invalid(
            "account_id",
            "needed with include_foreign; type the number of the broker's account",
        ));
    }
    // The id of the books is made of the account's, which is shown to nobody in full.
    if Ledger::new(view.ledger.environment, typed).id() == &*view.ledger.id {
        return Ok(());
    }
    Err(validate::invalid(
        "account_id",
        "not that of the account that is traded, and nothing was done; type the number that the broker shows for it",
    ))
}

impl Foreign {
    /// Takes the turn and asks the broker whether it can be done at all.
    pub(super) async fn prepare(&self, account: Option<Emergency>, typed: &str) -> Result<Ready, Status> {
        let Some(account) = account else {
            let what =
                "the built-in exchange has one user, so there is nothing that is not orb's; leave include_foreign out";
            return Err(precondition("NO_FOREIGN", "account", what));
        };
        let turn = Arc::clone(&self.0).try_lock_owned().map_err(|_| {
            precondition("FOREIGN_CLOSE", "account", "an earlier close of what is not orb's still goes on; wait for it")
        })?;
        let asked = |error| Status::unavailable(format!("the broker cannot be asked: {error}; nothing was closed"));
        if account.account().await.map_err(asked)? != typed {
            let what = "the key opens another account, and nothing was closed; see `orbd check`";
            return Err(precondition("OTHER_ACCOUNT", "account_id", what));
        }
        let calendar = orb_data::nyse_calendar(2005, 2100);
        if !market_is_open(&account, &calendar).await.map_err(asked)? {
            let what =
                "the market is closed, so nothing that is not orb's can be closed; give the command after the open";
            return Err(precondition("MARKET_CLOSED", "session", what));
        }
        Ok(Ready { account, turn })
    }
}

impl Ready {
    /// Closes what is not orb's and waits for it until `deadline`; it goes on after that, up to two minutes.
    pub(super) async fn close(self, views: watch::Receiver<Arc<View>>, deadline: Instant) -> Known {
        let work = tokio::spawn(async move {
            let Self { account, turn } = self;
            let ledger = Arc::clone(&views.borrow().ledger.id);
            let is_safe = || {
                let view = views.borrow();
                !view.holds.is_empty() && view.ledger.id == ledger
            };
            let pace = Pace { look_every: LOOK_EVERY, ..Pace::default() };
            let report = Flattener::new(&account, Scope::Foreign, pace).run(is_safe).await;
            tell(&report);
            drop(turn);
            report
        });
        match timeout_at(deadline, work).await {
            Ok(Ok(report)) => Known::Ended(report),
            Ok(Err(_)) | Err(_) => Known::GoesOn,
        }
    }
}

fn tell(report: &FlattenReport) {
    let text = report.render();
    if report.is_verified {
        tracing::info!(component = "Executor", "what is not orb's was closed. {text}");
    } else {
        tracing::warn!(component = "Executor", "not all that is not orb's could be closed. {text}");
    }
}

/// Shows what became of each symbol.
pub(super) fn shown(report: &FlattenReport) -> Vec<v1::ForeignHolding> {
    report.symbols.iter().map(|symbol| holding(symbol, &report.troubles)).collect()
}

fn holding(symbol: &SymbolReport, troubles: &[String]) -> v1::ForeignHolding {
    let about = format!("{}: ", symbol.symbol);
    let own = troubles.iter().filter(|trouble| trouble.starts_with(&about));
    let notes: Vec<&str> = symbol.notes.iter().chain(own).map(String::as_str).collect();
    v1::ForeignHolding {
        symbol: symbol.symbol.clone(),
        cancelled_order_ids: symbol.cancelled.clone(),
        remaining_quantity: symbol
            .left
            .as_ref()
            .map_or_else(|| "0".to_owned(), |left| left.shares.normalize().to_string()),
        remaining_order_ids: symbol.left.as_ref().map(|left| left.orders.clone()).unwrap_or_default(),
        detail: notes.join("; "),
    }
}

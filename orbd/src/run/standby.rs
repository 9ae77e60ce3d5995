//! Waiting beside a running daemon until its ledger is free, and taking it.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::guard::Heart;
use crate::service;
use crate::spill::{KeepError, SpillError};
use crate::store::{DatabaseUrl, LeaseWatch, Ledger, StoreError};
use crate::summary;

/// How often the lease is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Takes what is free, again and again until it is taken or cannot be had at all: where another daemon was faster, it
/// waits once more.
///
/// # Errors
/// When it cannot be had for another reason than that somebody has it.
pub(super) async fn until_taken<T>(take: impl AsyncFn() -> anyhow::Result<T>) -> anyhow::Result<T> {
    loop {
        match take().await {
            Err(error) if is_in_use(&error) => {
                tracing::info!(component = "Store", "another daemon took the ledger first");
                tokio::time::sleep(LOOK_EVERY).await;
            }
            taken => return taken,
        }
    }
}

/// Tells whether somebody else has the books.
fn is_in_use(error: &anyhow::Error) -> bool {
    let by_store = |error: &StoreError| matches!(error, StoreError::InUse { .. });
    match error.downcast_ref() {
        Some(KeepError::Store(error) | KeepError::Spill(SpillError::Store { source: error, .. })) => by_store(error),
        Some(_) | None => false,
    }
}

/// Waits until nobody holds a ledger.
///
/// Meanwhile a guard of this state directory is told that another daemon has the account: what is held there is not this
/// process' to lose. From the end on silence counts.
///
/// # Errors
/// When the database is a file. One that does not answer is asked again: its holder cannot renew its lease either.
pub(super) async fn wait_for(url: &DatabaseUrl, ledger: &Ledger, folder: &Path) -> anyhow::Result<()> {
    let heart = Heart::of(folder);
    let mut watch = LeaseWatch::new(url, ledger)?;
    let (mut told, mut complained) = (false, false);
    loop {
        let asked = tokio::task::spawn_blocking(move || {
            let holder = watch.holder();
            (watch, holder)
        });
        let (returned, holder) = asked.await.context("looking at the lease ended abnormally")?;
        watch = returned;
        match holder {
            Ok(None) => {
                heart.beat();
                return Ok(());
            }
            Ok(Some(_)) if told => heart.set_aside(),
            Ok(Some(holder)) => {
                summary::print(&format!("Standing by: {holder} has the ledger {}.\n", ledger.id()))?;
                service::standing_by(&holder.to_string());
                heart.set_aside();
                told = true;
            }
            Err(error) if !complained => {
                tracing::warn!(component = "Store", "the holder of the ledger is not known: {error}");
                complained = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use core::cell::RefCell;

    use super::*;

    fn in_use() -> anyhow::Error {
        let [database, ledger, holder] = ["d", "l", "process 7"].map(str::to_owned);
        KeepError::Store(StoreError::InUse { database, ledger, holder }).into()
    }

    #[tokio::test]
    async fn a_standby_that_loses_the_race_for_the_ledger_goes_on_waiting() {
        let answers = RefCell::new(vec![Ok("the books"), Err(in_use()), Err(in_use())]);
        let taken = until_taken(async || answers.borrow_mut().pop().expect("an answer")).await;
        assert_eq!((taken.expect("taken"), answers.into_inner().len()), ("the books", 0));
    }

    #[tokio::test]
    async fn a_standby_that_cannot_have_the_ledger_at_all_says_so_at_once() {
        let refused = until_taken(async || Err::<(), _>(KeepError::Gone.into())).await;
        assert!(refused.expect_err("an error").to_string().contains("has ended"));
        let unheard = until_taken::<()>(async || anyhow::bail!("no server")).await;
        assert_eq!(unheard.expect_err("an error").to_string(), "no server");
    }
}

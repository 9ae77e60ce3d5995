//! Waiting beside a running daemon until its ledger is free, and taking it.

use std::time::Duration;

use anyhow::Context as _;
use orb_exec::Clock;

use super::{Keep, Trading};
use crate::daemon::Books;
use crate::spill::{KeepError, SpillError};
use crate::store::{DatabaseUrl, LeaseWatch, Ledger, StoreError};
use crate::summary;

/// How often the lease is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Waits until nobody holds the account's ledger, and takes it; where another daemon was faster, it goes on waiting.
///
/// # Errors
/// When the account cannot be read, or its books cannot be opened for another reason than that somebody has them.
pub(super) async fn take_over<C: Clock>(trading: &Trading<C>, keep: &Keep<'_>) -> anyhow::Result<Books> {
    let ledger = trading.ledger(keep.environment).await?;
    until_taken(async || wait_for(&keep.url, &ledger).await, || trading.open(keep, ledger.clone())).await
}

/// Waits and takes, again and again until it is taken or cannot be had at all.
async fn until_taken<T>(
    wait: impl AsyncFn() -> anyhow::Result<()>,
    mut take: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    loop {
        wait().await?;
        match take() {
            Err(error) if is_in_use(&error) => {
                tracing::info!(component = "Store", "another daemon took the ledger first");
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
/// # Errors
/// When the database is a file. One that does not answer is asked again: its holder cannot renew its lease either.
async fn wait_for(url: &DatabaseUrl, ledger: &Ledger) -> anyhow::Result<()> {
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
            Ok(None) => return Ok(()),
            Ok(Some(holder)) if !told => {
                summary::print(&format!("Standing by: {holder} has the ledger {}.\n", ledger.id()))?;
                told = true;
            }
            Err(error) if !complained => {
                tracing::warn!(component = "Store", "the holder of the ledger is not known: {error}");
                complained = true;
            }
            Ok(Some(_)) | Err(_) => {}
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;

    fn in_use() -> anyhow::Error {
        let [database, ledger, holder] = ["d", "l", "process 7"].map(str::to_owned);
        KeepError::Store(StoreError::InUse { database, ledger, holder }).into()
    }

    #[tokio::test]
    async fn a_standby_that_loses_the_race_for_the_ledger_goes_on_waiting() {
        let (waits, mut answers) = (Cell::new(0), vec![Ok("the books"), Err(in_use()), Err(in_use())]);
        let wait = async || {
            waits.set(waits.get() + 1);
            Ok(())
        };
        let taken = until_taken(wait, || answers.pop().expect("an answer")).await;
        assert_eq!((taken.expect("taken"), waits.get()), ("the books", 3));
    }

    #[tokio::test]
    async fn a_standby_that_cannot_have_the_ledger_at_all_says_so_at_once() {
        let refused = until_taken(async || Ok(()), || Err::<(), _>(KeepError::Gone.into())).await;
        assert!(refused.expect_err("an error").to_string().contains("has ended"));
        let unheard = until_taken(async || anyhow::bail!("no server"), || Ok(())).await;
        assert_eq!(unheard.expect_err("an error").to_string(), "no server");
    }
}

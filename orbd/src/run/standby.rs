//! Waiting beside a running daemon until its ledger is free.

use std::time::Duration;

use anyhow::Context as _;

use crate::store::{DatabaseUrl, LeaseWatch, Ledger};
use crate::summary;

/// How often the lease is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Waits until nobody holds a ledger.
///
/// # Errors
/// When the database is a file. One that does not answer is asked again: its holder cannot renew its lease either.
pub(super) async fn wait_for(url: &DatabaseUrl, ledger: &Ledger) -> anyhow::Result<()> {
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

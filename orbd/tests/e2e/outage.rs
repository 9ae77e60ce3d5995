//! A daemon that is killed while its database is away.

use std::time::Duration;

use orb_api::v1;
use orbd::store::DatabaseUrl;
use tempfile::TempDir;

use crate::{
    client::{connect, entered, is_held, status, trades, until, until_traded},
    cluster::Cluster,
    commands::SETTINGS,
    daemon::{Demo, text},
    market::{Files, day},
    records::{Records, check_agreement, exchange},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_kill_while_the_database_is_away_loses_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    let (files, folder, database) = (Files::stairs(), TempDir::new().unwrap(), cluster.database());
    let arguments =
        |speed| [&["--speed", speed, "--bars", text(&files.bars), "--database", &database], &SETTINGS[..]].concat();
    let mut demo = Demo::start(folder.path(), &arguments("6000"));
    let client = connect(&demo).await;
    let seen = until_traded(&client, 4).await;
    cluster.stop();
    let ask = || status(&client);
    let degraded = until("degraded", ask, |status| is_held(&status.holds, v1::HoldKind::StoreDegraded)).await;
    assert_eq!(degraded.state(), v1::TradingState::Paused);
    // The day goes on: prices move, stops are hit.
    tokio::time::sleep(Duration::from_millis(500)).await;
    demo.kill_9();
    let spill = folder.path().join("spill.jsonl");
    assert!(spill.exists());
    cluster.go_on();
    let mut demo = Demo::start(folder.path(), &arguments("max"));
    demo.session_over();
    assert!(!spill.exists(), "merged");
    let client = connect(&demo).await;
    let after = status(&client).await;
    assert!(is_held(&after.holds, v1::HoldKind::Crashed) && !is_held(&after.holds, v1::HoldKind::StoreDegraded));
    let kept = entered(&trades(&client).await);
    assert_eq!(kept, entered(&seen).into_iter().chain(kept.clone()).collect(), "{seen:#?}");
    demo.terminate();
    let records = Records::at(&DatabaseUrl::parse(&database).unwrap());
    check_agreement(&records, &exchange(folder.path(), &files.bars, day(), &SETTINGS).await);
    let undisturbed = files.backtest(day(), &SETTINGS).trades;
    assert!(records.lines().iter().all(|line| undisturbed.contains(line)), "{:#?}", records.lines());
}

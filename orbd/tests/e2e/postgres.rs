//! The same demo with its records on a PostgreSQL server.

use orbd::store::DatabaseUrl;
use tempfile::TempDir;

use crate::{
    api::check_lists,
    bars::check_bars,
    client::{connect, entered, is_held, outcome, positions, status, trades, until_traded},
    cluster::Cluster,
    commands::SETTINGS,
    daemon::{Demo, text},
    market::{Files, day},
    matrix::{check_states, check_unreadable},
    once::check_repeated,
    records::{Records, check_agreement, exchange},
    records_api::check_day,
};

/// One test, so that both parts share the cluster and it ends with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_keeps_the_same_records() {
    let Some(cluster) = Cluster::start() else { return };
    a_demo_equals_its_backtest(&cluster).await;
    a_crash_loses_nothing(&cluster).await;
}

/// What is seen through the API, and what commands leave, does not depend on where the records are.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_shows_and_does_the_same_by_the_api() {
    let Some(cluster) = Cluster::start() else { return };
    let databases = [(); 5].map(|()| cluster.database());
    let [day, lists, repeated, states, unreadable] = databases.each_ref().map(|url| ["--database", url]);
    check_day(&day).await;
    check_lists(&lists).await;
    check_repeated(&repeated).await;
    check_states(&states).await;
    check_unreadable(&unreadable).await;
}

async fn a_demo_equals_its_backtest(cluster: &Cluster) {
    let (folder, database) = (TempDir::new().unwrap(), cluster.database());
    let mut demo = Demo::start(folder.path(), &["--speed", "max", "--database", &database]);
    demo.session_over();
    let client = connect(&demo).await;
    let found = outcome(&client).await;
    check_bars(&client, &Files::synthetic("csv").bars, 0..3).await;
    drop(client);
    demo.terminate();
    assert_eq!(found, Files::synthetic("parquet").backtest(day(), &[]));
    assert!(!folder.path().join("orb.db").exists(), "a database beside the server's");
}

async fn a_crash_loses_nothing(cluster: &Cluster) {
    let (files, folder, database) = (Files::stairs(), TempDir::new().unwrap(), cluster.database());
    let arguments =
        |speed| [&["--speed", speed, "--bars", text(&files.bars), "--database", &database], &SETTINGS[..]].concat();
    let mut demo = Demo::start(folder.path(), &arguments("6000"));
    let client = connect(&demo).await;
    let seen = until_traded(&client, 4).await;
    demo.kill_9();
    let mut demo = Demo::start(folder.path(), &arguments("max"));
    demo.session_over();
    let client = connect(&demo).await;
    assert!(is_held(&status(&client).await.holds, orb_api::v1::HoldKind::Crashed));
    assert_eq!(positions(&client).await, []);
    let kept = entered(&trades(&client).await);
    assert!(entered(&seen).iter().all(|trade| kept.contains_key(trade.0)), "{seen:#?} {kept:#?}");
    demo.terminate();
    let records = Records::at(&DatabaseUrl::parse(&database).unwrap());
    check_agreement(&records, &exchange(folder.path(), &files.bars, day(), &SETTINGS).await);
    let undisturbed = files.backtest(day(), &SETTINGS).trades;
    assert!(records.lines().iter().all(|line| undisturbed.contains(line)), "{:#?}", records.lines());
}

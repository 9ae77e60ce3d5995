//! Closing what orb holds without an engine: against a broker that misbehaves, and as the command does it.

use std::time::Duration;

use orbd::guard::{FlattenReport, Flattener, Pace, Scope};
use serde_json::json;

use crate::{
    account::{Account, is_halted, own_id},
    daemon::{Ended, Process, program, signal},
};

const FAST: Pace = Pace {
    look_every: Duration::from_millis(50),
    close_within: Duration::from_secs(3),
    within: Duration::from_secs(20),
    protect_within: Duration::from_secs(10),
};

async fn flatten(account: &Account, scope: Scope) -> FlattenReport {
    Flattener::new(&account.emergency(), scope, FAST).run(|| true).await
}

/// Flattens 100 shares with a stop at a broker where this goes wrong, and checks that they are closed once.
async fn closes_once(faults: serde_json::Value) -> FlattenReport {
    let account = Account::open(faults).await;
    account.enter("AAA", &own_id("AAA", "1e"), 100).await;
    let report = flatten(&account, Scope::Own).await;
    assert!(report.is_verified, "{report:#?}");
    assert_eq!(account.net("AAA").await, 0, "{report:#?}");
    let sold: Vec<_> = account.orders().await.into_iter().filter(|order| order["type"] == "market").collect();
    assert_eq!(sold.len(), 1, "one order closes: {sold:#?}");
    assert_eq!(sold[0]["client_order_id"], own_id("AAA", "1x"));
    assert_eq!(account.open_orders("AAA").await, []);
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_flatten_closes_what_is_orb_s_and_leaves_the_rest() {
    let account = Account::open(json!({})).await;
    // Beside a stop it would be taken for a trade with oneself.
    account.rest("AAA", &own_id("AAA", "2e")).await;
    account.enter("AAA", &own_id("AAA", "1e"), 100).await;
    account.enter("BBB", "by-hand", 7).await;
    let report = flatten(&account, Scope::Own).await;
    assert!(report.is_verified, "{report:#?}");
    assert_eq!((account.net("AAA").await, account.net("BBB").await), (0, 7));
    assert_eq!((account.open_orders("AAA").await.len(), account.open_orders("BBB").await.len()), (0, 1));
    let text = report.render();
    assert!(text.contains("sold 100 at ") && text.contains("; flat"), "{text}");
    assert!(text.contains("Not orb's, and left alone: BBB."), "{text}");
    let report = flatten(&account, Scope::Everything).await;
    assert!(report.is_verified, "{report:#?}");
    assert_eq!((account.net("BBB").await, account.open_orders("BBB").await), (0, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_flatten_gets_through_a_broker_that_refuses_fails_and_falls_silent() {
    let all = |fault: serde_json::Value, method: &str| json!({"http": [{"fault": fault, "method": method, "path": "/v2/*", "when": {"times": 2}}]});
    closes_once(all(json!("too_many_requests"), "*")).await;
    closes_once(all(json!({"status": 503}), "*")).await;
    closes_once(all(json!("timeout_before"), "DELETE")).await;
    closes_once(all(json!("truncated"), "GET")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_close_whose_answer_is_lost_is_not_sent_twice() {
    for fault in [json!("timeout_after"), json!({"status_after": 504})] {
        let rule = json!({"fault": fault, "method": "POST", "path": "/v2/orders", "when": {"times": 1}});
        let report = closes_once(json!({ "http": [rule] })).await;
        assert!(report.troubles.iter().any(|trouble| trouble.starts_with("AAA: ")), "the fault fired: {report:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stop_whose_cancel_is_not_confirmed_holds_the_close_back() {
    // Ninety simulated seconds; a close in between would be refused, because the stop holds the shares.
    let slow = json!({"order": [{"fault": {"pending_cancel_ms": 90_000}, "side": "sell"}]});
    let report = closes_once(slow).await;
    assert_eq!(report.troubles, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_list_of_positions_that_lags_makes_no_second_close() {
    closes_once(json!({"account": [{"fault": {"positions_lag_ms": 15_000}}]})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_symbol_that_is_halted_is_told_and_keeps_a_stop() {
    let halt = json!({"market": [{"fault": {"halt_seconds": 7200}, "symbol": "AAA", "at": "09:40:00"}]});
    let account = Account::open(halt).await;
    account.enter("AAA", &own_id("AAA", "1e"), 100).await;
    account.enter("BBB", &own_id("BBB", "1e"), 50).await;
    let halted = orb_core::Timestamp::parse_rfc3339("2026-03-02T14:40:30Z").unwrap();
    account.running.clock().sleep_until(halted).await;
    let report = flatten(&account, Scope::Own).await;
    assert!(!report.is_verified, "{report:#?}");
    assert_eq!((account.net("AAA").await, account.net("BBB").await), (100, 0), "the other one does not wait");
    let left = report.symbols.iter().find(|symbol| symbol.symbol == "AAA").unwrap().left.clone().unwrap();
    assert_eq!((left.shares, left.stop), (100.into(), "9.5".parse().ok()));
    let open = account.open_orders("AAA").await;
    assert_eq!(open, [("stop".to_owned(), own_id("AAA", "1s"))]);
    assert!(report.render().contains("AAA: ") && report.render().contains("STILL OPEN: 100 shares"), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn entries_alone_are_cancelled_and_stops_stay() {
    let account = Account::open(json!({})).await;
    account.enter("AAA", &own_id("AAA", "1e"), 100).await;
    account.rest("BBB", &own_id("BBB", "1e")).await;
    let report = flatten(&account, Scope::EntriesOnly).await;
    assert!(report.is_verified, "{report:#?}");
    assert_eq!((account.net("AAA").await, account.open_orders("AAA").await.len()), (100, 1));
    assert_eq!(account.open_orders("BBB").await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_key_that_is_refused_ends_a_flatten_at_once() {
    let account = Account::open(json!({"account": [{"fault": "unauthorized"}]})).await;
    let report = flatten(&account, Scope::Own).await;
    assert!(!report.is_verified && report.troubles.len() == 1, "{report:#?}");
}

#[track_caller]
fn command(account: &Account, arguments: &[&str]) -> Process {
    let mut command = program(env!("CARGO_BIN_EXE_orbd"));
    command.arg("flatten").arg("--config").arg(account.folder.path().join("orb.toml")).args(arguments);
    Process::start(command)
}

async fn run(mut process: Process) -> Ended {
    tokio::task::spawn_blocking(move || process.wait()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_daemon_the_command_halts_and_closes_at_the_broker() {
    let account = Account::open(json!({})).await;
    account.config("");
    account.enter("AAA", &own_id("AAA", "1e"), 100).await;
    account.enter("BBB", "by-hand", 7).await;
    let ended = run(command(&account, &[])).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("sim: verified flat; orb is halted."), "{ended:?}");
    assert_eq!((account.net("AAA").await, account.net("BBB").await), (0, 7));
    assert!(is_halted(&account.state()));
    let ended = run(command(&account, &["--include-foreign", "--account", "hunter2"])).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("nothing was done") && !ended.err.contains("hunter2"), "{ended:?}");
    assert_eq!(run(command(&account, &["--include-foreign"])).await.code, Some(2), "the account is to be typed");
    assert_eq!(account.net("BBB").await, 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_is_asked_first_and_one_that_hangs_is_passed_over_by_force_alone() {
    let account = Account::open(json!({})).await;
    let config = account.config("");
    let mut daemon = program(env!("CARGO_BIN_EXE_orbd"));
    daemon.arg("run").arg("--config").arg(&config);
    let mut daemon = Process::start(daemon);
    daemon = tokio::task::spawn_blocking(move || {
        daemon.says("orbd run: sim");
        daemon
    })
    .await
    .unwrap();
    let ended = run(command(&account, &[])).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("is halted and holds nothing"), "{ended:?}");
    assert!(is_halted(&account.state()));
    signal(&daemon, "STOP");
    account.enter("AAA", &own_id("AAA", "1e"), 100).await;
    let ended = run(command(&account, &[])).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.out.contains("does not answer") && ended.out.contains("--force"), "{ended:?}");
    assert_eq!(account.net("AAA").await, 100, "nothing was done beside a daemon that may be alive");
    let ended = run(command(&account, &["--force"])).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!((account.net("AAA").await, account.open_orders("AAA").await), (0, vec![]));
}

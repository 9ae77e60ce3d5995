//! A stored day once more, as `orbd replay` shows it.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    client::{connect, until_traded},
    daemon::{Demo, Ended, orbd, text},
    market::day,
};

fn replay(folder: &Path, more: &[&str]) -> Ended {
    let date = day().to_string();
    orbd(&[&["replay", &date, "--data-dir", text(folder)], more].concat())
}

/// Checks that a stored day is what today's engine makes of its inputs; returns how often the daemon had started.
#[track_caller]
fn check_identical(folder: &Path) -> u64 {
    let ended = replay(folder, &["--json"]).succeeded();
    let found: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&found["identical"], &found["same_build"]), (&true.into(), &true.into()), "{found:#}");
    assert!(found["effects"].as_u64().unwrap() > 30, "{found:#}");
    assert!(replay(folder, &[]).succeeded().out.contains("identical: every effect is as it was"));
    found["starts"].as_u64().unwrap()
}

#[test]
fn a_demo_s_day_repeats_itself() {
    let folder = TempDir::new().unwrap();
    Demo::start(folder.path(), &["--speed", "max", "--exit"]).wait();
    assert_eq!(check_identical(folder.path()), 1);
}

#[test]
fn a_day_at_a_broker_repeats_itself() {
    let folder = TempDir::new().unwrap();
    let settings = ["--set", "direction=candle", "--set", "slot_policy=ranked", "--set", "entry_mode=resting_stop"];
    let arguments = [&["--speed", "max", "--exit"], &settings[..]].concat();
    Demo::start_at_broker(folder.path(), &arguments).wait();
    assert_eq!(check_identical(folder.path()), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_day_with_crashes_repeats_itself_start_by_start() {
    let folder = TempDir::new().unwrap();
    for _ in 0..2 {
        let mut demo = Demo::start_at_broker(folder.path(), &["--speed", "2400"]);
        until_traded(&connect(&demo).await, 1).await;
        demo.kill_9();
    }
    let mut demo = Demo::start_at_broker(folder.path(), &["--speed", "max"]);
    demo.session_over();
    demo.terminate();
    assert_eq!(check_identical(folder.path()), 3);
}

#[test]
fn what_cannot_be_replayed_is_told_with_the_remedy() {
    let folder = TempDir::new().unwrap();
    Demo::start(folder.path(), &["--speed", "max", "--exit"]).wait();
    let refused = |arguments: &[&str], message: &str| {
        let ended = orbd(&[&["replay"], arguments].concat());
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains(message), "{message}: {ended:?}");
    };
    let here = text(folder.path());
    refused(&["2026-03-03", "--data-dir", here], "no ledger has a session of 2026-03-03: there are sim-");
    refused(&["2026-03-02", "--data-dir", here, "--ledger", "paper-1"], "--ledger paper-1: there is no such ledger");
    let ledger = Value::clone(&serde_json::from_str(&replay(folder.path(), &["--json"]).out).unwrap());
    let ledger = ledger["ledger_id"].as_str().unwrap();
    refused(&["2026-03-03", "--data-dir", here, "--ledger", ledger], "has nothing of 2026-03-03: it has 2026-03-02");
    let nowhere = folder.path().join("nowhere");
    refused(&["2026-03-02", "--data-dir", text(&nowhere)], "there are no records at");
    assert_eq!(orbd(&["replay", "today"]).code, Some(2));
}

//! The dead man's watch: never beside a daemon that is alive, always when it is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orbd::guard::{Beats, Heart, Pace, Watch};
use serde_json::json;

use crate::{
    account::{Account, is_halted, own_id},
    daemon::{Process, program, signal},
};

/// How long a silence these watches take for death.
const SILENCE: Duration = Duration::from_secs(2);

/// Lets a watch look on while a heart beats until it is told to stop, and returns the shares that are left.
async fn watch(account: &Account, beating: Duration, watching: Duration) -> i64 {
    let (state, broker) = (account.state(), account.emergency());
    let calendar = orb_data::nyse_calendar(2026, 2026);
    let beats = Beats::listen(&state).unwrap();
    let heart = Heart::of(&state);
    let alive = Arc::new(AtomicBool::new(true));
    let beat = tokio::spawn({
        let alive = Arc::clone(&alive);
        async move {
            while alive.load(Ordering::Relaxed) {
                heart.beat();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    });
    let pace = Pace { look_every: Duration::from_millis(50), ..Pace::default() };
    let watch = Watch { broker: &broker, calendar: &calendar, beats, silence: SILENCE, pace, folder: &state };
    let life = async {
        tokio::time::sleep(beating).await;
        alive.store(false, Ordering::Relaxed);
        tokio::time::sleep(watching).await;
    };
    tokio::select! {
        () = watch.run(|report| assert!(report.is_verified, "{report:#?}")) => {}
        () = life => {}
    }
    alive.store(false, Ordering::Relaxed);
    beat.await.unwrap();
    account.net("AAA").await
}

async fn account() -> Account {
    let account = Account::open(json!({})).await;
    account.config("");
    account.enter("AAA", &own_id("AAA", "1e"), 100).await;
    account
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_lets_a_daemon_be_that_gives_signs_of_life() {
    let account = account().await;
    assert_eq!(watch(&account, SILENCE * 3, Duration::ZERO).await, 100);
    assert!(!is_halted(&account.state()));
    assert_eq!(account.open_orders("AAA").await.len(), 1, "its stop is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_closes_and_halts_when_a_daemon_falls_silent() {
    let account = account().await;
    assert_eq!(watch(&account, SILENCE, SILENCE * 5).await, 0);
    assert!(is_halted(&account.state()));
    assert_eq!(account.open_orders("AAA").await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_does_nothing_where_orb_holds_nothing() {
    let account = Account::open(json!({})).await;
    account.config("");
    account.enter("AAA", "by-hand", 7).await;
    assert_eq!(watch(&account, Duration::ZERO, SILENCE * 3).await, 7);
    assert!(!is_halted(&account.state()), "an idle silence halts nothing");
}

/// Starts `orbd guard` or `orbd run` on an account.
fn start(account: &Account, what: &str) -> Process {
    let mut command = program(env!("CARGO_BIN_EXE_orbd"));
    command.arg(what).arg("--config").arg(account.folder.path().join("orb.toml"));
    Process::start(command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_whose_process_stands_still_is_silent_and_there_is_one_guard() {
    let account = Account::open(json!({})).await;
    account.config("[guard]\nsilence_seconds = 10\n");
    let (mut daemon, mut guard) = (start(&account, "run"), start(&account, "guard"));
    let (daemon, _guard) = tokio::task::spawn_blocking(move || {
        daemon.says("orbd run: sim");
        guard.says("orbd guard: sim of ");
        (daemon, guard)
    })
    .await
    .unwrap();
    let mut second = start(&account, "guard");
    let second = tokio::task::spawn_blocking(move || second.wait()).await.unwrap();
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.err.contains("another guard watches"), "{second:?}");
    account.enter("AAA", &own_id("AAA", "1e"), 100).await;
    // Longer than the silence: the daemon's loop comes round all the while.
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(account.net("AAA").await, 100);
    assert!(!is_halted(&account.state()));
    signal(&daemon, "STOP");
    account.until("a close by the guard", |orders| orders.iter().any(|order| order["type"] == "market")).await;
    account.until("flat", |orders| orders.iter().all(|order| order["status"] != "new")).await;
    assert_eq!(account.net("AAA").await, 0);
    assert!(is_halted(&account.state()));
}

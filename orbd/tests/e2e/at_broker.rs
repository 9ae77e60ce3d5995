//! A demo over the whole way to a local broker: requests, websockets, the broker's own account.

use tempfile::TempDir;

use crate::{
    client::{connect, trades, until_traded},
    daemon::Demo,
};

/// Trades the synthetic session at a broker and returns what was printed.
#[track_caller]
fn session(settings: &[&str]) -> String {
    let folder = TempDir::new().unwrap();
    let mut demo = Demo::start_at_broker(folder.path(), &[&["--speed", "max", "--exit"], settings].concat());
    demo.wait().out
}

/// Checks how many trades both sides made and how many of them are equal in everything, and that every difference has
/// a reason.
#[track_caller]
fn check(settings: &[&str], both: usize, equal_min: usize) {
    let out = session(settings);
    let sums = out.lines().find(|line| line.contains("trades on both sides")).unwrap_or_else(|| panic!("{out}"));
    let numbers: Vec<usize> = sums.split(|c: char| !c.is_ascii_digit()).filter_map(|text| text.parse().ok()).collect();
    let [found, equal, .., unexplained] = numbers[..] else { panic!("{sums}") };
    assert_eq!((found, unexplained), (both, 0), "{settings:?}: {out}");
    assert!(equal >= equal_min, "{settings:?}: {out}");
}

#[test]
fn at_a_broker_the_first_to_trigger_trade_as_in_the_backtest() {
    check(&[], 4, 3);
}

#[test]
fn at_a_broker_entries_that_rest_trade_as_in_the_backtest() {
    check(&["--set", "direction=candle", "--set", "slot_policy=ranked", "--set", "entry_mode=resting_stop"], 3, 2);
}

#[test]
fn at_a_broker_market_entries_trade_as_in_the_backtest() {
    check(&["--preset", "orb-etf", "--set", "max_positions=5"], 5, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn after_a_crash_the_broker_s_account_and_the_records_go_on_together() {
    let folder = TempDir::new().unwrap();
    let mut demo = Demo::start_at_broker(folder.path(), &["--speed", "1200"]);
    let client = connect(&demo).await;
    until_traded(&client, 1).await;
    let seen = trades(&client).await;
    demo.kill_9();
    let mut demo = Demo::start_at_broker(folder.path(), &["--speed", "max"]);
    demo.session_over();
    let kept = trades(&connect(&demo).await).await;
    let ended = demo.terminate();
    assert!(ended.out.contains("goes on where it stood"), "{}", ended.out);
    assert!(ended.out.contains(" 0 differences without a reason"), "{}", ended.out);
    assert!(!ended.err.contains("reconcile_break") && !ended.err.contains("foreign_activity"), "{}", ended.err);
    assert!(kept.iter().all(|trade| trade.exit_time.is_some()), "not flat: {kept:#?}");
    for trade in &seen {
        assert!(kept.iter().any(|other| other.id == trade.id), "{trade:?} is lost: {kept:#?}");
    }
}

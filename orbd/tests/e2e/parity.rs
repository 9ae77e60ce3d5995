//! A demo trades exactly as the pessimistic backtest of the same bars and configuration does.

use tempfile::TempDir;

use crate::{
    client::{connect, outcome},
    daemon::{Demo, orbd, text},
    market::{Files, Outcome, backtest, day},
    records::Records,
};

/// Trades a session in a demo and returns what came of it, as its API tells.
async fn demo(arguments: &[&str]) -> Outcome {
    let folder = TempDir::new().unwrap();
    let mut demo = Demo::start(folder.path(), arguments);
    demo.session_over();
    let outcome = outcome(&connect(&demo).await).await;
    demo.terminate();
    outcome
}

/// The configurations that are compared, each with the number of trades that it must at least have.
const SETTINGS: &[(&[&str], usize)] = &[
    (&[], 4),
    (&["--preset", "orb-etf"], 1),
    (&["--set", "slot_policy=ranked"], 1),
    (&["--set", "slot_policy=first_trigger", "--set", "max_positions=24"], 15),
    (&["--set", "max_positions=3"], 3),
    (&["--set", "slippage=0.02", "--set", "fee_per_share=0"], 4),
    (&["--set", "stop=atr:0.1", "--set", "target_r=off", "--set", "rvol_min=1", "--set", "top=8"], 1),
    (&["--set", "range_minutes=15", "--set", "flatten_before_close=0", "--set", "entry_cutoff=off"], 4),
    (&["--set", "max_positions=24", "--set", "risk_fraction=0.2", "--set", "daily_loss_limit=0.01"], 1),
    (&["--preset", "orb-etf", "--set", "max_positions=10", "--set", "flatten_before_close=30"], 5),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_synthetic_demo_equals_its_backtest() {
    let files = Files::synthetic("parquet");
    for (settings, trades_min) in SETTINGS {
        let expect = files.backtest(day(), settings);
        assert!(expect.trades.len() > *trades_min, "{settings:?}: {expect:?}");
        let found = demo(&[&["--speed", "max"], *settings].concat()).await;
        assert_eq!(found, expect, "{settings:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_demo_over_files_equals_its_backtest() {
    for extension in ["csv", "csv.gz"] {
        let files = Files::synthetic_in_one(extension);
        let settings = ["--set", "rvol_min=0.5", "--set", "gap_limit=0.05", "--set", "atr_min=0.5"];
        let expect = files.backtest(day(), &settings);
        assert!(expect.trades.len() > 1, "{expect:?}");
        let (date, bars) = (day().to_string(), text(&files.bars));
        for choice in [&["--bars", bars, "--date", &date][..], &["--bars", bars]] {
            let found = demo(&[&["--speed", "max"], choice, &settings].concat()).await;
            assert_eq!(found, expect, "{choice:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_pace_changes_no_trade() {
    let files = Files::stairs();
    let settings = ["--set", "max_positions=24"];
    let expect = files.backtest(day(), &settings);
    assert_eq!(expect.trades.len(), 25, "{expect:?}");
    let found = demo(&[&["--speed", "9000", "--bars", text(&files.bars)], &settings[..]].concat()).await;
    assert_eq!(found, expect);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_demo_over_recorded_bars_equals_its_backtest() {
    let Some(bars) = orb_data::test_data::path("bars/1m/universe-2026") else { return };
    for (date, settings) in [
        ("2026-02-13", &[][..]),
        ("2026-02-13", &["--set", "max_positions=20"]),
        ("2026-02-13", &["--preset", "orb-etf", "--set", "max_positions=5"]),
    ] {
        let expect = backtest(&bars, None, date.parse().unwrap(), settings);
        assert!(expect.trades.len() > 1, "{date} {settings:?}: {expect:?}");
        let found = demo(&[&["--speed", "max", "--bars", text(&bars), "--date", date], settings].concat()).await;
        assert_eq!(found, expect, "{date} {settings:?}");
    }
}

#[test]
fn with_exit_it_ends_after_the_close_with_the_summary() {
    let folder = TempDir::new().unwrap();
    let mut demo = Demo::start(folder.path(), &["--speed", "max", "--exit"]);
    let ended = demo.wait();
    assert!(ended.out.contains("DEMO-1 2026-03-02: 6 trades"), "{}", ended.out);
    assert!(ended.out.contains("win rate 33.3%"), "{}", ended.out);
    assert!(!folder.path().join("running").exists());
    // The next one in the same folder is a session of its own.
    let mut demo = Demo::start(folder.path(), &["--speed", "max", "--exit"]);
    let again = demo.wait();
    let table = |out: &str| out.split_once(": 6 trades\n").unwrap().1.to_owned();
    assert!(again.out.contains("DEMO-2 2026-03-02: 6 trades"), "{}", again.out);
    assert_eq!(table(&again.out), table(&ended.out));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_demo_records_the_reckoning_that_its_backtest_writes() {
    let files = Files::synthetic("parquet");
    let settings = ["--preset", "orb-sip", "--set", "average_volume_min=off", "--set", "score_min=0.2"];
    let folder = TempDir::new().unwrap();
    let (out, date) = (folder.path().join("decisions.jsonl"), day().to_string());
    let warmup = files.warmup.as_deref().unwrap();
    let command = ["backtest", "--from", &date, "--to", &date, "--bars", text(&files.bars), "--warmup", text(warmup)];
    orbd(&[&command[..], &["--decisions", text(&out)], &settings[..]].concat()).succeeded();
    let expect: Vec<String> = std::fs::read_to_string(&out).unwrap().lines().map(ToOwned::to_owned).collect();
    let verdicts = |verdict: &str| expect.iter().filter(|line| line.contains(verdict)).count();
    assert!(verdicts("\"verdict\":\"signal\"") > 0 && verdicts("\"reason\":\"no_trigger\"") > 0, "{expect:#?}");

    let mut demo = Demo::start(folder.path(), &[&["--speed", "max"], &settings[..]].concat());
    demo.session_over();
    demo.terminate();
    assert_eq!(Records::of(folder.path()).explanations(day()), expect);
}

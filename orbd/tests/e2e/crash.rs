//! A daemon that is killed in the middle of a session and started again on the same folder.

use std::{collections::BTreeMap, time::Duration};

use orb_api::{Client, v1};
use orb_core::fact::SignalStatus;
use tempfile::TempDir;

use crate::{
    client::{
        check_protected, connect, entered, is_held, kill, positions, resume, signals, status, trades, until,
        until_traded,
    },
    commands::SETTINGS,
    daemon::{Demo, text},
    market::{Files, STEPS, day},
    records::{Records, check_agreement, exchange},
};

/// Draws numbers, the same for the same seed.
struct Random(u64);

impl Random {
    /// Takes the seed from `ORB_TEST_SEED`, else from the clock, and prints it.
    fn new() -> Self {
        let clock = || std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        let seed = std::env::var("ORB_TEST_SEED").ok().map_or_else(clock, |text| text.parse().unwrap());
        eprintln!("ORB_TEST_SEED={seed}");
        Self(seed)
    }

    /// Draws below a limit (splitmix64).
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// A folder and the bars that are traded in it, by one daemon after the other.
struct Day {
    files: Files,
    folder: TempDir,
}

/// What a client saw; all of it was committed.
#[derive(Debug, Default)]
struct Seen {
    signals: Vec<v1::Signal>,
    trades: Vec<v1::Trade>,
}

impl Seen {
    async fn by(client: &Client) -> Self {
        // Signals first: a trade without its signal cannot be seen so.
        Self { signals: signals(client).await, trades: trades(client).await }
    }
}

impl Day {
    fn new() -> Self {
        Self { files: Files::stairs(), folder: TempDir::new().unwrap() }
    }

    fn start(&self, speed: &str) -> Demo {
        let arguments = [&["--speed", speed, "--bars", text(&self.files.bars)], &SETTINGS[..]].concat();
        Demo::start(self.folder.path(), &arguments)
    }

    /// Checks the records of a day that is over: whole, once, flat, and as if nothing had happened to each trade.
    async fn check_end(&self, seen: &Seen) {
        let records = Records::of(self.folder.path());
        check_agreement(&records, &exchange(self.folder.path(), &self.files.bars, day(), &SETTINGS).await);
        let trades: BTreeMap<_, _> = records.trades().into_iter().map(|row| (row.attempt.to_string(), row)).collect();
        for trade in &seen.trades {
            let kept = trades.get(&trade.id).unwrap_or_else(|| panic!("a trade is lost: {trade:?}"));
            assert_eq!(kept.trade.entered.shares(), trade.quantity);
        }
        let signals: BTreeMap<_, _> = records.signals().into_iter().map(|row| (row.attempt.to_string(), row)).collect();
        for signal in &seen.signals {
            let kept = signals.get(&signal.id).unwrap_or_else(|| panic!("a signal is lost: {signal:?}"));
            let was_filled = signal.status() == v1::SignalStatus::Filled;
            assert!(!was_filled || kept.status == SignalStatus::Filled, "{signal:?} became {kept:?}");
        }
        for (id, row) in &signals {
            assert_eq!(row.status == SignalStatus::Filled, trades.contains_key(id), "{row:?}");
        }
        let lines = records.lines();
        assert_eq!(lines.len(), trades.len(), "not flat: {trades:#?}");
        let undisturbed = self.files.backtest(day(), &SETTINGS).trades;
        for line in lines {
            assert!(undisturbed.contains(&line), "another trade than without the crash: {line}");
        }
    }

    /// Tells whether the day is over: the next daemon in the folder would begin another.
    fn is_over(&self) -> bool {
        Records::of(self.folder.path()).is_over()
    }
}

/// Looks at the daemon until it is time to kill it; returns what was seen last.
async fn watch_for(client: &Client, time: Duration) -> Seen {
    let until = tokio::time::Instant::now() + time;
    let mut seen = Seen::by(client).await;
    while tokio::time::Instant::now() < until {
        seen = Seen::by(client).await;
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_crash_loses_no_trade_and_holds_entries_until_resumed() {
    let day = Day::new();
    let mut demo = day.start("6000");
    let client = connect(&demo).await;
    until_traded(&client, 5).await;
    let seen = Seen::by(&client).await;
    demo.kill_9();
    let mut demo = day.start("6000");
    let client = connect(&demo).await;
    let ask = || status(&client);
    let held = until("started", ask, |status| !is_held(&status.holds, v1::HoldKind::Starting)).await;
    assert_eq!(held.state(), v1::TradingState::Reducing);
    assert!(is_held(&held.holds, v1::HoldKind::Crashed), "{held:?}");
    let open = positions(&client).await;
    assert!(!open.is_empty());
    check_protected(&open);
    let before = entered(&trades(&client).await);
    for _ in 0..25 {
        check_protected(&positions(&client).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(entered(&trades(&client).await), before, "an entry under the hold");
    let unfounded = v1::ResumeEntriesRequest {
        request_id: "without-a-reason".to_owned(),
        reason: String::new(),
        holds: vec![v1::HoldKind::Crashed.into()],
    };
    let refused = client.control().resume_entries(unfounded).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    assert_eq!(resume(&client, v1::HoldKind::Crashed).await.state(), v1::TradingState::Active);
    until_traded(&client, before.len() + 1).await;
    demo.session_over();
    demo.terminate();
    day.check_end(&seen).await;
}

/// Rounds of crashes: the pace, and between how many milliseconds each daemon lives.
///
/// At the slow pace a crash mostly meets a daemon that waits, at the fast one a daemon in the midst of its work. The
/// last two meet it as it closes all positions at the end of the day; there nothing is resumed, because a command takes
/// its turn before the broker's news and, at this pace, the time of half a bar.
const ROUNDS: [(&str, [(u64, u64); 3]); 5] = [
    ("6000", [(0, 900), (0, 900), (0, 900)]),
    ("40000", [(0, 140), (0, 140), (0, 140)]),
    ("40000", [(0, 140), (0, 140), (0, 140)]),
    ("40000", [(480, 600), (0, 20), (0, 20)]),
    ("40000", [(480, 600), (0, 20), (0, 20)]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn crashes_at_any_time_lose_nothing() {
    let mut random = Random::new();
    for (speed, lives) in ROUNDS {
        let (day, mut seen) = (Day::new(), Seen::default());
        for (crash, (least, most)) in lives.into_iter().enumerate() {
            let mut demo = day.start(speed);
            let client = connect(&demo).await;
            let is_crashed = is_held(&status(&client).await.holds, v1::HoldKind::Crashed);
            assert!(crash == 0 || is_crashed || day.is_over(), "the crash goes unnoticed");
            if is_crashed && least == 0 && most > 20 && random.below(3) > 0 {
                resume(&client, v1::HoldKind::Crashed).await;
            }
            let life = Duration::from_millis(least + random.below(most - least));
            eprintln!("speed {speed}: crash {crash} after {life:?}");
            let last = watch_for(&client, life).await;
            seen.trades.extend(last.trades);
            seen.signals.extend(last.signals);
            demo.kill_9();
            if day.is_over() {
                break;
            }
        }
        let mut demo = day.start("max");
        demo.session_over();
        day.check_end(&seen).await;
        demo.terminate();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_halt_survives_a_crash() {
    // Once as it is, and once with the file removed: the records alone are enough.
    for has_file in [true, false] {
        let day = Day::new();
        let mut demo = day.start("6000");
        let client = connect(&demo).await;
        until_traded(&client, 3).await;
        kill(&client, false).await;
        let seen = Seen::by(&client).await;
        demo.kill_9();
        if !has_file {
            std::fs::remove_file(day.folder.path().join("HALTED")).unwrap();
        }
        let mut demo = day.start("max");
        demo.session_over();
        let client = connect(&demo).await;
        let status = status(&client).await;
        assert_eq!(status.state(), v1::TradingState::Halted, "{has_file}");
        assert!(is_held(&status.holds, v1::HoldKind::Kill));
        assert_eq!(entered(&trades(&client).await), entered(&seen.trades), "an entry after the kill");
        demo.terminate();
        day.check_end(&seen).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_orderly_stop_is_no_crash() {
    let day = Day::new();
    let mut demo = day.start("6000");
    let client = connect(&demo).await;
    until_traded(&client, 4).await;
    let seen = Seen::by(&client).await;
    drop(client);
    demo.terminate();
    assert!(!day.folder.path().join("running").exists());
    let mut demo = day.start("max");
    demo.session_over();
    let client = connect(&demo).await;
    assert_eq!(status(&client).await.holds, []);
    let found = trades(&client).await;
    assert!(found.len() >= STEPS as usize - 1, "what comes after the stop is traded: {found:#?}");
    demo.terminate();
    day.check_end(&seen).await;
}

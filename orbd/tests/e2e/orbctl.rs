//! The real `orbctl` against the real daemon.

use std::{fs, net::TcpListener, path::PathBuf};

use orb_api::v1;
use tempfile::TempDir;

use crate::{
    client::{connect, status, until_traded},
    commands::SETTINGS,
    daemon::{Demo, Ended, Process, program, text},
    market::{Files, day},
};

/// Finds the binary beside that of the daemon; a build of one package alone does not make it.
fn binary() -> Option<PathBuf> {
    let found = PathBuf::from(env!("CARGO_BIN_EXE_orbd")).with_file_name("orbctl");
    if !found.exists() {
        eprintln!("SKIPPED: no orbctl at {}; `cargo build` makes it", found.display());
        return None;
    }
    Some(found)
}

/// Runs orbctl without any configuration but that of its arguments.
#[track_caller]
fn orbctl(arguments: &[&str]) -> Ended {
    let home = TempDir::new().unwrap();
    let mut command = program(binary().unwrap());
    command.env("XDG_CONFIG_HOME", home.path()).env("XDG_STATE_HOME", home.path()).args(arguments);
    Process::start(command).wait()
}

/// A demo and how orbctl finds it.
struct Target {
    folder: TempDir,
    demo: Demo,
}

impl Target {
    fn start(arguments: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let demo = Demo::start(folder.path(), arguments);
        Self { folder, demo }
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Ended {
        let config = self.folder.path().join("orbctl.toml");
        orbctl(&[&["--config", text(&config)], arguments].concat())
    }

    /// Returns the rows of a command as JSON, after a look at its other two forms.
    #[track_caller]
    fn rows(&self, arguments: &[&str], columns: &[&str]) -> Vec<serde_json::Value> {
        let json = self.run(&[arguments, &["--output", "json"]].concat()).succeeded().out;
        let rows: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let csv = self.run(&[arguments, &["--output", "csv"]].concat()).succeeded().out;
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let header = reader.headers().unwrap().clone();
        assert_eq!(reader.records().map(Result::unwrap).count(), rows.len(), "{arguments:?}: {csv}");
        for column in columns {
            assert!(header.iter().any(|name| name == *column), "{column} is not in {header:?}");
            assert!(rows.iter().all(|row| row.get(column).is_some()), "{column} is not in {json}");
        }
        let table = self.run(arguments).succeeded().out;
        assert_eq!(table.is_empty(), rows.is_empty(), "{arguments:?}: {table}");
        rows
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(ToOwned::to_owned).collect()
}

#[test]
fn everything_can_be_looked_at() {
    if binary().is_none() {
        return;
    }
    let mut target = Target::start(&["--speed", "max"]);
    target.demo.session_over();
    let status = target.rows(&["status"], &["state", "environment", "ledger_id", "session_date"]);
    assert_eq!((&status[0]["state"], &status[0]["account_id"]), (&"ACTIVE".into(), &"DEMO-1".into()));
    assert_eq!(target.rows(&["account"], &["equity", "cash", "day_net"])[0]["equity"], "99737.94");
    assert_eq!(target.rows(&["positions"], &["symbol", "protected_quantity"]), [] as [serde_json::Value; 0]);
    assert!(target.rows(&["signals"], &["symbol", "status", "reason", "broker_order_id"]).len() > 10);
    assert_eq!(target.rows(&["signals", "--status", "filled"], &["fill_price"]).len(), 6);
    assert_eq!(target.rows(&["trades"], &["symbol", "exit_reason", "net_pnl", "r_multiple"]).len(), 6);
    assert_eq!(target.rows(&["trades", "--symbol", "grelta"], &[])[0]["exit_reason"], "target");
    assert_eq!(target.rows(&["decisions"], &["symbol", "reason", "detail"]).len(), 18);
    assert_eq!(target.rows(&["metrics"], &["win_rate", "sharpe", "max_drawdown"])[0]["net_pnl"], "-262.06");
    assert_eq!(target.rows(&["equity"], &["date", "equity", "drawdown"]).len(), 1);
    assert!(!target.rows(&["logs", "--search", "breakout"], &["severity", "component", "message"]).is_empty());
    let why = target.rows(&["why", "grelta"], &["summary", "conclusion", "range_high"]);
    assert_eq!((&why[0]["conclusion"], &why[0]["symbol"]), (&"signal".into(), &"GRELTA".into()));
    let out = target.folder.path().join("export.csv");
    target.run(&["export", "trades", "--out", text(&out)]).succeeded();
    let expect = Files::synthetic("csv").backtest(day(), &[]).trades.join("\n") + "\n";
    assert_eq!(fs::read_to_string(out).unwrap(), expect);
    let listed = target.run(&["trades", "--status", "closed", "--output", "csv"]).succeeded().out;
    let begin = |line: &str| line.splitn(15, ',').take(14).collect::<Vec<_>>().join(",");
    let (mut listed, mut exported) = (listed.lines().map(begin).collect::<Vec<_>>(), lines(&expect));
    listed[1..].sort();
    exported[1..].sort();
    assert_eq!(listed, exported, "what is listed is what is exported");
    target.demo.terminate();
}

#[test]
fn failures_have_their_exit_codes() {
    if binary().is_none() {
        return;
    }
    let mut target = Target::start(&["--speed", "60"]);
    let fails = |ended: Ended, code: i32, says: &str| {
        assert_eq!((ended.code, &*ended.out), (Some(code), ""), "{ended:?}");
        assert!(ended.err.contains(says), "{says:?} is missing: {ended:?}");
    };
    fails(target.run(&["close", "NVDA", "--yes"]), 5, "no open position in NVDA");
    fails(target.run(&["close", "NVDA"]), 2, "--yes");
    fails(target.run(&["kill", "--release"]), 2, "--reason");
    let (endpoint, wrong) = (format!("http://{}", target.demo.address), target.folder.path().join("wrong"));
    fs::write(&wrong, "wrong\n").unwrap();
    fails(orbctl(&["status", "--endpoint", &endpoint]), 4, "--token-file");
    fails(orbctl(&["status", "--endpoint", &endpoint, "--token-file", text(&wrong)]), 4, "token");
    target.demo.terminate();
    fails(target.run(&["status"]), 3, "start orbd");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fails(orbctl(&["status", "--endpoint", &format!("http://{free}")]), 3, &free.to_string());
    fails(orbctl(&["status"]), 2, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_session_is_stopped_from_the_shell() {
    if binary().is_none() {
        return;
    }
    let files = Files::stairs();
    let target = &mut Target::start(&[&["--speed", "3000", "--bars", text(&files.bars)], &SETTINGS[..]].concat());
    let client = connect(&target.demo).await;
    until_traded(&client, 3).await;
    let open = target.run(&["positions", "--output", "json"]).succeeded().out;
    assert!(open.contains(r#""symbol":"STEP00""#) && open.contains(r#""stop_price":"100""#), "{open}");
    target.run(&["close", "STEP00", "--yes", "--reason", "a test"]).succeeded();
    target.run(&["pause"]).succeeded();
    assert_eq!(status(&client).await.state(), v1::TradingState::Paused);
    target.run(&["resume", "--yes"]).succeeded();
    assert_eq!(status(&client).await.state(), v1::TradingState::Active);
    target.run(&["kill", "--reason", "enough"]).succeeded();
    assert_eq!(status(&client).await.state(), v1::TradingState::Halted);
    let left = target.run(&["resume", "--yes"]);
    assert_eq!(left.code, Some(1), "the kill switch is released by its own command: {left:?}");
    target.run(&["kill", "--release", "--reason", "go on"]).succeeded();
    assert_eq!(status(&client).await.state(), v1::TradingState::Active);
    let killed = target.run(&["kill", "--flatten", "--reason", "out of everything", "--output", "json"]).succeeded();
    let reply: serde_json::Value = serde_json::from_str(&killed.out).unwrap();
    assert_eq!((&reply["state"], &reply["complete"]), (&"HALTED".into(), &true.into()), "{reply}");
    assert_eq!(target.rows(&["positions"], &[]), [] as [serde_json::Value; 0]);
    drop(client);
    target.demo.terminate();
}

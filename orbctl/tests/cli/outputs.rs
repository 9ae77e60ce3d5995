//! What each command writes, in the three formats.

use crate::fake::{self, Fake, Mood};

/// Runs a command in the three formats and returns all that it wrote to standard output.
#[track_caller]
fn three_formats(fake: &Fake, arguments: &[&str]) -> String {
    let run = |format| {
        let run = fake.run(&[arguments, &["--output", format]].concat());
        assert_eq!(run.code, Some(0), "{run:?}");
        run.out
    };
    format!("{}\n{}\n{}", run("table"), run("json"), run("csv"))
}

macro_rules! shows {
    ($($name:ident: $($argument:literal)*;)*) => {
        $(#[test]
        fn $name() {
            let fake = Fake::start(Mood::Willing);
            insta::assert_snapshot!(three_formats(&fake, &[$($argument),*]));
        })*
    };
}

shows! {
    status: "status";
    account: "account";
    positions: "positions";
    signals: "signals";
    trades: "trades";
    decisions: "decisions";
    metrics: "metrics";
    equity: "equity";
    parity: "parity" "--date" "2026-02-13";
    readiness: "readiness";
    logs: "logs";
    orders: "orders";
    fills: "fills";
    universe: "universe";
    audit: "audit";
    alarms: "alarms";
    alarms_ack: "alarms" "ack" "a1" "--request-id" "r1";
    cancel: "cancel" "2026-02-13-orb-classic-AAPL-1-entry" "--request-id" "r1";
    cancel_all: "cancel" "--all" "--request-id" "r1";
    limits: "limits";
    limits_set: "limits" "set" "--daily-loss" "3%" "--max-positions" "6" "--yes" "--request-id" "r1";
    kill: "kill" "--reason" "news" "--request-id" "r1";
    kill_flatten: "kill" "--flatten" "--request-id" "r1";
    kill_release: "kill" "--release" "--reason" "all clear" "--request-id" "r1";
    pause: "pause" "--reason" "lunch" "--request-id" "r1";
    resume: "resume" "--yes" "--request-id" "r1";
    close: "close" "nvda" "--yes" "--request-id" "r1";
    close_all: "close" "--all" "--yes" "--request-id" "r1";
    config_show: "config" "show";
    config_reload: "config" "reload" "--request-id" "r1";
    why: "why" "nvda" "--date" "2026-02-13";
}

#[test]
fn metrics_without_trades() {
    insta::assert_snapshot!(three_formats(&Fake::start(Mood::Empty), &["metrics"]));
}

#[test]
fn nothing_is_no_table_and_only_a_header_in_csv() {
    let fake = Fake::start(Mood::Empty);
    for command in
        ["positions", "signals", "trades", "decisions", "equity", "logs", "orders", "fills", "universe", "audit"]
    {
        let run = fake.run(&[command]);
        assert_eq!((run.code, run.out.as_str()), (Some(0), ""), "{command}: {run:?}");
        assert!(run.err.contains("no "), "{command}: {run:?}");
        let run = fake.run(&[command, "--output", "json"]);
        assert_eq!((run.code, run.out.as_str()), (Some(0), ""), "{command}: {run:?}");
        let run = fake.run(&[command, "--output", "csv"]);
        assert_eq!((run.code, run.out.lines().count()), (Some(0), 1), "{command}: {run:?}");
    }
}

#[test]
fn every_line_of_json_is_an_object_with_its_ledger() {
    let fake = Fake::start(Mood::Willing);
    let commands = [
        "status",
        "account",
        "positions",
        "signals",
        "trades",
        "decisions",
        "metrics",
        "equity",
        "logs",
        "parity",
        "readiness",
        "orders",
        "fills",
        "universe",
        "audit",
        "alarms",
        "limits",
    ];
    for command in commands {
        for line in fake.run(&[command, "--output", "json"]).out.lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["ledger_id"], "sim-1", "{command}: {line}");
        }
    }
}

#[test]
fn a_table_says_its_ledger_on_standard_error() {
    let fake = Fake::start(Mood::Willing);
    assert_eq!(fake.run(&["trades"]).err, "SIM ledger sim-1\n");
    assert_eq!(fake.run(&["trades", "--output", "json"]).err, "");
}

#[test]
fn csv_of_trades_begins_with_the_columns_of_the_export() {
    let fake = Fake::start(Mood::Willing);
    let export = fake.run(&["export", "trades", "--out", "-"]).out;
    let trades = fake.run(&["trades", "--output", "csv"]).out;
    assert!(trades.starts_with(export.lines().next().unwrap()), "{trades}");
}

#[test]
fn help_documents_the_exit_codes() {
    let run = Fake::start(Mood::Willing).run(&["--help"]);
    assert!(run.out.contains("  3  cannot connect"), "{run:?}");
}

#[test]
fn completions_need_no_daemon() {
    let home = tempfile::TempDir::new().unwrap();
    let run = fake::finish(fake::orbctl(home.path(), &["completions", "bash"]).spawn().unwrap());
    assert_eq!(run.code, Some(0));
    assert!(run.out.contains("_orbctl"), "{}", run.out);
}

#[test]
fn manual_pages_need_no_daemon_and_name_every_command() {
    let home = tempfile::TempDir::new().unwrap();
    let run = fake::finish(fake::orbctl(home.path(), &["man"]).spawn().unwrap());
    assert_eq!(run.code, Some(0));
    assert!(run.out.contains(".TH orbctl") && run.out.contains("orbctl\\-kill"), "{}", run.out);
    let pages = home.path().join("man1");
    fake::finish(fake::orbctl(home.path(), &["man", "--out", pages.to_str().unwrap()]).spawn().unwrap());
    assert!(pages.join("orbctl-kill.1").exists());
}

#[test]
fn colours_are_for_terminals_and_for_whom_asks() {
    let fake = Fake::start(Mood::Willing);
    assert!(!fake.run(&["positions"]).out.contains('\u{1b}'));
    assert!(fake.run(&["positions", "--color", "always"]).out.contains("\u{1b}[31m-20.00\u{1b}[0m"));
    assert!(!fake.run(&["positions", "--color", "always", "--output", "csv"]).out.contains('\u{1b}'));
}

//! What orbctl asks for, how it fails, and how it follows.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Command,
};

use tempfile::TempDir;

use crate::fake::{Fake, Mood, Run, TOKEN, finish, orbctl};

/// Checks the exit code and that one line says what is wrong.
#[track_caller]
fn check_failure(run: &Run, code: i32, says: &str) {
    assert_eq!(run.code, Some(code), "{run:?}");
    assert_eq!(run.out, "", "{run:?}");
    assert!(run.err.contains(says), "{says:?} is missing: {run:?}");
    assert_eq!(run.err.lines().count(), 1, "{run:?}");
}

#[test]
fn filters_reach_the_daemon() {
    let fake = Fake::start(Mood::Willing);
    let check = |arguments: &[&str], expect: &[&str]| {
        let run = fake.run(arguments);
        assert_eq!(run.code, Some(0), "{run:?}");
        let asked = fake.last_asked();
        for part in expect {
            assert!(asked.contains(part), "{part} is missing: {asked}");
        }
    };
    check(&["positions", "--symbol", "nvda,f"], &[r#"symbols: ["NVDA", "F"]"#]);
    check(
        &[
            "signals",
            "--side",
            "short",
            "--status",
            "filled,partially-filled",
            "--from",
            "2026-02-01",
            "--to",
            "2026-02-13",
        ],
        &["sides: [Short]", "statuses: [Filled, PartiallyFilled]", r#"date_from: "2026-02-01", date_to: "2026-02-13""#],
    );
    check(
        &["trades", "--limit", "2", "--strategy", "orb-etf"],
        &["page_size: 1", r#"page_token: "second""#, r#"["orb-etf"]"#],
    );
    check(&["decisions", "--reason", "no_slot"], &[r#"reasons: ["no_slot"]"#]);
    check(
        &["logs", "--severity", "warn", "--component", "risk-manager,alpaca", "--search", "two words"],
        &["severity_min: Warn", "components: [RiskManager, Alpaca]", r#"search: "two words""#],
    );
    check(&["kill"], &["action: Engage", "flatten: false", r#"reason: """#]);
    check(&["kill", "--flatten", "--reason", "news"], &["action: Engage", "flatten: true", r#"reason: "news""#]);
    check(&["pause", "--reason", "lunch"], &["PauseEntriesRequest", r#"reason: "lunch""#]);
    check(&["orders", "--role", "stop", "--status", "working"], &["roles: [Stop]", "statuses: [Working]"]);
    check(&["fills", "--side", "sell"], &["sides: [Sell]"]);
    check(&["audit", "--actor", "anna"], &[r#"actors: ["anna"]"#]);
    check(&["universe", "--date", "2026-02-13", "--state", "excluded"], &["2026-02-13", "states: [Excluded]"]);
    check(&["config", "reload", "--reason", "a new desk"], &["validate_only: false", r#"reason: "a new desk""#]);
    check(&["config", "reload", "--dry-run"], &["validate_only: true"]);
    check(&["alarms", "ack", "--all"], &["alarm_ids: []"]);
    check(&["limits", "set", "--max-positions", "3", "--yes"], &[r#"fraction: """#, "max_positions: Some(3)"]);
    check(&["resume", "--hold", "crashed,breaker", "--yes"], &["holds: [Crashed, Breaker]"]);
    check(&["close", "nvda", "--yes", "--request-id", "r1"], &[r#"symbol: "NVDA""#, r#"request_id: "r1""#]);
}

#[test]
fn a_reload_that_is_refused_names_the_keys_and_fails() {
    let run = Fake::start(Mood::Empty).run(&["config", "reload"]);
    check_failure(&run, 1, "daemon.listen cannot be taken up now: the address is open while orbd runs; nothing has");
}

#[test]
fn a_limit_stops_and_says_so() {
    let fake = Fake::start(Mood::Willing);
    let run = fake.run(&["trades", "--limit", "1", "--output", "json"]);
    assert_eq!((run.code, run.out.lines().count()), (Some(0), 1), "{run:?}");
    assert!(run.err.contains("only the first 1 rows"), "{run:?}");
    let run = fake.run(&["trades", "--all", "--output", "json"]);
    assert_eq!((run.out.lines().count(), run.err.as_str()), (2, ""));
}

#[test]
fn no_daemon_is_exit_3() {
    let home = TempDir::new().unwrap();
    let run = finish(orbctl(home.path(), &["status", "--endpoint", "http://127.0.0.1:9"]).spawn().unwrap());
    check_failure(&run, 3, "cannot connect to http://127.0.0.1:9");
}

#[test]
fn a_wrong_or_missing_token_is_exit_4_and_never_shown() {
    let fake = Fake::start(Mood::Willing);
    let run = finish(fake.command(&["status"]).env("ORB_TOKEN", "wrong-token").spawn().unwrap());
    check_failure(&run, 4, "the token is not known; give the daemon's token by --token-file");
    assert!(!run.err.contains("wrong-token"), "{run:?}");
    let run = finish(fake.command(&["status"]).env_remove("ORB_TOKEN").spawn().unwrap());
    check_failure(&run, 4, "no token");
}

#[test]
fn wrong_usage_is_exit_2_and_asks_nobody() {
    let fake = Fake::start(Mood::Willing);
    let home = TempDir::new().unwrap();
    check_failure(&finish(orbctl(home.path(), &["status"]).spawn().unwrap()), 2, "no daemon is named");
    check_failure(&fake.run(&["close", "NVDA"]), 2, "closing NVDA needs --yes");
    check_failure(&fake.run(&["close", "--all"]), 2, "closing all positions needs --yes");
    check_failure(&fake.run(&["watch"]), 2, "watch needs a terminal");
    check_failure(&fake.run(&["export", "trades", "--out", "-", "--resume"]), 2, "--resume needs a file");
    check_failure(&fake.run(&["export", "logs", "--out", "-", "--format", "parquet"]), 2, "parquet needs a file");
    check_failure(&fake.run(&["resume"]), 2, "resuming needs --yes");
    check_failure(&fake.run(&["limits", "set", "--max-positions", "3"]), 2, "changing the limits needs --yes");
    check_failure(&fake.run(&["env", "live"]), 2, "switching the environment needs --account-id");
    check_failure(&fake.run(&["trades", "--from", "2026-02-14", "--to", "2026-02-13"]), 2, "swap them");
    check_failure(&fake.run(&["status", "--endpoint", "http://10.0.0.1:1"]), 2, "use https");
    for arguments in [
        &["kill", "--release"][..],
        &["kill", "--release", "--reason", "x", "--flatten"],
        &["trades", "--from", "13.2.2026"],
        &["trades", "--limit", "0"],
        &["signals", "--status", "lost"],
        &["signals", "--follow", "--limit", "3"],
        &["close", "no such", "--yes"],
        &["resume", "--hold", "kill", "--yes"],
        &["status", "--token", "secret"],
        &["export", "trades"],
        &["export", "trades", "--out", "x", "--format", "xml"],
        &["close", "NVDA", "--all", "--yes"],
        &["close", "--yes"],
        &["why"],
        &["cancel"],
        &["env", "production"],
        &["env", "--account-id", "PA1"],
        &["alarms", "ack"],
        &["limits", "set", "--yes"],
        &["limits", "set", "--daily-loss", "300%", "--yes"],
    ] {
        let run = fake.run(arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}: {run:?}");
    }
    assert_eq!(fake.times_asked(), 0);
}

#[test]
fn what_is_not_there_is_exit_5() {
    let run = Fake::start(Mood::Willing).run(&["close", "AAPL", "--yes"]);
    check_failure(&run, 5, "closing AAPL failed: there is no open position in AAPL");
}

#[test]
fn a_refusal_shows_what_the_daemon_advises() {
    let run = Fake::start(Mood::Willing).run(&["why", "xyz"]);
    check_failure(&run, 5, "explaining XYZ failed: nothing is known of XYZ on that day; see `orbctl universe`");
}

#[test]
fn a_command_that_got_lost_says_how_to_repeat_it() {
    let run = Fake::start(Mood::Willing).run(&["close", "SLOW", "--yes", "--request-id", "r7"]);
    check_failure(&run, 3, "repeat it with --request-id r7");
}

#[test]
fn an_incomplete_action_shows_its_reply_and_is_exit_1() {
    let fake = Fake::start(Mood::Empty);
    let run = fake.run(&["kill", "--flatten"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.out.contains("HALTED") && run.out.contains("trading in NVDA is halted"), "{run:?}");
    assert!(run.err.contains("0 orders unconfirmed, 1 positions open"), "{run:?}");
    let run = fake.run(&["close", "--all", "--yes"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.err.contains("closing all positions is not complete: 0 orders unconfirmed, 1 positions open"),
        "{run:?}"
    );
    for cancel in [&["cancel", "some-order"][..], &["cancel", "--all"]] {
        let run = fake.run(cancel);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(!run.out.is_empty() && run.err.contains("watch `orbctl orders`"), "{run:?}");
    }
    let run = fake.run(&["resume", "--yes"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.err.contains("entries are still held by kill"), "{run:?}");
    let run = fake.run(&["close", "NVDA", "--yes"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.out.contains("IN_PROGRESS") && run.err.contains("still under way: trading in NVDA"), "{run:?}");
}

#[test]
fn each_command_has_an_id_of_its_own() {
    let fake = Fake::start(Mood::Willing);
    fake.run(&["kill"]);
    let first = fake.last_asked();
    fake.run(&["kill"]);
    assert_ne!(first, fake.last_asked());
}

#[test]
fn the_demo_is_found_without_any_configuration() {
    let fake = Fake::start(Mood::Willing);
    let folder = fake.home.path().join("state/orb/demo");
    fs::create_dir_all(&folder).unwrap();
    let file =
        format!("current = \"demo\"\n[contexts.demo]\nendpoint = \"{}\"\ntoken_file = \"token\"\n", fake.endpoint());
    fs::write(folder.join("orbctl.toml"), file).unwrap();
    fs::write(folder.join("token"), TOKEN).unwrap();
    let run = finish(orbctl(fake.home.path(), &["account"]).spawn().unwrap());
    assert_eq!(run.code, Some(0), "{run:?}");
}

/// Follows until `count` lines are read, then interrupts; returns the lines and the end.
fn follow(fake: &Fake, arguments: &[&str], count: usize) -> (String, Run) {
    let mut child = fake.command(arguments).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut lines = String::new();
    for _ in 0..count {
        assert_ne!(reader.read_line(&mut lines).unwrap(), 0, "ended after {lines}");
    }
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    (lines, finish(child))
}

#[test]
fn following_ends_cleanly_by_an_interrupt() {
    let fake = Fake::start(Mood::Willing);
    let (lines, run) = follow(&fake, &["positions", "--follow", "--output", "csv"], 5);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.err, "fell behind: a fresh snapshot replaces 3 messages\n");
    insta::assert_snapshot!(lines);
}

#[test]
fn a_followed_table_has_one_header() {
    let fake = Fake::start(Mood::Willing);
    let (lines, run) = follow(&fake, &["signals", "--follow"], 3);
    assert_eq!(run.code, Some(0), "{run:?}");
    insta::assert_snapshot!(lines);
}

#[test]
fn a_followed_log_repeats_no_line_after_a_loss() {
    let fake = Fake::start(Mood::Willing);
    let (lines, run) = follow(&fake, &["logs", "--follow", "--output", "json", "--limit", "20"], 4);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(fake.last_asked().contains("backlog: Some(20)"));
    let ids: Vec<_> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, [1, 2, 3, 4]);
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let fake = Fake::start(Mood::Willing);
    let mut child = fake.command(&["completions", "bash"]).spawn().unwrap();
    drop(child.stdout.take());
    let run = finish(child);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
}

#[test]
fn a_lost_stream_is_taken_up_where_it_ended_and_nothing_comes_twice() {
    let fake = Fake::start(Mood::Willing);
    let (lines, run) = follow(&fake, &["fills", "--follow", "--output", "json"], 2);
    assert_eq!(run.code, Some(0), "{run:?}");
    let ids: Vec<_> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["f1", "f2"]);
    assert!(fake.last_asked().contains(r#"stream_epoch: "run-1", sequence: 7"#), "{}", fake.last_asked());
    assert!(run.err.contains("restarting; reconnecting") && run.err.contains("nothing was missed"), "{run:?}");
}

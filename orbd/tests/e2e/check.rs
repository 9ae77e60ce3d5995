//! `orbd check`: every item with its verdict, exit codes, and nothing left behind.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    client::names,
    daemon::{Demo, Ended, Process, check_log, program, text},
};

/// A configuration with its state directory, `@`, that can be written anew.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(file: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("state")).unwrap();
        fs::set_permissions(folder.path().join("state"), fs::Permissions::from_mode(0o700)).unwrap();
        let place = Self { folder };
        fs::write(place.path().join("orb.toml"), file.replace('@', text(place.path()))).unwrap();
        place
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `orbd check --offline` with more arguments and variables.
    #[track_caller]
    fn check(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        self.ask(&[&["--offline"], arguments].concat(), variables)
    }

    /// Runs `orbd check` with more arguments and variables.
    #[track_caller]
    fn ask(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        let before = [names(self.path()), names(&self.path().join("state"))];
        let mut command = program(env!("CARGO_BIN_EXE_orbd"));
        for name in ["APCA_API_KEY_ID", "APCA_API_SECRET_KEY", "CREDENTIALS_DIRECTORY"] {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        command.args(["check", "--config"]).arg(self.path().join("orb.toml")).args(arguments);
        let ended = Process::start(command).wait();
        check_log(&ended.err);
        assert!(!format!("{ended:?}").contains("hunter2"), "{ended:?}");
        assert_eq!([names(self.path()), names(&self.path().join("state"))], before, "it left something behind");
        ended
    }
}

const SIM: &str = "symbols = [\"SPY\"]\n[daemon]\ndata_dir = \"@/state\"\nlisten = \"127.0.0.1:0\"\n";

/// Checks the exit code and that each part is on one line of the output.
#[track_caller]
fn says(ended: &Ended, code: i32, lines: &[&[&str]]) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    for parts in lines {
        let has = |line: &str| parts.iter().all(|part| line.contains(part));
        assert!(ended.out.lines().any(has), "{parts:?} is missing:\n{}", ended.out);
    }
}

#[test]
fn a_simulated_environment_is_fit() {
    let place = Place::new(SIM);
    let ended = place.check(&[], &[]);
    let lines: &[&[&str]] = &[
        &["PASS  configuration", "environment sim, feed iex, orders to http://127.0.0.1:7080"],
        &["PASS  strategy orb-classic", "1 symbol (SPY)"],
        &["PASS  state directory", "is free"],
        &["PASS  database", "will be made"],
        &["PASS  API address"],
        &["PASS  credentials"],
        &["PASS  calendar", "in New York"],
        &["Fit to trade: 7 items, all pass. The broker was not asked."],
    ];
    says(&ended, 0, lines);
}

#[test]
fn what_is_not_fit_is_told_all_at_once() {
    let place = Place::new(
        "environment = \"paper\"\npreset = \"orb-sip\"\n[daemon]\ndata_dir = \"@/orb.toml/state\"\nlisten = \"127.0.0.1:0\"\n",
    );
    let lines: &[&[&str]] = &[
        &["FAIL  strategy orb-sip", "it names no symbols", "set symbols"],
        &["FAIL  strategy orb-sip", "rvol_min, average_volume_min, top", "feed = \"sip\""],
        &["FAIL  state directory", "cannot make"],
        &["FAIL  credentials", "set ORB_PAPER_KEY_ID"],
        &["Not fit to trade: "],
    ];
    says(&place.check(&[], &[]), 1, lines);
}

#[test]
fn a_wrong_file_is_a_failed_item() {
    let place = Place::new("max_position = 1\n[alpaca]\nfeed = \"sip\"\n");
    says(&place.check(&[], &[]), 1, &[&["FAIL  strategies", "/orb.toml:1: there is no key `max_position`"]]);
    let place = Place::new("max_position = 1\n[alpaca]\nkey = \"hunter2\"\n");
    says(&place.check(&[], &[]), 1, &[&["FAIL  configuration", "/orb.toml:3: `key` looks like a secret"]]);
    let place = Place::new("max_position = 1\nenvironment = \"live\"\n");
    let lines: &[&[&str]] = &[&["FAIL  configuration", "live_enabled"], &["FAIL  strategies", "max_position"]];
    says(&place.check(&[], &[]), 1, lines);
}

#[test]
fn credentials_come_from_the_environment_and_are_not_shown() {
    let place = Place::new(SIM);
    let paper = [
        "--environment",
        "paper",
        "--set",
        "entry=market",
        "--set",
        "direction=candle",
        "--set",
        "entry_offset_ticks=0",
    ];
    let keys = [("ORB_PAPER_KEY_ID", "PKhunter2"), ("ORB_PAPER_SECRET", "hunter2")];
    says(&place.check(&paper, &keys), 0, &[&["PASS  credentials", "some for paper"], &["Fit to trade: 7"]]);
    let live = [("APCA_API_KEY_ID", "AKhunter2"), ("APCA_API_SECRET_KEY", "hunter2")];
    says(&place.check(&paper, &live), 0, &[&["WARN  credentials", "as keys for live do"], &["1 to look at"]]);
    says(&place.check(&paper, &keys[..1]), 1, &[&["FAIL  credentials", "ORB_PAPER_SECRET is not"]]);
}

#[test]
fn a_state_directory_in_use_is_told() {
    let place = Place::new(SIM);
    let mut demo = Demo::start(&place.path().join("state"), &["--speed", "60"]);
    says(&place.check(&[], &[]), 1, &[&["FAIL  state directory", "is in use by process"]]);
    demo.terminate();
    says(&place.check(&[], &[]), 0, &[&["PASS  state directory"], &["PASS  database", "has this version's schema"]]);
}

#[test]
fn databases_that_cannot_be_opened() {
    let place = Place::new(SIM);
    let of = |url: &str| place.check(&[], &[("ORB_DATABASE_URL", url)]);
    let at = |name: &str| format!("sqlite://{}/{name}", text(place.path()));
    says(&of(&at("none/orb.db")), 1, &[&["FAIL  database", "/none does not exist"]]);
    says(&of(&at("orb.toml")), 1, &[&["FAIL  database", "is a database"]]);
    let down = "postgres://orb:hunter2@127.0.0.1:1/orb";
    says(&of(down), 1, &[&["FAIL  database", "postgres://orb:***@127.0.0.1:1/orb", "check that the server runs"]]);
    says(&of("mysql://orb"), 1, &[&["FAIL  configuration", "ORB_DATABASE_URL: `mysql://orb`"]]);
}

/// Runs a test with a simulated broker of the symbols STEP00 and on.
fn with_simulator(test: impl FnOnce(&str)) {
    let files = crate::market::Files::stairs();
    let market = orb_sim::market::MarketSource::Files { bars: vec![files.bars.clone()], warmup: Vec::new() };
    let threads = tokio::runtime::Runtime::new().unwrap();
    let started = async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        orb_sim::Server::start(orb_sim::SimConfig::new(market), listener).await.unwrap()
    };
    let running = threads.block_on(started);
    test(&format!("http://{}", running.address()));
    threads.block_on(running.stop());
}

#[test]
fn the_broker_is_asked() {
    with_simulator(|url| {
        let alpaca = format!("[alpaca]\nfeed = \"sip\"\nurl = \"{url}\"\n");
        let place = Place::new(&SIM.replace("SPY", "STEP00").replace("[daemon]", &format!("{alpaca}[daemon]")));
        let lines: &[&[&str]] = &[
            &["PASS  broker credentials", "accepted"],
            &["PASS  broker account", "active"],
            &["broker clock"],
            &["broker calendar"],
            &["PASS  broker feed", "sip"],
            &["PASS  broker symbol STEP00", "can be traded"],
            &["Fit to trade: "],
        ];
        says(&place.ask(&[], &[]), 0, lines);
        let unknown = place.ask(&["--set", "symbols=STEP00,NOSUCH"], &[]);
        says(&unknown, 1, &[&["FAIL  broker symbol NOSUCH"], &["PASS  broker symbol STEP00"]]);
        let wrong = [("ORB_SIM_KEY_ID", "hunter2"), ("ORB_SIM_SECRET", "hunter2")];
        says(&place.ask(&[], &wrong), 1, &[&["PASS  credentials"], &["FAIL  broker credentials"]]);
    });
}

#[test]
fn a_broker_that_is_not_there_is_told() {
    let place = Place::new(&SIM.replace("[daemon]", "[alpaca]\nurl = \"http://127.0.0.1:1\"\n[daemon]"));
    says(&place.ask(&[], &[]), 1, &[&["FAIL  broker credentials", "no answer"]]);
}

#[test]
fn scripts_get_one_object() {
    let place = Place::new(SIM);
    let ended = place.check(&["--json"], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let found: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&found["fit"], &found["environment"]), (&Value::Bool(true), &Value::from("sim")));
    let items: Vec<_> = found["findings"].as_array().unwrap().iter().map(|finding| &finding["item"]).collect();
    assert_eq!(
        items,
        [
            "configuration",
            "strategy orb-classic",
            "state directory",
            "database",
            "API address",
            "credentials",
            "calendar"
        ]
    );
    let ended = place.check(&["--json", "--set", "flatten_before_close=0"], &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let found: Value = serde_json::from_str(&ended.out).unwrap();
    let failed = &found["findings"][1];
    assert_eq!((&found["fit"], &failed["verdict"]), (&Value::Bool(false), &Value::from("fail")));
    assert!(failed["remedy"].as_str().unwrap().contains("flatten_before_close"), "{failed}");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let place = Place::new(SIM);
    let ended = place.check(&["--environment", "prod"], &[]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    assert!(ended.err.contains("expected sim, paper or live"), "{ended:?}");
    let ended = place.check(&["--key-id", "x"], &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
}

#[test]
fn other_commands_accept_the_file_and_refuse_its_errors() {
    let files = crate::market::Files::stairs();
    let place = Place::new("environment = \"paper\"\n[alpaca]\nfeed = \"sip\"\n[daemon]\ndata_dir = \"/nowhere\"\n");
    let config = place.path().join("orb.toml");
    let backtest = || {
        let bars = ["backtest", "--quiet", "--bars", text(&files.bars), "--config", text(&config)];
        crate::daemon::orbd(&bars)
    };
    backtest().succeeded();
    fs::write(&config, "[alpaca]\nfeed = \"spi\"\n").unwrap();
    let ended = backtest();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("orb.toml:2: `feed = \"spi\"`"), "{ended:?}");
}

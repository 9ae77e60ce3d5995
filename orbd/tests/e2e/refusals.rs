//! Bad input: one clear message that names the place and the remedy, a non-zero exit code, and nothing written.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    net::TcpListener,
    path::Path,
};

use tempfile::TempDir;

use crate::{
    client::names,
    daemon::{Demo, check_log, orbd, text},
    market::Files,
};

const HEADER: &str = "symbol,ts,open,high,low,close,volume\n";

/// Checks that a command is refused in these words and leaves a folder as it was; `@` stands for the folder.
#[track_caller]
fn check(folder: &Path, arguments: &[&str], says: &[&str]) {
    let before = content(folder);
    let arguments: Vec<_> = arguments.iter().map(|text| text.replace('@', folder.to_str().unwrap())).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let ended = orbd(&arguments);
    assert!(matches!(ended.code, Some(1 | 2)), "{arguments:?}: {ended:?}");
    assert_eq!(ended.out, "", "{arguments:?}: {ended:?}");
    check_log(&ended.err);
    for part in says {
        let part = part.replace('@', folder.to_str().unwrap());
        assert!(ended.err.contains(&part), "{part:?} is missing: {arguments:?}: {}", ended.err);
    }
    assert_eq!(content(folder), before, "{arguments:?} wrote something");
}

/// Returns all files and folders in a folder with the hashes of what they hold.
fn content(folder: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = folder.join(&name);
        let mut hash = DefaultHasher::new();
        // A folder has no bytes.
        fs::read(&path).unwrap_or_default().hash(&mut hash);
        found.push((name.clone(), hash.finish()));
        found.extend(content(&path).into_iter().map(|(below, hash)| (format!("{name}/{below}"), hash)));
    }
    found
}

/// Checks that neither a backtest nor a demo takes a file of bars of this text.
#[track_caller]
fn check_bars(name: &str, text: &str, says: &[&str]) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    let bars = format!("@/{name}");
    let (trades, equity) = ("@/trades.csv", "@/equity.csv");
    check(folder.path(), &["backtest", "--bars", &bars, "--trades", trades, "--equity", equity], says);
    check(folder.path(), &["demo", "--listen", "127.0.0.1:0", "--data-dir", "@/demo", "--exit", "--bars", &bars], says);
}

fn rows(rows: &[&str]) -> String {
    format!("{HEADER}{}\n", rows.join("\n"))
}

const FIRST: &str = "SPY,2026-03-02T14:30:00Z,10,11,9,10,100";
const SECOND: &str = "SPY,2026-03-02T14:31:00Z,10,11,9,10,100";

#[test]
fn bars_that_are_wrong() {
    let missing = "symbol,ts,open,high,low,volume\nSPY,2026-03-02T14:30:00Z,10,11,9,100\n";
    check_bars("bars.csv", missing, &["@/bars.csv has no column `close`", "a header with symbol, ts"]);
    let bad = rows(&[FIRST, "SPY,2026-03-02T14:31:00Z,ten,11,9,10,100"]);
    check_bars("bars.csv", &bad, &["@/bars.csv, line 3", "open", "ten"]);
    check_bars("bars.csv", &rows(&[SECOND, FIRST]), &["@/bars.csv, line 3", "sort the file by time"]);
    check_bars("bars.csv", &rows(&[FIRST, FIRST]), &["@/bars.csv, line 3", "SPY", "2026-03-02T14:30:00Z"]);
    let negative = rows(&["SPY,2026-03-02T14:30:00Z,-10,11,-11,10,100"]);
    check_bars("bars.csv", &negative, &["@/bars.csv, line 2", "open", "-10"]);
    let crossed = rows(&["SPY,2026-03-02T14:30:00Z,10,9,11,10,100"]);
    check_bars("bars.csv", &crossed, &["@/bars.csv, line 2", "high", "low"]);
    check_bars("bars.txt", &rows(&[FIRST]), &["@/bars.txt", ".csv, .csv.gz or .parquet"]);
    check_bars("bars.csv", HEADER, &["@/bars.csv holds no rows"]);
    check_bars("bars.csv", "", &["@/bars.csv"]);
    check_bars("bars.parquet", "no parquet", &["@/bars.parquet is not a whole Parquet file"]);
    check_bars("bars.csv.gz", "no gzip", &["@/bars.csv.gz is not a whole gzip file"]);
    let night = rows(&["SPY,2026-03-02T09:30:00Z,10,11,9,10,100"]);
    check_bars("bars.csv", &night, &["no bar lies in regular trading hours", "UTC"]);
}

#[test]
fn bars_that_are_not_there() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    check(folder.path(), &["backtest", "--bars", "@/none.csv"], &["no file or folder at @/none.csv", "check the path"]);
    check(folder.path(), &["backtest", "--bars", "@/empty"], &["the folder @/empty holds no .csv"]);
    check(folder.path(), &["backtest"], &["--bars <PATH>..."]);
    check(
        folder.path(),
        &["demo", "--data-dir", "@/demo", "--bars", "@/none.csv"],
        &["no file or folder at @/none.csv"],
    );
}

/// Checks that neither a backtest nor a demo takes a setting.
#[track_caller]
fn check_setting(settings: &[&str], says: &[&str]) {
    let files = Files::stairs();
    fs::write(files.folder.path().join("orb.toml"), "# mine\nleverage = 2\nmax_position = 3\n").unwrap();
    fs::write(files.folder.path().join("broken.toml"), "leverage = 2\nleverage =\n").unwrap();
    fs::write(files.folder.path().join("magic.toml"), "preset = \"orb-magic\"\n").unwrap();
    let backtest = ["backtest", "--trades", "@/trades.csv", "--bars", "@/bars.csv"];
    check(files.folder.path(), &[&backtest[..], settings].concat(), says);
    let demo =
        ["demo", "--direct", "--exit", "--listen", "127.0.0.1:0", "--data-dir", "@/demo", "--bars", "@/bars.csv"];
    check(files.folder.path(), &[&demo[..], settings].concat(), says);
}

#[test]
fn settings_that_are_wrong() {
    check_setting(
        &["--preset", "orb-magic"],
        &["there is no preset `orb-magic`", "orb-classic, orb-sip, orb-sip-paper, orb-etf"],
    );
    check_setting(&["--set", "max_position=3"], &["`max_position`", "did you mean `max_positions`?"]);
    check_setting(&["--set", "colour=red"], &["there is no key `colour`", "orbd backtest --help"]);
    check_setting(&["--set", "max_positions=many"], &["`max_positions = many`", "whole number"]);
    check_setting(&["--set", "max_positions"], &["--set max_positions: expected KEY=VALUE"]);
    check_setting(&["--set", "risk_fraction=2%"], &["`risk_fraction = 2%`", "decimal number"]);
    check_setting(&["--set", "entry=market"], &["entry, direction", "set direction=candle"]);
    check_setting(&["--set", "entry_cutoff=1"], &["entry_cutoff, flatten_before_close", "make entry_cutoff at least"]);
    check_setting(&["--set", "symbols=SPY"], &["symbols: there are no bars of SPY", "STEP00"]);
    check_setting(&["--config", "@/orb.toml"], &["@/orb.toml:3: there is no key `max_position`"]);
    check_setting(&["--config", "@/broken.toml"], &["@/broken.toml:2: not valid TOML"]);
    check_setting(&["--config", "@/magic.toml"], &["@/magic.toml:1: there is no preset `orb-magic`"]);
    check_setting(&["--config", "@/none.toml"], &["cannot read the configuration @/none.toml"]);
}

#[test]
fn dates_that_are_wrong() {
    let files = Files::stairs();
    let demo = |date, says: &[&str]| {
        let demo = ["demo", "--direct", "--exit", "--listen", "127.0.0.1:0", "--data-dir", "@/demo", "--date", date];
        check(files.folder.path(), &[&demo[..], &["--bars", "@/bars.csv"]].concat(), says);
    };
    demo("2026-03-03", &["--date 2026-03-03", "the bars have 2026-03-02"]);
    demo("2026-02-28", &["--date 2026-02-28", "the bars have 2026-03-02"]);
    demo("yesterday", &["--date", "yesterday"]);
    let demo = ["demo", "--direct", "--exit", "--listen", "127.0.0.1:0", "--data-dir", "@/demo"];
    check(files.folder.path(), &[&demo[..], &["--date", "2026-02-28"]].concat(), &["--date 2026-02-28", "closed"]);
    check(files.folder.path(), &[&demo[..], &["--date", "1999-03-01"]].concat(), &["1999-03-01"]);
    let backtest = ["backtest", "--bars", "@/bars.csv", "--trades", "@/trades.csv"];
    let range = ["--from", "2026-03-03", "--to", "2026-03-05"];
    check(files.folder.path(), &[&backtest[..], &range].concat(), &["--from", "2026-03-02"]);
    let range = ["--from", "2026-03-05", "--to", "2026-03-01"];
    check(files.folder.path(), &[&backtest[..], &range].concat(), &["--from", "--to"]);
}

#[test]
fn outputs_that_cannot_be_written() {
    let files = Files::stairs();
    fs::create_dir(files.folder.path().join("folder")).unwrap();
    fs::write(files.folder.path().join("old.csv"), "as it was\n").unwrap();
    let backtest = ["backtest", "--bars", "@/bars.csv"];
    for (good, bad) in [("--trades", "--equity"), ("--equity", "--decisions"), ("--decisions", "--trades")] {
        for target in ["@/none/out.csv", "@/bars.csv/out.csv", "@/folder"] {
            for kept in ["@/new.csv", "@/old.csv"] {
                let arguments = [&backtest[..], &[good, kept, bad, target]].concat();
                check(files.folder.path(), &arguments, &["cannot write", target]);
            }
        }
    }
    let same = [&backtest[..], &["--trades", "@/out.csv", "--equity", "@/out.csv"]].concat();
    check(files.folder.path(), &same, &["--trades", "--equity", "@/out.csv"]);
    let over_bars = [&backtest[..], &["--trades", "@/bars.csv"]].concat();
    check(files.folder.path(), &over_bars, &["--trades", "@/bars.csv"]);
}

#[test]
fn addresses_and_folders_that_cannot_be_had() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port = format!("port {} is in use", address.port());
    let address = address.to_string();
    let demo =
        |rest: &[&str], says: &[&str]| check(folder.path(), &[&["demo", "--direct", "--exit"], rest].concat(), says);
    demo(&["--data-dir", "@/demo", "--listen", &address], &[&port, "listen on another port"]);
    demo(&["--data-dir", "@/demo", "--listen", "0.0.0.0:0"], &["listens on this machine only", "127.0.0.1:7070"]);
    demo(&["--data-dir", "@/demo", "--listen", "nowhere"], &["--listen"]);
    demo(&["--data-dir", "@/file/demo", "--listen", "127.0.0.1:0"], &["--data-dir @/file/demo", "choose a folder"]);
    demo(&["--data-dir", "@/file", "--listen", "127.0.0.1:0"], &["--data-dir @/file", "choose a folder"]);
    let free = ["--listen", "127.0.0.1:0", "--data-dir", "@/demo"];
    demo(&[&free[..], &["--speed", "fast"]].concat(), &["--speed", "a number or max"]);
    demo(&[&free[..], &["--speed", "0"]].concat(), &["--speed", "0.1 to 1000000"]);
    demo(&[&free[..], &["--database", "mysql://orb"]].concat(), &["`mysql://orb` is not the address of a database"]);
    let nowhere = ["--database", "sqlite://@/none/orb.db"];
    demo(&[&free[..], &nowhere].concat(), &["the folder @/none does not exist"]);
    let down = ["--database", "postgres://orb:s3cret@127.0.0.1:1/orb"];
    demo(&[&free[..], &down].concat(), &["cannot reach the database postgres://orb", "check that the server runs"]);
}

#[test]
fn a_database_of_a_newer_schema() {
    let folder = TempDir::new().unwrap();
    Demo::start(folder.path(), &["--speed", "max", "--exit"]).wait();
    let mut conn =
        <diesel::SqliteConnection as diesel::Connection>::establish(text(&folder.path().join("orb.db"))).unwrap();
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')";
    diesel::connection::SimpleConnection::batch_execute(&mut conn, newer).unwrap();
    drop(conn);
    let demo = ["demo", "--direct", "--exit", "--listen", "127.0.0.1:0", "--data-dir", "@"];
    check(folder.path(), &demo, &["@/orb.db", "made by a newer orb", "`9999`", "install the newer version"]);
}

#[test]
fn a_second_daemon_on_the_same_folder() {
    let folder = TempDir::new().unwrap();
    let mut demo = Demo::start(folder.path(), &["--speed", "60"]);
    let listed = |folder: &Path| names(folder);
    let before = listed(folder.path());
    let contact = fs::read(folder.path().join("orbctl.toml")).unwrap();
    let second = orbd(&[
        "demo",
        "--direct",
        "--exit",
        "--speed",
        "max",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        text(folder.path()),
    ]);
    assert_eq!(second.code, Some(1), "{second:?}");
    for part in ["is in use by process", "stop it first"] {
        assert!(second.err.contains(part), "{part:?} is missing: {second:?}");
    }
    assert_eq!(listed(folder.path()), before);
    assert_eq!(fs::read(folder.path().join("orbctl.toml")).unwrap(), contact);
    demo.terminate();
}

#[test]
fn a_log_of_another_session() {
    let (folder, files) = (TempDir::new().unwrap(), Files::stairs());
    let mut demo = Demo::start(folder.path(), &["--speed", "60"]);
    demo.terminate();
    let bars = text(&files.bars).to_owned();
    let demo = [
        "demo",
        "--direct",
        "--exit",
        "--speed",
        "max",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        text(folder.path()),
        "--bars",
    ];
    let ended = orbd(&[&demo[..], &[&bars]].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("data folder") || ended.err.contains("the configuration does not have"), "{ended:?}");
}

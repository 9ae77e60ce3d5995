//! `orbd backtest` against a second implementation of the strategy in another language, on random markets.
//!
//! The other one is `reference/reference.py`; it was written from the rules alone. Needs `python3`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::str::FromStr as _;

use rust_decimal::Decimal;

/// Seeds of the markets that every run compares; more by the environment variable `ORB_REFERENCE_SEEDS`.
const SEEDS: u32 = 24;

fn script(name: &str) -> String {
    format!("{}/tests/reference/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn run(command: &mut Command, seed: u32) -> String {
    let output = command.output().expect("the program starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "seed {seed}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Reads a CSV file as rows without their column `detail`, numbers in one form.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(path).expect("a CSV file");
    let detail = reader.headers().expect("a header").iter().position(|name| name == "detail");
    let normal =
        |text: &str| Decimal::from_str(text).map_or_else(|_| text.to_owned(), |number| number.normalize().to_string());
    let fields = |record: csv::StringRecord| {
        record.iter().enumerate().filter(|(index, _)| Some(*index) != detail).map(|(_, text)| normal(text)).collect()
    };
    let mut rows: Vec<Vec<String>> = reader.records().map(|record| fields(record.expect("a row"))).collect();
    rows.sort();
    rows
}

fn calendar(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("calendar.csv");
    let mut text = "date,open_utc,close_utc,kind\n".to_owned();
    for session in orb_data::calendar::nyse_calendar(2010, 2025).sessions() {
        text.push_str(&format!("{},{},{},-\n", session.date, session.open, session.close));
    }
    fs::write(&path, text).expect("written");
    path
}

/// Compares one random market; returns the number of trades.
fn compare(seed: u32, folder: &Path, calendar: &Path) -> usize {
    let (bars, config) = (folder.join("bars.csv"), folder.join("config.toml"));
    let mut maker = Command::new("python3");
    maker.arg(script("market.py")).arg(seed.to_string()).arg(&bars).arg(calendar).arg(&config);
    let flags = run(&mut maker, seed);
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let files = ["trades", "decisions", "equity"];
    let outputs = |who: &str| -> Vec<String> {
        let path = |name: &str| folder.join(format!("{who}-{name}.csv")).display().to_string();
        files.iter().flat_map(|name| [format!("--{name}"), path(name)]).collect()
    };
    let mut ours = Command::new(env!("CARGO_BIN_EXE_orbd"));
    run(ours.arg("backtest").arg("--bars").arg(&bars).args(&flags).args(outputs("ours")), seed);
    let mut theirs = Command::new("python3");
    theirs.arg(script("reference.py")).arg("--calendar").arg(calendar).arg("--bars").arg(&bars);
    run(theirs.args(&flags).args(outputs("theirs")), seed);
    for name in files {
        let (left, right) =
            (rows(&folder.join(format!("ours-{name}.csv"))), rows(&folder.join(format!("theirs-{name}.csv"))));
        let differing: Vec<_> = left.iter().filter(|row| !right.contains(row)).take(3).collect();
        let wanted: Vec<_> = right.iter().filter(|row| !left.contains(row)).take(3).collect();
        assert!(left == right, "seed {seed}, {flags:?}, {name}: ours {differing:?}, the reference {wanted:?}");
    }
    rows(&folder.join("ours-trades.csv")).len()
}

#[test]
fn backtests_agree_trade_by_trade_with_a_second_implementation() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no python3 to run the second implementation with");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let calendar = calendar(folder.path());
    let seeds = std::env::var("ORB_REFERENCE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    let trades: usize = (1..=seeds).map(|seed| compare(seed, folder.path(), &calendar)).sum();
    assert!(trades > 4 * seeds as usize, "the markets are worth comparing: {trades} trades");
}

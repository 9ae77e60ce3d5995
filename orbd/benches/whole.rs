//! Whole processes, as a user runs them: a backtest from zstd Parquet, and a sweep on one and on two threads.
//!
//! Each is run several times; the fastest and the median are printed, with the greatest resident memory.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use orb_core::Date;
use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
use orb_data::{BarSet, nyse_calendar, write};

const SYMBOLS: usize = 20;
const SESSIONS: usize = 252;
const RUNS: usize = 15;

/// A search of 48 combinations.
const GRID: &str = "preset = \"orb-classic\"\n[axes]\nrange_minutes = [5, 15, 30]\n\
                    target_r = [1, 2, 3, 4]\nmax_positions = [2, 5, 10, 20]\n";

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let (symbols, single) = (folder.path().join("symbols"), folder.path().join("single"));
    let rows = write_market(&symbols, &single);
    println!("{SYMBOLS} symbols x {SESSIONS} sessions, {rows} one-minute bars, zstd Parquet");
    for (name, bars) in [("a file for each symbol", &symbols), ("one file by time", &single)] {
        let runs: Vec<Run> = (0..RUNS).map(|_| run(&["backtest", "--bars", text(bars), "--quiet"])).collect();
        report(&format!("backtest, both fill models, {name}"), &runs);
    }
    sweep(folder.path(), &symbols);
}

fn sweep(folder: &Path, bars: &Path) {
    let grid = folder.join("grid.toml");
    std::fs::write(&grid, GRID).expect("a grid");
    let times = ["1", "2"].map(|threads| {
        let runs: Vec<Run> = (0..3)
            .map(|count| {
                let out = folder.join(format!("{threads}-{count}.jsonl"));
                let arguments = ["sweep", "--grid", text(&grid), "--bars", text(bars), "--out", text(&out)];
                run(&[&arguments[..], &["--threads", threads]].concat())
            })
            .collect();
        report(&format!("sweep of 48 combinations, {threads} threads"), &runs);
        fastest(&runs)
    });
    println!("sweep: two threads are {:.2} times as fast as one", times[0].as_secs_f64() / times[1].as_secs_f64());
}

/// Holds what one process took.
struct Run {
    time: Duration,
    resident_kb: u64,
}

fn run(arguments: &[&str]) -> Run {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_orbd"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("orbd starts");
    let status = format!("/proc/{}/status", child.id());
    let mut resident_kb = 0;
    loop {
        // What a process held at most is gone with it: it is looked at while it runs.
        resident_kb = resident_kb.max(peak_kb(&status).unwrap_or(0));
        if let Some(exit) = child.try_wait().expect("a child") {
            assert!(exit.success(), "{arguments:?} failed");
            return Run { time: start.elapsed(), resident_kb };
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn peak_kb(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn fastest(runs: &[Run]) -> Duration {
    runs.iter().map(|run| run.time).min().unwrap_or_default()
}

fn report(name: &str, runs: &[Run]) {
    let mut times: Vec<Duration> = runs.iter().map(|run| run.time).collect();
    times.sort_unstable();
    let (best, median) = (times[0].as_millis(), times[times.len() / 2].as_millis());
    let megabytes = runs.iter().map(|run| run.resident_kb).max().unwrap_or(0) / 1_000;
    println!("{name:<56} best {best:>6} ms  median {median:>6} ms  at most {megabytes:>4} MB");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of plain text")
}

/// Writes the market in both layouts and returns its number of rows.
fn write_market(symbols: &Path, single: &Path) -> usize {
    let calendar = nyse_calendar(2024, 2026);
    let first_date = Date::from_ymd_opt(2025, 1, 2).expect("a date");
    let options = SyntheticOptions { symbols: SYMBOLS, sessions: SESSIONS, first_date };
    let market = SyntheticMarket::new(7, options).generate(&calendar).expect("a market");
    for folder in [symbols, single] {
        std::fs::create_dir(folder).expect("a folder");
    }
    write::write(&single.join("bars.parquet"), &market.trade).expect("a file");
    for (symbol, name) in market.symbols().iter() {
        let bars = market.trade.iter().filter(|bar| bar.symbol == symbol).copied().collect();
        let set =
            BarSet::from_bars(market.symbols().clone(), market.bar_length(), &calendar, bars).expect("valid bars");
        write::write(&symbols.join(format!("{name}.parquet")), &set).expect("a file");
    }
    market.trade.len()
}

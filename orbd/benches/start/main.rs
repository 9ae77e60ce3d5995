//! How long `orbd run` takes to be ready with a million rows in its records, and how much memory it holds with 500
//! symbols.
//!
//! The process is the real one, started and watched from outside: ready is what a service manager hears, and memory what
//! the kernel counts. The broker is a local Alpaca in this process.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod records;
mod stage;

use std::path::Path;
use std::time::Duration;

use orb_core::Span;
use orbd::store::DatabaseUrl;

use crate::records::Count;
use crate::stage::{Daemon, Stage};

/// Starts of each kind that are counted, after a first one that has its day still to prepare.
const STARTS: usize = 9;
/// Simulated minutes from the open for which memory is watched.
const WATCHED_MINUTES: i64 = 35;
const MIB: f64 = 1_024.0;

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let chosen = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let is_wanted = |name: &str| chosen.as_deref().is_none_or(|chosen| chosen == name);
    if is_wanted("start") {
        println!("{:<34} {:>10} {:>10} {:>10} {:>10} {:>10}", "", "first", "best", "median", "most", "resident");
        starts(&runtime, "an empty database", false);
        starts(&runtime, "a million rows", true);
    }
    if is_wanted("memory") {
        println!("{:<34} {:>10} {:>10} {:>10} {:>10}", "", "ready", "after the range", "at the end", "most");
        for symbols in [24, 500] {
            memory(&runtime, symbols);
        }
    }
}

/// Starts a daemon again and again on the same records.
fn starts(runtime: &tokio::runtime::Runtime, name: &str, is_full: bool) {
    let stage = Stage::new(runtime, 24, 1.0);
    if is_full {
        fill(&stage);
    }
    let mut resident_kib = 0;
    let mut start = || {
        let daemon = Daemon::start(&stage);
        let took = daemon.took();
        resident_kib = resident_kib.max(daemon.memory().resident_kib);
        daemon.end();
        took
    };
    let first = start();
    let mut times: Vec<Duration> = (0..STARTS).map(|_| start()).collect();
    times.sort();
    let ms = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
    println!(
        "{name:<34} {:>10} {:>10} {:>10} {:>10} {:>7.1} MiB",
        ms(first),
        ms(times[0]),
        ms(times[STARTS / 2]),
        ms(times[STARTS - 1]),
        resident_kib as f64 / MIB
    );
}

fn fill(stage: &Stage) {
    let url = DatabaseUrl::sqlite(stage.state().join("orb.db"));
    let Count { rows, sessions } = records::write(&url, &stage.account(), &stage.symbols, stage.session.date);
    let bytes = size(&stage.state());
    println!("{rows} rows of {sessions} sessions, {} MiB", bytes / 1_048_576);
}

fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("a folder").flatten();
    files.filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum()
}

/// Watches the memory of a daemon over the first part of a session.
fn memory(runtime: &tokio::runtime::Runtime, symbols: usize) {
    let stage = Stage::new(runtime, symbols, 30.0);
    let daemon = Daemon::start(&stage);
    let ready = daemon.memory();
    stage.wait_until(stage.session.open + Span::from_minutes(6));
    let after_range = daemon.memory();
    stage.wait_until(stage.session.open + Span::from_minutes(WATCHED_MINUTES));
    let end = daemon.memory();
    daemon.end();
    let mib = |kib: u64| format!("{:.1} MiB", kib as f64 / MIB);
    println!(
        "{:<34} {:>10} {:>10} {:>10} {:>10}",
        format!("{symbols} symbols"),
        mib(ready.resident_kib),
        mib(after_range.resident_kib),
        mib(end.resident_kib),
        mib(end.most_kib)
    );
}

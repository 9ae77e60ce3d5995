//! How long a morning takes at its range's end: a thousand symbols, from the end of the opening range to the last order.
//!
//! The way is that of a live day: a local Alpaca in this process, its websockets and requests, the adapter, the engine and
//! the records in SQLite. Simulated time stands while anything is under way, so the figures are told apart: what the bars
//! took to come and what the engine waited for, in simulated time, and what was worked, on the machine's clock. Their sum
//! is what a live morning would take at most, because there the two overlap.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use orb_core::config::preset;
use orb_core::{RunConfig, Span};
use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
use orbd::backtest::{Market, Selection};
use orbd::demo::DemoSession;
use orbd::rehearsal::{Rehearsal, ScanTimes};

/// Mornings of each size.
const ROUNDS: u64 = 3;

fn main() {
    let sizes = std::env::var("ORB_SCAN_SYMBOLS").ok();
    let sizes: Vec<usize> = match &sizes {
        Some(text) => text.split(',').map(|size| size.parse().expect("numbers of symbols")).collect(),
        None => vec![100, 1_000],
    };
    println!("{:>7} {:>7} {:>10} {:>10} {:>10} {:>10}", "symbols", "entries", "waited", "worked", "sum", "resident");
    for symbols in sizes {
        for round in 0..ROUNDS {
            let begin = Instant::now();
            let times = morning(symbols, round);
            print(symbols, &times, begin.elapsed());
        }
    }
}

/// Stocks in Play whose first twenty by rank are ordered at the range's end, as stops that wait at the broker.
fn in_play() -> RunConfig {
    let mut run = RunConfig::of(preset("orb-sip").expect("a preset"));
    for (key, value) in [
        ("slot_policy", "ranked"),
        ("entry_mode", "resting_stop"),
        ("max_positions", "20"),
        ("initial_equity", "1000000"),
        ("rvol_min", "0.5"),
        ("atr_min", "0.2"),
        ("average_volume_min", "100000"),
    ] {
        run.set(key, value).expect("a setting");
    }
    run
}

fn morning(symbols: usize, seed: u64) -> ScanTimes {
    let mut run = in_play();
    let calendar = Arc::new(orb_data::nyse_calendar(2005, 2100));
    let options = SyntheticOptions { symbols, ..SyntheticOptions::default() };
    let loaded = SyntheticMarket::new(seed, options).generate(&calendar).expect("a market");
    let market = Market::new(loaded, calendar, &Selection::default(), &mut run).expect("a market to trade");
    let session = DemoSession { run, market };
    let range_end = session.market.days[0].session.open + Span::from_minutes(5);
    let folder = tempfile::tempdir().expect("a folder");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(Rehearsal::new(session).scan(folder.path(), range_end)).expect("a morning")
}

fn print(symbols: usize, times: &ScanTimes, whole: Duration) {
    let waited = times.waited.micros() as f64 / 1e3;
    let worked = times.worked.as_secs_f64() * 1e3;
    let resident = times.resident_kib.map_or_else(|| "-".to_owned(), |kib| format!("{} MiB", kib / 1_024));
    println!(
        "{symbols:>7} {:>7} {waited:>7.1} ms {worked:>7.1} ms {:>7.1} ms {resident:>10}  (whole morning {:.1} s)",
        times.entries.len(),
        waited + worked,
        whole.as_secs_f64()
    );
}

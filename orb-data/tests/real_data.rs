//! Real bars, which are not part of the repository.

use std::collections::BTreeMap;
use std::path::PathBuf;

use orb_core::Date;
use orb_data::{LoadOptions, bars, load, nyse_calendar, test_data};

/// Sets with their bar length in minutes.
const SETS: [(&str, i64); 10] = [
    ("5m/qqq-2020-2025", 5),
    ("5m/universe-2025-2026", 5),
    ("5m/nine-2022-2023", 5),
    ("5m/arm-ipo-2023-2024", 5),
    ("1m/spy-2024-2025", 1),
    ("1m/spy-ext-2024", 1),
    ("1m/spy-2011", 1),
    ("1m/universe-2026", 1),
    ("1m/sparse-iex-2025", 1),
    ("1m/lean-sample", 1),
];

#[test]
fn every_set_loads_with_the_rows_of_the_manifest() {
    let (Some(manifest), calendar) = (manifest(), nyse_calendar(2005, 2027)) else { return };
    for (set, minutes) in SETS {
        let Some(path) = test_data::path(&format!("bars/{set}")) else { return };
        let loaded = bars::load_with_warmup(&[path], &[], LoadOptions::new(&calendar)).expect(set);
        let expected = &manifest[set];
        let rows = loaded.trade.len() as u64 + loaded.dropped.no_volume + loaded.dropped.outside_hours;
        assert_eq!((rows, loaded.bar_length().minutes()), (expected.rows, minutes), "{set}");
        assert_eq!(loaded.symbols().len(), expected.files, "{set}");
        assert!(loaded.dropped.no_volume >= expected.zero_volume, "{set}");
        assert!(
            loaded.dropped.no_volume + loaded.dropped.outside_hours >= expected.extended + expected.zero_volume,
            "{set}"
        );
        assert!(loaded.dropped.outside_hours <= expected.extended, "{set}");
    }
}

#[test]
fn sessions_of_half_days_and_clock_changes_begin_and_end_on_time() {
    check("1m/spy-2024-2025", "2024-07-03", "13:30:00Z", "16:59:00Z", 210);
    check("1m/spy-2024-2025", "2024-11-29", "14:30:00Z", "17:59:00Z", 210);
    check("1m/spy-2024-2025", "2024-11-01", "13:30:00Z", "19:59:00Z", 390);
    check("1m/spy-2024-2025", "2024-11-04", "14:30:00Z", "20:59:00Z", 390);
    check("1m/spy-ext-2024", "2024-03-08", "14:30:00Z", "20:59:00Z", 390);
    check("1m/spy-ext-2024", "2024-03-11", "13:30:00Z", "19:59:00Z", 390);
    check("1m/spy-2011", "2011-03-11", "14:30:00Z", "20:59:00Z", 390);
    check("1m/spy-2011", "2011-03-14", "13:30:00Z", "19:59:00Z", 390);
}

#[test]
fn the_two_lengths_of_one_universe_do_not_mix() {
    let paths = ["bars/1m/universe-2026", "bars/5m/universe-2025-2026"].map(test_data::path);
    let [Some(one), Some(five)] = paths else { return };
    let calendar = nyse_calendar(2025, 2026);
    let mixed = bars::load_with_warmup(&[one], &[five], LoadOptions::new(&calendar)).expect_err("mixed lengths");
    assert!(matches!(mixed, orb_data::DataError::MixedBarLengths { minutes: 5, expected: 1, .. }), "{mixed}");
}

#[test]
fn a_set_read_by_one_thread_or_many_is_the_same() {
    let Some(path) = test_data::path("bars/1m/universe-2026") else { return };
    let calendar = nyse_calendar(2026, 2026);
    let with = |threads| {
        let threads = std::num::NonZero::new(threads);
        load(std::slice::from_ref(&path), LoadOptions { threads, ..LoadOptions::new(&calendar) }).expect("bars")
    };
    assert_eq!(with(1), with(4));
}

#[track_caller]
fn check(set: &str, date: &str, first: &str, last: &str, bars: usize) {
    let Some(path) = test_data::path(&format!("bars/{set}")) else { return };
    let calendar = nyse_calendar(2005, 2027);
    let loaded = load(&[path], LoadOptions::new(&calendar)).expect(set);
    let date: Date = date.parse().expect("a date");
    let session = loaded.session(date).expect("a session with bars");
    let starts = [session.bars().first(), session.bars().last()].map(|bar| bar.expect("bars").start.to_string());
    assert_eq!(starts, [format!("{date}T{first}"), format!("{date}T{last}")]);
    assert_eq!(session.bars().len(), bars);
}

/// Sums up what the manifest says about a set.
#[derive(Default)]
struct Expected {
    files: usize,
    rows: u64,
    extended: u64,
    zero_volume: u64,
}

fn manifest() -> Option<BTreeMap<String, Expected>> {
    let path: PathBuf = test_data::path("manifest.csv")?;
    let mut reader = csv::Reader::from_path(path).expect("the manifest");
    let header = reader.headers().expect("a header").clone();
    let mut sets: BTreeMap<String, Expected> = BTreeMap::new();
    for record in reader.records().map(|record| record.expect("a row")) {
        let field = |name| record.get(header.iter().position(|column| column == name).expect(name)).expect(name);
        let count = |name| field(name).parse::<f64>().unwrap_or(0.0) as u64;
        let (folder, _) = field("file").rsplit_once('/').expect("a path");
        let set = sets.entry(folder.trim_start_matches("bars/").to_owned()).or_default();
        set.files += 1;
        set.rows += count("rows");
        set.extended += count("ext_hours_rows");
        set.zero_volume += count("zero_volume_rth");
    }
    Some(sets)
}

//! Previous close, ATR14 and usual volumes against features that another program computed from the same bars.

use std::io::Read as _;

use orb_core::history::History;
use orb_core::{Price, Symbol};
use orb_data::bars::{LoadOptions, load};
use orb_data::test_data;

/// Position of five minutes among the lengths of opening ranges.
const FIVE_MINUTES: usize = 1;

struct Row {
    symbol: Symbol,
    date: String,
    previous_close: Option<f64>,
    atr14: Option<f64>,
    volume14: Option<f64>,
    opening_volume14: Option<f64>,
}

fn oracle(path: &std::path::Path) -> Vec<Row> {
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("the oracle's file");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let columns = reader.headers().expect("a header").clone();
    let at = |name: &str| columns.iter().position(|column| column == name).expect(name);
    let (close, atr, volume, opening) = (at("prev_close"), at("atr14_sma"), at("avg_vol14"), at("avg_orvol14"));
    let number = |record: &csv::StringRecord, index: usize| record[index].parse().ok();
    let row = |record: csv::StringRecord| Row {
        symbol: Symbol::new(&record[0]).expect("a symbol"),
        date: record[1].to_owned(),
        previous_close: number(&record, close),
        atr14: number(&record, atr),
        volume14: number(&record, volume),
        opening_volume14: number(&record, opening),
    };
    reader.records().map(|record| row(record.expect("a row"))).collect()
}

#[track_caller]
fn same(what: &str, row: &Row, ours: Option<f64>, theirs: Option<f64>) {
    let equal = match (ours, theirs) {
        (None, None) => true,
        // The oracle writes six decimals.
        (Some(ours), Some(theirs)) => (ours - theirs).abs() <= 2e-6_f64.max(theirs.abs() * 1e-12),
        (Some(_), None) | (None, Some(_)) => false,
    };
    assert!(equal, "{what} of {} on {}: ours {ours:?}, the oracle's {theirs:?}", row.symbol, row.date);
}

fn check(set: &str) {
    let Some(bars) = test_data::path(&format!("bars/5m/{set}")) else { return };
    let Some(features) = test_data::path(&format!("oracle/orb5-features-{set}.csv.gz")) else { return };
    let calendar = orb_data::calendar::nyse_calendar(2005, 2030);
    let bars = load(&[bars], LoadOptions::new(&calendar)).expect("bars");
    let mut history = History::new(bars.symbols().len(), bars.bar_length());
    let mut known = std::collections::BTreeMap::new();
    for day in bars.sessions() {
        let session = day.session();
        let index = calendar.index_of(session.date).expect("a session");
        known.insert(session.date.to_string(), history.reference(index));
        history.add_session(index, &session, day.bars());
    }
    let rows = oracle(&features);
    assert!(rows.len() > 900, "the oracle has rows");
    for row in &rows {
        let id = bars.symbols().id(&row.symbol).expect("the oracle's symbols have bars");
        let ours = known[&row.date][id.index()];
        let dollars = |price: Price| price.micros() as f64 / 1e6;
        let mean = |sum: u64| sum as f64 / 14.0;
        same("previous close", row, ours.previous_close.map(dollars), row.previous_close);
        same("ATR14", row, ours.atr14.map(dollars), row.atr14);
        same("mean volume", row, ours.volume_sum14.map(mean), row.volume14);
        same("mean opening volume", row, ours.opening_volume_sum14[FIVE_MINUTES].map(mean), row.opening_volume14);
    }
}

#[test]
fn features_of_qqq_are_those_of_the_oracle() {
    check("qqq-2020-2025");
}

#[test]
fn features_of_the_universe_are_those_of_the_oracle() {
    check("universe-2025-2026");
}

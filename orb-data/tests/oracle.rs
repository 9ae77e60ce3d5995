//! Opening ranges, previous close, ATR14 both ways and volumes against features that another program computed from the same bars.

use std::io::Read as _;

use orb_core::history::{History, LOOKBACK};
use orb_core::range_book::{OpeningRange, RangeBook};
use orb_core::ranker::{RelativeVolume, candle};
use orb_core::reason::Reason;
use orb_core::{Price, Side, Span, Symbol};
use orb_data::bars::{LoadOptions, SessionBars, load};
use orb_data::test_data;

/// Position of five minutes among the lengths of opening ranges.
const FIVE_MINUTES: usize = 1;

struct Row {
    symbol: Symbol,
    date: String,
    /// Open, high, low, close and volume of the range, its direction: all of them or none.
    range: [Option<f64>; 6],
    previous_close: Option<f64>,
    atr14: Option<f64>,
    atr14_wilder: Option<f64>,
    volume14: Option<f64>,
    opening_volume14: Option<f64>,
    rvol: Option<f64>,
}

fn oracle(path: &std::path::Path) -> Vec<Row> {
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("the oracle's file");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let columns = reader.headers().expect("a header").clone();
    let at = |name: &str| columns.iter().position(|column| column == name).expect(name);
    let range = ["or_open", "or_high", "or_low", "or_close", "or_volume", "direction"].map(at);
    let (close, volume, opening) = (at("prev_close"), at("avg_vol14"), at("avg_orvol14"));
    let (atr, wilder, rvol) = (at("atr14_sma"), at("atr14_wilder"), at("rvol"));
    let number = |record: &csv::StringRecord, index: usize| record[index].parse().ok();
    let row = |record: csv::StringRecord| Row {
        symbol: Symbol::new(&record[0]).expect("a symbol"),
        date: record[1].to_owned(),
        range: range.map(|column| number(&record, column)),
        previous_close: number(&record, close),
        atr14: number(&record, atr),
        atr14_wilder: number(&record, wilder),
        volume14: number(&record, volume),
        opening_volume14: number(&record, opening),
        rvol: number(&record, rvol),
    };
    reader.records().map(|record| row(record.expect("a row"))).collect()
}

#[track_caller]
fn same(what: &str, row: &Row, ours: Option<f64>, theirs: Option<f64>) {
    let equal = match (ours, theirs) {
        (None, None) => true,
        // The oracle writes six decimals; large volumes end before them.
        (Some(ours), Some(theirs)) => (ours - theirs).abs() <= 1e-6_f64.max(theirs.abs() * 1e-12),
        (Some(_), None) | (None, Some(_)) => false,
    };
    assert!(equal, "{what} of {} on {}: ours {ours:?}, the oracle's {theirs:?}", row.symbol, row.date);
}

/// Builds the opening range of five minutes of every symbol of a session.
fn ranges(day: &SessionBars, bar_length: Span, symbols: &orb_core::SymbolTable) -> Vec<Result<OpeningRange, Reason>> {
    let session = day.session();
    let mut book = RangeBook::default();
    book.begin(session.open, session.open + Span::from_minutes(5), bar_length, symbols.len());
    day.bars().iter().for_each(|bar| book.on_bar(bar));
    symbols.iter().map(|(id, _)| book.freeze(id)).collect()
}

fn check_range(row: &Row, ours: Option<OpeningRange>) {
    let dollars = |price: Price| price.micros() as f64 / 1e6;
    let names = ["open", "high", "low", "close", "volume", "direction"];
    let values = ours.map(|range| {
        let [open, high, low, close] = [range.open, range.high, range.low, range.close].map(dollars);
        let direction = match candle(&range) {
            Some(side) => f64::from(i8::from(side == Side::Long) * 2 - 1),
            None => 0.0,
        };
        [open, high, low, close, range.volume as f64, direction]
    });
    for (index, (name, theirs)) in names.into_iter().zip(row.range).enumerate() {
        // The oracle takes the sign of any difference, ours is none within a tick.
        if !(name == "direction" && values.is_some_and(|values| values[index] == 0.0)) {
            same(&format!("range: {name}"), row, values.map(|values| values[index]), theirs);
        }
    }
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
        let ranges = ranges(day, bars.bar_length(), bars.symbols());
        known.insert(session.date.to_string(), (history.reference(index), ranges));
        history.add_session(index, &session, day.bars());
    }
    let rows = oracle(&features);
    assert!(rows.len() > 900, "the oracle has rows");
    for row in &rows {
        let id = bars.symbols().id(&row.symbol).expect("the oracle's symbols have bars");
        let (references, ranges) = &known[&row.date];
        let (ours, range) = (references[id.index()], ranges[id.index()].ok());
        let dollars = |price: Price| price.micros() as f64 / 1e6;
        let mean = |sum: u64| sum as f64 / 14.0;
        same("previous close", row, ours.previous_close.map(dollars), row.previous_close);
        check_range(row, range);
        same("ATR14", row, ours.atr14.map(dollars), row.atr14);
        same("Wilder's ATR14", row, ours.atr14_wilder.map(dollars), row.atr14_wilder);
        same("mean volume", row, ours.volume_sum14.map(mean), row.volume14);
        same("mean opening volume", row, ours.opening_volume_sum14[FIVE_MINUTES].map(mean), row.opening_volume14);
        let sum14 = ours.opening_volume_sum14[FIVE_MINUTES].filter(|sum| *sum > 0);
        let rvol = range.zip(sum14).map(|(range, sum14)| RelativeVolume { volume: range.volume, sum14 });
        let ratio = |rvol: RelativeVolume| rvol.volume as f64 * LOOKBACK as f64 / rvol.sum14 as f64;
        same("relative volume", row, rvol.map(ratio), row.rvol);
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

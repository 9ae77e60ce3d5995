//! Bars written and read back, in every format and type of column.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int32Array, LargeStringArray, RecordBatch,
    StringArray, TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
};
use orb_core::{Bar, Price, Span, Symbol, SymbolId, SymbolTable};
use orb_data::{BarSet, DataError, Dropped, Label, LoadOptions, bars, load, nyse_calendar, write};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

const NAMES: [&str; 4] = ["AAPL", "BRK.B", "SPY", "X"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_valid_bars_come_back_the_same(bars in prop::collection::vec(any_bar(), 1..300)) {
        let calendar = nyse_calendar(2026, 2026);
        let set = distinct(bars);
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["bars.csv", "bars.csv.gz", "bars.parquet"] {
            let path = folder.path().join(name);
            write::write(&path, &set).expect("a file");
            let options = LoadOptions { bar_length: Some(Span::from_minutes(1)), ..LoadOptions::new(&calendar) };
            let read = load(std::slice::from_ref(&path), options).expect("the bars that were written");
            prop_assert_eq!(named(&read), named(&set), "{}", name);
            prop_assert_eq!(read.iter().count(), set.len());
        }
        prop_assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 3, "no partial files");
    }
}

#[test]
fn columns_in_any_order_case_and_company() {
    check_csv(
        "note,VOLUME,Close,low,HIGH,Open,Ts,Symbol\nx,100,1.5,1,2,1.25,2026-02-13T09:30:00-05:00,spy\n",
        &[("SPY", "2026-02-13T14:30:00Z", [1_250_000, 2_000_000, 1_000_000, 1_500_000], 100)],
    );
}

#[test]
fn a_byte_order_mark_spaces_carriage_returns_and_quotes_are_accepted() {
    check_csv(
        "\u{feff}symbol,ts,open,high,low,close,volume\r\n\"SPY\", 2026-02-13T14:30:00Z ,1, 1,1,1 ,4315720.0\r\n",
        &[("SPY", "2026-02-13T14:30:00Z", [1_000_000; 4], 4_315_720)],
    );
}

#[test]
fn bar_labels_outside_sessions_and_rows_of_volume_0_are_no_bars() {
    let text = "symbol,ts,open,high,low,close,volume\n\
        SPY,2026-02-13T14:29:00Z,1,1,1,1,1\nSPY,2026-02-13T14:30:00Z,1,1,1,1,1\nSPY,2026-02-13T14:31:00Z,1,1,1,1,0\n\
        SPY,2026-02-13T21:00:00Z,1,1,1,1,1\nSPY,2026-02-14T15:00:00Z,1,1,1,1,1\nQQQ,2026-02-13T21:00:00Z,1,1,1,1,1\n";
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.csv");
    fs::write(&path, text).expect("a file");
    let calendar = nyse_calendar(2026, 2026);
    let loaded = bars::load_with_warmup(&[path], &[], LoadOptions::new(&calendar)).expect("one bar");
    assert_eq!(loaded.dropped, Dropped { no_volume: 1, outside_hours: 4 - 1 + 1 });
    assert_eq!((loaded.trade.len(), loaded.symbols().len(), loaded.bar_length().minutes()), (1, 2, 1));
    assert!(loaded.is_tradable(SymbolId(0)), "a symbol of the files is one to trade, though it has no bar");
}

#[test]
fn warm_up_shares_the_table_and_the_length() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, rows: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("symbol,ts,open,high,low,close,volume\n{rows}")).expect("a file");
        path
    };
    let trade = file("trade.csv", "SPY,2026-02-13T14:30:00Z,1,1,1,1,1\n");
    let rows =
        "SPY,2026-02-12T14:30:00Z,1,1,1,1,1\nSPY,2026-02-12T14:35:00Z,1,1,1,1,1\nAAPL,2026-02-13T14:30:00Z,1,1,1,1,1\n";
    let warmup = file("warmup.csv", rows);
    let calendar = nyse_calendar(2026, 2026);
    let loaded = bars::load_with_warmup(&[trade], &[warmup], LoadOptions::new(&calendar)).expect("bars");
    assert_eq!(loaded.bar_length(), Span::from_minutes(5));
    assert_eq!(loaded.trade.symbols(), loaded.warmup.symbols());
    assert_eq!((loaded.trade.len(), loaded.warmup.len()), (1, 3));
    let tradable = [SymbolId(0), SymbolId(1)].map(|symbol| loaded.is_tradable(symbol));
    assert_eq!(tradable, [false, true]);
    let days: Vec<_> =
        loaded.days().map(|day| (day.trade.map(|_| 1), day.warmup.map(|bars| bars.bars().len()))).collect();
    assert_eq!(days, [(None, Some(2)), (Some(1), Some(1))]);
}

#[test]
fn bar_labels_at_the_end_are_shifted_to_the_start() {
    check_right("14:35 14:40 14:45", 5, "14:30 14:35 14:40");
    check_right("14:31 14:32 21:00", 1, "14:30 14:31 20:59");
    check_right("14:30 14:35 14:40", 5, "14:30 14:35");
    check_right("15:30 16:30 17:30 20:30 21:00", 60, "14:30 15:30 16:30 19:30 20:30");
    check_right("14:31", 1, "14:30");
}

#[test]
fn every_type_of_parquet_column_is_read() {
    let expected = [
        ("SPY", "2026-02-13T14:30:00Z", [174_440_000; 4], 300),
        ("SPY", "2026-02-13T14:31:00Z", [175_000_000; 4], 400),
    ];
    let seconds = [1_770_993_000_i64, 1_770_993_060];
    let times: [ArrayRef; 6] = [
        Arc::new(TimestampSecondArray::from(seconds.to_vec())),
        Arc::new(TimestampMillisecondArray::from(seconds.map(|value| value * 1_000).to_vec()).with_timezone("UTC")),
        Arc::new(TimestampNanosecondArray::from(seconds.map(|value| value * 1_000_000_000).to_vec())),
        Arc::new(
            TimestampNanosecondArray::from(seconds.map(|value| value * 1_000_000_000).to_vec())
                .with_timezone("America/New_York"),
        ),
        Arc::new(StringArray::from(vec!["2026-02-13T14:30:00Z", "2026-02-13T09:31:00-05:00"])),
        Arc::new(LargeStringArray::from(vec!["2026-02-13T14:30:00Z", "2026-02-13T14:31:00Z"])),
    ];
    let prices: [ArrayRef; 5] = [
        Arc::new(Float64Array::from(vec![174.44, 175.0])),
        Arc::new(Float32Array::from(vec![174.44, 175.0])),
        Arc::new(Decimal128Array::from(vec![17_444, 17_500]).with_precision_and_scale(10, 2).expect("a decimal")),
        Arc::new(
            Decimal128Array::from(vec![17_444_000_000, 17_500_000_000])
                .with_precision_and_scale(38, 8)
                .expect("a decimal"),
        ),
        Arc::new(StringArray::from(vec!["174.44", "175"])),
    ];
    let volumes: [ArrayRef; 4] = [
        Arc::new(Int32Array::from(vec![300, 400])),
        Arc::new(Float64Array::from(vec![300.0, 400.0])),
        Arc::new(arrow_array::UInt64Array::from(vec![300, 400])),
        Arc::new(StringArray::from(vec!["300", "400.0"])),
    ];
    let symbols: [ArrayRef; 3] = [
        Arc::new(StringArray::from(vec!["SPY", "spy"])),
        Arc::new(LargeStringArray::from(vec!["SPY", "SPY"])),
        Arc::new(vec!["SPY", "SPY"].into_iter().collect::<DictionaryArray<Int32Type>>()),
    ];
    for case in 0..6 {
        let price = &prices[case % 5];
        check_parquet(&symbols[case % 3], &times[case], price, &volumes[case % 4], &expected);
    }
}

#[test]
fn parts_of_a_large_file_join() {
    let calendar = nyse_calendar(2026, 2026);
    let bars = calendar.sessions().iter().flat_map(|session| {
        (0..200).flat_map(move |minute| {
            (0..4).map(move |symbol| bar(symbol, session.open + Span::from_minutes(minute), 1_000_000 + minute, 1))
        })
    });
    let set = BarSet::from_bars(table(), Span::from_minutes(1), &calendar, bars.collect()).expect("valid bars");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.parquet");
    let schema_rows = symbol_major(&set);
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(150_000)).build();
    write_batch(&path, &schema_rows, Some(properties));
    for threads in [1, 3] {
        let options = LoadOptions { threads: std::num::NonZero::new(threads), ..LoadOptions::new(&calendar) };
        assert_eq!(load(std::slice::from_ref(&path), options).expect("bars"), set);
    }
    write::write(&path, &set).expect("a file");
    assert_eq!(load(&[path], LoadOptions::new(&calendar)).expect("bars"), set);
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let set = distinct(vec![(0, 0, 0, [1; 4], 1)]);
    assert!(matches!(write::write(&folder.path().join("a.txt"), &set), Err(write::WriteError::WrongExtension { .. })));
    assert!(matches!(write::write(&folder.path().join("no/a.csv"), &set), Err(write::WriteError::Io { .. })));
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

type AnyBar = (u32, usize, i64, [i64; 4], u64);
type Row<'a> = (&'a str, &'a str, [i64; 4], u64);

fn any_bar() -> impl Strategy<Value = AnyBar> {
    let price =
        prop_oneof![1..10_000_000_000_000_i64, 1..1_000_000_i64, (1..100_000_i64).prop_map(|cents| cents * 10_000)];
    let prices = prop::array::uniform4(price);
    let volume = prop_oneof![1..=bars::VOLUME_MAX, 1..1_000_u64];
    (0..4_u32, 0..250_usize, 0..210_i64, prices, volume)
}

fn distinct(drawn: Vec<AnyBar>) -> BarSet {
    let calendar = nyse_calendar(2026, 2026);
    let mut bars: Vec<Bar> = drawn
        .into_iter()
        .map(|(symbol, session, minute, mut prices, volume)| {
            prices.sort_unstable();
            let start = calendar.sessions()[session].open + Span::from_minutes(minute);
            let [low, open, close, high] = prices.map(Price::from_micros);
            Bar { symbol: SymbolId(symbol), start, open, high, low, close, volume }
        })
        .collect();
    bars.sort_by_key(|bar| (bar.start, bar.symbol));
    bars.dedup_by_key(|bar| (bar.start, bar.symbol));
    BarSet::from_bars(table(), Span::from_minutes(1), &calendar, bars).expect("valid bars")
}

fn table() -> SymbolTable {
    SymbolTable::new(NAMES.map(|name| Symbol::new(name).expect(name)))
}

fn bar(symbol: u32, start: orb_core::Timestamp, micros: i64, volume: u64) -> Bar {
    let price = Price::from_micros(micros);
    Bar { symbol: SymbolId(symbol), start, open: price, high: price, low: price, close: price, volume }
}

/// Lists the bars by name: the numbers differ when a symbol of the table has no bar.
fn named(set: &BarSet) -> Vec<(String, Bar)> {
    let anonymous = |bar: &Bar| Bar { symbol: SymbolId(0), ..*bar };
    set.iter().map(|bar| (set.symbols().name(bar.symbol).to_string(), anonymous(bar))).collect()
}

#[track_caller]
fn check_csv(text: &str, expected: &[Row<'_>]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.csv");
    fs::write(&path, text).expect("a file");
    check_file(&path, expected);
}

#[track_caller]
fn check_file(path: &Path, expected: &[Row<'_>]) {
    let calendar = nyse_calendar(2026, 2026);
    let set = load(&[path.to_owned()], LoadOptions::new(&calendar)).expect("bars");
    let found: Vec<_> = set
        .iter()
        .map(|bar| {
            let prices = [bar.open, bar.high, bar.low, bar.close].map(Price::micros);
            (set.symbols().name(bar.symbol).to_string(), bar.start.to_string(), prices, bar.volume)
        })
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, ts, prices, volume)| ((*name).to_owned(), (*ts).to_owned(), *prices, *volume))
        .collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn check_right(labels: &str, minutes: i64, starts: &str) {
    let rows: String = labels.split(' ').map(|time| format!("SPY,2026-02-13T{time}:00Z,1,1,1,1,1\n")).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.csv");
    fs::write(&path, format!("symbol,ts,open,high,low,close,volume\n{rows}")).expect("a file");
    let calendar = nyse_calendar(2026, 2026);
    let options = LoadOptions { label: Label::Right, ..LoadOptions::new(&calendar) };
    let set: Result<BarSet, DataError> = load(&[path], options);
    let set = set.expect("bars");
    let found: Vec<_> = set.iter().map(|bar| bar.start.to_string()[11..16].to_owned()).collect();
    assert_eq!((found.join(" ").as_str(), set.bar_length().minutes()), (starts, minutes));
}

#[track_caller]
fn check_parquet(symbol: &ArrayRef, ts: &ArrayRef, price: &ArrayRef, volume: &ArrayRef, expected: &[Row<'_>]) {
    let columns = [
        ("volume", volume),
        ("symbol", symbol),
        ("open", price),
        ("high", price),
        ("Low", price),
        ("close", price),
        ("TS", ts),
    ];
    let columns = columns.map(|(name, array)| (name, Arc::clone(array)));
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    write_batch(&path, &batch, None);
    check_file(&path, expected);
}

fn write_batch(path: &Path, batch: &RecordBatch, properties: Option<WriterProperties>) {
    let file = fs::File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), properties).expect("a writer");
    writer.write(batch).expect("rows");
    writer.close().expect("a file");
}

/// Lays the bars out symbol by symbol.
fn symbol_major(set: &BarSet) -> RecordBatch {
    let mut bars: Vec<&Bar> = set.iter().collect();
    bars.sort_by_key(|bar| bar.symbol);
    let dollars: ArrayRef =
        Arc::new(Float64Array::from_iter_values(bars.iter().map(|bar| bar.open.micros() as f64 / 1e6)));
    let names = bars.iter().map(|bar| set.symbols().name(bar.symbol).as_str());
    let starts = bars.iter().map(|bar| bar.start.micros() * 1_000);
    let columns: [(&str, ArrayRef); 7] = [
        ("symbol", Arc::new(StringArray::from_iter_values(names))),
        ("ts", Arc::new(TimestampNanosecondArray::from_iter_values(starts))),
        ("open", Arc::clone(&dollars)),
        ("high", Arc::clone(&dollars)),
        ("low", Arc::clone(&dollars)),
        ("close", dollars),
        ("volume", Arc::new(Int32Array::from_iter_values(bars.iter().map(|_| 1)))),
    ];
    RecordBatch::try_from_iter(columns).expect("a batch")
}

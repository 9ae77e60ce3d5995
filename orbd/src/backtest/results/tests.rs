//! Every format tells the same rows.

use std::path::Path;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Decimal128Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array as _, RecordBatch};
use arrow_schema::DataType;
use orb_core::config::preset;
use orb_core::fact::{ExitReason, Trade};
use orb_core::metrics::DayResult;
use orb_core::order::AttemptId;
use orb_core::{Date, Money, Price, Quantity, RunConfig, Side, StrategyId, Symbol, SymbolId, SymbolTable, Timestamp};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::{ResultFormat, equity_file, trades_file};
use crate::backtest::Names;

fn run() -> RunConfig {
    RunConfig::of(preset("orb-classic").expect("a preset"))
}

fn symbols() -> SymbolTable {
    SymbolTable::new(["ACME", "BRK.B"].map(|name| Symbol::new(name).expect("a symbol")))
}

fn trade(symbol: u32, side: Side, prices: [i64; 2], stop: i64) -> Trade {
    let date = Date::from_ymd_opt(2026, 2, 13).expect("a date");
    let [entry, exit] = prices.map(Price::from_micros);
    let shares = Quantity::new(123);
    let time = |text| Timestamp::parse_rfc3339(text).expect("an instant");
    Trade {
        attempt: AttemptId { date, strategy: StrategyId(0), symbol: SymbolId(symbol), attempt: 1 },
        side,
        entered: shares,
        exited: shares,
        entry_time: time("2026-02-13T14:35:00.25Z"),
        exit_time: Some(time("2026-02-13T20:55:00Z")),
        entry_notional: shares.at(entry),
        exit_notional: shares.at(exit),
        fees: Money::from_micros(861_001),
        stop: Price::from_micros(stop),
        target: None,
        exit_reason: Some(ExitReason::TimeExit),
        unprotected: orb_core::Span::ZERO,
    }
}

fn trades() -> Vec<Trade> {
    vec![
        trade(0, Side::Long, [100_610_000, 102_230_001], 99_800_000),
        // Without a risk there is no multiple.
        trade(1, Side::Short, [5_120_000, 5_120_000], 5_120_000),
    ]
}

fn written(extension: &str) -> Vec<u8> {
    let (run, symbols) = (run(), symbols());
    let names = Names { symbols: &symbols, run: &run };
    trades_file(Path::new(&format!("trades.{extension}")), &trades(), names).expect("written")
}

/// Reads the CSV as names and rows of text.
fn csv_rows() -> (Vec<String>, Vec<Vec<String>>) {
    let bytes = written("csv");
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let header = reader.headers().expect("a header").iter().map(ToOwned::to_owned).collect();
    let rows = reader.records().map(|row| row.expect("a row").iter().map(ToOwned::to_owned).collect());
    (header, rows.collect())
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => panic!("{value} is no cell"),
    }
}

#[test]
fn json_says_what_the_csv_says() {
    let (header, rows) = csv_rows();
    let array: Vec<Value> = serde_json::from_slice(&written("json")).expect("an array");
    let lines = String::from_utf8(written("JSONL")).expect("text");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(array, lines);
    let cells = |object: &Value| header.iter().map(|name| text(&object[name])).collect::<Vec<_>>();
    assert_eq!(array.iter().map(cells).collect::<Vec<_>>(), rows);
    assert_eq!(array[0].as_object().map(serde_json::Map::len), Some(header.len()));
    assert!(array[1]["r_multiple"].is_null());
}

fn batch(bytes: Vec<u8>) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).expect("a Parquet file");
    let batches: Vec<_> = reader.build().expect("readable").map(|batch| batch.expect("a batch")).collect();
    assert_eq!(batches.len(), 1);
    batches[0].clone()
}

/// Writes a cell as the CSV has it.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other types are none of ours")]
fn cell(batch: &RecordBatch, column: usize, row: usize) -> String {
    let array = batch.column(column);
    if array.is_null(row) {
        return String::new();
    }
    match array.data_type() {
        DataType::Dictionary(_, _) => {
            let keys = array.as_dictionary::<Int32Type>();
            keys.values().as_string::<i32>().value(keys.key(row).expect("a key")).to_owned()
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(row);
            (Date::default() + chrono::Duration::days(i64::from(days))).to_string()
        }
        DataType::Timestamp(_, zone) => {
            assert_eq!(zone.as_deref(), Some("UTC"));
            Timestamp::from_micros(array.as_primitive::<TimestampMicrosecondType>().value(row)).to_string()
        }
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Decimal128(18, 6) => {
            let micros = i64::try_from(array.as_primitive::<Decimal128Type>().value(row)).expect("64 bits");
            Money::from_micros(micros).to_string()
        }
        DataType::Decimal128(18, 4) => {
            let e4 = i64::try_from(array.as_primitive::<Decimal128Type>().value(row)).expect("64 bits");
            crate::trades_csv::four_decimals(e4)
        }
        other => panic!("no column is a {other}"),
    }
}

#[test]
fn parquet_says_what_the_csv_says_with_types() {
    let (header, rows) = csv_rows();
    let batch = batch(written("parquet"));
    let names: Vec<_> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, header);
    let read: Vec<Vec<String>> =
        (0..batch.num_rows()).map(|row| (0..header.len()).map(|column| cell(&batch, column, row)).collect()).collect();
    assert_eq!(read, rows);
    assert_eq!(written("parquet"), written("parquet"), "equal rows give equal bytes");
}

#[test]
fn days_are_the_same_in_every_format() {
    let date = Date::from_ymd_opt(2026, 2, 13).expect("a date");
    let at = Timestamp::from_micros(0);
    let money = Money::from_micros;
    let (equity_open, equity, realized) = (money(100_000_000_000), money(99_999_000_001), money(-999_999));
    let (fees, drawdown) = (money(5), money(999_999));
    let days = [DayResult { date, open: at, close: at, equity_open, equity, realized, fees, drawdown }];
    let file = |extension: &str| equity_file(Path::new(&format!("equity.{extension}")), &days).expect("written");
    let csv = String::from_utf8(file("csv")).expect("text");
    assert_eq!(csv.lines().nth(1), Some("2026-02-13,99999.000001,-0.999999,0.000005,0.999999"));
    let object: Value = serde_json::from_slice(&file("jsonl")).expect("an object");
    let batch = batch(file("parquet"));
    let names = csv.lines().next().expect("a header").split(',');
    for (column, (name, expected)) in names.zip(csv.lines().nth(1).expect("a row").split(',')).enumerate() {
        assert_eq!(text(&object[name]), expected, "{name}");
        assert_eq!(cell(&batch, column, 0), expected, "{name}");
    }
}

#[test]
fn no_row_is_a_file_too() {
    let (run, symbols) = (run(), symbols());
    let names = Names { symbols: &symbols, run: &run };
    let file = |name: &str| trades_file(Path::new(name), &[], names).expect("written");
    assert_eq!(file("a.json"), b"[]\n");
    assert_eq!(file("a.jsonl"), b"");
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file("a.parquet"))).expect("a Parquet file");
    assert_eq!((reader.metadata().file_metadata().num_rows(), reader.schema().fields().len()), (0, 14));
}

#[test]
fn an_unknown_extension_is_refused_with_those_that_exist() {
    for name in ["out.xlsx", "out", "out.csv.gz", "parquet", "out."] {
        let error = ResultFormat::of("--trades", Path::new(name)).expect_err(name).to_string();
        assert_eq!(
            error,
            format!("--trades: {name} names no format: give it the extension .csv, .json, .jsonl or .parquet")
        );
    }
    assert_eq!(ResultFormat::of("--trades", Path::new("/dev/stdout")).expect("a device"), ResultFormat::Csv);
}

//! Files of trades: what is read of them, and what is said of those that are wrong.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray};
use flate2::Compression;
use flate2::write::GzEncoder;
use orb_core::{SymbolId, Timestamp};
use orb_data::nyse_calendar;
use orb_data::trades::{TradeSet, TradesError, load_trades};
use parquet::arrow::ArrowWriter;

const HEADER: &str = "symbol,ts,price,size\n";
const FIRST: &str = "SPY,2026-02-13T14:30:00.000001Z,100.5,3\n";

fn load(paths: &[PathBuf]) -> Result<TradeSet, TradesError> {
    load_trades(paths, &nyse_calendar(2026, 2026))
}

/// Loads texts as files of a folder.
fn load_texts(texts: &[(&str, &str)]) -> Result<TradeSet, TradesError> {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |(name, text): &(&str, &str)| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path
    };
    load(&texts.iter().map(write).collect::<Vec<_>>())
}

/// Lists a symbol's trades as `time price size`.
fn told(set: &TradeSet, symbol: u32) -> Vec<String> {
    set.of(SymbolId(symbol)).iter().map(|trade| format!("{} {} {}", trade.at, trade.price, trade.size)).collect()
}

/// Checks that the second line of a file is refused with these words.
#[track_caller]
fn check_row(row: &str, expected: &str) {
    check(&format!("{HEADER}{FIRST}{row}\n"), expected);
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let error = load_texts(&[("a.csv", text)]).expect_err("a bad file");
    assert_eq!(sentence(&error), expected, "{text}");
}

/// Says an error with its causes, without the folder.
fn sentence(error: &TradesError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text.split(' ').map(|word| word.rsplit('/').next().unwrap_or(word)).collect::<Vec<_>>().join(" ")
}

#[test]
fn columns_in_any_order_and_company() {
    let text = "id,Size,PRICE,ts,symbol,conditions\n1,100,1.2345,2026-02-13T09:30:00.123456-05:00,spy,@\n\
        2,7,1.2346,2026-02-13T14:30:00.1234569Z,SPY,@ I\n";
    let set = load_texts(&[("a.csv", text)]).expect("trades");
    assert_eq!(told(&set, 0), ["2026-02-13T14:30:00.123456Z 1.2345 100", "2026-02-13T14:30:00.123456Z 1.2346 7"]);
}

#[test]
fn trades_of_one_instant_keep_their_order() {
    let rows = "SPY,2026-02-13T14:30:01Z,3,1\nAAPL,2026-02-13T14:30:00Z,9,1\nSPY,2026-02-13T14:30:01Z,1,1\nSPY,2026-02-13T14:30:01Z,2,1\n";
    let set = load_texts(&[("a.csv", &format!("{HEADER}{rows}"))]).expect("trades");
    let prices: Vec<_> = set.of(SymbolId(1)).iter().map(|trade| trade.price.to_string()).collect();
    assert_eq!((prices, set.len()), (["3", "1", "2"].map(str::to_owned).to_vec(), 4));
}

#[test]
fn a_symbol_may_be_spread_over_files_that_follow_each_other() {
    let later = format!("{HEADER}SPY,2026-02-13T15:00:00Z,2,1\n");
    let earlier = format!("{HEADER}{FIRST}");
    let set = load_texts(&[("a.csv", &later), ("b.csv", &earlier)]).expect("trades");
    assert_eq!(told(&set, 0), ["2026-02-13T14:30:00.000001Z 100.5 3", "2026-02-13T15:00:00Z 2 1"]);
    let error = load_texts(&[("a.csv", &earlier), ("b.csv", &earlier)]).expect_err("the same twice");
    assert_eq!(
        sentence(&error),
        "b.csv, line 2: the trades of SPY begin there at 2026-02-13T14:30:00.000001Z, and those of the file of a.csv, \
         line 2 end at 2026-02-13T14:30:00.000001Z: give each span of time in one file only"
    );
}

#[test]
fn compressed_files_and_parquet_tell_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let zipped = folder.path().join("a.csv.gz");
    let mut encoder = GzEncoder::new(fs::File::create(&zipped).expect("a file"), Compression::fast());
    encoder.write_all(format!("{HEADER}{FIRST}").as_bytes()).expect("bytes");
    encoder.finish().expect("a file");
    let parquet = folder.path().join("a.parquet");
    write_parquet(&parquet, 100.5);
    let [one, other] = [zipped, parquet].map(|path| load(&[path]).expect("trades"));
    assert_eq!(one, other);
    assert_eq!(told(&one, 0), ["2026-02-13T14:30:00.000001Z 100.5 3"]);
}

/// Writes the one trade of the other files; its time has nanoseconds, which are cut off.
fn write_parquet(path: &Path, price: f64) {
    let at = Timestamp::parse_rfc3339("2026-02-13T14:30:00.000001Z").expect("an instant").micros() * 1_000 + 999;
    let columns: [(&str, ArrayRef); 5] = [
        ("exchange", Arc::new(StringArray::from(vec!["V"]))),
        ("symbol", Arc::new(StringArray::from(vec!["SPY"]))),
        ("size", Arc::new(Int64Array::from(vec![3]))),
        ("price", Arc::new(Float64Array::from(vec![price]))),
        ("ts", Arc::new(TimestampNanosecondArray::from(vec![at]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let mut writer = ArrowWriter::try_new(fs::File::create(path).expect("a file"), batch.schema(), None).expect("one");
    writer.write(&batch).expect("rows");
    writer.close().expect("a file");
}

#[test]
fn files_that_are_none() {
    assert_eq!(
        load(&[]).expect_err("nothing").to_string(),
        "no files of trades were given: name at least one file or folder"
    );
    check(
        "symbol,ts,price\n",
        "a.csv has no column `size` (its columns: symbol, ts, price): a header with symbol, ts, price, size is needed",
    );
    check("symbol,ts,price,Price,size\n", "a.csv has the column `price` twice: remove or rename one");
    check(HEADER, "a.csv holds no rows: remove the file or fill it");
    check("", "a.csv holds no rows: remove the file or fill it");
    let folder = tempfile::tempdir().expect("a folder");
    let broken = folder.path().join("a.parquet");
    fs::write(&broken, "PAR1 and no more").expect("a file");
    let error = load(std::slice::from_ref(&broken)).expect_err("damaged");
    assert!(sentence(&error).contains("a.parquet is not a whole Parquet file"), "{error}");
    write_parquet(&broken, f64::NAN);
    let error = load(&[broken]).expect_err("no price");
    assert!(sentence(&error).starts_with("a.parquet, row 1, column `price`"), "{error}");
}

#[test]
fn rows_that_are_none() {
    check_row(
        "SPY,2026-02-13T14:31:00Z,1",
        "a.csv, line 3: 3 fields where the header has 4: complete the line or remove it",
    );
    check_row("SPY,,1,1", "a.csv, line 3: the column `ts` is empty: fill it or remove the row");
    check_row(
        "SPY,noon,1,1",
        "a.csv, line 3, column `ts`: `noon` is not an instant: expected ISO 8601 with Z or an offset, as in 2026-02-13T14:30:00Z",
    );
    check_row(
        "SPY,2026-02-13T14:31:00Z,much,1",
        "a.csv, line 3, column `price`: expected a price in dollars, as in 174.44: `much` is not a decimal number",
    );
    for price in ["0", "-3", "10000001"] {
        check_row(
            &format!("SPY,2026-02-13T14:31:00Z,{price},1"),
            &format!(
                "a.csv, line 3, column `price`: {price} is no price of a trade, which is above 0 and at most {}: \
                 correct the row or remove it",
                orb_core::bar::PRICE_MAX
            ),
        );
    }
    for size in ["0", "1.5", "-1", "many"] {
        check_row(
            &format!("SPY,2026-02-13T14:31:00Z,1,{size}"),
            &format!(
                "a.csv, line 3, column `size`: `{size}` is not a number of shares: expected a whole number from 1 to 10^12"
            ),
        );
    }
}

#[test]
fn rows_in_the_wrong_place() {
    check_row(
        "SPY,2026-02-13T14:30:00Z,1,1",
        "a.csv, line 3: 2026-02-13T14:30:00Z of SPY comes after 2026-02-13T14:30:00.000001Z: sort the file by time within each symbol",
    );
    for outside in
        ["2026-02-13T14:29:59.999999Z", "2026-02-13T21:00:00Z", "2026-02-14T15:00:00Z", "1999-02-14T15:00:00Z"]
    {
        check_row(
            &format!("QQQ,{outside},1,1"),
            &format!(
                "a.csv, line 3: {outside} of QQQ lies outside of regular trading hours, which are all that is played: \
                 remove the row, and check that `ts` is in UTC"
            ),
        );
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..120), is_parquet: bool) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(if is_parquet { "a.parquet" } else { "a.csv" });
        let text = [HEADER.as_bytes(), &bytes].concat();
        fs::write(&path, if is_parquet { &bytes } else { &text }).expect("a file");
        let _ = load(&[path]);
    }
}

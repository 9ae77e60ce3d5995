//! Every way in which a file of bars can be wrong, and what is then said.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use flate2::Compression;
use flate2::write::GzEncoder;
use orb_core::Span;
use orb_data::{BarSet, DataError, LoadOptions, load, nyse_calendar};
use parquet::arrow::ArrowWriter;

const HEADER: &str = "symbol,ts,open,high,low,close,volume\n";

#[test]
fn columns() {
    check(
        "symbol,ts,open,high,low,close\n",
        "a.csv has no column `volume` (its columns: symbol, ts, open, high, low, close): a header with symbol, ts, open, high, low, close, volume is needed",
    );
    check(
        "SPY,2026-02-13T14:30:00Z,1,1,1,1,1\n",
        "a.csv has no column `symbol` (its columns: SPY, 2026-02-13T14:30:00Z, 1, 1, 1, 1, 1): a header with symbol, ts, open, high, low, close, volume is needed",
    );
    check("symbol,ts,open,Open,high,low,close,volume\n", "a.csv has the column `open` twice: remove or rename one");
}

#[test]
fn rows_missing() {
    check("", "a.csv holds no rows: remove the file or fill it");
    check(HEADER, "a.csv holds no rows: remove the file or fill it");
    check_row(
        "SPY,2026-02-13T14:30:00Z,1,1,1,1",
        "a.csv, line 3: 6 fields where the header has 7: complete the line or remove it",
    );
    check_row(
        "SPY,2026-02-13T14:30:00Z,1,1,1,1,1,1",
        "a.csv, line 3: 8 fields where the header has 7: complete the line or remove it",
    );
}

#[test]
fn fields() {
    check_row(
        "SPY,2026-02-13T14:31:00Z,1,abc,1,1,1",
        "a.csv, line 3, column `high`: expected a price in dollars, as in 174.44: `abc` is not a decimal number",
    );
    check_row(
        "SPY,2026-02-13T14:31:00Z,1,1,NaN,1,1",
        "a.csv, line 3, column `low`: expected a price in dollars, as in 174.44: `NaN` is not a decimal number",
    );
    check_row(
        "SPY,2026-02-13T14:31:00Z,1,1,1,,1",
        "a.csv, line 3: the column `close` is empty: fill it or remove the row",
    );
    check_row("SPY,,1,1,1,1,1", "a.csv, line 3: the column `ts` is empty: fill it or remove the row");
    check_row(
        " ,2026-02-13T14:31:00Z,1,1,1,1,1",
        "a.csv, line 3: the column `symbol` is empty: fill it or remove the row",
    );
    check_row(
        "SPY,2026-02-13T14:31:00Z,1,1,1,1,1.5",
        "a.csv, line 3, column `volume`: `1.5` is not a number of shares: expected a whole number from 0 to 10^12",
    );
    check_row(
        "SPY,2026-02-13T14:31:00Z,1,1,1,1,-1",
        "a.csv, line 3, column `volume`: `-1` is not a number of shares: expected a whole number from 0 to 10^12",
    );
    check_row(
        "SPY,2026-02-13 14:31,1,1,1,1,1",
        "a.csv, line 3, column `ts`: `2026-02-13 14:31` is not an instant: expected ISO 8601 with Z or an offset, as in 2026-02-13T14:30:00Z",
    );
    check_row(
        "S Y,2026-02-13T14:31:00Z,1,1,1,1,1",
        "a.csv, line 3, column `symbol`: correct the symbol or remove the row: `S Y` is not a symbol: expected 1 to 12 of A-Z, 0-9, `.`, `-` and `/`, the first a letter or digit",
    );
}

#[test]
fn prices() {
    check_row(
        "SPY,2026-02-13T14:31:00Z,1,1,-1,1,1",
        "a.csv, line 3: the prices make no bar: correct the row or remove it: the low is -1: a price must be above 0",
    );
    check_row(
        "SPY,2026-02-13T14:31:00Z,1,1,2,1,1",
        "a.csv, line 3: the prices make no bar: correct the row or remove it: the high 1 is below the low 2",
    );
    check_row(
        "SPY,2026-02-13T14:31:00Z,3,2,1,1,1",
        "a.csv, line 3: the prices make no bar: correct the row or remove it: the open 3 lies outside the bar's low 1 and high 2",
    );
}

#[test]
fn times() {
    check_row(
        "SPY,2026-02-13T14:30:00Z,1,1,1,1,1",
        "a.csv, line 3: SPY has a second row for 2026-02-13T14:30:00Z: remove one of them",
    );
    check_row(
        "SPY,2026-02-13T14:29:00Z,1,1,1,1,1",
        "a.csv, line 3: 2026-02-13T14:29:00Z of SPY comes after 2026-02-13T14:30:00Z: sort the file by time within each symbol",
    );
    check_row(
        "SPY,2026-02-13T14:31:30Z,1,1,1,1,1",
        "a.csv, line 3: 2026-02-13T14:31:30Z is not a whole minute: bars begin on the minute",
    );
    check_row(
        "SPY,2099-02-13T14:31:00Z,1,1,1,1,1",
        "a.csv, line 3: 2099-02-13T14:31:00Z is beyond the calendar, which reaches from 2026-01-02T14:30:00Z to 2026-12-31T21:00:00Z: remove the row",
    );
    check(
        "symbol,ts,open,high,low,close,volume\nSPY,2026-02-13T09:30:00Z,1,1,1,1,1\nSPY,2026-02-13T14:30:00Z,1,1,1,1,0\n",
        "no bar lies in regular trading hours (1 rows lie outside of them, 1 have volume 0): check that `ts` is in UTC and whether it labels the start of the bar",
    );
}

#[test]
fn a_blank_line_and_a_quoted_line_break_do_not_shift_the_line_number() {
    let text = "symbol,ts,open,high,low,close,volume,note\n\nSPY,2026-02-13T14:30:00Z,1,1,1,1,1,\"two\nlines\"\nSPY,2026-02-13T14:31:00Z,1,1,1,1,x,\n";
    check(
        text,
        "a.csv, line 5, column `volume`: `x` is not a number of shares: expected a whole number from 0 to 10^12",
    );
}

#[test]
fn bar_lengths() {
    check_row(
        "SPY,2026-02-13T14:37:00Z,1,1,1,1,1",
        "a.csv, line 3: SPY has bars 7 minutes apart at the closest, which is no length of bars (1, 2, 3, 5, 10, 15, 30 or 60 minutes): give the bar length explicitly",
    );
    check_row(
        "SPY,2026-02-13T14:40:00Z,1,1,1,1,1\nSPY,2026-02-13T14:45:00Z,1,1,1,1,1\nSPY,2026-02-13T14:51:00Z,1,1,1,1,1",
        "a.csv, line 5: 2026-02-13T14:51:00Z of SPY is not a multiple of 5 minutes after the session's open: all bars must be of one length and begin at multiples of it; check the bar length and the label",
    );
    let five: String =
        (0..20).map(|bar| format!("QQQ,2026-02-13T{:02}:{:02}:00Z,1,1,1,1,1\n", 15 + bar / 12, bar % 12 * 5)).collect();
    let one = "SPY,2026-02-13T14:30:00Z,1,1,1,1,1\nSPY,2026-02-13T14:31:00Z,1,1,1,1,1\n";
    check(
        &format!("{HEADER}{five}{one}"),
        "a.csv holds 5-minute bars of QQQ, but there are 1-minute bars too: load bars of one length only",
    );
    let nineteen = five.rsplit_once("QQQ").expect("bars").0;
    assert_eq!(told_of_text(&format!("{HEADER}{nineteen}{one}"), None), "OK 21");
}

#[test]
fn an_explicit_bar_length_must_be_supported_and_fit() {
    let rows = format!("{HEADER}SPY,2026-02-13T14:30:00Z,1,1,1,1,1\nSPY,2026-02-13T14:37:00Z,1,1,1,1,1\n");
    assert_eq!(told_of_text(&rows, Some(1)), "OK 2");
    let refused = "4 minutes is no length of bars: choose 1, 2, 3, 5, 10, 15, 30 or 60";
    assert_eq!(told_of_text(&rows, Some(4)), refused);
    assert!(told_of_text(&rows, Some(5)).contains("is not a multiple of 5 minutes"));
}

#[test]
fn text_that_is_not_utf8() {
    let utf16: Vec<u8> = std::iter::once(0xFEFF).chain(HEADER.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    check_bytes("a.csv", &utf16, "a.csv, line 1: the text is not UTF-8: convert the file to UTF-8");
    let latin = [HEADER.as_bytes(), b"SP\xDC,2026-02-13T14:30:00Z,1,1,1,1,1\n"].concat();
    check_bytes("a.csv", &latin, "a.csv, line 2: the text is not UTF-8: convert the file to UTF-8");
}

#[test]
fn damaged_files() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let rows: String =
        (0..60).map(|minute| format!("SPY,2026-02-13T15:{minute:02}:00Z,1.{minute},2,1,1,{minute}7\n")).collect();
    encoder.write_all(format!("{HEADER}{rows}").as_bytes()).expect("rows");
    let whole = encoder.finish().expect("a gzip file");
    assert_eq!(told_of_bytes("a.csv.gz", &whole, None), "OK 60");
    check_bytes_begin(
        "a.csv.gz",
        &whole[..whole.len() / 2],
        "a.csv.gz is not a whole gzip file: download or compress it again: ",
    );
    check_bytes_begin(
        "a.csv.gz",
        &whole[..whole.len() - 4],
        "a.csv.gz is not a whole gzip file: download or compress it again: ",
    );
    check_bytes_begin(
        "a.csv.gz",
        HEADER.as_bytes(),
        "a.csv.gz is not a whole gzip file: download or compress it again: ",
    );
    check_bytes_begin("a.csv.gz", b"", "a.csv.gz is not a whole gzip file: download or compress it again: ");
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xFF;
    check_bytes_begin("a.csv.gz", &flipped, "a.csv.gz is not a whole gzip file: download or compress it again: ");
    for bytes in [b"".as_slice(), b"PAR1", HEADER.as_bytes()] {
        check_bytes_begin("a.parquet", bytes, "a.parquet is not a whole Parquet file: download or write it again: ");
    }
}

#[test]
fn a_damaged_parquet_file_never_panics() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    let ones: ArrayRef = Arc::new(Float64Array::from(vec![1.0; 2]));
    write_parquet(&path, &parquet_batch(&ones, &ones, 60_000_000));
    let whole = fs::read(&path).expect("the file");
    for position in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[position] ^= [0x01, 0x80, 0xFF][position % 3];
        damaged.truncate(if position % 8 == 0 { position } else { whole.len() });
        told_of_bytes("a.parquet", &damaged, None);
    }
}

#[test]
fn paths() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::write(root.join("a.txt"), HEADER).expect("a file");
    check_path(
        root,
        "a.txt",
        "a.txt is no file of bars or trades by its name: expected the extension .csv, .csv.gz or .parquet",
    );
    check_path(root, "b.csv", "there is no file or folder at b.csv: check the path");
    check_path(root, "", "the folder FOLDER holds no .csv, .csv.gz or .parquet file: check the path");
    let calendar = nyse_calendar(2026, 2026);
    assert!(matches!(load(&[], LoadOptions::new(&calendar)), Err(DataError::NothingGiven)));
}

#[test]
fn files_that_overlap() {
    let folder = tempfile::tempdir().expect("a folder");
    let row = |symbol: &str, minute: u32| format!("{symbol},2026-02-13T15:{minute:02}:00Z,1,1,1,1,1\n");
    let (a, b) = (folder.path().join("a.csv"), folder.path().join("b.csv"));
    fs::write(&a, [HEADER, &row("SPY", 0), &row("SPY", 2), &row("QQQ", 1)].concat()).expect("a file");
    fs::write(&b, [HEADER, &row("SPY", 1), &row("QQQ", 0)].concat()).expect("a file");
    check_path(folder.path(), "", "OK 5");
    fs::write(&b, [HEADER, &row("AAPL", 0), &row("SPY", 1), &row("SPY", 2)].concat()).expect("a file");
    let message = "b.csv, line 4: SPY has a bar for 2026-02-13T15:02:00Z there and at a.csv, line 3: remove one of them or one of the files";
    check_path(folder.path(), "", message);
    let calendar = nyse_calendar(2026, 2026);
    let warm = orb_data::bars::load_with_warmup(&[a], &[b], LoadOptions::new(&calendar)).map(|loaded| loaded.trade);
    assert_eq!(told(warm, folder.path()), message);
}

#[test]
fn parquet_fields() {
    let price = |values: [Option<f64>; 2]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    let volume = |values: [Option<f64>; 2]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    let (ones, good) = (price([Some(1.0); 2]), volume([Some(1.0); 2]));
    check_parquet(&ones, &good, 60_000_000, "OK 2");
    check_parquet(
        &price([Some(1.0), None]),
        &good,
        60_000_000,
        "a.parquet, row 2: the column `open` is empty: fill it or remove the row",
    );
    check_parquet(
        &price([Some(1.0), Some(f64::NAN)]),
        &good,
        60_000_000,
        "a.parquet, row 2, column `open`: expected a price in dollars, as in 174.44: `NaN` is not a decimal number",
    );
    check_parquet(
        &ones,
        &volume([Some(1.0), None]),
        60_000_000,
        "a.parquet, row 2: the column `volume` is empty: fill it or remove the row",
    );
    check_parquet(
        &ones,
        &volume([Some(f64::NAN), None]),
        60_000_000,
        "a.parquet, row 1, column `volume`: `NaN` is not a number of shares: expected a whole number from 0 to 10^12",
    );
    check_parquet(
        &ones,
        &volume([Some(1.0), Some(0.5)]),
        60_000_000,
        "a.parquet, row 2, column `volume`: `0.5` is not a number of shares: expected a whole number from 0 to 10^12",
    );
    check_parquet(
        &ones,
        &good,
        0,
        "a.parquet, row 2: SPY has a second row for 2026-02-13T14:30:00Z: remove one of them",
    );
    check_parquet(
        &ones,
        &good,
        -60_000_000,
        "a.parquet, row 2: 2026-02-13T14:29:00Z of SPY comes after 2026-02-13T14:30:00Z: sort the file by time within each symbol",
    );
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["1", "x"]));
    check_parquet(
        &texts,
        &good,
        60_000_000,
        "a.parquet, row 2, column `open`: expected a price in dollars, as in 174.44: `x` is not a decimal number",
    );
    let flags: ArrayRef = Arc::new(arrow_array::BooleanArray::from(vec![true, true]));
    check_parquet(
        &flags,
        &good,
        60_000_000,
        "a.parquet: the column `open` is of type Boolean: expected a double, a float, a decimal128 or a string",
    );
}

#[test]
fn parquet_columns_and_rows() {
    let ones: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let batch = RecordBatch::try_from_iter([("symbol", ones)]).expect("a batch");
    let message = "a.parquet has no column `ts` (its columns: symbol): a header with symbol, ts, open, high, low, close, volume is needed";
    assert_eq!(told_of_batch(&batch), message);
    let batch = parquet_batch(
        &(Arc::new(Float64Array::from(vec![1.0; 2])) as ArrayRef),
        &(Arc::new(Int64Array::from(vec![1; 2])) as ArrayRef),
        1,
    );
    assert_eq!(told_of_batch(&batch.slice(0, 0)), "a.parquet holds no rows: remove the file or fill it");
}

#[test]
fn the_first_error_is_told_whatever_the_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    for file in 0..30 {
        let bad = if file == 20 || file == 7 { "x" } else { "1" };
        let text = format!("{HEADER}S{file},2026-02-13T14:30:00Z,1,1,1,1,{bad}\n");
        fs::write(folder.path().join(format!("{file:02}.csv")), text).expect("a file");
    }
    for threads in [1, 2, 8] {
        let calendar = nyse_calendar(2026, 2026);
        let options = LoadOptions { threads: std::num::NonZero::new(threads), ..LoadOptions::new(&calendar) };
        let loaded = load(&[folder.path().to_owned()], options);
        let message =
            "07.csv, line 2, column `volume`: `x` is not a number of shares: expected a whole number from 0 to 10^12";
        assert_eq!(told(loaded, folder.path()), message);
    }
}

/// Checks what is said about a CSV file.
#[track_caller]
fn check(text: &str, expected: &str) {
    check_bytes("a.csv", text.as_bytes(), expected);
}

/// Checks what is said about a row that follows a good one, on line 3.
#[track_caller]
fn check_row(row: &str, expected: &str) {
    check(&format!("{HEADER}SPY,2026-02-13T14:30:00Z,1,1,1,1,1\n{row}\n"), expected);
}

#[track_caller]
fn check_bytes(name: &str, bytes: &[u8], expected: &str) {
    assert_eq!(told_of_bytes(name, bytes, None), expected);
}

#[track_caller]
fn check_bytes_begin(name: &str, bytes: &[u8], expected: &str) {
    let found = told_of_bytes(name, bytes, None);
    assert!(found.starts_with(expected), "{found}");
}

#[track_caller]
fn check_path(root: &Path, name: &str, expected: &str) {
    let path = if name.is_empty() { root.to_owned() } else { root.join(name) };
    let calendar = nyse_calendar(2026, 2026);
    assert_eq!(told(load(&[path], LoadOptions::new(&calendar)), root), expected);
}

#[track_caller]
fn check_parquet(open: &ArrayRef, volume: &ArrayRef, step_micros: i64, expected: &str) {
    assert_eq!(told_of_batch(&parquet_batch(open, volume, step_micros)), expected);
}

fn told_of_batch(batch: &RecordBatch) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    write_parquet(&path, batch);
    let calendar = nyse_calendar(2026, 2026);
    told(load(&[path], LoadOptions::new(&calendar)), folder.path())
}

fn write_parquet(path: &Path, batch: &RecordBatch) {
    let file = fs::File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(batch).expect("rows");
    writer.close().expect("a file");
}

fn parquet_batch(open: &ArrayRef, volume: &ArrayRef, step_micros: i64) -> RecordBatch {
    let ones: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 1.0]));
    let first = 1_770_993_000_000_000;
    let columns: [(&str, ArrayRef); 7] = [
        ("symbol", Arc::new(StringArray::from(vec!["SPY", "SPY"]))),
        ("ts", Arc::new(TimestampMicrosecondArray::from(vec![first, first + step_micros]))),
        ("open", Arc::clone(open)),
        ("high", Arc::clone(&ones)),
        ("low", Arc::clone(&ones)),
        ("close", ones),
        ("volume", Arc::clone(volume)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).expect("a batch")
}

fn told_of_text(text: &str, minutes: Option<i64>) -> String {
    told_of_bytes("a.csv", text.as_bytes(), minutes)
}

/// Loads a file with some content.
fn told_of_bytes(name: &str, bytes: &[u8], minutes: Option<i64>) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("a file");
    let calendar = nyse_calendar(2026, 2026);
    let options = LoadOptions { bar_length: minutes.map(Span::from_minutes), ..LoadOptions::new(&calendar) };
    told(load(&[path], options), folder.path())
}

/// Writes the number of bars, or the error with its causes, without the path of the folder.
fn told(loaded: Result<BarSet, DataError>, root: &Path) -> String {
    let error = match loaded {
        Ok(set) => return format!("OK {}", set.len()),
        Err(error) => error,
    };
    let causes = std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source());
    let text = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    text.replace(&format!("{}/", root.display()), "").replace(&root.display().to_string(), "FOLDER")
}

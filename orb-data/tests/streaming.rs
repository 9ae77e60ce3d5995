//! Days that are streamed are those that are loaded, and so are the errors.

use std::error::Error;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use orb_core::{Calendar, Span, SymbolTable};
use orb_data::bars::{self, DataError, Loaded, StreamError, StreamedDay};
use orb_data::{Label, LoadOptions, nyse_calendar};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use proptest::prelude::*;

const NAMES: [&str; 4] = ["AAPL", "BRK.B", "SPY", "X"];

/// One bar of a random market: symbol, session, minute, price in micro-dollars, volume.
type AnyBar = (u32, usize, i64, i64, u64);

/// Says into which file a bar goes, and in which order a file is written.
#[derive(Clone, Copy, Debug)]
enum Split {
    BySymbol,
    ByMonth,
    BySymbolAndMonth,
    Single,
    SymbolAfterSymbol,
    Alternating,
}

/// Says how files are written.
#[derive(Clone, Copy, Debug)]
struct Form {
    split: Split,
    format: &'static str,
    rows_of_group: usize,
    has_statistics: bool,
    has_dictionary: bool,
    is_nullable: bool,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn streaming_gives_what_loading_gives(
        bars in prop::collection::vec(any_bar(), 1..400),
        warmup in prop::collection::vec(any_bar(), 0..60),
        form in any_form(),
        (threads, minutes, right) in (1..4_usize, prop_oneof![Just(None), Just(Some(1)), Just(Some(5))], any::<bool>()),
        step in prop_oneof![Just(1_i64), Just(5), Just(7)],
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let [trade, warm] = [("trade", &bars), ("warmup", &warmup)].map(|(name, bars)| {
            let root = folder.path().join(name);
            write_files(&root, &distinct(bars, step), form);
            root
        });
        let warm = if warmup.is_empty() { vec![] } else { vec![warm] };
        let calendar = nyse_calendar(2025, 2026);
        let options = LoadOptions {
            bar_length: minutes.map(Span::from_minutes),
            label: if right { Label::Right } else { Label::Left },
            threads: NonZero::new(threads),
            ..LoadOptions::new(&calendar)
        };
        let may_restart = minutes.is_none() || matches!(form.split, Split::SymbolAfterSymbol);
        compare(&[trade], &warm, options, may_restart);
    }

    #[test]
    fn damaged_files_are_told_as_loading_tells_them(
        bars in prop::collection::vec(any_bar(), 20..200),
        form in any_form(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..3),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut rows = distinct(&bars, 1);
        for (index, damage) in damages {
            let at = index.index(rows.len());
            spoil(&mut rows, at, damage);
        }
        write_files(folder.path(), &rows, form);
        let calendar = nyse_calendar(2025, 2026);
        compare(&[folder.path().to_owned()], &[], LoadOptions::new(&calendar), true);
    }

    #[test]
    fn flipped_bytes_are_told_as_loading_tells_them(
        bars in prop::collection::vec(any_bar(), 20..100),
        form in any_form().prop_map(|form| Form { format: "parquet", ..form }),
        (file, byte, bit) in (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..8_u8),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        write_files(folder.path(), &distinct(&bars, 1), form);
        let mut files: Vec<PathBuf> = fs::read_dir(folder.path()).expect("files").map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        let path = &files[file.index(files.len())];
        let mut bytes = fs::read(path).expect("a file");
        let at = byte.index(bytes.len());
        bytes[at] ^= 1 << bit;
        fs::write(path, bytes).expect("a file");
        let calendar = nyse_calendar(2025, 2026);
        compare(&[folder.path().to_owned()], &[], LoadOptions::new(&calendar), true);
    }
}

#[test]
fn files_that_go_by_time_are_given_before_they_are_read_to_the_end() {
    for split in [Split::BySymbol, Split::Single, Split::ByMonth] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut rows = dense_market(240);
        let last = rows.len() - 1;
        rows[last].prices[1] = f64::NAN;
        write_files(folder.path(), &rows, Form { split, ..plain() });
        let calendar = nyse_calendar(2025, 2026);
        let options = LoadOptions { threads: NonZero::new(1), ..LoadOptions::new(&calendar) };
        let (days, end) = streamed(&[folder.path().to_owned()], &[], options).expect("files that open");
        assert!(days.len() > 100, "{split:?}: {} days came before the error", days.len());
        assert!(matches!(end, Err(StreamError::Data(DataError::BadPrice { .. }))), "{split:?}: {end:?}");
    }
}

#[test]
fn a_consumer_may_leave_early_and_may_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    write_files(folder.path(), &dense_market(240), Form { split: Split::BySymbol, ..plain() });
    let calendar = nyse_calendar(2025, 2026);
    let paths = [folder.path().to_owned()];
    let first = bars::stream(&paths, &[], LoadOptions::new(&calendar), |days| days.next_day().expect("a day"));
    assert!(first.expect("files that open").is_some());
    let panicked = std::panic::catch_unwind(|| {
        bars::stream(&paths, &[], LoadOptions::new(&calendar), |_| panic!("the consumer gives up"))
    });
    assert!(panicked.is_err());
}

#[test]
fn bars_that_are_closer_further_on_begin_again() {
    let mut rows: Vec<Row> = dense_market(40).into_iter().filter(|row| row.ts / 60_000_000 % 5 == 0).collect();
    let mut closer = rows[rows.len() - 1].clone();
    closer.ts += 60_000_000;
    rows.push(closer);
    let folder = tempfile::tempdir().expect("a folder");
    write_files(folder.path(), &rows, Form { split: Split::BySymbol, ..plain() });
    let calendar = nyse_calendar(2025, 2026);
    let (_, end) = streamed(&[folder.path().to_owned()], &[], LoadOptions::new(&calendar)).expect("files that open");
    // Bars of five minutes beside bars of one are refused, and it is loading that says so.
    assert!(matches!(end, Err(StreamError::Data(DataError::MixedBarLengths { .. }))), "{end:?}");
}

#[derive(Clone, Debug)]
struct Row {
    symbol: String,
    ts: i64,
    prices: [f64; 4],
    volume: i64,
}

const fn plain() -> Form {
    let split = Split::Single;
    Form {
        split,
        format: "parquet",
        rows_of_group: 100_000,
        has_statistics: true,
        has_dictionary: true,
        is_nullable: false,
    }
}

fn any_bar() -> impl Strategy<Value = AnyBar> {
    let volume = prop_oneof![8 => 1..1_000_u64, 1 => Just(0)];
    (0..4_u32, 0..45_usize, -2..80_i64, 1..10_000_i64, volume)
}

fn any_form() -> impl Strategy<Value = Form> {
    let split = prop_oneof![
        Just(Split::BySymbol),
        Just(Split::ByMonth),
        Just(Split::BySymbolAndMonth),
        Just(Split::Single),
        Just(Split::SymbolAfterSymbol),
        Just(Split::Alternating),
    ];
    let format = prop_oneof![6 => Just("parquet"), 1 => Just("csv"), 1 => Just("csv.gz")];
    let rows_of_group = prop_oneof![Just(7_usize), Just(40), Just(100_000)];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (split, format, rows_of_group, flags).prop_map(
        |(split, format, rows_of_group, (has_statistics, has_dictionary, is_nullable))| Form {
            split,
            format,
            rows_of_group,
            has_statistics,
            has_dictionary,
            is_nullable,
        },
    )
}

/// Makes rows in order of time; a symbol has one row for each time.
fn distinct(bars: &[AnyBar], step: i64) -> Vec<Row> {
    let calendar = nyse_calendar(2025, 2026);
    let mut rows: Vec<Row> = bars.iter().map(|bar| row(&calendar, *bar, step)).collect();
    rows.sort_by(|one, other| (one.ts, &one.symbol).cmp(&(other.ts, &other.symbol)));
    rows.dedup_by(|one, other| (one.ts, &one.symbol) == (other.ts, &other.symbol));
    rows
}

fn row(calendar: &Calendar, (symbol, session, minute, cents, volume): AnyBar, step: i64) -> Row {
    let ts = (calendar.sessions()[session + 200].open + Span::from_minutes(minute * step)).micros();
    let low = cents as f64 / 100.0;
    let high = (cents + 5) as f64 / 100.0;
    Row { symbol: NAMES[symbol as usize].to_owned(), ts, prices: [low, high, low, high], volume: volume.cast_signed() }
}

/// Makes a market of four symbols with a bar in each of 100 minutes of each session.
fn dense_market(sessions: usize) -> Vec<Row> {
    let calendar = nyse_calendar(2025, 2026);
    let sessions = &calendar.sessions()[..sessions];
    let minutes = sessions.iter().flat_map(|session| (0..100).map(|minute| session.open + Span::from_minutes(minute)));
    minutes
        .flat_map(|start| {
            NAMES.map(|symbol| Row {
                symbol: symbol.to_owned(),
                ts: start.micros(),
                prices: [1.0, 2.0, 1.0, 2.0],
                volume: 7,
            })
        })
        .collect()
}

fn spoil(rows: &mut Vec<Row>, at: usize, damage: u8) {
    match damage {
        0 => rows[at].prices[1] = f64::NAN,
        1 => rows[at].prices[2] = -1.0,
        2 => rows[at].volume = -5,
        3 => rows[at].ts += 1_000_000,
        4 => rows[at].symbol = "not a symbol".to_owned(),
        5 => rows.swap(at, 0),
        6 => rows.push(rows[at].clone()),
        _ => rows[at].ts += 4_000_000_000_000_000,
    }
}

fn write_files(root: &Path, rows: &[Row], form: Form) {
    fs::create_dir_all(root).expect("a folder");
    let month = |row: &Row| row.ts / (30 * 86_400_000_000);
    let mut files: std::collections::BTreeMap<String, Vec<Row>> = std::collections::BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let name = match form.split {
            Split::BySymbol => row.symbol.clone(),
            Split::ByMonth => month(row).to_string(),
            Split::BySymbolAndMonth => format!("{}-{}", row.symbol, month(row)),
            Split::Single | Split::SymbolAfterSymbol => "all".to_owned(),
            Split::Alternating => (index % 2).to_string(),
        };
        files.entry(name).or_default().push(row.clone());
    }
    for (name, mut rows) in files {
        if matches!(form.split, Split::SymbolAfterSymbol) {
            rows.sort_by(|one, other| one.symbol.cmp(&other.symbol));
        }
        let path = root.join(format!("{name}.{}", form.format));
        match form.format {
            "parquet" => write_parquet(&path, &rows, form),
            _ => write_csv(&path, &rows),
        }
    }
}

fn write_csv(path: &Path, rows: &[Row]) {
    use std::io::Write as _;
    let lines = rows.iter().map(|Row { symbol, ts, prices: [open, high, low, close], volume }| {
        let ts = orb_core::Timestamp::from_micros(*ts);
        format!("{symbol},{ts},{open},{high},{low},{close},{volume}\n")
    });
    let text: String = std::iter::once("symbol,ts,open,high,low,close,volume\n".to_owned()).chain(lines).collect();
    if path.extension().is_some_and(|extension| extension == "gz") {
        let file = fs::File::create(path).expect("a file");
        let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).expect("rows");
        encoder.finish().expect("a file");
    } else {
        fs::write(path, text).expect("a file");
    }
}

fn write_parquet(path: &Path, rows: &[Row], form: Form) {
    let price = |index: usize| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.prices[index])))
    };
    let columns: [(&str, ArrayRef); 7] = [
        ("symbol", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.symbol)))),
        ("ts", Arc::new(TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.ts)))),
        ("open", price(0)),
        ("high", price(1)),
        ("low", price(2)),
        ("close", price(3)),
        ("volume", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.volume)))),
    ];
    let columns = columns.map(|(name, column)| (name, column, form.is_nullable));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("a batch");
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(form.rows_of_group))
        .set_dictionary_enabled(form.has_dictionary)
        .set_statistics_enabled(if form.has_statistics { EnabledStatistics::Chunk } else { EnabledStatistics::None })
        .build();
    let file = fs::File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("rows");
    writer.close().expect("a file");
}

/// What came out of a stream: its days, and how it ended.
type Streamed = (Vec<(StreamedDay, Arc<SymbolTable>)>, Result<Vec<bool>, StreamError>);

fn streamed(paths: &[PathBuf], warmup: &[PathBuf], options: LoadOptions<'_>) -> Result<Streamed, DataError> {
    bars::stream(paths, warmup, options, |days| {
        let mut seen = Vec::new();
        loop {
            match days.next_day() {
                Ok(Some(day)) => {
                    seen.push((day.clone(), Arc::clone(days.symbols())));
                    // Later days are in the memory of this one.
                    [day.trade, day.warmup].into_iter().flatten().for_each(|bars| days.take_back(bars));
                }
                Ok(None) => {
                    assert!(days.dropped().is_some(), "at the end it is known what was dropped");
                    return (seen, Ok(days.symbols().iter().map(|(symbol, _)| days.is_tradable(symbol)).collect()));
                }
                Err(error) => return (seen, Err(error)),
            }
        }
    })
}

/// Compares the days and the error of a stream with those of loading. Files that go by time, whose bar length need not
/// be guessed, may not begin again.
#[track_caller]
fn compare(paths: &[PathBuf], warmup: &[PathBuf], options: LoadOptions<'_>, may_restart: bool) {
    let loaded = bars::load_with_warmup(paths, warmup, options);
    let (days, end) = match streamed(paths, warmup, options) {
        Ok(streamed) => streamed,
        Err(error) => return assert_eq!(told(&error), told(&loaded.expect_err("an error of both")), "{paths:?}"),
    };
    match (loaded, end) {
        (Ok(loaded), Ok(tradable)) => compare_days(&loaded, &days, &tradable),
        (Ok(loaded), Err(StreamError::Restart(again))) if may_restart => assert_eq!(*again, loaded),
        (Err(loading), Err(StreamError::Data(error))) => assert_eq!(told(&error), told(&loading)),
        (loaded, end) => panic!("loading gave {loaded:?}, streaming {end:?}"),
    }
}

fn compare_days(loaded: &Loaded, days: &[(StreamedDay, Arc<SymbolTable>)], tradable: &[bool]) {
    assert_eq!(days.len(), loaded.days().count());
    for (expected, (found, symbols)) in loaded.days().zip(days) {
        assert_eq!(found.as_day(), expected);
        assert_eq!(**symbols, *loaded.symbols());
    }
    let expected: Vec<_> = loaded.symbols().iter().map(|(symbol, _)| loaded.is_tradable(symbol)).collect();
    assert_eq!(tradable, expected);
}

fn told(error: &DataError) -> String {
    let causes = std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

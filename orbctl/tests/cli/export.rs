//! Files: whole or not there, and after an interruption as if there had been none.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::Path,
};

use arrow_array::{
    Array, RecordBatch, StringArray,
    cast::AsArray as _,
    types::{Decimal128Type, Int64Type, TimestampMicrosecondType},
};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::fake::{Fake, Mood, Run};

fn export(fake: &Fake, what: &str, format: &str, out: &Path, more: &[&str]) -> Run {
    let out = out.to_str().unwrap();
    fake.run(&[&["export", what, "--format", format, "--out", out], more].concat())
}

#[track_caller]
fn succeeded(run: &Run) {
    assert_eq!((run.code, run.out.as_str()), (Some(0), ""), "{run:?}");
}

/// Returns the names of what is in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn batch(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    assert_eq!(batches.len(), 1);
    batches.into_iter().next().unwrap()
}

#[test]
fn an_export_appears_whole_and_leaves_nothing_beside_it() {
    let fake = Fake::start(Mood::Willing);
    for what in ["trades", "fills", "signals", "equity", "logs"] {
        for format in ["csv", "jsonl", "parquet"] {
            let out = fake.home.path().join(format!("{what}.{format}"));
            let run = export(&fake, what, format, &out, &[]);
            succeeded(&run);
            assert!(run.err.contains(" written to "), "{run:?}");
        }
    }
    assert_eq!(names(fake.home.path()).len(), 15, "{:?}", names(fake.home.path()));
    let lines = fs::read_to_string(fake.home.path().join("trades.csv")).unwrap();
    assert_eq!(lines.lines().count(), 3);
    assert!(fake.run(&["export", "trades", "--out", "-"]).out == lines);
    for line in fs::read_to_string(fake.home.path().join("fills.jsonl")).unwrap().lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["ledger_id"], "sim-1");
    }
}

#[test]
fn closed_trades_are_asked_for_oldest_first() {
    let fake = Fake::start(Mood::Willing);
    succeeded(&export(&fake, "trades", "csv", &fake.home.path().join("t"), &["--from", "2026-02-13"]));
    let asked = fake.last_asked();
    for part in ["statuses: [Closed]", "order: OldestFirst", "page_size: 1000", r#"date_from: "2026-02-13""#] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
}

#[test]
fn parquet_has_exact_typed_columns() {
    let fake = Fake::start(Mood::Willing);
    let out = fake.home.path().join("trades.parquet");
    succeeded(&export(&fake, "trades", "parquet", &out, &[]));
    let batch = batch(&out);
    let type_of = |name: &str| batch.schema().field_with_name(name).unwrap().data_type().clone();
    assert_eq!(type_of("entry_price"), DataType::Decimal128(18, 6));
    assert_eq!(type_of("entry_time"), DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    assert_eq!((type_of("quantity"), type_of("symbol")), (DataType::Int64, DataType::Utf8));
    let json = fake.run(&["export", "trades", "--out", "-", "--format", "jsonl"]).out;
    let rows: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(batch.num_rows(), rows.len());
    let column = |name: &str| batch.column_by_name(name).unwrap();
    for (place, row) in rows.iter().enumerate() {
        let price = column("entry_price").as_primitive::<Decimal128Type>().value(place);
        assert_eq!(
            i64::try_from(price),
            Ok(orb_api::decimal::to_micros(row["entry_price"].as_str().unwrap()).unwrap())
        );
        let quantity = column("quantity").as_primitive::<Int64Type>().value(place);
        assert_eq!(Some(quantity), row["quantity"].as_i64());
        let time = column("entry_time").as_primitive::<TimestampMicrosecondType>().value(place);
        let told = chrono::DateTime::parse_from_rfc3339(row["entry_time"].as_str().unwrap()).unwrap();
        assert_eq!(time, told.timestamp_micros());
        let symbol = column("symbol").as_any().downcast_ref::<StringArray>().unwrap().value(place);
        assert_eq!(Some(symbol), row["symbol"].as_str());
        assert_eq!(column("net_pnl").is_null(place), row["net_pnl"].is_null());
    }
}

#[test]
fn nothing_is_a_file_without_rows() {
    let fake = Fake::start(Mood::Empty);
    let out = fake.home.path().join("none");
    succeeded(&export(&fake, "fills", "csv", &out, &[]));
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 1);
    succeeded(&export(&fake, "fills", "jsonl", &out, &[]));
    assert_eq!(fs::read_to_string(&out).unwrap(), "");
    succeeded(&export(&fake, "fills", "parquet", &out, &[]));
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&out).unwrap()).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
}

#[test]
fn an_interrupted_export_goes_on_and_is_the_same_as_a_whole_one() {
    for format in ["csv", "jsonl", "parquet"] {
        let whole = Fake::start(Mood::Willing);
        let expect = whole.home.path().join("whole");
        succeeded(&export(&whole, "trades", format, &expect, &[]));

        let fake = Fake::start(Mood::Faltering);
        let out = fake.home.path().join("trades");
        let run = export(&fake, "trades", format, &out, &[]);
        assert_eq!(run.code, Some(3), "{run:?}");
        assert!(run.err.contains("1 rows are kept: go on with --resume"), "{run:?}");
        assert_eq!(names(fake.home.path()), ["trades.partial", "trades.resume"]);
        // What was written after the last page that is recorded must not count.
        let mut file = OpenOptions::new().append(true).open(fake.home.path().join("trades.partial")).unwrap();
        file.write_all(b"half of a li").unwrap();
        drop(file);
        succeeded(&export(&fake, "trades", format, &out, &["--resume"]));
        assert!(fake.last_asked().contains(r#"page_token: "second""#), "{}", fake.last_asked());
        assert_eq!(fs::read(&out).unwrap(), fs::read(&expect).unwrap(), "{format}");
        assert_eq!(names(fake.home.path()), ["trades"]);
    }
}

#[test]
fn only_the_same_export_is_gone_on_with() {
    let fake = Fake::start(Mood::Faltering);
    let out = fake.home.path().join("trades");
    let refused = |run: &Run, says: &str| {
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.err.contains(says), "{says}: {run:?}");
        assert!(!out.exists());
    };
    refused(&export(&fake, "trades", "csv", &out, &["--resume"]), "there is no interrupted export");
    assert_eq!(export(&fake, "trades", "csv", &out, &[]).code, Some(3));
    refused(&export(&fake, "trades", "jsonl", &out, &["--resume"]), "is another one");
    refused(&export(&fake, "trades", "csv", &out, &["--resume", "--symbol", "F"]), "is another one");
    let partial = fake.home.path().join("trades.partial");
    let content = fs::read(&partial).unwrap();
    fs::write(&partial, &content[1..]).unwrap();
    refused(&export(&fake, "trades", "csv", &out, &["--resume"]), "is shorter than it was");
    fs::write(&partial, &content).unwrap();
    let progress = fake.home.path().join("trades.resume");
    let text = fs::read_to_string(&progress).unwrap();
    fs::write(&progress, &text[..10]).unwrap();
    refused(&export(&fake, "trades", "csv", &out, &["--resume"]), "is damaged");
    fs::write(&progress, text.replace("sim-1", "paper-1")).unwrap();
    let run = export(&fake, "trades", "csv", &out, &["--resume"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.err.contains("keeps the ledger sim-1 now, not paper-1"), "{run:?}");
    // Without --resume everything begins anew.
    succeeded(&export(&fake, "trades", "csv", &out, &[]));
    assert_eq!(names(fake.home.path()), ["trades"]);
}

#[test]
fn a_folder_that_is_missing_is_exit_7() {
    let run = export(&Fake::start(Mood::Willing), "trades", "csv", Path::new("/nonexistent/trades.csv"), &[]);
    assert_eq!(run.code, Some(7), "{run:?}");
    assert!(run.err.contains("/nonexistent/trades.csv"), "{run:?}");
}

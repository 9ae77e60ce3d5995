//! Opening a database, and refusing to.

use std::fs;

use orb_core::fact::Fact;

use super::samples::{commit, names, one_of_each, session};
use super::{Database, ledger};
use crate::store::{
    DatabaseUrl, DateRange, Ledger, LogOptions, LogWriter, Reader, StoreError, Writer, migrate, migration_status,
};
use crate::view::Environment;

pub(super) fn a_newer_schema_is_refused_and_left_alone(database: &Database) {
    commit(&mut database.writer(), &one_of_each());
    database.tamper("INSERT INTO __diesel_schema_migrations (version) VALUES ('9001')");
    let bytes = || database.url.path().map(|path| fs::read(path).expect("the file"));
    let before = bytes();
    let refusals = [
        Writer::open(&database.url, ledger(), names()).map(drop),
        Reader::open(&database.url, &ledger()).map(drop),
        LogWriter::open(&database.url, LogOptions::default(), |_| {}).map(drop),
        migrate(&database.url).map(drop),
    ];
    for refusal in refusals {
        let error = refusal.expect_err("a newer schema");
        let StoreError::SchemaNewer { database: name, found } = &error else { panic!("{error}") };
        assert_eq!((name, found.as_str()), (&database.url.to_string(), "9001"));
        assert!(error.to_string().contains("install the newer version"), "{error}");
    }
    assert_eq!(bytes(), before);
}

pub(super) fn an_older_schema_is_refused_for_reading(database: &Database) {
    let error = Reader::open(&database.url, &ledger()).expect_err("nothing there yet");
    assert!(matches!(&error, StoreError::SchemaOlder { missing, .. } if missing == "0001"), "{error}");
    assert!(!database.url.path().is_some_and(std::path::Path::exists), "reading makes no file");
    migrate(&database.url).expect("a migration");
    assert_eq!(database.reader().sessions(DateRange::default()).expect("sessions"), []);
}

pub(super) fn a_second_writer_is_refused(database: &Database) {
    let first = database.writer();
    let error = Writer::open(&database.url, ledger(), names()).expect_err("the ledger is taken");
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("stop it first"), "{error}");
    if database.url.path().is_some() {
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    }
    let other = Ledger::new(Environment::Paper, "PA-1");
    drop(Writer::open(&database.url, other, names()).expect("another ledger is free"));
    drop(first);
    drop(database.writer());
}

pub(super) fn ledgers_do_not_see_each_other(database: &Database) {
    let other = Ledger::new(Environment::Sim, "SIM-2");
    commit(&mut database.writer(), &one_of_each());
    let mut writer = Writer::open(&database.url, other.clone(), names()).expect("a writer");
    assert_eq!(writer.last_sequence(), 0);
    assert_eq!(writer.load().expect("the records"), Default::default());
    commit(&mut writer, &[Fact::Session(session())]);
    let reader = database.reader();
    assert_eq!(reader.list_signals(&Default::default(), &Default::default()).expect("signals").rows.len(), 1);
    let reader = reader.with_ledger(&other);
    assert_eq!(reader.ledger_id(), other.id());
    assert_eq!(reader.list_signals(&Default::default(), &Default::default()).expect("signals").rows.len(), 0);
    assert_eq!(reader.sessions(DateRange::default()).expect("sessions"), [session()]);
}

pub(super) fn migrating_twice_changes_nothing(database: &Database) {
    let status = migration_status(&database.url).expect("a status");
    assert!(status.applied.is_empty() && !status.pending.is_empty());
    assert_eq!(migrate(&database.url).expect("a migration"), status.pending);
    assert_eq!(migrate(&database.url).expect("a migration"), Vec::<String>::new());
    let after = migration_status(&database.url).expect("a status");
    assert_eq!((after.applied, after.pending), (status.pending, Vec::new()));
}

pub(super) fn a_reader_cannot_write(database: &Database) {
    drop(database.writer());
    let done = database.reader().records(|conn| {
        use diesel::RunQueryDsl as _;
        let result = diesel::sql_query("DELETE FROM ledgers").execute(conn);
        assert!(result.is_err(), "{result:?}");
        Ok(())
    });
    done.expect("a refusal");
}

#[test]
fn what_cannot_be_opened_is_told_with_the_remedy() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let absent = folder.path().join("absent/orb.db");
    let text = folder.path().join("text.db");
    fs::write(&text, "symbol,ts,open,high,low,close,volume\n".repeat(100)).expect("a file");
    let cases = [
        (absent.as_path(), "does not exist"),
        (std::path::Path::new("/proc/orb.db"), "check that the folder and the file may be written"),
        (text.as_path(), "check that the file is a database"),
    ];
    for (path, remedy) in cases {
        let error = Writer::open(&DatabaseUrl::sqlite(path), ledger(), names()).expect_err("no database");
        let text = error.to_string();
        assert!(matches!(error, StoreError::Open { .. }), "{text}");
        assert!(text.contains(&path.display().to_string()) && text.contains(remedy), "{text}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing was written");
    assert!(fs::read_to_string(&text).expect("the file").starts_with("symbol,ts"));
}

#[test]
fn a_server_that_is_down_is_told_without_the_password() {
    let url = DatabaseUrl::parse("postgres://orb:s3cret@127.0.0.1:1/orb").expect("an address");
    let error = Writer::open(&url, ledger(), names()).expect_err("no server").to_string();
    assert!(
        error.contains("postgres://orb:***@127.0.0.1:1/orb") && error.contains("check that the server runs"),
        "{error}"
    );
    assert!(!error.contains("s3cret"), "{error}");
    assert!(!std::path::Path::new(&url.to_string()).exists(), "no file of the server's name is made");
}

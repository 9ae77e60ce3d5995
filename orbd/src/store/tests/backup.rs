//! Backups are made beside a writer, proven by restoring them, and never half.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use orb_core::fact::Fact;

use super::samples::{attempt, commit, names, one_of_each, order};
use super::{Database, ledger};
use crate::store::backup::tables_of_sqlite;
use crate::store::connect::{AnyConn, Purpose, connect};
use crate::store::{BackupError, DatabaseUrl, StoreError, Writer, backup, check_backup};

fn rows(found: &crate::store::Backup, table: &str) -> u64 {
    found.tables.iter().find(|count| count.table == table).expect(table).rows
}

pub(super) fn a_backup_beside_a_writer_is_proven(database: &Database) {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("orb.backup");
    let mut writer = database.writer();
    commit(&mut writer, &one_of_each());
    let (stop, before) = (AtomicBool::new(false), writer.last_sequence());
    let (made, after) = std::thread::scope(|threads| {
        let writing = threads.spawn(|| {
            for number in 2..u16::MAX {
                commit(&mut writer, &[Fact::Order(order(attempt(0, number)))]);
                if stop.load(Ordering::SeqCst) {
                    break;
                }
            }
            writer.last_sequence()
        });
        let made = backup(&database.url, &to);
        stop.store(true, Ordering::SeqCst);
        (made, writing.join().expect("the writer was never disturbed"))
    });
    let made = made.expect("a backup");
    assert!(made.verification.as_ref().is_some_and(|found| found.is_sound()), "{made:?}");
    assert!((before..=after).contains(&rows(&made, "journal")), "{made:?}");
    assert_eq!(rows(&made, "journal"), rows(&made, "orders"), "one order in each commit");
    assert_eq!(made.bytes, fs::metadata(&to).expect("the file").len());
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing beside it");
    let checked = check_backup(&to, Some(&database.url)).expect("a good backup");
    assert_eq!(checked, made);
    if let Ok(mut restored) = Writer::open(&DatabaseUrl::sqlite(&to), ledger(), names()) {
        assert_eq!(restored.last_sequence(), rows(&made, "journal"));
        commit(&mut restored, &[]);
    } else {
        assert!(database.url.path().is_none(), "a file is restored by putting it in its place");
    }
}

pub(super) fn nothing_is_overwritten(database: &Database) {
    commit(&mut database.writer(), &one_of_each());
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("orb.backup");
    for taken in ["orb.backup", "orb.backup.partial"] {
        fs::write(folder.path().join(taken), "mine").expect("a file");
        let error = backup(&database.url, &to).expect_err("it is there");
        assert!(matches!(error, BackupError::Exists { .. }) && error.to_string().contains(taken), "{error}");
        assert_eq!(fs::read_to_string(folder.path().join(taken)).expect("the file"), "mine");
        fs::remove_file(folder.path().join(taken)).expect("removed");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0, "nothing else was made");
    }
    let error = backup(&database.url, &folder.path().join("absent/orb.backup")).expect_err("no folder");
    assert!(matches!(error, BackupError::Write { .. }), "{error}");
}

pub(super) fn a_broken_database_gives_no_backup(database: &Database) {
    let mut writer = database.writer();
    (0..3).for_each(|_| commit(&mut writer, &[]));
    database.tamper("UPDATE journal SET at = at + 1 WHERE first_sequence = 2");
    let folder = tempfile::tempdir().expect("a folder");
    let error = backup(&database.url, &folder.path().join("orb.backup")).expect_err("a broken chain");
    assert!(matches!(error, BackupError::Differs { .. }), "{error}");
    assert!(error.to_string().contains("journal, row 2: its content is not what was written"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0, "nothing was kept");
}

pub(super) fn a_damaged_backup_is_refused(database: &Database) {
    let mut writer = database.writer();
    (0..200).for_each(|_| commit(&mut writer, &one_of_each()));
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("orb.backup");
    backup(&database.url, &to).expect("a backup");
    let whole = fs::read(&to).expect("the file");
    fs::write(&to, &whole[..whole.len() / 2]).expect("the file");
    let error = check_backup(&to, Some(&database.url)).expect_err("half of it is missing");
    assert!(!error.to_string().is_empty());
    let mut spoilt = whole;
    let half = spoilt.len() / 2;
    spoilt[half..].chunks_mut(16).for_each(|chunk| chunk[0] ^= 0xff);
    fs::write(&to, spoilt).expect("the file");
    check_backup(&to, Some(&database.url)).expect_err("its bytes were changed");
    fs::write(&to, "a letter").expect("the file");
    let error = check_backup(&to, None).expect_err("no backup");
    assert!(matches!(error, BackupError::NoBackup { .. }), "{error}");
    let error = check_backup(&folder.path().join("absent"), None).expect_err("no file");
    assert!(matches!(error, BackupError::Read { .. }), "{error}");
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

pub(super) fn no_database_is_left_on_the_server(database: &Database) {
    commit(&mut database.writer(), &one_of_each());
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("orb.backup");
    backup(&database.url, &to).expect("a backup");
    let Ok(AnyConn::Postgres(mut conn)) = connect(&database.url, Purpose::Read) else { panic!("a server") };
    let left = "SELECT count(*) AS count FROM pg_database WHERE datname LIKE 'orb\\_check\\_%'";
    assert_eq!(diesel::sql_query(left).get_result::<Count>(&mut conn).expect("a count").count, 0);
    let unnamed = check_backup(&to, None).expect("a whole archive");
    assert!(unnamed.verification.is_none() && unnamed.unrestored.is_some_and(|why| why.contains("--database")));
    // Whoever may not make a database still gets a backup, and is told that it is not proven.
    database.tamper("CREATE ROLE modest LOGIN; GRANT pg_read_all_data TO modest");
    let modest = DatabaseUrl::parse(&database.url.to_string().replacen("orb@", "modest@", 1)).expect("an address");
    let made = backup(&modest, &folder.path().join("modest.backup")).expect("a backup");
    assert!(
        made.verification.is_none() && made.unrestored.as_ref().is_some_and(|why| why.contains("CREATEDB")),
        "{made:?}"
    );
    check_backup(&folder.path().join("modest.backup"), Some(&database.url)).expect("a good backup");
}

#[test]
fn every_table_is_counted() {
    let database = Database::sqlite();
    drop(database.writer());
    let AnyConn::Sqlite(mut conn) = connect(&database.url, Purpose::Read).expect("a connection") else {
        unreachable!("a file")
    };
    let (found, counted) = tables_of_sqlite(&mut conn);
    assert_eq!(found, counted);
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let (absent, to) = (folder.path().join("orb.db"), folder.path().join("orb.backup"));
    let error = backup(&DatabaseUrl::sqlite(&absent), &to).expect_err("no database");
    assert!(matches!(error, BackupError::Store(StoreError::Open { .. })), "{error}");
    assert!(error.to_string().contains("there is no such file"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

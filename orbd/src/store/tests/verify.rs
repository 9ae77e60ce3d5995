//! A chain that was tampered with is found broken, at the row where it is.

use std::fs;

use super::samples::{at, commit, journal_row, names, one_of_each};
use super::{Database, ledger};
use crate::store::{
    Audit, BrokenRow, Commit, Difference, JournalRow, StoreError, VerifiedLedger, Writer, migrate, migration_status,
    verify,
};

fn audit(number: i64) -> Audit {
    Audit {
        request_id: format!("r-{number}"),
        actor: "ann".to_owned(),
        command: "PauseEntries".to_owned(),
        reason: "lunch".to_owned(),
        result: "done".to_owned(),
        accepted: true,
        at: at(number),
    }
}

/// Writes five journal rows, the second with three events, and four commands, the third again as the fourth.
fn written(database: &Database) {
    let mut writer = database.writer();
    for (first, last) in [(1, 1), (2, 4), (5, 5), (6, 6), (7, 7)] {
        let bytes = [u8::try_from(first).expect("a small number"); 40];
        let journal = JournalRow { first_sequence: first, last_sequence: last, bytes: &bytes, ..journal_row(first) };
        let audits = [audit(first as i64)];
        let audits = if matches!(first, 2 | 5) { &audits[..] } else { &[] };
        writer.commit(&Commit { journal: Some(journal), audits, ..Commit::default() }).expect("a commit");
    }
    let repeated = Audit { result: "done twice".to_owned(), ..audit(5) };
    writer.commit(&Commit { audits: &[audit(9), repeated], ..Commit::default() }).expect("a commit");
}

fn found(database: &Database) -> VerifiedLedger {
    let mut found = verify(&database.url).expect("a verification");
    assert_eq!(found.damage, Vec::<String>::new());
    assert_eq!(found.ledgers.len(), 1);
    let is_sound = found.is_sound();
    let ledger = found.ledgers.remove(0);
    assert_eq!(is_sound, ledger.journal.broken.is_none() && ledger.audit.broken.is_none());
    ledger
}

/// Changes the records behind the store's back and checks what is found; then the database is as before.
#[track_caller]
fn check(database: &Database, tamper: &str, table: &'static str, key: &str, difference: Difference) {
    written(database);
    database.tamper(tamper);
    let ledger = found(database);
    let broken = ledger.journal.broken.or(ledger.audit.broken);
    assert_eq!(broken, Some(BrokenRow { table, key: key.to_owned(), difference }), "{tamper}");
    if database.url.path().is_none() {
        database.tamper("DELETE FROM leases");
    }
    database.tamper("DELETE FROM journal; DELETE FROM audit_log; DELETE FROM commands; DELETE FROM ledgers");
}

pub(super) fn what_was_written_is_sound(database: &Database) {
    written(database);
    let ledger = found(database);
    assert_eq!((ledger.journal.rows, ledger.journal.last, ledger.journal.broken), (5, 7, None));
    assert_eq!((ledger.audit.rows, ledger.audit.last, ledger.audit.broken), (4, 4, None));
    assert_eq!((ledger.journal.hash.len(), ledger.audit.hash.len()), (64, 64));
    // It goes on after a restart.
    commit(&mut database.writer(), &one_of_each());
    assert_eq!(found(database).journal.rows, 6);
}

pub(super) fn a_changed_row_is_found(database: &Database) {
    let flip = if database.url.path().is_some() { "x'07'" } else { r"'\x07'::bytea" };
    let content = Difference::Content;
    check(
        database,
        &format!("UPDATE journal SET bytes = {flip} WHERE first_sequence = 5"),
        "journal",
        "5",
        content.clone(),
    );
    check(database, "UPDATE journal SET at = at + 1 WHERE first_sequence = 1", "journal", "1", content.clone());
    check(database, "UPDATE journal SET date = NULL WHERE first_sequence = 7", "journal", "7", content.clone());
    check(
        database,
        &format!("UPDATE journal SET hash = {flip} WHERE first_sequence = 6"),
        "journal",
        "6",
        content.clone(),
    );
    check(database, "UPDATE audit_log SET actor = 'bob' WHERE number = 2", "audit_log", "2", content.clone());
    check(
        database,
        "UPDATE audit_log SET reason = '', result = 'lunchdone' WHERE number = 1",
        "audit_log",
        "1",
        content,
    );
}

pub(super) fn a_removed_row_is_found(database: &Database) {
    let between = |from, to| Difference::MissingBefore { from, to };
    check(database, "DELETE FROM journal WHERE first_sequence = 2", "journal", "5", between(2, 4));
    check(database, "DELETE FROM journal WHERE first_sequence = 1", "journal", "2", between(1, 1));
    check(database, "DELETE FROM audit_log WHERE number = 2", "audit_log", "3", between(2, 2));
}

pub(super) fn a_removed_tail_is_found(database: &Database) {
    let after = |rows| Difference::MissingAfter { rows };
    check(database, "DELETE FROM journal WHERE first_sequence = 7", "journal", "6", after(1));
    check(database, "DELETE FROM journal WHERE first_sequence > 1", "journal", "1", after(4));
    check(database, "DELETE FROM journal", "journal", "0", after(5));
    check(database, "DELETE FROM audit_log WHERE number > 2", "audit_log", "2", after(2));
    // Somebody who counts, but does not compute.
    let counted = "DELETE FROM journal WHERE first_sequence = 7; UPDATE ledgers SET journal_rows = 4";
    check(database, counted, "journal", "6", Difference::OtherEnd);
}

pub(super) fn exchanged_rows_are_found(database: &Database) {
    let exchange = "UPDATE journal SET first_sequence = 100, last_sequence = 100 WHERE first_sequence = 5; \
        UPDATE journal SET first_sequence = 5, last_sequence = 5 WHERE first_sequence = 7; \
        UPDATE journal SET first_sequence = 7, last_sequence = 7 WHERE first_sequence = 100";
    // The content of both differs from their hashes, and each hash still tells where its content belongs.
    check(database, exchange, "journal", "5", Difference::Exchanged { with: 7 });
    let exchange = "UPDATE audit_log SET number = 100 WHERE number = 2; UPDATE audit_log SET number = 2 WHERE number = 3; \
        UPDATE audit_log SET number = 3 WHERE number = 100";
    check(database, exchange, "audit_log", "2", Difference::Exchanged { with: 3 });
}

pub(super) fn an_added_row_is_found(database: &Database) {
    let copy = |first: i64, last: i64, of: i64| {
        format!(
            "INSERT INTO journal (ledger_id, first_sequence, last_sequence, last_effect, date, at, bytes, hash) \
             SELECT ledger_id, {first}, {last}, last_effect, date, at, bytes, hash FROM journal WHERE first_sequence = {of}"
        )
    };
    check(database, &copy(3, 3, 2), "journal", "3", Difference::Added);
    check(database, &copy(-4, 0, 2), "journal", "-4", Difference::Added);
    check(database, &copy(8, 8, 7), "journal", "8", Difference::Content);
    // A row that is chained as it should be, and of which the ledger does not know.
    written(database);
    let known = "SELECT journal_rows, journal_head FROM ledgers";
    database.tamper(&format!("CREATE TABLE kept AS {known}"));
    commit(&mut database.writer(), &[]);
    database.tamper("UPDATE ledgers SET journal_rows = (SELECT journal_rows FROM kept), journal_head = (SELECT journal_head FROM kept)");
    let broken = found(database).journal.broken.expect("a row too many");
    assert_eq!((broken.key.as_str(), broken.difference), ("8", Difference::BeyondEnd));
}

pub(super) fn a_list_that_tells_otherwise_is_found(database: &Database) {
    let other = Difference::OtherThanAudit;
    check(database, "UPDATE commands SET actor = 'bob' WHERE request_id = 'r-9'", "commands", "r-9", other.clone());
    check(database, "UPDATE commands SET result = 'done' WHERE request_id = 'r-5'", "commands", "r-5", other.clone());
    check(database, "DELETE FROM commands WHERE request_id = 'r-2'", "commands", "r-2", other.clone());
    let added = "INSERT INTO commands (ledger_id, request_id, actor, command, reason, result, accepted, at) \
        SELECT ledger_id, 'r-0', actor, command, reason, result, accepted, at FROM commands WHERE request_id = 'r-2'";
    check(database, added, "commands", "r-0", other);
}

pub(super) fn a_ledger_that_lost_its_end_is_not_written(database: &Database) {
    written(database);
    database.tamper("DELETE FROM journal WHERE first_sequence = 7");
    let error = Writer::open(&database.url, ledger(), names()).expect_err("the end is missing");
    assert!(matches!(error, StoreError::JournalEnd { .. }) && !error.is_transient(), "{error:?}");
    assert!(error.to_string().contains("orbd verify"), "{error}");
}

pub(super) fn somebody_who_writes_in_between_is_noticed(database: &Database) {
    let mut writer = database.writer();
    commit(&mut writer, &one_of_each());
    database.tamper("UPDATE ledgers SET audit_rows = audit_rows + 1");
    let row = Commit { journal: Some(journal_row(2)), ..Commit::default() };
    let error = writer.commit(&row).expect_err("somebody else wrote");
    assert!(matches!(error, StoreError::Overtaken { .. }) && !error.is_transient(), "{error:?}");
    database.tamper("UPDATE ledgers SET audit_rows = audit_rows - 1");
    assert_eq!(found(database).journal.rows, 1, "nothing of it was kept");
    writer.commit(&row).expect("a commit");
}

/// Takes the schema back to what it was before there were chains.
const BEFORE: &str = "DROP TABLE order_steps; DROP TABLE bars; DROP TABLE alarms; DROP TABLE limits; DROP TABLE strategy_stops; DROP TABLE parity_reports; \
    ALTER TABLE fills DROP COLUMN taken_back_at; ALTER TABLE trades DROP COLUMN unprotected; ALTER TABLE sessions DROP COLUMN transfers_open; \
    DROP TABLE IF EXISTS leases; DROP INDEX IF EXISTS logs_by_word; DROP TABLE audit_log; ALTER TABLE journal DROP COLUMN hash; \
    ALTER TABLE ledgers DROP COLUMN journal_rows; ALTER TABLE ledgers DROP COLUMN journal_head; \
    ALTER TABLE ledgers DROP COLUMN audit_rows; ALTER TABLE ledgers DROP COLUMN audit_head; \
    DELETE FROM __diesel_schema_migrations WHERE version >= '0003'";

pub(super) fn an_older_database_is_chained_with_its_rows(database: &Database) {
    written(database);
    let before = found(database);
    database.tamper(BEFORE);
    let applied = migrate(&database.url).expect("a migration");
    assert!(applied.iter().any(|version| version == "0003"), "{applied:?}");
    let after = found(database);
    assert_eq!(after.journal, before.journal, "the same rows have the same chain");
    assert_eq!(
        (after.audit.rows, after.audit.broken),
        (3, None),
        "of a repeated request only the last record is known"
    );
    commit(&mut database.writer(), &one_of_each());
    assert_eq!(found(database).journal.rows, 6);
    database.tamper("UPDATE journal SET at = at + 1 WHERE first_sequence = 2");
    assert_eq!(found(database).journal.broken.map(|row| row.key), Some("2".to_owned()));
}

pub(super) fn a_migration_that_fails_half_way_leaves_the_old_schema_and_says_what_to_do(database: &Database) {
    written(database);
    let before = found(database);
    database.tamper(BEFORE);
    // The last migration finds its table there, after all the others were applied.
    database.tamper("CREATE TABLE order_steps (obstacle INTEGER)");
    let old = migration_status(&database.url).expect("a status");
    assert_eq!((old.applied[1].as_str(), old.pending[0].as_str()), ("0002", "0003"), "{old:?}");
    let error = migrate(&database.url).expect_err("an obstacle");
    let StoreError::Migration { problem, .. } = &error else { panic!("{error}") };
    assert!(problem.contains("order_steps"), "{problem}");
    assert!(
        error.to_string().contains("every row is as it was: mend that, then run `orbd migrate up` again"),
        "{error}"
    );
    assert_eq!(migration_status(&database.url).expect("a status"), old);
    let refused = Writer::open(&database.url, ledger(), names()).map(drop).expect_err("still an obstacle");
    assert!(matches!(refused, StoreError::Migration { .. }), "{refused}");
    // What the first of the pending ones adds is not there; the rows are.
    database.tamper("ALTER TABLE journal RENAME COLUMN bytes TO hash");
    database.tamper("ALTER TABLE journal RENAME COLUMN hash TO bytes; DROP TABLE order_steps");
    assert_eq!(migrate(&database.url).expect("no obstacle"), old.pending);
    assert_eq!(found(database).journal, before.journal);
}

#[test]
fn a_damaged_page_is_told_with_the_remedy() {
    let database = Database::sqlite();
    let path = database.url.path().expect("a file").to_owned();
    written(&database);
    database.tamper("PRAGMA wal_checkpoint(TRUNCATE)");
    // Every page but the first, which says that the file is a database.
    let mut bytes = fs::read(&path).expect("the file");
    bytes[4096..].chunks_mut(64).for_each(|chunk| chunk[0] ^= 0xff);
    fs::write(&path, bytes).expect("the file");
    let error = Writer::open(&database.url, ledger(), names()).map(drop).expect_err("a damaged file");
    let text = error.to_string();
    assert!(!error.is_transient() && text.contains("restore the last backup"), "{text}");
    assert!(verify(&database.url).map_or(true, |found| !found.is_sound()));
}

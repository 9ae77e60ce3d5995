//! Locks, lost connections and full disks: what is told, and how it goes on.

use diesel::connection::SimpleConnection as _;
use orb_core::fact::Fact;

use super::proxy::{Cut, Proxy};
use super::samples::{attempt, commit, journal_row, names, one_of_each, order};
use super::{Database, ledger};
use crate::store::connect::{AnyConn, Purpose, connect};
use crate::store::{Commit, StoreError, Writer};

/// Commits the journal row of a number with an order.
fn try_commit(writer: &mut Writer, sequence: u64) -> Result<(), StoreError> {
    let facts = [Fact::Order(order(attempt(0, u16::try_from(sequence).expect("a small number"))))];
    writer.commit(&Commit { journal: Some(journal_row(sequence)), facts: &facts, ..Commit::default() })
}

/// Keeps everybody else from writing, as a shell on the database does.
fn lock(database: &Database) -> AnyConn {
    let mut conn = connect(&database.url, Purpose::Write).expect("a connection");
    let statements = match conn {
        AnyConn::Sqlite(_) => "BEGIN IMMEDIATE",
        AnyConn::Postgres(_) => "BEGIN; LOCK TABLE journal IN ACCESS EXCLUSIVE MODE",
    };
    conn.batch_execute(statements).expect("a lock");
    conn
}

pub(super) fn a_locked_database_is_busy_until_the_lock_ends(database: &Database) {
    let mut writer = database.writer();
    commit(&mut writer, &one_of_each());
    let locked = lock(database);
    let error = try_commit(&mut writer, 2).expect_err("a lock");
    assert!(matches!(error, StoreError::Busy { .. }), "{error:?}");
    assert!(error.is_transient() && !error.is_lost());
    assert!(error.to_string().contains("locked by somebody else") && error.to_string().contains("end what holds it"));
    drop(locked);
    try_commit(&mut writer, 2).expect("the lock has ended");
    let restored = writer.load().expect("the records");
    assert_eq!((restored.last_sequence, restored.orders.len()), (2, 2));
}

pub(super) fn a_new_connection_goes_on_with_the_same_numbers(database: &Database) {
    let mut writer = database.writer();
    assert_eq!(writer.reconnect().expect("a connection"), 0);
    try_commit(&mut writer, 1).expect("a commit");
    assert_eq!(writer.reconnect().expect("a connection"), 1);
    assert_eq!(writer.last_sequence(), 1);
    let second = Writer::open(&database.url, ledger(), names()).map(drop);
    assert!(matches!(second, Err(StoreError::InUse { .. })), "the ledger is still held: {second:?}");
    try_commit(&mut writer, 2).expect("a commit");
    drop(writer);
    drop(database.writer());
}

pub(super) fn a_reader_that_is_slow_delays_no_commit(database: &Database) {
    let mut writer = database.writer();
    try_commit(&mut writer, 1).expect("a commit");
    let mut reader = connect(&database.url, Purpose::Read).expect("a connection");
    reader.batch_execute("BEGIN; SELECT count(*) FROM orders; SELECT count(*) FROM journal").expect("a long read");
    try_commit(&mut writer, 2).expect("a commit beside a reader");
}

pub(super) fn a_connection_that_the_server_ended_is_lost_until_there_is_a_new_one(database: &Database) {
    let mut writer = database.writer();
    try_commit(&mut writer, 1).expect("a commit");
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.tamper(end);
    for _ in 0..2 {
        let error = try_commit(&mut writer, 2).expect_err("the connection is gone");
        assert!(matches!(error, StoreError::Lost { .. }), "{error:?}");
        assert!(error.is_transient() && error.is_lost());
    }
    assert_eq!(writer.reconnect().expect("a connection"), 1, "nothing of it was kept");
    try_commit(&mut writer, 2).expect("a commit");
}

pub(super) fn a_commit_whose_answer_was_lost_is_known_after_a_new_connection(database: &Database) {
    let (proxy, url) = Proxy::start(database);
    let mut writer = Writer::open(&url, ledger(), names()).expect("a writer");
    try_commit(&mut writer, 1).expect("a commit");
    proxy.cut(Cut::Answer);
    let error = try_commit(&mut writer, 2).expect_err("no answer");
    assert!(error.is_lost() && error.is_transient(), "{error:?}");
    assert_eq!(writer.last_sequence(), 1, "not known yet");
    assert_eq!(writer.reconnect().expect("a connection"), 2, "it was kept");
    let again = try_commit(&mut writer, 2);
    assert!(matches!(again, Err(StoreError::Sequence { first: 2, last: 2 })), "{again:?}");
    try_commit(&mut writer, 3).expect("a commit");
    let orders = database.reader().list_orders(&Default::default(), &Default::default()).expect("orders");
    assert_eq!(orders.rows.len(), 3);
}

pub(super) fn a_lost_connection_that_the_server_still_serves_gives_the_ledger_back(database: &Database) {
    let (proxy, url) = Proxy::start(database);
    let mut writer = Writer::open(&url, ledger(), names()).expect("a writer");
    try_commit(&mut writer, 1).expect("a commit");
    proxy.cut(Cut::Request);
    let error = try_commit(&mut writer, 2).expect_err("the way is cut");
    assert!(error.is_lost(), "{error:?}");
    assert_eq!(proxy.kept(), 1, "the server believes in the client");
    assert_eq!(writer.reconnect().expect("the ledger"), 1, "what was under way is undone");
    try_commit(&mut writer, 2).expect("a commit");
}

#[test]
fn a_full_disk_is_told_and_passes() {
    let database = Database::sqlite();
    let mut writer = database.writer();
    try_commit(&mut writer, 1).expect("a commit");
    // The same code as that of a disk without room.
    writer.conn().batch_execute("PRAGMA max_page_count = 1").expect("a limit");
    let large = vec![7; 1 << 20];
    let row = crate::store::JournalRow { bytes: &large, ..journal_row(2) };
    let failing = Commit { journal: Some(row), facts: &one_of_each(), ..Commit::default() };
    let error = writer.commit(&failing).expect_err("no room");
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(error.is_transient() && error.to_string().contains("free space on its disk"), "{error}");
    assert_eq!(writer.load().expect("the records").last_sequence, 1, "nothing of it is kept");
    writer.conn().batch_execute("PRAGMA max_page_count = 1000000").expect("a limit");
    writer.commit(&failing).expect("there is room again");
    assert_eq!(writer.load().expect("the records").last_sequence, 2);
}

#[test]
fn a_database_that_may_not_be_written_is_told_and_passes() {
    let database = Database::sqlite();
    let mut writer = database.writer();
    writer.conn().batch_execute("PRAGMA query_only = ON").expect("a setting");
    let error = try_commit(&mut writer, 1).expect_err("not to be written");
    assert!(matches!(error, StoreError::ReadOnly { .. }) && error.is_transient(), "{error:?}");
    assert!(error.to_string().contains("check that orbd's user may write the file"), "{error}");
    writer.conn().batch_execute("PRAGMA query_only = OFF").expect("a setting");
    try_commit(&mut writer, 1).expect("a commit");
}

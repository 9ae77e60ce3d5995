//! One holder of a ledger on a server, and what becomes of one that was set aside.

use std::time::{Duration, Instant};

use orb_core::fact::Fact;

use super::cluster::Cluster;
use super::samples::{commit, names, session};
use super::{Database, ledger};
use crate::store::{Commit, DatabaseUrl, LeaseWatch, Ledger, Standing, StoreError, Writer, successor};
use crate::view::Environment;

/// What takes a lease away from its holder, as another process does once it has expired.
const TAKE_OVER: &str = "UPDATE leases SET fence = fence + 1, holder = 'process 1 on another machine', \
                         expires_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + 60000000";
/// What a holder leaves that died.
const DIED: &str = "UPDATE leases SET fence = fence + 1, \
                    expires_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + 500000";

/// One test, so that all cases share the cluster and it ends with them.
#[test]
fn a_ledger_on_a_server_has_one_holder() {
    let Some(cluster) = Cluster::start() else { return };
    for case in [
        a_holder_that_was_set_aside_commits_nothing,
        a_holder_that_was_set_aside_learns_of_it,
        a_lease_that_nobody_renews_is_taken,
        a_standby_sees_the_holder_until_it_ends,
        a_commit_keeps_the_lease_until_its_end,
        a_ledger_that_was_passed_on_has_a_successor,
    ] {
        case(&Database::postgres(&cluster));
    }
}

fn is_lost(done: &Result<(), StoreError>) -> bool {
    matches!(done, Err(StoreError::LeaseLost { .. }))
}

fn commit_session(writer: &mut Writer) -> Result<(), StoreError> {
    writer.commit(&Commit { facts: &[Fact::Session(session())], ..Commit::default() })
}

fn a_holder_that_was_set_aside_commits_nothing(database: &Database) {
    let mut writer = database.writer();
    commit_session(&mut writer).expect("the holder commits");
    database.tamper("DELETE FROM sessions");
    database.tamper(TAKE_OVER);
    assert!(is_lost(&commit_session(&mut writer)), "its number is not the lease's any more");
    assert_eq!(database.reader().sessions(Default::default()).expect("sessions"), []);
    assert_eq!(writer.lease().expect("a lease").standing(), Standing::Lost);
    drop(writer);
    let mut watch = LeaseWatch::new(&database.url, &ledger()).expect("a server");
    let holder = watch.holder().expect("an answer");
    assert_eq!(holder.as_deref(), Some("process 1 on another machine"), "its end leaves the other's lease alone");
}

fn a_holder_that_was_set_aside_learns_of_it(database: &Database) {
    let writer = database.writer();
    let lease = writer.lease().expect("a lease").clone();
    assert_eq!(lease.standing(), Standing::Held);
    database.tamper(TAKE_OVER);
    let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    threads.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), lease.lost()).await.expect("the next renewal fails");
        assert_eq!(lease.confirm().await, Standing::Lost);
    });
}

fn a_lease_that_nobody_renews_is_taken(database: &Database) {
    drop(database.writer());
    database.tamper(DIED);
    let mut watch = LeaseWatch::new(&database.url, &ledger()).expect("a server");
    assert!(watch.holder().expect("an answer").is_some(), "it has not expired, and then there is a margin");
    let since = Instant::now();
    let mut writer = database.writer();
    assert!(since.elapsed() >= Duration::from_millis(500), "it was not waited for: {:?}", since.elapsed());
    commit(&mut writer, &[Fact::Session(session())]);
}

fn a_standby_sees_the_holder_until_it_ends(database: &Database) {
    let mut watch = LeaseWatch::new(&database.url, &ledger()).expect("a server");
    assert_eq!(watch.holder().expect("an answer"), None, "there is no table yet");
    let writer = database.writer();
    let holder = watch.holder().expect("an answer").expect("a holder");
    assert!(holder.starts_with(&format!("process {} on ", std::process::id())), "{holder}");
    drop(writer);
    assert_eq!(watch.holder().expect("an answer"), None, "an orderly end gives the lease back");
}

/// A commit and a takeover go one after the other, whichever is first.
fn a_commit_keeps_the_lease_until_its_end(database: &Database) {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection as _;
    let writer = database.writer();
    let mut conn = crate::store::connect::connect_postgres(&database.url, "SELECT 1").expect("a connection");
    let mut other =
        crate::store::connect::connect_postgres(&database.url, "SET lock_timeout = '100ms'").expect("another");
    let done = conn.transaction(|conn| {
        writer.lease().expect("a lease").check(conn).expect("it is held");
        let taken = other.batch_execute(TAKE_OVER);
        assert!(taken.is_err(), "taken from under a commit");
        Ok::<_, diesel::result::Error>(())
    });
    done.expect("a transaction");
    other.batch_execute(TAKE_OVER).expect("free again");
}

#[test]
fn a_file_has_no_standby() {
    let error = LeaseWatch::new(&DatabaseUrl::sqlite("/orb.db"), &ledger()).expect_err("a file").to_string();
    assert!(error.contains("without --standby"), "{error}");
}

fn a_ledger_that_was_passed_on_has_a_successor(database: &Database) {
    let url = &database.url;
    let other = Ledger::new(Environment::Live, "another");
    assert_eq!(successor(url, &ledger()).expect("an answer"), None, "there is no database yet");
    let (writer, next) = (database.writer(), Writer::open(url, other.clone(), names()).expect("opened"));
    let (hold, next_hold) = (writer.hold_on().expect("a server"), next.hold_on().expect("a server"));
    drop(writer);
    let mut watch = LeaseWatch::new(url, &ledger()).expect("a server");
    assert!(watch.holder().expect("an answer").is_some(), "it is held without a writer");
    hold.pass_on(&other).expect("passed on");
    assert_eq!(successor(url, &ledger()).expect("an answer"), Some(other.clone()));
    hold.stay().expect("taken back");
    assert_eq!(successor(url, &ledger()).expect("an answer"), None);
    hold.pass_on(&other).expect("passed on");
    next_hold.pass_on(&ledger()).expect("and back");
    assert_eq!(successor(url, &ledger()).expect("an answer"), None, "orb trades with it again");
    assert_eq!(successor(url, &other).expect("an answer"), Some(ledger()));
    drop((next, next_hold, hold));
    assert_eq!(watch.holder().expect("an answer"), None, "the last one that held it has gone");
    let hold = database.writer().hold_on().expect("a server");
    database.tamper(TAKE_OVER);
    assert!(is_lost(&hold.pass_on(&other)), "whoever was set aside decides nothing");
    assert_eq!(successor(url, &ledger()).expect("an answer"), None);
}

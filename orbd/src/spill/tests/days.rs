//! Trouble in the middle of a session, over the whole way: market, engine, exchange, records and clients.

use std::fs;
use std::path::Path;

use orb_core::event::Command;
use orb_core::fact::ExitReason;
use orb_core::hold::{HoldKind, TradingState};
use orb_core::{Reason, SymbolId};
use tempfile::TempDir;

use super::venue::{Day, Stop, breaks_out, id, ledger, price, session};
use crate::demo::DemoSession;
use crate::journal;
use crate::rehearsal::Minutes;
use crate::rpc::CommandReply;
use crate::spill::spill_path;
use crate::store::{DatabaseUrl, FillRow, Reader, SignalRow, TradeRow, WriteLock};
use crate::view::{HealthState, View};

/// What a day left in the records, but for the journal.
#[derive(Debug, PartialEq)]
struct Left {
    trades: Vec<TradeRow>,
    fills: Vec<FillRow>,
    signals: Vec<SignalRow>,
    reasons: Vec<(String, Reason)>,
}

impl Left {
    fn at(url: &DatabaseUrl) -> Self {
        let reader = Reader::open(url, &ledger()).expect("a reader");
        let decisions = reader.list_decisions(&Default::default(), &Default::default()).expect("decisions").rows;
        Self {
            trades: reader.list_trades(&Default::default(), &Default::default()).expect("trades").rows,
            fills: reader.list_fills(&Default::default(), &Default::default()).expect("fills").rows,
            signals: reader.list_signals(&Default::default(), &Default::default()).expect("signals").rows,
            reasons: decisions.into_iter().map(|row| (row.attempt.symbol, row.reason)).collect(),
        }
    }

    fn reason(&self, symbol: &str) -> Option<Reason> {
        self.reasons.iter().find(|(name, _)| name == symbol).map(|(_, reason)| *reason)
    }

    fn exit(&self, symbol: &str) -> Option<ExitReason> {
        self.trades.iter().find(|row| row.attempt.symbol == symbol).and_then(|row| row.trade.exit_reason)
    }
}

fn is_degraded(view: &View) -> bool {
    view.holds.iter().any(|hold| hold.kind == HoldKind::StoreDegraded)
}

fn holds(view: &View, symbol: SymbolId) -> bool {
    view.positions.iter().any(|position| position.symbol_id == symbol)
}

/// Checks that the journal has every event once, in order, and how often the hold was set and cleared in it.
fn check_journal(session: &DemoSession, url: &DatabaseUrl, holds: usize) {
    let reader = Reader::open(url, &ledger()).expect("a reader");
    let rows = reader.journal(session.date(), 0, 1_000_000).expect("the journal");
    let entries: Vec<_> = rows.iter().flat_map(|row| journal::decode(&row.bytes).expect("a batch").entries).collect();
    let first = entries.first().expect("events").sequence;
    let numbers: Vec<u64> = entries.iter().map(|entry| entry.sequence).collect();
    assert_eq!(numbers, (first..first + numbers.len() as u64).collect::<Vec<_>>(), "every event once and in order");
    let of_hold = |cleared: bool| {
        let effects = entries.iter().flat_map(|entry| &entry.effects);
        effects
            .filter(|effect| {
                matches!(effect,
            orb_core::effect::Effect::Record(orb_core::fact::Fact::Hold(record))
                if record.hold.kind == HoldKind::StoreDegraded && record.cleared.is_some() == cleared)
            })
            .count()
    };
    assert_eq!((of_hold(false), of_hold(true)), (holds, holds), "the hold and its end are recorded");
}

/// Plays a day on which nothing goes wrong.
async fn undisturbed(session: &DemoSession) -> Left {
    let folder = TempDir::new().expect("a folder");
    let url = DatabaseUrl::sqlite(folder.path().join("orb.db"));
    let (day, []) = Day::start(session, folder.path(), &url, []).await;
    day.end().await;
    Left::at(&url)
}

/// Two that break out at 9:36 and stay.
fn early() -> [Minutes; 2] {
    [breaks_out("AAA", 0), breaks_out("BBB", 0)]
}

/// Begins a day in a folder with a file of records.
async fn begin<const N: usize>(session: &DemoSession, folder: &Path, instants: [&str; N]) -> (Day, [Stop; N]) {
    let url = DatabaseUrl::sqlite(folder.join("orb.db"));
    Day::start(session, folder, &url, instants).await
}

/// Waits for an instant and takes the records' lock from it on, until the trouble shows.
async fn lock_at(day: &Day, mut stop: Stop) -> WriteLock {
    stop.reached().await;
    let lock = WriteLock::take(&day.url).expect("the lock");
    stop.go_on();
    lock
}

/// Waits for an instant and lets go of the lock; time stands until the trouble is over.
async fn unlock_at(day: &Day, mut stop: Stop, lock: WriteLock) {
    stop.reached().await;
    assert!(is_degraded(&day.daemon.view()), "the trouble lasts as long as its cause");
    drop(lock);
    day.until("well again", |view| !is_degraded(view)).await;
    stop.go_on();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_locked_database_holds_entries_and_stops_no_exit() {
    let [first, second] = early();
    let minutes = vec![first, second, breaks_out("CCC", 9), breaks_out("DDD", 17)];
    let (session, folder) = (session(minutes), TempDir::new().expect("a folder"));
    let instants = ["09:42:00", "09:47:00", "09:51:00"];
    let (day, [begins, mut midst, ends]) = begin(&session, folder.path(), instants).await;
    let lock = lock_at(&day, begins).await;
    midst.reached().await;
    day.until("degraded", is_degraded).await;
    let view = day.daemon.view();
    assert_eq!(view.state, TradingState::Paused);
    let store = view.health.iter().find(|part| part.component == orb_core::effect::Component::Store).expect("a part");
    assert_eq!(store.state, HealthState::Degraded);
    assert!(store.detail.contains("takes longer") || store.detail.contains("end what holds it"), "{}", store.detail);
    let (aaa, bbb) = (id(&session, "AAA"), id(&session, "BBB"));
    assert!(holds(&view, aaa) && holds(&view, bbb), "positions are still shown: {:#?}", view.positions);
    assert!(!holds(&view, id(&session, "CCC")), "an entry while the store is in trouble");
    let reply = day.command(Command::Close(bbb)).await;
    assert!(matches!(reply, CommandReply::Accepted(_)), "{reply:?}");
    midst.go_on();
    day.until("closed", |view| !holds(view, bbb)).await;
    unlock_at(&day, ends, lock).await;
    let url = day.url.clone();
    day.end().await;
    let left = Left::at(&url);
    assert_eq!(left.exit("BBB"), Some(ExitReason::ForceClose), "{left:#?}");
    assert_eq!(left.exit("AAA"), Some(ExitReason::TimeExit), "{left:#?}");
    assert_eq!(left.reason("CCC"), Some(Reason::Hold), "{left:#?}");
    assert_eq!(left.exit("DDD"), Some(ExitReason::TimeExit), "entries go on afterwards: {left:#?}");
    check_journal(&session, &url, 1);
    assert!(!spill_path(folder.path()).exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn records_are_those_of_an_undisturbed_day_where_no_entry_fell_into_the_trouble() {
    let [first, second] = early();
    let stopped = second.stay(9).to(price("99"));
    let (session, folder) = (session(vec![first, stopped, breaks_out("DDD", 17)]), TempDir::new().expect("a folder"));
    let (day, [begins, ends]) = begin(&session, folder.path(), ["09:40:00", "09:52:00"]).await;
    let lock = lock_at(&day, begins).await;
    unlock_at(&day, ends, lock).await;
    let url = day.url.clone();
    day.end().await;
    let left = Left::at(&url);
    assert_eq!(left.exit("BBB"), Some(ExitReason::Stop), "{left:#?}");
    assert_eq!(left, undisturbed(&session).await);
    check_journal(&session, &url, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_end_of_the_day_leaves_positions_although_nothing_can_be_committed() {
    let (session, folder) = (session(early().into()), TempDir::new().expect("a folder"));
    let (day, [begins, ends]) = begin(&session, folder.path(), ["09:58:00", "10:03:00"]).await;
    let lock = lock_at(&day, begins).await;
    day.until("flat", |view| {
        view.now.is_some_and(|now| now > super::venue::at("10:01:00")) && view.positions.is_empty()
    })
    .await;
    unlock_at(&day, ends, lock).await;
    let url = day.url.clone();
    day.end().await;
    let left = Left::at(&url);
    assert_eq!(left, undisturbed(&session).await);
    assert_eq!(left.exit("AAA"), Some(ExitReason::TimeExit));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_entry_that_is_not_in_the_records_is_never_sent() {
    let (session, folder) = (session(vec![breaks_out("AAA", 0)]), TempDir::new().expect("a folder"));
    // The bars that end at 9:37 bring the breakout: its commit is the first that fails.
    let (day, [begins, ends]) = begin(&session, folder.path(), ["09:37:00", "09:39:00"]).await;
    let lock = lock_at(&day, begins).await;
    unlock_at(&day, ends, lock).await;
    let url = day.url.clone();
    day.end().await;
    let left = Left::at(&url);
    assert_eq!((left.trades, left.fills), (vec![], vec![]), "it was sent");
    assert!(left.signals[0].detail.contains("not sent"), "{:#?}", left.signals);
    check_journal(&session, &url, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn where_nothing_can_be_written_exits_still_go_out_and_no_hold_is_ended_by_hand() {
    let (session, folder) = (session(early().into()), TempDir::new().expect("a folder"));
    let (day, [begins, mut midst, ends]) = begin(&session, folder.path(), ["09:42:00", "09:50:00", "09:55:00"]).await;
    fs::create_dir(spill_path(folder.path())).expect("a folder in the file's place");
    let lock = lock_at(&day, begins).await;
    midst.reached().await;
    day.until("degraded", is_degraded).await;
    let bbb = id(&session, "BBB");
    assert!(matches!(day.command(Command::Close(bbb)).await, CommandReply::Accepted(_)));
    assert!(matches!(day.command(Command::Pause).await, CommandReply::Accepted(_)));
    let refused = day.command(Command::Clear(HoldKind::OperatorPause)).await;
    assert!(matches!(refused, CommandReply::Refused(_)), "{refused:?}");
    let view = day.daemon.view();
    let store = view.health.iter().find(|part| part.component == orb_core::effect::Component::Store).expect("a part");
    assert_eq!(store.state, HealthState::Down, "{store:?}");
    midst.go_on();
    day.until("closed", |view| !holds(view, bbb)).await;
    unlock_at(&day, ends, lock).await;
    let url = day.url.clone();
    day.end().await;
    let left = Left::at(&url);
    assert_eq!(left.exit("BBB"), Some(ExitReason::ForceClose), "{left:#?}");
    check_journal(&session, &url, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_crash_in_the_midst_of_trouble_loses_nothing_that_was_shown() {
    let [first, second] = early();
    let stopped = second.stay(9).to(price("99"));
    let (session, folder) = (session(vec![first, stopped]), TempDir::new().expect("a folder"));
    let (day, [begins, mut crash]) = begin(&session, folder.path(), ["09:40:00", "09:52:00"]).await;
    let lock = lock_at(&day, begins).await;
    crash.reached().await;
    let (shown, bbb) = (day.daemon.view(), id(&session, "BBB"));
    assert!(is_degraded(&shown) && !holds(&shown, bbb), "the stop was executed in the trouble");
    // What a kill leaves: the files as they are now.
    let after = TempDir::new().expect("a folder");
    for entry in fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("a file")) {
        if entry.file_name() != "orb.db-shm" {
            fs::copy(entry.path(), after.path().join(entry.file_name())).expect("a copy");
        }
    }
    assert!(spill_path(after.path()).exists());
    drop(lock);
    crash.go_on();
    day.end().await;

    let (day, [mut resumed]) = begin(&session, after.path(), ["09:53:00"]).await;
    resumed.reached().await;
    let view = day.daemon.view();
    assert!(view.sequence > shown.sequence, "{} after {}", view.sequence, shown.sequence);
    assert!(!is_degraded(&view), "the cause has ended: {:#?}", view.holds);
    assert!(holds(&view, id(&session, "AAA")) && !holds(&view, bbb), "{:#?}", view.positions);
    assert!(!spill_path(after.path()).exists(), "merged");
    resumed.go_on();
    let url = day.url.clone();
    day.end().await;
    let (left, expected) = (Left::at(&url), undisturbed(&session).await);
    let key = |row: &FillRow| (row.id.clone(), row.attempt.clone(), row.side, row.price, row.quantity, row.at);
    let keys = |rows: &[FillRow]| rows.iter().map(key).collect::<Vec<_>>();
    assert_eq!(keys(&left.fills), keys(&expected.fills), "every execution is kept, once");
    assert_eq!(left.trades, expected.trades);
    // Nothing stays in force in the records that has ended.
    let mut books = crate::store::Writer::open(
        &url,
        ledger(),
        crate::store::Names {
            symbols: (*session.market.symbols).clone(),
            strategies: session.run.strategies.iter().map(|strategy| strategy.name.clone()).collect(),
        },
    )
    .expect("a writer");
    assert_eq!(books.load().expect("the records").holds, vec![]);
}

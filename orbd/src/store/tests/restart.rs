//! What a restart finds.

use orb_core::fact::{ClosingStep, Fact, SessionRecord, Trade};
use orb_core::hold::HoldKind;
use orb_core::order::AttemptId;
use orb_core::symbol::{Symbol, SymbolTable};

use super::samples::{
    at, attempt, cleared, closed, closing, commit, date, day, hold, journal_row, names, one_of_each, order, session,
    signal, trade,
};
use super::{Database, ledger};
use crate::store::{Audit, Commit, JournalRow, Names, Restored, StoreError, Writer};

pub(super) fn an_empty_ledger_restores_nothing(database: &Database) {
    assert_eq!(database.writer().load().expect("the records"), Restored::default());
}

pub(super) fn what_is_in_force_is_restored(database: &Database) {
    let mut writer = database.writer();
    let audit = |number: i64| Audit {
        request_id: format!("r-{number}"),
        actor: "ann".to_owned(),
        command: "SetKillSwitch ENGAGE".to_owned(),
        reason: String::new(),
        result: "done".to_owned(),
        accepted: number != 2,
        at: at(number),
    };
    let facts = [
        Fact::Hold(hold(HoldKind::Starting, 1)),
        Fact::Hold(hold(HoldKind::Kill, 3)),
        Fact::Hold(hold(HoldKind::Crashed, 2)),
        Fact::Hold(cleared(hold(HoldKind::Starting, 1))),
        Fact::Hold(hold(HoldKind::Starting, 4)),
        Fact::Closing(closing(attempt(0, 1), ClosingStep::Flat)),
        Fact::Closing(closing(attempt(1, 1), ClosingStep::Escalated)),
    ];
    let journal = Some(JournalRow { last_sequence: 7, last_effect: 31, ..journal_row(1) });
    let audits = [audit(1), audit(2)];
    writer.commit(&Commit { journal, facts: &facts, audits: &audits, ..Commit::default() }).expect("a commit");
    drop(writer);
    let mut writer = database.writer();
    assert_eq!(writer.last_sequence(), 7);
    let restored = writer.load().expect("the records");
    let kinds: Vec<HoldKind> = restored.holds.iter().map(|hold| hold.kind).collect();
    assert_eq!(kinds, [HoldKind::Kill, HoldKind::Crashed, HoldKind::Starting], "in the order in which they were set");
    assert_eq!(restored.closings, [closing(attempt(1, 1), ClosingStep::Escalated)]);
    assert_eq!((restored.last_sequence, restored.last_effect), (7, 31));
    assert_eq!(restored.commands, audits);
    assert_eq!(restored.session, None, "holds are restored before the first session too");
}

pub(super) fn only_the_latest_session_is_restored(database: &Database) {
    let mut writer = database.writer();
    let of = |date| AttemptId { date, ..attempt(2, 1) };
    let before = |date| SessionRecord { date, ended: true, ..session() };
    commit(
        &mut writer,
        &[Fact::Session(before(day(12))), Fact::Signal(signal(of(day(12)))), Fact::Trade(trade(of(day(12))))],
    );
    commit(&mut writer, &[Fact::Session(before(day(11))), Fact::Trade(closed(of(day(11))))]);
    drop(writer);
    let mut writer = database.writer();
    let restored = writer.load().expect("the records");
    assert_eq!(restored.session, Some(before(day(11))), "the one that began last, not the one of the last date");
    assert_eq!(restored.trades, [closed(of(day(11)))]);
    assert_eq!(restored.carried, [trade(of(day(12)))], "still open");
    commit(&mut writer, &one_of_each());
    // Late news of a past day does not bring it back.
    commit(&mut writer, &[Fact::Session(before(day(12))), Fact::Trade(closed(of(day(12))))]);
    let restored = writer.load().expect("the records");
    assert_eq!(restored.session, Some(session()));
    assert_eq!(restored.signals, [signal(of(date()))]);
    assert_eq!(restored.trades, [trade(of(date()))]);
    assert_eq!(restored.carried, Vec::<Trade>::new());
}

pub(super) fn a_name_that_is_gone_is_told(database: &Database) {
    commit(&mut database.writer(), &one_of_each());
    let load = |names: Names| Writer::open(&database.url, ledger(), names).expect("a writer").load();
    let other_strategies = Names { strategies: vec!["orb-etf".to_owned()], ..names() };
    let error = load(other_strategies).expect_err("a strategy is gone").to_string();
    assert!(error.contains("strategy `orb-classic`") && error.contains("2026-02-13"), "{error}");
    let symbols = SymbolTable::new([Symbol::new("SPY").expect("a symbol")]);
    let error = load(Names { symbols, ..names() }).expect_err("a symbol is gone").to_string();
    assert!(error.contains("symbol `NVDA`"), "{error}");
}

pub(super) fn a_damaged_row_is_told(database: &Database) {
    commit(&mut database.writer(), &[Fact::Session(session()), Fact::Order(order(attempt(2, 1)))]);
    database.tamper("UPDATE orders SET status = 'ODD'");
    let error = database.writer().load().expect_err("a damaged row");
    let StoreError::Damaged { table, column, value, .. } = &error else { panic!("{error}") };
    assert_eq!((*table, *column, value.as_str()), ("orders", "status", "ODD"));
}

//! What is made from the records, and where a day lies in them.

use orb_core::fact::{Fact, HoldRecord};
use orb_core::hold::{Hold, HoldClearance, HoldKind};
use orb_core::{Money, Timestamp};

use super::samples::{commit, day};
use super::{Database, ledger};
use crate::parity::{ParityFigures, ParityReport};
use crate::store::{Commit, DateRange, JournalRow, JournalSpan, Ledger, ParityRow};

fn report(date: orb_core::Date, unexplained: u32) -> ParityReport {
    let figures = ParityFigures {
        trades_found: 3,
        unexplained,
        net: "-12.345".to_owned(),
        net_pessimistic: "1".to_owned(),
        net_optimistic: "2".to_owned(),
        slippage: "0.5".to_owned(),
        slippage_r: "0.0100".to_owned(),
        ..ParityFigures::default()
    };
    ParityReport {
        ledger_id: ledger().id().to_owned(),
        date,
        build: "0.1.0".to_owned(),
        figures,
        trades: Vec::new(),
        missed: Vec::new(),
        extra: Vec::new(),
        signals: Vec::new(),
        decisions: Vec::new(),
    }
}

pub(super) fn the_comparison_of_a_day_is_kept_and_replaced(database: &Database) {
    // A report is written while the ledger's writer is open.
    let _writer = database.writer();
    let reader = database.reader();
    assert_eq!(reader.parity_report(None).expect("none"), None);
    for (date, unexplained) in [(day(12), 7), (day(11), 0), (day(12), 1)] {
        ParityRow::of(&report(date, unexplained)).save(&database.url, ledger().id()).expect("a report");
    }
    let latest = reader.parity_report(None).expect("a report").expect("one");
    assert_eq!((latest.date, latest.unexplained, latest.net), (day(12), 1, Money::from_micros(-12_345_000)));
    assert_eq!(latest.report().expect("a document"), report(day(12), 1));
    let all = reader.parity_reports(DateRange::default()).expect("reports");
    assert_eq!(all.iter().map(|row| row.date).collect::<Vec<_>>(), [day(11), day(12)]);
    assert_eq!(reader.parity_report(Some(day(13))).expect("none"), None);
    database.tamper("UPDATE parity_reports SET document = '{}'");
    let damaged = reader.parity_report(Some(day(11))).expect("a row").expect("one").report().expect_err("damaged");
    assert!(damaged.to_string().contains("the table parity_reports is damaged: its document"), "{damaged}");
}

pub(super) fn holds_that_ended_are_listed_too(database: &Database) {
    let mut writer = database.writer();
    let at = Timestamp::from_micros;
    let hold = |kind, since| Hold { kind, reason: "r".to_owned(), actor: "a".to_owned(), since: at(since) };
    let end = HoldClearance { actor: "ann".to_owned(), reason: "seen".to_owned(), at: at(9) };
    let records = [
        HoldRecord { hold: hold(HoldKind::Breaker, 5), cleared: Some(end) },
        HoldRecord { hold: hold(HoldKind::Crashed, 7), cleared: None },
    ];
    commit(&mut writer, &records.clone().map(Fact::Hold));
    let reader = database.reader();
    assert_eq!(reader.holds(Timestamp::MIN, Timestamp::MAX).expect("holds"), records);
    assert_eq!(reader.holds(at(6), at(8)).expect("holds"), records[1..]);
}

pub(super) fn a_day_is_found_in_the_journal(database: &Database) {
    let mut writer = database.writer();
    for (date, first, last) in [(None, 1, 2), (Some(day(11)), 3, 3), (Some(day(11)), 4, 8), (Some(day(12)), 9, 9)] {
        let bytes = &[u8::try_from(first).expect("a small number")];
        let at = Timestamp::from_micros(0);
        let journal = JournalRow { first_sequence: first, last_sequence: last, last_effect: 0, date, at, bytes };
        writer.commit(&Commit { journal: Some(journal), ..Commit::default() }).expect("a commit");
    }
    let reader = database.reader();
    let span = reader.journal_span(day(11)).expect("a span");
    assert_eq!(span, Some(JournalSpan { first: 3, last: 8 }));
    assert_eq!(reader.journal_span(day(13)).expect("none"), None);
    assert_eq!(reader.journal_dates().expect("dates"), [day(11), day(12)]);
    let firsts =
        |rows: Vec<crate::store::JournalEntryRow>| rows.iter().map(|row| row.first_sequence).collect::<Vec<_>>();
    assert_eq!(firsts(reader.journal_within(JournalSpan { first: 2, last: 8 }, 10).expect("rows")), [3, 4]);
    assert_eq!(firsts(reader.journal_back_from(4, 2).expect("rows")), [4, 3]);
    let all = Ledger::all(&database.url).expect("ledgers");
    assert_eq!(all, [ledger()]);
}

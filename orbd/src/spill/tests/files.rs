//! The file itself, and the merge at a start.

use std::fs;

use orb_core::{Money, Timestamp};

use super::{Books, audit, bundle, ledger, names};
use crate::spill::error::SpillError;
use crate::spill::file::{SpillFile, SpillReader};
use crate::spill::line::{Head, Line};
use crate::spill::{Merged, merge};
use crate::store::{BarRow, EquityRow, Ledger, OrderStep, Reader, StepRow};
use crate::view::Environment;

/// Leaves a spill file behind that holds these, as a crash does.
fn leave(books: &Books, bundles: &[super::Bundle]) {
    let mut file = SpillFile::create(&books.spill(), &Head::new(&ledger(), &names())).expect("a file");
    for (number, bundle) in (1..).zip(bundles) {
        let mut text = Vec::new();
        Line::write(number, bundle, &mut text);
        file.append(&text).expect("room");
    }
}

fn merged(books: &Books) -> Result<Option<Merged>, SpillError> {
    merge(&books.spill(), &books.url, &ledger())
}

/// Changes a line of the file, counted from 1.
fn change(books: &Books, line: usize, with: impl Fn(&str) -> String) {
    let text = fs::read_to_string(books.spill()).expect("a file");
    let lines =
        text.lines().enumerate().map(|(index, text)| if index + 1 == line { with(text) } else { text.to_owned() });
    let lines: Vec<String> = lines.collect();
    fs::write(books.spill(), lines.join("\n") + "\n").expect("room");
}

#[test]
fn a_bundle_comes_back_from_its_line() {
    let books = Books::new();
    let point = |micros| Money::from_micros(micros);
    let mut whole = bundle(7);
    whole.audits = audit("a", 7).audits;
    let (at, equity) = (Timestamp::from_micros(9), point(-5));
    whole.equity = vec![EquityRow { at, equity, realized: point(1), unrealized: point(i64::MIN) }];
    let price = orb_core::Price::from_micros(1_230_000);
    let (open, high, low, close) = (price, price, price, price);
    let (date, length) = ("2026-02-13".parse().expect("a date"), orb_core::Span::from_minutes(1));
    whole.bars = vec![BarRow { date, symbol: "NVDA".to_owned(), at, length, open, high, low, close, volume: 7 }];
    whole.steps = vec![StepRow { client_order_id: "entry".to_owned(), step: OrderStep::Sent, date, at }];
    leave(&books, &[whole.clone(), audit("b", 7)]);
    let mut reader = SpillReader::open(&books.spill()).expect("a file");
    assert_eq!(reader.head().expect("a line"), Some(Head::new(&ledger(), &names())));
    assert_eq!(reader.next().expect("a line"), Some(Line { number: 1, bundle: whole }));
    assert_eq!(reader.next().expect("a line"), Some(Line { number: 2, bundle: audit("b", 7) }));
    assert_eq!(reader.next().expect("the end"), None);
}

#[test]
fn what_a_crash_left_is_committed_once_and_in_order() {
    let books = Books::new();
    let mut writer = books.writer();
    for sequence in [1, 2] {
        writer.commit(&bundle(sequence).commit()).expect("a commit");
    }
    drop(writer);
    leave(&books, &[bundle(2), bundle(3), audit("between", 3), bundle(4)]);
    let found = merged(&books).expect("a merge");
    assert_eq!(found, Some(Merged { committed: 3, known: 1, torn: false }));
    assert_eq!(books.kept(), (4, vec![1, 2, 3, 4]));
    let reader = Reader::open(&books.url, &ledger()).expect("a reader");
    assert!(reader.command("between").expect("the records").is_some());
    assert!(!books.spill().exists(), "what is merged is removed");
    assert_eq!(merged(&books).expect("nothing"), None);
}

#[test]
fn a_merge_that_was_cut_off_goes_on_where_it_was() {
    let books = Books::new();
    leave(&books, &[bundle(1), bundle(2), bundle(3)]);
    let copy = fs::read(books.spill()).expect("a file");
    merged(&books).expect("a merge");
    fs::write(books.spill(), copy).expect("room");
    let found = merged(&books).expect("a merge");
    assert_eq!(found, Some(Merged { committed: 0, known: 3, torn: false }));
    assert_eq!(books.kept(), (3, vec![1, 2, 3]));
}

#[test]
fn a_last_line_that_was_cut_off_anywhere_is_dropped() {
    let books = Books::new();
    leave(&books, &[bundle(1), bundle(2)]);
    let whole = fs::read(books.spill()).expect("a file");
    let second = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').expect("lines") + 1;
    for length in second..whole.len() {
        let books = Books::new();
        fs::write(books.spill(), &whole[..length]).expect("room");
        let found = merged(&books).expect("a merge");
        assert_eq!(found, Some(Merged { committed: 1, known: 0, torn: length > second }), "{length}");
        assert_eq!(books.kept(), (1, vec![1]), "{length}");
    }
    // A block that never reached the disk is zeros.
    let mut hole = whole.clone();
    hole[second + 40..second + 60].fill(0);
    fs::write(books.spill(), hole).expect("room");
    assert_eq!(merged(&books).expect("a merge"), Some(Merged { committed: 1, known: 0, torn: true }));
}

#[test]
fn a_first_line_that_was_cut_off_is_an_empty_file() {
    let books = Books::new();
    leave(&books, &[]);
    let whole = fs::read(books.spill()).expect("a file");
    for length in [0, 1, whole.len() - 1] {
        fs::write(books.spill(), &whole[..length]).expect("room");
        assert_eq!(merged(&books).expect("a merge").expect("a file").committed, 0);
        assert!(!books.spill().exists());
    }
}

#[test]
fn a_damaged_line_is_named_and_the_file_is_kept() {
    let books = Books::new();
    leave(&books, &[bundle(1), bundle(2), bundle(3)]);
    change(&books, 3, |text| text.replace("\"last\":2", "\"last\":9"));
    let error = merged(&books).expect_err("damage").to_string();
    assert!(error.contains("spill.jsonl:3: the line does not match its checksum"), "{error}");
    assert!(books.spill().exists());
    assert_eq!(books.kept(), (0, vec![]), "nothing is committed of a damaged file");
    // A whole last line is no torn one.
    let books = Books::new();
    leave(&books, &[bundle(1), bundle(2)]);
    change(&books, 3, |text| text.replace("\"last\":2", "\"last\":9"));
    assert!(matches!(merged(&books), Err(SpillError::Damaged { line: 3, .. })));
    // Cut off in the middle of the file.
    let books = Books::new();
    leave(&books, &[bundle(1), bundle(2)]);
    change(&books, 2, |text| text[..text.len() / 2].to_owned());
    assert!(matches!(merged(&books), Err(SpillError::Damaged { line: 2, .. })));
}

#[test]
fn a_line_that_is_missing_is_told() {
    let books = Books::new();
    leave(&books, &[bundle(1), bundle(3)]);
    let error = merged(&books).expect_err("a hole").to_string();
    assert!(error.contains(":3: it begins with event 3, where event 2 is missing"), "{error}");
    assert!(books.spill().exists());
}

#[test]
fn records_that_went_on_without_the_file_are_told() {
    let books = Books::new();
    let mut writer = books.writer();
    let other = crate::spill::Bundle { last_sequence: 1, ..bundle(1) };
    let mut events = other.events.clone().expect("events");
    events.bytes.push(0);
    writer.commit(&super::Bundle { events: Some(events), ..other }.commit()).expect("a commit");
    drop(writer);
    leave(&books, &[bundle(1)]);
    let error = merged(&books).expect_err("other events").to_string();
    assert!(error.contains(":2: the records have other events up to 1"), "{error}");
    assert!(books.spill().exists());
}

#[test]
fn a_file_of_other_books_is_refused_and_kept() {
    let books = Books::new();
    leave(&books, &[bundle(1)]);
    let other = Ledger::new(Environment::Paper, "P-1");
    let error = merge(&books.spill(), &books.url, &other).expect_err("other books").to_string();
    assert!(error.contains(ledger().id()) && error.contains(other.id()), "{error}");
    assert!(books.spill().exists() && !books.folder.path().join("orb.db").exists());
}

#[test]
fn a_file_of_a_process_that_is_alive_is_left_alone() {
    let books = Books::new();
    let alive = SpillFile::create(&books.spill(), &Head::new(&ledger(), &names())).expect("a file");
    assert!(matches!(merged(&books), Err(SpillError::InUse { .. })));
    drop(alive);
    assert!(merged(&books).is_ok());
}

#[test]
fn names_are_those_of_the_file_whatever_the_configuration_says_now() {
    use orb_core::fact::{Decision, Fact};
    let books = Books::new();
    let attempt = orb_core::order::AttemptId {
        date: "2026-02-13".parse().expect("a date"),
        strategy: orb_core::StrategyId(0),
        symbol: orb_core::SymbolId(1),
        attempt: 0,
    };
    let decision =
        Decision { attempt, reason: orb_core::Reason::NoTrigger, detail: String::new(), at: Timestamp::from_micros(1) };
    let effects = [orb_core::effect::Effect::Record(Fact::Decision(decision))];
    let entry = crate::journal::EntryRef {
        sequence: 1,
        now: Timestamp::from_micros(1),
        event: &orb_core::event::Event::Wakeup,
        effects: &effects,
    };
    let mut one = bundle(1);
    one.events.as_mut().expect("events").bytes = crate::journal::Encoder::default().encode(None, &[entry]);
    leave(&books, &[one]);
    // The merge opens the records with the file's names; nobody else's are asked.
    merged(&books).expect("a merge");
    let reader = Reader::open(&books.url, &ledger()).expect("a reader");
    let decisions = reader.list_decisions(&Default::default(), &Default::default()).expect("decisions").rows;
    assert_eq!(decisions[0].attempt.symbol, "BBB");
}

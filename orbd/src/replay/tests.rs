//! Journals that were kept, whole and altered.

use std::path::{Path, PathBuf};

use orb_core::event::Event;
use orb_core::{Price, SymbolTable, Timestamp};

use super::*;
use crate::journal::{Encoder, EntryRef, decode};
use crate::store::{Commit, DatabaseUrl, JournalRow, Ledger, Names, Writer};
use crate::view::Environment;

/// Journals that past versions wrote, each a file: a row after the other, before each its length in four bytes, the least
/// first.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals")
}

fn read(path: &Path) -> Vec<Batch> {
    let bytes = std::fs::read(path).expect("a journal");
    let mut rest = &bytes[..];
    let mut batches = Vec::new();
    while let Some((length, more)) = rest.split_first_chunk::<4>() {
        let (row, more) = more.split_at(u32::from_le_bytes(*length) as usize);
        batches.push(decode(row).expect("a row that is read for ever"));
        rest = more;
    }
    batches
}

fn golden() -> Vec<Batch> {
    read(&folder().join("0.1.0.journal"))
}

fn run(batches: Vec<Batch>) -> Result<Replayed, ReplayError> {
    replay(batches.into_iter().map(Ok), None)
}

/// A change of the engine that changes a decision on such a day is to be known as one: then the journal is kept under
/// the name of its version, and this test says which decisions may differ.
#[test]
fn journals_of_past_versions_are_read_and_decide_alike() {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder()).expect("journals").map(|e| e.expect("one").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let found = run(read(&file)).expect("a day");
        assert!(found.events > 100 && found.effects > 50, "{}: {found:#?}", file.display());
        assert_eq!(found.decisions, [], "{}", file.display());
    }
}

#[test]
fn an_altered_execution_is_shown_where_it_first_matters_and_by_what_it_led_to() {
    let mut batches = golden();
    let all = batches.iter_mut().flat_map(|batch| &mut batch.entries);
    let executed = |entry: &&mut Entry| matches!(&entry.event, Event::Order(update) if update.execution.is_some());
    let entry = all.into_iter().find(executed).expect("an execution");
    let Event::Order(update) = &mut entry.event else { panic!("it has one") };
    let execution = update.execution.as_mut().expect("it has one");
    execution.price = Price::from_micros(execution.price.micros() + 10_000);
    let (sequence, symbol) = (entry.sequence, update.order.symbol);
    let symbol = golden()[0].header.as_ref().expect("a header").symbols.name(symbol).to_string();
    let found = run(batches).expect("a day");
    assert!(!found.is_identical() && !found.is_good());
    let first = found.first.as_ref().expect("a difference");
    assert_eq!((first.sequence, &first.symbols[..]), (sequence, &[symbol.clone()][..]));
    assert!(first.event.starts_with("news of "), "{first:#?}");
    assert!(found.decisions.iter().any(|one| one.kind == DecisionKind::Trade && one.name.contains(&symbol)));
    let text = found.lines("sim-1", Date::default());
    for part in ["DIFFERENT: ", "the first is event ", "  - record fill of ", "  + record fill of ", "end otherwise:\n"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = found.json("sim-1", Date::default());
    assert_eq!((&json["identical"], &json["first_difference"]["sequence"]), (&false.into(), &sequence.into()));
}

#[test]
fn an_effect_that_is_missing_from_the_journal_is_shown() {
    let mut batches = golden();
    let entry = batches.iter_mut().flat_map(|batch| &mut batch.entries).find(|entry| !entry.effects.is_empty());
    entry.expect("an effect").effects.pop();
    let found = run(batches).expect("a day");
    let first = found.first.expect("a difference");
    assert_eq!((found.differing, first.recorded.len(), first.replayed.len()), (1, 0, 1), "{first:#?}");
}

#[test]
fn another_build_is_told_and_judged_by_its_decisions() {
    let mut batches = golden();
    batches[0].header.as_mut().expect("a header").build = "0.0.1 (engine 0)".to_owned();
    let alerted = |effect: &Effect| matches!(effect, Effect::Alert(_));
    for entry in batches.iter_mut().flat_map(|batch| &mut batch.entries) {
        entry.effects.retain(|effect| !alerted(effect));
    }
    let found = run(batches.clone()).expect("a day");
    assert!(!found.is_identical() && !found.is_of_this_build() && found.is_good(), "{found:#?}");
    let text = found.lines("sim-1", Date::default());
    assert!(text.contains("another build than this one") && text.contains("no signal, order, trade or decision"));
    let is_trade = |effect: &Effect| matches!(effect, Effect::Record(orb_core::fact::Fact::Trade(_)));
    for entry in batches.iter_mut().flat_map(|batch| &mut batch.entries) {
        entry.effects.retain(|effect| !is_trade(effect));
    }
    assert!(!run(batches).expect("a day").is_good());
}

#[test]
fn a_journal_without_its_start_is_refused() {
    let mut batches = golden();
    batches[0].header.as_mut().expect("a header").start = None;
    assert!(matches!(run(batches.clone()), Err(ReplayError::NoSetup { .. })));
    batches[0].header = None;
    assert!(matches!(run(batches), Err(ReplayError::NoStart { sequence: 1 })));
}

#[test]
fn a_configuration_that_is_none_today_is_told() {
    let mut batches = golden();
    let header = batches[0].header.as_mut().expect("a header");
    header.settings.push(("phase_of_the_moon".to_owned(), "full".to_owned()));
    let error = run(batches).expect_err("refused").to_string();
    assert!(error.contains("there is no key `phase_of_the_moon`"), "{error}");
}

#[test]
fn events_of_a_symbol_that_is_none_end_the_replay_and_not_the_program() {
    let mut batches = golden();
    let entry = batches.iter_mut().flat_map(|batch| &mut batch.entries).find(|entry| entry.sequence == 20);
    entry.expect("an event").event = Event::Market(
        orb_core::event::Origin::Live,
        orb_core::event::MarketData::Halt { symbol: orb_core::SymbolId(9_999), halted: true },
    );
    assert!(matches!(run(batches), Err(ReplayError::Panicked { sequence: 20, .. })));
}

/// Records that hold a journal of these rows, each told by its first and last event.
struct Kept {
    _folder: tempfile::TempDir,
    reader: Reader,
}

fn kept(rows: &[(u64, u64, Vec<u8>)]) -> Kept {
    kept_without(rows, "")
}

/// As [`kept`], with something done to the database behind the store's back.
fn kept_without(rows: &[(u64, u64, Vec<u8>)], statement: &str) -> Kept {
    let folder = tempfile::tempdir().expect("a folder");
    let url = DatabaseUrl::sqlite(folder.path().join("orb.db"));
    let ledger = Ledger::new(Environment::Sim, "SIM-1");
    let names = Names { symbols: SymbolTable::default(), strategies: Vec::new() };
    let mut writer = Writer::open(&url, ledger.clone(), names).expect("a writer");
    for (first_sequence, last_sequence, bytes) in rows {
        let journal = JournalRow {
            first_sequence: *first_sequence,
            last_sequence: *last_sequence,
            last_effect: 0,
            date: Some(Date::default()),
            at: Timestamp::from_micros(0),
            bytes,
        };
        writer.commit(&Commit { journal: Some(journal), ..Commit::default() }).expect("a commit");
    }
    writer.spoil(statement);
    Kept { reader: Reader::open(&url, &ledger).expect("a reader"), _folder: folder }
}

fn row(header: Option<&Header>, sequences: &[u64]) -> (u64, u64, Vec<u8>) {
    let entries: Vec<EntryRef<'_>> = sequences
        .iter()
        .map(|&sequence| EntryRef { sequence, now: Timestamp::from_micros(0), event: &Event::Wakeup, effects: &[] })
        .collect();
    (sequences[0], sequences[sequences.len() - 1], Encoder::default().encode(header, &entries))
}

#[track_caller]
fn check_refused(rows: &[(u64, u64, Vec<u8>)], message: &str) {
    told(&kept(rows), message);
}

#[track_caller]
fn told(kept: &Kept, message: &str) {
    let error = replay_day(&kept.reader, Date::default()).expect_err("refused").to_string();
    assert!(error.contains(message), "{error}");
}

#[test]
fn rows_that_are_missing_or_damaged_are_named() {
    let header = golden()[0].header.clone().expect("a header");
    let header = Some(&header);
    let rows = [row(header, &[1, 2]), row(None, &[3, 4]), row(None, &[5])];
    told(&kept_without(&rows, "DELETE FROM journal WHERE first_sequence = 3"), "lacks the events 3 to 4");
    check_refused(&[row(header, &[1]), (2, 4, vec![7])], "row of the events 2 to 4 cannot be read");
    check_refused(&[row(None, &[1])], "event 1 has no start of orb before it");
    let whole = kept(&[row(header, &[1, 2]), row(None, &[3])]);
    let found = replay_day(&whole.reader, Date::default()).expect("a day");
    assert_eq!((found.events, found.starts, found.is_identical()), (3, 1, true));
    let error = replay_day(&whole.reader, "2026-03-02".parse().expect("a date")).expect_err("refused").to_string();
    assert!(error.ends_with("has nothing of 2026-03-02: it has 1970-01-01"), "{error}");
}

#[test]
fn the_start_of_an_engine_is_read_back() {
    let header = golden()[0].header.clone().expect("a header");
    let again = decode(&Encoder::default().encode(Some(&header), &[])).expect("what was encoded");
    assert_eq!(again.header.as_ref(), Some(&header));
    let start = header.start.expect("a start");
    assert!(start.calendar.sessions().len() > 20_000, "the whole calendar is in it");
    assert!(start.caps.is_none() && start.state.session.is_none() && start.state.orders.is_empty());
    assert_ne!(start.close_deadline.micros(), 0);
}

/// Writes the journal of this version: `cargo nextest run --run-ignored only -E 'test(write_a_journal)'`.
#[test]
#[ignore = "it writes into the sources; to be run once for each version whose journals are to be kept"]
fn write_a_journal_of_this_version() {
    use crate::rehearsal::{Minutes, Rehearsal, by_hand};
    use orb_core::{RunConfig, Span, Symbol};
    let price = |text: &str| -> Price { text.parse().expect(text) };
    let minutes = |symbol: &str| {
        let begin = Minutes::new(Symbol::new(symbol).expect(symbol), price("100"));
        let range = begin.to(price("100.5")).to(price("100")).to(price("101")).to(price("100.4")).to(price("100.6"));
        range.stay(1).to(price("101.2")).to(price("101.9")).to(price("100.2"))
    };
    let mut strategy = orb_core::config::preset("orb-classic").expect("a preset");
    strategy.gap_limit = None;
    strategy.flatten_before_close = Span::from_minutes(180);
    strategy.entry_cutoff = Some(Span::from_minutes(180));
    let bars = [minutes("AAA").until(34), minutes("BBB").to(price("104")).until(34), minutes("CCC").until(34)];
    let session = by_hand("2025-11-28".parse().expect("a date"), &bars, RunConfig::of(strategy)).expect("a session");
    let mut rehearsal = Rehearsal::new(session);
    rehearsal.until = Some(Timestamp::parse_rfc3339("2025-11-28T10:03:30-05:00").expect("an instant"));
    let folder_ = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(rehearsal.run(folder_.path())).expect("a day");
    let url = DatabaseUrl::sqlite(folder_.path().join("orb.db"));
    let reader = Reader::open(&url, &Ledger::all(&url).expect("ledgers")[0]).expect("records");
    let rows = reader.journal_within(JournalSpan { first: 1, last: u64::MAX >> 1 }, 1_000_000).expect("rows");
    let mut bytes = Vec::new();
    for row in rows {
        bytes.extend_from_slice(&u32::try_from(row.bytes.len()).expect("a short row").to_le_bytes());
        bytes.extend_from_slice(&row.bytes);
    }
    std::fs::create_dir_all(folder()).expect("a folder");
    std::fs::write(folder().join(concat!(env!("CARGO_PKG_VERSION"), ".journal")), bytes).expect("written");
}

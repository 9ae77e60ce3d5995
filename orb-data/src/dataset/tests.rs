use std::fs;
use std::path::{Path, PathBuf};

use orb_core::{Bar, Price, Symbol};

use super::*;
use crate::synthetic::{SyntheticMarket, SyntheticOptions};

struct Place {
    folder: tempfile::TempDir,
    calendar: Calendar,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), calendar: crate::nyse_calendar(2026, 2026) }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn dataset(&self) -> Dataset {
        Dataset::open_or_create(&self.root(), Feed::Sip, Span::from_minutes(1)).expect("a dataset")
    }

    /// Makes bars that start with each of some minutes of the session of a date.
    fn bars(&self, date: &str, names: &[&str], minutes: std::ops::Range<i64>, cents: i64) -> BarSet {
        let session = *self.calendar.session(day(date)).expect("a session");
        let table = orb_core::SymbolTable::new(names.iter().map(|name| Symbol::new(name).expect("a symbol")));
        let price = |minute: i64| Price::from_cents(cents + minute);
        let bar = |symbol, minute| Bar {
            symbol,
            start: session.open + Span::from_minutes(minute),
            open: price(minute),
            high: price(minute + 3),
            low: price(minute - 3),
            close: price(minute + 1),
            volume: 100,
        };
        let all = table.iter().flat_map(|(id, _)| minutes.clone().map(move |minute| bar(id, minute))).collect();
        BarSet::from_bars(table, Span::from_minutes(1), &self.calendar, all).expect("bars")
    }

    fn import(&self, bars: &BarSet, conflict: Conflict) -> Result<Imported, DatasetError> {
        self.dataset().import(bars, &self.calendar, conflict, |_, _| {})
    }

    fn session(&self, date: &str) -> BarSet {
        let dataset = Dataset::open(&self.root()).expect("a dataset");
        dataset.session(day(date), &self.calendar).expect("a session").expect("bars")
    }

    fn problems(&self) -> Vec<String> {
        let verified = Dataset::open(&self.root()).expect("a dataset").verify(&self.calendar).expect("a folder");
        verified.problems.iter().map(ToString::to_string).collect()
    }

    fn folder_of(&self, date: &str) -> PathBuf {
        self.root().join(format!("bars/date={date}"))
    }
}

fn day(date: &str) -> Date {
    date.parse().expect("a date")
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

#[test]
fn what_goes_in_comes_out_session_by_session_and_as_a_folder_of_bars() {
    let place = Place::new();
    let options = SyntheticOptions { sessions: 3, ..SyntheticOptions::default() };
    let market = SyntheticMarket::new(7, options).generate(&place.calendar).expect("a market").trade;
    let imported = place.import(&market, Conflict::Refuse).expect("imported");
    assert_eq!((imported.sessions, imported.added), (3, market.len() as u64));
    let loaded = load(&[place.root()], LoadOptions::new(&place.calendar)).expect("bars");
    assert_eq!(loaded, market);
    assert_eq!(place.session("2026-03-03").len(), market.session(day("2026-03-03")).expect("bars").bars().len());
    assert!(place.problems().is_empty());
}

#[test]
fn the_same_bars_a_second_time_change_nothing() {
    let place = Place::new();
    let bars = place.bars("2026-03-02", &["AAA", "BBB"], 0..5, 1_000);
    place.import(&bars, Conflict::Refuse).expect("imported");
    let before = fs::metadata(place.folder_of("2026-03-02").join("manifest.json")).expect("a file").modified().ok();
    let again = place.import(&bars, Conflict::Refuse).expect("imported");
    assert_eq!(again, Imported { same: 10, ..Imported::default() });
    let after = fs::metadata(place.folder_of("2026-03-02").join("manifest.json")).expect("a file").modified().ok();
    assert_eq!(before, after, "nothing is written where nothing is new");
}

#[test]
fn more_bars_of_a_session_join_those_that_are_there_and_compacting_makes_one_file_of_them() {
    let place = Place::new();
    place.import(&place.bars("2026-03-02", &["AAA"], 0..5, 1_000), Conflict::Refuse).expect("imported");
    let more = place.bars("2026-03-02", &["AAA", "BBB"], 3..8, 1_000);
    let imported = place.import(&more, Conflict::Refuse).expect("imported");
    assert_eq!((imported.added, imported.same), (8, 2));
    let before = place.session("2026-03-02");
    assert_eq!(before.len(), 13);
    assert_eq!(names_in(&place.folder_of("2026-03-02")), ["manifest.json", "part-0001.parquet", "part-0002.parquet"]);
    let compacted = place.dataset().compact(&place.calendar).expect("compacted");
    assert_eq!(compacted, Compacted { sessions: 1, removed: 2 });
    assert_eq!(names_in(&place.folder_of("2026-03-02")), ["manifest.json", "part-0003.parquet"]);
    assert_eq!(place.session("2026-03-02"), before);
    assert!(place.problems().is_empty());
}

#[test]
fn another_bar_for_one_that_is_there_is_refused_and_replaces_it_when_that_is_wanted() {
    let place = Place::new();
    let old = place.bars("2026-03-02", &["AAA", "BBB"], 0..5, 1_000);
    place.import(&old, Conflict::Refuse).expect("imported");
    let other = place.bars("2026-03-02", &["BBB"], 4..6, 2_000);
    let error = place.import(&other, Conflict::Refuse).expect_err("another bar");
    assert!(matches!(&error, DatasetError::Conflict { symbol, .. } if symbol.as_str() == "BBB"), "{error}");
    assert_eq!(place.session("2026-03-02"), old);
    let imported = place.import(&other, Conflict::Replace).expect("imported");
    assert_eq!(imported, Imported { sessions: 1, added: 1, same: 0, replaced: 1 });
    let session = place.session("2026-03-02");
    assert_eq!(session.len(), 11);
    let opens: Vec<_> = session.iter().map(|bar| bar.open).filter(|open| *open >= Price::from_cents(2_000)).collect();
    assert_eq!(opens, [Price::from_cents(2_004), Price::from_cents(2_005)]);
    assert!(place.problems().is_empty());
}

#[test]
fn a_file_that_no_manifest_names_is_not_read_and_is_told() {
    let place = Place::new();
    let bars = place.bars("2026-03-02", &["AAA"], 0..5, 1_000);
    place.import(&bars, Conflict::Refuse).expect("imported");
    // As a crash between the file and the manifest leaves it.
    let folder = place.folder_of("2026-03-02");
    fs::copy(folder.join("part-0001.parquet"), folder.join("part-0002.parquet")).expect("a copy");
    fs::write(folder.join("part-0003.parquet.partial"), "half").expect("a file");
    assert_eq!(load(&[place.root()], LoadOptions::new(&place.calendar)).expect("bars"), bars);
    assert_eq!(place.problems().len(), 2);
    assert!(place.problems()[0].contains("part-0002.parquet belongs to nothing"), "{:?}", place.problems());
    // What comes next does not take the name of what was left over.
    place.import(&place.bars("2026-03-02", &["AAA"], 5..6, 1_000), Conflict::Refuse).expect("imported");
    assert_eq!(place.session("2026-03-02").len(), 6);
    assert_eq!(place.dataset().compact(&place.calendar).expect("compacted").sessions, 1);
    assert!(place.problems().is_empty());
}

#[test]
fn a_first_import_that_was_interrupted_is_told_and_done_again() {
    let place = Place::new();
    let bars = place.bars("2026-03-02", &["AAA"], 0..5, 1_000);
    place.import(&bars, Conflict::Refuse).expect("imported");
    fs::remove_file(place.folder_of("2026-03-02").join("manifest.json")).expect("removed");
    assert!(place.problems()[0].contains("no manifest"), "{:?}", place.problems());
    let imported = place.import(&bars, Conflict::Refuse).expect("imported");
    assert_eq!(imported.added, 5);
    assert_eq!(place.session("2026-03-02"), bars);
}

#[test]
fn damage_is_found_wherever_it_is() {
    let place = Place::new();
    for date in ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"] {
        place.import(&place.bars(date, &["AAA"], 0..50, 1_000), Conflict::Refuse).expect("imported");
    }
    let part = |date| place.folder_of(date).join("part-0001.parquet");
    let mut bytes = fs::read(part("2026-03-02")).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(part("2026-03-02"), bytes).expect("written");
    fs::remove_file(part("2026-03-03")).expect("removed");
    fs::write(place.folder_of("2026-03-04").join("manifest.json"), "{").expect("written");
    fs::rename(place.folder_of("2026-03-05"), place.folder_of("2026-03-07")).expect("renamed");
    let verified = Dataset::open(&place.root()).expect("a dataset").verify(&place.calendar).expect("a folder");
    assert_eq!(verified.sound, 0);
    let problems: Vec<&Problem> = verified.problems.iter().collect();
    assert!(
        matches!(
            problems.as_slice(),
            [
                Problem::Changed { .. },
                Problem::Unreadable { source: DatasetError::Io { .. }, .. },
                Problem::Unreadable { source: DatasetError::Unreadable { .. }, .. },
                Problem::NoSession { .. },
            ]
        ),
        "{problems:?}"
    );
}

#[test]
fn bars_under_another_date_are_found() {
    let place = Place::new();
    place.import(&place.bars("2026-03-02", &["AAA"], 0..5, 1_000), Conflict::Refuse).expect("imported");
    fs::rename(place.folder_of("2026-03-02"), place.folder_of("2026-03-03")).expect("renamed");
    assert!(
        place.problems()[0].contains("0 bars or rows of the date where its manifest has 5"),
        "{:?}",
        place.problems()
    );
}

#[test]
fn one_feed_and_one_length_to_a_dataset() {
    let place = Place::new();
    drop(place.dataset());
    let open = |feed, minutes| Dataset::open_or_create(&place.root(), feed, Span::from_minutes(minutes));
    assert!(matches!(open(Feed::Iex, 1), Err(DatasetError::OtherFeed { .. })));
    assert!(matches!(open(Feed::Sip, 5), Err(DatasetError::OtherLength { .. })));
    let fives = BarSet::from_bars(orb_core::SymbolTable::new([]), Span::from_minutes(5), &place.calendar, Vec::new());
    let error = place.import(&fives.expect("no bars"), Conflict::Refuse);
    assert!(matches!(error, Err(DatasetError::OtherLength { .. })));
}

#[test]
fn one_writer_at_a_time_and_readers_beside_it() {
    let place = Place::new();
    let writer = place.dataset();
    assert!(matches!(Dataset::open_to_change(&place.root()), Err(DatasetError::Busy { .. })));
    assert!(Dataset::open(&place.root()).expect("a reader").dates().expect("dates").is_empty());
    drop(writer);
    drop(Dataset::open_to_change(&place.root()).expect("a writer"));
}

#[test]
fn no_dataset_is_made_among_other_things_and_none_is_read_that_is_newer_or_broken() {
    let place = Place::new();
    fs::create_dir_all(place.root()).expect("a folder");
    assert!(matches!(Dataset::open(&place.root()), Err(DatasetError::NoDataset { .. })));
    fs::write(place.root().join("notes.txt"), "mine").expect("a file");
    let made = Dataset::open_or_create(&place.root(), Feed::Sip, Span::from_minutes(1));
    assert!(matches!(made, Err(DatasetError::NotEmpty { .. })));
    let header = |text: &str| {
        fs::write(place.root().join(HEADER_NAME), text).expect("a file");
        Dataset::open(&place.root()).expect_err("no header of this format")
    };
    assert!(matches!(header(r#"{"format":2,"feed":"sip","bar_minutes":1}"#), DatasetError::Newer { format: 2, .. }));
    assert!(matches!(
        header(r#"{"format":1,"feed":"sip","bar_minutes":7}"#),
        DatasetError::BarMinutes { minutes: 7, .. }
    ));
    assert!(matches!(header(r#"{"format":1,"feed":"moon","bar_minutes":1}"#), DatasetError::Unreadable { .. }));
}

#[test]
fn the_status_tells_sessions_symbols_and_what_is_missing_between() {
    let place = Place::new();
    place.import(&place.bars("2026-03-02", &["AAA", "BBB"], 0..5, 1_000), Conflict::Refuse).expect("imported");
    place.import(&place.bars("2026-03-05", &["CCC"], 0..3, 1_000), Conflict::Refuse).expect("imported");
    let status = Dataset::open(&place.root()).expect("a dataset").status(&place.calendar).expect("a status");
    let sessions: Vec<_> = status.sessions.iter().map(|one| (one.date, one.bars, one.symbols, one.files)).collect();
    assert_eq!(sessions, [(day("2026-03-02"), 10, 2, 1), (day("2026-03-05"), 3, 1, 1)]);
    assert_eq!(status.missing, [day("2026-03-03"), day("2026-03-04")]);
    assert_eq!(status.symbols, ["AAA", "BBB", "CCC"]);
    assert!(status.bytes() > 0 && status.bars() == 13);
}

#[test]
fn an_answer_remembers_who_was_asked_for_even_where_nobody_traded() {
    let place = Place::new();
    let mut dataset = place.dataset();
    let ask = |names: &[&str]| -> Vec<Symbol> { names.iter().map(|name| Symbol::new(name).expect("one")).collect() };
    let bars = place.bars("2026-03-02", &["AAA"], 0..5, 1_000);
    let date = day("2026-03-02");
    dataset.import_answer(date, &ask(&["BBB", "AAA"]), &bars, &place.calendar).expect("imported");
    let none = BarSet::from_bars(orb_core::SymbolTable::new([]), Span::from_minutes(1), &place.calendar, Vec::new());
    dataset.import_answer(date, &ask(&["CCC"]), none.as_ref().expect("none"), &place.calendar).expect("imported");
    assert_eq!(dataset.asked(date).expect("asked"), ["AAA", "BBB", "CCC"]);
    let holiday = day("2026-03-03");
    dataset.import_answer(holiday, &ask(&["CCC"]), &none.expect("none"), &place.calendar).expect("imported");
    assert_eq!(dataset.asked(holiday).expect("asked"), ["CCC"]);
    assert!(dataset.session(holiday, &place.calendar).expect("read").is_none());
    drop(dataset);
    assert!(place.problems().is_empty(), "{:?}", place.problems());
}

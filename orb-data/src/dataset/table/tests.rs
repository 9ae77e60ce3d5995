use std::fs;
use std::path::{Path, PathBuf};

use orb_core::history::Split;
use orb_core::{Bar, Calendar, Date, Price, Span, Symbol, SymbolTable};

use super::*;
use crate::BarSet;
use crate::dataset::{Conflict, Feed, Problem};
use crate::reference::{ActionKind, Asset, Borrow, CorporateAction, DailyBar, Reference, Wanted};

const DATE: &str = "2026-03-02";

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

    fn problems(&self) -> Vec<String> {
        let verified = self.dataset().verify(&self.calendar).expect("a folder");
        verified.problems.iter().map(ToString::to_string).collect()
    }

    fn files(&self, table: Table) -> Vec<String> {
        let entries = fs::read_dir(self.dataset().table_folder(table, date())).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }
}

fn date() -> Date {
    DATE.parse().expect("a date")
}

fn symbols(names: &[&str]) -> Vec<Symbol> {
    names.iter().map(|name| Symbol::new(name).expect("a symbol")).collect()
}

fn day(name: &str, cents: i64) -> DailyBar {
    let [open, high, low, close] = [0, 5, -5, 1].map(|more| Price::from_micros(cents * 10_000 + more));
    DailyBar { symbol: symbols(&[name])[0].clone(), open, high, low, close, volume: 1_000 }
}

fn asset(name: &str, borrow: Borrow) -> Asset {
    Asset {
        symbol: symbols(&[name])[0].clone(),
        name: format!("{name} Incorporated, the \"first\""),
        exchange: "NASDAQ".to_owned(),
        tradable: true,
        shortable: borrow == Borrow::Easy,
        borrow,
        fractionable: false,
        margin_long: (borrow == Borrow::Easy).then_some(30),
        margin_short: None,
    }
}

#[test]
fn rows_come_back_as_they_were() {
    let (place, asked) = (Place::new(), symbols(&["AA", "BRK.B", "SILENT"]));
    let mut dataset = place.dataset();
    let days = [day("AA", 1_234), day("BRK.B", 60_000)];
    assert_eq!(dataset.add_daily(date(), &asked, &days).expect("added"), 2);
    assert_eq!(dataset.daily(date()).expect("days"), days);
    assert_eq!(
        dataset.missing(Table::Daily, date(), &symbols(&["SILENT", "ZZ", "AA"])).expect("read"),
        symbols(&["ZZ"])
    );

    let assets: Vec<Asset> =
        Borrow::ALL.into_iter().zip(["A", "B", "C", "D"]).map(|(borrow, name)| asset(name, borrow)).collect();
    assert_eq!(dataset.assets(date()).expect("nothing"), None);
    dataset.set_assets(date(), assets.clone()).expect("kept");
    assert_eq!(dataset.assets(date()).expect("assets"), Some(assets));

    let action = |name: &str, date: &str, kind| CorporateAction {
        symbol: symbols(&[name])[0].clone(),
        date: date.parse().expect("a date"),
        kind,
    };
    let actions = vec![
        action("Q", "2026-02-28", ActionKind::Rename { to: symbols(&["R"])[0].clone() }),
        action("P", DATE, ActionKind::Split(Split { after: 7, before: 2 })),
        action("S", DATE, ActionKind::Unclear),
    ];
    dataset.set_actions(date(), actions.clone()).expect("kept");
    let read = |first: &str| dataset.actions(first.parse().expect("a date"), date()).expect("actions");
    assert_eq!(read("2026-02-27"), actions);
    assert_eq!(read(DATE), actions[1..]);
    assert_eq!(place_problems(dataset, &place), Vec::<String>::new());
}

/// Closes a dataset, which is locked, and verifies it.
fn place_problems(dataset: Dataset, place: &Place) -> Vec<String> {
    drop(dataset);
    place.problems()
}

#[test]
fn a_second_answer_adds_what_is_new_and_takes_the_place_of_what_is_not() {
    let place = Place::new();
    let mut dataset = place.dataset();
    dataset.add_daily(date(), &symbols(&["AA"]), &[day("AA", 100)]).expect("added");
    dataset.add_daily(date(), &symbols(&["BB"]), &[day("BB", 200)]).expect("added");
    assert_eq!(dataset.add_daily(date(), &symbols(&["AA"]), &[day("AA", 100)]).expect("the same"), 0);
    assert_eq!(dataset.add_daily(date(), &symbols(&["AA"]), &[day("AA", 101)]).expect("another"), 1);
    assert_eq!(dataset.daily(date()).expect("days"), [day("AA", 101), day("BB", 200)]);
    drop(dataset);
    assert_eq!(place.problems(), Vec::<String>::new());
    assert_eq!(place.files(Table::Daily).len(), 2, "one file and the manifest");
}

#[test]
fn what_is_damaged_is_told_with_its_table_and_its_place() {
    let place = Place::new();
    let mut dataset = place.dataset();
    dataset.add_daily(date(), &symbols(&["AA"]), &[day("AA", 100)]).expect("added");
    let file = dataset.table_folder(Table::Daily, date()).join(place_file(&dataset));
    drop(dataset);
    let sound = fs::read(&file).expect("a file");
    for at in (0..sound.len()).step_by(7) {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x55;
        fs::write(&file, &damaged).expect("written");
        let problems = place.problems();
        assert_eq!(problems.len(), 1, "byte {at}");
        assert!(problems[0].starts_with("daily, 2026-03-02: ") && problems[0].contains("part-0001"), "{problems:?}");
        // Whatever it reads as, it does not bring the process down.
        let _read = place.dataset().daily(date());
    }
    fs::write(&file, &sound[..sound.len() / 2]).expect("written");
    let error = place.dataset().daily(date()).expect_err("half a file");
    assert!(error.to_string().contains("is damaged") && error.to_string().contains("part-0001"), "{error}");
    fs::remove_file(&file).expect("removed");
    assert!(place.problems()[0].contains("part-0001"), "{:?}", place.problems());
}

fn place_file(dataset: &Dataset) -> String {
    let partition = Partition::read(&dataset.table_folder(Table::Daily, date())).expect("read").expect("a manifest");
    partition.parts[0].file.clone()
}

/// Adds a day to a dataset, breaks its partition, and returns what verifying finds, with the sound partitions and rows.
fn found(spoil: impl FnOnce(&Path)) -> (Vec<(Table, Problem)>, (u64, u64)) {
    let place = Place::new();
    let mut dataset = place.dataset();
    dataset.add_daily(date(), &symbols(&["AA", "BB"]), &[day("AA", 100), day("BB", 200)]).expect("added");
    dataset.set_assets(date(), vec![asset("AA", Borrow::Easy)]).expect("kept");
    spoil(&dataset.table_folder(Table::Daily, date()));
    let verified = dataset.verify(&place.calendar).expect("a folder");
    let in_table = |problem| {
        let Problem::InTable { table, problem } = problem else { panic!("{problem} is in no table") };
        (table, *problem)
    };
    (verified.problems.into_iter().map(in_table).collect(), (verified.partitions, verified.rows))
}

/// Replaces a text in the manifest of a partition.
fn rewrite(folder: &Path, old: &str, new: &str) {
    let path = folder.join("manifest.json");
    let text = fs::read_to_string(&path).expect("a manifest");
    assert!(text.contains(old), "{text}");
    fs::write(&path, text.replace(old, new)).expect("written");
}

#[test]
fn what_is_whole_is_counted_by_partitions_and_rows() {
    let (problems, whole) = found(|_| {});
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(whole, (2, 3));
}

#[test]
fn rows_of_a_date_without_a_session_are_found() {
    let (problems, whole) = found(|folder| {
        fs::rename(folder, folder.with_file_name("date=2026-03-01")).expect("renamed");
    });
    let sunday = "2026-03-01".parse::<Date>().expect("a date");
    let [(Table::Daily, Problem::NoSession { date })] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!((*date, whole), (sunday, (1, 1)));
}

#[test]
fn rows_without_a_manifest_are_found() {
    let (problems, whole) = found(|folder| fs::remove_file(folder.join("manifest.json")).expect("removed"));
    let [(Table::Daily, Problem::NoManifest { date })] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!((*date, whole), (self::date(), (1, 1)));
}

#[test]
fn a_manifest_of_rows_that_cannot_be_read_is_found() {
    let (problems, whole) = found(|folder| fs::write(folder.join("manifest.json"), "{").expect("written"));
    let [(Table::Daily, Problem::Unreadable { source: DatasetError::Unreadable { path, .. }, .. })] =
        problems.as_slice()
    else {
        panic!("{problems:?}")
    };
    assert!(path.ends_with("daily/date=2026-03-02/manifest.json"), "{path:?}");
    assert_eq!(whole, (1, 1));
}

#[test]
fn a_file_of_rows_that_is_gone_or_another_one_is_found() {
    let (problems, whole) = found(|folder| fs::remove_file(folder.join("part-0001.parquet")).expect("removed"));
    let [(Table::Daily, Problem::Unreadable { source: DatasetError::Io { path, .. }, .. })] = problems.as_slice()
    else {
        panic!("{problems:?}")
    };
    assert!(path.ends_with("part-0001.parquet"), "{path:?}");
    assert_eq!(whole, (1, 1));
    // Rows that can be read, and are others than were written.
    let (problems, whole) = found(|folder| {
        codec::write(&folder.join("part-0001.parquet"), &[day("AA", 100), day("BB", 300)]).expect("written");
    });
    let [(Table::Daily, Problem::Changed { path, .. })] = problems.as_slice() else { panic!("{problems:?}") };
    assert!(path.ends_with("part-0001.parquet"), "{path:?}");
    assert_eq!(whole, (1, 1));
}

#[test]
fn rows_of_another_table_are_found() {
    // As its manifest says to the byte, and no days.
    let (problems, whole) = found(|folder| {
        let assets = folder.parent().expect("a table").with_file_name("assets").join(format!("date={DATE}"));
        for name in ["manifest.json", "part-0001.parquet"] {
            fs::copy(assets.join(name), folder.join(name)).expect("a copy");
        }
    });
    let [(Table::Daily, Problem::Unreadable { source: DatasetError::Table { source, .. }, .. })] = problems.as_slice()
    else {
        panic!("{problems:?}")
    };
    assert_eq!((source, whole), (&BadTable::Column("open_micros"), (1, 1)));
}

#[test]
fn rows_that_are_more_or_fewer_than_the_manifest_says_are_found() {
    for told in [1, 3] {
        let (problems, whole) = found(|folder| rewrite(folder, "\"bars\":2", &format!("\"bars\":{told}")));
        let [(Table::Daily, Problem::Count { found: 2, expected, .. })] = problems.as_slice() else {
            panic!("{problems:?}")
        };
        assert_eq!((*expected, whole), (told, (1, 1)));
    }
}

#[test]
fn a_file_beside_rows_that_belongs_to_nothing_is_found_and_the_rows_count() {
    let (problems, whole) = found(|folder| {
        fs::write(folder.join("part-0002.parquet"), "left over").expect("written");
    });
    let [(Table::Daily, Problem::LeftOver { path, .. })] = problems.as_slice() else { panic!("{problems:?}") };
    assert!(path.ends_with("part-0002.parquet"), "{path:?}");
    assert_eq!(whole, (2, 3));
}

#[test]
fn compacting_makes_one_file_of_several_and_removes_what_belongs_to_nothing() {
    let place = Place::new();
    let mut dataset = place.dataset();
    dataset.add_daily(date(), &symbols(&["AA"]), &[day("AA", 100)]).expect("added");
    dataset.add_daily(date(), &symbols(&["BB"]), &[day("BB", 200)]).expect("added");
    fs::write(dataset.table_folder(Table::Daily, date()).join("part-0009.parquet.partial"), "x").expect("written");
    drop(dataset);
    assert!(place.problems()[0].contains("belongs to nothing"), "{:?}", place.problems());
    let compacted = place.dataset().compact(&place.calendar).expect("compact");
    assert_eq!((compacted.sessions, compacted.removed), (1, 3));
    assert_eq!((place.problems(), place.files(Table::Daily).len()), (Vec::new(), 2));
    assert_eq!(place.dataset().daily(date()).expect("days"), [day("AA", 100), day("BB", 200)]);
    let status = place.dataset().status(&place.calendar).expect("a status");
    assert_eq!(status.tables.len(), 1);
    assert_eq!((status.tables[0].table, status.tables[0].rows, status.tables[0].sessions), (Table::Daily, 2, 1));
}

#[test]
fn bars_of_minutes_say_what_days_and_ranges_are() {
    let place = Place::new();
    let session = *place.calendar.session(date()).expect("a session");
    let table = SymbolTable::new(symbols(&["AA"]));
    let (id, _) = table.iter().next().expect("a symbol");
    let bar = |minute: i64| {
        let [open, high, low, close] = [0, 3, -3, 1].map(|more| Price::from_cents(1_000 + minute + more));
        let start = session.open + Span::from_minutes(minute);
        Bar { symbol: id, start, open, high, low, close, volume: 100 }
    };
    let bars = (0..30).map(bar).collect();
    let set = BarSet::from_bars(table, Span::from_minutes(1), &place.calendar, bars).expect("bars");
    let mut dataset = place.dataset();
    dataset.import(&set, &place.calendar, Conflict::Refuse, |_, _| {}).expect("imported");
    // A day, and a range of each length.
    assert_eq!(dataset.derive(&session, &place.calendar).expect("derived"), 6);
    assert_eq!(dataset.derive(&session, &place.calendar).expect("derived"), 0, "once");
    let [open, high, low, close] = [1_000, 1_032, 997, 1_030].map(Price::from_cents);
    let day = DailyBar { symbol: symbols(&["AA"])[0].clone(), open, high, low, close, volume: 3_000 };
    assert_eq!(dataset.daily(date()).expect("days"), [day]);
    let volumes: Vec<Option<u64>> =
        [1, 5, 30, 60].map(|minutes| dataset.openings(date(), minutes).expect("ranges")[0].volume).into();
    assert_eq!(volumes, [Some(100), Some(500), Some(3_000), None]);
}

#[test]
fn what_is_known_before_a_session_is_read_from_the_tables() {
    let (place, names) = (Place::new(), symbols(&["AA", "BB"]));
    let session = *place.calendar.session(date()).expect("a session");
    let wanted = Wanted { session: &session, symbols: &names, sessions: 16 };
    let mut dataset = place.dataset();
    let bars = SymbolTable::new(names.clone());
    for past in wanted.past(&place.calendar).1 {
        dataset.add_daily(past.date, &names, &[day("AA", 1_000)]).expect("added");
        let (id, _) = bars.iter().next().expect("a symbol");
        let minute = |minute: i64| {
            let price = Price::from_cents(1_000);
            let start = past.open + Span::from_minutes(minute);
            Bar { symbol: id, start, open: price, high: price, low: price, close: price, volume: 10 }
        };
        let minutes: Vec<Bar> = (0..5).map(minute).collect();
        dataset.add_openings(past, &[1, 5], &names, (&bars, &minutes)).expect("added");
    }
    dataset.set_assets(date(), vec![asset("AA", Borrow::Hard)]).expect("kept");
    let reference = Reference::read(&dataset, &place.calendar, &wanted, &[5]).expect("read");
    let aa = &reference.symbols[&names[0]];
    assert_eq!(aa.engine.opening_volume_sum14, [None, Some(700), None, None, None]);
    assert_eq!(aa.engine.volume_sum14, Some(14_000));
    assert!(aa.asset.as_ref().is_some_and(|asset| !asset.may_be_shorted()));
    assert_eq!((reference.symbols[&names[1]].days.len(), &reference.symbols[&names[1]].asset), (0, &None));
    assert_eq!(reference.for_engine(&bars)[0], aa.engine);
    assert_eq!(reference.check_feed(5), Ok(()));
}

//! Bars for charts.

use orb_core::{Price, Span};

use super::Database;
use super::samples::{at, day};
use crate::store::{BarFilter, BarRow, Commit, Page, PageRequest, StoreError};

fn bar(date: u32, symbol: &str, minute: i64) -> BarRow {
    let price = |cents: i64| Price::from_cents(10_000 + 10 * minute + cents);
    BarRow {
        date: day(date),
        symbol: symbol.to_owned(),
        at: at(60 * minute),
        length: Span::from_minutes(1),
        open: price(0),
        high: price(7),
        low: price(-3),
        close: price(5),
        volume: 1_000 + minute,
    }
}

fn commit(database: &Database, bars: &[BarRow]) {
    database.writer().commit(&Commit { bars, ..Commit::default() }).expect("a commit");
}

pub(super) fn bars_come_back_by_symbol_and_day(database: &Database) {
    let bars: Vec<_> = (0..390).flat_map(|minute| ["NVDA", "SPY"].map(|symbol| bar(13, symbol, minute))).collect();
    commit(database, &bars);
    commit(database, &[bar(12, "NVDA", 0)]);
    let reader = database.reader();
    let filter = BarFilter { date: day(13), symbol: "SPY".to_owned(), from: None };
    let whole = reader.list_bars(&filter, &PageRequest::first(1000)).expect("bars");
    let expected: Vec<_> = (0..390).map(|minute| bar(13, "SPY", minute)).collect();
    assert_eq!(whole, Page { rows: expected.clone(), next: None });
    let (mut paged, mut request) = (Vec::new(), PageRequest::first(100));
    loop {
        let page = reader.list_bars(&filter, &request).expect("a page");
        paged.extend(page.rows);
        request.token = page.next;
        if request.token.is_none() {
            break;
        }
    }
    assert_eq!(paged, expected);
    let late = BarFilter { from: Some(at(60 * 388)), ..filter };
    assert_eq!(reader.list_bars(&late, &PageRequest::first(1000)).expect("bars").rows, expected[388..]);
    let none = BarFilter { date: day(11), ..late };
    assert_eq!(reader.list_bars(&none, &PageRequest::first(1000)).expect("none").rows, []);
}

pub(super) fn a_corrected_bar_replaces_the_one_before(database: &Database) {
    let corrected = BarRow { close: Price::from_cents(10_001), ..bar(13, "NVDA", 1) };
    commit(database, &[bar(13, "NVDA", 0), bar(13, "NVDA", 1), corrected.clone()]);
    let filter = BarFilter { date: day(13), symbol: "NVDA".to_owned(), from: None };
    let found = || database.reader().list_bars(&filter, &PageRequest::first(9)).expect("bars").rows;
    assert_eq!(found(), [bar(13, "NVDA", 0), corrected]);
    commit(database, &[bar(13, "NVDA", 1)]);
    assert_eq!(found(), [bar(13, "NVDA", 0), bar(13, "NVDA", 1)]);
}

pub(super) fn a_token_of_bars_belongs_to_its_symbol_and_day(database: &Database) {
    let bars: Vec<_> = ["NVDA", "SPY"].iter().flat_map(|symbol| (0..3).map(|at| bar(13, symbol, at))).collect();
    commit(database, &bars);
    let reader = database.reader();
    let filter = BarFilter { date: day(13), symbol: "NVDA".to_owned(), from: None };
    let token = reader.list_bars(&filter, &PageRequest::first(2)).expect("bars").next;
    let again = PageRequest { size: 2, token };
    assert_eq!(reader.list_bars(&filter, &again).expect("bars").rows, [bar(13, "NVDA", 2)]);
    for other in [
        BarFilter { symbol: "SPY".to_owned(), ..filter.clone() },
        BarFilter { date: day(12), ..filter.clone() },
        BarFilter { from: Some(at(0)), ..filter.clone() },
    ] {
        assert!(matches!(reader.list_bars(&other, &again), Err(StoreError::PageToken)), "{other:?}");
    }
}

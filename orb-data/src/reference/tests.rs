//! What rows say together.

use orb_core::event::SymbolReference;
use orb_core::history::Split;
use orb_core::{Bar, Calendar, Date, Price, Session, Span, Symbol, SymbolId};

use super::*;
use crate::dataset::Feed;

fn symbol(name: &str) -> Symbol {
    Symbol::new(name).expect("a symbol")
}

fn calendar() -> Calendar {
    crate::nyse_calendar(2026, 2026)
}

fn session(calendar: &Calendar, date: &str) -> Session {
    *calendar.session(date.parse().expect("a date")).expect("a session")
}

fn day(name: &str, cents: i64, volume: u64) -> DailyBar {
    let [open, high, low, close] = [0, 10, -10, 0].map(|more| Price::from_cents(cents + more));
    DailyBar { symbol: symbol(name), open, high, low, close, volume }
}

fn opening(name: &str, volume: Option<u64>) -> OpeningVolume {
    OpeningVolume { symbol: symbol(name), minutes: 5, bars: 5, volume }
}

/// Sixteen sessions before one, in each a day and a range; the name changes with the dates that `name` is asked for.
fn tables(calendar: &Calendar, session: &Session, name: impl Fn(Date) -> &'static str) -> Tables {
    let wanted = Wanted { session, symbols: &[], sessions: 16 };
    let mut tables = Tables::default();
    for past in wanted.past(calendar).1 {
        let name = name(past.date);
        tables.daily.entry(past.date).or_default().insert(symbol(name), day(name, 1_000, 1_000));
        tables.openings.entry(past.date).or_default().insert((symbol(name), 5), opening(name, Some(100)));
    }
    tables
}

#[track_caller]
fn facts(calendar: &Calendar, today: &Session, name: &str, tables: &Tables) -> Facts {
    let symbols = [symbol(name)];
    let wanted = Wanted { session: today, symbols: &symbols, sessions: 16 };
    Reference::of(&wanted, Feed::Sip, calendar, tables).symbols[&symbol(name)].clone()
}

fn action(name: &str, date: &str, kind: ActionKind) -> CorporateAction {
    CorporateAction { symbol: symbol(name), date: date.parse().expect("a date"), kind }
}

#[test]
fn sixteen_days_give_all_that_the_engine_takes() {
    let calendar = calendar();
    let today = session(&calendar, "2026-03-02");
    let known = facts(&calendar, &today, "AA", &tables(&calendar, &today, |_| "AA"));
    let expected = SymbolReference {
        previous_close: Some(Price::from_cents(1_000)),
        atr14: Some(Price::from_cents(20)),
        atr14_wilder: Some(Price::from_cents(20)),
        volume_sum14: Some(14_000),
        opening_volume_sum14: [None, Some(1_400), None, None, None],
        ..SymbolReference::default()
    };
    assert_eq!(known.engine, expected);
    assert_eq!((known.days.len(), known.openings.len()), (16, 14));
    assert_eq!(known.dollar_volume().map(|money| money.micros()), Some(10_000_000 * 1_000));
    assert_eq!(facts(&calendar, &today, "BB", &tables(&calendar, &today, |_| "AA")).engine, SymbolReference::default());
}

#[test]
fn a_split_in_the_middle_brings_prices_and_volumes_to_today_s_basis() {
    let calendar = calendar();
    let today = session(&calendar, "2026-03-02");
    let mut tables = tables(&calendar, &today, |_| "AA");
    let whole = facts(&calendar, &today, "AA", &tables);
    // Before 2026-02-20 four times the price and a quarter of the shares: after the split nothing has changed.
    for (date, days) in &mut tables.daily {
        if date.to_string().as_str() < "2026-02-20" {
            let day = days.get_mut(&symbol("AA")).expect("a day");
            let times4 = |price: Price| Price::from_micros(price.micros() * 4);
            (day.open, day.high, day.low, day.close) =
                (times4(day.open), times4(day.high), times4(day.low), times4(day.close));
            day.volume /= 4;
            let range = tables.openings.get_mut(date).and_then(|ranges| ranges.get_mut(&(symbol("AA"), 5)));
            range.expect("a range").volume = Some(25);
        }
    }
    let split = ActionKind::Split(Split { after: 4, before: 1 });
    assert_ne!(facts(&calendar, &today, "AA", &tables).engine, whole.engine, "without the split it is another history");
    tables.actions = vec![action("AA", "2026-02-20", split.clone()), action("AA", "2026-02-20", split)];
    let known = facts(&calendar, &today, "AA", &tables);
    assert_eq!((known.engine, &known.days), (whole.engine, &whole.days), "told twice, applied once");
    assert_eq!(known.splits.len(), 1);
}

#[test]
fn a_split_of_the_day_itself_is_applied_and_one_of_tomorrow_is_not() {
    let calendar = calendar();
    let today = session(&calendar, "2026-03-02");
    let mut tables = tables(&calendar, &today, |_| "AA");
    let close = |tables: &Tables| facts(&calendar, &today, "AA", tables).previous_close();
    for (date, cents) in [("2026-03-02", 500), ("2026-02-28", 500), ("2026-03-03", 1_000), ("2026-01-02", 1_000)] {
        tables.actions = vec![action("AA", date, ActionKind::Split(Split { after: 2, before: 1 }))];
        assert_eq!(close(&tables), Some(Price::from_cents(cents)), "a split of {date}");
    }
    tables.actions = vec![action("AA", "2026-03-02", ActionKind::Unclear)];
    let known = facts(&calendar, &today, "AA", &tables);
    assert_eq!((known.engine, known.days.len()), (SymbolReference::default(), 0), "terms that cannot be read");
}

#[test]
fn a_symbol_that_changed_its_name_keeps_its_history() {
    let calendar = calendar();
    let today = session(&calendar, "2026-03-02");
    let name = |date: Date| if date.to_string().as_str() < "2026-02-20" { "OLD" } else { "NEW" };
    let mut tables = tables(&calendar, &today, name);
    assert_eq!(facts(&calendar, &today, "NEW", &tables).engine.volume_sum14, None, "nothing tells of the change");
    tables.actions = vec![action("OLD", "2026-02-20", ActionKind::Rename { to: symbol("NEW") })];
    assert_eq!(facts(&calendar, &today, "NEW", &tables).engine.volume_sum14, Some(14_000));
    let reused = facts(&calendar, &today, "OLD", &tables);
    assert_eq!((reused.engine, reused.days.len()), (SymbolReference::default(), 0), "another company's past");
}

#[test]
fn names_are_followed_back_and_a_name_that_was_given_up_ends_there() {
    let rename = |from, date, to| action(from, date, ActionKind::Rename { to: symbol(to) });
    let actions = [rename("A", "2026-02-02", "B"), rename("B", "2026-02-10", "C"), rename("X", "2026-02-10", "B")];
    let lineage = Lineage::of(&actions);
    let at = |name: &str, date: &str| {
        let earlier = date.parse().expect("a date");
        lineage.name_at(&symbol(name), "2026-03-02".parse().expect("a date"), earlier).map(|name| name.to_string())
    };
    assert_eq!(at("C", "2026-02-10").as_deref(), Some("C"));
    assert_eq!(at("C", "2026-02-09").as_deref(), Some("B"));
    assert_eq!(at("C", "2026-02-01").as_deref(), Some("A"));
    assert_eq!(at("B", "2026-02-09").as_deref(), Some("X"));
    assert_eq!(at("A", "2026-02-01"), None);
    assert_eq!(at("Z", "2026-01-01").as_deref(), Some("Z"));
}

#[test]
fn a_thin_feed_is_refused_with_its_numbers() {
    let calendar = calendar();
    let today = session(&calendar, "2026-03-02");
    let mut tables = tables(&calendar, &today, |_| "AA");
    let symbols = [symbol("AA")];
    let wanted = Wanted { session: &today, symbols: &symbols, sessions: 16 };
    let of = |tables: &Tables| Reference::of(&wanted, Feed::Iex, &calendar, tables);
    assert_eq!(of(&tables).check_feed(5), Ok(()));
    for ranges in tables.openings.values_mut().rev().take(3) {
        ranges.values_mut().for_each(|range| range.volume = None);
    }
    // Eleven of fourteen are 78.6%.
    let refused = of(&tables).check_feed(5).expect_err("a thin feed");
    assert_eq!((refused.complete, refused.ranges, refused.rankable), (11, 14, 0));
    assert!(refused.to_string().contains("the feed iex is too thin"), "{refused}");
    assert!(of(&Tables::default()).check_feed(5).is_err(), "nothing known is not enough");
}

#[test]
fn ranges_are_complete_as_the_engine_s_are() {
    let calendar = calendar();
    let today = session(&calendar, "2026-03-02");
    let bar = |minute: i64| {
        let price = Price::from_cents(100);
        let start = today.open + Span::from_minutes(minute);
        Bar { symbol: SymbolId(0), start, open: price, high: price, low: price, close: price, volume: 10 }
    };
    let volume = |minutes: &[i64]| {
        let bars: Vec<Bar> = minutes.iter().map(|&minute| bar(minute)).collect();
        opening_volume(&symbol("AA"), 5, &today, &bars).map(|range| (range.bars, range.volume))
    };
    assert_eq!(volume(&[4, 3, 2, 1, 0, 5, -1]), Some((5, Some(50))));
    assert_eq!(volume(&[0, 1, 2, 4]), Some((4, Some(40))));
    assert_eq!(volume(&[0, 1, 2]), Some((3, None)));
    assert_eq!(volume(&[1, 2, 3, 4]), Some((4, None)));
    assert_eq!(volume(&[5]), None);
}

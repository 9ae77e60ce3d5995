//! The choice of a morning equals that of the backtest of the same day.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use orb_core::config::SlotPolicy;
use orb_core::{Bar, Date, Price, Reason, Span, SymbolId};
use orb_data::bars::{BarSet, Dropped, Loaded};
use orbd::backtest::{Market, Selection};
use orbd::demo::DemoSession;

use crate::morning::{Choice, in_play, ordered, rehearse, story, synthetic};

/// Sessions before the first that is traded.
const HISTORY: usize = 16;
/// Recorded days that are compared where `ORB_SCAN_DAYS` does not say how many.
const DAYS: usize = 1;

/// Compares the choice of a morning with its backtest's; returns how many were chosen.
#[track_caller]
fn compare(session: impl Fn() -> DemoSession) -> usize {
    let expect = Choice::of_backtest(&session());
    let outcome = rehearse(session(), "");
    let found = Choice::of_morning(&session(), &outcome);
    assert_eq!(found.chosen, expect.chosen, "{}\n{}", session().date(), story(&outcome));
    assert_eq!(settled(&found), settled(&expect), "{}\n{}", session().date(), story(&outcome));
    expect.chosen.len()
}

/// Returns why symbols were refused; not those without a bar in the range, which a later bar or the day's end settles.
fn settled(choice: &Choice) -> BTreeSet<(String, Reason)> {
    let late = |reason: Reason| matches!(reason, Reason::NoBars | Reason::RangeNoFirstBar);
    let refused = choice.refused.iter().filter(|(_, reason)| !late(**reason));
    refused.map(|(name, reason)| (name.clone(), *reason)).collect()
}

#[test]
fn a_synthetic_morning_chooses_as_its_backtest_does() {
    let chosen = compare(|| synthetic(in_play()));
    assert!((4..=8).contains(&chosen), "{chosen} were chosen");
}

#[test]
fn entries_that_rest_at_the_broker_are_those_of_the_highest_rank() {
    let mut run = in_play();
    run.strategies[0].slot_policy = SlotPolicy::Ranked;
    run.set("entry_mode", "resting_stop").expect("a setting");
    let (session, outcome) = (synthetic(run.clone()), rehearse(synthetic(run), ""));
    let entries: BTreeSet<String> = ordered(&outcome).into_keys().collect();
    assert_eq!(entries.len(), 5, "as many as there are slots\n{}", story(&outcome));
    let chosen = Choice::of_morning(&session, &outcome).chosen;
    let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
    let first: BTreeSet<String> = ranked(&session, &chosen).into_iter().take(5).map(str::to_owned).collect();
    assert_eq!(entries, first, "{}", story(&outcome));
}

/// Sorts symbols by the volume of their first five minutes over that of the 14 ranges before, the largest first.
fn ranked<'a>(session: &DemoSession, symbols: &[&'a str]) -> Vec<&'a str> {
    let day = &session.market.days[0];
    let end = day.session.open + Span::from_minutes(5);
    let mut ratios: Vec<(f64, &str)> = Vec::new();
    for name in symbols {
        let id = session.market.symbols.iter().find(|(_, symbol)| symbol.as_str() == *name).expect("a symbol").0;
        let bars = session.market.bars_of(day).iter().filter(|bar| bar.symbol == id && bar.start < end);
        let before = day.reference[id.index()].opening_volume_sum14[1].expect("it was ranked");
        ratios.push((bars.map(|bar| bar.volume).sum::<u64>() as f64 / before as f64, name));
    }
    ratios.sort_by(|one, other| other.0.total_cmp(&one.0));
    ratios.into_iter().map(|(_, name)| name).collect()
}

/// Recorded bars of five minutes, each split into minutes that have the same range, volume and close together.
fn recorded(path: PathBuf, date: Date) -> DemoSession {
    let mut run = in_play();
    run.set("average_volume_min", "1000000").expect("a setting");
    run.set("top", "20").expect("a setting");
    let selection = Selection { bars: vec![path], to: Some(date), from: Some(date), ..Selection::default() };
    let market = orbd::backtest::load(&selection, &mut run).expect("recorded bars");
    let calendar = Arc::new(orb_data::nyse_calendar(2005, 2100));
    let today = calendar.index_of(date).expect("a session");
    let minutes_of = |sessions: &[orb_core::Session]| {
        let trade = &market.loaded().trade;
        let bars =
            sessions.iter().filter_map(|session| trade.session(session.date)).flat_map(|day| day.bars().to_vec());
        bars.flat_map(|bar| minutes(&bar)).collect::<Vec<Bar>>()
    };
    let sessions = calendar.sessions();
    let set = |sessions: &[orb_core::Session]| {
        let bars = minutes_of(sessions);
        BarSet::from_bars((*market.symbols).clone(), Span::from_minutes(1), &calendar, bars).expect("bars of minutes")
    };
    let loaded = Loaded {
        trade: set(&sessions[today..=today]),
        warmup: set(&sessions[today - HISTORY..today]),
        dropped: Dropped::default(),
    };
    run.strategies[0].symbols.clear();
    let market = Market::new(loaded, Arc::clone(&calendar), &Selection::default(), &mut run).expect("a market");
    DemoSession { run, market }
}

/// Splits a bar of five minutes: the first minute has its range, and the others stand at its close.
fn minutes(bar: &Bar) -> impl Iterator<Item = Bar> + use<> {
    let bar = *bar;
    let (rest, each) = (bar.volume % 5, bar.volume / 5);
    (0..5).filter_map(move |minute| {
        let start = bar.start + Span::from_minutes(minute);
        let volume = each + if minute == 0 { rest } else { 0 };
        let flat = |price: Price| Bar { start, open: price, high: price, low: price, close: price, volume, ..bar };
        let made = if minute == 0 { Bar { start, volume, ..bar } } else { flat(bar.close) };
        (volume > 0).then_some(made)
    })
}

#[test]
fn recorded_mornings_choose_as_their_backtests_do() {
    let Some(path) = orb_data::test_data::path("bars/5m/universe-2025-2026") else { return };
    let days = std::env::var("ORB_SCAN_DAYS").ok().and_then(|text| text.parse().ok()).unwrap_or(DAYS);
    let calendar = orb_data::nyse_calendar(2005, 2100);
    let last = calendar.index_of("2026-02-13".parse().expect("a date")).expect("a session");
    for session in calendar.sessions()[..=last].iter().rev().take(days) {
        let chosen = compare(|| recorded(path.clone(), session.date));
        assert!(chosen > 0, "{}: nothing was chosen", session.date);
    }
}

#[test]
fn minutes_have_the_volume_and_the_prices_of_their_bar() {
    let [open, high, low, close] = ["10", "11", "9.5", "10.5"].map(|text| text.parse::<Price>().expect(text));
    let start = orb_core::Timestamp::from_micros(0);
    let bar = Bar { symbol: SymbolId(0), start, open, high, low, close, volume: 103 };
    let split: Vec<Bar> = minutes(&bar).collect();
    assert_eq!((split.len(), split.iter().map(|bar| bar.volume).sum::<u64>()), (5, 103));
    assert_eq!((split[0].open, split[4].close), (open, close));
    assert!(split.iter().all(|bar| bar.validated().is_ok()));
}

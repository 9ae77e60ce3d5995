//! Bars of one minute and of five give the same ranges and signals.

use std::collections::BTreeMap;

use orb_backtest::{Backtest, FillModel, Report, SessionBars};
use orb_core::explain::{Explanation, Verdict};
use orb_core::range_book::OpeningRange;
use orb_core::reason::Reason;
use orb_core::{Bar, Price, Session, Side, Span, SymbolId, Timestamp};
use proptest::prelude::*;

use crate::market::{self, Dice};
use crate::{NAMES, day};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn minutes_and_five_minutes_give_the_same_ranges_and_signals(seed in any::<u64>()) {
        case(seed);
    }
}

/// Room for every symbol, so that no size is cut and no slot is missed.
const ROOM: &str = "max_positions=20 leverage=20 daily_loss_limit=1";

#[test]
fn markets_of_both_lengths_have_signals() {
    let (signals, ambiguous) = (0..40).map(case).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert!(signals > 40 && ambiguous > 0, "{signals} signals, {ambiguous} ambiguous bars");
}

/// Returns the number of signals of five minutes, and of bars in which only minutes tell the side.
#[track_caller]
fn case(seed: u64) -> (usize, usize) {
    let mut dice = Dice(seed);
    let base = *dice.pick(&[
        "orb-classic",
        "orb-classic direction=candle",
        "orb-classic direction=candle slot_policy=ranked",
        "orb-classic stop=percent:1",
        "orb-etf",
    ]);
    let settings = format!("{base} range_minutes={} {ROOM}", *dice.pick(&[5, 15, 30, 60]));
    let session = day::session("2026-02-13", 5, 390);
    let minutes = whole_symbols(market::bars(&mut dice, &session, Span::from_minutes(1), 6));
    let five = aggregated(&minutes, &session);
    let (fine, coarse) = (run(&settings, 1, session, &minutes), run(&settings, 5, session, &five));
    let at = |symbol: SymbolId| format!("{symbol:?}, case({seed}): {settings}");
    let entries = |report: &Report| -> BTreeMap<SymbolId, Timestamp> {
        report.trades.iter().map(|trade| (trade.attempt.symbol, trade.entry_time)).collect()
    };
    let (fine_entries, coarse_entries) = (entries(&fine), entries(&coarse));
    let (mut signals, mut ambiguous) = (0, 0);
    for (left, right) in fine.explanations.iter().zip(&coarse.explanations) {
        let symbol = left.attempt.symbol;
        assert_eq!((left.attempt, left.rvol, left.rank), (right.attempt, right.rvol, right.rank), "{}", at(symbol));
        assert_eq!(prices(left.range), prices(right.range), "{}", at(symbol));
        if matches!(right.verdict, Verdict::NoTrade(Reason::BothSidesInOneBar, _)) {
            ambiguous += 1;
            continue;
        }
        assert_eq!(signal(left), signal(right), "{}", at(symbol));
        let five_minutes = Span::from_minutes(5).micros();
        let holds = |entry: &Timestamp| (entry.micros() - session.open.micros()).div_euclid(five_minutes);
        let [left, right] = [&fine_entries, &coarse_entries].map(|entries| entries.get(&symbol).map(holds));
        assert_eq!(left, right, "the bar of five minutes holds the minute: {}", at(symbol));
        signals += usize::from(right.is_some());
    }
    (signals, ambiguous)
}

type Prices = (Price, Price, Price, Price, u64);

/// Leaves out the mean price: that of finer bars is finer.
fn prices(range: Option<OpeningRange>) -> Option<Prices> {
    range.map(|range| (range.open, range.high, range.low, range.close, range.volume))
}

type Signal = (Side, Price, Price, i64);

fn signal(explanation: &Explanation) -> Result<Signal, Reason> {
    match (&explanation.verdict, &explanation.entry) {
        (Verdict::NoTrade(reason, _), _) => Err(*reason),
        (_, Some(entry)) => Ok((entry.side, entry.level, entry.exits.stop, entry.size.quantity.shares())),
        (_, None) => panic!("a signal without its entry: {explanation:?}"),
    }
}

fn run(settings: &str, minutes: u32, session: Session, bars: &[Bar]) -> Report {
    let config = day::engine_config(&format!("{settings} bars={minutes}"), &NAMES, vec![session]).explained();
    // Without a previous close rule 201, which restricts from the next bar on, is inactive.
    let reference = vec![orb_core::event::SymbolReference::default(); NAMES.len()];
    let mut backtest = Backtest::new(config, FillModel::Pessimistic);
    backtest.run_session(&SessionBars { session: &session, bars, reference: &reference });
    backtest.finish()
}

/// Keeps the symbols that have all their minutes: a hole can leave a range of minutes incomplete and one of bars not.
fn whole_symbols(mut bars: Vec<Bar>) -> Vec<Bar> {
    let mut counts: BTreeMap<SymbolId, usize> = BTreeMap::new();
    bars.iter().for_each(|bar| *counts.entry(bar.symbol).or_default() += 1);
    bars.retain(|bar| counts[&bar.symbol] == 390);
    bars
}

fn aggregated(minutes: &[Bar], session: &Session) -> Vec<Bar> {
    let mut bars: BTreeMap<(Timestamp, SymbolId), Bar> = BTreeMap::new();
    let five = Span::from_minutes(5).micros();
    for bar in minutes {
        let start = session.open + Span::from_micros((bar.start - session.open).micros() / five * five);
        let whole = bars.entry((start, bar.symbol)).or_insert(Bar { start, volume: 0, ..*bar });
        (whole.high, whole.low) = (whole.high.max(bar.high), whole.low.min(bar.low));
        (whole.close, whole.volume) = (bar.close, whole.volume + bar.volume);
    }
    bars.into_values().collect()
}

//! Markets of recorded trades, and trades that are corrected or taken back.

use std::sync::Arc;

use orb_core::{Span, Timestamp};

use super::rig::{DELAY, minute, tape, tape_with_trades};
use super::tape::Tape;
use super::timeframe::TapeBar;
use super::timeline::{CORRECTION_DELAY, MarketEvent, Timeline};

/// What happens to a symbol, as words.
fn told(tape: Tape, symbol: &str, kinds: &str) -> Vec<String> {
    let tape = Arc::new(tape);
    let mut timeline = Timeline::new(Arc::clone(&tape), Span::from_minutes(5));
    let all = std::iter::from_fn(|| timeline.next_until(Timestamp::MAX));
    let words = all.filter_map(|(at, event)| {
        let (kind, of, text) = words(at, &event)?;
        (kinds.contains(kind) && tape.symbols().name(of).as_str() == symbol).then(|| format!("{kind} {text}"))
    });
    words.collect()
}

fn words(at: Timestamp, event: &MarketEvent) -> Option<(char, orb_core::SymbolId, String)> {
    let seconds = |at: Timestamp| format!("{}.{:03}", clock(at) / 1_000, clock(at) % 1_000);
    let bar = |bar: &TapeBar| {
        let prices = [bar.open, bar.high, bar.low, bar.close].map(|price| price.to_string()).join(" ");
        format!("{} {prices} {} {}", seconds(at), bar.volume, bar.trades)
    };
    match event {
        MarketEvent::Trade(symbol, trade) => {
            Some(('t', *symbol, format!("{} {} {}", seconds(at), trade.print.price, trade.print.size)))
        }
        MarketEvent::Bar(symbol, minute) => Some(('b', *symbol, bar(minute))),
        MarketEvent::Updated(symbol, minute) => Some(('u', *symbol, bar(minute))),
        MarketEvent::Revised(revision) => {
            let to = revision.corrected.map_or("nothing".to_owned(), |trade| trade.print.price.to_string());
            Some(('r', revision.symbol, format!("{} {} to {to}", seconds(at), revision.original.print.price)))
        }
        MarketEvent::Quote(..)
        | MarketEvent::Daily(..)
        | MarketEvent::Halt(..)
        | MarketEvent::Resume(..)
        | MarketEvent::Bands(..)
        | MarketEvent::Over(_) => None,
    }
}

/// Milliseconds since the open.
fn clock(at: Timestamp) -> i64 {
    (at - minute(0)).micros() / 1_000
}

/// What begins with these seconds since the open.
fn within(told: &[String], from: f64, to: f64) -> Vec<&str> {
    let at = |line: &&str| line.split(' ').nth(1).and_then(|word| word.parse::<f64>().ok()).expect("seconds");
    told.iter().map(String::as_str).filter(|line| from <= at(line) && at(line) < to).collect()
}

#[test]
fn a_minute_with_trades_walks_through_them_at_their_times() {
    let told = told(tape_with_trades(""), "AAA", "t");
    let expected = ["t 120.000 11 10", "t 140.000 10.9 20", "t 140.000 11.2 5", "t 179.999 11.05 1"];
    assert_eq!(within(&told, 120.0, 180.0), expected);
    assert_eq!(within(&told, 240.0, 300.0), ["t 240.000 10.5 100"]);
}

#[test]
fn a_minute_without_trades_follows_the_path_inside_its_bar() {
    let (recorded, plain) = (told(tape_with_trades(""), "AAA", "tb"), told(tape(""), "AAA", "tb"));
    assert_eq!(within(&recorded, 0.0, 120.0), within(&plain, 0.0, 120.0));
    assert_eq!(within(&recorded, 300.051, 9_999.0), within(&plain, 300.051, 9_999.0));
    let of_others = [tape_with_trades(""), tape("")].map(|tape| told(tape, "BBB", "tb"));
    assert_eq!(of_others[0], of_others[1]);
}

#[test]
fn a_bar_is_what_its_trades_make_whatever_the_recorded_one_says() {
    let told = told(tape_with_trades(""), "AAA", "b");
    assert_eq!(within(&told, 180.0, 200.0), ["b 180.050 11 11.2 10.9 11.05 36 4"]);
    assert_eq!(within(&told, 300.0, 320.0), ["b 300.050 10.5 10.5 10.5 10.5 100 1"]);
}

#[test]
fn a_symbol_without_bars_has_those_of_its_trades_and_silence_between() {
    let told = told(tape_with_trades(""), "CCC", "tb");
    let expected =
        ["t 60.500 30 7", "b 120.050 30 30 30 30 7 1", "t 360.000 30.1 8", "b 420.050 30.1 30.1 30.1 30.1 8 1"];
    assert_eq!(told, expected);
}

/// Plans that the last trade of a symbol before a moment is 20 cents lower, or was none.
fn plan(fault: &str, symbol: &str, at: &str) -> String {
    format!("[[market]]\nfault = {fault}\nsymbol = '{symbol}'\nat = '{at}'\n")
}

const CORRECTED: &str = "{ trade_corrected_cents = -20 }";
const CANCELED: &str = "'trade_canceled'";

#[test]
fn a_correction_comes_at_its_moment_and_the_bar_again_after_its_delay() {
    let told = told(tape_with_trades(&plan(CORRECTED, "CCC", "09:32:10")), "CCC", "bur");
    let expected = ["b 120.050 30 30 30 30 7 1", "r 130.000 30 to 29.8", "u 160.000 29.8 29.8 29.8 29.8 7 1"];
    assert_eq!(within(&told, 0.0, 300.0), expected);
}

#[test]
fn what_is_taken_back_before_its_bar_is_published_is_not_in_it() {
    let told = told(tape_with_trades(&plan(CANCELED, "AAA", "09:32:21")), "AAA", "bur");
    // Of two trades of one instant the last one is meant.
    let expected = ["r 141.000 11.2 to nothing", "b 180.050 11 11.05 10.9 11.05 31 3"];
    assert_eq!(within(&told, 120.06, 230.0), expected);
}

#[test]
fn a_trade_of_a_path_is_corrected_as_one_that_was_recorded() {
    let told = told(tape(&plan(CORRECTED, "AAA", "09:31:00")), "AAA", "rb");
    // The close of the first bar, which has not been published yet.
    assert_eq!(within(&told, 60.0, 61.0), ["r 60.000 10.02 to 9.82", "b 60.050 10 10.06 9.82 9.82 1000 12"]);
}

fn symbol(tape: &Tape, name: &str) -> orb_core::SymbolId {
    tape.symbols().id(&orb_core::Symbol::new(name).expect(name)).expect("it is there")
}

#[test]
fn a_bar_without_a_trade_left_is_no_more_and_is_not_told_again() {
    let tape = tape_with_trades(&plan(CANCELED, "CCC", "09:37:10"));
    let ccc = symbol(&tape, "CCC");
    let known = |at| tape.minutes(ccc, minute(6), minute(7), at).len();
    let update = minute(7) + Span::from_seconds(10) + CORRECTION_DELAY;
    assert_eq!((known(minute(7) + DELAY), known(update - Span::from_micros(1)), known(update)), (1, 1, 0));
    assert_eq!(told(tape, "CCC", "ur"), ["r 430.000 30.1 to nothing"]);
}

#[test]
fn the_last_trade_is_the_valid_one_from_the_moment_on_at_which_that_is_known() {
    let tape = tape_with_trades(&(plan(CORRECTED, "CCC", "09:32:10") + &plan(CANCELED, "CCC", "09:37:10")));
    let ccc = symbol(&tape, "CCC");
    let last = |second| tape.last_trade(ccc, minute(0) + Span::from_seconds(second)).map(|trade| trade.print.price);
    let price = |cents| Some(orb_core::Price::from_cents(cents));
    assert_eq!([61, 129, 130, 360, 429, 430].map(last), [3_000, 3_000, 2_980, 3_010, 3_010, 2_980].map(price));
    let print = tape.last_print(ccc, minute(60)).map(|trade| trade.print.price);
    assert_eq!(print, price(3_010), "the quote stood around what was published");
}

#[test]
fn a_trade_is_revised_once_and_none_before_the_open_ever() {
    let twice =
        plan(CORRECTED, "CCC", "09:32:10") + &plan(CANCELED, "CCC", "09:32:20") + &plan(CANCELED, "*", "09:30:00");
    assert_eq!(told(tape_with_trades(&twice), "CCC", "r"), ["r 130.000 30 to 29.8"]);
}

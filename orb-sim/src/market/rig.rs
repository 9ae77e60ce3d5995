//! Small markets for tests.

use orb_core::{Bar, Calendar, Price, Session, Span, Symbol, SymbolId, SymbolTable, Timestamp};
use orb_data::BarSet;
use orb_data::trades::{Trade, TradeSet};

use super::path::PathConfig;
use super::recorded::Recorded;
use super::source::Material;
use super::tape::{Tape, TapeOptions};
use crate::faults::{FaultPlan, MarketFaults};

pub(crate) const DELAY: Span = Span::from_millis(50);

/// Returns the first session to play; the session before it is history.
pub(crate) fn session() -> Session {
    calendar().sessions()[1]
}

fn calendar() -> Calendar {
    orb_data::nyse_calendar(2026, 2026)
}

/// Returns the symbols' bars of one minute: `AAA` at $10 and `BBB` at $20, which has a hole from minute 3 to 9.
fn bars(session: &Session, minutes: i64) -> Vec<Bar> {
    let bar = |symbol: u32, minute: i64| {
        let cents = 1_000 * (i64::from(symbol) + 1) + minute;
        let [open, high, low, close] = [cents, cents + 6, cents - 5, cents + 2].map(Price::from_cents);
        let start = session.open + Span::from_minutes(minute);
        Bar { symbol: SymbolId(symbol), start, open, high, low, close, volume: 1_000 }
    };
    let is_there = |(symbol, minute): &(u32, i64)| *symbol == 0 || !(3..9).contains(minute);
    let all = (0..minutes).flat_map(|minute| [(0, minute), (1, minute)]);
    all.filter(is_there).map(|(symbol, minute)| bar(symbol, minute)).collect()
}

/// Makes a market of 12 minutes on each of two days with what a plan lets go wrong.
pub(crate) fn tape(plan: &str) -> Tape {
    tape_with(plan, None)
}

/// Makes the same market with trades of `AAA` and of `CCC`, which has no bars.
pub(crate) fn tape_with_trades(plan: &str) -> Tape {
    let trade = |at, cents, size| Trade { at, price: Price::from_cents(cents), size };
    let at = |minutes, millis| minute(minutes) + Span::from_millis(millis);
    let of_aaa = vec![
        trade(minute(2), 1_100, 10),
        trade(at(2, 20_000), 1_090, 20),
        trade(at(2, 20_000), 1_120, 5),
        trade(at(2, 59_999), 1_105, 1),
        trade(minute(4), 1_050, 100),
    ];
    let of_ccc = vec![trade(at(1, 500), 3_000, 7), trade(at(6, 0), 3_010, 8)];
    tape_with(plan, Some(vec![("AAA", of_aaa), ("CCC", of_ccc)]))
}

fn tape_with(plan: &str, trades: Option<Vec<(&str, Vec<Trade>)>>) -> Tape {
    let plan: FaultPlan = plan.parse().expect("a plan");
    let calendar = calendar();
    let sessions = [calendar.sessions()[0], calendar.sessions()[1]];
    let symbols = SymbolTable::new(["AAA", "BBB"].map(|name| Symbol::new(name).expect(name)));
    let bars = sessions.iter().flat_map(|session| bars(session, 12)).collect();
    let trades = trades.map(|trades| {
        let symbols = SymbolTable::new(trades.iter().map(|(name, _)| Symbol::new(name).expect(name)));
        TradeSet::from_lists(symbols, trades.into_iter().map(|(_, trades)| trades).collect())
    });
    let played = BarSet::from_bars(symbols, Span::from_minutes(1), &calendar, bars).expect("bars");
    let recorded = Recorded { played: Some(played), trades, ..Recorded::default() };
    let symbols = recorded.symbols();
    let material = Material {
        bar_length: recorded.bar_length().expect("bars of a minute"),
        trades: recorded.trades(&symbols),
        bars: recorded.into_bars(&symbols),
        symbols,
        past: None,
        sessions: vec![sessions[1]],
        calendar,
    };
    let options =
        TapeOptions { path: PathConfig::default(), bar_delay: DELAY, halts_from_holes: Some(Span::from_minutes(5)) };
    Tape::new(material, options, MarketFaults::new(&plan))
}

/// Returns an instant so many minutes after the open of the session to play.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    session().open + Span::from_minutes(minutes)
}

//! Small markets for tests.

use orb_core::{Bar, Calendar, Price, Session, Span, Symbol, SymbolId, SymbolTable, Timestamp};

use super::path::PathConfig;
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
    let plan: FaultPlan = plan.parse().expect("a plan");
    let calendar = calendar();
    let sessions = [calendar.sessions()[0], calendar.sessions()[1]];
    let material = Material {
        symbols: SymbolTable::new(["AAA", "BBB"].map(|name| Symbol::new(name).expect(name))),
        bar_length: Span::from_minutes(1),
        bars: sessions.iter().flat_map(|session| bars(session, 12)).collect(),
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

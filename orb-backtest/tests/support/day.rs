//! Calendars and symbol tables for tests.

use std::sync::Arc;

use orb_core::config::preset;
use orb_core::time::Date;
use orb_core::{Calendar, EngineConfig, Price, RunConfig, Session, Span, Symbol, SymbolTable, Timestamp};

/// Makes a session from its date, the offset of New York from UTC in hours and its length in minutes.
#[track_caller]
pub(crate) fn session(date: &str, utc_offset: u32, minutes: i64) -> Session {
    let date: Date = date.parse().expect(date);
    let open = date.and_hms_opt(9 + utc_offset, 30, 0).expect("a time").and_utc();
    let open = Timestamp::from_datetime(open);
    Session { date, open, close: open + Span::from_minutes(minutes) }
}

/// Makes the configuration of an engine from a line such as `orb-classic max_positions=1 bars=1`.
///
/// `bars` is the length of the bars in minutes, 5 by default; `fill` is left to the caller; `|` begins another
/// strategy, whose settings follow its preset.
#[track_caller]
pub(crate) fn engine_config(line: &str, symbols: &[&str], sessions: Vec<Session>) -> EngineConfig {
    let mut runs: Vec<RunConfig> = Vec::new();
    let mut bar_length = Span::from_minutes(5);
    for part in line.split('|') {
        let mut words = part.split_whitespace();
        let name = words.next().expect("a preset");
        let mut run = RunConfig::of(preset(name).expect(name));
        // A preset's own list of symbols applies to live runs only.
        run.strategies[0].symbols.clear();
        // The scripts' figures are of fills at the prices of the bars; those with slippage say so.
        run.strategies[0].costs.slippage = Price::ZERO;
        for word in words {
            let (key, value) = word.split_once('=').expect(word);
            match key {
                "bars" => bar_length = Span::from_minutes(value.parse().expect(word)),
                "fill" => {}
                _ => run.set(key, value).unwrap_or_else(|error| panic!("{error}")),
            }
        }
        runs.push(run);
    }
    let mut run = runs.remove(0);
    run.strategies.extend(runs.into_iter().flat_map(|other| other.strategies));
    run.validate().unwrap_or_else(|error| panic!("{error}"));
    run.validate_bar_length(bar_length).unwrap_or_else(|error| panic!("{error}"));
    let symbols = symbols.iter().map(|name| Symbol::new(name).expect(name));
    EngineConfig::new(
        run,
        Arc::new(SymbolTable::new(symbols)),
        Arc::new(Calendar::new(sessions).expect("sessions in order")),
        bar_length,
    )
}

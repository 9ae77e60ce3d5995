//! The day of the benchmark: a few symbols, each with the same range, and an engine for it.

use std::sync::Arc;

use orb_core::config::preset;
use orb_core::event::{ReferenceData, SymbolReference};
use orb_core::{
    Bar, Calendar, Date, EngineConfig, Money, Price, RunConfig, Session, Span, Symbol, SymbolId, SymbolTable, Timestamp,
};

/// Symbols that are traded, all of them within one round.
pub(crate) const SYMBOLS: u32 = 100;
/// Minutes of the range.
pub(crate) const RANGE: i64 = 5;
/// Price of the range's end, within it.
pub(crate) const WITHIN: Price = Price::from_cents(10_000);
/// A price above the level of a long entry.
pub(crate) const BEYOND: Price = Price::from_cents(10_102);

/// Holds what every part of the benchmark speaks of.
#[derive(Clone, Debug)]
pub(crate) struct Day {
    pub(crate) run: RunConfig,
    pub(crate) symbols: Arc<SymbolTable>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) session: Session,
}

impl Day {
    /// Makes a day on which so many slots are free as there are symbols, under further settings.
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        let mut run = RunConfig::of(preset("orb-classic").expect("a preset"));
        let slots = SYMBOLS.to_string();
        for (key, value) in [("max_positions", slots.as_str()), ("target_r", "off")].iter().chain(settings) {
            run.set(key, value).expect("a setting");
        }
        let date = Date::from_ymd_opt(2026, 11, 24).expect("a date");
        let open = Timestamp::from_datetime(date.and_hms_opt(14, 30, 0).expect("a time").and_utc());
        let session = Session { date, open, close: open + Span::from_minutes(390) };
        let symbols = (0..SYMBOLS).map(|number| Symbol::new(&format!("S{number}")).expect("a symbol"));
        Self {
            run,
            symbols: Arc::new(SymbolTable::new(symbols)),
            calendar: Arc::new(Calendar::new(vec![session]).expect("one session")),
            session,
        }
    }

    pub(crate) fn engine_config(&self) -> EngineConfig {
        let minute = Span::from_minutes(1);
        EngineConfig::new(self.run.clone(), Arc::clone(&self.symbols), Arc::clone(&self.calendar), minute).live()
    }

    pub(crate) fn reference(&self) -> ReferenceData {
        let symbols = vec![SymbolReference::default(); self.symbols.len()];
        ReferenceData { date: self.session.date, equity_open: Money::from_cents(10_000_000), symbols }
    }

    /// Returns the bar of a minute after the open, counted from 0: of the range, or one that stays within it.
    pub(crate) fn bar(&self, symbol: SymbolId, minute: i64) -> Bar {
        let [open, high, low] =
            if minute < RANGE { [9_950, 10_100, 9_900] } else { [9_990, 10_010, 9_980] }.map(Price::from_cents);
        Bar { symbol, start: self.minute(minute), open, high, low, close: WITHIN, volume: 1_000 }
    }

    /// Returns the start of a minute after the open, counted from 0.
    pub(crate) fn minute(&self, minute: i64) -> Timestamp {
        self.session.open + Span::from_minutes(minute)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = SymbolId> + use<> {
        (0..SYMBOLS).map(SymbolId)
    }
}

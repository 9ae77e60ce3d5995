//! A random walk of minute bars, the same on every machine: it is made for timing, not for conclusions.

use orb_backtest::{Backtest, FillModel, Report, SessionBars};
use orb_core::config::preset;
use orb_core::event::SymbolReference;
use orb_core::history::History;
use orb_core::{
    Bar, Calendar, Date, EngineConfig, Price, RunConfig, Session, Span, Symbol, SymbolId, SymbolTable, Timestamp,
};
use std::sync::Arc;

/// Minutes of a regular session.
pub(crate) const MINUTES: usize = 390;

/// Holds sessions of bars with what is known before each.
pub(crate) struct Market {
    pub(crate) symbols: Arc<SymbolTable>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) days: Vec<Day>,
}

/// Holds one session.
pub(crate) struct Day {
    pub(crate) session: Session,
    pub(crate) bars: Vec<Bar>,
    pub(crate) reference: Vec<SymbolReference>,
}

/// Vigna's SplitMix64 (public domain), enough for a walk.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// Returns a number in [-size, size].
    fn step(&mut self, size: i64) -> i64 {
        self.next() as i64 % (size + 1)
    }
}

impl Market {
    /// Makes so many sessions of so many symbols.
    pub(crate) fn walk(symbols: usize, sessions: usize) -> Self {
        let names = (0..symbols).map(|index| Symbol::new(&format!("S{index:04}")).expect("a symbol"));
        let symbols = Arc::new(SymbolTable::new(names));
        let first = Date::from_ymd_opt(2024, 1, 2).expect("a date");
        let dates = first.iter_days().take(sessions);
        let hours = dates.map(|date| {
            let open =
                Timestamp::from_micros(date.and_hms_opt(14, 30, 0).expect("a time").and_utc().timestamp_micros());
            Session { date, open, close: open + Span::from_minutes(MINUTES as i64) }
        });
        let calendar = Arc::new(Calendar::new(hours.collect()).expect("in order"));
        let days = Self::days(&symbols, &calendar);
        Self { symbols, calendar, days }
    }

    fn days(symbols: &SymbolTable, calendar: &Calendar) -> Vec<Day> {
        let mut dice = Dice(7);
        let mut cents: Vec<i64> = (0..symbols.len()).map(|index| 2_000 + 700 * (index as i64 % 40)).collect();
        let mut history = History::new(symbols.len(), Span::from_minutes(1));
        let sessions = calendar.sessions().iter().copied();
        sessions
            .enumerate()
            .map(|(index, session)| {
                let mut bars = Vec::with_capacity(symbols.len() * MINUTES);
                for minute in 0..MINUTES {
                    let start = session.open + Span::from_minutes(minute as i64);
                    bars.extend(cents.iter_mut().zip(0..).map(|(last, id)| bar(SymbolId(id), start, last, &mut dice)));
                }
                let reference = history.reference(index);
                history.add_session(index, &session, &bars);
                Day { session, bars, reference }
            })
            .collect()
    }

    /// Returns how many bars there are.
    pub(crate) fn bars(&self) -> u64 {
        self.days.iter().map(|day| day.bars.len() as u64).sum()
    }

    /// Runs a preset over all of it, by the engine that trades live.
    pub(crate) fn run(&self, name: &str, model: FillModel) -> Report {
        let mut run = RunConfig::of(preset(name).expect("a preset"));
        run.strategies[0].symbols.clear();
        let config = EngineConfig::new(run, self.symbols.clone(), self.calendar.clone(), Span::from_minutes(1));
        let mut backtest = Backtest::new(config, model);
        for day in &self.days {
            let (session, bars, reference) = (&day.session, &day.bars, &day.reference);
            backtest.run_session(&SessionBars { session, bars, reference });
        }
        backtest.finish()
    }
}

/// Moves a price by a minute: about 0.06% to either side, now and then more.
fn bar(symbol: SymbolId, start: Timestamp, last: &mut i64, dice: &mut Dice) -> Bar {
    let size = (*last / 1_200).max(2) * if dice.next().is_multiple_of(64) { 6 } else { 1 };
    let open = (*last + dice.step(1)).max(200);
    let close = (open + dice.step(size)).clamp(200, 1_000_000);
    let high = open.max(close) + dice.step(size / 2).abs();
    let low = (open.min(close) - dice.step(size / 2).abs()).max(100);
    *last = close;
    let [open, high, low, close] = [open, high, low, close].map(Price::from_cents);
    Bar { symbol, start, open, high, low, close, volume: 1_000 + dice.next() % 9_000 }
}

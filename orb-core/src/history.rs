//! What the sessions before a day say about a symbol: previous close, ATR14, usual volumes.

use std::collections::VecDeque;

use crate::bar::Bar;
use crate::calendar::Session;
use crate::config::RANGE_MINUTES;
use crate::event::SymbolReference;
use crate::money::Price;
use crate::time::Span;

/// Number of sessions that the averages look back.
pub const LOOKBACK: usize = 14;

/// Sums up one symbol's regular session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DayBar {
    /// Position of the session in the calendar.
    session: usize,
    high: Price,
    low: Price,
    close: Price,
    volume: u64,
    /// Greatest of high - low, |high - previous close|, |low - previous close|; `None` on the first day.
    true_range: Option<Price>,
    /// Volume of the opening range of each length; `None` where it is not complete.
    opening_volume: [Option<u64>; RANGE_MINUTES.len()],
}

/// Remembers the latest sessions of every symbol of a table.
#[derive(Clone, Debug)]
pub struct History {
    bar_length: Span,
    symbols: Vec<VecDeque<DayBar>>,
    building: Vec<Option<Building>>,
}

#[derive(Clone, Copy, Debug)]
struct Building {
    day: DayBar,
    /// Bars and volume in the opening range of each length.
    opening: [(i64, u64); RANGE_MINUTES.len()],
    has_first: bool,
}

impl History {
    /// Makes an empty history for so many symbols and bars of a length.
    #[must_use]
    pub fn new(symbols: usize, bar_length: Span) -> Self {
        Self {
            bar_length,
            symbols: vec![VecDeque::with_capacity(LOOKBACK + 2); symbols],
            building: vec![None; symbols],
        }
    }

    /// Adds a session; `bars` are regular bars in the order of their start.
    ///
    /// Sessions come in the order of the calendar; `index` is the session's position in it.
    pub fn add_session(&mut self, index: usize, session: &Session, bars: &[Bar]) {
        for bar in bars {
            let building = &mut self.building[bar.symbol.index()];
            match building {
                Some(day) => day.add(bar, session, self.bar_length),
                None => *building = Some(Building::begin(index, bar, session)),
            }
        }
        for (days, building) in self.symbols.iter_mut().zip(&mut self.building) {
            if let Some(built) = building.take() {
                let previous = days.back().map(|day| day.close);
                days.push_back(built.end(previous, self.bar_length));
                if days.len() > LOOKBACK + 1 {
                    days.pop_front();
                }
            }
        }
    }

    /// Returns what is known of every symbol before the session at a position of the calendar.
    #[must_use]
    pub fn reference(&self, index: usize) -> Vec<SymbolReference> {
        self.symbols.iter().map(|days| reference_of(days, index)).collect()
    }
}

impl Building {
    fn begin(session_index: usize, bar: &Bar, session: &Session) -> Self {
        let day = DayBar {
            session: session_index,
            high: bar.high,
            low: bar.low,
            close: bar.close,
            volume: bar.volume,
            true_range: None,
            opening_volume: [None; RANGE_MINUTES.len()],
        };
        let mut building = Self { day, opening: [(0, 0); RANGE_MINUTES.len()], has_first: bar.start == session.open };
        building.add_opening(bar, session);
        building
    }

    fn add(&mut self, bar: &Bar, session: &Session, bar_length: Span) {
        self.day.high = self.day.high.max(bar.high);
        self.day.low = self.day.low.min(bar.low);
        self.day.close = bar.close;
        self.day.volume += bar.volume;
        if bar.start - session.open < Span::from_minutes(60).max(bar_length) {
            self.add_opening(bar, session);
        }
    }

    fn add_opening(&mut self, bar: &Bar, session: &Session) {
        let into_session = bar.start - session.open;
        for (minutes, (count, volume)) in RANGE_MINUTES.iter().zip(&mut self.opening) {
            if into_session < Span::from_minutes(i64::from(*minutes)) {
                *count += 1;
                *volume += bar.volume;
            }
        }
    }

    fn end(mut self, previous: Option<Price>, bar_length: Span) -> DayBar {
        for (index, &minutes) in RANGE_MINUTES.iter().enumerate() {
            let (count, volume) = self.opening[index];
            let whole = i64::from(minutes) % bar_length.minutes() == 0;
            let covered = count * bar_length.minutes() >= i64::from(minutes) - 1;
            self.day.opening_volume[index] = (self.has_first && whole && covered && count > 0).then_some(volume);
        }
        self.day.true_range = previous.map(|close| {
            let span = self.day.high.distance(self.day.low);
            span.max(self.day.high.distance(close)).max(self.day.low.distance(close))
        });
        self.day
    }
}

fn reference_of(days: &VecDeque<DayBar>, index: usize) -> SymbolReference {
    let latest = |count: usize| days.len().checked_sub(count).map(|skip| days.iter().skip(skip));
    let volume_sum14 = latest(LOOKBACK).map(|days| days.map(|day| day.volume).sum());
    let atr14 = latest(LOOKBACK).and_then(|days| {
        let sum: Option<i64> = days.map(|day| day.true_range.map(Price::micros)).sum();
        // The mean, half a micro-dollar rounded up.
        sum.map(|sum| Price::from_micros((sum + LOOKBACK as i64 / 2).div_euclid(LOOKBACK as i64)))
    });
    let last_two = latest(2).map(|mut days| (days.next(), days.next()));
    let restricted = matches!(last_two, Some((Some(before), Some(last)))
        if i128::from(last.low.micros()) * 10 <= i128::from(before.close.micros()) * 9);
    SymbolReference {
        previous_close: days.back().map(|day| day.close),
        atr14,
        volume_sum14,
        opening_volume_sum14: opening_sums(days, index),
        restricted,
    }
}

/// Sums the opening volumes of the 14 calendar sessions before; `None` where one is missing or incomplete.
fn opening_sums(days: &VecDeque<DayBar>, index: usize) -> [Option<u64>; RANGE_MINUTES.len()] {
    let Some(first) = index.checked_sub(LOOKBACK) else { return [None; RANGE_MINUTES.len()] };
    let within = || days.iter().filter(|day| (first..index).contains(&day.session));
    let all = within().count() == LOOKBACK;
    core::array::from_fn(|length| {
        all.then(|| within().map(|day| day.opening_volume[length]).sum::<Option<u64>>()).flatten()
    })
}

//! What is missing in the bars of a run.

use orb_core::{Bar, Session, Span};

/// Counts what the bars lack of those that there could be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holes {
    /// Regular bars that a symbol would have from its first session to its last if it traded in every interval.
    pub bars_possible: usize,
    /// Sessions without any bar.
    pub empty_sessions: usize,
    /// Sessions that a symbol misses whole between its first and its last.
    pub missing_symbol_days: usize,
}

impl Holes {
    /// Says in a sentence what is missing among so many bars; `None` where the data are as whole as trading is.
    ///
    /// Thinly traded symbols miss single bars by nature, so a few percent of missing bars are not told.
    #[must_use]
    pub fn sentence(&self, bars: usize) -> Option<String> {
        let missing = self.bars_possible.saturating_sub(bars);
        let is_patchy = missing * 50 > self.bars_possible;
        if !is_patchy && self.empty_sessions == 0 && self.missing_symbol_days == 0 {
            return None;
        }
        let Self { bars_possible, empty_sessions, missing_symbol_days } = self;
        Some(format!(
            "The data have holes: {missing} of {bars_possible} possible bars, {missing_symbol_days} whole symbol-days \
             and {empty_sessions} whole sessions are missing."
        ))
    }
}

/// Goes over the sessions of a run in their order and counts what is missing.
#[derive(Clone, Debug)]
pub(super) struct HoleCounter {
    bar_length: Span,
    symbols: Vec<Option<Seen>>,
    place: usize,
    slots: usize,
    empty_sessions: usize,
}

/// Counts the sessions of one symbol.
#[derive(Clone, Copy, Debug)]
struct Seen {
    first: usize,
    last: usize,
    days: usize,
    first_slots: usize,
    last_slots: usize,
}

impl HoleCounter {
    /// Begins a run of so many symbols and bars of a length.
    pub(super) fn new(symbols: usize, bar_length: Span) -> Self {
        Self { bar_length, symbols: vec![None; symbols], place: 0, slots: 0, empty_sessions: 0 }
    }

    /// Counts a session and its regular bars.
    pub(super) fn add(&mut self, session: &Session, bars: &[Bar]) {
        self.place += 1;
        let length = self.bar_length.micros().max(1);
        let before = self.slots;
        self.slots += usize::try_from((session.close - session.open).micros() / length).unwrap_or_default();
        self.empty_sessions += usize::from(bars.is_empty());
        for bar in bars {
            let fresh = Seen { first: self.place, last: 0, days: 0, first_slots: before, last_slots: before };
            let seen = self.symbols[bar.symbol.index()].get_or_insert(fresh);
            if seen.last != self.place {
                (seen.last, seen.last_slots) = (self.place, self.slots);
                seen.days += 1;
            }
        }
    }

    /// Returns what was missing.
    pub(super) fn holes(&self) -> Holes {
        let seen = || self.symbols.iter().flatten();
        Holes {
            bars_possible: seen().map(|seen| seen.last_slots - seen.first_slots).sum(),
            empty_sessions: self.empty_sessions,
            missing_symbol_days: seen().map(|seen| seen.last - seen.first + 1 - seen.days).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use orb_core::{Date, Price, SymbolId, Timestamp};

    use super::*;

    fn session(day: i64) -> Session {
        let open = Timestamp::from_micros(0) + Span::from_minutes(day * 1_440);
        Session { date: Date::default(), open, close: open + Span::from_minutes(10) }
    }

    fn bars(day: i64, symbols: &[(u32, i64)]) -> Vec<Bar> {
        let price = Price::from_cents(100);
        let of = |&(symbol, count): &(u32, i64)| {
            (0..count).map(move |minute| Bar {
                symbol: SymbolId(symbol),
                start: session(day).open + Span::from_minutes(minute),
                open: price,
                high: price,
                low: price,
                close: price,
                volume: 1,
            })
        };
        symbols.iter().flat_map(of).collect()
    }

    #[test]
    fn what_is_missing_is_counted_between_a_symbol_s_first_and_last_session() {
        let mut counter = HoleCounter::new(3, Span::from_minutes(1));
        // The second symbol comes a day later and misses one day, and one day misses everything.
        let days: [&[(u32, i64)]; 5] = [&[(0, 10)], &[(0, 9), (1, 10)], &[(0, 10)], &[], &[(0, 10), (1, 10)]];
        for (day, symbols) in (0..).zip(days) {
            counter.add(&session(day), &bars(day, symbols));
        }
        let holes = counter.holes();
        assert_eq!(holes, Holes { bars_possible: 50 + 40, empty_sessions: 1, missing_symbol_days: 1 + 2 });
        let sentence = holes.sentence(59).expect("holes");
        assert!(sentence.contains("31 of 90") && sentence.contains("3 whole symbol-days"), "{sentence}");
    }

    #[test]
    fn a_quiet_minute_is_no_hole() {
        let mut counter = HoleCounter::new(1, Span::from_minutes(1));
        (0..20).for_each(|day| counter.add(&session(day), &bars(day, &[(0, if day == 7 { 9 } else { 10 })])));
        assert_eq!(counter.holes().sentence(199), None);
    }
}

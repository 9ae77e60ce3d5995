//! Collects the bars of a minute until they are complete or its time is over.

use std::collections::BTreeMap;

use orb_core::{Bar, Span, SymbolId, Timestamp};

use crate::alpaca::wire::data::BAR_LENGTH;

/// A symbol without a bar for so many minutes is not waited for.
const ACTIVE_FOR: Span = Span::from_minutes(5);

/// Collects bars into batches of one minute each, at most one bar a symbol, sorted by symbol.
#[derive(Clone, Debug)]
pub(crate) struct Minutes {
    /// How long after its end a minute waits for its bars.
    grace: Span,
    /// The bars that wait, by their start.
    open: BTreeMap<Timestamp, BTreeMap<SymbolId, Bar>>,
    /// The newest start of each symbol's bars that were given.
    given: Vec<Option<Timestamp>>,
    halted: Vec<bool>,
}

/// Tells what became of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It waits for its minute.
    Waits,
    /// Its symbol has had this minute or a later one: it corrects what was given.
    Corrects,
}

impl Minutes {
    pub(crate) fn new(symbols: usize, grace: Span) -> Self {
        Self { grace, open: BTreeMap::new(), given: vec![None; symbols], halted: vec![false; symbols] }
    }

    /// Forgets what was given on the day before.
    pub(crate) fn begin_day(&mut self) {
        self.open.clear();
        self.given.fill(None);
    }

    /// Takes a bar.
    pub(crate) fn take(&mut self, bar: Bar) -> Taken {
        if self.given[bar.symbol.index()].is_some_and(|given| given >= bar.start) {
            return Taken::Corrects;
        }
        self.open.entry(bar.start).or_default().insert(bar.symbol, bar);
        Taken::Waits
    }

    /// Notes that a symbol's trading was halted or resumed: a halted one is not waited for.
    pub(crate) fn halt(&mut self, symbol: SymbolId, halted: bool) {
        self.halted[symbol.index()] = halted;
    }

    /// Gives the earliest minute whose time has come: it is over, and complete or beyond its grace.
    pub(crate) fn due(&mut self, now: Timestamp) -> Option<Vec<Bar>> {
        let (&start, bars) = self.open.first_key_value()?;
        let end = start + BAR_LENGTH;
        if now < end || (now < end + self.grace && !self.is_complete(start, bars)) {
            return None;
        }
        self.open.remove(&start).map(|bars| self.give(start, bars))
    }

    /// Takes out all bars that start before an instant, without giving them.
    pub(crate) fn take_before(&mut self, end: Timestamp) -> Vec<Bar> {
        let later = self.open.split_off(&end);
        let taken = core::mem::replace(&mut self.open, later);
        taken.into_values().flat_map(BTreeMap::into_values).collect()
    }

    /// Gives bars that were fetched, minute by minute: all of them to repeat a whole stretch, else only what is new.
    pub(crate) fn give_fetched(&mut self, bars: Vec<Bar>, all: bool) -> Vec<Vec<Bar>> {
        let mut minutes: BTreeMap<Timestamp, BTreeMap<SymbolId, Bar>> = BTreeMap::new();
        for bar in bars {
            if all || self.given[bar.symbol.index()].is_none_or(|given| given < bar.start) {
                minutes.entry(bar.start).or_default().insert(bar.symbol, bar);
            }
        }
        minutes.into_iter().map(|(start, bars)| self.give(start, bars)).collect()
    }

    fn give(&mut self, start: Timestamp, bars: BTreeMap<SymbolId, Bar>) -> Vec<Bar> {
        for symbol in bars.keys() {
            let given = &mut self.given[symbol.index()];
            *given = (*given).max(Some(start));
        }
        bars.into_values().collect()
    }

    /// Returns when the earliest minute's time comes at the latest; `None` when no bars wait.
    ///
    /// A minute that is complete before it is over comes at its end.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let (&start, bars) = self.open.first_key_value()?;
        let grace = if self.is_complete(start, bars) { Span::ZERO } else { self.grace };
        Some(start + BAR_LENGTH + grace)
    }

    /// Tells whether every symbol that is expected has its bar.
    ///
    /// Expected is every symbol that is not halted and had a bar in the minutes before; while none was given yet, every
    /// symbol that is not halted.
    fn is_complete(&self, start: Timestamp, bars: &BTreeMap<SymbolId, Bar>) -> bool {
        let fresh = self.given.iter().all(Option::is_none);
        (0..).zip(self.given.iter().zip(&self.halted)).all(|(number, (given, halted))| {
            let active = fresh || given.is_some_and(|given| given + ACTIVE_FOR >= start);
            *halted || !active || bars.contains_key(&SymbolId(number))
        })
    }
}

#[cfg(test)]
mod tests {
    use orb_core::Price;

    use super::*;

    const GRACE: Span = Span::from_millis(250);

    fn at(minute: i64, millis: i64) -> Timestamp {
        Timestamp::from_micros(0) + Span::from_minutes(minute) + Span::from_millis(millis)
    }

    fn bar(symbol: u32, minute: i64) -> Bar {
        let price = Price::from_cents(1_000);
        let start = at(minute, 0);
        Bar { symbol: SymbolId(symbol), start, open: price, high: price, low: price, close: price, volume: 1 }
    }

    fn minutes() -> Minutes {
        Minutes::new(3, GRACE)
    }

    fn starts(batch: &Option<Vec<Bar>>) -> Option<Vec<(u32, i64)>> {
        batch.as_ref().map(|bars| bars.iter().map(|bar| (bar.symbol.0, bar.start.micros() / 60_000_000)).collect())
    }

    #[test]
    fn a_complete_minute_is_given_at_once_and_sorted() {
        let mut minutes = minutes();
        for symbol in [2, 0] {
            minutes.take(bar(symbol, 0));
        }
        assert_eq!(minutes.due(at(1, 50)), None);
        minutes.take(bar(1, 0));
        assert_eq!(minutes.deadline(), Some(at(1, 0)));
        assert_eq!(starts(&minutes.due(at(1, 50))), Some(vec![(0, 0), (1, 0), (2, 0)]));
        assert_eq!((minutes.due(at(9, 0)), minutes.deadline()), (None, None));
    }

    #[test]
    fn an_incomplete_minute_waits_until_its_grace_is_over_and_late_bars_come_alone() {
        let mut minutes = minutes();
        minutes.take(bar(1, 0));
        assert_eq!(minutes.deadline(), Some(at(1, 250)));
        assert_eq!(minutes.due(at(1, 249)), None);
        assert_eq!(starts(&minutes.due(at(1, 250))), Some(vec![(1, 0)]));
        assert_eq!(minutes.take(bar(0, 0)), Taken::Waits);
        assert_eq!(starts(&minutes.due(at(1, 400))), Some(vec![(0, 0)]));
        assert_eq!(minutes.take(bar(0, 0)), Taken::Corrects);
    }

    #[test]
    fn a_minute_is_never_given_before_it_is_over() {
        let mut minutes = minutes();
        (0..3).for_each(|symbol| _ = minutes.take(bar(symbol, 0)));
        assert_eq!(minutes.due(at(0, 59_999)), None, "the server's clock may be ahead");
        assert!(minutes.due(at(1, 0)).is_some());
    }

    #[test]
    fn symbols_that_rest_or_are_halted_are_not_waited_for() {
        let mut minutes = minutes();
        (0..3).for_each(|symbol| _ = minutes.take(bar(symbol, 0)));
        assert!(minutes.due(at(1, 0)).is_some());
        minutes.halt(SymbolId(2), true);
        for minute in 1..=7 {
            minutes.take(bar(0, minute));
            let complete = minutes.due(at(minute + 1, 20)).is_some();
            assert_eq!(complete, minute > 5, "minute {minute}: symbol 1 is waited for as long as it is active");
            minutes.due(at(minute + 1, 250));
        }
        minutes.halt(SymbolId(2), false);
        minutes.take(bar(2, 8));
        minutes.take(bar(0, 8));
        assert!(minutes.due(at(9, 20)).is_some());
    }

    #[test]
    fn fetched_bars_come_by_minute_and_repeat_nothing_unless_all_are_wanted() {
        let mut minutes = minutes();
        minutes.take(bar(0, 0));
        minutes.due(at(1, 250));
        let fetched = || vec![bar(1, 1), bar(0, 0), bar(0, 1), bar(1, 0)];
        let batches: Vec<_> =
            minutes.give_fetched(fetched(), false).into_iter().map(|bars| starts(&Some(bars))).collect();
        assert_eq!(batches, [Some(vec![(1, 0)]), Some(vec![(0, 1), (1, 1)])]);
        assert!(minutes.give_fetched(fetched(), false).is_empty());
        assert_eq!(minutes.give_fetched(fetched(), true).len(), 2);
        assert_eq!(minutes.take(bar(0, 1)), Taken::Corrects);
    }

    #[test]
    fn what_waits_before_an_instant_can_be_taken_out() {
        let mut minutes = minutes();
        [bar(1, 0), bar(0, 1), bar(0, 2)].into_iter().for_each(|bar| _ = minutes.take(bar));
        assert_eq!(minutes.take_before(at(2, 0)), [bar(1, 0), bar(0, 1)]);
        assert_eq!(minutes.deadline(), Some(at(3, 250)));
    }
}

//! What the sessions before a day say about a symbol: previous close, ATR14, usual volumes.

use std::collections::VecDeque;

use crate::bar::Bar;
use crate::calendar::Session;
use crate::config::RANGE_MINUTES;
use crate::event::SymbolReference;
use crate::money::Price;
use crate::symbol::SymbolId;
use crate::time::Span;

/// Number of sessions that the averages look back.
pub const LOOKBACK: usize = 14;

/// Says how many shares a holder has after a split for how many before it; both are above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Shares after it: 7 for a split of 7 for 1.
    pub after: u32,
    /// Shares before it: 1 for a split of 7 for 1, 10 for a reverse split of 1 for 10.
    pub before: u32,
}

impl Split {
    /// Returns a price of before the split on the basis of after it, half up to the micro-dollar.
    #[must_use]
    pub fn price(self, price: Price) -> Price {
        let (after, before) = (i128::from(self.after), i128::from(self.before));
        let micros = (i128::from(price.micros()) * before + after / 2).div_euclid(after);
        Price::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    /// Returns a volume of before the split on the basis of after it, half up to the share.
    #[must_use]
    pub fn volume(self, volume: u64) -> u64 {
        let (after, before) = (u128::from(self.after), u128::from(self.before));
        u64::try_from((u128::from(volume) * after + before / 2) / before).unwrap_or(u64::MAX)
    }
}

/// Sums up a symbol's regular session where its bars are not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySummary {
    /// Whose session.
    pub symbol: SymbolId,
    /// Highest price, dollars per share.
    pub high: Price,
    /// Lowest price, dollars per share.
    pub low: Price,
    /// Last price, dollars per share.
    pub close: Price,
    /// Shares.
    pub volume: u64,
    /// Volume of the opening range of each of [`RANGE_MINUTES`]; `None` where it is not complete, or not known.
    pub opening_volume: [Option<u64>; RANGE_MINUTES.len()],
}

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

/// Carries Wilder's average true range, in 1e-18 dollars.
///
/// Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978: begun with the mean of the first 14 true
/// ranges, then (13 x the one before + the day's) / 14.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wilder {
    /// Sum of the true ranges until there are 14 of them, then their smoothed mean.
    value_e18: i128,
    count: usize,
}

impl Wilder {
    const PER_MICRO: i128 = 1_000_000_000_000;

    fn add(&mut self, true_range: Price) {
        let lookback = LOOKBACK as i128;
        let latest = i128::from(true_range.micros()) * Self::PER_MICRO;
        self.count += 1;
        self.value_e18 = match self.count {
            1..LOOKBACK => self.value_e18 + latest,
            LOOKBACK => (self.value_e18 + latest + lookback / 2).div_euclid(lookback),
            _ => (self.value_e18 * (lookback - 1) + latest + lookback / 2).div_euclid(lookback),
        };
    }

    fn split(&mut self, split: Split) {
        let (after, before) = (i128::from(split.after), i128::from(split.before));
        self.value_e18 = (self.value_e18 * before + after / 2).div_euclid(after);
    }

    /// Returns the average, rounded half up to the micro-dollar; `None` before the fourteenth true range.
    fn average(&self) -> Option<Price> {
        let micros = (self.value_e18 + Self::PER_MICRO / 2).div_euclid(Self::PER_MICRO);
        (self.count >= LOOKBACK).then(|| Price::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)))
    }
}

/// Remembers one symbol's latest sessions.
#[derive(Clone, Debug, Default)]
struct SymbolDays {
    latest: VecDeque<DayBar>,
    wilder: Wilder,
}

/// Remembers the latest sessions of every symbol of a table.
#[derive(Clone, Debug)]
pub struct History {
    bar_length: Span,
    symbols: Vec<SymbolDays>,
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
        Self { bar_length, symbols: vec![SymbolDays::default(); symbols], building: vec![None; symbols] }
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
                days.add(built.end(self.bar_length));
            }
        }
    }

    /// Adds a session of which only sums are at hand, as [`Self::add_session`] does with bars; at most one a symbol.
    pub fn add_summaries(&mut self, index: usize, days: &[DaySummary]) {
        for summary in days {
            let DaySummary { symbol, high, low, close, volume, opening_volume } = *summary;
            let day = DayBar { session: index, high, low, close, volume, true_range: None, opening_volume };
            self.symbols[symbol.index()].add(day);
        }
    }

    /// Forgets all that is remembered of a symbol, whose past cannot be compared with what comes next.
    pub fn forget(&mut self, symbol: SymbolId) {
        self.symbols[symbol.index()] = SymbolDays::default();
    }

    /// Passes on what is remembered under names that changed, all on one date; each change is the old name and the new.
    ///
    /// What a new name remembered was another company's: it is gone unless it is itself passed on. A name that was given
    /// up, and taken by nobody, remembers nothing. Of two changes to one name the first counts.
    pub fn rename(&mut self, changes: &[(SymbolId, SymbolId)]) {
        let pasts: Vec<SymbolDays> = changes.iter().map(|(old, _)| self.symbols[old.index()].clone()).collect();
        for &(old, _) in changes {
            self.forget(old);
        }
        for (&(_, new), past) in changes.iter().zip(pasts).rev() {
            self.symbols[new.index()] = past;
        }
    }

    /// Returns the position in the calendar of the latest session that is remembered of a symbol; `None` when none is.
    #[must_use]
    pub fn latest_session(&self, symbol: SymbolId) -> Option<usize> {
        self.symbols[symbol.index()].latest.back().map(|day| day.session)
    }

    /// Brings what is remembered of a symbol to the basis of after a split, whose first session comes next.
    ///
    /// Its bars stay raw, so a gap that the split explains is none.
    ///
    /// # Panics
    /// When one of the split's numbers is zero.
    pub fn split(&mut self, symbol: SymbolId, split: Split) {
        assert!(split.after > 0 && split.before > 0, "a split has shares on both sides");
        let days = &mut self.symbols[symbol.index()];
        days.wilder.split(split);
        for day in &mut days.latest {
            for price in [&mut day.high, &mut day.low, &mut day.close] {
                *price = split.price(*price);
            }
            day.true_range = day.true_range.map(|range| split.price(range));
            day.volume = split.volume(day.volume);
            day.opening_volume = day.opening_volume.map(|volume| volume.map(|volume| split.volume(volume)));
        }
    }

    /// Returns what is known of every symbol before the session at a position of the calendar.
    #[must_use]
    pub fn reference(&self, index: usize) -> Vec<SymbolReference> {
        self.symbols.iter().map(|days| reference_of(days, index)).collect()
    }
}

impl SymbolDays {
    /// Adds a day, whose true range follows from the day before.
    fn add(&mut self, mut day: DayBar) {
        day.true_range = self.latest.back().map(|previous| {
            let span = day.high.distance(day.low);
            span.max(day.high.distance(previous.close)).max(day.low.distance(previous.close))
        });
        if let Some(true_range) = day.true_range {
            self.wilder.add(true_range);
        }
        self.latest.push_back(day);
        if self.latest.len() > LOOKBACK + 1 {
            self.latest.pop_front();
        }
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

    fn end(mut self, bar_length: Span) -> DayBar {
        for (index, &minutes) in RANGE_MINUTES.iter().enumerate() {
            let (count, volume) = self.opening[index];
            let whole = i64::from(minutes) % bar_length.minutes() == 0;
            let covered = count * bar_length.minutes() >= i64::from(minutes) - 1;
            self.day.opening_volume[index] = (self.has_first && whole && covered && count > 0).then_some(volume);
        }
        self.day
    }
}

fn reference_of(symbol: &SymbolDays, index: usize) -> SymbolReference {
    let days = &symbol.latest;
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
        atr14_wilder: symbol.wilder.average(),
        volume_sum14,
        opening_volume_sum14: opening_sums(days, index),
        restricted,
        // Bars do not tell: whoever knows the broker's word says it.
        unshortable: false,
        margin_long: None,
        margin_short: None,
        untradable: false,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Date, Timestamp};

    const MINUTE: Span = Span::from_minutes(1);

    fn session(index: usize) -> Session {
        let open = Timestamp::from_micros(0) + Span::from_minutes(24 * 60 * index as i64);
        Session { date: Date::default(), open, close: open + Span::from_minutes(390) }
    }

    fn bar(index: usize, minute: i64, cents: [i64; 4], volume: u64) -> Bar {
        let [open, high, low, close] = cents.map(Price::from_cents);
        let start = session(index).open + Span::from_minutes(minute);
        Bar { symbol: SymbolId(0), start, open, high, low, close, volume }
    }

    /// Five minutes from the open, 10 shares each, and one bar later; high 110, low 90, close as given.
    fn day(index: usize, close: i64) -> Vec<Bar> {
        let opening = (0..5).map(|minute| bar(index, minute, [100, 100, 100, 100], 10));
        opening.chain([bar(index, 200, [100, 110, 90, close], 50)]).collect()
    }

    /// Adds the sessions of a list, `None` without bars, and returns what is known before the next.
    fn known(days: &[Option<Vec<Bar>>]) -> SymbolReference {
        let mut history = History::new(1, MINUTE);
        for (index, bars) in days.iter().enumerate() {
            history.add_session(index, &session(index), bars.as_deref().unwrap_or_default());
        }
        history.reference(days.len())[0]
    }

    fn quiet(count: usize) -> Vec<Option<Vec<Bar>>> {
        (0..count).map(|index| Some(day(index, 100))).collect()
    }

    #[test]
    fn nothing_is_known_before_the_first_session() {
        assert_eq!(known(&[]), SymbolReference::default());
    }

    #[test]
    fn atr14_needs_fifteen_sessions_and_the_averages_fourteen() {
        assert_eq!(known(&quiet(13)).volume_sum14, None);
        assert_eq!(known(&quiet(14)).volume_sum14, Some(1_400));
        assert_eq!(known(&quiet(14)).atr14, None, "the first day has no close before it");
        assert_eq!(known(&quiet(15)).atr14, Some(Price::from_cents(20)));
        assert_eq!(known(&quiet(40)).volume_sum14, Some(1_400), "only the latest 14 count");
    }

    #[test]
    fn atr14_true_ranges_reach_to_the_close_before() {
        // A close of 90 cents and then a day of 110 to 120: |120 - 90| = 30, so (13 x 20 + 30) / 14 = 20.714286 cents,
        // half up to the micro-dollar.
        let mut days = quiet(14);
        days[13] = Some(day(13, 90));
        days.push(Some(vec![bar(14, 0, [115, 120, 110, 115], 1)]));
        assert_eq!(known(&days).atr14, Some(Price::from_micros(207_143)));
        assert_eq!(known(&days).previous_close, Some(Price::from_cents(115)));
    }

    #[test]
    fn rvol_is_missing_where_one_session_is() {
        let five_minutes = 1;
        assert_eq!(known(&quiet(14)).opening_volume_sum14[five_minutes], Some(700));
        let mut days = quiet(16);
        days[10] = None;
        let known = known(&days);
        assert_eq!(known.opening_volume_sum14, [None; 5]);
        assert_eq!(known.volume_sum14, Some(1_400), "the symbol's own 14 days");
        assert_eq!(known.atr14, Some(Price::from_cents(20)));
    }

    #[track_caller]
    fn opening(minutes: &[i64], expect: [Option<u64>; 5]) {
        let mut days = quiet(14);
        days[5] = Some(minutes.iter().map(|&minute| bar(5, minute, [100, 100, 100, 100], 10)).collect());
        let sums = known(&days).opening_volume_sum14;
        // The other 13 days have 10 shares in the first minute and 50 in five; their longer ranges are not complete.
        let own = sums.map(|sum| sum.map(|sum| sum - 13 * if sum < 150 { 10 } else { 50 }));
        assert_eq!(own, expect, "{minutes:?}");
    }

    #[test]
    fn rvol_asks_of_earlier_ranges_what_it_asks_of_today_s() {
        opening(&[0, 1, 2, 3, 4], [Some(10), Some(50), None, None, None]);
        opening(&[0, 1, 2, 4], [Some(10), Some(40), None, None, None]);
        opening(&[0, 1, 2], [Some(10), None, None, None, None]);
        opening(&[1, 2, 3, 4], [None; 5]);
    }

    #[test]
    fn splits_bring_history_to_today_s_basis() {
        // 20 days of range 20 and close 100 cents, 700 shares in 14 ranges: after 7 for 1 a seventh, and seven times.
        let mut history = History::new(1, MINUTE);
        for (index, bars) in quiet(20).iter().flatten().enumerate() {
            history.add_session(index, &session(index), bars);
        }
        let before = history.reference(20)[0];
        history.split(SymbolId(0), Split { after: 7, before: 1 });
        let after = history.reference(20)[0];
        // 1 dollar / 7 = 0.142857, 0.2 / 7 = 0.028571; the sum of 14 rounded ranges is rounded no further.
        assert_eq!(after.previous_close, Some(Price::from_micros(142_857)));
        assert_eq!(
            (after.atr14, after.atr14_wilder),
            (Some(Price::from_micros(28_571)), Some(Price::from_micros(28_571)))
        );
        assert_eq!((after.volume_sum14, after.opening_volume_sum14[1]), (Some(9_800), Some(4_900)));
        // One for seven brings it back, but for the sevenths of a micro-dollar.
        history.split(SymbolId(0), Split { after: 1, before: 7 });
        let back = history.reference(20)[0];
        assert_eq!(back.previous_close, Some(Price::from_micros(999_999)));
        assert_eq!((back.atr14_wilder, back.volume_sum14), (before.atr14_wilder, before.volume_sum14));
    }

    #[test]
    fn sums_of_a_session_say_what_its_bars_say() {
        let bars = quiet(20);
        let (mut of_bars, mut of_sums) = (History::new(1, MINUTE), History::new(1, MINUTE));
        for (index, bars) in bars.iter().flatten().enumerate() {
            of_bars.add_session(index, &session(index), bars);
            let [high, low, close] = [110, 90, 100].map(Price::from_cents);
            let opening_volume = [Some(10), Some(50), None, None, None];
            let day = DaySummary { symbol: SymbolId(0), high, low, close, volume: 100, opening_volume };
            of_sums.add_summaries(index, &[day]);
        }
        assert_eq!(of_sums.reference(20), of_bars.reference(20));
        of_sums.forget(SymbolId(0));
        assert_eq!(of_sums.reference(20)[0], SymbolReference::default());
    }

    /// What four symbols remember after changes of names, by the closes in cents that they had before: 100, 101, 102 and
    /// nothing.
    #[track_caller]
    fn renamed(changes: &[(u32, u32)], expect: [Option<i64>; 4]) {
        let mut history = History::new(4, MINUTE);
        for index in 0..20 {
            let close = |symbol: i64| if index == 19 { 100 + symbol } else { 100 };
            let bars = (0..3).flat_map(|symbol: u32| {
                let id = SymbolId(symbol);
                day(index, close(i64::from(symbol))).into_iter().map(move |bar| Bar { symbol: id, ..bar })
            });
            history.add_session(index, &session(index), &bars.collect::<Vec<_>>());
        }
        let before = history.reference(20);
        let changes: Vec<_> = changes.iter().map(|&(old, new)| (SymbolId(old), SymbolId(new))).collect();
        history.rename(&changes);
        let expected = expect.map(|cents| {
            let of = |cents: i64| before.iter().find(|one| one.previous_close == Some(Price::from_cents(cents)));
            cents.map_or_else(SymbolReference::default, |cents| *of(cents).expect("one of the closes"))
        });
        assert_eq!(history.reference(20), expected, "{changes:?}");
        let latest = [0, 1, 2, 3].map(|symbol| history.latest_session(SymbolId(symbol)));
        assert_eq!(latest, expect.map(|cents| cents.map(|_| 19)), "{changes:?}");
    }

    #[test]
    fn a_new_name_remembers_what_the_old_one_did_and_the_old_one_nothing() {
        renamed(&[], [Some(100), Some(101), Some(102), None]);
        renamed(&[(0, 3)], [None, Some(101), Some(102), Some(100)]);
        renamed(&[(3, 1)], [Some(100), None, Some(102), None]);
        renamed(&[(2, 2)], [Some(100), Some(101), Some(102), None]);
    }

    #[test]
    fn what_a_new_name_remembered_is_gone_unless_it_is_passed_on() {
        renamed(&[(0, 1)], [None, Some(100), Some(102), None]);
        renamed(&[(0, 1), (1, 3)], [None, Some(100), Some(102), Some(101)]);
        renamed(&[(1, 3), (0, 1)], [None, Some(100), Some(102), Some(101)]);
    }

    #[test]
    fn names_that_change_in_a_circle_swap_what_they_remember() {
        renamed(&[(0, 1), (1, 0)], [Some(101), Some(100), Some(102), None]);
        renamed(&[(0, 1), (1, 2), (2, 0)], [Some(102), Some(100), Some(101), None]);
    }

    #[test]
    fn of_two_changes_to_one_name_the_first_counts_and_one_name_may_be_passed_on_twice() {
        renamed(&[(0, 3), (1, 3)], [None, None, Some(102), Some(100)]);
        renamed(&[(0, 3), (0, 2)], [None, Some(101), Some(100), Some(100)]);
        renamed(&[(0, 3), (0, 3)], [None, Some(101), Some(102), Some(100)]);
    }

    #[test]
    fn rule_201_looks_at_the_last_two_sessions() {
        let two = |low: i64| {
            let last = vec![bar(1, 0, [100, 100, low, 95], 1)];
            known(&[Some(vec![bar(0, 0, [100, 100, 100, 100], 1)]), Some(last)]).restricted
        };
        assert!(two(90), "exactly 90% of the close before");
        assert!(!two(91));
        assert!(!known(&[Some(vec![bar(0, 0, [100, 100, 1, 100], 1)])]).restricted, "no close before it");
    }

    #[test]
    fn coarse_bars_fill_only_the_ranges_that_they_divide() {
        let mut history = History::new(1, Span::from_minutes(15));
        for index in 0..14 {
            let bars: Vec<Bar> = (0..5).map(|count| bar(index, count * 15, [100, 100, 100, 100], 10)).collect();
            history.add_session(index, &session(index), &bars);
        }
        let sums = history.reference(14)[0].opening_volume_sum14;
        assert_eq!(sums, [None, None, Some(140), Some(280), Some(560)]);
    }
}

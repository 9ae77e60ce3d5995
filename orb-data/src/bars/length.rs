//! The length of bars, told by the bars themselves.

use std::collections::BTreeMap;

use orb_core::{Span, SymbolId, Timestamp};

use super::collect::greatest_common_divisor;

/// Lengths of bars that can be read, in minutes. Each divides a full session.
pub const BAR_MINUTES: [i64; 8] = [1, 2, 3, 5, 10, 15, 30, 60];

/// A symbol needs this many bars before their regularity tells that they are longer than the rest.
const TELLING_BARS: u64 = 20;

/// Represents the distance of two consecutive bars of a symbol in one session.
///
/// The order is that of the distance, then of time and symbol, so that the closest pair does not depend on threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Gap {
    pub(super) minutes: i64,
    /// Label of the later bar.
    pub(super) later: Timestamp,
    pub(super) symbol: SymbolId,
}

/// Tells whether bars of a length can be read.
pub(super) fn is_supported(length: Span) -> bool {
    BAR_MINUTES.iter().any(|minutes| Span::from_minutes(*minutes) == length)
}

/// Returns the length of all bars, given the closest pair: one minute when no session has two bars of a symbol.
///
/// # Errors
/// With the pair, when its distance is no length of bars.
pub(super) fn infer(closest: Option<Gap>) -> Result<Span, Gap> {
    match closest {
        None => Ok(Span::from_minutes(1)),
        Some(gap) if BAR_MINUTES.contains(&gap.minutes) => Ok(Span::from_minutes(gap.minutes)),
        Some(gap) => Err(gap),
    }
}

/// Sums up how the bars of a symbol lie on the minutes after the open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) bars: u64,
    /// Largest number of minutes that all distances from the open are multiples of; 0 when all are at the open.
    pub(super) minutes: u32,
}

impl Steps {
    pub(super) fn join(&mut self, other: Self) {
        self.bars += other.bars;
        self.minutes = greatest_common_divisor(self.minutes, other.minutes);
    }

    /// Returns the length of bars that these appear to have, when it is a multiple of `length`, longer, and there are
    /// enough of them to tell.
    pub(super) fn longer_than(self, length: Span) -> Option<i64> {
        let step = i64::from(self.minutes);
        let is_longer =
            |minutes: &i64| step % minutes == 0 && *minutes > length.minutes() && minutes % length.minutes() == 0;
        let apparent = BAR_MINUTES.into_iter().rev().find(is_longer);
        apparent.filter(|_| self.bars >= TELLING_BARS)
    }
}

/// Holds the steps of each symbol within each file, and of each symbol over all.
#[derive(Debug, Default)]
pub(super) struct Regularity {
    by_file: BTreeMap<(usize, SymbolId), Steps>,
}

impl Regularity {
    pub(super) fn add(&mut self, file: usize, symbol: SymbolId, steps: Steps) {
        self.by_file.entry((file, symbol)).or_default().join(steps);
    }

    /// Tells whether all bars are of a length, as far as they tell it; `closest` are the closest two, if there are two.
    pub(super) fn fits(&self, length: Span, closest: Option<Gap>) -> bool {
        let is_on_grid = self.off_grid(length).next().is_none();
        is_on_grid && closest.is_none_or(|_| self.first_longer(length).is_none())
    }

    /// Returns the first file with a symbol whose bars appear longer than `length`, and their apparent length.
    pub(super) fn first_longer(&self, length: Span) -> Option<(usize, SymbolId, i64)> {
        let mut over_all: BTreeMap<SymbolId, (usize, Steps)> = BTreeMap::new();
        for ((file, symbol), steps) in &self.by_file {
            if let Some(minutes) = steps.longer_than(length) {
                return Some((*file, *symbol, minutes));
            }
            over_all.entry(*symbol).or_insert((*file, Steps::default())).1.join(*steps);
        }
        over_all.iter().find_map(|(symbol, (file, steps))| Some((*file, *symbol, steps.longer_than(length)?)))
    }

    /// Returns the file of a symbol whose bars appear longest, when those of another appear shorter, and both lengths
    /// in minutes.
    pub(super) fn two_lengths(&self, symbol: SymbolId) -> Option<(usize, i64, i64)> {
        let of_symbol = self.by_file.iter().filter(|((_, other), _)| *other == symbol);
        let apparent = |steps: &Steps| steps.longer_than(Span::from_minutes(1)).unwrap_or(1);
        let lengths: Vec<_> = of_symbol.map(|((file, _), steps)| (apparent(steps), *file)).collect();
        let (longest, shortest) = (lengths.iter().max_by_key(|(minutes, _)| *minutes)?, lengths.iter().min()?);
        (longest.0 > shortest.0).then_some((longest.1, longest.0, shortest.0))
    }

    /// Returns the symbols with a bar off the grid of a length.
    pub(super) fn off_grid(&self, length: Span) -> impl Iterator<Item = SymbolId> {
        let is_off = move |steps: &Steps| i64::from(steps.minutes) % length.minutes() != 0;
        self.by_file.iter().filter(move |(_, steps)| is_off(steps)).map(|((_, symbol), _)| *symbol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(minutes: Option<i64>, expected: Option<i64>) {
        let gap = minutes.map(|minutes| Gap { minutes, later: Timestamp::MIN, symbol: SymbolId(0) });
        assert_eq!(infer(gap).ok().map(Span::minutes), expected, "{minutes:?}");
    }

    #[test]
    fn the_closest_pair_tells_the_length() {
        check(Some(1), Some(1));
        check(Some(10), Some(10));
        check(Some(7), None);
        check(Some(120), None);
        check(None, Some(1));
    }

    #[track_caller]
    fn check_longer(bars: u64, minutes: u32, length: i64, expected: Option<i64>) {
        assert_eq!(Steps { bars, minutes }.longer_than(Span::from_minutes(length)), expected);
    }

    #[test]
    fn regular_bars_appear_longer_when_there_are_enough() {
        check_longer(20, 5, 1, Some(5));
        check_longer(19, 5, 1, None);
        check_longer(20, 5, 5, None);
        check_longer(20, 45, 5, Some(15));
        check_longer(20, 3, 2, None);
        check_longer(100, 0, 1, Some(60));
        check_longer(100, 1, 1, None);
    }
}

//! From which symbols a strategy chooses at the range's end: what is known before the open decides.

use core::cmp::Reverse;

use crate::config::{RANGE_MINUTES, StrategyConfig};
use crate::event::SymbolReference;
use crate::ranker::check_known;
use crate::reason::Reason;
use crate::symbol::SymbolId;

/// Says whether a symbol may be chosen today, whatever its range turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may; with its place by dollar volume among those that may, from 1, where only so many are chosen from.
    Fit(Option<u32>),
    /// A filter on what is known before the open refuses it.
    Unfit(Reason),
    /// It may, but so many others have more dollar volume: its place, from 1.
    Beyond(u32),
}

/// Holds the standing of every symbol of a table in one strategy's day.
///
/// Symbols of the largest dollar volume come first: the volume of the 14 sessions before times the previous close, both
/// of which are known to every symbol that passes; ties go by symbol. Past ranges are looked at last, as they need be known
/// only of those that would have a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Universe {
    standings: Vec<Standing>,
}

impl Universe {
    /// Looks at the symbols of a strategy before the open; `reference` is what is known of each symbol of the table.
    #[must_use]
    pub fn of(
        strategy: &StrategyConfig,
        symbols: impl Iterator<Item = SymbolId>,
        reference: &[SymbolReference],
    ) -> Self {
        let mut standings = vec![Standing::Fit(None); reference.len()];
        let (mut passing, mut checks) = (Vec::new(), Vec::new());
        for symbol in symbols {
            let known = &reference[symbol.index()];
            checks.clear();
            check_known(strategy, known, &mut checks);
            match checks.iter().find_map(|check| check.failed) {
                Some(reason) => standings[symbol.index()] = Standing::Unfit(reason),
                None => passing.push((Reverse(dollar_volume(known)), symbol)),
            }
        }
        passing.sort_unstable();
        let mut places = 0_u32;
        for (_, symbol) in passing {
            let lacking = lacks_ranges(strategy, &reference[symbol.index()]);
            let is_full = strategy.filters.universe_max.is_some_and(|most| places as usize >= most);
            standings[symbol.index()] = match (is_full, lacking) {
                (true, _) => Standing::Beyond(places + 1),
                // It takes no place: the next one does.
                (false, Some(reason)) => Standing::Unfit(reason),
                (false, None) => Standing::Fit(strategy.filters.universe_max.map(|_| places + 1)),
            };
            places += u32::from(lacking.is_none());
        }
        Self { standings }
    }

    /// Returns how a symbol stands; one that nothing is known of may be chosen as far as this goes.
    #[must_use]
    pub fn standing(&self, symbol: SymbolId) -> Standing {
        self.standings.get(symbol.index()).copied().unwrap_or(Standing::Fit(None))
    }

    /// Returns why a symbol cannot be chosen today; `None` when it may be.
    #[must_use]
    pub fn obstacle(&self, symbol: SymbolId) -> Option<Reason> {
        match self.standing(symbol) {
            Standing::Fit(_) => None,
            Standing::Unfit(reason) => Some(reason),
            Standing::Beyond(_) => Some(Reason::NotInUniverse),
        }
    }
}

/// Returns the reason for which the relative volume will be missing; `None` when it is not asked for, or can be had.
fn lacks_ranges(strategy: &StrategyConfig, known: &SymbolReference) -> Option<Reason> {
    let length = RANGE_MINUTES.iter().position(|&minutes| minutes == strategy.range_minutes);
    let sum = length.and_then(|length| known.opening_volume_sum14[length]).filter(|&sum| sum > 0);
    (strategy.filters.rvol_min.is_some() && sum.is_none()).then_some(Reason::RvolMissing)
}

/// Returns the volume of 14 sessions at the previous close, in micro-dollars; zero where either is unknown.
fn dollar_volume(known: &SymbolReference) -> u128 {
    let close = known.previous_close.and_then(|close| u128::try_from(close.micros()).ok());
    u128::from(known.volume_sum14.unwrap_or(0)) * close.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::preset;
    use crate::money::Price;

    fn known(volume: u64, cents: i64) -> SymbolReference {
        SymbolReference {
            previous_close: Some(Price::from_cents(cents)),
            atr14: Some(Price::from_cents(100)),
            volume_sum14: Some(volume * 14),
            opening_volume_sum14: [Some(1); 5],
            ..SymbolReference::default()
        }
    }

    #[track_caller]
    fn check(most: Option<usize>, reference: &[SymbolReference], expect: &[Standing]) {
        let mut strategy = preset("orb-sip").expect("a preset");
        strategy.filters.universe_max = most;
        let universe = Universe::of(&strategy, (0..).take(reference.len()).map(SymbolId), reference);
        let found: Vec<_> = (0..).take(reference.len()).map(|number| universe.standing(SymbolId(number))).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn the_largest_dollar_volume_comes_first_and_ties_go_by_symbol() {
        let reference =
            [known(2_000_000, 1_000), known(1_000_000, 5_000), known(5_000_000, 1_000), known(2_000_000, 500)];
        let [two, four] = [2, 4].map(Some);
        let fit = |place| Standing::Fit(Some(place));
        check(two, &reference, &[Standing::Beyond(3), fit(1), fit(2), Standing::Beyond(4)]);
        check(four, &reference, &[fit(3), fit(1), fit(2), fit(4)]);
        check(None, &reference, &[Standing::Fit(None); 4]);
    }

    #[test]
    fn what_cannot_be_chosen_takes_no_place() {
        let unknown = SymbolReference::default();
        let quiet = known(999_999, 1_000_000);
        let calm = SymbolReference { atr14: Some(Price::from_cents(50)), ..known(9_000_000, 1_000) };
        let young = SymbolReference { opening_volume_sum14: [None; 5], ..known(9_000_000, 1_000) };
        check(
            Some(1),
            &[unknown, quiet, calm, young, known(1_000_000, 600), known(1_000_000, 601)],
            &[
                Standing::Unfit(Reason::AvgVolumeMissing),
                Standing::Unfit(Reason::AvgVolume),
                Standing::Unfit(Reason::Atr),
                Standing::Unfit(Reason::RvolMissing),
                Standing::Beyond(2),
                Standing::Fit(Some(1)),
            ],
        );
        // Of one that would have no place anyhow its ranges need not be known.
        let younger = SymbolReference { opening_volume_sum14: [None; 5], ..known(1_000_000, 600) };
        check(Some(1), &[younger, known(1_000_000, 601)], &[Standing::Beyond(2), Standing::Fit(Some(1))]);
    }

    #[test]
    fn a_strategy_without_filters_may_choose_every_symbol() {
        let strategy = preset("orb-classic").expect("a preset");
        let universe = Universe::of(&strategy, [SymbolId(0)].into_iter(), &[SymbolReference::default()]);
        assert_eq!((universe.standing(SymbolId(0)), universe.obstacle(SymbolId(0))), (Standing::Fit(None), None));
    }
}

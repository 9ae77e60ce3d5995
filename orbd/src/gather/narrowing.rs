//! From all that a broker lists to those symbols whose opening ranges are needed.

use std::collections::BTreeSet;

use orb_core::config::{Candidates, RANGE_MINUTES, StrategyConfig};
use orb_core::event::SymbolReference;
use orb_core::universe::{Standing, Universe};
use orb_core::{RunConfig, Symbol, SymbolId, SymbolTable};
use orb_data::reference::Reference;

/// Tells, by the days of all symbols, of which of them opening ranges are needed.
///
/// Of thousands of assets few pass the filters on what is known before the open, and of these only `universe_max` are
/// chosen from. A symbol whose past ranges are not complete takes no place among them; as that is known only when its
/// ranges were asked for, the next by dollar volume is asked for then.
#[derive(Clone, Debug)]
pub(crate) struct Narrowing {
    strategies: Vec<StrategyConfig>,
}

impl Narrowing {
    /// Looks at the strategies of a run; `None` where each names its symbols itself, and all ranges are needed.
    #[must_use]
    pub(crate) fn of(run: &RunConfig) -> Option<Self> {
        let is_narrowed = run.strategies.iter().any(|strategy| strategy.candidates == Candidates::Assets);
        is_narrowed.then(|| Self { strategies: run.strategies.clone() })
    }

    /// Lists the symbols whose ranges are needed and were not asked for yet, in order; none when all are there.
    #[must_use]
    pub(crate) fn next(&self, reference: &Reference, asked: &BTreeSet<Symbol>) -> Vec<Symbol> {
        let table = SymbolTable::new(reference.symbols.keys().cloned());
        let known = reference.for_engine(&table);
        let wanted: BTreeSet<Symbol> =
            self.strategies.iter().flat_map(|strategy| wanted(strategy, &table, &known, asked)).collect();
        wanted.difference(asked).cloned().collect()
    }
}

/// Lists the symbols of a strategy whose ranges are needed.
fn wanted(
    strategy: &StrategyConfig,
    table: &SymbolTable,
    known: &[SymbolReference],
    asked: &BTreeSet<Symbol>,
) -> Vec<Symbol> {
    if strategy.candidates != Candidates::Assets {
        return strategy.symbols.clone();
    }
    let most = strategy.filters.universe_max.unwrap_or(usize::MAX);
    let length = RANGE_MINUTES.iter().position(|&minutes| minutes == strategy.range_minutes);
    let lacks_ranges = |symbol: SymbolId| {
        strategy.filters.rvol_min.is_some()
            && asked.contains(table.name(symbol))
            && length.and_then(|length| known[symbol.index()].opening_volume_sum14[length]).unwrap_or(0) == 0
    };
    let fit = by_dollar_volume(strategy, table, known).into_iter();
    fit.filter(|&symbol| !lacks_ranges(symbol)).take(most).map(|symbol| table.name(symbol).clone()).collect()
}

/// Lists the symbols of a strategy that pass the filters on days, the largest dollar volume first.
fn by_dollar_volume(strategy: &StrategyConfig, table: &SymbolTable, known: &[SymbolReference]) -> Vec<SymbolId> {
    let mut by_days = strategy.clone();
    (by_days.filters.rvol_min, by_days.filters.universe_max) = (None, Some(usize::MAX));
    let members: Vec<SymbolId> = strategy.symbols.iter().filter_map(|name| table.id(name)).collect();
    let universe = Universe::of(&by_days, members.iter().copied(), known);
    let place = |&symbol: &SymbolId| match universe.standing(symbol) {
        Standing::Fit(place) => Some((place, symbol)),
        Standing::Unfit(_) | Standing::Beyond(_) => None,
    };
    let mut fit: Vec<_> = members.iter().filter_map(place).collect();
    fit.sort_unstable();
    fit.into_iter().map(|(_, symbol)| symbol).collect()
}

#[cfg(test)]
mod tests {
    use orb_core::config::preset;
    use orb_core::{Date, Price};
    use orb_data::dataset::Feed;
    use orb_data::reference::Facts;

    use super::*;

    fn symbols(names: &str) -> Vec<Symbol> {
        names.split_whitespace().map(|name| Symbol::new(name).expect("a symbol")).collect()
    }

    /// Makes a morning of symbols whose volumes fall from the first to the last, all of one price.
    fn morning(names: &str, complete: &str) -> Reference {
        let complete = symbols(complete);
        let facts = |(name, rank): (Symbol, u64)| {
            let ranges = complete.contains(&name).then_some(7_000);
            let engine = SymbolReference {
                previous_close: Some(Price::from_cents(2_000)),
                atr14: Some(Price::from_cents(100)),
                volume_sum14: Some(14 * (9_000_000 - rank * 2_100_000)),
                opening_volume_sum14: [ranges; 5],
                ..SymbolReference::default()
            };
            (name, Facts { engine, ..Facts::default() })
        };
        let date = Date::from_ymd_opt(2026, 3, 2).expect("a date");
        Reference { date, feed: Feed::Sip, symbols: symbols(names).into_iter().zip(0..).map(facts).collect() }
    }

    #[track_caller]
    fn check(complete: &str, asked: &str, expect: &str) {
        let mut run = RunConfig::of(preset("orb-sip").expect("a preset"));
        run.set("universe_max", "2").expect("a setting");
        run.set("candidates", "assets").expect("a setting");
        run.strategies[0].symbols = symbols("A B C D E");
        let narrowing = Narrowing::of(&run).expect("it chooses from the listing");
        // A to D pass, of falling volume; the volume of E is too small.
        let morning = morning("A B C D E", complete);
        assert_eq!(narrowing.next(&morning, &symbols(asked).into_iter().collect()), symbols(expect));
    }

    #[test]
    fn ranges_are_asked_for_of_the_universe_alone_and_of_the_next_where_one_lacks_them() {
        check("", "", "A B");
        check("A B", "A B", "");
        check("B", "A B", "C");
        check("B", "A B C", "D");
        check("", "A B C D", "");
    }

    #[test]
    fn a_run_that_names_its_symbols_needs_all_ranges() {
        assert!(Narrowing::of(&RunConfig::of(preset("orb-sip").expect("a preset"))).is_none());
    }
}

//! Few questions for many days of many symbols.

use std::collections::{BTreeMap, BTreeSet};

use orb_core::{Date, Symbol};

/// Asks for the days of some symbols from one date to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The names to ask for.
    pub(super) names: Vec<Symbol>,
    /// What is missing of each, in order.
    pub(super) missing: BTreeMap<Date, BTreeSet<Symbol>>,
    /// The first date that is missing of any.
    pub(super) first: Date,
    /// The last one.
    pub(super) last: Date,
    /// The date whose names these are; `None` where the names have not changed since.
    pub(super) as_of: Option<Date>,
}

/// Puts what is missing together into questions of at most `at_once` names. Names that have changed since are asked for
/// one by one: they are few, and each needs a date of its own.
pub(super) fn questions(
    missing: impl IntoIterator<Item = (Symbol, Date)>,
    is_current: impl Fn(&Symbol) -> bool,
    at_once: usize,
) -> Vec<Question> {
    let mut by_name: BTreeMap<Symbol, BTreeSet<Date>> = BTreeMap::new();
    for (name, date) in missing {
        by_name.entry(name).or_default().insert(date);
    }
    let (current, former): (Vec<_>, Vec<_>) = by_name.into_iter().partition(|(name, _)| is_current(name));
    let of_former = former.into_iter().filter_map(|entry| {
        let last = entry.1.last().copied();
        Question::of(&[entry], last)
    });
    current.chunks(at_once).filter_map(|chunk| Question::of(chunk, None)).chain(of_former).collect()
}

impl Question {
    fn of(entries: &[(Symbol, BTreeSet<Date>)], as_of: Option<Date>) -> Option<Self> {
        let mut missing: BTreeMap<Date, BTreeSet<Symbol>> = BTreeMap::new();
        for (name, dates) in entries {
            for date in dates {
                missing.entry(*date).or_default().insert(name.clone());
            }
        }
        let (first, last) = (*missing.keys().next()?, *missing.keys().next_back()?);
        Some(Self { names: entries.iter().map(|(name, _)| name.clone()).collect(), missing, first, last, as_of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(name: &str) -> Symbol {
        Symbol::new(name).expect("a symbol")
    }

    fn date(day: u32) -> Date {
        Date::from_ymd_opt(2026, 3, day).expect("a date")
    }

    #[test]
    fn a_thousand_symbols_of_sixteen_days_are_two_questions() {
        let names = (0..1_000).map(|number| symbol(&format!("S{number:04}")));
        let missing: Vec<_> = names.flat_map(|name| (2..18).map(move |day| (name.clone(), date(day)))).collect();
        let asked = questions(missing, |_| true, 500);
        assert_eq!(asked.len(), 2);
        assert!(asked.iter().all(|one| (one.names.len(), one.first, one.last) == (500, date(2), date(17))));
        assert!(questions(Vec::new(), |_| true, 500).is_empty());
    }

    #[test]
    fn a_name_of_before_is_asked_for_as_of_its_own_date() {
        let missing =
            [(symbol("NEW"), date(6)), (symbol("OLD"), date(4)), (symbol("OLD"), date(5)), (symbol("A"), date(4))];
        let asked = questions(missing, |name| name.as_str() != "OLD", 500);
        assert_eq!(asked.len(), 2);
        assert_eq!((asked[0].names.len(), asked[0].as_of), (2, None));
        assert_eq!(asked[0].missing[&date(4)], BTreeSet::from([symbol("A")]));
        assert_eq!(
            (asked[1].names.as_slice(), asked[1].as_of, asked[1].first),
            (&[symbol("OLD")][..], Some(date(5)), date(4))
        );
    }
}

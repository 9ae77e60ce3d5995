//! What the broker says as rows of the tables.

use std::collections::BTreeMap;

use orb_core::{Date, Session, Symbol};
use orb_data::reference::{ActionKind, Asset, Borrow, CorporateAction, DailyBar};
use orb_exec::alpaca::{ActionTerms, AnnouncedAction, ListedAsset, NamedBars};

use super::plan::Question;

pub(super) fn asset(listed: ListedAsset) -> Asset {
    let ListedAsset {
        symbol,
        name,
        exchange,
        tradable,
        shortable,
        borrow_status,
        fractionable,
        margin_long,
        margin_short,
    } = listed;
    // A word that is not known yet is no reason to sell short.
    let borrow = borrow_status.and_then(|word| word.parse().ok()).unwrap_or(Borrow::Unknown);
    Asset { symbol, name, exchange, tradable, shortable, borrow, fractionable, margin_long, margin_short }
}

pub(super) fn action(announced: AnnouncedAction) -> CorporateAction {
    let AnnouncedAction { symbol, date, terms } = announced;
    let kind = match terms {
        ActionTerms::Split(split) => ActionKind::Split(split),
        ActionTerms::Rename(to) => ActionKind::Rename { to },
        ActionTerms::Unclear => ActionKind::Unclear,
    };
    CorporateAction { symbol, date, kind }
}

/// Deals the bars of an answer out to the sessions: of each with something missing the date, who was asked for, and the
/// days. Those that were not missing are left out.
pub(super) fn days(
    question: &Question,
    sessions: &[Session],
    answer: &NamedBars,
) -> Vec<(Date, Vec<Symbol>, Vec<DailyBar>)> {
    let mut by_date: BTreeMap<Date, Vec<DailyBar>> = BTreeMap::new();
    for bar in &answer.bars {
        // A day begins at midnight in New York; the first open after it is that of its session.
        let index = sessions.partition_point(|session| session.open < bar.start);
        let Some(session) = sessions.get(index) else { continue };
        let symbol = answer.symbols.name(bar.symbol).clone();
        let is_missing = question.missing.get(&session.date).is_some_and(|missing| missing.contains(&symbol));
        let day =
            DailyBar { symbol, open: bar.open, high: bar.high, low: bar.low, close: bar.close, volume: bar.volume };
        // What breaks the rules of a day is no day, and the first of two that are told for one session counts.
        let days = by_date.entry(session.date).or_default();
        if is_missing && day.is_valid() && days.iter().all(|known| known.symbol != day.symbol) {
            days.push(day);
        }
    }
    let of_date = |(date, missing): (&Date, &std::collections::BTreeSet<Symbol>)| {
        (*date, missing.iter().cloned().collect(), by_date.remove(date).unwrap_or_default())
    };
    question.missing.iter().map(of_date).collect()
}

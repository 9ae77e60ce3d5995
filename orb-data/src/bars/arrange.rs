//! The bars of a session put in order.

use orb_core::{Bar, Session, SymbolId, Timestamp};

use super::collect::{MINUTE, Pile};
use super::length::Gap;
use super::load::Label;
use super::set::SessionBars;

/// Maps the numbers within each unit of work to those of the table.
pub(super) type SymbolMaps = Vec<Vec<SymbolId>>;

/// Represents two bars of one symbol and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clash {
    pub(super) symbol: SymbolId,
    pub(super) label: Timestamp,
}

/// Represents the bars of a session in order, their times still as labelled.
pub(super) struct Arranged {
    pub(super) trade: Option<SessionBars>,
    pub(super) warmup: Option<SessionBars>,
    /// The two closest bars of a symbol, if any has two.
    pub(super) closest: Option<Gap>,
}

/// Sorts the bars of a session by time and symbol.
///
/// # Errors
/// When a symbol has two bars of one time.
pub(super) fn arrange(session: Session, piles: [Pile; 2], maps: &SymbolMaps, label: Label) -> Result<Arranged, Clash> {
    let [trade, warmup] = piles.map(|pile| sorted(pile, maps));
    for bars in [&trade, &warmup] {
        check_distinct(bars)?;
    }
    check_disjoint(&trade, &warmup)?;
    let symbols = maps.iter().flatten().map(|symbol| symbol.index() + 1).max().unwrap_or(0);
    let gaps = [&trade, &warmup].map(|bars| closest(bars, session, symbols, label));
    let kept = |bars: Vec<Bar>| (!bars.is_empty()).then_some(SessionBars { session, bars });
    Ok(Arranged { trade: kept(trade), warmup: kept(warmup), closest: gaps.into_iter().flatten().min() })
}

fn key(bar: &Bar) -> (Timestamp, SymbolId) {
    (bar.start, bar.symbol)
}

fn sorted(pile: Pile, maps: &SymbolMaps) -> Vec<Bar> {
    let mut bars = pile.bars;
    let mut rest = bars.as_mut_slice();
    for stretch in &pile.stretches {
        let (mine, others) = rest.split_at_mut(stretch.bars);
        for bar in mine {
            bar.symbol = maps[stretch.unit][bar.symbol.index()];
        }
        rest = others;
    }
    bars.sort_by_key(key);
    bars.shrink_to_fit();
    bars
}

fn check_distinct(bars: &[Bar]) -> Result<(), Clash> {
    match bars.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
        Some(pair) => Err(Clash { symbol: pair[0].symbol, label: pair[0].start }),
        None => Ok(()),
    }
}

fn check_disjoint(one: &[Bar], other: &[Bar]) -> Result<(), Clash> {
    if one.is_empty() || other.is_empty() {
        return Ok(());
    }
    match one.iter().find(|bar| other.binary_search_by_key(&key(bar), key).is_ok()) {
        Some(bar) => Err(Clash { symbol: bar.symbol, label: bar.start }),
        None => Ok(()),
    }
}

/// Finds the two closest bars of a symbol. The label of a bar that ends with the session says nothing: it may be
/// shorter than the others.
fn closest(bars: &[Bar], session: Session, symbols: usize, label: Label) -> Option<Gap> {
    let mut last: Vec<Option<Timestamp>> = vec![None; symbols];
    let mut closest = None::<Gap>;
    for bar in bars.iter().filter(|bar| !label.is_cut_off(bar.start, session)) {
        if let Some(earlier) = last[bar.symbol.index()].replace(bar.start) {
            let gap = Gap { minutes: (bar.start - earlier).micros() / MINUTE, later: bar.start, symbol: bar.symbol };
            closest = Some(closest.map_or(gap, |closest| closest.min(gap)));
        }
    }
    closest
}

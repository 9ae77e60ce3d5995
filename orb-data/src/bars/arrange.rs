//! The bars of a session put in order.

use orb_core::{Bar, Session, Span, SymbolId, Timestamp};

use super::collect::{MINUTE, Stretch};
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
#[derive(Debug)]
pub(super) struct Arranged {
    pub(super) session: Session,
    pub(super) trade: Option<SessionBars>,
    pub(super) warmup: Option<SessionBars>,
    /// The two closest bars of a symbol, if any has two.
    pub(super) closest: Option<Gap>,
}

impl Arranged {
    /// Replaces labels by starts.
    pub(super) fn shift(&mut self, label: Label, length: Span) {
        if label == Label::Left {
            return;
        }
        for SessionBars { session, bars } in [&mut self.trade, &mut self.warmup].into_iter().flatten() {
            for bar in bars {
                bar.start = label.start(bar.start, *session, length);
            }
        }
    }
}

/// Numbers the symbols of stretches by the table.
pub(super) fn number(piles: &mut [Vec<Stretch>; 2], maps: &SymbolMaps) {
    for stretch in piles.iter_mut().flatten() {
        let map = &maps[stretch.unit];
        stretch.bars.iter_mut().for_each(|bar| bar.symbol = map[bar.symbol.index()]);
    }
}

/// Sorts the bars of a session, whose symbols are those of a table of so many, by time and symbol.
///
/// `room` makes an empty buffer for so many bars. A stretch that is all of its pile is taken out of it; the others
/// stay there.
///
/// # Errors
/// When a symbol has two bars of one time.
pub(super) fn arrange(
    session: Session,
    piles: &mut [Vec<Stretch>; 2],
    symbols: usize,
    label: Label,
    room: impl Fn(usize) -> Vec<Bar>,
) -> Result<Arranged, Clash> {
    let [trade, warmup] = piles.each_mut().map(|pile| sorted(pile, session, &room));
    for bars in [&trade, &warmup] {
        check_distinct(bars)?;
    }
    check_disjoint(&trade, &warmup)?;
    let gaps = [&trade, &warmup].map(|bars| closest(bars, session, symbols, label));
    let kept = |bars: Vec<Bar>| (!bars.is_empty()).then_some(SessionBars { session, bars });
    Ok(Arranged { session, trade: kept(trade), warmup: kept(warmup), closest: gaps.into_iter().flatten().min() })
}

fn key(bar: &Bar) -> (Timestamp, SymbolId) {
    (bar.start, bar.symbol)
}

/// Puts the bars of a session in order.
fn sorted(pile: &mut Vec<Stretch>, session: Session, room: &impl Fn(usize) -> Vec<Bar>) -> Vec<Bar> {
    let total = || room(pile.iter().map(|stretch| stretch.bars.len()).sum());
    let mut bars = match pile.as_slice() {
        [] => Vec::new(),
        [_] => pile.swap_remove(0).bars,
        several if several.iter().all(is_of_one_symbol) => return merged(several, session, total()),
        several => joined(several, total()),
    };
    if !bars.is_sorted_by_key(key) {
        bars.sort_by_key(key);
    }
    bars
}

fn joined(pile: &[Stretch], mut bars: Vec<Bar>) -> Vec<Bar> {
    pile.iter().for_each(|stretch| bars.extend_from_slice(&stretch.bars));
    bars
}

fn is_of_one_symbol(stretch: &Stretch) -> bool {
    let first = stretch.bars[0].symbol;
    stretch.bars.iter().all(|bar| bar.symbol == first)
}

/// Merges stretches of one symbol each, as files that go symbol by symbol give them: minute by minute, each stretch
/// gives its bar if it has one. That is one pass; sorting takes one for each doubling of the symbols.
fn merged(pile: &[Stretch], session: Session, mut bars: Vec<Bar>) -> Vec<Bar> {
    let mut runs: Vec<&[Bar]> = pile.iter().map(|stretch| stretch.bars.as_slice()).collect();
    runs.sort_by_key(|run| (run[0].symbol, run[0].start));
    // The label of the end of a bar may be the close itself.
    for minute in 0..=(session.close - session.open).minutes() {
        let next = session.open + Span::from_minutes(minute + 1);
        for run in &mut runs {
            if let Some(bar) = run.first().filter(|bar| bar.start < next) {
                bars.push(*bar);
                *run = &run[1..];
            }
        }
    }
    let is_whole = runs.iter().all(|run| run.is_empty());
    assert!(is_whole, "the bars of a session lie on its minutes, and those of a symbol are in order");
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
/// shorter than the others. Nothing is closer than a minute, so the search ends there.
fn closest(bars: &[Bar], session: Session, symbols: usize, label: Label) -> Option<Gap> {
    let mut last: Vec<Option<Timestamp>> = vec![None; symbols];
    let mut closest = None::<Gap>;
    for bar in bars.iter().filter(|bar| !label.is_cut_off(bar.start, &session)) {
        if let Some(earlier) = last[bar.symbol.index()].replace(bar.start) {
            let gap = Gap { minutes: (bar.start - earlier).micros() / MINUTE, later: bar.start, symbol: bar.symbol };
            closest = Some(closest.map_or(gap, |closest| closest.min(gap)));
            if gap.minutes == 1 {
                break;
            }
        }
    }
    closest
}

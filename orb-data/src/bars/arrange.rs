//! The bars of a session put in order.

use orb_core::{Bar, Session, SymbolId, Timestamp};

use super::collect::{MINUTE, Pile, Stretch};
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
    let [trade, warmup] = piles.map(|pile| sorted(pile, session, maps));
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

/// Numbers the symbols by the table and puts the bars in order.
fn sorted(pile: Pile, session: Session, maps: &SymbolMaps) -> Vec<Bar> {
    let Pile { mut bars, stretches } = pile;
    let (mut rest, mut one_symbol_each) = (bars.as_mut_slice(), stretches.len() > 1);
    for stretch in &stretches {
        let (mine, others) = rest.split_at_mut(stretch.bars);
        let first = mine[0].symbol;
        for bar in mine {
            one_symbol_each &= bar.symbol == first;
            bar.symbol = maps[stretch.unit][bar.symbol.index()];
        }
        rest = others;
    }
    match one_symbol_each {
        true => merge(&mut bars, &stretches, session),
        false => bars.sort_by_key(key),
    }
    bars
}

/// Merges stretches of one symbol each, as files that go symbol by symbol give them: the bars of each minute are
/// counted, and then every bar has its place. That is two passes; sorting takes one for each doubling of the symbols.
fn merge(bars: &mut [Bar], stretches: &[Stretch], session: Session) {
    let unsorted = bars.to_vec();
    let (mut runs, mut rest) = (Vec::with_capacity(stretches.len()), unsorted.as_slice());
    for stretch in stretches {
        let (run, others) = rest.split_at(stretch.bars);
        runs.push(run);
        rest = others;
    }
    runs.sort_by_key(|run| (run[0].symbol, run[0].start));
    let minute = |bar: &Bar| ((bar.start - session.open).micros() / MINUTE) as usize;
    // One place more than there are minutes, as the label of the end of a bar may be the close itself.
    let mut places = vec![0_u32; (session.close - session.open).minutes() as usize + 2];
    unsorted.iter().for_each(|bar| places[minute(bar) + 1] += 1);
    for index in 1..places.len() {
        places[index] += places[index - 1];
    }
    for bar in runs.into_iter().flatten() {
        let place = &mut places[minute(bar)];
        bars[*place as usize] = *bar;
        *place += 1;
    }
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
    for bar in bars.iter().filter(|bar| !label.is_cut_off(bar.start, session)) {
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

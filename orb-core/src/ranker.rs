//! The barrier at the range's end: it waits for the last bars, then filters and ranks once.

use core::cmp::Ordering;
use std::sync::Arc;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::config::{Direction, RANGE_MINUTES, StopKind, StrategyConfig};
use crate::event::SymbolReference;
use crate::explain::{Check, Figure};
use crate::filter::{Candidacy, Filter};
use crate::money::Price;
use crate::range_book::OpeningRange;
use crate::reason::Reason;
use crate::side::{Side, round_half_up};
use crate::symbol::{SymbolId, SymbolTable};
use crate::time::{Date, Span, Timestamp};
use crate::universe::{Standing, Universe};

/// How long after the range's end the missing bars are asked for.
pub const QUERY_AFTER: Span = Span::from_millis(200);
/// How long after a late start the bars of ranges that are over are waited for at the latest: nobody enters by them in a
/// hurry.
pub const LATE_FIRE_AFTER: Span = Span::from_seconds(30);
/// How long after the range's end the barrier fires whatever is missing.
pub const FIRE_AFTER: Span = Span::from_millis(500);

/// Holds the relative volume as an exact ratio: the range's volume over the mean of the 14 before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelativeVolume {
    /// Volume of the opening range, shares.
    pub volume: u64,
    /// Sum of the volumes of the 14 opening ranges before, shares, above 0.
    pub sum14: u64,
}

impl RelativeVolume {
    /// Compares two ratios exactly.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let left = u128::from(self.volume) * u128::from(other.sum14);
        left.cmp(&(u128::from(other.volume) * u128::from(self.sum14)))
    }

    /// Tells whether the ratio is at least a bound.
    #[must_use]
    pub fn at_least(&self, bound: Decimal) -> bool {
        let scale = 10_u128.pow(bound.scale());
        let Some(mantissa) = bound.mantissa().to_u128() else { return true };
        u128::from(self.volume) * 14 * scale >= mantissa.saturating_mul(u128::from(self.sum14))
    }

    /// Returns the ratio to four decimals, truncated, for people.
    #[must_use]
    pub fn to_decimal(&self) -> Decimal {
        let ratio = u128::from(self.volume) * 140_000 / u128::from(self.sum14);
        Decimal::new(i64::try_from(ratio).unwrap_or(i64::MAX), 4)
    }
}

/// Holds a symbol that may be traded today.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// Which symbol.
    pub symbol: SymbolId,
    /// Its opening range.
    pub range: OpeningRange,
    /// Its relative volume; `None` when unknown.
    pub rvol: Option<RelativeVolume>,
    /// The only side that may be traded; `None` for both.
    pub side: Option<Side>,
    /// Its place by relative volume, from 1.
    pub rank: u32,
    /// The rules that it passed; empty unless they are to be kept.
    pub checks: Vec<Check>,
}

/// Holds why a symbol is no candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Which symbol.
    pub symbol: SymbolId,
    /// The first rule that failed.
    pub reason: Reason,
    /// The figures behind it.
    pub detail: String,
    /// Its opening range, where it has one.
    pub range: Option<OpeningRange>,
    /// Its relative volume; `None` when unknown.
    pub rvol: Option<RelativeVolume>,
    /// Its place by relative volume, from 1; `None` where it was not ranked.
    pub rank: Option<u32>,
    /// The rules with what they saw; empty unless they are to be kept.
    pub checks: Vec<Check>,
}

/// Holds the result of the barrier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ranking {
    /// The candidates by rank, the first first.
    pub candidates: Vec<Candidate>,
    /// The others.
    pub refusals: Vec<Refusal>,
}

/// Waits at the range's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Barrier {
    /// The range is not over.
    #[default]
    Closed,
    /// Bars are missing, and time is left.
    Waiting {
        /// The range's end.
        since: Timestamp,
        /// The missing bars have been asked for.
        asked: bool,
        /// The range had ended before orb was there: its bars are all asked for at once, and waited for longer.
        late: bool,
    },
    /// It has fired.
    Fired,
}

/// Says what the barrier wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum BarrierStep {
    /// Nothing yet.
    Wait,
    /// Ask for the missing bars.
    Ask,
    /// Freeze, filter, rank.
    Fire,
}

impl Barrier {
    /// Returns when it wants to be looked at again.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        match *self {
            Self::Waiting { since, asked: false, late: true } => Some(since),
            Self::Waiting { since, asked: false, late: false } => Some(since + QUERY_AFTER),
            Self::Waiting { since, asked: true, late } => Some(since + patience(late)),
            Self::Closed | Self::Fired => None,
        }
    }

    /// Moves on: `complete` says that no bar is missing, or that the question for them was answered.
    pub fn advance(&mut self, now: Timestamp, complete: bool) -> BarrierStep {
        let Self::Waiting { since, asked, late } = *self else { return BarrierStep::Wait };
        if complete || now >= since + patience(late) {
            *self = Self::Fired;
            return BarrierStep::Fire;
        }
        if !asked && (late || now >= since + QUERY_AFTER) {
            *self = Self::Waiting { since, asked: true, late };
            return BarrierStep::Ask;
        }
        BarrierStep::Wait
    }
}

/// Returns how long after its beginning a wait ends at the latest.
const fn patience(late: bool) -> Span {
    if late { LATE_FIRE_AFTER } else { FIRE_AFTER }
}

/// Says how the symbols of a strategy are to be filtered and ranked.
#[derive(Clone, Copy, Debug)]
pub struct RankRequest<'a> {
    /// The strategy.
    pub strategy: &'a StrategyConfig,
    /// Filters beside those of the strategy.
    pub filters: &'a [Arc<dyn Filter>],
    /// Trading date.
    pub date: Date,
    /// Names of the symbols.
    pub symbols: &'a SymbolTable,
    /// What was known before the open, by symbol.
    pub reference: &'a [SymbolReference],
    /// From which symbols the strategy chooses today.
    pub universe: &'a Universe,
    /// Symbols that may be chosen and whose bars were asked for and not answered: each might be among the first, so that a
    /// place is kept for it.
    pub unanswered: usize,
    /// Keeps every rule with what it saw, for explanations.
    pub keeps_checks: bool,
}

/// Filters and ranks the symbols of a strategy, given in the order of the alphabet.
#[must_use]
pub fn rank(
    request: &RankRequest<'_>,
    ranges: impl Iterator<Item = (SymbolId, Result<OpeningRange, Reason>)>,
) -> Ranking {
    let mut ranking = Ranking::default();
    let mut checks = Vec::new();
    for (symbol, range) in ranges {
        match admit(request, symbol, range, &mut checks) {
            Ok(candidate) => ranking.candidates.push(candidate),
            Err(refusal) => ranking.refusals.push(refusal),
        }
    }
    ranking.candidates.sort_by(by_rank);
    for (candidate, place) in ranking.candidates.iter_mut().zip(1..) {
        candidate.rank = place;
    }
    if let Some(top) = request.strategy.filters.top {
        cut_top(&mut ranking, top.saturating_sub(request.unanswered), request.unanswered, request.keeps_checks);
    }
    if request.strategy.direction == Direction::Candle {
        drop_dojis(&mut ranking, request.keeps_checks);
    }
    ranking
}

fn by_rank(a: &Candidate, b: &Candidate) -> Ordering {
    let by_volume = match (&a.rvol, &b.rvol) {
        (Some(left), Some(right)) => right.compare(left),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    by_volume.then(a.symbol.cmp(&b.symbol))
}

fn cut_top(ranking: &mut Ranking, top: usize, unanswered: usize, keeps_checks: bool) {
    if keeps_checks {
        for candidate in &mut ranking.candidates {
            let failed = (candidate.rank as usize > top).then_some(Reason::NotInTop);
            let (value, bound) = (Figure::Count(u64::from(candidate.rank)), Figure::Count(top as u64));
            candidate.checks.push(Check { rule: Reason::NotInTop, value, bound, failed });
        }
    }
    let beyond = ranking.candidates.split_off(top.min(ranking.candidates.len()));
    ranking.refusals.extend(beyond.into_iter().map(|candidate| {
        let mut detail = format!("relative volume {}", shown(candidate.rvol));
        if unanswered > 0 && candidate.rank as usize <= top + unanswered {
            detail = format!("{detail}; {unanswered} symbols whose bars did not come might be before it");
        }
        candidate.refused(Reason::NotInTop, detail)
    }));
}

fn drop_dojis(ranking: &mut Ranking, keeps_checks: bool) {
    let mut kept = Vec::with_capacity(ranking.candidates.len());
    for mut candidate in ranking.candidates.drain(..) {
        candidate.side = candle(&candidate.range);
        let failed = candidate.side.is_none().then_some(Reason::Doji);
        if keeps_checks {
            let (value, bound) = (Figure::Price(candidate.range.close), Figure::Price(candidate.range.open));
            candidate.checks.push(Check { rule: Reason::Doji, value, bound, failed });
        }
        if failed.is_none() {
            kept.push(candidate);
        } else {
            let detail = format!("open {} close {}", candidate.range.open, candidate.range.close);
            ranking.refusals.push(candidate.refused(Reason::Doji, detail));
        }
    }
    ranking.candidates = kept;
}

/// Returns the side of the range's candle, `None` for a doji: open and close equal when rounded to the tick.
#[must_use]
pub fn candle(range: &OpeningRange) -> Option<Side> {
    match round_half_up(range.close).cmp(&round_half_up(range.open)) {
        Ordering::Greater => Some(Side::Long),
        Ordering::Less => Some(Side::Short),
        Ordering::Equal => None,
    }
}

fn shown(rvol: Option<RelativeVolume>) -> String {
    rvol.map_or_else(|| "unknown".to_owned(), |ratio| ratio.to_decimal().normalize().to_string())
}

impl Candidate {
    fn refused(self, reason: Reason, detail: String) -> Refusal {
        let Self { symbol, range, rvol, rank, checks, .. } = self;
        Refusal { symbol, reason, detail, range: Some(range), rvol, rank: Some(rank), checks }
    }
}

#[expect(clippy::result_large_err, reason = "both outcomes carry the same figures, and neither is rare")]
fn admit(
    request: &RankRequest<'_>,
    symbol: SymbolId,
    range: Result<OpeningRange, Reason>,
    checks: &mut Vec<Check>,
) -> Result<Candidate, Refusal> {
    let known = request.reference.get(symbol.index()).copied().unwrap_or_default();
    let range = range.map_err(|reason| without_range(request, symbol, reason, &known, checks))?;
    let rvol = relative_volume(request.strategy, &range, &known);
    checks.clear();
    let standing = request.universe.standing(symbol);
    check_filters(request.strategy, &range, &known, standing, rvol, checks);
    let mut failure = first_failure(checks, &range, &known);
    if failure.is_none() {
        failure = refusal_of_filters(request, symbol, &range, &known, rvol).map(|why| (Reason::CustomFilter, why));
        if !request.filters.is_empty() {
            // What such a filter saw is its own; its verdict is told, its sentence is the detail.
            let failed = failure.as_ref().map(|(reason, _)| *reason);
            checks.push(Check { rule: Reason::CustomFilter, value: Figure::Missing, bound: Figure::Missing, failed });
        }
    }
    let checks = if request.keeps_checks { checks.clone() } else { Vec::new() };
    let candidate = Candidate { symbol, range, rvol, side: None, rank: 0, checks };
    match failure {
        None => Ok(candidate),
        Some((reason, detail)) => Err(Refusal { rank: None, ..candidate.refused(reason, detail) }),
    }
}

/// Refuses a symbol that has no range, with what is known of it where that is the reason.
fn without_range(
    request: &RankRequest<'_>,
    symbol: SymbolId,
    reason: Reason,
    known: &SymbolReference,
    checks: &mut Vec<Check>,
) -> Refusal {
    let mut refusal =
        Refusal { symbol, reason, detail: String::new(), range: None, rvol: None, rank: None, checks: Vec::new() };
    if request.universe.obstacle(symbol) == Some(reason) {
        checks.clear();
        check_known(request.strategy, known, checks);
        if let Some(bound) = request.strategy.filters.universe_max {
            checks.push(check_standing(request.universe.standing(symbol), bound));
        }
        refusal.detail = checks.iter().find(|check| check.failed.is_some()).map(in_figures).unwrap_or_default();
        if request.keeps_checks {
            refusal.checks.clone_from(checks);
        }
    }
    refusal
}

fn refusal_of_filters(
    request: &RankRequest<'_>,
    symbol: SymbolId,
    range: &OpeningRange,
    known: &SymbolReference,
    rvol: Option<RelativeVolume>,
) -> Option<String> {
    let &RankRequest { strategy, filters, date, symbols, .. } = request;
    let symbol = symbols.name(symbol);
    let candidacy = Candidacy { strategy, date, symbol, range, known, rvol };
    filters.iter().find_map(|filter| filter.check(&candidacy).err())
}

fn relative_volume(strategy: &StrategyConfig, range: &OpeningRange, known: &SymbolReference) -> Option<RelativeVolume> {
    let length = RANGE_MINUTES.iter().position(|&minutes| minutes == strategy.range_minutes)?;
    let sum14 = known.opening_volume_sum14[length].filter(|&sum| sum > 0)?;
    Some(RelativeVolume { volume: range.volume, sum14 })
}

/// Tells whether |open / close - 1| is above a limit, exactly.
fn gap_exceeds(open: Price, close: Price, limit: Decimal) -> bool {
    let distance = Decimal::from(open.distance(close).micros());
    distance > limit * Decimal::from(close.micros())
}

/// Returns a distance as a fraction of a price, in millionths, truncated.
fn ratio_e6(distance: Price, price: Price) -> i64 {
    let ratio = i128::from(distance.micros()) * 1_000_000 / i128::from(price.micros().max(1));
    i64::try_from(ratio).unwrap_or(i64::MAX)
}

/// Applies every filter that is configured, in the order of the reasons.
fn check_filters(
    strategy: &StrategyConfig,
    range: &OpeningRange,
    known: &SymbolReference,
    standing: Standing,
    rvol: Option<RelativeVolume>,
    checks: &mut Vec<Check>,
) {
    let filters = &strategy.filters;
    if let Some(limit) = strategy.gap_limit {
        let gap = known.previous_close.map(|close| ratio_e6(range.open.distance(close), close));
        let value = gap.map_or(Figure::Missing, |gap| Figure::Number(Decimal::new(gap, 6)));
        // An unknown close blocks nothing: whether a gap is there cannot be told.
        let fails = known.previous_close.is_some_and(|close| gap_exceeds(range.open, close, limit));
        let failed = fails.then_some(Reason::GapOver30Pct);
        checks.push(Check { rule: Reason::GapOver30Pct, value, bound: Figure::Number(limit), failed });
    }
    if let Some(bound) = filters.price_min {
        let failed = (range.open <= bound).then_some(Reason::Price);
        let (value, bound) = (Figure::Price(range.open), Figure::Price(bound));
        checks.push(Check { rule: Reason::Price, value, bound, failed });
    }
    check_known(strategy, known, checks);
    if let Some(bound) = filters.universe_max {
        checks.push(check_standing(standing, bound));
    }
    if let Some(bound) = filters.rvol_min {
        let failed = fails(rvol.map(|ratio| ratio.at_least(bound)), Reason::RvolMissing, Reason::Rvol);
        let value = rvol.map_or(Figure::Missing, Figure::Ratio);
        checks.push(Check { rule: Reason::Rvol, value, bound: Figure::Number(bound), failed });
    }
}

/// Tells whether a symbol is one of those that are chosen from; one that a filter refuses has no place, and that filter
/// says so.
fn check_standing(standing: Standing, bound: usize) -> Check {
    let (place, failed) = match standing {
        Standing::Fit(place) => (place, None),
        Standing::Unfit(_) => (None, None),
        Standing::Beyond(place) => (Some(place), Some(Reason::NotInUniverse)),
    };
    let value = place.map_or(Figure::Missing, |place| Figure::Count(u64::from(place)));
    Check { rule: Reason::NotInUniverse, value, bound: Figure::Count(bound as u64), failed }
}

/// Applies the filters on what is known before the open, in the order of the reasons.
pub(crate) fn check_known(strategy: &StrategyConfig, known: &SymbolReference, checks: &mut Vec<Check>) {
    let filters = &strategy.filters;
    if known.untradable {
        let failed = Some(Reason::NotTradable);
        checks.push(Check { rule: Reason::NotTradable, value: Figure::Missing, bound: Figure::Missing, failed });
    }
    if let Some(bound) = filters.average_volume_min {
        let enough = |sum: u64| u128::from(sum) >= u128::from(bound) * 14;
        let failed = fails(known.volume_sum14.map(enough), Reason::AvgVolumeMissing, Reason::AvgVolume);
        let value = known.volume_sum14.map_or(Figure::Missing, |sum| Figure::Shares(sum / 14));
        checks.push(Check { rule: Reason::AvgVolume, value, bound: Figure::Shares(bound), failed });
    }
    // A stop of a fraction of ATR needs it as much as a bound does: what is missing is said before places are given.
    if filters.atr_min.is_some() || matches!(strategy.stop, StopKind::Atr(_)) {
        let atr = strategy.atr(known);
        let passes = |atr| filters.atr_min.is_none_or(|bound| atr > bound);
        let failed = fails(atr.map(passes), Reason::AtrMissing, Reason::Atr);
        let value = atr.map_or(Figure::Missing, Figure::Price);
        let bound = Figure::Price(filters.atr_min.unwrap_or_default());
        checks.push(Check { rule: Reason::Atr, value, bound, failed });
    }
}

/// Returns the reason of a filter: one for an input that is missing, one for a figure that does not pass.
fn fails(passes: Option<bool>, missing: Reason, low: Reason) -> Option<Reason> {
    match passes {
        None => Some(missing),
        Some(passes) => (!passes).then_some(low),
    }
}

fn first_failure(checks: &[Check], range: &OpeningRange, known: &SymbolReference) -> Option<(Reason, String)> {
    let (check, reason) = checks.iter().find_map(|check| Some((check, check.failed?)))?;
    let detail = match (check.value, check.bound) {
        _ if reason == Reason::GapOver30Pct => {
            let close = known.previous_close.unwrap_or_default();
            format!("open {} previous close {close}", range.open)
        }
        (Figure::Price(value), Figure::Price(bound)) if reason == Reason::Price => {
            format!("open {value} needs more than {bound}")
        }
        _ => in_figures(check),
    };
    Some((reason, detail))
}

/// Says what a check saw and what it asked for; empty where either is missing.
fn in_figures(check: &Check) -> String {
    match (check.value, check.bound) {
        (Figure::Price(value), Figure::Price(bound)) => format!("ATR14 {value} needs more than {bound}"),
        (Figure::Shares(value), Figure::Shares(bound)) => format!("mean {value} needs {bound}"),
        (Figure::Count(place), Figure::Count(bound)) => format!("place {place} by dollar volume of {bound}"),
        (Figure::Ratio(value), Figure::Number(bound)) => format!("{} needs {bound}", value.to_decimal()),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_compare_exactly() {
        let rvol = |volume, sum14| RelativeVolume { volume, sum14 };
        assert_eq!(rvol(1, 3).compare(&rvol(2, 6)), Ordering::Equal);
        assert_eq!(rvol(u64::MAX, u64::MAX - 1).compare(&rvol(u64::MAX - 1, u64::MAX)), Ordering::Greater);
        assert!(rvol(1, 14).at_least(Decimal::ONE));
        assert!(!rvol(999, 14_000).at_least(Decimal::ONE));
        assert!(rvol(999, 14_000).at_least(Decimal::new(999, 3)));
    }

    #[test]
    fn the_barrier_asks_and_then_fires_whatever_is_missing() {
        let since = Timestamp::from_micros(0);
        let mut barrier = Barrier::Waiting { since, asked: false, late: false };
        assert_eq!(barrier.advance(since, false), BarrierStep::Wait);
        assert_eq!(barrier.next_wakeup(), Some(since + QUERY_AFTER));
        assert_eq!(barrier.advance(since + QUERY_AFTER, false), BarrierStep::Ask);
        assert_eq!(barrier.advance(since + QUERY_AFTER, false), BarrierStep::Wait);
        assert_eq!(barrier.advance(since + FIRE_AFTER, false), BarrierStep::Fire);
        assert_eq!(barrier.advance(since + FIRE_AFTER, true), BarrierStep::Wait, "it fires once");
    }
}

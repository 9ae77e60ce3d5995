//! The barrier at the range's end: it waits for the last bars, then filters and ranks once.

use core::cmp::Ordering;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::config::{Direction, Filters, RANGE_MINUTES, StrategyConfig};
use crate::event::SymbolReference;
use crate::money::Price;
use crate::range_book::OpeningRange;
use crate::reason::Reason;
use crate::side::{Side, round_half_up};
use crate::symbol::SymbolId;
use crate::time::{Span, Timestamp};

/// How long after the range's end the missing bars are asked for.
pub const QUERY_AFTER: Span = Span::from_millis(200);
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which symbol.
    pub symbol: SymbolId,
    /// Its opening range.
    pub range: OpeningRange,
    /// Its relative volume; `None` when unknown.
    pub rvol: Option<RelativeVolume>,
    /// The only side that may be traded; `None` for both.
    pub side: Option<Side>,
}

/// Holds why a symbol is no candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which symbol.
    pub symbol: SymbolId,
    /// The first rule that failed.
    pub reason: Reason,
    /// The figures behind it.
    pub detail: String,
}

/// Holds the result of the barrier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
            Self::Waiting { since, asked: false } => Some(since + QUERY_AFTER),
            Self::Waiting { since, asked: true } => Some(since + FIRE_AFTER),
            Self::Closed | Self::Fired => None,
        }
    }

    /// Moves on: `complete` says that no bar is missing, or that the question for them was answered.
    pub fn advance(&mut self, now: Timestamp, complete: bool) -> BarrierStep {
        let Self::Waiting { since, asked } = *self else { return BarrierStep::Wait };
        if complete || now >= since + FIRE_AFTER {
            *self = Self::Fired;
            return BarrierStep::Fire;
        }
        if !asked && now >= since + QUERY_AFTER {
            *self = Self::Waiting { since, asked: true };
            return BarrierStep::Ask;
        }
        BarrierStep::Wait
    }
}

/// Filters and ranks the symbols of a strategy, given in the order of the alphabet.
#[must_use]
pub fn rank(
    strategy: &StrategyConfig,
    ranges: impl Iterator<Item = (SymbolId, Result<OpeningRange, Reason>)>,
    reference: &[SymbolReference],
) -> Ranking {
    let mut ranking = Ranking::default();
    for (symbol, range) in ranges {
        let known = reference.get(symbol.index()).copied().unwrap_or_default();
        match admit(strategy, symbol, range, &known) {
            Ok(candidate) => ranking.candidates.push(candidate),
            Err(refusal) => ranking.refusals.push(refusal),
        }
    }
    ranking.candidates.sort_by(by_rank);
    if let Some(top) = strategy.filters.top {
        let beyond = ranking.candidates.split_off(top.min(ranking.candidates.len()));
        ranking.refusals.extend(beyond.iter().map(|candidate| Refusal {
            symbol: candidate.symbol,
            reason: Reason::NotInTop,
            detail: format!("relative volume {}", shown(candidate.rvol)),
        }));
    }
    if strategy.direction == Direction::Candle {
        drop_dojis(&mut ranking);
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

fn drop_dojis(ranking: &mut Ranking) {
    let refusals = &mut ranking.refusals;
    ranking.candidates.retain_mut(|candidate| {
        candidate.side = candle(&candidate.range);
        if candidate.side.is_none() {
            let detail = format!("open {} close {}", candidate.range.open, candidate.range.close);
            refusals.push(Refusal { symbol: candidate.symbol, reason: Reason::Doji, detail });
        }
        candidate.side.is_some()
    });
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

fn admit(
    strategy: &StrategyConfig,
    symbol: SymbolId,
    range: Result<OpeningRange, Reason>,
    known: &SymbolReference,
) -> Result<Candidate, Refusal> {
    let refuse = |reason, detail| Refusal { symbol, reason, detail };
    let range = range.map_err(|reason| refuse(reason, String::new()))?;
    if let (Some(limit), Some(close)) = (strategy.gap_limit, known.previous_close)
        && gap_exceeds(range.open, close, limit)
    {
        let detail = format!("open {} previous close {close}", range.open);
        return Err(refuse(Reason::GapOver30Pct, detail));
    }
    let rvol = relative_volume(strategy, &range, known);
    filter(&strategy.filters, &range, known, rvol).map_err(|(reason, detail)| refuse(reason, detail))?;
    Ok(Candidate { symbol, range, rvol, side: None })
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

fn filter(
    filters: &Filters,
    range: &OpeningRange,
    known: &SymbolReference,
    rvol: Option<RelativeVolume>,
) -> Result<(), (Reason, String)> {
    if let Some(bound) = filters.price_min
        && range.open <= bound
    {
        return Err((Reason::Price, format!("open {} needs more than {bound}", range.open)));
    }
    if let Some(bound) = filters.average_volume_min {
        let sum = known.volume_sum14.ok_or((Reason::AvgVolumeMissing, String::new()))?;
        if u128::from(sum) < u128::from(bound) * 14 {
            return Err((Reason::AvgVolume, format!("mean {} needs {bound}", sum / 14)));
        }
    }
    if let Some(bound) = filters.atr_min {
        let atr = known.atr14.ok_or((Reason::AtrMissing, String::new()))?;
        if atr <= bound {
            return Err((Reason::Atr, format!("ATR14 {atr} needs more than {bound}")));
        }
    }
    if let Some(bound) = filters.rvol_min {
        let ratio = rvol.ok_or((Reason::RvolMissing, String::new()))?;
        if !ratio.at_least(bound) {
            return Err((Reason::Rvol, format!("{} needs {bound}", ratio.to_decimal())));
        }
    }
    Ok(())
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
        let mut barrier = Barrier::Waiting { since, asked: false };
        assert_eq!(barrier.advance(since, false), BarrierStep::Wait);
        assert_eq!(barrier.next_wakeup(), Some(since + QUERY_AFTER));
        assert_eq!(barrier.advance(since + QUERY_AFTER, false), BarrierStep::Ask);
        assert_eq!(barrier.advance(since + QUERY_AFTER, false), BarrierStep::Wait);
        assert_eq!(barrier.advance(since + FIRE_AFTER, false), BarrierStep::Fire);
        assert_eq!(barrier.advance(since + FIRE_AFTER, true), BarrierStep::Wait, "it fires once");
    }
}

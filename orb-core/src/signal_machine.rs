//! Watches the levels of a strategy's symbols and tells when one is crossed.

use crate::bar::Bar;
use crate::config::{EntryKind, StopKind, StrategyConfig};
use crate::money::Price;
use crate::protection::{Protection, StopRule, multiple_of};
use crate::range_book::{Extremes, OpeningRange};
use crate::ranker::{Candidate, RelativeVolume};
use crate::reason::Reason;
use crate::side::{Side, round_outward, tick};
use crate::symbol::SymbolId;

/// Names where a symbol is in a strategy's day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// The strategy does not trade it.
    Outside,
    /// Its opening range is not decided yet.
    Waiting,
    /// It had no bar in the range; a later one settles the reason.
    Absent,
    /// Its levels are watched.
    Armed,
    /// An entry order was made.
    Ordered,
    /// Its day is settled.
    Done,
}

/// Holds what an armed symbol is traded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Place among the candidates, from 0.
    pub rank: u32,
    /// Place by relative volume among all that were ranked, from 1.
    pub place: u32,
    /// The opening range.
    pub range: OpeningRange,
    /// ATR14 as the strategy computes it; `None` when unknown.
    pub atr14: Option<Price>,
    /// Relative volume; `None` when unknown.
    pub rvol: Option<RelativeVolume>,
    /// The only side that may be traded; `None` for both.
    pub side: Option<Side>,
}

/// Tells that a bar touched a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Place in the ranking.
    pub rank: u32,
    /// Which symbol.
    pub symbol: SymbolId,
    /// Which side; `None` when the bar touched both levels.
    pub side: Option<Side>,
    /// The bar that touched it, or closed at or beyond it where the close makes the entry.
    pub bar: Bar,
}

/// Holds the prices of an entry before its size is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryPlan {
    /// Long or short.
    pub side: Side,
    /// Price that the size rests on.
    pub level: Price,
    /// Stop that the size rests on.
    pub stop: Price,
    /// The exits, from the executed price.
    pub protection: Protection,
}

/// Follows the symbols of one strategy through a day.
#[derive(Clone, Debug, Default)]
pub struct SignalMachine {
    members: Vec<bool>,
    watch: Vec<Watch>,
    setups: Vec<Option<Setup>>,
    /// Levels of the armed symbols; out of reach for the others, so that a bar costs two comparisons.
    levels: Vec<Levels>,
    /// Only a bar's close crosses a level, not its extremes.
    by_close: bool,
    absent: usize,
    armed: usize,
}

/// Holds the prices at which a symbol triggers.
#[derive(Clone, Copy, Debug)]
struct Levels {
    long: Price,
    short: Price,
}

const UNREACHABLE_HIGH: Price = Price::from_micros(i64::MAX);
const UNREACHABLE_LOW: Price = Price::from_micros(i64::MIN);
const UNREACHABLE: Levels = Levels { long: UNREACHABLE_HIGH, short: UNREACHABLE_LOW };

impl SignalMachine {
    /// Makes a machine of a strategy for the symbols that `members` marks.
    #[must_use]
    pub fn new(members: Vec<bool>, entry: EntryKind) -> Self {
        Self { members, by_close: entry == EntryKind::Close, ..Self::default() }
    }

    /// Begins a day.
    pub fn begin(&mut self) {
        let count = self.members.len();
        self.watch.clear();
        self.watch.extend(self.members.iter().map(|&member| if member { Watch::Waiting } else { Watch::Outside }));
        self.setups.clear();
        self.setups.resize(count, None);
        self.levels.clear();
        self.levels.resize(count, UNREACHABLE);
        self.absent = 0;
        self.armed = 0;
    }

    /// Tells whether a bar can mean anything: a level is watched, or a symbol without a range may yet have a bar.
    #[must_use]
    pub const fn is_watching(&self) -> bool {
        self.armed > 0 || self.absent > 0
    }

    /// Lists the strategy's symbols.
    pub fn members(&self) -> impl Iterator<Item = SymbolId> + '_ {
        self.members.iter().zip(0..).filter(|(member, _)| **member).map(|(_, index)| SymbolId(index))
    }

    /// Lists the strategy's symbols whose range is not decided.
    pub fn waiting(&self) -> impl Iterator<Item = SymbolId> + '_ {
        self.having(Watch::Waiting)
    }

    /// Lists the strategy's symbols that are in a state.
    pub fn having(&self, state: Watch) -> impl Iterator<Item = SymbolId> + '_ {
        self.watch.iter().zip(0..).filter(move |(watch, _)| **watch == state).map(|(_, index)| SymbolId(index))
    }

    /// Returns where a symbol is.
    #[must_use]
    pub fn watch(&self, symbol: SymbolId) -> Watch {
        self.watch.get(symbol.index()).copied().unwrap_or(Watch::Outside)
    }

    /// Returns the setup of a symbol that became a candidate.
    #[must_use]
    pub fn setup(&self, symbol: SymbolId) -> Option<&Setup> {
        self.setups.get(symbol.index()).and_then(Option::as_ref)
    }

    /// Settles a symbol's day.
    pub fn finish(&mut self, symbol: SymbolId) {
        self.leave(symbol, Watch::Done);
    }

    /// Notes that an entry order was made for a symbol.
    pub fn ordered(&mut self, symbol: SymbolId) {
        self.leave(symbol, Watch::Ordered);
    }

    /// Notes that a symbol had no bar in the range.
    pub fn absent(&mut self, symbol: SymbolId) {
        self.leave(symbol, Watch::Absent);
        self.absent += 1;
    }

    fn leave(&mut self, symbol: SymbolId, state: Watch) {
        let index = symbol.index();
        self.absent -= usize::from(self.watch[index] == Watch::Absent);
        self.armed -= usize::from(self.watch[index] == Watch::Armed);
        self.watch[index] = state;
        self.levels[index] = UNREACHABLE;
    }

    /// Keeps a candidate's setup without watching its levels.
    pub fn keep_setup(&mut self, candidate: &Candidate, rank: u32, atr14: Option<Price>) {
        let Candidate { range, rvol, side, rank: place, .. } = *candidate;
        let setup = Setup { rank, place, range, atr14, rvol, side };
        self.setups[candidate.symbol.index()] = Some(setup);
    }

    /// Starts watching the levels of a symbol whose setup is kept.
    ///
    /// Returns false when the bars that came before show that a level was crossed already.
    #[must_use]
    pub fn arm(&mut self, strategy: &StrategyConfig, symbol: SymbolId, seen: Option<Extremes>) -> bool {
        let Some(setup) = self.setup(symbol).copied() else { return true };
        let index = symbol.index();
        let wants = |side| setup.side.is_none_or(|only| only == side);
        let long = if wants(Side::Long) { entry_level(strategy, &setup, Side::Long) } else { UNREACHABLE_HIGH };
        let short = if wants(Side::Short) { entry_level(strategy, &setup, Side::Short) } else { UNREACHABLE_LOW };
        let reached = |extremes: Extremes| match strategy.entry {
            EntryKind::Close => (extremes.highest_close, extremes.lowest_close),
            EntryKind::Stop | EntryKind::Market => (extremes.high, extremes.low),
        };
        if seen.map(reached).is_some_and(|(highest, lowest)| highest >= long || lowest <= short) {
            return false;
        }
        self.leave(symbol, Watch::Armed);
        self.armed += 1;
        self.levels[index] = Levels { long, short };
        true
    }

    /// Starts watching one level of a symbol whose range is not known, as after a restart.
    pub fn arm_at(&mut self, symbol: SymbolId, side: Side, level: Price) {
        self.leave(symbol, Watch::Armed);
        self.armed += 1;
        self.levels[symbol.index()] = match side {
            Side::Long => Levels { long: level, ..UNREACHABLE },
            Side::Short => Levels { short: level, ..UNREACHABLE },
        };
    }

    /// Tells whether a level that is watched lies within the extremes of some bars.
    #[must_use]
    pub fn is_reached(&self, symbol: SymbolId, seen: Extremes) -> bool {
        let levels = self.levels[symbol.index()];
        seen.high >= levels.long || seen.low <= levels.short
    }

    /// Starts watching for the next bar of a symbol, which crosses in the direction of `side` whatever its prices.
    pub fn await_bar(&mut self, symbol: SymbolId, side: Side) {
        self.leave(symbol, Watch::Armed);
        self.armed += 1;
        let anywhere = if side == Side::Long { UNREACHABLE_LOW } else { UNREACHABLE_HIGH };
        self.levels[symbol.index()] = Levels { long: anywhere, short: anywhere };
    }

    /// Finds the armed symbols whose level a bar touched, and the absent ones that have a bar after all.
    pub fn scan(&self, bars: &[Bar], crossings: &mut Vec<Crossing>, arrived: &mut Vec<SymbolId>) {
        for bar in bars {
            let index = bar.symbol.index();
            let (highest, lowest) = if self.by_close { (bar.close, bar.close) } else { (bar.high, bar.low) };
            let levels = self.levels[index];
            let (up, down) = (highest >= levels.long, lowest <= levels.short);
            if up || down {
                let side = match (up, down) {
                    (true, true) => None,
                    (true, false) => Some(Side::Long),
                    (false, _) => Some(Side::Short),
                };
                let rank = self.setups[index].map_or(u32::MAX, |setup| setup.rank);
                crossings.push(Crossing { rank, symbol: bar.symbol, side, bar: *bar });
            } else if self.absent > 0 && self.watch[index] == Watch::Absent {
                arrived.push(bar.symbol);
            }
        }
        crossings.sort_unstable_by_key(|crossing| (crossing.rank, crossing.symbol));
    }

    /// Returns the price that a size rests on: the entry level, the range's close for a market entry, the close that
    /// broke out for an entry after it; `None` without a setup.
    #[must_use]
    pub fn level(
        &self,
        strategy: &StrategyConfig,
        symbol: SymbolId,
        side: Side,
        breakout: Option<&Bar>,
    ) -> Option<Price> {
        let setup = self.setup(symbol)?;
        Some(match (strategy.entry, breakout) {
            (EntryKind::Close, Some(bar)) => bar.close,
            (EntryKind::Stop | EntryKind::Close, _) => entry_level(strategy, setup, side),
            (EntryKind::Market, _) => setup.range.close,
        })
    }

    /// Returns the entry of a side for a symbol whose setup is kept; `breakout` is the bar that crossed the level.
    ///
    /// # Errors
    /// [`Reason::AtrMissing`] when the stop needs an ATR that is unknown.
    pub fn plan(
        &self,
        strategy: &StrategyConfig,
        symbol: SymbolId,
        side: Side,
        breakout: Option<&Bar>,
    ) -> Result<EntryPlan, Reason> {
        let Some(setup) = self.setup(symbol) else { return Err(Reason::RangeIncomplete) };
        let level = self.level(strategy, symbol, side, breakout).unwrap_or(setup.range.close);
        let stop = match strategy.stop {
            StopKind::Range => {
                let extreme = if side == Side::Long { setup.range.low } else { setup.range.high };
                StopRule::At(round_outward(side.opposite(), extreme))
            }
            StopKind::Atr(fraction) => {
                let atr = setup.atr14.ok_or(Reason::AtrMissing)?;
                StopRule::FromFill(multiple_of(atr, fraction))
            }
            StopKind::Percent(percent) => StopRule::Percent(percent),
        };
        let protection = Protection { side, stop, target: strategy.target };
        Ok(EntryPlan { side, level, stop: protection.resolve(level).stop, protection })
    }
}

/// Returns the entry level beside the range: the extreme moved by the offset, then rounded (long up, short down).
fn entry_level(strategy: &StrategyConfig, setup: &Setup, side: Side) -> Price {
    let extreme = if side == Side::Long { setup.range.high } else { setup.range.low };
    let offset = tick(extreme) * i64::from(strategy.entry_offset_ticks);
    round_outward(side, extreme.offset(side.sign() * offset))
}

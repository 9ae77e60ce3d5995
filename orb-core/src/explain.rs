//! Why a symbol was traded or not: the whole reckoning of one day, one symbol and one strategy.

use rust_decimal::Decimal;

use crate::event::SymbolReference;
use crate::money::{Money, Price, Quantity};
use crate::order::AttemptId;
use crate::protection::ExitPrices;
use crate::range_book::OpeningRange;
use crate::ranker::RelativeVolume;
use crate::reason::Reason;
use crate::score::Score;
use crate::side::Side;
use crate::time::Timestamp;

/// Holds a figure that a rule compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Figure {
    /// It is unknown.
    Missing,
    /// A price or an amount a share.
    Price(Price),
    /// A number of shares.
    Shares(u64),
    /// A relative volume.
    Ratio(RelativeVolume),
    /// A plain number: a fraction, a bound, a score.
    Number(Decimal),
    /// A place or a count.
    Count(u64),
}

/// Holds one rule with what it saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// The rule, named by the reason that it gives when it fails on a known figure.
    pub rule: Reason,
    /// What was found.
    pub value: Figure,
    /// What was asked for.
    pub bound: Figure,
    /// The reason that it gives; `None` when it passed.
    pub failed: Option<Reason>,
}

/// Holds the arithmetic of a size, as far as it was reached; what comes after a refusal is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SizeArithmetic {
    /// Equity at the open.
    pub equity_open: Money,
    /// Slots among which risk and leverage are divided.
    pub max_positions: u32,
    /// Distance from the level to the stop, per share.
    pub distance: Price,
    /// Shares by the configured sizing.
    pub by_sizing: i64,
    /// Shares by leverage x equity / slots; zero where the sizing is fixed.
    pub by_leverage: i64,
    /// What leverage x equity leaves beside open and working notional.
    pub left: Money,
    /// Shares that it buys.
    pub affordable: i64,
    /// Shares of the order.
    pub quantity: Quantity,
    /// Today's realised loss, zero after a gain.
    pub lost: Money,
    /// Risk of open and working positions.
    pub open_risk: Money,
    /// Risk of this order.
    pub own_risk: Money,
    /// Amount that the day may lose.
    pub loss_limit: Money,
    /// Positions and working entries of the strategy.
    pub slots_used: usize,
}

/// Holds the prices of an entry that was proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposedEntry {
    /// Long or short.
    pub side: Side,
    /// Price that the size rests on.
    pub level: Price,
    /// Stop and target as they follow from the level; those of the position follow from the executed price.
    pub exits: ExitPrices,
    /// The setup's score; `None` when an input is missing.
    pub score: Option<Score>,
    /// The size, step by step.
    pub size: SizeArithmetic,
}

/// Says how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is settled yet.
    Open,
    /// An entry was ordered.
    Signal,
    /// There was no trade: the first rule that failed, with its figures.
    NoTrade(Reason, String),
}

/// Records the whole reckoning of one symbol's day in one strategy; key: date, strategy, symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Date, strategy and symbol; the attempt is 0.
    pub attempt: AttemptId,
    /// When it was settled.
    pub at: Timestamp,
    /// The opening range; `None` where there is none.
    pub range: Option<OpeningRange>,
    /// What was known before the open.
    pub known: SymbolReference,
    /// Relative volume; `None` when unknown.
    pub rvol: Option<RelativeVolume>,
    /// Place by relative volume among those that passed the filters, from 1; `None` where it was not ranked.
    pub rank: Option<u32>,
    /// The filters in their order, all of them, also those after the first that failed.
    pub checks: Vec<Check>,
    /// The entry that was proposed; `None` where it did not come to that.
    pub entry: Option<ProposedEntry>,
    /// How it ended.
    pub verdict: Verdict,
}

impl Explanation {
    /// Begins an explanation of which nothing is known yet.
    #[must_use]
    pub const fn begin(attempt: AttemptId, at: Timestamp, known: SymbolReference) -> Self {
        Self {
            attempt,
            at,
            range: None,
            known,
            rvol: None,
            rank: None,
            checks: Vec::new(),
            entry: None,
            verdict: Verdict::Open,
        }
    }
}

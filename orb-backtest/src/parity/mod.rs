//! A day as it was traded beside the same day as its bars say it should have been traded: every difference, with its
//! reason.
//!
//! A bar tells four prices and not their order, an order takes time, and a market has a spread: so a live day and its
//! backtest differ. What matters is that nothing differs without a reason that can be named. A difference that none of
//! the reasons explains is [`Why::Unexplained`], and that is a fault to be looked into.

mod reasons;
mod signals;
mod text;

pub use signals::{SignalDifference, SignalParity, SignalWhat};

use core::fmt::Debug;
use std::collections::BTreeMap;

use orb_core::fact::{Decision, ExitReason, Trade};
use orb_core::order::AttemptId;
use orb_core::side::tick;
use orb_core::{Bar, Price, Quantity, Reason, Side, Span, StrategyId, SymbolId, Timestamp};

use reasons::Explainer;

/// Holds one side of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Closed trades.
    pub trades: &'a [Trade],
    /// Why symbols were not traded.
    pub decisions: &'a [Decision],
}

/// Holds what both sides are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Day<'a> {
    /// The day's regular bars.
    pub bars: &'a dyn FindBar,
    /// Their length.
    pub bar_length: Span,
}

/// Finds the few bars by which differences are judged, however the whole day is kept.
pub trait FindBar: Debug {
    /// Returns the last bar of a symbol that starts after one instant and not after another one.
    fn last_between(&self, symbol: SymbolId, after: Timestamp, until: Timestamp) -> Option<Bar>;
}

/// Bars in any order.
impl FindBar for &[Bar] {
    fn last_between(&self, symbol: SymbolId, after: Timestamp, until: Timestamp) -> Option<Bar> {
        let within = self.iter().filter(|bar| bar.symbol == symbol && bar.start > after && bar.start <= until);
        within.max_by_key(|bar| bar.start).copied()
    }
}

/// Holds the whole comparison of a day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parity {
    /// Trades that both sides made, in the order of the expected ones.
    pub pairs: Vec<Pair>,
    /// Trades that should have been made and were not.
    pub missed: Vec<Lone>,
    /// Trades that were made and should not have been.
    pub extra: Vec<Lone>,
    /// Symbols that neither side traded, for reasons that differ.
    pub decisions: Vec<DecisionDifference>,
}

/// Holds a trade that both sides made.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// As the bars say.
    pub expected: Trade,
    /// As it was.
    pub found: Trade,
    /// In what they differ; empty when in nothing.
    pub differences: Vec<Difference>,
}

/// Holds a trade that only one side made.
#[derive(Clone, Debug, PartialEq)]
pub struct Lone {
    /// The trade.
    pub trade: Trade,
    /// Why the other side did not make it, as that side said.
    pub reason: Option<Reason>,
    /// What explains it.
    pub why: Why,
}

/// Tells that both sides left a symbol alone for different reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionDifference {
    /// Whose day.
    pub attempt: AttemptId,
    /// As the bars say.
    pub expected: Reason,
    /// As it was.
    pub found: Reason,
    /// What explains it.
    pub why: Why,
}

/// Tells one thing in which two trades differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub what: What,
    /// The reason.
    pub why: Why,
}

/// Names what differs between two trades, as expected and as found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// Long or short.
    Side(Side, Side),
    /// Shares.
    Quantity(Quantity, Quantity),
    /// Start of the bar of the entry.
    EntryBar(Timestamp, Timestamp),
    /// Entry price; ticks against the trader, negative in favour.
    EntryPrice(Price, Price, i64),
    /// Why it was left.
    ExitReason(ExitReason, ExitReason),
    /// Start of the bar of the exit.
    ExitBar(Timestamp, Timestamp),
    /// Exit price; ticks against the trader, negative in favour.
    ExitPrice(Price, Price, i64),
}

/// Names the reasons for which a live day and its backtest may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Why {
    /// The bar touches both entry levels: the backtest leaves it alone, a market has an order of prices.
    BothSidesInOneBar,
    /// The bar touches more than one of entry, stop and target, and does not tell which came first.
    PathInBar,
    /// The fill lies within the bar, where the spread, the step between two trades and the time of an order put it.
    Execution,
    /// The price left the entry's limit behind.
    LimitLeftBehind,
    /// Fewer shares were filled than asked for.
    PartialFill,
    /// It follows from an earlier difference of the same trade: other prices move stop and target.
    OfThisTrade,
    /// It follows from an earlier difference of another trade: slots, money and the day's risk are shared.
    OfOtherTrades,
    /// A hold kept entries back.
    Hold,
    /// The broker refused.
    Broker,
    /// A person or a limit left the position.
    Intervention,
    /// None of these.
    Unexplained,
}

impl Parity {
    /// Compares a day as it was with the day as its bars say.
    #[must_use]
    pub fn of(day: &Day<'_>, expected: Run<'_>, found: Run<'_>) -> Self {
        let (ours, theirs) = (by_symbol(found.trades), by_symbol(expected.trades));
        let explainer = Explainer::new(day, expected, found);
        let mut parity = Self::default();
        for (key, trade) in &theirs {
            match ours.get(key) {
                Some(other) => parity.pairs.push(explainer.pair(trade, other)),
                None => parity.missed.push(explainer.missed(key, trade)),
            }
        }
        for (key, trade) in &ours {
            if !theirs.contains_key(key) {
                parity.extra.push(explainer.extra(key, trade));
            }
        }
        parity.decisions = explainer.decisions(|key| ours.contains_key(key) || theirs.contains_key(key));
        parity
    }

    /// Tells whether the two sides differ in nothing.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.reasons().next().is_none()
    }

    /// Lists the reason of every difference.
    pub fn reasons(&self) -> impl Iterator<Item = Why> + '_ {
        let pairs = self.pairs.iter().flat_map(|pair| pair.differences.iter().map(|difference| difference.why));
        let lone = self.missed.iter().chain(&self.extra).map(|lone| lone.why);
        pairs.chain(lone).chain(self.decisions.iter().map(|difference| difference.why))
    }

    /// Counts the differences that nothing explains.
    #[must_use]
    pub fn unexplained(&self) -> usize {
        self.reasons().filter(|why| *why == Why::Unexplained).count()
    }
}

/// Names a trade on both sides: a strategy has at most one planned trade of a symbol and day.
pub(crate) type Key = (orb_core::Date, StrategyId, SymbolId);

fn key_of(attempt: AttemptId) -> Key {
    (attempt.date, attempt.strategy, attempt.symbol)
}

fn by_symbol(trades: &[Trade]) -> BTreeMap<Key, &Trade> {
    trades.iter().map(|trade| (key_of(trade.attempt), trade)).collect()
}

/// Returns how many ticks a price is worse than expected for somebody who buys (1) or sells (-1).
fn ticks_against(expected: Price, found: Price, sign: i64) -> i64 {
    let tick = tick(expected);
    let worse = sign * (found.micros() - expected.micros());
    worse.div_euclid(tick) + i64::from(worse.rem_euclid(tick) * 2 >= tick)
}

#[cfg(test)]
mod tests;

//! Trades that are corrected or taken back after they were published.
//!
//! Streams and history tell of it from the moment on at which it becomes known. A minute's bar is published as it is
//! known then: what becomes known later makes an updated bar after the usual delay. What has happened stays: orders
//! that a trade filled or elected are not undone, and the quotes around it were the quotes.

use orb_core::{Price, SymbolId, Timestamp};

use super::path::Print;
use super::tape::Trade;

/// Says what is to become of the last trade before a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RevisionPlan {
    /// Whose trade.
    pub(crate) symbol: SymbolId,
    /// First instant at which the trade may lie: its session's open.
    pub(crate) since: Timestamp,
    /// When it becomes known.
    pub(crate) at: Timestamp,
    /// By how many cents its price was wrong; `None` when there was no such trade.
    pub(crate) cents: Option<i64>,
}

/// Represents a trade that is not what it was published as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    pub(crate) symbol: SymbolId,
    /// When it becomes known.
    pub(crate) at: Timestamp,
    /// The trade as it was published.
    pub(crate) original: Trade,
    /// What it really was; `None` when it is taken back.
    pub(crate) corrected: Option<Trade>,
}

/// Says what history tells of a trade beside its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TradeUpdate {
    /// It was taken back.
    Canceled,
    /// It was corrected, and is not valid any more.
    Incorrect,
    /// It is the correction of another one.
    Corrected,
}

impl TradeUpdate {
    /// Returns the word of the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Canceled => "canceled",
            Self::Incorrect => "incorrect",
            Self::Corrected => "corrected",
        }
    }
}

/// A correction's number lies so far from that of its trade: a minute has fewer trades.
const ID_DISTANCE: i64 = 500_000;
/// No price is lower.
const LOWEST: Price = Price::from_micros(100);

impl Revision {
    /// Makes what a plan says of a trade.
    pub(crate) fn of(plan: &RevisionPlan, original: Trade) -> Self {
        let corrected = plan.cents.map(|cents| {
            let price = original.print.price.offset(cents.saturating_mul(10_000)).max(LOWEST);
            Trade { id: original.id + ID_DISTANCE, print: Print { price, ..original.print } }
        });
        Self { symbol: plan.symbol, at: plan.at, original, corrected }
    }
}

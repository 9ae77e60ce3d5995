//! What enters the engine.

use crate::alarm::AlarmId;
use crate::bar::Bar;
use crate::effect::EffectId;
use crate::hold::HoldKind;
use crate::money::{Money, Price, Quantity};
use crate::order::{AttemptId, BrokerOrder, Execution, OrderUpdate, Rejection};
use crate::symbol::SymbolId;
use crate::time::{Date, Timestamp};

/// Brings one piece of the world into the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Prices.
    Market(Origin, MarketData),
    /// News of an order, pushed by the broker.
    Order(OrderUpdate),
    /// The whole state at the broker.
    Snapshot(BrokerSnapshot),
    /// What is known of a day before its open; begins the day.
    Reference(ReferenceData),
    /// The answer to an effect.
    Outcome(EffectId, Outcome),
    /// What an authorised person or program wants.
    Command(Authorised),
    /// New limits.
    Limits(RiskLimits),
    /// The state of the connections.
    Feed(FeedState),
    /// Nothing but that time has passed.
    Wakeup,
}

/// Tells whether market data is fresh or repeats the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It happens now.
    Live,
    /// It happened before orb was there: builds state and never makes a signal.
    Backfill,
}

/// Holds prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarketData {
    /// The bars of one instant: all end at the same time, at most one a symbol.
    Bars(Vec<Bar>),
    /// A bar of before in a corrected form.
    Correction(Bar),
    /// Shares changed hands: it triggers entries between the ends of bars, and marks nothing.
    Trade {
        /// Whose shares.
        symbol: SymbolId,
        /// Dollars per share.
        price: Price,
        /// Number of shares.
        size: u64,
    },
    /// Best bid and ask, dollars per share.
    Quote {
        /// Whose quote.
        symbol: SymbolId,
        /// Best bid.
        bid: Price,
        /// Best ask.
        ask: Price,
    },
    /// Trading in a symbol was halted or resumed.
    Halt {
        /// Whose trading.
        symbol: SymbolId,
        /// True while halted.
        halted: bool,
    },
}

/// Answers an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The broker took the order; its legs are in it.
    Accepted(BrokerOrder),
    /// The broker refused.
    Rejected(Rejection),
    /// No answer: it may have happened or not.
    Unknown,
    /// The order that was looked up.
    Found(BrokerOrder),
    /// There is no such order.
    NotFound,
    /// A cancel was taken; its confirmation follows as an order update.
    Done,
    /// All positions of the account.
    Positions(Vec<BrokerPosition>),
    /// The account's money.
    Account(BrokerAccount),
    /// The bars that were asked for; a symbol without one had none.
    Bars(Vec<Bar>),
}

/// Holds one position as the broker reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerPosition {
    /// Which symbol.
    pub symbol: SymbolId,
    /// Shares, negative when short.
    pub quantity: Quantity,
}

/// Holds the account's money as the broker reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrokerAccount {
    /// Cash and positions together.
    pub equity: Money,
    /// Cash.
    pub cash: Money,
    /// How many times the equity may be used; 1 where nothing is lent. `None` when it is not told.
    pub multiplier: Option<u8>,
}

/// Holds one of the day's executions as the broker reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerFill {
    /// The order after it.
    pub order: BrokerOrder,
    /// The execution.
    pub execution: Execution,
}

/// Holds the whole state at the broker at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerSnapshot {
    /// The day's orders, with their legs, in the order of their making.
    pub orders: Vec<BrokerOrder>,
    /// Open positions.
    pub positions: Vec<BrokerPosition>,
    /// The day's executions in order.
    pub fills: Vec<BrokerFill>,
    /// The account.
    pub account: BrokerAccount,
    /// Orders and positions in symbols that orb does not know, as text for people.
    pub foreign: Vec<String>,
    /// Sum of the day's deposits, withdrawals (negative) and journals; `None` when it is not known, and then the
    /// account's equity tells nothing about the day's result.
    pub transfers: Option<Money>,
}

/// Holds what is known of a symbol before a day's open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SymbolReference {
    /// Close of the previous session; `None` when unknown.
    pub previous_close: Option<Price>,
    /// Mean of the 14 true ranges before; `None` when unknown.
    pub atr14: Option<Price>,
    /// ATR14 as Wilder smooths it; `None` when unknown.
    pub atr14_wilder: Option<Price>,
    /// Sum of the volume of the 14 sessions before; `None` when unknown.
    pub volume_sum14: Option<u64>,
    /// Sum of the volumes of the 14 opening ranges before, for each of
    /// [`RANGE_MINUTES`](crate::config::RANGE_MINUTES); `None` when one is missing.
    pub opening_volume_sum14: [Option<u64>; 5],
    /// Tells that the previous session's low was at or below 90% of the close before it (rule 201).
    pub restricted: bool,
    /// Tells that the broker lends no shares of it for a short sale, or that it is not known whether it does where it
    /// has to be.
    pub unshortable: bool,
    /// Part of a purchase's value that its owner must have, per cent; `None` when the broker does not tell.
    pub margin_long: Option<u16>,
    /// The same for a short sale.
    pub margin_short: Option<u16>,
}

/// Holds what is known of a day before its open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceData {
    /// Trading date; the calendar must have it.
    pub date: Date,
    /// Equity at the open.
    pub equity_open: Money,
    /// For each symbol of the table, in its order.
    pub symbols: Vec<SymbolReference>,
}

/// Carries a command whose sender has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorised {
    /// Makes a repeated command the same command.
    pub request_id: String,
    /// Who wants it.
    pub actor: String,
    /// Why; may be empty where the command needs none.
    pub reason: String,
    /// What is wanted.
    pub command: Command,
}

/// Says what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Stop all entries; with `flatten` close everything too.
    Kill {
        /// Close everything too.
        flatten: bool,
    },
    /// Hold entries.
    Pause,
    /// Clear the holds that the operator may clear; the kill only when it is named.
    Clear(HoldKind),
    /// Close one symbol's position.
    Close(SymbolId),
    /// Close all positions.
    CloseAll,
    /// Cancel all working entries; nothing is held.
    CancelEntries,
    /// Cancel the working entry of one attempt; nothing is held.
    CancelEntry(AttemptId),
    /// Change the limits, as [`Event::Limits`] does.
    Limit(RiskLimits),
    /// Take note of an alarm, or of all for `None`: it is told no more until its cause has ended and returned.
    AcknowledgeAlarms(Option<AlarmId>),
}

/// Holds limits that may change while orb runs: a tighter one counts at once, a looser one from the next session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskLimits {
    /// Fraction of the open's equity that the day may lose, in 1e-6; at most 1.
    pub daily_loss_e6: i64,
    /// Most positions of the account at one time.
    pub max_positions: u32,
}

/// Tells how the connections are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedState {
    /// A cause of a hold has arisen.
    Trouble(HoldKind),
    /// It has ended.
    Recovered(HoldKind),
}

/// Returns the end of an instant's bars: the start plus their length.
#[must_use]
pub fn bars_end(bars: &[Bar], length: crate::time::Span) -> Option<Timestamp> {
    bars.first().map(|bar| bar.start + length)
}

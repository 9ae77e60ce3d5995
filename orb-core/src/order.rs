//! Orders as orb asks for them, as the broker reports them, and as the book keeps them.

use core::fmt;
use std::sync::Arc;

use crate::config::StrategyId;
use crate::money::{Money, Price, Quantity};
use crate::protection::Protection;
use crate::side::OrderSide;
use crate::symbol::SymbolId;
use crate::time::{Date, Timestamp};

/// Names an attempt of a strategy to trade a symbol on a day; the key of its signal and of its trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// Trading date.
    pub date: Date,
    /// Which strategy.
    pub strategy: StrategyId,
    /// Which symbol.
    pub symbol: SymbolId,
    /// Counts from 1 within the day.
    pub attempt: u16,
}

impl AttemptId {
    /// Names the trade that begins when an attempt's fills go beyond the end of its own trade.
    #[must_use]
    pub(crate) const fn beyond_flat(self) -> Self {
        Self { attempt: self.attempt + 100, ..self }
    }
}

/// Identifies an order from orb's side: date, strategy, symbol, attempt and leg, at most 48 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientOrderId(Arc<str>);

/// Identifies an order from the broker's side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerOrderId(Arc<str>);

macro_rules! text_id {
    ($name:ident) => {
        impl $name {
            /// Keeps the text of an identifier.
            #[must_use]
            pub fn new(text: &str) -> Self {
                Self(text.into())
            }

            /// Returns the text of the identifier.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_id!(ClientOrderId);
text_id!(BrokerOrderId);

/// Says what an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderRole {
    /// Opens a position.
    Entry,
    /// Protects a position.
    Stop,
    /// Takes its profit.
    Target,
    /// Closes it at the market.
    Close,
}

impl OrderRole {
    /// Lists all roles.
    pub const ALL: &[Self] = &[Self::Entry, Self::Stop, Self::Target, Self::Close];

    /// Returns the letter that stands for the role in a client order id.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Entry => 'e',
            Self::Stop => 's',
            Self::Target => 't',
            Self::Close => 'x',
        }
    }

    /// Returns the role's name as files and the API carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Stop => "stop",
            Self::Target => "target",
            Self::Close => "close",
        }
    }
}

/// Says at what price an order may trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderKind {
    /// At the market.
    Market,
    /// At this price or better.
    Limit(Price),
    /// At the market once this price is touched.
    Stop(Price),
}

impl OrderKind {
    /// Returns the price of a limit or stop, `None` for a market order.
    #[must_use]
    pub const fn price(self) -> Option<Price> {
        match self {
            Self::Market => None,
            Self::Limit(price) | Self::Stop(price) => Some(price),
        }
    }
}

/// Says how long an order lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeInForce {
    /// Until the close.
    Day,
    /// Until it is cancelled.
    GoodTillCancelled,
}

/// Tells a driver that works on bars from when an entry may fill, whatever wait preceded its submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Start of the first bar in which the order may fill.
    pub first_bar: Timestamp,
}

/// Asks the broker for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// The identifier that makes the order unique and lets it be found again.
    pub id: ClientOrderId,
    /// The attempt it belongs to.
    pub attempt: AttemptId,
    /// What it is for.
    pub role: OrderRole,
    /// Buy or sell.
    pub side: OrderSide,
    /// Shares, at least 1.
    pub quantity: Quantity,
    /// At what price.
    pub kind: OrderKind,
    /// How long.
    pub time_in_force: TimeInForce,
    /// An entry's exits, which the broker works once it is filled.
    pub attached: Option<Protection>,
    /// For a target: the price of the stop that shares its fate (one cancels the other).
    pub paired_stop: Option<Price>,
    /// Where bars drive the exchange: from when the order may fill.
    pub trigger: Option<Trigger>,
}

/// Names where an order is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderStatus {
    /// Committed, and perhaps sent; the broker has not answered.
    PendingSubmit,
    /// Works at the broker.
    Working,
    /// Waits at the broker for its parent or its sibling.
    Held,
    /// Works, and some shares are filled.
    PartiallyFilled,
    /// A cancel was asked for and is not confirmed.
    PendingCancel,
    /// All shares are filled.
    Filled,
    /// Cancelled, perhaps after some fills.
    Cancelled,
    /// Ended by the broker's clock.
    Expired,
    /// Refused.
    Rejected,
    /// Another order took its place.
    Replaced,
    /// The broker did not answer: it may exist or not until it is looked up.
    Unknown,
}

impl OrderStatus {
    /// Lists all statuses.
    pub const ALL: &[Self] = &[
        Self::PendingSubmit,
        Self::Working,
        Self::Held,
        Self::PartiallyFilled,
        Self::PendingCancel,
        Self::Filled,
        Self::Cancelled,
        Self::Expired,
        Self::Rejected,
        Self::Replaced,
        Self::Unknown,
    ];

    /// Tells whether nothing more is expected of the order.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Filled | Self::Cancelled | Self::Expired | Self::Rejected | Self::Replaced)
    }

    /// Returns the status' name as files and the API carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PendingSubmit => "PENDING_SUBMIT",
            Self::Working => "WORKING",
            Self::Held => "HELD",
            Self::PartiallyFilled => "PARTIALLY_FILLED",
            Self::PendingCancel => "PENDING_CANCEL",
            Self::Filled => "FILLED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
            Self::Rejected => "REJECTED",
            Self::Replaced => "REPLACED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Returns the status of a name, or `None` when there is none.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.name() == name)
    }
}

/// Explains a broker's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The broker's code; 0 when it gave none.
    pub code: i64,
    /// The broker's sentence.
    pub message: String,
    /// Orders that stand in the way.
    pub related_orders: Vec<BrokerOrderId>,
    /// Shares that were available; `None` when the broker did not say.
    pub available: Option<Quantity>,
    /// What kind of refusal it is, where it matters to the engine.
    pub kind: RejectionKind,
}

/// Sorts refusals by what the engine makes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectionKind {
    /// The market stands at or beyond the attached stop.
    EntryBeyondStop,
    /// An order of this client order id exists.
    DuplicateId,
    /// The symbol may not be sold short.
    NotShortable,
    /// Not enough shares or buying power.
    Insufficient,
    /// Another order stands in the way: a wash trade, or shares that it holds.
    Blocked,
    /// The price of a stop or target lies on the wrong side of the market.
    BeyondMarket,
    /// It was not sent: its deadline had passed, or entries had been stopped.
    NotSent,
    /// Anything else.
    Other,
}

/// Holds an order as the broker reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerOrder {
    /// The broker's identifier.
    pub broker_id: BrokerOrderId,
    /// Our identifier; `None` for a leg that the broker made.
    pub client_id: Option<ClientOrderId>,
    /// The order that this one is a leg of; `None` when it stands alone.
    pub parent: Option<BrokerOrderId>,
    /// The order whose place this one took; `None` when it took none's.
    pub replaces: Option<BrokerOrderId>,
    /// Which symbol.
    pub symbol: SymbolId,
    /// Buy or sell.
    pub side: OrderSide,
    /// Shares asked for.
    pub quantity: Quantity,
    /// At what price.
    pub kind: OrderKind,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// Shares filled.
    pub filled: Quantity,
    /// Its legs; empty for a simple order.
    pub legs: Vec<Self>,
}

/// Holds one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The broker's identifier of the execution: one that was seen is not counted again.
    pub id: String,
    /// Price per share.
    pub price: Price,
    /// Shares, at least 1.
    pub quantity: Quantity,
    /// Commission; zero where the broker reports it later.
    pub fee: Money,
    /// When it happened; in bar-driven drivers the start of the bar.
    pub at: Timestamp,
    /// Tells that the data had ended and the last price was taken (bar-driven drivers only).
    pub at_data_end: bool,
}

/// Names what happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderEvent {
    /// It works.
    New,
    /// The broker has it, and it does not work yet.
    Pending,
    /// It waits for another.
    Held,
    /// Some shares were filled.
    PartialFill,
    /// The last share was filled.
    Fill,
    /// A cancel is under way.
    PendingCancel,
    /// It was cancelled.
    Cancelled,
    /// The broker would not cancel it.
    CancelRejected,
    /// The broker's clock ended it.
    Expired,
    /// It was refused.
    Rejected,
    /// Another order took its place.
    Replaced,
    /// No answer came: it may exist or not.
    Lost,
    /// One of its executions was taken back.
    Busted,
    /// Shares or price of one of its executions were corrected.
    Corrected,
}

impl OrderEvent {
    /// Lists all events.
    pub const ALL: &[Self] = &[
        Self::New,
        Self::Pending,
        Self::Held,
        Self::PartialFill,
        Self::Fill,
        Self::PendingCancel,
        Self::Cancelled,
        Self::CancelRejected,
        Self::Expired,
        Self::Rejected,
        Self::Replaced,
        Self::Lost,
        Self::Busted,
        Self::Corrected,
    ];
}

/// Tells what happened to an order at the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderUpdate {
    /// What happened.
    pub event: OrderEvent,
    /// The order after it.
    pub order: BrokerOrder,
    /// The execution of a fill; the one that was taken back, as it was; or the one that was corrected, under its name
    /// and as it is now. `None` where there is none, or where it is not known which one is meant.
    pub execution: Option<Execution>,
    /// Why it was refused, where the broker says so.
    pub rejection: Option<Rejection>,
    /// The broker's time.
    pub at: Timestamp,
}

/// Holds an order as the book keeps it and the store records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Our identifier; for a leg that the broker made, its parent's with the leg's letter.
    pub id: ClientOrderId,
    /// The broker's identifier; `None` until it answers.
    pub broker_id: Option<BrokerOrderId>,
    /// The order that this one is a leg of; `None` when it stands alone.
    pub parent: Option<ClientOrderId>,
    /// The attempt it belongs to.
    pub attempt: AttemptId,
    /// What it is for.
    pub role: OrderRole,
    /// Buy or sell.
    pub side: OrderSide,
    /// Shares asked for.
    pub quantity: Quantity,
    /// At what price.
    pub kind: OrderKind,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// Shares filled.
    pub filled: Quantity,
    /// Sum of price times shares over its fills.
    pub filled_notional: Money,
    /// When orb decided on it.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The broker's refusal; `None` when there was none.
    pub rejection: Option<Rejection>,
}

impl Order {
    /// Returns the shares that are not filled.
    #[must_use]
    pub fn remaining(&self) -> Quantity {
        self.quantity - self.filled
    }

    /// Returns the mean price of the fills, truncated to the micro-dollar; `None` without a fill.
    #[must_use]
    pub fn average_price(&self) -> Option<Price> {
        (!self.filled.is_zero()).then(|| Price::from_micros(self.filled_notional.micros() / self.filled.shares()))
    }
}

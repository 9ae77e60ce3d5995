//! What may go wrong with a single order.

use orb_core::{Money, Quantity, Span, Timestamp};

/// Describes an order to whoever decides about its faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderGlimpse<'a> {
    /// The client's identifier.
    pub client_order_id: &'a str,
    /// The symbol's name.
    pub symbol: &'a str,
    /// True for a buy.
    pub buy: bool,
    /// Shares.
    pub quantity: Quantity,
    /// Alpaca's word: `simple`, `bracket`, `oco` or `oto`.
    pub order_class: &'a str,
    /// Alpaca's word: `market`, `limit`, `stop`, `stop_limit` or `trailing_stop`.
    pub order_type: &'a str,
}

/// Says what is to go wrong with an order; by default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFaults {
    /// It stays `pending_new` for so long: no other status, no fill, and no cancel is confirmed.
    pub pending_new: Option<Span>,
    /// A cancel of it stays `pending_cancel` for so long.
    pub pending_cancel: Option<Span>,
    /// A cancel of it is taken, and then it fills all the same, before the cancel would have been confirmed.
    pub fills_after_cancel: bool,
    /// It fills in pieces.
    pub pieces: Option<Pieces>,
    /// It is accepted, and rejected afterwards with this sentence; a leg, when it would become active.
    pub rejected: Option<String>,
    /// Its legs (all but the order itself) are rejected when they would become active.
    pub legs_rejected: bool,
    /// When one of its two exits fills, the other one fills too, at the same instant.
    pub both_legs_fill: bool,
    /// A replacement of it is answered with 200 and then rejected (`order_replace_rejected`).
    pub replace_rejected: bool,
    /// It works at another price than was ordered: dollars that are added to its limit and its stop; `None` for nothing. A
    /// price that would not stay positive is left alone.
    pub displaced: Option<Money>,
    /// While a replacement of it is pending, the old order fills.
    pub fills_while_replaced: bool,
    /// Its first execution is taken back (`trade_bust`) so long after it.
    pub busted: Option<Span>,
    /// The price of its first execution is corrected (`trade_correct`).
    pub corrected: Option<Correction>,
}

/// Says how the price of an execution is corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correction {
    /// How long after the execution.
    pub after: Span,
    /// Dollars per share that are added to its price; one that would not stay positive is left alone.
    pub by: Money,
}

/// Says how an order fills in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// Number of pieces of about the same size, at least 2.
    pub count: u32,
    /// Time between two of them.
    pub every: Span,
    /// After this many the rest never fills by itself; `None` to fill all.
    pub stops_after: Option<u32>,
}

/// Decides what is to go wrong with each order.
pub trait OrderFaultSource: Send {
    /// Called once for each order as it is accepted, then for each of its legs, and for each replacement.
    ///
    /// Legs are known by their class and type: their clients' identifiers are made by the broker.
    fn faults_of(&mut self, now: Timestamp, order: OrderGlimpse<'_>) -> OrderFaults;
}

/// Lets nothing go wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl OrderFaultSource for NoFaults {
    fn faults_of(&mut self, _now: Timestamp, _order: OrderGlimpse<'_>) -> OrderFaults {
        OrderFaults::default()
    }
}

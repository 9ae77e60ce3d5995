//! An order and its states.

use orb_core::side::{OrderSide, round_half_up};
use orb_core::{Money, Price, SymbolId, Timestamp};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::shares::Shares;
use crate::order_faults::OrderFaults;

/// Numbers the orders of a broker in the order of their making.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey(pub(super) usize);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Returns the word of the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Returns the value of a word of the wire; `None` for any other word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// Tells to what group of orders an order belongs.
    OrderClass {
        /// To none.
        Simple = "simple",
        /// An entry with a target and a stop.
        Bracket = "bracket",
        /// A target and a stop, of which one cancels the other.
        Oco = "oco",
        /// An entry that triggers one exit.
        Oto = "oto",
    }
}

words! {
    /// Tells how an order is priced.
    OrderType {
        /// At the market.
        Market = "market",
        /// At a limit or better.
        Limit = "limit",
        /// At the market once a price is reached.
        Stop = "stop",
        /// At a limit or better once a price is reached.
        StopLimit = "stop_limit",
        /// A stop that follows the market.
        TrailingStop = "trailing_stop",
    }
}

words! {
    /// Tells how long an order lives.
    TimeInForce {
        /// Until the end of the session.
        Day = "day",
        /// Until it is cancelled, 90 days at most.
        Gtc = "gtc",
        /// In the opening auction.
        Opg = "opg",
        /// In the closing auction.
        Cls = "cls",
        /// What fills at once; the rest is cancelled.
        Ioc = "ioc",
        /// All at once or nothing.
        Fok = "fok",
    }
}

words! {
    /// Tells where an order is in its life.
    OrderStatus {
        /// Received, and sent to the exchange later: at the next open.
        Accepted = "accepted",
        /// Sent to the exchange, which has not acknowledged it.
        PendingNew = "pending_new",
        /// Working at the exchange.
        New = "new",
        /// Working, and filled in part.
        PartiallyFilled = "partially_filled",
        /// Filled: the end.
        Filled = "filled",
        /// Cancelled: the end.
        Canceled = "canceled",
        /// Out of time: the end.
        Expired = "expired",
        /// Refused after it was accepted: the end.
        Rejected = "rejected",
        /// Another order has taken its place: the end.
        Replaced = "replaced",
        /// Its cancel is not confirmed.
        PendingCancel = "pending_cancel",
        /// Its replacement is not confirmed.
        PendingReplace = "pending_replace",
        /// A leg that waits for its entry, or a stop while its target works.
        Held = "held",
    }
}

words! {
    /// Tells what an order does to the position.
    PositionIntent {
        /// Opens or adds to a long position.
        BuyToOpen = "buy_to_open",
        /// Closes a short position, or a part of it.
        BuyToClose = "buy_to_close",
        /// Opens or adds to a short position.
        SellToOpen = "sell_to_open",
        /// Closes a long position, or a part of it.
        SellToClose = "sell_to_close",
    }
}

impl OrderStatus {
    /// Tells whether nothing can happen to the order any more.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Filled | Self::Canceled | Self::Expired | Self::Rejected | Self::Replaced)
    }
}

impl PositionIntent {
    /// Returns what an order of a side does when it closes, or else opens.
    #[must_use]
    pub const fn of(side: OrderSide, closing: bool) -> Self {
        match (side, closing) {
            (OrderSide::Buy, false) => Self::BuyToOpen,
            (OrderSide::Buy, true) => Self::BuyToClose,
            (OrderSide::Sell, false) => Self::SellToOpen,
            (OrderSide::Sell, true) => Self::SellToClose,
        }
    }

    /// Tells whether a position becomes smaller.
    #[must_use]
    pub const fn is_closing(self) -> bool {
        matches!(self, Self::BuyToClose | Self::SellToClose)
    }
}

/// Tells how much is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Shares, above zero.
    Shares(Shares),
    /// Dollars, above zero.
    Notional(Money),
}

/// Tells how far a trailing stop stays behind the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trail {
    /// Dollars per share.
    Price(Price),
    /// Per cent of the best price.
    Percent(Decimal),
}

/// Holds the prices of an order; which are there depends on its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Worst price.
    pub limit: Option<Price>,
    /// Price that elects the order.
    pub stop: Option<Price>,
    /// Distance of a trailing stop.
    pub trail: Option<Trail>,
}

impl Prices {
    /// Adds so many dollars to limit and stop; one that would not stay positive is left alone.
    pub(super) fn displaced(self, by: Money) -> Self {
        let move_price =
            |price: Price| Some(price.offset(by.micros())).filter(|moved| *moved > Price::ZERO).or(Some(price));
        Self { limit: self.limit.and_then(move_price), stop: self.stop.and_then(move_price), ..self }
    }
}

/// Tells what an order is within its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It stands alone.
    Single,
    /// It opens, and its legs close what it opened.
    Entry,
    /// It takes the profit.
    Target,
    /// It limits the loss.
    Stop,
}

/// Holds the instants of an order's life; `None` for what did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderTimes {
    /// When it was made.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// When it was sent; for a leg, when its entry was.
    pub submitted: Timestamp,
    /// When it was filled completely.
    pub filled: Option<Timestamp>,
    /// When it expired.
    pub expired: Option<Timestamp>,
    /// When it will expire.
    pub expires: Option<Timestamp>,
    /// When it was cancelled.
    pub canceled: Option<Timestamp>,
    /// When it was rejected.
    pub failed: Option<Timestamp>,
    /// When it was replaced.
    pub replaced: Option<Timestamp>,
}

impl OrderTimes {
    pub(super) const fn made_at(now: Timestamp) -> Self {
        Self {
            created: now,
            updated: now,
            submitted: now,
            filled: None,
            expired: None,
            expires: None,
            canceled: None,
            failed: None,
            replaced: None,
        }
    }
}

/// Holds what the matching knows about an order and the wire does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Matching {
    /// The exchange has the order, or watches its stop.
    pub(super) awake: bool,
    /// The stop was reached.
    pub(super) elected: bool,
    /// The order has been found not marketable, and waits at its limit.
    pub(super) resting: bool,
    /// When its first fill is due, once it was found marketable.
    pub(super) fill_at: Option<Timestamp>,
    /// When its next piece is due.
    pub(super) next_piece: Option<Timestamp>,
    /// Number of pieces that were filled.
    pub(super) pieces: u32,
    /// Until when nothing happens to it.
    pub(super) stuck_until: Option<Timestamp>,
    /// A cancel came while it was stuck.
    pub(super) cancel_requested: bool,
    /// What the status was before a cancel or replacement was asked for.
    pub(super) before_pending: Option<OrderStatus>,
    /// The order that is about to replace it.
    pub(super) successor: Option<OrderKey>,
    /// The order that it is about to replace.
    pub(super) predecessor: Option<OrderKey>,
    /// What that order had filled when the replacement was asked for.
    pub(super) old_filled: Option<Shares>,
}

/// Holds an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Its number.
    pub key: OrderKey,
    /// The broker's identifier.
    pub id: Uuid,
    /// The client's identifier.
    pub client_order_id: String,
    /// Whose shares.
    pub symbol: SymbolId,
    /// Its group.
    pub class: OrderClass,
    /// What it is in the group.
    pub role: Role,
    /// How it is priced.
    pub order_type: OrderType,
    /// Bought or sold.
    pub side: OrderSide,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// Its prices.
    pub prices: Prices,
    /// How much is ordered.
    pub amount: Amount,
    /// What it does to the position.
    pub intent: PositionIntent,
    /// It may trade outside regular hours.
    pub extended_hours: bool,
    /// Where it is in its life.
    pub status: OrderStatus,
    /// Shares filled.
    pub filled: Shares,
    /// Value of the shares filled.
    pub filled_value: Money,
    /// Best price since a trailing stop works; `None` for others, or before the first trade.
    pub high_water: Option<Price>,
    /// When what happened.
    pub times: OrderTimes,
    /// The order that took its place.
    pub replaced_by: Option<Uuid>,
    /// The order whose place it took.
    pub replaces: Option<Uuid>,
    /// The order whose leg it is.
    pub parent: Option<OrderKey>,
    /// Its legs.
    pub legs: Vec<OrderKey>,
    /// What goes wrong with it.
    pub faults: OrderFaults,
    pub(super) matching: Matching,
}

impl Order {
    /// Tells whether something can still happen to it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !self.status.is_terminal()
    }

    /// Returns the ordered shares; `None` for an order of an amount of money.
    #[must_use]
    pub const fn shares(&self) -> Option<Shares> {
        match self.amount {
            Amount::Shares(shares) => Some(shares),
            Amount::Notional(_) => None,
        }
    }

    /// Returns the shares that are still to be filled, were they filled at a price.
    #[must_use]
    pub fn remaining(&self, price: Price) -> Shares {
        match self.amount {
            Amount::Shares(shares) => shares - self.filled,
            Amount::Notional(amount) => Shares::bought_with(amount - self.filled_value, price),
        }
    }

    /// Returns the average price of what was filled, rounded to the micro-dollar; `None` when nothing was.
    #[must_use]
    pub fn average_price(&self) -> Option<Price> {
        average(self.filled_value, self.filled)
    }

    /// Tells whether it waits for a price to be reached.
    #[must_use]
    pub const fn is_stop(&self) -> bool {
        matches!(self.order_type, OrderType::Stop | OrderType::StopLimit | OrderType::TrailingStop)
    }

    /// Returns the worst price at which it may fill once it works; `None` at the market.
    ///
    /// Buy stops become limit orders 4% above a stop below $50, else 2.5% above.
    #[must_use]
    pub fn worst_price(&self) -> Option<Price> {
        match (self.order_type, self.side) {
            (OrderType::Limit | OrderType::StopLimit, _) => self.prices.limit,
            (OrderType::Stop | OrderType::TrailingStop, OrderSide::Buy) => self.prices.stop.map(stop_collar),
            (OrderType::Market, _) | (OrderType::Stop | OrderType::TrailingStop, OrderSide::Sell) => None,
        }
    }
}

/// Returns the limit that a buy stop gets.
pub(super) fn stop_collar(stop: Price) -> Price {
    let per_mille: i128 = if stop < Price::from_cents(5_000) { 1_040 } else { 1_025 };
    let micros = i128::from(stop.micros()) * per_mille / 1_000;
    round_half_up(Price::from_micros(i64::try_from(micros).unwrap_or(i64::MAX / 2)))
}

/// Returns value by shares, rounded half away from zero to the micro-dollar; `None` for no shares.
pub(super) fn average(value: Money, shares: Shares) -> Option<Price> {
    if shares.is_zero() {
        return None;
    }
    let (value, shares) = (i128::from(value.micros()).abs() * 1_000_000_000, shares.billionths().abs());
    Some(Price::from_micros(i64::try_from((value + shares / 2) / shares).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buy_stops_become_limits_4_or_2_5_percent_higher() {
        let price = |text: &str| text.parse::<Price>().expect(text);
        assert_eq!(stop_collar(price("49.99")), price("51.99"));
        assert_eq!(stop_collar(price("50")), price("51.25"));
        assert_eq!(stop_collar(price("100.10")), price("102.60"));
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        assert_eq!(OrderType::parse("stop_limit"), Some(OrderType::StopLimit));
        assert_eq!(OrderStatus::parse(OrderStatus::PendingCancel.as_str()), Some(OrderStatus::PendingCancel));
        assert_eq!(TimeInForce::parse("gtd"), None);
    }
}

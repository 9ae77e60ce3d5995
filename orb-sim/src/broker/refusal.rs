//! Why a request is refused, and how that reads on the wire.

use orb_core::{Money, Price};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::order::{OrderClass, OrderStatus, OrderType, PositionIntent};
use super::shares::Shares;
use crate::http::Reply;

/// Explains why a request is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("request body format is invalid")]
    Body,
    #[error("{0} is required")]
    Missing(&'static str),
    #[error("invalid {field} {value}")]
    Invalid { field: &'static str, value: String },
    #[error("client_order_id must be unique")]
    ClientOrderIdTaken,
    #[error("client_order_id must be no more than 48 characters")]
    ClientOrderIdLong,
    #[error("only one of {0} or {1} is accepted")]
    Both(&'static str, &'static str),
    #[error("{field} must be > 0")]
    NotPositive { field: &'static str },
    #[error("{field} is too large")]
    TooLarge { field: &'static str },
    #[error("invalid {field} {value}. sub-penny increment does not fulfill minimum pricing criteria")]
    SubPenny { field: &'static str, value: String },
    #[error("qty increment must be at least 1e-9")]
    FineQuantity,
    #[error("{} orders require {field}", .order_type.as_str())]
    PriceMissing { order_type: OrderType, field: &'static str },
    #[error("{} orders must not have {field}", .order_type.as_str())]
    PriceUnwanted { order_type: OrderType, field: &'static str },
    #[error("{} orders require {field}", .class.as_str())]
    LegMissing { class: OrderClass, field: &'static str },
    #[error("{} orders must not have {field}", .class.as_str())]
    LegUnwanted { class: OrderClass, field: &'static str },
    #[error("oto orders require exactly one of take_profit or stop_loss")]
    OtoLegs,
    #[error("{} orders must be {types} orders", .class.as_str())]
    ClassType { class: OrderClass, types: &'static str },
    #[error("{} orders must be entry orders", .0.as_str())]
    MustBeEntry(OrderClass),
    #[error("oco orders must be exit orders")]
    MustBeExit,
    #[error("{} orders must be day or gtc orders", .0.as_str())]
    ClassTimeInForce(OrderClass),
    #[error("{field} must be {relation} base_price {sign} 0.01")]
    BasePrice { field: &'static str, relation: &'static str, sign: char, base: Price },
    #[error("take_profit.limit_price must be {0} stop_loss.stop_price")]
    LegsCrossed(&'static str),
    #[error("{time_in_force} orders must be {types} orders")]
    TimeInForceType { time_in_force: &'static str, types: &'static str },
    #[error("extended hours order must be DAY limit orders")]
    ExtendedHours,
    #[error("fractional orders must be DAY orders")]
    FractionalDay,
    #[error("fractional orders must be simple orders")]
    FractionalSimple,
    #[error("fractional orders must be market, limit, stop or stop_limit orders")]
    FractionalType,
    #[error("fractional orders cannot be sold short")]
    FractionalShort,
    #[error("asset \"{0}\" is not fractionable")]
    NotFractionable(String),
    #[error("notional amount must be >= 1.00")]
    NotionalSmall,
    #[error("notional amount must be limited to 2 decimal places")]
    NotionalFine,
    #[error("asset \"{0}\" not found")]
    AssetUnknown(String),
    #[error("asset not found for {0}")]
    AssetNotFound(String),
    #[error("asset \"{0}\" is not tradable")]
    NotTradable(String),
    #[error("asset \"{0}\" has no market price")]
    NoPrice(String),
    #[error("asset \"{0}\" cannot be sold short")]
    NotShortable(String),
    #[error("asset \"{0}\" cannot be sold short: the short sale restriction of rule 201 is in effect")]
    ShortSaleRestricted(String),
    #[error("position intent mismatch, inferred: {}, specified: {}", .inferred.as_str(), .given.as_str())]
    IntentMismatch { inferred: PositionIntent, given: PositionIntent },
    #[error("{} orders are not accepted at this time", .0)]
    AuctionClosed(&'static str),
    #[error("account is not allowed to short")]
    NoShorting,
    #[error("{0}")]
    AccountBlocked(&'static str),
    #[error("trade denied due to pattern day trading protection")]
    DayTrades,
    #[error("insufficient buying power")]
    BuyingPower { buying_power: Money, cost_basis: Money },
    #[error("insufficient qty available for order (requested: {requested}, available: {available})")]
    Quantity {
        symbol: String,
        requested: Shares,
        available: Shares,
        existing: Shares,
        held: Shares,
        related: Vec<Uuid>,
    },
    #[error("potential wash trade detected. use complex orders")]
    WashTrade { existing: Uuid, reason: &'static str },
    #[error("order not found for {0}")]
    OrderNotFound(String),
    #[error("position does not exist")]
    PositionNotFound,
    #[error("order is already in \"{}\" state", .0.as_str())]
    NotCancelable(OrderStatus),
    #[error("cannot replace order in {} status", .0.as_str())]
    NotReplaceable(OrderStatus),
    #[error("order parameters are not changed")]
    NothingToReplace,
    #[error("qty must be integer")]
    QuantityNotWhole,
    #[error("qty must be greater than filled_qty")]
    QuantityFilled,
    #[error("qty of {0} orders cannot be replaced")]
    QuantityFixed(&'static str),
    #[error("notional orders cannot be replaced")]
    NotionalReplaced,
    #[error("{field} must be between 1 and {most}")]
    OutOfRange { field: &'static str, most: usize },
    #[error("endpoint not found.")]
    EndpointNotFound,
}

impl Refusal {
    /// Returns the status and the code; the code's first three digits are mostly, not always, the status.
    const fn codes(&self) -> (u16, i64) {
        match self {
            Self::Body => (400, 40_010_000),
            Self::Missing(_)
            | Self::Invalid { .. }
            | Self::ClientOrderIdTaken
            | Self::ClientOrderIdLong
            | Self::Both(..)
            | Self::ClassType { .. }
            | Self::OutOfRange { .. } => (422, 40_010_001),
            Self::NoShorting | Self::AccountBlocked(_) => (403, 40_310_000),
            Self::BuyingPower { .. } | Self::Quantity { .. } | Self::WashTrade { .. } => (403, 40_310_000),
            Self::DayTrades => (403, 40_310_100),
            Self::AuctionClosed(_) => (403, 40_310_000),
            Self::OrderNotFound(_) | Self::PositionNotFound | Self::AssetNotFound(_) => (404, 40_410_000),
            Self::EndpointNotFound => (404, 0),
            Self::NotPositive { .. }
            | Self::TooLarge { .. }
            | Self::SubPenny { .. }
            | Self::FineQuantity
            | Self::PriceMissing { .. }
            | Self::PriceUnwanted { .. }
            | Self::LegMissing { .. }
            | Self::LegUnwanted { .. }
            | Self::OtoLegs
            | Self::MustBeEntry(_)
            | Self::MustBeExit
            | Self::ClassTimeInForce(_)
            | Self::BasePrice { .. }
            | Self::LegsCrossed(_)
            | Self::TimeInForceType { .. }
            | Self::ExtendedHours
            | Self::FractionalDay
            | Self::FractionalSimple
            | Self::FractionalType
            | Self::FractionalShort
            | Self::NotFractionable(_)
            | Self::NotionalSmall
            | Self::NotionalFine
            | Self::AssetUnknown(_)
            | Self::NotTradable(_)
            | Self::NoPrice(_)
            | Self::NotShortable(_)
            | Self::ShortSaleRestricted(_)
            | Self::IntentMismatch { .. }
            | Self::NotCancelable(_)
            | Self::NotReplaceable(_)
            | Self::NothingToReplace
            | Self::QuantityNotWhole
            | Self::QuantityFilled
            | Self::QuantityFixed(_)
            | Self::NotionalReplaced => (422, 42_210_000),
        }
    }

    /// Returns the HTTP status.
    pub(super) const fn status(&self) -> u16 {
        self.codes().0
    }

    /// Returns the body: code, message, and the fields that some refusals add.
    pub(super) fn body(&self) -> Value {
        let mut body = Map::new();
        if !matches!(self, Self::EndpointNotFound) {
            body.insert("code".into(), self.codes().1.into());
        }
        body.insert("message".into(), self.to_string().into());
        if let Value::Object(extras) = self.extras() {
            body.extend(extras);
        }
        Value::Object(body)
    }

    fn extras(&self) -> Value {
        if let Self::BuyingPower { buying_power, cost_basis } = self {
            json!({ "buying_power": buying_power.to_string(), "cost_basis": cost_basis.to_string() })
        } else if let Self::Quantity { symbol, requested: _, available, existing, held, related } = self {
            json!({
                "available": available.to_string(),
                "existing_qty": existing.to_string(),
                "held_for_orders": held.to_string(),
                "related_orders": related,
                "symbol": symbol,
            })
        } else if let Self::WashTrade { existing, reason } = self {
            json!({ "existing_order_id": existing, "reject_reason": reason })
        } else if let Self::BasePrice { base, .. } = self {
            json!({ "base_price": base.to_string() })
        } else {
            Value::Null
        }
    }

    /// Returns the whole reply.
    pub(super) fn reply(&self) -> Reply {
        Reply { status: self.status(), body: Some(self.body()) }
    }
}

//! Orders as the book keeps them.

use orb_core::order::{BrokerOrderId, ClientOrderId, Order, OrderKind, OrderRole, OrderStatus, Rejection};
use orb_core::{Money, OrderSide, Price, Quantity, Timestamp};

use super::Context;
use super::attempt::{AttemptColumns, AttemptKey};
use super::stored::{Column as _, Place, stored};
use crate::store::error::StoreError;
use crate::store::names::Names;
use crate::store::text::Text as _;

/// Shows one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The attempt it belongs to.
    pub attempt: AttemptKey,
    /// orb's own id.
    pub client_order_id: String,
    /// The broker's id; `None` until it answers.
    pub broker_order_id: Option<String>,
    /// The order that this one is a leg of; `None` when it stands alone.
    pub parent: Option<String>,
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

impl OrderRow {
    /// Returns the mean price of its fills, truncated to the micro-dollar; `None` before the first.
    #[must_use]
    pub fn average_price(&self) -> Option<Price> {
        (!self.filled.is_zero()).then(|| Price::from_micros(self.filled_notional.micros() / self.filled.shares()))
    }

    /// Turns the row into the engine's value.
    pub(in crate::store) fn into_fact(self, names: &Names) -> Result<Order, StoreError> {
        Ok(Order {
            id: ClientOrderId::new(&self.client_order_id),
            broker_id: self.broker_order_id.as_deref().map(BrokerOrderId::new),
            parent: self.parent.as_deref().map(ClientOrderId::new),
            attempt: names.attempt_id(&self.attempt)?,
            role: self.role,
            side: self.side,
            quantity: self.quantity,
            kind: self.kind,
            status: self.status,
            filled: self.filled,
            filled_notional: self.filled_notional,
            created_at: self.created_at,
            updated_at: self.updated_at,
            rejection: self.rejection,
        })
    }
}

stored! {
    /// A row of `orders`.
    StoredOrder in orders;
    key { ledger_id: String, client_order_id: String }
    data {
        broker_order_id: Option<String>,
        parent: Option<String>,
        attempt: String,
        date: String,
        strategy: String,
        symbol: String,
        attempt_number: i64,
        role: String,
        side: String,
        quantity: i64,
        kind: String,
        price: Option<i64>,
        status: String,
        filled: i64,
        filled_notional: i64,
        created_at: i64,
        updated_at: i64,
        reject_kind: Option<String>,
        reject_code: Option<i64>,
        reject_message: Option<String>,
        reject_related: Option<String>,
        reject_available: Option<i64>,
    }
    once { ordinal: i64 }
}

impl StoredOrder {
    /// Makes the row of a fact.
    pub(in crate::store) fn of(order: &Order, context: Context<'_>, ordinal: i64) -> Self {
        let key = context.names.attempt(order.attempt);
        let rejection = order.rejection.as_ref();
        Self {
            ledger_id: context.ledger.to_owned(),
            client_order_id: order.id.to_string(),
            broker_order_id: order.broker_id.as_ref().map(ToString::to_string),
            parent: order.parent.as_ref().map(ToString::to_string),
            attempt: key.to_string(),
            date: key.date.to_string(),
            strategy: key.strategy,
            symbol: key.symbol,
            attempt_number: i64::from(key.attempt),
            role: order.role.text().to_owned(),
            side: order.side.text().to_owned(),
            quantity: order.quantity.column(),
            kind: kind_text(order.kind).to_owned(),
            price: order.kind.price().map(Price::micros),
            status: order.status.text().to_owned(),
            filled: order.filled.column(),
            filled_notional: order.filled_notional.column(),
            created_at: order.created_at.column(),
            updated_at: order.updated_at.column(),
            reject_kind: rejection.map(|found| found.kind.text().to_owned()),
            reject_code: rejection.map(|found| found.code),
            reject_message: rejection.map(|found| found.message.clone()),
            reject_related: rejection.map(|found| related_text(&found.related_orders)),
            reject_available: rejection.and_then(|found| found.available).map(Quantity::shares),
            ordinal,
        }
    }

    /// Reads the row.
    pub(in crate::store) fn read(self) -> Result<OrderRow, StoreError> {
        let place = Place { table: "orders", key: &self.client_order_id };
        let kind = self.order_kind(place)?;
        let rejection = self.rejection(place)?;
        let columns = AttemptColumns {
            date: &self.date,
            strategy: self.strategy,
            symbol: self.symbol,
            number: self.attempt_number,
        };
        Ok(OrderRow {
            attempt: columns.read(place)?,
            role: place.value("role", &self.role)?,
            side: place.value("side", &self.side)?,
            quantity: Quantity::new(self.quantity),
            kind,
            status: place.value("status", &self.status)?,
            filled: Quantity::new(self.filled),
            filled_notional: Money::from_micros(self.filled_notional),
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            rejection,
            client_order_id: self.client_order_id,
            broker_order_id: self.broker_order_id,
            parent: self.parent,
        })
    }

    fn order_kind(&self, place: Place<'_>) -> Result<OrderKind, StoreError> {
        match (self.kind.as_str(), self.price.map(Price::from_micros)) {
            ("market", None) => Ok(OrderKind::Market),
            ("limit", Some(price)) => Ok(OrderKind::Limit(price)),
            ("stop", Some(price)) => Ok(OrderKind::Stop(price)),
            (other, _) => Err(place.damaged("kind", other)),
        }
    }

    fn rejection(&self, place: Place<'_>) -> Result<Option<Rejection>, StoreError> {
        let Some(kind) = place.optional("reject_kind", self.reject_kind.as_ref())? else { return Ok(None) };
        Ok(Some(Rejection {
            code: self.reject_code.unwrap_or_default(),
            message: self.reject_message.clone().unwrap_or_default(),
            related_orders: related_orders(self.reject_related.as_deref().unwrap_or("[]"), place)?,
            available: self.reject_available.map(Quantity::new),
            kind,
        }))
    }
}

const fn kind_text(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Market => "market",
        OrderKind::Limit(_) => "limit",
        OrderKind::Stop(_) => "stop",
    }
}

fn related_text(orders: &[BrokerOrderId]) -> String {
    serde_json::Value::from(orders.iter().map(BrokerOrderId::as_str).collect::<Vec<_>>()).to_string()
}

fn related_orders(text: &str, place: Place<'_>) -> Result<Vec<BrokerOrderId>, StoreError> {
    let ids: Vec<String> = serde_json::from_str(text).map_err(|_| place.damaged("reject_related", text))?;
    Ok(ids.iter().map(|id| BrokerOrderId::new(id)).collect())
}

//! The few requests by which an account is brought to rest without an engine: what is there, cancel, close, protect.
//!
//! It keeps Alpaca's words out and decides nothing: whoever uses it looks again after each request, because only a list
//! tells what has become of one.

use std::collections::BTreeSet;
use std::sync::Arc;

use orb_core::effect::EffectClass;
use orb_core::order::{BrokerOrderId, ClientOrderId};
use orb_core::{Calendar, OrderSide, Price, SymbolTable, Timestamp};
use rust_decimal::Decimal;
use serde_json::json;
use tokio::time::Instant;

use super::config::{AlpacaConfig, ConfigError};
use super::errors::price;
use super::rate::Urgency;
use super::rest::{CallError, Manner, Rest, Verb, paths};
use super::wire::order::{Order, Position};

/// How long a request waits for its turn: longer than the minute in which the broker counts requests.
const PATIENCE: core::time::Duration = core::time::Duration::from_secs(65);

/// Asks a broker for the few things that an emergency needs.
#[derive(Clone, Debug)]
pub struct Emergency {
    rest: Rest,
}

/// An order at the broker, of whomever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenOrder {
    /// The broker's identifier.
    pub id: BrokerOrderId,
    /// The identifier that was sent with it, or one that the broker made up.
    pub client_id: Option<ClientOrderId>,
    /// The order whose leg it is.
    pub parent: Option<BrokerOrderId>,
    /// The order whose place it took.
    pub replaces: Option<BrokerOrderId>,
    /// Ticker symbol; of another kind of asset perhaps.
    pub symbol: String,
    /// Whether it buys; `None` for a side that orb does not know.
    pub side: Option<OrderSide>,
    /// Shares asked for; `None` for an order by amount.
    pub quantity: Option<Decimal>,
    /// Shares filled.
    pub filled: Decimal,
    /// Mean price of the fills, dollars; `None` without one.
    pub filled_price: Option<Decimal>,
    /// Price of a stop; `None` for other orders.
    pub stop: Option<Price>,
    /// Where it is in its life.
    pub life: Life,
}

/// Where an order is in its life, as far as an emergency needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It works, or will.
    Open,
    /// It waits for its parent or its sibling.
    Held,
    /// Its cancel was taken and is not confirmed.
    PendingCancel,
    /// Nothing more comes of it.
    Over,
}

/// A position at the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPosition {
    /// Ticker symbol; of another kind of asset perhaps.
    pub symbol: String,
    /// Shares, negative when short.
    pub shares: Decimal,
}

/// An order that only reduces a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduction {
    /// Ticker symbol.
    pub symbol: String,
    /// Sell to reduce a long position, buy to reduce a short one.
    pub side: OrderSide,
    /// Whole shares, above 0.
    pub shares: Decimal,
    /// The identifier that makes it unique: the broker takes it once.
    pub id: ClientOrderId,
}

impl Emergency {
    /// Makes one; nothing is sent yet.
    ///
    /// # Errors
    /// When an address cannot be used.
    pub fn new(config: &AlpacaConfig) -> Result<Self, ConfigError> {
        let calendar = Calendar::new(Vec::new()).expect("no sessions are in order");
        let rest = Rest::new(config, Arc::new(SymbolTable::default()), Arc::new(calendar))?;
        Ok(Self { rest })
    }

    /// Makes one that shares a broker's connection and its rate limit.
    pub(super) const fn beside(rest: Rest) -> Self {
        Self { rest }
    }

    /// Reads what time it is at the broker.
    ///
    /// # Errors
    /// When its clock cannot be read.
    pub async fn time(&self) -> Result<Timestamp, CallError> {
        self.rest.time().await
    }

    /// Reads the number of the account.
    ///
    /// # Errors
    /// When the account cannot be read.
    pub async fn account(&self) -> Result<String, CallError> {
        Ok(self.rest.account().await?.number)
    }

    /// Returns the orders that were taken after an instant and all that are open, each leg behind its parent.
    ///
    /// # Errors
    /// When a page is missing: half a list would be taken for the whole.
    pub async fn orders(&self, since: Timestamp) -> Result<Vec<SeenOrder>, CallError> {
        let mut orders = self.rest.order_list("all", Some(since)).await?;
        let known: BTreeSet<String> = orders.iter().map(|order| order.id.clone()).collect();
        let open = self.rest.order_list("open", None).await?;
        let older: Vec<Order> = open.into_iter().filter(|order| !known.contains(&order.id)).collect();
        orders.splice(0..0, older);
        Ok(orders.iter().flat_map(|order| with_legs(order, None)).collect())
    }

    /// Returns all positions.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn positions(&self) -> Result<Vec<SeenPosition>, CallError> {
        let listed = self.rest.position_list(&Manner::question()).await?;
        Ok(listed.iter().filter_map(seen_position).collect())
    }

    /// Asks for an order to be cancelled; whether it was, the next list says.
    ///
    /// # Errors
    /// When the broker refuses or does not answer.
    pub async fn cancel(&self, order: &BrokerOrderId) -> Result<(), CallError> {
        self.write(Verb::Delete, paths::cancel(order)).await
    }

    /// Asks for a reduction at the market. One that would open the opposite position is refused.
    ///
    /// # Errors
    /// When the broker refuses or does not answer.
    pub async fn close(&self, reduction: &Reduction) -> Result<(), CallError> {
        self.reduce(reduction, "market", "day", None).await
    }

    /// Asks for a stop that protects a position until it is cancelled.
    ///
    /// # Errors
    /// When the broker refuses or does not answer.
    pub async fn protect(&self, reduction: &Reduction, stop: Price) -> Result<(), CallError> {
        self.reduce(reduction, "stop", "gtc", Some(stop)).await
    }

    /// Asks the broker to close whatever it holds of a symbol.
    ///
    /// # Errors
    /// When the broker refuses or does not answer.
    pub async fn close_whole(&self, symbol: &str) -> Result<(), CallError> {
        self.write(Verb::Delete, paths::position(symbol)).await
    }

    async fn reduce(
        &self,
        reduction: &Reduction,
        kind: &str,
        time_in_force: &str,
        stop: Option<Price>,
    ) -> Result<(), CallError> {
        let (side, intent) = match reduction.side {
            OrderSide::Sell => ("sell", "sell_to_close"),
            OrderSide::Buy => ("buy", "buy_to_close"),
        };
        let mut body = json!({
            "symbol": reduction.symbol, "qty": reduction.shares.to_string(), "side": side, "type": kind,
            "time_in_force": time_in_force, "client_order_id": reduction.id.as_str(), "position_intent": intent,
        });
        if let Some(stop) = stop {
            body["stop_price"] = stop.to_string().into();
        }
        self.write(Verb::Post, paths::new_order(body.to_string().into_bytes())).await
    }

    async fn write(&self, verb: Verb, call: super::rest::Call) -> Result<(), CallError> {
        let manner = Manner {
            urgency: Urgency::of(EffectClass::Exit),
            patience: Instant::now() + PATIENCE,
            insists: true,
            guard: None,
        };
        self.rest.send_to_trading(&manner, verb, call).await.map(drop)
    }
}

impl CallError {
    /// Tells whether the broker does not take the key: nothing can be done with it.
    #[must_use]
    pub fn is_key_refused(&self) -> bool {
        self.is_unauthorised()
    }
}

/// Returns an order and its legs, each leg behind it.
fn with_legs(order: &Order, parent: Option<&str>) -> Vec<SeenOrder> {
    let legs = order.legs.iter().flat_map(|leg| with_legs(leg, Some(&order.id)));
    core::iter::once(seen_order(order, parent)).chain(legs).collect()
}

fn seen_order(order: &Order, parent: Option<&str>) -> SeenOrder {
    SeenOrder {
        id: BrokerOrderId::new(&order.id),
        client_id: order.client_order_id.as_deref().map(ClientOrderId::new),
        parent: parent.map(BrokerOrderId::new),
        replaces: order.replaces.as_deref().map(BrokerOrderId::new),
        symbol: order.symbol.clone(),
        side: match order.side.as_str() {
            "buy" => Some(OrderSide::Buy),
            "sell" | "sell_short" => Some(OrderSide::Sell),
            _ => None,
        },
        quantity: order.qty,
        filled: order.filled_qty.unwrap_or_default(),
        filled_price: order.filled_avg_price,
        stop: price(order.stop_price),
        life: match order.status.as_str() {
            "filled" | "canceled" | "cancelled" | "expired" | "rejected" | "replaced" => Life::Over,
            "pending_cancel" => Life::PendingCancel,
            "held" => Life::Held,
            // A word that nobody knows may stand for an order that works.
            _ => Life::Open,
        },
    }
}

fn seen_position(position: &Position) -> Option<SeenPosition> {
    let shares = position.qty.filter(|shares| !shares.is_zero())?;
    let shares = if position.side == "short" { -shares.abs() } else { shares };
    Some(SeenPosition { symbol: position.symbol.clone(), shares })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(value: serde_json::Value) -> Vec<SeenOrder> {
        with_legs(&serde_json::from_value(value).expect("an order"), None)
    }

    #[test]
    fn legs_follow_their_parent_and_a_new_word_counts_as_open() {
        let orders = seen(json!({"id": "p", "client_order_id": "c", "symbol": "SPY", "side": "buy", "qty": "10",
            "filled_qty": "10", "status": "filled", "legs": [
                {"id": "t", "symbol": "SPY", "side": "sell", "qty": "10", "status": "tomorrow"},
                {"id": "s", "symbol": "SPY", "side": "sell", "qty": "10", "status": "held", "stop_price": "99.5"}]}));
        let told: Vec<_> = orders.iter().map(|order| (order.id.as_str(), order.life)).collect();
        assert_eq!(told, [("p", Life::Over), ("t", Life::Open), ("s", Life::Held)]);
        assert_eq!(orders[2].parent, Some(BrokerOrderId::new("p")));
        assert_eq!((orders[2].stop, orders[0].filled), ("99.5".parse().ok(), Decimal::TEN));
    }

    #[test]
    fn a_short_position_is_negative_however_it_is_written() {
        let of = |qty: &str, side: &str| {
            let position = json!({"symbol": "SPY", "qty": qty, "side": side});
            seen_position(&serde_json::from_value(position).expect("a position")).map(|position| position.shares)
        };
        assert_eq!((of("-5", "short"), of("5", "short")), (Some(Decimal::from(-5)), Some(Decimal::from(-5))));
        assert_eq!((of("5", "long"), of("0", "long")), (Some(Decimal::from(5)), None));
    }
}

//! The broker's JSON in the engine's words, and the engine's wishes as requests.
//!
//! It says the same as the adapter to Alpaca, which this test does without so that it builds in a minute.

use std::collections::BTreeMap;
use std::sync::Arc;

use orb_core::order::{
    BrokerOrder, BrokerOrderId, ClientOrderId, Execution, OrderEvent, OrderKind, OrderRequest, OrderRole, OrderStatus,
    OrderUpdate, Rejection, RejectionKind,
};
use orb_core::{Money, OrderSide, Price, Quantity, Symbol, SymbolId, SymbolTable, Timestamp};
use orb_sim::http::{Reply, Request};
use serde_json::{Value, json};

/// What is known of one of the broker's orders.
#[derive(Clone, Debug)]
struct Descent {
    client_id: ClientOrderId,
    parent: Option<BrokerOrderId>,
}

/// Reads the broker's orders, and remembers which of ours each is.
#[derive(Debug)]
pub(crate) struct Reader {
    symbols: Arc<SymbolTable>,
    descents: BTreeMap<BrokerOrderId, Descent>,
    newest: BTreeMap<ClientOrderId, BrokerOrderId>,
}

/// What news of an order mean.
#[derive(Debug)]
pub(crate) enum News {
    /// It is told.
    Update(Box<OrderUpdate>),
    /// A step on the way that changes nothing.
    Nothing,
    /// Only the whole state tells.
    Unclear,
}

impl Reader {
    pub(crate) fn new(symbols: Arc<SymbolTable>) -> Self {
        Self { symbols, descents: BTreeMap::new(), newest: BTreeMap::new() }
    }

    /// Returns the broker's newest order that is one of ours, where one was seen.
    pub(crate) fn newest(&self, id: &ClientOrderId) -> Option<BrokerOrderId> {
        self.newest.get(id).cloned()
    }

    /// Returns the number of a symbol.
    pub(crate) fn symbol(&self, name: &Symbol) -> SymbolId {
        self.symbols.id(name).expect("the broker has the same symbols")
    }

    /// Reads an order that stands alone or above its legs.
    pub(crate) fn read(&mut self, order: &Value) -> BrokerOrder {
        self.read_under(order, None)
    }

    /// Reads an order that is known to be one of ours.
    pub(crate) fn read_as(&mut self, order: &Value, client_id: &ClientOrderId) -> BrokerOrder {
        let (id, replaced) = (broker_id(order, "id"), broker_id(order, "replaces"));
        let parent = [&id, &replaced].into_iter().flatten().find_map(|id| self.descents.get(id)?.parent.clone());
        let id = id.expect("an order has an identifier");
        self.note(&id, Descent { client_id: client_id.clone(), parent }, order);
        BrokerOrder { client_id: Some(client_id.clone()), ..self.read(order) }
    }

    fn read_under(&mut self, order: &Value, parent: Option<&BrokerOrderId>) -> BrokerOrder {
        let id = broker_id(order, "id").expect("an order has an identifier");
        let replaces = broker_id(order, "replaces");
        let descent = self.descent(order, &id, replaces.as_ref(), parent);
        let legs = order["legs"].as_array().map(Vec::as_slice).unwrap_or_default();
        let legs = legs.iter().map(|leg| self.read_under(leg, Some(&id))).collect();
        let is_leg = descent.as_ref().is_some_and(|descent| descent.parent.is_some());
        let name = Symbol::new(text(order, "symbol")).expect("the broker's symbols are symbols");
        BrokerOrder {
            client_id: descent.as_ref().filter(|_| !is_leg || replaces.is_some()).map(|known| known.client_id.clone()),
            parent: descent.and_then(|known| known.parent).or_else(|| parent.cloned()),
            broker_id: id,
            replaces,
            symbol: self.symbol(&name),
            side: if text(order, "side") == "buy" { OrderSide::Buy } else { OrderSide::Sell },
            quantity: shares(order, "qty"),
            kind: kind(order),
            status: status(text(order, "status")),
            filled: shares(order, "filled_qty"),
            legs,
        }
    }

    fn descent(
        &mut self,
        order: &Value,
        id: &BrokerOrderId,
        replaces: Option<&BrokerOrderId>,
        parent: Option<&BrokerOrderId>,
    ) -> Option<Descent> {
        let known = [Some(id), replaces].into_iter().flatten().find_map(|id| self.descents.get(id).cloned());
        let descent = match parent {
            Some(above) => self.descents.get(above).map(|known| {
                let role = if text(order, "type") == "limit" { OrderRole::Target } else { OrderRole::Stop };
                let client_id = ClientOrderId::new(&format!("{}{}", known.client_id, role.letter()));
                Descent { client_id, parent: parent.cloned() }
            }),
            None => known.or_else(|| {
                let client_id = ClientOrderId::new(text(order, "client_order_id"));
                Some(Descent { client_id, parent: None })
            }),
        }?;
        self.note(id, descent.clone(), order);
        Some(descent)
    }

    fn note(&mut self, id: &BrokerOrderId, descent: Descent, order: &Value) {
        let newest = match (text(order, "status"), broker_id(order, "replaces")) {
            // A replacement that was refused leaves the order in its place.
            ("rejected", Some(predecessor)) => Some(predecessor),
            ("replaced", _) if self.newest.contains_key(&descent.client_id) => None,
            _ => Some(id.clone()),
        };
        if let Some(newest) = newest {
            self.newest.insert(descent.client_id.clone(), newest);
        }
        self.descents.insert(id.clone(), descent);
    }

    /// Reads a message of the stream.
    pub(crate) fn news(&mut self, data: &Value) -> News {
        let order = self.read(&data["order"]);
        let event = match text(data, "event") {
            "accepted" | "pending_new" | "pending_replace" => return News::Nothing,
            "replaced" if !data["order"]["replaced_by"].is_null() => return News::Nothing,
            "new" if order.status == OrderStatus::Held => OrderEvent::Held,
            "new" => OrderEvent::New,
            "fill" | "partial_fill" if order.filled >= order.quantity => OrderEvent::Fill,
            "fill" | "partial_fill" => OrderEvent::PartialFill,
            "pending_cancel" => OrderEvent::PendingCancel,
            "canceled" => OrderEvent::Cancelled,
            "order_cancel_rejected" | "order_replace_rejected" => OrderEvent::CancelRejected,
            "expired" => OrderEvent::Expired,
            "rejected" => OrderEvent::Rejected,
            _ => return News::Unclear,
        };
        let at = time(data, "timestamp");
        let is_fill = matches!(event, OrderEvent::Fill | OrderEvent::PartialFill);
        let execution = is_fill.then(|| Execution {
            id: format!("{}@{}", order.broker_id, order.filled),
            price: price(data, "price").expect("a fill has a price"),
            quantity: shares(data, "qty"),
            fee: Money::ZERO,
            at,
            at_data_end: false,
        });
        let rejection =
            (event == OrderEvent::Rejected).then(|| refusal(RejectionKind::Other, "rejected after it had been taken"));
        News::Update(Box::new(OrderUpdate { event, order, execution, rejection, at }))
    }
}

/// Returns the request for an order.
pub(crate) fn new_order(request: &OrderRequest, symbol: &str, carries_exits: bool) -> Request {
    let mut body = json!({
        "symbol": symbol,
        "qty": request.quantity.shares().to_string(),
        "side": request.side.to_string(),
        "time_in_force": "day",
        "client_order_id": request.id.as_str(),
    });
    let (kind, key) = match request.kind {
        OrderKind::Market => ("market", None),
        OrderKind::Limit(_) => ("limit", Some("limit_price")),
        OrderKind::Stop(_) => ("stop", Some("stop_price")),
    };
    body["type"] = kind.into();
    if let (Some(key), Some(price)) = (key, request.kind.price().filter(|_| request.paired_stop.is_none())) {
        body[key] = price.to_string().into();
    }
    if request.role == OrderRole::Close {
        body["position_intent"] = if request.side == OrderSide::Sell { "sell_to_close" } else { "buy_to_close" }.into();
    }
    if let (Some(stop), OrderKind::Limit(target)) = (request.paired_stop, request.kind) {
        legs(&mut body, "oco", Some(target), stop);
    } else if let (Some(attached), OrderKind::Limit(price), true) = (request.attached, request.kind, carries_exits) {
        let prices = attached.resolve(price);
        legs(&mut body, if prices.target.is_some() { "bracket" } else { "oto" }, prices.target, prices.stop);
    }
    with_body("POST", "/v2/orders", &body)
}

fn legs(body: &mut Value, class: &str, target: Option<Price>, stop: Price) {
    body["order_class"] = class.into();
    body["stop_loss"] = json!({ "stop_price": stop.to_string() });
    if let Some(target) = target {
        body["take_profit"] = json!({ "limit_price": target.to_string() });
    }
}

/// Returns the request that moves an order's price.
pub(crate) fn replacement(id: &BrokerOrderId, price: Price, is_limit: bool) -> Request {
    let key = if is_limit { "limit_price" } else { "stop_price" };
    with_body("PATCH", &format!("/v2/orders/{id}"), &json!({ key: price.to_string() }))
}

fn with_body(method: &str, path: &str, body: &Value) -> Request {
    Request { body: body.to_string().into_bytes(), ..bare(method, path) }
}

/// Returns a request without a body.
pub(crate) fn bare(method: &str, path: &str) -> Request {
    Request { method: method.to_owned(), path: path.to_owned(), ..Request::default() }
}

/// Returns a request with parameters.
pub(crate) fn asking(path: &str, query: &[(&str, &str)]) -> Request {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Request { query: query.iter().map(pair).collect(), ..bare("GET", path) }
}

/// Returns what a refusal means.
pub(crate) fn rejection(reply: &Reply) -> Rejection {
    let body = reply.body.clone().unwrap_or_default();
    let message = text(&body, "message").to_owned();
    let says = |phrase: &str| message.contains(phrase);
    let held = body.get("held_for_orders").and_then(Value::as_str).is_some_and(|shares| shares != "0");
    let kind = if says("unique") {
        RejectionKind::DuplicateId
    } else if says("wash trade") || held {
        RejectionKind::Blocked
    } else if says("sold short") || says("to short") {
        RejectionKind::NotShortable
    } else if says("insufficient") {
        RejectionKind::Insufficient
    } else if says("base_price") || (says("must be") && (says("stop") || says("limit_price"))) {
        RejectionKind::BeyondMarket
    } else {
        RejectionKind::Other
    };
    let available = body.get("available").and_then(Value::as_str).and_then(|shares| shares.parse().ok());
    Rejection { available: available.map(Quantity::new), ..refusal(kind, &message) }
}

/// Makes a refusal of a kind.
pub(crate) fn refusal(kind: RejectionKind, message: &str) -> Rejection {
    Rejection { code: 0, message: message.to_owned(), related_orders: Vec::new(), available: None, kind }
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn broker_id(value: &Value, key: &str) -> Option<BrokerOrderId> {
    value.get(key).and_then(Value::as_str).map(BrokerOrderId::new)
}

pub(crate) fn price(value: &Value, key: &str) -> Option<Price> {
    value.get(key).and_then(Value::as_str).map(|text| text.parse().expect("the broker's prices are prices"))
}

/// Reads whole shares.
pub(crate) fn shares(value: &Value, key: &str) -> Quantity {
    Quantity::new(text(value, key).parse().expect("orb trades whole shares"))
}

pub(crate) fn time(value: &Value, key: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text(value, key)).expect("the broker tells the time")
}

fn kind(order: &Value) -> OrderKind {
    let of = |key| price(order, key).expect("a limit or stop has its price");
    match text(order, "type") {
        "limit" => OrderKind::Limit(of("limit_price")),
        "stop" => OrderKind::Stop(of("stop_price")),
        _ => OrderKind::Market,
    }
}

fn status(word: &str) -> OrderStatus {
    match word {
        "new" | "accepted" | "pending_new" | "pending_replace" => OrderStatus::Working,
        "held" => OrderStatus::Held,
        "partially_filled" => OrderStatus::PartiallyFilled,
        "filled" => OrderStatus::Filled,
        "canceled" => OrderStatus::Cancelled,
        "expired" => OrderStatus::Expired,
        "rejected" => OrderStatus::Rejected,
        "replaced" => OrderStatus::Replaced,
        "pending_cancel" => OrderStatus::PendingCancel,
        _ => OrderStatus::Unknown,
    }
}

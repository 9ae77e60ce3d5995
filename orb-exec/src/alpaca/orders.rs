//! Alpaca's orders in the engine's words, and which of them took whose place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orb_core::order::{BrokerOrder, BrokerOrderId, ClientOrderId, OrderKind, OrderRole, OrderStatus};
use orb_core::{OrderSide, Price, Quantity, Symbol, SymbolId, SymbolTable};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::errors::price;
use super::wire::order::Order;

/// Most orders whose descent is remembered; beyond that all is forgotten and learned again from the next list.
const REMEMBERED_MAX: usize = 50_000;

/// Explains why an order of the broker is none that the engine can hold: somebody else's then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OrderError {
    /// The symbol is not in the table.
    #[error("the symbol `{0}` is not traded here")]
    UnknownSymbol(String),
    /// It is not for a whole number of shares.
    #[error("it is not for a whole number of shares")]
    Quantity,
    /// It neither buys nor sells.
    #[error("`{0}` is no side")]
    Side(String),
    /// A limit or stop without a price.
    #[error("its type `{0}` lacks its price")]
    Price(String),
}

/// What is known of one of the broker's orders.
#[derive(Clone, Debug)]
struct Descent {
    client_id: ClientOrderId,
    parent: Option<BrokerOrderId>,
    is_limit: bool,
}

/// Remembers which of our orders each of the broker's is, through replacements.
#[derive(Debug, Default)]
struct Lineage {
    descents: HashMap<BrokerOrderId, Descent>,
    newest: HashMap<ClientOrderId, BrokerOrderId>,
    /// The engine's names of executions, by those that the stream of order news has for them.
    executions: HashMap<String, String>,
}

impl Lineage {
    fn note(&mut self, id: &BrokerOrderId, descent: Descent, order: &Order) {
        if self.descents.len() >= REMEMBERED_MAX {
            *self = Self::default();
        }
        let newest = match (order.status.as_str(), &order.replaces) {
            // A replacement that was refused leaves the order in its place.
            ("rejected", Some(predecessor)) => Some(BrokerOrderId::new(predecessor)),
            ("replaced", _) if self.newest.contains_key(&descent.client_id) => None,
            _ => Some(id.clone()),
        };
        if let Some(newest) = newest {
            self.newest.insert(descent.client_id.clone(), newest);
        }
        self.descents.insert(id.clone(), descent);
    }
}

/// Reads the broker's orders; clones remember together.
#[derive(Clone, Debug)]
pub(crate) struct OrderReader {
    symbols: Arc<SymbolTable>,
    lineage: Arc<Mutex<Lineage>>,
}

impl OrderReader {
    pub(crate) fn new(symbols: Arc<SymbolTable>) -> Self {
        Self { symbols, lineage: Arc::default() }
    }

    pub(crate) fn symbols(&self) -> &SymbolTable {
        &self.symbols
    }

    fn lineage(&self) -> MutexGuard<'_, Lineage> {
        self.lineage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of a symbol of the broker's, `None` when it is not traded here.
    pub(crate) fn symbol(&self, name: &str) -> Option<SymbolId> {
        self.symbols.id(&Symbol::new(name).ok()?)
    }

    /// Returns the broker's newest order that is one of ours, where one was seen.
    pub(crate) fn newest(&self, id: &ClientOrderId) -> Option<BrokerOrderId> {
        self.lineage().newest.get(id).cloned()
    }

    /// Remembers how the engine calls an execution that the broker tells of under a name of its own.
    pub(crate) fn note_execution(&self, broker_name: &str, name: &str) {
        let executions = &mut self.lineage().executions;
        if executions.len() >= REMEMBERED_MAX {
            executions.clear();
        }
        if !broker_name.is_empty() {
            executions.insert(broker_name.to_owned(), name.to_owned());
        }
    }

    /// Returns how the engine calls an execution, `None` when the broker did not tell of it under this name.
    pub(crate) fn execution(&self, broker_name: &str) -> Option<String> {
        self.lineage().executions.get(broker_name).cloned()
    }

    /// Tells whether an order of the broker's is a limit order; `None` when it was not seen.
    pub(crate) fn is_limit(&self, id: &BrokerOrderId) -> Option<bool> {
        self.lineage().descents.get(id).map(|known| known.is_limit)
    }

    /// Reads an order that stands alone or above its legs.
    ///
    /// An order that took the place of another has the identifier that the first of them was sent with.
    ///
    /// # Errors
    /// When it is none that the engine can hold.
    pub(crate) fn read(&self, order: &Order) -> Result<BrokerOrder, OrderError> {
        self.read_under(order, None)
    }

    /// Reads an order that is known to be one of ours.
    ///
    /// # Errors
    /// When it is none that the engine can hold.
    pub(crate) fn read_as(&self, order: &Order, client_id: &ClientOrderId) -> Result<BrokerOrder, OrderError> {
        let id = BrokerOrderId::new(&order.id);
        let replaced = order.replaces.as_deref().map(BrokerOrderId::new);
        let parent = {
            let lineage = self.lineage();
            [Some(&id), replaced.as_ref()].into_iter().flatten().find_map(|id| lineage.descents.get(id)?.parent.clone())
        };
        let descent = Descent { client_id: client_id.clone(), parent, is_limit: order.type_word() == "limit" };
        self.lineage().note(&id, descent, order);
        let read = self.read(order)?;
        Ok(BrokerOrder { client_id: Some(client_id.clone()), ..read })
    }

    fn read_under(&self, order: &Order, parent: Option<&BrokerOrderId>) -> Result<BrokerOrder, OrderError> {
        let symbol = self.symbol(&order.symbol).ok_or_else(|| OrderError::UnknownSymbol(order.symbol.clone()))?;
        let (side, quantity) = (side(&order.side)?, shares(order.qty).ok_or(OrderError::Quantity)?);
        let filled = shares(Some(order.filled_qty.unwrap_or_default())).ok_or(OrderError::Quantity)?;
        let kind = kind(order)?;
        let broker_id = BrokerOrderId::new(&order.id);
        let replaces = order.replaces.as_deref().map(BrokerOrderId::new);
        let descent = self.descent(order, &broker_id, replaces.as_ref(), parent);
        let legs = order.legs.iter().filter_map(|leg| self.read_leg(leg, &broker_id)).collect();
        let is_leg = descent.as_ref().is_some_and(|descent| descent.parent.is_some());
        Ok(BrokerOrder {
            client_id: descent.as_ref().filter(|_| !is_leg || replaces.is_some()).map(|known| known.client_id.clone()),
            parent: descent.and_then(|known| known.parent).or_else(|| parent.cloned()),
            broker_id,
            replaces,
            symbol,
            side,
            quantity,
            kind,
            status: status(order, filled >= quantity),
            filled,
            legs,
        })
    }

    fn read_leg(&self, leg: &Order, parent: &BrokerOrderId) -> Option<BrokerOrder> {
        let read = self.read_under(leg, Some(parent));
        read.inspect_err(|error| tracing::warn!(leg = leg.id, %error, "a leg of an order was left out")).ok()
    }

    /// Finds out which of our orders it is, and remembers it.
    fn descent(
        &self,
        order: &Order,
        id: &BrokerOrderId,
        replaces: Option<&BrokerOrderId>,
        parent: Option<&BrokerOrderId>,
    ) -> Option<Descent> {
        let mut lineage = self.lineage();
        let is_limit = order.type_word() == "limit";
        let known = [Some(id), replaces].into_iter().flatten().find_map(|id| lineage.descents.get(id).cloned());
        let descent = match parent {
            // A leg may have been seen alone before, under the identifier that the broker made up for it.
            Some(above) => lineage.descents.get(above).map(|known| Descent {
                client_id: leg_id(&known.client_id, order),
                parent: parent.cloned(),
                is_limit,
            }),
            None => known.or_else(|| {
                let client_id = ClientOrderId::new(order.client_order_id.as_deref()?);
                Some(Descent { client_id, parent: None, is_limit })
            }),
        }?;
        lineage.note(id, descent.clone(), order);
        Some(descent)
    }
}

/// Returns the identifier under which the engine keeps a leg: its parent's with the letter of its role.
fn leg_id(parent: &ClientOrderId, leg: &Order) -> ClientOrderId {
    let role = if leg.type_word() == "limit" { OrderRole::Target } else { OrderRole::Stop };
    ClientOrderId::new(&format!("{parent}{}", role.letter()))
}

/// Returns a whole and not negative number of shares.
pub(crate) fn shares(value: Option<Decimal>) -> Option<Quantity> {
    let value = value.filter(|value| value.is_integer() && !value.is_sign_negative() || value.is_zero())?;
    value.to_i64().map(Quantity::new)
}

fn side(word: &str) -> Result<OrderSide, OrderError> {
    match word {
        "buy" => Ok(OrderSide::Buy),
        "sell" | "sell_short" => Ok(OrderSide::Sell),
        other => Err(OrderError::Side(other.to_owned())),
    }
}

/// Returns the kind of an order; of kinds that orb never sends, the nearest one.
fn kind(order: &Order) -> Result<OrderKind, OrderError> {
    let missing = || OrderError::Price(order.type_word().to_owned());
    let (limit, stop): (Option<Price>, Option<Price>) = (price(order.limit_price), price(order.stop_price));
    match order.type_word() {
        "market" => Ok(OrderKind::Market),
        "limit" => limit.map(OrderKind::Limit).ok_or_else(missing),
        "stop" | "stop_limit" => stop.map(OrderKind::Stop).ok_or_else(missing),
        _ => Ok(stop.map(OrderKind::Stop).or(limit.map(OrderKind::Limit)).unwrap_or(OrderKind::Market)),
    }
}

/// Returns where an order is in its life; a word that nobody knows yet gives [`OrderStatus::Unknown`].
fn status(order: &Order, is_whole: bool) -> OrderStatus {
    match order.status.as_str() {
        "new"
        | "accepted"
        | "pending_new"
        | "accepted_for_bidding"
        | "pending_replace"
        | "pending_review"
        | "stopped"
        | "suspended" => OrderStatus::Working,
        "held" => OrderStatus::Held,
        "partially_filled" => OrderStatus::PartiallyFilled,
        "filled" => OrderStatus::Filled,
        "canceled" | "cancelled" => OrderStatus::Cancelled,
        "expired" => OrderStatus::Expired,
        "rejected" => OrderStatus::Rejected,
        "replaced" => OrderStatus::Replaced,
        "pending_cancel" => OrderStatus::PendingCancel,
        // The exchange's day is over for it: an order of the day has ended, another goes on tomorrow.
        "done_for_day" | "calculated" if is_whole => OrderStatus::Filled,
        "done_for_day" | "calculated" if order.time_in_force == "day" => OrderStatus::Expired,
        "done_for_day" | "calculated" => OrderStatus::Working,
        _ => OrderStatus::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(super) fn reader() -> OrderReader {
        let names = ["AAPL", "BRK.B", "SPY"].map(|text| Symbol::new(text).expect(text));
        OrderReader::new(Arc::new(SymbolTable::new(names)))
    }

    fn order(changes: Value) -> Order {
        let mut base = json!({"id": "1", "client_order_id": "c-e", "symbol": "AAPL", "qty": "100", "filled_qty": "0",
            "type": "limit", "limit_price": "10", "side": "buy", "time_in_force": "day", "status": "new"});
        let Value::Object(changes) = changes else { panic!("changes are an object") };
        changes.into_iter().for_each(|(key, value)| base[key] = value);
        serde_json::from_value(base).expect("an order")
    }

    fn read(changes: Value) -> Result<BrokerOrder, OrderError> {
        reader().read(&order(changes))
    }

    #[test]
    fn every_status_has_a_meaning() {
        let cases = [
            ("new", OrderStatus::Working),
            ("accepted", OrderStatus::Working),
            ("pending_new", OrderStatus::Working),
            ("pending_replace", OrderStatus::Working),
            ("held", OrderStatus::Held),
            ("partially_filled", OrderStatus::PartiallyFilled),
            ("filled", OrderStatus::Filled),
            ("canceled", OrderStatus::Cancelled),
            ("expired", OrderStatus::Expired),
            ("done_for_day", OrderStatus::Expired),
            ("rejected", OrderStatus::Rejected),
            ("pending_cancel", OrderStatus::PendingCancel),
            ("teleported", OrderStatus::Unknown),
            ("", OrderStatus::Unknown),
        ];
        for (word, expected) in cases {
            assert_eq!(read(json!({"status": word})).expect(word).status, expected, "{word}");
        }
        let filled = read(json!({"status": "calculated", "filled_qty": "100"})).expect("an order");
        assert_eq!((filled.status, filled.filled), (OrderStatus::Filled, Quantity::new(100)));
        let tomorrow = read(json!({"status": "done_for_day", "time_in_force": "gtc"})).expect("an order");
        assert_eq!(tomorrow.status, OrderStatus::Working);
    }

    #[test]
    fn kinds_that_orb_never_sends_are_the_nearest() {
        let kind = |changes| read(changes).map(|order| order.kind);
        let ten: Price = "10".parse().expect("a price");
        assert_eq!(
            kind(json!({"type": "stop_limit", "stop_price": 10.0, "limit_price": "11"})),
            Ok(OrderKind::Stop(ten))
        );
        assert_eq!(kind(json!({"type": "trailing_stop", "limit_price": null})), Ok(OrderKind::Market));
        assert_eq!(kind(json!({"type": null, "order_type": "market"})), Ok(OrderKind::Market));
        assert_eq!(kind(json!({"limit_price": null})), Err(OrderError::Price("limit".to_owned())));
    }

    #[test]
    fn what_the_engine_cannot_hold_is_told() {
        assert_eq!(read(json!({"symbol": "TSLA"})), Err(OrderError::UnknownSymbol("TSLA".to_owned())));
        assert_eq!(read(json!({"symbol": ""})), Err(OrderError::UnknownSymbol(String::new())));
        for quantity in [json!("1.5"), json!(null), json!("-1"), json!("99999999999999999999"), json!("many")] {
            assert_eq!(read(json!({"qty": quantity})), Err(OrderError::Quantity));
        }
        assert_eq!(read(json!({"side": "swap"})), Err(OrderError::Side("swap".to_owned())));
        assert!(read(json!({"symbol": "BRK.B"})).is_ok());
    }

    #[test]
    fn legs_have_parents_and_no_identifier_of_ours() {
        let leg = json!({"id": "2", "client_order_id": "made-up", "symbol": "AAPL", "qty": "100", "side": "sell",
            "type": "stop", "stop_price": "9", "status": "held"});
        let read = read(json!({"order_class": "oto", "legs": [leg, {"id": "3"}]})).expect("an order");
        assert_eq!(read.client_id, Some(ClientOrderId::new("c-e")));
        assert_eq!(read.legs.len(), 1, "what cannot be read is left out");
        let leg = &read.legs[0];
        assert_eq!((leg.client_id.clone(), leg.parent.clone()), (None, Some(BrokerOrderId::new("1"))));
        assert_eq!(leg.status, OrderStatus::Held);
    }

    #[test]
    fn replacements_keep_the_first_identifier() {
        let reader = reader();
        let leg = |id: &str, more: Value| {
            let mut leg = json!({"id": id, "client_order_id": id, "type": "stop", "stop_price": "9", "side": "sell"});
            more.as_object().into_iter().flatten().for_each(|(key, value)| leg[key] = value.clone());
            leg
        };
        let full = |leg: Value| {
            serde_json::to_value(json!({"symbol": "AAPL", "qty": "1"})).map(|mut base| {
                leg.as_object().into_iter().flatten().for_each(|(key, value)| base[key] = value.clone());
                base
            })
        };
        let first = full(leg("2", json!({"status": "replaced", "replaced_by": "3"}))).expect("json");
        reader.read(&order(json!({"legs": [first]}))).expect("an order");
        // The replacement of a leg comes alone, as in the answer to the request or on the stream.
        let second = reader.read(&order(leg("3", json!({"replaces": "2", "status": "new"})))).expect("an order");
        assert_eq!(second.client_id, Some(ClientOrderId::new("c-es")));
        assert_eq!((second.parent, second.replaces), (Some(BrokerOrderId::new("1")), Some(BrokerOrderId::new("2"))));
        let third = reader.read(&order(leg("4", json!({"replaces": "3"})))).expect("an order");
        assert_eq!(third.client_id, Some(ClientOrderId::new("c-es")));
        assert_eq!(reader.newest(&ClientOrderId::new("c-es")), Some(BrokerOrderId::new("4")));
        reader.read(&order(leg("5", json!({"replaces": "4", "status": "rejected"})))).expect("an order");
        assert_eq!(
            reader.newest(&ClientOrderId::new("c-es")),
            Some(BrokerOrderId::new("4")),
            "its place was not taken"
        );
        assert_eq!(reader.is_limit(&BrokerOrderId::new("2")), Some(false));
        assert_eq!(reader.is_limit(&BrokerOrderId::new("9")), None);
    }

    #[test]
    fn an_answer_to_our_own_request_is_ours_whatever_it_says() {
        let (reader, ours) = (reader(), ClientOrderId::new("c-ts"));
        let read = reader.read_as(&order(json!({"id": "7", "client_order_id": "made-up"})), &ours).expect("an order");
        assert_eq!(read.client_id, Some(ours.clone()));
        assert_eq!(reader.newest(&ours), Some(BrokerOrderId::new("7")));
    }
}

//! The messages of the stream of order news.

use orb_core::order::{BrokerOrder, Execution, OrderEvent, OrderStatus, OrderUpdate, Rejection, RejectionKind};
use orb_core::{Money, Price, Quantity, Timestamp};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use crate::alpaca::errors::price;
use crate::alpaca::orders::{OrderReader, shares};
use crate::alpaca::snapshot::execution_id;
use crate::alpaca::wire::{lenient, order as wire};

/// The stream that orb listens to.
const TRADE_UPDATES: &str = "trade_updates";

/// Holds a message of the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ServerMessage {
    /// The key was taken.
    Authorized,
    /// The key was refused, or the stream.
    Refused(String),
    /// News of orders follows.
    Listening,
    /// News of an order.
    News(OrderNews),
    /// Something of another stream, with its name.
    Other(String),
}

/// Says what news of an order means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OrderNews {
    /// The engine is to know.
    Update(Box<OrderUpdate>),
    /// Nothing changed for orb.
    Nothing,
    /// It is of a symbol that orb does not trade.
    Foreign {
        /// The broker's identifier of the order.
        order: String,
        /// Whose shares, in the broker's words.
        symbol: String,
    },
    /// What it means only the whole state tells; with the reason.
    Unclear(String),
}

/// Explains why a message is not understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderMessageError {
    /// It is no JSON of the expected form.
    #[error("it is no JSON message: {0}")]
    Json(#[from] serde_json::Error),
}

#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(deserialize_with = "lenient::word")]
    stream: String,
    #[serde(default)]
    data: Value,
}

/// Holds the data of a message about the conversation itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Talk {
    #[serde(deserialize_with = "lenient::word")]
    status: String,
    #[serde(deserialize_with = "lenient::word")]
    error: String,
    #[serde(deserialize_with = "lenient::list")]
    streams: Vec<String>,
}

/// Holds the data of a message about an order.
#[derive(Debug, Deserialize)]
struct Update {
    #[serde(deserialize_with = "lenient::word")]
    event: String,
    order: wire::Order,
    #[serde(default, deserialize_with = "lenient::time")]
    timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::decimal")]
    price: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::decimal")]
    qty: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::word")]
    reason: String,
    #[serde(default, deserialize_with = "lenient::word")]
    execution_id: String,
    /// Which execution was taken back or corrected, where that is not `execution_id`.
    #[serde(default, deserialize_with = "lenient::word")]
    previous_execution_id: String,
}

/// Reads a message.
///
/// `now`: taken as the time of news that does not carry its own.
///
/// # Errors
/// When it is no JSON, or names no order where it should.
pub(crate) fn read_message(
    payload: &[u8],
    reader: &OrderReader,
    now: Timestamp,
) -> Result<ServerMessage, OrderMessageError> {
    let Envelope { stream, data } = serde_json::from_slice(payload)?;
    Ok(match stream.as_str() {
        "authorization" => match Talk::deserialize(data)? {
            Talk { status, .. } if status == "authorized" => ServerMessage::Authorized,
            Talk { status, .. } => ServerMessage::Refused(status),
        },
        "listening" => match Talk::deserialize(data)? {
            Talk { streams, .. } if streams.iter().any(|name| name == TRADE_UPDATES) => ServerMessage::Listening,
            Talk { error, .. } => ServerMessage::Refused(format!("not listening {error}")),
        },
        TRADE_UPDATES => ServerMessage::News(news(&Update::deserialize(data)?, reader, now)),
        _ => ServerMessage::Other(stream.chars().take(32).collect()),
    })
}

/// Names what the words of the stream mean for the book.
fn event(word: &str) -> Option<OrderEvent> {
    Some(match word {
        "new" => OrderEvent::New,
        "held" => OrderEvent::Held,
        "fill" => OrderEvent::Fill,
        "partial_fill" => OrderEvent::PartialFill,
        "pending_cancel" => OrderEvent::PendingCancel,
        "canceled" => OrderEvent::Cancelled,
        "order_cancel_rejected" | "order_replace_rejected" => OrderEvent::CancelRejected,
        "expired" => OrderEvent::Expired,
        "rejected" => OrderEvent::Rejected,
        "trade_bust" => OrderEvent::Busted,
        "trade_correct" => OrderEvent::Corrected,
        _ => return None,
    })
}

/// Says what news of an order means.
fn news(update: &Update, reader: &OrderReader, now: Timestamp) -> OrderNews {
    let order = &update.order;
    if reader.symbol(&order.symbol).is_none() {
        return OrderNews::Foreign { order: order.id.clone(), symbol: order.symbol.clone() };
    }
    // It is read even where it is not told: so its name, its legs' and its successor's are known.
    let read = reader.read(order);
    match update.event.as_str() {
        // Steps on the way to an event that follows, or that change nothing about what is working.
        "accepted"
        | "accepted_for_bidding"
        | "pending_new"
        | "pending_replace"
        | "pending_review"
        | "calculated"
        | "stopped"
        | "suspended" => OrderNews::Nothing,
        // Its successor's news follows and names it.
        "replaced" if order.replaced_by.is_some() => OrderNews::Nothing,
        word => match event(word) {
            Some(event) => match read {
                Ok(order) => told(update, event, order, reader, now),
                Err(error) => OrderNews::Unclear(format!("{}: {error}", order.id)),
            },
            None => OrderNews::Unclear(format!("{}: the event `{word}`", order.id)),
        },
    }
}

fn told(update: &Update, event: OrderEvent, order: BrokerOrder, reader: &OrderReader, now: Timestamp) -> OrderNews {
    let at = update.timestamp.unwrap_or(now);
    let mut told = OrderUpdate { event, at, order, execution: None, rejection: None };
    match event {
        OrderEvent::Fill | OrderEvent::PartialFill => {
            let Some(execution) = execution(update, &told.order) else {
                return OrderNews::Unclear(format!("{}: its execution", update.order.id));
            };
            // The shares that are filled say more than the word does.
            let whole = told.order.filled >= told.order.quantity;
            told.event = if whole { OrderEvent::Fill } else { OrderEvent::PartialFill };
            reader.note_execution(&update.execution_id, &execution.id);
            told.execution = Some(execution);
        }
        // Where it is not known which one is meant, the engine compares the whole state.
        OrderEvent::Busted | OrderEvent::Corrected => {
            told.execution = changed_execution(update, reader, at);
            if let Some(execution) = &told.execution {
                reader.note_execution(&update.execution_id, &execution.id);
            }
        }
        OrderEvent::New if told.order.status == OrderStatus::Held => told.event = OrderEvent::Held,
        OrderEvent::Rejected => told.rejection = Some(rejection(&update.reason)),
        OrderEvent::New
        | OrderEvent::Pending
        | OrderEvent::Held
        | OrderEvent::PendingCancel
        | OrderEvent::Cancelled
        | OrderEvent::CancelRejected
        | OrderEvent::Expired
        | OrderEvent::Replaced
        | OrderEvent::Lost => {}
    }
    OrderNews::Update(Box::new(told))
}

/// Reads the execution of a fill; `None` when its price, shares, time or the order's filled shares are not there.
///
/// It is named after the order and its filled shares, as the account's activities name it too: Alpaca's own identifiers
/// of one execution differ between the two.
fn execution(update: &Update, order: &BrokerOrder) -> Option<Execution> {
    let quantity = shares(update.qty).filter(|quantity| *quantity > Quantity::ZERO && *quantity <= order.filled)?;
    Some(Execution {
        id: execution_id(order.broker_id.as_str(), order.filled),
        price: price(update.price).filter(|price| *price > Price::ZERO)?,
        quantity,
        fee: Money::ZERO,
        at: update.timestamp?,
        at_data_end: false,
    })
}

/// Reads which execution was taken back or corrected, under the engine's name and as the news has it; `None` where it
/// was not heard of under the name in the news, or its price or shares are not there.
fn changed_execution(update: &Update, reader: &OrderReader, at: Timestamp) -> Option<Execution> {
    let names = [&update.previous_execution_id, &update.execution_id];
    Some(Execution {
        id: names.into_iter().find_map(|name| reader.execution(name))?,
        price: price(update.price).filter(|price| *price > Price::ZERO)?,
        quantity: shares(update.qty).filter(|quantity| *quantity > Quantity::ZERO)?,
        fee: Money::ZERO,
        at,
        at_data_end: false,
    })
}

fn rejection(reason: &str) -> Rejection {
    let message = if reason.is_empty() { "rejected after it had been taken" } else { reason };
    Rejection {
        code: 0,
        message: message.to_owned(),
        related_orders: Vec::new(),
        available: None,
        kind: RejectionKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orb_core::order::BrokerOrderId;
    use orb_core::{Symbol, SymbolTable};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn reader() -> OrderReader {
        OrderReader::new(Arc::new(SymbolTable::new([Symbol::new("AAPL").unwrap()])))
    }

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-27T14:35:01Z").unwrap()
    }

    fn read(message: &Value) -> ServerMessage {
        read_message(message.to_string().as_bytes(), &reader(), now()).unwrap()
    }

    /// Returns an order as Alpaca writes it, with changes.
    fn order(changes: &Value) -> Value {
        let mut order = json!({
            "id": "61e6", "client_order_id": "20261127-orb5-AAPL-1-e", "created_at": "2026-11-27T14:35:00Z",
            "replaced_by": null, "replaces": null, "symbol": "AAPL", "asset_class": "us_equity", "qty": "100",
            "filled_qty": "40", "filled_avg_price": "174.4", "order_class": "oto", "order_type": "limit",
            "type": "limit", "side": "buy", "time_in_force": "day", "limit_price": "174.44", "stop_price": null,
            "status": "partially_filled",
            "legs": [{
                "id": "71e7", "client_order_id": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415", "symbol": "AAPL",
                "qty": "100", "filled_qty": "0", "type": "stop", "side": "sell", "stop_price": "170.1",
                "status": "held", "legs": null,
            }],
        });
        for (key, value) in changes.as_object().into_iter().flatten() {
            order[key] = value.clone();
        }
        order
    }

    fn news_of(event: &str, changes: &Value, extra: &Value) -> OrderNews {
        let mut data = json!({
            "event": event, "execution_id": "7a2b", "order": order(changes),
            "timestamp": "2026-11-27T14:35:00.123456789Z",
        });
        for (key, value) in extra.as_object().into_iter().flatten() {
            data[key] = value.clone();
        }
        let message = read(&json!({ "stream": "trade_updates", "data": data }));
        let ServerMessage::News(news) = message else { panic!("{message:?}") };
        news
    }

    #[track_caller]
    fn update_of(event: &str, changes: &Value, extra: &Value) -> OrderUpdate {
        let news = news_of(event, changes, extra);
        let OrderNews::Update(update) = news else { panic!("{news:?}") };
        *update
    }

    #[test]
    fn the_conversation_is_understood() {
        let authorization = |status| {
            read(&json!({ "stream": "authorization", "data": { "status": status, "action": "authenticate" } }))
        };
        assert_eq!(authorization("authorized"), ServerMessage::Authorized);
        assert_eq!(authorization("unauthorized"), ServerMessage::Refused("unauthorized".to_owned()));
        let listening = |streams: &[&str]| read(&json!({ "stream": "listening", "data": { "streams": streams } }));
        assert_eq!(listening(&["trade_updates"]), ServerMessage::Listening);
        assert!(matches!(listening(&[]), ServerMessage::Refused(_)));
        assert_eq!(read(&json!({ "stream": "account_updates" })), ServerMessage::Other("account_updates".to_owned()));
    }

    #[test]
    fn a_fill_carries_an_execution_named_by_the_filled_shares() {
        let update = update_of("partial_fill", &json!({}), &json!({ "price": "174.41", "qty": "15" }));
        assert_eq!(update.event, OrderEvent::PartialFill);
        let at = Timestamp::parse_rfc3339("2026-11-27T14:35:00.123456Z").unwrap();
        let expected = Execution {
            id: "61e6@40".to_owned(),
            price: Price::from_cents(17_441),
            quantity: Quantity::new(15),
            fee: Money::ZERO,
            at,
            at_data_end: false,
        };
        assert_eq!(update.execution, Some(expected));
        assert_eq!(update.order.legs[0].parent, Some(BrokerOrderId::new("61e6")));
        assert_eq!(update.order.legs[0].status, OrderStatus::Held);
        let numbers = update_of("partial_fill", &json!({ "filled_qty": 40 }), &json!({ "price": 174.41, "qty": 15 }));
        assert_eq!(numbers.execution.unwrap().id, "61e6@40");
    }

    #[test]
    fn the_filled_shares_say_more_than_the_word() {
        let execution = json!({ "price": "1.5", "qty": "1" });
        let event = |word, filled: &str| update_of(word, &json!({ "filled_qty": filled }), &execution).event;
        assert_eq!(event("fill", "100"), OrderEvent::Fill);
        assert_eq!(event("fill", "99"), OrderEvent::PartialFill);
        assert_eq!(event("partial_fill", "100"), OrderEvent::Fill);
    }

    #[test]
    fn a_fill_without_its_particulars_is_looked_up() {
        for extra in [
            json!({ "qty": "1" }),
            json!({ "price": "1" }),
            json!({ "price": "1", "qty": "0.5" }),
            json!({ "price": "-1", "qty": "1" }),
            json!({ "price": "1", "qty": "41" }),
            json!({ "price": "1e40", "qty": "1" }),
            json!({ "price": "1", "qty": "1", "timestamp": "soon" }),
        ] {
            let news = news_of("fill", &json!({}), &extra);
            assert!(matches!(news, OrderNews::Unclear(_)), "{extra}: {news:?}");
        }
    }

    #[test]
    fn words_are_events_or_steps_on_the_way() {
        for (word, expected) in [
            ("new", OrderEvent::New),
            ("held", OrderEvent::Held),
            ("pending_cancel", OrderEvent::PendingCancel),
            ("canceled", OrderEvent::Cancelled),
            ("order_cancel_rejected", OrderEvent::CancelRejected),
            ("order_replace_rejected", OrderEvent::CancelRejected),
            ("expired", OrderEvent::Expired),
            ("rejected", OrderEvent::Rejected),
        ] {
            assert_eq!(update_of(word, &json!({}), &json!({})).event, expected);
        }
        for word in ["accepted", "pending_new", "pending_replace", "stopped", "calculated", "suspended"] {
            assert_eq!(news_of(word, &json!({}), &json!({})), OrderNews::Nothing, "{word}");
        }
        assert_eq!(update_of("new", &json!({ "status": "held" }), &json!({})).event, OrderEvent::Held);
        let refused = update_of("rejected", &json!({}), &json!({ "reason": "halted" })).rejection.unwrap();
        assert_eq!((refused.message.as_str(), refused.kind), ("halted", RejectionKind::Other));
        assert!(matches!(news_of("teleported", &json!({}), &json!({})), OrderNews::Unclear(_)));
        assert!(matches!(news_of("done_for_day", &json!({}), &json!({})), OrderNews::Unclear(_)));
    }

    #[test]
    fn an_execution_that_was_taken_back_or_corrected_is_named_as_when_it_was_filled() {
        let reader = reader();
        let hear = |event: &str, names: &Value| {
            let mut data = json!({ "event": event, "order": order(&json!({})), "price": "174.41", "qty": "15",
                "timestamp": "2026-11-27T14:35:00.123456789Z" });
            for (key, value) in names.as_object().into_iter().flatten() {
                data[key] = value.clone();
            }
            let message = json!({ "stream": "trade_updates", "data": data }).to_string();
            let read = read_message(message.as_bytes(), &reader, now()).expect("a message");
            let ServerMessage::News(OrderNews::Update(update)) = read else { panic!("{read:?}") };
            *update
        };
        let named = |update: OrderUpdate| (update.event, update.execution.map(|execution| execution.id));
        let first = json!({ "execution_id": "7a2b" });
        assert_eq!(named(hear("trade_bust", &first)), (OrderEvent::Busted, None), "nobody has heard of it");
        hear("partial_fill", &first);
        let ours = Some("61e6@40".to_owned());
        assert_eq!(named(hear("trade_bust", &first)), (OrderEvent::Busted, ours.clone()));
        let corrected = hear(
            "trade_correct",
            &json!({ "execution_id": "8b3c", "previous_execution_id": "7a2b",
            "price": "174.4", "qty": "14" }),
        );
        assert_eq!(corrected.execution.as_ref().map(|told| told.quantity), Some(Quantity::new(14)));
        assert_eq!(named(corrected), (OrderEvent::Corrected, ours));
        assert_eq!(named(hear("trade_correct", &json!({ "execution_id": "7a2b", "qty": "x" }))).1, None);
    }

    #[test]
    fn an_order_that_was_replaced_does_not_end_and_its_successor_names_it() {
        let old = news_of("replaced", &json!({ "replaced_by": "81e8", "status": "replaced" }), &json!({}));
        assert_eq!(old, OrderNews::Nothing);
        assert!(matches!(news_of("replaced", &json!({}), &json!({})), OrderNews::Unclear(_)));
        let new = update_of("new", &json!({ "id": "81e8", "replaces": "61e6", "status": "new" }), &json!({}));
        assert_eq!(new.order.replaces, Some(BrokerOrderId::new("61e6")));
    }

    #[test]
    fn orders_of_others_and_of_odd_kinds_are_told_apart() {
        let foreign = news_of("new", &json!({ "symbol": "BTC/USD" }), &json!({}));
        assert_eq!(foreign, OrderNews::Foreign { order: "61e6".to_owned(), symbol: "BTC/USD".to_owned() });
        for odd in [
            json!({ "qty": null, "notional": "100" }),
            json!({ "qty": "0.5" }),
            json!({ "side": "sideways" }),
            json!({ "limit_price": null }),
            json!({ "qty": "99999999999999999999999" }),
        ] {
            let news = news_of("new", &odd, &json!({}));
            assert!(matches!(news, OrderNews::Unclear(_)), "{odd}: {news:?}");
        }
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for text in [
            "",
            "<html></html>",
            "[]",
            "7",
            r#"{"stream":"trade_updates"}"#,
            r#"{"stream":"trade_updates","data":{"event":"new"}}"#,
        ] {
            assert!(read_message(text.as_bytes(), &reader(), now()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_message(&bytes, &reader(), now());
        }

        #[test]
        fn no_values_make_it_panic(
            event in "[a-z_]{0,12}|fill|new|replaced", value in "-?[0-9]{0,30}(\\.[0-9]{0,30})?(e[0-9]{0,4})?|\\PC{0,9}",
        ) {
            let order = order(&json!({ "qty": value, "filled_qty": value, "limit_price": value, "status": value }));
            let data = json!({ "event": event, "order": order, "price": value, "qty": value, "timestamp": value });
            let message = json!({ "stream": "trade_updates", "data": data });
            let _ = read_message(message.to_string().as_bytes(), &reader(), now());
        }
    }
}

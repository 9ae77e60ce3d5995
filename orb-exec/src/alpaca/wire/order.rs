//! Orders, positions, the account and what belongs to them, as Alpaca's trading host writes them.
//!
//! Only the identifier of a thing is required. Words stay words here: what they mean is decided where they are used,
//! so that a word which is new at Alpaca never fails a list.

use core::fmt;

use orb_core::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::lenient;

/// Holds an order with its legs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Order {
    /// Alpaca's identifier.
    pub(crate) id: String,
    /// The identifier that was sent with it, or one that Alpaca made up.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) client_order_id: Option<String>,
    /// When it was made.
    #[serde(default, deserialize_with = "lenient::time")]
    pub(crate) created_at: Option<Timestamp>,
    /// When the exchange's side took it; lists are cut by this time.
    #[serde(default, deserialize_with = "lenient::time")]
    pub(crate) submitted_at: Option<Timestamp>,
    /// The order that took its place.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) replaced_by: Option<String>,
    /// The order whose place it took.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) replaces: Option<String>,
    /// Ticker symbol; of another kind of asset perhaps.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) symbol: String,
    /// Shares asked for; `None` for an order by amount.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) qty: Option<Decimal>,
    /// Shares filled.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) filled_qty: Option<Decimal>,
    /// Mean price of the fills.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) filled_avg_price: Option<Decimal>,
    /// `simple`, `bracket`, `oco`, `oto` and others.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) order_class: String,
    /// `market`, `limit`, `stop` and others.
    #[serde(default, rename = "type", deserialize_with = "lenient::word")]
    pub(crate) kind: String,
    /// The same under its older name.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) order_type: String,
    /// `buy` or `sell`.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) side: String,
    /// `day`, `gtc` and others.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) time_in_force: String,
    /// Price of a limit.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) limit_price: Option<Decimal>,
    /// Price of a stop.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) stop_price: Option<Decimal>,
    /// Where it is in its life.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) status: String,
    /// Its legs.
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) legs: Vec<Self>,
}

impl Order {
    /// Returns the word for the order's type, under whichever name it came.
    pub(crate) fn type_word(&self) -> &str {
        if self.kind.is_empty() { &self.order_type } else { &self.kind }
    }
}

/// Holds an open position.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Position {
    /// Ticker symbol.
    pub(crate) symbol: String,
    /// Shares, negative when short.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) qty: Option<Decimal>,
    /// `long` or `short`.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) side: String,
}

/// Holds the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Account {
    /// The number under which people know it.
    #[serde(deserialize_with = "lenient::word")]
    pub(crate) account_number: String,
    /// `ACTIVE` when it may trade.
    #[serde(deserialize_with = "lenient::word")]
    pub(crate) status: String,
    /// Cash and positions together.
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) equity: Option<Decimal>,
    /// Cash.
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) cash: Option<Decimal>,
    /// What may be bought for.
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) buying_power: Option<Decimal>,
    /// How many times the equity may be bought for.
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) multiplier: Option<Decimal>,
    /// No trading at all.
    #[serde(deserialize_with = "lenient::flag")]
    pub(crate) trading_blocked: Option<bool>,
    /// Nothing at all.
    #[serde(deserialize_with = "lenient::flag")]
    pub(crate) account_blocked: Option<bool>,
    /// The owner switched trading off.
    #[serde(deserialize_with = "lenient::flag")]
    pub(crate) trade_suspended_by_user: Option<bool>,
    /// Shares may be sold short.
    #[serde(deserialize_with = "lenient::flag")]
    pub(crate) shorting_enabled: Option<bool>,
}

/// Holds what may be done with an asset.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Asset {
    /// Ticker symbol.
    pub(crate) symbol: String,
    /// The company's or fund's name.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) name: String,
    /// Where it is listed.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) exchange: String,
    /// `active` or `inactive`.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) status: String,
    /// It may be traded.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) tradable: Option<bool>,
    /// It may be sold short.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) shortable: Option<bool>,
    /// Shares can be borrowed without asking; replaced by `borrow_status` in 2026.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) easy_to_borrow: Option<bool>,
    /// `easy_to_borrow`, `hard_to_borrow` and others.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) borrow_status: Option<String>,
    /// Money is lent on it.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) marginable: Option<bool>,
    /// Part of a position's value that its owner must have, per cent.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) maintenance_margin_requirement: Option<Decimal>,
    /// The same of shares that are owned.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) margin_requirement_long: Option<Decimal>,
    /// The same of shares that are owed.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) margin_requirement_short: Option<Decimal>,
    /// Parts of a share may be traded.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) fractionable: Option<bool>,
}

/// Holds one execution, or one payment in or out, from the account's activities.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct FillActivity {
    /// Alpaca's identifier of the activity, which is also the token of the next page.
    pub(crate) id: String,
    /// When it happened.
    #[serde(default, deserialize_with = "lenient::time")]
    pub(crate) transaction_time: Option<Timestamp>,
    /// Price per share.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) price: Option<Decimal>,
    /// Shares of this execution.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) qty: Option<Decimal>,
    /// Shares of the order that are filled after it.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) cum_qty: Option<Decimal>,
    /// Ticker symbol.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) symbol: String,
    /// `buy`, `sell` or `sell_short`.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) side: String,
    /// Whose execution it is.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) order_id: String,
    /// `FILL`, or what kind of payment it is; the rest is about executions.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) activity_type: String,
    /// What was paid in (or, negative, out), dollars.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) net_amount: Option<Decimal>,
}

/// Holds the exchange's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct ServerClock {
    /// The time.
    #[serde(deserialize_with = "lenient::time")]
    pub(crate) timestamp: Option<Timestamp>,
}

/// Holds one session of the calendar, in New York's time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct CalendarDay {
    /// `2026-11-27`.
    pub(crate) date: String,
    /// `09:30`.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) open: String,
    /// `16:00`.
    #[serde(default, deserialize_with = "lenient::word")]
    pub(crate) close: String,
}

/// Holds what Alpaca says when it refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorBody {
    /// Alpaca's code, as 40310000.
    #[serde(deserialize_with = "lenient::integer")]
    pub(crate) code: Option<i64>,
    /// A sentence.
    #[serde(deserialize_with = "lenient::word")]
    pub(crate) message: String,
    /// Shares that are free.
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) available: Option<Decimal>,
    /// Shares that other orders hold.
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) held_for_orders: Option<Decimal>,
    /// The orders that stand in the way.
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) related_orders: Vec<String>,
    /// The order with which it would trade with itself.
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) existing_order_id: Option<String>,
    /// The price that a stop or target was compared with.
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) base_price: Option<Decimal>,
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{} ({code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl core::error::Error for ErrorBody {}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::lenient::Listed;
    use super::*;

    /// Returns a bracket's entry as Alpaca writes it, with every key.
    fn bracket() -> Value {
        json!({
            "id": "61e69015-8549-4bfd-b9c3-01e75843f47d", "client_order_id": "20261127-orb5-AAPL-1-e",
            "created_at": "2026-11-27T14:35:00.123456789Z", "updated_at": "2026-11-27T14:35:00.2Z",
            "submitted_at": "2026-11-27T14:35:00.1Z", "filled_at": null, "expired_at": null, "canceled_at": null,
            "failed_at": null, "replaced_at": null, "replaced_by": null, "replaces": null,
            "asset_id": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415", "symbol": "AAPL", "asset_class": "us_equity",
            "notional": null, "qty": "100", "filled_qty": "0", "filled_avg_price": null, "order_class": "bracket",
            "order_type": "limit", "type": "limit", "side": "buy", "position_intent": "buy_to_open",
            "time_in_force": "day", "limit_price": "174.44", "stop_price": null, "status": "new",
            "extended_hours": false, "trail_percent": null, "trail_price": null, "hwm": null,
            "legs": [{"id": "leg-1", "type": "stop", "stop_price": "170.1", "status": "held", "legs": null}],
        })
    }

    #[test]
    fn an_order_is_read_with_its_legs() {
        let order: Order = serde_json::from_value(bracket()).expect("an order");
        assert_eq!(order.client_order_id.as_deref(), Some("20261127-orb5-AAPL-1-e"));
        assert_eq!((order.qty, order.limit_price), (Some(Decimal::ONE_HUNDRED), Some(Decimal::new(17444, 2))));
        assert_eq!((order.type_word(), order.status.as_str()), ("limit", "new"));
        assert_eq!(order.created_at, Timestamp::parse_rfc3339("2026-11-27T14:35:00.123456Z"));
        assert_eq!(order.legs.len(), 1);
        assert_eq!(order.legs[0].stop_price, Some(Decimal::new(1701, 1)));
    }

    #[test]
    fn an_order_of_tomorrow_s_kinds_is_read_too() {
        let mut odd = bracket();
        odd["type"] = Value::Null;
        odd["order_type"] = json!("hologram");
        odd["order_class"] = json!({"new": "shape"});
        odd["qty"] = json!(1.5);
        odd["legs"] = json!([{"no": "id"}, {"id": "leg-2"}]);
        odd["tomorrow"] = json!([1, 2]);
        let listed: Listed<Order> = serde_json::from_value(json!([{"id": 7}, odd])).expect("a list");
        assert_eq!(listed.unreadable.len(), 1, "an order without an identifier is none");
        let order = &listed.items[0];
        assert_eq!((order.type_word(), order.order_class.as_str()), ("hologram", ""));
        assert_eq!((order.qty, order.legs.len()), (Some(Decimal::new(15, 1)), 1));
    }

    #[test]
    fn a_refusal_keeps_its_extras() {
        let text = r#"{"code":40310000,"message":"insufficient qty available for order (requested: 1, available: 0)",
            "available":"0","existing_qty":"100","held_for_orders":"100","related_orders":["a","b"],"symbol":"AAPL"}"#;
        let body: ErrorBody = serde_json::from_str(text).expect("a body");
        assert_eq!((body.code, body.available), (Some(40_310_000), Some(Decimal::ZERO)));
        assert_eq!(body.related_orders, ["a", "b"]);
        assert_eq!(serde_json::from_str::<ErrorBody>("{}").expect("an object"), ErrorBody::default());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in ".{0,200}", number in "[-+0-9eE.]{0,40}") {
            let around = format!("[{{\"id\":\"x\",\"qty\":\"{number}\",\"created_at\":\"{number}\",\"legs\":[{number}]}}]");
            for text in [text, around] {
                let _ = serde_json::from_str::<Listed<Order>>(&text);
                let _ = serde_json::from_str::<Account>(&text);
                let _ = serde_json::from_str::<Listed<FillActivity>>(&text);
                let _ = serde_json::from_str::<ErrorBody>(&text);
            }
        }
    }
}

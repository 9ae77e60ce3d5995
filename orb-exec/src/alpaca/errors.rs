//! What Alpaca's refusals mean to the engine.

use orb_core::order::{BrokerOrderId, Rejection, RejectionKind};
use orb_core::{Price, Quantity};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::rest::Refusal;
use super::wire::order::ErrorBody;

/// Alpaca's code for a malformed request, and for a client order id that was used before.
const CODE_INVALID: i64 = 40_010_001;
/// Phrases about shares that cannot be sold short.
const SHORT_PHRASES: &[&str] = &[
    "sold short",
    "not shortable",
    "short sell",
    "to short",
    "shorting",
    "hard to borrow",
    "hard_to_borrow",
    "easy to borrow",
    "easy_to_borrow",
];

/// Returns the engine's form of a refusal.
pub(crate) fn rejection(refusal: &Refusal) -> Rejection {
    let body = &refusal.body;
    let related = body.related_orders.iter().chain(&body.existing_order_id);
    let message = match body.message.is_empty() {
        true => format!("the broker refused with HTTP status {}", refusal.status),
        false => body.message.clone(),
    };
    Rejection {
        code: body.code.unwrap_or(0),
        message,
        related_orders: related.map(|id| BrokerOrderId::new(id)).collect(),
        available: body.available.and_then(|shares| shares.trunc().to_i64()).map(Quantity::new),
        kind: kind(body),
    }
}

fn kind(body: &ErrorBody) -> RejectionKind {
    let message = body.message.to_ascii_lowercase();
    let says = |phrase: &str| message.contains(phrase);
    let is_held = body.held_for_orders.is_some_and(|shares| shares > Decimal::ZERO);
    if body.code == Some(CODE_INVALID) && says("unique") {
        RejectionKind::DuplicateId
    } else if body.existing_order_id.is_some() || says("wash trade") || is_held || !body.related_orders.is_empty() {
        RejectionKind::Blocked
    } else if SHORT_PHRASES.iter().any(|phrase| says(phrase)) {
        RejectionKind::NotShortable
    } else if says("insufficient") {
        RejectionKind::Insufficient
    } else if body.base_price.is_some() || says("base_price") || is_about_exit_price(&message) {
        RejectionKind::BeyondMarket
    } else {
        RejectionKind::Other
    }
}

/// Tells whether a sentence compares the price of a stop or target with another one.
fn is_about_exit_price(message: &str) -> bool {
    let names = ["stop_price", "stop price", "take_profit", "stop_loss", "limit_price"];
    let compares = ["must be >", "must be <", "must be greater", "must be less", "must be above", "must be below"];
    names.iter().any(|name| message.contains(name)) && compares.iter().any(|words| message.contains(words))
}

/// Returns a rejection of something that was not sent.
pub(crate) fn not_sent(message: String) -> Rejection {
    Rejection { code: 0, message, related_orders: Vec::new(), available: None, kind: RejectionKind::NotSent }
}

/// Returns a rejection of something that orb itself should not have asked for.
pub(crate) fn invalid(message: String) -> Rejection {
    Rejection { kind: RejectionKind::Other, ..not_sent(message) }
}

/// Tells whether an amount of the wire is a price that can be held.
pub(crate) fn price(value: Option<Decimal>) -> Option<Price> {
    Price::from_decimal(value?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: RejectionKind) -> Rejection {
        let body: ErrorBody = serde_json::from_str(json).expect(json);
        let rejection = rejection(&Refusal { status: 403, is_brokers: true, body });
        assert_eq!(rejection.kind, expected, "{json}");
        rejection
    }

    #[test]
    fn refusals_are_sorted_by_what_the_engine_makes_of_them() {
        use RejectionKind as K;
        check(r#"{"code":40010001,"message":"client_order_id must be unique"}"#, K::DuplicateId);
        check(r#"{"code":40010001,"message":"bracket orders must be market or limit orders"}"#, K::Other);
        check(r#"{"code":40310000,"message":"insufficient buying power","buying_power":"1"}"#, K::Insufficient);
        check(r#"{"code":42210000,"message":"asset \"XYZ\" cannot be sold short"}"#, K::NotShortable);
        check(r#"{"code":40310000,"message":"account is not allowed to short"}"#, K::NotShortable);
        let stop = "stop price must be less than current price";
        check(&format!("{{\"code\":42210000,\"message\":\"{stop}\"}}"), K::BeyondMarket);
        check(
            r#"{"code":42210000,"message":"stop_loss.stop_price must be <= base_price - 0.01","base_price":"9"}"#,
            K::BeyondMarket,
        );
        check(r#"{"code":42210000,"message":"invalid limit_price 10.005. sub-penny increment"}"#, K::Other);
        check("{}", K::Other);
    }

    #[test]
    fn what_stands_in_the_way_is_told() {
        let held = r#"{"code":40310000,"message":"insufficient qty available for order (requested: 100, available: 20)",
            "available":"20","existing_qty":"100","held_for_orders":"80","related_orders":["a"],"symbol":"AAPL"}"#;
        let rejection = check(held, RejectionKind::Blocked);
        assert_eq!(rejection.available, Some(Quantity::new(20)));
        assert_eq!(rejection.related_orders, [BrokerOrderId::new("a")]);
        let free = r#"{"code":40310000,"message":"insufficient qty available for order (requested: 100, available: 20)",
            "available":"20","existing_qty":"20","held_for_orders":"0","related_orders":null}"#;
        check(free, RejectionKind::Insufficient);
        let wash = r#"{"code":40310000,"message":"potential wash trade detected. use complex orders",
            "existing_order_id":"b","reject_reason":"opposite side market/stop order exists"}"#;
        assert_eq!(check(wash, RejectionKind::Blocked).related_orders, [BrokerOrderId::new("b")]);
    }
}

//! Orders as Alpaca wants them to be asked for: numbers as texts, prices on the tick.

use orb_core::order::{OrderKind, OrderRequest, OrderRole, TimeInForce};
use orb_core::side::tick;
use orb_core::{OrderSide, Price};
use serde::Serialize;

use super::super::config::BracketSupport;

/// The most characters of a client order id.
const CLIENT_ID_LENGTH_MAX: usize = 48;

/// Explains why an order is not sent: orb should not have asked for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    /// The price is zero or negative.
    #[error("its {field} {price} is not above 0")]
    NotPositive {
        /// Which price.
        field: &'static str,
        /// The price.
        price: Price,
    },
    /// The price lies between two ticks.
    #[error("its {field} {price} is not on the tick")]
    OffTick {
        /// Which price.
        field: &'static str,
        /// The price.
        price: Price,
    },
    /// No shares.
    #[error("it is for {0} shares")]
    Quantity(i64),
    /// The identifier is empty or too long.
    #[error("its identifier has {0} characters: 1 to {CLIENT_ID_LENGTH_MAX} are allowed")]
    ClientId(usize),
    /// A stop that shares the fate of an order which is no limit.
    #[error("only a limit order can be paired with a stop")]
    Unpaired,
}

#[derive(Debug, Serialize)]
struct TakeProfit {
    limit_price: String,
}

#[derive(Debug, Serialize)]
struct StopLoss {
    stop_price: String,
}

/// The body of a request for an order.
#[derive(Debug, Serialize)]
struct NewOrder<'a> {
    symbol: &'a str,
    qty: String,
    side: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    time_in_force: &'static str,
    client_order_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position_intent: Option<&'static str>,
    #[serde(flatten)]
    exits: Exits,
}

/// What hangs on an order.
#[derive(Debug, Default, Serialize)]
struct Exits {
    #[serde(skip_serializing_if = "Option::is_none")]
    order_class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    take_profit: Option<TakeProfit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_loss: Option<StopLoss>,
}

/// Returns the body of a request for an order.
///
/// An entry carries its exits as legs where the account takes that and there is a price from which they follow; a
/// market entry has none, so its exits are sent after the fill.
///
/// # Errors
/// When a price is not on the tick, or the order makes no sense otherwise.
pub(crate) fn new_order(
    request: &OrderRequest,
    symbol: &str,
    brackets: BracketSupport,
) -> Result<Vec<u8>, RequestError> {
    let id = request.id.as_str();
    if id.is_empty() || id.len() > CLIENT_ID_LENGTH_MAX {
        return Err(RequestError::ClientId(id.len()));
    }
    if request.quantity.shares() < 1 {
        return Err(RequestError::Quantity(request.quantity.shares()));
    }
    let (kind, limit_price, stop_price) = match request.kind {
        OrderKind::Market => ("market", None, None),
        // The limit of a pair is its target, which stands there.
        OrderKind::Limit(_) if request.paired_stop.is_some() => ("limit", None, None),
        OrderKind::Limit(price) => ("limit", Some(on_tick("limit", price)?), None),
        OrderKind::Stop(price) => ("stop", None, Some(on_tick("stop", price)?)),
    };
    let order = NewOrder {
        symbol,
        qty: request.quantity.shares().to_string(),
        side: match request.side {
            OrderSide::Buy => "buy",
            OrderSide::Sell => "sell",
        },
        kind,
        time_in_force: match request.time_in_force {
            TimeInForce::Day => "day",
            TimeInForce::GoodTillCancelled => "gtc",
        },
        client_order_id: id,
        limit_price,
        stop_price,
        position_intent: intent(request),
        exits: exits(request, brackets)?,
    };
    Ok(serde_json::to_vec(&order).expect("texts under fixed keys are always valid JSON"))
}

/// Returns the body of a request that moves the price of an order.
///
/// # Errors
/// When the price is not on the tick.
pub(crate) fn new_price(price: Price, is_limit: bool) -> Result<Vec<u8>, RequestError> {
    let (key, name) = if is_limit { ("limit_price", "limit") } else { ("stop_price", "stop") };
    Ok(format!("{{\"{key}\":\"{}\"}}", on_tick(name, price)?).into_bytes())
}

/// Says that a close may only close: the broker refuses it where it would open the opposite position.
const fn intent(request: &OrderRequest) -> Option<&'static str> {
    match (request.role, request.side) {
        (OrderRole::Close, OrderSide::Sell) => Some("sell_to_close"),
        (OrderRole::Close, OrderSide::Buy) => Some("buy_to_close"),
        (OrderRole::Entry | OrderRole::Stop | OrderRole::Target, _) => None,
    }
}

fn exits(request: &OrderRequest, brackets: BracketSupport) -> Result<Exits, RequestError> {
    if let Some(stop) = request.paired_stop {
        let OrderKind::Limit(target) = request.kind else { return Err(RequestError::Unpaired) };
        return legs("oco", Some(target), stop);
    }
    let carries = match (brackets, request.kind) {
        (BracketSupport::Full, OrderKind::Limit(price) | OrderKind::Stop(price))
        | (BracketSupport::LimitEntriesOnly, OrderKind::Limit(price)) => Some(price),
        (BracketSupport::None, _)
        | (BracketSupport::Full | BracketSupport::LimitEntriesOnly, OrderKind::Market)
        | (BracketSupport::LimitEntriesOnly, OrderKind::Stop(_)) => None,
    };
    let Some((attached, reference)) = request.attached.zip(carries) else { return Ok(Exits::default()) };
    let prices = attached.resolve(reference);
    legs(if prices.target.is_some() { "bracket" } else { "oto" }, prices.target, prices.stop)
}

fn legs(class: &'static str, target: Option<Price>, stop: Price) -> Result<Exits, RequestError> {
    let take_profit = target.map(|price| on_tick("target", price)).transpose()?;
    Ok(Exits {
        order_class: Some(class),
        take_profit: take_profit.map(|limit_price| TakeProfit { limit_price }),
        stop_loss: Some(StopLoss { stop_price: on_tick("attached stop", stop)? }),
    })
}

fn on_tick(field: &'static str, price: Price) -> Result<String, RequestError> {
    if price <= Price::ZERO {
        return Err(RequestError::NotPositive { field, price });
    }
    if price.micros() % tick(price) != 0 {
        return Err(RequestError::OffTick { field, price });
    }
    Ok(price.to_string())
}

#[cfg(test)]
mod tests {
    use orb_core::config::StrategyId;
    use orb_core::order::{AttemptId, ClientOrderId};
    use orb_core::protection::{Protection, StopRule, TargetRule};
    use orb_core::{Date, Quantity, Side, SymbolId};
    use rust_decimal::Decimal;
    use serde_json::{Value, json};

    use super::*;

    fn price(text: &str) -> Price {
        text.parse().expect(text)
    }

    fn request(role: OrderRole, side: OrderSide, kind: OrderKind) -> OrderRequest {
        let date = Date::from_ymd_opt(2026, 11, 27).expect("a date");
        OrderRequest {
            id: ClientOrderId::new("20261127-a-BRK.B-1-e"),
            attempt: AttemptId { date, strategy: StrategyId(0), symbol: SymbolId(0), attempt: 1 },
            role,
            side,
            quantity: Quantity::new(100),
            kind,
            time_in_force: TimeInForce::Day,
            attached: None,
            paired_stop: None,
            trigger: None,
        }
    }

    fn entry(kind: OrderKind, target: Option<TargetRule>) -> OrderRequest {
        let attached = Some(Protection { side: Side::Long, stop: StopRule::FromFill(price("0.5")), target });
        OrderRequest { attached, ..request(OrderRole::Entry, OrderSide::Buy, kind) }
    }

    #[track_caller]
    fn check(request: &OrderRequest, brackets: BracketSupport, expected: Value) {
        let body = new_order(request, "BRK.B", brackets).expect("an order that makes sense");
        let mut whole = json!({"symbol": "BRK.B", "qty": "100", "time_in_force": "day",
            "client_order_id": "20261127-a-BRK.B-1-e"});
        let Value::Object(expected) = expected else { panic!("keys and values are expected") };
        expected.into_iter().for_each(|(key, value)| whole[key] = value);
        assert_eq!(serde_json::from_slice::<Value>(&body).expect("JSON"), whole);
    }

    #[test]
    fn entries_carry_their_exits_where_the_account_takes_that() {
        let limit = OrderKind::Limit(price("10.25"));
        let oto = json!({"side": "buy", "type": "limit", "limit_price": "10.25", "order_class": "oto",
            "stop_loss": {"stop_price": "9.75"}});
        check(&entry(limit, None), BracketSupport::LimitEntriesOnly, oto);
        let bracket = json!({"side": "buy", "type": "limit", "limit_price": "10.25", "order_class": "bracket",
            "take_profit": {"limit_price": "11.25"}, "stop_loss": {"stop_price": "9.75"}});
        check(&entry(limit, Some(TargetRule::Risk(Decimal::TWO))), BracketSupport::Full, bracket);
        let plain = json!({"side": "buy", "type": "limit", "limit_price": "10.25"});
        check(&entry(limit, None), BracketSupport::None, plain);
        let stop = entry(OrderKind::Stop(price("10.25")), None);
        check(&stop, BracketSupport::LimitEntriesOnly, json!({"side": "buy", "type": "stop", "stop_price": "10.25"}));
        let legs = json!({"side": "buy", "type": "stop", "stop_price": "10.25", "order_class": "oto",
            "stop_loss": {"stop_price": "9.75"}});
        check(&stop, BracketSupport::Full, legs);
        check(&entry(OrderKind::Market, None), BracketSupport::Full, json!({"side": "buy", "type": "market"}));
    }

    #[test]
    fn exits_are_simple_paired_or_closing() {
        let pair = OrderRequest {
            paired_stop: Some(price("9")),
            ..request(OrderRole::Target, OrderSide::Sell, OrderKind::Limit(price("12")))
        };
        let oco = json!({"side": "sell", "type": "limit", "order_class": "oco",
            "take_profit": {"limit_price": "12"}, "stop_loss": {"stop_price": "9"}});
        check(&pair, BracketSupport::None, oco);
        let stop = request(OrderRole::Stop, OrderSide::Sell, OrderKind::Stop(price("0.9999")));
        check(&stop, BracketSupport::Full, json!({"side": "sell", "type": "stop", "stop_price": "0.9999"}));
        let close = request(OrderRole::Close, OrderSide::Buy, OrderKind::Market);
        let body = json!({"side": "buy", "type": "market", "position_intent": "buy_to_close"});
        check(&close, BracketSupport::Full, body);
    }

    #[test]
    fn what_makes_no_sense_is_not_sent() {
        let send = |request: &OrderRequest| new_order(request, "SPY", BracketSupport::Full).map(|_| ());
        let limit = |text| request(OrderRole::Entry, OrderSide::Buy, OrderKind::Limit(price(text)));
        let off = RequestError::OffTick { field: "limit", price: price("10.005") };
        assert_eq!(send(&limit("10.005")), Err(off));
        assert_eq!(send(&limit("0")), Err(RequestError::NotPositive { field: "limit", price: Price::ZERO }));
        assert_eq!(send(&OrderRequest { quantity: Quantity::ZERO, ..limit("1") }), Err(RequestError::Quantity(0)));
        let long = ClientOrderId::new(&"x".repeat(49));
        assert_eq!(send(&OrderRequest { id: long, ..limit("1") }), Err(RequestError::ClientId(49)));
        let stop = OrderRequest { kind: OrderKind::Market, paired_stop: Some(price("1")), ..limit("1") };
        assert_eq!(send(&stop), Err(RequestError::Unpaired));
        let attached = Protection { side: Side::Long, stop: StopRule::At(price("9.999")), target: None };
        let field = "attached stop";
        let off = RequestError::OffTick { field, price: price("9.999") };
        assert_eq!(send(&OrderRequest { attached: Some(attached), ..limit("10") }), Err(off));
        assert_eq!(new_price(price("9.5"), false), Ok(br#"{"stop_price":"9.5"}"#.to_vec()));
        assert!(new_price(price("9.505"), true).is_err());
    }
}

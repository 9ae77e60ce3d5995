//! The trading REST API as a function: any method, path, query and body has a reply, and the books stay right.

use std::sync::Arc;

use orb_core::{Calendar, Date, Price, Session, Symbol, SymbolId, SymbolTable, Timestamp};
use orb_sim::broker::{Broker, BrokerConfig};
use orb_sim::http::Request;
use orb_sim::order_faults::{OrderFaultSource, OrderFaults, OrderGlimpse};
use orb_sim::tick::Tick;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::mutate::{Change, cases, changed, changes};

/// Requests as they should be: method, path with query, and body.
const REQUESTS: &[(&str, &str, &str)] = &[
    ("POST", "/v2/orders", r#"{"symbol":"AAA","qty":"10","side":"buy","type":"market","time_in_force":"day"}"#),
    (
        "POST",
        "/v2/orders",
        r#"{"symbol":"AAA","qty":"10","side":"buy","type":"limit","limit_price":"100.10","time_in_force":"gtc",
            "order_class":"bracket","take_profit":{"limit_price":"105"},"stop_loss":{"stop_price":"95","limit_price":"94"},
            "client_order_id":"20260212-a-AAA-1-e","extended_hours":false,"position_intent":"buy_to_open"}"#,
    ),
    (
        "POST",
        "/v2/orders",
        r#"{"symbol":"AAA","qty":3,"side":"sell","type":"trailing_stop","trail_percent":1.5,"time_in_force":"day"}"#,
    ),
    ("POST", "/v2/orders", r#"{"symbol":"BBB","notional":"25.50","side":"buy","type":"market","time_in_force":"day"}"#),
    ("GET", "/v2/orders?status=all&limit=50&after=2026-02-12T14:30:00Z&direction=asc&nested=true&symbols=AAA,BBB", ""),
    ("GET", "/v2/orders:by_client_order_id?client_order_id=20260212-a-AAA-1-e", ""),
    ("GET", "/v2/orders/00000000-0000-0000-0000-000000000001?nested=true", ""),
    (
        "PATCH",
        "/v2/orders/00000000-0000-0000-0000-000000000001",
        r#"{"qty":"5","limit_price":"99.5","stop_price":"98","trail":"1","time_in_force":"day","client_order_id":"x"}"#,
    ),
    ("DELETE", "/v2/orders/00000000-0000-0000-0000-000000000001", ""),
    ("DELETE", "/v2/orders", ""),
    ("GET", "/v2/positions/AAA", ""),
    ("DELETE", "/v2/positions/AAA?qty=1.5", ""),
    ("DELETE", "/v2/positions/AAA?percentage=33.3", ""),
    ("DELETE", "/v2/positions?cancel_orders=true", ""),
    ("GET", "/v2/account", ""),
    (
        "GET",
        "/v2/account/activities/FILL?after=2026-02-12&until=2026-02-13&page_size=5&page_token=x&direction=desc",
        "",
    ),
    ("GET", "/v2/account/portfolio/history?period=1D&timeframe=5Min&extended_hours=true&date_end=2026-02-12", ""),
    ("PATCH", "/v2/account/configurations", r#"{"no_shorting":true,"max_margin_multiplier":"4"}"#),
    ("GET", "/v2/calendar?start=2026-02-12&end=2026-02-17", ""),
    ("GET", "/v2/clock", ""),
    ("GET", "/v2/assets/BRK.B", ""),
    ("GET", "/v2/assets?status=active&asset_class=us_equity", ""),
];

/// A request of the list, and what is changed about its target and its body.
type Wrong = (&'static (&'static str, &'static str, &'static str), Vec<Change>, Vec<Change>);

/// Lets no order go wrong.
#[derive(Debug)]
struct NoFaults;

impl OrderFaultSource for NoFaults {
    fn faults_of(&mut self, _now: Timestamp, _order: OrderGlimpse<'_>) -> OrderFaults {
        OrderFaults::default()
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect(text)
}

/// Opens a broker in mid-session, with prices.
fn broker() -> Broker {
    let symbols = SymbolTable::new(["AAA", "BBB", "BRK.B"].map(|name| Symbol::new(name).expect(name)));
    let date: Date = "2026-02-12".parse().expect("a date");
    let session = Session { date, open: at("2026-02-12T14:30:00Z"), close: at("2026-02-12T21:00:00Z") };
    let calendar = Calendar::new(vec![session]).expect("one session");
    let cash = "50000".parse().expect("an amount");
    let mut broker = Broker::new(BrokerConfig::new(cash, Arc::new(symbols), Arc::new(calendar)), Box::new(NoFaults));
    for (symbol, cents) in [(SymbolId(0), 10_000), (SymbolId(1), 2_000)] {
        let (bid, ask) = (Price::from_cents(cents), Price::from_cents(cents + 1));
        let now = at("2026-02-12T15:00:00Z");
        broker.on_tick(now, &Tick::Quote { symbol, bid, ask, bid_size: 1, ask_size: 1 });
        broker.on_tick(now, &Tick::Trade { symbol, price: bid, size: 100 });
    }
    broker
}

fn request((method, target, body): &(&str, &str, &str), of_target: &[Change], of_body: &[Change]) -> Request {
    let target = String::from_utf8_lossy(&changed(target, of_target)).into_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    Request {
        method: (*method).to_owned(),
        path: path.to_owned(),
        query: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        body: changed(body, of_body),
    }
}

fn check(wrong: &[Wrong]) -> Result<(), TestCaseError> {
    let mut broker = broker();
    let mut now = at("2026-02-12T15:00:00Z");
    for (example, of_target, of_body) in wrong {
        now = now + orb_core::Span::from_millis(100);
        let request = request(example, of_target, of_body);
        let reply = broker.request(now, &request);
        prop_assert!((200..500).contains(&reply.status), "{} to {:?}", reply.status, request);
        if reply.status >= 400 {
            let body = reply.body.unwrap_or_default();
            prop_assert!(body["message"].is_string(), "{body} to {request:?}");
        }
    }
    broker.on_wakeup(now + orb_core::Span::from_seconds(60));
    let values = broker.positions().keys().map(|&symbol| broker.market_value(symbol)).sum();
    prop_assert_eq!(broker.cash() + values, broker.equity());
    Ok(())
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn broken_requests_have_a_reply_and_leave_the_books_right(
        wrong in vec(((0..REQUESTS.len()).prop_map(|number| &REQUESTS[number]), changes(), changes()), 1..8),
    ) {
        check(&wrong)?;
    }
}

//! Orders submitted, found, replaced and cancelled.

use std::sync::atomic::{AtomicUsize, Ordering};

use orb_core::effect::{Action, EffectClass};
use orb_core::event::{BrokerPosition, Outcome};
use orb_core::order::{BrokerOrderId, ClientOrderId, OrderKind, OrderStatus, RejectionKind};
use orb_core::{Quantity, Span};
use serde_json::json;

use crate::rig::{AAPL, Rig, SPY, cancel, close, entry, order, price, stop_leg, timestamp};
use crate::server::{Reply, Server};

fn not_found() -> Reply {
    Reply::Json(404, json!({"code": 40_410_000, "message": "order not found"}))
}

fn find() -> Action {
    Action::Find(ClientOrderId::new("20261127-a-0-1-e"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_is_accepted_with_its_legs_even_when_the_answer_lacks_them() {
    let server = Server::new(|request| match request.line().as_str() {
        "POST /v2/orders" => Reply::Json(200, order("1", json!({"order_class": "oto"}))),
        "GET /v2/orders/1" => {
            let legs = json!([stop_leg("2", json!({}))]);
            Reply::Json(200, order("1", json!({"order_class": "oto", "legs": legs})))
        }
        _ => not_found(),
    });
    let mut rig = Rig::new(&server);
    let accepted = rig.order(EffectClass::Entry, entry(AAPL)).await;
    assert_eq!(accepted.client_id, Some(ClientOrderId::new("20261127-a-0-1-e")));
    assert_eq!((accepted.quantity, accepted.kind), (Quantity::new(100), OrderKind::Limit(price("10"))));
    assert_eq!((accepted.legs[0].kind, accepted.legs[0].status), (OrderKind::Stop(price("9.5")), OrderStatus::Held));
    let asked = server.requests();
    assert_eq!(asked[0].body["stop_loss"], json!({"stop_price": "9.5"}));
    assert_eq!(asked[1].asked("nested").as_deref(), Some("true"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_keep_code_and_reason() {
    let server = Server::new(|_| {
        let body = json!({"code": 40_310_000, "message": "insufficient qty available for order", "available": "20",
            "held_for_orders": "80", "related_orders": ["7"]});
        Reply::Json(403, body)
    });
    let mut rig = Rig::new(&server);
    let rejection = rig.rejection(EffectClass::Exit, close(AAPL)).await;
    assert_eq!((rejection.code, rejection.kind), (40_310_000, RejectionKind::Blocked));
    assert_eq!(rejection.available, Some(Quantity::new(20)));
    assert_eq!(rejection.related_orders, [BrokerOrderId::new("7")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancels_are_taken_or_answered_with_what_the_order_is() {
    let server = Server::new(|request| match request.line().as_str() {
        "DELETE /v2/orders/live" => Reply::Text(204, ""),
        "DELETE /v2/orders/done" => Reply::Json(422, json!({"code": 42_210_000, "message": "order is not cancelable"})),
        "GET /v2/orders/done" => Reply::Json(200, order("done", json!({"status": "filled", "filled_qty": "100"}))),
        _ => not_found(),
    });
    let mut rig = Rig::new(&server);
    assert_eq!(rig.outcome(EffectClass::Cancel, cancel(Some("live"))).await, Outcome::Done);
    assert_eq!(rig.outcome(EffectClass::Cancel, cancel(Some("gone"))).await, Outcome::NotFound);
    let done = rig.order(EffectClass::Cancel, cancel(Some("done"))).await;
    assert_eq!((done.status, done.filled), (OrderStatus::Filled, Quantity::new(100)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_never_answered_is_cancelled_by_our_identifier() {
    let server = Server::new(|request| match request.line().as_str() {
        "GET /v2/orders:by_client_order_id" | "GET /v2/orders/9" => Reply::Json(200, order("9", json!({}))),
        "DELETE /v2/orders/9" => Reply::Text(204, ""),
        _ => not_found(),
    });
    let mut rig = Rig::new(&server);
    assert_eq!(rig.outcome(EffectClass::Cancel, cancel(None)).await, Outcome::Done);
    assert_eq!(server.requests()[0].asked("client_order_id").as_deref(), Some("20261127-a-0-1-e"));
    let nowhere = Server::new(|_| not_found());
    assert_eq!(Rig::new(&nowhere).outcome(EffectClass::Cancel, cancel(None)).await, Outcome::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lookup_and_a_cancel_follow_what_took_the_order_s_place() {
    let server = Server::new(|request| match request.line().as_str() {
        "GET /v2/orders:by_client_order_id" | "GET /v2/orders/1" => {
            Reply::Json(200, order("1", json!({"status": "replaced", "replaced_by": "2"})))
        }
        "GET /v2/orders/2" => Reply::Json(
            200,
            order("2", json!({"client_order_id": "x", "status": "replaced", "replaces": "1", "replaced_by": "3"})),
        ),
        "GET /v2/orders/3" => {
            Reply::Json(200, order("3", json!({"client_order_id": "y", "limit_price": "11", "replaces": "2"})))
        }
        "DELETE /v2/orders/1" => Reply::Json(422, json!({"code": 42_210_000, "message": "order is not cancelable"})),
        "DELETE /v2/orders/3" => Reply::Text(204, ""),
        _ => not_found(),
    });
    let mut rig = Rig::new(&server);
    assert_eq!(rig.outcome(EffectClass::Cancel, cancel(Some("1"))).await, Outcome::Done);
    let found = rig.order(EffectClass::Query, find()).await;
    assert_eq!((found.broker_id, found.replaces), (BrokerOrderId::new("3"), Some(BrokerOrderId::new("2"))));
    assert_eq!(found.client_id, Some(ClientOrderId::new("20261127-a-0-1-e")));
    assert_eq!(found.kind, OrderKind::Limit(price("11")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_falls_back_on_the_order_whose_replacement_was_refused() {
    let server = Server::new(|request| match request.line().as_str() {
        "PATCH /v2/orders/1" => {
            Reply::Json(200, order("2", json!({"client_order_id": "x", "status": "pending_new", "replaces": "1"})))
        }
        "DELETE /v2/orders/2" => Reply::Json(422, json!({"code": 42_210_000, "message": "order is not cancelable"})),
        "GET /v2/orders/2" => {
            Reply::Json(200, order("2", json!({"client_order_id": "x", "status": "rejected", "replaces": "1"})))
        }
        "GET /v2/orders/1" => Reply::Json(200, order("1", json!({}))),
        "DELETE /v2/orders/1" => Reply::Text(204, ""),
        _ => not_found(),
    });
    let mut rig = Rig::new(&server);
    let (own, broker_id) = (ClientOrderId::new("20261127-a-0-1-e"), BrokerOrderId::new("1"));
    let replaced =
        rig.order(EffectClass::Protect, Action::Replace { order: own, broker_id, price: price("10.5") }).await;
    assert_eq!(replaced.broker_id, BrokerOrderId::new("2"));
    assert_eq!(rig.outcome(EffectClass::Cancel, cancel(Some("1"))).await, Outcome::Done);
    assert_eq!(server.lines().last().map(String::as_str), Some("DELETE /v2/orders/1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_not_found() {
    let server = Server::new(|_| not_found());
    assert_eq!(Rig::new(&server).outcome(EffectClass::Query, find()).await, Outcome::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leg_is_replaced_and_found_again_under_our_name_for_it() {
    let server = Server::new(|request| match request.line().as_str() {
        "POST /v2/orders" => {
            let legs = json!([stop_leg("2", json!({}))]);
            Reply::Json(200, order("1", json!({"order_class": "oto", "legs": legs})))
        }
        "PATCH /v2/orders/2" => {
            Reply::Json(200, stop_leg("3", json!({"replaces": "2", "stop_price": request.body["stop_price"]})))
        }
        "GET /v2/orders/3" => Reply::Json(200, stop_leg("3", json!({"replaces": "2", "stop_price": "9.7"}))),
        _ => not_found(),
    });
    let mut rig = Rig::new(&server);
    rig.order(EffectClass::Entry, entry(AAPL)).await;
    let leg = ClientOrderId::new("20261127-a-0-1-es");
    let replace =
        |text: &str| Action::Replace { order: leg.clone(), broker_id: BrokerOrderId::new("2"), price: price(text) };
    let off = rig.rejection(EffectClass::Protect, replace("9.705")).await;
    assert_eq!(off.message, "the order was not replaced: its stop 9.705 is not on the tick");
    let replaced = rig.order(EffectClass::Protect, replace("9.7")).await;
    assert_eq!(replaced.client_id.as_ref(), Some(&leg));
    assert_eq!((replaced.parent, replaced.kind), (Some(BrokerOrderId::new("1")), OrderKind::Stop(price("9.7"))));
    let found = rig.order(EffectClass::Query, Action::Find(leg.clone())).await;
    assert_eq!((found.broker_id, found.client_id), (BrokerOrderId::new("3"), Some(leg)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_are_signed_and_a_part_of_a_share_is_not_flat() {
    let server = Server::new(|_| {
        let positions = json!([{"symbol": "AAPL", "qty": "100", "side": "long"}, {"symbol": "TSLA", "qty": "5"},
            {"symbol": "SPY", "qty": -3, "side": "short"}, {"symbol": "BRK.B", "qty": "0.25", "side": "long"}]);
        Reply::Json(200, positions)
    });
    let outcome = Rig::new(&server).outcome(EffectClass::Query, Action::QueryPositions).await;
    let held = |symbol, quantity| BrokerPosition { symbol, quantity: Quantity::new(quantity) };
    assert_eq!(outcome, Outcome::Positions(vec![held(AAPL, 100), held(SPY, -3), held(crate::rig::BRK_B, 1)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bars_of_many_symbols_come_in_pages_and_only_those_that_were_asked_for() {
    let asked = AtomicUsize::new(0);
    let bar = |at: &str| json!({"t": at, "o": 10, "h": 11.5, "l": 9.99, "c": 10.25, "v": 1_000, "n": 3, "vw": 10.1});
    let server = Server::new(move |_| {
        let page = match asked.fetch_add(1, Ordering::SeqCst) {
            0 => json!({"bars": {"AAPL": [bar("2026-02-13T14:30:00Z"), bar("2026-02-13T14:35:00Z")]},
                "next_page_token": "more"}),
            _ => json!({"bars": {"BRK.B": [bar("2026-02-13T14:30:00Z")], "TSLA": [bar("2026-02-13T14:30:00Z")],
                "SPY": null}, "next_page_token": null}),
        };
        Reply::Json(200, page)
    });
    let mut rig = Rig::new(&server);
    let from = timestamp("2026-02-13T14:30:00Z");
    let symbols = vec![AAPL, crate::rig::BRK_B, SPY];
    let query = Action::QueryBars { symbols, from, to: from + Span::from_minutes(5) };
    let Outcome::Bars(bars) = rig.outcome(EffectClass::Query, query).await else { panic!("bars") };
    let got: Vec<_> = bars.iter().map(|bar| (bar.symbol, bar.start, bar.high, bar.volume)).collect();
    assert_eq!(got, [AAPL, crate::rig::BRK_B].map(|symbol| (symbol, from, price("11.5"), 1_000)));
    let requests = server.requests();
    assert_eq!(requests[0].line(), "GET /v2/stocks/bars");
    assert_eq!(requests[0].asked("symbols").as_deref(), Some("AAPL,BRK.B,SPY"));
    assert_eq!(requests[0].asked("end").as_deref(), Some("2026-02-13T14:34:59.999999Z"));
    assert_eq!(requests[1].asked("page_token").as_deref(), Some("more"));
}

//! The whole state at the broker, in pages and out of parts that may not agree.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use orb_core::effect::{Action, EffectClass};
use orb_core::event::{BrokerPosition, BrokerSnapshot, Outcome};
use orb_core::order::{BrokerOrderId, ClientOrderId, OrderStatus};
use orb_core::{Money, Quantity};
use orb_exec::{Broker as _, BrokerEvent};
use serde_json::{Value, json};

use crate::rig::{AAPL, Rig, cancel, order, stop_leg};
use crate::server::{Reply, Request, Server};

/// What a server has to tell.
#[derive(Clone, Default)]
struct State {
    orders: Vec<Value>,
    open: Vec<Value>,
    fills: Vec<Value>,
    positions: Vec<Value>,
}

impl State {
    fn answer(&self, request: &Request) -> Reply {
        let list = |items: &[Value]| Reply::Json(200, Value::from(items.to_vec()));
        match (request.path.as_str(), request.asked("status").as_deref()) {
            ("/v2/orders", Some("all")) => {
                // Orders are taken one microsecond after the other; `after` leaves out itself and what was before.
                let after = request.asked("after").unwrap_or_default();
                let later = |order: &&Value| order["submitted_at"].as_str().is_some_and(|at| at > after.as_str());
                let page: Vec<Value> = self.orders.iter().filter(later).take(500).cloned().collect();
                list(&page)
            }
            ("/v2/orders", Some("open")) => list(&self.open),
            ("/v2/account/activities", _) => {
                let token = request.asked("page_token");
                let from = token.and_then(|token| self.fills.iter().position(|fill| fill["id"] == *token));
                let page: Vec<Value> = self.fills.iter().skip(from.map_or(0, |at| at + 1)).take(100).cloned().collect();
                list(&page)
            }
            ("/v2/positions", _) => list(&self.positions),
            ("/v2/account", _) => Reply::Json(200, json!({"equity": "50012.345", "cash": "-1000"})),
            (path, _) => self.one_order(path.rsplit('/').next().unwrap_or_default()),
        }
    }

    fn one_order(&self, id: &str) -> Reply {
        match self.orders.iter().chain(&self.open).find(|order| order["id"] == *id) {
            Some(order) => Reply::Json(200, order.clone()),
            None => Reply::Json(404, json!({"code": 40_410_000, "message": "order not found"})),
        }
    }
}

async fn snapshot_of(state: State) -> BrokerSnapshot {
    let server = Server::new(move |request| state.answer(request));
    Rig::new(&server).broker.snapshot().await
}

/// Returns an order that was taken so many microseconds after the end of 2026, whose session is always today's.
fn taken(id: &str, micros: usize, changes: Value) -> Value {
    let mut order = order(id, changes);
    for key in ["created_at", "submitted_at"] {
        order[key] = json!(format!("2999-01-01T00:00:00.{micros:06}Z"));
    }
    order
}

fn fill(order_id: &str, number: usize, quantity: u32, filled: u32) -> Value {
    json!({"id": format!("activity-{number:04}"), "activity_type": "FILL", "type": "partial_fill",
        "transaction_time": format!("2999-01-01T00:00:01.{number:06}Z"), "price": "10.01", "qty": quantity.to_string(),
        "cum_qty": filled.to_string(), "leaves_qty": "0", "side": "buy", "symbol": "AAPL", "order_id": order_id})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_day_is_told_with_legs_executions_and_money() {
    let legs = json!([stop_leg("2", json!({"status": "new"}))]);
    let entry = json!({"order_class": "oto", "status": "filled", "filled_qty": "100", "legs": legs});
    let snapshot = snapshot_of(State {
        orders: vec![taken("1", 1, entry)],
        fills: vec![fill("1", 1, 40, 40), fill("1", 2, 60, 100)],
        positions: vec![json!({"symbol": "AAPL", "qty": "100", "side": "long"})],
        ..State::default()
    })
    .await;
    assert_eq!(snapshot.positions, [BrokerPosition { symbol: AAPL, quantity: Quantity::new(100) }]);
    assert_eq!((snapshot.account.equity, snapshot.account.cash), (money("50012.345"), money("-1000")));
    assert_eq!(snapshot.orders.len(), 1);
    assert_eq!(snapshot.orders[0].legs[0].parent, Some(BrokerOrderId::new("1")));
    let fills: Vec<_> = snapshot
        .fills
        .iter()
        .map(|fill| (fill.execution.id.as_str(), fill.execution.quantity.shares(), fill.order.status))
        .collect();
    assert_eq!(fills, [("1@40", 40, OrderStatus::PartiallyFilled), ("1@100", 60, OrderStatus::Filled)]);
    assert!(snapshot.foreign.is_empty());
}

fn money(text: &str) -> Money {
    text.parse().expect(text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_read_to_their_end() {
    let orders = (0..1_203).map(|n| taken(&format!("o{n}"), n, json!({"client_order_id": format!("c{n}")})));
    let fills = (0..250).map(|n| fill(&format!("o{n}"), n, 1, 1));
    let state = State { orders: orders.collect(), fills: fills.collect(), ..State::default() };
    let snapshot = snapshot_of(state).await;
    let ids: Vec<String> = snapshot.orders.iter().map(|order| order.broker_id.to_string()).collect();
    assert_eq!(ids, (0..1_203).map(|n| format!("o{n}")).collect::<Vec<_>>(), "in the order of their making");
    assert_eq!(snapshot.fills.len(), 250);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_last_of_a_chain_of_replacements_is_told() {
    let replaced = |by: &str, of: Option<&str>| {
        json!({"status": "replaced", "replaced_by": by, "replaces": of,
        "client_order_id": of.map_or("20261127-a-0-1-t", |_| "made-up")})
    };
    let leg = |id: &str, more: Value| stop_leg(id, more);
    let legs =
        json!([leg("l1", json!({"status": "replaced", "replaced_by": "l2"})), leg("l2", json!({"replaces": "l1"}))]);
    let snapshot = snapshot_of(State {
        orders: vec![
            taken("1", 1, replaced("2", None)),
            taken("2", 2, replaced("3", Some("1"))),
            taken("3", 3, json!({"client_order_id": "another", "replaces": "2"})),
            taken("4", 4, json!({"order_class": "oto", "legs": legs})),
            taken("5", 5, json!({"status": "replaced", "replaced_by": "not-listed-yet", "client_order_id": "c5"})),
            taken("6", 6, json!({"client_order_id": "c6"})),
            taken("7", 7, json!({"client_order_id": "made-up", "replaces": "6", "status": "rejected"})),
        ],
        ..State::default()
    })
    .await;
    let told: Vec<_> = snapshot.orders.iter().map(|order| (order.broker_id.as_str(), order.status)).collect();
    let expected = [("3", OrderStatus::Working), ("4", OrderStatus::Working), ("5", OrderStatus::Unknown)];
    assert_eq!(told[..3], expected);
    assert_eq!(told[3..], [("6", OrderStatus::Working)], "a replacement that was refused took nobody's place");
    let newest = &snapshot.orders[0];
    assert_eq!(newest.client_id, Some(ClientOrderId::new("20261127-a-0-1-t")));
    assert_eq!(newest.replaces, Some(BrokerOrderId::new("2")));
    let legs: Vec<_> =
        snapshot.orders[1].legs.iter().map(|leg| (leg.broker_id.as_str(), leg.client_id.clone())).collect();
    assert_eq!(legs, [("l2", Some(ClientOrderId::new("20261127-a-0-1-es")))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_orb_s_is_told_to_people() {
    let snapshot = snapshot_of(State {
        orders: vec![
            taken("1", 1, json!({"symbol": "TSLA"})),
            taken("2", 2, json!({"symbol": "TSLA", "status": "canceled"})),
            taken("3", 3, json!({"qty": "0.5", "type": "hologram", "order_class": "mleg"})),
        ],
        positions: vec![json!({"symbol": "TSLA", "qty": "-2"}), json!({"symbol": "AAPL", "qty": "x"})],
        ..State::default()
    })
    .await;
    assert_eq!(
        snapshot.foreign,
        [
            "order 1: buy 100 TSLA limit, new (the symbol `TSLA` is not traded here)",
            "order 3: buy 0.5 AAPL hologram, new (it is not for a whole number of shares)",
            "position of -2 shares in TSLA",
            "position of an unknown number of shares in AAPL",
        ]
    );
    assert!(snapshot.orders.is_empty() && snapshot.positions.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_earlier_days_are_told_while_they_work_or_when_they_filled_today() {
    let old = |id: &str, more: Value| {
        let mut order = order(id, more);
        order["created_at"] = json!(if id == "filled" { "2020-01-02T15:00:00Z" } else { "2020-01-03T15:00:00Z" });
        order["submitted_at"] = order["created_at"].clone();
        order
    };
    let snapshot = snapshot_of(State {
        orders: vec![old("filled", json!({"status": "filled", "filled_qty": "100", "client_order_id": "f"}))],
        open: vec![old("working", json!({"time_in_force": "gtc", "client_order_id": "w"}))],
        fills: vec![fill("filled", 1, 100, 100), fill("nowhere", 2, 1, 1)],
        ..State::default()
    })
    .await;
    let ids: Vec<_> = snapshot.orders.iter().map(|order| order.broker_id.as_str()).collect();
    assert_eq!(ids, ["filled", "working"]);
    assert_eq!(snapshot.fills.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_moved_while_it_was_read_is_read_again() {
    let asked = AtomicUsize::new(0);
    let server = Server::new(move |request| {
        let mut state = State {
            orders: vec![taken("1", 1, json!({"status": "filled", "filled_qty": "100"}))],
            positions: vec![json!({"symbol": "AAPL", "qty": "100"})],
            ..State::default()
        };
        // The list of executions lags behind the order at first.
        if request.path == "/v2/account/activities" && asked.fetch_add(1, Ordering::SeqCst) > 0 {
            state.fills = vec![fill("1", 1, 100, 100)];
        }
        state.answer(request)
    });
    let snapshot = Rig::new(&server).broker.snapshot().await;
    assert_eq!(snapshot.fills.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_that_came_while_the_state_was_read_is_no_reason_to_trust_the_rest() {
    let asked = AtomicUsize::new(0);
    let server = Server::new(move |request| {
        let mut state = State::default();
        // Somebody else buys between the first look at the positions and the second.
        if request.path == "/v2/positions" && asked.fetch_add(1, Ordering::SeqCst) > 0 {
            state.positions = vec![json!({"symbol": "AAPL", "qty": "100"})];
        }
        state.answer(request)
    });
    let snapshot = Rig::new(&server).broker.snapshot().await;
    assert_eq!(snapshot.positions.len(), 1);
    let looks = server.lines().iter().filter(|line| line.starts_with("GET /v2/positions")).count();
    assert_eq!(looks, 4, "the looks before and after differed, so everything is read once more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_was_asked_for_follows_its_outcome() {
    let server = Server::new(|request| State::default().answer(request));
    let mut rig = Rig::new(&server);
    rig.perform(None, EffectClass::Query, Action::QuerySnapshot).await;
    assert!(matches!(rig.next().await, BrokerEvent::Outcome(_, Outcome::Done)));
    assert!(matches!(rig.next().await, BrokerEvent::Snapshot(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_during_which_an_outcome_came_is_read_again() {
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let may_go_on = Mutex::new(Some(may_go_on));
    let server = Server::new(move |request| {
        if request.method == "DELETE" {
            return Reply::Json(204, Value::Null);
        }
        // The account, which is asked for last but one, is answered only once the cancel's outcome was reported.
        if request.path == "/v2/account"
            && let Some(wait) = may_go_on.lock().expect("no test panics while it holds this").take()
        {
            wait.recv().expect("the test goes on");
        }
        State::default().answer(request)
    });
    let asked = |line: &str| server.lines().iter().filter(|one| *one == line).count();
    let mut rig = Rig::new(&server);
    rig.perform(None, EffectClass::Query, Action::QuerySnapshot).await;
    assert!(matches!(rig.next().await, BrokerEvent::Outcome(_, Outcome::Done)));
    while asked("GET /v2/account") == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    rig.perform(Some(AAPL), EffectClass::Cancel, cancel(Some("1"))).await;
    assert!(matches!(rig.next().await, BrokerEvent::Outcome(_, Outcome::Done)));
    go_on.send(()).expect("the server waits");
    assert!(matches!(rig.next().await, BrokerEvent::Snapshot(_)));
    assert_eq!(asked("GET /v2/account"), 2, "the first state is older than the outcome");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_state_is_made_up_out_of_half_an_answer() {
    for (path, reply) in [
        ("/v2/positions", Reply::Text(500, "")),
        ("/v2/positions", Reply::Json(200, json!([{"no": "symbol"}]))),
        ("/v2/account", Reply::Json(200, json!({"cash": "1"}))),
        ("/v2/account/activities", Reply::Text(200, "<html></html>")),
        ("/v2/orders", Reply::Json(200, json!([{"id": null}]))),
        ("/v2/orders", Reply::CutOff),
    ] {
        let server = Server::new(move |request| match request.path == path {
            true => reply.clone(),
            false => State::default().answer(request),
        });
        let answer = Rig::new(&server).handle.snapshot().await;
        assert!(answer.is_err(), "{path}: {answer:?}");
    }
}

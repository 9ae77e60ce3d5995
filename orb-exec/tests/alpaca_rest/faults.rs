//! What becomes of a request when the server, or the way to it, fails.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use orb_core::effect::{Action, EffectClass};
use orb_core::event::{FeedState, Outcome};
use orb_core::hold::HoldKind;
use orb_core::order::{ClientOrderId, RejectionKind};
use orb_exec::BrokerEvent;
use serde_json::json;

use crate::rig::{AAPL, Rig, cancel, close, config, entry, order};
use crate::server::{Reply, Server};

/// Whatever leaves it open whether the broker took a request.
fn unclear() -> Vec<Reply> {
    vec![
        Reply::Text(500, "<html>internal</html>"),
        Reply::Json(503, json!({"message": "unavailable"})),
        Reply::Text(502, ""),
        Reply::Text(504, "upstream timed out"),
        Reply::Text(408, ""),
        Reply::Text(302, ""),
        Reply::Text(200, "<html>welcome</html>"),
        Reply::Json(200, json!({})),
        Reply::Json(200, json!(["an", "order"])),
        Reply::Json(200, order("1", json!({"symbol": "TSLA"}))),
        Reply::CutOff,
        Reply::Close,
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_not_clear_is_unknown_and_nothing_is_sent_twice() {
    for reply in unclear() {
        let said = format!("{reply:?}");
        let server = Server::new(move |_| reply.clone());
        let mut rig = Rig::new(&server);
        for (class, action) in [(EffectClass::Entry, entry(AAPL)), (EffectClass::Exit, close(AAPL))] {
            assert_eq!(rig.outcome(class, action).await, Outcome::Unknown, "{said}");
        }
        assert_eq!(server.lines(), ["POST /v2/orders"; 2], "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_unknown_after_the_deadline() {
    let server = Server::new(|_| Reply::Silence);
    let mut rig = Rig::with_timeout(&server, Duration::from_millis(50));
    assert_eq!(rig.outcome(EffectClass::Entry, entry(AAPL)).await, Outcome::Unknown);
    assert_eq!(rig.outcome(EffectClass::Cancel, cancel(Some("1"))).await, Outcome::Unknown);
    assert_eq!(server.lines(), ["POST /v2/orders", "DELETE /v2/orders/1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_of_another_kind_says_is_never_taken_for_the_broker_s_word() {
    let server = Server::new(|_| Reply::Text(404, "<html>no such page</html>"));
    let mut rig = Rig::new(&server);
    let find = Action::Find(ClientOrderId::new("20261127-a-0-1-e"));
    assert_eq!(rig.outcome(EffectClass::Query, find).await, Outcome::Unknown, "the order may well exist");
    assert_eq!(rig.outcome(EffectClass::Query, Action::QueryPositions).await, Outcome::Unknown);
    let rejection = rig.rejection(EffectClass::Entry, entry(AAPL)).await;
    assert_eq!((rejection.code, rejection.message.as_str()), (0, "<html>no such page</html>"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_connection_nothing_was_sent() {
    let server = Server::new(|_| Reply::Close);
    let config = config(&server, Duration::from_secs(20));
    drop(server);
    let mut rig = Rig::with_config(config);
    let rejection = rig.rejection(EffectClass::Entry, entry(AAPL)).await;
    assert_eq!(rejection.kind, RejectionKind::NotSent, "{}", rejection.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_requests_give_an_entry_up_and_make_an_exit_wait() {
    let asked = AtomicUsize::new(0);
    let server = Server::new(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Reply::Json(429, json!({"message": "too many requests."})),
        _ => {
            Reply::Json(200, order("1", json!({"type": "market", "client_order_id": request.body["client_order_id"]})))
        }
    });
    let mut rig = Rig::new(&server);
    assert_eq!(rig.rejection(EffectClass::Entry, entry(AAPL)).await.kind, RejectionKind::NotSent);
    let accepted = rig.order(EffectClass::Exit, close(AAPL)).await;
    assert_eq!(accepted.client_id, Some(ClientOrderId::new("20261127-a-0-1-x")));
    assert_eq!(server.lines(), ["POST /v2/orders"; 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_keys_are_trouble_until_an_answer_comes() {
    let asked = AtomicUsize::new(0);
    let server = Server::new(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Json(401, json!({"message": "unauthorized."})),
        _ => Reply::Json(200, json!([])),
    });
    let mut rig = Rig::new(&server);
    rig.perform(None, EffectClass::Query, Action::QueryPositions).await;
    let trouble = BrokerEvent::Feed(FeedState::Trouble(HoldKind::BrokerUnavailable));
    assert_eq!(rig.next().await, trouble);
    assert!(matches!(rig.next().await, BrokerEvent::Outcome(_, Outcome::Unknown)));
    rig.perform(None, EffectClass::Query, Action::QueryPositions).await;
    assert_eq!(rig.next().await, BrokerEvent::Feed(FeedState::Recovered(HoldKind::BrokerUnavailable)));
    assert!(matches!(rig.next().await, BrokerEvent::Outcome(_, Outcome::Positions(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_is_asked_whether_it_is_back() {
    let server = Server::new(move |request| match request.path.as_str() {
        "/v2/clock" => Reply::Json(200, json!({"timestamp": "2026-11-27T14:35:00Z"})),
        _ => Reply::Text(503, ""),
    });
    let mut rig = Rig::new(&server);
    for _ in 0..3 {
        rig.perform(None, EffectClass::Query, Action::QueryPositions).await;
    }
    let mut states = Vec::new();
    while states.len() < 2 {
        if let BrokerEvent::Feed(state) = rig.next().await {
            states.push(state);
        }
    }
    let kind = HoldKind::BrokerUnavailable;
    assert_eq!(states, [FeedState::Trouble(kind), FeedState::Recovered(kind)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_travel_in_headers_alone() {
    let server = Server::new(|_| Reply::Json(200, json!([])));
    let mut rig = Rig::new(&server);
    rig.outcome(EffectClass::Query, Action::QueryPositions).await;
    let request = &server.requests()[0];
    let header = |name: &str| request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    assert_eq!(header("apca-api-key-id").as_deref(), Some("KEY"));
    assert_eq!(header("apca-api-secret-key").as_deref(), Some("SECRET"));
    let shown = format!("{:?} {:?} {}{}", rig.broker, rig.handle, request.path, request.query);
    assert!(!shown.contains("SECRET") && !shown.contains("KEY"), "{shown}");
}

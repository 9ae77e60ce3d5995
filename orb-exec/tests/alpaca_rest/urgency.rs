//! What waits for what, and what is stopped.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use orb_core::effect::{Action, EffectClass};
use orb_core::event::Outcome;
use orb_core::order::RejectionKind;
use serde_json::json;

use crate::rig::{AAPL, Rig, SPY, close, entry, order};
use crate::server::{Reply, Request, Server};

/// Answers an order with itself.
fn echo(request: &Request) -> Reply {
    let body = &request.body;
    let kind = if body["type"] == "limit" { json!({}) } else { json!({"type": "market", "limit_price": null}) };
    let mut made = order(&format!("of-{}", body["client_order_id"].as_str().unwrap_or("none")), kind);
    for key in ["symbol", "side", "client_order_id"] {
        made[key] = body[key].clone();
    }
    Reply::Json(200, made)
}

/// A server that answers AAPL's entries only when it is told to.
fn reluctant() -> (Server, std::sync::mpsc::Sender<()>) {
    let (release, released) = channel();
    let released = Mutex::new(released);
    let server = Server::new(move |request| {
        if request.body["symbol"] == "AAPL" && request.body["type"] == "limit" {
            released.lock().expect("one waits at a time").recv().expect("the test releases it");
        }
        echo(request)
    });
    (server, release)
}

/// Waits until the server was asked so often.
async fn asked(server: &Server, count: usize) {
    while server.requests().len() < count {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[test]
fn an_order_is_sent_while_the_thread_that_decided_on_it_is_busy() {
    let server = Server::new(echo);
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let threads = threads.expect("a runtime");
    let mut rig = threads.block_on(async { Rig::new(&server) });
    let own = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    own.block_on(async {
        rig.perform(Some(AAPL), EffectClass::Entry, entry(AAPL)).await;
        // It shows the new state to clients, say, and gives no task of its own a turn.
        let began = Instant::now();
        while server.requests().is_empty() {
            assert!(began.elapsed() < Duration::from_secs(60), "the order waits for its owner");
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(matches!(rig.next_outcome().await.1, Outcome::Accepted(_)));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn effects_of_a_symbol_wait_for_each_other_and_symbols_do_not() {
    let (server, release) = reluctant();
    let mut rig = Rig::new(&server);
    let first = rig.perform(Some(AAPL), EffectClass::Entry, entry(AAPL)).await;
    let exit = rig.perform(Some(AAPL), EffectClass::Exit, close(AAPL)).await;
    let other = rig.perform(Some(SPY), EffectClass::Entry, entry(SPY)).await;
    assert_eq!(rig.next_outcome().await.0, other);
    asked(&server, 2).await;
    let symbols: Vec<_> = server.requests().iter().map(|request| request.body["symbol"].clone()).collect();
    assert_eq!(symbols.len(), 2, "the exit waits for the entry before it: {symbols:?}");
    release.send(()).expect("the server waits");
    assert_eq!((rig.next_outcome().await.0, rig.next_outcome().await.0), (first, exit));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_stops_what_was_not_sent_and_waits_for_what_was() {
    let (server, release) = reluctant();
    let mut rig = Rig::new(&server);
    let sent = rig.perform(Some(AAPL), EffectClass::Entry, entry(AAPL)).await;
    asked(&server, 1).await;
    let waiting = rig.perform(Some(AAPL), EffectClass::Entry, entry(AAPL)).await;
    rig.gate.bump();
    assert_eq!(rig.handle.drain_entries(Duration::from_millis(1)).await, 1, "one may still arrive");
    release.send(()).expect("the server waits");
    let (handle, longest) = (rig.handle.clone(), Duration::from_secs(60));
    assert_eq!(handle.drain_entries(longest).await, 0);
    let (id, outcome) = rig.next_outcome().await;
    assert!(id == sent && matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    let (id, outcome) = rig.next_outcome().await;
    let Outcome::Rejected(rejection) = outcome else { panic!("{outcome:?}") };
    assert_eq!((id, rejection.kind), (waiting, RejectionKind::NotSent));
    assert_eq!(rejection.message, "it was not sent: entries were stopped");
    assert!(matches!(rig.outcome(EffectClass::Exit, close(AAPL)).await, Outcome::Accepted(_)), "exits go on");
    assert_eq!(server.requests().len(), 2, "the second entry was never sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_without_budget_is_given_up_and_the_reserve_lets_the_exit_through() {
    let server = Server::new(echo);
    let mut config = crate::rig::config(&server, Duration::from_secs(20));
    (config.limits.per_minute, config.limits.reserve) = (20, 18);
    let mut rig = Rig::with_config(config);
    assert!(matches!(rig.outcome(EffectClass::Entry, entry(SPY)).await, Outcome::Accepted(_)));
    // The budget of questions and entries is spent for a minute; an entry behind which an exit waits goes ahead.
    let lent = rig.perform(Some(AAPL), EffectClass::Entry, entry(AAPL)).await;
    let exit = rig.perform(Some(AAPL), EffectClass::Exit, close(AAPL)).await;
    assert_eq!((rig.next_outcome().await.0, rig.next_outcome().await.0), (lent, exit));
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_one_of_many_effects_has_one_outcome() {
    let most = Arc::new(Mutex::new((0_usize, 0_usize)));
    let seen = Arc::clone(&most);
    let server = Server::new(move |request| {
        let mut counts = seen.lock().expect("nothing panics here");
        counts.0 += 1;
        counts.1 = counts.1.max(counts.0);
        drop(counts);
        std::thread::sleep(Duration::from_millis(2));
        seen.lock().expect("nothing panics here").0 -= 1;
        match request.method.as_str() {
            "GET" => Reply::Json(200, json!([])),
            _ => echo(request),
        }
    });
    let mut rig = Rig::new(&server);
    let mut asked = Vec::new();
    for round in 0..60 {
        let symbol = [AAPL, SPY, crate::rig::BRK_B][round % 3];
        asked.push(rig.perform(Some(symbol), EffectClass::Exit, close(symbol)).await);
        asked.push(rig.perform(None, EffectClass::Query, Action::QueryPositions).await);
    }
    let mut answered = Vec::new();
    while answered.len() < asked.len() {
        answered.push(rig.next_outcome().await.0);
    }
    answered.sort_unstable();
    assert_eq!(answered, asked);
    assert!(most.lock().expect("nothing panics here").1 <= 12, "a bounded number is under way at one time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flatten_under_refusals_for_too_many_requests_sends_every_exit_once() {
    let asked = AtomicUsize::new(0);
    let server = Server::new(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
        4..=7 => Reply::Json(429, json!({"message": "too many requests."})),
        _ => echo(request),
    });
    let mut rig = Rig::new(&server);
    let mut exits = Vec::new();
    for round in 0..20 {
        let symbol = [AAPL, SPY, crate::rig::BRK_B][round % 3];
        exits.push(rig.perform(Some(symbol), EffectClass::Exit, close(symbol)).await);
    }
    for _ in 0..exits.len() {
        let (id, outcome) = rig.next_outcome().await;
        assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
        exits.retain(|exit| *exit != id);
    }
    assert!(exits.is_empty());
    assert_eq!(server.requests().len(), 24, "four were refused, and each of those was sent again");
}

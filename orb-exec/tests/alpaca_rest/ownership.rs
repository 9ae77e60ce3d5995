//! What still goes out when another process may own the account's books.

use std::sync::Arc;

use orb_core::effect::{Action, EffectClass};
use orb_core::event::Outcome;
use orb_core::order::{BrokerOrderId, ClientOrderId, RejectionKind};
use orb_exec::{Confirmation, Ownership};
use serde_json::json;

use crate::rig::{AAPL, Rig, cancel, close, entry, order, price};
use crate::server::{Reply, Server};

/// Owns the books, or does not know, or knows that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Certain,
    Doubtful,
    SetAside,
}

impl Ownership for Owner {
    fn is_certain(&self) -> bool {
        *self == Self::Certain
    }

    fn confirm(&self) -> Confirmation<'_> {
        let answer = if *self == Self::SetAside { Err("another has them".to_owned()) } else { Ok(()) };
        Box::pin(core::future::ready(answer))
    }
}

fn replace() -> Action {
    let (order, broker_id) = (ClientOrderId::new("20261127-a-0-1-s"), BrokerOrderId::new("x"));
    Action::Replace { order, broker_id, price: price("9.6") }
}

/// Has one of each write done, and returns the requests that the broker got but for questions.
async fn written_by(owner: Owner) -> (Vec<String>, Vec<Outcome>) {
    let server = Server::new(|_| Reply::Json(200, order("x", json!({}))));
    let mut rig = Rig::owned(&server, Arc::new(owner));
    let mut outcomes = Vec::new();
    for (class, action) in [
        (EffectClass::Entry, entry(AAPL)),
        (EffectClass::Exit, close(AAPL)),
        (EffectClass::Protect, replace()),
        (EffectClass::Cancel, cancel(Some("x"))),
    ] {
        outcomes.push(rig.outcome(class, action).await);
    }
    let requests = server.requests();
    let writes = requests.iter().map(|request| request.line()).filter(|line| !line.starts_with("GET "));
    (writes.collect(), outcomes)
}

fn is_not_sent(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Rejected(rejection) if rejection.kind == RejectionKind::NotSent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_by_an_owner_that_was_set_aside() {
    let (writes, outcomes) = written_by(Owner::SetAside).await;
    assert_eq!(writes, Vec::<String>::new());
    assert!(outcomes.iter().all(is_not_sent), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_in_doubt_writes_what_reduces_and_no_entry() {
    let (writes, outcomes) = written_by(Owner::Doubtful).await;
    assert!(is_not_sent(&outcomes[0]) && !outcomes[1..].iter().any(is_not_sent), "{outcomes:?}");
    assert_eq!(writes.len(), 3, "a close, a move and a cancel: {writes:?}");
    assert_eq!(written_by(Owner::Certain).await.0.len(), 4);
}

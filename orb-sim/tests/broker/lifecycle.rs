//! From the request to the end: acknowledgements, cancels, replacements, the end of the day.

use orb_core::{Money, Span};
use orb_sim::order_faults::{Correction, OrderFaults, Pieces};
use serde_json::{Value, json};

use crate::support::{AAA, Desk, at, config, money, text};

fn slow() -> Desk {
    let mut config = config();
    config.acknowledge_after = Span::from_millis(20);
    config.fill_after = Span::from_millis(30);
    Desk::with(config)
}

fn resting() -> Value {
    json!({ "client_order_id": "one", "type": "limit", "limit_price": "99" })
}

#[test]
fn an_order_is_pending_then_new_then_filled() {
    let mut desk = slow();
    let order = desk.order(&json!({}));
    assert_eq!(order["status"], "pending_new");
    assert_eq!(desk.events(), ["pending_new market"]);
    assert_eq!(desk.broker.next_wakeup(), Some(desk.now + Span::from_millis(20)));
    desk.wait(Span::from_millis(20));
    assert_eq!((desk.status(&order["id"]), desk.events()), ("new".into(), vec!["new market".into()]));
    desk.wait(Span::from_millis(29));
    assert_eq!(desk.position(AAA), "0");
    desk.wait(Span::from_millis(1));
    assert_eq!((desk.position(AAA), desk.events()), ("10".into(), vec!["fill market".into()]));
}

#[test]
fn a_late_wakeup_changes_nothing() {
    let mut desk = slow();
    let order = desk.order(&json!({}));
    let sent = desk.now;
    desk.now = sent + Span::from_seconds(60);
    desk.broker.on_wakeup(desk.now);
    let filled = desk.look(&order["id"])["filled_at"].clone();
    assert_eq!(text(&filled), (sent + Span::from_millis(50)).to_string());
}

#[test]
fn a_cancel_is_pending_until_it_is_confirmed() {
    let mut desk = slow();
    let id = desk.order(&resting())["id"].clone();
    desk.wait(Span::from_seconds(1));
    let _events = desk.events();
    let reply = desk.cancel(&id);
    assert_eq!((reply.status, reply.body), (204, None));
    assert_eq!(desk.status(&id), "pending_cancel");
    let again = desk.cancel(&id);
    assert_eq!((again.status, &again.body.expect("a body")["code"]), (422, &json!(42_210_000)));
    desk.wait(Span::from_millis(20));
    assert_eq!(desk.status(&id), "canceled");
    assert_eq!(desk.events(), ["pending_cancel limit", "canceled limit"]);
    assert!(desk.look(&id)["canceled_at"].is_string());
    let late = desk.cancel(&id).body.expect("a body");
    assert_eq!(late["message"], "order is already in \"canceled\" state");
}

#[test]
fn an_unknown_order_is_not_found() {
    let mut desk = Desk::new();
    let unknown = json!("0d2c5b5e-0000-4000-8000-000000000000");
    let reply = desk.cancel(&unknown);
    assert_eq!((reply.status, &reply.body.expect("a body")["code"]), (404, &json!(40_410_000)));
    assert_eq!(desk.patch(&unknown, &json!({ "qty": 1 })).status, 404);
    assert_eq!(desk.send("GET", "/v2/orders/nonsense", "").status, 422);
    assert_eq!(desk.send("GET", "/v2/orders:by_client_order_id?client_order_id=none", "").status, 404);
}

#[test]
fn a_cancel_before_the_acknowledgement_is_confirmed_and_the_order_never_works() {
    let mut desk = slow();
    let id = desk.order(&json!({}))["id"].clone();
    assert_eq!(desk.cancel(&id).status, 204);
    desk.wait(Span::from_seconds(1));
    assert_eq!((desk.status(&id), desk.position(AAA)), ("canceled".into(), "0".into()));
}

#[test]
fn a_fill_wins_over_a_cancel_that_is_not_confirmed() {
    let mut desk = slow();
    let id = desk.order(&resting())["id"].clone();
    desk.wait(Span::from_seconds(1));
    desk.cancel(&id);
    desk.market(AAA, "98.5");
    desk.wait(Span::from_seconds(1));
    assert_eq!((desk.status(&id), desk.position(AAA)), ("filled".into(), "10".into()));
    assert_eq!(desk.events().last().map(String::as_str), Some("order_cancel_rejected limit"));
}

#[test]
fn a_replacement_is_a_new_order() {
    let mut desk = slow();
    let old = desk.order(&resting())["id"].clone();
    desk.wait(Span::from_seconds(1));
    let _events = desk.events();
    let new =
        desk.patch(&old, &json!({ "qty": "20", "limit_price": 98.5, "client_order_id": "two" })).body.expect("a body");
    assert_eq!(
        (&new["status"], &new["replaces"], &new["client_order_id"]),
        (&json!("pending_new"), &old, &json!("two"))
    );
    assert_eq!(desk.status(&old), "pending_replace");
    desk.wait(Span::from_millis(20));
    assert_eq!(desk.events(), ["pending_replace limit", "replaced limit", "new limit"]);
    let (old, new) = (desk.look(&old), desk.look(&new["id"]));
    assert_eq!((&old["status"], &old["replaced_by"]), (&json!("replaced"), &new["id"]));
    assert!(old["replaced_at"].is_string());
    assert_eq!((&new["status"], &new["qty"], &new["limit_price"]), (&json!("new"), &json!("20"), &json!("98.5")));
    desk.market(AAA, "98.4");
    assert_eq!(desk.position(AAA), "20");
    desk.check();
}

#[test]
fn an_order_cannot_be_replaced_while_something_is_pending() {
    let mut desk = slow();
    let refusal = |desk: &mut Desk, id: &Value| {
        let reply = desk.patch(id, &json!({ "limit_price": "98" }));
        (reply.status, text(&reply.body.expect("a body")["message"]).to_owned())
    };
    let id = desk.order(&resting())["id"].clone();
    assert_eq!(refusal(&mut desk, &id), (422, "cannot replace order in pending_new status".into()));
    desk.wait(Span::from_seconds(1));
    desk.patch(&id, &json!({ "limit_price": "97" }));
    assert_eq!(refusal(&mut desk, &id), (422, "cannot replace order in pending_replace status".into()));
    desk.wait(Span::from_seconds(1));
    assert_eq!(refusal(&mut desk, &id), (422, "cannot replace order in replaced status".into()));
    let other = desk.order(&json!({ "type": "limit", "limit_price": "96" }))["id"].clone();
    desk.wait(Span::from_seconds(1));
    desk.cancel(&other);
    assert_eq!(refusal(&mut desk, &other), (422, "cannot replace order in pending_cancel status".into()));
}

#[test]
fn a_replacement_must_change_something_to_whole_shares() {
    let mut desk = Desk::new();
    let id = desk.order(&resting())["id"].clone();
    let refusal = |desk: &mut Desk, changes: Value| {
        let reply = desk.patch(&id, &changes);
        (reply.status, text(&reply.body.expect("a body")["message"]).to_owned())
    };
    let same = (422, "order parameters are not changed".to_owned());
    assert_eq!(refusal(&mut desk, json!({})), same);
    assert_eq!(refusal(&mut desk, json!({ "qty": "10" })), same);
    assert_eq!(refusal(&mut desk, json!({ "qty": "10.5" })), (422, "qty must be integer".into()));
    assert_eq!(refusal(&mut desk, json!({ "qty": 0 })), (422, "qty must be > 0".into()));
    assert_eq!(
        refusal(&mut desk, json!({ "client_order_id": "one", "qty": 5 })),
        (422, "client_order_id must be unique".into())
    );
    assert_eq!(refusal(&mut desk, json!({ "stop_price": 5 })), (422, "limit orders must not have stop_price".into()));
    assert_eq!(desk.patch(&id, &json!([])).status, 400);
}

#[test]
fn a_replacement_counts_what_the_old_order_has_filled() {
    let mut desk = Desk::new();
    let pieces = Pieces { count: 2, every: Span::from_seconds(1), stops_after: Some(1) };
    desk.spoil("one", OrderFaults { pieces: Some(pieces), ..OrderFaults::default() });
    let id = desk.order(&resting())["id"].clone();
    desk.market(AAA, "98.9");
    let reply = desk.patch(&id, &json!({ "qty": "5" }));
    assert_eq!(reply.body.expect("a body")["message"], "qty must be greater than filled_qty");
    let new = desk.patch(&id, &json!({ "qty": "12" })).body.expect("a body");
    assert_eq!(new["qty"], "7");
    assert_eq!(desk.position(AAA), "12");
    desk.check();
}

#[test]
fn day_orders_expire_at_the_close_and_gtc_orders_stay() {
    let mut desk = Desk::new();
    let day = desk.order(&resting())["id"].clone();
    let gtc = desk.order(&json!({ "type": "limit", "limit_price": "98", "time_in_force": "gtc" }))["id"].clone();
    assert_eq!(desk.look(&day)["expires_at"], "2026-02-12T21:00:00Z");
    desk.until(at("16:00:00"));
    assert_eq!((desk.status(&day), desk.status(&gtc)), ("expired".into(), "new".into()));
    assert_eq!(desk.look(&day)["expired_at"], "2026-02-12T21:00:00Z");
    desk.until(at("2026-02-13 09:30:00"));
    desk.market(AAA, "97.5");
    assert_eq!((desk.status(&gtc), desk.position(AAA)), ("filled".into(), "10".into()));
}

#[test]
fn orders_after_the_close_wait_for_the_next_session() {
    let mut desk = Desk::new();
    desk.until(at("16:00:01"));
    let order = desk.order(&json!({}));
    assert_eq!((&order["status"], &order["expires_at"]), (&json!("accepted"), &json!("2026-02-13T21:00:00Z")));
    assert_eq!(desk.events(), ["accepted market"]);
    desk.until(at("2026-02-13 09:29:59"));
    desk.market(AAA, "101");
    assert_eq!((desk.status(&order["id"]), desk.position(AAA)), ("accepted".into(), "0".into()));
    desk.until(at("2026-02-13 09:30:00"));
    assert_eq!((desk.status(&order["id"]), desk.position(AAA)), ("new".into(), "0".into()), "no price is of today");
    desk.market(AAA, "102");
    assert_eq!((desk.status(&order["id"]), desk.position(AAA)), ("filled".into(), "10".into()));
    assert_eq!(desk.look(&order["id"])["filled_avg_price"], "102.01");
}

#[test]
fn a_queued_order_can_be_cancelled_but_not_replaced() {
    let mut desk = Desk::new();
    desk.until(at("17:00:00"));
    let id = desk.order(&resting())["id"].clone();
    let refusal = desk.patch(&id, &json!({ "limit_price": 98 })).body.expect("a body");
    assert_eq!(refusal["message"], "cannot replace order in accepted status");
    assert_eq!(desk.cancel(&id).status, 204);
    assert_eq!(desk.status(&id), "canceled");
    desk.until(at("2026-02-13 10:00:00"));
    assert_eq!(desk.status(&id), "canceled");
}

#[test]
fn cancelling_all_tells_of_each_order() {
    let mut desk = slow();
    desk.order(&resting());
    desk.order(
        &json!({ "type": "limit", "limit_price": "90", "order_class": "oto", "stop_loss": { "stop_price": 80 } }),
    );
    desk.wait(Span::from_seconds(1));
    let reply = desk.send("DELETE", "/v2/orders", "");
    let body = reply.body.expect("a body");
    assert_eq!((reply.status, body.as_array().map(Vec::len)), (207, Some(2)), "{body}");
    assert!(body.as_array().is_some_and(|all| all.iter().all(|one| one["status"] == 200)));
    let again = desk.send("DELETE", "/v2/orders", "").body.expect("a body");
    assert!(again.as_array().is_some_and(|all| all.iter().all(|one| one["status"] == 422)), "{again}");
    desk.wait(Span::from_seconds(1));
    assert!(desk.open().is_empty());
    assert_eq!(desk.send("DELETE", "/v2/orders", "").body, Some(json!([])));
}

#[test]
fn a_stuck_order_shows_nothing_but_pending_new() {
    let mut desk = Desk::new();
    desk.spoil("one", OrderFaults { pending_new: Some(Span::from_seconds(30)), ..OrderFaults::default() });
    let id = desk.order(&json!({ "client_order_id": "one" }))["id"].clone();
    desk.wait(Span::from_seconds(10));
    desk.market(AAA, "99");
    assert_eq!(desk.cancel(&id).status, 204);
    assert_eq!((desk.status(&id), desk.position(AAA)), ("pending_new".into(), "0".into()));
    desk.wait(Span::from_seconds(20));
    assert_eq!((desk.status(&id), desk.position(AAA)), ("canceled".into(), "0".into()));
}

#[test]
fn a_stuck_order_works_when_it_comes_loose() {
    let mut desk = Desk::new();
    desk.spoil("one", OrderFaults { pending_new: Some(Span::from_seconds(30)), ..OrderFaults::default() });
    let id = desk.order(&json!({ "client_order_id": "one" }))["id"].clone();
    desk.wait(Span::from_seconds(30));
    assert_eq!((desk.status(&id), desk.position(AAA)), ("filled".into(), "10".into()));
}

#[test]
fn a_cancel_may_stay_pending() {
    let mut desk = Desk::new();
    desk.spoil("one", OrderFaults { pending_cancel: Some(Span::from_seconds(30)), ..OrderFaults::default() });
    let id = desk.order(&resting())["id"].clone();
    desk.cancel(&id);
    desk.wait(Span::from_seconds(29));
    assert_eq!(desk.status(&id), "pending_cancel");
    desk.wait(Span::from_seconds(1));
    assert_eq!(desk.status(&id), "canceled");
}

#[test]
fn an_order_may_fill_after_its_cancel() {
    let mut desk = Desk::new();
    desk.spoil("one", OrderFaults { fills_after_cancel: true, ..OrderFaults::default() });
    let id = desk.order(&resting())["id"].clone();
    let _events = desk.events();
    assert_eq!(desk.cancel(&id).status, 204);
    assert_eq!((desk.status(&id), desk.position(AAA)), ("filled".into(), "10".into()));
    assert_eq!(desk.events(), ["pending_cancel limit", "fill limit", "order_cancel_rejected limit"]);
    desk.check();
}

#[test]
fn an_order_may_be_rejected_after_it_was_accepted() {
    let mut desk = Desk::new();
    desk.spoil("one", OrderFaults { rejected: Some("no such luck".into()), ..OrderFaults::default() });
    let id = desk.order(&json!({ "client_order_id": "one" }))["id"].clone();
    let rejected = desk.look(&id);
    assert_eq!((&rejected["status"], rejected["failed_at"].is_string()), (&json!("rejected"), true));
    let updates = desk.broker.take_updates();
    let last = updates.last().expect("an update");
    assert_eq!((&last["event"], &last["reason"]), (&json!("rejected"), &json!("no such luck")));
}

#[test]
fn a_replacement_may_be_rejected_after_it_was_answered() {
    let mut desk = Desk::new();
    desk.spoil("one", OrderFaults { replace_rejected: true, ..OrderFaults::default() });
    let old = desk.order(&resting())["id"].clone();
    let _events = desk.events();
    let reply = desk.patch(&old, &json!({ "limit_price": "98" }));
    assert_eq!(reply.status, 200);
    assert_eq!((desk.status(&old), desk.status(&reply.body.expect("a body")["id"])), ("new".into(), "rejected".into()));
    assert_eq!(desk.events(), ["pending_replace limit", "order_replace_rejected limit"]);
    desk.market(AAA, "98.9");
    assert_eq!(desk.position(AAA), "10");
}

#[test]
fn an_order_may_fill_while_it_is_replaced() {
    let mut desk = Desk::new();
    desk.spoil("one", OrderFaults { fills_while_replaced: true, ..OrderFaults::default() });
    let old = desk.order(&resting())["id"].clone();
    let _events = desk.events();
    let new = desk.patch(&old, &json!({ "limit_price": "98" })).body.expect("a body");
    assert_eq!((desk.status(&old), desk.status(&new["id"])), ("filled".into(), "rejected".into()));
    assert_eq!(desk.events(), ["pending_replace limit", "fill limit", "order_replace_rejected limit"]);
    assert_eq!(desk.position(AAA), "10");
    desk.check();
}

#[test]
fn an_execution_may_be_busted() {
    let mut desk = Desk::new();
    desk.spoil("one", OrderFaults { busted: Some(Span::from_seconds(60)), ..OrderFaults::default() });
    let id = desk.order(&json!({ "client_order_id": "one" }))["id"].clone();
    assert_eq!(desk.position(AAA), "10");
    desk.wait(Span::from_seconds(60));
    assert_eq!((desk.position(AAA), desk.broker.cash()), ("0".into(), money("50000")));
    assert_eq!((desk.status(&id), desk.look(&id)["filled_qty"].clone()), ("filled".into(), json!("0")));
    let updates = desk.broker.take_updates();
    let bust = updates.last().expect("an update");
    assert_eq!(
        (&bust["event"], &bust["qty"], &bust["position_qty"]),
        (&json!("trade_bust"), &json!("10"), &json!("0"))
    );
    assert_eq!(bust["execution_id"], desk.broker.executions()[0].id.to_string());
    assert_eq!(desk.get("/v2/account/activities/FILL"), json!([]));
    desk.check();
}

#[test]
fn the_price_of_an_execution_may_be_corrected() {
    let mut desk = Desk::new();
    let corrected = Correction { after: Span::from_seconds(60), by: Money::from_cents(-3) };
    desk.spoil("one", OrderFaults { corrected: Some(corrected), ..OrderFaults::default() });
    let id = desk.order(&json!({ "client_order_id": "one" }))["id"].clone();
    let (before, cash) = (desk.broker.executions()[0].clone(), desk.broker.cash());
    desk.wait(Span::from_seconds(60));
    let after = desk.broker.executions()[0].clone();
    assert_eq!(after.price.micros(), before.price.micros() - 30_000);
    assert_eq!((desk.position(AAA), desk.broker.cash()), ("10".into(), cash + Money::from_cents(30)));
    assert_eq!(desk.look(&id)["filled_avg_price"], json!(after.price.to_string()));
    let updates = desk.broker.take_updates();
    let told = updates.last().expect("an update");
    assert_eq!((&told["event"], &told["qty"]), (&json!("trade_correct"), &json!("10")));
    assert_eq!(told["previous_execution_id"], before.id.to_string());
    assert_eq!((told["execution_id"].clone(), after.id == before.id), (json!(after.id.to_string()), false));
    desk.check();
}

#[test]
fn pieces_fill_one_after_the_other() {
    let mut desk = Desk::new();
    let pieces = Pieces { count: 3, every: Span::from_seconds(2), stops_after: None };
    desk.spoil("one", OrderFaults { pieces: Some(pieces), ..OrderFaults::default() });
    let id = desk.order(&json!({ "client_order_id": "one" }))["id"].clone();
    assert_eq!((desk.position(AAA), desk.status(&id)), ("3".into(), "partially_filled".into()));
    desk.wait(Span::from_seconds(2));
    assert_eq!(desk.position(AAA), "6");
    desk.wait(Span::from_seconds(2));
    assert_eq!((desk.position(AAA), desk.status(&id)), ("10".into(), "filled".into()));
    let sizes: Vec<String> = desk.broker.executions().iter().map(|one| one.shares.to_string()).collect();
    assert_eq!(sizes, ["3", "3", "4"]);
}

#[test]
fn a_replacement_whose_cancel_is_asked_for_ends_with_the_order_it_replaces() {
    let mut desk = slow();
    let old = desk.order(&resting())["id"].clone();
    desk.wait(Span::from_seconds(1));
    let new = desk.patch(&old, &json!({ "limit_price": "98" })).body.expect("a body")["id"].clone();
    assert_eq!(desk.cancel(&old).status, 422);
    assert_eq!(desk.cancel(&new).status, 204);
    desk.wait(Span::from_seconds(1));
    assert_eq!((desk.status(&old), desk.status(&new)), ("replaced".into(), "canceled".into()));
    assert!(desk.open().is_empty());
}

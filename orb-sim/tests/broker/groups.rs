//! Brackets, OTO and OCO: legs and how they hang together.

use orb_core::Span;
use orb_sim::order_faults::{OrderFaults, Pieces};
use serde_json::{Value, json};

use crate::support::{AAA, Desk, config, price, text};

fn bracket() -> Value {
    json!({
        "client_order_id": "entry", "type": "limit", "limit_price": "99", "order_class": "bracket",
        "take_profit": { "limit_price": "105" }, "stop_loss": { "stop_price": "95" },
    })
}

fn oco() -> Value {
    json!({
        "client_order_id": "exits", "type": "limit", "side": "sell", "order_class": "oco",
        "take_profit": { "limit_price": "105" }, "stop_loss": { "stop_price": "95" },
    })
}

#[test]
fn legs_are_held_until_the_entry_is_completely_filled() {
    let mut desk = Desk::new();
    let halves = Pieces { count: 2, every: Span::from_seconds(60), stops_after: None };
    desk.spoil("entry", OrderFaults { pieces: Some(halves), ..OrderFaults::default() });
    let entry = desk.order(&bracket());
    assert_eq!(entry["legs"].as_array().map(Vec::len), Some(2));
    assert_eq!(desk.open(), ["limit new", "limit held", "stop held"]);
    desk.market(AAA, "98.99");
    assert_eq!(
        (desk.position(AAA), desk.open()),
        ("5".into(), vec!["limit partially_filled".into(), "limit held".into(), "stop held".into()])
    );
    // The stop is not at the exchange: a trade below it elects nothing.
    desk.market(AAA, "94");
    assert_eq!(desk.position(AAA), "5");
    desk.market(AAA, "98");
    desk.wait(Span::from_seconds(60));
    assert_eq!((desk.position(AAA), desk.open()), ("10".into(), vec!["limit new".into(), "stop held".into()]));
    desk.check();
}

#[test]
fn the_take_profit_fills_at_its_limit_and_cancels_the_stop() {
    let mut desk = Desk::new();
    let entry = desk.order(&bracket());
    desk.market(AAA, "98.99");
    let _events = desk.events();
    desk.market(AAA, "105");
    assert_eq!(desk.events(), ["fill limit", "canceled stop"]);
    let [target, stop] = [0, 1].map(|leg| entry["legs"][leg]["id"].clone());
    assert_eq!(desk.look(&target)["filled_avg_price"], "105");
    assert_eq!((desk.status(&stop), desk.position(AAA)), ("canceled".into(), "0".into()));
    assert_eq!(desk.broker.cash(), desk.broker.equity());
    desk.check();
}

#[test]
fn an_elected_stop_becomes_new_cancels_the_target_and_fills_at_the_bid() {
    let mut desk = Desk::new();
    let entry = desk.order(&bracket());
    desk.market(AAA, "98.99");
    let _events = desk.events();
    desk.market(AAA, "94.5");
    assert_eq!(desk.events(), ["new stop", "canceled limit", "fill stop"]);
    assert_eq!(desk.look(&entry["legs"][1]["id"])["filled_avg_price"], "94.5");
    assert!(desk.open().is_empty());
    desk.check();
}

#[test]
fn cancelling_one_of_a_group_cancels_the_group() {
    for member in ["/id", "/legs/0/id", "/legs/1/id"] {
        let mut desk = Desk::new();
        let entry = desk.order(&bracket());
        assert_eq!(desk.cancel(entry.pointer(member).expect(member)).status, 204);
        assert!(desk.open().is_empty(), "{member}: {:?}", desk.open());
    }
    for member in ["/legs/0/id", "/legs/1/id"] {
        let mut desk = Desk::new();
        let entry = desk.order(&bracket());
        desk.market(AAA, "98.99");
        assert_eq!(desk.cancel(entry.pointer(member).expect(member)).status, 204);
        assert!(desk.open().is_empty(), "{member}: {:?}", desk.open());
        assert_eq!(desk.position(AAA), "10");
    }
}

#[test]
fn cancelling_a_partly_filled_entry_cancels_its_legs_and_leaves_the_shares() {
    let mut desk = Desk::new();
    let half = Pieces { count: 2, every: Span::from_seconds(1), stops_after: Some(1) };
    desk.spoil("entry", OrderFaults { pieces: Some(half), ..OrderFaults::default() });
    let entry = desk.order(&bracket());
    desk.market(AAA, "98.99");
    desk.wait(Span::from_seconds(60));
    desk.market(AAA, "98.5");
    assert_eq!(desk.position(AAA), "5");
    assert_eq!(desk.cancel(&entry["id"]).status, 204);
    assert!(desk.open().is_empty());
    assert_eq!(desk.position(AAA), "5");
    desk.check();
}

#[test]
fn a_partly_filled_target_shrinks_the_stop() {
    let mut desk = Desk::new();
    let pieces = Pieces { count: 4, every: Span::from_seconds(1), stops_after: Some(1) };
    desk.buy_ten();
    desk.spoil("exits", OrderFaults { pieces: Some(pieces), ..OrderFaults::default() });
    let exits = desk.order(&oco());
    desk.market(AAA, "105");
    let stop = desk.look(&exits["legs"][0]["id"]);
    assert_eq!((desk.position(AAA), &stop["qty"], &stop["status"]), ("8".into(), &json!("8"), &json!("held")));
    desk.market(AAA, "95");
    assert_eq!((desk.position(AAA), desk.open()), ("0".into(), vec![]));
    desk.check();
}

#[test]
fn an_oto_leg_becomes_new_when_the_entry_fills() {
    let mut desk = Desk::new();
    let oto = desk.order(&json!({ "order_class": "oto", "stop_loss": { "stop_price": "95" } }));
    assert_eq!((oto["status"].clone(), oto["legs"][0]["status"].clone()), (json!("pending_new"), json!("held")));
    assert_eq!(desk.events(), ["pending_new market", "new market", "fill market", "new stop"]);
    assert_eq!(desk.look(&oto["id"])["filled_avg_price"], "100.02");
    desk.market(AAA, "94.99");
    assert_eq!((desk.position(AAA), desk.events()), ("0".into(), vec!["fill stop".into()]));
    desk.check();
}

#[test]
fn an_oco_parent_is_the_target_and_its_leg_the_stop() {
    let mut desk = Desk::new();
    desk.buy_ten();
    let exits = desk.order(&oco());
    assert_eq!(
        (&exits["type"], &exits["limit_price"], &exits["order_class"]),
        (&json!("limit"), &json!("105"), &json!("oco"))
    );
    assert_eq!(exits["legs"][0]["stop_price"], "95");
    assert_eq!(desk.open(), ["limit new", "stop held"]);
    desk.market(AAA, "94");
    assert_eq!((desk.position(AAA), desk.open()), ("0".into(), vec![]));
    assert_eq!(desk.status(&exits["id"]), "canceled");
    assert_eq!(desk.look(&exits["legs"][0]["id"])["filled_avg_price"], "94");
}

#[test]
fn both_exits_fill_when_the_fault_says_so_and_the_position_flips() {
    let mut desk = Desk::new();
    desk.buy_ten();
    desk.spoil("exits", OrderFaults { both_legs_fill: true, ..OrderFaults::default() });
    desk.order(&oco());
    desk.market(AAA, "105");
    assert_eq!((desk.position(AAA), desk.open()), ("-10".into(), vec![]));
    assert_eq!(desk.events().iter().filter(|event| event.starts_with("fill")).count(), 2);
    desk.check();

    let mut desk = Desk::new();
    desk.buy_ten();
    desk.spoil("exits", OrderFaults { both_legs_fill: true, ..OrderFaults::default() });
    desk.order(&oco());
    desk.market(AAA, "95");
    assert_eq!(desk.position(AAA), "-10");
    desk.check();
}

#[test]
fn rejected_legs_leave_the_position_alone() {
    let mut desk = Desk::new();
    desk.spoil("entry", OrderFaults { legs_rejected: true, ..OrderFaults::default() });
    desk.order(&bracket());
    desk.market(AAA, "98.99");
    assert_eq!((desk.position(AAA), desk.open()), ("10".into(), vec![]));
    assert_eq!(desk.events().iter().filter(|event| event.starts_with("rejected")).count(), 2);
}

#[test]
fn a_rejected_target_leaves_the_stop_working() {
    let mut desk = Desk::new();
    // An entry at the market, so that only the target is a limit order of the bracket.
    desk.spoil("bracket/limit", OrderFaults { rejected: Some("no".into()), ..OrderFaults::default() });
    let mut market = bracket();
    market["type"] = json!("market");
    market["limit_price"] = json!(null);
    desk.order(&market);
    assert_eq!(desk.open(), ["stop new"]);
    desk.market(AAA, "94");
    assert_eq!((desk.position(AAA), desk.open()), ("0".into(), vec![]));
}

#[test]
fn an_oco_pair_that_is_rejected_ends_as_a_whole() {
    let mut desk = Desk::new();
    desk.buy_ten();
    desk.spoil("exits", OrderFaults { rejected: Some("no".into()), ..OrderFaults::default() });
    desk.order(&oco());
    assert!(desk.open().is_empty());
}

#[test]
fn exits_lie_a_cent_beyond_the_base_price() {
    let mut desk = Desk::new();
    let mut low = bracket();
    low["take_profit"]["limit_price"] = json!("99");
    let body = desk.refused(&low, 422, "take_profit.limit_price must be >= base_price + 0.01");
    assert_eq!((&body["code"], &body["base_price"]), (&json!(42_210_000), &json!("99")));
    let mut high = bracket();
    high["stop_loss"]["stop_price"] = json!("99");
    desk.refused(&high, 422, "stop_loss.stop_price must be <= base_price - 0.01");
    // At the market, the base is the other side's quote.
    let oto = json!({ "order_class": "oto", "stop_loss": { "stop_price": "100.02" } });
    let body = desk.refused(&oto, 422, "stop_loss.stop_price must be <= base_price - 0.01");
    assert_eq!(body["base_price"], "100.02");
    let short = json!({ "side": "sell", "order_class": "oto", "stop_loss": { "stop_price": "100" } });
    desk.refused(&short, 422, "stop_loss.stop_price must be >= base_price + 0.01");
    desk.buy_ten();
    let mut exits = oco();
    exits["stop_loss"]["stop_price"] = json!("100");
    desk.refused(&exits, 422, "stop_loss.stop_price must be <= base_price - 0.01");
}

#[test]
fn groups_open_or_close_as_their_class_says() {
    let mut desk = Desk::new();
    desk.refused(&oco(), 422, "oco orders must be exit orders");
    desk.buy_ten();
    let mut closing = bracket();
    closing["side"] = json!("sell");
    desk.refused(&closing, 422, "bracket orders must be entry orders");
    let stop_entry = json!({
        "type": "stop", "stop_price": "101", "order_class": "oto", "stop_loss": { "stop_price": "95" },
    });
    let body = desk.refused(&stop_entry, 422, "oto orders must be market or limit orders");
    assert_eq!(body["code"], 40_010_001);
}

#[test]
fn legs_are_patched_one_at_a_time_and_keep_their_group() {
    let mut desk = Desk::new();
    let entry = desk.order(&bracket());
    desk.market(AAA, "98.99");
    let stop = &entry["legs"][1]["id"];
    let moved = desk.patch(stop, &json!({ "stop_price": "97" })).body.expect("a body");
    assert_eq!((desk.status(stop), desk.status(&moved["id"])), ("replaced".into(), "held".into()));
    let message = |reply: orb_sim::http::Reply| text(&reply.body.expect("a body")["message"]).to_owned();
    assert_eq!(message(desk.patch(&moved["id"], &json!({ "qty": "5" }))), "qty of bracket orders cannot be replaced");
    assert_eq!(
        message(desk.patch(&moved["id"], &json!({ "limit_price": "5" }))),
        "stop orders must not have limit_price"
    );
    let too_high = message(desk.patch(&moved["id"], &json!({ "stop_price": "106" })));
    assert_eq!(too_high, "take_profit.limit_price must be > stop_loss.stop_price");
    let target = desk.patch(&entry["legs"][0]["id"], &json!({ "limit_price": "103" })).body.expect("a body");
    let nested = desk.look(&entry["id"]);
    assert_eq!((&nested["legs"][0]["id"], &nested["legs"][1]["id"]), (&target["id"], &moved["id"]));
    desk.market(AAA, "96.9");
    assert_eq!((desk.position(AAA), desk.status(&target["id"])), ("0".into(), "canceled".into()));
    assert_eq!(desk.broker.executions().last().map(|one| one.price), Some(price("96.9")));
    desk.check();
}

#[test]
fn an_entry_that_is_patched_keeps_its_legs() {
    let mut desk = Desk::new();
    let entry = desk.order(&bracket());
    let moved = desk.patch(&entry["id"], &json!({ "limit_price": "99.5", "qty": "20" })).body.expect("a body");
    desk.market(AAA, "99.4");
    assert_eq!(desk.position(AAA), "20");
    let legs = desk.look(&moved["id"])["legs"].clone();
    assert_eq!((&legs[0]["qty"], &legs[1]["qty"]), (&json!("20"), &json!("20")));
    desk.market(AAA, "105");
    assert_eq!((desk.position(AAA), desk.open()), ("0".into(), vec![]));
    desk.check();
}

#[test]
fn a_short_bracket_covers_at_its_target_or_its_stop() {
    let short = json!({
        "side": "sell", "order_class": "bracket",
        "take_profit": { "limit_price": "95" }, "stop_loss": { "stop_price": "105" },
    });
    let mut desk = Desk::new();
    desk.order(&short);
    assert_eq!((desk.position(AAA), desk.open()), ("-10".into(), vec!["limit new".into(), "stop held".into()]));
    desk.market(AAA, "94.98");
    assert_eq!((desk.position(AAA), desk.open()), ("0".into(), vec![]));
    assert_eq!(desk.broker.executions().last().map(|one| one.price), Some(price("95")));

    let mut desk = Desk::new();
    desk.order(&short);
    // A buy stop is a limit 2.5% above the stop: a jump beyond 107.63 leaves the position uncovered.
    desk.market(AAA, "109");
    assert_eq!((desk.position(AAA), desk.open()), ("-10".into(), vec!["stop new".into()]));
    desk.market(AAA, "107");
    assert_eq!((desk.position(AAA), desk.open()), ("0".into(), vec![]));
    desk.check();
}

#[test]
fn an_oco_pair_covers_a_short_position() {
    let mut desk = Desk::new();
    desk.order(&json!({ "side": "sell" }));
    let exits = json!({
        "type": "limit", "side": "buy", "order_class": "oco",
        "take_profit": { "limit_price": "95" }, "stop_loss": { "stop_price": "100.02" },
    });
    desk.refused(&exits, 422, "stop_loss.stop_price must be >= base_price + 0.01");
    let mut exits = exits;
    exits["stop_loss"]["stop_price"] = json!("105");
    desk.order(&exits);
    desk.market(AAA, "105");
    assert_eq!((desk.position(AAA), desk.open()), ("0".into(), vec![]));
    desk.check();
}

#[test]
fn legs_of_a_day_order_expire_with_it_and_those_of_a_gtc_order_stay() {
    for (time_in_force, open) in [("day", 0), ("gtc", 2)] {
        let mut desk = Desk::new();
        let mut order = bracket();
        order["time_in_force"] = json!(time_in_force);
        let entry = desk.order(&order);
        desk.market(AAA, "98.99");
        desk.wait(Span::from_minutes(400));
        assert_eq!(desk.open().len(), open, "{time_in_force}");
        let status = desk.status(&entry["legs"][1]["id"]);
        assert_eq!(status, if open == 0 { "expired" } else { "held" });
        assert_eq!(desk.position(AAA), "10");
    }
}

#[test]
fn an_oto_leg_may_be_a_target() {
    let mut desk = Desk::new();
    let oto = desk.order(&json!({ "order_class": "oto", "take_profit": { "limit_price": "105" } }));
    assert_eq!((desk.position(AAA), desk.status(&oto["legs"][0]["id"])), ("10".into(), "new".into()));
    desk.market(AAA, "106");
    assert_eq!((desk.position(AAA), desk.open()), ("0".into(), vec![]));
    assert_eq!(desk.look(&oto["legs"][0]["id"])["filled_avg_price"], "105");
}

#[test]
fn exits_that_are_replaced_at_one_time_stay_a_pair() {
    let mut slow = config();
    slow.acknowledge_after = Span::from_millis(100);
    let mut desk = Desk::with(slow);
    desk.order(&json!({}));
    desk.wait(Span::from_seconds(1));
    let exits = desk.order(&oco());
    desk.wait(Span::from_seconds(1));
    assert_eq!(desk.patch(&exits["id"], &json!({ "limit_price": "106" })).status, 200);
    assert_eq!(desk.patch(&exits["legs"][0]["id"], &json!({ "stop_price": "96" })).status, 200);
    desk.wait(Span::from_seconds(1));
    assert_eq!(desk.open(), ["limit new", "stop held"]);
    desk.market(AAA, "95.5");
    assert_eq!((desk.position(AAA), desk.open()), ("0".into(), Vec::new()));
    desk.check();
}

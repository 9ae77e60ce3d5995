//! When orders fill, and at what price.

use orb_core::{Span, SymbolId};
use orb_sim::broker::PartialFills;
use orb_sim::tick::Tick;
use serde_json::json;

use crate::support::{AAA, BBB, Desk, at, config, text};

#[track_caller]
fn fills(desk: &Desk) -> Vec<String> {
    desk.broker.executions().iter().map(|one| format!("{} {}", one.shares, one.price)).collect()
}

#[test]
fn market_orders_fill_at_the_other_side_of_the_quote() {
    let mut desk = Desk::new();
    desk.order(&json!({}));
    desk.order(&json!({ "side": "sell", "qty": 4 }));
    assert_eq!(fills(&desk), ["10 100.02", "4 100"]);
}

#[test]
fn without_a_quote_the_last_trade_stands_for_both_sides() {
    let mut desk = Desk::unquoted(config());
    desk.refused(&json!({}), 422, "asset \"AAA\" has no market price");
    desk.trade(AAA, "50");
    desk.order(&json!({}));
    desk.order(&json!({ "side": "sell" }));
    assert_eq!(fills(&desk), ["10 50", "10 50"]);
}

#[test]
fn a_limit_that_is_marketable_fills_at_the_quote() {
    let mut desk = Desk::new();
    desk.order(&json!({ "type": "limit", "limit_price": "101" }));
    assert_eq!(fills(&desk), ["10 100.02"]);
}

#[test]
fn a_limit_that_rests_fills_at_its_limit_by_quote_or_trade() {
    let mut desk = Desk::new();
    desk.order(&json!({ "type": "limit", "limit_price": "99" }));
    desk.order(&json!({ "type": "limit", "limit_price": "98" }));
    desk.quote(AAA, "99", "99.01");
    assert!(fills(&desk).is_empty());
    desk.quote(AAA, "98.5", "98.7");
    assert_eq!(fills(&desk), ["10 99"]);
    desk.trade(AAA, "98");
    assert_eq!(fills(&desk), ["10 99", "10 98"]);
}

#[test]
fn a_limit_that_the_open_jumps_fills_better() {
    let mut desk = Desk::new();
    desk.order(&json!({ "type": "limit", "limit_price": "99", "time_in_force": "gtc" }));
    desk.until(at("2026-02-13 08:00:00"));
    desk.quote(AAA, "94.9", "95");
    assert!(fills(&desk).is_empty(), "it does not trade before the open");
    desk.until(at("2026-02-13 09:30:00"));
    desk.quote(AAA, "95.9", "96");
    assert_eq!(fills(&desk), ["10 96"]);
}

#[test]
fn sell_stops_become_market_orders_and_fill_at_the_worse_price() {
    let mut desk = Desk::new();
    desk.buy_ten();
    desk.order(&json!({ "type": "stop", "side": "sell", "stop_price": "99" }));
    desk.market(AAA, "99.01");
    assert_eq!(fills(&desk).len(), 1);
    desk.market(AAA, "97");
    assert_eq!(fills(&desk)[1..], ["10 97"]);
}

#[test]
fn buy_stops_become_limits_and_may_stay_behind() {
    let mut desk = Desk::new();
    desk.order(&json!({ "symbol": "BBB", "type": "stop", "stop_price": "21" }));
    desk.market(BBB, "23");
    assert!(fills(&desk).is_empty(), "its limit is 4% above the stop");
    desk.market(BBB, "21.8");
    assert_eq!(fills(&desk), ["10 21.84"]);
    let mut desk = Desk::new();
    desk.order(&json!({ "type": "stop", "stop_price": "101" }));
    desk.market(AAA, "102");
    assert_eq!(fills(&desk), ["10 102.01"]);
}

#[test]
fn only_trades_inside_the_quote_elect_stops() {
    let mut desk = Desk::new();
    desk.order(&json!({ "type": "stop", "stop_price": "101" }));
    desk.trade(AAA, "103");
    desk.quote(AAA, "102", "102.01");
    assert!(fills(&desk).is_empty(), "neither a trade outside the quote nor a quote elects");
    desk.trade(AAA, "102");
    assert_eq!(fills(&desk), ["10 102.01"]);
}

#[test]
fn stop_limits_wait_at_their_limit() {
    let mut desk = Desk::new();
    desk.buy_ten();
    desk.order(&json!({ "type": "stop_limit", "side": "sell", "stop_price": "99", "limit_price": "98.5" }));
    desk.market(AAA, "97");
    assert_eq!(fills(&desk).len(), 1);
    desk.market(AAA, "98.6");
    assert_eq!(fills(&desk)[1..], ["10 98.5"]);
}

#[test]
fn trailing_stops_follow_the_best_price() {
    let mut desk = Desk::new();
    desk.buy_ten();
    let order = desk.order(&json!({ "type": "trailing_stop", "side": "sell", "trail_price": "2" }));
    desk.market(AAA, "105");
    desk.market(AAA, "104");
    let order = desk.look(&order["id"]);
    assert_eq!(
        (&order["hwm"], &order["stop_price"], &order["trail_price"]),
        (&json!("105"), &json!("103"), &json!("2"))
    );
    let moved = desk.patch(&order["id"], &json!({ "trail": "1.5" })).body.expect("a body");
    assert_eq!(desk.look(&moved["id"])["stop_price"], "103.5");
    desk.market(AAA, "103.4");
    assert_eq!(fills(&desk)[1..], ["10 103.4"]);
    let percent = desk.order(&json!({ "type": "trailing_stop", "trail_percent": 1 }));
    assert_eq!(desk.look(&percent["id"])["stop_price"], "104.43");
}

#[test]
fn nothing_fills_while_trading_is_halted() {
    let mut desk = Desk::new();
    desk.order(&json!({ "type": "limit", "limit_price": "99", "client_order_id": "rests" }));
    desk.tick(&Tick::Halt { symbol: AAA });
    desk.order(&json!({ "qty": 1 }));
    desk.market(AAA, "95");
    assert!(fills(&desk).is_empty());
    desk.tick(&Tick::Resume { symbol: AAA });
    assert_eq!(fills(&desk), ["10 95.01", "1 95.01"], "both meet the market anew");
}

#[test]
fn after_a_halt_an_order_waits_for_the_first_price() {
    let mut desk = Desk::new();
    desk.wait(Span::from_seconds(1));
    desk.tick(&Tick::Halt { symbol: AAA });
    desk.order(&json!({}));
    desk.wait(Span::from_seconds(300));
    desk.tick(&Tick::Resume { symbol: AAA });
    assert!(fills(&desk).is_empty());
    desk.trade(AAA, "91");
    assert_eq!(fills(&desk), ["10 91"], "the quote is older than the halt");
}

#[test]
fn an_old_quote_does_not_keep_a_stop_from_its_election() {
    let mut desk = Desk::new();
    desk.buy_ten();
    desk.order(&json!({ "type": "stop", "side": "sell", "stop_price": "99", "time_in_force": "gtc" }));
    desk.until(at("2026-02-13 09:30:00"));
    desk.trade(AAA, "94");
    assert_eq!(fills(&desk)[1..], ["10 94"]);
}

#[test]
fn stops_do_not_fill_outside_regular_hours() {
    let mut desk = Desk::new();
    desk.buy_ten();
    desk.order(&json!({ "type": "stop", "side": "sell", "stop_price": "99", "time_in_force": "gtc" }));
    desk.until(at("17:00:00"));
    desk.market(AAA, "95");
    desk.until(at("2026-02-13 09:30:00"));
    assert_eq!(fills(&desk).len(), 1);
    desk.market(AAA, "94");
    assert_eq!(fills(&desk)[1..], ["10 94"]);
}

#[test]
fn extended_hours_limits_trade_before_the_open_and_after_the_close() {
    let mut desk = Desk::new();
    desk.until(at("16:30:00"));
    let order = json!({ "type": "limit", "limit_price": "99", "extended_hours": true });
    let id = desk.order(&order)["id"].clone();
    assert_eq!(desk.look(&id)["expires_at"], "2026-02-13T01:00:00Z");
    desk.market(AAA, "98.5");
    assert_eq!(fills(&desk), ["10 99"]);
    let id = desk.order(&json!({ "type": "limit", "limit_price": "90", "extended_hours": true }))["id"].clone();
    desk.until(at("20:00:00"));
    assert_eq!(desk.status(&id), "expired");
}

#[test]
fn ioc_and_fok_orders_do_not_wait() {
    let mut desk = Desk::new();
    for time_in_force in ["ioc", "fok"] {
        let order = json!({ "type": "limit", "limit_price": "99", "time_in_force": time_in_force });
        let id = desk.order(&order)["id"].clone();
        assert_eq!(desk.status(&id), "canceled");
    }
    desk.order(&json!({ "time_in_force": "ioc" }));
    assert_eq!(fills(&desk), ["10 100.02"]);
}

#[test]
fn ioc_orders_take_a_part_and_fok_orders_take_all_or_nothing() {
    let mut config = config();
    config.partial_fills = Some(PartialFills { percent: 100, pieces_max: 2, every: Span::from_seconds(1) });
    let mut desk = Desk::with(config);
    let ioc = desk.order(&json!({ "time_in_force": "ioc" }))["id"].clone();
    let fok = desk.order(&json!({ "time_in_force": "fok" }))["id"].clone();
    assert_eq!((desk.status(&ioc), desk.status(&fok)), ("canceled".into(), "canceled".into()));
    assert_eq!(fills(&desk), ["5 100.02"]);
    desk.check();
}

#[test]
fn auctions_fill_at_the_open_and_at_the_close() {
    let mut desk = Desk::new();
    let body = desk.refused(&json!({ "time_in_force": "opg" }), 403, "opg orders are not accepted at this time");
    assert_eq!(body["code"], 40_310_000);
    let cls = desk.order(&json!({ "time_in_force": "cls" }))["id"].clone();
    let low = json!({ "time_in_force": "cls", "type": "limit", "limit_price": "90" });
    let low = desk.order(&low)["id"].clone();
    desk.until(at("15:50:00"));
    desk.refused(&json!({ "time_in_force": "cls" }), 403, "cls orders are not accepted at this time");
    desk.market(AAA, "101");
    desk.until(at("16:00:00"));
    assert_eq!((desk.status(&cls), desk.status(&low)), ("filled".into(), "canceled".into()));
    assert_eq!(fills(&desk), ["10 101"]);
    desk.until(at("19:00:00"));
    let opg = desk.order(&json!({ "time_in_force": "opg", "qty": 1 }))["id"].clone();
    let far = desk.order(&json!({ "time_in_force": "opg", "type": "limit", "limit_price": "90" }))["id"].clone();
    desk.until(at("2026-02-13 09:30:00"));
    assert_eq!(desk.status(&opg), "new");
    desk.trade(AAA, "103");
    assert_eq!(fills(&desk)[1..], ["1 103"]);
    assert_eq!((desk.status(&opg), desk.status(&far)), ("filled".into(), "canceled".into()));
}

#[test]
fn a_fill_takes_its_time_only_at_the_market() {
    let mut config = config();
    config.fill_after = Span::from_millis(50);
    let mut desk = Desk::with(config);
    desk.order(&json!({}));
    desk.order(&json!({ "type": "limit", "limit_price": "99.5", "qty": 1 }));
    desk.quote(AAA, "100.5", "100.6");
    assert!(fills(&desk).is_empty());
    desk.wait(Span::from_millis(50));
    assert_eq!(fills(&desk), ["10 100.6"], "at the quote of its instant");
    desk.trade(AAA, "99.5");
    assert_eq!(fills(&desk)[1..], ["1 99.5"], "what rests fills when it is touched");
}

#[test]
fn notional_orders_buy_fractions() {
    let mut desk = Desk::new();
    let order = desk.order(&json!({ "qty": null, "notional": 250.5 }));
    assert_eq!((&order["qty"], &order["notional"]), (&json!(null), &json!("250.5")));
    let filled = desk.look(&order["id"]);
    assert_eq!((text(&filled["status"]), text(&filled["filled_qty"])), ("filled", "2.5044991"));
    desk.check();
}

#[test]
fn ticks_that_make_no_sense_are_ignored() {
    let mut desk = Desk::new();
    desk.trade(AAA, "0");
    desk.trade(AAA, "-5");
    desk.trade(SymbolId(99), "5");
    desk.quote(SymbolId(99), "5", "6");
    desk.tick(&Tick::Halt { symbol: SymbolId(99) });
    desk.quote(AAA, "0", "0");
    desk.order(&json!({}));
    assert_eq!(fills(&desk), ["10 100.01"], "an empty quote leaves the last trade");
    assert_eq!(text(&desk.get("/v2/positions/AAA")["current_price"]), "100.01");
}

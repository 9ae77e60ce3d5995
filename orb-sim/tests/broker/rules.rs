//! What is refused, and with what words.

use orb_sim::broker::{BorrowStatus, MarginRequirement};
use serde_json::json;

use crate::support::{AAA, Desk, at, config, money, price, text};

#[test]
fn client_order_ids_are_unique_for_ever() {
    let mut desk = Desk::new();
    let order = json!({ "client_order_id": "mine", "type": "limit", "limit_price": 90 });
    let first = desk.order(&order);
    desk.cancel(&first["id"]);
    let body = desk.refused(&order, 422, "client_order_id must be unique");
    assert_eq!(body["code"], 40_010_001);
    // That the order would be refused for another reason too does not hide that it is there.
    let large = json!({ "client_order_id": "mine", "qty": 1_000_000 });
    desk.refused(&large, 422, "client_order_id must be unique");
    let made = desk.order(&json!({}));
    assert_eq!(text(&made["client_order_id"]).len(), 36);
    let found = desk.get("/v2/orders:by_client_order_id?client_order_id=mine");
    assert_eq!(found["id"], first["id"]);
}

#[test]
fn unknown_and_untradable_assets_are_refused() {
    let mut desk = Desk::new();
    desk.refused(&json!({ "symbol": "NOPE" }), 422, "asset \"NOPE\" not found");
    desk.refused(&json!({ "symbol": "no such thing" }), 422, "asset \"no such thing\" not found");
    desk.broker.set_tradable(AAA, false);
    desk.refused(&json!({}), 422, "asset \"AAA\" is not tradable");
    desk.broker.set_tradable(AAA, true);
    desk.broker.set_fractionable(AAA, false);
    desk.refused(&json!({ "qty": "1.5" }), 422, "asset \"AAA\" is not fractionable");
}

#[test]
fn an_asset_is_also_known_by_its_identifier() {
    let mut desk = Desk::new();
    let id = desk.get("/v2/assets/AAA")["id"].clone();
    let order = desk.order(&json!({ "symbol": id }));
    assert_eq!((&order["symbol"], &order["asset_id"]), (&json!("AAA"), &id));
}

#[test]
fn blocked_accounts_send_no_orders() {
    let mut desk = Desk::new();
    desk.broker.set_trading_blocked(true);
    desk.refused(&json!({}), 403, "trading on this account is blocked");
    desk.broker.set_trading_blocked(false);
    desk.send("PATCH", "/v2/account/configurations", r#"{"suspend_trade":true}"#);
    desk.refused(&json!({}), 403, "new orders are rejected by user request");
}

#[test]
fn buying_power_is_four_times_the_equity_less_what_is_open() {
    let mut desk = Desk::new();
    let buying_power = |desk: &mut Desk| text(&desk.get("/v2/account")["buying_power"]).to_owned();
    assert_eq!(buying_power(&mut desk), "200000");
    let order = desk.order(&json!({ "qty": 100, "type": "limit", "limit_price": 99 }));
    assert_eq!(buying_power(&mut desk), "190100");
    desk.cancel(&order["id"]);
    assert_eq!(buying_power(&mut desk), "200000");
    desk.order(&json!({ "qty": 100 }));
    // The position is worth 10,001 and cost 10,002.
    assert_eq!(buying_power(&mut desk), "189995");
    let body =
        desk.refused(&json!({ "qty": 2_000, "type": "limit", "limit_price": 99 }), 403, "insufficient buying power");
    assert_eq!(
        (&body["code"], &body["buying_power"], &body["cost_basis"]),
        (&json!(40_310_000), &json!("189995"), &json!("198000"))
    );
}

#[test]
fn resting_buy_stops_reserve_their_limit() {
    let mut desk = Desk::new();
    // Five of 40,000 dollars each at the stop are 200,000; at 2.5% more, the fifth does not fit.
    for _ in 0..4 {
        desk.order(&json!({ "qty": 400, "type": "stop", "stop_price": 100.5, "side": "buy" }));
    }
    desk.refused(&json!({ "qty": 400, "type": "stop", "stop_price": 100.5 }), 403, "insufficient buying power");
}

#[test]
fn market_purchases_reserve_more_than_the_market() {
    let mut desk = Desk::new();
    // 1,951 at 102.52 are 200,016.52, though they are worth 195,139.02.
    let body = desk.refused(&json!({ "qty": 1_951 }), 403, "insufficient buying power");
    assert_eq!(body["cost_basis"], "200016.52");
}

#[test]
fn a_short_sale_reserves_three_percent_above_the_ask() {
    let mut desk = Desk::new();
    let order = json!({ "side": "sell", "qty": 100, "type": "limit", "limit_price": 101 });
    desk.order(&order);
    assert_eq!(desk.get("/v2/account")["buying_power"], "189697.94");
    desk.order(&json!({ "side": "sell", "qty": 100, "type": "limit", "limit_price": 120 }));
    assert_eq!(desk.get("/v2/account")["buying_power"], "177697.94");
}

#[test]
fn what_must_be_paid_whole_takes_the_account_s_own_money_whatever_the_multiplier() {
    for multiplier in [1, 2, 4] {
        let mut config = config();
        config.margin.multiplier = multiplier;
        let mut desk = Desk::with(config);
        desk.broker.set_margin_requirement(AAA, MarginRequirement::of_both(100));
        let asset = desk.get("/v2/assets/AAA");
        assert_eq!((&asset["marginable"], &asset["maintenance_margin_requirement"]), (&json!(false), &json!(100)));
        let order = |shares: u32| json!({ "qty": shares, "type": "limit", "limit_price": 100 });
        let body = desk.refused(&order(501), 403, "insufficient buying power");
        assert_eq!((&body["cost_basis"], &body["code"]), (&json!("50100"), &json!(40_310_000)));
        desk.order(&order(500));
        let account = desk.get("/v2/account");
        assert_eq!((&account["buying_power"], &account["multiplier"]), (&json!("0"), &json!(multiplier.to_string())));
        desk.refused(&json!({ "symbol": "BBB", "qty": 1 }), 403, "insufficient buying power");
    }
}

#[test]
fn each_asset_takes_what_it_requires_of_its_side_as_an_order_and_as_a_position() {
    let mut desk = Desk::new();
    desk.broker.set_margin_requirement(AAA, MarginRequirement { long: 50, short: 75 });
    let buying_power = |desk: &mut Desk| desk.get("/v2/account")["buying_power"].clone();
    // 100 at 99 take twice their value, and no more once they are a position that is worth 100 a share.
    desk.order(&json!({ "qty": 100, "type": "limit", "limit_price": 99 }));
    assert_eq!(buying_power(&mut desk), "180200");
    desk.market(AAA, "99");
    assert_eq!(desk.broker.executed_shares(AAA), orb_sim::broker::Shares::whole(100));
    desk.market(AAA, "100");
    // 4 x 50,100 less 2 x 10,000.
    assert_eq!(buying_power(&mut desk), "180400");
    let account = desk.get("/v2/account");
    assert_eq!((&account["initial_margin"], &account["maintenance_margin"]), (&json!("5000"), &json!("5000")));

    let mut desk = Desk::new();
    desk.broker.set_margin_requirement(AAA, MarginRequirement { long: 50, short: 75 });
    // Three times 100 at 103.0206.
    desk.order(&json!({ "side": "sell", "qty": 100, "type": "limit", "limit_price": 101 }));
    assert_eq!(buying_power(&mut desk), "169093.82");
}

#[test]
fn an_account_without_margin_buys_with_its_own_money_and_sells_nothing_short() {
    let mut config = config();
    config.margin.multiplier = 1;
    let mut desk = Desk::with(config);
    assert_eq!(desk.get("/v2/account")["shorting_enabled"], false);
    desk.refused(&json!({ "side": "sell" }), 403, "account is not allowed to short");
    desk.refused(&json!({ "qty": 501, "type": "limit", "limit_price": 100 }), 403, "insufficient buying power");
    desk.order(&json!({ "qty": 500, "type": "limit", "limit_price": 100 }));
}

#[test]
fn while_an_order_is_replaced_the_larger_one_counts() {
    let mut config = config();
    config.acknowledge_after = orb_core::Span::from_seconds(1);
    let mut desk = Desk::with(config);
    let order = desk.order(&json!({ "qty": 100, "type": "limit", "limit_price": 99 }));
    desk.wait(orb_core::Span::from_seconds(1));
    desk.patch(&order["id"], &json!({ "qty": 50 }));
    assert_eq!(desk.get("/v2/account")["buying_power"], "190100");
    desk.wait(orb_core::Span::from_seconds(1));
    assert_eq!(desk.get("/v2/account")["buying_power"], "195050");
    let open = desk.get("/v2/orders")[0]["id"].clone();
    let refused = desk.patch(&open, &json!({ "qty": 5_000 }));
    assert_eq!((refused.status, &refused.body.expect("a body")["message"]), (403, &json!("insufficient buying power")));
}

#[test]
fn only_what_is_easy_to_borrow_is_sold_short() {
    let mut desk = Desk::new();
    let sale = json!({ "side": "sell" });
    desk.broker.set_borrow_status(AAA, BorrowStatus::HardToBorrow);
    let body = desk.refused(&sale, 422, "asset \"AAA\" cannot be sold short");
    assert_eq!(body["code"], 42_210_000);
    desk.broker.set_borrow_status(AAA, BorrowStatus::EasyToBorrow);
    desk.broker.set_shortable(AAA, false);
    desk.refused(&sale, 422, "asset \"AAA\" cannot be sold short");
    desk.broker.set_shortable(AAA, true);
    desk.refused(&json!({ "side": "sell", "qty": "0.5" }), 422, "fractional orders cannot be sold short");
    desk.send("PATCH", "/v2/account/configurations", r#"{"no_shorting":true}"#);
    desk.refused(&sale, 403, "account is not allowed to short");
}

const RESTRICTED: &str = "asset \"AAA\" cannot be sold short: the short sale restriction of rule 201 is in effect";

#[test]
fn a_fall_of_ten_percent_restricts_short_sales_for_that_session_and_the_next() {
    let mut desk = Desk::new();
    let short = json!({ "side": "sell", "qty": 1 });
    // Of the first session no close is known: nothing restricts.
    desk.market(AAA, "50");
    desk.order(&short);
    desk.market(AAA, "100");
    desk.order(&json!({ "qty": 1 }));
    for (day, trade) in [("2026-02-13", "90.01"), ("2026-02-13", "90"), ("2026-02-17", "95")] {
        desk.until(at(&format!("{day} 12:00:00")));
        desk.market(AAA, trade);
        if trade == "90.01" {
            desk.order(&short);
            desk.order(&json!({ "qty": 1 }));
        } else {
            desk.refused(&short, 422, RESTRICTED);
            desk.refused(&json!({ "side": "sell", "qty": 1, "type": "stop", "stop_price": 80 }), 422, RESTRICTED);
        }
    }
    // Whoever holds shares sells them.
    desk.order(&json!({ "qty": 1 }));
    desk.order(&short);
    desk.until(at("2026-02-17 16:00:00"));
    desk.order(&short);
}

#[test]
fn a_restricted_short_sale_fills_above_the_bid_only() {
    let mut desk = Desk::new();
    desk.broker.set_previous_session(AAA, "2026-02-11".parse().expect("a date"), price("112"), false);
    let before = desk.order(&json!({ "side": "sell", "qty": 1, "type": "stop", "stop_price": "99.5" }));
    desk.market(AAA, "100");
    let limit = |limit: &str| json!({ "side": "sell", "qty": 1, "type": "limit", "limit_price": limit });
    desk.refused(&limit("100"), 422, RESTRICTED);
    let resting = desk.order(&limit("100.50"));
    desk.market(AAA, "99.4");
    let status = |desk: &mut Desk, order: &serde_json::Value| {
        text(&desk.get(&format!("/v2/orders/{}", text(&order["id"])))["status"]).to_owned()
    };
    assert_eq!(status(&mut desk, &before), "new", "elected, and no buyer above the bid");
    // A trade at the limit, with the bid below it.
    desk.quote(AAA, "100.49", "100.51");
    desk.trade(AAA, "100.50");
    assert_eq!(status(&mut desk, &resting), "filled");
    assert_eq!(status(&mut desk, &before), "new");
}

#[test]
fn what_is_known_of_the_session_before_restricts_as_well() {
    let mut desk = Desk::new();
    let date = "2026-02-12".parse().expect("a date");
    desk.broker.set_previous_session(AAA, date, price("100"), true);
    desk.refused(&json!({ "side": "sell", "qty": 1 }), 422, RESTRICTED);
    desk.until(at("2026-02-13 16:00:00"));
    desk.order(&json!({ "side": "sell", "qty": 1 }));
}

#[test]
fn below_two_thousand_dollars_nothing_is_sold_short_or_borrowed() {
    let mut config = config();
    config.cash = money("1999.99");
    let mut desk = Desk::with(config);
    desk.refused(&json!({ "side": "sell", "qty": 1 }), 403, "account is not allowed to short");
    let account = desk.get("/v2/account");
    assert_eq!((&account["multiplier"], &account["buying_power"]), (&json!("1"), &json!("1999.99")));
    assert_eq!(account["shorting_enabled"], false);
}

#[test]
fn held_shares_cannot_be_sold_twice() {
    let mut desk = Desk::new();
    desk.buy_ten();
    let stop = desk.order(&json!({ "side": "sell", "qty": 8, "type": "stop", "stop_price": 95 }));
    let message = "insufficient qty available for order (requested: 3, available: 2)";
    let body = desk.refused(&json!({ "side": "sell", "qty": 3 }), 403, message);
    let expected = json!({
        "code": 40_310_000, "message": message, "available": "2", "existing_qty": "10", "held_for_orders": "8",
        "related_orders": [stop["id"]], "symbol": "AAA",
    });
    assert_eq!(body, expected);
    assert_eq!(desk.get("/v2/positions/AAA")["qty_available"], "2");
    desk.refused(
        &json!({ "side": "sell", "qty": 11 }),
        403,
        "insufficient qty available for order (requested: 11, available: 2)",
    );
}

#[test]
fn two_exits_of_a_pair_hold_the_shares_once() {
    let mut desk = Desk::new();
    desk.buy_ten();
    desk.order(&json!({
        "side": "sell", "type": "limit", "order_class": "oco",
        "take_profit": { "limit_price": 105 }, "stop_loss": { "stop_price": 95 },
    }));
    assert_eq!(desk.get("/v2/positions/AAA")["qty_available"], "0");
    let body = desk.refused(
        &json!({ "side": "sell", "qty": 1 }),
        403,
        "insufficient qty available for order (requested: 1, available: 0)",
    );
    assert_eq!((&body["held_for_orders"], body["related_orders"].as_array().map(Vec::len)), (&json!("10"), Some(1)));
}

#[test]
fn an_order_does_not_turn_a_position_around() {
    let mut desk = Desk::new();
    desk.order(&json!({ "side": "sell" }));
    assert_eq!(desk.position(AAA), "-10");
    desk.refused(&json!({ "qty": 11 }), 403, "insufficient qty available for order (requested: 11, available: 10)");
    desk.order(&json!({ "position_intent": "buy_to_close" }));
    assert_eq!(desk.position(AAA), "0");
}

#[test]
fn an_intent_must_fit_the_position() {
    let mut desk = Desk::new();
    let order = json!({ "side": "sell", "position_intent": "sell_to_close" });
    desk.refused(&order, 422, "position intent mismatch, inferred: sell_to_open, specified: sell_to_close");
    desk.buy_ten();
    assert_eq!(desk.order(&order)["position_intent"], "sell_to_close");
}

#[test]
fn wash_trades_are_refused_but_for_complex_orders() {
    let mut desk = Desk::new();
    desk.buy_ten();
    let bid = desk.order(&json!({ "type": "limit", "limit_price": 99 }));
    let message = "potential wash trade detected. use complex orders";
    let stop = json!({ "side": "sell", "type": "stop", "stop_price": 95 });
    let body = desk.refused(&stop, 403, message);
    assert_eq!((&body["code"], &body["existing_order_id"]), (&json!(40_310_000), &bid["id"]));
    desk.refused(&json!({ "side": "sell" }), 403, message);
    desk.refused(&json!({ "side": "sell", "type": "limit", "limit_price": 99 }), 403, message);
    desk.order(&json!({ "side": "sell", "qty": 1, "type": "limit", "limit_price": 110 }));
    desk.order(&json!({
        "side": "sell", "qty": 9, "type": "limit", "order_class": "oco",
        "take_profit": { "limit_price": 105 }, "stop_loss": { "stop_price": 95 },
    }));
}

#[test]
fn sub_penny_prices_are_refused() {
    let mut desk = Desk::new();
    let message = "invalid limit_price 99.005. sub-penny increment does not fulfill minimum pricing criteria";
    let body = desk.refused(&json!({ "type": "limit", "limit_price": 99.005 }), 422, message);
    assert_eq!(body["code"], 42_210_000);
    let leg = json!({ "order_class": "oto", "stop_loss": { "stop_price": "95.123" } });
    let message = "invalid stop_loss.stop_price 95.123. sub-penny increment does not fulfill minimum pricing criteria";
    desk.refused(&leg, 422, message);
}

#[test]
fn the_rule_on_day_traders_is_off_unless_asked_for() {
    for rule in [false, true] {
        let mut config = config();
        config.cash = money("24000");
        config.pdt_rule = rule;
        let mut desk = Desk::with(config);
        for _ in 0..3 {
            desk.order(&json!({}));
            desk.order(&json!({ "side": "sell" }));
        }
        desk.order(&json!({}));
        let fourth = desk.post(&json!({ "side": "sell" }));
        assert_eq!(fourth.status, if rule { 403 } else { 200 });
        assert_eq!(desk.get("/v2/account").get("daytrade_count").is_some(), rule);
        if rule {
            assert_eq!(fourth.body.expect("a body")["code"], 40_310_100);
            desk.until(at("2026-02-13 10:00:00"));
            desk.order(&json!({ "side": "sell" }));
        }
    }
}

#[test]
fn bad_bodies_are_answered_and_change_nothing() {
    let mut desk = Desk::new();
    for body in
        ["", "{", "[1]", "7", "null", "\u{0}", "<html></html>", r#"{"symbol":{}}"#, r#"{"symbol":"AAA","qty":1e400}"#]
    {
        let reply = desk.send("POST", "/v2/orders", body);
        let code = reply.body.as_ref().map(|body| body["code"].clone());
        assert_eq!((reply.status, code), (400, Some(json!(40_010_000))), "{body}");
    }
    desk.refused(&json!({ "qty": "1e28" }), 422, "qty is too large");
    desk.refused(&json!({ "qty": "abc" }), 422, "invalid qty abc");
    desk.refused(&json!({ "qty": -5 }), 422, "qty must be > 0");
    desk.refused(&json!({ "type": "limit", "limit_price": 1e15 }), 422, "limit_price is too large");
    assert_eq!(desk.broker.orders().count(), 0);
}

#[test]
fn unknown_paths_are_not_found() {
    let mut desk = Desk::new();
    let paths = ["/", "", "/v2", "/v2/nothing", "/v1/orders", "/v2/orders/a/b", "/v2/account/x", "/v2/clock/x"];
    for path in paths {
        let reply = desk.send("GET", path, "");
        assert_eq!((reply.status, reply.body), (404, Some(json!({ "message": "endpoint not found." }))), "{path}");
    }
    assert_eq!(desk.send("PUT", "/v2/orders", "{}").status, 404);
}

//! What the account, its lists and the calendar say.

use orb_core::Span;
use serde_json::{Value, json};

use crate::support::{AAA, Desk, at, config, money, text};

#[track_caller]
fn subset(whole: &Value, part: &Value) {
    for (field, expected) in part.as_object().expect("an object") {
        assert_eq!(&whole[field], expected, "{field} in {whole}");
    }
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|one| text(&one["client_order_id"]).to_owned()).collect()
}

#[test]
fn the_account_adds_up() {
    let mut desk = Desk::new();
    desk.buy_ten();
    desk.order(&json!({ "symbol": "BBB", "side": "sell", "qty": 50 }));
    desk.market(AAA, "101");
    // Bought 10 at 100.02 and sold 50 at 20.
    let expected = json!({
        "cash": "49999.8", "long_market_value": "1010", "short_market_value": "-1000", "equity": "50009.8",
        "portfolio_value": "50009.8", "last_equity": "50000", "multiplier": "4", "status": "ACTIVE", "currency": "USD",
        "initial_margin": "1005", "maintenance_margin": "603", "buying_power": "198029.2",
        "regt_buying_power": "98009.6", "non_marginable_buying_power": "49004.8", "shorting_enabled": true,
        "trading_blocked": false, "trade_suspended_by_user": false, "account_blocked": false, "accrued_fees": "0",
    });
    let account = desk.get("/v2/account");
    subset(&account, &expected);
    assert!(account.get("pattern_day_trader").is_none() && account.get("daytrade_count").is_none());
    desk.check();
}

#[test]
fn positions_tell_gain_and_loss() {
    let mut desk = Desk::new();
    desk.buy_ten();
    desk.order(&json!({ "symbol": "BBB", "side": "sell", "qty": 50 }));
    desk.market(AAA, "101");
    subset(
        &desk.get("/v2/positions/AAA"),
        &json!({
            "symbol": "AAA", "qty": "10", "qty_available": "10", "side": "long", "avg_entry_price": "100.02",
            "cost_basis": "1000.2", "market_value": "1010", "unrealized_pl": "9.8", "unrealized_plpc": "0.0097980404",
            "unrealized_intraday_pl": "9.8", "current_price": "101", "exchange": "NASDAQ", "asset_class": "us_equity",
        }),
    );
    subset(
        &desk.get("/v2/positions/BBB"),
        &json!({
            "qty": "-50", "qty_available": "-50", "side": "short", "cost_basis": "-1000", "market_value": "-1000",
            "unrealized_pl": "0",
        }),
    );
    assert_eq!(desk.get("/v2/positions").as_array().map(Vec::len), Some(2));
    let reply = desk.send("GET", "/v2/positions/BRK.B", "");
    assert_eq!((reply.status, &reply.body.expect("a body")["code"]), (404, &json!(40_410_000)));
}

#[test]
fn a_new_day_knows_the_close_before() {
    let mut desk = Desk::new();
    desk.buy_ten();
    desk.market(AAA, "102");
    desk.until(at("2026-02-13 10:00:00"));
    desk.market(AAA, "103.02");
    let expected = json!({
        "lastday_price": "102", "change_today": "0.01", "unrealized_intraday_pl": "10.2", "unrealized_pl": "30",
    });
    subset(&desk.get("/v2/positions/AAA"), &expected);
    subset(&desk.get("/v2/account"), &json!({ "last_equity": "50019.8", "equity": "50030" }));
}

#[test]
fn fees_are_charged_at_the_close() {
    let mut config = config();
    config.fee_per_share = money("0.005");
    let mut desk = Desk::with(config);
    desk.buy_ten();
    subset(&desk.get("/v2/account"), &json!({ "accrued_fees": "0.05", "cash": "48999.8" }));
    desk.until(at("16:00:00"));
    subset(&desk.get("/v2/account"), &json!({ "accrued_fees": "0", "cash": "48999.75" }));
    let fees = desk.get("/v2/account/activities/FEE");
    subset(&fees[0], &json!({ "activity_type": "FEE", "net_amount": "-0.05", "date": "2026-02-12" }));
    desk.check();
}

#[test]
fn money_that_comes_and_goes_is_an_activity() {
    let mut desk = Desk::new();
    let now = desk.now;
    desk.broker.deposit(now, money("100"));
    desk.broker.withdraw(now, money("30"));
    desk.broker.journal(now, money("-20"));
    assert_eq!(desk.broker.equity(), money("50050"));
    let all = desk.get("/v2/account/activities?activity_types=CSD,CSW,JNLC&direction=asc");
    let amounts: Vec<&str> = all.as_array().expect("a list").iter().map(|one| text(&one["net_amount"])).collect();
    assert_eq!(amounts, ["100", "-30", "-20"]);
}

#[test]
fn fills_are_activities_page_by_page() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        desk.order(&json!({ "qty": 4 }));
        desk.wait(Span::from_seconds(60));
    }
    desk.order(&json!({ "side": "sell", "qty": 12 }));
    desk.wait(Span::from_seconds(60));
    desk.order(&json!({ "side": "sell", "qty": 1 }));
    let all = desk.get("/v2/account/activities");
    assert_eq!(all.as_array().map(Vec::len), Some(5));
    let expected = json!({
        "activity_type": "FILL", "type": "fill", "side": "sell_short", "qty": "1", "cum_qty": "1", "leaves_qty": "0",
        "price": "100", "symbol": "AAA", "order_status": "filled", "transaction_time": "2026-02-12T15:04:00Z",
    });
    subset(&all[0], &expected);
    assert_eq!((&all[1]["side"], &all[2]["side"]), (&json!("sell"), &json!("buy")));
    let id = text(&all[0]["id"]);
    assert!(id.starts_with("20260212100400000::") && id.len() == 55, "{id}");
    let first = desk.get("/v2/account/activities/FILL?page_size=2");
    assert_eq!([&first[0], &first[1]], [&all[0], &all[1]]);
    let next = desk.get(&format!("/v2/account/activities/FILL?page_size=2&page_token={}", text(&first[1]["id"])));
    assert_eq!([&next[0], &next[1]], [&all[2], &all[3]]);
    let after = desk.get("/v2/account/activities?after=2026-02-12T15:01:00Z&until=2026-02-12T15:04:00Z&direction=asc");
    assert_eq!(after.as_array().map(Vec::len), Some(2));
    assert_eq!(after[0]["id"], all[2]["id"]);
    assert_eq!(desk.get("/v2/account/activities?date=2026-02-11"), json!([]));
    for bad in
        ["page_size=0", "page_size=101", "page_size=x", "page_token=none", "direction=up", "after=soon", "date=x"]
    {
        assert_eq!(desk.send("GET", &format!("/v2/account/activities?{bad}"), "").status, 422, "{bad}");
    }
}

#[test]
fn orders_are_listed_as_the_query_asks() {
    let mut desk = Desk::new();
    for (index, symbol) in ["AAA", "BBB", "AAA", "BBB"].into_iter().enumerate() {
        let limit = json!({ "symbol": symbol, "client_order_id": format!("o{index}"), "type": "limit", "limit_price": 10, "qty": 1 });
        desk.order(&limit);
        desk.wait(Span::from_seconds(60));
    }
    let second = desk.get("/v2/orders:by_client_order_id?client_order_id=o1")["id"].clone();
    desk.cancel(&second);
    let mut list = |query: &str| ids(&desk.get(&format!("/v2/orders?{query}")));
    assert_eq!(list(""), ["o3", "o2", "o0"]);
    assert_eq!(list("status=closed"), ["o1"]);
    assert_eq!(list("status=all&direction=asc"), ["o0", "o1", "o2", "o3"]);
    assert_eq!(list("status=all&limit=2"), ["o3", "o2"]);
    assert_eq!(list("status=all&symbols=BBB,NOPE"), ["o3", "o1"]);
    assert_eq!(list("status=all&after=2026-02-12T15:00:00Z"), ["o3", "o2", "o1"]);
    assert_eq!(list("status=all&until=2026-02-12T10:02:00-05:00"), ["o1", "o0"]);
    assert_eq!(list("status=all&side=sell"), Vec::<String>::new());
    for bad in ["status=some", "limit=0", "limit=501", "limit=x", "after=x", "direction=up", "side=x", "nested=x"] {
        assert_eq!(desk.send("GET", &format!("/v2/orders?{bad}"), "").status, 422, "{bad}");
    }
}

#[test]
fn nested_lists_show_legs_under_their_entry() {
    let mut desk = Desk::new();
    let bracket = json!({
        "client_order_id": "entry", "order_class": "bracket",
        "take_profit": { "limit_price": 105 }, "stop_loss": { "stop_price": 95 },
    });
    desk.order(&bracket);
    let flat = desk.get("/v2/orders");
    assert_eq!((flat.as_array().map(Vec::len), &flat[0]["type"]), (Some(1), &json!("limit")), "the stop is held");
    assert_eq!(flat[0]["legs"], Value::Null);
    let nested = desk.get("/v2/orders?nested=true");
    assert_eq!((ids(&nested), &nested[0]["status"]), (vec!["entry".into()], &json!("filled")));
    assert_eq!((&nested[0]["legs"][0]["status"], &nested[0]["legs"][1]["status"]), (&json!("new"), &json!("held")));
    assert_eq!(desk.get("/v2/orders?status=all").as_array().map(Vec::len), Some(3));
    assert_eq!(desk.get("/v2/orders?status=all&nested=true").as_array().map(Vec::len), Some(1));
}

#[test]
fn an_order_has_every_field_of_the_wire() {
    let mut desk = Desk::new();
    let order = desk.order(&json!({ "client_order_id": "mine", "type": "limit", "limit_price": "99.5" }));
    let expected = json!({
        "client_order_id": "mine", "symbol": "AAA", "asset_class": "us_equity", "qty": "10", "filled_qty": "0",
        "filled_avg_price": null, "order_class": "simple", "order_type": "limit", "type": "limit", "side": "buy",
        "time_in_force": "day", "limit_price": "99.5", "stop_price": null, "status": "pending_new",
        "extended_hours": false, "legs": null, "trail_percent": null, "trail_price": null, "hwm": null,
        "position_intent": "buy_to_open", "notional": null, "replaced_by": null, "replaces": null,
        "created_at": "2026-02-12T15:00:00Z", "submitted_at": "2026-02-12T15:00:00Z", "filled_at": null,
        "expired_at": null, "canceled_at": null, "failed_at": null, "replaced_at": null,
    });
    subset(&order, &expected);
    let undashed = text(&order["id"]).replace('-', "");
    assert_eq!(desk.get(&format!("/v2/orders/{undashed}"))["id"], order["id"]);
}

#[test]
fn updates_carry_execution_price_quantity_and_position() {
    let mut desk = Desk::new();
    desk.order(&json!({}));
    let updates = desk.broker.take_updates();
    let expected = json!({
        "event": "fill", "price": "100.02", "qty": "10", "position_qty": "10", "timestamp": "2026-02-12T15:00:00Z",
        "execution_id": desk.broker.executions()[0].id.to_string(),
    });
    subset(&updates[2], &expected);
    assert_eq!(updates[2]["order"]["status"], "filled");
    assert!(updates[1].get("execution_id").is_none());
    let events: Vec<&str> = updates.iter().map(|update| text(&update["event_id"])).collect();
    assert!(events.is_sorted() && events[0] != events[1]);
    assert!(desk.broker.take_updates().is_empty());
}

#[test]
fn closing_a_position_sends_an_order() {
    let mut desk = Desk::new();
    desk.buy_ten();
    let half = desk.send("DELETE", "/v2/positions/AAA?percentage=50", "").body.expect("a body");
    subset(&half, &json!({ "qty": "5", "side": "sell", "type": "market", "position_intent": "sell_to_close" }));
    let two = desk.send("DELETE", "/v2/positions/AAA?qty=2", "");
    assert_eq!((two.status, desk.position(AAA)), (200, "3".into()));
    for bad in ["qty=1&percentage=5", "qty=x", "qty=0", "percentage=101", "percentage=-1", "percentage=0.0000000001"] {
        assert_eq!(desk.send("DELETE", &format!("/v2/positions/AAA?{bad}"), "").status, 422, "{bad}");
    }
    assert_eq!(desk.send("DELETE", "/v2/positions/AAA?qty=4", "").status, 403);
    assert_eq!(desk.send("DELETE", "/v2/positions/AAA", "").status, 200);
    let gone = desk.send("DELETE", "/v2/positions/AAA", "");
    assert_eq!(
        (gone.status, gone.body),
        (404, Some(json!({ "code": 40_410_000, "message": "position does not exist" })))
    );
    desk.check();
}

#[test]
fn closing_all_positions_can_cancel_all_orders_first() {
    let mut desk = Desk::new();
    desk.buy_ten();
    desk.order(&json!({ "symbol": "BBB", "side": "sell", "qty": 5 }));
    desk.order(&json!({ "side": "sell", "type": "stop", "stop_price": 95 }));
    let reply = desk.send("DELETE", "/v2/positions", "");
    let body = reply.body.expect("a body");
    assert_eq!((reply.status, &body[0]["status"], &body[1]["status"]), (207, &json!(403), &json!(200)));
    assert_eq!(body[0]["body"]["held_for_orders"], "10");
    let body = desk.send("DELETE", "/v2/positions?cancel_orders=true", "").body.expect("a body");
    assert_eq!(
        (&body[0]["symbol"], &body[0]["status"], &body[0]["body"]["qty"]),
        (&json!("AAA"), &json!(200), &json!("10"))
    );
    assert_eq!(desk.get("/v2/positions"), json!([]));
    assert!(desk.open().is_empty());
    assert_eq!(desk.send("DELETE", "/v2/positions?cancel_orders=maybe", "").status, 422);
    desk.check();
}

#[test]
fn the_clock_is_new_yorks() {
    let mut desk = Desk::new();
    let open = json!({
        "timestamp": "2026-02-12T10:00:00-05:00", "is_open": true,
        "next_open": "2026-02-13T09:30:00-05:00", "next_close": "2026-02-12T16:00:00-05:00",
    });
    assert_eq!(desk.get("/v2/clock"), open);
    desk.until(at("2026-02-13 16:00:00"));
    let closed = json!({ "is_open": false, "next_open": "2026-02-17T09:30:00-05:00", "next_close": "2026-02-17T16:00:00-05:00" });
    subset(&desk.get("/v2/clock"), &closed);
    desk.until(at("2026-02-17 17:00:00"));
    subset(&desk.get("/v2/clock"), &json!({ "is_open": false, "next_open": null, "next_close": null }));
}

#[test]
fn the_calendar_has_open_and_close_of_each_day() {
    let mut desk = Desk::new();
    let days = desk.get("/v2/calendar?start=2026-02-13&end=2026-02-16");
    let expected = json!([{
        "date": "2026-02-13", "open": "09:30", "close": "16:00", "session_open": "0400", "session_close": "2000",
        "settlement_date": "2026-02-17",
    }]);
    assert_eq!(days, expected);
    assert_eq!(desk.get("/v2/calendar").as_array().map(Vec::len), Some(3));
    assert_eq!(desk.get("/v2/calendar?start=2026-02-17&end=2026-02-12"), json!([]));
    assert_eq!(desk.send("GET", "/v2/calendar?start=x", "").status, 422);
}

#[test]
fn assets_drop_the_old_field_when_asked_to() {
    let mut desk = Desk::new();
    let asset = desk.get("/v2/assets/BRK.B");
    let expected = json!({
        "symbol": "BRK.B", "class": "us_equity", "status": "active", "tradable": true, "shortable": true,
        "easy_to_borrow": true, "borrow_status": "easy_to_borrow", "fractionable": true, "marginable": true,
    });
    subset(&asset, &expected);
    assert_eq!(desk.get("/v2/assets?status=active&asset_class=us_equity").as_array().map(Vec::len), Some(3));
    assert_eq!(desk.get("/v2/assets?status=inactive"), json!([]));
    assert_eq!(desk.send("GET", "/v2/assets/NOPE", "").status, 404);
    let mut config = config();
    config.easy_to_borrow_field = false;
    let asset = Desk::with(config).get("/v2/assets/AAA");
    assert!(asset.get("easy_to_borrow").is_none() && asset.get("borrow_status").is_some());
}

#[test]
fn settings_change_one_by_one() {
    let mut desk = Desk::new();
    let before = desk.get("/v2/account/configurations");
    subset(&before, &json!({ "suspend_trade": false, "max_margin_multiplier": "4", "trade_confirm_email": "all" }));
    let body = r#"{"max_margin_multiplier":"2","dtbp_check":null}"#;
    assert_eq!(desk.send("PATCH", "/v2/account/configurations", body).status, 200);
    subset(&desk.get("/v2/account/configurations"), &json!({ "max_margin_multiplier": "2", "suspend_trade": false }));
    assert_eq!(desk.get("/v2/account")["buying_power"], "100000");
    for (body, status) in
        [(r#"{"max_margin_multiplier":"3"}"#, 422), (r#"{"suspend_trade":"x"}"#, 400), ("nonsense", 400)]
    {
        assert_eq!(desk.send("PATCH", "/v2/account/configurations", body).status, status, "{body}");
    }
}

#[test]
fn portfolio_history_is_floats_over_time() {
    let mut desk = Desk::new();
    desk.buy_ten();
    desk.wait(Span::from_minutes(5));
    desk.market(AAA, "110.02");
    desk.wait(Span::from_minutes(10));
    let history = desk.get("/v2/account/portfolio/history?period=1D&timeframe=5Min");
    let times = history["timestamp"].as_array().expect("a list");
    assert_eq!(times.first(), Some(&json!(at("10:00:00").micros() / 1_000_000)));
    assert_eq!((times.len(), times.len()), (history["equity"].as_array().map_or(0, Vec::len), 4));
    assert_eq!(history["equity"], json!([49_999.9, 50_100.0, 50_100.0, 50_100.0]));
    assert_eq!((&history["base_value"], &history["timeframe"]), (&json!(50_000.0), &json!("5Min")));
    assert_eq!(history["profit_loss"][1], 100.0);
    assert_eq!(history["profit_loss_pct"][1], 0.002);
    desk.until(at("2026-02-13 12:00:00"));
    let days = desk.get("/v2/account/portfolio/history?period=1W&timeframe=1D");
    assert_eq!(days["equity"], json!([50_100.0, 50_100.0]));
    for bad in ["period=1X", "period=0D", "period=", "timeframe=2Min", "start=x", "period=\u{e9}", "period=99999999D"] {
        let status = desk.send("GET", &format!("/v2/account/portfolio/history?{bad}"), "").status;
        assert_eq!(status, if bad == "period=" { 200 } else { 422 }, "{bad}");
    }
}

//! What history and the latest are, at any time.

use orb_core::Span;

use super::*;
use crate::market::rig::{DELAY, minute, session, tape};

/// Asks at a time, with parameters as `key=value` joined by `&`.
fn ask(plan: &str, now: Timestamp, path: &str, query: &str) -> Reply {
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let request = Request { method: "GET".to_owned(), path: path.to_owned(), query, body: Vec::new() };
    let api = DataApi { corporate_actions: Map::new() };
    api.respond(&tape(plan), now, &request)
}

fn found(now: Timestamp, path: &str, query: &str) -> Value {
    let reply = ask("", now, path, query);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body.expect("a body")
}

fn count(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

#[test]
fn a_bar_is_known_when_it_was_published_and_not_before() {
    let bars = |now| count(&found(now, "/v2/stocks/bars", "symbols=AAA&timeframe=1Min")["bars"]["AAA"]);
    let published = minute(1) + DELAY;
    assert_eq!((bars(published - Span::from_micros(1)), bars(published)), (0, 1));
    assert_eq!(bars(minute(60)), 12);
}

#[test]
fn a_company_is_told_under_the_name_that_it_had_on_the_date_asked_for() {
    let changes = json!([{"old_symbol": "AAA", "new_symbol": "NEW", "process_date": session().date.to_string()}]);
    let api = DataApi { corporate_actions: Map::from_iter([("name_changes".to_owned(), changes)]) };
    let before = session().date.pred_opt().expect("a date");
    let bars = |name: &str, as_of: &str| {
        let query = format!("symbols={name}&timeframe=1Min&asof={as_of}");
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let path = "/v2/stocks/bars".to_owned();
        let request = Request { method: "GET".to_owned(), path, query, body: Vec::new() };
        let reply = api.respond(&tape(""), minute(60), &request);
        (reply.status, count(&reply.body.expect("a body")["bars"][name]))
    };
    // The bars of today stand under AAA on the tape, and AAA had another name from this day on.
    assert_eq!(bars("AAA", ""), (200, 12), "nobody has the name today: it stands for itself");
    assert_eq!(bars("AAA", &before.to_string()), (200, 0));
    assert_eq!(bars("AAA", "-"), (200, 12));
    assert_eq!(bars("NEW", ""), (200, 0), "before this day it was AAA, which traded then alone");
    assert_eq!(bars("AAA", "yesterday").0, 400);
}

#[test]
fn nothing_later_than_now_is_told_whatever_is_asked() {
    let now = minute(5);
    let query = format!("symbols=AAA,BBB&timeframe=1Min&start=2026-01-01&end={}", minute(600));
    for kind in ["bars", "trades", "quotes"] {
        let all = found(now, &format!("/v2/stocks/{kind}"), &query);
        let points = all[kind].as_object().expect("symbols").values().flat_map(|list| list.as_array().expect("a list"));
        let times = points.map(|point| Timestamp::parse_rfc3339(point["t"].as_str().expect("a time")).expect("a time"));
        assert!(times.into_iter().all(|at| at <= now), "{kind}");
    }
}

#[test]
fn pages_make_the_whole_in_either_order() {
    for order in ["asc", "desc"] {
        let query = format!("symbols=BBB,AAA&timeframe=1Min&start=2026-01-01&sort={order}");
        let whole = found(minute(60), "/v2/stocks/bars", &query);
        for limit in [1, 5, 12, 24, 100] {
            let (mut pages, mut token) = (Map::new(), String::new());
            for _ in 0..100 {
                let page = found(minute(60), "/v2/stocks/bars", &format!("{query}&limit={limit}&page_token={token}"));
                for (symbol, bars) in page["bars"].as_object().expect("symbols") {
                    let all = pages.entry(symbol.clone()).or_insert_with(|| json!([]));
                    all.as_array_mut().expect("a list").extend(bars.as_array().expect("a list").iter().cloned());
                }
                match page["next_page_token"].as_str() {
                    Some(next) => token = next.to_owned(),
                    None => break,
                }
            }
            assert_eq!(Value::Object(pages), whole["bars"], "{order} {limit}");
        }
    }
}

#[test]
fn longer_bars_are_made_of_minutes() {
    let bars = |timeframe: &str| {
        let query = format!("symbols=AAA&start=2026-01-01&timeframe={timeframe}");
        found(minute(60), "/v2/stocks/bars", &query)["bars"]["AAA"].clone()
    };
    let (minutes, fives, days) = (bars("1Min"), bars("5Min"), bars("1Day"));
    assert_eq!((count(&minutes), count(&fives), count(&days)), (24, 6, 2));
    let volume =
        |bars: &Value| bars.as_array().expect("bars").iter().map(|bar| bar["v"].as_i64().expect("v")).sum::<i64>();
    assert_eq!((volume(&minutes), volume(&fives), volume(&days)), (24_000, 24_000, 24_000));
    assert_eq!((&days[0]["o"], &days[0]["h"], &days[0]["c"]), (&json!(10), &json!(10.17), &json!(10.13)));
    assert_eq!(days[1]["t"].as_str().map(|at| &at[10..]), Some("T05:00:00Z"));
}

#[test]
fn the_latest_is_that_of_now() {
    let now = minute(5) + Span::from_seconds(30);
    let trade = found(now, "/v2/stocks/trades/latest", "symbols=AAA,NOSUCH");
    let at = Timestamp::parse_rfc3339(trade["trades"]["AAA"]["t"].as_str().expect("a time")).expect("a time");
    assert!(at <= now && now - at < Span::from_seconds(15), "{at}");
    assert!(trade["trades"].get("NOSUCH").is_none());
    let bar = found(now, "/v2/stocks/AAA/bars/latest", "");
    assert_eq!((&bar["symbol"], &bar["bar"]["o"]), (&json!("AAA"), &json!(10.04)));
    let quote = &found(now, "/v2/stocks/AAA/quotes/latest", "")["quote"];
    assert!(quote["bp"].as_f64() < quote["ap"].as_f64());
}

#[test]
fn a_snapshot_has_today_and_the_day_before() {
    let snapshot = &found(minute(8), "/v2/stocks/snapshots", "symbols=AAA")["AAA"];
    assert_eq!((&snapshot["dailyBar"]["v"], &snapshot["prevDailyBar"]["v"]), (&json!(7_000), &json!(12_000)));
    let early = &found(session().open, "/v2/stocks/AAA/snapshot", "");
    assert_eq!((&early["dailyBar"]["v"], &early["prevDailyBar"]), (&json!(12_000), &Value::Null));
}

#[test]
fn a_symbol_without_anything_is_null_alone_and_absent_among_others() {
    let one = found(minute(60), "/v2/stocks/NOSUCH/bars", "timeframe=1Min");
    assert_eq!((&one["bars"], &one["next_page_token"]), (&Value::Null, &Value::Null));
    assert_eq!(found(minute(60), "/v2/stocks/bars", "symbols=NOSUCH&timeframe=1Min")["bars"], json!({}));
}

#[test]
fn bad_parameters_are_refused_by_name() {
    for (query, named) in [
        ("timeframe=1Min", "symbols"),
        ("symbols=AAA", "timeframe"),
        ("symbols=AAA&timeframe=1Year", "timeframe"),
        ("symbols=A%20A&timeframe=1Min", "symbol"),
        ("symbols=AAA&timeframe=1Min&start=x", "start"),
        ("symbols=AAA&timeframe=1Min&start=999999-01-01", "start"),
        ("symbols=AAA&timeframe=1Min&start=2026-02-01&end=2026-01-01", "end"),
        ("symbols=AAA&timeframe=1Min&limit=10001", "limit"),
        ("symbols=AAA&timeframe=1Min&limit=-1", "limit"),
        ("symbols=AAA&timeframe=1Min&page_token=x", "page_token"),
        ("symbols=AAA&timeframe=1Min&sort=up", "sort"),
        ("symbols=AAA&timeframe=1Min&feed=moon", "feed"),
        ("symbols=AAA&timeframe=1Min&adjustment=x", "adjustment"),
    ] {
        let reply = ask("", minute(5), "/v2/stocks/bars", query);
        assert_eq!(reply.status, 400, "{query}");
        let message = reply.body.expect("a body")["message"].as_str().expect("a message").to_owned();
        assert!(message.contains(named), "{query}: {message}");
    }
    assert_eq!(ask("", minute(5), "/v2/stocks/AAA/moods", "").status, 404);
}

#[test]
fn a_correction_is_known_about_thirty_seconds_later() {
    let plan = "[[market]]\nfault = { late_shares = 77 }\nsymbol = 'AAA'\nat = '09:32:00'";
    let volume = |now| {
        let reply = ask(plan, now, "/v2/stocks/bars", "symbols=AAA&timeframe=1Min");
        reply.body.expect("a body")["bars"]["AAA"][2]["v"].clone()
    };
    assert_eq!((volume(minute(3) + DELAY), volume(minute(4))), (json!(1_000), json!(1_077)));
}

#[test]
fn a_missing_bar_has_no_trades_and_a_halt_none_within_it() {
    let plan = "[[market]]\nfault = 'missing_bar'\nsymbol = 'AAA'\nat = '09:32:00'\n\
                [[market]]\nfault = { halt_seconds = 90 }\nsymbol = 'AAA'\nat = '09:35:30'";
    let bars = ask(plan, minute(60), "/v2/stocks/bars", "symbols=AAA&timeframe=1Min").body.expect("a body");
    let bars = bars["bars"]["AAA"].as_array().expect("bars").clone();
    let minutes: Vec<&str> = bars.iter().map(|bar| &bar["t"].as_str().expect("a time")[14..16]).collect();
    assert_eq!(minutes, ["30", "31", "33", "34", "35", "37", "38", "39", "40", "41"]);
    let trades = ask(plan, minute(60), "/v2/stocks/trades", "symbols=AAA").body.expect("a body");
    let halted = |at: &str| ("14:35:30".."14:37:00").contains(&&at[11..19]);
    assert!(
        !trades["trades"]["AAA"]
            .as_array()
            .expect("trades")
            .iter()
            .any(|trade| halted(trade["t"].as_str().expect("t")))
    );
}

#[test]
fn crossed_and_zero_quotes_are_seen_in_their_hours() {
    let plan = "[[market]]\nfault = 'crossed_quotes'\nwhen = { from = '09:32:00', to = '09:33:00' }\n\
                [[market]]\nfault = 'zero_quotes'\nwhen = { from = '09:34:00' }";
    let quote = |minutes| {
        let reply = ask(plan, minute(minutes) + Span::from_seconds(30), "/v2/stocks/AAA/quotes/latest", "");
        let quote = reply.body.expect("a body")["quote"].clone();
        (quote["bp"].as_f64().expect("bp"), quote["ap"].as_f64().expect("ap"))
    };
    assert!(quote(1).0 < quote(1).1 && quote(2).0 > quote(2).1 && quote(3).0 < quote(3).1);
    assert_eq!(quote(5), (0.0, 0.0));
}

#[test]
fn corporate_actions_are_those_of_the_symbols_and_types_asked_for() {
    let splits = json!([{"symbol": "AAA", "new_rate": 2}, {"symbol": "BBB", "new_rate": 3}]);
    let api = DataApi { corporate_actions: Map::from_iter([("forward_splits".to_owned(), splits)]) };
    let ask = |query: &str| {
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let path = "/v1/corporate-actions".to_owned();
        let request = Request { method: "GET".to_owned(), path, query, body: Vec::new() };
        api.respond(&tape(""), minute(1), &request).body.expect("a body")["corporate_actions"].clone()
    };
    assert_eq!(ask("symbols=BBB&types=forward_split")["forward_splits"][0]["new_rate"], json!(3));
    assert_eq!((ask("types=cash_dividend"), ask("symbols=CCC")), (json!({}), json!({})));
}

/// Asks the market with recorded trades.
fn found_in_trades(plan: &str, now: Timestamp, path: &str, query: &str) -> Value {
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let request = Request { method: "GET".to_owned(), path: path.to_owned(), query, body: Vec::new() };
    let api = DataApi { corporate_actions: Map::new() };
    let reply = api.respond(&crate::market::rig::tape_with_trades(plan), now, &request);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body.expect("a body")
}

fn prices(trades: &Value) -> Vec<f64> {
    trades.as_array().expect("a list").iter().map(|trade| trade["p"].as_f64().expect("a price")).collect()
}

#[test]
fn pages_of_trades_lose_none_of_those_that_share_an_instant() {
    for (order, expected) in [("asc", [11.0, 10.9, 11.2, 11.05]), ("desc", [11.05, 11.2, 10.9, 11.0])] {
        let query = format!("start={}&end={}&limit=1&sort={order}", minute(2), minute(3));
        let (mut seen, mut token) = (Vec::new(), String::new());
        for _ in 0..10 {
            let page = found_in_trades("", minute(3), "/v2/stocks/AAA/trades", &format!("{query}&page_token={token}"));
            seen.extend(prices(&page["trades"]));
            match page["next_page_token"].as_str() {
                Some(next) => token = next.to_owned(),
                None => break,
            }
        }
        // The first trade of the path inside the next minute's bar happens after the end asked for.
        assert_eq!(seen, expected, "{order}");
    }
}

#[test]
fn what_became_of_a_trade_is_told_from_its_moment_on() {
    let plan = "[[market]]\nfault = { trade_corrected_cents = 30 }\nsymbol = 'CCC'\nat = '09:32:10'";
    let query = format!("start={}&end={}", minute(1), minute(2));
    let ask = |plan, now| found_in_trades(plan, now, "/v2/stocks/CCC/trades", &query)["trades"].clone();
    let moment = minute(2) + Span::from_seconds(10);
    let (before, after) = (ask(plan, moment - Span::from_micros(1)), ask(plan, moment));
    assert_eq!((prices(&before), &before[0].get("u")), (vec![30.0], &None));
    assert_eq!(prices(&after), [30.0, 30.3]);
    let told = (&after[0]["u"], &after[1]["u"], &after[1]["t"]);
    assert_eq!(told, (&json!("incorrect"), &json!("corrected"), &after[0]["t"]));
    assert_ne!(after[0]["i"], after[1]["i"]);
    let canceled = ask(&plan.replace("{ trade_corrected_cents = 30 }", "'trade_canceled'"), moment);
    assert_eq!((prices(&canceled), &canceled[0]["u"]), (vec![30.0], &json!("canceled")));
}

#[test]
fn the_latest_trade_is_the_valid_one_and_the_quote_stays() {
    let plan = "[[market]]\nfault = 'trade_canceled'\nsymbol = 'CCC'\nat = '09:37:10'";
    let now = minute(7) + Span::from_seconds(10);
    let trade = found_in_trades(plan, now, "/v2/stocks/CCC/trades/latest", "");
    assert_eq!(trade["trade"]["p"], json!(30));
    let quote = found_in_trades(plan, now, "/v2/stocks/CCC/quotes/latest", "");
    assert_eq!((&quote["quote"]["bp"], &quote["quote"]["ap"]), (&json!(30.09), &json!(30.11)));
}

#[test]
fn corporate_actions_are_told_by_date_and_page_by_page() {
    let split =
        |symbol: &str, date: &str| json!({"symbol": symbol, "new_rate": 2, "old_rate": 1, "process_date": date});
    let mut actions = Map::new();
    let splits: Vec<Value> = (1..=28).map(|day| split("AAA", &format!("2026-02-{day:02}"))).collect();
    actions.insert("forward_splits".to_owned(), json!(splits));
    actions.insert(
        "name_changes".to_owned(),
        json!([{"old_symbol": "BBB", "new_symbol": "CCC", "process_date": "2026-02-10"}]),
    );
    let api = DataApi { corporate_actions: actions };
    let ask = |query: &str| {
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let path = "/v1/corporate-actions".to_owned();
        api.respond(&tape(""), minute(1), &Request { method: "GET".to_owned(), path, query, body: Vec::new() })
    };
    let body = |query: &str| ask(query).body.expect("a body");
    let splits = |query: &str| count(&body(query)["corporate_actions"]["forward_splits"]);
    assert_eq!((splits(""), splits("start=2026-02-05&end=2026-02-06"), splits("symbols=CCC")), (28, 2, 0));
    assert_eq!(count(&body("symbols=CCC&types=name_change")["corporate_actions"]["name_changes"]), 1);
    let (mut all, mut token) = (0, String::new());
    for _ in 0..29 {
        let page = body(&format!("limit=5&page_token={token}"));
        all += page["corporate_actions"].as_object().expect("types").values().map(count).sum::<usize>();
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(all, 29);
    for bad in ["limit=0", "limit=1001", "limit=x", "start=soon", "page_token=x"] {
        assert_eq!(ask(bad).status, 400, "{bad}");
    }
}

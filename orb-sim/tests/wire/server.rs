//! The simulator over real sockets.

use crate::support::{Socket, config, get, request, request_as, start};
use orb_core::{Span, Timestamp};
use orb_sim::config::{Begin, End, RateClock, RateLimit};
use orb_sim::faults::FaultPlan;
use orb_sim::{SimConfig, Speed};
use serde_json::{Value, json};

fn plan(text: &str) -> FaultPlan {
    text.parse().expect("a plan")
}

/// Returns a market that stands still for ever, with what a plan lets go wrong.
fn standing(text: &str) -> SimConfig {
    SimConfig { faults: plan(text), ..config() }
}

#[tokio::test]
async fn requests_are_answered_with_their_headers() {
    let running = start(config()).await;
    let clock = get(&running, "/v2/clock").await;
    assert_eq!((clock.status, &clock.json()["is_open"]), (200, &json!(false)));
    let shown = Timestamp::parse_rfc3339(clock.json()["timestamp"].as_str().expect("a time")).expect("a time");
    assert_eq!(shown, running.clock().now());
    assert_eq!(clock.header("x-ratelimit-limit"), Some("200"));
    assert_eq!(clock.header("x-ratelimit-remaining"), Some("199"));
    assert_eq!(clock.header("x-request-id").map(str::len), Some(32));
    assert_eq!(get(&running, "/v2/nowhere").await.status, 404);
    assert_eq!(get(&running, "/v2/account").await.json()["status"], json!("ACTIVE"));
    running.stop().await;
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_do_not_begin_time() {
    let running = start(SimConfig { begin: Begin::WithClient, ..config() }).await;
    let before = running.clock().now();
    let answer = request_as(&running, "wrong", "GET", "/v2/account", "").await;
    assert_eq!((answer.status, answer.json()), (401, json!({"message": "unauthorized."})));
    assert_eq!(running.clock().now(), before);
    running.stop().await;
}

#[tokio::test]
async fn requests_beyond_the_limit_are_refused_until_the_next_minute() {
    let rate_limit = Some(RateLimit { per_minute: 2, clock: RateClock::Simulated });
    let running = start(SimConfig { rate_limit, ..config() }).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(get(&running, "/v2/clock").await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
    let answer = get(&running, "/v2/clock").await;
    let minute = running.clock().now().micros() / 60_000_000;
    assert_eq!(answer.header("x-ratelimit-reset"), Some(((minute + 1) * 60).to_string().as_str()));
    assert_eq!(get(&running, "/v2/stocks/bars/latest?symbols=ALDVIN").await.status, 200, "data has a limit of its own");
    running.stop().await;
}

#[tokio::test]
async fn bad_input_of_every_kind_is_answered() {
    let running = start(config()).await;
    for (method, path, body) in [
        ("POST", "/v2/orders", "<html>"),
        ("POST", "/v2/orders", "{\"qty\":1e400}"),
        ("POST", "/v2/orders", ""),
        ("PATCH", "/v2/orders/x", "[]"),
        ("DELETE", "/v2/positions/%00", ""),
        ("GET", "/v2/stocks/%ff/bars", ""),
        ("GET", "/v2/orders?limit=99999999999999999999", ""),
        ("POST", "/v2/stocks/bars", ""),
        ("BREW", "/v2/account", ""),
    ] {
        let answer = request(&running, method, path, body).await;
        assert!((400..500).contains(&answer.status), "{method} {path}: {answer:?}");
        assert!(answer.json()["message"].is_string(), "{method} {path}: {answer:?}");
    }
    assert_eq!(get(&running, "/v2/clock").await.status, 200);
    running.stop().await;
}

#[tokio::test]
async fn a_whole_session_of_bars_is_streamed_as_history_tells_it() {
    let running = start(SimConfig { end: End::Stop, frames_max: 100_000, ..config() }).await;
    let mut socket = Socket::data(&running).await;
    socket.say(&json!({"action": "subscribe", "bars": ["ALDVIN"]})).await;
    assert_eq!(socket.next().await.expect("an answer")[0]["bars"], json!(["ALDVIN"]));
    let mut bars: Vec<Value> = Vec::new();
    while let Some(batch) = socket.next().await {
        bars.extend(batch.as_array().expect("an array").iter().cloned());
    }
    assert_eq!(bars.len(), 390);
    assert_eq!((&bars[0]["t"], &bars[389]["t"]), (&json!("2026-03-02T14:30:00Z"), &json!("2026-03-02T20:59:00Z")));
    let volume: i64 = bars.iter().map(|bar| bar["v"].as_i64().expect("v")).sum();
    let again = start(SimConfig { lead: Span::from_minutes(-389), ..config() }).await;
    let day = get(&again, "/v2/stocks/bars?symbols=ALDVIN&timeframe=1Min&limit=400").await.json();
    let told = &day["bars"]["ALDVIN"].as_array().expect("bars")[..388];
    let strip = |bar: &Value| {
        [&bar["t"], &bar["o"], &bar["h"], &bar["l"], &bar["c"], &bar["v"], &bar["n"], &bar["vw"]].map(Clone::clone)
    };
    assert!(told.iter().map(strip).eq(bars[..388].iter().map(strip)));
    assert!(volume > 0);
    again.stop().await;
    running.stopped().await;
}

#[tokio::test]
async fn faults_of_requests_happen_before_or_after_their_effect() {
    let order = r#"{"symbol":"ALDVIN","qty":"1","side":"buy","type":"market","time_in_force":"day"}"#;
    let text = "[[http]]\nfault = { status = 503 }\nmethod = 'POST'\nwhen = { nth = [1] }\n\
                [[http]]\nfault = 'html'\nmethod = 'POST'\nwhen = { nth = [2] }\n\
                [[http]]\nfault = 'too_many_requests'\nmethod = 'POST'\nwhen = { nth = [3] }\n\
                [[http]]\nfault = { status_after = 504 }\nmethod = 'POST'\nwhen = { nth = [4] }\n\
                [[http]]\nfault = 'truncated'\nmethod = 'POST'\nwhen = { nth = [5] }";
    let running = start(standing(text)).await;
    let mut found = Vec::new();
    for _ in 0..6 {
        let answer = request(&running, "POST", "/v2/orders", order).await;
        let is_whole = answer.header("content-length").is_some_and(|length| length == answer.body.len().to_string());
        let orders = get(&running, "/v2/orders?status=all").await.json().as_array().map_or(0, Vec::len);
        found.push((answer.status, is_whole, orders));
    }
    assert_eq!(
        found,
        [(503, true, 0), (200, true, 0), (429, true, 0), (504, true, 1), (200, false, 2), (200, true, 3)]
    );
    running.stop().await;
}

#[tokio::test]
async fn a_reply_that_never_comes_does_not_keep_the_order_from_landing() {
    let order = r#"{"symbol":"ALDVIN","qty":"1","side":"buy","type":"market","time_in_force":"day"}"#;
    let text = "[[http]]\nfault = 'timeout_before'\nmethod = 'POST'\nwhen = { nth = [1] }\n\
                [[http]]\nfault = 'timeout_after'\nmethod = 'POST'\nwhen = { nth = [2] }";
    let running = start(standing(text)).await;
    for landed in [0, 1] {
        let lost = request(&running, "POST", "/v2/orders", order);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(300), lost).await.is_err());
        let orders = running.with_broker(|broker| broker.orders().count()).await;
        assert_eq!(orders, Some(landed));
    }
    running.stop().await;
}

#[tokio::test]
async fn faults_of_the_account_are_seen_by_clients() {
    let text = "[[account]]\nfault = { clock_skew_ms = -750 }\n[[account]]\nfault = 'trading_blocked'";
    let running = start(standing(text)).await;
    let shown = get(&running, "/v2/clock").await.json()["timestamp"].as_str().map(Timestamp::parse_rfc3339);
    assert_eq!(shown, Some(Some(running.clock().now() - Span::from_millis(750))));
    assert_eq!(get(&running, "/v2/account").await.json()["trading_blocked"], json!(true));
    running.stop().await;
    let running = start(standing("[[account]]\nfault = 'unauthorized'")).await;
    assert_eq!(get(&running, "/v2/account").await.status, 401);
    running.stop().await;
}

#[tokio::test]
async fn trade_updates_follow_an_order() {
    let running =
        start(SimConfig { speed: Speed::Times(1_000.0), begin: Begin::AtOnce, lead: Span::ZERO, ..config() }).await;
    let mut socket = Socket::open(&running, "/stream").await;
    socket.say(&json!({"action": "authenticate", "data": {"key_id": "sim", "secret_key": "sim"}})).await;
    assert_eq!(socket.next().await.expect("an answer")["data"]["status"], json!("authorized"));
    socket.say(&json!({"action": "listen", "data": {"streams": ["trade_updates"]}})).await;
    assert_eq!(socket.next().await.expect("an answer")["data"]["streams"], json!(["trade_updates"]));
    let order = r#"{"symbol":"ALDVIN","qty":2,"side":"buy","type":"market","time_in_force":"day"}"#;
    let placed = request(&running, "POST", "/v2/orders", order).await.json();
    let mut events = Vec::new();
    while events.last() != Some(&json!("fill")) {
        let update = socket.next().await.expect("an update");
        assert_eq!(update["data"]["order"]["id"], placed["id"]);
        events.push(update["data"]["event"].clone());
    }
    assert!(events.contains(&json!("new")), "{events:?}");
    assert_eq!(get(&running, "/v2/positions/ALDVIN").await.json()["qty"], json!("2"));
    running.stop().await;
}

#[tokio::test]
async fn a_client_in_lock_step_sees_the_same_session_twice() {
    let text = "seed = 3\n[[stream]]\nfault = 'drop'\nwhen = { rate = 0.1 }\n[[stream]]\nfault = 'reorder'\nwhen = { rate = 0.1 }";
    let mut runs = Vec::new();
    for _ in 0..2 {
        let running = start(SimConfig { end: End::Stop, ..standing(text) }).await;
        let clock = running.clock().clone();
        let client = clock.register();
        let mut socket = Socket::open(&running, "/v2/sip").await;
        let mut seen = Vec::new();
        for said in
            [json!({"action": "auth", "key": "sim", "secret": "sim"}), json!({"action": "subscribe", "bars": ["*"]})]
        {
            let _ = socket.next().await;
            clock.frame_done();
            socket.say(&said).await;
        }
        while let Some(batch) = socket.next().await {
            seen.push((clock.now(), batch));
            if seen.len() % 50 == 0 {
                let hold = clock.busy();
                seen.push((clock.now(), get(&running, "/v2/stocks/trades/latest?symbols=ALDVIN").await.json()));
                drop(hold);
            }
            clock.frame_done();
        }
        drop(client);
        running.stopped().await;
        runs.push(seen);
    }
    assert!(runs[0].len() > 390, "{}", runs[0].len());
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn dates_without_bars_are_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let mut config = config();
    let loaded = orb_data::synthetic::SyntheticMarket::new(7, orb_data::synthetic::SyntheticOptions::default());
    let loaded = loaded.generate(&orb_data::nyse_calendar(2026, 2026)).expect("a market");
    config.market = orb_sim::market::MarketSource::Loaded(Box::new(loaded));
    config.first = "2026-06-01".parse().ok();
    let error = orb_sim::Server::start(config, listener).await.expect_err("no bars").to_string();
    assert!(error.contains("2026-06-01") && error.contains("2026-03-02"), "{error}");
}

#[tokio::test]
async fn after_the_last_session_time_stands_and_requests_are_answered() {
    let running = start(SimConfig { begin: Begin::AtOnce, ..config() }).await;
    let close = Timestamp::parse_rfc3339("2026-03-02T21:00:00Z").expect("an instant");
    let mut socket = Socket::data(&running).await;
    socket.say(&json!({"action": "subscribe", "bars": ["*"]})).await;
    let mut now = running.clock().now();
    for _ in 0..1_000 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let before = std::mem::replace(&mut now, running.clock().now());
        if now > close && now == before {
            break;
        }
    }
    assert!(close < now && now < close + Span::from_minutes(60), "{now}");
    assert_eq!(get(&running, "/v2/clock").await.json()["is_open"], json!(false));
    running.stop().await;
}

#[tokio::test]
async fn a_websocket_may_be_refused_as_a_request_is() {
    let running =
        start(standing("[[http]]\nfault = 'too_many_requests'\npath = '/stream'\nwhen = { nth = [1] }")).await;
    let error = Socket::refused(&running, "/stream").await;
    assert!(error.contains("429"), "{error}");
    let mut socket = Socket::open(&running, "/stream").await;
    socket.say(&json!({"action": "auth", "key": "sim", "secret": "wrong"})).await;
    assert_eq!(socket.next().await.expect("an answer")["data"]["status"], json!("unauthorized"));
    running.stop().await;
}

#[tokio::test]
async fn what_no_stream_understands_is_answered_and_the_connection_stays() {
    let running = start(config()).await;
    let mut socket = Socket::data(&running).await;
    for said in [json!("hello"), json!({"action": 7}), json!([1, 2]), json!({"action": "subscribe", "bars": 3})] {
        socket.say(&said).await;
        assert_eq!(socket.next().await.expect("an answer")[0]["code"], json!(400), "{said}");
    }
    let mut updates = Socket::open(&running, "/stream").await;
    for said in [json!(null), json!({"action": "listen"}), json!({"action": "sing"})] {
        updates.say(&said).await;
        assert!(updates.next().await.expect("an answer")["data"].is_object(), "{said}");
    }
    running.stop().await;
}

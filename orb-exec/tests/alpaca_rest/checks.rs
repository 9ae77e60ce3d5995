//! What is found about an account before it trades.

use std::time::Duration;

use orb_core::{Date, Symbol};
use orb_exec::alpaca::check::{BracketProbe, Finding, Verdict, check, probe_brackets};
use orb_exec::{Clock as _, WallClock};
use serde_json::{Value, json};

use crate::rig::{calendar, config, order, price, symbols};
use crate::server::{Reply, Request, Server};

/// Answers as for an account that is fit to trade.
fn fit(request: &Request) -> Reply {
    let body = match request.path.as_str() {
        "/v2/account" => json!({"account_number": "PA3XYZ1234", "status": "ACTIVE", "equity": "50000", "cash": "1",
            "buying_power": "200000", "multiplier": "4", "shorting_enabled": true}),
        "/v2/clock" => json!({"timestamp": WallClock::default().now().to_string(), "is_open": true}),
        "/v2/calendar" => json!([{"date": "2026-11-27", "open": "09:30", "close": "16:00"}]),
        "/v2/stocks/bars/latest" => json!({"bars": {}}),
        _ => json!({"symbol": "X", "status": "active", "tradable": true, "shortable": true, "easy_to_borrow": true}),
    };
    Reply::Json(200, body)
}

async fn found(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Vec<Finding> {
    let server = Server::new(answer);
    let today = Date::from_ymd_opt(2026, 11, 27).expect("a date");
    let config = config(&server, Duration::from_secs(20));
    check(&config, symbols(), calendar(), &WallClock::default(), today).await.expect("addresses on this machine")
}

fn verdict(findings: &[Finding], item: &str) -> Verdict {
    findings.iter().find(|finding| finding.item == item).expect(item).verdict
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_fit_passes_in_everything() {
    let findings = found(fit).await;
    let not: Vec<_> = findings.iter().filter(|finding| finding.verdict != Verdict::Pass).collect();
    assert!(not.is_empty(), "{not:?}");
    assert_eq!(findings.len(), 11, "keys, four of the account, clock, calendar, feed and three symbols");
    assert!(!format!("{findings:?}").contains("PA3XYZ1234"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_with_a_remedy() {
    let findings = found(|request| match request.path.as_str() {
        "/v2/clock" => Reply::Json(200, json!({"timestamp": "2020-01-01T00:00:00Z"})),
        "/v2/calendar" => Reply::Json(200, json!([{"date": "2026-11-27", "open": "09:30", "close": "13:00"}])),
        "/v2/stocks/bars/latest" => Reply::Json(403, json!({"message": "subscription does not permit this feed"})),
        "/v2/assets/SPY" => Reply::Json(404, json!({"code": 40_410_000, "message": "asset not found for SPY"})),
        "/v2/assets/AAPL" => Reply::Text(500, ""),
        _ => fit(request),
    })
    .await;
    for item in ["clock", "calendar", "feed", "symbol SPY"] {
        assert_eq!(verdict(&findings, item), Verdict::Fail, "{item}");
    }
    assert_eq!(verdict(&findings, "symbol AAPL"), Verdict::Warn);
    assert!(findings.iter().all(|finding| (finding.verdict == Verdict::Pass) == finding.remedy.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_unknown_or_forbidden_are_told_apart_and_end_the_questions() {
    for (status, word) in [(401, "does not know the key"), (403, "may not be used here")] {
        let findings = found(move |_| Reply::Json(status, json!({"message": "no."}))).await;
        assert_eq!((findings.len(), findings[0].verdict), (1, Verdict::Fail));
        assert!(findings[0].detail.contains(word), "{}", findings[0].detail);
    }
    let away = found(|_| Reply::Close).await;
    assert_eq!((away.len(), away[0].verdict), (1, Verdict::Fail));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_brackets_are_tried_out_and_taken_back() {
    let probe = BracketProbe {
        symbol: Symbol::new("SPY").expect("a symbol"),
        last_price: price("600.123"),
        client_id: "probe-1".to_owned(),
    };
    let server = Server::new(|request| match request.method.as_str() {
        "POST" => Reply::Json(200, order("7", json!({}))),
        _ => Reply::Text(204, ""),
    });
    let finding = probe_brackets(&config(&server, Duration::from_secs(20)), &probe).await.expect("an address");
    assert_eq!(finding.verdict, Verdict::Pass);
    assert_eq!(server.lines(), ["POST /v2/orders", "DELETE /v2/orders/7"]);
    assert_eq!(server.requests()[0].body["stop_price"], Value::from("1800.37"));
    let message = "bracket orders must be market or limit orders";
    let refusing = Server::new(move |_| Reply::Json(422, json!({"code": 40_010_001, "message": message})));
    let finding = probe_brackets(&config(&refusing, Duration::from_secs(20)), &probe).await.expect("an address");
    assert_eq!(finding.verdict, Verdict::Warn);
    assert!(finding.detail.contains(message));
}

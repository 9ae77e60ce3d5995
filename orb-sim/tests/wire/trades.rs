//! Markets of recorded trades over the sockets.

use std::path::{Path, PathBuf};

use orb_sim::config::Begin;
use orb_sim::market::MarketSource;
use orb_sim::{Server, SimConfig, Speed};
use serde_json::{Value, json};

use crate::support::{Socket, get, start};

const TRADES: &str = "\
symbol,ts,price,size
QQQ,2026-02-13T14:30:00.25Z,600.01,40
SPY,2026-02-13T14:30:00.000001Z,690.5,100
SPY,2026-02-13T14:30:30Z,690.75,7
SPY,2026-02-13T14:30:30Z,690.25,1
SPY,2026-02-13T14:32:00Z,691,5
";
const BARS: &str = "\
symbol,ts,open,high,low,close,volume
SPY,2026-02-12T20:59:00Z,688,688.5,687.9,688.25,500
SPY,2026-02-13T14:31:00Z,690.25,690.3,690.2,690.25,1000
SPY,2026-02-13T14:32:00Z,1,2,1,2,9
";

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

fn config(trades: Vec<PathBuf>, bars: Vec<PathBuf>) -> SimConfig {
    let market = MarketSource::Trades { trades, bars, warmup: Vec::new() };
    let first = "2026-02-13".parse().ok();
    SimConfig { first, speed: Speed::Max, begin: Begin::WithSubscription, ..SimConfig::new(market) }
}

/// Hears everything of some kinds, to the last minute.
async fn heard(config: SimConfig, subscription: Value, kinds: &[&str]) -> Vec<Value> {
    let running = start(config).await;
    let mut socket = Socket::data(&running).await;
    socket.say(&subscription).await;
    let mut heard = Vec::new();
    while let Some(messages) = socket.next().await {
        let messages = messages.as_array().expect("an array").clone();
        heard.extend(messages.into_iter().filter(|message| kinds.contains(&message["T"].as_str().unwrap_or(""))));
        if heard.last().is_some_and(|message| message["T"] == "b" && message["t"] == "2026-02-13T14:32:00Z") {
            break;
        }
    }
    running.stop().await;
    heard
}

fn subscribe() -> Value {
    json!({"action": "subscribe", "trades": ["*"], "bars": ["*"], "updatedBars": ["*"]})
}

#[tokio::test]
async fn trades_and_the_bars_that_they_make_are_heard() {
    let folder = tempfile::tempdir().expect("a folder");
    let (trades, bars) = (write(folder.path(), "t.csv", TRADES), write(folder.path(), "b.csv", BARS));
    let heard = heard(config(vec![trades], vec![bars]), subscribe(), &["t", "b"]).await;
    let recorded = |message: &&Value| message["T"] == "t" && message["t"] != json!(null) && message["S"] == "SPY";
    let of_first: Vec<_> = heard.iter().filter(recorded).take(3).map(|one| (&one["t"], &one["p"], &one["s"])).collect();
    let expected = [
        (json!("2026-02-13T14:30:00.000001Z"), json!(690.5), json!(100)),
        (json!("2026-02-13T14:30:30Z"), json!(690.75), json!(7)),
        (json!("2026-02-13T14:30:30Z"), json!(690.25), json!(1)),
    ];
    assert_eq!(of_first, expected.iter().map(|(at, price, size)| (at, price, size)).collect::<Vec<_>>());
    let bars: Vec<_> = heard.iter().filter(|one| one["T"] == "b").collect();
    let told = |one: &Value| format!("{} {} {} {} {} {}", one["S"], one["o"], one["h"], one["l"], one["c"], one["v"]);
    let expected = [
        "\"QQQ\" 600.01 600.01 600.01 600.01 40",
        "\"SPY\" 690.5 690.75 690.25 690.25 108",
        "\"SPY\" 690.25 690.3 690.2 690.25 1000",
        "\"SPY\" 691 691 691 691 5",
    ];
    assert_eq!(bars.into_iter().map(told).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn corrections_and_cancels_are_heard_with_the_trades() {
    let folder = tempfile::tempdir().expect("a folder");
    let trades = write(folder.path(), "t.csv", TRADES);
    let mut config = config(vec![trades], Vec::new());
    let plan = "[[market]]\nfault = { trade_corrected_cents = -15 }\nsymbol = 'SPY'\nat = '09:31:10'\n\
        [[market]]\nfault = 'trade_canceled'\nsymbol = 'QQQ'\nat = '09:30:20'\n";
    config.faults = plan.parse().expect("a plan");
    let heard = heard(
        config,
        json!({"action": "subscribe", "trades": ["*"], "bars": ["SPY"], "updatedBars": ["*"]}),
        &["c", "x", "u", "b"],
    )
    .await;
    let cancel = json!({
        "T": "x", "S": "QQQ", "i": heard[0]["i"], "x": "V", "p": 600.01, "s": 40, "a": "C",
        "t": "2026-02-13T14:30:20Z", "z": "C"
    });
    let correction = json!({
        "T": "c", "S": "SPY", "x": "V", "oi": heard[2]["oi"], "op": 690.25, "os": 1, "oc": ["@"], "ci": heard[2]["ci"],
        "cp": 690.1, "cs": 1, "cc": ["@"], "t": "2026-02-13T14:31:10Z", "z": "C"
    });
    assert_eq!([&heard[0], &heard[2]], [&cancel, &correction]);
    assert_ne!(heard[2]["oi"], heard[2]["ci"]);
    assert_eq!((&heard[1]["T"], &heard[1]["l"], &heard[3]["T"]), (&json!("b"), &json!(690.25), &json!("u")));
    assert_eq!((&heard[3]["l"], &heard[3]["c"], &heard[3]["h"]), (&json!(690.1), &json!(690.1), &json!(690.75)));
}

#[tokio::test]
async fn history_has_the_recorded_trades() {
    let folder = tempfile::tempdir().expect("a folder");
    let (trades, bars) = (write(folder.path(), "t.csv", TRADES), write(folder.path(), "b.csv", BARS));
    let mut config = config(vec![trades], vec![bars]);
    config.begin = Begin::WithClient;
    config.lead = orb_core::Span::from_minutes(-10);
    config.speed = Speed::Times(1.0);
    let running = start(config).await;
    let query = "start=2026-02-13T14:30:00Z&end=2026-02-13T14:30:59Z";
    let found = get(&running, &format!("/v2/stocks/trades?symbols=SPY,QQQ&{query}")).await.json();
    let prices = |symbol: &str| {
        let list = found["trades"][symbol].as_array().cloned().unwrap_or_default();
        list.into_iter().map(|trade| trade["p"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(prices("SPY"), [json!(690.5), json!(690.75), json!(690.25)]);
    assert_eq!(prices("QQQ"), [json!(600.01)]);
    let latest = get(&running, "/v2/stocks/trades/latest?symbols=SPY").await.json();
    assert_eq!((&latest["trades"]["SPY"]["p"], &latest["trades"]["SPY"]["s"]), (&json!(691), &json!(5)));
    running.stop().await;
}

/// Starts a market that cannot be, and says why.
async fn refused(trades: &str, bars: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let (trades, bars) = (write(folder.path(), "t.csv", trades), write(folder.path(), "b.csv", bars));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    Server::start(config(vec![trades], vec![bars]), listener).await.expect_err("no market").to_string()
}

#[tokio::test]
async fn files_that_are_no_market_are_refused_with_place_and_remedy() {
    let late = "symbol,ts,price,size\nSPY,2026-02-13T21:00:00Z,690,1\n";
    let error = refused(late, BARS).await;
    assert!(error.contains("t.csv, line 2") && error.contains("remove the row"), "{error}");
    let fives = "symbol,ts,open,high,low,close,volume\nSPY,2026-02-13T14:30:00Z,1,1,1,1,9\nSPY,2026-02-13T14:35:00Z,1,1,1,1,9\n";
    let error = refused(TRADES, fives).await;
    assert!(error.contains("these bars are of 5 minutes"), "{error}");
}

//! A client in the same process that works in lock-step with the clock.

use crate::support::{Socket, config, request, start};
use orb_core::{Span, Timestamp};
use orb_sim::clock::LockStep;
use orb_sim::config::End;
use orb_sim::{Running, SimClock, SimConfig};
use serde_json::{Value, json};

/// What a run of the trader left behind.
#[derive(Debug, PartialEq)]
struct Record {
    statuses: Vec<u16>,
    updates: Vec<Value>,
    cash: String,
}

/// A client that buys and sells by turns, one order in twenty bars.
struct Trader<'a> {
    running: &'a Running,
    clock: SimClock,
    bars: u64,
    record: Record,
}

impl Trader<'_> {
    async fn on_bars(&mut self, batch: &Value) {
        let bars = batch.as_array().expect("an array").iter();
        for _ in bars.filter(|bar| bar["T"] == "b" && bar["S"] == "ALDVIN") {
            self.bars += 1;
            if self.bars.is_multiple_of(20) {
                let hold = self.clock.busy();
                let side = if self.bars.is_multiple_of(40) { "sell" } else { "buy" };
                let order = json!({"symbol": "ALDVIN", "qty": 10, "side": side, "type": "market", "time_in_force": "day",
                                   "client_order_id": format!("bar-{}", self.bars)});
                let answer = request(self.running, "POST", "/v2/orders", &order.to_string()).await;
                self.record.statuses.push(answer.status);
                drop(hold);
            }
        }
    }
}

async fn take(socket: &mut Socket, clock: &SimClock) -> Value {
    let frame = socket.next().await.expect("a frame");
    clock.frame_done();
    frame
}

async fn trade(text: &str) -> Record {
    let faults = text.parse().expect("a plan");
    let running = start(SimConfig { end: End::Stop, faults, ..config() }).await;
    let clock = running.clock().clone();
    let client = clock.register();
    let auth = json!({"action": "auth", "key": "sim", "secret": "sim"});
    let mut updates = Socket::open(&running, "/stream").await;
    updates.say(&auth).await;
    take(&mut updates, &clock).await;
    updates.say(&json!({"action": "listen", "data": {"streams": ["trade_updates"]}})).await;
    take(&mut updates, &clock).await;
    let mut data = Socket::open(&running, "/v2/sip").await;
    take(&mut data, &clock).await;
    data.say(&auth).await;
    take(&mut data, &clock).await;
    data.say(&json!({"action": "subscribe", "bars": ["*"]})).await;
    let record = Record { statuses: Vec::new(), updates: Vec::new(), cash: String::new() };
    let mut trader = Trader { running: &running, clock: clock.clone(), bars: 0, record };
    loop {
        tokio::select! {
            batch = data.next() => match batch {
                Some(batch) => trader.on_bars(&batch).await,
                None => break,
            },
            update = updates.next() => match update {
                Some(update) => trader.record.updates.push(update),
                None => break,
            },
        }
        clock.frame_done();
        if trader.bars == 380 {
            let cash = running.with_broker(|broker| broker.cash().to_string()).await;
            trader.record.cash = cash.unwrap_or_default();
        }
    }
    let record = trader.record;
    finish(running, client).await;
    record
}

async fn finish(running: Running, client: LockStep) {
    drop(client);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_gives_the_same_run() {
    let text = "seed = 11\n\
                [[http]]\nfault = { status = 503 }\nmethod = 'POST'\nwhen = { rate = 0.2 }\n\
                [[http]]\nfault = 'truncated'\nmethod = 'POST'\nwhen = { rate = 0.2 }\n\
                [[stream]]\nfault = 'duplicate'\nwhen = { rate = 0.1 }\n\
                [[stream]]\nfault = { delay_ms = 700 }\nwhen = { rate = 0.1 }\n\
                [[order]]\nfault = { pieces = { count = 3, every_ms = 900 } }\nwhen = { rate = 0.5 }";
    let (one, other) = (trade(text).await, trade(text).await);
    assert!(one.statuses.contains(&503) && one.statuses.contains(&200), "{:?}", one.statuses);
    assert!(one.updates.iter().any(|update| update["data"]["event"] == "partial_fill"));
    assert_ne!(one.cash, "");
    assert_eq!(one, other);
    assert_ne!(one.statuses, trade(&text.replace("seed = 11", "seed = 12")).await.statuses);
}

/// Connects until it is let in, a simulated second between two attempts.
async fn connect(running: &Running, clock: &SimClock) -> (Socket, Timestamp) {
    for _ in 0..100 {
        let hold = clock.busy();
        let mut socket = Socket::open(running, "/v2/sip").await;
        take(&mut socket, clock).await;
        socket.say(&json!({"action": "auth", "key": "sim", "secret": "sim"})).await;
        let answer = take(&mut socket, clock).await;
        if answer[0]["msg"] == "authenticated" {
            socket.say(&json!({"action": "subscribe", "bars": ["ALDVIN"]})).await;
            assert_eq!(take(&mut socket, clock).await[0]["T"], json!("subscription"));
            return (socket, clock.now());
        }
        assert_eq!(answer[0]["code"], json!(406));
        let next = clock.now() + Span::from_seconds(1);
        drop(hold);
        clock.sleep_until(next).await;
    }
    panic!("it is never let in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_finds_back_after_its_session_died() {
    let text = "[[stream]]\nfault = { linger = 5 }\nkind = 'b'\nsymbol = 'ALDVIN'\nwhen = { at = '10:00:00' }";
    let faults = text.parse().expect("a plan");
    let running = start(SimConfig { end: End::Stop, faults, ..config() }).await;
    let clock = running.clock().clone();
    let client = clock.register();
    let (mut socket, _) = connect(&running, &clock).await;
    let mut before = Vec::new();
    while let Some(batch) = socket.next().await {
        before.push(batch[0]["t"].clone());
        clock.frame_done();
    }
    // The bar of 09:59 was to come at 10:00:00.05 and cut the connection; time has not gone on since.
    assert_eq!(before.last(), Some(&json!("2026-03-02T14:58:00Z")));
    let cut = Timestamp::parse_rfc3339("2026-03-02T15:00:00.05Z").expect("an instant");
    assert_eq!(clock.now(), cut);
    let (mut socket, back) = connect(&running, &clock).await;
    assert_eq!(back, cut + Span::from_seconds(5));
    let mut after = Vec::new();
    while let Some(batch) = socket.next().await {
        after.push(batch[0]["t"].clone());
        clock.frame_done();
    }
    assert_eq!((after.first(), after.len()), (Some(&json!("2026-03-02T15:00:00Z")), 390 - 30));
    finish(running, client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nights_pass_at_once_and_days_follow_each_other() {
    let mut config = config();
    let options = orb_data::synthetic::SyntheticOptions { symbols: 2, sessions: 3, ..Default::default() };
    config.market = orb_sim::market::MarketSource::Synthetic { seed: 7, options };
    config.speed = orb_sim::Speed::Times(1_000_000.0);
    config.end = End::Stop;
    let running = start(config).await;
    let clock = running.clock().clone();
    let client = clock.register();
    let (mut socket, _) = connect(&running, &clock).await;
    let mut days: Vec<String> = Vec::new();
    while let Some(batch) = socket.next().await {
        if let Some(at) = batch[0]["t"].as_str() {
            days.push(at[..10].to_owned());
        }
        clock.frame_done();
    }
    assert_eq!(days.len(), 3 * 390);
    days.dedup();
    assert_eq!(days, ["2026-03-02", "2026-03-03", "2026-03-04"]);
    finish(running, client).await;
}

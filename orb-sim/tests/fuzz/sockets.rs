//! The sockets: whatever is said to them, they go on serving others.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use orb_data::synthetic::SyntheticOptions;
use orb_sim::market::MarketSource;
use orb_sim::{Running, Server, SimConfig};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::mutate::{Change, cases, changed, changes};

/// Nothing here takes longer, unless it never ends.
const PATIENCE: Duration = Duration::from_secs(60);
/// What clients say, as it should be.
const SAID: &[&str] = &[
    r#"{"action":"auth","key":"sim","secret":"sim"}"#,
    r#"{"action":"authenticate","data":{"key_id":"sim","secret_key":"sim"}}"#,
    r#"{"action":"listen","data":{"streams":["trade_updates"]}}"#,
    r#"{"action":"subscribe","bars":["*"],"trades":["A","B"],"quotes":["A"],"statuses":["*"],"lulds":["*"]}"#,
    r#"{"action":"unsubscribe","bars":["*"],"trades":["A"]}"#,
];
/// Requests for data, as they should be.
const TARGETS: &[&str] = &[
    "/v2/stocks/bars?symbols=A,B&timeframe=5Min&start=2026-03-02T14:30:00Z&end=2026-03-03&limit=5&sort=desc&page_token=A~1",
    "/v2/stocks/A/trades?start=2026-03-02&limit=10&feed=sip",
    "/v2/stocks/quotes/latest?symbols=A,B&feed=iex",
    "/v2/stocks/snapshots?symbols=A",
    "/v1/corporate-actions?symbols=A&types=forward_split&start=2026-03-02&end=2026-03-03",
    "/v2/orders?status=all&nested=true",
];

/// Where something is said, and in which encoding.
#[derive(Clone, Copy, Debug)]
struct Place {
    path: &'static str,
    is_packed: bool,
    is_text: bool,
}

fn place() -> impl Strategy<Value = Place> {
    (select(vec!["/stream", "/v2/sip", "/v2/iex"]), any::<bool>(), any::<bool>())
        .prop_map(|(path, is_packed, is_text)| Place { path, is_packed, is_text })
}

/// Encodes a message as MessagePack where it is JSON still.
fn packed(bytes: Vec<u8>) -> Vec<u8> {
    let value = serde_json::from_slice::<serde_json::Value>(&bytes).ok();
    let value = value.and_then(|value| rmpv::ext::to_value(&value).ok());
    let Some(value) = value else { return bytes };
    let mut packed = Vec::new();
    rmpv::encode::write_value(&mut packed, &value).expect("memory takes it");
    packed
}

async fn start() -> Running {
    let options = SyntheticOptions { symbols: 2, ..SyntheticOptions::default() };
    let market = MarketSource::Synthetic { seed: 7, options };
    let config = SimConfig { rate_limit: None, ..SimConfig::new(market) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    Server::start(config, listener).await.expect("a simulator")
}

/// Says things on a websocket and hears the answers until the connection ends or all is said.
async fn talk(running: &Running, place: Place, said: &[(&str, Vec<Change>, Vec<Change>)]) {
    let mut request = format!("ws://{}{}", running.address(), place.path).into_client_request().expect("an address");
    if place.is_packed {
        request.headers_mut().insert("content-type", "application/msgpack".parse().expect("a value"));
    }
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.expect("a websocket");
    for (message, before, after) in said {
        let mut bytes = changed(message, before);
        if place.is_packed {
            bytes = changed_bytes(packed(bytes), after);
        }
        let message = match String::from_utf8(bytes) {
            Ok(text) if place.is_text => Message::text(text),
            Ok(text) => Message::binary(text.into_bytes()),
            Err(odd) => Message::binary(odd.into_bytes()),
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
    // Everything before it was read when this is answered.
    if socket.send(Message::Ping(Vec::new().into())).await.is_err() {
        return;
    }
    while let Some(Ok(message)) = tokio::time::timeout(PATIENCE, socket.next()).await.expect("an answer in time") {
        if message.is_pong() {
            return;
        }
    }
}

/// Turns bits and cuts; what depends on text does not apply.
fn changed_bytes(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        match change {
            Change::Flip(at, bits) => {
                let at = at.index(bytes.len() + 1);
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bits);
            }
            Change::Cut(at) => bytes.truncate(at.index(bytes.len() + 1)),
            Change::Remove(..)
            | Change::Repeat(..)
            | Change::Insert(..)
            | Change::Value(..)
            | Change::Deep(..)
            | Change::Long(..) => {}
        }
    }
    bytes
}

/// Writes bytes to the port and returns the status of what comes back; `None` when nothing does.
async fn raw(running: &Running, bytes: &[u8]) -> Option<u16> {
    let mut socket = TcpStream::connect(running.address()).await.expect("it listens");
    // It may close before it has read all.
    let _ = socket.write_all(bytes).await;
    let _ = socket.shutdown().await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("an end in time");
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

fn http(target: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: x\r\nAPCA-API-KEY-ID: sim\r\nAPCA-API-SECRET-KEY: sim\r\nConnection: close\r\n\r\n"
    )
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[track_caller]
fn serves(runtime: &tokio::runtime::Runtime, running: &Running) {
    assert_eq!(runtime.block_on(raw(running, http("/v2/clock").as_bytes())), Some(200), "it no longer serves");
}

#[test]
fn websockets_survive_what_clients_say() {
    let runtime = runtime();
    let running = runtime.block_on(start());
    let said = vec((select(SAID), changes(), changes()), 1..6);
    let mut runner = proptest::test_runner::TestRunner::new(cases(1_000));
    let result = runner.run(&(place(), said), |(place, said)| {
        runtime.block_on(talk(&running, place, &said));
        serves(&runtime, &running);
        Ok(())
    });
    runtime.block_on(running.stop());
    result.expect("every conversation is survived");
}

#[test]
fn requests_survive_what_clients_write() {
    let runtime = runtime();
    let running = runtime.block_on(start());
    let mut runner = proptest::test_runner::TestRunner::new(cases(1_000));
    let result = runner.run(&(select(TARGETS), changes(), changes()), |(target, of_target, of_all)| {
        let target = String::from_utf8_lossy(&changed(target, &of_target)).replace(['\r', '\n', ' '], "%20");
        let status = runtime.block_on(raw(&running, &changed(&http(&target), &of_all)));
        prop_assert!(status.is_none_or(|status| status < 500), "{status:?}");
        serves(&runtime, &running);
        Ok(())
    });
    runtime.block_on(running.stop());
    result.expect("every request is survived");
}

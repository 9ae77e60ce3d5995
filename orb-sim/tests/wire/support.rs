//! A small HTTP client, websockets and simulators for tests.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use orb_data::synthetic::SyntheticOptions;
use orb_sim::config::Begin;
use orb_sim::market::MarketSource;
use orb_sim::{Running, Server, SimConfig, Speed};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message;

/// Nothing here takes longer, unless it never ends.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Returns a made-up market of four symbols that stands until somebody subscribes, at the highest speed.
pub(crate) fn config() -> SimConfig {
    let options = SyntheticOptions { symbols: 4, ..SyntheticOptions::default() };
    let market = MarketSource::Synthetic { seed: 7, options };
    SimConfig { speed: Speed::Max, begin: Begin::WithSubscription, ..SimConfig::new(market) }
}

/// Starts a simulator on a free port.
pub(crate) async fn start(config: SimConfig) -> Running {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    Server::start(config, listener).await.expect("a simulator")
}

/// Holds a reply as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Sends a request with the right key and reads all that comes.
pub(crate) async fn request(running: &Running, method: &str, path: &str, body: &str) -> Answer {
    request_as(running, "sim", method, path, body).await
}

/// Sends a request with a secret and reads all that comes.
pub(crate) async fn request_as(running: &Running, secret: &str, method: &str, path: &str, body: &str) -> Answer {
    let mut socket = TcpStream::connect(running.address()).await.expect("it listens");
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAPCA-API-KEY-ID: sim\r\nAPCA-API-SECRET-KEY: {secret}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(text.as_bytes()).await.expect("it reads");
    let mut bytes = Vec::new();
    // A connection that breaks in the middle has given what it gave.
    let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.expect("an answer in time");
    let text = String::from_utf8(bytes).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

pub(crate) async fn get(running: &Running, path: &str) -> Answer {
    request(running, "GET", path, "").await
}

/// A websocket whose frames are JSON.
pub(crate) struct Socket(tokio_tungstenite::WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn open(running: &Running, path: &str) -> Self {
        let url = format!("ws://{}{path}", running.address());
        Self(tokio_tungstenite::connect_async(url).await.expect("a websocket").0)
    }

    /// Asks for a websocket that is refused, and returns why.
    pub(crate) async fn refused(running: &Running, path: &str) -> String {
        let url = format!("ws://{}{path}", running.address());
        tokio_tungstenite::connect_async(url).await.expect_err("it is refused").to_string()
    }

    /// Opens the data stream and authenticates.
    pub(crate) async fn data(running: &Running) -> Self {
        let mut socket = Self::open(running, "/v2/sip").await;
        assert_eq!(socket.next().await, Some(json!([{"T": "success", "msg": "connected"}])));
        socket.say(&json!({"action": "auth", "key": "sim", "secret": "sim"})).await;
        assert_eq!(socket.next().await, Some(json!([{"T": "success", "msg": "authenticated"}])));
        socket
    }

    pub(crate) async fn say(&mut self, said: &Value) {
        self.0.send(Message::text(said.to_string())).await.expect("it is open");
    }

    /// Returns what comes next; `None` when the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a frame in time");
            match message? {
                Ok(Message::Text(text)) => return serde_json::from_str(&text).ok(),
                Ok(Message::Binary(bytes)) => return serde_json::from_slice(&bytes).ok(),
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Ok(Message::Close(_)) | Err(_) => return None,
            }
        }
    }
}

//! A server on this machine that notes when the bytes of an order have come.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use orb_core::Bar;
use orb_exec::alpaca::Urls;
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept};

use crate::day::{Day, RANGE};

/// How long something that must come may take; far beyond what it takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// An order that came, when its last byte was read.
pub(crate) struct Posted {
    pub(crate) at: Instant,
    /// The order as it was answered.
    pub(crate) order: Value,
}

/// Answers what orb asks.
pub(crate) struct Server {
    pub(crate) urls: Urls,
    posted: Receiver<Posted>,
    streams: Receiver<Stream>,
}

/// One of the two websockets, after its conversation.
pub(crate) enum Stream {
    Prices(Socket),
    Orders(Socket),
}

/// Writes frames.
pub(crate) struct Socket(WebSocket<TcpStream>);

impl Server {
    /// Listens on three free ports.
    pub(crate) fn start(day: &Day) -> Self {
        let (post, posted) = channel();
        let (stream, streams) = channel();
        let bars = bars(day);
        let rest = listen(move |socket| answer_all(socket, &bars, &post));
        let to_prices = stream.clone();
        let prices = listen(move |socket| drop(to_prices.send(Stream::Prices(Socket::prices(socket)))));
        let orders = listen(move |socket| drop(stream.send(Stream::Orders(Socket::orders(socket)))));
        let urls = Urls::parse(
            &format!("http://{rest}"),
            &format!("http://{rest}"),
            &format!("ws://{orders}/stream"),
            &format!("ws://{prices}"),
        );
        Self { urls: urls.expect("addresses on this machine"), posted, streams }
    }

    /// Waits for both websockets: prices and news of orders.
    pub(crate) fn streams(&self) -> (Socket, Socket) {
        let (mut prices, mut orders) = (None, None);
        while prices.is_none() || orders.is_none() {
            match self.streams.recv_timeout(PATIENCE).expect("orb opens its streams") {
                Stream::Prices(socket) => prices = Some(socket),
                Stream::Orders(socket) => orders = Some(socket),
            }
        }
        prices.zip(orders).expect("both are open")
    }

    /// Waits for the next order.
    pub(crate) fn posted(&self) -> Posted {
        self.posted.recv_timeout(PATIENCE).expect("orb sends an order")
    }
}

/// Takes connections, each on a thread of its own, until the process ends.
fn listen(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let serve = serve.clone();
            socket.set_nodelay(true).expect("a socket of this machine");
            std::thread::spawn(move || serve(socket));
        }
    });
    address
}

impl Socket {
    fn prices(socket: TcpStream) -> Self {
        let mut this = Self(accept(socket).expect("a websocket"));
        this.text(&json!([{ "T": "success", "msg": "connected" }]).to_string());
        this.hear("auth");
        this.text(&json!([{ "T": "success", "msg": "authenticated" }]).to_string());
        this.hear("subscribe");
        this.text(&json!([{ "T": "subscription" }]).to_string());
        this
    }

    fn orders(socket: TcpStream) -> Self {
        let mut this = Self(accept(socket).expect("a websocket"));
        this.hear("auth");
        this.binary(json!({ "stream": "authorization", "data": { "status": "authorized" } }).to_string());
        this.hear("listen");
        this.binary(json!({ "stream": "listening", "data": { "streams": ["trade_updates"] } }).to_string());
        this
    }

    fn hear(&mut self, action: &str) {
        let said = self.0.read().expect("orb speaks first").into_data();
        let said: Value = serde_json::from_slice(&said).expect("orb speaks JSON");
        assert_eq!(said["action"], action);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.0.send(Message::text(text)).expect("orb listens");
    }

    pub(crate) fn binary(&mut self, text: String) {
        self.0.send(Message::binary(text.into_bytes())).expect("orb listens");
    }
}

/// Returns the answer to every question for bars: those of the range but the last.
fn bars(day: &Day) -> String {
    let of = |id| (0..RANGE - 1).map(|minute| line(day.bar(id, minute))).collect::<Vec<_>>();
    let bars: Map<String, Value> =
        day.ids().map(|id| (day.symbols.name(id).to_string(), Value::from(of(id)))).collect();
    json!({ "bars": bars, "next_page_token": null }).to_string()
}

/// Returns the frame of the range's last bars.
pub(crate) fn last_bars(day: &Day) -> String {
    let message = |id| {
        let mut message = line(day.bar(id, RANGE - 1));
        message["T"] = json!("b");
        message["S"] = json!(day.symbols.name(id).as_str());
        message
    };
    Value::from(day.ids().map(message).collect::<Vec<_>>()).to_string()
}

fn line(bar: Bar) -> Value {
    let [o, h, l, c] = [bar.open, bar.high, bar.low, bar.close].map(|price| price.micros() as f64 / 1e6);
    json!({ "t": bar.start.to_string(), "o": o, "h": h, "l": l, "c": c, "v": bar.volume, "n": 1, "vw": c })
}

/// Answers the requests of one connection.
fn answer_all(mut socket: TcpStream, bars: &str, post: &Sender<Posted>) {
    let mut bytes = Vec::new();
    while let Some((at, head, body)) = next_request(&mut socket, &mut bytes) {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let answer = match (head.split(' ').next(), path.split('?').next().unwrap_or_default()) {
            (Some("POST"), "/v2/orders") => {
                let order = taken(&serde_json::from_slice(&body).expect("orb sends JSON"));
                let text = order.to_string();
                // Whoever waited for it may have given up; the answer is given all the same.
                _ = post.send(Posted { at, order });
                text
            }
            (Some("DELETE"), _) => String::new(),
            (_, "/v2/stocks/bars") => bars.to_owned(),
            (_, "/v2/account") => {
                json!({ "account_number": "LATENCY", "equity": "100000", "cash": "100000" }).to_string()
            }
            (_, "/v2/orders" | "/v2/positions" | "/v2/account/activities") => "[]".to_owned(),
            (verb, path) => panic!("orb asked for {verb:?} {path}"),
        };
        let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        if socket.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads one request: when its last byte came, its head and its body; `None` at the end of the connection.
fn next_request(socket: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(Instant, String, Vec<u8>)> {
    let mut buffer = [0; 16_384];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = content_length(&head);
            if bytes.len() >= end + 4 + length {
                let at = Instant::now();
                let rest = bytes.split_off(end + 4 + length);
                let body = std::mem::replace(bytes, rest).split_off(end + 4);
                return Some((at, head, body));
            }
        }
        let count = socket.read(&mut buffer).ok().filter(|&count| count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
}

fn content_length(head: &str) -> usize {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.map_or(0, |(_, value)| value.trim().parse().expect("a length"))
}

/// Returns an order as Alpaca writes it when it has taken it.
fn taken(request: &Value) -> Value {
    let ours = request["client_order_id"].as_str().expect("orb names its orders");
    let leg = |kind: &str, price: &Value| {
        json!({
            "id": format!("{ours}-{kind}"), "client_order_id": format!("broker-{ours}-{kind}"),
            "symbol": request["symbol"], "qty": request["qty"], "filled_qty": "0", "side": "sell", "type": kind,
            "stop_price": price, "status": "held", "order_class": request["order_class"], "time_in_force": "day",
        })
    };
    let stop = &request["stop_loss"]["stop_price"];
    let legs = if stop.is_null() { Value::Null } else { json!([leg("stop", stop)]) };
    json!({
        "id": format!("broker-{ours}"), "client_order_id": ours, "symbol": request["symbol"], "asset_class": "us_equity",
        "qty": request["qty"], "filled_qty": "0", "side": request["side"], "type": request["type"],
        "limit_price": request["limit_price"], "stop_price": request["stop_price"],
        "order_class": request["order_class"], "time_in_force": "day", "status": "new", "legs": legs,
    })
}

//! An account at a simulator in this process, in which a test orders by hand what orb would.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use orb_core::Span;
use orb_exec::alpaca::{AlpacaConfig, Credentials, Emergency, Environment, Feed, RequestLimits, Urls};
use orb_sim::http::Request;
use orb_sim::market::MarketSource;
use orb_sim::{Running, Server, SimConfig, Speed};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::{daemon::text, market::day};

/// No state of the account takes nearly as long to come.
const PATIENCE: Duration = Duration::from_secs(20);
/// Minutes that the market goes on.
const MINUTES: i64 = 390;

/// A simulator whose symbols swing between 9.90 and 10.10 all day, a simulated minute in a second.
pub(crate) struct Account {
    pub(crate) running: Running,
    pub(crate) folder: TempDir,
}

impl Account {
    /// Opens an account in which these things go wrong, two minutes after the open.
    pub(crate) async fn open(faults: Value) -> Self {
        Self::open_another(0, faults).await
    }

    /// Opens an account whose number comes of a seed.
    pub(crate) async fn open_another(seed: u64, faults: Value) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("bars.csv");
        std::fs::write(&file, bars()).unwrap();
        let market = MarketSource::Files { bars: vec![file], warmup: Vec::new() };
        let config = SimConfig {
            speed: Speed::Times(60.0),
            lead: Span::from_minutes(-2),
            rate_limit: None,
            seed,
            faults: serde_json::from_value(faults).unwrap(),
            ..SimConfig::new(market)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { running: Server::start(config, listener).await.unwrap(), folder }
    }

    /// Returns the client of an emergency.
    pub(crate) fn emergency(&self) -> Emergency {
        let config = AlpacaConfig {
            environment: Environment::Sim,
            urls: Urls::sim(self.running.address()),
            feed: Feed::Sip,
            credentials: Credentials { key_id: "sim".into(), secret: "sim".into() },
            limits: RequestLimits { per_minute: 100_000, reserve: 100, timeout: Duration::from_secs(1) },
        };
        Emergency::new(&config).unwrap()
    }

    /// Writes the configuration of a daemon for the account, with its state in `state`.
    pub(crate) fn config(&self, more: &str) -> std::path::PathBuf {
        let state = self.state();
        std::fs::create_dir_all(&state).unwrap();
        let path = self.folder.path().join("orb.toml");
        let (url, state) = (self.running.address(), text(&state).to_owned());
        let file = format!(
            "environment = \"sim\"\nsymbols = [\"AAA\"]\n[alpaca]\nfeed = \"sip\"\nurl = \"http://{url}\"\n\
             [daemon]\ndata_dir = \"{state}\"\nlisten = \"127.0.0.1:0\"\n{more}"
        );
        std::fs::write(&path, file).unwrap();
        path
    }

    /// Returns the daemon's state directory.
    pub(crate) fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state")
    }

    /// Asks the broker past the network and its faults.
    pub(crate) async fn ask(&self, method: &str, path: &str, query: &[(&str, &str)], body: Option<Value>) -> Value {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request = Request { method: method.to_owned(), path: path.to_owned(), query, body };
        let now = self.running.clock().now();
        let reply = self.running.with_broker(move |broker| broker.request(now, &request)).await.unwrap();
        assert!(reply.status < 300, "{method} {path}: {reply:?}");
        reply.body.unwrap_or_default()
    }

    /// Buys with a limit that fills at once and a stop attached, and waits for both.
    pub(crate) async fn enter(&self, symbol: &str, id: &str, shares: i64) {
        let stop = json!({ "stop_price": "9.5" });
        let order = json!({"symbol": symbol, "qty": shares.to_string(), "side": "buy", "type": "limit",
            "limit_price": "10.5", "time_in_force": "day", "client_order_id": id, "order_class": "oto", "stop_loss": stop});
        self.ask("POST", "/v2/orders", &[], Some(order)).await;
        self.until("an entry with its stop", |orders| {
            let entry = orders.iter().find(|order| order["client_order_id"] == id);
            let leg = entry.and_then(|entry| orders.iter().find(|order| order["parent"] == entry["id"]));
            entry.is_some_and(|entry| entry["status"] == "filled") && leg.is_some_and(|leg| leg["status"] == "new")
        })
        .await;
    }

    /// Leaves a limit order far below the market.
    pub(crate) async fn rest(&self, symbol: &str, id: &str) {
        let order = json!({"symbol": symbol, "qty": "10", "side": "buy", "type": "limit", "limit_price": "5",
            "time_in_force": "day", "client_order_id": id});
        self.ask("POST", "/v2/orders", &[], Some(order)).await;
    }

    /// Lists all orders, each leg behind its parent and with its identifier.
    pub(crate) async fn orders(&self) -> Vec<Value> {
        let query = [("status", "all"), ("limit", "500"), ("direction", "asc"), ("nested", "true")];
        let listed = self.ask("GET", "/v2/orders", &query, None).await;
        let mut orders = Vec::new();
        for order in listed.as_array().unwrap() {
            orders.push(order.clone());
            for leg in order["legs"].as_array().into_iter().flatten() {
                let mut leg = leg.clone();
                leg["parent"] = order["id"].clone();
                orders.push(leg);
            }
        }
        orders
    }

    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&[Value]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let orders = self.orders().await;
            if is_so(&orders) {
                return;
            }
            assert!(Instant::now() < deadline, "never: {what}: {orders:#?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns the shares that all fills in a symbol come to.
    pub(crate) async fn net(&self, symbol: &str) -> i64 {
        let shares = |order: &Value| order["filled_qty"].as_str().unwrap().parse::<i64>().unwrap();
        let sign = |order: &Value| if order["side"] == "buy" { 1 } else { -1 };
        self.orders()
            .await
            .iter()
            .filter(|order| order["symbol"] == symbol)
            .map(|order| sign(order) * shares(order))
            .sum()
    }

    /// Returns the open orders in a symbol: their types and identifiers.
    pub(crate) async fn open_orders(&self, symbol: &str) -> Vec<(String, String)> {
        let is_over = |order: &Value| {
            ["filled", "canceled", "expired", "rejected", "replaced"].contains(&order["status"].as_str().unwrap())
        };
        let word = |order: &Value, key: &str| order[key].as_str().unwrap().to_owned();
        let orders = self.orders().await;
        let open = orders.iter().filter(|order| order["symbol"] == symbol && !is_over(order));
        open.map(|order| (word(order, "type"), word(order, "client_order_id"))).collect()
    }
}

/// Returns the number of a simulator's account.
pub(crate) async fn account_number(running: &Running) -> String {
    let request = Request { method: "GET".to_owned(), path: "/v2/account".to_owned(), ..Request::default() };
    let now = running.clock().now();
    let reply = running.with_broker(move |broker| broker.request(now, &request)).await.unwrap();
    reply.body.unwrap()["account_number"].as_str().unwrap().to_owned()
}

/// Tells whether orb was halted in a state directory.
pub(crate) fn is_halted(state: &Path) -> bool {
    state.join("HALTED").exists()
}

/// Names an order as orb names it.
pub(crate) fn own_id(symbol: &str, tail: &str) -> String {
    format!("{}-orb-classic-{symbol}-{tail}", day().format("%Y%m%d"))
}

fn bars() -> String {
    let calendar = orb_data::nyse_calendar(2026, 2026);
    let open = calendar.session(day()).unwrap().open;
    let mut text = "symbol,ts,open,high,low,close,volume\n".to_owned();
    for minute in 0..MINUTES {
        for symbol in ["AAA", "BBB"] {
            writeln!(text, "{symbol},{},10,10.1,9.9,10,5000", open + Span::from_minutes(minute)).unwrap();
        }
    }
    text
}

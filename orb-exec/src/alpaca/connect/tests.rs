//! Both streams against a server whose part the tests speak.

mod clock;
mod orders;
mod prices;
mod server;

use std::collections::VecDeque;
use std::sync::Mutex;

use orb_core::event::{FeedState, MarketData as Prices, Origin};
use orb_core::{Date, Price, Session, Symbol};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::*;
use crate::alpaca::{Credentials, Environment, RequestLimits, Urls};
use crate::market::{MarketData as _, MarketStep};
use clock::ManualClock;
use server::{Connection, Server};

/// Bounds every wait, so that a failure shows as one; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
#[error("the source has nothing to give")]
struct Empty;

/// Gives the snapshots and bars that a test put there, when it lets them go.
#[derive(Debug)]
struct Source {
    snapshots: Mutex<VecDeque<Option<BrokerSnapshot>>>,
    bars: Mutex<VecDeque<Option<Vec<Bar>>>>,
    /// Names each stretch that was asked for.
    asked: Mutex<Vec<(Timestamp, Timestamp)>>,
    /// A snapshot takes one permit before it is given.
    permits: Semaphore,
    /// Counts the snapshots that were begun.
    begun: tokio::sync::watch::Sender<u32>,
}

impl SnapshotSource for Source {
    type Error = Empty;

    async fn snapshot(&self) -> Result<BrokerSnapshot, Empty> {
        self.begun.send_modify(|count| *count += 1);
        self.permits.acquire().await.map_err(|_| Empty)?.forget();
        let next = self.snapshots.lock().unwrap().pop_front();
        next.unwrap_or(Some(BrokerSnapshot::default())).ok_or(Empty)
    }
}

impl BarSource for Source {
    type Error = Empty;

    async fn bars(&self, _: &[SymbolId], from: Timestamp, to: Timestamp) -> Result<Vec<Bar>, Empty> {
        self.asked.lock().unwrap().push((from, to));
        self.bars.lock().unwrap().pop_front().unwrap_or_default().ok_or(Empty)
    }
}

/// Holds both servers and what the client under test is made of.
struct Rig {
    orders: Server,
    prices: Server,
    clock: ManualClock,
    source: Arc<Source>,
    settings: StreamSettings,
    symbols: Arc<SymbolTable>,
    stop: CancellationToken,
}

/// Holds the client under test, connected.
struct Live {
    market: AlpacaMarket<ManualClock>,
    events: mpsc::UnboundedReceiver<BrokerEvent>,
    orders: Connection,
    prices: Connection,
}

type Opening =
    tokio::task::JoinHandle<(Result<AlpacaMarket<ManualClock>, ConnectError>, mpsc::UnboundedReceiver<BrokerEvent>)>;

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn open() -> Timestamp {
    Timestamp::parse_rfc3339("2026-02-13T14:30:00Z").unwrap()
}

/// Returns an instant so many minutes and milliseconds after the open.
fn at(minute: i64, millis: i64) -> Timestamp {
    open() + Span::from_minutes(minute) + Span::from_millis(millis)
}

impl Rig {
    /// Starts the servers at an instant; the client is not connected yet.
    async fn at(now: Timestamp) -> Self {
        let settings = StreamSettings {
            stale_after: Some(Span::from_seconds(75)),
            compare_every: None,
            ends_with_session: true,
            connect_tries: 2,
            seed: 1,
            // The tests answer pings only while they listen.
            ping_every: Duration::from_secs(3_600),
            ..StreamSettings::default()
        };
        let source = Source {
            snapshots: Mutex::default(),
            bars: Mutex::default(),
            asked: Mutex::default(),
            permits: Semaphore::new(1_000),
            begun: tokio::sync::watch::Sender::default(),
        };
        Self {
            orders: Server::start().await,
            prices: Server::start().await,
            clock: ManualClock::at(now),
            source: Arc::new(source),
            settings,
            symbols: Arc::new(SymbolTable::new(["AAPL", "MSFT"].map(|text| Symbol::new(text).unwrap()))),
            stop: CancellationToken::new(),
        }
    }

    fn config(&self) -> AlpacaConfig {
        let nowhere: Url = "http://127.0.0.1:9".parse().unwrap();
        let mut trade_stream = self.orders.address();
        trade_stream.set_path("/stream");
        AlpacaConfig {
            environment: Environment::Sim,
            urls: Urls { trading: nowhere.clone(), data: nowhere, trade_stream, data_stream: self.prices.address() },
            feed: Feed::Iex,
            credentials: Credentials { key_id: "key".into(), secret: "secret".into() },
            limits: RequestLimits::default(),
        }
    }

    /// Begins to open both streams, while the test speaks the servers' part.
    fn begin(&self) -> Opening {
        let date = Date::from_ymd_opt(2026, 2, 13).unwrap();
        let session = Session { date, open: open(), close: at(390, 0) };
        let (sender, events) = mpsc::unbounded_channel();
        let parts = StreamParts {
            config: self.config(),
            symbols: Arc::clone(&self.symbols),
            calendar: Arc::new(Calendar::new(vec![session]).unwrap()),
            clock: self.clock.clone(),
            settings: self.settings.clone(),
            source: Arc::clone(&self.source),
            reader: OrderReader::new(Arc::clone(&self.symbols)),
            outbox: Outbox::new(sender, self.clock.clone()),
            stop: self.stop.clone(),
        };
        tokio::spawn(async move { (open_streams(parts).await, events) })
    }

    async fn connect(&self) -> Live {
        let opening = self.begin();
        let orders = within(self.orders.accept_orders()).await;
        let prices = within(self.prices.accept_prices()).await;
        let (market, events) = within(opening).await.unwrap();
        Live { market: market.unwrap(), events, orders, prices }
    }

    /// Connects and takes the first snapshot.
    async fn connect_compared(&self) -> Live {
        let mut live = self.connect().await;
        assert_eq!(live.event().await, "snapshot");
        live
    }
}

impl Live {
    /// Waits for the broker's next report, in short.
    async fn event(&mut self) -> String {
        match within(self.events.recv()).await.unwrap() {
            BrokerEvent::Outcome(..) => "outcome".to_owned(),
            BrokerEvent::Order(update) => {
                let execution = update.execution.map(|execution| format!(" {}", execution.id)).unwrap_or_default();
                format!("{:?} {}{execution}", update.event, update.order.broker_id)
            }
            BrokerEvent::Snapshot(_) => "snapshot".to_owned(),
            BrokerEvent::Feed(FeedState::Trouble(kind)) => format!("trouble {}", kind.name()),
            BrokerEvent::Feed(FeedState::Recovered(kind)) => format!("recovered {}", kind.name()),
        }
    }

    /// Waits for the market's next step, in short: `live 0:2` are the bars of minute 0, of two symbols.
    async fn step(&mut self) -> String {
        match within(self.market.next(None)).await {
            MarketStep::Market(_, origin, Prices::Bars(bars)) => {
                let origin = if origin == Origin::Live { "live" } else { "backfill" };
                format!("{origin} {}:{}", (bars[0].start - open()).minutes(), bars.len())
            }
            MarketStep::Market(_, _, Prices::Quote { symbol, bid, .. }) => format!("quote {} {bid}", symbol.0),
            MarketStep::Market(_, _, Prices::Trade { symbol, price, .. }) => format!("trade {} {price}", symbol.0),
            MarketStep::Market(_, _, Prices::Halt { symbol, halted }) => format!("halt {} {halted}", symbol.0),
            MarketStep::Market(_, _, Prices::Correction(bar)) => format!("correction {}", bar.volume),
            MarketStep::Feed(_, FeedState::Trouble(kind)) => format!("trouble {}", kind.name()),
            MarketStep::Feed(_, FeedState::Recovered(kind)) => format!("recovered {}", kind.name()),
            MarketStep::Wakeup(_) => "wakeup".to_owned(),
            MarketStep::Advanced(_) => "advanced".to_owned(),
            MarketStep::End => "end".to_owned(),
        }
    }
}

/// Waits for something that must come.
#[track_caller]
fn within<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let caller = core::panic::Location::caller();
    async move { timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{caller}: it did not come")) }
}

/// Waits until something that another task brings about is so.
#[track_caller]
fn until(mut holds: impl FnMut() -> bool) -> impl Future<Output = ()> {
    within(async move {
        while !holds() {
            tokio::task::yield_now().await;
        }
    })
}

/// Writes a bar as the stream carries it.
fn bar_json(symbol: &str, minute: i64) -> Value {
    json!({
        "T": "b", "S": symbol, "o": 10.0, "h": 10.5, "l": 9.5, "c": 10.25, "v": 100 + minute,
        "t": at(minute, 0).to_string(), "n": 3, "vw": 10.1,
    })
}

fn bar(symbol: u32, minute: i64) -> Bar {
    let [open, high, low, close] = [1_000, 1_050, 950, 1_025].map(Price::from_cents);
    Bar { symbol: SymbolId(symbol), start: at(minute, 0), open, high, low, close, volume: 100 }
}

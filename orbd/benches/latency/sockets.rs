//! From socket to socket, through what trades live.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use orb_core::effect::Effects;
use orb_core::event::Event;
use orb_core::{Engine, Span, Timestamp};
use orb_exec::alpaca::{
    AlpacaConfig, BracketSupport, ConnectParts, Connected, Credentials, Environment, Feed, RequestLimits,
    StreamSettings, connect,
};
use orb_exec::{Clock, EntryGate};
use orbd::guard::Heart;
use orbd::monitoring::Meters;
use orbd::runtime::{Asked, Ended, HaltFile, Identity, Publisher, Recorder, Runtime, header};
use orbd::spill::{KeepError, Keeper, Patience};
use orbd::store::{DatabaseUrl, Ledger, LogOptions, LogWriter, Names, Writer};
use orbd::view::{self, View};
use serde_json::json;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::day::{BEYOND, Day, RANGE};
use crate::samples::Samples;
use crate::server::{Posted, Server, Socket, last_bars};

/// Days of which each symbol gives one sample.
const ROUNDS: u32 = 12;
/// Days that are not counted.
const WARM_UP: u32 = 1;
/// So long before the range's end a day is joined; the bars until then are read from the data host.
const JOINED_BEFORE: Span = Span::from_millis(1_500);
/// How long after its end the last minute's bars come.
const BARS_AFTER: Span = Span::from_millis(30);
/// How long orb is left alone before the samples.
const QUIET: Duration = Duration::from_secs(1);
/// How long orb is left alone after each sample.
const PAUSE: Duration = Duration::from_millis(3);

/// A machine that stands still for a while is measured as such: entries are not held because of it.
const PATIENCE: Patience = Patience::SIMULATED;

/// Tells a time that began with the round and runs as the machine's does.
#[derive(Clone, Debug)]
struct RoundClock {
    began: Instant,
    at: Timestamp,
}

impl Clock for RoundClock {
    fn now(&self) -> Timestamp {
        self.at + Span::from_micros(i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX))
    }

    async fn sleep_until(&self, at: Timestamp) {
        let left = (at - self.now()).micros();
        if let Ok(left @ 1..) = u64::try_from(left) {
            tokio::time::sleep(Duration::from_micros(left)).await;
        }
    }
}

/// Holds what all rounds share: the records, the log, and the threads of the adapter.
pub(crate) struct Rig {
    url: DatabaseUrl,
    folder: PathBuf,
    halt_file: HaltFile,
    adapter: tokio::runtime::Runtime,
    /// Writes as long as anybody trades.
    _logs: LogWriter,
}

impl Rig {
    pub(crate) fn new(folder: &Path) -> Self {
        let url = DatabaseUrl::sqlite(folder.join("orb.db"));
        orbd::store::migrate(&url).expect("new records");
        let logs = LogWriter::open(&url, LogOptions::default(), drop).expect("new records");
        orbd::telemetry::start(logs.sender());
        let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self {
            url,
            folder: folder.to_owned(),
            halt_file: HaltFile::of(folder),
            adapter: threads.expect("threads"),
            _logs: logs,
        }
    }

    /// Measures from trades to the entries that they trigger.
    pub(crate) fn entries(&self) -> Samples {
        let day = Day::new(&[]);
        self.rounds("entries", &day, |round, samples| {
            let (server, mut streams) = (&round.server, round.end_of_range(&day));
            std::thread::sleep(QUIET);
            for id in day.ids() {
                let (now, symbol) = (round.clock.now().to_string(), day.symbols.name(id).as_str());
                let frame = json!([{
                    "T": "t", "S": symbol, "i": 1, "x": "V", "p": price(BEYOND), "s": 100, "c": ["@"], "t": now, "z": "C",
                }]);
                let frame = frame.to_string();
                let written = Instant::now();
                streams.0.text(&frame);
                samples.add(sent(&server.posted(), symbol, written));
                std::thread::sleep(PAUSE);
            }
        })
    }

    /// Measures from fills to the stops that protect them.
    pub(crate) fn stops(&self) -> Samples {
        let resting = [("direction", "candle"), ("slot_policy", "ranked"), ("entry_mode", "resting_stop")];
        let day = Day::new(&resting);
        self.rounds("stops", &day, |round, samples| {
            let (server, mut streams) = (&round.server, round.end_of_range(&day));
            let entries: Vec<Posted> = day.ids().map(|_| server.posted()).collect();
            std::thread::sleep(QUIET);
            for entry in entries {
                let symbol = entry.order["symbol"].as_str().unwrap_or_default().to_owned();
                let frame = filled(entry.order, round.clock.now());
                let written = Instant::now();
                streams.1.binary(frame);
                samples.add(sent(&server.posted(), &symbol, written));
                std::thread::sleep(PAUSE);
            }
        })
    }

    /// Trades some days, each in books of its own.
    fn rounds(&self, name: &str, day: &Day, trade: impl Fn(&Round, &mut Samples)) -> Samples {
        let mut samples = Samples::default();
        for number in 0..WARM_UP + ROUNDS {
            let round = self.begin(day, &format!("{name}-{number}"));
            let mut taken = Samples::default();
            trade(&round, if number < WARM_UP { &mut taken } else { &mut samples });
            round.stop.cancel();
            round.engine.join().expect("the engine's thread").expect("commits");
        }
        samples
    }

    /// Connects with a new server, and gives the engine its thread as the daemon does.
    fn begin(&self, day: &Day, account: &str) -> Round {
        let server = Server::start(day);
        let clock = RoundClock { began: Instant::now(), at: day.minute(RANGE) - JOINED_BEFORE };
        let (gate, stop) = (EntryGate::default(), CancellationToken::new());
        let parts = ConnectParts {
            config: AlpacaConfig {
                environment: Environment::Sim,
                urls: server.urls.clone(),
                feed: Feed::Sip,
                credentials: Credentials { key_id: account.into(), secret: "secret".into() },
                limits: RequestLimits { per_minute: 1_000_000, reserve: 1_000, ..RequestLimits::default() },
            },
            symbols: Arc::clone(&day.symbols),
            calendar: Arc::clone(&day.calendar),
            gate: gate.clone(),
            clock: clock.clone(),
            brackets: BracketSupport::default(),
            settings: StreamSettings {
                stale_after: Some(Span::from_minutes(60)),
                compare_every: None,
                watches_clock: false,
                ..StreamSettings::default()
            },
            stop: stop.clone(),
        };
        let connected = self.adapter.block_on(connect(parts)).expect("a connection on this machine");
        let ledger = Ledger::new(view::Environment::Sim, account);
        let (url, folder, halt_file) = (self.url.clone(), self.folder.clone(), self.halt_file.clone());
        let engine = Thread { day: day.clone(), ledger, url, folder, halt_file };
        let (now, ends) = (clock.now(), (gate, stop.clone()));
        let engine = std::thread::spawn(move || engine.run(connected, now, ends));
        Round { server, clock, stop, engine }
    }
}

/// One day under way.
struct Round {
    server: Server,
    clock: RoundClock,
    stop: CancellationToken,
    engine: JoinHandle<Result<Ended, KeepError>>,
}

impl Round {
    /// Sends the last bars of the range when they are due, and returns both streams: prices and news of orders.
    fn end_of_range(&self, day: &Day) -> (Socket, Socket) {
        let (mut prices, orders) = self.server.streams();
        let left = (day.minute(RANGE) + BARS_AFTER - self.clock.now()).micros();
        std::thread::sleep(Duration::from_micros(u64::try_from(left).unwrap_or(0)));
        prices.text(&last_bars(day));
        (prices, orders)
    }
}

/// What the engine's thread takes with it.
struct Thread {
    day: Day,
    ledger: Ledger,
    url: DatabaseUrl,
    folder: PathBuf,
    halt_file: HaltFile,
}

impl Thread {
    fn run(
        self,
        connected: Connected<RoundClock>,
        now: Timestamp,
        (gate, stop): (EntryGate, CancellationToken),
    ) -> Result<Ended, KeepError> {
        let first = Event::Reference(self.day.reference());
        let strategies = self.day.run.strategies.iter().map(|strategy| strategy.name.clone()).collect();
        let names = Names { symbols: (*self.day.symbols).clone(), strategies };
        let writer = Writer::open(&self.url, self.ledger.clone(), names)?;
        let engine = Engine::new(self.day.engine_config().explained());
        // Nobody looks on, but everything is shown.
        let (view, _views) = watch::channel(Arc::new(View::default()));
        let (updates, _updates) = broadcast::channel(4_096);
        let (_days, days) = mpsc::channel(1);
        let (_commands, commands) = mpsc::channel(1);
        let (_audits, audits) = mpsc::channel(1);
        let ledger = self.ledger.view();
        let settings = Arc::default();
        let identity =
            Identity { ledger, config: "latency".to_owned(), settings, feed: "sip".to_owned(), simulated_speed: None };
        let mut runtime = Runtime {
            recorder: Recorder::new(header(&engine, orb_core::Restored::default(), 0), 0, 0),
            keeper: Keeper::start(writer, &self.folder, PATIENCE)?,
            engine,
            broker: connected.broker,
            market: connected.market,
            gate,
            broker_events: connected.events,
            days,
            commands,
            audits,
            publisher: Publisher::new(identity, view, updates),
            heart: Heart::of(self.halt_file.path().parent().unwrap_or_else(|| Path::new("."))),
            halt_file: self.halt_file,
            stop,
            effects: Effects::default(),
            store_trouble: None,
            let_go: 0,
            meters: Meters::default(),
            asked: Asked::default(),
        };
        let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread's timer");
        threads.block_on(async move {
            runtime.begin(now, vec![first]).await?;
            runtime.run().await
        })
    }
}

/// Returns the time from a frame to the order that it led to.
fn sent(posted: &Posted, symbol: &str, written: Instant) -> Duration {
    assert_eq!(posted.order["symbol"], symbol, "another order than the frame asked for");
    posted.at - written
}

fn price(price: orb_core::Price) -> f64 {
    price.micros() as f64 / 1e6
}

/// Returns the news that an entry has been filled as a whole.
fn filled(mut order: serde_json::Value, at: Timestamp) -> String {
    let (level, shares) = (order["stop_price"].clone(), order["qty"].clone());
    order["status"] = json!("filled");
    order["filled_qty"] = shares.clone();
    order["filled_avg_price"] = level.clone();
    let data = json!({
        "event": "fill", "execution_id": order["id"], "order": order, "timestamp": at.to_string(), "price": level,
        "qty": shares, "position_qty": shares,
    });
    json!({ "stream": "trade_updates", "data": data }).to_string()
}

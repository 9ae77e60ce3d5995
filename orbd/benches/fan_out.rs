//! How long it takes until 500 subscribers have an update of positions, and what the engine notices of them.
//!
//! The API is the real one, over sockets of this machine: each subscriber has a connection of its own. What is played is
//! the engine, which publishes as the real one does. The engine, the API and all clients have one thread each, so that
//! the time that the API takes is known apart.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "latency/samples.rs"]
mod samples;

use std::fs;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use orb_api::{Client, Endpoint, Token, v1};
use orb_core::symbol::SymbolTable;
use orb_core::{Money, Price, Quantity, Side, Symbol, SymbolId, Timestamp};
use orb_exec::EntryGate;
use orbd::auth::{Auth, Role};
use orbd::monitoring::Meters;
use orbd::reload::InForce;
use orbd::rpc::{Exposure, Finished, Handle, Switchboard, WebRules, bind, serve};
use orbd::store::{DatabaseUrl, Ledger, Names, Reader, Writer};
use orbd::view::{Environment, PositionView, Update, View};
use prost::Message as _;
use samples::Samples;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Who reads all that comes.
const SUBSCRIBERS: usize = 500;
/// Who has a stream and reads nothing.
const DEAD: usize = 250;
/// A token may have so many streams.
const STREAMS_OF_A_TOKEN: usize = 25;
/// Open positions, all of which change with each update.
const POSITIONS: u32 = 5;
/// Updates, and the time between them: more than a market brings.
const ROUNDS: usize = 300;
const PAUSE: Duration = Duration::from_millis(50);
/// Rounds that are not counted: the first ones warm up.
const WARM_UP: usize = 20;
/// Updates that the hub may be behind, as in the daemon.
const UPDATES: usize = 1024;

fn main() {
    let stage = Stage::new();
    println!("{POSITIONS} positions, an update each {} ms, {} updates", PAUSE.as_millis(), ROUNDS - WARM_UP);
    println!("{:<58} {:>7} {:>10} {:>10} {:>10} {:>10}", "", "samples", "p50", "p99", "p99.9", "max");
    let alone = stage.rounds(Vec::new());
    alone.published.print("nobody listens: the engine's publication");
    let (readers, dead) = stage.subscribe(SUBSCRIBERS, 0);
    stage.rounds(readers).print("500 read");
    drop(dead);
    let (readers, dead) = stage.subscribe(SUBSCRIBERS, DEAD);
    stage.rounds(readers).print("500 read, 250 do not");
    drop(dead);
    encoding();
}

/// The engine that is played, the real API, and its clients.
struct Stage {
    /// The API runs as long as it is there.
    _api: Runtime,
    clients: Runtime,
    view: watch::Sender<Arc<View>>,
    updates: broadcast::Sender<Arc<Update>>,
    uri: String,
    stop: CancellationToken,
    /// What the API talks to is there as long as it.
    _others: (mpsc::Receiver<orbd::rpc::CommandRequest>, mpsc::Receiver<orbd::store::Audit>, tempfile::TempDir),
}

/// When each update was published.
type Started = Arc<Vec<OnceLock<Instant>>>;
/// When a subscriber had updates, by their number.
type Seen = Vec<(usize, Instant)>;
/// Subscribers that wait for the first round.
type Readers = Vec<tonic::Streaming<v1::StreamPositionsResponse>>;

/// What some rounds have come to.
struct Measured {
    published: Samples,
    each: Samples,
    all: Samples,
    received: usize,
    processor: Duration,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = DatabaseUrl::sqlite(folder.path().join("orb.db"));
        let ledger = Ledger::new(Environment::Sim, "BENCH");
        let strategies = vec!["orb-classic".to_owned()];
        drop(Writer::open(&url, ledger.clone(), Names { symbols: symbols(), strategies }).expect("records"));
        let first = View { ledger: ledger.view(), ..state(0) };
        let (view, views) = watch::channel(Arc::new(first));
        let updates = broadcast::Sender::new(UPDATES);
        let ((commands, asked), (audit, audits)) = (mpsc::channel(8), mpsc::channel(8));
        let handle = Handle {
            view: views,
            updates: updates.clone(),
            logs: broadcast::Sender::new(UPDATES),
            commands,
            gate: EntryGate::default(),
            audit,
            finished: Finished::default(),
            reader: Reader::open(&url, &ledger).expect("records"),
            switchboard: Switchboard::default(),
            config: InForce::default(),
            meters: Meters::default(),
        };
        let thread = |name| Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build();
        let (api, clients) = (thread("api").expect("a thread"), thread("clients").expect("a thread"));
        let stop = CancellationToken::new();
        let exposure = Exposure {
            address: "127.0.0.1:0".parse().expect("an address"),
            socket: None,
            tls: None,
            connections: NonZeroUsize::new(2_000).expect("not zero"),
            web: WebRules::default(),
        };
        let listeners = api.block_on(bind(&exposure)).expect("a port");
        let uri = listeners.url().expect("an address");
        let tokens = 0..(SUBSCRIBERS + DEAD).div_ceil(STREAMS_OF_A_TOKEN);
        let auth =
            tokens.fold(Auth::new(), |auth, number| auth.with_token(&token(number), &name(number), Role::Viewer));
        let ended = stop.clone();
        api.spawn(async move { serve(listeners, handle, Arc::new(auth), ended).await });
        Self { _api: api, clients, view, updates, uri, stop, _others: (asked, audits, folder) }
    }

    /// Opens streams, each over a connection of its own, of which some are read and some are not.
    fn subscribe(&self, readers: usize, dead: usize) -> (Readers, Vec<(Client, Readers)>) {
        self.clients.block_on(async {
            let (mut read, mut unread) = (Vec::new(), Vec::new());
            for number in 0..readers + dead {
                let endpoint = Endpoint::new(self.uri.clone(), Some(token(number / STREAMS_OF_A_TOKEN)));
                let client = Client::connect(endpoint).await.expect("a connection");
                let request = v1::StreamPositionsRequest::default();
                let mut stream = client.portfolio().stream_positions(request).await.expect("a stream").into_inner();
                stream.message().await.expect("a snapshot");
                if number < readers {
                    read.push(stream);
                } else {
                    unread.push((client, vec![stream]));
                }
            }
            (read, unread)
        })
    }

    /// Publishes updates and notes when they have come to each reader.
    fn rounds(&self, readers: Readers) -> Measured {
        let started: Started = Arc::new((0..=ROUNDS).map(|_| OnceLock::new()).collect());
        let tasks: Vec<_> = readers.into_iter().map(|stream| self.clients.spawn(follow(stream))).collect();
        let (before, mut published) = (processor("api"), Samples::default());
        for (round, start) in started.iter().enumerate().skip(1) {
            let now = Instant::now();
            start.get_or_init(|| now);
            self.publish(round);
            if round > WARM_UP {
                published.add(now.elapsed());
            }
            std::thread::sleep(PAUSE);
        }
        let received = self.clients.block_on(async {
            let mut received = Vec::new();
            for task in tasks {
                received.push(task.await.expect("a reader"));
            }
            received
        });
        summed(&started, &received, published, processor("api").saturating_sub(before))
    }

    fn publish(&self, round: usize) {
        let (sequence, ledger) = (self.view.borrow().sequence + 1, self.view.borrow().ledger.clone());
        let view = Arc::new(View { sequence, ledger, ..state(round) });
        self.view.send_replace(Arc::clone(&view));
        // There may be nobody.
        let _ = self.updates.send(Arc::new(Update { sequence, view, changes: Vec::new() }));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Reads a stream up to the last round.
async fn follow(mut stream: tonic::Streaming<v1::StreamPositionsResponse>) -> Seen {
    let mut seen = Vec::with_capacity(ROUNDS);
    while let Some(message) = stream.message().await.expect("the stream goes on") {
        let Some(v1::stream_positions_response::Event::Update(update)) = message.event else { continue };
        let round = update.changed.first().and_then(|row| row.unrealized_pnl.as_deref()?.parse().ok());
        let Some(round) = round else { continue };
        seen.push((round, Instant::now()));
        if round == ROUNDS {
            break;
        }
    }
    seen
}

fn summed(started: &Started, received: &[Seen], published: Samples, processor: Duration) -> Measured {
    let (mut each, mut last) = (Samples::default(), vec![Duration::ZERO; ROUNDS + 1]);
    for (round, at) in received.iter().flatten().copied().filter(|(round, _)| *round > WARM_UP) {
        let took = at.saturating_duration_since(*started[round].get().expect("it was published"));
        each.add(took);
        last[round] = last[round].max(took);
    }
    let mut all = Samples::default();
    last.into_iter().filter(|took| !took.is_zero()).for_each(|took| all.add(took));
    Measured { published, each, all, received: received.iter().map(Vec::len).sum(), processor }
}

impl Measured {
    fn print(self, name: &str) {
        let messages = self.received;
        self.published.print(&format!("{name}: the engine's publication"));
        self.each.print(&format!("{name}: published to read, each"));
        self.all.print(&format!("{name}: published to read, the last of all"));
        let micros = self.processor.as_secs_f64() * 1e6 / messages.max(1) as f64;
        println!("{name}: {messages} messages, {micros:.1} us of the API's thread a message");
    }
}

/// What one message costs to put into bytes, which would be done once for all who want the same.
fn encoding() {
    let position = |number: u32| v1::Position {
        ledger_id: "sim-0123456789ab".to_owned(),
        strategy: "orb-classic".to_owned(),
        symbol: format!("SYM{number}"),
        quantity: 100,
        entry_price: "101.25".to_owned(),
        last_price: Some("102.5".to_owned()),
        stop_price: Some("100.75".to_owned()),
        unrealized_pnl: Some("125".to_owned()),
        notional: "10250".to_owned(),
        protected_quantity: 100,
        trade_id: format!("2026-02-13/orb-classic/SYM{number}/1"),
        ..v1::Position::default()
    };
    let update =
        v1::PositionsUpdate { changed: (0..POSITIONS).map(position).collect(), removed: Vec::new(), day_pnl: None };
    let event = Some(v1::stream_positions_response::Event::Update(update));
    let message = v1::StreamPositionsResponse { sequence: 1, event, ..Default::default() };
    let (mut bytes, start, count) = (0, Instant::now(), 100_000_u32);
    for _ in 0..count {
        bytes += std::hint::black_box(&message).clone().encode_to_vec().len();
    }
    let each = start.elapsed() / count;
    println!("a message of {} bytes is copied and encoded in {each:?}", bytes / count as usize);
}

/// Returns the time that the threads of a name have had a processor.
fn processor(name: &str) -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("a process has threads");
    let of = |path: std::path::PathBuf| -> Option<u64> {
        let is_named = fs::read_to_string(path.join("comm")).ok()?.trim() == name;
        let times = fs::read_to_string(path.join("schedstat")).ok()?;
        is_named.then(|| times.split(' ').next()?.parse().ok()).flatten()
    };
    Duration::from_nanos(tasks.filter_map(|task| of(task.ok()?.path())).sum())
}

fn symbols() -> SymbolTable {
    SymbolTable::new((0..POSITIONS).map(|number| Symbol::new(&format!("SYM{number}")).expect("a ticker")))
}

/// Returns the state after a round: every position's result is its number.
fn state(round: usize) -> View {
    let result = Money::from_micros(i64::try_from(round).expect("a small number") * 1_000_000);
    let price = |cents| Some(Price::from_cents(cents));
    let position = |number| PositionView {
        trade_id: format!("2026-02-13/orb-classic/SYM{number}/1").into(),
        strategy: "orb-classic".into(),
        symbol: format!("SYM{number}").into(),
        symbol_id: SymbolId(number),
        side: Side::Long,
        quantity: Quantity::new(100),
        entry_price: Price::from_cents(10_125),
        last: price(10_250),
        stop: price(10_075),
        target: None,
        unrealized: Some(result),
        unrealized_r_e4: Some(10_000),
        notional: Money::from_micros(10_250_000_000),
        protected: Quantity::new(100),
        entry_time: Timestamp::from_micros(1_770_993_300_000_000),
        closing: None,
    };
    let positions = (0..POSITIONS).map(position).collect();
    View { positions, symbols: Arc::new(symbols()), now: Some(Timestamp::from_micros(1)), ..View::default() }
}

fn token(number: usize) -> Token {
    Token::parse(&format!("bench-token-{number}")).expect("a token")
}

fn name(number: usize) -> String {
    format!("reader-{number}")
}

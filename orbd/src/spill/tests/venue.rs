//! A session on the backtest's exchange, through the whole daemon, that waits at chosen instants.

use std::collections::VecDeque;
use std::path::Path;

use orb_core::config::{RunConfig, preset};
use orb_core::event::{Authorised, Command, Event};
use orb_core::{Price, Span, Symbol, SymbolId, Timestamp};
use orb_exec::local::{LocalMarket, Speed};
use orb_exec::{EntryGate, MarketData, MarketStep};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::daemon::{Books, Daemon, Folder, Post, Start, Venue};
use crate::demo::DemoSession;
use crate::rehearsal::{Minutes, by_hand};
use crate::rpc::CommandReply;
use crate::runtime::Identity;
use crate::spill::Patience;
use crate::store::{DatabaseUrl, Ledger};
use crate::view::{Environment, View};

/// The day after Thanksgiving: the exchange closes at 13:00, and positions are left at 10:00.
const DATE: &str = "2025-11-28";
/// Minutes from the open to the end of the bars.
const LENGTH: usize = 34;
/// Nothing takes nearly as long.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Returns an instant of the day by its time in New York.
pub(super) fn at(time: &str) -> Timestamp {
    let text = format!("{DATE}T{time}-05:00");
    Timestamp::parse_rfc3339(&text).expect(&text)
}

pub(super) fn price(text: &str) -> Price {
    text.parse().expect(text)
}

/// Begins a symbol's day: a range from 100 to 101 and a minute below its high.
fn range(symbol: &str) -> Minutes {
    let minutes = Minutes::new(Symbol::new(symbol).expect(symbol), price("100"));
    minutes.to(price("100.5")).to(price("100")).to(price("101")).to(price("100.4")).to(price("100.6")).stay(1)
}

/// Makes a symbol that breaks out in the minute that begins so long after 9:36, and then does what is added.
pub(super) fn breaks_out(symbol: &str, minutes_later: usize) -> Minutes {
    range(symbol).stay(minutes_later).to(price("101.2"))
}

/// Makes the day of some symbols.
pub(super) fn session(minutes: Vec<Minutes>) -> DemoSession {
    let mut strategy = preset("orb-classic").expect("a preset");
    strategy.gap_limit = None;
    strategy.flatten_before_close = Span::from_minutes(180);
    strategy.entry_cutoff = Some(Span::from_minutes(185));
    let minutes: Vec<Minutes> = minutes.into_iter().map(|minutes| minutes.until(LENGTH)).collect();
    by_hand(DATE.parse().expect("a date"), &minutes, RunConfig::of(strategy)).expect("a session")
}

/// The records' owner.
pub(super) fn ledger() -> Ledger {
    Ledger::new(Environment::Sim, "SPILL-1")
}

/// An instant at which the market waits.
#[derive(Debug)]
struct Gate {
    at: Timestamp,
    reached: Option<oneshot::Sender<()>>,
    go_on: oneshot::Receiver<()>,
}

/// The test's end of a gate.
#[derive(Debug)]
pub(super) struct Stop {
    reached: oneshot::Receiver<()>,
    go_on: oneshot::Sender<()>,
}

impl Stop {
    /// Waits until nothing from the instant on has been seen yet, and everything before it has.
    pub(super) async fn reached(&mut self) {
        tokio::time::timeout(PATIENCE, &mut self.reached).await.expect("the session goes on").expect("a market");
    }

    /// Lets the market go on.
    pub(super) fn go_on(self) {
        self.go_on.send(()).expect("a market");
    }
}

/// The exchange's market, which waits at gates.
#[derive(Debug)]
struct Gated {
    inner: LocalMarket,
    gates: VecDeque<Gate>,
    /// What comes next, while it waits.
    held: Option<MarketStep>,
}

impl MarketData for Gated {
    async fn next(&mut self, wakeup: Option<Timestamp>) -> MarketStep {
        let step = match self.held.take() {
            Some(step) => step,
            None => self.inner.next(wakeup).await,
        };
        let time = time_of(&step);
        self.held = Some(step);
        while let Some(gate) = self.gates.front_mut().filter(|gate| time.is_none_or(|time| gate.at <= time)) {
            if let Some(reached) = gate.reached.take() {
                // The test may have no interest in it.
                let _ = reached.send(());
            }
            let _ = (&mut gate.go_on).await;
            self.gates.pop_front();
        }
        self.held.take().expect("it was put there")
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn broker_time(&self) -> Timestamp {
        self.inner.broker_time()
    }
}

fn time_of(step: &MarketStep) -> Option<Timestamp> {
    match step {
        MarketStep::Market(at, ..) | MarketStep::Feed(at, _) | MarketStep::Wakeup(at) | MarketStep::Advanced(at) => {
            Some(*at)
        }
        MarketStep::End => None,
    }
}

/// A daemon at work on a session.
pub(super) struct Day {
    pub(super) daemon: Daemon,
    pub(super) url: DatabaseUrl,
}

impl Day {
    /// Starts it in a folder, with its records at an address; the market waits at these instants.
    pub(super) async fn start<const N: usize>(
        session: &DemoSession,
        folder: &Path,
        url: &DatabaseUrl,
        instants: [&str; N],
    ) -> (Self, [Stop; N]) {
        let folder = Folder::open(folder).expect("a folder");
        let gate = EntryGate::default();
        let opened = orb_exec::local::open(session.venue(Speed::Max, folder.exchange_log(1)), gate.clone());
        let opened = opened.expect("an exchange");
        let (gates, stops) = gates(instants);
        let past = opened
            .backfill
            .into_iter()
            .map(|bars| Event::Market(orb_core::event::Origin::Backfill, orb_core::event::MarketData::Bars(bars)));
        let (_, days) = mpsc::channel(1);
        let venue = Venue {
            broker: opened.broker,
            market: Gated { inner: opened.market, gates, held: None },
            events: opened.events,
            gate,
            days,
            now: opened.now,
            first_events: core::iter::once(Event::Reference(session.reference())).chain(past).collect(),
        };
        let mut books = Books::open(url, ledger(), &session.run, &session.market.symbols, &folder, Patience::SIMULATED)
            .expect("records");
        books.patience = super::PATIENCE;
        let engine = crate::backtest::engine_config(&session.market, &session.run).explained();
        let identity = Identity {
            ledger: ledger().view(),
            config: "spill".to_owned(),
            settings: std::sync::Arc::default(),
            feed: "simulated".to_owned(),
            simulated_speed: Some(0.0),
        };
        let stop = CancellationToken::new();
        let engine = orb_backtest::driver::bar_driven(engine);
        let start = Start {
            folder: &folder,
            running: folder.mark_running().expect("a mark"),
            url,
            post: Post { books, engine, venue, identity, stop: stop.child_token() },
            context: "spill",
            retention: crate::store::Retention::default(),
            switchboard: crate::rpc::Switchboard::default(),
            notify: &[],
            otel: &crate::traces::OtelConfig::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let daemon = Daemon::start(start, listener, stop).await.expect("a daemon");
        (Self { daemon, url: url.clone() }, stops)
    }

    /// Waits until a view is so.
    pub(super) async fn until(&self, what: &str, see: impl Fn(&View) -> bool) {
        let wait = async {
            while !see(&self.daemon.view()) {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "never {what}: {:#?}", self.daemon.view());
    }

    pub(super) async fn command(&self, command: Command) -> CommandReply {
        let authorised = Authorised {
            request_id: format!("{command:?}"),
            actor: "dana".to_owned(),
            reason: "a test".to_owned(),
            command,
        };
        self.daemon.command(authorised).await.expect("an engine")
    }

    /// Plays the rest of the session and ends.
    pub(super) async fn end(mut self) {
        tokio::time::timeout(PATIENCE, self.daemon.session_over()).await.expect("the session ends");
        self.daemon.end().await.expect("a good end");
    }
}

fn gates<const N: usize>(instants: [&str; N]) -> (VecDeque<Gate>, [Stop; N]) {
    let mut gates = VecDeque::new();
    let stops = instants.map(|time| {
        let ((reached, is_reached), (let_go, go_on)) = (oneshot::channel(), oneshot::channel());
        gates.push_back(Gate { at: at(time), reached: Some(reached), go_on });
        Stop { reached: is_reached, go_on: let_go }
    });
    (gates, stops)
}

/// Returns the number of a symbol of a session.
pub(super) fn id(session: &DemoSession, symbol: &str) -> SymbolId {
    session.market.symbols.id(&Symbol::new(symbol).expect(symbol)).expect(symbol)
}

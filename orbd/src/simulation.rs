//! A local Alpaca in this process, and its time as the adapter sees it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use orb_core::breaker::BreakerCaps;
use orb_core::event::ReferenceData;
use orb_core::{Span, Symbol, Timestamp};
use orb_exec::alpaca::{self, AlpacaConfig, BracketSupport, Credentials, Feed, RequestLimits, StreamSettings, Urls};
use orb_exec::local::Speed;
use orb_exec::{Busy, Clock};
use orb_sim::broker::{Margin, MarginRequirement};
use orb_sim::clock::{LockStep, Seen};
use orb_sim::config::{Begin, Latencies, RateLimit};
use orb_sim::faults::FaultPlan;
use orb_sim::market::{MarketSource, PathConfig};
use orb_sim::memory::MemoryConfig;
use orb_sim::{Running, Server, SimClock, SimConfig};
use tokio::net::TcpListener;

use crate::demo::DemoSession;
use crate::run::{Day, Trading};

/// How long before the open the session begins.
const LEAD: Span = Span::from_minutes(1);
/// Trades of all symbols come twice a second: a day of a million trades, each at an instant of its own, would take its
/// time.
const GRID_MICROS: i64 = 500_000;
/// How often books and broker are compared: a fast day has many minutes in a second.
const COMPARE_EVERY: Span = Span::from_minutes(10);
/// The seed of the waits between connections: a simulation is the same each time.
const SEED: u64 = 1;

/// Tells the simulator's time, in lock-step with it: time stands while anything of ours is under way.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedTime {
    clock: SimClock,
    _step: Arc<LockStep>,
}

impl SimulatedTime {
    /// Joins the simulator's time; to be called before the first connection is made.
    pub(crate) fn of(clock: &SimClock) -> Self {
        Self { clock: clock.clone(), _step: Arc::new(clock.register()) }
    }
}

impl Clock for SimulatedTime {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.clock.sleep_until(at).await;
    }

    fn busy(&self) -> Busy {
        let busy = self.clock.busy();
        Busy::new(move || drop(busy))
    }

    fn frame_done(&self) {
        self.clock.frame_done();
    }

    fn pushed(&self) {
        self.clock.pushed();
    }

    fn pushed_so_far(&self) -> u64 {
        self.clock.seen().0
    }

    fn parked(&self, seen: u64) {
        self.clock.parked_since(Seen(seen));
    }
}

/// Says how a session is simulated.
#[derive(Clone, Debug)]
pub(crate) struct Simulation {
    pub(crate) speed: Speed,
    /// Where the account remembers its orders; `None` for nowhere.
    pub(crate) memory: Option<PathBuf>,
    /// What identifiers, the account's number among them, are drawn from.
    pub(crate) seed: u64,
    pub(crate) latencies: Latencies,
    pub(crate) faults: FaultPlan,
    /// The path inside bars.
    pub(crate) path: PathConfig,
    /// How many requests the broker takes; `None` for any number.
    pub(crate) rate_limit: Option<RateLimit>,
    /// How many requests are sent, and how long an answer may take.
    pub(crate) limits: RequestLimits,
    /// How the streams are listened to.
    pub(crate) streams: StreamSettings,
    /// Which entries may carry their exits.
    pub(crate) brackets: BracketSupport,
    /// The breaker's caps; `None` leaves it out.
    pub(crate) caps: Option<BreakerCaps>,
    /// What the account may borrow.
    pub(crate) margin: Margin,
    /// Symbols of which the broker requires more than usual, and says so before the open.
    pub(crate) margin_requirements: BTreeMap<Symbol, MarginRequirement>,
}

impl Simulation {
    /// Makes the simulation of a session as it is compared with its backtest: nothing goes wrong, and nothing bounds the
    /// number of requests.
    pub(crate) fn undisturbed(session: &DemoSession, speed: Speed, seed: u64) -> Self {
        Self {
            speed,
            memory: None,
            seed,
            latencies: Latencies::default(),
            faults: FaultPlan::default(),
            path: path(session),
            rate_limit: None,
            // The limit is a matter of wall-clock minutes, of which a fast session has none.
            limits: RequestLimits { per_minute: 1_000_000, reserve: 1_000, ..RequestLimits::default() },
            streams: StreamSettings {
                ends_with_session: true,
                compare_every: Some(COMPARE_EVERY),
                seed: SEED,
                ..StreamSettings::default()
            },
            brackets: BracketSupport::default(),
            // As a day that is compared with its backtest needs it.
            caps: None,
            margin: Margin::default(),
            margin_requirements: BTreeMap::new(),
        }
    }

    /// Starts a local Alpaca that plays the session.
    ///
    /// # Errors
    /// When the bars are not minutes, as a broker's are, or what the simulator remembers belongs to another session.
    pub(crate) async fn start(&self, session: &DemoSession) -> anyhow::Result<Running> {
        let minutes = session.market.bar_length.minutes();
        if minutes != 1 {
            bail!("a broker's bars are minutes, and these are {minutes} minutes long: use --direct");
        }
        let date = session.date();
        let mut config = SimConfig::new(MarketSource::Loaded(Box::new(session.market.loaded().clone())));
        config.first = Some(date);
        config.last = Some(date);
        config.speed = match self.speed {
            Speed::Times(times) => orb_sim::Speed::Times(times),
            Speed::Max => orb_sim::Speed::Max,
        };
        config.begin = Begin::WithSubscription;
        config.lead = LEAD;
        config.cash = session.run.initial_equity;
        config.margin = self.margin;
        config.margin_requirements = self.margin_requirements.clone();
        config.path = self.path;
        config.latencies = self.latencies;
        config.rate_limit = self.rate_limit;
        config.seed = self.seed;
        config.faults = self.faults.clone();
        let fingerprint = session.fingerprint();
        config.memory = self.memory.clone().map(|path| MemoryConfig { path, fingerprint });
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on this machine")?;
        Ok(Server::start(config, listener).await?)
    }

    /// Returns what trades the session at a local Alpaca, by its wire.
    pub(crate) fn trading(&self, session: &DemoSession, sim: &Running) -> Trading<SimulatedTime> {
        Trading {
            alpaca: AlpacaConfig {
                environment: alpaca::Environment::Sim,
                urls: Urls::sim(sim.address()),
                feed: Feed::Sip,
                credentials: Credentials { key_id: "sim".into(), secret: "sim".into() },
                limits: self.limits,
            },
            brackets: self.brackets,
            run: session.run.clone(),
            symbols: Arc::clone(&session.market.symbols),
            calendar: Arc::clone(&session.market.calendar),
            clock: SimulatedTime::of(sim.clock()),
            settings: self.streams.clone(),
            caps: self.caps,
            day: Day::Known(Box::new(self.reference(session))),
        }
    }

    /// Returns what is known before the open, with what the broker says of its assets.
    fn reference(&self, session: &DemoSession) -> ReferenceData {
        let mut known = session.reference();
        for ((_, name), symbol) in session.market.symbols.iter().zip(&mut known.symbols) {
            if let Some(required) = self.margin_requirements.get(name) {
                (symbol.margin_long, symbol.margin_short) = (Some(required.long), Some(required.short));
            }
        }
        known
    }
}

/// Returns the path inside bars; bid and ask lie as far from a trade as the backtest's slippage.
fn path(session: &DemoSession) -> PathConfig {
    let slippage = session.run.strategies.iter().map(|strategy| strategy.costs.slippage.micros()).max();
    PathConfig {
        half_spread_micros: slippage.unwrap_or_default().max(5_000),
        step_micros: 10_000,
        grid_micros: GRID_MICROS,
        ..PathConfig::default()
    }
}

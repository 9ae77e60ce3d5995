//! A simulator, the adapter connected to it, and a runtime that only writes down what comes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orb_core::config::StrategyId;
use orb_core::effect::{Action, BrokerEffect, EffectClass, EffectId};
use orb_core::event::{FeedState, MarketData as Prices, Origin};
use orb_core::order::{AttemptId, ClientOrderId, OrderKind, OrderRequest, OrderRole, TimeInForce};
use orb_core::{Bar, Calendar, OrderSide, Quantity, Session, Span, SymbolId, Timestamp};
use orb_data::Loaded;
use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
use orb_exec::alpaca::{
    AlpacaBroker, AlpacaConfig, AlpacaMarket, BracketSupport, ConnectParts, Credentials, Environment, Feed,
    RequestLimits, StreamSettings, Urls, connect,
};
use orb_exec::{Broker as _, BrokerEvent, Busy, Clock, EntryGate, MarketData as _, MarketStep};
use orb_sim::clock::{LockStep, Seen};
use orb_sim::config::Begin;
use orb_sim::faults::FaultPlan;
use orb_sim::market::MarketSource;
use orb_sim::{Running, Server, SimClock, SimConfig, Speed};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Bounds a day, so that a standstill shows as a failure; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(300);

/// Takes the adapter's word to the simulator's clock.
#[derive(Clone, Debug)]
pub(crate) struct LockStepClock {
    sim: SimClock,
    /// What had been pushed when the runtime parked last: all of it was seen by the time it parks again.
    seen: Arc<Mutex<Seen>>,
    _registered: Arc<LockStep>,
}

impl LockStepClock {
    fn new(sim: &SimClock) -> Self {
        let registered = Arc::new(sim.register());
        Self { sim: sim.clone(), seen: Arc::new(Mutex::new(sim.seen())), _registered: registered }
    }
}

impl Clock for LockStepClock {
    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.sim.sleep_until(at).await;
    }

    fn busy(&self) -> Busy {
        let guard = self.sim.busy();
        Busy::new(move || drop(guard))
    }

    fn frame_done(&self) {
        self.sim.frame_done();
    }

    fn pushed(&self) {
        self.sim.pushed();
    }

    fn parked(&self, _seen: u64) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *seen, self.sim.seen());
        self.sim.parked_since(before);
    }
}

/// Holds a running simulator and what it plays.
pub(crate) struct Rig {
    running: Running,
    loaded: Loaded,
    calendar: Arc<Calendar>,
    stop: CancellationToken,
}

/// Holds the adapter, connected.
pub(crate) struct Live {
    pub(crate) market: AlpacaMarket<LockStepClock>,
    broker: AlpacaBroker<LockStepClock>,
    events: mpsc::UnboundedReceiver<BrokerEvent>,
}

/// Holds what came on a day.
#[derive(Debug, Default)]
pub(crate) struct Day {
    pub(crate) batches: Vec<(Origin, Vec<Bar>)>,
    pub(crate) feed: Vec<FeedState>,
    pub(crate) events: Vec<BrokerEvent>,
    pub(crate) trades: u64,
    pub(crate) quotes: u64,
}

impl Rig {
    /// Starts a made-up day of four symbols, which waits for the first subscription.
    pub(crate) async fn start(faults: FaultPlan) -> Self {
        let calendar = orb_data::nyse_calendar(2025, 2027);
        let options = SyntheticOptions { symbols: 4, ..SyntheticOptions::default() };
        let loaded = SyntheticMarket::new(7, options).generate(&calendar).expect("a market");
        let market = MarketSource::Loaded(Box::new(loaded.clone()));
        let config = SimConfig { speed: Speed::Max, begin: Begin::WithSubscription, faults, ..SimConfig::new(market) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let running = Server::start(config, listener).await.expect("a simulator");
        Self { running, loaded, calendar: Arc::new(calendar), stop: CancellationToken::new() }
    }

    pub(crate) async fn connect(&self) -> Live {
        let config = AlpacaConfig {
            environment: Environment::Sim,
            urls: Urls::sim(self.running.address()),
            feed: Feed::Sip,
            credentials: Credentials { key_id: "sim".into(), secret: "sim".into() },
            // The machine's minute has many simulated ones.
            limits: RequestLimits { per_minute: 1_000_000, ..RequestLimits::default() },
        };
        let settings = StreamSettings {
            stale_after: Some(Span::from_seconds(75)),
            ends_with_session: true,
            seed: 5,
            ..StreamSettings::default()
        };
        let parts = ConnectParts {
            config,
            symbols: Arc::new(self.loaded.symbols().clone()),
            calendar: Arc::clone(&self.calendar),
            gate: EntryGate::default(),
            clock: LockStepClock::new(self.running.clock()),
            brackets: BracketSupport::Full,
            settings,
            stop: self.stop.clone(),
        };
        let connected = connect(parts).await.expect("a connection");
        Live { market: connected.market, broker: connected.broker, events: connected.events }
    }

    fn session(&self) -> Session {
        self.loaded.trade.sessions()[0].session()
    }

    pub(crate) fn open(&self) -> Timestamp {
        self.session().open
    }

    /// Lists the day's bars.
    pub(crate) fn bars(&self) -> Vec<Bar> {
        self.loaded.trade.iter().copied().collect()
    }

    /// Makes an entry at the market in the first symbol.
    pub(crate) fn buy(&self, id: &str, shares: i64) -> BrokerEffect {
        let (symbol, date) = (SymbolId(0), self.session().date);
        let request = OrderRequest {
            id: ClientOrderId::new(&format!("{date}-orb5-{id}")),
            attempt: AttemptId { date, strategy: StrategyId(0), symbol, attempt: 1 },
            role: OrderRole::Entry,
            side: OrderSide::Buy,
            quantity: Quantity::new(shares),
            kind: OrderKind::Market,
            time_in_force: TimeInForce::Day,
            attached: None,
            paired_stop: None,
            trigger: None,
        };
        let (id, class) = (EffectId(1), EffectClass::Entry);
        BrokerEffect { id, symbol: Some(symbol), class, not_after: None, action: Action::Submit(request) }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.running.stop().await;
    }
}

impl Live {
    /// Plays the day to its end; before each wait `act` may give an effect, told the time and how many it gave.
    pub(crate) async fn play(&mut self, mut act: impl FnMut(Timestamp, u64) -> Option<BrokerEffect>) -> Day {
        let (mut day, mut given) = (Day::default(), 0);
        let playing = async {
            loop {
                let now = self.market.now();
                if let Some(effect) = act(now, given) {
                    given += 1;
                    self.broker.perform(now, 0, effect).await;
                }
                tokio::select! {
                    biased;
                    Some(event) = self.events.recv() => day.events.push(event),
                    step = self.market.next(None) => match step {
                        MarketStep::Market(_, origin, Prices::Bars(bars)) => day.batches.push((origin, bars)),
                        MarketStep::Market(_, _, Prices::Trade { .. }) => day.trades += 1,
                        MarketStep::Market(_, _, Prices::Quote { .. }) => day.quotes += 1,
                        MarketStep::Market(_, _, Prices::Correction(_) | Prices::Halt { .. }) => {}
                        MarketStep::Feed(_, state) => day.feed.push(state),
                        MarketStep::Wakeup(_) | MarketStep::Advanced(_) => {}
                        MarketStep::End => return,
                    },
                }
            }
        };
        let played = tokio::time::timeout(PATIENCE, playing).await;
        assert!(played.is_ok(), "the day stands still at {:?}: {:?}", day.batches.last(), day.feed);
        day
    }
}

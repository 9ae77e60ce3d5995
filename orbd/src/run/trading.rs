//! One environment's trading: from its configuration to an engine that is ready.

use std::sync::Arc;

use anyhow::Context as _;
use orb_core::breaker::BreakerCaps;
use orb_core::config::{Candidates, StrategyConfig};
use orb_core::event::{Event, FeedState, ReferenceData};
use orb_core::hold::HoldKind;
use orb_core::{Calendar, Engine, EngineConfig, RunConfig, Symbol, SymbolTable};
use orb_data::reference::Exclusion;
use orb_exec::alpaca::{
    AlpacaBroker, AlpacaConfig, AlpacaMarket, BracketSupport, ConnectParts, Connected, Rest, StreamSettings, connect,
};
use orb_exec::{Clock, EntryGate, Ownership};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::broker::Archive;
use super::owner::LeaseOwner;
use super::planner::{BAR_LENGTH, Planner};
use super::reference::Shelf;
use crate::daemon::{Books, Daemon, Folder, Post, Start, Venue};
use crate::gather::listing;
use crate::notify::ChannelConfig;
use crate::rpc::{Listeners, Switchboard};
use crate::runtime::Identity;
use crate::spill::Patience;
use crate::store::{Lease, Ledger};
use crate::traces::OtelConfig;
use crate::view;

/// An engine that is ready to trade at Alpaca.
pub(super) type AlpacaPost<C> = Post<AlpacaBroker<C>, AlpacaMarket<C>>;

/// Holds what is traded, how, where and by which clock.
#[derive(Debug)]
pub(crate) struct Trading<C> {
    pub(crate) alpaca: AlpacaConfig,
    pub(crate) run: RunConfig,
    pub(crate) symbols: Arc<SymbolTable>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) clock: C,
    pub(crate) settings: StreamSettings,
    pub(crate) brackets: BracketSupport,
    /// The breaker's caps; `None` leaves it out.
    pub(crate) caps: Option<BreakerCaps>,
    pub(crate) day: Day,
}

/// Says where what must be known of a day comes from.
#[derive(Debug)]
pub(crate) enum Day {
    /// From a shelf of reference data, to which the broker adds what is missing, day after day.
    Planned(Shelf),
    /// It is known already, and there is only this one.
    Known(Box<ReferenceData>),
}

/// Holds where things are kept, and what they are called.
#[derive(Debug)]
pub(crate) struct Keep<'a> {
    pub(crate) folder: &'a Folder,
    pub(crate) url: crate::store::DatabaseUrl,
    pub(crate) retention: crate::store::Retention,
    pub(crate) environment: view::Environment,
    pub(crate) context: &'static str,
    pub(crate) config: String,
    pub(crate) settings: Arc<[view::SettingView]>,
    pub(crate) simulated_speed: Option<f64>,
    /// How long a commit may take before entries are held.
    pub(crate) patience: Patience,
    /// Where notices go.
    pub(crate) notify: Vec<ChannelConfig>,
    /// Where traces go.
    pub(crate) otel: OtelConfig,
}

impl<C: Clock> Trading<C> {
    /// Goes by another clock.
    pub(super) fn by<D: Clock>(self, clock: D) -> Trading<D> {
        let Self { alpaca, run, symbols, calendar, clock: _, settings, brackets, caps, day } = self;
        Trading { alpaca, run, symbols, calendar, clock, settings, brackets, caps, day }
    }

    pub(super) fn rest(&self) -> anyhow::Result<Rest> {
        Ok(Rest::new(&self.alpaca, Arc::clone(&self.symbols), Arc::clone(&self.calendar))?)
    }

    /// Takes in what the broker lists, where strategies choose from that: those that no exchange lists are left out, and
    /// the others are the table of symbols until orb is started again.
    ///
    /// # Errors
    /// When the listing cannot be had.
    pub(crate) async fn with_listing(mut self) -> anyhow::Result<Self> {
        let is_from_assets = |strategy: &StrategyConfig| strategy.candidates == Candidates::Assets;
        if !self.run.strategies.iter().any(is_from_assets) {
            return Ok(self);
        }
        let listed = listing(&self.rest()?).await.context("what may be traded is not known")?;
        let of = |exclusion| listed.iter().filter(|asset| asset.exclusion() == exclusion).count();
        tracing::info!(
            component = "Data",
            candidates = of(None),
            not_tradable = of(Some(Exclusion::NotTradable)),
            not_listed = of(Some(Exclusion::NotListed)),
            "the broker lists {} active assets; those that no exchange lists are left out",
            listed.len()
        );
        // One that cannot be traded today may be held, and may be tradable tomorrow: it stays, and is refused by that reason.
        let candidates = listed.into_iter().filter(|asset| asset.exclusion() != Some(Exclusion::NotListed));
        let candidates: Vec<Symbol> = candidates.map(|asset| asset.symbol).collect();
        for strategy in self.run.strategies.iter_mut().filter(|strategy| is_from_assets(strategy)) {
            strategy.symbols.clone_from(&candidates);
        }
        let all = self.run.strategies.iter().flat_map(|strategy| strategy.symbols.clone());
        self.symbols = Arc::new(SymbolTable::new(all));
        Ok(self)
    }

    /// Asks the broker whose account it is, and names its books.
    ///
    /// # Errors
    /// When the account cannot be read.
    pub(crate) async fn ledger(&self, environment: view::Environment) -> anyhow::Result<Ledger> {
        let account = self.rest()?.account().await.context("the account cannot be read: run `orbd check`")?;
        Ok(Ledger::new(environment, &account.number))
    }

    /// Connects, prepares the day, and starts the daemon, which trades in this environment alone.
    ///
    /// # Errors
    /// When the account cannot be read, the records cannot be opened, or a stream cannot be had.
    pub(crate) async fn start(self, keep: &Keep<'_>, listeners: impl Into<Listeners>) -> anyhow::Result<Daemon> {
        let (stop, ledger) = (CancellationToken::new(), self.ledger(keep.environment).await?);
        let post = self.prepare(keep, ledger, &EntryGate::default(), stop.child_token()).await?;
        start(post, keep, listeners.into(), stop, Switchboard::default()).await
    }

    /// Opens the books, connects, and prepares the day: what it takes to trade, and nothing is traded yet.
    ///
    /// # Errors
    /// When the records cannot be opened, or a stream cannot be had. What was begun ends with `stop`.
    pub(super) async fn prepare(
        self,
        keep: &Keep<'_>,
        ledger: Ledger,
        gate: &EntryGate,
        stop: CancellationToken,
    ) -> anyhow::Result<AlpacaPost<C>> {
        let books = Books::open(&keep.url, ledger, &self.run, &self.symbols, keep.folder, keep.patience)?;
        let gate = gate.with_owner(books.writer.lease().map(|lease| end_with(lease, &stop)));
        let connected = connect(ConnectParts {
            config: self.alpaca.clone(),
            symbols: Arc::clone(&self.symbols),
            calendar: Arc::clone(&self.calendar),
            gate: gate.clone(),
            clock: self.clock.clone(),
            brackets: self.brackets,
            settings: self.settings.clone(),
            stop: stop.clone(),
        })
        .await?;
        let (days, first) = self.plan(&connected).await?;
        let config =
            EngineConfig::new(self.run.clone(), Arc::clone(&self.symbols), Arc::clone(&self.calendar), BAR_LENGTH);
        let identity = Identity {
            ledger: books.ledger.view(),
            config: keep.config.clone(),
            settings: Arc::clone(&keep.settings),
            feed: self.alpaca.feed.name().to_owned(),
            simulated_speed: keep.simulated_speed,
        };
        let engine = Engine::new(config.live().explained());
        let engine = match self.caps {
            Some(caps) => engine.with_breaker(caps),
            None => engine,
        };
        let venue = venue(connected, gate, days, first, &self.clock);
        Ok(Post { books, engine, venue, identity, stop })
    }

    /// Reads what must be known of the session under way or to come, and lets the planner bring those after it.
    async fn plan(
        &self,
        connected: &Connected<C>,
    ) -> anyhow::Result<(mpsc::Receiver<ReferenceData>, Option<ReferenceData>)> {
        let (sender, days) = mpsc::channel(1);
        let shelf = match &self.day {
            Day::Known(day) => return Ok((days, Some((**day).clone()))),
            Day::Planned(shelf) => shelf.clone(),
        };
        let (broker, calendar) = (connected.broker.handle(), Arc::clone(&self.calendar));
        let planner = Planner {
            clock: self.clock.clone(),
            source: Arc::new(Archive { broker, calendar, shelf }),
            calendar: Arc::clone(&self.calendar),
            symbols: Arc::clone(&self.symbols),
            run: self.run.clone(),
        };
        let session = planner.session_at_or_after(self.clock.now()).context("the calendar has no more sessions")?;
        // Without the days before it a session that is under way or near cannot be traded: it is read before
        // anything else happens. One that is far away is the planner's.
        let first = if planner.is_due(&session) {
            let read = planner.read(&session).await;
            Some(read.map_err(|error| anyhow::anyhow!("the days before {} cannot be read: {error}", session.date))?)
        } else {
            None
        };
        let after = first.is_some().then_some(session);
        tokio::spawn(planner.plan(after, sender));
        Ok((days, first))
    }
}

/// Starts a daemon with an engine that is ready; after an abnormal end of the one before, under its hold.
pub(super) async fn start<C: Clock>(
    mut post: AlpacaPost<C>,
    keep: &Keep<'_>,
    listeners: Listeners,
    stop: CancellationToken,
    switchboard: Switchboard,
) -> anyhow::Result<Daemon> {
    let running = keep.folder.mark_running()?;
    if running.was_left_behind() {
        post.venue.first_events.push(Event::Feed(FeedState::Trouble(HoldKind::Crashed)));
    }
    let (folder, url, retention, context) = (keep.folder, &keep.url, keep.retention, keep.context);
    let (notify, otel) = (&keep.notify, &keep.otel);
    let start = Start { folder, running, url, retention, post, context, switchboard, notify, otel };
    Daemon::start(start, listeners, stop).await
}

/// Stops the engine when its lease is lost, and returns what entries ask for it.
fn end_with(lease: &Lease, stop: &CancellationToken) -> Arc<dyn Ownership> {
    let (watched, stop) = (lease.clone(), stop.clone());
    tokio::spawn(async move {
        watched.lost().await;
        stop.cancel();
    });
    Arc::new(LeaseOwner(lease.clone()))
}

/// Joins the connection with the event that comes before all others: the day.
fn venue<C: Clock>(
    connected: Connected<C>,
    gate: EntryGate,
    days: mpsc::Receiver<ReferenceData>,
    first: Option<ReferenceData>,
    clock: &C,
) -> Venue<AlpacaBroker<C>, AlpacaMarket<C>> {
    let first_events = first.map(Event::Reference).into_iter().collect();
    let Connected { broker, market, events } = connected;
    Venue { broker, market, events, gate, days, now: clock.now(), first_events }
}

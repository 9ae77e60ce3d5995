//! Trading at Alpaca, day after day, until somebody stops it.

mod broker;
mod key_lock;
mod owner;
mod planner;
mod reference;
mod simulator_time;
mod standby;

use std::sync::Arc;

use anyhow::{Context as _, bail};
use orb_core::breaker::BreakerCaps;
use orb_core::event::{Event, FeedState, ReferenceData};
use orb_core::hold::HoldKind;
use orb_core::{Calendar, Engine, EngineConfig, RunConfig, Symbol, SymbolTable};
use orb_exec::alpaca::{
    AlpacaBroker, AlpacaConfig, AlpacaMarket, BracketSupport, ConnectParts, Connected, Credentials, Environment, Rest,
    StreamSettings, connect,
};
use orb_exec::{Clock, EntryGate, WallClock};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::key_lock::KeyLock;
use self::owner::LeaseOwner;
use self::planner::{BAR_LENGTH, Planner};
use self::simulator_time::SimulatorTime;
use crate::daemon::{Books, Daemon, Folder, Start, Venue};
use crate::environment::check::{self, Finding, Verdict};
use crate::environment::{LiveConfig, StateLock, environment_name, settings};
use crate::guard::Heart;
use crate::runtime::Identity;
use crate::shutdown::Shutdown;
use crate::spill::Patience;
use crate::store::{Lease, LeaseWatch, Ledger, StoreError};
use crate::view;
use crate::{rpc, summary};

/// Requests a minute that a simulator is asked at most: it counts its own minutes, which may be short.
pub(crate) const SIMULATOR_REQUESTS: u32 = 100_000;

/// Says what a run is to do.
#[derive(Debug)]
pub struct RunOptions {
    /// What is traded, how, and where.
    pub config: LiveConfig,
    /// Who asks.
    pub credentials: Credentials,
    /// What the configuration is called.
    pub config_name: String,
    /// Waits while another daemon has the account's books, and takes over when it falls silent.
    pub standby: bool,
}

/// Trades until somebody stops it.
///
/// # Errors
/// Names what is at fault and the remedy; before the broker has answered nothing has been written but the state
/// directory's own files.
pub async fn run(options: RunOptions) -> anyhow::Result<()> {
    // Before anything can be called: whoever sees the daemon up may end it at once.
    let mut shutdown = Shutdown::catch().context("cannot catch signals")?;
    let environment = &options.config.environment;
    if options.standby {
        LeaseWatch::check(&environment.database)?;
    }
    refuse_unfit(&options.config)?;
    let mut listener = rpc::listen(environment.listen).await?;
    let folder = Folder::open(&environment.data_dir)?;
    let _lock = StateLock::take(folder.path())?;
    let name = environment_name(environment.environment);
    let mut trading = Trading {
        alpaca: environment.alpaca(options.credentials.clone()),
        run: options.config.run.clone(),
        symbols: Arc::new(symbols_of(&options.config.run)?),
        calendar: Arc::new(orb_data::nyse_calendar(2005, 2100)),
        clock: WallClock::default(),
        settings: StreamSettings::default(),
        brackets: environment.brackets,
        caps: Some(BreakerCaps::default()),
        day: Day::Planned,
    };
    let _key = KeyLock::take(&environment.urls.trading, &options.credentials, &environment.database)?;
    let following = CancellationToken::new();
    let _end_of_following = following.clone().drop_guard();
    let keep = Keep {
        folder: &folder,
        url: environment.database.clone(),
        retention: environment.retention,
        environment: environment.of_records(),
        context: name,
        config: options.config_name,
        settings: settings(&options.config.run, Some(environment)),
        simulated_speed: None,
        // A simulator in another process does not wait for commits: its time goes on, as a market's does.
        patience: Patience::LIVE,
    };
    let mut books = None;
    if options.standby {
        // Nobody is to take a daemon that waits for one that trades. That the address can be had is known by now.
        drop(listener);
        books = tokio::select! {
            taken = standby::take_over(&trading, &keep) => Some(taken?),
            () = shutdown.wait() => return Ok(()),
        };
        listener = rpc::listen(environment.listen).await?;
    }
    let start = async {
        if environment.environment != Environment::Sim {
            let books = trading.opened(books, &keep).await?;
            return trading.start_with(books, &keep, listener).await;
        }
        // A simulator counts its own minutes, and has a time of its own.
        trading.alpaca.limits.per_minute = trading.alpaca.limits.per_minute.max(SIMULATOR_REQUESTS);
        // It is followed as it is read, so comparing it would say nothing.
        trading.settings.watches_clock = false;
        let clock = SimulatorTime::follow(trading.rest()?, following).await.context("the simulator's clock")?;
        let trading = trading.by(clock);
        let books = trading.opened(books, &keep).await?;
        trading.start_with(books, &keep, listener).await
    };
    let mut daemon = tokio::select! {
        started = start => started?,
        () = shutdown.wait() => return Ok(()),
    };
    summary::print(&summary::live_banner(name, daemon.address, &daemon.token, folder.path(), daemon.resumed))?;
    daemon.market_end(&mut shutdown).await;
    match daemon.end().await {
        Ok(true) => {}
        Ok(false) => summary::print("The last log lines could not be stored.\n")?,
        Err(error) => {
            if is_set_aside(&error) {
                Heart::of(folder.path()).set_aside();
            }
            return Err(error);
        }
    }
    Ok(())
}

/// Tells whether another daemon has taken over.
fn is_set_aside(error: &anyhow::Error) -> bool {
    let lost = |cause: &StoreError| matches!(cause, StoreError::LeaseLost { .. });
    error.chain().filter_map(|cause| cause.downcast_ref()).any(lost)
}

/// Refuses to start where something on this machine is not fit to trade.
fn refuse_unfit(config: &LiveConfig) -> anyhow::Result<()> {
    let findings = check::local(config, WallClock::default().now());
    let failed = findings.iter().find(|finding| finding.verdict == Verdict::Fail);
    match failed {
        Some(Finding { item, detail, remedy: Some(remedy), .. }) => bail!("{item}: {detail}; {remedy}"),
        Some(Finding { item, detail, remedy: None, .. }) => bail!("{item}: {detail}"),
        None => Ok(()),
    }
}

/// Collects the symbols of all strategies.
fn symbols_of(run: &RunConfig) -> anyhow::Result<SymbolTable> {
    if let Some(strategy) = run.strategies.iter().find(|strategy| strategy.symbols.is_empty()) {
        bail!("symbols: the strategy {} has none; name them, as in symbols = [\"SPY\", \"QQQ\"]", strategy.name);
    }
    let all: Vec<Symbol> = run.strategies.iter().flat_map(|strategy| strategy.symbols.clone()).collect();
    Ok(SymbolTable::new(all))
}

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
    /// From the broker's bars of before, day after day.
    Planned,
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
}

impl<C: Clock> Trading<C> {
    /// Goes by another clock.
    fn by<D: Clock>(self, clock: D) -> Trading<D> {
        let Self { alpaca, run, symbols, calendar, clock: _, settings, brackets, caps, day } = self;
        Trading { alpaca, run, symbols, calendar, clock, settings, brackets, caps, day }
    }

    fn rest(&self) -> anyhow::Result<Rest> {
        Ok(Rest::new(&self.alpaca, Arc::clone(&self.symbols), Arc::clone(&self.calendar))?)
    }

    /// Asks the broker whose account it is, and names its books.
    ///
    /// # Errors
    /// When the account cannot be read.
    pub(crate) async fn ledger(&self, environment: view::Environment) -> anyhow::Result<Ledger> {
        let account = self.rest()?.account().await.context("the account cannot be read: run `orbd check`")?;
        Ok(Ledger::new(environment, &account.number))
    }

    /// Connects, prepares the day, and starts the daemon.
    ///
    /// # Errors
    /// When the account cannot be read, the records cannot be opened, or a stream cannot be had.
    pub(crate) async fn start(self, keep: &Keep<'_>, listener: TcpListener) -> anyhow::Result<Daemon> {
        let books = self.opened(None, keep).await?;
        self.start_with(books, keep, listener).await
    }

    /// Opens the account's books, unless they have been opened.
    async fn opened(&self, books: Option<Books>, keep: &Keep<'_>) -> anyhow::Result<Books> {
        match books {
            Some(books) => Ok(books),
            None => self.open(keep, self.ledger(keep.environment).await?),
        }
    }

    fn open(&self, keep: &Keep<'_>, ledger: Ledger) -> anyhow::Result<Books> {
        Ok(Books::open(&keep.url, ledger, &self.run, &self.symbols, keep.folder, keep.patience)?)
    }

    /// Does the same with books that are open.
    async fn start_with(self, books: Books, keep: &Keep<'_>, listener: TcpListener) -> anyhow::Result<Daemon> {
        let stop = CancellationToken::new();
        let gate = books.writer.lease().map_or_else(EntryGate::default, |lease| end_with(lease, &stop));
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
        let running = keep.folder.mark_running()?;
        let crashed = running.was_left_behind();
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
        let start = Start {
            folder: keep.folder,
            running,
            url: &keep.url,
            retention: keep.retention,
            books,
            engine,
            venue: venue(connected, gate, days, first, crashed, &self.clock),
            identity,
            context: keep.context,
        };
        Daemon::start(start, listener, stop).await
    }

    /// Reads what must be known of the session under way or to come, and lets the planner bring those after it.
    async fn plan(
        &self,
        connected: &Connected<C>,
    ) -> anyhow::Result<(mpsc::Receiver<ReferenceData>, Option<ReferenceData>)> {
        let (sender, days) = mpsc::channel(1);
        if let Day::Known(day) = &self.day {
            return Ok((days, Some((**day).clone())));
        }
        let planner = Planner {
            clock: self.clock.clone(),
            source: Arc::new(connected.broker.handle()),
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

/// Stops everything when a lease is lost, and makes the gate that asks it.
fn end_with(lease: &Lease, stop: &CancellationToken) -> EntryGate {
    let (watched, stop) = (lease.clone(), stop.clone());
    tokio::spawn(async move {
        watched.lost().await;
        stop.cancel();
    });
    EntryGate::owned(Arc::new(LeaseOwner(lease.clone())))
}

/// Joins the connection with the events that come before all others: the day, and after a crash its hold.
fn venue<C: Clock>(
    connected: Connected<C>,
    gate: EntryGate,
    days: mpsc::Receiver<ReferenceData>,
    first: Option<ReferenceData>,
    crashed: bool,
    clock: &C,
) -> Venue<AlpacaBroker<C>, AlpacaMarket<C>> {
    let crash = crashed.then_some(Event::Feed(FeedState::Trouble(HoldKind::Crashed)));
    let first_events = first.map(Event::Reference).into_iter().chain(crash).collect();
    let Connected { broker, market, events } = connected;
    Venue { broker, market, events, gate, days, now: clock.now(), first_events }
}

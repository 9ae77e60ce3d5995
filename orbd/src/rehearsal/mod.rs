//! A simulated day over the whole way to the broker in this process, with what goes wrong on it: for finding out
//! whether orb survives its worst days.
//!
//! The broker is a local Alpaca with a plan of faults; adapter, engine and records are those of a live day. Time is
//! simulated and in lock-step, so that a day takes seconds and the same faults give the same day.

mod invariants;
mod minutes;
mod noted;
mod outcome;
mod protection;
mod scan;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use orb_core::breaker::BreakerCaps;
use orb_core::event::{Authorised, Command};
use orb_core::hold::HoldKind;
use orb_core::{Span, Symbol, Timestamp};
use orb_exec::alpaca::{BracketSupport, RequestLimits, StreamSettings};
use orb_exec::local::Speed;
use orb_sim::Running as Simulator;
use orb_sim::broker::{Margin, MarginRequirement};
use orb_sim::config::{Latencies, RateLimit};
use orb_sim::faults::FaultPlan;
use orb_sim::market::{MarketSource, PathConfig};
use tokio::net::TcpListener;

pub use invariants::{Violation, invariants};
pub use minutes::{Minutes, by_hand};
use noted::Noted;
pub use outcome::{AtBroker, Outcome, is_entry};
pub use protection::{Unprotected, unprotected};
pub use scan::ScanTimes;

use crate::daemon::{Daemon, Folder};
use crate::demo::DemoSession;
use crate::notify::ChannelConfig;
use crate::rpc::CommandReply;
use crate::run::Keep;
pub use crate::simulation::BrokerKnows;
use crate::simulation::Simulation;
use crate::spill::Patience;
use crate::store::DatabaseUrl;
use crate::traces::OtelConfig;
use crate::view::Environment;

/// A rehearsal that takes longer than this, on the machine's clock, stands still.
const PATIENCE: Duration = Duration::from_secs(300);

/// Says what is rehearsed.
#[derive(Debug)]
pub struct Rehearsal {
    /// The bars and the configuration.
    pub session: DemoSession,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// How long things take at the broker.
    pub latencies: Latencies,
    /// The path inside bars.
    pub path: PathConfig,
    /// How many requests the broker takes; `None` for any number.
    pub rate_limit: Option<RateLimit>,
    /// How many requests are sent, and how long an answer may take on the machine's clock.
    pub limits: RequestLimits,
    /// How the streams are listened to.
    pub streams: StreamSettings,
    /// Which entries may carry their exits.
    pub brackets: BracketSupport,
    /// The breaker's caps; `None` leaves it out.
    pub caps: Option<BreakerCaps>,
    /// What the account may borrow.
    pub margin: Margin,
    /// Symbols of which the broker requires more than usual, and says so before the open.
    pub margin_requirements: BTreeMap<Symbol, MarginRequirement>,
    /// What an operator does at which instants.
    pub commands: Vec<(Timestamp, Command)>,
    /// When the rehearsal ends; `None` for after the close.
    pub until: Option<Timestamp>,
    /// How long a position may be without a stop that covers it, not counting the time in which its close hangs at the
    /// broker by the plan.
    pub unprotected_max: Span,
    /// Where the records are; `None` for SQLite in the folder.
    pub database: Option<DatabaseUrl>,
    /// The broker remembers its orders in the folder: a rehearsal that was cut off is begun again on the same folder,
    /// and goes on where it stood.
    pub remembers: bool,
    /// The broker is asked for what must be known of the day, as on a live day; `None` where the session's bars say it.
    pub asks: Option<BrokerKnows>,
    /// Where the broker's prices come from; `None` for the session's own bars.
    pub prices: Option<MarketSource>,
    /// The operator clears the hold of a crash as soon as a rehearsal goes on.
    pub resumes: bool,
    /// Where notices go.
    pub notify: Vec<ChannelConfig>,
    /// Where traces go.
    pub otel: OtelConfig,
}

impl Rehearsal {
    /// Makes the rehearsal of a session on which nothing goes wrong.
    #[must_use]
    pub fn new(session: DemoSession) -> Self {
        let usual = Simulation::undisturbed(&session, Speed::Max, 1);
        let Simulation { faults, latencies, path, rate_limit, limits, streams, brackets, .. } = usual;
        // Books and broker are compared as often as on a live day: what is lost on the way is found by that.
        let streams = StreamSettings { compare_every: StreamSettings::default().compare_every, ..streams };
        Self {
            session,
            faults,
            latencies,
            path,
            rate_limit,
            limits,
            streams,
            brackets,
            caps: None,
            margin: Margin::default(),
            margin_requirements: BTreeMap::new(),
            commands: Vec::new(),
            until: None,
            unprotected_max: Span::from_seconds(5),
            database: None,
            remembers: false,
            asks: None,
            prices: None,
            resumes: false,
            notify: Vec::new(),
            otel: OtelConfig::default(),
        }
    }

    /// Rehearses the session; everything is kept in a folder, which must be there, and be empty but where a rehearsal
    /// goes on.
    ///
    /// # Errors
    /// When something cannot be started, a command is refused, a commit fails, or the rehearsal stands still.
    pub async fn run(mut self, folder: &std::path::Path) -> anyhow::Result<Outcome> {
        self.commands.sort_by_key(|(at, _)| *at);
        tokio::time::timeout(PATIENCE, self.play(folder)).await.context("the rehearsal stands still")?
    }

    async fn play(&self, folder: &std::path::Path) -> anyhow::Result<Outcome> {
        Ok(self.play_and(folder, async |_: &Simulator| ()).await?.0)
    }

    /// Plays the session while something watches the simulator.
    async fn play_and<T>(
        &self,
        folder: &std::path::Path,
        watch: impl AsyncFnOnce(&Simulator) -> T,
    ) -> anyhow::Result<(Outcome, T)> {
        let folder = Folder::open(folder)?;
        let url = self.database.clone().unwrap_or_else(|| DatabaseUrl::sqlite(folder.database()));
        let simulation = self.simulation(&folder);
        let simulator = simulation.start(&self.session).await?;
        // No instant passes before the operator is ready.
        let busy = simulator.clock().busy();
        let trading = simulation.trading(&self.session, &simulator).with_listing().await?;
        let keep = Keep {
            folder: &folder,
            url,
            retention: crate::store::Retention::default(),
            environment: Environment::Sim,
            context: "rehearsal",
            config: "rehearsal".to_owned(),
            settings: Arc::default(),
            simulated_speed: Some(0.0),
            patience: Patience::SIMULATED,
            notify: self.notify.clone(),
            otel: self.otel.clone(),
        };
        let mut daemon = trading.start(&keep, TcpListener::bind("127.0.0.1:0").await?).await?;
        self.resume(&daemon).await?;
        drop(busy);
        let (over, watched) = tokio::join!(self.operate_to_end(&simulator, &mut daemon, &folder), watch(&simulator));
        let (done, busy) = over?;
        let at_broker = AtBroker::of(&simulator).await.context("the simulator has stopped")?;
        let never = simulator.fault_counts().never();
        let (view, reader) = (daemon.view(), daemon.reader.clone());
        drop(busy);
        if !daemon.end().await? {
            bail!("the last log lines could not be stored");
        }
        let data_requests = simulator.data_requests();
        simulator.stop().await;
        let outcome = Outcome::gather(self, at_broker, view, done, &reader)?;
        Ok((Outcome { rules_never_applied: never, data_requests, ..outcome }, watched))
    }

    /// Gives the commands and waits for the end; time stands there while what is returned lives.
    async fn operate_to_end(
        &self,
        simulator: &Simulator,
        daemon: &mut Daemon,
        folder: &Folder,
    ) -> anyhow::Result<(Vec<(Timestamp, Command)>, orb_sim::clock::Busy)> {
        let done = self.operate(simulator, daemon, &Noted::of(folder)).await?;
        let busy = match self.until {
            Some(until) => wait(simulator, until).await,
            None => {
                daemon.session_over().await;
                simulator.clock().busy()
            }
        };
        Ok((done, busy))
    }

    fn simulation(&self, folder: &Folder) -> Simulation {
        Simulation {
            memory: self.remembers.then(|| folder.broker_memory(1)),
            latencies: self.latencies,
            faults: self.faults.clone(),
            path: self.path,
            rate_limit: self.rate_limit,
            limits: self.limits,
            streams: self.streams.clone(),
            brackets: self.brackets,
            caps: self.caps,
            margin: self.margin,
            margin_requirements: self.margin_requirements.clone(),
            prices: self.prices.clone(),
            asks: self.asks.clone().map(|knows| (knows, folder.path().join("dataset"))),
            ..Simulation::undisturbed(&self.session, Speed::Max, 1)
        }
    }

    /// Clears the hold of a crash, if that is wanted.
    async fn resume(&self, daemon: &Daemon) -> anyhow::Result<()> {
        let is_held = daemon.view().holds.iter().any(|hold| hold.kind == HoldKind::Crashed);
        if !self.resumes || !is_held {
            return Ok(());
        }
        give(daemon, "rehearsal-resume".to_owned(), Command::Clear(HoldKind::Crashed)).await
    }

    /// Gives the commands at their instants; returns each with the instant from which it was in force.
    ///
    /// One that was carried out before the rehearsal was cut off is not given again; one whose reply did not come is.
    async fn operate(
        &self,
        simulator: &Simulator,
        daemon: &Daemon,
        noted: &Noted,
    ) -> anyhow::Result<Vec<(Timestamp, Command)>> {
        let mut done = noted.read()?;
        for (number, (at, command)) in self.commands.iter().enumerate().skip(done.len()) {
            let _busy = wait(simulator, *at).await;
            give(daemon, format!("rehearsal-{number}"), *command).await.with_context(|| format!("at {at}"))?;
            let now = simulator.clock().now();
            noted.add(now)?;
            done.push(now);
        }
        Ok(done.into_iter().zip(self.commands.iter().map(|(_, command)| *command)).collect())
    }
}

/// Gives a command; it is in force when this returns.
async fn give(daemon: &Daemon, request_id: String, command: Command) -> anyhow::Result<()> {
    let (actor, reason) = ("rehearsal".to_owned(), "as planned".to_owned());
    match daemon.command(Authorised { request_id, actor, reason, command }).await {
        Some(CommandReply::Accepted(_)) => Ok(()),
        Some(CommandReply::Refused(refused)) => bail!("{command:?}: {}", refused.message),
        None => bail!("{command:?}: the engine has ended"),
    }
}

/// Waits for an instant; while what is returned lives, time stands.
async fn wait(simulator: &Simulator, at: Timestamp) -> orb_sim::clock::Busy {
    simulator.clock().sleep_until(at).await;
    simulator.clock().busy()
}

/// Shares the view of the end.
type LastView = Arc<crate::view::View>;

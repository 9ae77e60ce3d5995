//! An environment with its key, and what all environments of a run share.

use std::sync::Arc;

use anyhow::Context as _;
use orb_core::breaker::BreakerCaps;
use orb_core::event::{Authorised, Command, Event, FeedState};
use orb_core::hold::{Hold, HoldKind};
use orb_core::{Calendar, RunConfig, Span, SymbolTable};
use orb_exec::alpaca::{Credentials, Emergency, StreamSettings};
use orb_exec::{EntryGate, WallClock};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::SIMULATOR_REQUESTS;
use super::key_lock::{KeyLock, KeyLockError};
use super::reference::Shelf;
use super::simulator_time::SimulatorTime;
use super::trading::{AlpacaPost, Day, Keep, Trading, start};
use crate::daemon::{Daemon, Ends, Folder};
use crate::environment::{EnvironmentConfig, environment_name, settings};
use crate::rpc::{Listeners, Switchboard};
use crate::spill::Patience;
use crate::store::{LeaseHold, Ledger};

/// The longest silence of a simulator within a session, in its own time: at a hundred times the pace of a day, the five
/// seconds of a real feed are shorter than what a busy machine takes to run both.
const SIMULATOR_SILENCE: Span = Span::from_seconds(75);

/// Where a run may trade: an environment, and the key that opens it.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) config: EnvironmentConfig,
    pub(super) credentials: Credentials,
}

impl Site {
    /// Finds the key of an environment.
    ///
    /// # Errors
    /// When it is nowhere, or not as it must be.
    pub(super) fn of(config: &EnvironmentConfig) -> anyhow::Result<Self> {
        Ok(Self { config: config.clone(), credentials: config.credentials()? })
    }

    /// Marks the key as in use by this process.
    ///
    /// # Errors
    /// When another process uses it for other books.
    pub(super) fn lock(&self) -> Result<KeyLock, KeyLockError> {
        KeyLock::take(&self.config.urls.trading, &self.credentials, &self.config.database)
    }

    /// Returns the client that asks without an engine.
    ///
    /// # Errors
    /// When an address cannot be used.
    pub(super) fn client(&self) -> anyhow::Result<Emergency> {
        Ok(Emergency::new(&self.config.alpaca(self.credentials.clone()))?)
    }
}

/// Holds what all environments of a run share.
#[derive(Debug)]
pub(super) struct Sites {
    pub(super) run: RunConfig,
    pub(super) symbols: Arc<SymbolTable>,
    pub(super) calendar: Arc<Calendar>,
    pub(super) folder: Folder,
    pub(super) config_name: String,
}

impl Sites {
    /// Returns what is traded at a site, by the machine's clock.
    pub(super) fn trading(&self, site: &Site) -> Trading<WallClock> {
        Trading {
            alpaca: site.config.alpaca(site.credentials.clone()),
            run: self.run.clone(),
            symbols: Arc::clone(&self.symbols),
            calendar: Arc::clone(&self.calendar),
            clock: WallClock::default(),
            settings: StreamSettings::default(),
            brackets: site.config.brackets,
            caps: Some(BreakerCaps::default()),
            day: Day::Planned(Shelf::of(&site.config.data_dir, site.config.is_simulated, site.config.feed)),
        }
    }

    /// Returns where a site's things are kept, and what they are called.
    pub(super) fn keep(&self, site: &Site) -> Keep<'_> {
        Keep {
            folder: &self.folder,
            url: site.config.database.clone(),
            retention: site.config.retention,
            environment: site.config.of_records(),
            context: environment_name(site.config.environment),
            config: self.config_name.clone(),
            settings: settings(&self.run, Some(&site.config)),
            simulated_speed: None,
            // A simulator in another process does not wait for commits: its time goes on, as a market's does.
            patience: Patience::LIVE,
            notify: site.config.notify.clone(),
            otel: site.config.otel.clone(),
        }
    }

    /// Makes an engine ready to trade at a site.
    ///
    /// # Errors
    /// When the records cannot be opened, or the broker does not answer. What was begun ends with `stop`.
    pub(super) async fn prepare(
        &self,
        site: &Site,
        ledger: Ledger,
        gate: &EntryGate,
        stop: CancellationToken,
    ) -> anyhow::Result<Ready> {
        let (mut trading, keep) = (self.trading(site), self.keep(site));
        if !site.config.is_simulated {
            let trading = trading.with_listing().await?;
            return Ok(Ready::OnWallClock(Box::new(trading.prepare(&keep, ledger, gate, stop).await?)));
        }
        // A simulator counts its own minutes, and has a time of its own.
        trading.alpaca.limits.per_minute = trading.alpaca.limits.per_minute.max(SIMULATOR_REQUESTS);
        if let Day::Planned(shelf) = &trading.day {
            let forgotten = shelf.forget();
            forgotten
                .with_context(|| format!("{} cannot be removed: check its permissions", shelf.folder.display()))?;
        }
        // It is followed as it is read, so comparing it would say nothing.
        trading.settings.watches_clock = false;
        trading.settings.stale_after = Some(SIMULATOR_SILENCE);
        // Followed until the engine has ended, which takes the time of confirmations.
        let following = CancellationToken::new();
        let (rest, guard) = (trading.rest()?, following.clone().drop_guard());
        let clock = SimulatorTime::follow(rest, following).await.context("the simulator's clock")?;
        let trading = trading.with_listing().await?;
        Ok(Ready::Simulated(Box::new(trading.by(clock).prepare(&keep, ledger, gate, stop).await?), guard))
    }
}

/// An engine that is ready to trade, by the clock of its venue.
pub(super) enum Ready {
    /// By the machine's clock.
    OnWallClock(Box<AlpacaPost<WallClock>>),
    /// By a simulator's, which is followed until the guard is dropped.
    Simulated(Box<AlpacaPost<SimulatorTime>>, DropGuard),
}

impl Ready {
    /// Holds entries from the first moment on, until the operator clears it.
    pub(super) fn hold_as_switched(&mut self) {
        self.first_events().push(Event::Feed(FeedState::Trouble(HoldKind::EnvironmentSwitched)));
    }

    /// Takes over a kill, which is meant for every account.
    pub(super) fn kill_as_before(&mut self, hold: &Hold) {
        let command = Authorised {
            request_id: String::new(),
            actor: hold.actor.clone(),
            reason: hold.reason.clone(),
            command: Command::Kill { flatten: false },
        };
        self.first_events().push(Event::Command(command));
    }

    /// Returns what keeps its ledger from others after its engine has ended; `None` where nobody can stand by.
    pub(super) fn hold_on(&self) -> Option<LeaseHold> {
        match self {
            Self::OnWallClock(post) => post.books.writer.hold_on(),
            Self::Simulated(post, _) => post.books.writer.hold_on(),
        }
    }

    fn first_events(&mut self) -> &mut Vec<Event> {
        match self {
            Self::OnWallClock(post) => &mut post.venue.first_events,
            Self::Simulated(post, _) => &mut post.venue.first_events,
        }
    }

    /// Starts a daemon with it; returns what ends the following of a simulator's clock.
    ///
    /// # Errors
    /// As [`Daemon::start`].
    pub(super) async fn start(
        self,
        keep: &Keep<'_>,
        listeners: Listeners,
        stop: CancellationToken,
        switchboard: Switchboard,
    ) -> anyhow::Result<(Daemon, Option<DropGuard>)> {
        match self {
            Self::OnWallClock(post) => Ok((start(*post, keep, listeners, stop, switchboard).await?, None)),
            Self::Simulated(post, guard) => Ok((start(*post, keep, listeners, stop, switchboard).await?, Some(guard))),
        }
    }

    /// Gives it the place of an engine that was stopped; returns what ends the following of a simulator's clock.
    ///
    /// # Errors
    /// As [`Daemon::seat`].
    pub(super) async fn seat(
        self,
        daemon: &mut Daemon,
        ends: Ends,
        context: &'static str,
    ) -> anyhow::Result<Option<DropGuard>> {
        match self {
            Self::OnWallClock(post) => daemon.seat(*post, ends, context).await.map(|()| None),
            Self::Simulated(post, guard) => daemon.seat(*post, ends, context).await.map(|()| Some(guard)),
        }
    }
}

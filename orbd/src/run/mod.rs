//! Trading at Alpaca, day after day, until somebody stops it; in one environment at a time.

mod broker;
mod key_lock;
mod owner;
mod place;
mod planner;
mod reference;
mod reload;
mod simulator_time;
mod site;
mod standby;
mod switch;
mod trading;

use std::sync::Arc;

use anyhow::{Context as _, bail};
use orb_core::config::{Candidates, StrategyConfig};
use orb_core::hold::HoldKind;
use orb_core::{RunConfig, Symbol, SymbolTable};
use orb_exec::{Clock as _, EntryGate, WallClock};
use tokio_util::sync::CancellationToken;

use self::key_lock::KeyLock;
use self::place::Place;
pub(crate) use self::reference::{SESSIONS, Shelf};
use self::site::{Ready, Site, Sites};
use self::switch::Switcher;
pub(crate) use self::trading::{Day, Keep, Trading};
use crate::daemon::{Daemon, Folder};
use crate::environment::check::{self, Finding, Verdict};
use crate::environment::{Chosen, Environments, LiveConfig, StateLock, environment_name};
use crate::guard::Heart;
use crate::reload::{Configuration, Source};
use crate::rpc::{self, Listeners, Switchboard};
use crate::service::{self, Readiness};
use crate::shutdown::{Hangup, Shutdown};
use crate::store::{LeaseWatch, StoreError};
use crate::summary;

/// Requests a minute that a simulator is asked at most: it counts its own minutes, which may be short.
pub(crate) const SIMULATOR_REQUESTS: u32 = 100_000;

/// Says what a run is to do.
#[derive(Debug)]
pub struct RunOptions {
    /// What is traded and how, and where.
    pub configuration: Configuration,
    /// Where that is read again.
    pub source: Source,
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
    let (mut shutdown, mut hangup) = Shutdown::catch_beside_hangup().context("cannot catch signals")?;
    let RunOptions { configuration, source, config_name, standby } = options;
    let (environment, _) = configuration.environments.now()?;
    if standby {
        LeaseWatch::check(&environment.database)?;
    }
    refuse_unfit(&LiveConfig { run: configuration.run.clone(), environment: environment.clone() })?;
    let exposure = environment.exposure();
    let (folder, listeners) = (Folder::open(&environment.data_dir)?, rpc::bind(&exposure).await?);
    let mut listeners = Some(listeners);
    let _lock = StateLock::take(folder.path())?;
    let sites = Sites {
        symbols: Arc::new(symbols_of(&configuration.run)?),
        calendar: Arc::new(orb_data::nyse_calendar(2005, 2100)),
        run: configuration.run.clone(),
        folder: folder.clone(),
        config_name,
    };
    if standby {
        // Nobody is to take a daemon that waits for one that trades. That the address can be had is known by now.
        listeners = None;
    }
    let preparing = service::waiting(Prepared::new(&sites, &configuration.environments, standby));
    let prepared = tokio::select! {
        prepared = noting(&mut hangup, preparing) => prepared,
        () = shutdown.wait() => return Ok(()),
    };
    let (prepared, is_reload_due) = (prepared.0?, prepared.1);
    let listeners = match listeners {
        Some(listeners) => listeners,
        None => rpc::bind(&exposure).await?,
    };
    let readiness = Readiness::default();
    let begin = Begin { sites, prepared, configuration, source, readiness: readiness.clone() };
    let (mut daemon, mut switcher) = tokio::select! {
        started = begin.start(listeners) => started?,
        () = shutdown.wait() => return Ok(()),
    };
    let told = tokio::spawn(service::follow(daemon.views(), readiness));
    switcher.serve(&mut daemon, &mut shutdown, &mut hangup, is_reload_due).await?;
    told.abort();
    service::stopping();
    end(daemon, &folder).await
}

/// Waits for something, and tells with it whether a reload was asked for meanwhile: a standby may wait for days.
async fn noting<T>(hangup: &mut Hangup, what: impl Future<Output = T>) -> (T, bool) {
    let (mut what, mut is_reload_due) = (core::pin::pin!(what), false);
    loop {
        tokio::select! {
            done = &mut what => return (done, is_reload_due),
            () = hangup.wait() => {
                is_reload_due = true;
                // Whoever reads this may have gone away, which is no reason to stop.
                let _ = summary::print("SIGHUP: the configuration is read again as soon as this daemon has its ledger.\n");
            }
        }
    }
}

/// A place, and an engine that is ready to trade there.
struct Prepared {
    place: Place,
    key: KeyLock,
    ready: Ready,
    stop: CancellationToken,
}

impl Prepared {
    /// Finds where to trade and makes everything ready; a standby goes on waiting where another one was faster.
    async fn new(sites: &Sites, environments: &Environments, standby: bool) -> anyhow::Result<Self> {
        let prepare = async || {
            let place = Place::find(sites, environments, standby).await?;
            let (key, stop, gate) = (place.site.lock()?, CancellationToken::new(), EntryGate::default());
            let ready = sites.prepare(&place.site, place.ledger.clone(), &gate, stop.child_token()).await?;
            place.confirm().await?;
            Ok(Self { place, key, ready, stop })
        };
        if standby { standby::until_taken(prepare).await } else { prepare().await }
    }
}

/// What a daemon begins with.
struct Begin {
    sites: Sites,
    prepared: Prepared,
    configuration: Configuration,
    source: Source,
    readiness: Readiness,
}

impl Begin {
    /// Starts the daemon in the environment of the last switch, or the configured one.
    async fn start(self, listeners: Listeners) -> anyhow::Result<(Daemon, Switcher)> {
        let Self { sites, prepared, configuration, source, readiness } = self;
        let environments = &configuration.environments;
        let Prepared { place, key, mut ready, stop } = prepared;
        let (site, chosen) = (&place.site, place.chosen.as_ref());
        let (switchboard, requests) = Switchboard::new(Arc::new(environments.clone()), site.config.database.clone());
        let is_to_be_held = is_to_be_held(chosen, environments);
        if is_to_be_held {
            ready.hold_as_switched();
        }
        let hold = ready.hold_on();
        let (daemon, following) = ready.start(&sites.keep(site), listeners, stop.clone(), switchboard).await?;
        announce(&daemon, site, sites.folder.path(), chosen, environments)?;
        daemon.config_was_read(configuration.read_at);
        let is_held = is_to_be_held && daemon.until_held(HoldKind::EnvironmentSwitched).await;
        if let Some(chosen) = chosen.filter(|_| is_held) {
            switch::note_held(chosen.clone(), sites.folder.path());
        }
        let Place { site, ledger, .. } = place;
        let current = switch::Current { site, ledger, key, following, hold };
        Ok((daemon, Switcher { sites, current, configuration, source: Arc::new(source), readiness, requests, stop }))
    }
}

/// Tells whether entries wait for the operator: a switch was cut off, or a flag asked for another environment.
fn is_to_be_held(chosen: Option<&Chosen>, environments: &Environments) -> bool {
    chosen.is_some_and(|chosen| {
        !chosen.is_held || (environments.is_flag && chosen.environment != environments.configured)
    })
}

fn announce(
    daemon: &Daemon,
    site: &Site,
    folder: &std::path::Path,
    chosen: Option<&Chosen>,
    environments: &Environments,
) -> anyhow::Result<()> {
    let name = environment_name(site.config.environment);
    if let Some(chosen) = chosen.filter(|chosen| chosen.environment != environments.configured) {
        let (configured, path) = (environment_name(environments.configured), Chosen::path(folder));
        let told = format!("{}, and the configuration says {configured}", chosen.describe());
        tracing::warn!(component = "Executor", "{told}; the last switch goes before it");
        summary::print(&format!("{told}. The last switch goes before it; it is kept in {}.\n", path.display()))?;
    }
    summary::print(&summary::live_banner(name, &daemon.url, &daemon.token, folder, daemon.resumed))
}

async fn end(daemon: Daemon, folder: &Folder) -> anyhow::Result<()> {
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
    if let Some(strategy) = run.strategies.iter().find(|strategy| lacks_symbols(strategy)) {
        bail!(
            "symbols: the strategy {} has none; name them, as in symbols = [\"SPY\", \"QQQ\"], or set candidates = \"assets\"",
            strategy.name
        );
    }
    let all: Vec<Symbol> = run.strategies.iter().flat_map(|strategy| strategy.symbols.clone()).collect();
    Ok(SymbolTable::new(all))
}

/// Tells whether a strategy names no symbols, nor takes them from the broker's listing.
fn lacks_symbols(strategy: &StrategyConfig) -> bool {
    strategy.symbols.is_empty() && strategy.candidates != Candidates::Assets
}

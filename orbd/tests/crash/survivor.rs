//! A simulator that goes on while orbd is dead: the real `orbd run`, killed at a step and started again later.
//!
//! Market and broker live in the test's process and time passes at a pace, so that orders fill and positions move while
//! nobody watches. What is checked at the end does not depend on how fast the machine is.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use orb_core::{Span, Timestamp};
use orb_sim::broker::Order;
use orb_sim::config::Begin;
use orb_sim::http::Request;
use orb_sim::market::{MarketSource, PathConfig};
use orb_sim::{Running, Server, SimConfig, Speed};
use orbd::demo::DemoSession;
use orbd::rehearsal::{AtBroker, Outcome};
use orbd::store::{DatabaseUrl, FillFilter, Ledger, LogFilter, PageRequest, Reader, TradeFilter};
use orbd::view::{Environment, View};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::checks::{Journal, broken_at_a_survivor, sent_once_and_recorded};
use crate::deaths::{folder, was_killed};
use crate::draw::Draw;
use crate::point::{Passage, passages};
use crate::scene;

/// Simulated seconds a second.
const PACE: f64 = 90.0;
/// Nobody waits longer than this for orbd or the market, on the machine's clock.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often something is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Longest time, in milliseconds, for which orbd is dead before it is started again.
const DEAD_MILLIS_MAX: u64 = 1_500;
/// The paces at which an undisturbed day is tried until it has trades: the market does not wait for a busy machine.
const UNDISTURBED_PACES: [f64; 4] = [PACE, 60.0, 40.0, 25.0];
/// Rows that are read of a day's records.
const ROWS_MAX: u32 = 1_000;

/// A market that goes on, and the folder of the orbd that trades at it.
struct Stage {
    simulator: Running,
    session: DemoSession,
    folder: TempDir,
    /// Bytes of the log before the last orbd was started.
    said_before: AtomicUsize,
}

/// An orbd that runs; ended with this value.
struct Orbd(Child);

impl Drop for Orbd {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Orbd {
    /// Waits for its end; tells whether it was killed.
    async fn killed_before(&mut self, simulator: &Running, until: Timestamp) -> anyhow::Result<bool> {
        loop {
            if let Some(status) = self.0.try_wait()? {
                ensure!(was_killed(status), "orbd ended by itself: {status}");
                return Ok(true);
            }
            if simulator.clock().now() >= until {
                return Ok(false);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Stops it as a service manager does.
    async fn terminate(mut self) -> anyhow::Result<()> {
        let id = self.0.id().to_string();
        ensure!(Command::new("kill").args(["-TERM", &id]).status()?.success(), "orbd has ended before");
        let ended = async {
            loop {
                if let Some(status) = self.0.try_wait()? {
                    return anyhow::Ok(status);
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let status = tokio::time::timeout(PATIENCE, ended).await.context("orbd does not stop")??;
        ensure!(status.success(), "orbd ended with {status}");
        Ok(())
    }
}

impl Stage {
    async fn new(pace: f64) -> anyhow::Result<Self> {
        let session = scene::survivor()?;
        let mut config = SimConfig::new(MarketSource::Loaded(Box::new(session.market.loaded().clone())));
        (config.first, config.last) = (Some(scene::date()), Some(scene::date()));
        config.speed = Speed::Times(pace);
        config.begin = Begin::WithClient;
        config.lead = Span::from_minutes(3);
        config.cash = session.run.initial_equity;
        config.path = PathConfig { half_spread_micros: 10_000, grid_micros: 1, ..PathConfig::default() };
        config.rate_limit = None;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let simulator = Server::start(config, listener).await?;
        let stage = Self { simulator, session, folder: folder(), said_before: AtomicUsize::new(0) };
        std::fs::write(stage.file("orb.toml"), stage.settings())?;
        Ok(stage)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn settings(&self) -> String {
        let (address, folder) = (self.simulator.address(), self.folder.path().display());
        format!(
            "{}environment = \"sim\"\n[alpaca]\nfeed = \"sip\"\nurl = \"http://{address}\"\n[daemon]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"{folder}/state\"\n",
            scene::SURVIVOR_SETTINGS
        )
    }

    fn start(&self, variable: Option<(&str, &str)>) -> anyhow::Result<Orbd> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orbd"));
        let names = std::env::vars_os().map(|(name, _)| name);
        for name in names.filter(|name| name.to_string_lossy().starts_with("ORB_")) {
            command.env_remove(name);
        }
        command.arg("run").arg("--config").arg(self.file("orb.toml")).envs(variable).stdin(Stdio::null());
        self.said_before.store(self.log().len(), Ordering::SeqCst);
        let log = || std::fs::File::options().create(true).append(true).open(self.file("log"));
        command.stdout(log()?).stderr(log()?);
        Ok(Orbd(command.spawn()?))
    }

    /// Lets orbd finish the day, and judges it.
    async fn finish(&self, orbd: Orbd) -> anyhow::Result<usize> {
        tokio::time::timeout(PATIENCE, self.until_flat()).await.context("the account does not become flat")?;
        tokio::time::timeout(PATIENCE, self.until_started()).await.context("orbd does not start")?;
        orbd.terminate().await?;
        let (outcome, url) = self.outcome().await?;
        let journal = Journal::read(&outcome, &url)?;
        let broken = broken_at_a_survivor(&outcome, &journal);
        ensure!(broken.is_empty(), "{broken:#?}\n{}", crate::life::story(&outcome));
        Ok(outcome.trades.len())
    }

    /// Checks, while orbd is dead, that each order that reached the broker is in the records: commit before act.
    async fn has_sent_what_is_recorded(&self) -> anyhow::Result<()> {
        let (outcome, url) = self.outcome().await?;
        let journal = Journal::read(&outcome, &url)?;
        let mut found = Vec::new();
        sent_once_and_recorded(&outcome, &journal, &mut found);
        ensure!(found.is_empty(), "when orbd was killed: {found:#?}");
        Ok(())
    }

    /// Waits until the last orbd has said where it listens: one that is a moment old catches no signal yet.
    async fn until_started(&self) {
        let said_before = self.said_before.load(Ordering::SeqCst);
        while !self.log()[said_before..].contains("  API  ") {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn until_flat(&self) {
        self.simulator.clock().sleep_until(scene::at(scene::SURVIVOR_OVER)).await;
        let is_flat = || {
            self.simulator.with_broker(|broker| broker.positions().is_empty() && !broker.orders().any(Order::is_open))
        };
        while is_flat().await == Some(false) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn outcome(&self) -> anyhow::Result<(Outcome, DatabaseUrl)> {
        let at = self.simulator.clock().now();
        let read = self.simulator.with_broker(move |broker| {
            let ask = Request { method: "GET".to_owned(), path: "/v2/account".to_owned(), ..Request::default() };
            let account = broker.request(at, &ask).body.unwrap_or_default();
            let (orders, executions) = (broker.orders().cloned().collect(), broker.executions().to_vec());
            let (positions, cash) = (broker.positions().clone(), broker.cash());
            (account, AtBroker { orders, executions, positions, cash, at })
        });
        let (account, broker) = read.await.context("the simulator has stopped")?;
        let number = account["account_number"].as_str().context("an account has a number")?;
        let ledger = Ledger::new(Environment::Sim, number);
        let url = DatabaseUrl::sqlite(self.file("state/orb.db"));
        let reader = Reader::open(&url, &ledger)?;
        let page = PageRequest::first(ROWS_MAX);
        let outcome = Outcome {
            rules_never_applied: Vec::new(),
            data_requests: 0,
            broker,
            trades: reader.list_trades(&TradeFilter::default(), &page)?.rows,
            orders: Vec::new(),
            fills: reader.list_fills(&FillFilter::default(), &page)?.rows,
            signals: Vec::new(),
            decisions: Vec::new(),
            logs: reader.list_logs(&LogFilter::default(), &page)?.rows,
            view: Arc::new(View { ledger: ledger.view(), ..View::default() }),
            commands: Vec::new(),
            symbols: Arc::clone(&self.session.market.symbols),
            initial: self.session.run.initial_equity,
            positions_max: self.session.run.strategies[0].max_positions as usize,
            unprotected_max: scene::SURVIVOR_UNPROTECTED_MAX,
        };
        Ok((outcome, url))
    }
}

fn run<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(work)
}

/// Plays the day without a death, and returns its passages.
///
/// A machine that is busy with other tests lets orbd start late, or stands still for simulated minutes: entries are
/// missed then, which is right and no day to draw points from. Such a day is played again, slower.
pub(crate) fn undisturbed() -> anyhow::Result<Vec<Passage>> {
    let mut trades = Vec::new();
    for pace in UNDISTURBED_PACES {
        let (count, passages) = undisturbed_once(pace)?;
        if count >= 3 {
            return Ok(passages);
        }
        trades.push(count);
    }
    bail!("{trades:?} trades are no day")
}

fn undisturbed_once(pace: f64) -> anyhow::Result<(usize, Vec<Passage>)> {
    run(async {
        let stage = Stage::new(pace).await?;
        let trace = stage.file("trace");
        let orbd = stage.start(Some(("ORB_CRASH_TRACE", text(&trace)?)))?;
        let trades = stage.finish(orbd).await.with_context(|| stage.log())?;
        Ok((trades, passages(&std::fs::read_to_string(trace)?)))
    })
}

/// Draws a point from a number and plays it; tells whether orbd was killed.
///
/// # Errors
/// Tells what broke.
pub(crate) fn play(number: u64, passages: &[Passage]) -> anyhow::Result<bool> {
    let mut draw = Draw::new(number);
    // Every other one dies right after something was sent, when what was sent must be in the records.
    let is_meant = |passage: &&Passage| number.is_multiple_of(2) || passage.name.starts_with("sent:");
    let meant: Vec<_> = passages.iter().filter(is_meant).collect();
    let chosen = usize::try_from(draw.from(0, meant.len() as u64 - 1))?;
    let (name, dead) = (&meant[chosen].name, Duration::from_millis(draw.from(0, DEAD_MILLIS_MAX)));
    let again = || format!("point {number} of a surviving market, {name}, dead for {dead:?}");
    run(async {
        let stage = Stage::new(PACE).await?;
        let played = async {
            let mut first = stage.start(Some(("ORB_CRASH_AT", name.as_str())))?;
            let killed = first.killed_before(&stage.simulator, scene::at(scene::SURVIVOR_OVER)).await?;
            if !killed {
                return stage.finish(first).await.map(|_| false);
            }
            stage.has_sent_what_is_recorded().await?;
            tokio::time::sleep(dead).await;
            let second = stage.start(None)?;
            stage.finish(second).await.map(|_| true)
        };
        played.await.with_context(|| stage.log())
    })
    .with_context(again)
}

impl Stage {
    /// Returns what every orbd of the day wrote.
    fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap_or_default()
    }
}

fn text(path: &Path) -> anyhow::Result<&str> {
    match path.to_str() {
        Some(text) => Ok(text),
        None => bail!("temporary folders have plain names"),
    }
}

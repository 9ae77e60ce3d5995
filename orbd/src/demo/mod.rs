//! A paced session on the simulated exchange, through the whole daemon: engine, records, API.

mod session;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use orb_core::Bar;
use orb_core::event::{Event, FeedState, MarketData, Origin};
use orb_core::hold::HoldKind;
use orb_exec::EntryGate;
use orb_exec::local::{LocalBroker, LocalMarket, Opened, Speed};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use session::{DemoSession, SYNTHETIC_SEED};

pub use crate::daemon::Folder;
use crate::daemon::{Books, Daemon, Running, Start, Venue};
use crate::runtime::Identity;
use crate::shutdown::Shutdown;
use crate::store::{DatabaseUrl, DateRange, Ledger, Reader};
use crate::view::Environment;
use crate::{rpc, summary};

/// Says what a demo is to do.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Simulated seconds a second.
    pub speed: Speed,
    /// End after the close.
    pub exit: bool,
    /// Where everything is kept.
    pub folder: PathBuf,
    /// Where the API listens; a loopback address.
    pub listen: SocketAddr,
    /// The records; `None` for SQLite in the folder.
    pub database: Option<String>,
    /// What the configuration is called.
    pub config_name: String,
}

/// Runs a demo to its end.
///
/// # Errors
/// Names what is at fault and the remedy; before the first bar nothing has been written then.
pub async fn run(session: DemoSession, options: DemoOptions) -> anyhow::Result<()> {
    // Before anything can be called: whoever sees the daemon up may end it at once.
    let shutdown = Shutdown::catch().context("cannot catch signals")?;
    let listener = rpc::listen(options.listen).await?;
    let is_new = !options.folder.exists();
    let folder = Folder::open(&options.folder)?;
    let daemon = start(&session, &options, &folder, listener).await.inspect_err(|_| {
        if is_new {
            // A folder in which something was written stays.
            let _ = std::fs::remove_dir(folder.path());
        }
    })?;
    summary::print(&summary::banner(daemon.address, &daemon.token, &options.folder, &daemon.ledger, daemon.resumed))?;
    finish(daemon, &options, shutdown).await
}

async fn start(
    session: &DemoSession,
    options: &DemoOptions,
    folder: &Folder,
    listener: TcpListener,
) -> anyhow::Result<Daemon> {
    let url = options.url(folder)?;
    let (books, run) = open_books(&url, folder, session)?;
    let gate = EntryGate::default();
    let opened = orb_exec::local::open(session.venue(options.speed, folder.exchange_log(run)), gate.clone())?;
    let running = folder.mark_running()?;
    let engine = crate::backtest::engine_config(&session.market, &session.run).explained();
    let start = Start {
        folder,
        identity: options.identity(&books.ledger),
        venue: venue(session, opened, gate, &running),
        running,
        url: &url,
        books,
        engine: orb_backtest::driver::bar_driven(engine),
        context: "demo",
    };
    Daemon::start(start, listener, CancellationToken::new()).await
}

/// Joins the exchange with the events that come before all others: the day, after a crash its hold, and the bars of
/// before.
fn venue(session: &DemoSession, opened: Opened, gate: EntryGate, running: &Running) -> Venue<LocalBroker, LocalMarket> {
    let crashed = running.was_left_behind() && !opened.ended;
    let crash = crashed.then_some(Event::Feed(FeedState::Trouble(HoldKind::Crashed)));
    let backfill = |bars: Vec<Bar>| Event::Market(Origin::Backfill, MarketData::Bars(bars));
    let past = opened.backfill.into_iter().map(backfill);
    let first_events = core::iter::once(Event::Reference(session.reference())).chain(crash).chain(past).collect();
    // There is one day only, and it is known already.
    let (_, days) = mpsc::channel(1);
    let Opened { broker, market, events, now, .. } = Opened { backfill: Vec::new(), ..opened };
    Venue { broker, market, events, gate, days, now, first_events }
}

/// Waits for the end of the session, or for somebody who stops it; then ends everything in good order.
async fn finish(mut daemon: Daemon, options: &DemoOptions, mut shutdown: Shutdown) -> anyhow::Result<()> {
    if daemon.market_end(&mut shutdown).await {
        summary::print(&summary::of_day(&daemon.reader, &daemon.ledger)?)?;
        if !options.exit {
            summary::print("The session is over. The API stays up; Ctrl-C ends it.\n")?;
            shutdown.wait().await;
        }
    }
    if !daemon.end().await? {
        summary::print("The last log lines could not be stored.\n")?;
    }
    Ok(())
}

impl DemoOptions {
    fn url(&self, folder: &Folder) -> anyhow::Result<DatabaseUrl> {
        Ok(match &self.database {
            Some(text) => DatabaseUrl::parse(text)?,
            None => DatabaseUrl::sqlite(folder.database()),
        })
    }

    fn identity(&self, ledger: &Ledger) -> Identity {
        let speed = match self.speed {
            Speed::Times(times) => times,
            Speed::Max => 0.0,
        };
        Identity {
            ledger: ledger.view(),
            config: self.config_name.clone(),
            feed: "simulated".to_owned(),
            simulated_speed: Some(speed),
        }
    }
}

/// Opens the records of the latest run, or of a new one when the latest is over.
fn open_books(url: &DatabaseUrl, folder: &Folder, session: &DemoSession) -> anyhow::Result<(Books, u32)> {
    let latest = folder.latest_run();
    let run = if is_over(url, latest) { latest + 1 } else { latest };
    Ok((Books::open(url, ledger_of(run), &session.run, &session.market.symbols)?, run))
}

/// Tells whether a run has come to its end; it may have been about other symbols and strategies.
fn is_over(url: &DatabaseUrl, run: u32) -> bool {
    // Records that cannot be read are opened for writing next, and tell then what is wrong with them.
    let sessions = Reader::open(url, &ledger_of(run)).and_then(|reader| reader.sessions(DateRange::default()));
    sessions.is_ok_and(|sessions| sessions.last().is_some_and(|session| session.ended))
}

/// Names the books of a run.
fn ledger_of(run: u32) -> Ledger {
    Ledger::new(Environment::Sim, &format!("DEMO-{run}"))
}

//! A paced session on the simulated exchange, through the whole daemon: engine, records, API.

mod folder;
mod session;
mod summary;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context as _;
use orb_core::effect::Effects;
use orb_core::event::Event;
use orb_exec::EntryGate;
use orb_exec::local::{LocalBroker, LocalMarket, Opened, Speed};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use folder::Folder;
pub use session::{DemoSession, SYNTHETIC_SEED};

use crate::auth::{Auth, Role, read_or_create_token};
use crate::rpc::{self, Handle};
use crate::runtime::{Ended, HaltFile, Identity, Publisher, Recorder, Runtime, header};
use crate::shutdown::Shutdown;
use crate::store::{
    Audit, DatabaseUrl, DateRange, Ledger, LogOptions, LogWriter, Names, Reader, Restored, StoreError, Writer,
};
use crate::telemetry;
use crate::view::{LogView, Update, View};

/// Updates that a slow reader may be behind before it gets a fresh snapshot.
const UPDATES_MAX: usize = 4096;
/// Commands that may wait.
const COMMANDS_MAX: usize = 64;

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
    let stop = CancellationToken::new();
    let daemon = Daemon::start(session, &options, &folder, listener, &stop).await.inspect_err(|_| {
        if is_new {
            // A folder in which something was written stays.
            let _ = std::fs::remove_dir(folder.path());
        }
    })?;
    daemon.announce(&options)?;
    daemon.wait(&options, stop, shutdown).await
}

/// The parts of a running demo.
struct Daemon {
    ledger: Ledger,
    reader: Reader,
    runtime: JoinHandle<Result<Ended, StoreError>>,
    server: tokio::task::JoinHandle<Result<(), rpc::ServeError>>,
    session_over: watch::Receiver<bool>,
    address: SocketAddr,
    logs: LogWriter,
    token: PathBuf,
    resumed: bool,
    running: folder::Running,
}

type LocalRuntime = Runtime<LocalBroker, LocalMarket>;

impl Daemon {
    async fn start(
        session: DemoSession,
        options: &DemoOptions,
        folder: &Folder,
        listener: TcpListener,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let url = options.url(folder)?;
        let books = Books::open(&url, folder, &session)?;
        let gate = EntryGate::default();
        let opened = orb_exec::local::open(session.venue(options.speed, folder.exchange_log(books.run)), gate.clone())?;
        let reader = Reader::open(&url, &books.ledger)?;
        let (logs, lines) = open_logs(&url)?;
        let token = read_or_create_token(&folder.token())?;
        let address = listener.local_addr()?;
        folder.write_context(address)?;
        let (handle, ends) = wire(reader.clone(), lines, gate.clone());
        let auth = Auth::new().with_token(&token, "demo", Role::Admin);
        let running = folder.mark_running()?;
        let (ledger, resumed) = (books.ledger.clone(), books.resumed);
        let publisher = Publisher::new(options.identity(&ledger), ends.view, ends.updates);
        let (over, session_over) = watch::channel(false);
        let parts = Parts {
            crashed: running.was_left_behind() && !opened.ended,
            books,
            opened,
            gate,
            publisher,
            commands: ends.commands,
            audits: ends.audits,
            halt_file: HaltFile::of(folder.path()),
            stop: stop.clone(),
            over,
        };
        // No client may take the empty view for the engine's: it would show no hold and no position.
        let mut first = handle.view.clone();
        let runtime = parts.spawn(session)?;
        // An engine that ended before has an error to tell, which `wait` does.
        let _ = first.wait_for(|view| view.now.is_some()).await;
        let server = tokio::spawn(rpc::serve(listener, handle, Arc::new(auth), stop.clone()));
        let token = folder.token();
        Ok(Self { ledger, reader, runtime, server, session_over, address, logs, token, resumed, running })
    }

    fn announce(&self, options: &DemoOptions) -> anyhow::Result<()> {
        let text = summary::banner(self.address, &self.token, &options.folder, &self.ledger, self.resumed);
        summary::print(&text)
    }

    /// Waits for the end of the session, or for somebody who stops it; then ends everything in good order.
    async fn wait(
        mut self,
        options: &DemoOptions,
        stop: CancellationToken,
        mut shutdown: Shutdown,
    ) -> anyhow::Result<()> {
        let over = async {
            // The sender goes away with the engine's thread.
            let _ = self.session_over.wait_for(|over| *over).await;
        };
        let finished = tokio::select! {
            () = over => true,
            () = shutdown.wait() => false,
        };
        if finished && !self.runtime.is_finished() {
            summary::print(&summary::of_day(&self.reader, &self.ledger)?)?;
            if !options.exit {
                summary::print("The session is over. The API stays up; Ctrl-C ends it.\n")?;
                shutdown.wait().await;
            }
        }
        stop.cancel();
        let ended = tokio::task::spawn_blocking(move || self.runtime.join()).await?;
        let result = ended.map_err(|_| anyhow::anyhow!("the engine's thread panicked; its records are intact"))?;
        result.context("the engine stopped because a commit failed")?;
        self.server.await??;
        if !self.logs.flush(std::time::Duration::from_secs(2)) {
            summary::print("The last log lines could not be stored.\n")?;
        }
        self.running.end();
        Ok(())
    }
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
            ledger: session::ledger_view(ledger),
            config: self.config_name.clone(),
            feed: "simulated".to_owned(),
            simulated_speed: Some(speed),
        }
    }
}

/// The lines of the log as they are stored.
type LogLines = broadcast::Sender<Arc<LogView>>;

/// Starts logging into the records.
fn open_logs(url: &DatabaseUrl) -> anyhow::Result<(LogWriter, LogLines)> {
    let (lines, _) = broadcast::channel(UPDATES_MAX);
    let stored = lines.clone();
    let logs = LogWriter::open(url, LogOptions::default(), move |written| {
        for line in written {
            // Without a subscriber there is nobody to tell.
            let _ = stored.send(Arc::new(line));
        }
    })?;
    telemetry::start(logs.sender());
    Ok((logs, lines))
}

/// The runtime's ends of the channels to the API.
struct Ends {
    view: watch::Sender<Arc<View>>,
    updates: broadcast::Sender<Arc<Update>>,
    commands: mpsc::Receiver<rpc::CommandRequest>,
    audits: mpsc::Receiver<Audit>,
}

/// Connects the API with the runtime.
fn wire(reader: Reader, logs: LogLines, gate: EntryGate) -> (Handle, Ends) {
    let (view, views) = watch::channel(Arc::new(View::default()));
    let (updates, _) = broadcast::channel(UPDATES_MAX);
    let (command, commands) = mpsc::channel(COMMANDS_MAX);
    let (audit, audits) = mpsc::channel(COMMANDS_MAX);
    let handle = Handle { view: views, updates: updates.clone(), logs, commands: command, gate, audit, reader };
    (handle, Ends { view, updates, commands, audits })
}

/// The records of one run of the demo.
struct Books {
    ledger: Ledger,
    writer: Writer,
    restored: Restored,
    run: u32,
    resumed: bool,
}

impl Books {
    /// Opens the records of the latest run, or of a new one when the latest is over.
    fn open(url: &DatabaseUrl, folder: &Folder, session: &DemoSession) -> anyhow::Result<Self> {
        let latest = folder.latest_run();
        let run = if Self::is_over(url, latest) { latest + 1 } else { latest };
        Self::of_run(url, run, session)
    }

    /// Tells whether a run has come to its end; it may have been about other symbols and strategies.
    fn is_over(url: &DatabaseUrl, run: u32) -> bool {
        // Records that cannot be read are opened for writing next, and tell then what is wrong with them.
        let sessions = Reader::open(url, &ledger_of(run)).and_then(|reader| reader.sessions(DateRange::default()));
        sessions.is_ok_and(|sessions| sessions.last().is_some_and(|session| session.ended))
    }

    fn of_run(url: &DatabaseUrl, run: u32, session: &DemoSession) -> anyhow::Result<Self> {
        let ledger = ledger_of(run);
        let strategies = session.run.strategies.iter().map(|strategy| strategy.name.clone()).collect();
        let names = Names { symbols: (*session.market.symbols).clone(), strategies };
        let mut writer = Writer::open(url, ledger.clone(), names)?;
        let restored = writer.load()?;
        let resumed = restored.session.is_some();
        Ok(Self { ledger, writer, restored, run, resumed })
    }
}

/// Names the books of a run.
fn ledger_of(run: u32) -> Ledger {
    Ledger::new(crate::view::Environment::Sim, &format!("DEMO-{run}"))
}

/// What the engine's thread takes with it.
struct Parts {
    books: Books,
    opened: Opened,
    gate: EntryGate,
    publisher: Publisher,
    commands: mpsc::Receiver<rpc::CommandRequest>,
    audits: mpsc::Receiver<Audit>,
    halt_file: HaltFile,
    stop: CancellationToken,
    crashed: bool,
    over: watch::Sender<bool>,
}

impl Parts {
    /// Gives the engine a thread of its own.
    fn spawn(self, session: DemoSession) -> anyhow::Result<JoinHandle<Result<Ended, StoreError>>> {
        let thread = std::thread::Builder::new().name("orb-engine".to_owned());
        thread.spawn(move || self.run(&session)).context("cannot start the engine's thread")
    }

    /// Runs the engine on this thread until it is stopped.
    fn run(self, session: &DemoSession) -> Result<Ended, StoreError> {
        let threads = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let threads = threads.expect("the system gives a timer to a thread that was given memory");
        threads.block_on(self.drive(session))
    }

    async fn drive(self, session: &DemoSession) -> Result<Ended, StoreError> {
        let (over, now, backfill, crashed) =
            (self.over.clone(), self.opened.now, self.opened.backfill.clone(), self.crashed);
        let mut runtime = self.runtime(session);
        runtime.begin(now, session.first_events(backfill, crashed)).await?;
        let ended = runtime.run().await?;
        if ended == Ended::MarketEnd {
            over.send_replace(true);
            runtime.linger().await?;
        }
        Ok(ended)
    }

    fn runtime(self, session: &DemoSession) -> LocalRuntime {
        let mut engine =
            orb_backtest::driver::bar_driven(crate::backtest::engine_config(&session.market, &session.run).explained());
        let Restored { last_sequence, last_effect, .. } = self.books.restored;
        engine.restore(core_restored(self.books.restored));
        let head = header(&engine);
        Runtime {
            recorder: Recorder::new(self.books.writer, head, last_sequence, last_effect),
            engine,
            broker: self.opened.broker,
            market: self.opened.market,
            gate: self.gate,
            broker_events: self.opened.events,
            commands: self.commands,
            audits: self.audits,
            publisher: self.publisher,
            halt_file: self.halt_file,
            stop: self.stop,
            effects: Effects::after(last_effect),
        }
    }
}

/// Hands what the store loaded to the engine.
fn core_restored(restored: Restored) -> orb_core::Restored {
    let Restored { session, signals, orders, fills, mut trades, decisions, carried, holds, closings, .. } = restored;
    trades.extend(carried);
    orb_core::Restored {
        session,
        signals,
        orders,
        executions: fills.into_iter().map(|fill| fill.execution.id).collect(),
        trades,
        decisions,
        holds,
        closings,
    }
}

impl DemoSession {
    /// Returns the events that come before all others: the day, after a crash its hold, and the bars of before.
    fn first_events(&self, backfill: Vec<Vec<orb_core::Bar>>, crashed: bool) -> Vec<Event> {
        let crash =
            crashed.then_some(Event::Feed(orb_core::event::FeedState::Trouble(orb_core::hold::HoldKind::Crashed)));
        let past = backfill
            .into_iter()
            .map(|bars| Event::Market(orb_core::event::Origin::Backfill, orb_core::event::MarketData::Bars(bars)));
        core::iter::once(Event::Reference(self.reference())).chain(crash).chain(past).collect()
    }
}

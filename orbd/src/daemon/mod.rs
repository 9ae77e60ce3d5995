//! A running daemon: the engine's thread, the API, the logs, and an orderly end; whatever venue it trades at.

mod books;
mod engine_thread;
mod folder;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context as _;
use orb_core::Engine;
use orb_core::event::{Authorised, Command};
use orb_exec::{Broker, EntryGate, MarketData};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

pub(crate) use books::Books;
use engine_thread::Thread;
pub(crate) use engine_thread::Venue;
pub use folder::Folder;
pub(crate) use folder::Running;

use crate::auth::{Auth, IssuedTokens, Role, Watched, read_or_create_token};
use crate::guard::Heart;
use crate::parity::Keeper;
use crate::rpc::{self, CommandReply, CommandRequest, Handle, Listeners};
use crate::runtime::{Ended, HaltFile, Identity, Publisher};
use crate::shutdown::Shutdown;
use crate::spill::KeepError;
use crate::store::{Audit, DatabaseUrl, LogOptions, LogWriter, Reader, Retention};
use crate::telemetry;
use crate::view::{LogView, Update, View};

/// Updates that a slow reader may be behind before it gets a fresh snapshot.
const UPDATES_MAX: usize = 4096;
/// Commands that may wait.
const COMMANDS_MAX: usize = 64;

/// Holds what a daemon is started from.
#[derive(Debug)]
pub(crate) struct Start<'a, B, M> {
    /// Where it keeps its things.
    pub(crate) folder: &'a Folder,
    /// Marks the folder as in use.
    pub(crate) running: Running,
    /// Where the records are.
    pub(crate) url: &'a DatabaseUrl,
    /// Which log lines are kept.
    pub(crate) retention: Retention,
    /// The records.
    pub(crate) books: Books,
    /// The engine, which knows nothing yet.
    pub(crate) engine: Engine,
    /// The venue that it trades at.
    pub(crate) venue: Venue<B, M>,
    /// What stays the same in every view.
    pub(crate) identity: Identity,
    /// Name of the context that clients find.
    pub(crate) context: &'static str,
}

/// The parts of a running daemon.
pub(crate) struct Daemon {
    /// Reads the records.
    pub(crate) reader: Reader,
    /// Where the API listens, with its scheme.
    pub(crate) url: String,
    /// Where the token is.
    pub(crate) token: PathBuf,
    /// It goes on with what was recorded before.
    pub(crate) resumed: bool,
    handle: Handle,
    runtime: JoinHandle<Result<Ended, KeepError>>,
    server: tokio::task::JoinHandle<Result<(), rpc::ServeError>>,
    session_over: watch::Receiver<bool>,
    reports: tokio::task::JoinHandle<()>,
    logs: LogWriter,
    running: Running,
    stop: CancellationToken,
}

impl Daemon {
    /// Starts everything; when this returns, clients are answered and the engine has seen the broker's state.
    pub(crate) async fn start<B: Broker, M: MarketData>(
        start: Start<'_, B, M>,
        listeners: impl Into<Listeners>,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let listeners = listeners.into();
        let reader = Reader::open(start.url, &start.books.ledger)?;
        let (logs, lines) = open_logs(start.url, start.retention)?;
        let token = start.folder.token();
        let secret = read_or_create_token(&token)?;
        let url = listeners.url()?;
        start.folder.write_context(start.context, &listeners.endpoint()?)?;
        let (handle, ends, view, updates) =
            wire(reader.clone(), lines, start.venue.gate.clone(), start.books.restored.commands.clone());
        let auth = Arc::new(Auth::new().with_token(&secret, start.context, Role::Admin));
        let tokens = Watched::start(Arc::clone(&auth), IssuedTokens::of(start.folder.path()));
        tokio::spawn(stop.clone().run_until_cancelled_owned(tokens.follow()));
        let resumed = start.books.is_resumed();
        let (over, session_over) = watch::channel(false);
        let thread = Thread {
            engine: start.engine,
            venue: start.venue,
            books: start.books,
            publisher: Publisher::new(start.identity, view, updates),
            ends,
            halt_file: HaltFile::of(start.folder.path()),
            heart: Heart::of(start.folder.path()),
            stop: stop.clone(),
            over,
        };
        // No client may take the empty view for the engine's: it would show no hold and no position.
        let mut first = handle.view.clone();
        let runtime = thread.spawn()?;
        // An engine that ended before has an error to tell, which `end` does.
        let _ = first.wait_for(|view| view.now.is_some()).await;
        let server = tokio::spawn(rpc::serve(listeners, handle.clone(), auth, stop.clone()));
        let keeper = Keeper { url: start.url.clone(), reader: reader.clone(), view: handle.view.clone() };
        let reports = tokio::spawn(keeper.run(stop.clone()));
        let running = start.running;
        Ok(Self { reader, url, token, resumed, handle, runtime, server, session_over, reports, logs, running, stop })
    }

    /// Waits for the end of the market data, or for somebody who stops the daemon; tells which it was.
    pub(crate) async fn market_end(&mut self, shutdown: &mut Shutdown) -> bool {
        let finished = tokio::select! {
            () = self.session_over() => true,
            () = shutdown.wait() => false,
        };
        finished && !self.runtime.is_finished()
    }

    /// Waits for the end of the market data, or of the engine.
    pub(crate) async fn session_over(&mut self) {
        // The sender goes away with the engine's thread.
        let _ = self.session_over.wait_for(|over| *over).await;
    }

    /// Gives a command to the engine as the API does; `None` when the engine has ended.
    pub(crate) async fn command(&self, authorised: Authorised) -> Option<CommandReply> {
        let (reply, answer) = oneshot::channel();
        if matches!(authorised.command, Command::Kill { .. }) {
            // From here on no entry leaves the process, even while the engine is busy with a commit.
            self.handle.gate.bump();
        }
        self.handle.commands.send(CommandRequest { authorised, record: None, reply }).await.ok()?;
        answer.await.ok()
    }

    /// Returns the newest view.
    pub(crate) fn view(&self) -> Arc<View> {
        self.handle.current()
    }

    /// Ends everything in good order; tells whether the last log lines were stored.
    pub(crate) async fn end(self) -> anyhow::Result<bool> {
        self.stop.cancel();
        let ended = tokio::task::spawn_blocking(move || self.runtime.join()).await?;
        let result = ended.map_err(|_| anyhow::anyhow!("the engine's thread panicked; its records are intact"))?;
        result.context("the engine stopped because what happens could not be recorded; stops stay at the broker")?;
        self.server.await??;
        // A report that is being made is made to its end.
        self.reports.await?;
        let stored = self.logs.flush(std::time::Duration::from_secs(2));
        self.running.end();
        Ok(stored)
    }
}

/// The lines of the log as they are stored.
type LogLines = broadcast::Sender<Arc<LogView>>;

/// Starts logging into the records.
fn open_logs(url: &DatabaseUrl, retention: Retention) -> anyhow::Result<(LogWriter, LogLines)> {
    let (lines, _) = broadcast::channel(UPDATES_MAX);
    let stored = lines.clone();
    let logs = LogWriter::open(url, LogOptions { retention, ..LogOptions::default() }, move |written| {
        for line in written {
            // Without a subscriber there is nobody to tell.
            let _ = stored.send(Arc::new(line));
        }
    })?;
    telemetry::start(logs.sender());
    Ok((logs, lines))
}

/// The engine's ends of the channels to the API.
pub(super) struct Ends {
    commands: mpsc::Receiver<CommandRequest>,
    audits: mpsc::Receiver<Audit>,
}

/// Connects the API with the engine.
fn wire(
    reader: Reader,
    logs: LogLines,
    gate: EntryGate,
    finished: Vec<Audit>,
) -> (Handle, Ends, watch::Sender<Arc<View>>, broadcast::Sender<Arc<Update>>) {
    let (view, views) = watch::channel(Arc::new(View::default()));
    let (updates, _) = broadcast::channel(UPDATES_MAX);
    let (command, commands) = mpsc::channel(COMMANDS_MAX);
    let (audit, audits) = mpsc::channel(COMMANDS_MAX);
    let finished = finished.into();
    let handle =
        Handle { view: views, updates: updates.clone(), logs, commands: command, gate, audit, finished, reader };
    (handle, Ends { commands, audits }, view, updates)
}

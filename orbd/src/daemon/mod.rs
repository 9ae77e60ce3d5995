//! A running daemon: the engine's thread, the API, the logs, and an orderly end; whatever venue it trades at.

mod books;
mod engine_thread;
mod folder;
mod reload;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context as _;
use orb_core::event::{Authorised, Command};
use orb_core::hold::{Hold, HoldKind, TradingState};
use orb_core::{Engine, Timestamp};
use orb_exec::{Broker, Clock as _, EntryGate, MarketData, WallClock};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

pub(crate) use books::Books;
use engine_thread::Thread;
pub(crate) use engine_thread::{Ends, Left, Venue};
pub use folder::Folder;
pub(crate) use folder::Running;
pub(crate) use reload::{Fresh, Reading};

use crate::auth::{Auth, IssuedTokens, Role, Watched, read_or_create_token};
use crate::guard::Heart;
use crate::monitoring::{Meters, Queue, follow};
use crate::notify::{self, ChannelConfig, Notifier, Teller};
use crate::parity::Keeper;
use crate::reload::InForce;
use crate::rpc::{
    self, CommandReply, CommandRequest, Doors, Finished, Handle, Listeners, RefusalKind, Refused, SWITCHING,
    Switchboard,
};
use crate::runtime::{HaltFile, Identity};
use crate::shutdown::Shutdown;
use crate::spill::KeepError;
use crate::store::{DatabaseUrl, LogOptions, LogWriter, Reader, Retention};
use crate::traces::{OtelConfig, Tracer};
use crate::view::{ConfigSummary, LogView, Update, View};
use crate::{reporting, telemetry};

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
    /// What it begins with.
    pub(crate) post: Post<B, M>,
    /// Name of the context that clients find.
    pub(crate) context: &'static str,
    /// What it can be switched to.
    pub(crate) switchboard: Switchboard,
    /// Where notices go.
    pub(crate) notify: &'a [ChannelConfig],
    /// Where traces go.
    pub(crate) otel: &'a OtelConfig,
}

/// Holds an engine that is ready to trade: its books, its venue, and what ends it.
#[derive(Debug)]
pub(crate) struct Post<B, M> {
    /// The records.
    pub(crate) books: Books,
    /// The engine, which knows nothing yet.
    pub(crate) engine: Engine,
    /// The venue that it trades at.
    pub(crate) venue: Venue<B, M>,
    /// What stays the same in every view.
    pub(crate) identity: Identity,
    /// Ends the engine and its venue, and not the daemon.
    pub(crate) stop: CancellationToken,
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
    auth: Arc<Auth>,
    /// `None` while one engine has ended and the next one has not begun.
    seat: Option<Seat>,
    server: tokio::task::JoinHandle<Result<(), rpc::ServeError>>,
    logs: LogWriter,
    notifier: Notifier,
    doors: Doors,
    tracer: Tracer,
    running: Running,
    folder: Folder,
    /// Where clients of this machine find the API.
    endpoint: String,
    database: DatabaseUrl,
    stop: CancellationToken,
}

/// An engine that runs.
struct Seat {
    runtime: JoinHandle<Result<Left, KeepError>>,
    session_over: watch::Receiver<bool>,
    reports: tokio::task::JoinHandle<()>,
    stop: CancellationToken,
}

impl Daemon {
    /// Starts everything; when this returns, clients are answered and the engine has seen the broker's state.
    pub(crate) async fn start<B: Broker, M: MarketData>(
        start: Start<'_, B, M>,
        listeners: impl Into<Listeners>,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let (post, listeners) = (start.post, listeners.into());
        let reader = Reader::open(start.url, &post.books.ledger)?;
        let (logs, lines) = open_logs(start.url, start.retention)?;
        let token = start.folder.token();
        let secret = read_or_create_token(&token)?;
        let (url, endpoint, doors) = (listeners.url()?, listeners.endpoint()?, listeners.doors());
        start.folder.write_context(start.context, &endpoint)?;
        let (handle, ends) = wire(reader.clone(), lines, post.venue.gate.clone(), start.switchboard);
        handle.finished.add(post.books.restored.commands.iter().cloned());
        let auth = Arc::new(Auth::new().with_token(&secret, start.context, Role::Admin));
        let tokens = Watched::start(Arc::clone(&auth), IssuedTokens::of(start.folder.path()));
        tokio::spawn(stop.clone().run_until_cancelled_owned(tokens.follow()));
        let resumed = post.books.is_resumed();
        let now = WallClock::default().now();
        handle.config.load(Arc::clone(&post.identity.settings), now);
        handle.meters.config_loaded(now);
        // Before the engine's first commit, of which nothing is to be missed.
        let counted = follow(handle.updates.subscribe(), handle.meters.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(counted));
        watch_queues(&handle, &logs);
        let updates = handle.updates.subscribe();
        reporting::announce();
        reporting::follow(handle.updates.subscribe(), &handle.meters);
        let notifier = Notifier::start(start.notify, updates, start.running.was_left_behind(), &handle.meters);
        let tracer = Tracer::start(start.otel, &handle);
        let seat = Seat::take(post, ends, start.folder, &handle, start.url, notifier.teller()).await?;
        let server = tokio::spawn(rpc::serve(listeners, handle.clone(), Arc::clone(&auth), stop.clone()));
        Ok(Self {
            reader,
            url,
            token,
            resumed,
            handle,
            auth,
            seat: Some(seat),
            server,
            logs,
            notifier,
            doors,
            tracer,
            running: start.running,
            folder: start.folder.clone(),
            endpoint,
            database: start.url.clone(),
            stop,
        })
    }

    /// Ends the engine in good order, and nothing else: the API goes on answering, with the last view.
    ///
    /// # Errors
    /// When there is none, or what happened could not be recorded: then the daemon is to be ended.
    pub(crate) async fn stop_engine(&mut self) -> anyhow::Result<Left> {
        let seat = self.seat.take().context("there is no engine to stop")?;
        seat.leave().await
    }

    /// Gives another engine the place of one that was stopped.
    ///
    /// Commands that came meanwhile are refused, because they were meant for the other books; a kill is not.
    ///
    /// # Errors
    /// When the engine's thread cannot be started.
    pub(crate) async fn seat<B: Broker, M: MarketData>(
        &mut self,
        post: Post<B, M>,
        mut ends: Ends,
        context: &'static str,
    ) -> anyhow::Result<()> {
        let kills = ends.refuse_waiting();
        self.folder.write_context(context, &self.endpoint)?;
        // The records of these books name the caller as those do that begin with them.
        self.auth.rename_own(context);
        // Before its view is shown: whoever is told of the other books finds them.
        self.reader.turn_to(&post.books.ledger);
        ends.show_start_of(&post.identity);
        self.handle.config.turn_to(Arc::clone(&post.identity.settings));
        self.handle.finished.add(post.books.restored.commands.iter().cloned());
        self.resumed = post.books.is_resumed();
        let handle = self.handle.clone();
        for kill in kills {
            // There is room: the queue was emptied a moment ago. A kill that does not get in is not answered either.
            let _ = handle.commands.try_send(kill);
        }
        self.seat = Some(Seat::take(post, ends, &self.folder, &handle, &self.database, self.notifier.teller()).await?);
        Ok(())
    }

    /// Waits until a hold is in force and shown; tells whether the engine lived to place it.
    pub(crate) async fn until_held(&self, kind: HoldKind) -> bool {
        let mut view = self.handle.view.clone();
        view.wait_for(|view| view.holds.iter().any(|hold| hold.kind == kind)).await.is_ok()
    }

    /// Returns what stops entries at the last point, whichever engine decides them.
    pub(crate) const fn gate(&self) -> &EntryGate {
        &self.handle.gate
    }

    /// Returns what tells the API that the environment is being switched.
    pub(crate) const fn switchboard(&self) -> &Switchboard {
        &self.handle.switchboard
    }

    /// Waits for the end of the market data, or for somebody who stops the daemon; tells which it was.
    pub(crate) async fn market_end(&mut self, shutdown: &mut Shutdown) -> bool {
        let finished = tokio::select! {
            () = self.session_over() => true,
            () = shutdown.wait() => false,
        };
        finished && self.seat.as_ref().is_some_and(|seat| !seat.runtime.is_finished())
    }

    /// Waits for the end of the market data, or of the engine.
    pub(crate) async fn session_over(&mut self) {
        if let Some(seat) = &mut self.seat {
            // The sender goes away with the engine's thread.
            let _ = seat.session_over.wait_for(|over| *over).await;
        }
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

    /// Returns the views as they come.
    pub(crate) fn views(&self) -> watch::Receiver<Arc<View>> {
        self.handle.view.clone()
    }

    /// Returns the newest view.
    pub(crate) fn view(&self) -> Arc<View> {
        self.handle.current()
    }

    /// Ends everything in good order; tells whether the last log lines were stored.
    pub(crate) async fn end(self) -> anyhow::Result<bool> {
        self.stop.cancel();
        let left = match self.seat {
            Some(seat) => seat.leave().await.map(drop),
            None => Ok(()),
        };
        let view = self.handle.current();
        let last = if left.is_ok() { notify::stopped(&view) } else { notify::engine_lost(&view) };
        tokio::join!(self.notifier.finish(&last), self.tracer.finish());
        left?;
        self.server.await??;
        let stored = self.logs.flush(std::time::Duration::from_secs(2));
        self.running.end();
        Ok(stored)
    }
}

impl Seat {
    /// Gives an engine a thread; when this returns, it has seen the broker's state and shown it.
    async fn take<B: Broker, M: MarketData>(
        post: Post<B, M>,
        ends: Ends,
        folder: &Folder,
        handle: &Handle,
        url: &DatabaseUrl,
        teller: Teller,
    ) -> anyhow::Result<Self> {
        let Post { books, engine, venue, identity, stop } = post;
        let ledger = books.ledger.clone();
        let (over, session_over) = watch::channel(false);
        let thread = Thread {
            engine,
            venue,
            books,
            identity,
            ends,
            halt_file: HaltFile::of(folder.path()),
            heart: Heart::of(folder.path()),
            stop: stop.clone(),
            over,
            meters: handle.meters.clone(),
        };
        // No client may take the empty view, or that of other books, for the engine's.
        let mut first = handle.view.clone();
        let runtime = thread.spawn()?;
        // An engine that ended before has an error to tell, which `leave` does.
        let _ = first.wait_for(|view| view.now.is_some() && *view.ledger.id == *ledger.id()).await;
        let (reader, view) = (handle.reader.with_ledger(&ledger), handle.view.clone());
        let keeper = Keeper { url: url.clone(), reader, view, teller };
        let reports = tokio::spawn(keeper.run(stop.clone()));
        Ok(Self { runtime, session_over, reports, stop })
    }

    /// Ends the engine in good order.
    async fn leave(self) -> anyhow::Result<Left> {
        self.stop.cancel();
        let ended = tokio::task::spawn_blocking(move || self.runtime.join()).await?;
        let result = ended.map_err(|_| anyhow::anyhow!("the engine's thread panicked; its records are intact"))?;
        let left = result
            .context("the engine stopped because what happens could not be recorded; stops stay at the broker")?;
        // A report that is being made is made to its end.
        self.reports.await?;
        Ok(left)
    }
}

impl Ends {
    /// Shows the new books, of which nothing is known but that their engine begins.
    fn show_start_of(&self, identity: &Identity) {
        let before = Arc::clone(&self.view.borrow());
        let starting = Hold {
            kind: HoldKind::Starting,
            reason: HoldKind::Starting.cause().to_owned(),
            actor: "orb".to_owned(),
            since: before.now.unwrap_or(Timestamp::from_micros(0)),
        };
        let (name, settings) = (identity.config.clone(), Arc::clone(&identity.settings));
        let view = Arc::new(View {
            ledger: identity.ledger.clone(),
            build: before.build.clone(),
            config: ConfigSummary { name, settings, ..before.config.clone() },
            state: TradingState::Paused,
            holds: vec![starting],
            health: before.health.clone(),
            simulated_speed: identity.simulated_speed,
            symbols: Arc::clone(&before.symbols),
            ..View::default()
        });
        self.view.send_replace(Arc::clone(&view));
        // Without a subscriber there is nobody to tell.
        let _ = self.updates.send(Arc::new(Update { sequence: view.sequence, view, changes: Vec::new() }));
    }

    /// Refuses the commands that wait, but for kills, which are returned.
    fn refuse_waiting(&mut self) -> Vec<CommandRequest> {
        let mut kills = Vec::new();
        while let Ok(request) = self.commands.try_recv() {
            if matches!(request.authorised.command, Command::Kill { .. }) {
                kills.push(request);
                continue;
            }
            let refused = Refused { kind: RefusalKind::Unavailable, message: SWITCHING.to_owned() };
            // The asker may have gone away.
            let _ = request.reply.send(CommandReply::Refused(refused));
        }
        kills
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

/// Lets the figures show what waits for the engine and for the log.
fn watch_queues(handle: &Handle, logs: &LogWriter) {
    // A count of what waits keeps nothing open.
    let commands = handle.commands.downgrade();
    let waiting = move || commands.upgrade().map_or(0, |queue| queue.max_capacity() - queue.capacity());
    handle.meters.watch(Queue::Commands, waiting);
    handle.meters.watch(Queue::Log, logs.waiting());
}

/// Connects the API with the engine.
fn wire(reader: Reader, logs: LogLines, gate: EntryGate, switchboard: Switchboard) -> (Handle, Ends) {
    let (view, views) = watch::channel(Arc::new(View::default()));
    let (updates, _) = broadcast::channel(UPDATES_MAX);
    let (command, commands) = mpsc::channel(COMMANDS_MAX);
    let (audit, audits) = mpsc::channel(COMMANDS_MAX);
    let ends = Ends { commands, audits, view, updates: updates.clone() };
    let (finished, config, meters) = (Finished::default(), InForce::default(), Meters::default());
    let commands = command;
    let handle =
        Handle { view: views, updates, logs, commands, gate, audit, finished, reader, switchboard, config, meters };
    (handle, ends)
}

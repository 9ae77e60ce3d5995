//! Writing log lines on a thread and a connection of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use diesel::prelude::*;
use orb_core::Timestamp;
use orb_core::effect::{Component, Severity};

use super::retention::{Keeper, Retention};
use crate::store::connect::{AnyConn, Purpose, connect};
use crate::store::error::StoreError;
use crate::store::migrate::migrate;
use crate::store::rows::NewLog;
use crate::store::schema::logs;
use crate::store::url::DatabaseUrl;
use crate::view::LogView;

/// Holds a log line before it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written, on the wall clock.
    pub at: Timestamp,
    /// The engine's clock; `None` where the line is not about the engine.
    pub engine_time: Option<Timestamp>,
    /// How much it matters; `None` is for finding faults.
    pub severity: Option<Severity>,
    /// Who says it.
    pub component: Component,
    /// What, in words.
    pub message: String,
    /// The values that belong to it, each name once, by name.
    pub fields: Vec<(String, String)>,
    /// The ledger it is about; `None` where it is about none.
    pub ledger_id: Option<String>,
    /// The strategy it is about; `None` where it is about none.
    pub strategy: Option<String>,
}

/// Bounds what the writer holds, and what it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// Lines that may wait; more are dropped and counted.
    pub queue_lines: usize,
    /// Lines written at once.
    pub batch_lines: usize,
    /// Which lines are kept.
    pub retention: Retention,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { queue_lines: 8_192, batch_lines: 256, retention: Retention::FOREVER }
    }
}

/// How long lines may wait for others, so that they are written together.
const LINGER: Duration = Duration::from_millis(100);
/// How long to wait before a database that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Takes log lines without ever waiting. Clones share the queue.
#[derive(Clone, Debug)]
pub struct LogSender {
    queue: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
    waiting: Arc<AtomicUsize>,
}

impl LogSender {
    /// Queues a line, or drops and counts it when the queue is full.
    pub fn send(&self, line: LogLine) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        match self.queue.try_send(Message::Line(Box::new(line))) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Returns how many lines were dropped and are not yet recorded as such.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// Writes log lines in batches; nothing that goes wrong here reaches who speaks.
#[derive(Debug)]
pub struct LogWriter {
    sender: LogSender,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Line(Box<LogLine>),
    Keep(Retention),
    Flush(SyncSender<()>),
    Stop,
}

impl LogWriter {
    /// Opens the log's table and starts the thread; `on_written` is told of the lines once they are stored, in the
    /// order of their ids.
    ///
    /// # Errors
    /// When the database cannot be opened or written, or was made by a newer version.
    pub fn open(
        url: &DatabaseUrl,
        options: LogOptions,
        on_written: impl FnMut(Vec<LogView>) + Send + 'static,
    ) -> Result<Self, StoreError> {
        migrate(url)?;
        let conn = connect(url, Purpose::WriteLogs)?;
        let (queue, lines) = sync_channel(options.queue_lines.max(1));
        let sender = LogSender { queue, dropped: Arc::default(), waiting: Arc::default() };
        let worker = Worker {
            url: url.clone(),
            conn: Some(conn),
            retry_at: Instant::now(),
            dropped: Arc::clone(&sender.dropped),
            waiting: Arc::clone(&sender.waiting),
            batch_lines: options.batch_lines.max(1),
            keeper: Keeper::new(options.retention),
            on_written,
        };
        let thread = std::thread::Builder::new()
            .name("orb-logs".to_owned())
            .spawn(move || worker.run(&lines))
            .map_err(|error| StoreError::Open { database: url.to_string(), problem: error.to_string() })?;
        Ok(Self { sender, thread: Some(thread) })
    }

    /// Returns what lines are sent with.
    #[must_use]
    pub fn sender(&self) -> LogSender {
        self.sender.clone()
    }

    /// Returns what tells how many lines wait; it keeps nothing open.
    pub fn waiting(&self) -> impl Fn() -> usize + Send + Sync + use<> {
        let waiting = Arc::clone(&self.sender.waiting);
        move || waiting.load(Ordering::Relaxed)
    }

    /// Keeps other lines than before from now on. Where the queue is full of lines, it is tried again with them gone,
    /// by a thread of its own: nobody waits.
    pub fn keep(&self, retention: Retention) {
        if let Err(TrySendError::Full(message)) = self.sender.queue.try_send(Message::Keep(retention)) {
            let queue = self.sender.queue.clone();
            // The writer may end meanwhile, and then there is nothing to keep.
            std::thread::spawn(move || queue.send(message));
        }
    }

    /// Waits until the lines sent so far are stored, or the time is up; tells whether they are.
    #[must_use]
    pub fn flush(&self, patience: Duration) -> bool {
        let (done, finished) = sync_channel(1);
        self.sender.queue.try_send(Message::Flush(done)).is_ok() && finished.recv_timeout(patience).is_ok()
    }
}

impl Drop for LogWriter {
    /// Stores what is queued and ends the thread.
    fn drop(&mut self) {
        let stopped = self.sender.queue.send(Message::Stop);
        if let (Ok(()), Some(thread)) = (stopped, self.thread.take()) {
            // A panic of that thread has cost log lines, no more.
            drop(thread.join());
        }
    }
}

struct Worker<F> {
    url: DatabaseUrl,
    conn: Option<AnyConn>,
    retry_at: Instant,
    dropped: Arc<AtomicU64>,
    waiting: Arc<AtomicUsize>,
    batch_lines: usize,
    keeper: Keeper,
    on_written: F,
}

impl<F: FnMut(Vec<LogView>)> Worker<F> {
    fn run(mut self, queue: &Receiver<Message>) {
        let mut batch = Vec::with_capacity(self.batch_lines);
        let mut due: Option<Instant> = None;
        loop {
            let wait = due.map_or(LINGER, |due| due.saturating_duration_since(Instant::now()));
            match queue.recv_timeout(wait) {
                Ok(Message::Line(line)) => {
                    self.waiting.fetch_sub(1, Ordering::Relaxed);
                    batch.push(*line);
                    due.get_or_insert_with(|| Instant::now() + LINGER);
                    if batch.len() < self.batch_lines {
                        continue;
                    }
                }
                Ok(Message::Keep(retention)) => self.keeper.keep(retention),
                Ok(Message::Flush(done)) => {
                    self.store(&mut batch);
                    let _asker_left = done.try_send(());
                }
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    self.store(&mut batch);
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            due = None;
            self.store(&mut batch);
            self.keep_house();
        }
    }

    /// Removes some of the lines that are not to be kept. What fails is tried again later.
    fn keep_house(&mut self) {
        if let Some(conn) = &mut self.conn
            && self.keeper.step(conn).is_err()
        {
            // A lost connection must not cost the next lines.
            self.conn = None;
        }
    }

    /// Stores the lines, or counts them as dropped.
    fn store(&mut self, batch: &mut Vec<LogLine>) {
        let missing = self.dropped.swap(0, Ordering::Relaxed);
        if missing > 0 {
            batch.push(dropped_line(missing));
        }
        if batch.is_empty() {
            return;
        }
        match self.try_store(batch) {
            Some(ids) => (self.on_written)(views(batch, &ids)),
            None => {
                let lines = batch.len() - usize::from(missing > 0);
                self.dropped.fetch_add(missing + lines as u64, Ordering::Relaxed);
            }
        }
        batch.clear();
    }

    fn try_store(&mut self, batch: &[LogLine]) -> Option<Vec<i64>> {
        if self.conn.is_none() && Instant::now() >= self.retry_at {
            self.conn = connect(&self.url, Purpose::WriteLogs).ok();
            self.retry_at = Instant::now() + RETRY;
        }
        let rows: Vec<NewLog> = batch.iter().map(NewLog::of).collect();
        let stored = insert(self.conn.as_mut()?, &rows).ok();
        if stored.is_none() {
            self.conn = None;
            self.retry_at = Instant::now() + RETRY;
        }
        stored
    }
}

/// Inserts the rows and returns their ids.
fn insert(conn: &mut AnyConn, rows: &[NewLog]) -> QueryResult<Vec<i64>> {
    match conn {
        AnyConn::Postgres(conn) => diesel::insert_into(logs::table).values(rows).returning(logs::id).get_results(conn),
        AnyConn::Sqlite(conn) => conn.immediate_transaction(|conn| {
            let one = |row: &NewLog| {
                diesel::insert_into(logs::table).values(row).execute(conn)?;
                diesel::select(last_insert_rowid()).get_result(conn)
            };
            rows.iter().map(one).collect()
        }),
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    fn last_insert_rowid() -> diesel::sql_types::BigInt;
}

fn views(batch: &[LogLine], ids: &[i64]) -> Vec<LogView> {
    batch.iter().zip(ids).map(|(line, &id)| view(line, u64::try_from(id).unwrap_or_default())).collect()
}

fn view(line: &LogLine, id: u64) -> LogView {
    LogView {
        id,
        at: line.at,
        engine_time: line.engine_time,
        severity: line.severity,
        component: line.component,
        message: line.message.clone(),
        fields: line.fields.clone(),
        strategy: line.strategy.clone(),
    }
}

fn dropped_line(lines: u64) -> LogLine {
    LogLine {
        at: wall_clock(),
        engine_time: None,
        severity: Some(Severity::Warn),
        component: Component::Store,
        message: format!("{lines} log lines were dropped"),
        fields: vec![("dropped".to_owned(), lines.to_string())],
        ledger_id: None,
        strategy: None,
    }
}

/// Returns the wall clock.
pub(super) fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

//! The conversation of the stream of order news, and the comparisons of the whole state that go with it.

use core::future::pending;
use std::collections::BTreeSet;
use std::sync::Arc;

use orb_core::event::{BrokerSnapshot, FeedState};
use orb_core::hold::HoldKind;
use orb_core::order::OrderUpdate;
use orb_core::{Span, Timestamp};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::error::StreamError;
use super::keep::{Conversation, Line};
use super::lock::StreamLock;
use super::order_message::{OrderNews, ServerMessage, read_message};
use super::socket::{Frame, Socket};
use crate::alpaca::Credentials;
use crate::alpaca::broker::Outbox;
use crate::alpaca::connect::SnapshotSource;
use crate::alpaca::orders::OrderReader;
use crate::clock::{Busy, Clock};

/// A snapshot during which news came is read again, so many times in all.
const TRIES_MAX: u32 = 3;
/// How long after a failure a snapshot is asked for again, doubled at each failure.
const RETRY_AFTER: Span = Span::from_seconds(1);
/// The longest wait after a failure.
const RETRY_MOST: Span = Span::from_seconds(30);
/// The shortest time between two snapshots that contradictions ask for.
const ASK_EVERY_LEAST: Span = Span::from_seconds(1);
/// So many orders of others are remembered for each connection.
const FOREIGN_MAX: usize = 1_024;
/// So much news may wait for a snapshot; of more the state is read anew.
const BUFFER_MAX: usize = 65_536;

/// Speaks with the stream of order news.
pub(crate) struct OrderStream<C: Clock, S> {
    pub(crate) line: Line<C>,
    pub(crate) credentials: Credentials,
    pub(crate) reader: OrderReader,
    pub(crate) outbox: Outbox<C>,
    pub(crate) source: Arc<S>,
    /// How often the whole state is compared; `None` only after each connection.
    pub(crate) compare_every: Option<Span>,
    /// Held as long as anybody speaks with it.
    pub(crate) lock: Arc<StreamLock>,
    pub(crate) comparison: Comparison,
}

/// Holds where the comparison of the whole state stands.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// News since the connection, until the first snapshot after it; `None` when that one was reported.
    buffer: Option<Vec<OrderUpdate>>,
    /// When a snapshot is to be asked for; `None` when none is wanted.
    ask_at: Option<Timestamp>,
    /// When the last one was asked for.
    asked: Option<Timestamp>,
    /// The orders of others that were told of.
    foreign: BTreeSet<String>,
    reading: Option<Reading>,
    /// Snapshots that were read in vain because news came meanwhile.
    tries: u32,
    failures: u32,
}

/// Holds a snapshot that is being read.
#[derive(Debug)]
struct Reading {
    /// What had been heard when it began.
    heard: u64,
    task: JoinHandle<(Option<BrokerSnapshot>, Busy)>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<C: Clock, S: SnapshotSource> Conversation<C> for OrderStream<C, S> {
    const NAME: &'static str = "orders";

    fn line(&self) -> Line<C> {
        self.line.clone()
    }

    async fn introduce(&mut self, socket: &mut Socket<C>) -> Result<(), StreamError> {
        let (key, secret) = (self.credentials.key_id.expose_secret(), self.credentials.secret.expose_secret());
        socket.send(&json!({ "action": "auth", "key": key, "secret": secret })).await?;
        self.hear(socket, "authorized").await?;
        socket.send(&json!({ "action": "listen", "data": { "streams": ["trade_updates"] } })).await?;
        self.hear(socket, "listening").await
    }

    fn on_open(&mut self) {
        // What was missed while there was no connection is in the snapshot; what comes from now on waits for it.
        self.comparison =
            Comparison { buffer: Some(Vec::new()), ask_at: Some(self.line.clock.now()), ..Comparison::default() };
    }

    async fn read(&mut self, socket: &mut Socket<C>) -> StreamError {
        loop {
            let ask_at = self.next_ask();
            tokio::select! {
                biased;
                frame = socket.next_frame() => match frame {
                    Ok(frame) => self.hand_on(&frame),
                    Err(error) => return error,
                },
                (snapshot, _busy) = finished(&mut self.comparison.reading) => self.on_snapshot(snapshot),
                () = sleep_until(&self.line.clock, ask_at) => self.ask(),
            }
        }
    }

    fn on_lost(&mut self) {
        self.comparison = Comparison::default();
        self.outbox.forget_waiting();
        self.outbox.feed(FeedState::Trouble(HoldKind::Reconciling));
    }
}

impl<C: Clock, S: SnapshotSource> OrderStream<C, S> {
    /// Makes another speaker of the same conversation that has not begun.
    pub(crate) fn fresh(&self) -> Self {
        Self {
            line: self.line.clone(),
            credentials: self.credentials.clone(),
            reader: self.reader.clone(),
            outbox: self.outbox.clone(),
            source: Arc::clone(&self.source),
            compare_every: self.compare_every,
            lock: Arc::clone(&self.lock),
            comparison: Comparison::default(),
        }
    }

    /// Waits for the server's answer; news that comes before it is in the snapshot that is read afterwards.
    async fn hear(&mut self, socket: &mut Socket<C>, awaited: &'static str) -> Result<(), StreamError> {
        let within = self.line.timing.answer_within;
        let listening = async {
            loop {
                let frame = socket.next_frame().await?;
                match (read_message(frame.payload(), &self.reader, self.line.clock.now()), awaited) {
                    (Ok(ServerMessage::Authorized), "authorized") | (Ok(ServerMessage::Listening), "listening") => {
                        return Ok(());
                    }
                    (Ok(ServerMessage::Refused(words)), _) => return Err(StreamError::Unauthorized(words)),
                    (Ok(_) | Err(_), _) => {}
                }
            }
        };
        timeout(within, listening).await.map_err(|_| StreamError::NoAnswer { awaited, within })?
    }

    fn hand_on(&mut self, frame: &Frame<C>) {
        match read_message(frame.payload(), &self.reader, self.line.clock.now()) {
            Ok(ServerMessage::News(news)) => self.take(news),
            Ok(ServerMessage::Authorized | ServerMessage::Listening) => {}
            Ok(ServerMessage::Refused(words)) => {
                tracing::warn!(component = "Alpaca", "the stream of order news complains: {words}");
            }
            Ok(ServerMessage::Other(stream)) => {
                tracing::debug!(component = "Alpaca", stream, "a message of another stream is passed over");
            }
            Err(error) => {
                // It may have been news of an order: only the whole state tells.
                tracing::warn!(component = "Alpaca", "a message of order news was not understood: {error}");
                self.want();
            }
        }
    }

    fn take(&mut self, news: OrderNews) {
        match news {
            OrderNews::Update(update) => {
                let Some(buffer) = &mut self.comparison.buffer else { return self.outbox.update(*update) };
                self.outbox.note_heard();
                if buffer.len() >= BUFFER_MAX {
                    buffer.clear();
                }
                buffer.push(*update);
            }
            OrderNews::Nothing => {}
            OrderNews::Foreign { order, symbol } => self.meet(order, &symbol),
            OrderNews::Unclear(why) => {
                tracing::warn!(component = "Alpaca", "news of an order is looked up: {why}");
                self.outbox.note_heard();
                self.want();
            }
        }
    }

    /// Meets an order of somebody else: the snapshot tells of it, once.
    fn meet(&mut self, order: String, symbol: &str) {
        let foreign = &mut self.comparison.foreign;
        if foreign.len() < FOREIGN_MAX && !foreign.contains(&order) {
            tracing::warn!(component = "Alpaca", order, symbol, "an order in a symbol that orb does not trade");
            foreign.insert(order);
            self.want();
        }
    }

    /// Wants a snapshot soon; one that is being read now began too early.
    fn want(&mut self) {
        let now = self.line.clock.now();
        let soon = self.comparison.asked.map_or(now, |asked| now.max(asked + ASK_EVERY_LEAST));
        self.comparison.ask_at = Some(self.comparison.ask_at.map_or(soon, |at| at.min(soon)));
    }

    /// Returns when the next snapshot is to be asked for; `None` while one is read.
    fn next_ask(&self) -> Option<Timestamp> {
        let Comparison { ask_at, asked, reading, failures, .. } = &self.comparison;
        // News of an order that nobody knows must not make a storm of questions.
        let overdue = self.outbox.overdue_at().filter(|_| *failures == 0);
        let overdue = overdue.map(|at| asked.map_or(at, |asked| at.max(asked + ASK_EVERY_LEAST)));
        [*ask_at, overdue].into_iter().flatten().min().filter(|_| reading.is_none())
    }

    fn ask(&mut self) {
        let source = Arc::clone(&self.source);
        let busy = self.line.clock.busy();
        let task = tokio::spawn(async move {
            let snapshot = source.snapshot().await;
            let failed = |error| tracing::warn!(component = "Alpaca", "the broker's state could not be read: {error}");
            (snapshot.map_err(failed).ok(), busy)
        });
        self.comparison.ask_at = None;
        self.comparison.asked = Some(self.line.clock.now());
        self.comparison.reading = Some(Reading { heard: self.outbox.heard(), task });
    }

    fn on_snapshot(&mut self, snapshot: Option<BrokerSnapshot>) {
        let Some(reading) = self.comparison.reading.take() else { return };
        let now = self.line.clock.now();
        let Some(snapshot) = snapshot else {
            let wait = Span::from_micros(RETRY_AFTER.micros() << self.comparison.failures.min(5)).min(RETRY_MOST);
            self.comparison.failures += 1;
            self.comparison.ask_at = Some(now + wait);
            return;
        };
        self.comparison.failures = 0;
        let is_torn = self.outbox.heard() != reading.heard;
        self.comparison.tries += 1;
        if is_torn && self.comparison.tries < TRIES_MAX {
            self.comparison.ask_at = Some(now);
            return;
        }
        self.comparison.tries = 0;
        if let Some(buffer) = self.comparison.buffer.take() {
            // After a connection even a state that changed while it was read is better than none: what changed it
            // follows.
            self.report(snapshot, buffer);
        } else if !self.outbox.snapshot_as_of(reading.heard, snapshot) {
            return self.comparison.ask_at = Some(now + RETRY_AFTER);
        }
        if self.comparison.ask_at.is_none() {
            self.comparison.ask_at = self.compare_every.map(|every| now + every);
        }
    }

    fn report(&self, snapshot: BrokerSnapshot, missed: Vec<OrderUpdate>) {
        self.outbox.snapshot(snapshot);
        missed.into_iter().for_each(|update| self.outbox.update(update));
    }
}

/// Waits for the snapshot that is being read; for ever when none is. `None` when it could not be read.
async fn finished(reading: &mut Option<Reading>) -> (Option<BrokerSnapshot>, Busy) {
    match reading {
        Some(reading) => (&mut reading.task).await.unwrap_or_else(|failure| {
            tracing::error!(component = "Alpaca", "reading the broker's state ended: {failure}");
            (None, Busy::default())
        }),
        None => pending().await,
    }
}

async fn sleep_until<C: Clock>(clock: &C, at: Option<Timestamp>) {
    match at {
        Some(at) => clock.sleep_until(at).await,
        None => pending().await,
    }
}

//! The loop: the sole owner of the engine.
//!
//! Every input goes the same way: engine, commit, act, publish. Nothing is sent to the broker and nothing is shown
//! before the transaction that holds its cause is committed. While the [store is in trouble](crate::spill), the spill
//! file takes its place, and entries are held.

mod asked;
mod bars;
mod degraded;
mod due;
mod halt_file;
mod publish;
mod recorder;
mod steps;

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

pub use asked::Asked;
pub use halt_file::HaltFile;
pub use publish::{Identity, Publisher};
pub use recorder::{Recorder, header};

use orb_core::effect::{Alert, Effect, EffectClass, EffectId, Effects, Severity};
use orb_core::event::{Authorised, Command, Event, MarketData as Prices, ReferenceData};
use orb_core::fact::{Fact, HoldRecord};
use orb_core::hold::{Clearing, HoldKind};
use orb_core::order::{AttemptId, OrderRole};
use orb_core::{Engine, Timestamp};
use orb_exec::{Broker, BrokerEvent, EntryGate, MarketData, MarketStep};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::failpoint::{self, Place};
use crate::guard::Heart;
use crate::monitoring::{Meters, Queue, Stream};
use crate::rpc::{Accepted, CommandReply, CommandRequest, RefusalKind, Refused};
use crate::spill::{KeepError, Keeper, Kept, StoreTrouble};
use crate::store::Audit;

/// Inputs that had no effects are committed at the latest after this.
const FLUSH_AFTER: Duration = Duration::from_millis(50);
/// Inputs that had no effects are committed at the latest when there are so many.
const BATCH_MAX: usize = 256;
/// So many reports of the broker share a commit at most.
const REPORTS_MAX: usize = 64;
/// While the store is in trouble, inputs that had no effects are saved at the latest after this: each time is a sync.
const FLUSH_AFTER_DEGRADED: Duration = Duration::from_millis(250);
/// How long a stop waits for cancels to be confirmed.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// Owns the engine and everything that it moves.
#[derive(Debug)]
pub struct Runtime<B, M> {
    /// The engine.
    pub engine: Engine,
    /// Where its effects go.
    pub broker: B,
    /// Where prices and time come from.
    pub market: M,
    /// What entries pass last.
    pub gate: EntryGate,
    /// What the broker reports.
    pub broker_events: mpsc::UnboundedReceiver<BrokerEvent>,
    /// What is known of each coming day before its open.
    pub days: mpsc::Receiver<ReferenceData>,
    /// What clients want.
    pub commands: mpsc::Receiver<CommandRequest>,
    /// What became of commands, to be kept.
    pub audits: mpsc::Receiver<Audit>,
    /// Collects everything.
    pub recorder: Recorder,
    /// Keeps everything.
    pub keeper: Keeper,
    /// Shows everything.
    pub publisher: Publisher,
    /// The kill switch as a file.
    pub halt_file: HaltFile,
    /// Tells whoever listens that the loop comes round.
    pub heart: Heart,
    /// Ends the loop.
    pub stop: CancellationToken,
    /// The engine's effects of one event.
    pub effects: Effects,
    /// What the store suffered from when it was told last; `None` at the beginning.
    pub store_trouble: Option<StoreTrouble>,
    /// Inputs that were not kept since the trouble began; 0 at the beginning.
    pub let_go: u64,
    /// What is counted as it happens.
    pub meters: Meters,
    /// What the broker has not answered yet.
    pub asked: Asked,
}

/// Tells why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The market data came to their end.
    MarketEnd,
    /// Somebody stopped it.
    Stopped,
}

impl<B: Broker, M: MarketData> Runtime<B, M> {
    /// Takes the events that come before all others: what is known of the day, what had happened, the broker's state.
    ///
    /// # Errors
    /// When they cannot be committed.
    pub async fn begin(&mut self, now: Timestamp, events: Vec<Event>) -> Result<(), KeepError> {
        for event in events {
            self.step(now, event).await?;
        }
        // Before the snapshot lets entries through: no first entry may slip by the file.
        self.watch_halt_file().await?;
        let snapshot = self.broker.snapshot().await;
        self.step(now, Event::Snapshot(snapshot)).await?;
        self.flush().await
    }

    /// Runs until the market data end or somebody stops it.
    ///
    /// # Errors
    /// When a commit fails for good: what was not committed has neither been sent nor shown.
    pub async fn run(&mut self) -> Result<Ended, KeepError> {
        let mut watch = tokio::time::interval(Duration::from_secs(1));
        let look = self.market.look();
        self.meters.watch_market(self.market.waiting());
        loop {
            let wakeup = self.engine.next_wakeup();
            let flush_at = self.flush_at();
            tokio::select! {
                biased;
                // Never ready: it is polled first, before any queue.
                () = core::future::poll_fn(|_| { look(); Poll::Pending }) => {}
                () = self.stop.cancelled() => {
                    self.wind_down().await?;
                    return Ok(Ended::Stopped);
                }
                Some(request) = self.commands.recv() => self.on_request(request).await?,
                Some(event) = self.broker_events.recv() => self.on_reports(event).await?,
                Some(audit) = self.audits.recv() => self.recorder.add_audit(audit),
                Some(day) = self.days.recv() => self.step(self.market.now(), Event::Reference(day)).await?,
                _ = watch.tick() => {
                    self.heart.beat();
                    self.count_waiting();
                    self.watch_halt_file().await?;
                }
                () = sleep_until(flush_at) => self.flush().await?,
                () = self.keeper.news() => self.look_at_store().await?,
                step = self.market.next(wakeup) => match step {
                    MarketStep::Market(now, origin, data) => {
                        self.publisher.saw_data(now);
                        self.meters.heard(stream_of(&data), now);
                        let is_bars = matches!(data, Prices::Bars(_));
                        self.step(now, Event::Market(origin, data)).await?;
                        if is_bars {
                            self.recorder.add_equity(&self.engine);
                        }
                    }
                    MarketStep::Feed(now, state) => self.step(now, Event::Feed(state)).await?,
                    MarketStep::Wakeup(now) => self.step(now, Event::Wakeup).await?,
                    MarketStep::Advanced(_) => {}
                    MarketStep::End => {
                        self.flush_all().await?;
                        return Ok(Ended::MarketEnd);
                    }
                },
            }
        }
    }

    /// Answers clients after the market data have ended.
    ///
    /// # Errors
    /// When a commit fails.
    pub async fn linger(&mut self) -> Result<(), KeepError> {
        loop {
            let flush_at = self.flush_at();
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {
                    self.take_audits();
                    return self.flush_all().await;
                }
                Some(request) = self.commands.recv() => self.on_request(request).await?,
                Some(event) = self.broker_events.recv() => self.on_reports(event).await?,
                Some(audit) = self.audits.recv() => self.recorder.add_audit(audit),
                () = sleep_until(flush_at) => self.flush().await?,
                () = self.keeper.news() => self.look_at_store().await?,
            }
        }
    }

    /// Ends the threads that keep the records.
    ///
    /// # Errors
    /// When something could not be kept.
    pub async fn finish(&mut self) -> Result<(), KeepError> {
        self.keeper.finish().await
    }

    /// Gives one event to the engine; what has effects is committed at once.
    async fn step(&mut self, now: Timestamp, event: Event) -> Result<(), KeepError> {
        let urgent = self.feed(now, event);
        self.settle(urgent).await
    }

    /// Gives the broker's reports to the engine, as many as wait: those that came during a commit share the next one.
    async fn on_reports(&mut self, first: BrokerEvent) -> Result<(), KeepError> {
        let mut urgent = self.hear(first);
        for _ in 1..REPORTS_MAX {
            if !self.commands.is_empty() {
                break;
            }
            let Ok(report) = self.broker_events.try_recv() else { break };
            urgent |= self.hear(report);
        }
        self.settle(urgent).await
    }

    fn hear(&mut self, report: BrokerEvent) -> bool {
        let now = self.market.broker_time();
        failpoint::pass(Place::Heard, now);
        self.meters.heard(Stream::Broker, now);
        self.asked.hear(&report, &self.meters);
        self.feed(now, report.into())
    }

    async fn settle(&mut self, urgent: bool) -> Result<(), KeepError> {
        if urgent || self.recorder.len() >= BATCH_MAX { self.flush().await } else { Ok(()) }
    }

    /// Gives one event to the engine, to be committed with the next flush; tells whether it had effects.
    fn feed(&mut self, now: Timestamp, event: Event) -> bool {
        let epoch = self.gate.epoch();
        self.engine.on_event(now, &event, &mut self.effects);
        let effects: Vec<Effect> = self.effects.drain().collect();
        let urgent = !effects.is_empty();
        if urgent {
            failpoint::pass(Place::Decided, now);
        }
        // What has no effects leaves every level and every position as it was, but for the end of a barrier.
        if urgent || !matches!(event, Event::Market(_, Prices::Trade { .. } | Prices::Quote { .. })) {
            self.say_what_is_wanted();
        }
        if urgent || !self.lets_go(&event) {
            self.recorder.add_bars(&self.engine, &event);
            self.recorder.add(self.engine.now(), epoch, event, effects);
        }
        urgent
    }

    /// Tells the market data which prices can move the engine now.
    fn say_what_is_wanted(&mut self) {
        let engine = &self.engine;
        self.market.want_bars(&|symbol| engine.wants_bars(symbol));
        self.market.want(&|symbol| engine.wants_trades(symbol), &|symbol| engine.wants_quotes(symbol));
    }

    /// Commits what is waiting, then acts on it, then shows it.
    ///
    /// While the store is in trouble, the spill file takes the place of the records, and entries are refused.
    async fn flush(&mut self) -> Result<(), KeepError> {
        while let Some(taken) = self.recorder.take(&self.engine) {
            let begun = Instant::now();
            let kept = self.keeper.keep(taken.bundle).await?;
            self.meters.committed(kept, begun.elapsed());
            failpoint::pass(Place::Committed, self.engine.now());
            let refused = self.act(kept, taken.decided).await;
            self.show_store();
            self.publisher.publish(&self.engine, self.recorder.sequence());
            failpoint::pass(Place::Shown, self.engine.now());
            // What this adds is taken in the next round; then there are no entries left to refuse.
            self.hold_entries(kept, refused);
        }
        Ok(())
    }

    /// Commits everything, what is idle too.
    async fn flush_all(&mut self) -> Result<(), KeepError> {
        self.flush().await?;
        while self.recorder.hurry() {
            self.flush().await?;
        }
        Ok(())
    }

    /// Carries out what was decided; returns the entries that are not sent because they are not in the records.
    async fn act(&mut self, kept: Kept, decided: Vec<(Timestamp, u64, Effect)>) -> Vec<EffectId> {
        let (mut refused, committed) = (Vec::new(), self.market.now());
        for (now, epoch, effect) in decided {
            match effect {
                Effect::Broker(effect) if kept != Kept::Committed && effect.class == EffectClass::Entry => {
                    refused.push(effect.id);
                }
                Effect::Broker(effect) => {
                    let placed = steps::placed(&effect).filter(|_| kept == Kept::Committed);
                    failpoint::pass(Place::Sending, now);
                    self.asked.ask(effect.id, effect.class);
                    self.broker.perform(now, epoch, effect).await;
                    failpoint::pass(Place::Sent, now);
                    self.note_sent(placed, committed);
                }
                Effect::Record(fact) => {
                    if let Fact::Order(order) = &fact {
                        self.recorder.steps().saw(order);
                    }
                    self.count(&fact);
                    self.publisher.note(&self.engine, &fact);
                }
                Effect::Alert(alert) => tell(now, &alert),
            }
        }
        refused
    }

    /// Counts what facts say of the comparisons with the broker.
    fn count(&self, fact: &Fact) {
        let Fact::Hold(HoldRecord { hold, cleared: None }) = fact else { return };
        if hold.kind == HoldKind::Reconciling && hold.actor == "reconciler" {
            self.meters.differed();
        } else if hold.kind == HoldKind::ReconcileBreak {
            self.meters.broke();
        }
    }

    /// Says how much waits before and behind the loop.
    fn count_waiting(&self) {
        self.meters.waiting(Queue::BrokerReports, self.broker_events.len());
        self.meters.waiting(Queue::Recorder, self.recorder.len());
        self.meters.waiting(Queue::Store, self.keeper.waiting());
    }

    /// Notes when an order was in the records and when it was handed to its sender.
    fn note_sent(&mut self, order: Option<String>, committed: Timestamp) {
        let date = self.engine.session().map(|session| session.date);
        if let (Some(order), Some(date)) = (order, date) {
            self.recorder.steps().sent(date, &order, committed, self.market.now());
        }
    }

    /// Returns when what waits is committed at the latest; `None` when nothing waits.
    fn flush_at(&self) -> Option<Instant> {
        let after = if self.keeper.is_degraded() { FLUSH_AFTER_DEGRADED } else { FLUSH_AFTER };
        let oldest = self.recorder.oldest().map(|since| since + after);
        [oldest, self.recorder.idle_due()].into_iter().flatten().min()
    }

    async fn on_request(&mut self, request: CommandRequest) -> Result<(), KeepError> {
        let CommandRequest { authorised, record, reply } = request;
        let answer = match self.refusal(&authorised) {
            Some(refused) => CommandReply::Refused(refused),
            None => CommandReply::Accepted(self.carry_out(authorised, record).await?),
        };
        // The asker may have gone away; what was asked for is done all the same.
        let _ = reply.send(answer);
        Ok(())
    }

    fn refusal(&mut self, wanted: &Authorised) -> Option<Refused> {
        let refuse = |kind, message: String| Some(Refused { kind, message });
        match wanted.command {
            Command::Close(symbol) if self.engine.desk(symbol).is_none() => {
                let name = self.engine.config().symbols.name(symbol);
                refuse(RefusalKind::NotFound, format!("there is no position in {name}; `orbctl positions` lists them"))
            }
            Command::Clear(kind) if kind.clearing() != Clearing::Operator => {
                let message = format!("the hold {} is not the operator's to clear: it ends by itself", kind.name());
                refuse(RefusalKind::Precondition, message)
            }
            Command::Clear(_) if self.is_volatile() => {
                let message = "neither the database nor the spill file can be written, so the end of a hold cannot be recorded; make room, then try again";
                refuse(RefusalKind::Unavailable, message.to_owned())
            }
            Command::Clear(HoldKind::Kill) => match self.halt_file.remove() {
                Ok(()) => None,
                Err(error) => refuse(RefusalKind::Unavailable, error.to_string()),
            },
            Command::AcknowledgeAlarms(Some(id)) => {
                let is_there = self.engine.alarms().iter().any(|alarm| alarm.id == id);
                let message = || format!("there is no alarm {}: its cause may have ended", id.0);
                (!is_there).then(|| Refused { kind: RefusalKind::NotFound, message: message() })
            }
            Command::CancelEntry(attempt) if !self.has_entry(attempt) => {
                let message = "the order is not working any more; `orbctl orders` tells what became of it";
                refuse(RefusalKind::Precondition, message.to_owned())
            }
            Command::Limit(_) if self.is_volatile() => {
                let message = "neither the database nor the spill file can be written, so limits cannot be recorded; make room, then try again";
                refuse(RefusalKind::Unavailable, message.to_owned())
            }
            Command::Kill { .. }
            | Command::Pause
            | Command::Clear(_)
            | Command::Close(_)
            | Command::CloseAll
            | Command::CancelEntries
            | Command::CancelEntry(_)
            | Command::Limit(_)
            | Command::AcknowledgeAlarms(None) => None,
        }
    }

    /// Tells whether an attempt's entry is sent and not over.
    fn has_entry(&self, attempt: AttemptId) -> bool {
        let is_it = |order: &orb_core::order::Order| order.role == OrderRole::Entry && order.attempt == attempt;
        self.engine.orders().any(|order| is_it(order) && !order.status.is_terminal())
    }

    /// Carries out a command; it is committed and in force when this returns.
    ///
    /// `record` says in the same transaction that it was: whatever happens next, a repetition finds it done.
    async fn carry_out(&mut self, wanted: Authorised, record: Option<Audit>) -> Result<Accepted, KeepError> {
        if matches!(wanted.command, Command::Kill { .. }) {
            // Entries that were decided before may no longer be sent, even before the kill is recorded.
            self.gate.bump();
            failpoint::pass(Place::KillBegun, self.market.now());
            if let Err(error) = self.halt_file.write(&wanted.actor, &wanted.reason) {
                tracing::warn!(component = "RiskManager", "{error}: the kill is kept in the database alone");
            }
            failpoint::pass(Place::KillFiled, self.market.now());
            let in_flight = self.broker.drain_entries().await;
            if in_flight > 0 {
                tracing::warn!(component = "Executor", in_flight, "entries were being sent when the kill came");
            }
        }
        self.flush().await?;
        let before = self.publisher.current();
        record.into_iter().for_each(|record| self.recorder.add_audit(record));
        self.step(self.market.now(), Event::Command(wanted)).await?;
        self.flush().await?;
        Ok(Accepted { before, after: self.publisher.current(), account: self.broker.account() })
    }

    /// A halt file that somebody else put there means halted too.
    async fn watch_halt_file(&mut self) -> Result<(), KeepError> {
        if self.engine.holds().get(HoldKind::Kill).is_some() || !self.halt_file.exists() {
            return Ok(());
        }
        let command = Authorised {
            request_id: String::new(),
            actor: "halt file".to_owned(),
            reason: format!("{} is there", self.halt_file.path().display()),
            command: Command::Kill { flatten: false },
        };
        self.carry_out(command, None).await.map(drop)
    }

    /// Stops in good order: entries are cancelled, stops stay, confirmations are waited for.
    async fn wind_down(&mut self) -> Result<(), KeepError> {
        self.gate.bump();
        let command = Authorised {
            request_id: String::new(),
            actor: "orbd".to_owned(),
            reason: "shutdown".to_owned(),
            command: Command::CancelEntries,
        };
        self.step(self.market.now(), Event::Command(command)).await?;
        self.flush().await?;
        let deadline = Instant::now() + STOP_PATIENCE;
        while self.engine.orders().any(|order| order.role == OrderRole::Entry && !order.status.is_terminal()) {
            match tokio::time::timeout_at(deadline, self.broker_events.recv()).await {
                Ok(Some(event)) => self.on_reports(event).await?,
                Ok(None) | Err(_) => break,
            }
        }
        while let Ok(event) = self.broker_events.try_recv() {
            self.on_reports(event).await?;
        }
        self.take_audits();
        self.flush_all().await
    }

    /// Takes what is waiting of the audit log: it belongs into these books, and not into those of the next engine.
    fn take_audits(&mut self) {
        while let Ok(audit) = self.audits.try_recv() {
            self.recorder.add_audit(audit);
        }
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => core::future::pending().await,
    }
}

/// Names the stream that brings something.
const fn stream_of(data: &Prices) -> Stream {
    match data {
        Prices::Bars(_) | Prices::Correction(_) => Stream::Bars,
        Prices::Trade { .. } => Stream::Trades,
        Prices::Quote { .. } => Stream::Quotes,
        Prices::Halt { .. } => Stream::Halts,
    }
}

/// Writes an alert to the log, with the engine's time.
fn tell(now: Timestamp, alert: &Alert) {
    let (component, engine_time, message) = (alert.component.name(), now.micros(), &alert.message);
    match alert.severity {
        Severity::Info => tracing::info!(component, engine_time, "{message}"),
        Severity::Warn => tracing::warn!(component, engine_time, "{message}"),
        Severity::Error => tracing::error!(component, engine_time, "{message}"),
    }
}

/// Names a thing once and shares it.
pub(crate) fn shared(text: &str) -> Arc<str> {
    Arc::from(text)
}

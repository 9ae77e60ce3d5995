//! Alpaca's REST interface as a broker.

mod lanes;
mod outbox;
mod perform;
mod request;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orb_core::effect::{Action, BrokerEffect, EffectClass};
use orb_core::event::{BrokerSnapshot, Outcome};
use orb_core::{Calendar, SymbolTable, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use self::lanes::{Lanes, Placed};
pub use self::outbox::Outbox;
use self::perform::Task;
pub(crate) use self::perform::position;
use super::config::{AlpacaConfig, BracketSupport, ConfigError};
use super::emergency::Emergency;
use super::owned::Owned;
use super::rate::Urgency;
use super::rest::{CallError, Health, Manner, Rest, paths};
use super::wire::order::ServerClock;
use crate::broker::{Broker, BrokerEvent, EntryGate};
use crate::clock::{Busy, Clock};

/// So often a snapshot that an effect asked for is tried; then the next periodic one has to do.
const SNAPSHOT_TRIES: u32 = 3;
/// The pause before a snapshot is tried again, once; it doubles up to the longest.
const SNAPSHOT_AGAIN: Duration = Duration::from_millis(500);
/// The longest pause before a snapshot is tried again.
const SNAPSHOT_AGAIN_MAX: Duration = Duration::from_secs(8);
/// How long a kill waits for entries that are being sent.
const DRAIN_PATIENCE: Duration = Duration::from_secs(1);
/// How often a broker that is away is asked whether it is back.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// Holds what a broker is made of.
#[derive(Debug)]
pub struct BrokerParts<C> {
    /// Which Alpaca.
    pub config: AlpacaConfig,
    /// The symbols that orb knows.
    pub symbols: Arc<SymbolTable>,
    /// The exchange's sessions.
    pub calendar: Arc<Calendar>,
    /// What stops entries at the last point.
    pub gate: EntryGate,
    /// The time that deadlines of entries live in.
    pub clock: C,
    /// Which entries may carry their exits.
    pub brackets: BracketSupport,
    /// Where reports go.
    pub events: mpsc::UnboundedSender<BrokerEvent>,
}

/// An effect on its way.
#[derive(Debug)]
struct Job {
    effect: BrokerEffect,
    epoch: u64,
    /// Simulated time stands still until the outcome has been handed on.
    _busy: Busy,
}

/// What all requests share.
#[derive(Debug)]
struct Desk<C: Clock> {
    rest: Rest,
    gate: EntryGate,
    clock: C,
    brackets: BracketSupport,
    outbox: Outbox<C>,
    lanes: Lanes<Job>,
    entries: watch::Sender<usize>,
    probing: AtomicBool,
}

/// Counts an entry from before the gate is asked until its answer is known.
#[derive(Debug)]
struct InFlight(watch::Sender<usize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Takes the engine's effects to Alpaca.
///
/// Effects of one symbol are done one after the other, symbols beside each other, the most urgent first where they
/// compete. Every request has a deadline, and one whose answer is not clear is never sent again: its outcome is
/// [`Outcome::Unknown`], and the engine looks it up.
#[derive(Debug)]
pub struct AlpacaBroker<C: Clock> {
    desk: Arc<Desk<C>>,
    /// The threads on which requests are sent: whoever owns the broker has other things to do after an effect, and an
    /// order must not wait for them.
    threads: Option<Handle>,
    /// The lanes that are under way; they end with the broker.
    under_way: JoinSet<()>,
}

/// Reaches a broker that the runtime owns; clones reach the same.
#[derive(Clone, Debug)]
pub struct BrokerHandle<C: Clock> {
    desk: Arc<Desk<C>>,
}

impl<C: Clock> AlpacaBroker<C> {
    /// Makes a broker that sends from the threads of the async runtime in which it is made, or, where it is made in none,
    /// in which it is used; nothing is sent yet.
    ///
    /// # Errors
    /// When an address cannot be used.
    pub fn new(parts: BrokerParts<C>) -> Result<Self, ConfigError> {
        let outbox = Outbox::new(parts.events, parts.clock.clone());
        let reports = outbox.clone();
        let health = Health::new(move |state| reports.feed(state));
        let owner = parts.gate.owner().cloned();
        let rest = Rest::reporting(&parts.config, parts.symbols, parts.calendar, Some(health), owner)?;
        Ok(Self {
            desk: Arc::new(Desk {
                rest,
                gate: parts.gate,
                clock: parts.clock,
                brackets: parts.brackets,
                outbox,
                lanes: Lanes::default(),
                entries: watch::Sender::new(0),
                probing: AtomicBool::new(false),
            }),
            threads: Handle::try_current().ok(),
            under_way: JoinSet::new(),
        })
    }

    /// Returns a handle that stays valid when the runtime owns the broker.
    #[must_use]
    pub fn handle(&self) -> BrokerHandle<C> {
        BrokerHandle { desk: Arc::clone(&self.desk) }
    }
}

impl<C: Clock> BrokerHandle<C> {
    /// Returns the client of the REST hosts.
    #[must_use]
    pub fn rest(&self) -> &Rest {
        &self.desk.rest
    }

    /// Returns the time that the broker goes by.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.desk.clock.now()
    }

    /// Returns the way of reports to the runtime, for what the streams tell.
    #[must_use]
    pub fn outbox(&self) -> Outbox<C> {
        self.desk.outbox.clone()
    }

    /// Returns the whole state at the broker.
    ///
    /// # Errors
    /// When a part of it cannot be had, or it moved too often while it was read.
    pub async fn snapshot(&self) -> Result<BrokerSnapshot, CallError> {
        let _busy = self.desk.clock.busy();
        self.desk.rest.snapshot(self.desk.clock.now()).await
    }

    /// Returns how many entries were written, or are about to be, and have no answer.
    #[must_use]
    pub fn entries_in_flight(&self) -> usize {
        *self.desk.entries.borrow()
    }

    /// Waits until every entry that passed the gate has its answer, and returns how many have none when time is up.
    ///
    /// After the gate was closed no entry is added, so zero means that none will reach the broker any more.
    pub async fn drain_entries(&self, at_most: Duration) -> usize {
        let mut count = self.desk.entries.subscribe();
        // The sender lives in the desk, so waiting can only end by the count or by time.
        let _ = tokio::time::timeout(at_most, count.wait_for(|count| *count == 0)).await;
        self.entries_in_flight()
    }
}

impl<C: Clock> Broker for AlpacaBroker<C> {
    async fn perform(&mut self, _now: Timestamp, epoch: u64, effect: BrokerEffect) {
        while self.under_way.try_join_next().is_some() {}
        let desk = &self.desk;
        let (symbol, class) = (effect.symbol, effect.class);
        let job = Job { effect, epoch, _busy: desk.clock.busy() };
        match desk.lanes.place(symbol, class, job) {
            Placed::Now(job, urgency) => {
                let threads = self.threads.clone().unwrap_or_else(Handle::current);
                _ = self.under_way.spawn_on(Arc::clone(desk).run(job, urgency), &threads);
            }
            Placed::Behind(true) => desk.rest.reconsider(),
            Placed::Behind(false) => {}
        }
    }

    fn account(&self) -> Option<Emergency> {
        Some(Emergency::beside(self.desk.rest.clone()))
    }

    async fn drain_entries(&mut self) -> usize {
        self.handle().drain_entries(DRAIN_PATIENCE).await
    }

    /// Returns the whole state at the broker; waits for a broker that is away, since no state may be made up.
    async fn snapshot(&mut self) -> BrokerSnapshot {
        let mut pause = SNAPSHOT_AGAIN;
        loop {
            match self.handle().snapshot().await {
                Ok(snapshot) => return snapshot,
                Err(error) => tracing::warn!(%error, "the broker's state cannot be had; it is tried again"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(SNAPSHOT_AGAIN_MAX);
        }
    }
}

impl<C: Clock> Desk<C> {
    /// Does a job and what has gathered behind it meanwhile.
    async fn run(self: Arc<Self>, job: Job, urgency: Urgency) {
        let symbol = job.effect.symbol;
        let mut next = Some((job, urgency));
        while let Some((job, urgency)) = next {
            self.do_job(job, urgency).await;
            next = symbol.and_then(|symbol| self.lanes.next(symbol));
        }
    }

    async fn do_job(self: &Arc<Self>, job: Job, urgency: Urgency) {
        let effect = Arc::new(job.effect);
        let submitting = match &effect.action {
            Action::Submit(request) => Some(self.outbox.submitting(request.attempt.symbol, request.id.clone())),
            Action::Replace { .. }
            | Action::Cancel { .. }
            | Action::Find(_)
            | Action::QueryPositions
            | Action::QuerySnapshot
            | Action::QueryBars { .. } => None,
        };
        let (desk, work, epoch) = (Arc::clone(self), Arc::clone(&effect), job.epoch);
        // A task of its own: a defect in it must not end the symbol's lane, nor leave an effect without an outcome.
        let work = async move { desk.carry_out(&Task { effect: &work, epoch, urgency }).await };
        let outcome = Owned::spawn(work).finish().await.unwrap_or_else(|error| {
            tracing::error!(effect = effect.id.0, %error, "a request ended abnormally");
            Outcome::Unknown
        });
        self.outbox.outcome(effect.id, outcome);
        drop(submitting);
        if effect.action == Action::QuerySnapshot {
            self.push_snapshot().await;
        }
        self.probe_if_away();
    }

    /// Hands on the broker's whole state; not one that is older than an outcome, or than news, that were handed on.
    async fn push_snapshot(&self) {
        let mut pause = SNAPSHOT_AGAIN;
        for _ in 0..SNAPSHOT_TRIES {
            let heard = self.outbox.heard();
            match self.rest.snapshot(self.clock.now()).await {
                Ok(snapshot) => {
                    if self.outbox.snapshot_as_of(heard, snapshot) {
                        return;
                    }
                    tracing::debug!("the broker's state changed while it was read");
                }
                Err(error) => tracing::warn!(%error, "the broker's state could not be had"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// Counts an entry as being on its way.
    fn count(&self, class: EffectClass) -> Option<InFlight> {
        (class == EffectClass::Entry).then(|| {
            self.entries.send_modify(|count| *count += 1);
            InFlight(self.entries.clone())
        })
    }

    /// Asks a broker that is away now and then whether it is back: while entries are held nothing else may ask.
    fn probe_if_away(self: &Arc<Self>) {
        let is_away = self.rest.health().is_some_and(Health::is_away);
        if !is_away || self.probing.swap(true, Ordering::SeqCst) {
            return;
        }
        let desk = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(PROBE_EVERY).await;
                let Some(desk) = desk.upgrade() else { return };
                // The answer is noted where all answers are.
                _ = desk.rest.ask::<ServerClock>(&Manner::question(), paths::call("/v2/clock", &[])).await;
                if !desk.rest.health().is_some_and(Health::is_away) {
                    desk.probing.store(false, Ordering::SeqCst);
                    return;
                }
            }
        });
    }
}

//! One life of the daemon: the engine, what it was fed, and its ways to the broker.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use orb_core::breaker::BreakerCaps;
use orb_core::effect::{Action, BrokerEffect, Effect, Effects};
use orb_core::event::{Event, Outcome};
use orb_core::order::{BrokerOrder, BrokerOrderId, ClientOrderId, OrderUpdate};
use orb_core::{Engine, Restored, SymbolId, Timestamp};

use crate::plan::Plan;
use crate::store::Store;
use crate::wire::Reader;

/// Something to be done at the broker.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) effect: BrokerEffect,
    /// The entry gate's epoch in which it was decided.
    pub(crate) epoch: u64,
    /// How often it was tried.
    pub(crate) tries: u32,
}

/// An input with what followed from it.
#[derive(Debug)]
struct Recorded {
    now: Timestamp,
    event: Event,
    effects: Vec<Effect>,
}

/// What is in memory, and lost with the process.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) life: u32,
    pub(crate) engine: Engine,
    pub(crate) reader: Reader,
    pub(crate) outbox: Outbox,
    /// Ends with each kill: entries that were decided before are not sent.
    pub(crate) epoch: u64,
    effects: Effects,
    /// Effects of one symbol are done one after the other; the first of each is under way.
    lanes: BTreeMap<SymbolId, VecDeque<Job>>,
    restored: Restored,
    last_effect: u64,
    record: Vec<Recorded>,
}

impl Daemon {
    /// Starts with what the store has.
    pub(crate) fn start(life: u32, plan: &Plan, store: &Store) -> Self {
        let (restored, last_effect) = (store.load(), store.last_effect());
        Self {
            life,
            engine: engine(plan, restored.clone()),
            reader: Reader::new(plan.symbols.clone()),
            outbox: Outbox::default(),
            epoch: 0,
            effects: Effects::after(last_effect),
            lanes: BTreeMap::new(),
            restored,
            last_effect,
            record: Vec::new(),
        }
    }

    /// Gives an event to the engine and returns what follows.
    pub(crate) fn step(&mut self, now: Timestamp, event: Event) -> Vec<Effect> {
        self.engine.on_event(now, &event, &mut self.effects);
        let effects: Vec<Effect> = self.effects.drain().collect();
        self.record.push(Recorded { now, event, effects: effects.clone() });
        effects
    }

    /// Returns the event that the engine was given last.
    pub(crate) fn last_event(&self) -> Option<&Event> {
        self.record.last().map(|recorded| &recorded.event)
    }

    /// Places a job; returns it if it is to be done now.
    pub(crate) fn place(&mut self, job: Job) -> Option<Job> {
        let Some(symbol) = job.effect.symbol else { return Some(job) };
        let lane = self.lanes.entry(symbol).or_default();
        lane.push_back(job.clone());
        (lane.len() == 1).then_some(job)
    }

    /// Notes that the job under way in a lane is done, and returns the next one.
    pub(crate) fn next_in_lane(&mut self, symbol: Option<SymbolId>) -> Option<Job> {
        let lane = self.lanes.get_mut(&symbol?)?;
        lane.pop_front();
        lane.front().cloned()
    }

    /// Tells whether everything that was recorded happens again to an engine that starts as this one did.
    ///
    /// # Errors
    /// Tells the first difference.
    pub(crate) fn replay(&self, plan: &Plan) -> Result<(), String> {
        let mut engine = engine(plan, self.restored.clone());
        let mut effects = Effects::after(self.last_effect);
        for (number, recorded) in self.record.iter().enumerate() {
            engine.on_event(recorded.now, &recorded.event, &mut effects);
            let again: Vec<Effect> = effects.drain().collect();
            if again != recorded.effects {
                let Recorded { now, event, effects } = recorded;
                return Err(format!("input {number} at {now}, {event:?}, gave {effects:?} and then {again:?}"));
            }
        }
        Ok(())
    }
}

fn engine(plan: &Plan, restored: Restored) -> Engine {
    let mut engine = Engine::new(plan.engine_config()).with_breaker(BreakerCaps::default());
    engine.restore(restored);
    engine
}

/// Keeps news back whose order only the answer on its way makes known.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    told: BTreeSet<BrokerOrderId>,
    submitting: Vec<(SymbolId, ClientOrderId)>,
    waiting: Vec<OrderUpdate>,
}

impl Outbox {
    /// Notes that an order is being sent.
    pub(crate) fn sending(&mut self, action: &Action) {
        if let Action::Submit(request) = action {
            self.submitting.push((request.attempt.symbol, request.id.clone()));
        }
    }

    /// Notes an answer, and returns the news that waited for it.
    pub(crate) fn answered(&mut self, action: &Action, outcome: &Outcome) -> Vec<OrderUpdate> {
        if let Outcome::Accepted(order) | Outcome::Found(order) = outcome {
            self.tell(order);
        }
        if let Action::Submit(request) = action {
            self.submitting.retain(|(_, id)| *id != request.id);
        }
        let mut released = Vec::new();
        for update in core::mem::take(&mut self.waiting) {
            released.extend(self.heard(update));
        }
        released
    }

    /// Notes the whole state, and returns all that waited.
    pub(crate) fn saw_everything(&mut self, orders: &[BrokerOrder]) -> Vec<OrderUpdate> {
        orders.iter().for_each(|order| self.tell(order));
        let released = core::mem::take(&mut self.waiting);
        released.iter().for_each(|update| self.tell(&update.order));
        released
    }

    /// Returns news that may be told now; what must wait is kept.
    pub(crate) fn heard(&mut self, update: OrderUpdate) -> Option<OrderUpdate> {
        if self.must_wait(&update.order) {
            self.waiting.push(update);
            return None;
        }
        self.tell(&update.order);
        Some(update)
    }

    /// Tells whether news wait.
    pub(crate) const fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn tell(&mut self, order: &BrokerOrder) {
        self.told.insert(order.broker_id.clone());
        self.told.extend(order.legs.iter().map(|leg| leg.broker_id.clone()));
    }

    fn must_wait(&self, order: &BrokerOrder) -> bool {
        if self.told.contains(&order.broker_id) {
            return false;
        }
        // Identifiers that the broker made up have the form of a UUID.
        let Some(ours) = order.client_id.as_ref().filter(|id| id.as_str().len() != 36) else {
            let relatives = [order.parent.as_ref(), order.replaces.as_ref()];
            return !relatives.into_iter().flatten().any(|id| self.told.contains(id));
        };
        let mut sending = self.submitting.iter().filter(|(symbol, _)| *symbol == order.symbol).peekable();
        sending.peek().is_some() && !sending.any(|(_, id)| id == ours)
    }
}

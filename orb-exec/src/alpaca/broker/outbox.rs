//! The way of reports to the runtime: what comes of an effect first, then what the broker tells by itself.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orb_core::effect::EffectId;
use orb_core::event::{BrokerSnapshot, FeedState, Outcome};
use orb_core::order::{BrokerOrder, BrokerOrderId, ClientOrderId, OrderUpdate};
use orb_core::{Span, SymbolId, Timestamp};
use tokio::sync::mpsc;

use crate::broker::BrokerEvent;
use crate::clock::Clock;

/// How long news of an order that nobody knows may wait for the answer that makes it known.
const WAIT_MOST: Span = Span::from_seconds(2);
/// So much news may wait.
const WAITING_MAX: usize = 4_096;
/// Most orders that are remembered as told; beyond that all are forgotten, and at worst news wait for an answer.
const TOLD_MAX: usize = 50_000;

#[derive(Debug, Default)]
struct State {
    /// Orders of the broker's that the runtime has been told of.
    told: BTreeSet<BrokerOrderId>,
    /// Orders that are being submitted, by symbol.
    submitting: HashMap<SymbolId, Vec<ClientOrderId>>,
    /// News that wait for the answer in which their order is told, with the time since when.
    waiting: Vec<(Timestamp, OrderUpdate)>,
    /// Counts what was heard of orders.
    heard: u64,
}

/// Hands reports to the runtime; clones share one way.
///
/// News of an order may overtake the answer that makes the order known: a leg is only known by the identifier that
/// the answer carries. Such news wait here until the answer has been handed on. Where the answer never came, the order
/// is looked up and a snapshot is read, and they follow that; they would look like somebody else's before.
#[derive(Clone, Debug)]
pub struct Outbox<C> {
    events: mpsc::UnboundedSender<BrokerEvent>,
    clock: C,
    state: Arc<Mutex<State>>,
}

/// Marks an order as being submitted until the answer has been handed on.
#[derive(Debug)]
pub(super) struct Submitting<C: Clock> {
    outbox: Outbox<C>,
    symbol: SymbolId,
    id: ClientOrderId,
}

impl<C: Clock> Drop for Submitting<C> {
    fn drop(&mut self) {
        let outbox = &self.outbox;
        let mut state = outbox.lock();
        if let Some(ids) = state.submitting.get_mut(&self.symbol) {
            ids.retain(|id| *id != self.id);
            if ids.is_empty() {
                state.submitting.remove(&self.symbol);
            }
        }
        outbox.release(&mut state);
    }
}

impl<C: Clock> Outbox<C> {
    pub(crate) fn new(events: mpsc::UnboundedSender<BrokerEvent>, clock: C) -> Self {
        Self { events, clock, state: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn submitting(&self, symbol: SymbolId, id: ClientOrderId) -> Submitting<C> {
        self.lock().submitting.entry(symbol).or_default().push(id.clone());
        Submitting { outbox: self.clone(), symbol, id }
    }

    /// Hands on the answer to an effect.
    pub(super) fn outcome(&self, id: EffectId, outcome: Outcome) {
        let mut state = self.lock();
        state.heard += u64::from(speaks_of_orders(&outcome));
        if let Outcome::Accepted(order) | Outcome::Found(order) = &outcome {
            state.told(order);
        }
        self.push(BrokerEvent::Outcome(id, outcome));
        self.release(&mut state);
    }

    /// Hands on the whole state at the broker, and then the news that waited, whether it tells of their orders or not.
    pub fn snapshot(&self, snapshot: BrokerSnapshot) {
        self.hand_on(&mut self.lock(), snapshot);
    }

    /// Hands on a state whose reading began when so much had been heard; false where something was heard since.
    ///
    /// What was heard meanwhile may be newer than the state, which would be taken for the newer one.
    pub(crate) fn snapshot_as_of(&self, heard: u64, snapshot: BrokerSnapshot) -> bool {
        let mut state = self.lock();
        let is_newest = state.heard == heard;
        if is_newest {
            self.hand_on(&mut state, snapshot);
        }
        is_newest
    }

    fn hand_on(&self, state: &mut State, snapshot: BrokerSnapshot) {
        snapshot.orders.iter().for_each(|order| state.told(order));
        self.push(BrokerEvent::Snapshot(snapshot));
        for (_, update) in core::mem::take(&mut state.waiting) {
            self.tell(state, update);
        }
    }

    /// Hands on news of an order, or keeps it until the answer that makes the order known.
    pub fn update(&self, update: OrderUpdate) {
        let mut state = self.lock();
        state.heard += 1;
        if state.must_wait(&update.order) && state.waiting.len() < WAITING_MAX {
            state.waiting.push((self.clock.now(), update));
        } else {
            self.tell(&mut state, update);
        }
    }

    /// Counts news that will be handed on later.
    pub(crate) fn note_heard(&self) {
        self.lock().heard += 1;
    }

    /// Returns how much was heard of orders so far: it tells whether something came while a snapshot was read.
    pub(crate) fn heard(&self) -> u64 {
        self.lock().heard
    }

    /// Returns when news has waited so long that the whole state should be read; `None` when none waits.
    pub(crate) fn overdue_at(&self) -> Option<Timestamp> {
        self.lock().waiting.first().map(|(since, _)| *since + WAIT_MOST)
    }

    /// Forgets the news that waits: the state that will be read tells more.
    pub(crate) fn forget_waiting(&self) {
        self.lock().waiting.clear();
    }

    /// Hands on how the connection to the broker is.
    pub fn feed(&self, feed: FeedState) {
        self.push(BrokerEvent::Feed(feed));
    }

    /// Hands on the news that need not wait any more, and what came after them of the same orders.
    fn release(&self, state: &mut State) {
        for (since, update) in core::mem::take(&mut state.waiting) {
            if state.must_wait(&update.order) {
                state.waiting.push((since, update));
            } else {
                self.tell(state, update);
            }
        }
    }

    fn tell(&self, state: &mut State, update: OrderUpdate) {
        state.told(&update.order);
        self.push(BrokerEvent::Order(update));
    }

    fn push(&self, event: BrokerEvent) {
        // Nobody listens any more only when the process ends.
        if self.events.send(event).is_ok() {
            self.clock.pushed();
        }
    }
}

impl State {
    fn told(&mut self, order: &BrokerOrder) {
        if self.told.len() >= TOLD_MAX {
            self.told.clear();
        }
        self.told.insert(order.broker_id.clone());
        self.told.extend(order.legs.iter().map(|leg| leg.broker_id.clone()));
    }

    fn must_wait(&self, order: &BrokerOrder) -> bool {
        if self.told.contains(&order.broker_id) {
            return false;
        }
        let Some(ours) = order.client_id.as_ref().filter(|id| !is_made_by_the_broker(id.as_str())) else {
            let relatives = [order.parent.as_ref(), order.replaces.as_ref()];
            return !relatives.into_iter().flatten().any(|id| self.told.contains(id));
        };
        self.submitting.get(&order.symbol).is_some_and(|submitting| !submitting.contains(ours))
    }
}

/// Tells whether an outcome may say more of an order than a state that was read before it.
const fn speaks_of_orders(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Accepted(_)
        | Outcome::Rejected(_)
        | Outcome::Unknown
        | Outcome::Found(_)
        | Outcome::NotFound
        | Outcome::Done => true,
        Outcome::Positions(_) | Outcome::Account(_) | Outcome::Bars(_) => false,
    }
}

/// Tells whether a client order id has the form of those that the broker makes up: a UUID.
fn is_made_by_the_broker(id: &str) -> bool {
    let groups = id.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12]) && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use orb_core::order::{OrderEvent, OrderKind, OrderStatus};
    use orb_core::{OrderSide, Quantity};

    use super::*;
    use crate::WallClock;

    fn order(broker_id: &str, client_id: Option<&str>, legs: Vec<BrokerOrder>) -> BrokerOrder {
        BrokerOrder {
            broker_id: BrokerOrderId::new(broker_id),
            client_id: client_id.map(ClientOrderId::new),
            parent: None,
            replaces: None,
            symbol: SymbolId(0),
            side: OrderSide::Buy,
            quantity: Quantity::new(1),
            kind: OrderKind::Market,
            status: OrderStatus::Working,
            filled: Quantity::ZERO,
            legs,
        }
    }

    fn update(order: BrokerOrder) -> OrderUpdate {
        let at = Timestamp::from_micros(0);
        OrderUpdate { event: OrderEvent::New, order, execution: None, rejection: None, at }
    }

    #[test]
    fn news_of_a_leg_wait_for_the_answer_that_tells_of_it() {
        let (sender, mut events) = mpsc::unbounded_channel();
        let outbox = Outbox::new(sender, WallClock::default());
        let submitting = outbox.submitting(SymbolId(0), ClientOrderId::new("e"));
        outbox.update(update(order("leg", None, Vec::new())));
        outbox.update(update(order("entry", Some("e"), Vec::new())));
        let elsewhere = BrokerOrder { symbol: SymbolId(1), ..order("other", Some("o"), Vec::new()) };
        outbox.update(update(elsewhere));
        let accepted = order("entry", Some("e"), vec![order("leg", None, Vec::new())]);
        outbox.outcome(EffectId(1), Outcome::Accepted(accepted));
        drop(submitting);
        let told: Vec<String> = core::iter::from_fn(|| events.try_recv().ok())
            .map(|event| match event {
                BrokerEvent::Order(update) => update.order.broker_id.to_string(),
                BrokerEvent::Outcome(..) => "outcome".to_owned(),
                BrokerEvent::Snapshot(_) | BrokerEvent::Feed(_) => "other".to_owned(),
            })
            .collect();
        assert_eq!(told, ["entry", "other", "outcome", "leg"]);
    }

    #[test]
    fn news_that_no_answer_explains_are_told_after_it() {
        let (sender, mut events) = mpsc::unbounded_channel();
        let outbox = Outbox::new(sender, WallClock::default());
        let submitting = outbox.submitting(SymbolId(0), ClientOrderId::new("e"));
        outbox.update(update(order("foreign", Some("x"), Vec::new())));
        assert!(events.try_recv().is_err());
        outbox.outcome(EffectId(1), Outcome::Unknown);
        drop(submitting);
        assert!(matches!(events.try_recv(), Ok(BrokerEvent::Outcome(..))));
        assert!(matches!(events.try_recv(), Ok(BrokerEvent::Order(_))));
    }

    const UUID: &str = "61e69015-8549-4bfd-b9c3-01e75843f47d";

    fn names(events: &mut mpsc::UnboundedReceiver<BrokerEvent>) -> Vec<String> {
        let name = |event| match event {
            BrokerEvent::Outcome(..) => "outcome".to_owned(),
            BrokerEvent::Order(update) => update.order.broker_id.to_string(),
            BrokerEvent::Snapshot(_) => "snapshot".to_owned(),
            BrokerEvent::Feed(state) => format!("{state:?}"),
        };
        core::iter::from_fn(|| events.try_recv().ok()).map(name).collect()
    }

    #[test]
    fn a_leg_whose_order_has_no_answer_waits_for_a_snapshot() {
        let (sender, mut events) = mpsc::unbounded_channel();
        let outbox = Outbox::new(sender, WallClock::default());
        let submitting = outbox.submitting(SymbolId(0), ClientOrderId::new("e"));
        outbox.update(update(order("leg", Some(UUID), Vec::new())));
        outbox.outcome(EffectId(1), Outcome::Unknown);
        drop(submitting);
        assert_eq!(names(&mut events), ["outcome"], "it would look like somebody else's");
        assert!(outbox.overdue_at().is_some());
        outbox.snapshot(BrokerSnapshot::default());
        assert_eq!(names(&mut events), ["snapshot", "leg"]);
        assert_eq!((outbox.overdue_at(), outbox.heard()), (None, 2));
    }

    #[test]
    fn an_order_that_is_found_releases_its_legs() {
        let (sender, mut events) = mpsc::unbounded_channel();
        let outbox = Outbox::new(sender, WallClock::default());
        outbox.update(update(order("leg", Some(UUID), Vec::new())));
        let found = order("entry", Some("e"), vec![order("leg", Some(UUID), Vec::new())]);
        outbox.outcome(EffectId(2), Outcome::Found(found));
        outbox.update(update(BrokerOrder {
            replaces: Some(BrokerOrderId::new("leg")),
            ..order("new", None, Vec::new())
        }));
        assert_eq!(names(&mut events), ["outcome", "leg", "new"]);
    }

    #[test]
    fn a_state_that_is_older_than_what_was_heard_is_not_handed_on() {
        let (sender, mut events) = mpsc::unbounded_channel();
        let outbox = Outbox::new(sender, WallClock::default());
        let began = outbox.heard();
        outbox.outcome(EffectId(1), Outcome::Positions(Vec::new()));
        assert!(outbox.snapshot_as_of(began, BrokerSnapshot::default()), "positions say nothing of orders");
        outbox.outcome(EffectId(2), Outcome::Done);
        assert!(!outbox.snapshot_as_of(began, BrokerSnapshot::default()), "an order's cancel was taken meanwhile");
        let began = outbox.heard();
        outbox.update(update(order("entry", Some("e"), Vec::new())));
        assert!(!outbox.snapshot_as_of(began, BrokerSnapshot::default()), "an order's news came meanwhile");
        assert_eq!(names(&mut events), ["outcome", "snapshot", "outcome", "entry"]);
    }

    #[test]
    fn names_of_the_broker_s_making_are_uuids() {
        assert!(is_made_by_the_broker(UUID));
        assert!(!is_made_by_the_broker("20261127-orb5-AAPL-1-e") && !is_made_by_the_broker(""));
    }
}

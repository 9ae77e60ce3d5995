//! The way of reports to the runtime: what comes of an effect first, then what the broker tells by itself.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orb_core::SymbolId;
use orb_core::effect::EffectId;
use orb_core::event::{BrokerSnapshot, FeedState, Outcome};
use orb_core::order::{BrokerOrder, BrokerOrderId, ClientOrderId, OrderUpdate};
use tokio::sync::mpsc;

use crate::broker::BrokerEvent;
use crate::clock::Clock;

/// Most orders that are remembered as told; beyond that all are forgotten, and at worst news wait for an answer.
const TOLD_MAX: usize = 50_000;

#[derive(Debug, Default)]
struct State {
    /// Orders of the broker's that the runtime has been told of.
    told: BTreeSet<BrokerOrderId>,
    /// Orders that are being submitted, by symbol.
    submitting: HashMap<SymbolId, Vec<ClientOrderId>>,
    /// News that wait for the answer in which their order is told.
    waiting: Vec<OrderUpdate>,
}

/// Hands reports to the runtime; clones share one way.
///
/// News of an order may overtake the answer that makes the order known: a leg is only known by the identifier that
/// the answer carries. Such news wait here until the answer has been handed on.
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
        let waiting = core::mem::take(&mut state.waiting);
        for update in waiting {
            outbox.pass_on(&mut state, update);
        }
    }
}

impl<C: Clock> Outbox<C> {
    pub(super) fn new(events: mpsc::UnboundedSender<BrokerEvent>, clock: C) -> Self {
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
        if let Outcome::Accepted(order) | Outcome::Found(order) = &outcome {
            state.told(order);
        }
        self.push(BrokerEvent::Outcome(id, outcome));
    }

    /// Hands on the whole state at the broker.
    pub fn snapshot(&self, snapshot: BrokerSnapshot) {
        let mut state = self.lock();
        snapshot.orders.iter().for_each(|order| state.told(order));
        self.push(BrokerEvent::Snapshot(snapshot));
    }

    /// Hands on news of an order, or keeps it until the answer that makes the order known.
    pub fn update(&self, update: OrderUpdate) {
        self.pass_on(&mut self.lock(), update);
    }

    /// Hands on how the connection to the broker is.
    pub fn feed(&self, feed: FeedState) {
        self.push(BrokerEvent::Feed(feed));
    }

    fn pass_on(&self, state: &mut State, update: OrderUpdate) {
        if state.must_wait(&update.order) {
            state.waiting.push(update);
            return;
        }
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
        let Some(submitting) = self.submitting.get(&order.symbol) else { return false };
        let is_submitted = order.client_id.as_ref().is_some_and(|id| submitting.contains(id));
        !is_submitted && !self.told.contains(&order.broker_id)
    }
}

#[cfg(test)]
mod tests {
    use orb_core::order::{OrderEvent, OrderKind, OrderStatus};
    use orb_core::{OrderSide, Quantity, Timestamp};

    use super::*;
    use crate::clock::WallClock;

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
        let elsewhere = BrokerOrder { symbol: SymbolId(1), ..order("other", None, Vec::new()) };
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
}

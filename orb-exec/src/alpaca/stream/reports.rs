//! The way of all reports to the runtime: in one order, and none of an order before its maker knows it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use orb_core::event::{BrokerSnapshot, Outcome};
use orb_core::order::{BrokerOrder, BrokerOrderId, OrderUpdate};
use orb_core::{Span, Timestamp};
use tokio::sync::mpsc::UnboundedSender;

use crate::broker::BrokerEvent;
use crate::clock::Clock;

/// How long news of an order that nobody knows may wait for the answer that makes it known.
const HOLD_BACK: Span = Span::from_seconds(2);
/// So many orders are remembered: more than a day's at the highest rate there is.
const KNOWN_MAX: usize = 65_536;
/// So much news may wait.
const HELD_MAX: usize = 4_096;

/// Brings reports to the runtime.
///
/// Alpaca makes the legs of an order, and the order that takes another's place, under names of its own. Their news can
/// overtake the answer in which orb learns these names, and would look like somebody else's. So news of an order with
/// such a name waits until an answer, a snapshot or other news has told it, or until that takes too long.
#[derive(Debug)]
pub(crate) struct Reports<C> {
    clock: C,
    sender: UnboundedSender<BrokerEvent>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: BTreeSet<BrokerOrderId>,
    /// The known ones in the order in which they became known.
    ages: VecDeque<BrokerOrderId>,
    /// What waits, with the time since when.
    held: VecDeque<(Timestamp, OrderUpdate)>,
    /// Counts what was heard of orders.
    heard: u64,
}

impl<C: Clock> Reports<C> {
    /// Makes the way that ends at a channel.
    pub(crate) fn new(clock: C, sender: UnboundedSender<BrokerEvent>) -> Self {
        Self { clock, sender, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state whole, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports what the broker answered, and then what waited for it.
    pub(crate) fn send(&self, event: BrokerEvent) {
        let mut state = self.lock();
        match &event {
            BrokerEvent::Outcome(_, Outcome::Accepted(order) | Outcome::Found(order)) => state.learn(order),
            BrokerEvent::Snapshot(snapshot) => snapshot.orders.iter().for_each(|order| state.learn(order)),
            BrokerEvent::Order(update) => state.learn(&update.order),
            BrokerEvent::Outcome(..) | BrokerEvent::Feed(_) => {}
        }
        if matches!(event, BrokerEvent::Outcome(..)) {
            state.heard += 1;
        }
        self.push(event);
        for update in state.release() {
            self.push(BrokerEvent::Order(update));
        }
    }

    /// Reports news of an order, or keeps it back until the order is known.
    pub(crate) fn news(&self, update: OrderUpdate) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.heard += 1;
        if state.must_wait(&update.order) && state.held.len() < HELD_MAX {
            state.held.push_back((now, update));
            return;
        }
        drop(state);
        self.send(BrokerEvent::Order(update));
    }

    /// Reports the whole state; what waited follows, known or not.
    pub(crate) fn snapshot(&self, snapshot: BrokerSnapshot) {
        self.send(BrokerEvent::Snapshot(snapshot));
        let left: Vec<_> = self.lock().held.drain(..).collect();
        for (_, update) in left {
            self.send(BrokerEvent::Order(update));
        }
    }

    /// Forgets the news that waits: the state that will be asked for tells more.
    pub(crate) fn forget_held(&self) {
        self.lock().held.clear();
    }

    /// Returns how much was heard of orders so far: it tells whether something came while a snapshot was read.
    pub(crate) fn heard(&self) -> u64 {
        self.lock().heard
    }

    /// Counts news that is not reported yet.
    pub(crate) fn note_heard(&self) {
        self.lock().heard += 1;
    }

    /// Returns when news has waited too long; `None` when none waits.
    pub(crate) fn overdue_at(&self) -> Option<Timestamp> {
        self.lock().held.front().map(|(since, _)| *since + HOLD_BACK)
    }

    fn push(&self, event: BrokerEvent) {
        // Without a runtime there is nobody to tell.
        let _ = self.sender.send(event);
        self.clock.pushed();
    }
}

impl State {
    /// Remembers an order and its legs.
    fn learn(&mut self, order: &BrokerOrder) {
        for order in core::iter::once(order).chain(&order.legs) {
            if self.known.insert(order.broker_id.clone()) {
                self.ages.push_back(order.broker_id.clone());
            }
        }
        while self.ages.len() > KNOWN_MAX {
            if let Some(oldest) = self.ages.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Tells whether an order's news has to wait: it has a name that Alpaca made, and nobody knows it yet.
    fn must_wait(&self, order: &BrokerOrder) -> bool {
        if self.held.iter().any(|(_, held)| held.order.broker_id == order.broker_id) {
            return true;
        }
        let is_ours = order.client_id.as_ref().is_some_and(|id| !is_made_by_the_broker(id.as_str()));
        let relatives = [order.parent.as_ref(), order.replaces.as_ref()];
        let related = relatives.into_iter().flatten().any(|id| self.known.contains(id));
        !is_ours && !related && !self.known.contains(&order.broker_id)
    }

    /// Takes out the news whose orders are known by now.
    fn release(&mut self) -> Vec<OrderUpdate> {
        let (known, waiting) = core::mem::take(&mut self.held)
            .into_iter()
            .partition(|(_, update)| self.known.contains(&update.order.broker_id));
        self.held = waiting;
        let known: VecDeque<(Timestamp, OrderUpdate)> = known;
        known.into_iter().map(|(_, update)| update).collect()
    }
}

/// Tells whether a client order id has the form of those that Alpaca makes: a UUID.
fn is_made_by_the_broker(id: &str) -> bool {
    let groups: Vec<&str> = id.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use orb_core::effect::EffectId;
    use orb_core::order::{ClientOrderId, OrderEvent, OrderKind, OrderStatus};
    use orb_core::{OrderSide, Price, Quantity, SymbolId};
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;
    use crate::clock::WallClock;

    const UUID: &str = "61e69015-8549-4bfd-b9c3-01e75843f47d";

    fn order(id: &str, client: &str) -> BrokerOrder {
        BrokerOrder {
            broker_id: BrokerOrderId::new(id),
            client_id: Some(ClientOrderId::new(client)),
            parent: None,
            replaces: None,
            symbol: SymbolId(0),
            side: OrderSide::Sell,
            quantity: Quantity::new(10),
            kind: OrderKind::Stop(Price::from_cents(100)),
            status: OrderStatus::Working,
            filled: Quantity::ZERO,
            legs: Vec::new(),
        }
    }

    fn update(order: BrokerOrder) -> OrderUpdate {
        let at = Timestamp::from_micros(0);
        OrderUpdate { event: OrderEvent::New, order, execution: None, rejection: None, at }
    }

    fn reports() -> (Reports<WallClock>, UnboundedReceiver<BrokerEvent>) {
        let (sender, receiver) = unbounded_channel();
        (Reports::new(WallClock::default(), sender), receiver)
    }

    /// Names what came: `snapshot`, `outcome`, or the broker's id of an order.
    fn drain(receiver: &mut UnboundedReceiver<BrokerEvent>) -> Vec<String> {
        let name = |event| match event {
            BrokerEvent::Outcome(..) => "outcome".to_owned(),
            BrokerEvent::Order(update) => update.order.broker_id.to_string(),
            BrokerEvent::Snapshot(_) => "snapshot".to_owned(),
            BrokerEvent::Feed(state) => format!("{state:?}"),
        };
        core::iter::from_fn(|| receiver.try_recv().ok()).map(name).collect()
    }

    #[test]
    fn news_of_a_leg_waits_for_the_answer_that_names_it() {
        let (reports, mut receiver) = reports();
        reports.news(update(order("entry", "20261127-orb5-AAPL-1-e")));
        reports.news(update(order("leg", UUID)));
        reports.news(update(order("leg", UUID)));
        assert_eq!(drain(&mut receiver), ["entry"], "orb's own id needs no answer");
        assert!(reports.overdue_at().is_some());
        let parent = BrokerOrder { legs: vec![order("leg", UUID)], ..order("entry", "20261127-orb5-AAPL-1-e") };
        reports.send(BrokerEvent::Outcome(EffectId(1), Outcome::Accepted(parent)));
        assert_eq!(drain(&mut receiver), ["outcome", "leg", "leg"]);
        assert_eq!((reports.overdue_at(), reports.heard()), (None, 4));
    }

    #[test]
    fn news_of_a_successor_comes_when_its_predecessor_is_known() {
        let (reports, mut receiver) = reports();
        reports.news(update(order("old", "20261127-orb5-AAPL-1-s")));
        reports.news(update(BrokerOrder { replaces: Some(BrokerOrderId::new("old")), ..order("new", UUID) }));
        reports.news(update(order("new", UUID)));
        assert_eq!(drain(&mut receiver), ["old", "new", "new"]);
    }

    #[test]
    fn a_snapshot_lets_everything_through() {
        let (reports, mut receiver) = reports();
        reports.news(update(order("a", UUID)));
        reports.news(update(order("b", UUID)));
        let snapshot = BrokerSnapshot { orders: vec![order("b", UUID)], ..BrokerSnapshot::default() };
        reports.snapshot(snapshot);
        assert_eq!(drain(&mut receiver), ["snapshot", "b", "a"]);
    }

    #[test]
    fn ids_of_the_broker_s_making_are_uuids() {
        assert!(is_made_by_the_broker(UUID));
        assert!(!is_made_by_the_broker("20261127-orb5-AAPL-1-e"));
        assert!(!is_made_by_the_broker(""));
    }
}

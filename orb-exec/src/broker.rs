//! What a broker is to orb.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use orb_core::Timestamp;
use orb_core::effect::{BrokerEffect, EffectClass, EffectId};
use orb_core::event::{BrokerSnapshot, Event, FeedState, Outcome};
use orb_core::order::{OrderUpdate, Rejection, RejectionKind};

use crate::alpaca::Emergency;
use crate::ownership::Ownership;

/// Carries out the engine's effects.
///
/// What comes of them is reported on the channel that the broker was made with: the outcome of an effect first, then
/// what the broker pushes by itself, in the order in which it happened.
pub trait Broker: Send + 'static {
    /// Carries out one effect, after it was committed; `epoch` is the entry gate's when it was decided.
    fn perform(&mut self, now: Timestamp, epoch: u64, effect: BrokerEffect) -> impl Future<Output = ()> + Send;

    /// Waits a moment for entries that are being sent, after the gate was closed to others, and returns how many are
    /// still without an answer.
    fn drain_entries(&mut self) -> impl Future<Output = usize> + Send {
        core::future::ready(0)
    }

    /// Returns what asks the account for the few things that are not the engine's; `None` where there is no account
    /// beside the engine's.
    fn account(&self) -> Option<Emergency> {
        None
    }

    /// Returns the whole state at the broker.
    fn snapshot(&mut self) -> impl Future<Output = BrokerSnapshot> + Send;
}

/// Reports from a broker.
#[derive(Clone, Debug, PartialEq)]
pub enum BrokerEvent {
    /// The answer to an effect.
    Outcome(EffectId, Outcome),
    /// News of an order.
    Order(OrderUpdate),
    /// The whole state, because it was asked for or because it was time to compare.
    Snapshot(BrokerSnapshot),
    /// The connection to the broker failed or came back.
    Feed(FeedState),
}

impl From<BrokerEvent> for Event {
    fn from(event: BrokerEvent) -> Self {
        match event {
            BrokerEvent::Outcome(id, outcome) => Self::Outcome(id, outcome),
            BrokerEvent::Order(update) => Self::Order(update),
            BrokerEvent::Snapshot(snapshot) => Self::Snapshot(snapshot),
            BrokerEvent::Feed(state) => Self::Feed(state),
        }
    }
}

/// Stops entries at the last point before they are written: a kill closes it before it is even recorded.
///
/// Clones share one epoch.
#[derive(Clone, Debug, Default)]
pub struct EntryGate {
    epoch: Arc<AtomicU64>,
    owner: Option<Arc<dyn Ownership>>,
}

impl EntryGate {
    /// Makes one that also asks whether this process still owns the account's books.
    #[must_use]
    pub fn owned(owner: Arc<dyn Ownership>) -> Self {
        Self { owner: Some(owner), ..Self::default() }
    }

    /// Makes one of the same epoch that asks another owner, or none: for the books of another account.
    #[must_use]
    pub fn with_owner(&self, owner: Option<Arc<dyn Ownership>>) -> Self {
        Self { epoch: Arc::clone(&self.epoch), owner }
    }

    /// Returns who knows whether this process may still write; `None` where nobody else could.
    #[must_use]
    pub const fn owner(&self) -> Option<&Arc<dyn Ownership>> {
        self.owner.as_ref()
    }

    /// Returns the epoch in which a decision is made.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Ends the epoch: entries that were decided in it may no longer be sent.
    pub fn bump(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns why an effect that was decided in `epoch` may not be sent now, `None` when it may.
    #[must_use]
    pub fn refusal(&self, epoch: u64, now: Timestamp, effect: &BrokerEffect) -> Option<Outcome> {
        if effect.class != EffectClass::Entry {
            return None;
        }
        let late = effect.not_after.is_some_and(|deadline| now > deadline);
        let is_owner = self.owner.as_ref().is_none_or(|owner| owner.is_certain());
        let message = match (late, epoch == self.epoch(), is_owner) {
            (false, true, true) => return None,
            (true, ..) => "it was not sent: its deadline had passed",
            (false, false, _) => "it was not sent: entries were stopped",
            (false, true, false) => "it was not sent: it is not certain that this orbd still owns the account's books",
        };
        Some(Outcome::Rejected(Rejection {
            code: 0,
            message: message.to_owned(),
            related_orders: Vec::new(),
            available: None,
            kind: RejectionKind::NotSent,
        }))
    }
}

#[cfg(test)]
mod tests {
    use orb_core::effect::Action;

    use super::*;

    fn effect(class: EffectClass) -> BrokerEffect {
        let deadline = Some(Timestamp::from_micros(10));
        BrokerEffect { id: EffectId(1), symbol: None, class, not_after: deadline, action: Action::QueryPositions }
    }

    #[test]
    fn only_entries_are_stopped_by_epoch_and_deadline() {
        let (gate, entry, exit) = (EntryGate::default(), effect(EffectClass::Entry), effect(EffectClass::Exit));
        let (early, late) = (Timestamp::from_micros(10), Timestamp::from_micros(11));
        let epoch = gate.epoch();
        assert_eq!(gate.refusal(epoch, early, &entry), None);
        assert!(gate.refusal(epoch, late, &entry).is_some(), "an entry has a deadline");
        assert_eq!(gate.refusal(epoch, late, &exit), None, "an exit is always sent");
        gate.bump();
        assert!(gate.refusal(epoch, early, &entry).is_some(), "a kill ends the epoch");
        assert_eq!(gate.refusal(epoch, early, &exit), None);
    }
}

//! The simulated exchange as a broker.

use std::sync::Arc;

use orb_core::Timestamp;
use orb_core::effect::BrokerEffect;
use orb_core::event::BrokerSnapshot;

use super::venue::{Shared, lock};
use crate::broker::{Broker, BrokerEvent, EntryGate};

/// Takes the engine's effects to the simulated exchange.
#[derive(Clone, Debug)]
pub struct LocalBroker {
    shared: Shared,
    gate: EntryGate,
}

impl LocalBroker {
    pub(super) const fn new(shared: Shared, gate: EntryGate) -> Self {
        Self { shared, gate }
    }

    /// Returns the gate that entries pass last.
    #[must_use]
    pub fn gate(&self) -> EntryGate {
        self.gate.clone()
    }
}

impl Broker for LocalBroker {
    async fn perform(&mut self, now: Timestamp, epoch: u64, effect: BrokerEffect) {
        let mut venue = lock(&self.shared);
        match self.gate.refusal(epoch, now, &effect) {
            Some(refusal) => venue.tell(BrokerEvent::Outcome(effect.id, refusal)),
            None => venue.perform(now, &effect),
        }
    }

    async fn snapshot(&mut self) -> BrokerSnapshot {
        lock(&Arc::clone(&self.shared)).snapshot()
    }
}

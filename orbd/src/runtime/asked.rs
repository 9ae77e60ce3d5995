//! How long the broker takes for what it was asked.

use std::collections::BTreeMap;

use orb_core::effect::{EffectClass, EffectId};
use orb_exec::BrokerEvent;
use tokio::time::Instant;

use crate::monitoring::Meters;

/// Questions that are remembered; of more the oldest are forgotten, and only not timed.
const ASKED_MAX: usize = 4_096;

/// Remembers what was handed to the broker's sender and has no answer yet.
#[derive(Debug, Default)]
pub struct Asked(BTreeMap<EffectId, (EffectClass, Instant)>);

impl Asked {
    /// Notes that something is handed over.
    pub(super) fn ask(&mut self, id: EffectId, class: EffectClass) {
        self.0.insert(id, (class, Instant::now()));
        while self.0.len() > ASKED_MAX {
            self.0.pop_first();
        }
    }

    /// Times what a report answers; others answer nothing.
    pub(super) fn hear(&mut self, report: &BrokerEvent, meters: &Meters) {
        let BrokerEvent::Outcome(id, _) = report else { return };
        if let Some((class, since)) = self.0.remove(id) {
            meters.answered(class, since.elapsed());
        }
    }
}

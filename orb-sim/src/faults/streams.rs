//! Which messages go wrong.

use orb_core::Timestamp;

use super::counts::Count;
use super::plan::{FaultPlan, StreamFault, StreamName, StreamRule};
use super::when::{Trigger, mixed};

/// Describes a message to whoever decides about its faults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageGlimpse<'a> {
    pub(crate) stream: StreamName,
    pub(crate) kind: &'a str,
    pub(crate) symbol: &'a str,
}

/// Decides about messages, in their order.
#[derive(Debug)]
pub(crate) struct StreamFaults(Vec<(StreamRule, Trigger)>);

impl StreamFaults {
    pub(crate) fn new(plan: &FaultPlan) -> Self {
        let trigger = |(number, rule): (u64, &StreamRule)| {
            (rule.clone(), Trigger::new(rule.when.clone(), mixed(&[plan.seed, 2, number])))
        };
        Self((0..).zip(&plan.stream).map(trigger).collect())
    }

    /// Returns how often each rule has applied.
    pub(crate) fn counts(&self) -> Vec<Count> {
        self.0.iter().map(|(_, trigger)| trigger.count()).collect()
    }

    /// Tells whether there is any rule at all.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what goes wrong with a message: what the first rule says that applies.
    pub(crate) fn decide(&mut self, now: Timestamp, message: MessageGlimpse<'_>) -> Option<StreamFault> {
        let mut decided = None;
        for (rule, trigger) in &mut self.0 {
            let is_stream = rule.stream.is_none_or(|stream| stream == message.stream);
            let matches = is_stream && rule.kind.matches(message.kind) && rule.symbol.matches(message.symbol);
            if matches && trigger.fires(now) {
                decided = decided.or(Some(rule.fault));
            }
        }
        decided
    }
}

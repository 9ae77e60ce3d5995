//! Which requests go wrong.

use orb_core::Timestamp;

use super::counts::Count;
use super::plan::{FaultPlan, HttpFault, HttpRule};
use super::when::{Trigger, mixed};
use crate::http::Request;

/// Decides about requests, in their order.
#[derive(Debug)]
pub(crate) struct HttpFaults(Vec<(HttpRule, Trigger)>);

impl HttpFaults {
    pub(crate) fn new(plan: &FaultPlan) -> Self {
        let trigger = |(number, rule): (u64, &HttpRule)| {
            (rule.clone(), Trigger::new(rule.when.clone(), mixed(&[plan.seed, 1, number])))
        };
        Self((0..).zip(&plan.http).map(trigger).collect())
    }

    /// Returns how often each rule has applied.
    pub(crate) fn counts(&self) -> Vec<Count> {
        self.0.iter().map(|(_, trigger)| trigger.count()).collect()
    }

    /// Returns what goes wrong with a request: what the first rule says that applies.
    pub(crate) fn decide(&mut self, now: Timestamp, request: &Request) -> Option<HttpFault> {
        let mut decided = None;
        for (rule, trigger) in &mut self.0 {
            // Every rule counts its matches, whether an earlier one applied or not.
            let matches = rule.path.matches(&request.path) && rule.method.matches(&request.method);
            if matches && trigger.fires(now) {
                decided = decided.or(Some(rule.fault));
            }
        }
        decided
    }
}

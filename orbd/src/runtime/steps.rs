//! When orders took the steps on their way, to be recorded when nothing else is urgent.

use orb_core::effect::{Action, BrokerEffect};
use orb_core::order::{Order, OrderStatus};
use orb_core::{Date, Timestamp};
use tokio::time::Instant;

use super::due::Due;
use crate::store::{OrderStep, StepRow};

/// Collects steps.
#[derive(Debug, Default)]
pub(super) struct Steps {
    waiting: Vec<StepRow>,
    due: Due,
}

impl Steps {
    /// Adds that an order was in the records at one time, and handed to its sender at another.
    pub(super) fn sent(&mut self, date: Date, order: &str, committed: Timestamp, sent: Timestamp) {
        self.add(date, order, OrderStep::Committed, committed);
        self.add(date, order, OrderStep::Sent, sent);
    }

    /// Adds what an order's new state says of its way; what is known already changes nothing.
    pub(super) fn saw(&mut self, order: &Order) {
        let (date, id, at) = (order.attempt.date, order.id.as_str(), order.updated_at);
        if order.broker_id.is_some() {
            self.add(date, id, OrderStep::Acknowledged, at);
        }
        if matches!(order.status, OrderStatus::Working | OrderStatus::PartiallyFilled) {
            self.add(date, id, OrderStep::Working, at);
        }
    }

    fn add(&mut self, date: Date, order: &str, step: OrderStep, at: Timestamp) {
        self.waiting.push(StepRow { client_order_id: order.to_owned(), step, date, at });
        self.due.begin();
    }

    /// Returns when they are to be recorded at the latest; `None` while none wait.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due.at()
    }

    /// Tells whether it is time to record them.
    pub(super) fn is_due(&self) -> bool {
        self.due.is_now()
    }

    /// Makes those that wait due at once, as before an end; tells whether any do.
    pub(super) fn hurry(&mut self) -> bool {
        self.due.hurry()
    }

    /// Takes all that wait.
    pub(super) fn take(&mut self) -> Vec<StepRow> {
        self.due.taken(false);
        core::mem::take(&mut self.waiting)
    }
}

/// Returns the order that an effect places; `None` when it places none.
pub(super) fn placed(effect: &BrokerEffect) -> Option<String> {
    match &effect.action {
        Action::Submit(request) => Some(request.id.as_str().to_owned()),
        Action::Replace { .. }
        | Action::Cancel { .. }
        | Action::Find(_)
        | Action::QueryPositions
        | Action::QuerySnapshot
        | Action::QueryBars { .. } => None,
    }
}

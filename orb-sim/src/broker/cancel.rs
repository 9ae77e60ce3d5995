//! Cancels: asked for at once, confirmed later.

use serde_json::{Value, json};

use super::engine::Broker;
use super::lifecycle::Event;
use super::order::{OrderKey, OrderStatus};
use super::refusal::Refusal;
use super::timers::Due;

impl Broker {
    /// Asks for an order's cancel.
    pub(super) fn request_cancel(&mut self, key: OrderKey) -> Result<(), Refusal> {
        let order = &self.book[key];
        let status = order.status;
        if status.is_terminal() || matches!(status, OrderStatus::PendingCancel | OrderStatus::PendingReplace) {
            return Err(Refusal::NotCancelable(status));
        }
        if order.matching.stuck_until.is_some_and(|until| self.now < until) {
            self.book[key].matching.cancel_requested = true;
            return Ok(());
        }
        let delay = order.faults.pending_cancel.unwrap_or(self.config.acknowledge_after);
        self.book[key].matching.before_pending = Some(status);
        self.set_status(key, OrderStatus::PendingCancel);
        self.publish_plain(Event::PendingCancel, key);
        self.plan_after(delay, Due::CancelDone(key));
        Ok(())
    }

    /// Confirms a cancel, unless the order has come to another end.
    pub(super) fn finish_cancel(&mut self, key: OrderKey) {
        if self.book[key].status != OrderStatus::PendingCancel {
            return self.publish_plain(Event::CancelRejected, key);
        }
        if self.book[key].faults.fills_after_cancel && self.book[key].matching.awake && self.force_fill(key) {
            return self.publish_plain(Event::CancelRejected, key);
        }
        self.end_order(key, OrderStatus::Canceled);
    }

    /// Asks for the cancel of every order, and tells of each how that went.
    pub(super) fn cancel_all(&mut self) -> Vec<Value> {
        let keys: Vec<OrderKey> = self.book.open().map(|order| order.key).collect();
        let mut results = Vec::new();
        for key in keys {
            // Legs go with their group: what a cancel before has ended is not asked again.
            let order = &self.book[key];
            let led = order.parent.is_some_and(|parent| self.book[parent].is_open()) || self.held_by_sibling(key);
            if order.status.is_terminal() || led {
                continue;
            }
            let id = order.id;
            results.push(match self.request_cancel(key) {
                Ok(()) => json!({ "id": id, "status": 200 }),
                Err(refusal) => json!({ "id": id, "status": refusal.status(), "body": refusal.body() }),
            });
        }
        results
    }

    fn held_by_sibling(&self, key: OrderKey) -> bool {
        let held = self.book[key].status == OrderStatus::Held;
        held && self.book.sibling(key).is_some_and(|sibling| self.book[sibling].is_open())
    }
}

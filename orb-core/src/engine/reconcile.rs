//! The gate between start and trading: books and broker must agree.

use super::{Engine, Pending};
use crate::alarm::AlarmKind;
use crate::effect::{Effects, Severity};
use crate::event::BrokerSnapshot;
use crate::hold::HoldKind;
use crate::order::{BrokerOrder, ClientOrderId, OrderEvent, OrderStatus, Rejection, RejectionKind};
use crate::order_book::{BookChange, event_of};
use crate::reconciler;

/// How often in a row books and broker must differ before it is called a break.
const COMPARISONS_MAX: u32 = 3;

impl Engine {
    /// Takes the broker's whole state: counts what was missed, ends what never came to be, compares the rest.
    pub(super) fn on_snapshot(&mut self, snapshot: &BrokerSnapshot, out: &mut Effects) {
        self.takes_snapshot = true;
        self.on_account(&snapshot.account, out);
        snapshot.orders.iter().for_each(|order| self.compare_with_sent(order, out));
        let past = self.adopt_lost(snapshot, out);
        for fill in snapshot.fills.iter().filter(|fill| !past.contains(&fill.order.broker_id)) {
            let whole = fill.order.filled >= fill.order.quantity;
            let event = if whole { OrderEvent::Fill } else { OrderEvent::PartialFill };
            self.know_parent(&fill.order, &snapshot.orders);
            self.fit(event, &fill.order, Some(&fill.execution), out);
        }
        self.compare_exits(snapshot, out);
        for order in snapshot.orders.iter().filter(|order| !past.contains(&order.broker_id)) {
            self.take_status(order, out);
            for leg in &order.legs {
                self.take_status(leg, out);
            }
        }
        self.end_lost_orders(snapshot, out);
        self.follow_lists(snapshot, out);
        let compared = reconciler::compare(&self.positions, &self.orders, snapshot, &self.config.symbols);
        let differences = compared.differences;
        self.breaks = if differences.is_empty() { 0 } else { self.breaks + 1 };
        for foreign in snapshot.foreign.iter().chain(&compared.strangers) {
            self.hold(HoldKind::ForeignActivity, "reconciler", foreign, out);
        }
        self.judge(&differences, out);
        self.watch_equity(snapshot, out);
        self.cancel_again(snapshot, out);
        self.takes_snapshot = false;
        let symbols: Vec<_> = self.desks.keys().copied().collect();
        for symbol in symbols {
            self.review(symbol, out);
        }
    }

    /// Opens the gate for entries when books and broker agree; asks again, and then holds them, when they do not.
    ///
    /// A broker's list of positions may lag behind its fills: only what differs several times in a row is a break.
    fn judge(&mut self, differences: &[String], out: &mut Effects) {
        if differences.is_empty() {
            self.reconciled_at = Some(self.now);
            self.unhold(HoldKind::Starting, "reconciler", "the broker's state is known", out);
            if !self.is_anything_stuck() {
                self.unhold(HoldKind::Reconciling, "reconciler", "books and broker were compared", out);
            }
            return;
        }
        if self.breaks < COMPARISONS_MAX {
            self.hold(HoldKind::Reconciling, "reconciler", &differences[0], out);
            return self.ask_for_snapshot(out);
        }
        self.raise(AlarmKind::BooksDiffer, Severity::Error, None, differences.join("; "), out);
        self.hold(HoldKind::ReconcileBreak, "reconciler", &differences[0], out);
        self.unhold(HoldKind::Starting, "reconciler", "the broker's state is known", out);
        self.unhold(HoldKind::Reconciling, "reconciler", "books and broker differ", out);
    }

    /// Repeats the cancels that the broker knows nothing of: a restart may have come before they were sent.
    fn cancel_again(&mut self, snapshot: &BrokerSnapshot, out: &mut Effects) {
        // The exits of a filled entry are its legs: they live on below an order that is done.
        let all = snapshot.orders.iter().flat_map(|order| core::iter::once(order).chain(&order.legs));
        let live = all.filter(|order| {
            matches!(order.status, OrderStatus::Working | OrderStatus::PartiallyFilled | OrderStatus::Held)
        });
        let known: Vec<ClientOrderId> = live.filter_map(|order| self.orders.identify(order)).collect();
        for id in known {
            let Some(order) = self.orders.get(&id).cloned() else { continue };
            let awaited = self.pending.values().any(|pending| *pending == Pending::Cancel(id.clone()));
            if order.status == OrderStatus::PendingCancel && !awaited {
                self.cancel(&id, out);
            } else {
                self.recall_entry(&order, out);
            }
        }
    }

    /// Makes a leg's parent known first, so that the leg is recognised.
    fn know_parent(&mut self, leg: &BrokerOrder, orders: &[BrokerOrder]) {
        let parent = orders.iter().find(|order| Some(&order.broker_id) == leg.parent.as_ref());
        if let Some(parent) = parent
            && self.orders.identify(leg).is_none()
        {
            let status = self.orders.identify(parent).and_then(|id| self.orders.get(&id)).map(|order| order.status);
            let event = status.map_or(OrderEvent::New, event_of);
            self.orders.on_update(self.now, event, parent);
        }
    }

    /// Takes an order's status where it says more than the fills did.
    fn take_status(&mut self, order: &BrokerOrder, out: &mut Effects) {
        self.compare_with_sent(order, out);
        self.orders.settle_identity(order);
        let event = event_of(order.status);
        match self.orders.identify(order) {
            None => _ = self.fit(event, order, None, out),
            Some(id) => {
                let known = self.orders.get(&id).map(|own| own.status);
                if known != Some(order.status) {
                    // Asking for another snapshot would bring the same: the hold is enough.
                    self.fit(event, order, None, out);
                } else if let BookChange::Changed(_) = self.orders.on_update(self.now, event, order) {
                    // The same status: only the broker's identifier and legs are new.
                }
            }
        }
    }

    /// Tells whether an answer about an order is on its way: it says more than a list that may be older.
    fn is_awaited(&self, id: &ClientOrderId) -> bool {
        let is_about = |pending: &Pending| match pending {
            Pending::Submit(order) | Pending::Cancel(order) | Pending::Find(order) => order == id,
            Pending::Replace(_) | Pending::Positions(_) | Pending::Snapshot | Pending::Bars(_) | Pending::Verify(_) => {
                false
            }
        };
        self.pending.values().any(is_about) || self.lookups.iter().any(|lookup| lookup.order == *id)
    }

    fn end_lost_orders(&mut self, snapshot: &BrokerSnapshot, out: &mut Effects) {
        let listed = |id: &ClientOrderId| {
            let is_it = |order: &BrokerOrder| self.orders.identify(order).as_ref() == Some(id);
            snapshot.orders.iter().any(|order| is_it(order) || order.legs.iter().any(is_it))
        };
        let lost: Vec<ClientOrderId> = self
            .orders
            .iter()
            .filter(|order| match order.status {
                OrderStatus::PendingSubmit | OrderStatus::Unknown => true,
                // A cancel that was decided before a crash, of an order that nobody was told of.
                OrderStatus::PendingCancel => order.broker_id.is_none(),
                OrderStatus::Working
                | OrderStatus::Held
                | OrderStatus::PartiallyFilled
                | OrderStatus::Filled
                | OrderStatus::Cancelled
                | OrderStatus::Expired
                | OrderStatus::Rejected
                | OrderStatus::Replaced => false,
            })
            .filter(|order| !listed(&order.id) && !self.is_awaited(&order.id))
            .map(|order| order.id.clone())
            .collect();
        for id in lost {
            let rejection = Rejection {
                code: 0,
                message: "it was decided but never reached the broker".to_owned(),
                related_orders: Vec::new(),
                available: None,
                kind: RejectionKind::NotSent,
            };
            self.orders.reject(self.now, &id, &rejection);
            if let Some(order) = self.orders.get(&id).cloned()
                && order.role == crate::order::OrderRole::Entry
            {
                self.follow_entry(&order, out);
            }
        }
    }
}

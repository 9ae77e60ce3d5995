//! The life of orders: one table, and the book that follows it.

use std::collections::BTreeMap;

use crate::fact::Fill;
use crate::order::{
    AttemptId, BrokerOrder, BrokerOrderId, ClientOrderId, Execution, Order, OrderEvent, OrderKind, OrderRequest,
    OrderRole, OrderStatus, Rejection,
};
use crate::symbol::SymbolId;
use crate::time::Timestamp;

/// Tells that an event does not fit the status of its order: data to be reconciled, not a fault of orb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {} cannot get the event {event:?}", status.name())]
pub struct IllegalEvent {
    /// The status before.
    pub status: OrderStatus,
    /// The event.
    pub event: OrderEvent,
}

/// Returns the status after an event: the whole life cycle of an order.
///
/// Repeated news leaves the status as it is. A fill after a cancel is real: `(Cancelled, Fill) => Filled`.
///
/// # Errors
/// When the event cannot happen in that status.
pub const fn transition(status: OrderStatus, event: OrderEvent) -> Result<OrderStatus, IllegalEvent> {
    use OrderEvent as E;
    use OrderStatus as S;
    Ok(match (status, event) {
        // What is said of an execution changes the shares of its order, and not where that is in its life.
        (_, E::Busted | E::Corrected) => status,
        // A fill is a fact, whatever was believed before.
        (S::Filled, E::Fill | E::PartialFill) => S::Filled,
        (_, E::Fill) => S::Filled,
        (S::Cancelled | S::Expired | S::Rejected | S::Replaced, E::PartialFill) => status,
        (S::PendingCancel, E::PartialFill) => S::PendingCancel,
        (S::PendingSubmit | S::Unknown | S::Working | S::Held | S::PartiallyFilled, E::PartialFill) => {
            S::PartiallyFilled
        }
        (S::PendingSubmit | S::Unknown | S::Working | S::Held, E::New) => S::Working,
        (S::PartiallyFilled | S::PendingCancel, E::New) => status,
        (S::PendingSubmit | S::Unknown, E::Pending) => S::PendingSubmit,
        // Late news of how it waited; of a terminal order it says nothing either.
        (_, E::Pending) => status,
        (S::PendingSubmit | S::Unknown | S::Held | S::Working, E::Held) => S::Held,
        // Late news of how it waited before its first fill, or before the cancel was asked for.
        (S::PartiallyFilled | S::PendingCancel, E::Held) => status,
        (S::PendingSubmit | S::Unknown | S::Working | S::Held | S::PartiallyFilled | S::PendingCancel, event) => {
            match event {
                E::PendingCancel => S::PendingCancel,
                E::Cancelled => S::Cancelled,
                E::Expired => S::Expired,
                E::Rejected => S::Rejected,
                E::Replaced => S::Replaced,
                // The cancel did not happen: what the order is now has to be looked up.
                E::CancelRejected | E::Lost => S::Unknown,
                E::New | E::Pending | E::Held | E::PartialFill | E::Fill | E::Busted | E::Corrected => {
                    return Err(IllegalEvent { status, event });
                }
            }
        }
        // News that comes twice or late.
        (S::Cancelled, E::Cancelled | E::PendingCancel | E::CancelRejected | E::New | E::Held)
        | (S::Expired, E::Expired | E::PendingCancel | E::CancelRejected | E::New | E::Held)
        | (S::Rejected, E::Rejected | E::PendingCancel | E::CancelRejected | E::New)
        | (S::Replaced, E::Replaced | E::PendingCancel | E::CancelRejected | E::New | E::Held)
        | (S::Filled, E::New | E::Held | E::PendingCancel | E::CancelRejected | E::Lost) => status,
        (S::Cancelled | S::Expired | S::Rejected | S::Replaced, E::Lost) => status,
        (S::Filled, E::Cancelled | E::Expired | E::Rejected | E::Replaced)
        | (S::Cancelled, E::Expired | E::Rejected | E::Replaced)
        | (S::Expired, E::Cancelled | E::Rejected | E::Replaced)
        | (S::Rejected, E::Cancelled | E::Expired | E::Replaced | E::Held)
        | (S::Replaced, E::Cancelled | E::Expired | E::Rejected) => return Err(IllegalEvent { status, event }),
    })
}

/// Returns the event that would bring an order into a status that the broker reports.
#[must_use]
pub const fn event_of(status: OrderStatus) -> OrderEvent {
    match status {
        OrderStatus::PendingSubmit => OrderEvent::Pending,
        OrderStatus::Working => OrderEvent::New,
        OrderStatus::Held => OrderEvent::Held,
        OrderStatus::PartiallyFilled => OrderEvent::PartialFill,
        OrderStatus::PendingCancel => OrderEvent::PendingCancel,
        OrderStatus::Filled => OrderEvent::Fill,
        OrderStatus::Cancelled => OrderEvent::Cancelled,
        OrderStatus::Expired => OrderEvent::Expired,
        OrderStatus::Rejected => OrderEvent::Rejected,
        OrderStatus::Replaced => OrderEvent::Replaced,
        OrderStatus::Unknown => OrderEvent::Lost,
    }
}

/// Keeps the day's orders.
#[derive(Clone, Debug, Default)]
pub struct OrderBook {
    orders: BTreeMap<ClientOrderId, Order>,
    by_broker_id: BTreeMap<BrokerOrderId, ClientOrderId>,
    live: BTreeMap<SymbolId, Vec<ClientOrderId>>,
    /// The executions that were counted, in the order of their counting.
    fills: Vec<Fill>,
    /// Where each of them is, by its name; `None` of one of which nothing but the name is known.
    by_execution: BTreeMap<String, Option<usize>>,
    /// Orders that changed since they were last taken for recording.
    touched: Vec<ClientOrderId>,
}

/// Tells what a broker's order did to the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookChange {
    /// The order is not in the book: somebody else's.
    Foreign,
    /// The event did not fit the order's status.
    Illegal(ClientOrderId, IllegalEvent),
    /// The order is as the event says.
    Changed(ClientOrderId),
}

impl OrderBook {
    /// Forgets the orders that are terminal, for a new day.
    pub fn begin_day(&mut self) {
        let kept: Vec<Order> = self.orders.values().filter(|order| !order.status.is_terminal()).cloned().collect();
        *self = Self::default();
        kept.into_iter().for_each(|order| self.restore(order));
    }

    /// Tells whether orders changed since they were last taken.
    #[must_use]
    pub const fn is_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    /// Takes out the orders that changed since the last time, each once.
    pub fn take_touched(&mut self) -> Vec<Order> {
        let mut touched = core::mem::take(&mut self.touched);
        let mut seen: Vec<ClientOrderId> = Vec::with_capacity(touched.len());
        touched.retain(|id| !seen.contains(id) && (seen.push(id.clone()), true).1);
        touched.iter().filter_map(|id| self.orders.get(id)).cloned().collect()
    }

    /// Takes up an order of before a restart.
    pub fn restore(&mut self, order: Order) {
        if let Some(broker_id) = &order.broker_id {
            self.by_broker_id.insert(broker_id.clone(), order.id.clone());
        }
        self.insert(order);
    }

    /// Remembers the name of an execution of before a restart, so that it is not counted again.
    pub fn restore_execution(&mut self, id: String) {
        self.by_execution.entry(id).or_default();
    }

    /// Takes up an execution of before a restart: it is not counted again, and what is said of it later is understood.
    pub fn restore_fill(&mut self, fill: Fill) {
        self.by_execution.insert(fill.execution.id.clone(), Some(self.fills.len()));
        self.fills.push(fill);
    }

    /// Lists the executions that were counted, in that order, those that were taken back included.
    #[must_use]
    pub fn fills(&self) -> &[Fill] {
        &self.fills
    }

    /// Returns an execution that was counted, by its name.
    #[must_use]
    pub fn fill(&self, id: &str) -> Option<&Fill> {
        self.fills.get((*self.by_execution.get(id)?)?)
    }

    /// Adds an order that is about to be sent.
    pub fn add_request(&mut self, now: Timestamp, request: &OrderRequest) -> &Order {
        let order = Order {
            id: request.id.clone(),
            broker_id: None,
            parent: None,
            attempt: request.attempt,
            role: request.role,
            side: request.side,
            quantity: request.quantity,
            kind: request.kind,
            status: OrderStatus::PendingSubmit,
            filled: Default::default(),
            filled_notional: Default::default(),
            created_at: now,
            updated_at: now,
            rejection: None,
        };
        self.touched.push(order.id.clone());
        self.insert(order)
    }

    /// Adds an order that the broker has under our identifier and that is not in the book.
    ///
    /// It begins as one that was sent and not answered: its executions and its status are news of it.
    pub fn add_found(&mut self, now: Timestamp, attempt: AttemptId, role: OrderRole, found: &BrokerOrder) {
        let Some(id) = found.client_id.clone() else { return };
        self.by_broker_id.insert(found.broker_id.clone(), id.clone());
        self.touched.push(id.clone());
        self.insert(Order {
            id: id.clone(),
            broker_id: Some(found.broker_id.clone()),
            parent: None,
            attempt,
            role,
            side: found.side,
            quantity: found.quantity,
            kind: found.kind,
            status: OrderStatus::PendingSubmit,
            filled: Default::default(),
            filled_notional: Default::default(),
            created_at: now,
            updated_at: now,
            rejection: None,
        });
        self.adopt_legs(now, &id, &found.legs);
    }

    /// Tells whether an order of a symbol is in the book, terminal ones of the day included.
    #[must_use]
    pub fn knows(&self, symbol: SymbolId) -> bool {
        self.orders.values().any(|order| order.attempt.symbol == symbol)
    }

    fn insert(&mut self, order: Order) -> &Order {
        let id = order.id.clone();
        if !order.status.is_terminal() {
            let live = self.live.entry(order.attempt.symbol).or_default();
            if !live.contains(&id) {
                live.push(id.clone());
            }
        }
        self.orders.insert(id.clone(), order);
        &self.orders[&id]
    }

    /// Returns an order of the book.
    #[must_use]
    pub fn get(&self, id: &ClientOrderId) -> Option<&Order> {
        self.orders.get(id)
    }

    /// Lists all orders of the day by identifier.
    pub fn iter(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// Lists a symbol's orders that are not terminal, in the order of their making.
    pub fn live(&self, symbol: SymbolId) -> impl Iterator<Item = &Order> {
        self.live.get(&symbol).into_iter().flatten().filter_map(|id| self.orders.get(id))
    }

    /// Lists the symbols that have orders which are not terminal.
    pub fn live_symbols(&self) -> impl Iterator<Item = SymbolId> + '_ {
        self.live.keys().copied()
    }

    /// Finds the order that a broker's order is, by our identifier or by the broker's.
    #[must_use]
    pub fn identify(&self, order: &BrokerOrder) -> Option<ClientOrderId> {
        let by_client = order.client_id.as_ref().filter(|id| self.orders.contains_key(*id)).cloned();
        let by_broker = |id: &BrokerOrderId| self.by_broker_id.get(id).cloned();
        by_client.or_else(|| by_broker(&order.broker_id)).or_else(|| order.replaces.as_ref().and_then(by_broker))
    }

    /// Tells whether an order of the broker's is in the book.
    #[must_use]
    pub fn knows_broker_order(&self, id: &BrokerOrderId) -> bool {
        self.by_broker_id.contains_key(id)
    }

    /// Marks an order whose cancel is being asked for.
    pub fn mark(&mut self, now: Timestamp, id: &ClientOrderId, event: OrderEvent) -> BookChange {
        self.change(now, id, event)
    }

    /// Marks an order as refused.
    pub fn reject(&mut self, now: Timestamp, id: &ClientOrderId, rejection: &Rejection) -> BookChange {
        self.explain(id, rejection);
        self.change(now, id, OrderEvent::Rejected)
    }

    /// Keeps the broker's explanation of a refusal.
    pub fn explain(&mut self, id: &ClientOrderId, rejection: &Rejection) {
        if let Some(order) = self.orders.get_mut(id) {
            order.rejection = Some(rejection.clone());
        }
    }

    /// Takes the broker's own word for which of its orders is ours now, after one took another's place.
    pub fn settle_identity(&mut self, order: &BrokerOrder) {
        let Some(id) = self.identify(order) else { return };
        self.by_broker_id.insert(order.broker_id.clone(), id.clone());
        if let Some(own) = self.orders.get_mut(&id) {
            own.broker_id = Some(order.broker_id.clone());
        }
    }

    /// Applies news of an order; the legs in it are adopted as orders of their parent.
    ///
    /// Late news of an order whose place another took changes neither price nor identity.
    pub fn on_update(&mut self, now: Timestamp, event: OrderEvent, order: &BrokerOrder) -> BookChange {
        let Some(id) = self.identify(order) else {
            return BookChange::Foreign;
        };
        self.by_broker_id.insert(order.broker_id.clone(), id.clone());
        if let Some(own) = self.orders.get_mut(&id)
            && is_current(own.broker_id.as_ref(), order)
        {
            own.broker_id = Some(order.broker_id.clone());
            own.kind = order.kind;
            own.quantity = order.quantity;
        }
        self.adopt_legs(now, &id, &order.legs);
        self.change(now, &id, event)
    }

    /// Makes the broker's legs of an order known under its identifier and the letter of their role.
    fn adopt_legs(&mut self, now: Timestamp, parent: &ClientOrderId, legs: &[BrokerOrder]) {
        for leg in legs {
            if self.by_broker_id.contains_key(&leg.broker_id) {
                continue;
            }
            let Some(attempt) = self.orders.get(parent).map(|order| order.attempt) else { return };
            let role = match leg.kind {
                OrderKind::Limit(_) => OrderRole::Target,
                OrderKind::Stop(_) | OrderKind::Market => OrderRole::Stop,
            };
            let id = ClientOrderId::new(&format!("{parent}{}", role.letter()));
            self.by_broker_id.insert(leg.broker_id.clone(), id.clone());
            self.touched.push(id.clone());
            self.insert(Order {
                id,
                broker_id: Some(leg.broker_id.clone()),
                parent: Some(parent.clone()),
                attempt,
                role,
                side: leg.side,
                quantity: leg.quantity,
                kind: leg.kind,
                status: leg.status,
                filled: Default::default(),
                filled_notional: Default::default(),
                created_at: now,
                updated_at: now,
                rejection: None,
            });
        }
    }

    fn change(&mut self, now: Timestamp, id: &ClientOrderId, event: OrderEvent) -> BookChange {
        let Some(order) = self.orders.get_mut(id) else {
            return BookChange::Foreign;
        };
        match transition(order.status, event) {
            Err(illegal) => BookChange::Illegal(id.clone(), illegal),
            Ok(status) => {
                order.status = status;
                order.updated_at = now;
                self.touched.push(id.clone());
                if status.is_terminal() {
                    self.retire(id);
                }
                BookChange::Changed(id.clone())
            }
        }
    }

    fn retire(&mut self, id: &ClientOrderId) {
        let Some(symbol) = self.orders.get(id).map(|order| order.attempt.symbol) else { return };
        if let Some(live) = self.live.get_mut(&symbol) {
            live.retain(|other| other != id);
            if live.is_empty() {
                self.live.remove(&symbol);
            }
        }
    }

    /// Counts an execution into its order; `None` when it had been counted before.
    ///
    /// A name that was used before counts again only for what happened after the execution of then was taken back.
    pub fn count(&mut self, id: &ClientOrderId, execution: &Execution) -> Option<Fill> {
        if self.by_execution.contains_key(&execution.id) {
            let taken_back = self.fill(&execution.id).and_then(|fill| fill.taken_back);
            taken_back.filter(|at| execution.at > *at)?;
        }
        let order = self.orders.get_mut(id)?;
        order.filled += execution.quantity;
        order.filled_notional += execution.quantity.at(execution.price);
        let (attempt, side) = (order.attempt, order.side);
        let fill = Fill { attempt, order: id.clone(), side, execution: execution.clone(), taken_back: None };
        self.touched.push(id.clone());
        self.restore_fill(fill.clone());
        Some(fill)
    }

    /// Puts an execution in the place of the one of its name, and its shares and money into the order; returns the
    /// order's name, `None` when there is no such execution.
    pub fn amend(&mut self, now: Timestamp, fill: &Fill) -> Option<ClientOrderId> {
        let index = (*self.by_execution.get(&fill.execution.id)?)?;
        let before = core::mem::replace(self.fills.get_mut(index)?, fill.clone());
        let id = before.order.clone();
        let order = self.orders.get_mut(&id)?;
        if before.taken_back.is_none() {
            order.filled -= before.execution.quantity;
            order.filled_notional -= before.execution.quantity.at(before.execution.price);
        }
        if fill.taken_back.is_none() {
            order.filled += fill.execution.quantity;
            order.filled_notional += fill.execution.quantity.at(fill.execution.price);
        }
        order.updated_at = now;
        self.touched.push(id.clone());
        Some(id)
    }
}

/// Tells whether a broker's order is the one that is known, or took its place.
fn is_current(known: Option<&BrokerOrderId>, order: &BrokerOrder) -> bool {
    known.is_none_or(|known| *known == order.broker_id || Some(known) == order.replaces.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fill_always_counts_and_nothing_revives_a_terminal_order() {
        for &status in OrderStatus::ALL {
            assert_eq!(transition(status, OrderEvent::Fill), Ok(OrderStatus::Filled), "{status:?}");
            for &event in OrderEvent::ALL {
                let next = transition(status, event);
                if status.is_terminal() && event != OrderEvent::Fill {
                    assert!(next.is_err() || next == Ok(status), "{status:?} {event:?} {next:?}");
                }
                if !status.is_terminal() {
                    assert!(next.is_ok(), "{status:?} {event:?}: every news of a live order is understood");
                }
            }
        }
    }

    #[test]
    fn what_is_said_of_an_execution_moves_no_order() {
        for &status in OrderStatus::ALL {
            assert_eq!(transition(status, OrderEvent::Busted), Ok(status));
            assert_eq!(transition(status, OrderEvent::Corrected), Ok(status));
        }
    }

    #[test]
    fn a_cancel_is_not_done_until_confirmed() {
        assert_eq!(transition(OrderStatus::Working, OrderEvent::PendingCancel), Ok(OrderStatus::PendingCancel));
        assert_eq!(transition(OrderStatus::PendingCancel, OrderEvent::PartialFill), Ok(OrderStatus::PendingCancel));
        assert_eq!(transition(OrderStatus::PendingCancel, OrderEvent::CancelRejected), Ok(OrderStatus::Unknown));
        assert_eq!(
            transition(OrderStatus::Filled, OrderEvent::Cancelled).map_err(|error| error.status),
            Err(OrderStatus::Filled)
        );
    }
}

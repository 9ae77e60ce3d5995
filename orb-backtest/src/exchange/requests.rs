//! What the account's owner asks of the exchange.

use orb_core::event::Outcome;
use orb_core::order::{
    BrokerOrderId, ClientOrderId, OrderEvent, OrderKind, OrderRequest, OrderRole, OrderStatus, OrderUpdate, Rejection,
    RejectionKind,
};
use orb_core::{Price, Quantity, Timestamp};

use super::Exchange;
use super::order::{SimOrder, broker_id};

impl Exchange {
    /// Takes an order; an entry whose bar is known already is matched within it at once.
    pub fn submit(&mut self, now: Timestamp, request: &OrderRequest, updates: &mut Vec<OrderUpdate>) -> Outcome {
        if let Some(rejection) = self.refusal(request) {
            return Outcome::Rejected(rejection);
        }
        let first_bar = request.trigger.map_or(now, |trigger| trigger.first_bar);
        let index = self.add(SimOrder {
            broker_id: self.next_broker_id(),
            client_id: Some(request.id.clone()),
            parent: None,
            legs: Vec::new(),
            strategy: request.attempt.strategy,
            symbol: request.attempt.symbol,
            role: request.role,
            side: request.side,
            quantity: request.quantity,
            kind: request.kind,
            status: OrderStatus::Working,
            filled: Quantity::ZERO,
            attached: request.attached,
            first_bar,
        });
        self.by_client_id.insert(request.id.clone(), index);
        self.add_legs(index, request);
        let accepted = Outcome::Accepted(self.report(index));
        if request.role == OrderRole::Entry {
            self.match_known_bar(index, updates);
        }
        accepted
    }

    fn refusal(&self, request: &OrderRequest) -> Option<Rejection> {
        let refuse = |code, message: &str, kind| Rejection {
            code,
            message: message.to_owned(),
            related_orders: Vec::new(),
            available: None,
            kind,
        };
        if self.by_client_id.contains_key(&request.id) {
            return Some(refuse(40_010_001, "client_order_id must be unique", RejectionKind::DuplicateId));
        }
        if request.quantity <= Quantity::ZERO {
            return Some(refuse(42_210_000, "qty must be > 0", RejectionKind::Other));
        }
        None
    }

    fn next_broker_id(&self) -> BrokerOrderId {
        broker_id(self.order_base, self.orders.len())
    }

    fn by_broker_id(&self, id: &BrokerOrderId) -> Option<usize> {
        self.orders.iter().position(|order| order.broker_id == *id)
    }

    fn add(&mut self, order: SimOrder) -> usize {
        let index = self.orders.len();
        self.live_orders += 1;
        self.live_entries += usize::from(order.role == OrderRole::Entry);
        self.live[order.symbol.index()].push(index);
        self.orders.push(order);
        index
    }

    /// Adds an entry's stop and target, or a target's stop; they wait for their parent.
    fn add_legs(&mut self, parent: usize, request: &OrderRequest) {
        let level = request.kind.price().or_else(|| self.last_bar(request.attempt.symbol.index()).map(|bar| bar.close));
        if let Some(protection) = request.attached {
            // Without a price yet, the legs get theirs when the entry fills.
            let prices = protection.resolve(level.unwrap_or(Price::from_cents(1)));
            self.add_leg(parent, OrderRole::Stop, OrderKind::Stop(prices.stop));
            if let Some(target) = prices.target {
                self.add_leg(parent, OrderRole::Target, OrderKind::Limit(target));
            }
        } else if let Some(stop) = request.paired_stop {
            self.add_leg(parent, OrderRole::Stop, OrderKind::Stop(stop));
        }
    }

    fn add_leg(&mut self, parent: usize, role: OrderRole, kind: OrderKind) {
        let of = &self.orders[parent];
        let side = if of.role == OrderRole::Entry { of.side.opens().exit() } else { of.side };
        let leg = SimOrder {
            broker_id: self.next_broker_id(),
            client_id: None,
            parent: Some(parent),
            legs: Vec::new(),
            strategy: of.strategy,
            symbol: of.symbol,
            role,
            side,
            quantity: of.quantity,
            kind,
            status: OrderStatus::Held,
            filled: Quantity::ZERO,
            attached: None,
            first_bar: of.first_bar,
        };
        let index = self.add(leg);
        self.orders[parent].legs.push(index);
    }

    /// Cancels an order with its whole family: legs, and what shares their fate.
    pub fn cancel(
        &mut self,
        now: Timestamp,
        order: &ClientOrderId,
        broker_order: Option<&BrokerOrderId>,
        updates: &mut Vec<OrderUpdate>,
    ) -> Outcome {
        let by_broker = broker_order.and_then(|id| self.by_broker_id(id));
        let Some(index) = by_broker.or_else(|| self.by_client_id.get(order).copied()) else {
            return Outcome::NotFound;
        };
        if self.orders[index].status.is_terminal() {
            return Outcome::Found(self.report(index));
        }
        self.cancel_family(now, index, updates);
        Outcome::Done
    }

    pub(super) fn cancel_family(&mut self, now: Timestamp, index: usize, updates: &mut Vec<OrderUpdate>) {
        let head = self.orders[index].parent.unwrap_or(index);
        let family: Vec<usize> = core::iter::once(head).chain(self.orders[head].legs.iter().copied()).collect();
        for member in family {
            if !self.orders[member].status.is_terminal() {
                self.set_status(member, OrderStatus::Cancelled);
                self.push(now, OrderEvent::Cancelled, member, updates);
            }
        }
    }

    /// Moves the price of a working exit.
    pub fn replace(
        &mut self,
        now: Timestamp,
        broker_order: &BrokerOrderId,
        price: Price,
        updates: &mut Vec<OrderUpdate>,
    ) -> Outcome {
        let Some(index) = self.by_broker_id(broker_order) else { return Outcome::NotFound };
        let order = &mut self.orders[index];
        if order.status.is_terminal() {
            return Outcome::Found(self.report(index));
        }
        order.kind = match order.kind {
            OrderKind::Stop(_) => OrderKind::Stop(price),
            OrderKind::Limit(_) => OrderKind::Limit(price),
            OrderKind::Market => OrderKind::Market,
        };
        let event = if order.status == OrderStatus::Held { OrderEvent::Held } else { OrderEvent::New };
        self.push(now, event, index, updates);
        Outcome::Accepted(self.report(index))
    }
}

//! The broker's side of the rig: what its orders, executions and positions are, whatever the engine knows of them.

use std::collections::BTreeMap;

use orb_core::event::{BrokerFill, BrokerPosition};
use orb_core::order::{BrokerOrder, BrokerOrderId, Execution, OrderEvent, OrderKind, OrderStatus, OrderUpdate};
use orb_core::order_book::event_of;
use orb_core::{Money, Price, Quantity, Side, SymbolId};

use super::Rig;

impl Rig {
    /// Makes an order and its legs known at the broker, as it was asked for.
    #[track_caller]
    pub(crate) fn make(&mut self, name: &str) -> BrokerOrder {
        let request = self.requests.get(name).unwrap_or_else(|| panic!("`{name}` was not asked for")).clone();
        let order = BrokerOrder {
            broker_id: BrokerOrderId::new(&format!("b-{name}")),
            client_id: Some(request.id.clone()),
            parent: None,
            replaces: None,
            symbol: request.attempt.symbol,
            side: request.side,
            quantity: request.quantity,
            kind: request.kind,
            status: OrderStatus::Working,
            filled: Quantity::ZERO,
            legs: Vec::new(),
        };
        self.orders.insert(name.to_owned(), order.clone());
        let level = request.kind.price().unwrap_or(Price::from_cents(10_000));
        if let Some(protection) = request.attached {
            let prices = protection.resolve(level);
            self.make_leg(name, protection.side, OrderKind::Stop(prices.stop));
            if let Some(target) = prices.target {
                self.make_leg(name, protection.side, OrderKind::Limit(target));
            }
        } else if let Some(stop) = request.paired_stop {
            self.make_leg(name, order.side.opens().opposite(), OrderKind::Stop(stop));
        }
        self.report(name)
    }

    fn make_leg(&mut self, parent: &str, position: Side, kind: OrderKind) {
        let letter = if matches!(kind, OrderKind::Limit(_)) { 't' } else { 's' };
        let of = self.orders[parent].clone();
        let leg = BrokerOrder {
            broker_id: BrokerOrderId::new(&format!("b-{parent}{letter}")),
            client_id: None,
            parent: Some(of.broker_id.clone()),
            side: position.exit(),
            kind,
            status: OrderStatus::Held,
            legs: Vec::new(),
            ..of
        };
        self.orders.insert(format!("{parent}{letter}"), leg);
    }

    /// Returns an order as the broker reports it now, with its legs.
    #[track_caller]
    pub(crate) fn report(&self, name: &str) -> BrokerOrder {
        let order = self.orders.get(name).unwrap_or_else(|| panic!("the broker has no `{name}`")).clone();
        let is_leg = |leg: &&BrokerOrder| leg.parent.as_ref() == Some(&order.broker_id);
        let legs = self.orders.values().filter(is_leg).cloned().collect();
        BrokerOrder { legs, ..order }
    }

    /// Fills shares at the broker and returns the news of it.
    #[track_caller]
    pub(crate) fn fill(&mut self, name: &str, shares: i64, price: &str) -> OrderUpdate {
        self.executions += 1;
        let at = self.now;
        let execution = Execution {
            id: format!("x{}", self.executions),
            price: price.parse().expect(price),
            quantity: Quantity::new(shares),
            fee: Money::ZERO,
            at,
            at_data_end: false,
        };
        let order = self.orders.get_mut(name).unwrap_or_else(|| panic!("the broker has no `{name}`"));
        order.filled += execution.quantity;
        let whole = order.filled >= order.quantity;
        order.status = if whole { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        let event = if whole { OrderEvent::Fill } else { OrderEvent::PartialFill };
        let order = self.report(name);
        self.fills.push(BrokerFill { order: order.clone(), execution: execution.clone() });
        let update = OrderUpdate { event, order, execution: Some(execution), rejection: None, at };
        self.last_update = Some(update.clone());
        self.last_fill = Some(update.clone());
        update
    }

    /// Takes back the latest execution of an order at the broker and returns the news of it.
    #[track_caller]
    pub(crate) fn bust(&mut self, name: &str) -> OrderUpdate {
        let index = self.latest_fill(name);
        let execution = self.fills.remove(index).execution;
        let order = self.orders.get_mut(name).unwrap_or_else(|| panic!("the broker has no `{name}`"));
        order.filled -= execution.quantity;
        let order = self.report(name);
        let update =
            OrderUpdate { event: OrderEvent::Busted, order, execution: Some(execution), rejection: None, at: self.now };
        self.last_update = Some(update.clone());
        update
    }

    /// Corrects the latest execution of an order at the broker and returns the news of it.
    #[track_caller]
    pub(crate) fn correct(&mut self, name: &str, shares: i64, price: &str) -> OrderUpdate {
        let index = self.latest_fill(name);
        let order = self.orders.get_mut(name).unwrap_or_else(|| panic!("the broker has no `{name}`"));
        let execution = &mut self.fills[index].execution;
        order.filled += Quantity::new(shares) - execution.quantity;
        (execution.quantity, execution.price) = (Quantity::new(shares), price.parse().expect(price));
        let execution = Some(execution.clone());
        OrderUpdate { event: OrderEvent::Corrected, order: self.report(name), execution, rejection: None, at: self.now }
    }

    #[track_caller]
    fn latest_fill(&self, name: &str) -> usize {
        let id = &self.orders[name].broker_id;
        self.fills.iter().rposition(|fill| fill.order.broker_id == *id).expect("an execution")
    }

    /// Puts another order in the place of one, at the price that was asked for.
    #[track_caller]
    pub(crate) fn replace(&mut self, name: &str) -> BrokerOrder {
        let price = *self.moves.get(name).unwrap_or_else(|| panic!("`{name}` was not asked to move"));
        let order = self.orders.get_mut(name).unwrap_or_else(|| panic!("the broker has no `{name}`"));
        order.replaces = Some(order.broker_id.clone());
        order.broker_id = BrokerOrderId::new(&format!("{}r", order.broker_id));
        order.kind = match order.kind {
            OrderKind::Limit(_) => OrderKind::Limit(price),
            OrderKind::Stop(_) | OrderKind::Market => OrderKind::Stop(price),
        };
        self.report(name)
    }

    /// Puts an order at another price at the broker, which orb has not asked for, and returns the news of it.
    #[track_caller]
    pub(crate) fn put(&mut self, name: &str, price: &str) -> OrderUpdate {
        let price: Price = price.parse().expect(price);
        let order = self.orders.get_mut(name).unwrap_or_else(|| panic!("the broker has no `{name}`"));
        order.kind = match order.kind {
            OrderKind::Limit(_) => OrderKind::Limit(price),
            OrderKind::Stop(_) | OrderKind::Market => OrderKind::Stop(price),
        };
        let status = order.status;
        self.become_status(name, status)
    }

    /// Moves shares at the broker without an order.
    #[track_caller]
    pub(crate) fn stray(&mut self, symbol: &str, shares: i64) {
        self.strays.push(BrokerPosition { symbol: self.symbol(symbol), quantity: Quantity::new(shares) });
    }

    /// Moves an order to a status at the broker and returns the news of it.
    #[track_caller]
    pub(crate) fn become_status(&mut self, name: &str, status: OrderStatus) -> OrderUpdate {
        self.orders.get_mut(name).unwrap_or_else(|| panic!("the broker has no `{name}`")).status = status;
        let order = self.report(name);
        OrderUpdate { event: event_of(status), order, execution: None, rejection: None, at: self.now }
    }

    /// Lists the broker's positions, from its fills.
    pub(crate) fn positions(&self) -> Vec<BrokerPosition> {
        let mut sums: BTreeMap<SymbolId, i64> = BTreeMap::new();
        for fill in &self.fills {
            *sums.entry(fill.order.symbol).or_default() += fill.order.side.sign() * fill.execution.quantity.shares();
        }
        for stray in &self.strays {
            *sums.entry(stray.symbol).or_default() += stray.quantity.shares();
        }
        let held = sums.into_iter().filter(|(_, shares)| *shares != 0);
        held.map(|(symbol, shares)| BrokerPosition { symbol, quantity: Quantity::new(shares) }).collect()
    }
}

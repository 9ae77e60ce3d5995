//! All orders, and which of them the matching has to look at.

use core::ops::{Index, IndexMut};
use std::collections::{BTreeMap, BTreeSet};

use orb_core::SymbolId;
use uuid::Uuid;

use super::order::{Order, OrderClass, OrderKey, Role};

/// Holds all orders that were ever made.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderBook {
    orders: Vec<Order>,
    by_id: BTreeMap<Uuid, OrderKey>,
    by_client_id: BTreeMap<String, OrderKey>,
    /// Orders that are not at their end.
    open: BTreeSet<OrderKey>,
    /// Orders that the exchange works, by symbol.
    awake: BTreeMap<SymbolId, BTreeSet<OrderKey>>,
}

impl OrderBook {
    /// Returns the number that the next order gets.
    pub(super) const fn next_key(&self) -> OrderKey {
        OrderKey(self.orders.len())
    }

    /// Adds an order whose number is the next one.
    pub(super) fn add(&mut self, order: Order) {
        debug_assert_eq!(order.key, self.next_key(), "orders are numbered in their order");
        self.by_id.insert(order.id, order.key);
        self.by_client_id.insert(order.client_order_id.clone(), order.key);
        self.open.insert(order.key);
        self.orders.push(order);
    }

    pub(super) fn all(&self) -> &[Order] {
        &self.orders
    }

    pub(super) fn find(&self, id: Uuid) -> Option<OrderKey> {
        self.by_id.get(&id).copied()
    }

    pub(super) fn find_client_id(&self, id: &str) -> Option<OrderKey> {
        self.by_client_id.get(id).copied()
    }

    /// Lists the orders that are not at their end, in the order of their making.
    pub(super) fn open(&self) -> impl Iterator<Item = &Order> {
        self.open.iter().map(|key| &self[*key])
    }

    /// Lists a symbol's orders that the exchange works, in the order of their making.
    pub(super) fn awake(&self, symbol: SymbolId) -> Vec<OrderKey> {
        self.awake.get(&symbol).map(|keys| keys.iter().copied().collect()).unwrap_or_default()
    }

    /// Lists all orders that the exchange works.
    pub(super) fn all_awake(&self) -> Vec<OrderKey> {
        self.awake.values().flatten().copied().collect()
    }

    /// Lets the matching see an order.
    pub(super) fn wake(&mut self, key: OrderKey) {
        self[key].matching.awake = true;
        self.awake.entry(self[key].symbol).or_default().insert(key);
    }

    /// Takes an order that is at its end out of what is open and out of the matching's sight.
    pub(super) fn retire(&mut self, key: OrderKey) {
        self[key].matching.awake = false;
        self.open.remove(&key);
        let symbol = self[key].symbol;
        if let Some(keys) = self.awake.get_mut(&symbol) {
            keys.remove(&key);
        }
    }

    /// Returns the other exit of a pair of which one cancels the other.
    pub(super) fn sibling(&self, key: OrderKey) -> Option<OrderKey> {
        let order = &self[key];
        if order.matching.predecessor.is_some() {
            // It is not in the group yet.
            return None;
        }
        match (order.class, order.role) {
            (OrderClass::Oco, Role::Target) => order.legs.first().copied(),
            (OrderClass::Oco, Role::Stop) => order.parent,
            (OrderClass::Bracket, Role::Target | Role::Stop) => {
                let parent = order.parent?;
                self[parent].legs.iter().copied().find(|&leg| leg != key)
            }
            _ => None,
        }
    }

    /// Tells whether an order is a leg whose entry is not completely filled.
    pub(super) fn waits_for_entry(&self, key: OrderKey) -> bool {
        let parent = self[key].parent.map(|parent| &self[parent]);
        self[key].matching.predecessor.is_none()
            && parent.is_some_and(|parent| parent.role == Role::Entry && parent.is_open())
    }
}

impl Index<OrderKey> for OrderBook {
    type Output = Order;

    fn index(&self, key: OrderKey) -> &Order {
        &self.orders[key.0]
    }
}

impl IndexMut<OrderKey> for OrderBook {
    fn index_mut(&mut self, key: OrderKey) -> &mut Order {
        &mut self.orders[key.0]
    }
}

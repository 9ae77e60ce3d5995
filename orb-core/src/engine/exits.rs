//! Exits that stand at the broker elsewhere than orb has put them: told, and brought back.

use super::Engine;
use crate::effect::{Component, Effects, Severity};
use crate::event::BrokerSnapshot;
use crate::money::Price;
use crate::order::{BrokerOrder, Order, OrderRole};
use crate::symbol::SymbolId;

impl Engine {
    /// Tells of exits whose price at the broker is neither the one that orb knows nor the one that belongs to the
    /// position: somebody has moved them, or the broker has not kept what it took.
    ///
    /// A stop at another price protects, and wrongly. The desk moves it back when it looks next.
    pub(super) fn compare_exits(&mut self, snapshot: &BrokerSnapshot, out: &mut Effects) {
        let listed = snapshot.orders.iter().flat_map(|order| core::iter::once(order).chain(&order.legs));
        for order in listed {
            let Some((own, known, found)) = self.displaced(order) else { continue };
            let (id, symbol) = (&own.id, own.attempt.symbol);
            let message = format!("{id} stands at {found} at the broker, where orb has put it at {known}");
            out.alert(Severity::Warn, Component::Executor, Some(symbol), message);
        }
    }

    /// Tells whether an exit that lives has another price than belongs to the position.
    pub(super) fn stands_elsewhere(&self, symbol: SymbolId) -> bool {
        let Some(trade) = self.positions.open_in(symbol) else { return false };
        let is_elsewhere = |order: &Order| {
            let wanted = match order.role {
                OrderRole::Stop => Some(trade.stop),
                OrderRole::Target => trade.target,
                OrderRole::Entry | OrderRole::Close => None,
            };
            wanted.zip(order.kind.price()).is_some_and(|(wanted, price)| price != wanted)
        };
        self.orders.live(symbol).any(is_elsewhere)
    }

    /// Returns a working exit with the price that orb knows and the one that it really has, where that is a wrong one.
    fn displaced(&self, order: &BrokerOrder) -> Option<(&Order, Price, Price)> {
        let own = self.orders.get(&self.orders.identify(order)?)?;
        if own.status.is_terminal() || order.status.is_terminal() {
            return None;
        }
        let trade = self.positions.open_in(own.attempt.symbol);
        let wanted = match own.role {
            OrderRole::Stop => trade.map(|trade| trade.stop),
            OrderRole::Target => trade.and_then(|trade| trade.target),
            OrderRole::Entry | OrderRole::Close => return None,
        };
        let (known, found) = (own.kind.price()?, order.kind.price()?);
        (found != known && Some(found) != wanted).then_some((own, known, found))
    }
}

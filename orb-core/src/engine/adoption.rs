//! Orders that are orb's by their identifiers and that the books have lost, as after the loss of the records.

use std::collections::BTreeSet;

use super::Engine;
use crate::config::StrategyId;
use crate::effect::{Component, Effects, Severity};
use crate::event::BrokerSnapshot;
use crate::money::Price;
use crate::order::{AttemptId, BrokerOrder, BrokerOrderId, ClientOrderId, OrderKind, OrderRole, OrderStatus};
use crate::protection::{Protection, StopRule};
use crate::signal_machine::Watch;
use crate::symbol::SymbolId;
use crate::time::Date;

impl Engine {
    /// Takes up today's orders that are orb's by their identifiers but not in the books, with their positions.
    ///
    /// Where the broker knows their stop, it protects the position as before; a position without one is closed when its
    /// executions are counted. Returns orders of other days that are over: they are nobody's business any more.
    pub(super) fn adopt_lost(&mut self, snapshot: &BrokerSnapshot, out: &mut Effects) -> BTreeSet<BrokerOrderId> {
        let mut past = BTreeSet::new();
        for order in &snapshot.orders {
            let known = self.orders.identify(order).is_some();
            let Some(OrderName { attempt, role, .. }) = self.read_order_id(order).filter(|_| !known) else { continue };
            if self.session.is_some_and(|session| session.date == attempt.date) {
                self.adopt_order(snapshot, order, attempt, role, out);
            } else if core::iter::once(order).chain(&order.legs).all(|order| order.status.is_terminal()) {
                past.extend(core::iter::once(order).chain(&order.legs).map(|order| order.broker_id.clone()));
            }
        }
        past
    }

    /// Tells whether an order of the day under way bears one of orb's identifiers.
    pub(super) fn is_ours_by_name(&self, order: &BrokerOrder) -> bool {
        let today = self.session.map(|session| session.date);
        self.read_order_id(order).is_some_and(|name| Some(name.attempt.date) == today)
    }

    fn adopt_order(
        &mut self,
        snapshot: &BrokerSnapshot,
        order: &BrokerOrder,
        attempt: AttemptId,
        role: OrderRole,
        out: &mut Effects,
    ) {
        let text = format!("order {} is orb's and was not in the books: it is taken up", order.broker_id);
        out.alert(Severity::Warn, Component::Executor, Some(attempt.symbol), text);
        self.orders.add_found(self.now, attempt, role, order);
        if role != OrderRole::Entry {
            return self.count_found(order);
        }
        self.risk.own(attempt);
        let signals = &mut self.strategies[attempt.strategy.index()].signals;
        if signals.watch(attempt.symbol) != Watch::Outside {
            signals.finish(attempt.symbol);
        }
        let is_over = order.status.is_terminal() && order.filled.is_zero();
        let stop = self.stop_of(snapshot, order, attempt).filter(|_| !is_over);
        if let Some(stop) = stop.filter(|_| !self.desks.contains_key(&attempt.symbol)) {
            let price = order.kind.price().unwrap_or(stop);
            self.risk.restore(attempt, false, order.quantity.at(price), order.quantity.at(price.distance(stop)));
            let protection = Protection { side: order.side.opens(), stop: StopRule::At(stop), target: None };
            self.desks.insert(attempt.symbol, self.desk_for(attempt, protection, self.exits_made(attempt)));
        }
    }

    /// Lets the desk's next exit have a name that no exit at the broker has, although the books have lost some.
    fn count_found(&mut self, order: &BrokerOrder) {
        let Some(OrderName { attempt, number, .. }) = self.read_order_id(order) else { return };
        if let Some(desk) = self.desks.get_mut(&attempt.symbol).filter(|desk| desk.attempt() == attempt) {
            desk.note_made(number);
        }
    }

    /// Finds the stop of an attempt: a leg of its entry, or an exit that was placed for it.
    fn stop_of(&self, snapshot: &BrokerSnapshot, entry: &BrokerOrder, attempt: AttemptId) -> Option<Price> {
        let is_exit = |order: &&BrokerOrder| self.read_order_id(order).is_some_and(|name| name.attempt == attempt);
        let others = snapshot.orders.iter().filter(is_exit).filter(|order| order.broker_id != entry.broker_id);
        let all = others.flat_map(|order| core::iter::once(order).chain(&order.legs)).chain(&entry.legs);
        let live = |order: &BrokerOrder| !order.status.is_terminal();
        let mut stops: Vec<(bool, Price)> = all.filter_map(|order| Some((live(order), stop_price(order)?))).collect();
        // One that works tells more than one that has ended.
        stops.sort_unstable_by_key(|(is_live, _)| !is_live);
        stops.first().map(|(_, price)| *price)
    }

    /// Reads what an order of orb's is from its identifier, as [`Self::order_id`] writes it.
    fn read_order_id(&self, order: &BrokerOrder) -> Option<OrderName> {
        self.read_name(order.client_id.as_ref()?, order.symbol)
    }

    /// Reads a name under which orb orders in a symbol.
    pub(super) fn read_name(&self, id: &ClientOrderId, symbol: SymbolId) -> Option<OrderName> {
        let strategies = self.config.run.strategies.iter().zip(0..);
        strategies.filter_map(|(strategy, number)| Some((strip(id, &strategy.name)?, StrategyId(number)))).find_map(
            |((date, rest), strategy)| {
                let (name, leg) = rest.rsplit_once('-')?;
                let is_symbol = self.config.symbols.name(symbol).as_str() == name;
                let (attempt, role, number) = read_leg(leg).filter(|_| is_symbol)?;
                Some(OrderName { attempt: AttemptId { date, strategy, symbol, attempt }, role, number })
            },
        )
    }
}

/// Holds what the identifier of one of orb's orders says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OrderName {
    attempt: AttemptId,
    role: OrderRole,
    /// Counts the exits of the attempt; 0 for an entry.
    pub(super) number: u32,
}

fn stop_price(order: &BrokerOrder) -> Option<Price> {
    match order.kind {
        OrderKind::Stop(price) if order.status != OrderStatus::Rejected => Some(price),
        OrderKind::Stop(_) | OrderKind::Limit(_) | OrderKind::Market => None,
    }
}

/// Splits `20260213-NAME-REST` into the date and the rest, if it is of the strategy.
fn strip<'a>(id: &'a ClientOrderId, strategy: &str) -> Option<(Date, &'a str)> {
    let (date, rest) = id.as_str().split_once('-')?;
    let date = Date::parse_from_str(date, "%Y%m%d").ok()?;
    Some((date, rest.strip_prefix(strategy)?.strip_prefix('-')?))
}

/// Reads `1e` or `2s3`: the number of the attempt, the letter of the role, and what counts the exits.
fn read_leg(leg: &str) -> Option<(u16, OrderRole, u32)> {
    let letter = leg.find(|character: char| !character.is_ascii_digit())?;
    let (attempt, rest) = leg.split_at(letter);
    let role = OrderRole::ALL.iter().copied().find(|role| rest.starts_with(role.letter()))?;
    let number = match rest.get(1..)? {
        "" => 0,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
        _ => return None,
    };
    Some((attempt.parse().ok()?, role, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read_as_they_are_written() {
        let read = |text: &str| {
            let id = ClientOrderId::new(text);
            let (date, rest) = strip(&id, "orb-classic")?;
            let (symbol, leg) = rest.rsplit_once('-')?;
            Some(format!("{date} {symbol} {:?}", read_leg(leg)?))
        };
        assert_eq!(read("20260213-orb-classic-BRK.B-1e").as_deref(), Some("2026-02-13 BRK.B (1, Entry, 0)"));
        assert_eq!(read("20260213-orb-classic-A-12x3").as_deref(), Some("2026-02-13 A (12, Close, 3)"));
        for text in [
            "",
            "x",
            "20260213-orb-A-1e",
            "20261313-orb-classic-A-1e",
            "20260213-orb-classic-A-e",
            "20260213-orb-classic-A-1q",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("20260213-orb-classic-A-1e2x"), None);
    }
}

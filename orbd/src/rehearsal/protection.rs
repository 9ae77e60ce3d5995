//! How long positions were without a stop that covers them, by the broker's own word.

use orb_core::side::OrderSide;
use orb_core::{Quantity, Span, SymbolId, Timestamp};
use orb_sim::broker::{Order, OrderStatus, OrderType, Role};

use super::{Outcome, is_entry};

/// Tells of a stretch of time in which the stops at the broker covered less than the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unprotected {
    /// Whose position.
    pub symbol: SymbolId,
    /// Since when.
    pub since: Timestamp,
    /// How long.
    pub lasted: Span,
    /// How much of it a close of the whole rest hung at the broker, by the plan of faults: no stop may stand beside it.
    pub excused: Span,
}

impl Unprotected {
    /// Returns how long the position was without a stop for no such reason.
    #[must_use]
    pub fn unexcused(&self) -> Span {
        Span::from_micros(self.lasted.micros() - self.excused.micros())
    }
}

/// A stop of the broker's or a close, and from when to when it watched, or hung, for how many shares.
#[derive(Clone, Copy, Debug)]
struct Guard {
    side: OrderSide,
    quantity: Quantity,
    from: Timestamp,
    to: Timestamp,
}

/// Lists the stretches of time in which a position was held and not covered, longest first.
#[must_use]
pub fn unprotected(outcome: &Outcome) -> Vec<Unprotected> {
    let mut found: Vec<Unprotected> =
        outcome.symbols.iter().flat_map(|(symbol, _)| of_symbol(outcome, symbol)).collect();
    found.sort_by_key(|one| core::cmp::Reverse(one.lasted));
    found
}

fn of_symbol(outcome: &Outcome, symbol: SymbolId) -> Vec<Unprotected> {
    let positions = outcome.positions_of(symbol);
    let orders = &outcome.broker.orders;
    let own = || orders.iter().filter(|order| order.symbol == symbol);
    let guards: Vec<Guard> = own().filter_map(|order| guard(order, outcome)).collect();
    let guards_and_hangs: Vec<Guard> = guards.iter().copied().chain(own().filter_map(hang)).collect();
    let mut instants: Vec<Timestamp> = positions.iter().map(|(at, _)| *at).collect();
    instants.extend(guards_and_hangs.iter().flat_map(|one| [one.from, one.to]).filter(|at| *at < outcome.broker.at));
    instants.push(outcome.broker.at);
    instants.sort_unstable();
    instants.dedup();
    let mut found: Vec<Unprotected> = Vec::new();
    for pair in instants.windows(2) {
        let [since, until] = [pair[0], pair[1]];
        let held = positions.iter().rev().find(|(at, _)| *at <= since).map_or(Quantity::ZERO, |(_, held)| *held);
        if covers(&guards, held, since) {
            continue;
        }
        let lasted = until - since;
        let excused = if covers(&guards_and_hangs, held, since) { lasted } else { Span::ZERO };
        match found.last_mut() {
            Some(last) if last.since + last.lasted == since => {
                (last.lasted, last.excused) = (last.lasted + lasted, last.excused + excused);
            }
            Some(_) | None => found.push(Unprotected { symbol, since, lasted, excused }),
        }
    }
    found
}

fn covers(guards: &[Guard], held: Quantity, at: Timestamp) -> bool {
    let exit = if held.shares() > 0 { OrderSide::Sell } else { OrderSide::Buy };
    let watching = guards.iter().filter(|guard| guard.side == exit && guard.from <= at && at < guard.to);
    watching.map(|guard| guard.quantity).sum::<Quantity>() >= held.abs()
}

/// Tells from when to when a close hung at the broker because a plan of faults said so.
fn hang(order: &Order) -> Option<Guard> {
    let hangs = order.faults.pending_new?;
    if is_entry(order) || order.order_type != OrderType::Market {
        return None;
    }
    let (from, end) = (order.times.created, ended(order));
    Some(Guard { side: order.side, quantity: order.shares()?.quantity(), from, to: end.min(from + hangs) })
}

/// Tells from when to when a stop watches: a leg does from its entry's complete fill on.
///
/// A close that fills in pieces counts from its first piece on: how long the rest takes is the exchange's affair, and no
/// stop can stand beside it.
fn guard(order: &Order, outcome: &Outcome) -> Option<Guard> {
    let is_close = order.order_type == OrderType::Market;
    if is_entry(order) || !(order.is_stop() || is_close) {
        return None;
    }
    let times = order.times;
    let parent = order.parent.and_then(|key| outcome.broker.orders.iter().find(|other| other.key == key));
    let from = match parent.filter(|parent| parent.role == Role::Entry) {
        Some(entry) => entry.times.filled?,
        None if is_close => outcome.broker.executions.iter().find(|one| one.order == order.key)?.at,
        None => times.submitted,
    };
    let to = ended(order);
    let never = order.status == OrderStatus::Rejected && order.filled.is_zero();
    // A leg shrinks with the fills of its sibling, and so does the position: it covers what it was made for.
    let quantity = parent.unwrap_or(order).shares()?.quantity();
    (!never).then_some(Guard { side: order.side, quantity, from, to })
}

/// Returns when an order came to its end; the end of time for one that has not.
fn ended(order: &Order) -> Timestamp {
    let times = order.times;
    let ends = [times.filled, times.expired, times.canceled, times.failed, times.replaced];
    ends.into_iter().flatten().min().unwrap_or(Timestamp::MAX)
}

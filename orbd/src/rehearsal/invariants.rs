//! What must hold after every day, whatever went wrong on it.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use orb_core::effect::Severity;
use orb_core::event::Command;
use orb_core::{Money, Quantity, Timestamp};
use orb_sim::broker::{Execution, Order};

use super::{Outcome, is_entry, unprotected};
use crate::store::FillRow;

/// Tells of a rule that was broken, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lists the rules that a day broke; empty for a good one.
///
/// No order twice, no two live entries of an attempt, never more positions than allowed, no entry after a kill, every
/// position protected within the bound or closed, flat at the end with nothing left working, the books equal to the
/// broker's to the cent with each execution counted once, and no ERROR in the log.
#[must_use]
pub fn invariants(outcome: &Outcome) -> Vec<Violation> {
    let mut found = Vec::new();
    no_order_twice(outcome, &mut found);
    no_more_positions_than_allowed(outcome, &mut found);
    no_entry_after_a_kill(outcome, &mut found);
    protected(outcome, &mut found);
    flat(outcome, &mut found);
    books_agree(outcome, &mut found);
    no_error(outcome, &mut found);
    found.into_iter().map(Violation).collect()
}

fn entries(outcome: &Outcome) -> impl Iterator<Item = &Order> {
    outcome.broker.orders.iter().filter(|order| is_entry(order))
}

fn no_order_twice(outcome: &Outcome, found: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for order in &outcome.broker.orders {
        if !seen.insert(&order.client_order_id) {
            found.push(format!("the order {} was made twice", order.client_order_id));
        }
    }
    let end = |order: &Order| {
        let times = order.times;
        let ends = [times.filled, times.expired, times.canceled, times.failed, times.replaced];
        ends.into_iter().flatten().min().unwrap_or(Timestamp::MAX)
    };
    let all: Vec<&Order> = entries(outcome).collect();
    for (index, one) in all.iter().enumerate() {
        let overlaps = |other: &&&Order| {
            let lived = other.times.created < end(one) && one.times.created < end(other);
            other.symbol == one.symbol && lived
        };
        if let Some(other) = all[index + 1..].iter().find(overlaps) {
            found.push(format!("the entries {} and {} lived at once", one.client_order_id, other.client_order_id));
        }
    }
}

fn no_more_positions_than_allowed(outcome: &Outcome, found: &mut Vec<String>) {
    let mut held: BTreeMap<_, Quantity> = BTreeMap::new();
    let mut most = 0;
    for one in outcome.broker.executions.iter().filter(|one| one.busted.is_none()) {
        let shares = held.entry(one.symbol).or_insert(Quantity::ZERO);
        *shares = Quantity::new(shares.shares() + one.signed().quantity().shares());
        most = most.max(held.values().filter(|shares| !shares.is_zero()).count());
    }
    if most > outcome.positions_max {
        found.push(format!("{most} positions were held, {} are allowed", outcome.positions_max));
    }
}

fn no_entry_after_a_kill(outcome: &Outcome, found: &mut Vec<String>) {
    let kill = outcome.commands.iter().find(|(_, command)| matches!(command, Command::Kill { .. }));
    let Some((killed, _)) = kill else { return };
    for entry in entries(outcome).filter(|entry| entry.times.created > *killed) {
        found.push(format!("{} was made after the kill of {killed}", entry.client_order_id));
    }
}

fn protected(outcome: &Outcome, found: &mut Vec<String>) {
    for one in unprotected(outcome).iter().filter(|one| one.unexcused() > outcome.unprotected_max) {
        let name = outcome.symbols.name(one.symbol);
        let [millis, excused] = [one.lasted, one.excused].map(|span| span.micros() / 1_000);
        found.push(format!("{name} was unprotected for {millis} ms since {}, {excused} ms of it excused", one.since));
    }
}

fn flat(outcome: &Outcome, found: &mut Vec<String>) {
    for (symbol, position) in &outcome.broker.positions {
        let (name, shares) = (outcome.symbols.name(*symbol), position.shares.quantity());
        found.push(format!("the broker still holds {shares} shares of {name}"));
    }
    for order in outcome.broker.orders.iter().filter(|order| order.is_open()) {
        found.push(format!("the order {} still works", order.client_order_id));
    }
    for trade in outcome.trades.iter().filter(|row| !row.trade.is_closed()) {
        found.push(format!("the books still hold {} shares of {}", trade.trade.position(), trade.attempt.symbol));
    }
}

fn books_agree(outcome: &Outcome, found: &mut Vec<String>) {
    let key = |one: &Execution| format!("{}@{}", one.order_id, one.cumulative.quantity());
    let mut at_broker: BTreeMap<String, &Execution> =
        outcome.broker.executions.iter().filter(|one| one.busted.is_none()).map(|one| (key(one), one)).collect();
    let busted: BTreeSet<String> =
        outcome.broker.executions.iter().filter(|one| one.busted.is_some()).map(key).collect();
    for fill in &outcome.fills {
        if fill.taken_back.is_some() {
            if !busted.contains(&fill.id) {
                found.push(format!("the execution {} is recorded as taken back, and was not", fill.id));
            }
            continue;
        }
        match at_broker.remove(&fill.id) {
            Some(one) if same(fill, one) => {}
            Some(_) => found.push(format!("the execution {} is recorded otherwise than the broker made it", fill.id)),
            None => found.push(format!("the execution {} is recorded, and the broker has none", fill.id)),
        }
    }
    found.extend(at_broker.keys().map(|id| format!("the execution {id} is not recorded")));
    let gross: Money = outcome.trades.iter().map(|row| gross(&row.trade)).sum();
    let expected = outcome.initial + gross;
    if outcome.broker.positions.is_empty() && expected != outcome.broker.cash {
        found.push(format!("the books say {expected} of cash, the broker {}", outcome.broker.cash));
    }
}

fn same(fill: &FillRow, one: &Execution) -> bool {
    fill.quantity == one.shares.quantity() && fill.price == one.price && fill.side == one.side
}

/// Returns what the fills of a trade brought, without fees, which the broker charges by itself.
fn gross(trade: &orb_core::fact::Trade) -> Money {
    let difference = trade.exit_notional - trade.entry_notional;
    if trade.side.sign() > 0 { difference } else { -difference }
}

fn no_error(outcome: &Outcome, found: &mut Vec<String>) {
    for line in outcome.logs.iter().filter(|line| line.severity == Some(Severity::Error)) {
        found.push(format!("ERROR in the log: {}", line.message));
    }
}

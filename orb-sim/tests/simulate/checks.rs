//! What must hold during a session and at its end.

use std::collections::{BTreeMap, BTreeSet};

use orb_core::fact::{Fill, Trade};
use orb_core::hold::HoldKind;
use orb_core::order::OrderRequest;
use orb_core::{Money, OrderSide, Quantity, Side, Span, SymbolId, Timestamp};
use orb_sim::broker::{Broker, Order, OrderStatus, PositionIntent, Role, Shares};

use crate::plan::{Plan, Trouble, equity};
use crate::venue::position;
use crate::world::{Item, World};

/// How often everything is looked at.
const WATCH_EVERY_MILLIS: i64 = 1_000;
/// Before the close everything is flat by now.
const FLAT_BEFORE_CLOSE: Span = Span::from_seconds(2);

/// Remembers what was seen before.
#[derive(Debug)]
pub(crate) struct Watchman {
    /// Since when a position has no stop.
    naked: BTreeMap<SymbolId, Timestamp>,
    /// Since when a killed daemon has working entries.
    disobedient: Option<Timestamp>,
    halted: BTreeSet<SymbolId>,
    /// When trading in a symbol was halted or went on.
    changed: BTreeMap<SymbolId, Timestamp>,
    alarms: BTreeMap<SymbolId, Timestamp>,
    bound: Span,
    looked_at_close: bool,
}

impl Watchman {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            naked: BTreeMap::new(),
            disobedient: None,
            halted: BTreeSet::new(),
            changed: BTreeMap::new(),
            alarms: BTreeMap::new(),
            bound: bound(plan),
            looked_at_close: false,
        }
    }

    pub(crate) fn alarmed(&mut self, now: Timestamp, symbol: Option<SymbolId>) {
        if let Some(symbol) = symbol {
            self.alarms.insert(symbol, now);
        }
    }

    pub(crate) fn halted(&mut self, now: Timestamp, symbol: SymbolId, halted: bool) {
        self.changed.insert(symbol, now);
        if halted {
            self.halted.insert(symbol)
        } else {
            self.halted.remove(&symbol)
        };
    }

    /// A dead daemon protects nothing: the time counts from its return.
    pub(crate) fn restarted(&mut self, now: Timestamp) {
        self.naked.values_mut().for_each(|since| *since = now);
        self.disobedient = None;
    }
}

/// Returns how long a position may be without a stop while the daemon runs and nobody closes it.
///
/// Each trouble adds what it may cost: an unclear answer its time-out and the questions after it, an order that hangs
/// as long as it hangs, lost news the time until the books are compared, and so on.
fn bound(plan: &Plan) -> Span {
    let costs = plan.troubles.iter().map(|trouble| match trouble {
        Trouble::Answers => 60,
        Trouble::Throttling => 20,
        Trouble::News => 75,
        Trouble::Orders => 45,
        Trouble::Lag => 10,
        Trouble::Halts | Trouble::Stale | Trouble::Crashes | Trouble::Operator | Trouble::Foreign => 5,
    });
    Span::from_seconds(8 + costs.sum::<i64>())
}

impl World<'_> {
    /// Looks at everything, as often as once a second.
    pub(crate) fn watch(&mut self) {
        if self.now < self.plan.session.close + Span::from_minutes(3) {
            self.plan_in_millis(WATCH_EVERY_MILLIS, Item::Watch);
        }
        self.watch_halt_file();
        let checked = self
            .check_books()
            .and_then(|()| self.check_protection())
            .and_then(|()| self.check_holds())
            .and_then(|()| self.check_kill())
            .and_then(|()| self.check_close());
        if let Err(what) = checked {
            self.breaks(what);
        }
    }

    fn name(&self, symbol: SymbolId) -> String {
        self.plan.symbols.name(symbol).to_string()
    }

    fn symbols(&self) -> Vec<SymbolId> {
        self.plan.symbols.iter().map(|(symbol, _)| symbol).collect()
    }

    /// The engine's positions are those of the executions that it counted.
    fn check_books(&self) -> Result<(), String> {
        let Some(daemon) = &self.daemon else { return Ok(()) };
        for symbol in self.symbols() {
            let trades = daemon.engine.open_trades().iter().filter(|trade| trade.attempt.symbol == symbol);
            let booked: i64 = trades.map(|trade| trade.position().shares()).sum();
            let counted = self.reference.position(symbol);
            if booked != counted {
                return Err(format!("{}: the books hold {booked}, the executions make {counted}", self.name(symbol)));
            }
        }
        Ok(())
    }

    /// Every position has stops for all its shares, or is being closed, but for a bounded time.
    fn check_protection(&mut self) -> Result<(), String> {
        for symbol in self.symbols() {
            let held = position(&self.broker, symbol);
            if held.is_zero() || covered(&self.broker, symbol, held) >= held.abs() {
                self.watchman.naked.remove(&symbol);
                continue;
            }
            let since = *self.watchman.naked.entry(symbol).or_insert(self.now);
            let Some(daemon) = &self.daemon else { continue };
            let lasts = self.now - since;
            let is_closing = daemon.engine.desk(symbol).is_some_and(|desk| desk.closing().is_some());
            if is_closing || self.watchman.halted.contains(&symbol) || self.now >= self.plan.session.close {
                continue;
            }
            if lasts > self.watchman.bound {
                let covered = covered(&self.broker, symbol, held);
                return Err(format!(
                    "{}: of {held} shares only {covered} were protected, since {since}",
                    self.name(symbol)
                ));
            }
        }
        Ok(())
    }

    /// The engine holds what the reference says; in peace it holds nothing without cause.
    fn check_holds(&self) -> Result<(), String> {
        let Some(daemon) = &self.daemon else { return Ok(()) };
        let held: BTreeSet<HoldKind> = daemon.engine.holds().active().iter().map(|hold| hold.kind).collect();
        let missing: Vec<HoldKind> = self
            .reference
            .holds()
            .into_iter()
            .filter(|kind| !held.contains(kind))
            // A difference that has lasted is a break, under whichever name.
            .filter(|kind| *kind != HoldKind::Reconciling || !held.contains(&HoldKind::ReconcileBreak))
            .collect();
        if !missing.is_empty() {
            return Err(format!("{missing:?} should be in force, and only {held:?} are"));
        }
        let odd = held
            .iter()
            .find(|kind| !matches!(kind, HoldKind::DailyLoss | HoldKind::Flattening | HoldKind::Reconciling));
        // A stop entry that rests at the level of a wide range may be further from the market than the breaker likes.
        let is_wide = odd == Some(&HoldKind::Breaker) && self.plan.rests();
        match odd.filter(|_| !is_wide) {
            Some(odd) if self.plan.troubles.is_empty() => Err(format!("{odd:?} is in force on a day without trouble")),
            Some(_) | None => Ok(()),
        }
    }

    /// A kill ends working entries.
    fn check_kill(&mut self) -> Result<(), String> {
        let is_killed = self.daemon.is_some() && self.reference.holds().contains(&HoldKind::Kill);
        let works = |order: &&Order| order.is_open() && is_entry(order) && order.status != OrderStatus::PendingCancel;
        let Some(entry) = self.broker.orders().find(works).filter(|_| is_killed) else {
            self.watchman.disobedient = None;
            return Ok(());
        };
        let since = *self.watchman.disobedient.get_or_insert(self.now);
        if self.now - since > self.watchman.bound {
            return Err(format!("the entry {} works since {since}, after a kill", entry.client_order_id));
        }
        Ok(())
    }

    /// Nothing is held at the close, unless it cannot be sold: then there is an alarm.
    fn check_close(&mut self) -> Result<(), String> {
        let close = self.plan.session.close;
        if self.watchman.looked_at_close || self.now < close - FLAT_BEFORE_CLOSE {
            return Ok(());
        }
        self.watchman.looked_at_close = true;
        for symbol in self.symbols() {
            let held = position(&self.broker, symbol);
            if held.is_zero() {
                continue;
            }
            if !self.watchman.halted.contains(&symbol) {
                return Err(format!("{}: {held} shares are held at the close", self.name(symbol)));
            }
            let alarmed = self.watchman.alarms.get(&symbol).is_some_and(|at| *at >= close - Span::from_minutes(6));
            if !alarmed {
                return Err(format!("{}: {held} shares are held over a halt, and nobody is told", self.name(symbol)));
            }
        }
        Ok(())
    }

    /// An entry is ordered only where a place is free, by the broker's own account.
    pub(crate) fn check_slots(&self, request: &OrderRequest) -> Result<(), String> {
        let held = self.broker.positions().keys().copied();
        let entries = self.broker.orders().filter(|order| order.is_open() && is_entry(order));
        let mut taken: BTreeSet<SymbolId> = held.chain(entries.map(|order| order.symbol)).collect();
        taken.insert(request.attempt.symbol);
        let most = self.reference.positions_max() as usize;
        match taken.len() <= most {
            true => Ok(()),
            false => Err(format!("{} was ordered as number {} of {most}", request.id, taken.len())),
        }
    }

    /// After everything has healed the books say what the broker says, to the micro-dollar.
    pub(crate) fn check_end(&mut self) -> Result<(), String> {
        let Some(daemon) = self.daemon.take() else { return Err("the daemon never came back".to_owned()) };
        daemon.replay(self.plan)?;
        for symbol in self.symbols() {
            let (booked, held) = (self.reference.position(symbol), position(&self.broker, symbol).shares());
            if booked != held {
                return Err(format!("{}: the books hold {booked} and the broker {held}", self.name(symbol)));
            }
        }
        compare_executions(&self.broker, self.store.fills())?;
        let moved = self.broker.cash() - equity();
        if self.reference.cash() != moved {
            return Err(format!("the executions make {}, the broker's cash {moved}", self.reference.cash()));
        }
        if self.broker.positions().is_empty() {
            let trades: Money = self.store.trades().iter().map(Trade::net).sum();
            let day = daemon.engine.day().realized_net;
            if day != moved || trades != moved {
                return Err(format!("the day made {day} in the books, {trades} in the records, {moved} at the broker"));
            }
        }
        // What a halt kept from being sold waits for the next open.
        let is_held = |symbol| !position(&self.broker, symbol).is_zero();
        let mut works = self.broker.orders().filter(|order| order.is_open() && !is_held(order.symbol));
        if let Some(order) = works.next() {
            return Err(format!("the order {} still works after the close", order.client_order_id));
        }
        let mut works = daemon.engine.orders().filter(|order| !order.status.is_terminal());
        if let Some(order) = works.find(|order| !is_held(order.attempt.symbol)) {
            return Err(format!("the books take {} for {} after the close", order.id, order.status.name()));
        }
        let odd = [HoldKind::Starting, HoldKind::StaleData, HoldKind::Reconciling];
        if let Some(hold) = odd.into_iter().find_map(|kind| daemon.engine.holds().get(kind)) {
            return Err(format!("{hold:?} is in force after everything has healed"));
        }
        self.story.count("sessions");
        Ok(())
    }
}

/// Every execution of the broker's was counted, as it was.
fn compare_executions(broker: &Broker, fills: &[Fill]) -> Result<(), String> {
    let told: BTreeMap<String, (OrderSide, i64, i64)> = broker
        .executions()
        .iter()
        .map(|one| {
            let id = format!("{}@{}", one.order_id, one.cumulative.quantity());
            (id, (one.side, one.shares.quantity().shares(), one.price.micros()))
        })
        .collect();
    let counted: BTreeMap<String, (OrderSide, i64, i64)> = fills
        .iter()
        .map(|fill| {
            let execution = &fill.execution;
            (execution.id.clone(), (fill.side, execution.quantity.shares(), execution.price.micros()))
        })
        .collect();
    match told.iter().find(|(id, one)| counted.get(*id) != Some(one)) {
        Some((id, one)) => Err(format!("the execution {id} was {one:?} and counted as {:?}", counted.get(id))),
        None if told.len() != counted.len() => Err("executions were counted that never were".to_owned()),
        None => Ok(()),
    }
}

/// Tells whether an order opens, and is orb's.
fn is_entry(order: &Order) -> bool {
    order.client_order_id.starts_with("2026") && order.client_order_id.ends_with('e')
}

/// Returns the shares of a position that stops protect or closes sell.
fn covered(broker: &Broker, symbol: SymbolId, held: Quantity) -> Quantity {
    let Some(side) = Side::of(held) else { return Quantity::ZERO };
    let leaves = |order: &&Order| order.symbol == symbol && order.side == side.exit() && protects(broker, order);
    broker.orders().filter(leaves).map(remaining).sum()
}

fn remaining(order: &Order) -> Quantity {
    order.shares().map_or(Quantity::ZERO, |shares| (shares - order.filled).max(Shares::ZERO).quantity())
}

/// Tells whether an order ends a position when it must: a stop that is watched, or a close.
fn protects(broker: &Broker, order: &Order) -> bool {
    let is_live = matches!(
        order.status,
        OrderStatus::New | OrderStatus::PartiallyFilled | OrderStatus::PendingNew | OrderStatus::PendingReplace
    );
    let closes = order.client_order_id.starts_with("2026") && order.intent != PositionIntent::of(order.side, false);
    if !order.is_stop() {
        return is_live && closes && order.prices.limit.is_none();
    }
    let is_watched = order.status == OrderStatus::Held
        && order.parent.is_some_and(|parent| match broker.order(parent) {
            entry if entry.role == Role::Entry => entry.status == OrderStatus::Filled,
            target => target.is_open(),
        });
    is_live || is_watched
}

//! A restart loads facts and never re-decides.

use super::Engine;
use super::orders::is_over;
use crate::alarm::{Alarm, Alarms};
use crate::fact::{ClosingRecord, Decision, Fill, LimitsRecord, SessionRecord, Signal, StrategyStop, Trade};
use crate::hold::{Clearing, Hold, HoldKind};
use crate::money::Price;
use crate::order::{AttemptId, Order, OrderRole};
use crate::protection::{Protection, StopRule};
use crate::side::Side;

/// Holds the facts of the latest day as the store kept them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// The latest session; `None` for an empty store.
    pub session: Option<SessionRecord>,
    /// Its signals.
    pub signals: Vec<Signal>,
    /// Its orders.
    pub orders: Vec<Order>,
    /// Its executions, in the order in which they were counted.
    pub fills: Vec<Fill>,
    /// Names of executions of which nothing else is known; only journals of earlier builds have them.
    pub executions: Vec<String>,
    /// Its trades, and older ones that are open.
    pub trades: Vec<Trade>,
    /// Why symbols were not traded.
    pub decisions: Vec<Decision>,
    /// The holds in force.
    pub holds: Vec<Hold>,
    /// Closes that were not finished.
    pub closings: Vec<ClosingRecord>,
    /// The limits that were set while orb ran; `None` when none ever were.
    pub limits: Option<LimitsRecord>,
    /// The strategies that reached their own loss limit in the session.
    pub strategy_stops: Vec<StrategyStop>,
    /// The alarms whose causes had not ended.
    pub alarms: Vec<Alarm>,
}

impl Engine {
    /// Takes up the facts of before a restart; to be called once, before the first event.
    ///
    /// Holds that end with their cause are left out: the cause will show itself again. A flatten is resumed by the
    /// closes that were not finished, and with them its hold.
    pub fn restore(&mut self, restored: Restored) {
        let is_closing = restored.closings.iter().any(|closing| !is_over(closing.step));
        for hold in restored.holds {
            let goes_on = hold.kind == HoldKind::Flattening && is_closing;
            if goes_on || hold.kind.clearing() != Clearing::Cause {
                self.holds.set(hold);
            }
        }
        self.alarms = Alarms::restored(restored.alarms);
        if let Some(limits) = &restored.limits {
            self.restore_limits(limits);
        }
        let Some(record) = restored.session else { return };
        let Some(session) = self.config.calendar.session(record.date).copied() else { return };
        self.session = Some(record);
        if !record.ended {
            self.begin_clock(&session);
        }
        for stop in restored.strategy_stops.iter().filter(|stop| stop.date == record.date) {
            self.strategies[stop.strategy.index()].stop_for_loss = true;
        }
        for decision in &restored.decisions {
            self.strategies[decision.attempt.strategy.index()].signals.finish(decision.attempt.symbol);
        }
        restored.executions.into_iter().for_each(|id| self.orders.restore_execution(id));
        restored.fills.into_iter().for_each(|fill| self.orders.restore_fill(fill));
        for order in restored.orders {
            if order.parent.is_none() && order.attempt.date == record.date {
                self.breaker.restore(order.attempt.symbol, order.role == OrderRole::Entry);
            }
            self.orders.restore(order);
        }
        for signal in restored.signals {
            self.restore_signal(signal);
        }
        for trade in restored.trades {
            self.restore_trade(trade);
        }
        for closing in restored.closings.iter().filter(|closing| !is_over(closing.step)) {
            self.restore_closing(closing);
        }
    }

    /// Goes on with a close; where the position has left the books already, only the broker's word was missing.
    fn restore_closing(&mut self, closing: &ClosingRecord) {
        let attempt = closing.attempt;
        let protection = Protection { side: Side::Long, stop: StopRule::At(Price::ZERO), target: None };
        let fresh = self.desk_for(attempt, protection, self.exits_made(attempt));
        self.desks.entry(attempt.symbol).or_insert(fresh).close(closing.since, closing.reason);
    }

    fn restore_signal(&mut self, signal: Signal) {
        let attempt = signal.attempt;
        if signal.order.is_some() {
            self.risk.own(attempt);
        }
        let order = signal.order.as_ref().and_then(|id| self.orders.get(id));
        let unfilled = order.is_some_and(|order| order.status.is_terminal() && order.filled.is_zero());
        if let Some(order) = order.filter(|order| !order.status.is_terminal()) {
            let notional = order.quantity.at(signal.level);
            let risk = order.quantity.at(signal.level.distance(signal.stop));
            self.risk.restore(attempt, false, notional, risk);
            let target = self.strategy(attempt.strategy).target;
            let protection = Protection { side: signal.side, stop: StopRule::At(signal.stop), target };
            let kind = order.kind;
            self.desks.insert(attempt.symbol, self.desk_for(attempt, protection, self.exits_made(attempt)));
            if let Some(order) = &signal.order {
                self.expire_later(order, kind);
            }
        }
        let settled = self.strategies[attempt.strategy.index()].signals.watch(attempt.symbol);
        if settled != crate::signal_machine::Watch::Done {
            if unfilled && self.is_loss_limited(attempt.strategy) {
                self.watch_forbidden(attempt.strategy, attempt.symbol, signal.side, Some(signal.level));
            } else {
                self.strategies[attempt.strategy.index()].signals.ordered(attempt.symbol);
            }
        }
        self.signals.insert(attempt, signal);
    }

    /// Returns a number that no exit of an attempt has reached beyond: their count, or the highest in their names where
    /// some have been lost. The next one gets the number after it.
    pub(super) fn exits_made(&self, attempt: AttemptId) -> u32 {
        let own = |order: &&Order| order.attempt == attempt && order.role != OrderRole::Entry;
        let count = u32::try_from(self.orders.iter().filter(own).count()).unwrap_or(u32::MAX);
        let names = self.orders.iter().filter(own).filter_map(|order| self.read_name(&order.id, attempt.symbol));
        names.map(|name| name.number).max().unwrap_or_default().max(count)
    }

    fn restore_trade(&mut self, trade: Trade) {
        let attempt = trade.attempt;
        self.strategies[attempt.strategy.index()].signals.finish(attempt.symbol);
        if !trade.is_closed() {
            self.risk.release(crate::time::Timestamp::MIN, attempt);
            self.risk.restore(attempt, true, trade.entry_notional, trade.initial_risk());
            let target = self.strategy(attempt.strategy).target;
            let protection = Protection { side: trade.side, stop: StopRule::At(trade.stop), target };
            self.desks.insert(attempt.symbol, self.desk_for(attempt, protection, self.exits_made(attempt)));
        }
        self.positions.restore(trade);
    }
}

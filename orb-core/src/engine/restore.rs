//! A restart loads facts and never re-decides.

use super::Engine;
use crate::fact::{ClosingRecord, Decision, SessionRecord, Signal, Trade};
use crate::hold::{Clearing, Hold, HoldKind};
use crate::order::{AttemptId, Order, OrderRole};
use crate::protection::{Protection, StopRule};

/// Holds the facts of the latest day as the store kept them.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    /// The latest session; `None` for an empty store.
    pub session: Option<SessionRecord>,
    /// Its signals.
    pub signals: Vec<Signal>,
    /// Its orders.
    pub orders: Vec<Order>,
    /// Identifiers of the executions that were counted.
    pub executions: Vec<String>,
    /// Its trades, and older ones that are open.
    pub trades: Vec<Trade>,
    /// Why symbols were not traded.
    pub decisions: Vec<Decision>,
    /// The holds in force.
    pub holds: Vec<Hold>,
    /// Closes that were not finished.
    pub closings: Vec<ClosingRecord>,
}

impl Engine {
    /// Takes up the facts of before a restart; to be called once, before the first event.
    ///
    /// Holds that end with their cause are left out: the cause will show itself again. A flatten is resumed by the
    /// closes that were not finished, and with them its hold.
    pub fn restore(&mut self, restored: Restored) {
        let mut flattening = None;
        for hold in restored.holds {
            if hold.kind == HoldKind::Flattening {
                flattening = Some(hold);
            } else if hold.kind.clearing() != Clearing::Cause {
                self.holds.set(hold);
            }
        }
        let Some(record) = restored.session else { return };
        let Some(session) = self.config.calendar.session(record.date).copied() else { return };
        self.session = Some(record);
        if !record.ended {
            self.begin_clock(&session);
        }
        for decision in &restored.decisions {
            self.strategies[decision.attempt.strategy.index()].signals.finish(decision.attempt.symbol);
        }
        restored.executions.into_iter().for_each(|id| self.orders.restore_execution(id));
        restored.orders.into_iter().for_each(|order| self.orders.restore(order));
        for signal in restored.signals {
            self.restore_signal(signal);
        }
        for trade in restored.trades {
            self.restore_trade(trade);
        }
        for closing in restored.closings {
            if let Some(desk) =
                self.desks.get_mut(&closing.attempt.symbol).filter(|_| !super::orders::is_over(closing.step))
            {
                desk.close(closing.since, closing.reason);
            }
        }
        if let Some(hold) = flattening.filter(|_| self.desks.values().any(|desk| desk.closing().is_some())) {
            self.holds.set(hold);
        }
    }

    fn restore_signal(&mut self, signal: Signal) {
        let attempt = signal.attempt;
        if signal.order.is_some() {
            self.risk.own(attempt);
        }
        let order = signal.order.as_ref().and_then(|id| self.orders.get(id));
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
            self.strategies[attempt.strategy.index()].signals.ordered(attempt.symbol);
        }
        self.signals.insert(attempt, signal);
    }

    /// Counts the exits of an attempt, so that the next one gets a number of its own.
    pub(super) fn exits_made(&self, attempt: AttemptId) -> u32 {
        let own = |order: &&Order| order.attempt == attempt && order.role != OrderRole::Entry;
        u32::try_from(self.orders.iter().filter(own).count()).unwrap_or(u32::MAX)
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

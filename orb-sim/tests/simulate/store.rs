//! The store's contract in memory: a commit is kept whole or not at all, and a restart gets every fact.

use orb_core::Restored;
use orb_core::effect::Effect;
use orb_core::fact::{
    AlarmRecord, ClosingRecord, ClosingStep, Decision, Fact, Fill, HoldRecord, LimitsRecord, SessionRecord, Signal,
    StrategyStop, Trade,
};
use orb_core::order::Order;

/// Keeps rows in the order in which they were first written; a later one of the same key takes the place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    session: Option<SessionRecord>,
    signals: Vec<Signal>,
    orders: Vec<Order>,
    fills: Vec<Fill>,
    trades: Vec<Trade>,
    decisions: Vec<Decision>,
    holds: Vec<HoldRecord>,
    closings: Vec<ClosingRecord>,
    limits: Option<LimitsRecord>,
    strategy_stops: Vec<StrategyStop>,
    alarms: Vec<AlarmRecord>,
    last_effect: u64,
}

impl Store {
    /// Commits the effects of an event.
    pub(crate) fn commit(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Broker(effect) => self.last_effect = self.last_effect.max(effect.id.0),
                Effect::Record(fact) => self.keep(fact),
                Effect::Alert(_) => {}
            }
        }
    }

    fn keep(&mut self, fact: &Fact) {
        match fact {
            Fact::Session(session) => self.session = Some(*session),
            Fact::Signal(signal) => put(&mut self.signals, signal, |one, other| one.attempt == other.attempt),
            Fact::Order(order) => put(&mut self.orders, order, |one, other| one.id == other.id),
            Fact::Fill(fill) => put(&mut self.fills, fill, |one, other| one.execution.id == other.execution.id),
            Fact::Trade(trade) if trade.is_void() => self.trades.retain(|other| other.attempt != trade.attempt),
            Fact::Trade(trade) => put(&mut self.trades, trade, |one, other| one.attempt == other.attempt),
            Fact::Decision(decision) => put(&mut self.decisions, decision, |one, other| one.attempt == other.attempt),
            Fact::Explained(_) => {}
            Fact::Hold(record) => put(&mut self.holds, record, |one, other| {
                one.hold.kind == other.hold.kind && one.hold.since == other.hold.since
            }),
            Fact::Closing(closing) => put(&mut self.closings, closing, |one, other| {
                one.attempt.symbol == other.attempt.symbol && one.since == other.since
            }),
            Fact::Limits(limits) => self.limits = Some(*limits),
            Fact::Alarm(alarm) => put(&mut self.alarms, alarm, |one, other| one.alarm.id == other.alarm.id),
            Fact::StrategyStop(stop) => put(&mut self.strategy_stops, stop, |one, other| {
                one.date == other.date && one.strategy == other.strategy
            }),
        }
    }

    /// Returns what a restart goes on with.
    pub(crate) fn load(&self) -> Restored {
        let in_force = self.holds.iter().filter(|record| record.cleared.is_none());
        let unfinished = self.closings.iter().filter(|closing| closing.step != ClosingStep::Flat);
        let going_on = self.alarms.iter().filter(|record| record.ended.is_none());
        Restored {
            session: self.session,
            signals: self.signals.clone(),
            orders: self.orders.clone(),
            fills: self.fills.clone(),
            executions: Vec::new(),
            trades: self.trades.clone(),
            decisions: self.decisions.clone(),
            holds: in_force.map(|record| record.hold.clone()).collect(),
            closings: unfinished.cloned().collect(),
            limits: self.limits,
            strategy_stops: self.strategy_stops.clone(),
            alarms: going_on.map(|record| record.alarm.clone()).collect(),
        }
    }

    /// Returns the number of the last effect; the next one follows it.
    pub(crate) const fn last_effect(&self) -> u64 {
        self.last_effect
    }

    /// Lists the executions that were counted.
    pub(crate) fn fills(&self) -> &[Fill] {
        &self.fills
    }

    /// Lists the trades.
    pub(crate) fn trades(&self) -> &[Trade] {
        &self.trades
    }
}

fn put<T: Clone>(rows: &mut Vec<T>, row: &T, is_same: impl Fn(&T, &T) -> bool) {
    match rows.iter_mut().rev().find(|other| is_same(other, row)) {
        Some(place) => place.clone_from(row),
        None => rows.push(row.clone()),
    }
}

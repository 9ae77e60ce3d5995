//! What is not as it must be, until it is over or somebody has taken note.

use super::Engine;
use crate::alarm::{Acknowledgement, Alarm, AlarmId, AlarmKind};
use crate::effect::{Component, Effects, Severity};
use crate::event::Authorised;
use crate::fact::{AlarmRecord, Fact};
use crate::hold::HoldKind;
use crate::order::{Order, OrderRole, OrderStatus};
use crate::symbol::SymbolId;

impl Engine {
    /// Raises an alarm or repeats it; tells it unless somebody has taken note of it.
    pub(super) fn raise(
        &mut self,
        kind: AlarmKind,
        severity: Severity,
        symbol: Option<SymbolId>,
        text: String,
        out: &mut Effects,
    ) {
        if let Some(alarm) = self.alarms.raise(self.now, kind, symbol, text.clone()) {
            out.record(Fact::Alarm(AlarmRecord { alarm: alarm.clone(), ended: None }));
            out.alert(severity, Component::Executor, symbol, text);
        }
    }

    /// Notes that somebody took note of one alarm, or of all for `None`.
    pub(super) fn acknowledge_alarms(&mut self, id: Option<AlarmId>, wanted: &Authorised, out: &mut Effects) {
        let (actor, reason) = (wanted.actor.clone(), wanted.reason.clone());
        let by = Acknowledgement { actor, reason, at: self.now };
        for alarm in self.alarms.acknowledge(id, &by) {
            out.record(Fact::Alarm(AlarmRecord { alarm, ended: None }));
        }
    }

    /// Ends the alarms whose cause is over; while the broker's state is not known yet, nobody can tell.
    pub(super) fn end_alarms(&mut self, out: &mut Effects) {
        if self.alarms.active().is_empty() || self.holds.get(HoldKind::Starting).is_some() {
            return;
        }
        let mut alarms = core::mem::take(&mut self.alarms);
        for alarm in alarms.end(|alarm| self.is_over(alarm)) {
            out.record(Fact::Alarm(AlarmRecord { alarm, ended: Some(self.now) }));
        }
        self.alarms = alarms;
    }

    /// Tells whether stops protect the whole of a position, or an order that closes it works.
    fn is_leaving(&self, symbol: SymbolId) -> bool {
        let works = |order: &Order| {
            order.role == OrderRole::Close
                && matches!(order.status, OrderStatus::Working | OrderStatus::PartiallyFilled)
        };
        let closes = self.desks.get(&symbol).is_some_and(|desk| desk.closing().is_some());
        let is_protected = self.protected(symbol) >= self.positions.position(symbol).abs();
        self.orders.live(symbol).any(works) || (!closes && is_protected)
    }

    fn is_over(&self, alarm: &Alarm) -> bool {
        let desk = alarm.symbol.and_then(|symbol| self.desks.get(&symbol));
        match alarm.kind {
            AlarmKind::CloseUnfinished => desk.is_none_or(|desk| desk.closing().is_none()),
            AlarmKind::ExitBlocked => alarm.symbol.is_none_or(|symbol| desk.is_none() || self.is_leaving(symbol)),
            AlarmKind::ExitMisplaced => alarm.symbol.is_none_or(|symbol| {
                let closes = desk.is_none_or(|desk| desk.closing().is_some());
                closes || !self.stands_elsewhere(symbol)
            }),
            AlarmKind::StopMissing => alarm.symbol.is_none_or(|symbol| {
                let position = self.positions.position(symbol);
                let closes = desk.is_some_and(|desk| desk.closing().is_some());
                position.is_zero() || (!closes && self.protected(symbol) >= position.abs())
            }),
            AlarmKind::OrderUnanswered => {
                let is_its = |order: &Order| Some(order.attempt.symbol) == alarm.symbol;
                !self.stuck().any(is_its)
            }
            AlarmKind::BooksDiffer => self.breaks == 0,
            AlarmKind::ExecutionCorrected => self.holds.get(HoldKind::ReconcileBreak).is_none(),
        }
    }
}

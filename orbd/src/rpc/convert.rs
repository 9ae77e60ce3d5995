//! From the engine's words to the wire's. Every function is total: what cannot be said is absent.

use std::time::{SystemTime, UNIX_EPOCH};

use orb_api::{decimal::from_micros, time, v1};
use orb_core::{
    Date, Money, OrderSide, Price, Side, Timestamp,
    effect::{Component, Severity},
    fact::{ExitReason, SignalStatus},
    hold::{Clearing, Hold, HoldKind, TradingState},
};
use prost_types::Timestamp as WireTime;

use crate::view::{
    DayView, EntryView, Environment, FillView, HealthState, HealthView, Ledger, LogView, PositionView, SessionPhase,
    SessionView, SignalView, View,
};

pub(super) fn instant(at: Timestamp) -> WireTime {
    time::timestamp_from_micros(at.micros())
}

/// Returns the wall clock.
pub(super) fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

pub(super) fn money(amount: Money) -> String {
    from_micros(amount.micros())
}

pub(super) fn price(price: Price) -> String {
    from_micros(price.micros())
}

/// Says a price that is zero while there is none.
pub(super) fn known(value: Price) -> Option<String> {
    (value != Price::ZERO).then(|| price(value))
}

pub(super) fn date(date: Date) -> String {
    date.to_string()
}

pub(super) fn ledger(ledger: &Ledger) -> v1::Ledger {
    let environment = environment(ledger.environment);
    v1::Ledger { id: ledger.id.to_string(), environment: environment.into(), account_id: ledger.account_id.to_string() }
}

pub(super) const fn environment(environment: Environment) -> v1::Environment {
    match environment {
        Environment::Sim => v1::Environment::Sim,
        Environment::Paper => v1::Environment::Paper,
        Environment::Live => v1::Environment::Live,
    }
}

pub(super) const fn side(side: Side) -> v1::Side {
    match side {
        Side::Long => v1::Side::Long,
        Side::Short => v1::Side::Short,
    }
}

pub(super) const fn order_side(side: OrderSide) -> v1::OrderSide {
    match side {
        OrderSide::Buy => v1::OrderSide::Buy,
        OrderSide::Sell => v1::OrderSide::Sell,
    }
}

pub(super) const fn trading_state(state: TradingState) -> v1::TradingState {
    match state {
        TradingState::Active => v1::TradingState::Active,
        TradingState::Paused => v1::TradingState::Paused,
        TradingState::Reducing => v1::TradingState::Reducing,
        TradingState::Flattening => v1::TradingState::Flattening,
        TradingState::Halted => v1::TradingState::Halted,
    }
}

pub(super) const fn hold_kind(kind: HoldKind) -> v1::HoldKind {
    match kind {
        HoldKind::Starting => v1::HoldKind::Starting,
        HoldKind::Reconciling => v1::HoldKind::Reconciling,
        HoldKind::StaleData => v1::HoldKind::StaleData,
        HoldKind::StoreDegraded => v1::HoldKind::StoreDegraded,
        HoldKind::ClockSkew => v1::HoldKind::ClockSkew,
        HoldKind::BrokerUnavailable => v1::HoldKind::BrokerUnavailable,
        HoldKind::OperatorPause => v1::HoldKind::OperatorPause,
        HoldKind::EnvironmentSwitched => v1::HoldKind::EnvironmentSwitched,
        HoldKind::Crashed => v1::HoldKind::Crashed,
        HoldKind::Breaker => v1::HoldKind::Breaker,
        HoldKind::ReconcileBreak => v1::HoldKind::ReconcileBreak,
        HoldKind::ForeignActivity => v1::HoldKind::ForeignActivity,
        HoldKind::DailyLoss => v1::HoldKind::DailyLoss,
        HoldKind::Flattening => v1::HoldKind::Flattening,
        HoldKind::Kill => v1::HoldKind::Kill,
    }
}

const fn cleared_by(kind: HoldKind) -> v1::HoldCleared {
    match (kind, kind.clearing()) {
        (HoldKind::Flattening, _) => v1::HoldCleared::ByFlat,
        (HoldKind::Kill, _) => v1::HoldCleared::ByOperatorWithReason,
        (_, Clearing::Cause) => v1::HoldCleared::ByCause,
        (_, Clearing::Operator) => v1::HoldCleared::ByOperator,
        (_, Clearing::NextSession) => v1::HoldCleared::ByNextSession,
    }
}

fn hold(hold: &Hold) -> v1::Hold {
    v1::Hold {
        kind: hold_kind(hold.kind).into(),
        reason: hold.reason.clone(),
        actor: hold.actor.clone(),
        // An engine that has heard of nothing yet knows no time.
        since: (hold.since > Timestamp::MIN).then(|| instant(hold.since)),
        cleared_by: cleared_by(hold.kind).into(),
    }
}

pub(super) fn holds(view: &View) -> Vec<v1::Hold> {
    view.holds.iter().map(hold).collect()
}

pub(super) fn session(session: &SessionView) -> v1::Session {
    let phase = match session.phase {
        SessionPhase::Closed => v1::SessionPhase::Closed,
        SessionPhase::PreOpen => v1::SessionPhase::PreOpen,
        SessionPhase::OpeningRange => v1::SessionPhase::OpeningRange,
        SessionPhase::Entries => v1::SessionPhase::Entries,
        SessionPhase::Managing => v1::SessionPhase::Managing,
        SessionPhase::Flattening => v1::SessionPhase::Flattening,
        SessionPhase::AfterClose => v1::SessionPhase::AfterClose,
    };
    v1::Session {
        date: date(session.date),
        phase: phase.into(),
        open: Some(instant(session.open)),
        range_end: Some(instant(session.range_end)),
        entry_cutoff: session.entry_cutoff.map(instant),
        flatten: Some(instant(session.flatten_at)),
        close: Some(instant(session.close)),
    }
}

/// The wire tells the realised result before fees, the engine keeps it after them.
pub(super) fn day_pnl(day: &DayView) -> v1::DayPnl {
    v1::DayPnl {
        realized: money(day.realized_net + day.fees),
        unrealized: money(day.unrealized),
        fees: money(day.fees),
        net: money(day.realized_net + day.unrealized),
    }
}

pub(super) const fn component(component: Component) -> v1::Component {
    match component {
        Component::Executor => v1::Component::Executor,
        Component::RiskManager => v1::Component::RiskManager,
        Component::Alpaca => v1::Component::Alpaca,
        Component::Strategy => v1::Component::Strategy,
        Component::Store => v1::Component::Store,
        Component::Api => v1::Component::Api,
        Component::Data => v1::Component::Data,
    }
}

pub(super) fn health(health: &HealthView) -> v1::ComponentHealth {
    let state = match health.state {
        HealthState::Ok => v1::HealthState::Ok,
        HealthState::Degraded => v1::HealthState::Degraded,
        HealthState::Down => v1::HealthState::Down,
    };
    v1::ComponentHealth {
        component: component(health.component).into(),
        state: state.into(),
        detail: health.detail.clone(),
        since: health.since.map(instant),
    }
}

const fn close_reason(reason: ExitReason) -> v1::CloseReason {
    match reason {
        ExitReason::Stop => v1::CloseReason::Stop,
        ExitReason::Target => v1::CloseReason::Target,
        ExitReason::TimeExit => v1::CloseReason::TimeExit,
        ExitReason::DataEnd => v1::CloseReason::DataEnd,
        ExitReason::LossLimit => v1::CloseReason::LossLimit,
        ExitReason::ForceClose => v1::CloseReason::ForceClose,
        ExitReason::Flatten => v1::CloseReason::Flatten,
        ExitReason::Unprotected => v1::CloseReason::Unprotected,
    }
}

pub(super) fn position(view: &View, position: &PositionView) -> v1::Position {
    v1::Position {
        ledger_id: view.ledger.id.to_string(),
        strategy: position.strategy.to_string(),
        symbol: position.symbol.to_string(),
        side: side(position.side).into(),
        quantity: position.quantity.shares(),
        entry_price: price(position.entry_price),
        last_price: position.last.map(price),
        stop_price: position.stop.map(price),
        target_price: position.target.map(price),
        unrealized_pnl: position.unrealized.map(money),
        unrealized_r: position.unrealized_r_e4.map(crate::trades_csv::four_decimals),
        notional: money(position.notional),
        protected_quantity: position.protected.shares(),
        entry_time: Some(instant(position.entry_time)),
        closing: position.closing.is_some(),
        closing_reason: position.closing.map(|closing| close_reason(closing.reason).into()),
        trade_id: position.trade_id.to_string(),
    }
}

pub(super) fn order_ref(view: &View, entry: &EntryView) -> v1::OrderRef {
    v1::OrderRef {
        ledger_id: view.ledger.id.to_string(),
        strategy: entry.strategy.to_string(),
        symbol: entry.symbol.to_string(),
        client_order_id: entry.client_order_id.to_string(),
        broker_order_id: entry.broker_order_id.as_deref().map(str::to_owned),
    }
}

pub(super) const fn signal_status(status: SignalStatus) -> v1::SignalStatus {
    match status {
        SignalStatus::Pending => v1::SignalStatus::Pending,
        SignalStatus::Submitted => v1::SignalStatus::Submitted,
        SignalStatus::Working => v1::SignalStatus::Working,
        SignalStatus::PartiallyFilled => v1::SignalStatus::PartiallyFilled,
        SignalStatus::Filled => v1::SignalStatus::Filled,
        SignalStatus::Cancelled => v1::SignalStatus::Cancelled,
        SignalStatus::Expired => v1::SignalStatus::Expired,
        SignalStatus::Rejected => v1::SignalStatus::Rejected,
        SignalStatus::Unknown => v1::SignalStatus::Unknown,
    }
}

pub(super) fn signal(ledger_id: &str, view: &SignalView) -> v1::Signal {
    let signal = &view.signal;
    v1::Signal {
        id: view.id.to_string(),
        ledger_id: ledger_id.to_owned(),
        strategy: view.strategy.to_string(),
        symbol: view.symbol.to_string(),
        side: side(signal.side).into(),
        date: date(signal.attempt.date),
        time: Some(instant(signal.at)),
        status: signal_status(signal.status).into(),
        score: view.score,
        level: price(signal.level),
        stop_price: known(signal.stop),
        target_price: view.target.map(price),
        quantity: signal.quantity.shares(),
        filled_quantity: view.filled.shares(),
        fill_price: signal.fill_price.map(price),
        client_order_id: signal.order.as_ref().map(ToString::to_string),
        broker_order_id: signal.broker_order.as_ref().map(ToString::to_string),
        // When the order was written to the broker is not recorded; the engine notes when the broker took it.
        submitted_time: None,
        acknowledged_time: signal.submitted_at.map(instant),
        filled_time: signal.filled_at.map(instant),
        reason: signal.reason.map(|reason| reason.code().to_owned()),
        reason_detail: signal.reason.map(|_| signal.detail.clone()),
    }
}

pub(super) fn fill(ledger_id: &str, fill: &FillView) -> v1::Fill {
    v1::Fill {
        id: fill.id.to_string(),
        ledger_id: ledger_id.to_owned(),
        strategy: fill.strategy.to_string(),
        symbol: fill.symbol.to_string(),
        side: order_side(fill.side).into(),
        quantity: fill.quantity.shares(),
        price: price(fill.price),
        fee: fill.fee.map(money),
        time: Some(instant(fill.at)),
        client_order_id: fill.client_order_id.to_string(),
        broker_order_id: fill.broker_order_id.as_deref().map(str::to_owned),
        taken_back_time: fill.taken_back.map(instant),
    }
}

pub(super) const fn severity(severity: Option<Severity>) -> v1::Severity {
    match severity {
        None => v1::Severity::Debug,
        Some(Severity::Info) => v1::Severity::Info,
        Some(Severity::Warn) => v1::Severity::Warn,
        Some(Severity::Error) => v1::Severity::Error,
    }
}

pub(super) fn log_entry(line: &LogView) -> v1::LogEntry {
    v1::LogEntry {
        id: line.id,
        time: Some(instant(line.at)),
        engine_time: line.engine_time.map(instant),
        severity: severity(line.severity).into(),
        component: component(line.component).into(),
        message: line.message.clone(),
        fields: line.fields.iter().cloned().collect(),
        ledger_id: None,
        strategy: line.strategy.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_adds_up_on_the_wire() {
        let cents = Money::from_cents;
        let day = DayView { realized_net: cents(900), unrealized: cents(-250), fees: cents(100), ..DayView::default() };
        let wire = day_pnl(&day);
        assert_eq!((wire.realized.as_str(), wire.unrealized.as_str()), ("10", "-2.5"));
        assert_eq!((wire.fees.as_str(), wire.net.as_str()), ("1", "6.5"));
    }

    #[test]
    fn every_hold_has_a_name_on_the_wire() {
        let mut kinds: Vec<_> = HoldKind::ALL.iter().map(|kind| hold_kind(*kind)).collect();
        kinds.dedup();
        assert_eq!(kinds.len(), HoldKind::ALL.len());
    }
}

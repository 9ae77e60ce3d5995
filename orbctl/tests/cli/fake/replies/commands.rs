//! What commands are answered.

use orb_api::v1::*;

use super::*;

pub(in crate::fake) fn killed(request: &SetKillSwitchRequest, is_complete: bool) -> SetKillSwitchResponse {
    let is_engaged = request.action() == KillSwitchAction::Engage;
    let is_flat = is_engaged && request.flatten && is_complete;
    SetKillSwitchResponse {
        ledger: ledger(),
        request_id: request.request_id.clone(),
        replayed: false,
        state: if is_engaged { TradingState::Halted } else { TradingState::Active }.into(),
        holds: if is_engaged { status().holds } else { Vec::new() },
        effective_time: at(31).filter(|_| is_engaged),
        orders_cancelled: u32::from(is_engaged),
        cancelled_orders: Some(order()).filter(|_| is_engaged).into_iter().collect(),
        unconfirmed_orders: Vec::new(),
        closed_positions: Some(closed_position(100)).filter(|_| is_flat).into_iter().collect(),
        remaining_positions: Some(remaining_position()).filter(|_| is_engaged && !is_flat).into_iter().collect(),
        complete: is_complete,
    }
}

pub(in crate::fake) fn paused(request: &PauseEntriesRequest) -> PauseEntriesResponse {
    let hold = Hold {
        kind: HoldKind::OperatorPause.into(),
        reason: request.reason.clone(),
        actor: s("operator"),
        since: at(31),
        cleared_by: HoldCleared::ByOperator.into(),
    };
    PauseEntriesResponse {
        ledger: ledger(),
        request_id: request.request_id.clone(),
        replayed: false,
        state: TradingState::Paused.into(),
        holds: vec![hold],
    }
}

pub(in crate::fake) fn resumed(request: &ResumeEntriesRequest, is_complete: bool) -> ResumeEntriesResponse {
    ResumeEntriesResponse {
        ledger: ledger(),
        request_id: request.request_id.clone(),
        replayed: false,
        state: if is_complete { TradingState::Active } else { TradingState::Halted }.into(),
        holds: if is_complete { Vec::new() } else { status().holds },
        cleared: vec![HoldKind::OperatorPause.into()],
    }
}

pub(in crate::fake) fn closed(request: &ClosePositionRequest, is_complete: bool) -> ClosePositionResponse {
    let (outcome, quantity) = if is_complete { (CloseOutcome::Closed, 100) } else { (CloseOutcome::InProgress, 60) };
    ClosePositionResponse {
        ledger: ledger(),
        request_id: request.request_id.clone(),
        replayed: false,
        outcome: outcome.into(),
        closed: Some(closed_position(quantity)),
        remaining: Some(remaining_position()).filter(|_| !is_complete),
    }
}

pub(super) fn order() -> OrderRef {
    OrderRef {
        ledger_id: s("sim-1"),
        strategy: s("orb-classic"),
        symbol: s("AAPL"),
        client_order_id: s("2026-02-13-orb-classic-AAPL-1-entry"),
        broker_order_id: None,
    }
}

pub(super) fn closed_position(quantity: i64) -> ClosedPosition {
    ClosedPosition {
        ledger_id: s("sim-1"),
        strategy: s("orb-classic"),
        symbol: s("NVDA"),
        side: Side::Long.into(),
        quantity,
        fills: vec![fill(quantity)],
        net_pnl: s("-22.7"),
    }
}

pub(super) fn remaining_position() -> RemainingPosition {
    RemainingPosition {
        ledger_id: s("sim-1"),
        strategy: s("orb-classic"),
        symbol: s("NVDA"),
        side: Side::Long.into(),
        quantity: 40,
        protected_quantity: 40,
        closing: true,
        detail: s("trading in NVDA is halted"),
    }
}

pub(in crate::fake) fn acknowledged(request: &AcknowledgeAlarmsRequest) -> AcknowledgeAlarmsResponse {
    let alarms = vec![Alarm { acknowledged_by: Some(s("operator")), acknowledged_time: at(31), ..alarm() }];
    AcknowledgeAlarmsResponse { ledger: ledger(), request_id: request.request_id.clone(), replayed: false, alarms }
}

pub(in crate::fake) fn cancelled(request: &CancelOrderRequest, is_complete: bool) -> CancelOrderResponse {
    let outcome = if is_complete { CancelOutcome::Cancelled } else { CancelOutcome::InProgress };
    CancelOrderResponse {
        ledger: ledger(),
        request_id: request.request_id.clone(),
        replayed: false,
        outcome: outcome.into(),
        order: Some(order()),
        filled_quantity: 0,
    }
}

pub(in crate::fake) fn all_cancelled(request: &CancelAllOrdersRequest, is_complete: bool) -> CancelAllOrdersResponse {
    let (cancelled_orders, unconfirmed_orders) =
        if is_complete { (vec![order()], vec![]) } else { (vec![], vec![order()]) };
    CancelAllOrdersResponse {
        ledger: ledger(),
        request_id: request.request_id.clone(),
        replayed: false,
        cancelled_orders,
        filled_orders: Vec::new(),
        unconfirmed_orders,
        complete: is_complete,
    }
}

pub(in crate::fake) fn limits_set(request: &SetRiskLimitsRequest) -> SetRiskLimitsResponse {
    SetRiskLimitsResponse {
        ledger: ledger(),
        request_id: request.request_id.clone(),
        replayed: false,
        in_force: risk(&request.daily_loss_fraction, 5),
        next_session: risk(&request.daily_loss_fraction, request.max_positions.unwrap_or(5)),
    }
}

pub(in crate::fake) fn all_closed(request: &CloseAllPositionsRequest, is_complete: bool) -> CloseAllPositionsResponse {
    let kill = SetKillSwitchRequest {
        action: KillSwitchAction::Engage.into(),
        flatten: true,
        ..SetKillSwitchRequest::default()
    };
    let killed = killed(&kill, is_complete);
    CloseAllPositionsResponse {
        foreign_holdings: Vec::new(),
        foreign_unfinished: false,
        ledger: ledger(),
        request_id: request.request_id.clone(),
        replayed: false,
        state: TradingState::Active.into(),
        holds: Vec::new(),
        cancelled_orders: killed.cancelled_orders,
        unconfirmed_orders: killed.unconfirmed_orders,
        closed_positions: killed.closed_positions,
        remaining_positions: killed.remaining_positions,
        complete: killed.complete,
    }
}

pub(in crate::fake) fn config() -> GetConfigResponse {
    let entry = |key: &str, value: &str, is_default, effect: ConfigEffect| ConfigEntry {
        key: s(key),
        value: s(value),
        is_default,
        effect: effect.into(),
    };
    GetConfigResponse {
        ledger: ledger(),
        name: s("/etc/orb/orb.toml"),
        entries: vec![
            entry("daily_loss_limit", "0.05", true, ConfigEffect::Command),
            entry("daemon.listen", "127.0.0.1:7070", true, ConfigEffect::Start),
            entry("web.allowed_hosts", "orb.example.com", false, ConfigEffect::Reload),
        ],
        build: None,
        fingerprint: s("0123456789abcdef"),
        load_time: at(-30),
    }
}

pub(in crate::fake) fn reloaded(request: &ReloadConfigRequest) -> ReloadConfigResponse {
    let change = |key: &str, outcome: ConfigOutcome, detail: &str| ConfigChange {
        key: s(key),
        outcome: outcome.into(),
        detail: s(detail),
        ..ConfigChange::default()
    };
    let hosts = ConfigChange { value: s("orb.example.com"), ..change("web.allowed_hosts", ConfigOutcome::Applied, "") };
    ReloadConfigResponse {
        ledger: ledger(),
        request_id: request.request_id.clone(),
        replayed: false,
        applied: !request.validate_only,
        changes: vec![change("notify.desk", ConfigOutcome::Unchanged, "its secrets"), hosts],
        fingerprint: s("0123456789abcdef"),
        load_time: at(31),
    }
}

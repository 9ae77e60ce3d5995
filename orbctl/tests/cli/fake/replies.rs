//! The recorded replies: one moment of a session on 2026-02-13.

use orb_api::{
    time::{duration_from_micros, timestamp_from_micros},
    v1::*,
};
use prost_types::Timestamp;

/// 2026-02-13 09:30:00 in New York.
const OPEN: i64 = 1_770_993_000;

/// Returns the instant so many minutes after the open.
fn at(minutes: i64) -> Option<Timestamp> {
    Some(timestamp_from_micros((OPEN + minutes * 60) * 1_000_000))
}

fn s(text: &str) -> String {
    text.to_owned()
}

pub(super) fn ledger() -> Option<Ledger> {
    Some(Ledger { id: s("sim-1"), environment: Environment::Sim.into(), account_id: s("demo") })
}

pub(super) fn day_pnl() -> Option<DayPnl> {
    Some(DayPnl { realized: s("120.5"), unrealized: s("-20"), fees: s("1.4"), net: s("99.1") })
}

pub(super) fn status() -> GetStatusResponse {
    GetStatusResponse {
        ledger: ledger(),
        state: TradingState::Halted.into(),
        holds: vec![Hold {
            kind: HoldKind::Kill.into(),
            reason: s("news"),
            actor: s("operator"),
            since: at(30),
            cleared_by: HoldCleared::ByOperatorWithReason.into(),
        }],
        session: Some(Session {
            date: s("2026-02-13"),
            phase: SessionPhase::Entries.into(),
            open: at(0),
            range_end: at(5),
            entry_cutoff: at(360),
            flatten: at(385),
            close: at(390),
        }),
        engine_time: at(31),
        server_time: at(31),
        build: Some(Build { version: s("0.1.0"), revision: None }),
        config_name: s("built-in"),
        strategies: vec![s("orb-classic"), s("orb-etf")],
        slots: Some(Slots { used: 2, total: 5 }),
        open_positions: 1,
        working_entries: 1,
        day_pnl: day_pnl(),
        day_trades: 3,
        day_wins: 2,
        loss_limit: Some(LossLimit { limit: s("5000"), distance: s("5000"), session_open_equity: s("100000") }),
        feed: Some(Feed { name: s("simulated"), last_data_time: at(31), age: Some(duration_from_micros(250_000)) }),
        health: vec![ComponentHealth {
            component: Component::RiskManager.into(),
            state: HealthState::Ok.into(),
            detail: String::new(),
            since: at(-10),
        }],
        simulated_speed: Some(0.0),
        alarms: vec![alarm()],
        last_reconcile_time: None,
    }
}

pub(super) fn account() -> GetAccountResponse {
    GetAccountResponse {
        ledger: ledger(),
        equity: s("100099.1"),
        cash: s("90000"),
        buying_power: s("310000.25"),
        gross_exposure: s("10099.1"),
        session_open_equity: None,
        day_pnl: day_pnl(),
        as_of: at(31),
    }
}

pub(super) fn position() -> Position {
    Position {
        ledger_id: s("sim-1"),
        strategy: s("orb-classic"),
        symbol: s("NVDA"),
        side: Side::Long.into(),
        quantity: 100,
        entry_price: s("101.5"),
        last_price: Some(s("101.3")),
        stop_price: Some(s("100.25")),
        target_price: None,
        unrealized_pnl: Some(s("-20")),
        unrealized_r: Some(s("-0.16")),
        notional: s("10130"),
        protected_quantity: 100,
        entry_time: at(7),
        closing: false,
        closing_reason: None,
        trade_id: s("t4"),
    }
}

pub(super) fn signal() -> Signal {
    Signal {
        id: s("s1"),
        ledger_id: s("sim-1"),
        strategy: s("orb-classic"),
        symbol: s("NVDA"),
        side: Side::Long.into(),
        date: s("2026-02-13"),
        time: at(7),
        status: SignalStatus::Filled.into(),
        score: Some(0.625),
        level: s("101.5"),
        stop_price: Some(s("100.25")),
        target_price: None,
        quantity: 100,
        filled_quantity: 100,
        fill_price: Some(s("101.5")),
        client_order_id: Some(s("2026-02-13-orb-classic-NVDA-1-entry")),
        broker_order_id: Some(s("b1")),
        submitted_time: at(7),
        acknowledged_time: at(7),
        filled_time: at(8),
        reason: None,
        reason_detail: None,
    }
}

pub(super) fn rejected() -> Signal {
    Signal {
        id: s("s2"),
        symbol: s("F"),
        side: Side::Short.into(),
        status: SignalStatus::Rejected.into(),
        score: None,
        quantity: 0,
        filled_quantity: 0,
        fill_price: None,
        client_order_id: None,
        broker_order_id: None,
        submitted_time: None,
        acknowledged_time: None,
        filled_time: None,
        reason: Some(s("no_slot")),
        reason_detail: Some(s("5 of 5 in use")),
        ..signal()
    }
}

pub(super) fn trades() -> Vec<Trade> {
    let open = Trade {
        id: s("t4"),
        ledger_id: s("sim-1"),
        strategy: s("orb-classic"),
        symbol: s("NVDA"),
        date: s("2026-02-13"),
        side: Side::Long.into(),
        status: TradeStatus::Open.into(),
        quantity: 100,
        entry_time: at(7),
        entry_price: s("101.5"),
        fees: s("0.35"),
        signal_id: Some(s("s1")),
        ..Trade::default()
    };
    let closed = Trade {
        id: s("t3"),
        symbol: s("F"),
        side: Side::Short.into(),
        status: TradeStatus::Closed.into(),
        quantity: 1000,
        entry_time: at(6),
        entry_price: s("12.005"),
        exit_time: at(20),
        exit_price: Some(s("11.9")),
        exit_reason: Some(s("target")),
        gross_pnl: Some(s("105")),
        fees: s("7"),
        net_pnl: Some(s("98")),
        r_multiple: Some(s("2.1")),
        duration: Some(duration_from_micros(840_000_000)),
        signal_id: None,
        ..open.clone()
    };
    vec![open, closed]
}

pub(super) const TRADES_CSV: &str = "strategy,symbol,date,side,quantity,entry_time,entry_price,exit_time,exit_price,\
    exit_reason,gross_pnl,fees,net_pnl,r_multiple\n\
    orb-classic,F,2026-02-13,short,1000,2026-02-13T14:36:00Z,12.005,2026-02-13T14:50:00Z,11.9,target,105,7,98,2.1\n";

pub(super) fn parity() -> GetParityReportResponse {
    let note = |symbol, what, why| ParityNote { strategy: s("orb-etf"), symbol: s(symbol), what: s(what), why: s(why) };
    let figures = ParityFigures {
        bars: 780,
        signals_expected: 2,
        signals_found: 1,
        signals_identical: 1,
        trades_expected: 2,
        trades_found: 1,
        trades_both: 1,
        trades_equal: 0,
        trades_open: 0,
        missed: 1,
        extra: 0,
        differences: 2,
        unexplained: 0,
        net_pnl: s("39.6"),
        net_pnl_pessimistic: s("61.2"),
        net_pnl_optimistic: s("64"),
        fees: s("0.4"),
        fees_expected: s("0.8"),
        slippage: s("2"),
        slippage_r: s("0.0200"),
    };
    let trade = ParityTrade {
        strategy: s("orb-etf"),
        symbol: s("NVDA"),
        side: s("long"),
        quantity: 100,
        quantity_expected: 100,
        entry_price: s("100.03"),
        entry_expected: s("100.01"),
        entry_ticks: 2,
        exit_price: s("100.43"),
        exit_expected: s("100.43"),
        exit_ticks: None,
        exit_reason: s("time_exit"),
        exit_reason_expected: s("target"),
        slippage: s("2"),
        slippage_r: Some(s("0.0200")),
        fees: s("0.4"),
        fees_expected: s("0.4"),
        net_pnl: s("39.6"),
        net_pnl_pessimistic: s("41.6"),
        net_pnl_optimistic: Some(s("41.6")),
        differences: vec![note("NVDA", "entered at 100.03 instead of 100.01 (+2 ticks)", "execution")],
    };
    let missed = UnmatchedTrade {
        strategy: s("orb-etf"),
        symbol: s("SPY"),
        side: s("short"),
        quantity: 20,
        net_pnl: s("19.6"),
        reason: Some(s("no_slot")),
        why: s("of_other_trades"),
    };
    let report = ParityReport {
        date: s("2026-02-13"),
        build: s("0.1.0 (engine 0123456789abcdef)"),
        made_time: Some(Timestamp { seconds: 1_771_016_520, nanos: 0 }),
        figures: Some(figures),
        trades: vec![trade],
        missed: vec![missed],
        extra: Vec::new(),
        signals: vec![note("SPY", "no signal instead of short at 500", "of_other_trades")],
        decisions: Vec::new(),
    };
    GetParityReportResponse { ledger: ledger(), report: Some(report) }
}

pub(super) fn readiness() -> GetReadinessResponse {
    let criterion = |name, verdict: ReadinessVerdict, wanted, found| ReadinessCriterion {
        name: s(name),
        verdict: verdict.into(),
        wanted: s(wanted),
        found: s(found),
    };
    let day = ReadinessDay {
        date: s("2026-02-13"),
        trades: 3,
        net_pnl: s("119.1"),
        reconcile_breaks: 0,
        crashes: 1,
        holds: vec![s("breaker")],
        unexplained: Some(0),
        net_difference: Some(s("-2")),
        slippage_r: Some(s("0.0200")),
        unprotected: None,
    };
    GetReadinessResponse {
        ledger: ledger(),
        ready: false,
        criteria: vec![
            criterion("sessions", ReadinessVerdict::NotMet, "20 sessions to their end", "1 since 2026-02-13"),
            criterion("parity", ReadinessVerdict::Met, "no difference without a reason", "none in 1 sessions"),
            criterion("unprotected", ReadinessVerdict::Unknown, "at most 5.000 s a day", "not measured"),
        ],
        days: vec![day],
    }
}

pub(super) fn metrics() -> GetMetricsResponse {
    let metrics = Metrics {
        trades: 3,
        wins: 2,
        losses: 1,
        sessions: 1,
        win_rate: Some(2.0 / 3.0),
        gross_pnl: s("120.5"),
        fees: s("1.4"),
        net_pnl: s("119.1"),
        sharpe: None,
        sortino: None,
        max_drawdown: s("0"),
        max_drawdown_fraction: Some(0.0),
        average_win: Some(s("80.25")),
        average_loss: Some(s("-41.4")),
        profit_factor: Some(3.875),
        expectancy_r: Some(0.25),
        best_day: Some(DayResult { date: s("2026-02-13"), net_pnl: s("119.1") }),
        worst_day: Some(DayResult { date: s("2026-02-13"), net_pnl: s("119.1") }),
    };
    GetMetricsResponse {
        ledger: ledger(),
        strategies: vec![s("orb-classic")],
        date_from: Some(s("2026-02-13")),
        date_to: Some(s("2026-02-13")),
        metrics: Some(metrics),
    }
}

pub(super) fn no_metrics() -> GetMetricsResponse {
    let zero = || s("0");
    let metrics =
        Metrics { gross_pnl: zero(), fees: zero(), net_pnl: zero(), max_drawdown: zero(), ..Metrics::default() };
    GetMetricsResponse { ledger: ledger(), metrics: Some(metrics), ..GetMetricsResponse::default() }
}

pub(super) fn equity_point() -> EquityPoint {
    EquityPoint {
        date: s("2026-02-13"),
        equity: s("100119.1"),
        realized: s("120.5"),
        fees: s("1.4"),
        net_pnl: s("119.1"),
        drawdown: s("0"),
        daily_return: Some(0.001191),
    }
}

pub(super) fn decision() -> Decision {
    Decision {
        ledger_id: s("sim-1"),
        strategy: s("orb-classic"),
        symbol: s("AAPL"),
        date: s("2026-02-13"),
        reason: s("no_trigger"),
        detail: s("high 189.9, level 190.01"),
    }
}

pub(super) fn log_entry(id: u64) -> LogEntry {
    LogEntry {
        id,
        time: at(31),
        engine_time: at(7),
        severity: Severity::Warn.into(),
        component: Component::RiskManager.into(),
        message: format!("line {id}\nof \u{1b}[31mtwo"),
        fields: [(s("symbol"), s("F")), (s("slots"), s("5"))].into(),
        ledger_id: Some(s("sim-1")),
        strategy: None,
    }
}

pub(super) fn killed(request: &SetKillSwitchRequest, is_complete: bool) -> SetKillSwitchResponse {
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

pub(super) fn paused(request: &PauseEntriesRequest) -> PauseEntriesResponse {
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

pub(super) fn resumed(request: &ResumeEntriesRequest, is_complete: bool) -> ResumeEntriesResponse {
    ResumeEntriesResponse {
        ledger: ledger(),
        request_id: request.request_id.clone(),
        replayed: false,
        state: if is_complete { TradingState::Active } else { TradingState::Halted }.into(),
        holds: if is_complete { Vec::new() } else { status().holds },
        cleared: vec![HoldKind::OperatorPause.into()],
    }
}

pub(super) fn closed(request: &ClosePositionRequest, is_complete: bool) -> ClosePositionResponse {
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

fn order() -> OrderRef {
    OrderRef {
        ledger_id: s("sim-1"),
        strategy: s("orb-classic"),
        symbol: s("AAPL"),
        client_order_id: s("2026-02-13-orb-classic-AAPL-1-entry"),
        broker_order_id: None,
    }
}

pub(super) fn fill(quantity: i64) -> Fill {
    Fill {
        id: s("f9"),
        ledger_id: s("sim-1"),
        strategy: s("orb-classic"),
        symbol: s("NVDA"),
        side: OrderSide::Sell.into(),
        quantity,
        price: s("101.28"),
        fee: None,
        time: at(31),
        client_order_id: s("2026-02-13-orb-classic-NVDA-1-close"),
        broker_order_id: Some(s("b9")),
        taken_back_time: None,
    }
}

fn closed_position(quantity: i64) -> ClosedPosition {
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

fn remaining_position() -> RemainingPosition {
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

fn alarm() -> Alarm {
    Alarm {
        id: s("a1"),
        code: s("stop_uncovered"),
        symbol: Some(s("NVDA")),
        message: s("40 shares of NVDA have no stop: close them"),
        since: at(29),
        acknowledged_by: None,
        acknowledged_time: None,
    }
}

pub(super) fn acknowledged(request: &AcknowledgeAlarmsRequest) -> AcknowledgeAlarmsResponse {
    let alarms = vec![Alarm { acknowledged_by: Some(s("operator")), acknowledged_time: at(31), ..alarm() }];
    AcknowledgeAlarmsResponse { ledger: ledger(), request_id: request.request_id.clone(), replayed: false, alarms }
}

pub(super) fn entry_order() -> Order {
    Order {
        ledger_id: s("sim-1"),
        client_order_id: s("2026-02-13-orb-classic-NVDA-1-entry"),
        strategy: s("orb-classic"),
        symbol: s("NVDA"),
        date: s("2026-02-13"),
        role: OrderRole::Entry.into(),
        side: OrderSide::Buy.into(),
        r#type: s("limit"),
        quantity: 100,
        price: Some(s("101.52")),
        status: OrderStatus::Filled.into(),
        filled_quantity: 100,
        fill_price: Some(s("101.5")),
        create_time: at(7),
        update_time: at(8),
        signal_id: s("s1"),
        ..Order::default()
    }
}

pub(super) fn universe_entry() -> UniverseEntry {
    UniverseEntry {
        strategy: s("orb-classic"),
        symbol: s("AAPL"),
        state: UniverseState::Excluded.into(),
        features: Some(Features { relative_volume: Some(s("0.8")), rank: Some(21), ..Features::default() }),
        range: None,
        side: None,
        reason: Some(s("rvol")),
        detail: s("0.8 is below 1"),
    }
}

pub(super) fn audit_entry() -> AuditEntry {
    AuditEntry {
        ledger_id: s("sim-1"),
        number: 4,
        time: at(30),
        actor: s("operator"),
        command: s("kill"),
        reason: s("news"),
        accepted: true,
        result: s("HALTED, 1 entry cancelled"),
        request_id: s("r1"),
    }
}

pub(super) fn cancelled(request: &CancelOrderRequest, is_complete: bool) -> CancelOrderResponse {
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

pub(super) fn all_cancelled(request: &CancelAllOrdersRequest, is_complete: bool) -> CancelAllOrdersResponse {
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

fn risk(daily_loss_fraction: &str, max_positions: u32) -> Option<RiskLimits> {
    Some(RiskLimits { daily_loss_fraction: s(daily_loss_fraction), max_positions })
}

pub(super) fn limits() -> GetRiskLimitsResponse {
    GetRiskLimitsResponse {
        ledger: ledger(),
        in_force: risk("0.05", 5),
        next_session: None,
        ceiling: risk("0.1", 10),
        loss_limit: status().loss_limit,
    }
}

pub(super) fn limits_set(request: &SetRiskLimitsRequest) -> SetRiskLimitsResponse {
    SetRiskLimitsResponse {
        ledger: ledger(),
        request_id: request.request_id.clone(),
        replayed: false,
        in_force: risk(&request.daily_loss_fraction, 5),
        next_session: risk(&request.daily_loss_fraction, request.max_positions.unwrap_or(5)),
    }
}

pub(super) fn all_closed(request: &CloseAllPositionsRequest, is_complete: bool) -> CloseAllPositionsResponse {
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

pub(super) fn explained() -> ExplainSymbolResponse {
    let verdict = |rule: &str, value: &str, bound: &str, reason: Option<&str>| Verdict {
        rule: s(rule),
        value: Some(s(value)),
        bound: Some(s(bound)),
        passed: reason.is_none(),
        reason: reason.map(s),
    };
    let explanation = Explanation {
        ledger_id: s("sim-1"),
        strategy: s("orb-classic"),
        symbol: s("NVDA"),
        date: s("2026-02-13"),
        settled_time: at(5),
        conclusion: Conclusion::NoTrade.into(),
        reason: Some(s("relative_volume_too_low")),
        detail: s("0.8 of 1"),
        range: universe_entry().range,
        features: universe_entry().features,
        verdicts: vec![
            verdict("price", "101.2", "5", None),
            verdict("relative_volume", "0.8", "1", Some("relative_volume_too_low")),
        ],
        size: vec![NamedFigure { name: s("shares_by_risk"), value: s("57") }],
        summary: s(
            "orb-classic did not trade NVDA on 2026-02-13: its volume was 0.8 times the usual, and 1 is asked for.",
        ),
        ..Explanation::default()
    };
    let second =
        Explanation { strategy: s("orb-etf"), summary: s("orb-etf does not look at NVDA."), ..explanation.clone() };
    ExplainSymbolResponse { ledger: ledger(), explanations: vec![explanation, second], signals: vec![signal()] }
}

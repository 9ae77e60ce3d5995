//! What there is at this moment.

use orb_api::v1::*;

use super::*;

pub(in crate::fake) fn day_pnl() -> Option<DayPnl> {
    Some(DayPnl { realized: s("120.5"), unrealized: s("-20"), fees: s("1.4"), net: s("99.1") })
}

pub(in crate::fake) fn status() -> GetStatusResponse {
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
        last_reconcile_time: at(30),
    }
}

pub(in crate::fake) fn account() -> GetAccountResponse {
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

pub(in crate::fake) fn position() -> Position {
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

pub(super) fn alarm() -> Alarm {
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

pub(super) fn risk(daily_loss_fraction: &str, max_positions: u32) -> Option<RiskLimits> {
    Some(RiskLimits { daily_loss_fraction: s(daily_loss_fraction), max_positions })
}

pub(in crate::fake) fn limits() -> GetRiskLimitsResponse {
    GetRiskLimitsResponse {
        ledger: ledger(),
        in_force: risk("0.05", 5),
        next_session: None,
        ceiling: risk("0.1", 10),
        loss_limit: status().loss_limit,
    }
}

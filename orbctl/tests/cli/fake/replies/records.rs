//! What is recorded.

use orb_api::v1::*;

use super::*;

pub(in crate::fake) fn signal() -> Signal {
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

pub(in crate::fake) fn rejected() -> Signal {
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

pub(in crate::fake) fn trades() -> Vec<Trade> {
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

pub(in crate::fake) const TRADES_CSV: &str = "strategy,symbol,date,side,quantity,entry_time,entry_price,exit_time,exit_price,\
    exit_reason,gross_pnl,fees,net_pnl,r_multiple\n\
    orb-classic,F,2026-02-13,short,1000,2026-02-13T14:36:00Z,12.005,2026-02-13T14:50:00Z,11.9,target,105,7,98,2.1\n";

pub(in crate::fake) fn decision() -> Decision {
    Decision {
        ledger_id: s("sim-1"),
        strategy: s("orb-classic"),
        symbol: s("AAPL"),
        date: s("2026-02-13"),
        reason: s("no_trigger"),
        detail: s("high 189.9, level 190.01"),
    }
}

pub(in crate::fake) fn log_entry(id: u64) -> LogEntry {
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

pub(in crate::fake) fn fill(quantity: i64) -> Fill {
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

pub(in crate::fake) fn entry_order() -> Order {
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

pub(in crate::fake) fn universe_entry() -> UniverseEntry {
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

pub(in crate::fake) fn audit_entry() -> AuditEntry {
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

pub(in crate::fake) fn explained() -> ExplainSymbolResponse {
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

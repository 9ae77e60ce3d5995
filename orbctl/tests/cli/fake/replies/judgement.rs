//! What the days came to.

use orb_api::v1::*;

use super::*;

pub(in crate::fake) fn parity() -> GetParityReportResponse {
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

pub(in crate::fake) fn readiness() -> GetReadinessResponse {
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

pub(in crate::fake) fn metrics() -> GetMetricsResponse {
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

pub(in crate::fake) fn no_metrics() -> GetMetricsResponse {
    let zero = || s("0");
    let metrics =
        Metrics { gross_pnl: zero(), fees: zero(), net_pnl: zero(), max_drawdown: zero(), ..Metrics::default() };
    GetMetricsResponse { ledger: ledger(), metrics: Some(metrics), ..GetMetricsResponse::default() }
}

pub(in crate::fake) fn equity_point() -> EquityPoint {
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

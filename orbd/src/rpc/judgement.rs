//! Reports of days and of readiness in the words of the wire.

use orb_api::v1;

use super::convert;
use crate::parity::{Note, ParityFigures, ParityReport, TradeParity, UnmatchedTrade};
use crate::readiness::{Judgement, Readiness, ReadyDay};
use crate::store::ParityRow;
use crate::trades_csv::four_decimals;

/// Converts a day's comparison with its backtest.
pub(super) fn parity(row: &ParityRow, report: ParityReport) -> v1::ParityReport {
    let ParityReport { date, build, figures, trades, missed, extra, signals, decisions, ledger_id: _ } = report;
    v1::ParityReport {
        date: convert::date(date),
        build,
        made_time: Some(convert::instant(row.at)),
        figures: Some(key_figures(figures)),
        trades: trades.into_iter().map(trade).collect(),
        missed: missed.into_iter().map(unmatched).collect(),
        extra: extra.into_iter().map(unmatched).collect(),
        signals: signals.into_iter().map(note).collect(),
        decisions: decisions.into_iter().map(note).collect(),
    }
}

fn key_figures(figures: ParityFigures) -> v1::ParityFigures {
    v1::ParityFigures {
        bars: figures.bars,
        signals_expected: figures.signals_expected,
        signals_found: figures.signals_found,
        signals_identical: figures.signals_identical,
        trades_expected: figures.trades_expected,
        trades_found: figures.trades_found,
        trades_both: figures.trades_both,
        trades_equal: figures.trades_equal,
        trades_open: figures.trades_open,
        missed: figures.missed,
        extra: figures.extra,
        differences: figures.differences,
        unexplained: figures.unexplained,
        net_pnl: figures.net,
        net_pnl_pessimistic: figures.net_pessimistic,
        net_pnl_optimistic: figures.net_optimistic,
        fees: figures.fees,
        fees_expected: figures.fees_expected,
        slippage: figures.slippage,
        slippage_r: figures.slippage_r,
    }
}

fn trade(trade: TradeParity) -> v1::ParityTrade {
    v1::ParityTrade {
        strategy: trade.strategy,
        symbol: trade.symbol,
        side: trade.side,
        quantity: trade.quantity,
        quantity_expected: trade.quantity_expected,
        entry_price: trade.entry_price,
        entry_expected: trade.entry_expected,
        entry_ticks: trade.entry_ticks,
        exit_price: trade.exit_price,
        exit_expected: trade.exit_expected,
        exit_ticks: trade.exit_ticks,
        exit_reason: trade.exit_reason,
        exit_reason_expected: trade.exit_reason_expected,
        slippage: trade.slippage,
        slippage_r: trade.slippage_r,
        fees: trade.fees,
        fees_expected: trade.fees_expected,
        net_pnl: trade.net,
        net_pnl_pessimistic: trade.net_pessimistic,
        net_pnl_optimistic: trade.net_optimistic,
        differences: trade.differences.into_iter().map(note).collect(),
    }
}

fn unmatched(trade: UnmatchedTrade) -> v1::UnmatchedTrade {
    let UnmatchedTrade { strategy, symbol, side, quantity, net, reason, why } = trade;
    v1::UnmatchedTrade { strategy, symbol, side, quantity, net_pnl: net, reason, why }
}

fn note(note: Note) -> v1::ParityNote {
    let Note { strategy, symbol, what, why } = note;
    v1::ParityNote { strategy, symbol, what, why }
}

/// Converts what the sessions say.
pub(super) fn readiness(ledger: Option<v1::Ledger>, readiness: Readiness) -> v1::GetReadinessResponse {
    let ready = readiness.is_ready();
    let criteria = readiness.criteria.into_iter().map(|criterion| v1::ReadinessCriterion {
        name: criterion.name.to_owned(),
        verdict: verdict(criterion.verdict).into(),
        wanted: criterion.wanted,
        found: criterion.found,
    });
    let criteria = criteria.collect();
    v1::GetReadinessResponse { ledger, ready, criteria, days: readiness.days.into_iter().map(day).collect() }
}

const fn verdict(judgement: Judgement) -> v1::ReadinessVerdict {
    match judgement {
        Judgement::Met => v1::ReadinessVerdict::Met,
        Judgement::NotMet => v1::ReadinessVerdict::NotMet,
        Judgement::Unknown => v1::ReadinessVerdict::Unknown,
    }
}

fn day(day: ReadyDay) -> v1::ReadinessDay {
    v1::ReadinessDay {
        date: convert::date(day.date),
        trades: day.trades,
        net_pnl: convert::money(day.net),
        reconcile_breaks: day.reconcile_breaks,
        crashes: day.crashes,
        holds: day.holds.into_iter().map(ToOwned::to_owned).collect(),
        unexplained: day.parity.map(|parity| parity.unexplained),
        net_difference: day.parity.map(|parity| convert::money(parity.net_difference)),
        slippage_r: day.parity.map(|parity| four_decimals(parity.slippage_r_e4)),
        unprotected: day.unprotected.map(|span| orb_api::time::duration_from_micros(span.micros())),
    }
}

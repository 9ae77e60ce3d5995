//! The files of a backtest: trades, decisions, equity.

use crate::trades_csv::{TradeNames, header, line, trade_line};
use orb_backtest::Report;
use orb_core::fact::Trade;
use orb_core::metrics::DayResult;
use orb_core::{RunConfig, StrategyId, SymbolId, SymbolTable};

/// Columns of the days, in order.
pub(super) const EQUITY_COLUMNS: [&str; 5] = ["date", "equity", "realized", "fees", "drawdown"];

/// Gives names to the numbers of a run.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The symbols.
    pub symbols: &'a SymbolTable,
    /// The strategies.
    pub run: &'a RunConfig,
}

impl Names<'_> {
    pub(super) fn symbol(&self, id: SymbolId) -> &str {
        self.symbols.name(id).as_str()
    }

    pub(super) fn strategy(&self, id: StrategyId) -> &str {
        &self.run.strategy(id).name
    }
}

/// Renders closed trades as CSV, a header first.
#[must_use]
pub fn trades_csv<'a>(trades: impl IntoIterator<Item = &'a Trade>, names: Names<'_>) -> Vec<u8> {
    let lines = trades.into_iter().map(|trade| {
        let (strategy, symbol) = (names.strategy(trade.attempt.strategy), names.symbol(trade.attempt.symbol));
        trade_line(TradeNames { strategy, symbol, date: trade.attempt.date }, trade)
    });
    core::iter::once(header()).chain(lines).collect::<String>().into_bytes()
}

/// Renders the reasons for which symbols were not traded as CSV, a header first.
#[must_use]
pub fn decisions_csv(report: &Report, names: Names<'_>) -> Vec<u8> {
    let rows = report.decisions.iter().map(|decision| {
        let attempt = decision.attempt;
        vec![
            names.strategy(attempt.strategy).to_owned(),
            names.symbol(attempt.symbol).to_owned(),
            attempt.date.to_string(),
            decision.reason.code().to_owned(),
            decision.detail.clone(),
        ]
    });
    table(&["strategy", "symbol", "date", "reason", "detail"], rows)
}

/// Renders the days as CSV, a header first.
#[must_use]
pub fn equity_csv(days: &[DayResult]) -> Vec<u8> {
    let rows = days.iter().map(|day| {
        vec![
            day.date.to_string(),
            day.equity.to_string(),
            day.realized.to_string(),
            day.fees.to_string(),
            day.drawdown.to_string(),
        ]
    });
    table(&EQUITY_COLUMNS, rows)
}

fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let header: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
    core::iter::once(header).chain(rows).map(|row| line(&row)).collect::<String>().into_bytes()
}

//! The files of a backtest: trades, decisions, equity.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use orb_backtest::Report;
use orb_core::fact::Trade;
use orb_core::metrics::DayResult;
use orb_core::{RunConfig, StrategyId, SymbolId, SymbolTable};

/// Gives names to the numbers of a run.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The symbols.
    pub symbols: &'a SymbolTable,
    /// The strategies.
    pub run: &'a RunConfig,
}

impl Names<'_> {
    fn symbol(&self, id: SymbolId) -> &str {
        self.symbols.name(id).as_str()
    }

    fn strategy(&self, id: StrategyId) -> &str {
        &self.run.strategy(id).name
    }
}

/// Explains why a file could not be written; what stood there before is untouched.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}; choose a folder that exists and that you may write to", path.display())]
pub struct OutputError {
    /// The file.
    pub path: PathBuf,
    /// What went wrong.
    pub source: io::Error,
}

/// Columns of the trades file.
pub const TRADE_COLUMNS: [&str; 14] = [
    "strategy",
    "symbol",
    "date",
    "side",
    "quantity",
    "entry_time",
    "entry_price",
    "exit_time",
    "exit_price",
    "exit_reason",
    "gross_pnl",
    "fees",
    "net_pnl",
    "r_multiple",
];

/// Renders closed trades as CSV, a header first.
#[must_use]
pub fn trades_csv<'a>(trades: impl IntoIterator<Item = &'a Trade>, names: Names<'_>) -> Vec<u8> {
    table(&TRADE_COLUMNS, trades.into_iter().map(|trade| trade_row(trade, names)))
}

fn trade_row(trade: &Trade, names: Names<'_>) -> Vec<String> {
    let attempt = trade.attempt;
    vec![
        names.strategy(attempt.strategy).to_owned(),
        names.symbol(attempt.symbol).to_owned(),
        attempt.date.to_string(),
        trade.side.to_string(),
        trade.entered.to_string(),
        trade.entry_time.to_string(),
        trade.entry_price().to_string(),
        trade.exit_time.map(|time| time.to_string()).unwrap_or_default(),
        trade.exit_price().map(|price| price.to_string()).unwrap_or_default(),
        trade.exit_reason.map(|reason| reason.code().to_owned()).unwrap_or_default(),
        trade.gross().to_string(),
        trade.fees.to_string(),
        trade.net().to_string(),
        trade.r_multiple_e4().map(four_decimals).unwrap_or_default(),
    ]
}

/// Writes a number of ten-thousandths with four decimals.
#[must_use]
pub fn four_decimals(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{:04}", value.unsigned_abs() / 10_000, value.unsigned_abs() % 10_000)
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
    table(&["date", "equity", "realized", "fees", "drawdown"], rows)
}

fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = writer.write_record(columns);
    let body: Result<Vec<()>, _> = rows.map(|row| writer.write_record(row)).collect();
    header.and(body).expect("writing rows of one width to memory does not fail");
    writer.into_inner().expect("flushing to memory does not fail")
}

/// Writes a file whole or not at all: beside its place first, then moved there.
///
/// # Errors
/// When the folder is not there or may not be written to.
pub fn save(path: &Path, content: &[u8]) -> Result<(), OutputError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = fs::write(&part, content).and_then(|()| fs::rename(&part, path));
    written.map_err(|source| {
        // Nothing may stay behind; the first error is the one to tell.
        let _ = fs::remove_file(&part);
        OutputError { path: path.to_owned(), source }
    })
}

//! Results as files: the same rows as CSV, JSON, JSON lines or Parquet, as the file's extension says.

mod json;
mod parquet;
mod table;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use orb_backtest::Report;
use orb_core::explain::Explanation;
use orb_core::fact::Trade;
use orb_core::metrics::DayResult;

use super::output::{Names, decisions_csv, equity_csv, trades_csv};
use crate::explained::{self, ExplainedNames};

/// Names the forms that results can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultFormat {
    /// Comma-separated values, a header first.
    Csv,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    JsonLines,
    /// Parquet, compressed with zstd.
    Parquet,
}

/// Explains why results cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The extension names no format.
    #[error("{flag}: {} names no format: give it the extension .csv, .json, .jsonl or .parquet", path.display())]
    WrongExtension {
        /// The flag.
        flag: &'static str,
        /// The path as given.
        path: PathBuf,
    },
    /// The extension names no format that decisions have.
    #[error(
        "--decisions: {} names no format: give it .csv for a short row of each day without a trade, or .jsonl or \
         .json for the whole reckoning of every day", path.display()
    )]
    WrongDecisions {
        /// The path as given.
        path: PathBuf,
    },
    /// The rows do not fit the format.
    #[error("{flag}: cannot write the rows as Parquet: write .csv or .jsonl instead")]
    Parquet {
        /// The flag.
        flag: &'static str,
        /// What the encoder said.
        source: ::parquet::errors::ParquetError,
    },
}

/// Returns the format of the decisions by their file's extension; only the short rows of CSV need no explanations.
///
/// # Errors
/// Names the extensions that there are.
pub fn decisions_format(path: &Path) -> Result<ResultFormat, ResultError> {
    match ResultFormat::of("--decisions", path) {
        Ok(format) if format != ResultFormat::Parquet => Ok(format),
        Ok(_) | Err(_) => Err(ResultError::WrongDecisions { path: path.to_owned() }),
    }
}

/// Renders the decisions in the format of their file: short rows as CSV, else every explanation whole.
///
/// # Errors
/// When the extension names no format of decisions.
pub fn decisions_file(path: &Path, report: &Report, names: Names<'_>) -> Result<Vec<u8>, ResultError> {
    let record = |explanation: &Explanation| {
        let (strategy, symbol) = (explanation.attempt.strategy, explanation.attempt.symbol);
        let (strategy, symbol) = (names.run.strategy(strategy).name.as_str(), names.symbols.name(symbol).as_str());
        explained::record(explanation, ExplainedNames { strategy, symbol })
    };
    let records = || report.explanations.iter().map(record);
    Ok(match decisions_format(path)? {
        ResultFormat::JsonLines => records().map(|record| format!("{record}\n")).collect::<String>().into_bytes(),
        ResultFormat::Json => format!("{:#}\n", serde_json::Value::Array(records().collect())).into_bytes(),
        ResultFormat::Csv | ResultFormat::Parquet => decisions_csv(report, names),
    })
}

impl ResultFormat {
    /// Returns the format of a file by its extension, whatever the case; a terminal or a pipe without one takes CSV.
    ///
    /// # Errors
    /// Names the extensions that there are.
    pub fn of(flag: &'static str, path: &Path) -> Result<Self, ResultError> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            Some("jsonl") => Ok(Self::JsonLines),
            Some("parquet") => Ok(Self::Parquet),
            None if super::files::is_device(path) => Ok(Self::Csv),
            Some(_) | None => Err(ResultError::WrongExtension { flag, path: path.to_owned() }),
        }
    }
}

/// Renders closed trades for a file.
///
/// # Errors
/// When the extension names no format, or the rows do not fit it.
pub fn trades_file(path: &Path, trades: &[Trade], names: Names<'_>) -> Result<Vec<u8>, ResultError> {
    let flag = "--trades";
    match ResultFormat::of(flag, path)? {
        ResultFormat::Csv => Ok(trades_csv(trades, names)),
        ResultFormat::Json => Ok(json::array(&table::trades(trades, names))),
        ResultFormat::JsonLines => Ok(json::lines(&table::trades(trades, names))),
        ResultFormat::Parquet => {
            parquet::encoded(&table::trades(trades, names)).map_err(|source| ResultError::Parquet { flag, source })
        }
    }
}

/// Renders the days for a file.
///
/// # Errors
/// When the extension names no format, or the rows do not fit it.
pub fn equity_file(path: &Path, days: &[DayResult]) -> Result<Vec<u8>, ResultError> {
    let flag = "--equity";
    match ResultFormat::of(flag, path)? {
        ResultFormat::Csv => Ok(equity_csv(days)),
        ResultFormat::Json => Ok(json::array(&table::days(days))),
        ResultFormat::JsonLines => Ok(json::lines(&table::days(days))),
        ResultFormat::Parquet => {
            parquet::encoded(&table::days(days)).map_err(|source| ResultError::Parquet { flag, source })
        }
    }
}

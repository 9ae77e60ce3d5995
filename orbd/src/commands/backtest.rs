//! `orbd backtest`: trades recorded bars under both fill models.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use orb_backtest::FillModel;
use orb_core::Date;

use super::SettingArgs;
use crate::backtest::{self, Names, Output, OutputError, Selection, Summary};

/// Trade recorded bars and print what came of it, under both fill models.
#[derive(Args, Clone, Debug)]
pub struct BacktestArgs {
    /// Bars to trade: files or folders of CSV, CSV.gz or Parquet with symbol,ts,open,high,low,close,volume
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub bars: Vec<PathBuf>,
    /// Bars for features only (previous close, ATR14, relative volume)
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub warmup: Vec<PathBuf>,
    #[command(flatten)]
    settings: SettingArgs,
    /// First date to trade, YYYY-MM-DD; earlier bars still serve the features
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// Last date to trade, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
    /// Which model the files show; the summary shows both
    #[arg(long, value_enum, default_value = "pessimistic")]
    pub fill_model: FillModelArg,
    /// Write the closed trades here (CSV)
    #[arg(long, value_name = "OUT.csv")]
    pub trades: Option<PathBuf>,
    /// Write the equity of each session here (CSV)
    #[arg(long, value_name = "OUT.csv")]
    pub equity: Option<PathBuf>,
    /// Write why each symbol was not traded on each day here (CSV)
    #[arg(long, value_name = "OUT.csv")]
    pub decisions: Option<PathBuf>,
    /// Print the summary as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Names a fill model on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FillModelArg {
    /// Every touch of the stop inside the entry's bar is a stop-out
    Pessimistic,
    /// Only a touch that certainly follows the entry
    Optimistic,
}

impl From<FillModelArg> for FillModel {
    fn from(model: FillModelArg) -> Self {
        match model {
            FillModelArg::Pessimistic => Self::Pessimistic,
            FillModelArg::Optimistic => Self::Optimistic,
        }
    }
}

/// Runs the command and returns what is to be printed.
///
/// # Errors
/// Names the file, line, key or flag at fault; nothing has been written then.
pub fn run(args: &BacktestArgs) -> anyhow::Result<String> {
    let mut config = args.settings.resolve()?;
    args.check_outputs()?;
    let (bars, warmup) = (args.bars.clone(), args.warmup.clone());
    let selection = Selection { bars, warmup, from: args.from, to: args.to };
    let (coverage, reports) = backtest::run_streamed(&selection, &mut config)?;
    let model = FillModel::from(args.fill_model);
    let report = reports.of(model);
    let names = Names { symbols: &coverage.symbols, run: &config };
    let files = [
        args.trades.as_deref().map(|path| (path, backtest::trades_csv(&report.trades, names))),
        args.decisions.as_deref().map(|path| (path, backtest::decisions_csv(report, names))),
        args.equity.as_deref().map(|path| (path, backtest::equity_csv(&report.days))),
    ];
    backtest::save_all(&files.into_iter().flatten().collect::<Vec<_>>())?;
    let summary = Summary::of(&coverage, &config, &reports, model);
    Ok(if args.json { format!("{}\n", summary.to_json()) } else { backtest::render(&summary) })
}

impl BacktestArgs {
    /// Checks where the files are to go, before anything is read.
    fn check_outputs(&self) -> Result<(), OutputError> {
        let wanted = [("--trades", &self.trades), ("--decisions", &self.decisions), ("--equity", &self.equity)];
        let outputs: Vec<_> =
            wanted.iter().filter_map(|&(flag, path)| Some(Output { flag, path: path.as_deref()? })).collect();
        let inputs: Vec<_> = self.bars.iter().chain(&self.warmup).map(PathBuf::as_path).collect();
        backtest::check_outputs(&outputs, &inputs)
    }
}

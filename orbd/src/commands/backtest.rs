//! `orbd backtest`: trades recorded bars under both fill models.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use orb_backtest::FillModel;
use orb_core::{Date, RunConfig};

use super::SettingArgs;
use crate::backtest::{
    self, Coverage, InputError, Market, Names, Output, PageSource, Reports, ResultError, ResultFormat, RunOptions,
    Selection, Summary,
};
use crate::progress::Progress;

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
    /// Write the closed trades here (.csv, .json, .jsonl or .parquet)
    #[arg(long, value_name = "OUT")]
    pub trades: Option<PathBuf>,
    /// Write the equity of each session here (.csv, .json, .jsonl or .parquet)
    #[arg(long, value_name = "OUT")]
    pub equity: Option<PathBuf>,
    /// Write decisions here: .csv for why each symbol was not traded on each day, .jsonl or .json for the whole
    /// reckoning of every symbol's day
    #[arg(long, value_name = "OUT")]
    pub decisions: Option<PathBuf>,
    /// Write a page with figures, charts and everything needed to repeat the run here (HTML)
    #[arg(long, value_name = "OUT.html")]
    pub report: Option<PathBuf>,
    /// Show no progress; without a terminal on standard error there is none anyway
    #[arg(long, short)]
    pub quiet: bool,
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
    let Ran { coverage, reports, market } = args.trade(&selection, &mut config)?;
    let model = FillModel::from(args.fill_model);
    let report = reports.of(model);
    let names = Names { symbols: &coverage.symbols, run: &config };
    let page = market.map(|market| {
        let command = &command_line(std::env::args_os());
        backtest::report_html(PageSource { market: &market, run: &config, reports: &reports, shown: model, command })
    });
    let page = page.transpose()?;
    let files = [
        args.report.as_deref().zip(page).map(|(path, page)| Ok((path, page.into_bytes()))),
        args.trades.as_deref().map(|path| Ok((path, backtest::trades_file(path, &report.trades, names)?))),
        args.decisions.as_deref().map(|path| Ok((path, backtest::decisions_file(path, report, names)?))),
        args.equity.as_deref().map(|path| Ok((path, backtest::equity_file(path, &report.days)?))),
    ];
    backtest::save_all(&files.into_iter().flatten().collect::<Result<Vec<_>, ResultError>>()?)?;
    let summary = Summary::of(&coverage, &config, &reports, model);
    Ok(if args.json { format!("{}\n", summary.to_json()) } else { backtest::render(&summary) })
}

/// Holds what came of the bars, and the bars themselves where a page is to draw some of them.
struct Ran {
    coverage: Coverage,
    reports: Reports,
    market: Option<Market>,
}

impl BacktestArgs {
    /// Trades the bars while they are being read; for a page all of them are kept in memory.
    fn trade(&self, selection: &Selection, config: &mut RunConfig) -> Result<Ran, InputError> {
        let reading = Progress::open_ended("trading", self.quiet);
        let explained = self.explains().then(|| self.fill_model.into());
        if self.report.is_none() {
            let (coverage, reports) =
                backtest::run_streamed(selection, config, RunOptions { progress: &reading, explained })?;
            reading.finish();
            return Ok(Ran { coverage, reports, market: None });
        }
        let market = backtest::load(selection, config)?;
        reading.finish();
        let running = Progress::steps("trading", 2 * market.days.len(), self.quiet);
        let reports = backtest::run_both(&market, config, RunOptions { progress: &running, explained });
        running.finish();
        Ok(Ran { coverage: market.coverage(), reports, market: Some(market) })
    }

    /// Tells whether the whole reckoning of every day is asked for.
    fn explains(&self) -> bool {
        let format = self.decisions.as_deref().map(backtest::decisions_format);
        matches!(format, Some(Ok(ResultFormat::Json | ResultFormat::JsonLines)))
    }

    /// Checks where the files are to go, before anything is read.
    fn check_outputs(&self) -> anyhow::Result<()> {
        let wanted = [
            ("--trades", &self.trades),
            ("--decisions", &self.decisions),
            ("--equity", &self.equity),
            ("--report", &self.report),
        ];
        let outputs: Vec<_> =
            wanted.iter().filter_map(|&(flag, path)| Some(Output { flag, path: path.as_deref()? })).collect();
        let inputs: Vec<_> = self.bars.iter().chain(&self.warmup).map(PathBuf::as_path).collect();
        backtest::check_outputs(&outputs, &inputs)?;
        for Output { flag, path } in outputs.into_iter().filter(|output| matches!(output.flag, "--trades" | "--equity"))
        {
            ResultFormat::of(flag, path)?;
        }
        self.decisions.as_deref().map(backtest::decisions_format).transpose()?;
        Ok(())
    }
}

/// Writes a command line so that a shell reads the same words again.
fn command_line(words: impl IntoIterator<Item = OsString>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+.,:/@%".contains(c);
    let quoted = |word: OsString| {
        let word = word.to_string_lossy().into_owned();
        if !word.is_empty() && word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
    };
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_command_line_again() {
        let words = ["orbd", "--set", "name=a b", "it's", ""].map(OsString::from);
        assert_eq!(command_line(words), "orbd --set 'name=a b' 'it'\\''s' ''");
    }
}

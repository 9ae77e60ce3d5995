//! `orbd parity`: a stored day beside the backtest of its own bars.

use clap::Args;
use orb_core::Date;

use super::ledger_args::LedgerArgs;
use crate::parity;

/// Compare a stored day with the backtest of its own bars: signals, fills against both fill models, slippage, costs.
///
/// `orbd run` and the demo do this after each session and keep it: `orbctl parity` shows it.
#[derive(Args, Clone, Debug)]
pub struct ParityArgs {
    /// The day, YYYY-MM-DD in New York
    pub date: Date,
    #[command(flatten)]
    records: LedgerArgs,
    /// Keep the report in the records, in the place of an earlier one
    #[arg(long)]
    pub store: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command; returns what it prints.
///
/// # Errors
/// Names the flag at fault, or tells why the day cannot be compared.
pub fn run(args: &ParityArgs) -> anyhow::Result<String> {
    let records = args.records.open(args.date)?;
    let report = parity::compare(&records.reader, args.date)?.report;
    if args.store {
        parity::keep(&records.url, &records.reader, &report)?;
    }
    Ok(if args.json { format!("{}\n", serde_json::to_string(&report)?) } else { report.lines() })
}

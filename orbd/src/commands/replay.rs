//! `orbd replay`: a stored day once more, effect by effect.

use std::process::ExitCode;

use clap::Args;
use orb_core::Date;

use super::ledger_args::LedgerArgs;
use crate::replay;

/// Run a stored day through this engine once more and compare what it does with what was recorded.
///
/// Everything comes from the journal: nothing of the present configuration is read, and nobody is asked.
///
/// Exit codes: 0 when every effect is as it was, or, for a day that another build recorded, when every decision is; 1 when
/// something differs or cannot be read; 2 for wrong usage.
#[derive(Args, Clone, Debug)]
pub struct ReplayArgs {
    /// The day, YYYY-MM-DD in New York
    pub date: Date,
    #[command(flatten)]
    records: LedgerArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command; returns what it prints and its exit code.
///
/// # Errors
/// Names the flag at fault, or tells why the day cannot be replayed.
pub fn run(args: &ReplayArgs) -> anyhow::Result<(String, ExitCode)> {
    let reader = args.records.open(args.date)?.reader;
    let found = replay::replay_day(&reader, args.date)?;
    let (ledger, date) = (reader.ledger_id(), args.date);
    let text = if args.json { format!("{}\n", found.json(ledger, date)) } else { found.lines(ledger, date) };
    Ok((text, if found.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

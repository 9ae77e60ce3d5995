//! `orbd data`: keeps bars in one place, for backtests, sweeps and the features of live days.

mod fetch;
mod import;
mod shown;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use orb_data::Dataset;

use self::fetch::FetchArgs;
use self::import::ImportArgs;
use self::shown::{ShownCompacted, ShownStatus, ShownVerified, print};
use super::report::Report;

/// Keep bars in a dataset: a folder with the Parquet files of each session, checked and repeatable.
///
/// A dataset is given to `orbd backtest --bars` and `orbd sweep --bars` as any other folder.
///
/// Exit codes: 0 when all is done and in order, 1 when not, 2 for wrong usage.
#[derive(Args, Clone, Debug)]
pub struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum DataCommand {
    /// Load the bars of past sessions from Alpaca; the same command goes on where it was interrupted
    Fetch(FetchArgs),
    /// Take in bars from CSV, CSV.gz or Parquet files
    Import(ImportArgs),
    /// Tell what a dataset has and what is missing
    Status(FolderArgs),
    /// Read everything and tell what is not as it was written
    Verify(FolderArgs),
    /// Make one file of each session's files, and remove what interrupted work left behind
    Compact(FolderArgs),
}

#[derive(Args, Clone, Debug)]
struct FolderArgs {
    /// The dataset
    #[arg(value_name = "DATASET")]
    folder: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Names the file, row or flag at fault and the remedy.
pub fn run(args: &DataArgs) -> anyhow::Result<Report> {
    let calendar = orb_data::nyse_calendar(2005, 2100);
    match &args.command {
        DataCommand::Fetch(args) => fetch::run(args, &calendar),
        DataCommand::Import(args) => import::run(args, &calendar),
        DataCommand::Status(FolderArgs { folder, json }) => {
            let status = Dataset::open(folder)?.status(&calendar)?;
            print(&ShownStatus::of(folder, &status), *json)
        }
        DataCommand::Verify(FolderArgs { folder, json }) => {
            let verified = Dataset::open(folder)?.verify(&calendar)?;
            print(&ShownVerified::of(folder, &verified), *json)
        }
        DataCommand::Compact(FolderArgs { folder, json }) => {
            let compacted = Dataset::open_to_change(folder)?.compact(&calendar)?;
            print(&ShownCompacted::of(folder, compacted), *json)
        }
    }
}

//! `orbd data import`: bars from files.

use std::path::PathBuf;

use clap::Args;
use orb_core::Calendar;
use orb_data::bars::{LoadOptions, SessionBars, load};
use orb_data::dataset::{Conflict, Dataset, Feed};

use super::shown::{ShownImported, print};
use crate::commands::Report;
use crate::progress::Progress;

#[derive(Args, Clone, Debug)]
pub(super) struct ImportArgs {
    /// The dataset; made if there is none
    #[arg(value_name = "DATASET")]
    folder: PathBuf,
    /// Files or folders of CSV, CSV.gz or Parquet, with the columns that `orbd backtest` takes
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    bars: Vec<PathBuf>,
    /// Where the bars were recorded: sip, iex or other; a dataset is of one feed
    #[arg(long, value_name = "FEED", default_value = "other")]
    feed: Feed,
    /// Take the new bar where the dataset has another one
    #[arg(long)]
    replace: bool,
    /// Show no progress
    #[arg(long)]
    quiet: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ImportArgs, calendar: &Calendar) -> anyhow::Result<Report> {
    let bars = load(&args.bars, LoadOptions::new(calendar))?;
    let mut dataset = Dataset::open_or_create(&args.folder, args.feed, bars.bar_length())?;
    let conflict = if args.replace { Conflict::Replace } else { Conflict::Refuse };
    let progress = Progress::steps("importing", bars.sessions().len(), args.quiet);
    let mut changed = Vec::new();
    let imported = dataset.import(&bars, calendar, conflict, |date, imported| {
        if imported.sessions > 0 {
            changed.push(date);
        }
        progress.step();
    });
    for session in bars.sessions().iter().map(SessionBars::session) {
        // Of a session that was changed everything is summed up again; of the others what an interruption left out.
        match changed.binary_search(&session.date) {
            Ok(_) => dataset.derive_again(&session, calendar)?,
            Err(_) => dataset.derive(&session, calendar)?,
        };
    }
    progress.finish();
    print(&ShownImported::of(&args.folder, imported?), args.json)
}

//! `orbctl export`.

mod columnar;
mod progress;
mod transfer;
mod writer;

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use orb_api::v1::TradeStatus;

use super::{equity, fills, logs, signals, trades};
use crate::{
    cli::Global,
    failure::{Failure, note},
    list::List,
    session::Session,
};

/// Writes records to a file, oldest first
///
/// They are read page by page. The file appears only when it is complete, and one that exists
/// is replaced. After an interruption --resume goes on where it ended: nothing comes twice and
/// nothing is missing.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Trades(Trades),
    Fills(Fills),
    Signals(Signals),
    Equity(Equity),
    Logs(Logs),
}

/// Writes closed trades
///
/// The columns of CSV are those of `orbd backtest --trades`; the other formats have all that
/// there are. With --status open trades too.
#[derive(clap::Args, Debug)]
struct Trades {
    #[command(flatten)]
    filter: trades::Filter,
    #[command(flatten)]
    to: Destination,
}

/// Writes fills
#[derive(clap::Args, Debug)]
struct Fills {
    #[command(flatten)]
    filter: fills::Filter,
    #[command(flatten)]
    to: Destination,
}

/// Writes signals and what became of them
#[derive(clap::Args, Debug)]
struct Signals {
    #[command(flatten)]
    filter: signals::Filter,
    #[command(flatten)]
    to: Destination,
}

/// Writes equity and result session by session
#[derive(clap::Args, Debug)]
struct Equity {
    #[command(flatten)]
    filter: equity::Filter,
    #[command(flatten)]
    to: Destination,
}

/// Writes log lines
#[derive(clap::Args, Debug)]
struct Logs {
    #[command(flatten)]
    filter: logs::Filter,
    #[command(flatten)]
    to: Destination,
}

/// Where the records go, and how they are written.
#[derive(clap::Args, Clone, Debug)]
struct Destination {
    /// The file; - is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How the records are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: FileFormat,
    /// Goes on with an export that was interrupted
    #[arg(long)]
    resume: bool,
}

/// How the records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum FileFormat {
    /// Comma-separated values with a header; exact values, times in UTC
    #[default]
    Csv,
    /// One JSON object per line; exact values, times in UTC
    Jsonl,
    /// Typed columns: decimals with six places, times in UTC to the microsecond
    Parquet,
}

impl FileFormat {
    fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}

/// The columns of `orbd backtest --trades` are the first of a trade's.
const BACKTEST_COLUMNS: usize = 14;

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    match args.what {
        What::Trades(mut args) => {
            if args.filter.status.is_empty() {
                args.filter.status.push(TradeStatus::Closed);
            }
            let columns = (args.to.format == FileFormat::Csv).then_some(BACKTEST_COLUMNS);
            write(global, &args.filter, &args.to, columns).await
        }
        What::Fills(args) => write(global, &args.filter, &args.to, None).await,
        What::Signals(args) => write(global, &args.filter, &args.to, None).await,
        What::Equity(args) => write(global, &args.filter, &args.to, None).await,
        What::Logs(args) => write(global, &args.filter, &args.to, None).await,
    }
}

/// `columns`: only so many of the first ones. Absent: all.
async fn write<L: List + std::fmt::Debug>(
    global: &Global,
    list: &L,
    to: &Destination,
    columns: Option<usize>,
) -> Result<(), Failure> {
    list.check()?;
    let is_stream = to.out == Path::new("-");
    if is_stream && to.resume {
        return Err(Failure::usage("--resume needs a file: give --out FILE"));
    }
    if is_stream && to.format == FileFormat::Parquet {
        return Err(Failure::usage("parquet needs a file: give --out FILE"));
    }
    let mut session = Session::open(global).await?;
    if is_stream {
        return transfer::to_printer(&mut session, list, to.format, columns).await;
    }
    let rows = transfer::to_file(&session.client, list, to, columns).await?;
    note(&format!("{rows} {} written to {}", L::NAME, to.out.display()));
    Ok(())
}

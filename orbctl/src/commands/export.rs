//! `orbctl export`.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Subcommand;
use orb_api::v1::{ExportTradesRequest, ExportTradesResponse, Side};
use tonic::Streaming;

use super::filters::{self, Dates, Names, numbers};
use crate::{
    cli::Global,
    failure::{Failure, Kind, note},
    output::Printer,
    session::Session,
};

/// Writes records to a file
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Trades(Trades),
}

/// Writes closed trades as CSV, oldest first
///
/// The columns are those of `orbd backtest --trades`. The file appears only when it is
/// complete; one that exists is replaced.
#[derive(clap::Args, Debug)]
struct Trades {
    /// The file; - is standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    names: Names,
    /// Only these directions, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = filters::side(), ignore_case = true)]
    side: Vec<Side>,
    #[command(flatten)]
    dates: Dates,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let What::Trades(args) = args.what;
    let (date_from, date_to) = args.dates.bounds()?;
    let mut session = Session::open(global).await?;
    let request = ExportTradesRequest {
        symbols: args.names.symbol,
        sides: numbers(&args.side),
        strategies: args.names.strategy,
        date_from,
        date_to,
    };
    let stream = session.client.history().export_trades(request).await;
    let stream = stream.map_err(|status| Failure::from_status("exporting the trades", &status))?.into_inner();
    if args.out == Path::new("-") {
        to_printer(stream, &mut session.printer).await
    } else {
        to_file(stream, &args.out).await
    }
}

async fn to_printer(stream: Streaming<ExportTradesResponse>, printer: &mut Printer) -> Result<(), Failure> {
    copy(stream, |bytes| Ok(printer.raw(bytes)?)).await.map(|_| ())
}

/// Writes beside the file and moves it into place, so that nobody reads half of one.
async fn to_file(stream: Streaming<ExportTradesResponse>, path: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::new(Kind::Local, format!("cannot write {}: {error}", path.display()));
    let partial = partial_path(path);
    let mut file = File::create(&partial).map_err(failed)?;
    let copied = copy(stream, |bytes| file.write_all(bytes).map_err(failed)).await;
    let moved = copied.and_then(|lines| {
        file.sync_all().and_then(|()| fs::rename(&partial, path)).map_err(failed)?;
        Ok(lines)
    });
    match moved {
        Ok(lines) => note(&format!("{} trades written to {}", lines.saturating_sub(1), path.display())),
        // What is left of an export that failed is of no use; that it stays is no second failure.
        Err(_) => drop(fs::remove_file(&partial)),
    }
    moved.map(|_| ())
}

/// Passes the pieces on and returns the number of lines.
async fn copy(
    mut stream: Streaming<ExportTradesResponse>,
    mut write: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<usize, Failure> {
    let mut lines = 0;
    let failed = |status| Failure::from_status("exporting the trades", &status);
    while let Some(piece) = stream.message().await.map_err(failed)? {
        lines += piece.data.iter().filter(|&&byte| byte == b'\n').count();
        write(&piece.data)?;
    }
    Ok(lines)
}

fn partial_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

//! Writes a synthetic market to files of bars, to try and to measure readers with.
//!
//! ```text
//! cargo run --release -p orb-data --example synthetic -- --symbols 20 --sessions 252 --out DIR --format parquet
//! ```
//!
//! The bars are those of [`orb_data::synthetic`]: the same seed gives the same files.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use orb_core::{Bar, Date, Span, SymbolTable};
use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
use orb_data::{BarSet, nyse_calendar, write};

/// Write the one-minute bars of a synthetic market.
#[derive(Parser)]
struct Args {
    /// How many symbols
    #[arg(long, default_value_t = 20)]
    symbols: usize,
    /// How many sessions
    #[arg(long, default_value_t = 252)]
    sessions: usize,
    /// The first session is that of this date or the next one after it
    #[arg(long, default_value = "2025-01-02")]
    first_date: Date,
    /// What the market is drawn from
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How the bars are spread over files
    #[arg(long, value_enum, default_value = "symbols")]
    layout: Layout,
    /// Folder to write to; made if it is not there
    #[arg(long)]
    out: PathBuf,
    /// Format of the files
    #[arg(long, value_enum, default_value = "parquet")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Layout {
    /// One file for each symbol
    Symbols,
    /// One file for each session
    Sessions,
    /// One file, sorted by time
    Single,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Csv,
    CsvGz,
    Parquet,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let calendar = nyse_calendar(2005, 2100);
    let options = SyntheticOptions { symbols: args.symbols, sessions: args.sessions, first_date: args.first_date };
    let market = SyntheticMarket::new(args.seed, options).generate(&calendar)?;
    std::fs::create_dir_all(&args.out).with_context(|| format!("failed to make {}", args.out.display()))?;
    let set = |symbols: SymbolTable, bars: Vec<Bar>| BarSet::from_bars(symbols, Span::from_minutes(1), &calendar, bars);
    match args.layout {
        Layout::Single => args.save("bars", &market.trade)?,
        Layout::Sessions => {
            for session in market.trade.sessions() {
                let bars = session.bars().to_vec();
                args.save(&session.session().date.to_string(), &set(market.symbols().clone(), bars)?)?;
            }
        }
        Layout::Symbols => {
            for (symbol, name) in market.symbols().iter() {
                let bars = market.trade.iter().filter(|bar| bar.symbol == symbol).copied().collect();
                args.save(name.as_str(), &set(market.symbols().clone(), bars)?)?;
            }
        }
    }
    Ok(())
}

impl Args {
    fn save(&self, name: &str, bars: &BarSet) -> anyhow::Result<()> {
        let ending = match self.format {
            Format::Csv => "csv",
            Format::CsvGz => "csv.gz",
            Format::Parquet => "parquet",
        };
        let path: &Path = &self.out.join(format!("{name}.{ending}"));
        Ok(write::write(path, bars)?)
    }
}

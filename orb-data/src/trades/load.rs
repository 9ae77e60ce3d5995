//! Files to sets of trades.

use std::path::PathBuf;

use orb_core::Calendar;

use super::collect::Collector;
use super::error::TradesError;
use super::set::TradeSet;
use super::{csv, parquet};
use crate::bars::DataError;
use crate::bars::row::SymbolBook;
use crate::bars::source::{Format, find};

/// Loads all trades of some files and folders.
///
/// Folders are searched recursively for `.csv`, `.csv.gz` and `.parquet` files. Each file has the columns `symbol`,
/// `ts` (UTC, to the microsecond; what is finer is cut off), `price` (dollars) and `size` (whole shares) in any order;
/// other columns are no matter. Within a file the trades of each symbol are in order of time, and those of one instant
/// in their own. A symbol may be spread over files that follow each other in time.
///
/// # Errors
/// The first thing that is wrong, with file, line and remedy; then nothing is loaded.
pub fn load_trades(paths: &[PathBuf], calendar: &Calendar) -> Result<TradeSet, TradesError> {
    if paths.is_empty() {
        return Err(TradesError::NothingGiven);
    }
    let sources = find(paths, false)?;
    let mut collector = Collector::new(calendar, &sources);
    for (index, source) in sources.iter().enumerate() {
        let mut book = SymbolBook::default();
        let mut on_row = |book: &SymbolBook, row| collector.on_row(index, book, row);
        let rows = match source.format {
            Format::Csv | Format::CsvGz => csv::read(source, &mut book, &mut on_row)?,
            Format::Parquet => parquet::read(source, &mut book, &mut on_row)?,
        };
        if rows == 0 {
            return Err(DataError::NoRows { path: source.path.clone() }.into());
        }
        collector.end_file();
    }
    collector.finish()
}

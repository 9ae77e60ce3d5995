//! What can be wrong with files of bars, each with its place and its remedy.

use std::fmt;
use std::path::{Path, PathBuf};

use orb_core::symbol::SymbolError;
use orb_core::{BarError, MoneyError, Symbol, Timestamp};

use crate::dataset::DatasetError;

/// Numbers a row of a file, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowNumber {
    /// The line of a CSV file; the header is line 1.
    Line(u64),
    /// The row of a Parquet file; the first is row 1.
    Row(u64),
}

/// Locates a row: the file and its number in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as it was given or found.
    pub path: PathBuf,
    /// The row within the file.
    pub row: RowNumber,
}

impl Place {
    /// Makes the place of a row in a file.
    pub(super) fn new(path: &Path, row: RowNumber) -> Self {
        Self { path: path.to_owned(), row }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            RowNumber::Line(line) => write!(f, "{}, line {line}", self.path.display()),
            RowNumber::Row(row) => write!(f, "{}, row {row}", self.path.display()),
        }
    }
}

/// Explains why bars cannot be loaded: which file, line and column, and what to do about it.
///
/// Nothing is loaded when one row is wrong. When several are, the first one of the first file (in the order of the
/// paths) is told, whatever the number of threads.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// No path was given.
    #[error("no files of bars were given: name at least one file or folder")]
    NothingGiven,
    /// There is nothing at a path.
    #[error("there is no file or folder at {}: check the path", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// A file has another extension than those of bars and trades.
    #[error("{} is no file of bars or trades by its name: expected the extension .csv, .csv.gz or .parquet", path.display())]
    WrongExtension {
        /// The path as given.
        path: PathBuf,
    },
    /// A folder holds no file of bars.
    #[error("the folder {} holds no .csv, .csv.gz or .parquet file: check the path", path.display())]
    NoFiles {
        /// The path as given.
        path: PathBuf,
    },
    /// A folder is a dataset that cannot be read.
    #[error(transparent)]
    Dataset(Box<DatasetError>),
    /// The operating system failed to read.
    #[error("failed to read {}: check that it exists and may be read", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A compressed file is damaged or cut off.
    #[error("{} is not a whole gzip file: download or compress it again", path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: std::io::Error,
    },
    /// A file is no Parquet file, or a damaged one.
    #[error("{} is not a whole Parquet file: download or write it again", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: parquet::errors::ParquetError,
    },
    /// A text is not UTF-8.
    #[error("{place}: the text is not UTF-8: convert the file to UTF-8")]
    NotUtf8 {
        /// Where.
        place: Place,
    },
    /// A file has no row.
    #[error("{} holds no rows: remove the file or fill it", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// No row of any file is a bar in regular hours.
    #[error(
        "no bar lies in regular trading hours ({outside_hours} rows lie outside of them, {no_volume} have volume 0): \
         check that `ts` is in UTC and whether it labels the start of the bar"
    )]
    NoBars {
        /// Rows outside the calendar's hours.
        outside_hours: u64,
        /// Rows of volume 0.
        no_volume: u64,
    },
    /// A column is missing.
    #[error(
        "{} has no column `{column}` (its columns: {found}): a header with symbol, ts, open, high, low, close, \
         volume is needed",
        path.display()
    )]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column that is missing.
        column: &'static str,
        /// The columns that are there.
        found: String,
    },
    /// A column is there twice.
    #[error("{} has the column `{column}` twice: remove or rename one", path.display())]
    DuplicateColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
    },
    /// A Parquet column has a type that cannot be read.
    #[error("{}: the column `{column}` is of type {found}: expected {expected}", path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// Its type.
        found: String,
        /// The types that can be read.
        expected: &'static str,
    },
    /// A line has more or fewer fields than the header.
    #[error("{place}: {found} fields where the header has {expected}: complete the line or remove it")]
    FieldCount {
        /// Where.
        place: Place,
        /// Fields in the header.
        expected: u64,
        /// Fields in the line.
        found: u64,
    },
    /// A field that is needed is empty or null.
    #[error("{place}: the column `{column}` is empty: fill it or remove the row")]
    EmptyField {
        /// Where.
        place: Place,
        /// The column.
        column: &'static str,
    },
    /// A price is not a number.
    #[error("{place}, column `{column}`: expected a price in dollars, as in 174.44")]
    BadPrice {
        /// Where.
        place: Place,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        source: MoneyError,
    },
    /// A volume is not a whole number of shares.
    #[error("{place}, column `volume`: `{text}` is not a number of shares: expected a whole number from 0 to 10^12")]
    BadVolume {
        /// Where.
        place: Place,
        /// What is there.
        text: String,
    },
    /// A time is none, or has no zone.
    #[error(
        "{place}, column `ts`: `{text}` is not an instant: expected ISO 8601 with Z or an offset, as in \
         2026-02-13T14:30:00Z"
    )]
    BadTimestamp {
        /// Where.
        place: Place,
        /// What is there.
        text: String,
    },
    /// A text is not a symbol.
    #[error("{place}, column `symbol`: correct the symbol or remove the row")]
    BadSymbol {
        /// Where.
        place: Place,
        /// What is wrong with it.
        source: SymbolError,
    },
    /// The prices of a row break the rules of a bar.
    #[error("{place}: the prices make no bar: correct the row or remove it")]
    InvalidBar {
        /// Where.
        place: Place,
        /// The rule that is broken.
        source: BarError,
    },
    /// A time is not a whole minute.
    #[error("{place}: {ts} is not a whole minute: bars begin on the minute")]
    OffMinute {
        /// Where.
        place: Place,
        /// The time found.
        ts: Timestamp,
    },
    /// The bars of a symbol are not in order of time within a file.
    #[error("{place}: {ts} of {symbol} comes after {previous}: sort the file by time within each symbol")]
    Unordered {
        /// Where.
        place: Place,
        /// Whose bars.
        symbol: Symbol,
        /// The time found.
        ts: Timestamp,
        /// The time of the symbol's row before it.
        previous: Timestamp,
    },
    /// A symbol has two rows of one time within a file.
    #[error("{place}: {symbol} has a second row for {ts}: remove one of them")]
    Duplicate {
        /// Where the second one is.
        place: Place,
        /// Whose bars.
        symbol: Symbol,
        /// The time of both.
        ts: Timestamp,
    },
    /// Two files have a bar of one symbol and time.
    #[error("{second}: {symbol} has a bar for {ts} there and at {first}: remove one of them or one of the files")]
    Overlap {
        /// Where the first one is.
        first: Place,
        /// Where the second one is.
        second: Place,
        /// Whose bars.
        symbol: Symbol,
        /// The time of both.
        ts: Timestamp,
    },
    /// A bar is earlier or later than the calendar reaches.
    #[error("{place}: {ts} is beyond the calendar, which reaches from {first} to {last}: remove the row")]
    BeyondCalendar {
        /// Where.
        place: Place,
        /// The time found.
        ts: Timestamp,
        /// Open of the calendar's first session.
        first: Timestamp,
        /// Close of the calendar's last session.
        last: Timestamp,
    },
    /// The bars do not tell their length, or tell one that is not supported.
    #[error(
        "{place}: {symbol} has bars {minutes} minutes apart at the closest, which is no length of bars (1, 2, 3, 5, \
         10, 15, 30 or 60 minutes): give the bar length explicitly"
    )]
    NoBarLength {
        /// Where the later one of the two bars is.
        place: Place,
        /// Whose bars.
        symbol: Symbol,
        /// The smallest gap.
        minutes: i64,
    },
    /// The bar length asked for is not supported.
    #[error("{minutes} minutes is no length of bars: choose 1, 2, 3, 5, 10, 15, 30 or 60")]
    UnsupportedBarLength {
        /// What was asked for.
        minutes: i64,
    },
    /// A bar is off the grid that begins at its session's open.
    #[error(
        "{place}: {ts} of {symbol} is not a multiple of {minutes} minutes after the session's open: all bars must be \
         of one length and begin at multiples of it; check the bar length and the label"
    )]
    OffGrid {
        /// Where.
        place: Place,
        /// Whose bar.
        symbol: Symbol,
        /// The time found.
        ts: Timestamp,
        /// The bar length.
        minutes: i64,
    },
    /// A symbol has longer bars than the rest.
    #[error(
        "{} holds {minutes}-minute bars of {symbol}, but there are {expected}-minute bars too: load bars of one \
         length only",
        path.display()
    )]
    MixedBarLengths {
        /// A file with the symbol's bars.
        path: PathBuf,
        /// Whose bars are longer.
        symbol: Symbol,
        /// Their length as it appears.
        minutes: i64,
        /// The length of all bars.
        expected: i64,
    },
}

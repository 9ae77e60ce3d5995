//! What can be wrong with files of trades, each with its place and its remedy.

use std::path::PathBuf;

use orb_core::bar::PRICE_MAX;
use orb_core::{Price, Symbol, Timestamp};

use crate::bars::{DataError, Place};

/// Explains why trades cannot be loaded: which file, line and column, and what to do about it.
///
/// Nothing is loaded when one row is wrong.
#[derive(Debug, thiserror::Error)]
pub enum TradesError {
    /// No path was given.
    #[error("no files of trades were given: name at least one file or folder")]
    NothingGiven,
    /// A file cannot be read, or a field of a row not be understood.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A column is missing.
    #[error(
        "{} has no column `{column}` (its columns: {found}): a header with symbol, ts, price, size is needed",
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
    /// A size is not a whole number of shares.
    #[error("{place}, column `size`: `{text}` is not a number of shares: expected a whole number from 1 to 10^12")]
    BadSize {
        /// Where.
        place: Place,
        /// What is there.
        text: String,
    },
    /// Nothing trades at such a price.
    #[error(
        "{place}, column `price`: {price} is no price of a trade, which is above 0 and at most {PRICE_MAX}: correct \
         the row or remove it"
    )]
    BadPrice {
        /// Where.
        place: Place,
        /// What is there, dollars per share.
        price: Price,
    },
    /// The trades of a symbol are not in order of time within a file.
    #[error("{place}: {ts} of {symbol} comes after {previous}: sort the file by time within each symbol")]
    Unordered {
        /// Where.
        place: Place,
        /// Whose trades.
        symbol: Symbol,
        /// The time found.
        ts: Timestamp,
        /// The time of the symbol's row before it.
        previous: Timestamp,
    },
    /// A trade lies outside of regular hours.
    #[error(
        "{place}: {ts} of {symbol} lies outside of regular trading hours, which are all that is played: remove the \
         row, and check that `ts` is in UTC"
    )]
    OutsideSession {
        /// Where.
        place: Place,
        /// Whose trade.
        symbol: Symbol,
        /// The time found.
        ts: Timestamp,
    },
    /// Two files tell of one symbol's trades over the same time.
    #[error(
        "{second}: the trades of {symbol} begin there at {ts}, and those of the file of {first} end at {until}: give \
         each span of time in one file only"
    )]
    Overlap {
        /// Where the earlier file's trades begin.
        first: Place,
        /// Where the later file's trades begin.
        second: Place,
        /// Whose trades.
        symbol: Symbol,
        /// Time of the later file's first trade.
        ts: Timestamp,
        /// Time of the earlier file's last trade.
        until: Timestamp,
    },
}

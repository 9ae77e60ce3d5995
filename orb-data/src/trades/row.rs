//! One row as a reader hands it on.

use orb_core::{Price, Timestamp};

/// The columns that every file has.
pub(super) const COLUMNS: [&str; 4] = ["symbol", "ts", "price", "size"];

/// Represents a row whose fields are read, and not yet checked against each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawTrade {
    /// The symbol's number in the reader's book.
    pub(super) symbol: u32,
    pub(super) at: Timestamp,
    pub(super) price: Price,
    pub(super) size: u64,
    /// The line or row in the file.
    pub(super) number: u64,
}

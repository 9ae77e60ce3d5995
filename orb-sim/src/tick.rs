//! What happens on the market.

use orb_core::{Price, SymbolId};

/// Tells one thing that happened on the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// Shares changed hands.
    Trade {
        /// Whose shares.
        symbol: SymbolId,
        /// Dollars per share.
        price: Price,
        /// Number of shares.
        size: u64,
    },
    /// The best bid and ask changed.
    Quote {
        /// Whose quote.
        symbol: SymbolId,
        /// Best bid, dollars per share.
        bid: Price,
        /// Best ask, dollars per share.
        ask: Price,
        /// Shares bid for.
        bid_size: u64,
        /// Shares offered.
        ask_size: u64,
    },
    /// Trading was halted: nothing fills until it is resumed.
    Halt {
        /// Whose trading.
        symbol: SymbolId,
    },
    /// Trading goes on.
    Resume {
        /// Whose trading.
        symbol: SymbolId,
    },
}

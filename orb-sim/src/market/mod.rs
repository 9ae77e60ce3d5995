//! The market: from bars and recorded trades to trades and quotes, and back to bars as the tape shows them.
//!
//! - [`path`]: the trades inside one bar of which no trades were recorded;
//! - `revision`: trades that are corrected or taken back;
//! - `tape`: everything that happens to each symbol, as a function of time, so that streams and history agree;
//! - `timeline`: the same in order, for the streams and for the exchange;
//! - [`timeframe`]: bars of longer intervals.

pub(crate) mod halt;
pub mod path;
mod recorded;
pub(crate) mod revision;
#[cfg(test)]
pub(crate) mod rig;
pub mod source;
pub(crate) mod tape;
#[cfg(test)]
mod tests;
pub mod timeframe;
pub(crate) mod timeline;

pub use halt::{Halt, HaltReason};
pub use path::PathConfig;
pub use source::{MarketSource, SourceError};

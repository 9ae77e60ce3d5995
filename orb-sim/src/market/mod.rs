//! The market: from bars to trades and quotes, and back to bars as the tape shows them.
//!
//! - [`path`]: the trades inside one bar;
//! - `tape`: everything that happens to each symbol, as a function of time, so that streams and history agree;
//! - `timeline`: the same in order, for the streams and for the exchange;
//! - [`timeframe`]: bars of longer intervals.

pub(crate) mod halt;
pub mod path;
#[cfg(test)]
pub(crate) mod rig;
pub mod source;
pub(crate) mod tape;
pub mod timeframe;
pub(crate) mod timeline;

pub use halt::{Halt, HaltReason};
pub use path::PathConfig;
pub use source::{MarketSource, SourceError};

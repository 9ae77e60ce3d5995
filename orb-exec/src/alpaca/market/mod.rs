//! Alpaca's prices as the engine takes them: whole minutes, trades, the newest quotes, halts, and no gaps.

pub(crate) mod conditions;
mod desk;
mod feed;
mod lanes;
mod minutes;
mod source;
mod tally;
mod wishes;

pub use source::AlpacaMarket;
pub use tally::StreamCounts;

pub(crate) use desk::{Desk, DeskSettings};
pub(crate) use lanes::{Lanes, News};
pub(crate) use source::Fetch;
pub(crate) use wishes::Wishes;

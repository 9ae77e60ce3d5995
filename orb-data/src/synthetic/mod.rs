//! A made-up market for the demo, for tests and for benchmarks: no price in it was ever paid.

mod day;
mod market;
mod past;
mod random;

pub use market::{HISTORY_SESSIONS, SyntheticError, SyntheticMarket, SyntheticOptions};
pub use past::SyntheticPast;

//! The simulated exchange and the backtest driver of orb.
//!
//! The exchange matches orders within bars by documented rules and speaks the same events as a broker does, so the
//! engine that trades live runs unchanged over it.

pub mod driver;
pub mod exchange;
pub mod report;
pub mod sweep;

pub use driver::{Backtest, SessionBars};
pub use exchange::{Exchange, ExchangeConfig, FillModel};
pub use report::Report;

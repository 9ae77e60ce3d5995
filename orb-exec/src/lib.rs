//! Brokers and market data for orb.
//!
//! A [`Broker`] carries out what the engine wants and reports what happens; a [`MarketData`] brings prices and the
//! time. [`alpaca`] implements both over Alpaca's API, [`local`] over the simulated exchange of `orb-backtest`.

#[cfg(feature = "alpaca")]
pub mod alpaca;
mod broker;
mod clock;
pub mod local;
mod market;
mod ownership;
mod wall_clock;

pub use broker::{Broker, BrokerEvent, EntryGate};
pub use clock::{Busy, Clock};
pub use market::{MarketData, MarketStep, Waiting};
pub use ownership::{Confirmation, Ownership};
pub use wall_clock::WallClock;

//! Brokers and market data for orb.
//!
//! A [`Broker`] carries out what the engine wants and reports what happens; a [`MarketData`] brings prices and the
//! time. [`local`] implements both over the simulated exchange of `orb-backtest`.

mod broker;
pub mod local;
mod market;

pub use broker::{Broker, BrokerEvent, EntryGate};
pub use market::{MarketData, MarketStep};

//! Alpaca as a broker and as a source of market data: the only place that names its client library.

mod broker;
pub mod check;
mod config;
mod connect;
mod emergency;
mod errors;
#[cfg(test)]
mod fuzz;
mod market;
mod orders;
mod owned;
mod rate;
mod rest;
mod skew;
mod snapshot;
mod stream;
mod wire;

pub use broker::{AlpacaBroker, BrokerHandle, BrokerParts, Outbox};
pub use config::{AlpacaConfig, BracketSupport, ConfigError, Credentials, Environment, Feed, RequestLimits, Urls};
pub use connect::{BarSource, ConnectError, ConnectParts, Connected, SnapshotSource, StreamSettings, connect};
pub use emergency::{Emergency, Life, Reduction, SeenOrder, SeenPosition};
pub use market::{AlpacaMarket, StreamCounts};
pub use rest::{CallError, Refusal, Rest, Unclear};
pub use snapshot::AccountIdentity;
pub use stream::{KeyInUse, StreamError};

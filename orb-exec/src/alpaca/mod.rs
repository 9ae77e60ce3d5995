//! Alpaca as a broker and as a source of market data: the only place that names its client library.

mod config;
mod connect;
mod market;
mod stream;
mod wire;

pub use config::{AlpacaConfig, ConfigError, Credentials, Environment, Feed, RequestLimits, Urls};
pub use connect::{BarSource, ConnectError, SnapshotSource, StreamSettings};
pub use market::{AlpacaMarket, StreamCounts};
pub use stream::{KeyInUse, StreamError};

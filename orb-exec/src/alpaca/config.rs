//! Where Alpaca is, who asks, and how often one may ask.

use core::fmt;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// Names one of Alpaca's environments, or a simulator of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// A simulator on this machine.
    Sim,
    /// Paper trading: real prices, no real money.
    Paper,
    /// Real money.
    Live,
}

/// Names a feed of market data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// The exchange IEX alone: two or three percent of the trading.
    Iex,
    /// All exchanges.
    Sip,
}

impl Feed {
    /// Returns the feed's name as Alpaca's addresses carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iex => "iex",
            Self::Sip => "sip",
        }
    }
}

/// Holds the addresses of the four services, without paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urls {
    /// Orders and account: `https://paper-api.alpaca.markets`.
    pub trading: Url,
    /// Bars and quotes of the past: `https://data.alpaca.markets`.
    pub data: Url,
    /// News of orders: `wss://paper-api.alpaca.markets/stream`.
    pub trade_stream: Url,
    /// Prices as they come: `wss://stream.data.alpaca.markets`; the path `/v2/FEED` is added.
    pub data_stream: Url,
}

/// Explains why addresses cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is no address of its kind.
    #[error("{service}: `{text}` is no address: expected one like {example}")]
    Address {
        /// Which service.
        service: &'static str,
        /// What was given.
        text: String,
        /// What one looks like.
        example: &'static str,
    },
    /// Keys would travel without encryption to another machine.
    #[error("{service}: `{text}` is not on this machine and not encrypted: use https or wss")]
    Unencrypted {
        /// Which service.
        service: &'static str,
        /// What was given.
        text: String,
    },
}

/// Holds a key's two halves; neither is ever printed.
#[derive(Clone)]
pub struct Credentials {
    /// The half that names the key.
    pub key_id: SecretString,
    /// The half that proves it.
    pub secret: SecretString,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// Bounds what is asked of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Requests a minute that the broker takes: 200 unless the account says otherwise.
    pub per_minute: u32,
    /// Of these so many are kept for exits, stops and cancels.
    pub reserve: u32,
    /// How long an answer may take before the outcome counts as unknown.
    pub timeout: Duration,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self { per_minute: 200, reserve: 100, timeout: Duration::from_secs(5) }
    }
}

/// Says which Alpaca to talk to.
#[derive(Clone, Debug)]
pub struct AlpacaConfig {
    /// Which environment.
    pub environment: Environment,
    /// Where it is.
    pub urls: Urls,
    /// Which feed the account has.
    pub feed: Feed,
    /// Who asks.
    pub credentials: Credentials,
    /// How often one may ask.
    pub limits: RequestLimits,
}

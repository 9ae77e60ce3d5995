//! Where Alpaca is, who asks, and how often one may ask.

use core::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use url::{Host, Url};

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

/// Names one of the services, with an address as one looks like.
struct Service {
    name: &'static str,
    schemes: [&'static str; 2],
    example: &'static str,
}

const TRADING: Service =
    Service { name: "trading", schemes: ["https", "http"], example: "https://paper-api.alpaca.markets" };
const DATA: Service = Service { name: "data", schemes: ["https", "http"], example: "https://data.alpaca.markets" };
const TRADE_STREAM: Service =
    Service { name: "trade_stream", schemes: ["wss", "ws"], example: "wss://paper-api.alpaca.markets/stream" };
const DATA_STREAM: Service =
    Service { name: "data_stream", schemes: ["wss", "ws"], example: "wss://stream.data.alpaca.markets" };

impl Urls {
    /// Returns the addresses of a simulator that listens on this machine.
    ///
    /// # Panics
    /// Never: an address and port always make a URL.
    #[must_use]
    pub fn sim(address: SocketAddr) -> Self {
        let url = |scheme: &str, path: &str| {
            Url::parse(&format!("{scheme}://{address}{path}")).expect("an address and port always make a URL")
        };
        Self {
            trading: url("http", "/"),
            data: url("http", "/"),
            trade_stream: url("ws", "/stream"),
            data_stream: url("ws", "/"),
        }
    }

    /// Returns the addresses of paper trading.
    ///
    /// # Panics
    /// Never: the addresses are constants.
    #[must_use]
    pub fn paper() -> Self {
        Self::parse(TRADING.example, DATA.example, TRADE_STREAM.example, DATA_STREAM.example)
            .expect("the examples are the addresses of paper trading")
    }

    /// Returns the addresses of trading with real money.
    ///
    /// # Panics
    /// Never: the addresses are constants.
    #[must_use]
    pub fn live() -> Self {
        let (trading, stream) = ("https://api.alpaca.markets", "wss://api.alpaca.markets/stream");
        Self::parse(trading, DATA.example, stream, DATA_STREAM.example).expect("constant addresses are valid")
    }

    /// Reads four addresses.
    ///
    /// # Errors
    /// When one is none, has another scheme than its service, or would send keys unencrypted to another machine.
    pub fn parse(trading: &str, data: &str, trade_stream: &str, data_stream: &str) -> Result<Self, ConfigError> {
        let urls = Self {
            trading: TRADING.parse(trading)?,
            data: DATA.parse(data)?,
            trade_stream: TRADE_STREAM.parse(trade_stream)?,
            data_stream: DATA_STREAM.parse(data_stream)?,
        };
        urls.validate().map(|()| urls)
    }

    /// Checks the addresses: an encrypted scheme, or this machine.
    ///
    /// # Errors
    /// Names the first service whose address breaks the rule.
    pub fn validate(&self) -> Result<(), ConfigError> {
        TRADING.check(&self.trading)?;
        DATA.check(&self.data)?;
        TRADE_STREAM.check(&self.trade_stream)?;
        DATA_STREAM.check(&self.data_stream)
    }
}

impl Service {
    fn parse(&self, text: &str) -> Result<Url, ConfigError> {
        Url::parse(text.trim()).map_err(|_| self.refuse(text))
    }

    fn check(&self, url: &Url) -> Result<(), ConfigError> {
        // A name and password in an address would end up in logs.
        let has_login = !url.username().is_empty() || url.password().is_some();
        if has_login || url.host().is_none() || !self.schemes.contains(&url.scheme()) {
            return Err(self.refuse(url.host_str().unwrap_or_default()));
        }
        if url.scheme() == self.schemes[0] || is_loopback(url) {
            return Ok(());
        }
        Err(ConfigError::Unencrypted { service: self.name, text: url.to_string() })
    }

    fn refuse(&self, text: &str) -> ConfigError {
        ConfigError::Address { service: self.name, text: text.to_owned(), example: self.example }
    }
}

/// Tells whether an address is on this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
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

/// Says which entries the account lets carry their exits as legs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BracketSupport {
    /// Limit and stop entries.
    Full,
    /// Limit entries alone: what Alpaca documents.
    #[default]
    LimitEntriesOnly,
    /// None: the exits are sent after the fill.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_environments_are_valid() {
        for urls in [Urls::paper(), Urls::live(), Urls::sim("127.0.0.1:8000".parse().expect("an address"))] {
            assert_eq!(urls.validate(), Ok(()));
        }
        assert_eq!(Urls::sim("[::1]:80".parse().expect("an address")).validate(), Ok(()));
    }

    #[track_caller]
    fn check(trading: &str, expected: &str) {
        let paper = Urls::paper();
        let urls = Urls::parse(trading, paper.data.as_str(), paper.trade_stream.as_str(), paper.data_stream.as_str());
        assert_eq!(urls.map_or_else(|error| error.to_string(), |urls| urls.trading.to_string()), expected, "{trading}");
    }

    #[test]
    fn addresses_are_encrypted_or_on_this_machine() {
        check("https://example.com", "https://example.com/");
        check("http://localhost:8000", "http://localhost:8000/");
        check("http://127.0.0.1:1", "http://127.0.0.1:1/");
        let away = "trading: `http://example.com/` is not on this machine and not encrypted: use https or wss";
        check("http://example.com", away);
        let example = "is no address: expected one like https://paper-api.alpaca.markets";
        check("nonsense", &format!("trading: `nonsense` {example}"));
        check("", &format!("trading: `` {example}"));
        check("wss://example.com", &format!("trading: `example.com` {example}"));
        check("https://me:secret@example.com", &format!("trading: `example.com` {example}"));
    }

    #[test]
    fn keys_are_never_shown() {
        let credentials = Credentials { key_id: "KEY".into(), secret: "SECRET".into() };
        let config = AlpacaConfig {
            environment: Environment::Paper,
            urls: Urls::paper(),
            feed: Feed::Iex,
            credentials,
            limits: RequestLimits::default(),
        };
        let shown = format!("{config:?}");
        assert!(!shown.contains("KEY") && !shown.contains("SECRET"), "{shown}");
    }
}

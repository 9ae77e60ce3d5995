//! The addresses of the broker's services: what each must look like, and which belong to which environment.

use orb_exec::alpaca::{ConfigError, Environment, Urls};
use url::{Host, Url};

use super::error::EnvironmentProblem;
use super::keys::environment_name;
use super::tables::{AlpacaTable, Lined};

/// Where a simulator is looked for when nothing else is said.
const SIMULATOR: &str = "http://127.0.0.1:7080";

/// Names a service by the key of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// All services of a simulator.
    Simulator,
    /// Orders and account.
    Trading,
    /// Bars and quotes of the past.
    Data,
    /// News of orders.
    TradeStream,
    /// Prices as they come.
    DataStream,
}

impl Service {
    /// Returns the key of the service's address.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Simulator => "url",
            Self::Trading => "trading_url",
            Self::Data => "data_url",
            Self::TradeStream => "trade_stream_url",
            Self::DataStream => "data_stream_url",
        }
    }

    const fn example(self) -> &'static str {
        match self {
            Self::Simulator => SIMULATOR,
            Self::Trading => "https://paper-api.alpaca.markets",
            Self::Data => "https://data.alpaca.markets",
            Self::TradeStream => "wss://paper-api.alpaca.markets/stream",
            Self::DataStream => "wss://stream.data.alpaca.markets",
        }
    }

    /// Returns the scheme without encryption and that with it.
    const fn schemes(self) -> [&'static str; 2] {
        match self {
            Self::Simulator | Self::Trading | Self::Data => ["http", "https"],
            Self::TradeStream | Self::DataStream => ["ws", "wss"],
        }
    }

    /// Reads an address: of the service's schemes, with a host, on this machine or encrypted, and without a path where
    /// the client adds its own.
    pub(super) fn read(self, text: &str) -> Result<Url, ConfigError> {
        let refused = || ConfigError::Address { service: self.key(), text: text.to_owned(), example: self.example() };
        let url = Url::parse(text.trim()).map_err(|_| refused())?;
        let [open, encrypted] = self.schemes();
        let is_bare = url.path() == "/" || self == Self::TradeStream;
        let fits = [open, encrypted].contains(&url.scheme()) && is_bare;
        if !fits || url.host().is_none() || url.query().is_some() || url.fragment().is_some() {
            return Err(refused());
        }
        if url.scheme() == open && !is_loopback(&url) {
            return Err(ConfigError::Unencrypted { service: self.key(), text: text.to_owned() });
        }
        Ok(url)
    }
}

/// Tells whether an address is of this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl AlpacaTable {
    /// Returns the addresses for an environment, those of the file before the environment's own.
    ///
    /// A stream's address that is not given is on the host of its REST service where that one is given.
    ///
    /// `url` stands for all of a simulator's.
    ///
    /// # Errors
    /// The line and what is wrong, when an address belongs to another environment.
    pub(super) fn urls(&self, environment: Environment) -> Result<Urls, (usize, EnvironmentProblem)> {
        let given = [&self.url, &self.trading_url, &self.data_url, &self.trade_stream_url, &self.data_stream_url];
        for Lined { value, line } in given.into_iter().flatten() {
            refuse_other(value, environment).map_err(|problem| (*line, problem))?;
        }
        let of = |given: &Option<Lined<Url>>| given.as_ref().map(|given| given.value.clone());
        let own = of(&self.url).map_or_else(|| defaults(environment), all_at);
        let (trading, data) = (of(&self.trading_url), of(&self.data_url));
        let beside = |rest: &Option<Url>, path| rest.as_ref().map(|rest| stream_of(rest, path));
        Ok(Urls {
            trade_stream: of(&self.trade_stream_url)
                .or_else(|| beside(&trading, "/stream"))
                .unwrap_or(own.trade_stream),
            data_stream: of(&self.data_stream_url).or_else(|| beside(&data, "/")).unwrap_or(own.data_stream),
            trading: trading.unwrap_or(own.trading),
            data: data.unwrap_or(own.data),
        })
    }
}

/// Returns the addresses of a simulator: all of them at one.
fn all_at(simulator: Url) -> Urls {
    Urls {
        trade_stream: stream_of(&simulator, "/stream"),
        data_stream: stream_of(&simulator, "/"),
        data: simulator.clone(),
        trading: simulator,
    }
}

/// Returns where an environment's simulator is when nothing else is said; `None` where there is none.
pub(super) fn simulator(environment: Environment) -> Option<Url> {
    (environment == Environment::Sim).then(|| defaults(environment).trading)
}

/// Returns an environment's own addresses.
pub(super) fn defaults(environment: Environment) -> Urls {
    match environment {
        Environment::Sim => all_at(Url::parse(SIMULATOR).expect("an address that is written in this file is one")),
        Environment::Paper => Urls::paper(),
        Environment::Live => Urls::live(),
    }
}

/// Returns the address of a websocket on the host of a REST service.
fn stream_of(rest: &Url, path: &str) -> Url {
    let mut stream = rest.clone();
    let scheme = if rest.scheme() == "https" { "wss" } else { "ws" };
    stream.set_scheme(scheme).expect("http becomes ws, and https wss");
    stream.set_path(path);
    stream
}

/// Refuses an address of Alpaca's that would send an environment's orders to another one.
fn refuse_other(url: &Url, environment: Environment) -> Result<(), EnvironmentProblem> {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let is_allowed = |owner: &str| match environment {
        Environment::Sim => false,
        Environment::Paper | Environment::Live => owner == "Alpaca" || owner == environment_name(environment),
    };
    let owner = match host {
        "api.alpaca.markets" => "live",
        "paper-api.alpaca.markets" => "paper",
        host if host == "alpaca.markets" || host.ends_with(".alpaca.markets") => "Alpaca",
        _ => return Ok(()),
    };
    if is_allowed(owner) {
        return Ok(());
    }
    Err(EnvironmentProblem::OtherEnvironment {
        host: host.to_owned(),
        owner,
        environment: environment_name(environment),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_are_addresses_of_their_services() {
        for service in [Service::Simulator, Service::Trading, Service::Data, Service::TradeStream, Service::DataStream]
        {
            assert!(service.read(service.example()).is_ok(), "{service:?}");
        }
    }

    #[test]
    fn unencrypted_addresses_are_for_this_machine_only() {
        for text in ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://broker.example"] {
            assert!(Service::Trading.read(text).is_ok(), "{text}");
        }
        for text in ["http://broker.example", "http://192.168.1.5:7080", "http://localhost.example:1"] {
            let error = Service::Trading.read(text).expect_err(text);
            assert!(matches!(error, ConfigError::Unencrypted { .. }), "{error}");
        }
        let error = Service::DataStream.read("ws://broker.example").expect_err("not encrypted");
        assert_eq!(
            error.to_string(),
            "data_stream_url: `ws://broker.example` is not on this machine and not encrypted: use https or wss"
        );
    }

    #[test]
    fn others_are_no_addresses_of_their_service() {
        for text in [
            "",
            "broker.example",
            "wss://broker.example",
            "https://broker.example/v2",
            "https://",
            "file:///x",
            "https://broker.example?x=1",
        ] {
            let error = Service::Trading.read(text).expect_err(text);
            assert!(matches!(error, ConfigError::Address { .. }), "{error}");
        }
        assert!(Service::TradeStream.read("wss://broker.example/stream").is_ok());
        assert!(Service::DataStream.read("wss://broker.example/v2/iex").is_err());
        assert!(Service::TradeStream.read("https://broker.example/stream").is_err());
    }
}

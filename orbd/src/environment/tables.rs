//! `environment`, and the tables of the environment, as a configuration file has them, each value with its line.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use orb_core::config::KEYS;
use orb_exec::alpaca::{BracketSupport, Environment, Feed};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
use url::Url;

use super::api::{TlsTable, WebTable};
use super::error::{EnvironmentError, EnvironmentProblem};
use super::keys::{ALPACA, ALPACA_OF_ONE, BRACKETS, DAEMON, ENVIRONMENTS, FEEDS, GUARD, TABLES, near, place_of};
use super::notify;
use super::observed;
use super::source::Source;
use super::urls::Service;
use crate::notify::ChannelConfig;
use crate::reporting::SentryConfig;
use crate::store::DatabaseUrl;
use crate::traces::OtelConfig;

/// Fewer requests a minute would not leave enough for exits, more no account is known to have.
const REQUESTS: RangeInclusive<u32> = 20..=10_000;
/// Seconds; a shorter wait would take a slow answer for none, a longer one leave an exit unsent for too long.
const TIMEOUT_SECONDS: RangeInclusive<u32> = 1..=60;
/// Seconds; a shorter silence may be a disk that hangs, and after a longer one much may have been lost.
const SILENCE_SECONDS: RangeInclusive<u32> = 10..=3_600;
/// Connections of one address; fewer would not do for a browser beside a script, and more would take all of a process'
/// files.
const CONNECTIONS: RangeInclusive<u32> = 8..=10_000;
/// Days that log lines are kept.
const LOG_DAYS: RangeInclusive<u32> = 1..=3_650;
/// Megabytes of log lines that are kept; fewer would not hold a busy day.
const LOG_MEGABYTES: RangeInclusive<u32> = 16..=1_000_000;
/// Characters of a wrong value that an error repeats.
const SHOWN_MAX: usize = 60;

/// Holds a value and the line of its key, from 1.
#[derive(Clone, Debug)]
pub(super) struct Lined<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

/// Holds what a file says of the environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct EnvironmentTables {
    pub(super) path: PathBuf,
    pub(super) environment: Option<Lined<Environment>>,
    pub(super) alpaca: AlpacaTable,
    /// `[alpaca.sim]`, `[alpaca.paper]` and `[alpaca.live]`: what goes before `[alpaca]` in one of them.
    pub(super) alpaca_of: BTreeMap<&'static str, AlpacaTable>,
    pub(super) daemon: DaemonTable,
    pub(super) guard: GuardTable,
    pub(super) tls: TlsTable,
    pub(super) web: WebTable,
    /// `[notify.NAME]`: where notices go.
    pub(super) notify: Vec<ChannelConfig>,
    /// `[sentry]`: what is reported.
    pub(super) sentry: SentryConfig,
    /// `[otel]`: where traces go.
    pub(super) otel: OtelConfig,
}

/// Holds the keys of `[alpaca]`.
#[derive(Clone, Debug, Default)]
pub(super) struct AlpacaTable {
    pub(super) feed: Option<Lined<Feed>>,
    pub(super) live_enabled: Option<Lined<bool>>,
    pub(super) requests_per_minute: Option<Lined<u32>>,
    pub(super) request_timeout: Option<Lined<Duration>>,
    pub(super) brackets: Option<Lined<BracketSupport>>,
    pub(super) url: Option<Lined<Url>>,
    pub(super) trading_url: Option<Lined<Url>>,
    pub(super) data_url: Option<Lined<Url>>,
    pub(super) trade_stream_url: Option<Lined<Url>>,
    pub(super) data_stream_url: Option<Lined<Url>>,
}

/// Holds the keys of `[daemon]`.
#[derive(Clone, Debug, Default)]
pub(super) struct DaemonTable {
    pub(super) data_dir: Option<Lined<PathBuf>>,
    pub(super) listen: Option<Lined<SocketAddr>>,
    pub(super) connections: Option<Lined<NonZeroUsize>>,
    pub(super) socket: Option<Lined<PathBuf>>,
    pub(super) database: Option<Lined<DatabaseUrl>>,
    pub(super) log_days: Option<Lined<u32>>,
    pub(super) log_megabytes: Option<Lined<u32>>,
}

/// Holds the keys of `[guard]`.
#[derive(Clone, Debug, Default)]
pub(super) struct GuardTable {
    pub(super) silence: Option<Lined<Duration>>,
}

type Key<'a> = Spanned<DeString<'a>>;
type Value<'a> = Spanned<DeValue<'a>>;

impl EnvironmentTables {
    /// Reads a key outside of all tables if it is one of the environment's; tells whether it was.
    ///
    /// # Errors
    /// When a value does not fit its key, a table has an unknown key, or a key stands in the wrong place.
    pub(crate) fn read(
        &mut self,
        source: Source<'_>,
        key: &Key<'_>,
        value: &Value<'_>,
    ) -> Result<bool, EnvironmentError> {
        source.path.clone_into(&mut self.path);
        let entry = Entry::new(source, key, value);
        match entry.key {
            "environment" => self.environment = Some(entry.one_of(ENVIRONMENTS, "\"sim\", \"paper\" or \"live\"")?),
            "alpaca" => self.read_alpaca(source, entry.table("alpaca")?)?,
            "daemon" => self.daemon = DaemonTable::read(source, entry.table("daemon")?)?,
            "guard" => self.guard = GuardTable::read(source, entry.table("guard")?)?,
            "notify" => self.notify = notify::read(source, entry.table("notify")?)?,
            "otel" => self.otel = observed::otel(source, entry.table("otel")?, cfg!(feature = "otel"))?,
            "sentry" => self.sentry = observed::sentry(source, entry.table("sentry")?, cfg!(feature = "sentry"))?,
            "tls" => self.tls = TlsTable::read(source, entry.table("tls")?)?,
            "web" => self.web = WebTable::read(source, entry.table("web")?)?,
            name => return entry.stranger(name).map_or(Ok(false), |problem| Err(entry.error(problem))),
        }
        Ok(true)
    }
}

impl EnvironmentTables {
    /// Reads `[alpaca]` and the tables of single environments below it.
    fn read_alpaca(&mut self, source: Source<'_>, table: &DeTable<'_>) -> Result<(), EnvironmentError> {
        for (key, value) in table {
            let entry = Entry::new(source, key, value);
            if let Some((name, environment)) = ENVIRONMENTS.iter().find(|(name, _)| *name == entry.key) {
                let table = AlpacaTable::read_of_one(source, entry.table(name)?, own_table(*environment))?;
                self.alpaca_of.insert(name, table);
            } else if entry.key == "live_enabled" {
                self.alpaca.live_enabled = Some(entry.switch()?);
            } else if !self.alpaca.read_key(&entry)? {
                return Err(entry.unknown("alpaca", ALPACA));
            }
        }
        Ok(())
    }
}

impl AlpacaTable {
    /// Reads the table of a single environment, which is called `name`.
    fn read_of_one(source: Source<'_>, table: &DeTable<'_>, name: &'static str) -> Result<Self, EnvironmentError> {
        let mut read = Self::default();
        for (key, value) in table {
            let entry = Entry::new(source, key, value);
            if !read.read_key(&entry)? {
                return Err(entry.unknown(name, ALPACA_OF_ONE));
            }
        }
        Ok(read)
    }

    /// Reads a key that `[alpaca]` and the tables of single environments have alike; tells whether it is one.
    fn read_key(&mut self, entry: &Entry<'_>) -> Result<bool, EnvironmentError> {
        match entry.key {
            "feed" => self.feed = Some(entry.one_of(FEEDS, "\"iex\" or \"sip\"")?),
            "requests_per_minute" => {
                self.requests_per_minute = Some(entry.whole(REQUESTS, "a whole number from 20 to 10000")?);
            }
            "request_timeout_seconds" => {
                let seconds = entry.whole(TIMEOUT_SECONDS, "a whole number from 1 to 60")?;
                self.request_timeout = Some(entry.lined(Duration::from_secs(seconds.value.into())));
            }
            "brackets" => {
                let expected = "\"full\", \"limit_entries_only\" or \"none\"";
                self.brackets = Some(entry.one_of(BRACKETS, expected)?);
            }
            "url" => self.url = Some(entry.address(Service::Simulator)?),
            "trading_url" => self.trading_url = Some(entry.address(Service::Trading)?),
            "data_url" => self.data_url = Some(entry.address(Service::Data)?),
            "trade_stream_url" => self.trade_stream_url = Some(entry.address(Service::TradeStream)?),
            "data_stream_url" => self.data_stream_url = Some(entry.address(Service::DataStream)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Returns what holds in one environment: what its own table says goes before `[alpaca]`, key by key.
    ///
    /// The addresses of `[alpaca]` belong to the environment that the file names, so `shares_addresses` is for that one.
    pub(super) fn with_own(&self, own: Option<&Self>, shares_addresses: bool) -> Self {
        let none = Self::default();
        let own = own.unwrap_or(&none);
        let addresses = if shares_addresses { self } else { &none };
        let of = |own: &Option<Lined<Url>>, general: &Option<Lined<Url>>| own.clone().or_else(|| general.clone());
        Self {
            feed: own.feed.clone().or_else(|| self.feed.clone()),
            live_enabled: self.live_enabled.clone(),
            requests_per_minute: own.requests_per_minute.clone().or_else(|| self.requests_per_minute.clone()),
            request_timeout: own.request_timeout.clone().or_else(|| self.request_timeout.clone()),
            brackets: own.brackets.clone().or_else(|| self.brackets.clone()),
            url: of(&own.url, &addresses.url),
            trading_url: of(&own.trading_url, &addresses.trading_url),
            data_url: of(&own.data_url, &addresses.data_url),
            trade_stream_url: of(&own.trade_stream_url, &addresses.trade_stream_url),
            data_stream_url: of(&own.data_stream_url, &addresses.data_stream_url),
        }
    }
}

impl DaemonTable {
    fn read(source: Source<'_>, table: &DeTable<'_>) -> Result<Self, EnvironmentError> {
        let mut read = Self::default();
        for (key, value) in table {
            let entry = Entry::new(source, key, value);
            match entry.key {
                "data_dir" => {
                    read.data_dir = Some(entry.path("an absolute path in quotation marks, like \"/var/lib/orb\"")?);
                }
                "listen" => read.listen = Some(entry.listen()?),
                "connections_per_address" => {
                    let most = entry.whole(CONNECTIONS, "a whole number from 8 to 10000")?.value;
                    read.connections =
                        usize::try_from(most).ok().and_then(NonZeroUsize::new).map(|most| entry.lined(most));
                }
                "socket" => {
                    let expected = "an absolute path in quotation marks, like \"/run/orb/api.sock\"";
                    read.socket = Some(entry.path(expected)?);
                }
                "database" => read.database = Some(entry.database()?),
                "log_days" => read.log_days = Some(entry.whole(LOG_DAYS, "a whole number from 1 to 3650")?),
                "log_megabytes" => {
                    read.log_megabytes = Some(entry.whole(LOG_MEGABYTES, "a whole number from 16 to 1000000")?);
                }
                _ => return Err(entry.unknown("daemon", DAEMON)),
            }
        }
        Ok(read)
    }
}

impl GuardTable {
    fn read(source: Source<'_>, table: &DeTable<'_>) -> Result<Self, EnvironmentError> {
        let mut read = Self::default();
        for (key, value) in table {
            let entry = Entry::new(source, key, value);
            match entry.key {
                "silence_seconds" => {
                    let seconds = entry.whole(SILENCE_SECONDS, "a whole number from 10 to 3600")?;
                    read.silence = Some(entry.lined(Duration::from_secs(seconds.value.into())));
                }
                _ => return Err(entry.unknown("guard", GUARD)),
            }
        }
        Ok(read)
    }
}

/// A key and its value.
pub(super) struct Entry<'a> {
    source: Source<'a>,
    pub(super) key: &'a str,
    line: usize,
    value: &'a Value<'a>,
}

impl<'a> Entry<'a> {
    pub(super) fn new(source: Source<'a>, key: &'a Key<'_>, value: &'a Value<'a>) -> Self {
        Self { source, key: key.get_ref(), line: source.line(&key.span()), value }
    }

    pub(super) fn lined<T>(&self, value: T) -> Lined<T> {
        Lined { value, line: self.line }
    }

    pub(super) fn error(&self, problem: EnvironmentProblem) -> EnvironmentError {
        let path = self.source.path.to_owned();
        EnvironmentError::File { path, line: self.line, problem: Box::new(problem) }
    }

    pub(super) fn table(&self, name: &'static str) -> Result<&'a DeTable<'a>, EnvironmentError> {
        self.value.get_ref().as_table().ok_or_else(|| self.error(EnvironmentProblem::NotATable { name }))
    }

    pub(super) fn text(&self, expected: &'static str) -> Result<&'a str, EnvironmentError> {
        self.value.get_ref().as_str().ok_or_else(|| self.misfit(expected, None))
    }

    pub(super) fn one_of<T: Copy>(
        &self,
        known: &[(&'static str, T)],
        expected: &'static str,
    ) -> Result<Lined<T>, EnvironmentError> {
        let text = self.text(expected)?;
        let found = known.iter().find(|(name, _)| *name == text);
        let suggestion = || near(known.iter().map(|(name, _)| *name), text);
        found.map(|(_, value)| self.lined(*value)).ok_or_else(|| self.misfit(expected, suggestion()))
    }

    pub(super) fn switch(&self) -> Result<Lined<bool>, EnvironmentError> {
        let value = self.value.get_ref().as_bool();
        value.map(|value| self.lined(value)).ok_or_else(|| self.misfit("true or false", None))
    }

    pub(super) fn whole(
        &self,
        range: RangeInclusive<u32>,
        expected: &'static str,
    ) -> Result<Lined<u32>, EnvironmentError> {
        let digits = self.value.get_ref().as_integer().filter(|number| number.radix() == 10);
        let number = digits.and_then(|number| number.as_str().parse().ok()).filter(|number| range.contains(number));
        number.map(|number| self.lined(number)).ok_or_else(|| self.misfit(expected, None))
    }

    fn address(&self, service: Service) -> Result<Lined<Url>, EnvironmentError> {
        let text = self.text("an address in quotation marks")?;
        if text.contains('@') {
            let remedy = "the credentials of the broker are given as systemd credentials or in the environment";
            return Err(self.error(EnvironmentProblem::Password { key: service.key(), remedy }));
        }
        service.read(text).map(|url| self.lined(url)).map_err(|error| self.error(error.into()))
    }

    pub(super) fn path(&self, expected: &'static str) -> Result<Lined<PathBuf>, EnvironmentError> {
        let path = PathBuf::from(self.text(expected)?);
        if path.is_absolute() { Ok(self.lined(path)) } else { Err(self.misfit(expected, None)) }
    }

    fn listen(&self) -> Result<Lined<SocketAddr>, EnvironmentError> {
        let expected = "an address with a port, like \"127.0.0.1:7070\"";
        let address = self.text(expected)?.parse().map_err(|_| self.misfit(expected, None))?;
        Ok(self.lined(address))
    }

    /// Reads a list of texts of which each has its form.
    pub(super) fn names(
        &self,
        is_good: fn(&str) -> bool,
        expected: &'static str,
    ) -> Result<Lined<Vec<String>>, EnvironmentError> {
        let items = self.value.get_ref().as_array().ok_or_else(|| self.misfit(expected, None))?;
        let name = |item: &Value<'_>| item.get_ref().as_str().filter(|text| is_good(text)).map(ToOwned::to_owned);
        let names: Option<Vec<_>> = items.iter().map(name).collect();
        names.map(|names| self.lined(names)).ok_or_else(|| self.misfit(expected, None))
    }

    fn database(&self) -> Result<Lined<DatabaseUrl>, EnvironmentError> {
        let text = self.text("an address like \"sqlite:///var/lib/orb/orb.db\" or \"postgres://orb@localhost/orb\"")?;
        let url = DatabaseUrl::parse(text).map_err(|error| self.error(error.into()))?;
        if url.has_password() {
            let remedy = "give the whole address as ORB_DATABASE_URL, which goes before this key";
            return Err(self.error(EnvironmentProblem::Password { key: "database", remedy }));
        }
        Ok(self.lined(url))
    }

    pub(super) fn misfit(&self, expected: &'static str, suggestion: Option<&'static str>) -> EnvironmentError {
        let value = self.source.part(self.value.span()).lines().next().unwrap_or_default();
        let value = value.chars().take(SHOWN_MAX).collect();
        self.error(EnvironmentProblem::BadValue { key: self.key.to_owned(), value, expected, suggestion })
    }

    pub(super) fn unknown(&self, table: &'static str, known: &'static [&'static str]) -> EnvironmentError {
        let is_table = self.value.get_ref().as_table().is_some();
        let tables = ENVIRONMENTS.iter().map(|(name, _)| *name).filter(|_| is_table && table == "alpaca");
        let suggestion = near(known.iter().copied().chain(tables), self.key);
        let place = match place_of(self.key) {
            _ if self.key == "environment" => Some("outside of the tables, above the first one"),
            // Channels have keys of their own names.
            Some(_) if table == "notify.NAME" => None,
            Some(place) => Some(place),
            None if suggestion.is_some() => None,
            None => KEYS
                .iter()
                .any(|known| known.name == self.key)
                .then_some("to the strategies: write it outside of the tables, above the first one"),
        };
        let key = self.key.to_owned();
        self.error(match place {
            Some(place) => EnvironmentProblem::Misplaced { key, place },
            None => EnvironmentProblem::UnknownKey { table, key, suggestion, known },
        })
    }

    /// Tells what is wrong with a name outside of all tables that is probably meant for the environment.
    fn stranger(&self, name: &str) -> Option<EnvironmentProblem> {
        let key = name.to_owned();
        if self.value.get_ref().as_table().is_some() {
            let tables = TABLES.iter().map(|(table, _, _)| *table).chain(["notify"]);
            let suggestion = near(tables, name)?;
            return Some(EnvironmentProblem::Misspelt { what: "table", name: key, suggestion });
        }
        if KEYS.iter().any(|known| known.name == name) {
            return None;
        }
        match place_of(name) {
            Some(place) => Some(EnvironmentProblem::Misplaced { key, place }),
            None => {
                let suggestion = near(["environment"], name)?;
                Some(EnvironmentProblem::Misspelt { what: "key", name: key, suggestion })
            }
        }
    }
}

/// Returns the table that is an environment's own, without brackets.
const fn own_table(environment: Environment) -> &'static str {
    match environment {
        Environment::Sim => "alpaca.sim",
        Environment::Paper => "alpaca.paper",
        Environment::Live => "alpaca.live",
    }
}

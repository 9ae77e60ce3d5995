//! From what the file and the flags say to the environment in which orb trades.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use orb_core::RunConfig;
use orb_exec::alpaca::{AlpacaConfig, BracketSupport, Credentials, Environment, Feed, RequestLimits, Urls};
use url::Url;

use super::args::EnvironmentArgs;
use super::chosen::Chosen;
use super::credentials::{self, CredentialsError, Names};
use super::error::{EnvironmentError, EnvironmentProblem};
use super::keys::{ENVIRONMENTS, environment_name};
use super::state::default_folder;
use super::tables::{AlpacaTable, EnvironmentTables, Lined};
use super::urls::{is_loopback, simulator};
use crate::notify::ChannelConfig;
use crate::reporting::SentryConfig;
use crate::rpc::{Exposure, TlsFiles, WebRules};
use crate::store::{DatabaseUrl, Retention};
use crate::traces::OtelConfig;
use crate::view;

/// Where the API listens when nothing else is said.
pub(super) const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7070);

/// How long a daemon may be silent when nothing else is said.
pub(super) const SILENCE: Duration = Duration::from_secs(60);

/// Holds where orb trades and where it keeps its state; no secret is in it.
#[derive(Clone, Debug)]
pub struct EnvironmentConfig {
    /// Where orders go.
    pub environment: Environment,
    /// It is the one that the configuration names, and not another to which the daemon is switched: keys whose names
    /// name no environment are for this one.
    pub is_configured: bool,
    /// A simulator is at the other end, which has a time of its own.
    pub is_simulated: bool,
    /// Where all of a simulator's services are; `None` where there is none.
    pub simulator: Option<Url>,
    /// Real money may be traded, once the environment is live.
    pub is_live_enabled: bool,
    /// Which feed prices come from.
    pub feed: Feed,
    /// Where the broker's services are.
    pub urls: Urls,
    /// How often the broker may be asked, and how long an answer may take.
    pub limits: RequestLimits,
    /// Which entries may carry their exits as legs.
    pub brackets: BracketSupport,
    /// Where the state is: database, token, halt file. An absolute path; it may not be there yet.
    pub data_dir: PathBuf,
    /// Where the API listens; without TLS an address of this machine alone.
    pub listen: SocketAddr,
    /// Connections that one address may have.
    pub connections: NonZeroUsize,
    /// A socket on which the API is served to the same user; an absolute path. `None` for none.
    pub socket: Option<PathBuf>,
    /// The encryption of the API's address; `None` for none.
    pub tls: Option<TlsFiles>,
    /// Under which names the API may be called, and by which pages.
    pub web: WebRules,
    /// Where the records are.
    pub database: DatabaseUrl,
    /// How long the daemon may be silent before `orbd guard` takes it for dead.
    pub silence: Duration,
    /// Which log lines are kept.
    pub retention: Retention,
    /// Where notices go; no secret is in it.
    pub notify: Vec<ChannelConfig>,
    /// What is reported to Sentry; the DSN is not in it.
    pub sentry: SentryConfig,
    /// Where traces go; no secret is in it.
    pub otel: OtelConfig,
}

/// Holds everything that a run against a broker is told: what is traded and how, and where.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// What is traded and how.
    pub run: RunConfig,
    /// Where.
    pub environment: EnvironmentConfig,
}

/// Holds what the configuration says of each environment, to switch between them.
#[derive(Clone, Debug)]
pub struct Environments {
    /// The one that the file or a flag names.
    pub configured: Environment,
    /// A flag names it.
    pub is_flag: bool,
    /// All of them, in the order sim, paper, live: how it is configured, or why it cannot be used.
    all: Vec<(Environment, Result<EnvironmentConfig, String>)>,
}

impl Environments {
    /// Returns how an environment is configured.
    ///
    /// # Errors
    /// Why it cannot be used, with the remedy.
    pub fn get(&self, environment: Environment) -> Result<&EnvironmentConfig, &str> {
        let found = self.all.iter().find(|(known, _)| *known == environment);
        let (_, config) = found.expect("every environment is in the list");
        config.as_ref().map_err(String::as_str)
    }

    /// Returns the environment in which orb trades now, with the last switch; `None` where there was none.
    ///
    /// # Errors
    /// When what the state directory says cannot be read, or that environment cannot be used.
    pub(crate) fn now(&self) -> anyhow::Result<(&EnvironmentConfig, Option<Chosen>)> {
        let configured = self.get(self.configured);
        // All of them share the state directory.
        let any = self.all.iter().find_map(|(_, config)| config.as_ref().ok());
        let chosen = any.map(|config| Chosen::read(&config.data_dir)).transpose()?.flatten();
        match (&chosen, any) {
            (Some(last), Some(any)) => {
                let config = self.get(last.environment).map_err(|problem| {
                    let path = Chosen::path(&any.data_dir);
                    anyhow::anyhow!("{problem}; {}, and {} goes before the configuration: remove it to go by that, when nothing is held there", last.describe(), path.display())
                })?;
                Ok((config, chosen))
            }
            _ => Ok((configured.map_err(|problem| anyhow::anyhow!("{problem}"))?, None)),
        }
    }

    /// Returns why an environment cannot be traded in as far as this machine knows; `None` when it can.
    #[must_use]
    pub fn obstacle(&self, environment: Environment) -> Option<String> {
        match self.get(environment) {
            Ok(config) => config.credentials().err().map(|error| error.to_string()),
            Err(problem) => Some(problem.to_owned()),
        }
    }
}

impl EnvironmentConfig {
    /// Finds the environment's credentials.
    ///
    /// # Errors
    /// When they are nowhere, or not as they must be; the error names the place and the remedy, never the value.
    pub fn credentials(&self) -> Result<Credentials, CredentialsError> {
        credentials::find(self.environment, if self.is_configured { Names::All } else { Names::Own })
    }

    /// Tells the broker's client where to go, and who asks.
    #[must_use]
    pub fn alpaca(&self, credentials: Credentials) -> AlpacaConfig {
        AlpacaConfig {
            environment: self.environment,
            urls: self.urls.clone(),
            feed: self.feed,
            credentials,
            limits: self.limits,
        }
    }

    /// Returns how the API is reached.
    #[must_use]
    pub fn exposure(&self) -> Exposure {
        Exposure {
            address: self.listen,
            socket: self.socket.clone(),
            tls: self.tls.clone(),
            connections: self.connections,
            web: self.web.clone(),
        }
    }

    /// Returns the environment as records and replies name it.
    #[must_use]
    pub const fn of_records(&self) -> view::Environment {
        match self.environment {
            Environment::Sim => view::Environment::Sim,
            Environment::Paper => view::Environment::Paper,
            Environment::Live => view::Environment::Live,
        }
    }
}

impl EnvironmentTables {
    /// Builds the environment: the flags, then the file, then what holds where neither says anything.
    ///
    /// # Errors
    /// Names the line or the flag at fault, and the remedy.
    pub(crate) fn resolve(&self, args: &EnvironmentArgs) -> Result<EnvironmentConfig, EnvironmentError> {
        self.resolve_as(self.configured(args), args)
    }

    /// Builds the environment in which orb trades now: that of the last switch, if there was one.
    ///
    /// # Errors
    /// Names the line, the flag or the file at fault, and the remedy.
    pub(crate) fn resolve_now(&self, args: &EnvironmentArgs) -> Result<EnvironmentConfig, EnvironmentError> {
        let configured = self.configured(args);
        // What only the other environment needs may be wrong.
        match Chosen::read(&self.data_dir(configured, args)?)? {
            Some(chosen) => self.resolve_as(chosen.environment, args),
            None => self.resolve_as(configured, args),
        }
    }

    /// Builds each environment, or says why it cannot be used.
    pub(crate) fn all(&self, args: &EnvironmentArgs) -> Environments {
        let told = |error: EnvironmentError| error.to_string();
        let of = |environment| (environment, self.resolve_as(environment, args).map_err(told));
        let all = ENVIRONMENTS.iter().map(|(_, environment)| of(*environment)).collect();
        Environments { configured: self.configured(args), is_flag: args.environment.is_some(), all }
    }

    /// Returns the environment that a flag or the file names.
    fn configured(&self, args: &EnvironmentArgs) -> Environment {
        args.environment.or_else(|| value(self.environment.as_ref())).unwrap_or(Environment::Sim)
    }

    /// Builds an environment, which may be another than the configured one; both share state directory and database.
    fn resolve_as(
        &self,
        environment: Environment,
        args: &EnvironmentArgs,
    ) -> Result<EnvironmentConfig, EnvironmentError> {
        let configured = self.configured(args);
        let is_configured = environment == configured;
        self.check_live(environment, args)?;
        let (alpaca, is_simulated) = self.alpaca(environment, is_configured)?;
        let data_dir = self.data_dir(configured, args)?;
        let Exposure { address: listen, socket, tls, connections, web } =
            self.exposure(self.listen(args)?, &data_dir)?;
        Ok(EnvironmentConfig {
            environment,
            is_configured,
            is_simulated,
            simulator: value(alpaca.url.as_ref()).or_else(|| simulator(environment)),
            is_live_enabled: self.is_live_enabled(),
            feed: value(alpaca.feed.as_ref()).unwrap_or(Feed::Iex),
            urls: alpaca.urls(environment).map_err(|(line, problem)| self.error(line, problem))?,
            limits: limits(&alpaca),
            brackets: value(alpaca.brackets.as_ref()).unwrap_or_default(),
            listen,
            connections,
            socket,
            tls,
            web,
            database: self.database(args)?.unwrap_or_else(|| DatabaseUrl::sqlite(data_dir.join("orb.db"))),
            silence: value(self.guard.silence.as_ref()).unwrap_or(SILENCE),
            retention: self.retention(),
            notify: self.notify.clone(),
            sentry: self.sentry,
            otel: self.otel.clone(),
            data_dir,
        })
    }

    /// Returns the keys of `[alpaca]` for an environment, and whether a simulator is at the other end.
    fn alpaca(&self, environment: Environment, is_configured: bool) -> Result<(AlpacaTable, bool), EnvironmentError> {
        let name = environment_name(environment);
        let own = self.alpaca_of.get(name);
        let of_own = own.and_then(|own| own.url.as_ref());
        let (line, problem) = match (environment, of_own, &self.alpaca.url) {
            (Environment::Sim, ..) if is_configured || own.is_some() => {
                return Ok((self.alpaca.with_own(own, is_configured), true));
            }
            (Environment::Sim, ..) => return Err(self.unconfigured(name)),
            (_, Some(url), _) if is_loopback(&url.value) => {
                return Ok((self.alpaca.with_own(own, is_configured), true));
            }
            (_, Some(url), _) => {
                let host = url.value.host_str().unwrap_or_default().to_owned();
                (url.line, EnvironmentProblem::Elsewhere { host, environment: name })
            }
            (_, None, Some(url)) if is_configured => {
                (url.line, EnvironmentProblem::SimulatorOnly { environment: name })
            }
            (_, None, _) => return Ok((self.alpaca.with_own(own, is_configured), false)),
        };
        Err(self.error(line, problem))
    }

    fn unconfigured(&self, environment: &'static str) -> EnvironmentError {
        EnvironmentError::Switch { environment, problem: Box::new(EnvironmentProblem::NotConfigured { environment }) }
    }

    /// Real money needs two words: the environment, and the permission in the file.
    fn check_live(&self, environment: Environment, args: &EnvironmentArgs) -> Result<(), EnvironmentError> {
        if environment != Environment::Live || self.is_live_enabled() {
            return Ok(());
        }
        let of_file = self.environment.as_ref().filter(|said| said.value == environment);
        let said = of_file.filter(|_| args.environment.is_none()).map(|said| said.line);
        let line = self.alpaca.live_enabled.as_ref().map(|said| said.line).or(said);
        let problem = EnvironmentProblem::LiveDisabled;
        Err(match line {
            Some(line) => self.error(line, problem),
            None if self.configured(args) != environment => {
                EnvironmentError::Switch { environment: "live", problem: Box::new(problem) }
            }
            None => EnvironmentError::Flag { flag: "--environment live", problem: Box::new(problem) },
        })
    }

    fn is_live_enabled(&self) -> bool {
        value(self.alpaca.live_enabled.as_ref()) == Some(true)
    }

    /// Returns the channels for notices.
    pub(crate) fn channels(&self) -> &[ChannelConfig] {
        &self.notify
    }

    fn retention(&self) -> Retention {
        let default = Retention::default();
        Retention {
            days: value(self.daemon.log_days.as_ref()).or(default.days),
            megabytes: value(self.daemon.log_megabytes.as_ref()).or(default.megabytes),
        }
    }

    fn data_dir(&self, environment: Environment, args: &EnvironmentArgs) -> Result<PathBuf, EnvironmentError> {
        let said = args.data_dir.clone().or_else(|| value(self.daemon.data_dir.as_ref()));
        let folder = said.unwrap_or_else(|| default_folder(environment_name(environment)));
        std::path::absolute(folder).map_err(EnvironmentError::Folder)
    }

    /// Other machines may reach the API by TLS alone.
    fn listen(&self, args: &EnvironmentArgs) -> Result<SocketAddr, EnvironmentError> {
        let said = self.daemon.listen.as_ref();
        let address = args.listen.or_else(|| value(said)).unwrap_or(LISTEN);
        if address.ip().is_loopback() || self.tls_files()?.is_some() {
            return Ok(address);
        }
        let problem = EnvironmentProblem::NotLoopback(address);
        Err(match said.filter(|_| args.listen.is_none()) {
            Some(Lined { line, .. }) => self.error(*line, problem),
            None => EnvironmentError::Flag { flag: "--listen", problem: Box::new(problem) },
        })
    }

    fn database(&self, args: &EnvironmentArgs) -> Result<Option<DatabaseUrl>, EnvironmentError> {
        let flag = "--database or ORB_DATABASE_URL";
        let of_flag = |text: &String| {
            DatabaseUrl::parse(text).map_err(|error| EnvironmentError::Flag { flag, problem: Box::new(error.into()) })
        };
        let said = args.database.as_ref().map(of_flag).transpose()?;
        Ok(said.or_else(|| value(self.daemon.database.as_ref())))
    }

    pub(super) fn error(&self, line: usize, problem: EnvironmentProblem) -> EnvironmentError {
        EnvironmentError::File { path: self.path.clone(), line, problem: Box::new(problem) }
    }
}

/// Half of the requests are kept for exits, stops and cancels, as in the default.
fn limits(alpaca: &AlpacaTable) -> RequestLimits {
    let default = RequestLimits::default();
    let per_minute = value(alpaca.requests_per_minute.as_ref()).unwrap_or(default.per_minute);
    RequestLimits {
        per_minute,
        reserve: per_minute / 2,
        timeout: value(alpaca.request_timeout.as_ref()).unwrap_or(default.timeout),
    }
}

pub(super) fn value<T: Clone>(lined: Option<&Lined<T>>) -> Option<T> {
    lined.map(|lined| lined.value.clone())
}

#[cfg(test)]
pub(super) mod tests;

//! From what the file and the flags say to the environment in which orb trades.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use orb_core::RunConfig;
use orb_exec::alpaca::{AlpacaConfig, BracketSupport, Credentials, Environment, Feed, RequestLimits, Urls};

use super::args::EnvironmentArgs;
use super::error::{EnvironmentError, EnvironmentProblem};
use super::state::default_folder;
use super::tables::{EnvironmentTables, Lined};
use crate::rpc::{Exposure, TlsFiles, WebRules};
use crate::store::{DatabaseUrl, Retention};
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
}

/// Holds everything that a run against a broker is told: what is traded and how, and where.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// What is traded and how.
    pub run: RunConfig,
    /// Where.
    pub environment: EnvironmentConfig,
}

impl EnvironmentConfig {
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
        Exposure { address: self.listen, socket: self.socket.clone(), tls: self.tls.clone(), web: self.web.clone() }
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
        let environment = args.environment.or_else(|| value(self.environment.as_ref())).unwrap_or(Environment::Sim);
        self.check_live(environment, args)?;
        let data_dir = self.data_dir(environment, args)?;
        let Exposure { address: listen, socket, tls, web } = self.exposure(self.listen(args)?, &data_dir)?;
        Ok(EnvironmentConfig {
            environment,
            feed: value(self.alpaca.feed.as_ref()).unwrap_or(Feed::Iex),
            urls: self.alpaca.urls(environment).map_err(|(line, problem)| self.error(line, problem))?,
            limits: self.limits(),
            brackets: value(self.alpaca.brackets.as_ref()).unwrap_or_default(),
            listen,
            socket,
            tls,
            web,
            database: self.database(args)?.unwrap_or_else(|| DatabaseUrl::sqlite(data_dir.join("orb.db"))),
            silence: value(self.guard.silence.as_ref()).unwrap_or(SILENCE),
            retention: self.retention(),
            data_dir,
        })
    }

    /// Real money needs two words: the environment, and the permission in the file.
    fn check_live(&self, environment: Environment, args: &EnvironmentArgs) -> Result<(), EnvironmentError> {
        if environment != Environment::Live || value(self.alpaca.live_enabled.as_ref()) == Some(true) {
            return Ok(());
        }
        let said = self.environment.as_ref().filter(|_| args.environment.is_none()).map(|said| said.line);
        let line = self.alpaca.live_enabled.as_ref().map(|said| said.line).or(said);
        let problem = EnvironmentProblem::LiveDisabled;
        Err(match line {
            Some(line) => self.error(line, problem),
            None => EnvironmentError::Flag { flag: "--environment live", problem: Box::new(problem) },
        })
    }

    /// Half of the requests are kept for exits, stops and cancels, as in the default.
    fn limits(&self) -> RequestLimits {
        let default = RequestLimits::default();
        let per_minute = value(self.alpaca.requests_per_minute.as_ref()).unwrap_or(default.per_minute);
        RequestLimits {
            per_minute,
            reserve: per_minute / 2,
            timeout: value(self.alpaca.request_timeout.as_ref()).unwrap_or(default.timeout),
        }
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
        let folder = said.unwrap_or_else(|| default_folder(super::environment_name(environment)));
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

pub(super) fn value<T: Clone>(lined: Option<&Lined<T>>) -> Option<T> {
    lined.map(|lined| lined.value.clone())
}

#[cfg(test)]
pub(super) mod tests;

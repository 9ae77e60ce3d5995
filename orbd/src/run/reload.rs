//! Taking up a changed configuration while orb trades; see [`crate::reload`].
//!
//! It is the loop that switches environments which does this too, so that the two never meet: a reload that is asked for
//! during a switch, or while the daemon starts, is done right after it, and by what is configured for where orb trades
//! then. Reading the disk is left to another thread.

use std::sync::Arc;

use orb_exec::alpaca::{Credentials, Environment};
use orb_exec::{Clock as _, WallClock};
use secrecy::ExposeSecret as _;

use super::switch::Switcher;
use crate::daemon::{Daemon, Fresh, Reading};
use crate::environment::check::{self, Finding, Verdict};
use crate::environment::settings;
use crate::failpoint::{self, Place};
use crate::monitoring;
use crate::reload::{Change, Configuration, Outcome, ReloadError, Source, differences};
use crate::rpc::{ReloadRequest, Reloaded};
use crate::shutdown::Shutdown;
use crate::store::Audit;

/// Who asks by a signal, as the record names them.
const BY_SIGNAL: &str = "SIGHUP";

/// A configuration that was read and found good, with what it changes.
struct Read {
    configuration: Configuration,
    fresh: Fresh,
    changes: Vec<Change>,
}

/// What is read by: everything that another thread needs.
struct Reader {
    source: Arc<Source>,
    before: Configuration,
    environment: Environment,
    credentials: Credentials,
    reading: Reading,
}

impl Reader {
    /// Reads everything again and checks it as a start does; nothing has changed when this returns.
    fn read(self) -> Result<Read, ReloadError> {
        let invalid = |problem: String| ReloadError::Invalid(problem);
        let configuration = self.source.read().map_err(|error| invalid(crate::cli::sentence(&error)))?;
        let mut changes = differences(&self.before, &configuration, self.environment).map_err(invalid)?;
        let config = configuration.environments.get(self.environment).map_err(|problem| invalid(problem.to_owned()))?;
        refuse_unfit(&check::strategies(&configuration.run, config))?;
        let credentials = config.credentials().map_err(|error| invalid(error.to_string()))?;
        changes.push(compare(&self.credentials, &credentials));
        let fresh = self.reading.read(config).map_err(invalid)?;
        changes.extend(fresh.unnamed.iter().cloned());
        changes.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(Read { configuration, fresh, changes })
    }
}

fn refuse_unfit(findings: &[Finding]) -> Result<(), ReloadError> {
    match findings.iter().find(|finding| finding.verdict == Verdict::Fail) {
        None => Ok(()),
        Some(Finding { item, detail, remedy, .. }) => {
            let remedy = remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
            Err(ReloadError::Invalid(format!("{item}: {detail}{remedy}")))
        }
    }
}

/// Compares the key that the broker knows: the connections were made with it.
fn compare(before: &Credentials, after: &Credentials) -> Change {
    let is_same = before.key_id.expose_secret() == after.key_id.expose_secret()
        && before.secret.expose_secret() == after.secret.expose_secret();
    if is_same {
        return Change::unnamed("credentials", Outcome::Unchanged, "the broker's key");
    }
    let why = "the broker's key was used for the connections that were made at the start; restart orbd, flat and outside of market hours";
    Change::unnamed("credentials", Outcome::Refused, why)
}

impl Switcher {
    /// Does what a client asked for and answers it; `None` when somebody stopped the daemon meanwhile.
    pub(super) async fn reload_for(
        &mut self,
        daemon: &mut Daemon,
        shutdown: &mut Shutdown,
        request: ReloadRequest,
    ) -> Option<()> {
        let ReloadRequest { validate_only, actor, reply } = request;
        let done = self.reload(daemon, shutdown, validate_only).await;
        tell(&actor, validate_only, &done);
        let is_stopping = matches!(done, Err(ReloadError::Stopping));
        // The asker may have gone away; what was asked for is done all the same.
        let _ = reply.send(done);
        (!is_stopping).then_some(())
    }

    /// Does what a signal asks for, and keeps it for the record; `None` when somebody stopped the daemon meanwhile.
    pub(super) async fn reload_by_signal(&mut self, daemon: &mut Daemon, shutdown: &mut Shutdown) -> Option<()> {
        let done = self.reload(daemon, shutdown, false).await;
        tell(BY_SIGNAL, false, &done);
        let (accepted, result) = match &done {
            Ok(reloaded) => (true, reloaded.to_string()),
            Err(ReloadError::Stopping) => return None,
            Err(error) => (false, error.to_string()),
        };
        let at = WallClock::default().now();
        daemon.record(Audit {
            request_id: format!("{BY_SIGNAL}-{}", at.micros()),
            actor: BY_SIGNAL.to_owned(),
            command: "ReloadConfig".to_owned(),
            reason: String::new(),
            result,
            accepted,
            at,
        });
        Some(())
    }

    async fn reload(
        &mut self,
        daemon: &mut Daemon,
        shutdown: &mut Shutdown,
        validate_only: bool,
    ) -> Result<Reloaded, ReloadError> {
        let telling = self.readiness.reloading();
        let done = self.read_and_take_up(daemon, shutdown, validate_only).await;
        drop(telling);
        if !validate_only {
            daemon.count_reload(match &done {
                Ok(reloaded) if reloaded.has_changes() => monitoring::Reload::Applied,
                Ok(_) => monitoring::Reload::Unchanged,
                Err(ReloadError::Refused(_)) => monitoring::Reload::Refused,
                Err(ReloadError::Invalid(_) | ReloadError::Stopping | ReloadError::Fixed) => {
                    monitoring::Reload::Invalid
                }
            });
        }
        done
    }

    async fn read_and_take_up(
        &mut self,
        daemon: &mut Daemon,
        shutdown: &mut Shutdown,
        validate_only: bool,
    ) -> Result<Reloaded, ReloadError> {
        let reader = self.reader(daemon);
        let read = tokio::task::spawn_blocking(move || reader.read());
        let read = tokio::select! {
            read = read => read.map_err(|_| ReloadError::Invalid("reading the configuration ended abnormally".to_owned()))?,
            // A disk that does not answer holds up no stop.
            () = shutdown.wait() => Err(ReloadError::Stopping),
        };
        let Read { configuration, fresh, changes } = read?;
        let is_refused = changes.iter().any(|change| change.outcome == Outcome::Refused);
        if validate_only {
            return Ok(Reloaded { changes, is_in_force: false, loaded: daemon.in_force() });
        }
        if is_refused {
            return Err(ReloadError::Refused(changes));
        }
        failpoint::pass(Place::ReloadRead, WallClock::default().now());
        self.put_in_force(daemon, configuration, fresh).await;
        failpoint::pass(Place::ReloadTaken, WallClock::default().now());
        Ok(Reloaded { changes, is_in_force: true, loaded: daemon.in_force() })
    }

    fn reader(&self, daemon: &Daemon) -> Reader {
        Reader {
            source: Arc::clone(&self.source),
            before: self.configuration.clone(),
            environment: self.current.site.config.environment,
            credentials: self.current.site.credentials.clone(),
            reading: daemon.reading(),
        }
    }

    /// Takes up what was read: what the daemon does, and what a switch of the environment goes by.
    async fn put_in_force(&mut self, daemon: &mut Daemon, configuration: Configuration, fresh: Fresh) {
        let environment = self.current.site.config.environment;
        let config = configuration.environments.get(environment).expect("it was compared with that of before");
        self.current.site.config = config.clone();
        daemon.take_up(fresh, settings(&self.sites.run, Some(config)), configuration.read_at).await;
        daemon.switchboard().go_by(configuration.environments.clone());
        self.configuration = configuration;
    }
}

/// Tells the log what became of a reload.
fn tell(actor: &str, validate_only: bool, done: &Result<Reloaded, ReloadError>) {
    match done {
        Ok(_) if validate_only => {
            tracing::info!(component = "Executor", actor, "{actor} had the configuration checked; nothing has changed");
        }
        Ok(reloaded) => {
            let fingerprint = reloaded.loaded.fingerprint();
            tracing::info!(
                component = "Executor",
                actor,
                fingerprint,
                "{actor} had the configuration read again: {reloaded}"
            );
            for change in reloaded.changes.iter().filter(|change| change.outcome == Outcome::Applied) {
                let Change { key, before, after, .. } = change;
                tracing::info!(component = "Executor", key, before, after, "configuration: {key} is changed");
            }
        }
        Err(error) => {
            tracing::warn!(component = "Executor", actor, "{actor} had the configuration read again, in vain: {error}");
        }
    }
}

//! What of a configuration a running daemon takes up: read first, and then in force all at once.

use std::sync::Arc;

use orb_core::Timestamp;

use super::Daemon;
use crate::environment::EnvironmentConfig;
use crate::notify::{Channel, Teller};
use crate::reload::{Change, Outcome};
use crate::rpc::{Doors, Opened};
use crate::store::{Audit, Retention};
use crate::view::SettingView;

/// Reads what a running daemon can take up. Clones read for the same one.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    doors: Doors,
    teller: Teller,
}

/// Holds what was read and found good; taking it up cannot fail.
#[derive(Debug)]
pub(crate) struct Fresh {
    channels: Vec<Channel>,
    opened: Opened,
    retention: Retention,
    /// What has no key of its own: secrets and certificates.
    pub(crate) unnamed: Vec<Change>,
}

impl Reading {
    /// Reads secrets and certificates, and changes nothing; this waits for the disk.
    ///
    /// # Errors
    /// Which channel or certificate cannot be used, and the remedy.
    pub(crate) fn read(&self, config: &EnvironmentConfig) -> Result<Fresh, String> {
        let open = |config| Channel::open(config).map_err(|error| format!("notify.{}: {error}", config.name));
        let channels = config.notify.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let opened = self.doors.read(&config.exposure()).map_err(|error| format!("[tls] {error}"))?;
        let unnamed = self.secrets(&channels).chain(certificates(&opened)).collect();
        Ok(Fresh { channels, opened, retention: config.retention, unnamed })
    }

    /// Compares the secrets of those channels that are told already.
    fn secrets(&self, channels: &[Channel]) -> impl Iterator<Item = Change> {
        let told = self.teller.channels();
        let of = move |channel: &Channel| {
            let known = told.iter().find(|known| known.config == channel.config)?;
            let outcome = if known.is_same(channel) { Outcome::Unchanged } else { Outcome::Applied };
            let detail = "its secrets, and the file of its authority";
            Some(Change::unnamed(format!("notify.{}", channel.config.name), outcome, detail))
        };
        channels.iter().filter_map(of).collect::<Vec<_>>().into_iter()
    }
}

fn certificates(opened: &Opened) -> Option<Change> {
    let outcome = if opened.has_other_certificates()? { Outcome::Applied } else { Outcome::Unchanged };
    Some(Change::unnamed("tls", outcome, "the certificates in its files"))
}

impl Daemon {
    /// Returns what reads for this daemon.
    pub(crate) fn reading(&self) -> Reading {
        Reading { doors: self.doors.clone(), teller: self.notifier.teller() }
    }

    /// Takes up what was read: it is in force when this returns.
    pub(crate) async fn take_up(&mut self, fresh: Fresh, settings: Arc<[SettingView]>, at: Timestamp) {
        let Fresh { channels, opened, retention, unnamed: _ } = fresh;
        self.doors.turn_to(opened);
        self.logs.keep(retention);
        self.notifier.take_up(channels).await;
        self.handle.config.load(settings, at);
        self.handle.meters.config_loaded(at);
    }

    /// Says when the configuration was read that the daemon began with.
    pub(crate) fn config_was_read(&self, at: Timestamp) {
        self.handle.config.was_read(at);
        self.handle.meters.config_loaded(at);
    }

    /// Returns what is in force.
    pub(crate) fn in_force(&self) -> crate::reload::Loaded {
        self.handle.config.get()
    }

    /// Counts a reload by what became of it.
    pub(crate) fn count_reload(&self, result: crate::monitoring::Reload) {
        self.handle.meters.config_reloaded(result);
    }

    /// Keeps for the record what was asked for in another way than by the API.
    pub(crate) fn record(&self, audit: Audit) {
        if self.handle.audit.try_send(audit).is_err() {
            tracing::error!(
                component = "Api",
                "a command could not be recorded: the store is stopped or does not keep up"
            );
        }
    }
}

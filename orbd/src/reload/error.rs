//! Why a reload changed nothing.

use super::difference::{Change, Outcome};

/// Explains why nothing has changed; no text in it holds a secret.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReloadError {
    /// The configuration could not be used at a start either.
    #[error("{0}; nothing has changed")]
    Invalid(String),
    /// Keys have changed that are not taken up while orb runs: all changes are in it, those too that could have been.
    #[error("{}; nothing has changed: put them back, or restart", refused(.0))]
    Refused(Vec<Change>),
    /// The daemon is stopping.
    #[error("the daemon is stopping: the next start reads the configuration")]
    Stopping,
    /// The daemon has one configuration from its start to its end.
    #[error("a demo keeps the configuration that it began with: start `orbd run`, or the demo again")]
    Fixed,
}

impl ReloadError {
    /// Returns the name under which it is counted.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Refused(_) => "refused",
            Self::Stopping | Self::Fixed => "unavailable",
        }
    }
}

fn refused(changes: &[Change]) -> String {
    let keys = changes.iter().filter(|change| change.outcome == Outcome::Refused);
    let said: Vec<_> = keys.map(|change| format!("{} cannot be taken up now: {}", change.key, change.detail)).collect();
    said.join(", ")
}

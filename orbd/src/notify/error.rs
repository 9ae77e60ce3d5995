//! Why a message did not go out; no secret is in any text.

use std::io;
use std::time::Duration;

/// Explains why a message did not go out, sorted by what can be done.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There is no connection, or it broke.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The whole of it took too long.
    #[error("no answer within {} s", .0.as_secs())]
    Late(Duration),
    /// The other side does not prove that it is who it should be, or speaks no TLS. Nothing was told to it.
    #[error("TLS: {0}; is the address right, and is `ca_file` needed for an authority of one's own?")]
    Tls(String),
    /// The other side asks for time.
    #[error("it has too much to do ({status})")]
    Busy {
        /// Its answer.
        status: u16,
        /// How long it asks to be left alone; `None` where it does not say.
        wait: Option<Duration>,
    },
    /// The other side failed.
    #[error("it failed ({status})")]
    Failed {
        /// Its answer.
        status: u16,
    },
    /// The other side does not take this message, and would not take it again.
    #[error("it refused ({status}{}); {remedy}", detail(.said))]
    Refused {
        /// Its answer.
        status: u16,
        /// What it said, without secrets; empty when it said nothing.
        said: String,
        /// What to do.
        remedy: &'static str,
    },
}

impl SendError {
    /// Tells whether the same message may go out later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }

    /// Returns how long the other side asks to be left alone; `None` where it does not say.
    #[must_use]
    pub const fn wait(&self) -> Option<Duration> {
        match self {
            Self::Busy { wait, .. } => *wait,
            Self::Unreachable(_) | Self::Late(_) | Self::Tls(_) | Self::Failed { .. } | Self::Refused { .. } => None,
        }
    }
}

impl From<io::Error> for SendError {
    fn from(error: io::Error) -> Self {
        Self::Unreachable(error.to_string())
    }
}

fn detail(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

/// Explains why a channel cannot be used; no secret is in any text.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// Its secret is nowhere.
    #[error("{what} is missing: give it as the systemd credential {credential}, or as {variable} in the environment")]
    Missing {
        /// What the secret is.
        what: &'static str,
        /// Name of the credential.
        credential: String,
        /// Name of the variable.
        variable: String,
    },
    /// Its secret is not as it must be.
    #[error(transparent)]
    Secret(#[from] crate::environment::credentials::CredentialsError),
    /// The secret is no address that can be used.
    #[error("{name} is no address to send to: {problem}")]
    Address {
        /// Where the secret is.
        name: String,
        /// What is wrong and what is expected, without the address.
        problem: &'static str,
    },
    /// The file of the authority cannot be read.
    #[error("ca_file: cannot read {path}: {source}; check its owner and mode")]
    Authority {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}; is `ca_file` a certificate in PEM?")]
    Tls(String),
}

//! How notices are told, as the configuration says it; no secret is in it.

use std::path::PathBuf;

use lettre::message::Mailbox;
use url::Url;

use super::kind::{Kind, Weight};

/// Messages a minute where nothing else is said: what chat services allow a sender in one place.
pub const MESSAGES_PER_MINUTE: u32 = 20;

/// Holds one channel: where notices go, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelConfig {
    /// Its name: 1 to 32 of a-z, 0-9 and `-`.
    pub name: String,
    /// What notices may be about.
    pub kinds: Vec<Kind>,
    /// The lightest that are told.
    pub weight: Weight,
    /// Messages a minute at most; what is held back goes as one.
    pub per_minute: u32,
    /// A file with an authority of one's own, in PEM, trusted beside those of the system; `None` for the system's alone.
    pub ca_file: Option<PathBuf>,
    /// Where they go.
    pub target: Target,
}

/// Says where notices go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// JSON by POST to any address, which is a secret.
    Webhook,
    /// An incoming webhook of Slack, whose address is a secret.
    Slack,
    /// A bot of Telegram, whose token is a secret.
    Telegram {
        /// The chat: a number, or `@name` of a channel.
        chat: String,
        /// Where the Bot API is.
        api: Url,
    },
    /// Mail by SMTP.
    Email(MailTarget),
}

/// Says how mail goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailTarget {
    /// The server's name.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is encrypted.
    pub encryption: Encryption,
    /// The user that signs in with the password, which is a secret; `None` signs in nobody.
    pub user: Option<String>,
    /// Who it is from.
    pub from: Mailbox,
    /// Who gets it; never empty.
    pub to: Vec<Mailbox>,
}

/// Says how the way to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// After a greeting in the clear; a server that does not offer it is told nothing.
    Starttls,
    /// From the first byte.
    Implicit,
    /// Not at all: on this machine only.
    None,
}

impl Encryption {
    /// Returns the port that is usual for it.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Implicit => 465,
            Self::None => 25,
        }
    }

    /// Returns the name, as the configuration carries it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starttls => "starttls",
            Self::Implicit => "implicit",
            Self::None => "none",
        }
    }
}

impl Target {
    /// Returns the name of its type, as the configuration carries it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Telegram { .. } => "telegram",
            Self::Email(_) => "email",
        }
    }
}

impl ChannelConfig {
    /// Tells whether a notice is for this channel.
    #[must_use]
    pub fn wants(&self, kind: Kind, weight: Weight) -> bool {
        weight >= self.weight && self.kinds.contains(&kind)
    }
}

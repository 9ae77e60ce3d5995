//! One channel that is ready to be used: the templates, and the way out.

mod email;
mod http;
pub(super) mod json;
pub(super) mod secrets;

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use native_tls::{Certificate, Protocol, TlsConnector};
use secrecy::{ExposeSecret as _, SecretString};

use self::email::Mail;
use self::http::Endpoint;
use self::secrets::{Find, Secrets};
use super::config::{ChannelConfig, Target};
use super::error::{ChannelError, SendError};
use super::message::Message;
use crate::environment::credentials::one_secret;

/// How long one attempt may take, from looking up the name to the last byte of the answer.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// Holds a channel with its secrets. Neither logs nor errors nor `Debug` show them.
#[derive(Debug)]
pub struct Channel {
    /// How it is configured.
    pub config: ChannelConfig,
    way: Way,
    deadline: Duration,
    proofs: Proofs,
}

/// What a channel was opened with beside its configuration: its secrets, and the file of its authority.
struct Proofs {
    secrets: Vec<Option<SecretString>>,
    authority: Option<Vec<u8>>,
}

impl core::fmt::Debug for Proofs {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Proofs(..)")
    }
}

impl PartialEq for Proofs {
    fn eq(&self, other: &Self) -> bool {
        fn shown(proofs: &Proofs) -> impl Iterator<Item = Option<&str>> {
            proofs.secrets.iter().map(|secret| secret.as_ref().map(SecretString::expose_secret))
        }
        self.authority == other.authority && shown(self).eq(shown(other))
    }
}

#[derive(Debug)]
enum Way {
    Webhook(Endpoint),
    Slack(Endpoint),
    Telegram(Endpoint, String),
    Email(Box<Mail>),
}

impl Channel {
    /// Makes a channel ready: finds its secrets and looks at its addresses; nothing is sent.
    ///
    /// # Errors
    /// When a secret is nowhere or not as it must be, or a certificate cannot be read; with the remedy.
    pub fn open(config: &ChannelConfig) -> Result<Self, ChannelError> {
        Self::open_with(config, &one_secret)
    }

    /// Makes a channel ready whose secrets are looked for by the names of a credential and of a variable.
    pub(super) fn open_with(config: &ChannelConfig, find: &Find<'_>) -> Result<Self, ChannelError> {
        let found = RefCell::new(Vec::new());
        let noted = |credential: &str, variable: &str| {
            let secret = find(credential, variable)?;
            found.borrow_mut().push(secret.clone());
            Ok(secret)
        };
        let secrets = Secrets { channel: &config.name, find: &noted };
        let tls = || connector(config.ca_file.as_deref());
        let way = match &config.target {
            Target::Webhook => {
                let (address, token) = (secrets.url()?, secrets.secret("token")?);
                Way::Webhook(Endpoint::new(address, token, tls()?))
            }
            Target::Slack => Way::Slack(Endpoint::new(secrets.url()?, None, tls()?)),
            Target::Telegram { chat, api } => {
                let token = secrets.needed("token", "the token of the bot")?;
                let address = secrets.telegram(api, &token)?;
                Way::Telegram(Endpoint::new(address, None, tls()?), chat.clone())
            }
            Target::Email(mail) => {
                let password = match &mail.user {
                    Some(_) => Some(secrets.needed("password", "the password of its user")?),
                    None => None,
                };
                Way::Email(Box::new(Mail::new(mail, password, config.ca_file.as_deref())?))
            }
        };
        let authority = config.ca_file.as_deref().map(authority).transpose()?;
        let proofs = Proofs { secrets: found.into_inner(), authority };
        Ok(Self { config: config.clone(), way, deadline: DEADLINE, proofs })
    }

    /// Tells whether another channel is configured alike and was opened with the same secrets and authority.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.config == other.config && self.proofs == other.proofs
    }

    /// Gives each attempt another time.
    #[cfg(test)]
    pub(super) fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Sends a message, once; it takes ten seconds at most.
    ///
    /// # Errors
    /// Why it did not go out, and whether it may later. After [`SendError::Late`] it may have gone out all the same.
    pub async fn send(&self, message: &Message) -> Result<(), SendError> {
        let sent = tokio::time::timeout(self.deadline, self.attempt(message)).await;
        sent.unwrap_or(Err(SendError::Late(self.deadline)))
    }

    async fn attempt(&self, message: &Message) -> Result<(), SendError> {
        match &self.way {
            Way::Webhook(endpoint) => endpoint.post(&json::webhook(message)).await,
            Way::Slack(endpoint) => endpoint.post(&json::slack(message)).await,
            Way::Telegram(endpoint, chat) => endpoint.post(&json::telegram(message, chat)).await,
            Way::Email(mail) => mail.send(message).await,
        }
    }
}

/// Makes what proves that the other side is who it should be.
fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, ChannelError> {
    let told = |error: native_tls::Error| ChannelError::Tls(error.to_string());
    let mut builder = TlsConnector::builder();
    builder.min_protocol_version(Some(Protocol::Tlsv12));
    if let Some(path) = ca_file {
        let authorities = Certificate::stack_from_pem(&authority(path)?).map_err(told)?;
        authorities.into_iter().for_each(|authority| _ = builder.add_root_certificate(authority));
    }
    builder.build().map_err(told)
}

fn authority(path: &Path) -> Result<Vec<u8>, ChannelError> {
    std::fs::read(path).map_err(|source| ChannelError::Authority { path: path.display().to_string(), source })
}

/// Takes every form of a secret out of what another side said.
fn scrubbed(said: &str, secrets: &[SecretString]) -> String {
    let hide = |text: String, secret: &SecretString| match secret.expose_secret() {
        "" => text,
        secret => text.replace(secret, "***"),
    };
    super::notice::one_line(&secrets.iter().fold(said.to_owned(), hide))
}

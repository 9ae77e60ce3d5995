//! Mail by SMTP: a connection for each message, encrypted before anything is said of orb.

use std::path::Path;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters, TlsVersion};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::config::{Encryption, MailTarget};
use super::super::error::{ChannelError, SendError};
use super::super::message::Message;
use super::{DEADLINE, authority};

/// Letters of a subject; mail programs show fewer.
const SUBJECT_MAX: usize = 200;

/// Sends mail. `Debug` shows neither user nor password.
pub(super) struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl core::fmt::Debug for Mail {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Mail").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

impl Mail {
    /// Makes what sends mail; nothing is asked of the server.
    pub(super) fn new(
        target: &MailTarget,
        password: Option<SecretString>,
        ca_file: Option<&Path>,
    ) -> Result<Self, ChannelError> {
        let tls = match target.encryption {
            Encryption::Starttls => Tls::Required(parameters(&target.server, ca_file)?),
            Encryption::Implicit => Tls::Wrapper(parameters(&target.server, ca_file)?),
            Encryption::None => Tls::None,
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&target.server)
            .port(target.port)
            .tls(tls)
            .timeout(Some(DEADLINE));
        let builder = match (&target.user, password) {
            (Some(user), Some(password)) => builder
                .credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()))
                .authentication(vec![Mechanism::Plain, Mechanism::Login]),
            (None, _) | (_, None) => builder,
        };
        Ok(Self { transport: builder.build(), from: target.from.clone(), to: target.to.clone() })
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), SendError> {
        let mail = self.mail(message)?;
        self.transport.send(mail).await.map(drop).map_err(|error| told(&error))
    }

    fn mail(&self, message: &Message) -> Result<lettre::Message, SendError> {
        let subject: String = message.subject().chars().take(SUBJECT_MAX).collect();
        let builder = lettre::Message::builder().from(self.from.clone()).subject(subject).message_id(None);
        let builder = self.to.iter().cloned().fold(builder, lettre::message::MessageBuilder::to);
        // Others' automatic answers are asked not to come back.
        let builder = builder.header(AutoSubmitted).header(ContentType::TEXT_PLAIN);
        let unmade = |error: lettre::error::Error| SendError::Refused {
            status: 0,
            said: error.to_string(),
            remedy: "look at `from` and `to`",
        };
        builder.body(message.text()).map_err(unmade)
    }
}

/// Says that a program wrote the mail (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn parameters(server: &str, ca_file: Option<&Path>) -> Result<TlsParameters, ChannelError> {
    let told = |error: Error| ChannelError::Tls(error.to_string());
    let mut builder = TlsParameters::builder(server.to_owned()).set_min_tls_version(TlsVersion::Tlsv12);
    if let Some(path) = ca_file {
        builder = builder.add_root_certificate(Certificate::from_pem(&authority(path)?).map_err(told)?);
    }
    builder.build_native().map_err(told)
}

/// Takes what the server said for what it means; its words are left out, because they may repeat a secret.
fn told(error: &Error) -> SendError {
    match error.status().map(u16::from) {
        Some(status @ 500..) => SendError::Refused { status, said: String::new(), remedy: remedy(status) },
        Some(status @ (421 | 450 | 451 | 452)) => SendError::Busy { status, wait: None },
        Some(status) => SendError::Failed { status },
        None if error.is_tls() => SendError::Tls(cause(error)),
        None if error.is_client() => SendError::Tls(format!("{}, so nothing was told", cause(error))),
        None => SendError::Unreachable(cause(error)),
    }
}

fn cause(error: &Error) -> String {
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    super::super::notice::one_line(&cause)
}

const fn remedy(status: u16) -> &'static str {
    match status {
        530 | 534 | 535 | 538 => "look at `user` and its password",
        550..=553 => "look at `from` and `to`",
        _ => "look at the channel's settings",
    }
}

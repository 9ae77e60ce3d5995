//! Things that the tests are about.

use std::sync::Arc;

use lettre::message::Mailbox;
use orb_core::Timestamp;
use secrecy::SecretString;

use crate::environment::credentials::CredentialsError;
use crate::notify::channel::Channel;
use crate::notify::config::{ChannelConfig, Encryption, MailTarget, Target};
use crate::notify::error::ChannelError;
use crate::notify::kind::{Kind, Weight};
use crate::notify::message::Message;
use crate::notify::notice::{Notice, Origin, one_line};
use crate::view::Environment;

/// A word that is in every secret of these tests, and must be nowhere else.
pub(super) const HUNTER: &str = "hunter2";

/// 10:02:14 in New York on 2026-03-02.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::parse_rfc3339("2026-03-02T15:02:00Z")
        .map(|minute| minute + orb_core::Span::from_seconds(second))
        .expect("a time")
}

pub(super) fn notice(number: i64, weight: Weight, text: &str) -> Notice {
    Notice {
        id: format!("paper-1f3a9c02/{number}/0"),
        origin: Origin { environment: Environment::Paper, ledger: Arc::from("paper-1f3a9c02") },
        kind: Kind::Exit,
        weight,
        at: at(number),
        text: one_line(text),
        fields: vec![("symbol", "SPY".to_owned()), ("net", "120.5".to_owned())],
    }
}

pub(super) fn message(text: &str) -> Message {
    Message { notices: vec![notice(14, Weight::Info, text)], left_out: 0 }
}

pub(super) fn config(name: &str, target: Target) -> ChannelConfig {
    ChannelConfig {
        name: name.to_owned(),
        kinds: Kind::ALL.to_vec(),
        weight: Weight::Info,
        per_minute: 60,
        ca_file: None,
        target,
    }
}

pub(super) fn telegram(api: &str) -> Target {
    Target::Telegram { chat: "-1001234567890".to_owned(), api: api.parse().expect("an address") }
}

pub(super) fn mail(port: u16, encryption: Encryption, user: Option<&str>) -> Target {
    let mailbox = |text: &str| text.parse::<Mailbox>().expect("an address");
    Target::Email(MailTarget {
        server: "localhost".to_owned(),
        port,
        encryption,
        user: user.map(ToOwned::to_owned),
        from: mailbox("orb <orb@example.com>"),
        to: vec![mailbox("me@example.com"), mailbox("you@example.com")],
    })
}

/// Opens a channel whose secrets are these, by the names of their variables.
pub(super) fn open(config: &ChannelConfig, secrets: &[(&str, &str)]) -> Result<Channel, ChannelError> {
    let find = |_: &str, variable: &str| -> Result<Option<SecretString>, CredentialsError> {
        Ok(secrets.iter().find(|(name, _)| *name == variable).map(|(_, secret)| (*secret).into()))
    };
    Channel::open_with(config, &find)
}

//! `[notify.NAME]`: where notices go, as a configuration file says it.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use lettre::message::Mailbox;
use toml::de::DeTable;
use url::Url;

use super::error::{EnvironmentError, EnvironmentProblem};
use super::keys::NOTIFY;
use super::source::Source;
use super::tables::{Entry, Lined};
use super::urls::is_loopback;
use crate::notify::{ChannelConfig, Encryption, Kind, MESSAGES_PER_MINUTE, MailTarget, Target, Weight};

/// Where Telegram's Bot API is.
const TELEGRAM: &str = "https://api.telegram.org";
/// Messages a minute; fewer would let an alarm wait for too long, and more no service takes.
const PER_MINUTE: RangeInclusive<u32> = 6..=60;
/// Letters of a channel's name at most.
const NAME_MAX: usize = 32;
/// The types by name.
const TYPES: &[(&str, Type)] =
    &[("webhook", Type::Webhook), ("slack", Type::Slack), ("telegram", Type::Telegram), ("email", Type::Email)];
/// The kinds of encryption by name.
const ENCRYPTIONS: &[(&str, Encryption)] =
    &[("starttls", Encryption::Starttls), ("implicit", Encryption::Implicit), ("none", Encryption::None)];
/// The severities by name.
const SEVERITIES: &[(&str, Weight)] = &[("info", Weight::Info), ("warning", Weight::Warning), ("alarm", Weight::Alarm)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Webhook,
    Slack,
    Telegram,
    Email,
}

impl Type {
    fn name(self) -> &'static str {
        TYPES.iter().find(|(_, kind)| *kind == self).map(|(name, _)| *name).unwrap_or_default()
    }
}

/// Reads the channels below `[notify]`.
pub(super) fn read(source: Source<'_>, table: &DeTable<'_>) -> Result<Vec<ChannelConfig>, EnvironmentError> {
    let channel = |(key, value)| {
        let entry = Entry::new(source, key, value);
        let name = entry.key;
        let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(is_good) {
            return Err(entry.error(EnvironmentProblem::ChannelName { name: name.to_owned() }));
        }
        let mut keys = Keys { name: name.to_owned(), ..Keys::default() };
        for (key, value) in entry.table("notify.NAME")? {
            keys.read(&Entry::new(source, key, value))?;
        }
        keys.build(&entry)
    };
    table.iter().map(channel).collect()
}

/// The keys of one channel, of whatever type.
#[derive(Default)]
struct Keys {
    name: String,
    kind: Option<Type>,
    tell: Option<Vec<Kind>>,
    severity: Option<Weight>,
    per_minute: Option<u32>,
    ca_file: Option<PathBuf>,
    chat: Option<Lined<String>>,
    api: Option<Lined<Url>>,
    server: Option<Lined<String>>,
    port: Option<Lined<u16>>,
    encryption: Option<Lined<Encryption>>,
    user: Option<Lined<String>>,
    from: Option<Lined<Mailbox>>,
    to: Option<Lined<Vec<Mailbox>>>,
}

impl Keys {
    fn read(&mut self, entry: &Entry<'_>) -> Result<(), EnvironmentError> {
        match entry.key {
            "type" => {
                let expected = "\"webhook\", \"slack\", \"telegram\" or \"email\"";
                self.kind = Some(entry.one_of(TYPES, expected)?.value);
            }
            "tell" => self.tell = Some(kinds(entry)?),
            "severity" => {
                self.severity = Some(entry.one_of(SEVERITIES, "\"info\", \"warning\" or \"alarm\"")?.value);
            }
            "messages_per_minute" => {
                self.per_minute = Some(entry.whole(PER_MINUTE, "a whole number from 6 to 60")?.value);
            }
            "ca_file" => {
                let expected = "an absolute path in quotation marks, like \"/etc/orb/authority.pem\"";
                self.ca_file = Some(entry.path(expected)?.value);
            }
            "chat" => self.chat = Some(filled(entry, "a chat's number or a channel's name, like \"-1001234567890\"")?),
            "api_url" => self.api = Some(api(entry)?),
            "server" => self.server = Some(filled(entry, "a server's name, like \"smtp.example.com\"")?),
            "port" => {
                let port = entry.whole(1..=65_535, "a whole number from 1 to 65535")?;
                self.port = Some(entry.lined(u16::try_from(port.value).unwrap_or(u16::MAX)));
            }
            "encryption" => {
                self.encryption = Some(entry.one_of(ENCRYPTIONS, "\"starttls\", \"implicit\" or \"none\"")?);
            }
            "user" => self.user = Some(filled(entry, "a user's name, like \"orb@example.com\"")?),
            "from" => self.from = Some(entry.lined(mailbox(entry, entry.text(MAILBOX)?)?)),
            "to" => self.to = Some(mailboxes(entry)?),
            "url" => return Err(entry.error(self.url_is_secret())),
            _ => return Err(entry.unknown("notify.NAME", NOTIFY)),
        }
        Ok(())
    }

    fn url_is_secret(&self) -> EnvironmentProblem {
        let channel = self.name.clone();
        let variable = format!("ORB_NOTIFY_{}_URL", channel.to_uppercase().replace('-', "_"));
        EnvironmentProblem::ChannelUrl { channel, variable }
    }

    fn build(mut self, entry: &Entry<'_>) -> Result<ChannelConfig, EnvironmentError> {
        let kind = self.kind.ok_or_else(|| self.lacks(entry, "type", "webhook, slack, telegram or email"))?;
        self.refuse_others(entry, kind)?;
        let target = match kind {
            Type::Webhook => Target::Webhook,
            Type::Slack => Target::Slack,
            Type::Telegram => self.telegram(entry)?,
            Type::Email => self.email(entry)?,
        };
        Ok(ChannelConfig {
            name: self.name,
            kinds: self.tell.unwrap_or_else(|| Kind::ALL.to_vec()),
            weight: self.severity.unwrap_or_default(),
            per_minute: self.per_minute.unwrap_or(MESSAGES_PER_MINUTE),
            ca_file: self.ca_file,
            target,
        })
    }

    /// Refuses keys of other types: whoever wrote them meant something that would not happen.
    fn refuse_others(&self, entry: &Entry<'_>, kind: Type) -> Result<(), EnvironmentError> {
        let telegram = [("chat", self.chat.is_some()), ("api_url", self.api.is_some())];
        let email = [
            ("server", self.server.is_some()),
            ("port", self.port.is_some()),
            ("encryption", self.encryption.is_some()),
            ("user", self.user.is_some()),
            ("from", self.from.is_some()),
            ("to", self.to.is_some()),
        ];
        let of = |owner: Type, keys: &[(&'static str, bool)]| {
            let given = keys.iter().find(|(_, is_given)| *is_given && kind != owner);
            given.map(|(key, _)| EnvironmentProblem::ChannelKey {
                key,
                owner: owner.name(),
                channel: self.name.clone(),
                kind: kind.name(),
            })
        };
        let stranger = of(Type::Telegram, &telegram).or_else(|| of(Type::Email, &email));
        stranger.map_or(Ok(()), |problem| Err(entry.error(problem)))
    }

    fn telegram(&mut self, entry: &Entry<'_>) -> Result<Target, EnvironmentError> {
        let chat = self.chat.take().ok_or_else(|| self.lacks(entry, "chat", "the chat that the bot writes to"))?;
        let usual = || Url::parse(TELEGRAM).expect("an address that is written in this file is one");
        Ok(Target::Telegram { chat: chat.value, api: self.api.take().map_or_else(usual, |api| api.value) })
    }

    fn email(&mut self, entry: &Entry<'_>) -> Result<Target, EnvironmentError> {
        let server = self.server.take().ok_or_else(|| self.lacks(entry, "server", "the mail server's name"))?.value;
        let from = self.from.take().ok_or_else(|| self.lacks(entry, "from", "who the mail is from"))?.value;
        let to = self.to.take().ok_or_else(|| self.lacks(entry, "to", "who gets the mail"))?.value;
        let encryption = self.encryption.take().map_or(Encryption::Starttls, |said| said.value);
        if encryption == Encryption::None && !is_here(&server) {
            return Err(entry.error(EnvironmentProblem::MailInTheClear { server }));
        }
        let port = self.port.take().map_or(encryption.port(), |said| said.value);
        let user = self.user.take().map(|said| said.value);
        Ok(Target::Email(MailTarget { server, port, encryption, user, from, to }))
    }

    fn lacks(&self, entry: &Entry<'_>, missing: &'static str, why: &'static str) -> EnvironmentError {
        entry.error(EnvironmentProblem::ChannelLacks { channel: self.name.clone(), missing, why })
    }
}

const MAILBOX: &str = "a mail address, like \"orb <orb@example.com>\"";
const MAILBOXES: &str = "mail addresses, like [\"me@example.com\"]";

/// Tells whether a server is this machine.
fn is_here(server: &str) -> bool {
    let address = server.parse::<std::net::IpAddr>();
    server == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn filled(entry: &Entry<'_>, expected: &'static str) -> Result<Lined<String>, EnvironmentError> {
    let text = entry.text(expected)?.trim();
    let is_good = !text.is_empty() && text.chars().all(|letter| !letter.is_control() && letter != ' ');
    if is_good { Ok(entry.lined(text.to_owned())) } else { Err(entry.misfit(expected, None)) }
}

fn kinds(entry: &Entry<'_>) -> Result<Vec<Kind>, EnvironmentError> {
    let expected = "a list of \"scan\", \"entry\", \"exit\", \"hold\", \"failure\", \"day\" and \"daemon\"";
    let names = entry.names(|name| Kind::ALL.iter().any(|kind| kind.name() == name), expected)?.value;
    if names.is_empty() {
        return Err(entry.misfit(expected, None));
    }
    Ok(Kind::ALL.into_iter().filter(|kind| names.iter().any(|name| name == kind.name())).collect())
}

fn api(entry: &Entry<'_>) -> Result<Lined<Url>, EnvironmentError> {
    let expected = "the https address of a Bot API, like \"https://api.telegram.org\"";
    let url = Url::parse(entry.text(expected)?).map_err(|_| entry.misfit(expected, None))?;
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let is_bare = url.host().is_some() && url.username().is_empty() && url.password().is_none();
    if is_safe && is_bare && url.query().is_none() { Ok(entry.lined(url)) } else { Err(entry.misfit(expected, None)) }
}

fn mailbox(entry: &Entry<'_>, text: &str) -> Result<Mailbox, EnvironmentError> {
    text.parse().map_err(|_| entry.misfit(MAILBOX, None))
}

fn mailboxes(entry: &Entry<'_>) -> Result<Lined<Vec<Mailbox>>, EnvironmentError> {
    let texts = entry.names(|text| text.parse::<Mailbox>().is_ok(), MAILBOXES)?.value;
    if texts.is_empty() {
        return Err(entry.misfit(MAILBOXES, None));
    }
    let all: Result<Vec<_>, _> = texts.iter().map(|text| mailbox(entry, text)).collect();
    Ok(entry.lined(all?))
}

/// Lists the keys of a channel with their values, as a file would have them.
pub(super) fn channel_keys(channel: &ChannelConfig) -> Vec<(&'static str, String)> {
    let mut keys = vec![
        ("type", channel.target.name().to_owned()),
        ("tell", channel.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(",")),
        ("severity", channel.weight.name().to_owned()),
        ("messages_per_minute", channel.per_minute.to_string()),
        ("ca_file", channel.ca_file.as_ref().map_or_else(|| "off".to_owned(), |path| path.display().to_string())),
    ];
    match &channel.target {
        Target::Webhook | Target::Slack => {}
        Target::Telegram { chat, api } => keys.extend([("chat", chat.clone()), ("api_url", api.to_string())]),
        Target::Email(mail) => keys.extend([
            ("server", mail.server.clone()),
            ("port", mail.port.to_string()),
            ("encryption", mail.encryption.name().to_owned()),
            ("user", mail.user.clone().unwrap_or_else(|| "off".to_owned())),
            ("from", mail.from.to_string()),
            ("to", mail.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
        ]),
    }
    keys
}

/// Returns what holds for a key where a channel does not say it; `None` where it must.
pub(super) fn usual(channel: &ChannelConfig, key: &str) -> Option<String> {
    Some(match key {
        "tell" => Kind::ALL.map(Kind::name).join(","),
        "severity" => Weight::default().name().to_owned(),
        "messages_per_minute" => MESSAGES_PER_MINUTE.to_string(),
        "ca_file" | "user" => "off".to_owned(),
        "api_url" => format!("{TELEGRAM}/"),
        "encryption" => Encryption::Starttls.name().to_owned(),
        "port" => match &channel.target {
            Target::Email(mail) => mail.encryption.port().to_string(),
            Target::Webhook | Target::Slack | Target::Telegram { .. } => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests;

//! The secrets of a channel: a systemd credential or a variable, named after the channel.

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::super::error::ChannelError;
use crate::environment::credentials::CredentialsError;
use crate::environment::is_loopback;

/// Finds a secret by the names of a credential and of a variable; `None` when it is nowhere.
pub(in crate::notify) type Find<'a> = dyn Fn(&str, &str) -> Result<Option<SecretString>, CredentialsError> + 'a;

/// Finds the secrets of a channel.
pub(super) struct Secrets<'a> {
    pub(super) channel: &'a str,
    pub(super) find: &'a Find<'a>,
}

impl Secrets<'_> {
    /// Finds a secret; `None` when it is nowhere.
    pub(super) fn secret(&self, what: &str) -> Result<Option<SecretString>, ChannelError> {
        Ok((self.find)(&self.credential(what), &self.variable(what))?)
    }

    /// Finds a secret without which a channel cannot be used.
    pub(super) fn needed(&self, what: &str, words: &'static str) -> Result<SecretString, ChannelError> {
        self.secret(what)?.ok_or_else(|| ChannelError::Missing {
            what: words,
            credential: self.credential(what),
            variable: self.variable(what),
        })
    }

    /// Finds the address of a webhook.
    pub(super) fn url(&self) -> Result<SecretString, ChannelError> {
        let address = self.needed("url", "the address of the webhook")?;
        let refused = |problem| ChannelError::Address { name: self.variable("url"), problem };
        let url = Url::parse(address.expose_secret()).map_err(|_| refused("it is not like https://host/path"))?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(refused("http is for this machine only: use https")),
            _ => return Err(refused("it does not begin with https://")),
        }
        if url.host().is_none() || !url.username().is_empty() || url.password().is_some() {
            return Err(refused("it has no host, or a user before it: give a token instead"));
        }
        Ok(address)
    }

    /// Makes the address of a bot's method, which has the token in it.
    pub(super) fn telegram(&self, api: &Url, token: &SecretString) -> Result<SecretString, ChannelError> {
        let text = token.expose_secret();
        let is_token = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_-".contains(&byte));
        if !is_token {
            let problem = "a token is like 123456:letters, as BotFather gives it";
            return Err(ChannelError::Address { name: self.variable("token"), problem });
        }
        Ok(format!("{}/bot{text}/sendMessage", api.as_str().trim_end_matches('/')).into())
    }

    fn credential(&self, what: &str) -> String {
        format!("orb-notify-{}-{what}", self.channel)
    }

    fn variable(&self, what: &str) -> String {
        self.credential(what).to_uppercase().replace('-', "_")
    }
}

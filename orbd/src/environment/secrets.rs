//! Secrets do not belong in a configuration file; what looks like one is refused before anything else is read.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::{EnvironmentError, EnvironmentProblem};
use super::source::Source;

/// Parts of a name that say that its value is a secret.
const PARTS: [&str; 7] = ["secret", "password", "passwd", "passphrase", "token", "credential", "apikey"];
/// Words of a name that say so.
const WORDS: [&str; 3] = ["key", "keys", "keyid"];
/// Names of files that hold a secret: the name of a file is none.
const FILES: [&str; 1] = ["key_file"];

const OF_DATABASE: &str = "give the database's address with its password as ORB_DATABASE_URL";
const OF_API: &str = "the API's token is a file of its own in the state directory";
const OF_BROKER: &str = "give keys as the systemd credentials orb-paper-key-id and orb-paper-secret (sim, paper or live), \
                         or as ORB_PAPER_KEY_ID and ORB_PAPER_SECRET in the environment";

const OF_CHANNEL: &str = "give the secrets of the channel NAME as the systemd credentials orb-notify-NAME-url, \
                          orb-notify-NAME-token or orb-notify-NAME-password, or as ORB_NOTIFY_NAME_URL, _TOKEN or \
                          _PASSWORD in the environment";

/// Refuses a file with a key that is named like a secret, however deep in it.
pub(crate) fn refuse_secrets(source: &Source<'_>, table: &DeTable<'_>) -> Result<(), EnvironmentError> {
    for (key, value) in table {
        let of_channel = key.get_ref() == "notify";
        refuse_key(source, key, of_channel)?;
        refuse_below(source, value.get_ref(), of_channel)?;
    }
    Ok(())
}

fn refuse_key(source: &Source<'_>, key: &Spanned<DeString<'_>>, of_channel: bool) -> Result<(), EnvironmentError> {
    let name: &str = key.get_ref();
    if !is_secret(name) {
        return Ok(());
    }
    let remedy = if of_channel { OF_CHANNEL } else { remedy(name) };
    let problem = EnvironmentProblem::Secret { key: name.to_owned(), remedy };
    let (path, line) = (source.path.to_owned(), source.line(&key.span()));
    Err(EnvironmentError::File { path, line, problem: Box::new(problem) })
}

fn refuse_below(source: &Source<'_>, value: &DeValue<'_>, of_channel: bool) -> Result<(), EnvironmentError> {
    match value {
        DeValue::Table(table) => table.iter().try_for_each(|(key, value)| {
            refuse_key(source, key, of_channel)?;
            refuse_below(source, value.get_ref(), of_channel)
        }),
        DeValue::Array(items) => items.iter().try_for_each(|item| refuse_below(source, item.get_ref(), of_channel)),
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            Ok(())
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let is_named = PARTS.iter().any(|part| name.contains(part)) || words.any(|word| WORDS.contains(&word));
    is_named && !FILES.contains(&&*name)
}

fn remedy(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    match () {
        () if name.contains("token") => OF_API,
        () if name.contains("pass") => OF_DATABASE,
        () => OF_BROKER,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::keys::TABLES;
    use super::*;

    #[test]
    fn names_of_secrets_are_known_by_their_parts() {
        for name in ["key_id", "api-key", "APIKey", "alpaca_secret", "Secret", "token", "db_password", "keyid", "keys"]
        {
            assert!(is_secret(name), "{name}");
        }
        let known = orb_core::config::KEYS.iter().map(|key| key.name);
        let others = ["strategy", "preset", "environment", "monkey", "keyboard"];
        let tables = TABLES.iter().flat_map(|(_, _, keys)| *keys).copied();
        for name in known.chain(tables).chain(others) {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[track_caller]
    fn refused(text: &str, line: &str, remedy: &str) {
        let root = DeTable::parse(text).expect("a document");
        let source = Source { path: Path::new("orb.toml"), text };
        let error = refuse_secrets(&source, root.get_ref()).expect_err("refused").to_string();
        assert!(error.starts_with(line) && error.contains(remedy), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn they_are_found_at_any_depth_and_their_values_not_shown() {
        refused("a = 1\nkey_id = \"hunter2\"\n", "orb.toml:2: `key_id`", "ORB_PAPER_KEY_ID");
        refused("[alpaca]\nfeed = \"iex\"\nsecret = \"hunter2\"\n", "orb.toml:3: `secret`", "orb-paper-secret");
        refused("[[strategy]]\n\n[strategy.x]\ntoken = \"hunter2\"\n", "orb.toml:4: `token`", "state directory");
        refused("[daemon]\nlist = [{ password = \"hunter2\" }]\n", "orb.toml:2: `password`", "ORB_DATABASE_URL");
        refused("[notify.desk]\ntoken = \"hunter2\"\n", "orb.toml:2: `token`", "orb-notify-NAME-token");
        refused("[[notify.desk]]\npassword = \"hunter2\"\n", "orb.toml:2: `password`", "ORB_NOTIFY_NAME_URL");
        refused("alpaca.secret = \"hunter2\"\n", "orb.toml:1: `secret`", "systemd credentials");
    }
}

//! What is different between two configurations, and whether it may be taken up.

use std::collections::BTreeMap;

use orb_exec::alpaca::Environment;

use super::configuration::Configuration;
use super::counting::{Counting, counting};
use crate::environment::{EnvironmentConfig, environment_name, settings};

/// Characters of a value that a report shows; a list of symbols may be very long.
const SHOWN_MAX: usize = 200;

/// Says what becomes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in force, or would be.
    Applied,
    /// It was read again and is what it was.
    Unchanged,
    /// It counts from the next start on.
    Refused,
}

/// Holds one thing that was read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key with its table; or what has no key.
    pub key: String,
    /// What becomes of it.
    pub outcome: Outcome,
    /// The value until now; empty where there was none, or it is a secret.
    pub before: String,
    /// The value in the file; empty where there is none, or it is a secret.
    pub after: String,
    /// Why it is refused and what to do, or what is meant.
    pub detail: String,
}

impl Change {
    /// Says what became of something that has no key.
    pub(crate) fn unnamed(key: impl Into<String>, outcome: Outcome, detail: &str) -> Self {
        Self { key: key.into(), outcome, before: String::new(), after: String::new(), detail: detail.to_owned() }
    }

    fn of(key: &str, before: Option<&str>, after: Option<&str>) -> Self {
        let shown = |value: Option<&str>| value.unwrap_or_default().chars().take(SHOWN_MAX).collect();
        let (outcome, detail) = match counting(key) {
            Counting::Reload => (Outcome::Applied, String::new()),
            Counting::Command { command } => {
                (Outcome::Refused, format!("it counts from the next start on; use `{command}` while orbd runs"))
            }
            Counting::Start { why } => {
                (Outcome::Refused, format!("{why}; restart orbd, flat and outside of market hours"))
            }
        };
        Self { key: key.to_owned(), outcome, before: shown(before), after: shown(after), detail }
    }
}

/// Lists by key what another configuration changes for a daemon that trades in an environment.
///
/// # Errors
/// Why that environment cannot be used any more.
pub(crate) fn differences(
    before: &Configuration,
    after: &Configuration,
    environment: Environment,
) -> Result<Vec<Change>, String> {
    let of = |configuration: &Configuration| {
        let config = configuration.environments.get(environment).map_err(ToOwned::to_owned)?;
        Ok::<_, String>((config.clone(), by_key(configuration, config)))
    };
    let ((old, old_rows), (new, new_rows)) = (of(before)?, of(after)?);
    let mut changes = compared(&old_rows, &new_rows);
    let [was, is] = [before, after].map(|configuration| environment_name(configuration.environments.configured));
    if was != is {
        changes.push(Change::of("environment", Some(was), Some(is)));
    }
    refuse_other_encryption(&old, &new, &mut changes);
    for other in [Environment::Sim, Environment::Paper, Environment::Live] {
        if other != environment {
            changes.extend(of_other(before, after, other));
        }
    }
    if before.run != after.run && changes.iter().all(|change| change.outcome != Outcome::Refused) {
        // Whatever no key shows, as the symbols of a file.
        changes.push(Change::of("symbols", None, None));
    }
    changes.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(changes)
}

type Rows = BTreeMap<String, String>;

fn by_key(configuration: &Configuration, environment: &EnvironmentConfig) -> Rows {
    let list = settings(&configuration.run, Some(environment));
    list.iter().map(|setting| (setting.key.clone(), setting.value.clone())).collect()
}

fn compared(before: &Rows, after: &Rows) -> Vec<Change> {
    let keys = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key)));
    let differs = keys.filter(|key| before.get(*key) != after.get(*key));
    differs
        .map(|key| Change::of(key, before.get(key).map(String::as_str), after.get(key).map(String::as_str)))
        .collect()
}

/// Whether there is encryption is decided when the address is opened; which files it is made of is not.
fn refuse_other_encryption(before: &EnvironmentConfig, after: &EnvironmentConfig, changes: &mut [Change]) {
    if before.tls.is_some() == after.tls.is_some() {
        return;
    }
    for change in changes.iter_mut().filter(|change| change.key.starts_with("tls.")) {
        change.outcome = Outcome::Refused;
        "the address is open with or without encryption while orbd runs; restart orbd".clone_into(&mut change.detail);
    }
}

/// Compares what another environment has of its own: how its broker is reached.
fn of_other(before: &Configuration, after: &Configuration, environment: Environment) -> Vec<Change> {
    let name = environment_name(environment);
    let rows = |configuration: &Configuration| match configuration.environments.get(environment) {
        Ok(config) => {
            let own = by_key(configuration, config).into_iter();
            own.filter_map(|(key, value)| Some((format!("alpaca.{name}.{}", key.strip_prefix("alpaca.")?), value)))
                .collect()
        }
        Err(_) => Rows::new(),
    };
    let (before, after) = (rows(before), rows(after));
    if before.is_empty() == after.is_empty() {
        // What it shares with the environment of now is told of that one.
        return compared(&before, &after);
    }
    let can = |rows: &Rows| Some(if rows.is_empty() { "not usable" } else { "usable" });
    vec![Change::of(&format!("alpaca.{name}"), can(&before), can(&after))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::SettingArgs;
    use crate::environment::EnvironmentArgs;

    fn read(file: &str) -> Configuration {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("orb.toml");
        std::fs::write(&path, format!("{file}[daemon]\ndata_dir = \"/var/lib/orb\"\n")).expect("written");
        let settings = SettingArgs { config: Some(path), ..SettingArgs::default() };
        settings.configuration(&EnvironmentArgs::default()).expect("a configuration")
    }

    const BASE: &str = "environment = \"paper\"\nsymbols = [\"SPY\"]\n";

    #[track_caller]
    fn check(before: &str, after: &str, expect: &[(&str, Outcome)]) {
        let (before, after) = (read(before), read(after));
        let changes = differences(&before, &after, Environment::Paper).expect("they can be compared");
        let shown: Vec<_> = changes.iter().map(|change| (&*change.key, change.outcome)).collect();
        assert_eq!(shown, expect);
    }

    #[test]
    fn the_same_file_changes_nothing_whatever_its_order_and_comments() {
        check(BASE, BASE, &[]);
        check(BASE, "# a comment\nsymbols = [\"SPY\"]\nenvironment = \"paper\"\n", &[]);
    }

    #[test]
    fn each_key_has_its_outcome() {
        use Outcome::{Applied, Refused};
        let with = |more: &str| format!("{BASE}{more}");
        let channel = with("[notify.desk]\ntype = \"slack\"\n");
        let keys: Vec<_> = ["ca_file", "messages_per_minute", "severity", "tell", "type"]
            .map(|key| format!("notify.desk.{key}"))
            .into();
        let expect: Vec<_> = keys.iter().map(|key| (&**key, Applied)).collect();
        check(BASE, &channel, &expect);
        check(&channel, BASE, &expect);
        check(BASE, &with("[web]\nallowed_hosts = [\"orb.example.com\"]\n"), &[("web.allowed_hosts", Applied)]);
        check(BASE, &with("leverage = 2\n"), &[("leverage", Refused)]);
        check(BASE, &with("daily_loss_limit = 0.02\n"), &[("daily_loss_limit", Refused)]);
        check(BASE, &BASE.replace("SPY", "QQQ"), &[("symbols", Refused)]);
    }

    #[test]
    fn where_orb_trades_waits_for_a_start_in_every_environment() {
        use Outcome::Refused;
        let with = |more: &str| format!("{BASE}{more}");
        check(BASE, &with("[alpaca.live]\nfeed = \"sip\"\n"), &[]);
        let live = "[alpaca]\nlive_enabled = true\n";
        check(&with(live), &with(&format!("{live}[alpaca.live]\nfeed = \"sip\"\n")), &[("alpaca.live.feed", Refused)]);
        check(BASE, &with(live), &[("alpaca.live", Refused), ("alpaca.live_enabled", Refused)]);
        let other = BASE.replace("paper", "sim");
        let (before, after) = (read(BASE), read(&other));
        let changes = differences(&before, &after, Environment::Paper).expect("they can be compared");
        let environment = changes.iter().find(|change| change.key == "environment").expect("it is told");
        assert!(environment.outcome == Refused && environment.detail.contains("orbctl env"), "{environment:?}");
    }

    #[test]
    fn encryption_is_begun_and_ended_by_a_start_alone() {
        let tls = |name: &str| {
            format!("{BASE}[tls]\ncertificate_file = \"/etc/orb/{name}.pem\"\nkey_file = \"/etc/orb/{name}.key\"\n")
        };
        let both = |outcome| [("tls.certificate_file", outcome), ("tls.key_file", outcome)];
        check(&tls("a"), &tls("b"), &both(Outcome::Applied));
        let (before, after) = (read(BASE), read(&tls("a")));
        let changes = differences(&before, &after, Environment::Paper).expect("they can be compared");
        assert!(changes.iter().all(|change| change.outcome == Outcome::Refused), "{changes:?}");
    }
}

//! From when on a change of each key counts.

use core::fmt::Write as _;

/// Says from when on a change in the configuration file counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// From a reload on.
    Reload,
    /// From the next start on; a command changes what it stands for while orb runs.
    Command {
        /// What to type instead.
        command: &'static str,
    },
    /// From the next start on.
    Start {
        /// Why, as the rest of a sentence.
        why: &'static str,
    },
}

/// The keys that a reload takes up, with their tables.
const RELOADED: &[&str] = &[
    "daemon.connections_per_address",
    "daemon.log_days",
    "daemon.log_megabytes",
    "tls.certificate_file",
    "tls.key_file",
    "tls.client_ca_file",
    "web.allowed_hosts",
    "web.allowed_origins",
];

/// The table whose keys a reload takes up, whatever its channels are called.
const CHANNELS: &str = "notify";

/// The keys that a command stands for, with it.
const COMMANDED: &[(&str, &str)] = &[
    ("environment", "orbctl env"),
    ("daily_loss_limit", "orbctl limits set --daily-loss"),
    ("account_max_positions", "orbctl limits set --max-positions"),
];

/// The other keys of the daemon, with why they wait for a start.
const STARTED: &[(&str, &str)] = &[
    ("daemon.data_dir", "the records, the token and the halt file are there while orbd runs"),
    ("daemon.listen", "the address is open while orbd runs"),
    ("daemon.socket", "the socket is open while orbd runs"),
    ("daemon.database", "the records are open while orbd runs"),
    ("otel.endpoint", OF_REPORTS),
    ("otel.authority_file", OF_REPORTS),
    ("sentry.report_errors", OF_REPORTS),
    ("sentry.events_per_minute", OF_REPORTS),
    ("guard.silence_seconds", "`orbd guard` reads it when it starts; restart orb-guard too"),
];

/// The table whose keys all wait for a start.
const BROKER: &str = "alpaca";
const OF_BROKER: &str = "orders and prices go through the connections that were made at the start";
const OF_REPORTS: &str = "what reports and traces go through is made at the start";
const OF_STRATEGY: &str = "a day is traded to its end as it was begun, so that its replay is the same";

/// Returns from when on a change of a key counts, which is written with its table or strategy, like `daemon.listen`.
#[must_use]
pub fn counting(key: &str) -> Counting {
    if RELOADED.contains(&key) {
        return Counting::Reload;
    }
    if let Some((_, command)) = COMMANDED.iter().find(|(known, _)| *known == key) {
        return Counting::Command { command };
    }
    if let Some((_, why)) = STARTED.iter().find(|(known, _)| *known == key) {
        return Counting::Start { why };
    }
    let parts: Vec<_> = key.split('.').collect();
    match parts.as_slice() {
        [CHANNELS, _, _] => Counting::Reload,
        [BROKER, ..] => Counting::Start { why: OF_BROKER },
        // A strategy may have any name, and its keys are `NAME.KEY` where there are several.
        _ => Counting::Start { why: OF_STRATEGY },
    }
}

/// Lists for people which keys a reload takes up, and what stands for others.
#[must_use]
pub fn help() -> String {
    let mut text = "Taken up by a reload (SIGHUP, `systemctl reload` or `orbctl config reload`):\n".to_owned();
    // Writing to a string does not fail.
    for key in RELOADED.iter().chain(&["notify.NAME.*"]) {
        let _ = writeln!(text, "  {key}");
    }
    text.push_str("Changed while orbd runs by a command:\n");
    for (key, command) in COMMANDED {
        let _ = writeln!(text, "  {key:<22}{command}");
    }
    text.push_str("All other keys count from the next start on.");
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use orb_core::config::KEYS;

    use super::*;
    use crate::environment::key_names;

    /// Every key that a file may have, as the daemon names it.
    fn all() -> Vec<String> {
        let of_tables = key_names().into_iter();
        KEYS.iter().map(|key| key.name.to_owned()).chain(["environment".to_owned()]).chain(of_tables).collect()
    }

    #[test]
    fn every_key_is_in_exactly_one_class_and_no_class_has_a_key_that_is_not_there() {
        let all = all();
        let listed = RELOADED
            .iter()
            .chain(COMMANDED.iter().map(|(key, _)| key))
            .chain(STARTED.iter().map(|(key, _)| key))
            .copied()
            .collect::<Vec<_>>();
        for key in &listed {
            assert!(all.iter().any(|known| known == key), "{key} is no key");
            assert_eq!(listed.iter().filter(|other| *other == key).count(), 1, "{key}");
        }
        for key in &all {
            let is_listed = listed.contains(&&**key);
            let of_a_table = [CHANNELS, BROKER].iter().any(|table| key.starts_with(&format!("{table}.")));
            let of_a_strategy = KEYS.iter().any(|known| known.name == key);
            // A new key of another table has to be thought about.
            assert!(is_listed || of_a_table || of_a_strategy, "{key}: when does a change of it count?");
        }
    }

    #[test]
    fn what_is_traded_how_and_where_waits_for_a_start() {
        for key in ["symbols", "slow.leverage", "alpaca.feed", "alpaca.live.feed", "daemon.database", "notify.leverage"]
        {
            assert!(matches!(counting(key), Counting::Start { .. }), "{key}");
        }
        assert!(matches!(counting("daily_loss_limit"), Counting::Command { command } if command.contains("limits")));
        for key in ["notify.desk.type", "web.allowed_hosts", "tls.key_file", "daemon.log_days"] {
            assert_eq!(counting(key), Counting::Reload, "{key}");
        }
    }

    #[test]
    fn the_reference_says_of_every_key_when_a_change_of_it_counts() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/configuration.md");
        let page = std::fs::read_to_string(path).expect("the page");
        let mut table = "";
        for line in page.lines() {
            if let Some(name) = line.strip_prefix("## [").and_then(|rest| rest.strip_suffix(']')) {
                table = name;
            }
            let Some(key) = line.strip_prefix("| `").and_then(|rest| rest.split('`').next()) else { continue };
            let key = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
            let said = match counting(&key) {
                Counting::Reload => "reload".to_owned(),
                Counting::Command { command } => format!("start; `{command}`"),
                Counting::Start { .. } => "start".to_owned(),
            };
            assert!(line.contains(&format!(" | {said} | ")), "{line}: {said}");
        }
        assert!(page.contains("| key | default | counts from |"), "the column is missing");
    }
}

//! The names that a configuration file may use for the environment, and the nearest one to a wrong one.

use orb_exec::alpaca::{BracketSupport, Environment, Feed};

/// The keys of `[alpaca]`.
pub(super) const ALPACA: &[&str] = &[
    "feed",
    "live_enabled",
    "requests_per_minute",
    "request_timeout_seconds",
    "brackets",
    "url",
    "trading_url",
    "data_url",
    "trade_stream_url",
    "data_stream_url",
];

/// The keys of `[alpaca.sim]`, `[alpaca.paper]` and `[alpaca.live]`.
pub(super) const ALPACA_OF_ONE: &[&str] = &[
    "feed",
    "requests_per_minute",
    "request_timeout_seconds",
    "brackets",
    "url",
    "trading_url",
    "data_url",
    "trade_stream_url",
    "data_stream_url",
];

/// The keys of `[daemon]`.
pub(super) const DAEMON: &[&str] =
    &["data_dir", "listen", "socket", "database", "connections_per_address", "log_days", "log_megabytes"];

/// The keys of `[tls]`.
pub(super) const TLS: &[&str] = &["certificate_file", "key_file", "client_ca_file"];

/// The keys of `[web]`.
pub(super) const WEB: &[&str] = &["allowed_hosts", "allowed_origins"];

/// The keys of `[guard]`.
pub(super) const GUARD: &[&str] = &["silence_seconds"];

/// The keys of `[sentry]`.
pub(super) const SENTRY: &[&str] = &["report_errors", "events_per_minute"];

/// The keys of `[otel]`.
pub(super) const OTEL: &[&str] = &["endpoint", "authority_file"];

/// The keys of a `[notify.NAME]`.
pub(super) const NOTIFY: &[&str] = &[
    "type",
    "tell",
    "severity",
    "messages_per_minute",
    "ca_file",
    "chat",
    "api_url",
    "server",
    "port",
    "encryption",
    "user",
    "from",
    "to",
];

/// The environments by name.
pub(super) const ENVIRONMENTS: &[(&str, Environment)] =
    &[("sim", Environment::Sim), ("paper", Environment::Paper), ("live", Environment::Live)];

/// The feeds by name.
pub(super) const FEEDS: &[(&str, Feed)] = &[("iex", Feed::Iex), ("sip", Feed::Sip)];

/// The kinds of entries that may carry their exits as legs, by name.
pub(super) const BRACKETS: &[(&str, BracketSupport)] = &[
    ("full", BracketSupport::Full),
    ("limit_entries_only", BracketSupport::LimitEntriesOnly),
    ("none", BracketSupport::None),
];

/// Letters that a wrong name may differ in and still be taken for a slip of the finger.
const SLIPS_MAX: usize = 3;

/// Returns the environment's name as files, flags and folders write it.
#[must_use]
pub const fn environment_name(environment: Environment) -> &'static str {
    match environment {
        Environment::Sim => "sim",
        Environment::Paper => "paper",
        Environment::Live => "live",
    }
}

/// The tables: their names, where their keys belong, and those keys.
pub(super) const TABLES: &[(&str, &str, &[&str])] = &[
    ("alpaca", "into [alpaca]", ALPACA),
    ("daemon", "into [daemon]", DAEMON),
    ("tls", "into [tls]", TLS),
    ("web", "into [web]", WEB),
    ("guard", "into [guard]", GUARD),
    ("sentry", "into [sentry]", SENTRY),
    ("otel", "into [otel]", OTEL),
];

/// Lists the keys of all tables, each with its table; those of a channel under `notify.NAME`.
#[cfg(test)]
pub(crate) fn key_names() -> Vec<String> {
    let of = |table: &str, keys: &[&str]| keys.iter().map(|key| format!("{table}.{key}")).collect::<Vec<_>>();
    TABLES.iter().flat_map(|(table, _, keys)| of(table, keys)).chain(of("notify.NAME", NOTIFY)).collect()
}

/// Says where a key belongs; `None` when it is a key of no table.
pub(super) fn place_of(key: &str) -> Option<&'static str> {
    TABLES.iter().find(|(_, _, keys)| keys.contains(&key)).map(|(_, place, _)| *place)
}

/// Returns the name that was probably meant by a wrong one; `None` when none is near.
pub(super) fn near<'a>(known: impl IntoIterator<Item = &'a str>, given: &str) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(name, given);
    // In a short name, a few slips make any other one.
    let is_near = |name: &&str| distance(name) <= SLIPS_MAX.min(name.len() / 2);
    known.into_iter().filter(is_near).min_by_key(|name| distance(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_others_not() {
        let names = || ALPACA.iter().copied();
        assert_eq!(near(names(), "fed"), Some("feed"));
        assert_eq!(near(names(), "request_per_minute"), Some("requests_per_minute"));
        assert_eq!(near(names(), "trading_ulr"), Some("trading_url"));
        assert_eq!(near(names(), "colour"), None);
        assert_eq!(near(["sim", "paper", "live"], "papper"), Some("paper"));
        assert_eq!(near(["sim", "paper", "live"], "prod"), None);
    }

    #[test]
    fn no_name_is_in_two_places() {
        let all: Vec<_> = TABLES.iter().flat_map(|(_, _, keys)| *keys).collect();
        for key in &all {
            assert!(orb_core::config::KEYS.iter().all(|known| known.name != **key), "{key}");
            assert_eq!(all.iter().filter(|other| *other == key).count(), 1, "{key}");
        }
    }
}

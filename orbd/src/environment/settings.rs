//! Every setting in force as the file would have it, for people who ask the daemon; secrets are not among them.

use std::path::PathBuf;
use std::sync::Arc;

use orb_core::RunConfig;
use orb_core::config::{PRESETS, preset};
use orb_exec::alpaca::{Environment, Feed, RequestLimits};
use url::Url;

use super::EnvironmentConfig;
use super::config::{LISTEN, SILENCE};
use super::keys::{BRACKETS, FEEDS, environment_name};
use super::notify::{channel_keys, usual};
use super::state::default_folder;
use super::urls::{defaults, simulator};
use crate::notify::ChannelConfig;
use crate::reporting::EVENTS_PER_MINUTE;
use crate::rpc::CONNECTIONS;
use crate::store::{DatabaseUrl, Retention};
use crate::view::SettingView;

/// Lists the settings of a run and, where there is one, of its environment, by key.
#[must_use]
pub fn settings(run: &RunConfig, environment: Option<&EnvironmentConfig>) -> Arc<[SettingView]> {
    let mut list = of_run(run);
    list.extend(environment.into_iter().flat_map(of_environment));
    list.sort_by(|one, other| one.key.cmp(&other.key));
    list.into()
}

/// Compares each key with that of the preset that holds where none is named.
fn of_run(run: &RunConfig) -> Vec<SettingView> {
    let usual = RunConfig::of(preset(PRESETS[0].0).expect("the first preset is there"));
    let shown = |(key, value): (String, String)| {
        let plain = key.rsplit_once('.').map_or(key.as_str(), |(_, plain)| plain);
        let is_default = usual.get(plain).as_deref() == Some(value.as_str());
        SettingView { key, value, is_default }
    };
    run.settings().into_iter().map(shown).collect()
}

pub(super) fn of_environment(config: &EnvironmentConfig) -> Vec<SettingView> {
    let shown = |(key, value, usual): (&str, String, String)| {
        let is_default = value == usual;
        SettingView { key: key.to_owned(), value, is_default }
    };
    let (limits, retention) = (RequestLimits::default(), Retention::default());
    let folder = default_folder(environment_name(config.environment));
    let urls = defaults(config.environment);
    let number = |value: Option<u32>| value.map_or_else(|| "off".to_owned(), |value| value.to_string());
    let path = |path: Option<&PathBuf>| path.map_or_else(|| "off".to_owned(), |path| path.display().to_string());
    let url = |url: Option<&Url>| url.map_or_else(|| "off".to_owned(), Url::to_string);
    let tls = config.tls.as_ref();
    let rows = [
        ("environment", environment_name(config.environment).to_owned(), environment_name(Environment::Sim).to_owned()),
        ("alpaca.feed", name_of(&config.feed, FEEDS), name_of(&Feed::Iex, FEEDS)),
        ("alpaca.requests_per_minute", config.limits.per_minute.to_string(), limits.per_minute.to_string()),
        (
            "alpaca.request_timeout_seconds",
            config.limits.timeout.as_secs().to_string(),
            limits.timeout.as_secs().to_string(),
        ),
        ("alpaca.brackets", name_of(&config.brackets, BRACKETS), name_of(&Default::default(), BRACKETS)),
        ("alpaca.live_enabled", config.is_live_enabled.to_string(), false.to_string()),
        ("alpaca.url", url(config.simulator.as_ref()), url(simulator(config.environment).as_ref())),
        ("alpaca.trading_url", config.urls.trading.to_string(), urls.trading.to_string()),
        ("alpaca.data_url", config.urls.data.to_string(), urls.data.to_string()),
        ("alpaca.trade_stream_url", config.urls.trade_stream.to_string(), urls.trade_stream.to_string()),
        ("alpaca.data_stream_url", config.urls.data_stream.to_string(), urls.data_stream.to_string()),
        ("daemon.data_dir", config.data_dir.display().to_string(), folder.display().to_string()),
        ("daemon.listen", config.listen.to_string(), LISTEN.to_string()),
        ("daemon.connections_per_address", config.connections.to_string(), CONNECTIONS.to_string()),
        ("daemon.socket", path(config.socket.as_ref()), path(None)),
        ("tls.certificate_file", path(tls.map(|files| &files.certificate)), path(None)),
        ("tls.key_file", path(tls.map(|files| &files.key)), path(None)),
        ("tls.client_ca_file", path(tls.and_then(|files| files.client_ca.as_ref())), path(None)),
        ("web.allowed_hosts", config.web.allowed_hosts.join(","), String::new()),
        ("web.allowed_origins", config.web.allowed_origins.join(","), String::new()),
        // The password of a database is left out of its text.
        (
            "daemon.database",
            config.database.to_string(),
            DatabaseUrl::sqlite(config.data_dir.join("orb.db")).to_string(),
        ),
        ("daemon.log_days", number(config.retention.days), number(retention.days)),
        ("daemon.log_megabytes", number(config.retention.megabytes), number(retention.megabytes)),
        ("sentry.report_errors", config.sentry.is_on.to_string(), false.to_string()),
        ("sentry.events_per_minute", config.sentry.per_minute.to_string(), EVENTS_PER_MINUTE.to_string()),
        ("otel.endpoint", url(config.otel.endpoint.as_ref()), url(None)),
        ("otel.authority_file", path(config.otel.authority.as_ref()), path(None)),
        ("guard.silence_seconds", config.silence.as_secs().to_string(), SILENCE.as_secs().to_string()),
    ];
    let channels = config.notify.iter().flat_map(of_channel);
    rows.into_iter().map(shown).chain(channels).collect()
}

/// Lists the keys of a channel.
fn of_channel(channel: &ChannelConfig) -> Vec<SettingView> {
    let is_default = |key: &str, value: &str| usual(channel, key).as_deref() == Some(value);
    let shown = |(key, value): (&str, String)| SettingView {
        is_default: is_default(key, &value),
        key: format!("notify.{}.{key}", channel.name),
        value,
    };
    channel_keys(channel).into_iter().map(shown).collect()
}

fn name_of<T: PartialEq>(value: &T, names: &[(&str, T)]) -> String {
    names.iter().find(|(_, known)| known == value).map(|(name, _)| (*name).to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::EnvironmentArgs;
    use crate::environment::config::tests::{resolve, resolve_with};
    use crate::environment::keys::TABLES;

    #[test]
    fn every_key_of_the_file_is_shown_and_no_secret() {
        let file = "environment = \"live\"\n[alpaca]\nlive_enabled = true\n[alpaca.live]\nurl = \"http://127.0.0.1:7099\"\n\
                    [daemon]\nconnections_per_address = 32\n";
        let config = resolve(file);
        let shown = of_environment(&config);
        let of = |key: &str| shown.iter().find(|setting| setting.key == key).unwrap_or_else(|| panic!("no {key}"));
        for (table, _, keys) in TABLES {
            keys.iter().for_each(|key| _ = of(&format!("{table}.{key}")));
        }
        let is = |key: &str, value: &str| assert_eq!((&*of(key).value, of(key).is_default), (value, false), "{key}");
        is("alpaca.live_enabled", "true");
        is("alpaca.url", "http://127.0.0.1:7099/");
        is("daemon.connections_per_address", "32");
        let usual = of_environment(&resolve(""));
        let of = |key: &str| usual.iter().find(|setting| setting.key == key).expect("it is shown");
        for (key, value) in [("alpaca.live_enabled", "false"), ("alpaca.url", "http://127.0.0.1:7080/")] {
            assert_eq!((&*of(key).value, of(key).is_default), (value, true), "{key}");
        }
        let database = Some("postgres://orb:hunter2@localhost/orb".to_owned());
        let config = resolve_with("", &EnvironmentArgs { database, ..EnvironmentArgs::default() }).expect("it is one");
        assert!(config.database.has_password() && !format!("{:?}", of_environment(&config)).contains("hunter2"));
    }
}

use std::path::Path;
use std::time::Duration;

use super::super::keys::TABLES;
use super::*;
use crate::commands::SettingArgs;

fn args(environment: Option<Environment>) -> EnvironmentArgs {
    EnvironmentArgs { environment, data_dir: Some("/var/lib/orb".into()), ..EnvironmentArgs::default() }
}

pub(in crate::environment) fn resolve_with(file: &str, args: &EnvironmentArgs) -> Result<EnvironmentConfig, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("orb.toml");
    std::fs::write(&path, file).expect("written");
    let settings = SettingArgs { config: Some(path), ..SettingArgs::default() };
    // A backtest must accept what a live run accepts here.
    let resolved = settings.resolve_live(args).map(|live| live.environment);
    let resolved = resolved.map_err(|error| error.to_string().replace(&folder.path().display().to_string(), ""));
    assert!(resolved.is_err() || settings.resolve().is_ok(), "{file}");
    resolved
}

pub(in crate::environment) fn resolve(file: &str) -> EnvironmentConfig {
    resolve_with(file, &args(None)).expect("an environment")
}

#[track_caller]
pub(in crate::environment) fn refused(file: &str, message: &str) {
    let error = resolve_with(file, &args(None)).expect_err("refused");
    assert!(error.contains(message), "{error}");
}

fn shown(urls: &Urls) -> [String; 4] {
    [&urls.trading, &urls.data, &urls.trade_stream, &urls.data_stream].map(|url| url.as_str().to_owned())
}

#[track_caller]
fn addresses(file: &str, expect: [&str; 4]) {
    assert_eq!(shown(&resolve(file).urls), expect);
}

#[test]
fn without_a_word_it_is_a_simulator() {
    let config = resolve("");
    assert_eq!(
        (config.environment, config.feed, config.limits),
        (Environment::Sim, Feed::Iex, RequestLimits::default())
    );
    assert_eq!(config.brackets, BracketSupport::LimitEntriesOnly);
    assert_eq!(config.listen.to_string(), "127.0.0.1:7070");
    assert_eq!(config.database.path(), Some(Path::new("/var/lib/orb/orb.db")));
    assert_eq!(config.of_records(), view::Environment::Sim);
    let none = EnvironmentTables::default().resolve(&EnvironmentArgs::default()).expect("an environment");
    assert!(none.data_dir.is_absolute() && none.data_dir.ends_with("orb/sim"), "{none:?}");
}

#[test]
fn each_environment_has_its_addresses() {
    let sim = "http://127.0.0.1:7080/";
    addresses("", [sim, sim, "ws://127.0.0.1:7080/stream", "ws://127.0.0.1:7080/"]);
    let data = ["https://data.alpaca.markets/", "wss://stream.data.alpaca.markets/"];
    let stream = "wss://paper-api.alpaca.markets/stream";
    addresses("environment = \"paper\"", ["https://paper-api.alpaca.markets/", data[0], stream, data[1]]);
    let live = "environment = \"live\"\n[alpaca]\nlive_enabled = true";
    addresses(live, ["https://api.alpaca.markets/", data[0], "wss://api.alpaca.markets/stream", data[1]]);
}

#[test]
fn addresses_of_the_file_go_before() {
    let at = "https://sim.example/";
    addresses(
        "[alpaca]\nurl = \"https://sim.example\"\ndata_url = \"http://localhost:1\"",
        [at, "http://localhost:1/", "wss://sim.example/stream", "ws://localhost:1/"],
    );
    let own = "environment = \"paper\"\n[alpaca]\ntrading_url = \"https://proxy.example\"\n";
    let data = ["https://data.alpaca.markets/", "wss://stream.data.alpaca.markets/"];
    addresses(own, ["https://proxy.example/", data[0], "wss://proxy.example/stream", data[1]]);
    let stream = format!("{own}trade_stream_url = \"wss://news.example/a\"");
    addresses(&stream, ["https://proxy.example/", data[0], "wss://news.example/a", data[1]]);
}

#[test]
fn the_file_sets_everything_and_flags_go_before_it() {
    let file = "environment = \"paper\"\n[alpaca]\nfeed = \"sip\"\nrequests_per_minute = 1_000\n\
                request_timeout_seconds = 10\nbrackets = \"full\"\n[daemon]\ndata_dir = \"/srv/orb\"\nlisten = \"[::1]:0\"\n\
                database = \"postgres://orb@localhost/orb\"\n";
    let of_file = resolve_with(file, &EnvironmentArgs::default()).expect("an environment");
    assert_eq!((of_file.environment, of_file.feed), (Environment::Paper, Feed::Sip));
    let limits = RequestLimits { per_minute: 1_000, reserve: 500, timeout: Duration::from_secs(10) };
    assert_eq!((of_file.limits, of_file.brackets), (limits, BracketSupport::Full));
    assert_eq!((of_file.data_dir.as_path(), of_file.listen.to_string().as_str()), (Path::new("/srv/orb"), "[::1]:0"));
    assert_eq!(of_file.database.to_string(), "postgres://orb@localhost/orb");
    let flags = EnvironmentArgs {
        environment: Some(Environment::Sim),
        data_dir: Some("here".into()),
        listen: Some("127.0.0.1:1".parse().expect("an address")),
        database: Some("postgres://orb:hunter2@localhost/orb".to_owned()),
    };
    let of_flags = resolve_with(file, &flags).expect("an environment");
    assert_eq!(of_flags.environment, Environment::Sim);
    assert!(of_flags.data_dir.is_absolute() && of_flags.data_dir.ends_with("here"));
    assert_eq!(of_flags.listen.port(), 1);
    assert!(of_flags.database.has_password() && !format!("{of_flags:?}").contains("hunter2"));
}

#[test]
fn keys_that_are_wrong_are_told_with_their_line() {
    refused(
        "environment = \"papper\"",
        "/orb.toml:1: `environment = \"papper\"`: expected \"sim\", \"paper\" or \"live\", did you mean `paper`?",
    );
    refused("environment = 1", "/orb.toml:1: `environment = 1`: expected");
    refused("enviroment = \"sim\"", "/orb.toml:1: there is no key `enviroment`, did you mean `environment`?");
    refused("[alpacca]\nfeed = \"sip\"", "/orb.toml:1: there is no table `alpacca`, did you mean `alpaca`?");
    refused("alpaca = 1", "/orb.toml:1: `alpaca` is not a table: begin it with a line [alpaca]");
    refused("[[daemon]]\n", "/orb.toml:1: `daemon` is not a table");
    refused(
        "\n[alpaca]\nfed = \"sip\"",
        "/orb.toml:3: [alpaca] has no key `fed`, did you mean `feed`?; it has feed, live",
    );
    refused(
        "[daemon]\ncolour = 1",
        "/orb.toml:2: [daemon] has no key `colour`; it has data_dir, listen, socket, database",
    );
    refused("[daemon]\ndatadir = \"/x\"", "did you mean `data_dir`?");
}

#[test]
fn keys_in_the_wrong_place_are_sent_to_their_own() {
    refused("feed = \"sip\"", "/orb.toml:1: `feed` belongs into [alpaca]");
    refused("\nlisten = \"127.0.0.1:1\"", "/orb.toml:2: `listen` belongs into [daemon]");
    refused("[daemon]\nfeed = \"sip\"", "/orb.toml:2: `feed` belongs into [alpaca]");
    refused("[alpaca]\nmax_positions = 1", "/orb.toml:2: `max_positions` belongs to the strategies");
    refused("[alpaca]\nenvironment = \"sim\"", "/orb.toml:2: `environment` belongs outside of the tables");
}

#[test]
fn values_that_do_not_fit_are_told_with_their_line() {
    refused("[alpaca]\nfeed = \"spi\"", "/orb.toml:2: `feed = \"spi\"`: expected \"iex\" or \"sip\"");
    refused("[alpaca]\nlive_enabled = \"yes\"", "expected true or false");
    refused(
        "[alpaca]\nbrackets = \"some\"",
        "/orb.toml:2: `brackets = \"some\"`: expected \"full\", \"limit_entries_only\"",
    );
    for number in ["19", "10001", "-1", "200.0", "\"200\"", "0x40"] {
        refused(&format!("[alpaca]\nrequests_per_minute = {number}"), "expected a whole number from 20 to 10000");
    }
    refused("[guard]\nsilence_seconds = 9", "/orb.toml:2: `silence_seconds = 9`: expected a whole number from 10");
    refused("[guard]\nsilence = 60", "/orb.toml:2: [guard] has no key `silence`; it has silence_seconds");
    refused("silence_seconds = 60", "/orb.toml:1: `silence_seconds` belongs into [guard]");
    refused("[gaurd]\n", "/orb.toml:1: there is no table `gaurd`, did you mean `guard`?");
    refused("[alpaca]\nrequest_timeout_seconds = 0", "/orb.toml:2: `request_timeout_seconds = 0`: expected a whole");
    refused(
        "[alpaca]\nurl = \"sim\"",
        "/orb.toml:2: url: `sim` is no address: expected one like http://127.0.0.1:7080",
    );
    refused(
        "[alpaca]\nurl = \"http://sim.example\"",
        "/orb.toml:2: url: `http://sim.example` is not on this machine and",
    );
    refused("[daemon]\ndata_dir = \"orb\"", "/orb.toml:2: `data_dir = \"orb\"`: expected an absolute path");
    refused("[daemon]\nlisten = 7070", "expected an address with a port");
    refused("[daemon]\nlisten = \"localhost\"", "expected an address with a port");
    refused("[daemon]\nlisten = \"0.0.0.0:7070\"", "/orb.toml:2: without TLS the API listens on this machine only");
    refused("[daemon]\ndatabase = \"mysql://x\"", "/orb.toml:2: `mysql://x` is not the address of a database");
    let long = format!("[alpaca]\nfeed = \"{}\"", "x".repeat(500));
    let error = resolve_with(&long, &args(None)).expect_err("refused");
    assert!(error.len() < 200, "{error}");
}

#[test]
fn orders_go_where_the_environment_says_or_nowhere() {
    let enabled = "live_enabled = true\n";
    let of = |environment: &str, key: &str, url: &str| {
        format!("environment = \"{environment}\"\n[alpaca]\n{enabled}{key} = \"{url}\"")
    };
    let live = "https://api.alpaca.markets";
    refused(
        &of("paper", "trading_url", live),
        "/orb.toml:4: `api.alpaca.markets` belongs to live, and the environment is paper",
    );
    refused(&of("sim", "trading_url", live), "`api.alpaca.markets` belongs to live, and the environment is sim");
    refused(&of("sim", "url", "https://paper-api.alpaca.markets"), "belongs to paper");
    refused(&of("sim", "data_url", "https://data.alpaca.markets"), "belongs to Alpaca, and the environment is sim");
    refused(&of("live", "trade_stream_url", "wss://paper-api.alpaca.markets/stream"), "belongs to paper");
    refused(
        &of("paper", "url", "http://127.0.0.1:7080"),
        "/orb.toml:4: `url` is the address of a simulator, and the environment is paper",
    );
    resolve(&of("live", "trading_url", live));
    resolve(&of("paper", "data_url", "https://data.sandbox.alpaca.markets"));
}

#[test]
fn real_money_needs_two_words() {
    let message = "live trading is not enabled: for orders with real money set live_enabled = true in [alpaca]";
    refused("\nenvironment = \"live\"", &format!("/orb.toml:2: {message}"));
    refused("environment = \"live\"\n[alpaca]\nlive_enabled = false", &format!("/orb.toml:3: {message}"));
    let flag = resolve_with("environment = \"paper\"", &args(Some(Environment::Live))).expect_err("refused");
    assert!(flag.starts_with("--environment live: live trading is not enabled"), "{flag}");
}

#[test]
fn flags_that_are_wrong_are_named() {
    let open = EnvironmentArgs { listen: Some("0.0.0.0:1".parse().expect("an address")), ..args(None) };
    let error = resolve_with("", &open).expect_err("refused");
    assert!(error.starts_with("--listen: without TLS the API"), "{error}");
    let database = EnvironmentArgs { database: Some("mysql://orb:hunter2@x".to_owned()), ..args(None) };
    let error = resolve_with("", &database).expect_err("refused");
    assert!(error.starts_with("--database or ORB_DATABASE_URL: `mysql") && !error.contains("hunter2"), "{error}");
}

#[test]
fn secrets_are_refused_and_not_shown() {
    for file in [
        "api_key = \"hunter2\"",
        "[alpaca]\nkey_id = \"hunter2\"",
        "[alpaca]\ntrading_url = \"https://me:hunter2@broker.example\"",
        "[daemon]\ndatabase = \"postgres://orb:hunter2@localhost/orb\"",
        "[daemon]\ndatabase = \"postgres://orb@localhost/orb?password=hunter2\"",
        "[daemon]\ndatabase = \"mysql://orb:hunter2@localhost/orb\"",
        "[[strategy]]\nsecret = \"hunter2\"",
    ] {
        let error = resolve_with(file, &args(None)).expect_err(file);
        assert!(error.starts_with("/orb.toml:") && !error.contains("hunter2"), "{error}");
    }
    refused("[daemon]\ndatabase = \"postgres://orb:x1@localhost/orb\"", "/orb.toml:2: `database` holds a password");
    refused("[alpaca]\nurl = \"http://me:x1@127.0.0.1:1\"", "/orb.toml:2: `url` holds a password");
}

/// The sample, with the line of every default made one that counts when asked for.
fn sample(with_defaults: bool) -> LiveConfig {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/orb.sample.toml");
    let text = std::fs::read_to_string(path).expect("the sample");
    let lines: Vec<_> = text.lines().map(|line| if with_defaults { counting(line) } else { line }).collect();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), lines.join("\n")).expect("written");
    let settings = SettingArgs { config: Some(file.path().to_owned()), ..SettingArgs::default() };
    settings.resolve_live(&EnvironmentArgs::default()).expect("the sample is a configuration")
}

/// Takes the `#` from a line that shows a default.
fn counting(line: &str) -> &str {
    line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())).unwrap_or(line)
}

#[test]
fn the_sample_shows_the_real_defaults() {
    let (shipped, filled) = (sample(false), sample(true));
    assert_eq!(filled.run, shipped.run);
    assert_eq!(format!("{:?}", filled.environment), format!("{:?}", shipped.environment));
    let bare = SettingArgs { settings: vec!["symbols=SPY,QQQ".to_owned()], ..SettingArgs::default() };
    let bare = bare.resolve_live(&EnvironmentArgs::default()).expect("a configuration");
    assert_eq!(bare.run, filled.run);
    assert_eq!(format!("{:?}", bare.environment), format!("{:?}", filled.environment));
}

#[test]
fn the_sample_has_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/orb.sample.toml");
    let text = std::fs::read_to_string(path).expect("the sample");
    let keys = orb_core::config::KEYS.iter().map(|key| key.name);
    let tables = TABLES.iter().flat_map(|(_, _, keys)| *keys).copied();
    for key in keys.chain(tables).chain(["environment", "preset"]) {
        let shows = |line: &str| line.trim_start_matches(['#', ' ']).starts_with(&format!("{key} = "));
        assert!(text.lines().any(shows), "{key} is missing");
    }
}

/// Says of each environment how a file configures it, or why it cannot be used.
fn all(file: &str) -> Environments {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("orb.toml");
    std::fs::write(&path, file).expect("written");
    let settings = SettingArgs { config: Some(path), ..SettingArgs::default() };
    settings.configuration(&args(None)).expect("a file").environments
}

#[test]
fn the_table_of_one_environment_goes_before_the_general_one() {
    let file = "environment = \"paper\"\n[alpaca]\nfeed = \"sip\"\nlive_enabled = true\nrequests_per_minute = 100\n\
                trading_url = \"https://proxy.example\"\n[alpaca.live]\nfeed = \"iex\"\nrequests_per_minute = 200\n\
                [alpaca.sim]\nurl = \"http://127.0.0.1:7999\"\n";
    let all = all(file);
    let of = |environment| all.get(environment).expect("configured");
    let (sim, paper, live) = (of(Environment::Sim), of(Environment::Paper), of(Environment::Live));
    assert_eq!((paper.feed, live.feed, sim.feed), (Feed::Sip, Feed::Iex, Feed::Sip));
    assert_eq!((paper.limits.per_minute, live.limits.per_minute), (100, 200));
    assert_eq!(paper.urls.trading.as_str(), "https://proxy.example/");
    assert_eq!(live.urls.trading.as_str(), "https://api.alpaca.markets/", "the proxy is that of paper");
    assert_eq!(sim.urls.trading.as_str(), "http://127.0.0.1:7999/");
    assert_eq!([sim, paper, live].map(|config| config.is_simulated), [true, false, false]);
    assert_eq!([sim, paper, live].map(|config| config.is_configured), [false, true, false]);
    assert!(sim.data_dir == live.data_dir && sim.database == live.database, "they share the records");
}

#[test]
fn what_one_environment_lacks_is_told_of_that_one() {
    let all = all("environment = \"paper\"\n[alpaca]\nfeed = \"sip\"\n");
    assert!(all.get(Environment::Paper).is_ok());
    let error = all.get(Environment::Live).expect_err("not enabled");
    assert!(error.contains("live: live trading is not enabled"), "{error}");
    let error = all.get(Environment::Sim).expect_err("not configured");
    assert!(error.contains("[alpaca.sim]"), "{error}");
}

#[test]
fn a_simulator_plays_paper_or_live_on_this_machine_alone() {
    let file = "environment = \"paper\"\n[alpaca.paper]\nurl = ";
    let config = resolve(&format!("{file}\"http://127.0.0.1:7999\""));
    assert_eq!((config.urls.data.as_str(), config.is_simulated), ("http://127.0.0.1:7999/", true));
    refused(
        &format!("{file}\"https://sim.example\""),
        "/orb.toml:3: `url` of [alpaca.paper] is for a simulator on this",
    );
    refused(
        "environment = \"paper\"\n[alpaca.papper]\nurl = \"http://127.0.0.1:1\"",
        "[alpaca] has no key `papper`, did you mean `paper`?",
    );
    refused("[alpaca.live]\nlive_enabled = true", "`live_enabled` belongs into [alpaca]");
}

#[test]
fn the_last_switch_goes_before_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("orb.toml");
    std::fs::write(&path, "environment = \"paper\"\n[alpaca]\nlive_enabled = true\n").expect("written");
    let settings = SettingArgs { config: Some(path), ..SettingArgs::default() };
    let args = EnvironmentArgs { data_dir: Some(folder.path().into()), ..EnvironmentArgs::default() };
    let now = || settings.resolve_environment(&args).expect("an environment").environment;
    assert_eq!(now(), Environment::Paper);
    let chosen = Chosen {
        environment: Environment::Live,
        ledger: "live-1f3a9c02".to_owned(),
        at: "2026-03-02T14:30:00Z".to_owned(),
        actor: "dana".to_owned(),
        reason: String::new(),
        is_held: true,
    };
    chosen.write(folder.path()).expect("written");
    assert_eq!(now(), Environment::Live);
    let all = settings.configuration(&args).expect("a file").environments;
    let (config, last) = all.now().expect("an environment");
    assert_eq!((config.environment, last), (Environment::Live, Some(chosen)));
    std::fs::write(Chosen::path(folder.path()), "{").expect("written");
    assert!(
        settings.resolve_environment(&args).is_err() && all.now().is_err(),
        "it is not known where orders are to go"
    );
}

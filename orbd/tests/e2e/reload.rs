//! A changed configuration that a real daemon takes up while it trades, all of it or nothing.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use orb_api::{Client, Endpoint, Token, v1};
use tempfile::TempDir;
use tonic::{Code, Status};

use crate::{
    client::{request_id, until},
    cluster::Cluster,
    daemon::{Process, orbd, program, signal, text},
    environment::client_of,
    market::day,
    notify::Hook,
    standby::{Stage, says},
    tls::Authority,
};

/// A daemon that trades at a simulator of this process, with a folder for its secrets.
struct Up {
    process: Process,
    client: Client,
    /// Its configuration.
    file: PathBuf,
    state: PathBuf,
    /// The configuration without what a test adds.
    base: String,
    secrets: TempDir,
    stage: Stage,
    _records: TempDir,
}

impl Up {
    async fn start() -> Self {
        Self::start_with("", &[]).await
    }

    /// Starts a daemon with more tables in its file, and variables.
    async fn start_with(more: &str, variables: &[(&str, &str)]) -> Self {
        let records = TempDir::new().unwrap();
        let database = format!("sqlite://{}", records.path().join("orb.db").display());
        let (stage, secrets) = (Stage::new(database).await, TempDir::new().unwrap());
        let mut command = stage.command("one", &[]);
        let (file, state) = (stage.place("one").join("orb.toml"), stage.place("one").join("state"));
        let base = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{base}{more}")).unwrap();
        command.env("CREDENTIALS_DIRECTORY", secrets.path()).envs(variables.iter().copied());
        let process = says(Process::start(command), "orbd run: sim").await;
        let client = client_of(&state).await;
        Self { process, client, file, state, base, secrets, stage, _records: records }
    }

    /// Writes the configuration anew: what it began with, and more tables.
    fn configure(&self, more: &str) {
        fs::write(&self.file, format!("{}{more}", self.base)).unwrap();
    }

    fn secret(&self, name: &str, secret: &str) {
        let path = self.secrets.path().join(name);
        fs::write(&path, secret).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    async fn ask(&self, validate_only: bool) -> Result<v1::ReloadConfigResponse, Status> {
        let request =
            v1::ReloadConfigRequest { request_id: request_id("reload"), reason: "a test".to_owned(), validate_only };
        self.client.control().reload_config(request).await.map(tonic::Response::into_inner)
    }

    async fn reload(&self) -> Vec<(String, v1::ConfigOutcome)> {
        let reply = self.ask(false).await.unwrap();
        assert!(reply.applied, "{reply:?}");
        outcomes(&reply)
    }

    async fn config(&self) -> v1::GetConfigResponse {
        self.client.control().get_config(v1::GetConfigRequest {}).await.unwrap().into_inner()
    }

    async fn value(&self, key: &str) -> Option<String> {
        self.config().await.entries.into_iter().find(|entry| entry.key == key).map(|entry| entry.value)
    }

    /// Makes something to be told of: entries are held, and no longer held.
    async fn pause_and_resume(&self) {
        let (id, reason) = (request_id("pause"), "a test".to_owned());
        let request = v1::PauseEntriesRequest { request_id: id, reason: reason.clone() };
        self.client.control().pause_entries(request).await.unwrap();
        let request = v1::ResumeEntriesRequest { request_id: request_id("resume"), reason, holds: Vec::new() };
        self.client.control().resume_entries(request).await.unwrap();
    }

    /// Sends SIGHUP and waits for a text in the log.
    async fn hang_up(mut self, expect: &'static str) -> Self {
        signal(&self.process, "HUP");
        tokio::task::spawn_blocking(move || {
            self.process.logs(expect);
            self
        })
        .await
        .unwrap()
    }

    async fn audits(&self) -> Vec<v1::AuditEntry> {
        let request = v1::ListAuditEntriesRequest { page_size: 100, ..Default::default() };
        let listed = self.client.logs().list_audit_entries(request).await.unwrap().into_inner().entries;
        listed.into_iter().filter(|entry| entry.command.starts_with("ReloadConfig")).collect()
    }

    /// Asks for the figures under a name of this machine, or another one; returns the whole answer.
    fn figures(&self, host: &str) -> String {
        let address = self.process.printed().split_once("://").unwrap().1.split_once(',').unwrap().0.to_owned();
        let token = fs::read_to_string(self.state.join("token")).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let token = token.trim();
        let head = format!("host: {host}\r\nconnection: close\r\nauthorization: Bearer {token}\r\n");
        write!(stream, "GET /metrics HTTP/1.1\r\n{head}\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Stops it as a service manager does and checks that all went well; returns what it logged.
    async fn terminate(mut self) -> String {
        signal(&self.process, "TERM");
        tokio::task::spawn_blocking(move || self.process.wait().succeeded().err).await.unwrap()
    }
}

fn outcomes(reply: &v1::ReloadConfigResponse) -> Vec<(String, v1::ConfigOutcome)> {
    reply.changes.iter().map(|change| (change.key.clone(), change.outcome())).collect()
}

fn has(changes: &[(String, v1::ConfigOutcome)], key: &str, outcome: v1::ConfigOutcome) -> bool {
    changes.iter().any(|(changed, became)| changed == key && *became == outcome)
}

const DESK: &str = "[notify.desk]\ntype = \"webhook\"\nmessages_per_minute = 60\n";
const APPLIED: v1::ConfigOutcome = v1::ConfigOutcome::Applied;
const UNCHANGED: v1::ConfigOutcome = v1::ConfigOutcome::Unchanged;
const REFUSED: v1::ConfigOutcome = v1::ConfigOutcome::Refused;

async fn until_told(hook: &Hook, count: usize) {
    until("so many notices", || async { hook.of("hold").len() }, |told| *told >= count).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_is_added_by_a_signal_turned_elsewhere_and_taken_away_while_orb_trades() {
    let (first, second, last) = (Hook::start("200 OK"), Hook::start("200 OK"), Hook::start("200 OK"));
    let up = Up::start().await;
    up.secret("orb-notify-desk-url", &first.url);
    up.configure(DESK);
    let up = up.hang_up("SIGHUP had the configuration read again: changed notify.desk.ca_file").await;
    assert_eq!(up.value("notify.desk.type").await.as_deref(), Some("webhook"));
    up.pause_and_resume().await;
    until_told(&first, 1).await;
    // The same keys, and another secret.
    up.secret("orb-notify-desk-url", &second.url);
    let changes = up.reload().await;
    assert!(has(&changes, "notify.desk", APPLIED) && has(&changes, "credentials", UNCHANGED), "{changes:?}");
    let told = first.of("hold").len();
    up.pause_and_resume().await;
    until_told(&second, 1).await;
    assert!(has(&up.reload().await, "notify.desk", UNCHANGED));
    // One is gone, another is there; what the other is told after it, the first one would have been told before.
    up.secret("orb-notify-last-url", &last.url);
    up.configure("[notify.last]\ntype = \"webhook\"\n");
    up.reload().await;
    assert_eq!(up.value("notify.desk.type").await, None);
    let told_second = second.of("hold").len();
    up.pause_and_resume().await;
    until_told(&last, 1).await;
    assert_eq!((first.of("hold").len(), second.of("hold").len()), (told, told_second));
    let log = up.terminate().await;
    assert!(!log.contains("hunter2"), "a secret is in the log:\n{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_file_a_missing_secret_and_a_key_for_the_start_change_nothing() {
    let up = Up::start().await;
    let before = up.config().await;
    let hosts = "[web]\nallowed_hosts = [\"orb.example.com\"]\n";
    let line = up.base.lines().count();
    let refused = async |more: String, code: Code, says: String| {
        up.configure(&more);
        let error = up.ask(false).await.expect_err(&says);
        assert!(error.code() == code && error.message().contains(&says), "{error}");
        assert!(error.message().contains("nothing has changed"), "{error}");
        assert_eq!(up.config().await, before, "{says}");
    };
    let at = |offset: usize| format!("{}:{}: ", text(&up.file), line + offset);
    refused(format!("{hosts}[web"), Code::FailedPrecondition, at(3)).await;
    let misspelt = format!("{hosts}allowed_origin = []\n");
    refused(misspelt, Code::FailedPrecondition, format!("{}[web] has no key `allowed_origin`", at(3))).await;
    refused(format!("{hosts}{DESK}"), Code::FailedPrecondition, "orb-notify-desk-url".to_owned()).await;
    fs::write(&up.file, format!("{}{hosts}", up.base.replace("max_positions = 24", "max_positions = 23"))).unwrap();
    let error = up.ask(false).await.expect_err("a key of the strategy");
    assert!(error.message().contains("max_positions cannot be taken up now: a day is traded to its end"), "{error}");
    assert_eq!(up.config().await, before);
    let would = up.ask(true).await.unwrap();
    let expect = [("credentials", UNCHANGED), ("max_positions", REFUSED), ("web.allowed_hosts", APPLIED)];
    assert_eq!(outcomes(&would), expect.map(|(key, outcome)| (key.to_owned(), outcome)));
    assert!(!would.applied && up.config().await == before, "{would:?}");
    let up = up.hang_up("SIGHUP had the configuration read again, in vain: max_positions cannot").await;
    assert!(up.figures("orb.example.com").starts_with("HTTP/1.1 403 "), "the other half was taken up");
    up.configure(hosts);
    assert!(has(&up.reload().await, "web.allowed_hosts", APPLIED));
    let figures = up.figures("orb.example.com");
    assert!(figures.starts_with("HTTP/1.1 200 "), "{figures}");
    for line in [
        "orb_config_reloads_total{result=\"applied\"} 1",
        "orb_config_reloads_total{result=\"refused\"} 2",
        "orb_config_reloads_total{result=\"invalid\"} 3",
    ] {
        assert!(figures.lines().any(|written| written == line), "{line} is not in {figures}");
    }
    let after = up.config().await;
    assert!(after.fingerprint != before.fingerprint && after.fingerprint.len() == 16, "{after:?}");
    assert!(after.load_time.unwrap().seconds >= before.load_time.unwrap().seconds);
    let audits =
        until("the records", || up.audits(), |audits| audits.iter().filter(|audit| audit.accepted).count() >= 2).await;
    let refused: Vec<_> = audits.iter().filter(|audit| !audit.accepted).collect();
    assert_eq!(refused.len(), 5, "{audits:#?}");
    assert!(refused.iter().any(|audit| audit.actor == "SIGHUP"), "{audits:#?}");
    up.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_certificates_are_in_force_when_a_reload_is_answered() {
    let (before, after) = (Authority::new("before"), Authority::new("after"));
    let folder = TempDir::new().unwrap();
    let at = |name: &str| text(&folder.path().join(name)).to_owned();
    let write = |name: &str, content: &str| {
        fs::write(at(name), content).unwrap();
        fs::set_permissions(at(name), fs::Permissions::from_mode(0o600)).unwrap();
    };
    for (name, authority) in [("one", &before), ("two", &after)] {
        let (certificate, key) = authority.certificate();
        write(&format!("{name}.pem"), &certificate);
        write(&format!("{name}.key"), &key);
    }
    let tls = |name: &str| {
        format!(
            "[tls]\ncertificate_file = \"{}\"\nkey_file = \"{}\"\n",
            at(&format!("{name}.pem")),
            at(&format!("{name}.key"))
        )
    };
    let up = Up::start_with(&tls("one"), &[]).await;
    let url = up.process.printed().split_once("https://").unwrap().1.split_once(',').unwrap().0.to_owned();
    let token = fs::read_to_string(up.state.join("token")).unwrap();
    let call = async |authority: &Authority| {
        let token = Token::parse(&token).unwrap();
        let endpoint = Endpoint::new(format!("https://{url}"), Some(token));
        let endpoint = Endpoint { ca_certificate_pem: Some(authority.pem.clone().into_bytes()), ..endpoint };
        let client = Client::connect(endpoint).await.map_err(|error| error.to_string())?;
        let asked = client.control().get_status(v1::GetStatusRequest {}).await;
        asked.map(drop).map_err(|status| status.message().to_owned())
    };
    call(&before).await.unwrap();
    up.configure(&tls("two"));
    let changes = up.reload().await;
    assert!(has(&changes, "tls", APPLIED) && has(&changes, "tls.certificate_file", APPLIED), "{changes:?}");
    call(&after).await.unwrap();
    assert!(call(&before).await.is_err(), "the certificate of before is still in force");
    write("two.pem", "broken");
    let error = up.ask(false).await.expect_err("a broken certificate");
    assert!(error.message().contains("[tls] certificate_file: "), "{error}");
    up.configure("");
    let error = up.ask(false).await.expect_err("no encryption");
    assert!(error.message().contains("with or without encryption"), "{error}");
    // It logs that the broken file is not taken, which is no error.
    up.terminate().await;
}

/// Kills a daemon at a place of a reload, and starts it again with the changed file.
async fn dies_at(place: &str) {
    let up = Up::start_with("", &[("ORB_CRASH_AT", place)]).await;
    up.stage.until_filled(1).await;
    up.configure("[web]\nallowed_hosts = [\"orb.example.com\"]\n");
    assert!(up.ask(false).await.is_err(), "{place}");
    let mut up = up;
    let file = fs::read_to_string(&up.file).unwrap();
    let ended = tokio::task::spawn_blocking(move || {
        let ended = up.process.wait();
        (up, ended)
    });
    let (mut up, ended) = ended.await.unwrap();
    assert_eq!(ended.code, None, "{place}: {ended:?}");
    let mut command = up.stage.command("one", &[]);
    fs::write(&up.file, file).unwrap();
    command.env("CREDENTIALS_DIRECTORY", up.secrets.path());
    up.process = says(Process::start(command), "orbd run: sim").await;
    up.client = client_of(&up.state).await;
    assert_eq!(up.value("web.allowed_hosts").await.as_deref(), Some("orb.example.com"), "{place}");
    let recorded = async || up.stage.recorded().await == up.stage.at_broker().await.1;
    until("the fills of before", recorded, |is_all| *is_all).await;
    assert!(!up.reload().await.iter().any(|(_, outcome)| *outcome == APPLIED), "{place}: the start took it all up");
    up.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_that_is_killed_loses_nothing_and_the_next_start_goes_by_the_file() {
    dies_at("reload_read:1").await;
    dies_at("reload_taken:1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_with_reloads_in_its_middle_is_what_its_inputs_make_of_it_to_the_byte() {
    let up = Up::start().await;
    let mut rounds_after = 4;
    for round in 0..400 {
        up.configure(&format!("[web]\nallowed_hosts = [\"host{round}.example.com\"]\n"));
        assert!(has(&up.reload().await, "web.allowed_hosts", APPLIED));
        // Before the first entry, while it is on its way, and after it.
        rounds_after -= i32::from(up.stage.at_broker().await.1 > 0);
        if rounds_after == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(up.stage.at_broker().await.1 > 0, "nothing was traded");
    let (records, account) = (up.stage.database().to_owned(), up.stage.account().await);
    let ledger = orbd::store::Ledger::new(orbd::view::Environment::Sim, &account).id().to_owned();
    let _kept = up._records.path().to_owned();
    let mut up = up;
    signal(&up.process, "TERM");
    let replayed = tokio::task::spawn_blocking(move || {
        up.process.wait().succeeded();
        let date = day().to_string();
        let ended = orbd(&["replay", &date, "--database", &records, "--ledger", &ledger, "--json"]).succeeded();
        (up, ended)
    });
    let (_up, ended) = replayed.await.unwrap();
    let found: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(found["identical"], true, "{found:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_goes_before_a_reload_and_neither_is_lost() {
    let up = Up::start().await;
    for _ in 0..5 {
        signal(&up.process, "HUP");
    }
    let log = up.terminate().await;
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_reads_the_configuration_again_as_soon_as_it_has_the_ledger() {
    let Some(cluster) = Cluster::start() else { return };
    let stage = Stage::new(cluster.database()).await;
    let mut first = says(stage.daemon("first", &[]), "orbd run: sim").await;
    let second = says(stage.daemon("second", &["--standby"]), "Standing by: process ").await;
    let file = stage.place("second").join("orb.toml");
    append(&file, "[web]\nallowed_hosts = [\"orb.example.com\"]\n");
    signal(&second, "HUP");
    let second = says(second, "SIGHUP: the configuration is read again as soon as this daemon has its ledger.").await;
    signal(&first, "KILL");
    tokio::task::spawn_blocking(move || first.wait()).await.unwrap();
    let mut second = says(second, "orbd run: sim").await;
    let ended = tokio::task::spawn_blocking(move || {
        second.logs("SIGHUP had the configuration read again: changed web.allowed_hosts");
        signal(&second, "TERM");
        second.wait().succeeded()
    });
    ended.await.unwrap();
}

fn append(file: &Path, more: &str) {
    let before = fs::read_to_string(file).unwrap();
    fs::write(file, format!("{before}{more}")).unwrap();
}

/// Puts a command at a terminal of its own, which is there as long as the process of the returned one.
fn at_a_terminal(command: &std::process::Command) -> std::process::Command {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let mut terminal = program("script");
    terminal.args(["--quiet", "--command", &format!("exec {}", words.join(" ")), "/dev/null"]);
    terminal
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_that_is_closed_ends_the_daemon_and_sighup_at_an_open_one_is_a_reload() {
    let records = TempDir::new().unwrap();
    let stage = Stage::new(format!("sqlite://{}", records.path().join("orb.db").display())).await;
    let terminal = at_a_terminal(&stage.command("one", &[]));
    let mut process = says(Process::start(terminal), "orbd run: sim").await;
    let state = stage.place("one").join("state");
    let client = client_of(&state).await;
    let pid = fs::read_to_string(state.join("orbd.lock")).unwrap().trim().to_owned();
    let sent = std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap();
    assert!(sent.success());
    let ask = || async {
        let request = v1::ListAuditEntriesRequest { page_size: 100, ..Default::default() };
        client.logs().list_audit_entries(request).await.unwrap().into_inner().entries
    };
    let audits = until("a reload", ask, |audits| !audits.is_empty()).await;
    assert_eq!((&*audits[0].command, &*audits[0].actor), ("ReloadConfig", "SIGHUP"), "{audits:#?}");
    assert!(state.join("running").exists(), "it goes on");
    process.kill();
    // That file is removed by an end in good order alone.
    let is_running = || async { state.join("running").exists() };
    until("the end", is_running, |is_running| !is_running).await;
}

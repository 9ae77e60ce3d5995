//! Notices of a real daemon at a webhook on this machine.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::daemon::{Ended, Process, check_log, program, text};

/// A part of every secret of these tests.
const HUNTER: &str = "hunter2";
/// No notice of these tests takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A webhook that takes everything; its thread ends with the test's process.
pub(crate) struct Hook {
    pub(crate) url: String,
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    pub(crate) fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/in/{HUNTER}", listener.local_addr().unwrap());
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                kept.lock().unwrap().extend(take(stream, status));
            }
        });
        Self { url, bodies }
    }

    fn notices(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().flat_map(|body| body["notices"].as_array().unwrap().clone()).collect()
    }

    pub(crate) fn of(&self, kind: &str) -> Vec<Value> {
        self.notices().into_iter().filter(|notice| notice["kind"] == kind).collect()
    }

    #[track_caller]
    fn until(&self, what: &str, is_so: impl Fn(&[Value]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&self.notices()) {
            assert!(Instant::now() < deadline, "never {what}: {:#?}", self.notices());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Reads one request and answers it; `None` where the client went away.
fn take(stream: TcpStream, status: &str) -> Option<Value> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    reader.get_mut().write_all(answer.as_bytes()).ok()?;
    serde_json::from_slice(&body).ok()
}

fn file(folder: &Path, keys: &str) -> PathBuf {
    let path = folder.join("orb.toml");
    std::fs::write(&path, keys).unwrap();
    path
}

const DESK: &str = "[notify.desk]\ntype = \"webhook\"\nmessages_per_minute = 60\n";

fn demo(folder: &Path, hook: &Hook, arguments: &[&str]) -> Process {
    let config = file(folder, DESK);
    let mut command = program(env!("CARGO_BIN_EXE_orbd"));
    command.args(["demo", "--direct", "--listen", "127.0.0.1:0", "--config", text(&config), "--data-dir"]);
    command.arg(folder.join("state")).args(arguments).env("ORB_NOTIFY_DESK_URL", &hook.url);
    Process::start(command)
}

#[track_caller]
fn keeps_secrets(ended: &Ended) {
    check_log(&ended.err);
    assert!(!ended.out.contains(HUNTER) && !ended.err.contains(HUNTER), "{ended:?}");
}

#[test]
fn a_day_is_told_from_the_start_to_the_stop() {
    let (folder, hook) = (TempDir::new().unwrap(), Hook::start("200 OK"));
    let ended = demo(folder.path(), &hook, &["--speed", "max", "--exit"]).wait().succeeded();
    keeps_secrets(&ended);
    let (entries, exits, days) = (hook.of("entry"), hook.of("exit"), hook.of("day"));
    assert!(!exits.is_empty() && entries.len() == exits.len(), "{:#?}", hook.notices());
    let net = |notice: &Value| notice["fields"]["net"].as_str().unwrap().parse::<f64>().unwrap();
    let sum: f64 = exits.iter().map(net).sum();
    assert_eq!(days.len(), 1);
    assert!((net(&days[0]) - sum).abs() < 1e-6, "{days:#?}");
    assert_eq!(days[0]["fields"]["trades"], exits.len().to_string());
    assert_eq!(hook.of("scan").len(), 1, "{:#?}", hook.notices());
    let daemon: Vec<_> = hook.of("daemon").iter().map(|notice| notice["text"].as_str().unwrap().to_owned()).collect();
    assert!(
        daemon.len() == 2 && daemon[0].starts_with("orb started: sim") && daemon[1].starts_with("orb stopped: no open"),
        "{daemon:?}"
    );
    for body in hook.bodies.lock().unwrap().iter() {
        assert!(body["text"].as_str().unwrap().starts_with("[SIM] "), "{body}");
    }
    let ledgers: BTreeSet<_> = hook.notices().iter().map(|notice| notice["ledger"].to_string()).collect();
    assert!(ledgers.len() == 1 && ledgers.iter().all(|ledger| ledger.starts_with("\"sim-")), "{ledgers:?}");
}

#[test]
fn a_crash_and_a_restart_tell_nothing_twice() {
    let (folder, hook) = (TempDir::new().unwrap(), Hook::start("200 OK"));
    let mut first = demo(folder.path(), &hook, &["--speed", "2400"]);
    hook.until("two exits", |notices| notices.iter().filter(|notice| notice["kind"] == "exit").count() >= 2);
    first.kill();
    let before = hook.notices().len();
    let ended = demo(folder.path(), &hook, &["--speed", "max", "--exit"]).wait().succeeded();
    keeps_secrets(&ended);
    let notices = hook.notices();
    let start = &notices[before];
    assert!(
        start["severity"] == "alarm"
            && start["text"].as_str().unwrap().starts_with("orb started after an abnormal end"),
        "{start}"
    );
    for kind in ["entry", "exit"] {
        let trades: Vec<_> = hook.of(kind).iter().map(|notice| notice["fields"]["trade_id"].to_string()).collect();
        let unique: BTreeSet<_> = trades.iter().collect();
        assert_eq!(unique.len(), trades.len(), "{kind}: {trades:?}");
    }
    assert_eq!((hook.of("day").len(), hook.of("scan").len()), (1, 1), "{notices:#?}");
    let ids: BTreeSet<_> = notices.iter().map(|notice| notice["id"].to_string()).collect();
    assert_eq!(ids.len(), notices.len(), "{notices:#?}");
}

fn test(folder: &Path, keys: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let config = file(folder, keys);
    let mut command = Command::new(env!("CARGO_BIN_EXE_orbd"));
    command.args(["notify", "test", "--config", text(&config)]).args(arguments).envs(variables.iter().copied());
    command.env_remove("CREDENTIALS_DIRECTORY");
    Process::start(command).wait()
}

#[test]
fn a_trial_goes_to_each_channel_and_says_which_took_it() {
    let (folder, good, bad) = (TempDir::new().unwrap(), Hook::start("200 OK"), Hook::start("404 Not Found"));
    let keys =
        "[notify.desk]\ntype = \"webhook\"\n[notify.other]\ntype = \"webhook\"\n[notify.bare]\ntype = \"slack\"\n";
    let variables = [("ORB_NOTIFY_DESK_URL", &*good.url), ("ORB_NOTIFY_OTHER_URL", &*bad.url)];
    let ended = test(folder.path(), keys, &[], &variables);
    keeps_secrets(&ended);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let line = |name: &str| ended.out.lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(line("desk").starts_with("PASS  desk   webhook: taken"), "{ended:?}");
    assert!(line("other").starts_with("FAIL  other  webhook: it refused (404)"), "{ended:?}");
    assert!(line("bare").contains("orb-notify-bare-url"), "{ended:?}");
    assert!(good.notices()[0]["text"].as_str().unwrap().contains("trial of the channel desk"));
    let ended = test(folder.path(), keys, &["desk"], &variables);
    assert_eq!((ended.code, ended.out.lines().count()), (Some(0), 1), "{ended:?}");
    let ended = test(folder.path(), keys, &["dsk"], &variables);
    assert!(
        ended.code == Some(1) && ended.err.contains("there is no channel `dsk`; the configuration has"),
        "{ended:?}"
    );
    let ended = test(folder.path(), "", &[], &[]);
    assert!(ended.code == Some(1) && ended.err.contains("there are no channels"), "{ended:?}");
}

#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let (folder, hook) = (TempDir::new().unwrap(), Hook::start("200 OK"));
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || proxy.incoming().for_each(|_| _ = counted.fetch_add(1, Ordering::SeqCst)));
    let names = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
    let mut variables: Vec<_> = names.iter().map(|name| (*name, &*address)).collect();
    variables.push(("ORB_NOTIFY_DESK_URL", &hook.url));
    let ended = test(folder.path(), DESK, &[], &variables);
    assert_eq!((ended.code, hook.notices().len(), asked.load(Ordering::SeqCst)), (Some(0), 1, 0), "{ended:?}");
}

#[test]
fn a_check_says_of_each_channel_whether_it_is_fit_and_none_keeps_orb_from_trading() {
    let folder = TempDir::new().unwrap();
    let keys = format!(
        "symbols = [\"SPY\"]\n[daemon]\ndata_dir = \"{}\"\nlisten = \"127.0.0.1:0\"\n[notify.desk]\ntype = \"slack\"\n[notify.other]\ntype = \"webhook\"\ntell = [\"exit\"]\nseverity = \"warning\"\n",
        text(&folder.path().join("state"))
    );
    let config = file(folder.path(), &keys);
    let mut command = program(env!("CARGO_BIN_EXE_orbd"));
    command
        .args(["check", "--offline", "--config", text(&config)])
        .env("ORB_NOTIFY_DESK_URL", "https://hooks.example/hunter2");
    let ended = Process::start(command).wait();
    keeps_secrets(&ended);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let line = |item: &str| {
        ended.out.lines().find(|line| line.contains(item)).unwrap_or_else(|| panic!("{ended:?}")).to_owned()
    };
    assert!(
        line("notify desk").starts_with("PASS") && line("notify desk").contains("slack: everything from info on"),
        "{ended:?}"
    );
    let other = line("notify other");
    assert!(
        other.starts_with("WARN") && other.contains("orb-notify-other-url") && other.contains("orb trades"),
        "{other}"
    );
}

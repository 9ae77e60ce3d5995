//! A real `orbd` and an ingest of Sentry on this machine.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::daemon::{Ended, Process, program, text};

/// A part of every secret of these tests.
const HUNTER: &str = "hunter2";

/// An ingest that takes everything; its thread ends with the test's process.
struct Ingest {
    dsn: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Ingest {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let dsn = format!("http://{HUNTER}key@{}/7", listener.local_addr().unwrap());
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                kept.lock().unwrap().extend(take(stream));
            }
        });
        Self { dsn, bodies }
    }

    /// Returns the events that came; none of them may hold a secret.
    #[track_caller]
    fn events(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().unwrap();
        assert!(bodies.iter().all(|body| !body.contains(HUNTER)), "{bodies:#?}");
        let lines = bodies.iter().flat_map(|body| body.lines());
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(|line: &Value| line["tags"].is_object())
            .collect()
    }
}

/// Reads one request and answers it; `None` where the client went away.
fn take(stream: TcpStream) -> Option<String> {
    let (mut reader, mut length) = (BufReader::new(stream), 0);
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
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()?;
    String::from_utf8(body).ok()
}

fn file(folder: &Path) -> PathBuf {
    let state = folder.join("state");
    let (path, keys) = (folder.join("orb.toml"), "symbols = [\"SPY\"]\nenvironment = \"paper\"\n");
    let daemon = format!("[daemon]\ndata_dir = \"{}\"\nlisten = \"127.0.0.1:0\"\n", text(&state));
    std::fs::write(&path, format!("{keys}{daemon}[sentry]\nreport_errors = true\n")).unwrap();
    path
}

fn orbd(folder: &Path, arguments: &[&str], dsn: &str) -> Ended {
    let mut command = program(env!("CARGO_BIN_EXE_orbd"));
    for name in ["APCA_API_KEY_ID", "APCA_API_SECRET_KEY", "CREDENTIALS_DIRECTORY"] {
        command.env_remove(name);
    }
    // One half of a key, whose other half is not there.
    command.env("ORB_PAPER_SECRET", HUNTER).env("ORB_SENTRY_DSN", dsn);
    command.args(arguments).arg("--config").arg(file(folder));
    Process::start(command).wait()
}

#[test]
fn an_end_with_an_error_is_reported_before_the_process_is_gone() {
    let (folder, ingest) = (TempDir::new().unwrap(), Ingest::start());
    let ended = orbd(folder.path(), &["run"], &ingest.dsn);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(!ended.err.contains(HUNTER) && ended.err.contains("ORB_PAPER_KEY_ID"), "{ended:?}");
    let events = ingest.events();
    let [event] = events.as_slice() else { panic!("{events:#?}") };
    assert_eq!((&event["message"], &event["level"]), (&"orbd ended with an error".into(), &"fatal".into()));
    assert_eq!(event["environment"], "paper", "{event:#}");
}

#[test]
fn a_check_says_whether_errors_can_be_reported() {
    let (folder, ingest) = (TempDir::new().unwrap(), Ingest::start());
    let line = |dsn: &str| {
        let ended = orbd(folder.path(), &["check", "--offline"], dsn);
        assert!(!format!("{ended:?}").contains(HUNTER), "{ended:?}");
        ended.out.lines().find(|line| line.contains("sentry")).unwrap_or_else(|| panic!("{ended:?}")).to_owned()
    };
    let fit = line(&ingest.dsn);
    assert!(fit.starts_with("PASS") && fit.contains("at most 10 events a minute"), "{fit}");
    let open = line("http://hunter2@sentry.example/1");
    assert!(open.starts_with("WARN") && open.contains("use one with https"), "{open}");
    let none = line("hunter2");
    assert!(none.starts_with("WARN") && none.contains("orb-sentry-dsn"), "{none}");
    assert!(ingest.events().is_empty());
}

//! What a service manager hears of a daemon: the real process, and a socket as systemd's.

use std::{
    os::unix::net::UnixDatagram,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    daemon::{Process, signal},
    standby::Stage,
};

/// No step of these tests takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The manager's end of the socket, and every message in order.
struct Manager {
    folder: TempDir,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Manager {
    fn listen() -> Self {
        let folder = TempDir::new().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::downgrade(&heard);
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        std::thread::spawn(move || {
            let mut message = [0; 4096];
            // Ends with the manager.
            while let Some(heard) = to.upgrade() {
                if let Ok(length) = socket.recv(&mut message) {
                    heard.lock().unwrap().push(String::from_utf8_lossy(&message[..length]).into_owned());
                }
            }
        });
        Self { folder, heard }
    }

    fn start(&self, mut command: std::process::Command) -> Process {
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify")).env("WATCHDOG_USEC", "30000000");
        Process::start(command)
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until a message holds a line, and returns how many came before it.
    async fn hears(&self, line: &str) -> usize {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let heard = self.heard();
            if let Some(place) = heard.iter().position(|message| message.lines().any(|said| said.starts_with(line))) {
                return place;
            }
            assert!(Instant::now() < deadline, "{line} is not heard: {heard:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_manager_hears_that_orb_is_ready_that_its_loop_comes_round_and_that_it_ends() {
    let records = TempDir::new().unwrap();
    let database = format!("sqlite://{}", records.path().join("orb.db").display());
    let (stage, manager) = (Stage::new(database).await, Manager::listen());
    let mut daemon = manager.start(stage.command("served", &[]));
    let ready = manager.hears("READY=1").await;
    manager.hears("STATUS=sim, ACTIVE").await;
    stage.until_filled(1).await;
    let after = manager.heard().len();
    let deadline = Instant::now() + PATIENCE;
    while !manager.heard()[after..].iter().any(|message| message.contains("WATCHDOG=1")) {
        assert!(Instant::now() < deadline, "the loop is not heard: {:#?}", manager.heard());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    signal(&daemon, "TERM");
    let ended = tokio::task::spawn_blocking(move || daemon.wait()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let stopping = manager.hears("STOPPING=1").await;
    let heard = manager.heard();
    assert!(ready < stopping, "{heard:#?}");
    assert_eq!(heard.iter().filter(|message| message.contains("READY=1")).count(), 1, "{heard:#?}");
    let account = stage.account().await;
    assert!(heard.iter().all(|message| !message.contains('$') && !message.contains(&account)), "{heard:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_manager_hears_when_a_reload_begins_and_that_it_is_over() {
    let records = TempDir::new().unwrap();
    let database = format!("sqlite://{}", records.path().join("orb.db").display());
    let (stage, manager) = (Stage::new(database).await, Manager::listen());
    let mut daemon = manager.start(stage.command("served", &[]));
    let ready = manager.hears("READY=1").await;
    signal(&daemon, "HUP");
    let reloading = manager.hears("RELOADING=1").await;
    let deadline = Instant::now() + PATIENCE;
    while !manager.heard()[reloading..].iter().any(|message| message.contains("READY=1")) {
        assert!(Instant::now() < deadline, "it is never over: {:#?}", manager.heard());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let heard = manager.heard();
    assert!(ready < reloading && heard[reloading].contains("MONOTONIC_USEC="), "{heard:#?}");
    signal(&daemon, "TERM");
    let ended = tokio::task::spawn_blocking(move || daemon.wait()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_cannot_start_is_never_ready() {
    let (manager, folder) = (Manager::listen(), TempDir::new().unwrap());
    let config = folder.path().join("orb.toml");
    let file = format!(
        "environment = \"sim\"\nsymbols = [\"AAA\"]\n[alpaca]\nurl = \"http://127.0.0.1:9\"\n\
         [daemon]\ndata_dir = \"{}\"\nlisten = \"127.0.0.1:0\"\n",
        folder.path().join("state").display()
    );
    std::fs::write(&config, file).unwrap();
    let mut command = crate::daemon::program(env!("CARGO_BIN_EXE_orbd"));
    command.arg("run").arg("--config").arg(&config);
    let mut daemon = manager.start(command);
    let ended = tokio::task::spawn_blocking(move || daemon.wait()).await.unwrap();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let heard = manager.heard();
    assert!(heard.iter().any(|message| message.contains("EXTEND_TIMEOUT_USEC=60000000")), "{heard:#?}");
    assert!(!heard.iter().any(|message| message.contains("READY=1")), "{heard:#?}");
}

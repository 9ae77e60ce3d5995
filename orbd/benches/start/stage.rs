//! A local Alpaca, and daemons that are started on it.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use orb_core::{Session, SymbolTable, Timestamp};
use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
use orb_sim::config::Begin;
use orb_sim::http::Request;
use orb_sim::market::MarketSource;
use orb_sim::{Running, Server, SimConfig, Speed};
use tempfile::TempDir;

/// Nothing takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(600);
const SEED: u64 = 1;

/// A market, its broker, and a folder for a daemon.
pub(crate) struct Stage {
    pub(crate) symbols: SymbolTable,
    pub(crate) session: Session,
    running: Running,
    runtime: tokio::runtime::Handle,
    folder: TempDir,
}

impl Stage {
    pub(crate) fn new(runtime: &tokio::runtime::Runtime, symbols: usize, speed: f64) -> Self {
        let calendar = orb_data::nyse_calendar(2024, 2027);
        let options = SyntheticOptions { symbols, ..SyntheticOptions::default() };
        let session = *calendar.session(options.first_date).expect("a session");
        let loaded = SyntheticMarket::new(SEED, options).generate(&calendar).expect("a market");
        let symbols = loaded.trade.symbols().clone();
        let config = SimConfig {
            speed: Speed::Times(speed),
            begin: Begin::WithSubscription,
            rate_limit: None,
            ..SimConfig::new(MarketSource::Loaded(Box::new(loaded)))
        };
        let running = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            Server::start(config, listener).await.expect("a simulator")
        });
        let stage = Self {
            symbols,
            session,
            running,
            runtime: runtime.handle().clone(),
            folder: tempfile::tempdir().expect("a folder"),
        };
        std::fs::create_dir(stage.state()).expect("a folder");
        std::fs::write(stage.config(), stage.settings()).expect("a file");
        stage
    }

    fn settings(&self) -> String {
        let names: Vec<String> = self.symbols.iter().map(|(_, name)| format!("\"{name}\"")).collect();
        format!(
            "environment = \"sim\"\npreset = \"orb-classic\"\nsymbols = [{}]\n[alpaca]\nfeed = \"sip\"\nurl = \"http://{}\"\n\
             [daemon]\ndata_dir = \"{}\"\nlisten = \"127.0.0.1:0\"\n",
            names.join(", "),
            self.running.address(),
            self.state().display()
        )
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("orb.toml")
    }

    /// Returns the state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Asks the broker for the account's number.
    pub(crate) fn account(&self) -> String {
        let request = Request { method: "GET".to_owned(), path: "/v2/account".to_owned(), ..Request::default() };
        let now = self.running.clock().now();
        let reply = self.running.with_broker(move |broker| broker.request(now, &request));
        let body = self.runtime.block_on(reply).expect("a broker").body.expect("an account");
        body["account_number"].as_str().expect("a number").to_owned()
    }

    /// Waits until it is so late at the broker.
    pub(crate) fn wait_until(&self, at: Timestamp) {
        let begin = Instant::now();
        while self.running.clock().now() < at {
            assert!(begin.elapsed() < PATIENCE, "it does not become {at}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A daemon that is ready.
pub(crate) struct Daemon {
    child: Child,
    took: Duration,
}

/// What the kernel counts of a process, in KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident_kib: u64,
    /// At most so far.
    pub(crate) most_kib: u64,
}

impl Daemon {
    /// Starts a daemon and waits until it says that it is ready.
    pub(crate) fn start(stage: &Stage) -> Self {
        let address = stage.folder.path().join("notify");
        // The one before has left its name.
        _ = std::fs::remove_file(&address);
        let socket = UnixDatagram::bind(&address).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_secs(1))).expect("a socket of this machine");
        let begin = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_orbd"))
            .args(["run", "--config"])
            .arg(stage.config())
            .env("NOTIFY_SOCKET", &address)
            .env("ORB_LOG", "error")
            // As the unit sets it; a setting of whoever measures goes before.
            .env("MALLOC_ARENA_MAX", std::env::var("MALLOC_ARENA_MAX").unwrap_or_else(|_| "2".to_owned()))
            .stdout(Stdio::null())
            .spawn()
            .expect("orbd starts");
        let mut message = [0; 4_096];
        loop {
            let said = match socket.recv(&mut message) {
                Ok(length) => String::from_utf8_lossy(&message[..length]).into_owned(),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => String::new(),
                Err(error) => panic!("the socket fails: {error}"),
            };
            if said.lines().any(|line| line == "READY=1") {
                return Self { child, took: begin.elapsed() };
            }
            let ended = child.try_wait().expect("a child");
            assert!(ended.is_none() && begin.elapsed() < PATIENCE, "it does not become ready: {ended:?}");
        }
    }

    /// Returns how long it took from its start until it was ready.
    pub(crate) const fn took(&self) -> Duration {
        self.took
    }

    pub(crate) fn memory(&self) -> Memory {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux, and it runs");
        let of = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a line of each figure");
            line.trim().trim_end_matches(" kB").parse().expect("a number")
        };
        Memory { resident_kib: of("VmRSS:"), most_kib: of("VmHWM:") }
    }

    /// Ends it as a service manager does.
    pub(crate) fn end(mut self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success(), "it runs still");
        assert!(self.child.wait().expect("a child").success(), "it ends in good order");
    }
}

//! Two daemons on one account and database: one trades, the other takes over when it falls silent.

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use orb_core::Span;
use orb_sim::config::Begin;
use orb_sim::market::MarketSource;
use orb_sim::{Running, Server, SimConfig, Speed};
use orbd::guard::Beats;
use orbd::store::{DatabaseUrl, FillFilter, Ledger, PageRequest, Reader};
use orbd::view::Environment;
use tempfile::TempDir;

use crate::{
    account::account_number,
    cluster::Cluster,
    daemon::{Process, program, signal, text},
    market::Files,
};

/// No step of these tests takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A market in a simulator of this process, and daemons that trade it.
pub(crate) struct Stage {
    running: Running,
    _files: Files,
    database: String,
    folder: TempDir,
}

impl Stage {
    pub(crate) async fn new(database: String) -> Self {
        let files = Files::stairs();
        let market = MarketSource::Files { bars: vec![files.bars.clone()], warmup: Vec::new() };
        let config = SimConfig {
            speed: Speed::Times(60.0),
            begin: Begin::WithSubscription,
            lead: Span::from_minutes(1),
            rate_limit: None,
            // The holder that stands still keeps its connection.
            data_connections_max: 2,
            ..SimConfig::new(market)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            running: Server::start(config, listener).await.unwrap(),
            _files: files,
            database,
            folder: TempDir::new().unwrap(),
        }
    }

    /// Returns the folder of a daemon: its `orb.toml`, and its `state`.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn daemon(&self, name: &str, arguments: &[&str]) -> Process {
        Process::start(self.command(name, arguments))
    }

    pub(crate) fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let folder = self.place(name);
        std::fs::create_dir_all(&folder).unwrap();
        let config = folder.join("orb.toml");
        let file = format!(
            "environment = \"sim\"\nsymbols = [{}]\nmax_positions = 24\ngap_limit = \"off\"\n\
             [alpaca]\nfeed = \"sip\"\nurl = \"http://{}\"\n[daemon]\ndata_dir = \"{}\"\nlisten = \"127.0.0.1:0\"\n",
            (0..6).map(|number| format!("\"STEP{number:02}\"")).collect::<Vec<_>>().join(", "),
            self.running.address(),
            text(&folder.join("state")),
        );
        std::fs::write(&config, file).unwrap();
        let mut command = program(env!("CARGO_BIN_EXE_orbd"));
        command.arg("run").arg("--config").arg(&config).args(["--database", &self.database]).args(arguments);
        command
    }

    /// Returns where the records of its daemons are.
    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// Returns the client order ids and the fills at the broker.
    pub(crate) async fn at_broker(&self) -> (Vec<String>, usize) {
        let read = self.running.with_broker(|broker| {
            (broker.orders().map(|order| order.client_order_id.clone()).collect(), broker.executions().len())
        });
        read.await.unwrap()
    }

    pub(crate) async fn until_filled(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.at_broker().await.1 < count {
            assert!(Instant::now() < deadline, "no {count} fills: {:?}", self.at_broker().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn account(&self) -> String {
        account_number(&self.running).await
    }

    /// Counts the fills in the records.
    pub(crate) async fn recorded(&self) -> usize {
        let number = self.account().await;
        let ledger = Ledger::new(Environment::Sim, &number);
        let reader = Reader::open(&DatabaseUrl::parse(&self.database).unwrap(), &ledger).unwrap();
        reader.list_fills(&FillFilter::default(), &PageRequest::first(1000)).unwrap().rows.len()
    }
}

/// Waits for a text on a process' standard output without holding up the simulator.
pub(crate) async fn says(mut process: Process, text: &'static str) -> Process {
    tokio::task::spawn_blocking(move || {
        process.says(text);
        process
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_takes_over_from_a_holder_that_stands_still_and_that_writes_nothing_more() {
    let Some(cluster) = Cluster::start() else { return };
    let stage = Stage::new(cluster.database()).await;
    let mut first = says(stage.daemon("first", &[]), "orbd run: sim").await;
    stage.until_filled(1).await;
    refused(&stage).await;
    let state = stage.folder.path().join("second/state");
    std::fs::create_dir_all(&state).unwrap();
    let mut guard = Beats::listen(&state).unwrap();
    let second = says(stage.daemon("second", &["--standby"]), "Standing by: process ").await;
    until_told(&mut guard, true).await;
    flatten_says_where_to_go(&stage).await;
    signal(&first, "STOP");
    let second = says(second, "orbd run: sim").await;
    until_told(&mut guard, false).await;
    let since = stage.at_broker().await.1;
    signal(&first, "CONT");
    let ended = tokio::task::spawn_blocking(move || first.wait()).await.unwrap();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("was taken over by another orbd"), "{ended:?}");
    stage.until_filled(since + 1).await;
    signal(&second, "TERM");
    let ended = tokio::task::spawn_blocking(move || {
        let mut second = second;
        second.wait()
    })
    .await
    .unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (mut ids, fills) = stage.at_broker().await;
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "an order was sent twice: {ids:?}");
    assert_eq!(stage.recorded().await, fills, "the records are the broker's");
}

/// Waits until a guard knows whether its daemon has the account: else it would close what the other one holds.
async fn until_told(guard: &mut Beats, is_set_aside: bool) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        guard.heard();
        if guard.is_set_aside() == is_set_aside {
            return;
        }
        assert!(Instant::now() < deadline, "the guard does not hear that: {is_set_aside}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// `orbd flatten` beside a standby does nothing at the broker, and sends to the machine of the daemon that trades.
async fn flatten_says_where_to_go(stage: &Stage) {
    let (config, database) = (stage.folder.path().join("second/orb.toml"), stage.database.clone());
    let arguments = move || {
        let mut command = program(env!("CARGO_BIN_EXE_orbd"));
        command.arg("flatten").arg("--config").arg(config).args(["--database", &database]);
        Process::start(command).wait()
    };
    let ended = tokio::task::spawn_blocking(arguments).await.unwrap();
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.out.contains("nothing was done at the broker"), "{ended:?}");
    assert!(ended.out.contains("run this on that machine"), "{ended:?}");
    // Whoever asked for that wants no entries: the standby would be halted when it takes over, which this test is not about.
    std::fs::remove_file(stage.folder.path().join("second/state/HALTED")).unwrap();
}

/// A second daemon without `--standby` is refused while the first one renews its lease.
async fn refused(stage: &Stage) {
    let mut third = stage.daemon("third", &[]);
    let ended = tokio::task::spawn_blocking(move || third.wait()).await.unwrap();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("is in use by process "), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_is_not_traded_by_two_databases_and_a_file_has_no_standby() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| {
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
        format!("sqlite://{}/{name}/orb.db", text(folder.path()))
    };
    let stage = Stage::new(at("one")).await;
    let _first = says(stage.daemon("first", &[]), "orbd run: sim").await;
    let mut second = stage.daemon("second", &["--standby"]);
    let ended = tokio::task::spawn_blocking(move || second.wait()).await.unwrap();
    assert!(ended.code == Some(1) && ended.err.contains("without --standby"), "{ended:?}");
    let other = Stage { database: at("two"), ..stage };
    let mut third = other.daemon("third", &[]);
    let ended = tokio::task::spawn_blocking(move || third.wait()).await.unwrap();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("trades with the same key by another database"), "{ended:?}");
}

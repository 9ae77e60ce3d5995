//! Paper and live in one daemon: two simulators of different accounts play them.

use std::path::{Path, PathBuf};

use orb_api::{Client, Endpoint, Token, v1};
use orb_core::Span;
use orb_sim::config::Begin;
use orb_sim::market::MarketSource;
use orb_sim::{Server, SimConfig, Speed};
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::Code;

use crate::{
    account::{Account, account_number, is_halted, own_id},
    client::{is_held, kill, positions, request_id, resume, status, trades, until},
    cluster::Cluster,
    daemon::{Process, check_log, program, text},
    market::{Files, day},
};

const LIVE: v1::Environment = v1::Environment::Live;
const PAPER: v1::Environment = v1::Environment::Paper;

/// What a switch is refused with while the records are in trouble.
const SLOW: &str = "the records do not have everything yet";
/// How often a switch is asked for while they are.
const TRIES: usize = 40;

/// A paper and a live account, and the folder of one daemon for both.
struct Both {
    paper: Account,
    live: Account,
    numbers: [String; 2],
    /// Keys of the file that say what is traded.
    traded: String,
    /// The database, where it is not a file of the state directory.
    database: Option<String>,
    folder: TempDir,
}

/// A daemon that is up.
struct Up {
    process: Process,
    client: Client,
}

impl Both {
    async fn open() -> Self {
        let (paper, live) = (Account::open(json!({})).await, Account::open_another(7, json!({})).await);
        Self::of(paper, live, "symbols = [\"AAA\"]", None).await
    }

    /// Opens both with records on a server.
    async fn on_server(cluster: &Cluster) -> Self {
        Self { database: Some(cluster.database()), ..Self::open().await }
    }

    /// Opens both in a market in which one symbol after the other breaks out.
    async fn in_stairs() -> Self {
        let symbols: Vec<_> = (0..6).map(|number| format!("\"STEP{number:02}\"")).collect();
        let traded = format!("symbols = [{}]\nmax_positions = 24\ngap_limit = \"off\"", symbols.join(", "));
        Self::of(stairs(0).await, stairs(7).await, &traded, None).await
    }

    async fn of(paper: Account, live: Account, traded: &str, database: Option<String>) -> Self {
        let numbers = [account_number(&paper.running).await, account_number(&live.running).await];
        assert_ne!(numbers[0], numbers[1]);
        let both = Self { paper, live, numbers, traded: traded.to_owned(), database, folder: TempDir::new().unwrap() };
        both.configure("live_enabled = true\n");
        both
    }

    /// Writes the configuration, with more keys of `[alpaca]`.
    fn configure(&self, more: &str) {
        let urls = [&self.paper, &self.live].map(|account| account.running.address());
        let state = self.state();
        let file = format!(
            "environment = \"paper\"\n{}\n[alpaca]\nfeed = \"sip\"\n{more}\
             [alpaca.paper]\nurl = \"http://{}\"\n[alpaca.live]\nurl = \"http://{}\"\n\
             [daemon]\ndata_dir = \"{}\"\nlisten = \"127.0.0.1:0\"\n",
            self.traded,
            urls[0],
            urls[1],
            text(&state)
        );
        std::fs::write(self.folder.path().join("orb.toml"), file).unwrap();
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn start(&self, names: &[&str], variables: &[(&str, &str)]) -> Process {
        self.start_with(&[], names, variables)
    }

    fn start_with(&self, arguments: &[&str], names: &[&str], variables: &[(&str, &str)]) -> Process {
        let mut command = program(env!("CARGO_BIN_EXE_orbd"));
        command.args(["run", "--config"]).arg(self.folder.path().join("orb.toml")).args(arguments);
        command.args(self.database.iter().flat_map(|database| ["--database", database]));
        for name in names {
            command.env(format!("ORB_{name}_KEY_ID"), "sim").env(format!("ORB_{name}_SECRET"), "sim");
        }
        command.env_remove("APCA_API_KEY_ID").env_remove("APCA_API_SECRET_KEY");
        command.envs(variables.iter().copied());
        Process::start(command)
    }

    /// Starts the daemon and waits until it trades in an environment.
    async fn up(&self, name: &'static str, variables: &[(&str, &str)]) -> Up {
        let process = says(self.start(&["PAPER", "LIVE"], variables), format!("orbd run: {name}")).await;
        Up { process, client: self.client().await }
    }

    async fn client(&self) -> Client {
        client_of(&self.state()).await
    }

    /// Asks for a switch, again where commits are slow at this moment: then the daemon rightly refuses.
    async fn switch(
        &self,
        up: &Up,
        to: v1::Environment,
        account: &str,
    ) -> Result<v1::SetEnvironmentResponse, tonic::Status> {
        let mut asked = self.switch_once(up, to, account).await;
        for _ in 0..TRIES {
            if !asked.as_ref().is_err_and(|error| error.message().contains(SLOW)) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            asked = self.switch_once(up, to, account).await;
        }
        asked
    }

    async fn switch_once(
        &self,
        up: &Up,
        to: v1::Environment,
        account: &str,
    ) -> Result<v1::SetEnvironmentResponse, tonic::Status> {
        let request = v1::SetEnvironmentRequest {
            request_id: request_id("switch"),
            environment: to.into(),
            account_id: account.to_owned(),
            reason: "a test".to_owned(),
        };
        up.client.control().set_environment(request).await.map(tonic::Response::into_inner)
    }

    /// Switches to live.
    async fn go_live(&self, up: &Up) -> v1::SetEnvironmentResponse {
        self.switch(up, LIVE, &self.numbers[1]).await.unwrap()
    }

    #[track_caller]
    fn chosen(&self) -> Option<Value> {
        let read = std::fs::read_to_string(self.state().join("environment.json")).ok();
        read.map(|text| serde_json::from_str(&text).unwrap())
    }

    /// Checks that the journal of a ledger's day is what the engine makes of its inputs.
    async fn replays(&self, ledger: &str) {
        let database = format!("sqlite://{}", self.state().join("orb.db").display());
        let (date, ledger) = (day().to_string(), ledger.to_owned());
        let run = move || {
            crate::daemon::orbd(&["replay", &date, "--database", &database, "--ledger", &ledger, "--json"]).succeeded()
        };
        let ended = tokio::task::spawn_blocking(run).await.unwrap();
        let found: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(found["identical"], true, "{found:#}");
    }
}

/// Opens an account at a market in which one symbol after the other breaks out, once somebody subscribes.
async fn stairs(seed: u64) -> Account {
    let files = Files::stairs();
    let market = MarketSource::Files { bars: vec![files.bars.clone()], warmup: Vec::new() };
    let config = SimConfig {
        speed: Speed::Times(60.0),
        begin: Begin::WithSubscription,
        lead: Span::from_minutes(1),
        rate_limit: None,
        seed,
        ..SimConfig::new(market)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    Account { running: Server::start(config, listener).await.unwrap(), folder: files.folder }
}

/// Waits for a text on a process' standard output without holding up the simulators.
async fn says(mut process: Process, text: String) -> Process {
    tokio::task::spawn_blocking(move || {
        process.says(&text);
        process
    })
    .await
    .unwrap()
}

/// Connects to the daemon of a state directory.
pub(crate) async fn client_of(state: &Path) -> Client {
    let contact: toml::Table = std::fs::read_to_string(state.join("orbctl.toml")).unwrap().parse().unwrap();
    let current = contact["current"].as_str().unwrap();
    let endpoint = contact["contexts"][current]["endpoint"].as_str().unwrap().to_owned();
    let token = Token::parse(&std::fs::read_to_string(state.join("token")).unwrap()).unwrap();
    Client::connect(Endpoint::new(endpoint, Some(token))).await.unwrap()
}

impl Up {
    /// Returns what the records call the holder of the daemon's own token.
    async fn actor(&self) -> String {
        self.client.control().get_caller(v1::GetCallerRequest {}).await.unwrap().into_inner().actor
    }

    async fn environment(&self) -> v1::Environment {
        status(&self.client).await.ledger.unwrap().environment()
    }

    /// Stops it as a service manager does and checks that all went well.
    async fn terminate(mut self) {
        tokio::task::spawn_blocking(move || {
            crate::daemon::signal(&self.process, "TERM");
            self.process.wait().succeeded();
        })
        .await
        .unwrap();
    }
}

/// Checks that a switch is refused with a code and a word, and that nothing has changed.
async fn refused(both: &Both, up: &Up, to: v1::Environment, account: &str, code: Code, word: &str) {
    let before = status(&up.client).await;
    let error = both.switch(up, to, account).await.expect_err(word);
    assert_eq!(error.code(), code, "{error}");
    assert!(error.message().contains(word), "{error}");
    assert!(!error.message().contains(&both.numbers[1]), "the number of the live account is not shown: {error}");
    let after = status(&up.client).await;
    // The others come and go by themselves meanwhile.
    let placed = |holds: Vec<v1::Hold>| -> Vec<_> {
        holds.into_iter().filter(|hold| hold.cleared_by() != v1::HoldCleared::ByCause).collect()
    };
    assert_eq!((after.ledger, placed(after.holds)), (before.ledger, placed(before.holds)));
    assert_eq!(both.chosen(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flat_daemon_is_switched_holds_entries_and_stays_there_after_a_restart() {
    let both = Both::open().await;
    let up = both.up("paper", &[]).await;
    let listed = up.client.control().list_environments(v1::ListEnvironmentsRequest {}).await.unwrap().into_inner();
    let shown: Vec<_> = listed.environments.iter().map(|e| (e.current, e.available)).collect();
    assert_eq!(shown, [(false, false), (true, true), (false, true)], "{listed:?}");
    let reply = both.go_live(&up).await;
    let (now, before) = (reply.ledger.clone().unwrap(), reply.previous_ledger.unwrap());
    assert_eq!((now.environment(), now.account_id.as_str()), (LIVE, both.numbers[1].as_str()));
    assert_eq!((before.environment(), before.account_id.as_str()), (PAPER, both.numbers[0].as_str()));
    assert!(is_held(&reply.holds, v1::HoldKind::EnvironmentSwitched), "{:?}", reply.holds);
    assert_eq!(up.actor().await, "live", "commands are recorded under the name of these books");
    let status = status(&up.client).await;
    assert_eq!(status.ledger.unwrap().id, now.id);
    let chosen = both.chosen().unwrap();
    assert_eq!((&chosen["environment"], &chosen["is_held"]), (&"live".into(), &true.into()));
    assert!(!chosen.to_string().contains(&both.numbers[1]));
    let again = both.switch(&up, LIVE, &both.numbers[1]).await.unwrap();
    assert_eq!(again.ledger.unwrap().id, now.id, "there is nothing to switch");
    up.terminate().await;

    let up = both.up("live", &[]).await;
    let status = crate::client::status(&up.client).await;
    assert_eq!(status.ledger.unwrap().id, now.id, "the last switch goes before the configuration");
    assert!(is_held(&status.holds, v1::HoldKind::EnvironmentSwitched), "until the operator clears it");
    assert_eq!(up.actor().await, "live", "as after a start");
    let cleared = resume(&up.client, v1::HoldKind::EnvironmentSwitched).await;
    assert!(!is_held(&cleared.holds, v1::HoldKind::EnvironmentSwitched));
    let back = both.switch(&up, PAPER, &both.numbers[0]).await.unwrap();
    assert_eq!(back.ledger.unwrap().id, before.id, "the old books go on");
    up.terminate().await;
    both.replays(&before.id).await;
    both.replays(&now.id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_needs_the_account_typed_a_key_and_nothing_open() {
    let both = Both::open().await;
    let up = both.up("paper", &[]).await;
    let [paper, live] = &both.numbers;
    refused(&both, &up, LIVE, paper, Code::InvalidArgument, "another account").await;
    refused(&both, &up, LIVE, "", Code::InvalidArgument, "account_id").await;
    refused(&both, &up, PAPER, live, Code::InvalidArgument, "another account").await;
    refused(&both, &up, v1::Environment::Sim, "X", Code::FailedPrecondition, "[alpaca.sim]").await;
    // The books do not know of it, and the broker's word counts too.
    both.paper.enter("AAA", &own_id("AAA", "9e"), 100).await;
    refused(&both, &up, LIVE, live, Code::FailedPrecondition, "AAA").await;
    assert_eq!(both.live.orders().await, Vec::<Value>::new(), "nothing was sent to the other account");
    drop(up);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_needs_its_permission_and_a_key_of_its_own() {
    let both = Both::open().await;
    both.configure("");
    let up = both.up("paper", &[]).await;
    refused(&both, &up, LIVE, &both.numbers[1], Code::FailedPrecondition, "live_enabled = true").await;
    up.terminate().await;
    both.configure("live_enabled = true\n");
    let general = [("APCA_API_KEY_ID", "sim"), ("APCA_API_SECRET_KEY", "sim")];
    let process = says(both.start(&[], &general), "orbd run: paper".to_owned()).await;
    let up = Up { process, client: both.client().await };
    refused(&both, &up, LIVE, &both.numbers[1], Code::FailedPrecondition, "no credentials for live").await;
    up.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_is_in_force_after_the_switch_too() {
    let both = Both::open().await;
    let up = both.up("paper", &[]).await;
    kill(&up.client, false).await;
    let reply = both.go_live(&up).await;
    assert!(is_held(&reply.holds, v1::HoldKind::Kill), "{:?}", reply.holds);
    assert_eq!(reply.state(), v1::TradingState::Halted);
    assert!(is_halted(&both.state()));
    up.terminate().await;
}

/// Kills the daemon at a place of the switch, and checks where it trades when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_and_a_switch_at_one_time_are_done_one_after_the_other() {
    let both = Both::open().await;
    let up = both.up("paper", &[]).await;
    let file = both.folder.path().join("orb.toml");
    let keys = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{keys}[web]\nallowed_hosts = [\"orb.example.com\"]\n")).unwrap();
    let reload = async {
        let request = v1::ReloadConfigRequest { request_id: request_id("reload"), ..Default::default() };
        up.client.control().reload_config(request).await.map(tonic::Response::into_inner)
    };
    let (switched, reloaded) = tokio::join!(both.go_live(&up), reload);
    assert_eq!(switched.ledger.unwrap().environment(), LIVE);
    let reloaded = reloaded.unwrap();
    assert!(reloaded.applied, "{reloaded:?}");
    assert_eq!(up.environment().await, LIVE);
    let config = up.client.control().get_config(v1::GetConfigRequest {}).await.unwrap().into_inner();
    let of = |key: &str| config.entries.iter().find(|entry| entry.key == key).unwrap().value.clone();
    assert_eq!((of("environment"), of("web.allowed_hosts")), ("live".to_owned(), "orb.example.com".to_owned()));
    up.terminate().await;
}

async fn dies_at(both: &Both, place: &str, expect: v1::Environment) {
    let at = format!("{place}:1");
    let mut up = both.up("paper", &[("ORB_CRASH_AT", &at)]).await;
    both.switch(&up, LIVE, &both.numbers[1]).await.expect_err("it died");
    let ended = tokio::task::spawn_blocking(move || up.process.wait()).await.unwrap();
    assert_eq!(ended.code, None, "{place}: {ended:?}");
    check_log(&ended.err);
    let name = if expect == LIVE { "live" } else { "paper" };
    let up = both.up(name, &[]).await;
    assert_eq!(up.environment().await, expect, "{place}");
    let crashed = |holds: &Vec<v1::Hold>| {
        let switched = expect != LIVE || is_held(holds, v1::HoldKind::EnvironmentSwitched);
        switched && is_held(holds, v1::HoldKind::Crashed)
    };
    let holds = until("the holds of a crash and of a switch", async || status(&up.client).await.holds, crashed).await;
    assert_eq!(is_held(&holds, v1::HoldKind::EnvironmentSwitched), expect == LIVE, "{place}: {holds:?}");
    for account in [&both.paper, &both.live] {
        assert_eq!(account.orders().await, Vec::<Value>::new(), "{place}");
    }
    up.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_that_is_killed_before_its_choice_is_kept_leaves_the_old_environment() {
    for place in ["switch_ready", "switch_stopped", "switch_passed"] {
        dies_at(&Both::open().await, place, PAPER).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_that_is_killed_after_its_choice_is_kept_leaves_the_new_environment() {
    for place in ["switch_chosen", "switch_seated"] {
        dies_at(&Both::open().await, place, LIVE).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_on_a_server_counts_from_when_the_database_says_so() {
    let Some(cluster) = Cluster::start() else { return };
    dies_at(&Both::on_server(&cluster).await, "switch_stopped", PAPER).await;
    dies_at(&Both::on_server(&cluster).await, "switch_passed", LIVE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_goes_where_its_daemon_was_switched_and_leaves_the_old_account_alone() {
    let Some(cluster) = Cluster::start() else { return };
    let both = Both::on_server(&cluster).await;
    let up = both.up("paper", &[]).await;
    let second = both.folder.path().join("second");
    let arguments = ["--standby", "--data-dir", text(&second)];
    let standby = both.start_with(&arguments, &["PAPER", "LIVE"], &[]);
    let standby = says(standby, "Standing by: process ".to_owned()).await;
    let live = both.go_live(&up).await.ledger.unwrap();
    let standby = says(standby, format!("has the ledger {}", live.id)).await;
    assert_eq!(up.environment().await, LIVE, "the daemon that was switched trades on");
    up.terminate().await;
    let process = says(standby, "orbd run: live".to_owned()).await;
    let up = Up { process, client: client_of(&second).await };
    let now = status(&up.client).await;
    assert_eq!(now.ledger.unwrap().id, live.id);
    assert!(is_held(&now.holds, v1::HoldKind::EnvironmentSwitched), "{:?}", now.holds);
    // The way back is as open to it as it was to the first.
    let back = both.switch(&up, PAPER, &both.numbers[0]).await.unwrap();
    assert_eq!(back.previous_ledger.unwrap().id, live.id);
    up.terminate().await;
    let up = both.up("paper", &[]).await;
    assert_eq!(up.environment().await, PAPER, "the database goes before what the first daemon remembers");
    up.terminate().await;
}

/// While the database is away, what happens is in the spill file alone, which the next engine would not have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_while_the_records_are_behind_is_refused_for_the_moment() {
    let Some(cluster) = Cluster::start() else { return };
    let both = Both::on_server(&cluster).await;
    let up = both.up("paper", &[]).await;
    cluster.stop();
    let spill = both.state().join("spill.jsonl");
    until("a spill file", async || spill.exists(), |is_there| *is_there).await;
    let error = both.switch_once(&up, LIVE, &both.numbers[1]).await.expect_err("the records are behind");
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    assert!(error.message().contains(SLOW) && error.message().contains("try again"), "{error}");
    assert_eq!(up.environment().await, PAPER);
    cluster.go_on();
    until("the records have caught up", async || spill.exists(), |is_there| !is_there).await;
    both.go_live(&up).await;
    up.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_that_cannot_be_kept_leaves_an_engine_with_the_old_books() {
    let both = Both::open().await;
    let up = both.up("paper", &[]).await;
    let draft = both.state().join(".environment.json.new");
    std::fs::create_dir(&draft).unwrap();
    let error = both.switch(&up, LIVE, &both.numbers[1]).await.expect_err("it cannot be kept");
    assert!(error.code() == Code::Unavailable && error.message().contains("cannot be kept"), "{error}");
    assert_eq!(both.chosen(), None);
    let is_trading = |status: &v1::GetStatusResponse| status.state() == v1::TradingState::Active;
    let now = until("an engine", || status(&up.client), is_trading).await;
    assert_eq!(now.ledger.unwrap().environment(), PAPER);
    std::fs::remove_dir(&draft).unwrap();
    both.go_live(&up).await;
    up.terminate().await;
}

async fn pause(client: &Client) {
    let request = v1::PauseEntriesRequest { request_id: request_id("pause"), reason: "a test".to_owned() };
    client.control().pause_entries(request).await.unwrap();
}

async fn close_all(client: &Client) {
    let request = v1::CloseAllPositionsRequest { request_id: request_id("close"), ..Default::default() };
    client.control().close_all_positions(request).await.unwrap();
}

/// Lists the commands that the current books tell of, by their first word.
async fn commands(client: &Client) -> Vec<String> {
    let request = v1::ListAuditEntriesRequest { page_size: 1000, ..Default::default() };
    let entries = client.logs().list_audit_entries(request).await.unwrap().into_inner().entries;
    let word = |entry: &v1::AuditEntry| entry.command.split(' ').next().unwrap_or_default().to_owned();
    entries.iter().map(word).collect()
}

async fn equity(client: &Client) -> Vec<v1::IntradayEquityPoint> {
    let mut stream = client.portfolio().stream_equity(v1::StreamEquityRequest::default()).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap().event.unwrap();
    let v1::stream_equity_response::Event::Snapshot(snapshot) = first else { panic!("{first:?}") };
    snapshot.points
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_of_orb_s_own_forbids_the_switch_and_its_books_are_there_again_after_the_return() {
    let both = Both::in_stairs().await;
    let up = both.up("paper", &[]).await;
    let held = until("a position", || positions(&up.client), |held| !held.is_empty()).await;
    refused(&both, &up, LIVE, &both.numbers[1], Code::FailedPrecondition, &held[0].symbol).await;
    let topics = vec![v1::Topic::Status.into(), v1::Topic::Positions.into(), v1::Topic::Equity.into()];
    let request = v1::WatchRequest { topics, ..Default::default() };
    let mut stream = up.client.live().watch(request).await.unwrap().into_inner();
    pause(&up.client).await;
    close_all(&up.client).await;
    let is_flat = |status: &v1::GetStatusResponse| status.open_positions == 0 && status.working_entries == 0;
    let left = until("flat", || status(&up.client), is_flat).await;
    let traded = trades(&up.client).await;
    let reply = both.go_live(&up).await;
    let (now, before) = (reply.ledger.unwrap(), reply.previous_ledger.unwrap());
    assert!(!is_held(&reply.holds, v1::HoldKind::OperatorPause), "holds stay with their books: {:?}", reply.holds);
    let changed = loop {
        let message = stream.message().await.unwrap().unwrap();
        let event = message.event.unwrap();
        if let v1::watch_response::Event::LedgerChanged(changed) = event {
            break changed;
        }
        assert_eq!(message.ledger_id, before.id, "{event:?}");
    };
    assert_eq!(changed.ledger.unwrap().id, now.id);
    assert_eq!(stream.message().await.unwrap().unwrap().ledger_id, now.id);
    assert_eq!((trades(&up.client).await, positions(&up.client).await), (Vec::new(), Vec::new()));
    let of_live = |commands: &Vec<String>| !commands.is_empty();
    let of_live = until("the record of the switch", || commands(&up.client), of_live).await;
    assert_eq!(of_live, ["SetEnvironment"], "what was asked for before is in the books of before");
    let back = both.switch(&up, PAPER, &both.numbers[0]).await.unwrap();
    assert!(is_held(&back.holds, v1::HoldKind::OperatorPause), "{:?}", back.holds);
    assert_eq!(trades(&up.client).await, traded);
    let of_paper = commands(&up.client).await;
    let is_there = |name: &str| of_paper.iter().any(|command| command == name);
    assert!(is_there("PauseEntries") && is_there("CloseAllPositions"), "{of_paper:?}");
    let points = until("the curve of before", || equity(&up.client), |points| !points.is_empty()).await;
    let time = |time: &Option<_>| {
        let time: &prost_types::Timestamp = time.as_ref().unwrap();
        (time.seconds, time.nanos)
    };
    assert!(time(&points[0].time) < time(&left.engine_time), "{:?} {:?}", points[0], left.engine_time);
    up.terminate().await;
    both.replays(&before.id).await;
    both.replays(&now.id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chosen_account_that_the_key_no_longer_opens_is_not_traded() {
    let both = Both::open().await;
    let up = both.up("paper", &[]).await;
    both.go_live(&up).await;
    up.terminate().await;
    let path = both.state().join("environment.json");
    let other = std::fs::read_to_string(&path).unwrap().replace("live-", "live-f");
    std::fs::write(&path, other).unwrap();
    let mut process = both.start(&["PAPER", "LIVE"], &[]);
    let ended = tokio::task::spawn_blocking(move || process.wait()).await.unwrap();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("opens another account") && ended.err.contains("remove the file"), "{ended:?}");
}

/// Runs `orbctl`, which lies beside `orbd`.
fn orbctl(program_path: &Path, state: &Path, arguments: &[&str]) -> crate::daemon::Ended {
    let mut command = program(program_path);
    command.arg("--config").arg(state.join("orbctl.toml")).args(arguments);
    Process::start(command).wait()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orbctl_lists_and_switches_and_never_without_the_account() {
    let path = Path::new(env!("CARGO_BIN_EXE_orbd")).with_file_name("orbctl");
    if !path.exists() {
        eprintln!("SKIPPED: no orbctl at {}; `cargo build` makes it", path.display());
        return;
    }
    let both = Both::open().await;
    let up = both.up("paper", &[]).await;
    let (state, number) = (both.state(), both.numbers[1].clone());
    tokio::task::spawn_blocking(move || {
        let listed = orbctl(&path, &state, &["env", "--output", "csv"]).succeeded();
        assert!(listed.out.contains("PAPER,true,true"), "{listed:?}");
        let ended = orbctl(&path, &state, &["env", "live"]);
        assert!(ended.code == Some(2) && ended.err.contains("--account-id"), "{ended:?}");
        let ended = orbctl(&path, &state, &["env", "live", "--account-id", "no", "--output", "json"]);
        assert!(ended.code != Some(0) && ended.err.contains("readiness: NOT READY"), "{ended:?}");
        let ask = || orbctl(&path, &state, &["env", "live", "--account-id", &number, "--output", "json"]);
        let mut done = ask();
        for _ in 0..TRIES {
            if !done.err.contains(SLOW) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(500));
            done = ask();
        }
        let done = done.succeeded();
        assert!(done.out.contains("live-"), "{done:?}");
    })
    .await
    .unwrap();
    until("live", || up.environment(), |now| *now == LIVE).await;
    up.terminate().await;
}

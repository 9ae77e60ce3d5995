//! The streams of the real program: how they begin, go on after a break, name their books, and bear slow readers.

use std::{collections::BTreeMap, time::Duration};

use orb_api::{Client, Token, v1};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};
use tonic::{Code, Streaming};

use crate::{
    client::{connect, connect_with, export, kill, positions, signals, status, until, until_traded},
    commands::SETTINGS,
    daemon::{Demo, text},
    market::{Files, STEPS, day},
    tokens::{create, until_answered},
};

/// Streams of one token, at most.
const STREAMS_MAX: usize = 32;
/// Tokens of those who put a load on the daemon, and connections of each.
const TOKENS: usize = 12;
const CONNECTIONS: usize = 8;
/// No message of these streams takes nearly as long to come.
const PATIENCE: Duration = Duration::from_secs(20);

async fn next<T>(stream: &mut Streaming<T>) -> T {
    timeout(PATIENCE, stream.message()).await.expect("in time").unwrap().expect("the stream goes on")
}

fn stairs(speed: &str, files: &Files, folder: &TempDir) -> Demo {
    Demo::start(folder.path(), &[&["--speed", speed, "--bars", text(&files.bars)], &SETTINGS[..]].concat())
}

async fn stream_signals(
    client: &Client,
    resume_after: Option<v1::ResumePoint>,
) -> Streaming<v1::StreamSignalsResponse> {
    let request = v1::StreamSignalsRequest { resume_after, ..Default::default() };
    client.signals().stream_signals(request).await.unwrap().into_inner()
}

/// Keeps the newest state of each signal, as a page does.
fn take(known: &mut BTreeMap<String, v1::SignalStatus>, message: &v1::StreamSignalsResponse) {
    use v1::stream_signals_response::Event;
    let told = match message.event.as_ref().unwrap() {
        Event::Snapshot(snapshot) => {
            known.clear();
            &snapshot.signals[..]
        }
        Event::Update(update) => &update.signals,
        Event::Heartbeat(_) | Event::Resumed(_) | Event::LedgerChanged(_) => &[],
    };
    known.extend(told.iter().map(|signal| (signal.id.clone(), signal.status())));
}

async fn recorded(client: &Client) -> BTreeMap<String, v1::SignalStatus> {
    signals(client).await.into_iter().map(|signal| (signal.id.clone(), signal.status())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_goes_on_after_a_break_without_a_gap_and_begins_anew_after_a_restart() {
    use v1::stream_signals_response::Event;
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    let mut demo = stairs("2400", &files, &folder);
    let client = connect(&demo).await;
    let mut stream = stream_signals(&client, None).await;
    let first = next(&mut stream).await;
    assert!(matches!(first.event, Some(Event::Snapshot(_))), "{first:?}");
    let mut known = BTreeMap::new();
    take(&mut known, &first);
    let mut last = first;
    while known.len() < 3 {
        last = next(&mut stream).await;
        take(&mut known, &last);
    }
    drop(stream);
    until_traded(&client, 6).await;
    let point = v1::ResumePoint { stream_epoch: last.stream_epoch.clone(), sequence: last.sequence };
    let mut stream = stream_signals(&client, Some(point.clone())).await;
    let resumed = next(&mut stream).await;
    assert!(
        matches!(&resumed.event, Some(Event::Resumed(told)) if told.after_sequence == point.sequence),
        "{resumed:?}"
    );
    demo.session_over();
    let expected = recorded(&client).await;
    while known != expected {
        let message = next(&mut stream).await;
        assert!(!matches!(message.event, Some(Event::Snapshot(_))), "a gap: {message:?}");
        take(&mut known, &message);
    }
    assert_eq!(expected.len(), STEPS as usize);
    drop((stream, client));
    demo.terminate();
    let mut demo = stairs("max", &files, &folder);
    demo.session_over();
    let client = connect(&demo).await;
    let first = next(&mut stream_signals(&client, Some(point)).await).await;
    assert!(matches!(first.event, Some(Event::Snapshot(_))), "of another run of the daemon: {first:?}");
    drop(client);
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_message_of_every_topic_names_its_books_and_its_run() {
    use v1::Topic::{Account, Equity, Fills, Logs, Positions, Signals, Status};
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    let mut demo = stairs("6000", &files, &folder);
    let client = connect(&demo).await;
    let ledger = status(&client).await.ledger.unwrap();
    assert_eq!(ledger.environment(), v1::Environment::Sim);
    let topics = [Status, Account, Positions, Fills, Equity, Signals, Logs].map(i32::from).to_vec();
    let request = v1::WatchRequest { topics, ..Default::default() };
    let mut stream = client.live().watch(request).await.unwrap().into_inner();
    let (mut sequence, mut epoch, mut fills) = (0, None, 0);
    while fills < STEPS as usize {
        let message = next(&mut stream).await;
        assert_eq!(message.ledger_id, ledger.id, "{message:?}");
        assert!(message.server_time.is_some() && message.sequence >= sequence, "{message:?}");
        assert_eq!(epoch.get_or_insert_with(|| message.stream_epoch.clone()), &message.stream_epoch);
        sequence = message.sequence;
        fills += match message.event {
            Some(v1::watch_response::Event::FillsSnapshot(snapshot)) => snapshot.fills.len(),
            Some(v1::watch_response::Event::FillsUpdate(update)) => update.fills.len(),
            _ => 0,
        };
    }
    drop((stream, client));
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_stream_too_many_is_refused_and_its_place_is_free_again() {
    let folder = TempDir::new().unwrap();
    let mut demo = Demo::start(folder.path(), &["--speed", "60"]);
    let client = connect(&demo).await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS_MAX {
        streams.push(client.portfolio().stream_positions(v1::StreamPositionsRequest::default()).await.unwrap());
    }
    let mut portfolio = client.portfolio();
    let refusal = portfolio.stream_positions(v1::StreamPositionsRequest::default()).await.unwrap_err();
    assert_eq!(refusal.code(), Code::ResourceExhausted, "{refusal:?}");
    // Commands and questions are no streams.
    assert!(status(&client).await.ledger.is_some());
    drop(streams.pop());
    let again =
        || async { client.portfolio().stream_positions(v1::StreamPositionsRequest::default()).await.map(|_stream| ()) };
    until("a free place", again, Result::is_ok).await.unwrap();
    drop((streams, portfolio));
    drop(client);
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn readers_that_read_nothing_delay_nobody_and_find_the_present_state() {
    use v1::stream_positions_response::Event;
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    let mut demo = stairs("6000", &files, &folder);
    let client = connect(&demo).await;
    let mut stream =
        client.portfolio().stream_positions(v1::StreamPositionsRequest::default()).await.unwrap().into_inner();
    let mut others = Vec::new();
    for _ in 0..16 {
        others.push(client.logs().stream_logs(v1::StreamLogsRequest::default()).await.unwrap());
    }
    demo.session_over();
    let expected = files.backtest(day(), &SETTINGS).trades.join("\n") + "\n";
    assert_eq!(export(&client).await, expected, "the day is that of the backtest, to the byte");
    assert_eq!(positions(&client).await, []);
    let (mut open, mut told) = (BTreeMap::new(), false);
    loop {
        match next(&mut stream).await.event.unwrap() {
            Event::Snapshot(snapshot) => {
                told = true;
                open = snapshot.positions.into_iter().map(|position| (position.trade_id.clone(), position)).collect();
            }
            Event::Update(update) => {
                open.extend(update.changed.into_iter().map(|position| (position.trade_id.clone(), position)));
                update.removed.iter().for_each(|gone| _ = open.remove(&gone.trade_id));
            }
            // There is nothing more to tell.
            Event::Heartbeat(_) if told => break,
            Event::Heartbeat(_) | Event::Resumed(_) | Event::LedgerChanged(_) => {}
        }
    }
    assert!(open.is_empty(), "{open:#?}");
    drop((stream, others));
    drop(client);
    demo.terminate();
}

/// Streams of one client that are never read.
struct Dead {
    _client: Client,
    _logs: Streaming<v1::StreamLogsResponse>,
    _signals: Streaming<v1::StreamSignalsResponse>,
    _positions: Streaming<v1::StreamPositionsResponse>,
    all: Streaming<v1::WatchResponse>,
}

impl Dead {
    async fn open(demo: &Demo, token: &str) -> Self {
        let client = connect_with(demo, Some(Token::parse(token).unwrap())).await;
        let topics = [v1::Topic::Status, v1::Topic::Positions, v1::Topic::Logs].map(i32::from).to_vec();
        let request = v1::WatchRequest { topics, ..Default::default() };
        Self {
            _logs: client.logs().stream_logs(v1::StreamLogsRequest::default()).await.unwrap().into_inner(),
            _signals: stream_signals(&client, None).await,
            _positions: client
                .portfolio()
                .stream_positions(v1::StreamPositionsRequest::default())
                .await
                .unwrap()
                .into_inner(),
            all: client.live().watch(request).await.unwrap().into_inner(),
            _client: client,
        }
    }
}

/// Asks for whole lists without a pause until the daemon goes; counts the replies.
async fn ask_for_everything(client: Client) -> usize {
    let (mut client, mut replies) = (client.signals(), 0);
    let request = v1::ListSignalsRequest { page_size: 1000, ..Default::default() };
    while client.list_signals(request.clone()).await.is_ok() {
        replies += 1;
    }
    replies
}

/// Hundreds of streams that nobody reads, half of which break off, beside some who ask without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_dead_and_greedy_clients_change_nothing_of_the_day() {
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    let mut demo = stairs("1200", &files, &folder);
    let tokens: Vec<_> = (0..TOKENS).map(|n| create(folder.path(), &format!("reader-{n}"), "viewer")).collect();
    until_answered(&demo, tokens.last().unwrap(), None).await;
    let (mut greedy, mut dead) = (JoinSet::new(), Vec::new());
    for token in &tokens {
        for _ in 0..CONNECTIONS {
            dead.push(Dead::open(&demo, token).await);
        }
        let client = connect_with(&demo, Some(Token::parse(token).unwrap())).await;
        greedy.spawn(ask_for_everything(client));
    }
    let client = connect(&demo).await;
    until_traded(&client, STEPS as usize / 2).await;
    // Without a word, as a machine that loses its network.
    let mut dead = dead.split_off(TOKENS * CONNECTIONS / 2);
    demo.session_over();
    let expected = files.backtest(day(), &SETTINGS).trades.join("\n") + "\n";
    assert_eq!(export(&client).await, expected, "the day is that of the backtest, to the byte");
    // Whoever begins to read is told of this run and these books, and that there is more.
    let message = next(&mut dead[0].all).await;
    assert_eq!(message.ledger_id, status(&client).await.ledger.unwrap().id);
    assert!(kill(&client, false).await.complete);
    drop((client, dead));
    demo.terminate();
    let replies: usize = greedy.join_all().await.into_iter().sum();
    assert!(replies > TOKENS, "{replies}");
}

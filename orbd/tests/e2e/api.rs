//! The gRPC API of a demo, as a program of any language finds it.

use std::{collections::BTreeSet, fmt::Debug, process::Command, time::Duration};

use orb_api::{Token, v1};
use tempfile::TempDir;
use tokio_stream::StreamExt as _;
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::{v1 as reflection, v1alpha as reflection_alpha};

use crate::{
    client::{connect, connect_with, export, signals, status, trades, until_traded},
    commands::SETTINGS,
    daemon::{Demo, text},
    market::{Files, STEPS, day},
};

const SERVICES: [&str; 6] = [
    "grpc.health.v1.Health",
    "orb.v1.ControlService",
    "orb.v1.HistoryService",
    "orb.v1.LogService",
    "orb.v1.PortfolioService",
    "orb.v1.SignalService",
];

/// A synthetic session that is over and still answers.
fn finished(folder: &TempDir) -> Demo {
    finished_with(folder, &[])
}

fn finished_with(folder: &TempDir, arguments: &[&str]) -> Demo {
    let mut demo = Demo::start(folder.path(), &[&["--speed", "max"], arguments].concat());
    demo.session_over();
    demo
}

async fn channel(demo: &Demo) -> Channel {
    Channel::from_shared(format!("http://{}", demo.address)).unwrap().connect().await.unwrap()
}

macro_rules! listed {
    ($version:ident, $demo:expr) => {{
        use $version::{
            ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
            server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
        };
        let wanted = Some(MessageRequest::ListServices(String::new()));
        let request = ServerReflectionRequest { host: String::new(), message_request: wanted };
        let mut client = ServerReflectionClient::new(channel($demo).await);
        let reply = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap();
        let reply = reply.into_inner().next().await.unwrap().unwrap();
        let Some(MessageResponse::ListServicesResponse(list)) = reply.message_response else { panic!("{reply:?}") };
        list.service.into_iter().map(|service| service.name).collect::<Vec<_>>()
    }};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn reflection_health_and_nothing_else_are_open() {
    let folder = TempDir::new().unwrap();
    let mut demo = finished(&folder);
    for names in [listed!(reflection, &demo), listed!(reflection_alpha, &demo)] {
        for service in SERVICES {
            assert!(names.iter().any(|name| name == service), "{service} is not in {names:?}");
        }
    }
    let mut health = HealthClient::new(channel(&demo).await);
    for service in ["", "orb.v1.ControlService"] {
        let reply = health.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap().into_inner();
        assert_eq!(reply.status(), ServingStatus::Serving, "{service:?}");
    }
    drop(health);
    for token in [None, Some(Token::parse("wrong").unwrap())] {
        let stranger = connect_with(&demo, token).await;
        let refusals = [
            stranger.control().get_status(v1::GetStatusRequest {}).await.err(),
            stranger.control().set_kill_switch(v1::SetKillSwitchRequest::default()).await.err(),
            stranger.history().export_trades(v1::ExportTradesRequest::default()).await.err(),
            stranger.logs().stream_logs(v1::StreamLogsRequest::default()).await.err(),
        ];
        for refusal in refusals {
            assert_eq!(refusal.unwrap().code(), Code::Unauthenticated);
        }
    }
    let permissions =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(folder.path().join("token")).unwrap().permissions());
    assert_eq!(permissions & 0o777, 0o600);
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn grpcurl_needs_no_proto_file() {
    let Some(grpcurl) = std::env::var_os("PATH")
        .and_then(|path| std::env::split_paths(&path).map(|folder| folder.join("grpcurl")).find(|file| file.is_file()))
    else {
        eprintln!("SKIPPED: no grpcurl on PATH");
        return;
    };
    let folder = TempDir::new().unwrap();
    let mut demo = finished(&folder);
    let token = std::fs::read_to_string(folder.path().join("token")).unwrap();
    let bearer = format!("authorization: Bearer {}", token.trim());
    let run = |arguments: &[&str]| {
        let output = Command::new(&grpcurl).arg("-plaintext").args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let names = run(&[&demo.address, "list"]);
    assert!(SERVICES.iter().all(|service| names.lines().any(|line| line == *service)), "{names}");
    assert!(run(&[&demo.address, "describe", "orb.v1.ControlService"]).contains("rpc SetKillSwitch"));
    let status: serde_json::Value =
        serde_json::from_str(&run(&["-H", &bearer, &demo.address, "orb.v1.ControlService/GetStatus"])).unwrap();
    assert_eq!(status["ledger"]["accountId"], "DEMO-1");
    assert_eq!(status["dayTrades"], 6);
    let kill = r#"{"request_id": "1", "action": "KILL_SWITCH_ACTION_ENGAGE", "reason": "a test"}"#;
    let reply = run(&["-H", &bearer, "-d", kill, &demo.address, "orb.v1.ControlService/SetKillSwitch"]);
    assert!(reply.contains("TRADING_STATE_HALTED"), "{reply}");
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn lists_come_in_pages_and_figures_agree_with_the_trades() {
    check_lists(&[]).await;
}

/// Checks lists and figures of a day, with records that `database` says where to keep.
pub(crate) async fn check_lists(database: &[&str]) {
    let folder = TempDir::new().unwrap();
    let mut demo = finished_with(&folder, database);
    let client = connect(&demo).await;
    let whole: Vec<_> = signals(&client).await.into_iter().map(|signal| signal.id).collect();
    assert!(whole.len() > 10, "{whole:?}");
    let (mut paged, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = v1::ListSignalsRequest { page_size: 4, page_token, ..Default::default() };
        let page = client.signals().list_signals(request).await.unwrap().into_inner();
        assert!(page.signals.len() <= 4);
        paged.extend(page.signals.into_iter().map(|signal| signal.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(paged, whole);
    let request = v1::ListSignalsRequest { page_token: "nonsense".to_owned(), ..Default::default() };
    assert_eq!(client.signals().list_signals(request).await.unwrap_err().code(), Code::InvalidArgument);

    let micros = |text: &str| orb_api::decimal::to_micros(text).unwrap();
    let trades = trades(&client).await;
    let net: i64 = trades.iter().map(|trade| micros(trade.net_pnl.as_deref().unwrap())).sum();
    let wins = trades.iter().filter(|trade| micros(trade.net_pnl.as_deref().unwrap()) > 0).count();
    let reply = client.history().get_metrics(v1::GetMetricsRequest::default()).await.unwrap().into_inner();
    let metrics = reply.metrics.unwrap();
    assert_eq!((metrics.trades as usize, metrics.wins as usize, micros(&metrics.net_pnl)), (trades.len(), wins, net));
    let status = status(&client).await;
    assert_eq!((status.day_trades, status.day_wins), (metrics.trades, metrics.wins));
    assert_eq!(status.day_pnl.unwrap().net, metrics.net_pnl);
    let curve = client.history().get_equity_curve(v1::GetEquityCurveRequest::default()).await.unwrap().into_inner();
    assert_eq!(curve.points.len(), 1);
    assert_eq!(micros(&curve.points[0].equity), 100_000_000_000 + net);
    let account = client.portfolio().get_account(v1::GetAccountRequest {}).await.unwrap().into_inner();
    assert_eq!((&account.equity, &account.cash), (&curve.points[0].equity, &curve.points[0].equity));

    let files = Files::synthetic("parquet");
    let expect = files.backtest(day(), &[]).trades.join("\n") + "\n";
    assert_eq!(export(&client).await, expect, "the export is the backtest's file to the byte");
    let only = v1::ExportTradesRequest { symbols: vec!["GRELTA".to_owned()], ..Default::default() };
    let mut pieces = client.history().export_trades(only).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        bytes.extend(piece.data);
    }
    assert_eq!(String::from_utf8(bytes).unwrap().lines().count(), 2);
    drop(client);
    demo.terminate();
}

/// Reads a stream until it is said to be enough; no stream of these may take long.
async fn read<T: Debug>(stream: tonic::Response<tonic::Streaming<T>>, mut is_enough: impl FnMut(&T) -> bool) -> Vec<T> {
    let (mut stream, mut messages) = (stream.into_inner(), Vec::new());
    let reading = async {
        while let Some(message) = stream.message().await.unwrap() {
            let is_last = is_enough(&message);
            messages.push(message);
            if is_last {
                return true;
            }
        }
        false
    };
    let in_time = tokio::time::timeout(Duration::from_secs(15), reading).await;
    assert_eq!(in_time, Ok(true), "not in time, or ended before: {messages:#?}");
    messages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn positions_are_streamed_as_a_snapshot_and_what_changes() {
    use v1::stream_positions_response::Event;
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    let arguments = [&["--speed", "6000", "--bars", text(&files.bars)], &SETTINGS[..]].concat();
    let mut demo = Demo::start(folder.path(), &arguments);
    let client = connect(&demo).await;
    until_traded(&client, 2).await;
    let stream = client.portfolio().stream_positions(v1::StreamPositionsRequest::default()).await.unwrap();
    let mut open = BTreeSet::new();
    let mut entered = 0;
    let messages = read(stream, |message| {
        match message.event.as_ref().unwrap() {
            Event::Snapshot(snapshot) => open = snapshot.positions.iter().map(|p| p.trade_id.clone()).collect(),
            Event::Update(update) => {
                for position in &update.changed {
                    entered += usize::from(open.insert(position.trade_id.clone()));
                }
                for position in &update.removed {
                    assert!(open.remove(&position.trade_id), "{position:?} was not open");
                }
            }
            Event::Heartbeat(_) | Event::Resumed(_) | Event::LedgerChanged(_) => {}
        }
        entered > 5 && open.is_empty()
    })
    .await;
    assert!(matches!(messages[0].event, Some(Event::Snapshot(_))), "{:?}", messages[0]);
    let snapshots = messages.iter().filter(|message| matches!(message.event, Some(Event::Snapshot(_)))).count();
    assert_eq!(snapshots, 1);
    assert!(messages.windows(2).all(|pair| pair[0].sequence <= pair[1].sequence));
    // After the session nothing changes any more: a sign of life each second.
    let stream = client.portfolio().stream_positions(v1::StreamPositionsRequest::default()).await.unwrap();
    let begun = std::time::Instant::now();
    let mut beats = 0;
    read(stream, |message| {
        beats += usize::from(matches!(message.event, Some(Event::Heartbeat(_))));
        beats == 2
    })
    .await;
    assert!((1..4).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    drop(client);
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_position_is_sent_each_second() {
    use v1::stream_positions_response::Event;
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    // A minute, and so the next bar, takes ten seconds.
    let arguments = [&["--speed", "6", "--bars", text(&files.bars)], &SETTINGS[..]].concat();
    let mut fast =
        Demo::start(folder.path(), &[&["--speed", "6000", "--bars", text(&files.bars)], &SETTINGS[..]].concat());
    let client = connect(&fast).await;
    until_traded(&client, 1).await;
    drop(client);
    fast.terminate();
    let mut demo = Demo::start(folder.path(), &arguments);
    let client = connect(&demo).await;
    let stream = client.portfolio().stream_positions(v1::StreamPositionsRequest::default()).await.unwrap();
    let begun = std::time::Instant::now();
    let messages = read(stream, |_| begun.elapsed() > Duration::from_secs(3)).await;
    assert!((4..=5).contains(&messages.len()), "{}", messages.len());
    let Some(Event::Snapshot(snapshot)) = &messages[0].event else { panic!("{:?}", messages[0]) };
    assert!(!snapshot.positions.is_empty());
    drop(client);
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn signals_and_logs_are_streamed() {
    let (files, folder) = (Files::stairs(), TempDir::new().unwrap());
    let arguments = [&["--speed", "6000", "--bars", text(&files.bars)], &SETTINGS[..]].concat();
    let mut demo = Demo::start(folder.path(), &arguments);
    let client = connect(&demo).await;
    let stream = client.signals().stream_signals(v1::StreamSignalsRequest::default()).await.unwrap();
    let search = v1::StreamLogsRequest { search: "breakout STEP".to_owned(), ..Default::default() };
    let lines = client.logs().stream_logs(search).await.unwrap();
    let mut filled = BTreeSet::new();
    let messages = read(stream, |message| {
        use v1::stream_signals_response::Event;
        let signals = match message.event.as_ref().unwrap() {
            Event::Snapshot(snapshot) => &snapshot.signals[..],
            Event::Update(update) => &update.signals,
            Event::Heartbeat(_) | Event::Resumed(_) | Event::LedgerChanged(_) => &[],
        };
        let done = signals.iter().filter(|signal| signal.status() == v1::SignalStatus::Filled);
        filled.extend(done.map(|signal| signal.id.clone()));
        filled.len() == STEPS as usize
    })
    .await;
    assert!(matches!(messages[0].event, Some(v1::stream_signals_response::Event::Snapshot(_))));
    assert!(messages.windows(2).all(|pair| pair[0].sequence <= pair[1].sequence));
    let mut seen = BTreeSet::new();
    read(lines, |message| {
        use v1::stream_logs_response::Event;
        let entries = match message.event.as_ref().unwrap() {
            Event::Snapshot(snapshot) => &snapshot.entries[..],
            Event::Update(update) => &update.entries,
            Event::Heartbeat(_) | Event::Resumed(_) | Event::LedgerChanged(_) => &[],
        };
        for entry in entries {
            assert!(entry.message.contains("breakout") && entry.component() == v1::Component::Strategy, "{entry:?}");
            assert!(seen.insert(entry.id), "sent twice: {entry:?}");
        }
        seen.len() == STEPS as usize
    })
    .await;
    let request = v1::ListLogsRequest { severity_min: v1::Severity::Error.into(), ..Default::default() };
    assert_eq!(client.logs().list_logs(request).await.unwrap().into_inner().entries, []);
    let request = v1::ListLogsRequest { search: "STEP03 fill".to_owned(), ..Default::default() };
    assert_eq!(client.logs().list_logs(request).await.unwrap().into_inner().entries.len(), 1);
    drop(client);
    demo.terminate();
}

/// A stop does not wait for clients that are still connected.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stop_ends_streams() {
    let folder = TempDir::new().unwrap();
    let mut demo = finished(&folder);
    let client = connect(&demo).await;
    let mut stream =
        client.portfolio().stream_positions(v1::StreamPositionsRequest::default()).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let begun = std::time::Instant::now();
    demo.terminate();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    // What was under way may still come; then it ends, by itself or with the connection.
    while let Ok(Some(_)) = stream.message().await {}
}

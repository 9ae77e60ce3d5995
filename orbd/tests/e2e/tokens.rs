//! `orbd token` beside a running daemon, and what those get who have no good one.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use orb_api::{Client, Endpoint, Refusal, Token, v1};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};
use tonic::{Code, Status, Streaming};

use crate::{
    client::{connect, kill, until},
    daemon::{Demo, Ended, orbd, text},
    wire::{Answer, call, channel, frame, source},
};

/// No stream of a token that is over goes on nearly as long.
const PATIENCE: Duration = Duration::from_secs(30);
const STATUS: &str = "/orb.v1.ControlService/GetStatus";

/// Makes a token by hand and returns it.
#[track_caller]
pub(crate) fn create(folder: &Path, name: &str, role: &str) -> String {
    let made = token(folder, &["create", name, "--role", role]).succeeded().out;
    assert_eq!(made.lines().count(), 1, "{made:?}");
    made.trim().to_owned()
}

/// Takes a token back by hand.
#[track_caller]
pub(crate) fn revoke(folder: &Path, name: &str) {
    let revoked = token(folder, &["revoke", name]).succeeded().out;
    assert!(revoked.contains(name), "{revoked}");
}

fn token(folder: &Path, arguments: &[&str]) -> Ended {
    orbd(&[&["token", "--data-dir", text(folder)], arguments].concat())
}

/// Lets a token end so many seconds from now, as if it had been made with that end.
pub(crate) fn end_in(folder: &Path, name: &str, seconds: i64) {
    let (path, fresh) = (folder.join("tokens.json"), folder.join("tokens.json.edited"));
    let mut file: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let end = chrono::Utc::now() + chrono::TimeDelta::seconds(seconds);
    let tokens = file["tokens"].as_array_mut().unwrap();
    let row = tokens.iter_mut().find(|row| row["name"] == name).unwrap();
    row["expires"] = end.format("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    fs::write(&fresh, file.to_string()).unwrap();
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&fresh, &path).unwrap();
}

/// Waits until a daemon answers a token with a reason, `None` for letting it in; each attempt is of another peer.
pub(crate) async fn until_answered(demo: &Demo, token: &str, reason: Option<&str>) {
    let number = std::sync::atomic::AtomicUsize::new(20_000);
    let ask = || async {
        let peer = source(number.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        status_of(demo, token, peer).await.reason()
    };
    until("the daemon follows the tokens", ask, |found| found.as_deref() == reason).await;
}

async fn status_of(demo: &Demo, token: &str, peer: std::net::IpAddr) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("content-type", "application/grpc"), ("authorization", &*bearer)];
    call(&channel(&demo.address, peer).await, STATUS, &headers, frame(&[])).await
}

async fn connect_as(demo: &Demo, token: &str) -> Client {
    let token = Some(Token::parse(token).unwrap());
    Client::connect(Endpoint::new(format!("http://{}", demo.address), token)).await.unwrap()
}

fn finished(folder: &TempDir) -> Demo {
    let mut demo = Demo::start(folder.path(), &["--speed", "max"]);
    demo.session_over();
    demo
}

/// Opens a stream of each kind.
async fn streams(client: &Client) -> [Ending; 3] {
    let positions = client.portfolio().stream_positions(v1::StreamPositionsRequest::default()).await.unwrap();
    let logs = client.logs().stream_logs(v1::StreamLogsRequest::default()).await.unwrap();
    let status = client.control().watch_status(v1::WatchStatusRequest::default()).await.unwrap();
    [ending(positions.into_inner()), ending(logs.into_inner()), ending(status.into_inner())]
}

type Ending = tokio::task::JoinHandle<Status>;

/// Reads a stream until the daemon ends it, and returns how.
fn ending<T: Send + 'static>(mut stream: Streaming<T>) -> Ending {
    tokio::spawn(async move {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => return Status::ok(""),
                Err(status) => return status,
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_token_works_at_once_and_ends_with_its_streams_when_it_is_taken_back() {
    let folder = TempDir::new().unwrap();
    let mut demo = finished(&folder);
    let token = create(folder.path(), "ann", "operator");
    until_answered(&demo, &token, None).await;
    let client = connect_as(&demo, &token).await;
    let caller = client.control().get_caller(v1::GetCallerRequest {}).await.unwrap().into_inner();
    assert_eq!((&*caller.actor, caller.role(), caller.expire_time), ("ann", v1::Role::Operator, None));
    let own = connect(&demo).await;
    let [kept, ..] = streams(&own).await;
    let ended = streams(&client).await;
    let listed = orbd(&["token", "--data-dir", text(folder.path()), "list"]).succeeded().out;
    assert!(listed.contains("ann") && listed.contains("operator") && !listed.contains(&token), "{listed}");
    revoke(folder.path(), "ann");
    for stream in ended {
        let status = timeout(PATIENCE, stream).await.expect("in time").unwrap();
        assert_eq!(status.code(), Code::Unauthenticated, "{status}");
        assert_eq!(Refusal::of(&status).reason.as_deref(), Some("TOKEN_ENDED"));
    }
    let refused = client.control().get_status(v1::GetStatusRequest {}).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason.as_deref(), Some("TOKEN_REVOKED"), "{refused}");
    assert!(!kept.is_finished());
    kept.abort();
    drop((client, own));
    let log = demo.terminate().err;
    assert!(!log.contains(&token), "a token is in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_token_that_expires_ends_its_streams() {
    let folder = TempDir::new().unwrap();
    let mut demo = finished(&folder);
    let token = create(folder.path(), "ann", "viewer");
    end_in(folder.path(), "ann", 8);
    until_answered(&demo, &token, None).await;
    let client = connect_as(&demo, &token).await;
    let caller = client.control().get_caller(v1::GetCallerRequest {}).await.unwrap().into_inner();
    assert!(caller.expire_time.is_some() && caller.role() == v1::Role::Viewer, "{caller:?}");
    for stream in streams(&client).await {
        let status = timeout(PATIENCE, stream).await.expect("in time").unwrap();
        assert_eq!(status.code(), Code::Unauthenticated, "{status}");
    }
    let refused = client.control().get_status(v1::GetStatusRequest {}).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason.as_deref(), Some("TOKEN_EXPIRED"), "{refused}");
    drop(client);
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn commands_that_a_role_may_not_give_are_recorded_without_a_flood() {
    let folder = TempDir::new().unwrap();
    let mut demo = finished(&folder);
    let token = create(folder.path(), "eye", "viewer");
    until_answered(&demo, &token, None).await;
    let client = connect_as(&demo, &token).await;
    for _ in 0..50 {
        let refused = client.control().pause_entries(v1::PauseEntriesRequest::default()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert!(Refusal::of(&refused).remedy.is_some(), "{refused}");
    }
    client.control().set_kill_switch(v1::SetKillSwitchRequest::default()).await.unwrap_err();
    let own = connect(&demo).await;
    let request = v1::ListAuditEntriesRequest { page_size: 1000, actors: vec!["eye".to_owned()], ..Default::default() };
    let ask = || async { own.logs().list_audit_entries(request.clone()).await.unwrap().into_inner().entries };
    let entries =
        until("the record", ask, |entries| entries.iter().any(|entry| entry.command == "SetKillSwitch")).await;
    let paused = entries.iter().filter(|entry| entry.command == "PauseEntries").count();
    // One at a time, and another each ten seconds, which a slow machine may need.
    assert!((1..5).contains(&paused), "{entries:#?}");
    assert!(entries.iter().all(|entry| !entry.accepted && entry.result.contains("operator")), "{entries:#?}");
    drop((client, own));
    demo.terminate();
}

/// While strangers try tokens from many addresses, and their answers are held back, a good token is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn trying_tokens_becomes_slow_and_never_slows_a_kill() {
    let folder = TempDir::new().unwrap();
    let mut demo = finished(&folder);
    let own = connect(&demo).await;
    let mut tries = JoinSet::new();
    for peer in 0..20 {
        let channel = channel(&demo.address, source(peer)).await;
        // Each after the other counts: the later ones are answered after seconds, and the last to come later.
        for number in 0..25 {
            let (channel, bearer) = (channel.clone(), format!("Bearer guess-{number}"));
            tries.spawn(async move {
                let headers = [("content-type", "application/grpc"), ("authorization", &*bearer)];
                call(&channel, STATUS, &headers, frame(&[])).await
            });
        }
    }
    let mut answers = Vec::new();
    // From the peers' own address a good token passes too, while the answers to the others are held back.
    while answers.iter().all(|answer: &Answer| answer.grpc != Some(Code::ResourceExhausted as u8)) {
        answers.push(tries.join_next().await.expect("one that is told to come later").unwrap());
    }
    let admin = fs::read_to_string(folder.path().join("token")).unwrap();
    let passed = status_of(&demo, admin.trim(), source(0)).await;
    assert_eq!(passed.grpc, Some(Code::Ok as u8), "{passed:?}");
    let reply = kill(&own, false).await;
    assert_eq!(reply.state(), v1::TradingState::Halted);
    let waiting = std::iter::from_fn(|| tries.try_join_next()).count();
    assert!(!tries.is_empty(), "the kill waited for {waiting} answers to strangers");
    while let Some(answer) = tries.join_next().await {
        answers.push(answer.unwrap());
    }
    let codes = [Code::Unauthenticated, Code::ResourceExhausted].map(|code| Some(code as u8));
    assert!(answers.iter().all(|answer| codes.contains(&answer.grpc)), "{answers:#?}");
    let later = answers.iter().find(|answer| answer.grpc == codes[1]).unwrap();
    assert_eq!(later.reason().as_deref(), Some("TOO_MANY_FAILURES"));
    drop(own);
    demo.terminate();
}

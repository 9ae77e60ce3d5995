//! Who gets in and what strange input does, for every method that there is: the right refusal, nothing done, and a
//! daemon that lives on.

use std::path::Path;

use orb_api::{Client, v1};
use prost::Message as _;
use tempfile::TempDir;
use tonic::Code;

use crate::{
    client::{connect, status, trades},
    daemon::Demo,
    tokens::{create, end_in, revoke, until_answered},
    wire::{Answer, Http1, call, call_web, channel, frame, source},
};

/// A method of the contract.
struct Method {
    path: String,
    /// It streams its replies.
    is_stream: bool,
    /// A viewer may not call it.
    is_command: bool,
}

/// Returns every method of the contract, so that a new one is looked at by itself.
fn methods() -> Vec<Method> {
    let set = prost_types::FileDescriptorSet::decode(orb_api::FILE_DESCRIPTOR_SET).unwrap();
    let mut methods = Vec::new();
    for file in set.file.iter().filter(|file| file.package() == "orb.v1") {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/orb.v1.{}/{}", service.name(), method.name());
                let is_command = orbd::auth::is_command(&path);
                methods.push(Method { path, is_stream: method.server_streaming(), is_command });
            }
        }
    }
    assert!(methods.len() > 30 && methods.iter().filter(|method| method.is_command).count() > 8);
    methods
}

/// A demo whose session is over, and the tokens of those who call it.
struct Stage {
    folder: TempDir,
    demo: Demo,
    admin: String,
}

impl Stage {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut demo = Demo::start(folder.path(), &["--speed", "max"]);
        demo.session_over();
        let admin = std::fs::read_to_string(folder.path().join("token")).unwrap().trim().to_owned();
        Self { folder, demo, admin }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    async fn client(&self) -> Client {
        connect(&self.demo).await
    }
}

/// What any command would have changed.
#[derive(Debug, PartialEq)]
struct Done {
    ledger: Option<v1::Ledger>,
    holds: Vec<v1::Hold>,
    alarms: Vec<v1::Alarm>,
    open: (u32, u32),
    limits: v1::GetRiskLimitsResponse,
    trades: Vec<v1::Trade>,
    accepted: Vec<v1::AuditEntry>,
}

async fn done(client: &Client) -> Done {
    let v1::GetStatusResponse { ledger, holds, alarms, open_positions, working_entries, .. } = status(client).await;
    let limits = client.control().get_risk_limits(v1::GetRiskLimitsRequest::default()).await.unwrap().into_inner();
    let request = v1::ListAuditEntriesRequest { page_size: 1000, ..Default::default() };
    let mut accepted = client.logs().list_audit_entries(request).await.unwrap().into_inner().entries;
    accepted.retain(|entry| entry.accepted);
    let open = (open_positions, working_entries);
    Done { ledger, holds, alarms, open, limits, trades: trades(client).await, accepted }
}

/// Calls by gRPC and by grpc-web, each from an address of its own, and checks that both are answered alike.
async fn both(stage: &Stage, number: usize, path: &str, token: Option<&str>, body: &[u8]) -> Answer {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let token = bearer.as_deref().map(|bearer| ("authorization", bearer));
    let with = |kind| [("content-type", kind)].into_iter().chain(token).collect::<Vec<_>>();
    let channel = channel(&stage.demo.address, source(2 * number)).await;
    let headers = [&with("application/grpc")[..], &[("te", "trailers")]].concat();
    let grpc = call(&channel, path, &headers, body.to_vec()).await;
    let mut http = Http1::connect(&stage.demo.address, source(2 * number + 1)).await;
    let web = call_web(&mut http, path, &with("application/grpc-web+proto"), body).await;
    assert_eq!((web.http, web.grpc, web.reason()), (grpc.http, grpc.grpc, grpc.reason()), "{path}: {web:?} {grpc:?}");
    assert!(web.headers.get("set-cookie").is_none() && grpc.headers.get("set-cookie").is_none());
    grpc
}

#[track_caller]
fn check(method: &Method, answer: &Answer, code: Code, reason: &str) {
    let path = &method.path;
    assert_eq!((answer.http, answer.grpc), (200, Some(code as u8)), "{path}: {answer:?}");
    assert_eq!(answer.reason().as_deref(), Some(reason), "{path}: {answer:?}");
    assert!(answer.body.is_empty(), "{path}: {answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_method_is_open_to_who_has_no_good_token_of_its_role() {
    let mut stage = Stage::start();
    let (viewer, revoked, expired) = (
        create(stage.path(), "eye", "viewer"),
        create(stage.path(), "gone", "admin"),
        create(stage.path(), "late", "admin"),
    );
    revoke(stage.path(), "gone");
    end_in(stage.path(), "late", -60);
    let client = stage.client().await;
    // The last change is followed, and so are those before it.
    until_answered(&stage.demo, &expired, Some("TOKEN_EXPIRED")).await;
    let before = done(&client).await;
    let empty = frame(&[]);
    for (number, method) in methods().iter().enumerate() {
        let callers = [
            (None, "TOKEN_MISSING"),
            (Some("no-such-token"), "TOKEN_UNKNOWN"),
            (Some(&*revoked), "TOKEN_REVOKED"),
            (Some(&*expired), "TOKEN_EXPIRED"),
        ];
        for (token, reason) in callers {
            let answer = both(&stage, number, &method.path, token, &empty).await;
            check(method, &answer, Code::Unauthenticated, reason);
        }
        if method.is_command {
            let answer = both(&stage, number, &method.path, Some(&viewer), &empty).await;
            check(method, &answer, Code::PermissionDenied, "ROLE_TOO_LOW");
        }
    }
    assert_eq!(done(&client).await, before);
    drop(client);
    stage.demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bodies_that_are_none_are_refused_by_every_method_and_do_nothing() {
    let mut stage = Stage::start();
    let client = stage.client().await;
    let before = done(&client).await;
    let oversized = frame(&vec![0x0A; 257 * 1024]);
    let huge = [&[0][..], &u32::MAX.to_be_bytes(), b"x"].concat();
    for (number, method) in methods().iter().enumerate() {
        let bodies = [
            ("no field has such a tag", frame(&[0xFF; 11]), Code::Internal),
            ("a group without an end", frame(&[0x0B]), Code::Internal),
            ("less than the frame says", [&[0, 0, 0, 0, 9][..], b"x"].concat(), Code::Internal),
            ("a compression that is none", [&[7][..], &[0; 4]].concat(), Code::Internal),
            ("compressed, which was not said", [&[1][..], &[0; 4]].concat(), Code::Internal),
            ("no message", Vec::new(), Code::Internal),
            ("more than may be", oversized.clone(), Code::OutOfRange),
            ("a length of four gigabytes", huge.clone(), Code::OutOfRange),
        ];
        for (what, body, code) in bodies {
            let answer = both(&stage, number, &method.path, Some(&stage.admin), &body).await;
            let path = &method.path;
            assert_eq!((answer.http, answer.grpc), (200, Some(code as u8)), "{path}: {what}: {answer:?}");
        }
    }
    assert_eq!(done(&client).await, before);
    drop(client);
    stage.demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn forms_that_are_no_grpc_are_refused_by_every_method() {
    let mut stage = Stage::start();
    let client = stage.client().await;
    let before = done(&client).await;
    let bearer = format!("Bearer {}", stage.admin);
    let empty = frame(&[]);
    for method in methods() {
        let mut http = Http1::connect(&stage.demo.address, source(0)).await;
        for kind in ["application/json", "application/grpc", "application/grpc-web+json", "text/plain", ""] {
            let headers = [("content-type", kind), ("authorization", &*bearer)];
            let answer = call_web(&mut http, &method.path, &headers, &empty).await;
            assert_eq!((answer.http, answer.grpc), (415, None), "{}: {kind}", method.path);
        }
        for verb in ["GET", "PUT", "DELETE"] {
            let headers = [("content-type", "application/grpc-web"), ("authorization", &*bearer)];
            http.send(verb, &method.path, &headers, &empty).await;
            assert_eq!(http.answer().await.http, 405, "{}: {verb}", method.path);
        }
        let channel = channel(&stage.demo.address, source(0)).await;
        let answer = call(&channel, &method.path, &[("content-type", "application/json")], empty.clone()).await;
        assert_eq!((answer.http, answer.grpc), (415, None), "{}", method.path);
    }
    assert_eq!(done(&client).await, before);
    drop(client);
    stage.demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_method_keeps_the_deadline_of_its_client() {
    let mut stage = Stage::start();
    let client = stage.client().await;
    let before = done(&client).await;
    let bearer = format!("Bearer {}", stage.admin);
    let channel = channel(&stage.demo.address, source(0)).await;
    let call = |method: &Method, wait: &'static str| {
        let headers = [("content-type", "application/grpc"), ("authorization", &*bearer), ("grpc-timeout", wait)];
        let (channel, path) = (channel.clone(), method.path.clone());
        let headers = headers.map(|(name, value)| (name, value.to_owned()));
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            call(&channel, &path, &headers, frame(&[])).await
        }
    };
    for method in methods() {
        let answer = call(&method, "soon").await;
        assert_eq!(answer.grpc, Some(Code::InvalidArgument as u8), "{}: {answer:?}", method.path);
        if method.is_stream {
            let answer = call(&method, "300m").await;
            let over = [Code::DeadlineExceeded, Code::InvalidArgument, Code::Ok].map(|code| Some(code as u8));
            assert!(over.contains(&answer.grpc), "{}: {answer:?}", method.path);
        }
    }
    assert_eq!(done(&client).await, before);
    drop(client);
    stage.demo.terminate();
}

/// Whatever unfolds to more than may be is refused before it is all there.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_unfolds_to_more_than_may_be_is_refused() {
    let mut stage = Stage::start();
    let client = stage.client().await;
    let mut portfolio = client.portfolio().send_compressed(tonic::codec::CompressionEncoding::Gzip);
    let list = |length| v1::ListPositionsRequest { page_token: "x".repeat(length), ..Default::default() };
    let status = portfolio.list_positions(list(200 * 1024)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let status = portfolio.list_positions(list(20 * 1024 * 1024)).await.unwrap_err();
    assert!(matches!(status.code(), Code::ResourceExhausted | Code::OutOfRange), "{status}");
    let mut portfolio = client.portfolio().accept_compressed(tonic::codec::CompressionEncoding::Gzip);
    let reply = portfolio.list_positions(v1::ListPositionsRequest::default()).await.unwrap();
    assert_eq!(reply.metadata().get("grpc-encoding").unwrap(), "gzip");
    drop((client, portfolio));
    stage.demo.terminate();
}

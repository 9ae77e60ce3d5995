//! grpc-web as browsers speak it, and which pages may.

use std::{fs, path::Path};

use orb_api::v1;
use prost::Message as _;
use tempfile::TempDir;
use tonic::Code;

use crate::{
    daemon::{Demo, text},
    wire::{Http1, call_web, frame, source, split_trailers},
};

const STATUS: &str = "/orb.v1.ControlService/GetStatus";
const POSITIONS: &str = "/orb.v1.PortfolioService/StreamPositions";
const WEB: (&str, &str) = ("content-type", "application/grpc-web+proto");
const DESK: &str = "https://desk.example.com";

/// Starts a demo with these keys, whose session is soon over.
fn start(folder: &Path, keys: &str) -> (Demo, String) {
    let config = folder.join("orb.toml");
    fs::write(&config, keys).unwrap();
    let mut demo = Demo::start(&folder.join("state"), &["--speed", "max", "--config", text(&config)]);
    demo.session_over();
    let bearer = format!("Bearer {}", fs::read_to_string(demo.folder.join("token")).unwrap().trim());
    (demo, bearer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_page_of_the_daemon_calls_and_streams_over_http_1() {
    let folder = TempDir::new().unwrap();
    let (mut demo, bearer) = start(folder.path(), "");
    let own = format!("http://{}", demo.address);
    let headers = |kind| [("content-type", kind), ("authorization", &*bearer), ("origin", &*own), ("x-grpc-web", "1")];
    let mut http = Http1::connect(&demo.address, source(0)).await;
    for kind in ["application/grpc-web", "application/grpc-web+proto"] {
        let answer = call_web(&mut http, STATUS, &headers(kind), &frame(&[])).await;
        assert_eq!((answer.http, answer.grpc), (200, Some(0)), "{kind}: {answer:?}");
        let status = v1::GetStatusResponse::decode(&answer.body[5..]).unwrap();
        assert_eq!(status.ledger.unwrap().account_id, "DEMO-1");
        assert!(
            answer.headers.get("access-control-allow-origin").is_none() && answer.headers.get("set-cookie").is_none()
        );
    }
    // As text, for what cannot read bytes.
    let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, frame(&[]));
    let answer = call_web(&mut http, STATUS, &headers("application/grpc-web-text+proto"), body.as_bytes()).await;
    assert_eq!((answer.http, answer.grpc), (200, Some(0)), "{answer:?}");
    assert!(v1::GetStatusResponse::decode(&answer.body[5..]).is_ok());

    http.send("POST", POSITIONS, &headers(WEB.1), &frame(&[])).await;
    let (status, _) = http.head().await;
    assert_eq!(status, 200);
    let mut messages = Vec::new();
    // The snapshot, and signs of life while the stream is open.
    while messages.len() < 3 {
        let piece = http.piece().await.expect("the stream is open");
        let mut trailers = http::HeaderMap::new();
        let frames = split_trailers(&piece, &mut trailers);
        assert!(trailers.is_empty(), "{trailers:?}");
        messages.push(v1::StreamPositionsResponse::decode(&frames[5..]).unwrap());
    }
    use v1::stream_positions_response::Event;
    assert!(matches!(messages[0].event, Some(Event::Snapshot(_))), "{messages:?}");
    assert!(messages[1..].iter().all(|message| matches!(message.event, Some(Event::Heartbeat(_)))), "{messages:?}");
    drop(http);
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn pages_of_other_sites_and_other_names_are_refused() {
    let folder = TempDir::new().unwrap();
    let (mut demo, bearer) = start(folder.path(), "");
    let mut http = Http1::connect(&demo.address, source(0)).await;
    let strangers = [
        ("origin", DESK),
        ("origin", "null"),
        ("origin", "http://localhost:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("host", "orb.example.com"),
        ("host", ""),
    ];
    for stranger in strangers {
        let headers = [WEB, ("authorization", &*bearer), stranger];
        let answer = call_web(&mut http, STATUS, &headers, &frame(&[])).await;
        assert_eq!((answer.http, answer.grpc), (403, None), "{stranger:?}: {answer:?}");
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{answer:?}");
    }
    let asks = [("origin", DESK), ("access-control-request-method", "POST")];
    http.send("OPTIONS", STATUS, &asks, b"").await;
    let answer = http.answer().await;
    assert_eq!(answer.http, 403);
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")), "{answer:?}");
    let answer = call_web(&mut http, STATUS, &[WEB, ("authorization", &*bearer)], &frame(&[])).await;
    assert_eq!(answer.grpc, Some(Code::Ok as u8), "{answer:?}");
    drop(http);
    demo.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn pages_and_names_that_are_configured_get_in_exactly() {
    let folder = TempDir::new().unwrap();
    let keys = format!("[web]\nallowed_hosts = [\"orb.example.com\"]\nallowed_origins = [\"{DESK}\"]\n");
    let (mut demo, bearer) = start(folder.path(), &keys);
    let mut http = Http1::connect(&demo.address, source(0)).await;
    let asks = |origin| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type,x-grpc-web"),
        ]
    };
    http.send("OPTIONS", STATUS, &asks(DESK), b"").await;
    let answer = http.answer().await;
    assert_eq!(answer.headers["access-control-allow-origin"], DESK, "{answer:?}");
    let allowed = answer.headers["access-control-allow-headers"].to_str().unwrap().to_owned();
    assert!(allowed.contains("authorization") && allowed.contains("x-grpc-web"), "{allowed}");
    assert!(answer.headers.get("access-control-allow-credentials").is_none(), "no cookie is ever looked at");
    let called = [WEB, ("authorization", &*bearer), ("origin", DESK)];
    let answer = call_web(&mut http, STATUS, &called, &frame(&[])).await;
    assert_eq!((answer.http, answer.grpc), (200, Some(0)), "{answer:?}");
    assert_eq!(answer.headers["access-control-allow-origin"], DESK);
    assert!(answer.headers["access-control-expose-headers"].to_str().unwrap().contains("grpc-status"));
    // A token is needed by them as by all.
    let answer = call_web(&mut http, STATUS, &[WEB, ("origin", DESK)], &frame(&[])).await;
    assert_eq!(answer.grpc, Some(Code::Unauthenticated as u8), "{answer:?}");
    for stranger in ["https://desk.example.com.evil", "http://desk.example.com", "https://desk.example.com:444"] {
        http.send("OPTIONS", STATUS, &asks(stranger), b"").await;
        let answer = http.answer().await;
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{stranger}: {answer:?}");
        let called = [WEB, ("authorization", &*bearer), ("origin", stranger)];
        let answer = call_web(&mut http, STATUS, &called, &frame(&[])).await;
        assert_eq!(answer.http, 403, "{stranger}");
    }
    let named = [WEB, ("authorization", &*bearer), ("host", "orb.example.com:443")];
    let answer = call_web(&mut http, STATUS, &named, &frame(&[])).await;
    assert_eq!((answer.http, answer.grpc), (200, Some(0)), "{answer:?}");
    drop(http);
    demo.terminate();
}

//! A reporter and an ingest on this machine, over real connections.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use orb_core::alarm::{Alarm, AlarmId, AlarmKind};
use orb_core::{Symbol, SymbolTable, Timestamp};
use sentry_core::Envelope;
use sentry_core::protocol::Event;
use tokio::io::AsyncReadExt as _;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tracing_subscriber::layer::SubscriberExt as _;

use super::follow::Follower;
use super::layer::ReportLayer;
use super::post::Posted;
use super::reporter::Reporter;
use super::{dsn, panics, post};
use crate::view::{AlarmView, Environment, Ledger, Update, View};

/// A part of every secret of these tests.
const HUNTER: &str = "hunter2";
/// No event of these tests takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(30);

/// An ingest that takes everything; its thread ends with the test's process.
struct Ingest {
    port: u16,
    requests: mpsc::Receiver<(String, Vec<u8>)>,
}

impl Ingest {
    fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, requests) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if take(stream, status).is_some_and(|request| sender.send(request).is_err()) {
                    return;
                }
            }
        });
        Self { port, requests }
    }

    fn reporter(&self, per_minute: u32) -> Reporter {
        let dsn = dsn::read(&format!("http://{HUNTER}key@127.0.0.1:{}/7", self.port)).expect("a DSN");
        Reporter::open(dsn, per_minute, Environment::Paper).expect("a reporter")
    }

    /// Waits for an event, of which nothing may be secret but the key in its header.
    #[track_caller]
    fn event(&self) -> Event<'static> {
        let (head, body) = self.requests.recv_timeout(PATIENCE).expect("an event");
        let text = String::from_utf8(body.clone()).expect("text");
        assert!(head.starts_with("POST /api/7/envelope/ HTTP/1.1"), "{head}");
        assert!(head.contains("x-sentry-auth: Sentry ") && head.contains(&format!("sentry_key={HUNTER}key")), "{head}");
        assert!(!text.contains(HUNTER), "{text}");
        for name in ["server_name", "\"user\"", "\"request\"", "\"extra\"", "\"contexts\"", "\"dsn\""] {
            assert!(!text.contains(name), "{name}: {text}");
        }
        Envelope::from_slice(&body).expect("an envelope").event().expect("an event").clone()
    }

    fn rest(&self) -> usize {
        self.requests.try_iter().count()
    }
}

/// Reads one request and answers it; `None` where the client went away.
fn take(stream: TcpStream, status: &str) -> Option<(String, Vec<u8>)> {
    let (mut reader, mut head, mut length) = (BufReader::new(stream), String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    reader.get_mut().write_all(answer.as_bytes()).ok()?;
    Some((head, body))
}

fn with_layer(reporter: &Reporter, act: impl FnOnce()) {
    let layer = ReportLayer::new(reporter.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act);
}

fn tag<'a>(event: &'a Event<'_>, name: &str) -> &'a str {
    event.tags.get(name).map_or("", String::as_str)
}

fn view(alarms: Vec<AlarmView>, now: i64) -> Update {
    let symbols = Arc::new(SymbolTable::new([Symbol::new("SPY").expect("a symbol")]));
    let ledger = Ledger { id: "live-1".into(), environment: Environment::Live, account_id: HUNTER.into() };
    let now = Some(Timestamp::from_micros(now));
    let view = Arc::new(View { now, ledger, symbols, alarms: alarms.into(), ..View::default() });
    Update { sequence: 1, view, changes: Vec::new() }
}

fn alarm(id: u64, since: i64) -> AlarmView {
    let alarm = Alarm {
        id: AlarmId(id),
        kind: AlarmKind::StopMissing,
        symbol: None,
        text: format!("the broker said {HUNTER}"),
        since: Timestamp::from_micros(since),
        acknowledged: None,
    };
    AlarmView { alarm, symbol: Some("SPY".into()) }
}

#[test]
fn an_error_of_the_log_is_reported_without_its_text_and_with_what_was_said_before() {
    let ingest = Ingest::start("200 OK");
    let reporter = ingest.reporter(10);
    Follower::default().on_update(&view(Vec::new(), 1), &reporter);
    with_layer(&reporter, || {
        tracing::info!(component = "Data", symbol = "SPY", "the key is {HUNTER}");
        tracing::warn!(component = HUNTER, symbol = HUNTER, password = HUNTER, "postgres://orb:{HUNTER}@db/orb");
        tracing::debug!(component = "Data", "nobody wants to know");
        let error = std::io::Error::other(HUNTER);
        let broker = serde_json::json!({ "message": HUNTER });
        tracing::error!(component = "Store", symbol = %"SPY", account = HUNTER, %error, ?broker, "cannot write to {HUNTER}");
    });
    let event = ingest.event();
    assert_eq!(
        (tag(&event, "kind"), tag(&event, "component"), tag(&event, "symbol"), tag(&event, "times")),
        ("error", "Store", "SPY", "1")
    );
    assert_eq!((tag(&event, "target"), event.environment.as_deref()), ("orbd::reporting::tests", Some("live")));
    assert!(tag(&event, "place").starts_with("orbd/src/reporting/tests.rs:"), "{event:?}");
    assert_eq!(event.message, Some(format!("error at {}", tag(&event, "place"))));
    assert!(event.release.as_deref().is_some_and(|release| release.starts_with("orb@0.")), "{event:?}");
    let crumbs = &event.breadcrumbs.values;
    let of = |index: usize| -> Vec<_> {
        let data = |name: &str| crumbs[index].data.get(name).and_then(|value| value.as_str());
        [data("component"), data("symbol")].into_iter().flatten().collect()
    };
    assert_eq!(crumbs.len(), 2, "{crumbs:?}");
    assert_eq!((of(0), of(1)), (vec!["Data", "SPY"], Vec::new()));
}

#[test]
fn an_alarm_is_reported_once_and_by_what_it_is() {
    let ingest = Ingest::start("200 OK");
    let reporter = ingest.reporter(10);
    let mut follower = Follower::default();
    follower.on_update(&view(vec![alarm(3, 3)], 5), &reporter);
    follower.on_update(&view(vec![alarm(3, 3), alarm(7, 7)], 7), &reporter);
    follower.on_update(&view(vec![alarm(3, 3), alarm(7, 7)], 8), &reporter);
    let event = ingest.event();
    assert_eq!(event.message.as_deref(), Some("alarm stop_missing SPY"));
    assert_eq!(
        (tag(&event, "alarm"), tag(&event, "alarm_id"), event.environment.as_deref()),
        ("stop_missing", "7", Some("live"))
    );
    reporter.finish();
    assert_eq!(ingest.rest(), 0, "that of before the start was reported then, and one that stands is no other");
}

#[tokio::test]
async fn a_panic_in_a_task_is_reported_with_its_place_and_no_text_that_was_put_together() {
    let ingest = Ingest::start("200 OK");
    let reporter = ingest.reporter(10);
    panics::report_to(reporter.clone());
    let secret = HUNTER.to_owned();
    let line = line!() + 1;
    let task = tokio::spawn(async move { panic!("the token is {secret}") });
    assert!(task.await.is_err());
    let event = ingest.event();
    assert_eq!(tag(&event, "place"), format!("orbd/src/reporting/tests.rs:{line}"));
    assert_eq!(event.exception.values[0].value.as_deref(), Some("its text is in orb's own log"));
    let task = tokio::spawn(async { panic!("a rule was broken") });
    assert!(task.await.is_err());
    assert_eq!(ingest.event().exception.values[0].value.as_deref(), Some("a rule was broken"));
}

#[test]
fn a_storm_is_one_event_and_its_count_and_leaves_room_for_others() {
    let ingest = Ingest::start("200 OK");
    let reporter = ingest.reporter(3);
    with_layer(&reporter, || (0..200).for_each(|_| tracing::error!("again")));
    let first = ingest.event();
    with_layer(&reporter, || {
        tracing::error!("another");
        tracing::error!("a third");
        tracing::error!("one too many");
    });
    let (second, third) = (ingest.event(), ingest.event());
    assert_ne!(tag(&second, "place"), tag(&third, "place"));
    reporter.finish();
    assert_eq!(ingest.rest(), 0, "three a minute, also at the end");
    let times: u64 =
        [&first, &second, &third].iter().map(|event| tag(event, "times").parse::<u64>().expect("a count")).sum();
    assert!(times <= 202, "{times}");
}

#[test]
fn what_waits_goes_out_at_the_end() {
    let ingest = Ingest::start("200 OK");
    let reporter = ingest.reporter(10);
    with_layer(&reporter, || (0..50).for_each(|_| tracing::error!("again")));
    reporter.finish();
    let sent = core::iter::repeat_with(|| ingest.event()).scan(0, |sum, event| {
        *sum += tag(&event, "times").parse::<u64>().expect("a count");
        Some(*sum)
    });
    assert!(sent.take(2).any(|sum| sum == 50), "each is counted once");
}

#[test]
fn an_ingest_that_is_dead_holds_nobody_up_and_loses_what_has_no_room() {
    // It takes connections, and nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let dsn = dsn::read(&format!("http://{HUNTER}@127.0.0.1:{port}/7")).expect("a DSN");
    let reporter = Reporter::open(dsn, 10, Environment::Sim).expect("a reporter");
    let meters = crate::monitoring::Meters::default();
    reporter.count_with(&meters);
    with_layer(&reporter, || (0..100_000).for_each(|_| tracing::error!("again")));
    reporter.finish();
    let (_sender, views) = tokio::sync::watch::channel(Arc::new(View::default()));
    let text = crate::monitoring::Monitor::new(views, &meters).text().expect("text");
    let dropped =
        text.lines().find_map(|line| line.strip_prefix("orb_exports_total{what=\"events\",result=\"dropped\"} "));
    assert!(dropped.and_then(|count| count.parse::<u64>().ok()).is_some_and(|count| count > 0), "{text}");
}

#[test]
fn an_ingest_that_refuses_is_not_asked_about_the_same_again() {
    let ingest = Ingest::start("403 Forbidden");
    let reporter = ingest.reporter(10);
    with_layer(&reporter, || tracing::error!("once"));
    assert_eq!(tag(&ingest.event(), "kind"), "error");
    reporter.finish();
    assert_eq!(ingest.rest(), 0);
}

#[tokio::test]
async fn an_ingest_that_does_not_prove_who_it_is_is_told_nothing() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()).into();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the usual versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("a certificate with its key");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let mut stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await.ok()?;
        let mut text = Vec::new();
        stream.read_to_end(&mut text).await.ok().map(|_| text)
    });
    let dsn = dsn::read(&format!("https://{HUNTER}@localhost:{port}/7")).expect("a DSN");
    let posted = post::Ingest::of(&dsn).expect("an ingest").post(b"an envelope".to_vec(), None).await;
    let Posted::Failed { why, wait: None } = &posted else { panic!("{posted:?}") };
    assert_eq!(why, "its certificate is not trusted");
    assert!(served.await.expect("it ends").unwrap_or_default().is_empty());
}

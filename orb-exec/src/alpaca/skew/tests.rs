use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orb_core::{Calendar, Session, SymbolTable};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::*;
use crate::alpaca::{
    AlpacaBroker, AlpacaConfig, BracketSupport, BrokerParts, Credentials, Environment, Feed, RequestLimits, Urls,
};
use crate::{BrokerEvent, EntryGate};

/// Bounds every wait, so that a failure shows as one; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(30);
const HOUR: Span = Span::from_minutes(60);
const NOON: Timestamp = Timestamp::from_micros(1_770_000_000_000_000);

#[track_caller]
fn check(asked: i64, answered: i64, theirs: i64, expected: i64) {
    let at = |millis| Timestamp::from_micros(millis * 1_000);
    let skew = certain_skew(at(asked), at(answered), at(theirs));
    assert_eq!(skew.micros() / 1_000, expected, "{asked} {answered} {theirs}");
}

#[test]
fn the_way_of_the_answer_is_no_skew() {
    check(1_000, 1_000, 1_000, 0);
    check(1_000, 1_000, 3_000, 2_000);
    check(1_000, 1_000, 400, 600);
    check(1_000, 2_000, 2_000, 0);
    check(1_000, 3_000, 2_500, -500);
}

#[test]
fn the_broker_s_clock_says_which_time_is_right_after_a_step() {
    let at = |millis| Timestamp::from_micros(millis * 1_000);
    let verdict = |theirs: Option<i64>, by| Verdict::of(at(1_000), at(1_020), theirs.map(at), Span::from_millis(by));
    assert_eq!(verdict(Some(1_010), 60_000), Verdict::OldIsRight);
    assert_eq!(verdict(Some(61_010), 60_000), Verdict::NewIsRight);
    assert_eq!(verdict(Some(-58_990), -60_000), Verdict::NewIsRight);
    assert_eq!(verdict(Some(30_000), 60_000), Verdict::Unknown);
    assert_eq!(verdict(None, 60_000), Verdict::Unknown);
}

/// A clock whose machine's is set by the test.
#[derive(Clone, Debug)]
struct SetClock {
    now: Arc<AtomicI64>,
    set_by: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Span>>>,
    followed: Arc<AtomicI64>,
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, _: Timestamp) {
        core::future::pending::<()>().await;
    }

    async fn was_set(&self) -> Span {
        match self.set_by.lock().await.recv().await {
            Some(by) => by,
            None => core::future::pending().await,
        }
    }

    fn follow(&self) {
        self.followed.fetch_add(1, Ordering::SeqCst);
    }
}

/// Answers every request with the time that the test put there, and counts the answers.
async fn tell_time(listener: TcpListener, time: Arc<Mutex<Timestamp>>, answered: watch::Sender<u32>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request).await.unwrap();
        let body = format!(r#"{{"timestamp":"{}","is_open":true}}"#, *time.lock().unwrap());
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
        let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        answered.send_modify(|count| *count += 1);
    }
}

fn broker(
    address: std::net::SocketAddr,
    clock: &SetClock,
) -> (AlpacaBroker<SetClock>, mpsc::UnboundedReceiver<BrokerEvent>) {
    let (events, received) = mpsc::unbounded_channel();
    let date = orb_core::Date::from_ymd_opt(2026, 2, 2).unwrap();
    let session = Session { date, open: NOON, close: NOON + HOUR };
    let parts = BrokerParts {
        config: AlpacaConfig {
            environment: Environment::Sim,
            urls: Urls::sim(address),
            feed: Feed::Iex,
            credentials: Credentials { key_id: "KEY".into(), secret: "SECRET".into() },
            limits: RequestLimits { per_minute: 10_000, reserve: 100, timeout: PATIENCE },
        },
        symbols: Arc::new(SymbolTable::new(Vec::new())),
        calendar: Arc::new(Calendar::new(vec![session]).unwrap()),
        gate: EntryGate::default(),
        clock: clock.clone(),
        brackets: BracketSupport::default(),
        events,
    };
    (AlpacaBroker::new(parts).unwrap(), received)
}

#[tokio::test]
async fn a_machine_whose_clock_is_set_holds_entries_until_the_broker_vouches_for_its_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let theirs = Arc::new(Mutex::new(NOON));
    let (answered, mut answers) = watch::channel(0);
    let server = tokio::spawn(tell_time(listener, Arc::clone(&theirs), answered));
    let (set, set_by) = mpsc::unbounded_channel();
    let clock = SetClock {
        now: Arc::new(AtomicI64::new(NOON.micros())),
        set_by: Arc::new(tokio::sync::Mutex::new(set_by)),
        followed: Arc::default(),
    };
    let (broker, mut events) = broker(address, &clock);
    let stop = CancellationToken::new();
    let watching = tokio::spawn(watch(broker.handle(), clock.clone(), stop.clone()));
    let mut next = async || tokio::time::timeout(PATIENCE, events.recv()).await.expect("in time").expect("an event");
    let is = |event: &BrokerEvent, state: FeedState| matches!(event, BrokerEvent::Feed(told) if *told == state);

    // The first comparison finds nothing.
    tokio::time::timeout(PATIENCE, answers.wait_for(|count| *count == 1)).await.expect("in time").unwrap();
    // The broker knows neither time: entries are held.
    *theirs.lock().unwrap() = NOON + Span::from_minutes(7);
    set.send(HOUR).unwrap();
    let event = next().await;
    assert!(is(&event, FeedState::Trouble(HoldKind::ClockSkew)), "{event:?}");
    assert_eq!(clock.followed.load(Ordering::SeqCst), 0);

    // It agrees with the time of before: entries go on, and so does this time.
    *theirs.lock().unwrap() = NOON;
    set.send(Span::from_minutes(-60)).unwrap();
    let event = next().await;
    assert!(is(&event, FeedState::Recovered(HoldKind::ClockSkew)), "{event:?}");
    assert_eq!(clock.followed.load(Ordering::SeqCst), 0);

    // It agrees with the new time: that is gone over to, and entries are held until then.
    *theirs.lock().unwrap() = NOON + HOUR;
    set.send(HOUR).unwrap();
    let event = next().await;
    assert!(is(&event, FeedState::Trouble(HoldKind::ClockSkew)), "{event:?}");
    assert_eq!(clock.followed.load(Ordering::SeqCst), 1);

    stop.cancel();
    watching.await.unwrap();
    server.abort();
}

//! Log lines, from their making to their being found.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orb_core::effect::{Component, Severity};
use tracing_subscriber::layer::SubscriberExt as _;

use super::Database;
use super::samples::at;
use crate::store::{LogFilter, LogLayer, LogLine, LogOptions, LogSearch, LogSender, LogWriter, PageRequest, Reader};
use crate::view::LogView;

const PATIENCE: Duration = Duration::from_secs(20);

fn line(message: &str) -> LogLine {
    LogLine {
        at: at(1),
        engine_time: None,
        severity: Some(Severity::Info),
        component: Component::Executor,
        message: message.to_owned(),
        fields: Vec::new(),
        ledger_id: None,
        strategy: None,
    }
}

type Written = Arc<Mutex<Vec<LogView>>>;

fn open(database: &Database, options: LogOptions) -> (LogWriter, LogSender, Written) {
    let written: Written = Arc::default();
    let told = Arc::clone(&written);
    let writer = LogWriter::open(&database.url, options, move |lines| told.lock().expect("a lock").extend(lines));
    let writer = writer.expect("a log");
    let sender = writer.sender();
    (writer, sender, written)
}

fn list(reader: &Reader, filter: &LogFilter) -> Vec<LogView> {
    reader.list_logs(filter, &PageRequest::first(1000)).expect("log lines").rows
}

pub(super) fn lines_come_back(database: &Database) {
    let (writer, sender, written) = open(database, LogOptions::default());
    let severities = [None, Some(Severity::Info), Some(Severity::Warn), Some(Severity::Error)];
    for (number, severity) in severities.into_iter().enumerate() {
        sender.send(LogLine {
            at: at(number as i64),
            engine_time: Some(at(7)),
            severity,
            component: if number == 0 { Component::Store } else { Component::Alpaca },
            fields: vec![("price".to_owned(), "1.5".to_owned()), ("symbol".to_owned(), "NVDA".to_owned())],
            ledger_id: Some("sim-1".to_owned()),
            strategy: Some("orb-classic".to_owned()),
            ..line(&format!("line {number}"))
        });
    }
    assert!(writer.flush(PATIENCE));
    let mut told = written.lock().expect("a lock").clone();
    assert!(told.windows(2).all(|pair| pair[0].id < pair[1].id));
    told.reverse();
    drop(writer);
    let reader = database.reader();
    assert_eq!(list(&reader, &LogFilter::default()), told, "what was told is what is stored, newest first");
    let count = |filter: LogFilter| list(&reader, &filter).len();
    assert_eq!(count(LogFilter { severity_min: Some(Severity::Warn), ..LogFilter::default() }), 2);
    assert_eq!(count(LogFilter { components: vec![Component::Store], ..LogFilter::default() }), 1);
    assert_eq!(count(LogFilter { from: Some(at(1)), to: Some(at(3)), ..LogFilter::default() }), 2);
    let first = reader.list_logs(&LogFilter::default(), &PageRequest::first(3)).expect("a page");
    let second = PageRequest { size: 3, token: first.next };
    let second = reader.list_logs(&LogFilter::default(), &second).expect("a page");
    assert_eq!((second.rows.len(), second.next), (1, None));
}

pub(super) fn words_are_found(database: &Database) {
    let messages = [
        "Order rejected by the broker",
        "up 100% today",
        "up 1000 today",
        "a_b and a\\b",
        "it's a 'quoted' \"text\" OR NOT",
        "Straße ΛΌΓΟΣ",
    ];
    let (writer, sender, written) = open(database, LogOptions::default());
    messages.iter().for_each(|message| sender.send(line(message)));
    drop(writer);
    let reader = database.reader();
    let searches = [
        ("order rej", 1),
        ("ord rejected", 0),
        ("UP today", 2),
        ("up 100% today", 1),
        ("up 100", 2),
        ("%", 6),
        ("_", 6),
        ("a_b", 1),
        ("a\\b", 1),
        ("it's", 1),
        ("quoted text or not", 1),
        ("or", 2),
        ("straße λόγ", 1),
        ("' OR '1'='1", 0),
        ("", 6),
    ];
    let lines = written.lock().expect("a lock").clone();
    for (text, expected) in searches {
        let search = LogSearch::parse(text);
        let live = lines.iter().filter(|line| search.matches(line)).count();
        let found = list(&reader, &LogFilter { search, ..LogFilter::default() }).len();
        assert_eq!((found, live), (expected, expected), "`{text}`");
    }
}

pub(super) fn lines_that_do_not_fit_are_counted(database: &Database) {
    let (writer, sender, written) = open(database, LogOptions { queue_lines: 10, batch_lines: 10 });
    for number in 0..5_000 {
        sender.send(line(&format!("line {number}")));
    }
    drop(writer);
    let lines = written.lock().expect("a lock").clone();
    let dropped: u64 = lines
        .iter()
        .filter(|line| line.message.ends_with("log lines were dropped"))
        .flat_map(|line| line.fields.iter())
        .map(|(_, count)| count.parse::<u64>().expect("a count"))
        .sum();
    let stored = lines.iter().filter(|line| line.message.starts_with("line ")).count() as u64;
    assert!(dropped > 0, "the queue was never full");
    assert_eq!(stored + dropped + sender.dropped(), 5_000);
    sender.send(line("too late"));
    assert!(sender.dropped() > 0, "after its end lines are dropped, not an error");
}

pub(super) fn events_become_lines(database: &Database) {
    let (writer, sender, _) = open(database, LogOptions::default());
    let subscriber = tracing_subscriber::registry().with(LogLayer::new(sender));
    tracing::subscriber::with_default(subscriber, || {
        let span =
            tracing::info_span!("order", symbol = "NVDA", strategy = "orb-classic", attempt = tracing::field::Empty);
        span.record("attempt", 3);
        let _entered = span.enter();
        tracing::warn!(component = "RiskManager", engine_time = 7, api_token = "s3cret", price = %1.5, "no slot");
        tracing::debug!(target: "orb_data::bars", "read {} bars", 7);
    });
    drop(writer);
    let lines = list(&database.reader(), &LogFilter::default());
    let [debug, warn] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(
        (warn.severity, warn.component, warn.message.as_str()),
        (Some(Severity::Warn), Component::RiskManager, "no slot")
    );
    assert_eq!((warn.strategy.as_deref(), warn.engine_time.map(|time| time.micros())), (Some("orb-classic"), Some(7)));
    let fields: Vec<(&str, &str)> = warn.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(fields, [("api_token", "[redacted]"), ("attempt", "3"), ("price", "1.5"), ("symbol", "NVDA")]);
    assert_eq!((debug.severity, debug.component, debug.message.as_str()), (None, Component::Data, "read 7 bars"));
}

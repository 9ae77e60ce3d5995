//! Log lines, from their making to their being found.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orb_core::effect::{Component, Severity};
use tracing_subscriber::layer::SubscriberExt as _;

use super::Database;
use super::samples::at;
use crate::store::connect::{AnyConn, Purpose, connect};
use crate::store::{
    LogFilter, LogLayer, LogLine, LogOptions, LogSearch, LogSender, LogWriter, PageRequest, Reader, Retention,
};
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
        // Operators of either database are only separators, and words have no other forms.
        ("NOT quoted", 1),
        ("rejected*", 1),
        ("rejec* order", 0),
        ("\"order rejected\"", 1),
        ("rejected order", 1),
        ("order NEAR broker", 0),
        ("order & rejected", 1),
        ("order | filled", 0),
        ("!order", 1),
        ("-order", 1),
        ("^order", 1),
        ("search:order", 0),
        ("order:*", 1),
        ("order <-> broker", 1),
        ("(order)", 1),
        ("orders", 0),
        ("reject broker", 0),
        ("\\", 6),
        ("$1 ?1 :name", 0),
    ];
    let lines = written.lock().expect("a lock").clone();
    for (text, expected) in searches {
        let search = LogSearch::parse(text);
        let live = lines.iter().filter(|line| search.matches(line)).count();
        let found = list(&reader, &LogFilter { search, ..LogFilter::default() }).len();
        assert_eq!((found, live), (expected, expected), "`{text}`");
    }
}

/// Texts of which databases have notions of their own: numbers, addresses, hyphens, other alphabets, long words.
const CORPUS: [&str; 16] = [
    "1e5 1E5 12.5 -12.5 +3 0x1f 1_000",
    "https://paper-api.example/v2/orders?status=all&limit=500",
    "ann@example.com re-used the stop-limit",
    "\u{130}stanbul istanbul \u{131}stanbul",
    "caf\u{e9} cafe\u{301} CAFE",
    "\u{6ce8}\u{6587} \u{62d2}\u{5426} \u{6ce8}\u{6587}\u{62d2}\u{5426}",
    "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
    "\u{391}\u{3a3} \u{3b1}\u{3c3} \u{3b1}\u{3c2}",
    "running runs ran run",
    "the of and a",
    "",
    "   \t ",
    "\u{0}nul\u{1}one",
    "\u{2460}\u{b2} \u{ff11}\u{ff12}",
    "O'Brien \"x\" \\ % _ * : & | ! ( ) <-> ^ - +",
    "emoji \u{1f680}launch",
];

pub(super) fn words_mean_the_same_as_without_a_database(database: &Database) {
    let long = format!("{}tail {}", "x".repeat(300), "y".repeat(20_000));
    let many: String = (0..6_000).map(|number| format!("w{number} ")).collect();
    let (writer, sender, written) = open(database, LogOptions::default());
    CORPUS.into_iter().chain([long.as_str(), many.as_str()]).for_each(|message| {
        sender.send(line(message));
    });
    assert!(writer.flush(PATIENCE));
    let lines = written.lock().expect("a lock").clone();
    assert_eq!(lines.len(), CORPUS.len() + 2);
    let reader = database.reader();
    let pieces = CORPUS.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned);
    let prefixes = CORPUS.iter().map(|text| text.chars().take(3).collect());
    let more =
        ["x".repeat(127), "x".repeat(128), "x".repeat(400), "w1".to_owned(), "w5999".to_owned(), "run ru".to_owned()];
    let mut hits = 0;
    for text in pieces.chain(prefixes).chain(more) {
        let search = LogSearch::parse(&text);
        let live: Vec<u64> = lines.iter().rev().filter(|line| search.matches(line)).map(|line| line.id).collect();
        let found = list(&reader, &LogFilter { search, ..LogFilter::default() });
        let found: Vec<u64> = found.iter().map(|line| line.id).collect();
        assert_eq!(found, live, "`{text}`");
        hits += live.len();
    }
    assert!(hits > 60, "{hits}");
}

/// Waits until a condition holds, for as long as no test needs.
#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..4_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{what}");
}

fn aged(days: i64, message: &str) -> LogLine {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).expect("a time");
    let micros = i64::try_from(now.as_micros()).expect("a time") - days * 86_400_000_000;
    LogLine { at: orb_core::Timestamp::from_micros(micros), ..line(message) }
}

pub(super) fn old_lines_are_removed_and_their_words_too(database: &Database) {
    let (writer, sender, _) = open(database, LogOptions::default());
    (0..1_500).for_each(|number| sender.send(aged(31, &format!("old {number}"))));
    (0..20).for_each(|number| sender.send(aged(29, &format!("young {number}"))));
    assert!(writer.flush(PATIENCE));
    drop(writer);
    let count = |text: &str| {
        let filter = LogFilter { search: LogSearch::parse(text), ..LogFilter::default() };
        list(&database.reader(), &filter).len()
    };
    assert_eq!((count("old"), count("young")), (1000, 20), "nothing is removed where that was not asked for");
    let options = LogOptions { retention: Retention::default(), ..LogOptions::default() };
    let (writer, sender, _) = open(database, options);
    until("the old lines stay", || list(&database.reader(), &LogFilter::default()).len() == 20);
    assert_eq!((count("old"), count("young")), (0, 20));
    sender.send(aged(0, "young 20"));
    assert!(writer.flush(PATIENCE), "it goes on writing");
    assert_eq!(count("young"), 21);
}

pub(super) fn the_oldest_lines_go_when_there_are_too_many(database: &Database) {
    let (writer, sender, _) = open(database, LogOptions::default());
    let long = "many words of some length ".repeat(40);
    (0..4_000).for_each(|number| sender.send(aged(1, &format!("{number} {long}"))));
    assert!(writer.flush(PATIENCE));
    drop(writer);
    let options = LogOptions { retention: Retention { days: None, megabytes: Some(2) }, ..LogOptions::default() };
    let (writer, _, _) = open(database, options);
    let oldest = || {
        let filter = LogFilter { search: LogSearch::parse("0 many"), ..LogFilter::default() };
        list(&database.reader(), &filter).len()
    };
    until("the oldest line stays", || oldest() == 0);
    drop(writer);
    let newest = LogFilter { search: LogSearch::parse("3999 many"), ..LogFilter::default() };
    assert_eq!(list(&database.reader(), &newest).len(), 1, "the newest is kept");
}

pub(super) fn logs_that_hang_delay_no_commit(database: &Database) {
    use diesel::connection::SimpleConnection as _;
    let mut records = database.writer();
    let (_writer, sender, _) = open(database, LogOptions { queue_lines: 4, ..LogOptions::default() });
    let mut locked = connect(&database.url, Purpose::WriteLogs).expect("a connection");
    let lock = match &locked {
        AnyConn::Sqlite(_) => "BEGIN IMMEDIATE",
        AnyConn::Postgres(_) => "BEGIN; LOCK TABLE logs IN ACCESS EXCLUSIVE MODE",
    };
    locked.batch_execute(lock).expect("a lock");
    for number in 0..20 {
        sender.send(line(&format!("line {number}")));
        super::samples::commit(&mut records, &[]);
    }
    assert_eq!(records.last_sequence(), 20);
    locked.batch_execute("COMMIT").expect("the end of the lock");
}

pub(super) fn lines_that_do_not_fit_are_counted(database: &Database) {
    let (writer, sender, written) =
        open(database, LogOptions { queue_lines: 10, batch_lines: 10, ..LogOptions::default() });
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

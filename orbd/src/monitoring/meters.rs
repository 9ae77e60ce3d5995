//! What is counted as it happens, for Prometheus: shared by all parts, and read when somebody asks.
//!
//! Counting is an addition to a number in memory; nothing waits for it.

use core::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orb_core::effect::EffectClass;
use orb_core::{Span, Timestamp};
use orb_exec::Waiting;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::spill::Kept;

/// Seconds of the first bucket of every histogram: 0.1 ms.
const SHORTEST: f64 = 0.000_1;
/// Each bucket is so many times as wide as the one before.
const FACTOR: f64 = 2.0;
/// Buckets of every histogram; the last one ends at 52 s.
const BUCKETS: u16 = 20;

/// Names a label's value that is one of a few.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$of])* $variant,)+
        }

        impl $name {
            /// Lists all values.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Returns the value's name in the figures.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> core::fmt::Result {
                self.name().encode(encoder)
            }
        }
    };
}

label! {
    /// Says what became of a notice, or of an attempt to send some.
    Told {
        /// The channel took it.
        Sent = "sent",
        /// An attempt failed and is made again; this counts attempts.
        Retried = "retried",
        /// The channel refused it for good.
        Failed = "failed",
        /// It found no room, or no time before the end.
        Dropped = "dropped",
    }
}

label! {
    /// Says what became of a reload of the configuration.
    Reload {
        /// What had changed is in force.
        Applied = "applied",
        /// Nothing had changed.
        Unchanged = "unchanged",
        /// A change must wait for a start, so that nothing was taken up.
        Refused = "refused",
        /// The file or a secret is not as it must be.
        Invalid = "invalid",
    }
}

label! {
    /// Names a queue between two parts of orb.
    Queue {
        /// Commands of clients that the engine has not taken.
        Commands = "commands",
        /// Reports of the broker that the engine has not taken.
        BrokerReports = "broker_reports",
        /// Bars, their corrections and halts that the engine has not taken.
        MarketNews = "market_news",
        /// Trades that the engine has not taken.
        MarketTrades = "market_trades",
        /// Quotes that the engine has not taken, one of each symbol at most.
        MarketQuotes = "market_quotes",
        /// Inputs that are not handed to the store.
        Recorder = "recorder",
        /// Commits that the store has and has not made.
        Store = "store",
        /// Log lines that are not written.
        Log = "log",
    }
}

label! {
    /// Names what goes to those who watch many machines.
    Outlet {
        /// Events for Sentry.
        Events = "events",
        /// Spans for a collector of OpenTelemetry.
        Spans = "spans",
    }
}

label! {
    /// Says what became of it.
    Exported {
        /// It was taken.
        Sent = "sent",
        /// It found no room, was refused, or had no time before the end.
        Dropped = "dropped",
    }
}

label! {
    /// Names what brings news.
    Stream {
        /// Bars of minutes, and their corrections.
        Bars = "bars",
        /// Trades.
        Trades = "trades",
        /// Quotes.
        Quotes = "quotes",
        /// Halts of trading.
        Halts = "halts",
        /// What the broker tells of orders and positions.
        Broker = "broker",
    }
}

/// Names how a commit was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct KeptIn(Kept);

impl EncodeLabelValue for KeptIn {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> core::fmt::Result {
        let name = match self.0 {
            Kept::Committed => "records",
            Kept::Spilled => "spill_file",
            Kept::Volatile => "memory",
        };
        name.encode(encoder)
    }
}

/// The classes, by urgency.
const CLASSES: [EffectClass; 5] =
    [EffectClass::Exit, EffectClass::Protect, EffectClass::Cancel, EffectClass::Query, EffectClass::Entry];

/// Names a class of what is asked of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Class(EffectClass);

impl EncodeLabelValue for Class {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> core::fmt::Result {
        let name = match self.0 {
            EffectClass::Exit => "exit",
            EffectClass::Protect => "protect",
            EffectClass::Cancel => "cancel",
            EffectClass::Query => "query",
            EffectClass::Entry => "entry",
        };
        name.encode(encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Notification {
    channel: String,
    result: Told,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReload {
    result: Reload,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfQueue {
    queue: Queue,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStream {
    stream: Stream,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutlet {
    what: Outlet,
    result: Exported,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKept {
    kept: KeptIn,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfClass {
    class: Class,
}

/// A histogram of seconds.
#[derive(Clone, Debug)]
struct Seconds(Histogram);

impl Default for Seconds {
    fn default() -> Self {
        Self(Histogram::new(exponential_buckets(SHORTEST, FACTOR, BUCKETS)))
    }
}

/// Counts what happens; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Meters {
    notifications: Family<Notification, Counter>,
    exports: Family<OfOutlet, Counter>,
    commits: Family<OfKept, Counter>,
    commit_duration: Seconds,
    broker_answer: Answers,
    signal_acknowledgement: Seconds,
    fill_protection: Seconds,
    unprotected: Counter<f64, AtomicU64>,
    reconcile_differences: Counter,
    reconcile_breaks: Counter,
    queues: Family<OfQueue, Gauge>,
    watched: Watched,
    heard: Heard,
    ages: Family<OfStream, Gauge<f64, AtomicU64>>,
    stream_clients: Gauge,
    config_reloads: Family<OfReload, Counter>,
    config_loaded: Gauge<f64, AtomicU64>,
}

/// Tells how much waits in a queue.
type Depth = Box<dyn Fn() -> usize + Send + Sync>;

/// The queues that are looked at when somebody asks.
#[derive(Clone, Default)]
struct Watched(Arc<Mutex<Vec<(Queue, Depth)>>>);

impl core::fmt::Debug for Watched {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Watched")
    }
}

/// When each stream brought something last, in microseconds of the engine's clock; 0 before the first time.
#[derive(Clone, Debug, Default)]
struct Heard(Arc<[AtomicI64; Stream::ALL.len()]>);

/// How long the broker takes, by class.
#[derive(Clone, Debug)]
struct Answers(Family<OfClass, Histogram>);

impl Default for Answers {
    fn default() -> Self {
        Self(Family::new_with_constructor(|| Seconds::default().0))
    }
}

impl Meters {
    /// Counts notices of a channel; none makes the series.
    pub fn notifications(&self, channel: &str, result: Told, count: u64) {
        self.notifications.get_or_create(&Notification { channel: channel.to_owned(), result }).inc_by(count);
    }

    /// Counts what was given to an outlet.
    #[cfg_attr(not(any(feature = "sentry", feature = "otel")), expect(dead_code, reason = "no outlet was built"))]
    pub(crate) fn exported(&self, what: Outlet, result: Exported, count: u64) {
        self.exports.get_or_create(&OfOutlet { what, result }).inc_by(count);
    }

    /// Counts a commit, and how long the engine waited for it.
    pub(crate) fn committed(&self, kept: Kept, took: Duration) {
        self.commits.get_or_create(&OfKept { kept: KeptIn(kept) }).inc();
        self.commit_duration.0.observe(took.as_secs_f64());
    }

    /// Notes how long it took from handing something to the broker's sender to what came of it.
    pub(crate) fn answered(&self, class: EffectClass, took: Duration) {
        self.broker_answer.0.get_or_create(&OfClass { class: Class(class) }).observe(took.as_secs_f64());
    }

    /// Notes how long it took from a signal to the broker's word that it has the order.
    pub(super) fn signal_acknowledged(&self, took: Span) {
        self.signal_acknowledgement.0.observe(seconds(took));
    }

    /// Notes how long it took from an entry's fill until working stops covered the position.
    pub(super) fn fill_protected(&self, took: Span) {
        self.fill_protection.0.observe(seconds(took));
    }

    /// Adds time that a position was not covered.
    pub(super) fn unprotected(&self, time: Span) {
        self.unprotected.inc_by(seconds(time));
    }

    /// Counts a comparison that found books and broker different; most are over with the next one.
    pub(crate) fn differed(&self) {
        self.reconcile_differences.inc();
    }

    /// Counts a difference that lasted.
    pub(crate) fn broke(&self) {
        self.reconcile_breaks.inc();
    }

    /// Says how much waits in a queue.
    pub(crate) fn waiting(&self, queue: Queue, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.queues.get_or_create(&OfQueue { queue }).set(count);
    }

    /// Asks how much waits in a queue each time when the figures are read, in place of what was asked before.
    pub(crate) fn watch(&self, queue: Queue, depth: impl Fn() -> usize + Send + Sync + 'static) {
        // The list is whole after each statement.
        let mut watched = self.watched.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|(other, _)| *other != queue);
        watched.push((queue, Box::new(depth)));
    }

    /// Asks a venue's market data how much waits there each time when the figures are read.
    pub(crate) fn watch_market(&self, waiting: Box<dyn Fn() -> Waiting + Send + Sync>) {
        let waiting: Arc<dyn Fn() -> Waiting + Send + Sync> = waiting.into();
        let watch = |queue, count: fn(Waiting) -> usize| {
            let waiting = Arc::clone(&waiting);
            self.watch(queue, move || count(waiting()));
        };
        watch(Queue::MarketNews, |waiting| waiting.news);
        watch(Queue::MarketTrades, |waiting| waiting.trades);
        watch(Queue::MarketQuotes, |waiting| waiting.quotes);
    }

    /// Notes that a stream brought something.
    pub(crate) fn heard(&self, stream: Stream, at: Timestamp) {
        self.heard.0[stream as usize].store(at.micros(), Ordering::Relaxed);
    }

    /// Looks at what changes by itself, at a time of the engine's clock; `None` before its first event.
    pub(super) fn look(&self, now: Option<Timestamp>) {
        for (queue, depth) in self.watched.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            self.waiting(*queue, depth());
        }
        let Some(now) = now else { return };
        for &stream in Stream::ALL {
            let at = self.heard.0[stream as usize].load(Ordering::Relaxed);
            if at != 0 {
                let age = (now - Timestamp::from_micros(at)).max(Span::ZERO);
                self.ages.get_or_create(&OfStream { stream }).set(seconds(age));
            }
        }
    }

    /// Counts a reload of the configuration.
    pub(crate) fn config_reloaded(&self, result: Reload) {
        self.config_reloads.get_or_create(&OfReload { result }).inc();
    }

    /// Notes when the configuration in force was read, on the wall clock.
    pub(crate) fn config_loaded(&self, at: Timestamp) {
        self.config_loaded.set(at.micros() as f64 / 1e6);
    }

    /// Counts a stream until what is returned is dropped.
    pub(crate) fn stream(&self) -> StreamClient {
        self.stream_clients.inc();
        StreamClient(self.stream_clients.clone())
    }

    /// Adds everything to what is shown; each series of a known name is there from the start.
    pub(crate) fn register(&self, registry: &mut Registry) {
        for kept in [Kept::Committed, Kept::Spilled, Kept::Volatile] {
            drop(self.commits.get_or_create(&OfKept { kept: KeptIn(kept) }));
        }
        for class in CLASSES {
            drop(self.broker_answer.0.get_or_create(&OfClass { class: Class(class) }));
        }
        Queue::ALL.iter().for_each(|queue| self.waiting(*queue, 0));
        let help = "Notices by channel and by what became of them; retried counts attempts";
        registry.register("notifications", help, self.notifications.clone());
        for (what, result) in Outlet::ALL.iter().flat_map(|what| Exported::ALL.iter().map(move |result| (what, result)))
        {
            drop(self.exports.get_or_create(&OfOutlet { what: *what, result: *result }));
        }
        let help = "Events for Sentry and spans for OpenTelemetry by what became of them";
        registry.register("exports", help, self.exports.clone());
        registry.register("commits", "Commits by where they were kept", self.commits.clone());
        let mut timed = |name, help, histogram: &Seconds| {
            registry.register_with_unit(name, help, Unit::Seconds, histogram.0.clone());
        };
        timed("commit_duration", "How long the engine waited for a commit", &self.commit_duration);
        let help = "From a signal to the broker's word that it has the order, by the engine's clock";
        timed("signal_acknowledgement", help, &self.signal_acknowledgement);
        let help = "From an entry's fill until working stops covered the position, by the engine's clock";
        timed("fill_protection", help, &self.fill_protection);
        let help = "From handing something to the broker's sender to what came of it";
        registry.register_with_unit("broker_answer", help, Unit::Seconds, self.broker_answer.0.clone());
        let help = "Time for which positions were not covered by working stops, summed over positions";
        registry.register_with_unit("unprotected", help, Unit::Seconds, self.unprotected.clone());
        let help = "Comparisons that found books and broker different";
        registry.register("reconcile_differences", help, self.reconcile_differences.clone());
        registry.register("reconcile_breaks", "Differences that lasted", self.reconcile_breaks.clone());
        registry.register("queue_depth", "What waits between two parts of orb", self.queues.clone());
        let help = "Age of what a stream brought last, by the engine's clock";
        registry.register_with_unit("stream_age", help, Unit::Seconds, self.ages.clone());
        registry.register("stream_clients", "Streams that clients have open", self.stream_clients.clone());
        for result in Reload::ALL {
            drop(self.config_reloads.get_or_create(&OfReload { result: *result }));
        }
        let help = "Reloads of the configuration by what became of them";
        registry.register("config_reloads", help, self.config_reloads.clone());
        let help = "When the configuration in force was read, seconds since 1970";
        let loaded = self.config_loaded.clone();
        registry.register_with_unit("config_last_reload_success_timestamp", help, Unit::Seconds, loaded);
    }
}

/// Stands for an open stream.
#[derive(Debug)]
pub(crate) struct StreamClient(Gauge);

impl Drop for StreamClient {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn seconds(span: Span) -> f64 {
    span.micros() as f64 / 1e6
}

//! What the stream has told so far.

use std::{collections::BTreeMap, time::Duration};

use orb_api::{
    decimal,
    time::timestamp_to_micros,
    v1::{
        GetAccountResponse, GetStatusResponse, IntradayEquityPoint, Ledger, LogEntry, Position, PositionsUpdate,
        Signal, WatchResponse, watch_response::Event,
    },
};
use prost_types::Timestamp;

use crate::follow::Told;

/// Lines of the log that are kept.
const LOG_LINES_MAX: usize = 500;
/// Signals that are kept.
const SIGNALS_MAX: usize = 500;
/// Points of the curve that are kept: two for each second of a session.
const POINTS_MAX: usize = 50_000;
/// The server sends a heartbeat each second: after this silence what is shown may be wrong.
const SILENCE_MAX: Duration = Duration::from_secs(3);

/// How the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Nothing has come yet.
    Connecting,
    /// Messages come.
    Live,
    /// It is lost, for this reason, and asked for again.
    Lost(String),
}

/// The equity at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// Microseconds since 1970-01-01 UTC.
    pub(crate) time: i64,
    /// Micro-dollars.
    pub(crate) equity: i64,
}

/// Everything that a trader looks at.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) link: Link,
    pub(crate) ledger: Option<Ledger>,
    pub(crate) status: Option<GetStatusResponse>,
    pub(crate) account: Option<GetAccountResponse>,
    /// By symbol and strategy.
    pub(crate) positions: BTreeMap<(String, String), Position>,
    /// Of the session, oldest first.
    pub(crate) signals: Vec<Signal>,
    /// Of the session, oldest first.
    pub(crate) points: Vec<Point>,
    /// Oldest first.
    pub(crate) logs: Vec<LogEntry>,
    /// The engine's clock, by the newest message that told it.
    pub(crate) engine_time: Option<Timestamp>,
    /// When the newest message came, since the screen was opened. Absent before the first.
    heard: Option<Duration>,
}

impl Board {
    /// Makes a board that knows nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            link: Link::Connecting,
            ledger: None,
            status: None,
            account: None,
            positions: BTreeMap::new(),
            signals: Vec::new(),
            points: Vec::new(),
            logs: Vec::new(),
            engine_time: None,
            heard: None,
        }
    }

    /// Takes what the stream has brought. `now`: since the screen was opened.
    pub(crate) fn on_told(&mut self, told: Told<WatchResponse>, now: Duration) {
        match told {
            Told::Lost(why) => self.link = Link::Lost(why),
            Told::Message(message) => {
                self.link = Link::Live;
                self.heard = Some(now);
                if let Some(event) = message.event {
                    self.on_event(event);
                }
            }
        }
    }

    /// Returns how long nothing has come; nothing while that is in order.
    pub(crate) fn silence(&self, now: Duration) -> Option<Duration> {
        let silence = now.saturating_sub(self.heard?);
        (silence > SILENCE_MAX).then_some(silence)
    }

    /// Whether what is shown may be wrong.
    pub(crate) fn is_stale(&self, now: Duration) -> bool {
        self.link != Link::Live || self.silence(now).is_some()
    }

    /// Returns the equity that the day's result counts from, in micro-dollars. Absent when unknown.
    pub(crate) fn open_equity(&self) -> Option<i64> {
        let account = self.account.as_ref()?;
        account.session_open_equity.as_deref().and_then(|equity| decimal::to_micros(equity).ok())
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Heartbeat(beat) => self.engine_time = beat.engine_time.or(self.engine_time.take()),
            Event::Resumed(_) => {}
            Event::LedgerChanged(change) => {
                // Other books: nothing of the old ones may stay on the screen.
                let ledger = change.ledger;
                *self = Self { link: Link::Live, heard: self.heard, ledger, ..Self::new() };
            }
            Event::StatusSnapshot(snapshot) => self.status(snapshot.status),
            Event::StatusUpdate(status) => self.status(Some(status)),
            Event::Account(account) => self.account = Some(account),
            Event::PositionsSnapshot(snapshot) => {
                self.positions.clear();
                self.put(snapshot.positions);
            }
            Event::PositionsUpdate(update) => self.change(update),
            Event::FillsSnapshot(_) | Event::FillsUpdate(_) => {}
            Event::EquitySnapshot(snapshot) => {
                self.points.clear();
                self.plot(&snapshot.points);
            }
            Event::EquityUpdate(update) => self.plot(&update.points),
            Event::SignalsSnapshot(snapshot) => {
                self.signals.clear();
                self.follow(snapshot.signals);
            }
            Event::SignalsUpdate(update) => self.follow(update.signals),
            Event::LogsSnapshot(snapshot) => self.log(snapshot.entries),
            Event::LogsUpdate(update) => self.log(update.entries),
        }
    }

    fn status(&mut self, status: Option<GetStatusResponse>) {
        let Some(status) = status else { return };
        self.ledger = status.ledger.clone().or(self.ledger.take());
        self.engine_time = status.engine_time.or(self.engine_time.take());
        self.status = Some(status);
    }

    fn put(&mut self, positions: Vec<Position>) {
        for position in positions {
            self.positions.insert((position.symbol.clone(), position.strategy.clone()), position);
        }
    }

    fn change(&mut self, update: PositionsUpdate) {
        for key in update.removed {
            self.positions.remove(&(key.symbol, key.strategy));
        }
        self.put(update.changed);
    }

    fn follow(&mut self, signals: Vec<Signal>) {
        for signal in signals {
            match self.signals.iter_mut().find(|known| known.id == signal.id) {
                Some(known) => *known = signal,
                None => self.signals.push(signal),
            }
        }
        forget(&mut self.signals, SIGNALS_MAX);
    }

    fn plot(&mut self, points: &[IntradayEquityPoint]) {
        let point = |point: &IntradayEquityPoint| {
            let time = timestamp_to_micros(point.time.as_ref()?).ok()?;
            Some(Point { time, equity: decimal::to_micros(&point.equity).ok()? })
        };
        self.points.extend(points.iter().filter_map(point));
        forget(&mut self.points, POINTS_MAX);
    }

    fn log(&mut self, entries: Vec<LogEntry>) {
        // A snapshot after a loss repeats lines that are known.
        let last = self.logs.last().map_or(0, |entry| entry.id);
        self.logs.extend(entries.into_iter().filter(|entry| entry.id > last));
        forget(&mut self.logs, LOG_LINES_MAX);
    }
}

/// Drops the oldest until at most `most` are left.
fn forget<T>(items: &mut Vec<T>, most: usize) {
    items.drain(..items.len().saturating_sub(most));
}

//! The deadlines of a trading day.

use crate::calendar::Session;
use crate::config::{StrategyConfig, StrategyId};
use crate::time::{Span, Timestamp};

/// How long after the close the day's books are ended.
pub const SESSION_END_GRACE: Span = Span::from_seconds(60);
/// How long after the end-of-day flatten a position that is still held is closed again.
pub const SECOND_FLATTEN_AFTER: Span = Span::from_seconds(90);

/// Names what a deadline of the day is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tick {
    /// The opening range of a strategy is over.
    RangeEnd(StrategyId),
    /// No entries of a strategy from now on.
    EntryEnd(StrategyId),
    /// A strategy's positions are to be closed.
    Flatten(StrategyId),
    /// What is still held of a strategy is to be closed again.
    FlattenAgain(StrategyId),
    /// The day is over.
    SessionEnd,
}

/// Holds when a strategy acts on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// First instant after the opening range.
    pub range_end: Timestamp,
    /// First instant without entries.
    pub entry_end: Timestamp,
    /// When positions are closed.
    pub flatten_at: Timestamp,
}

impl Windows {
    /// Returns the windows of a strategy in a session: all relative to the session's own open and close.
    #[must_use]
    pub fn of(strategy: &StrategyConfig, session: &Session) -> Self {
        let flatten_at = session.close - strategy.flatten_before_close;
        let cutoff = strategy.entry_cutoff.map_or(flatten_at, |cutoff| session.close - cutoff);
        Self {
            range_end: session.open + Span::from_minutes(i64::from(strategy.range_minutes)),
            entry_end: cutoff.min(flatten_at),
            flatten_at,
        }
    }
}

/// Gives out the deadlines of the day in their order.
#[derive(Clone, Debug, Default)]
pub struct SessionClock {
    session: Option<Session>,
    windows: Vec<Windows>,
    /// The deadlines to come, the next one last.
    pending: Vec<(Timestamp, Tick)>,
}

impl SessionClock {
    /// Begins a day.
    ///
    /// The ends of the entry window and of the day take effect at the end of the bar that they fall into: what
    /// happened in that bar is only known then.
    pub fn begin(&mut self, session: Session, strategies: &[StrategyConfig], bar_length: Span) {
        self.session = Some(session);
        self.windows = strategies.iter().map(|strategy| Windows::of(strategy, &session)).collect();
        self.pending.clear();
        for (windows, number) in self.windows.iter().zip(0..) {
            let id = StrategyId(number);
            self.pending.push((windows.range_end, Tick::RangeEnd(id)));
            let flatten_at = bar_end(&session, windows.flatten_at, bar_length);
            self.pending.push((bar_end(&session, windows.entry_end, bar_length), Tick::EntryEnd(id)));
            self.pending.push((flatten_at, Tick::Flatten(id)));
            self.pending.push((flatten_at + SECOND_FLATTEN_AFTER, Tick::FlattenAgain(id)));
        }
        self.pending.push((session.close + SESSION_END_GRACE, Tick::SessionEnd));
        self.pending.sort_unstable_by_key(|&(at, tick)| core::cmp::Reverse((at, tick)));
    }

    /// Returns the session of the day; `None` before the first day began.
    #[must_use]
    pub const fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Returns the windows of a strategy; `None` before the first day began.
    #[must_use]
    pub fn windows(&self, strategy: StrategyId) -> Option<&Windows> {
        self.windows.get(strategy.index())
    }

    /// Returns the next deadline.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        self.pending.last().map(|&(at, _)| at)
    }

    /// Takes out the next deadline if it has come.
    pub fn due(&mut self, now: Timestamp) -> Option<Tick> {
        let &(at, tick) = self.pending.last()?;
        if at > now {
            return None;
        }
        self.pending.pop();
        Some(tick)
    }
}

/// Returns the end of the bar that an instant falls into, the instant itself where one ends there, at most the close.
fn bar_end(session: &Session, instant: Timestamp, bar_length: Span) -> Timestamp {
    let into = (instant - session.open).micros();
    let bars = into.div_euclid(bar_length.micros()) + i64::from(into.rem_euclid(bar_length.micros()) > 0);
    (session.open + Span::from_micros(bars * bar_length.micros())).min(session.close)
}

//! What came on a stream and moved nothing, counted and told once.

use std::collections::{BTreeMap, BTreeSet};

use crate::alpaca::wire::data::{MessageError, Passed};

/// So many kinds of unknown messages are told apart; more come only from a server of another kind.
const KINDS_MAX: usize = 64;

/// Counts what came on a stream since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamCounts {
    /// Messages that were handed on.
    pub taken: u64,
    /// Messages that were understood and move nothing: other symbols, irregular trades, daily bars and the like.
    pub passed: u64,
    /// Messages of unknown kinds.
    pub unknown: u64,
    /// Messages that were not understood.
    pub malformed: u64,
    /// Trades that were dropped because too many waited.
    pub dropped: u64,
    /// Connections that came to their end.
    pub lost: u64,
}

/// Keeps the counts and reports what is new among what is odd.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    counts: StreamCounts,
    passed: BTreeMap<Passed, u64>,
    unknown: BTreeSet<String>,
}

impl Tally {
    /// Returns the counts.
    pub(crate) const fn counts(&self) -> StreamCounts {
        self.counts
    }

    /// Counts a message that was handed on.
    pub(crate) const fn took(&mut self) {
        self.counts.taken += 1;
    }

    /// Counts trades that were dropped.
    pub(crate) const fn dropped(&mut self) {
        self.counts.dropped += 1;
    }

    /// Counts a connection's end.
    pub(crate) const fn lost(&mut self) {
        self.counts.lost += 1;
    }

    /// Counts a message that moves nothing; each reason is told once.
    pub(crate) fn passed(&mut self, reason: Passed) {
        self.counts.passed += 1;
        let count = self.passed.entry(reason).or_default();
        *count += 1;
        if *count == 1 {
            tracing::debug!(component = "Data", "messages that move nothing: {reason}");
        }
    }

    /// Counts a message that was not understood; each unknown kind is told once, malformed ones ever more rarely.
    pub(crate) fn odd(&mut self, error: &MessageError) {
        if let MessageError::UnknownKind(kind) = error {
            self.counts.unknown += 1;
            if self.unknown.len() < KINDS_MAX && self.unknown.insert(kind.clone()) {
                tracing::warn!(component = "Data", kind, "messages of an unknown kind are passed over");
            }
            return;
        }
        self.counts.malformed += 1;
        if self.counts.malformed.is_power_of_two() {
            let count = self.counts.malformed;
            tracing::warn!(component = "Data", count, "a message was not understood: {error}");
        }
    }
}

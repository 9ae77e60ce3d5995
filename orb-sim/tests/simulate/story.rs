//! What happened in a session, told only when somebody wants to know.

use std::collections::BTreeMap;

use orb_core::Timestamp;

/// Collects lines, and counts what happened.
#[derive(Debug, Default)]
pub(crate) struct Story {
    is_told: bool,
    lines: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
}

impl Story {
    pub(crate) fn new(is_told: bool) -> Self {
        Self { is_told, ..Self::default() }
    }

    /// Adds a line, which is only made where the story is told.
    pub(crate) fn tell(&mut self, now: Timestamp, line: impl FnOnce() -> String) {
        if self.is_told {
            self.lines.push(format!("{now} {}", line()));
        }
    }

    /// Counts something.
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Returns the last lines.
    pub(crate) fn last(&self, count: u64) -> String {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.lines[self.lines.len().saturating_sub(count)..].join("\n")
    }

    /// Returns what was counted.
    pub(crate) fn into_counts(self) -> BTreeMap<&'static str, u64> {
        self.counts
    }
}

//! What one commit holds, owned, so that it can be made at any later time.

use orb_core::fact::Fact;
use orb_core::{Date, Timestamp};

use crate::store::{Audit, BarRow, Commit, EquityRow, JournalRow, StepRow};

/// Room that a fact takes, about.
const FACT_BYTES: usize = 512;
/// Room that a record of a command, a point of the equity curve, a bar or a step takes, about.
const ROW_BYTES: usize = 256;

/// Holds what belongs together: all of it is kept, or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bundle {
    /// The events and effects; `None` where only what is beside them waits.
    pub events: Option<Events>,
    /// Number of the latest event so far, whether or not it is in here.
    pub last_sequence: u64,
    /// What the engine recorded.
    pub facts: Vec<Fact>,
    /// What came of commands.
    pub audits: Vec<Audit>,
    /// Points of the intraday equity curve.
    pub equity: Vec<EquityRow>,
    /// Bars for charts.
    pub bars: Vec<BarRow>,
    /// Steps of orders on their way.
    pub steps: Vec<StepRow>,
}

/// Holds the journal's row of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// Number of its first event.
    pub first_sequence: u64,
    /// Number of its last event.
    pub last_sequence: u64,
    /// Number of the last broker effect so far; 0 when there was none.
    pub last_effect: u64,
    /// The trading date; `None` before the first session.
    pub date: Option<Date>,
    /// Engine time of the last event.
    pub at: Timestamp,
    /// The events and effects, as [`journal`](crate::journal) encodes them.
    pub bytes: Vec<u8>,
}

impl Bundle {
    /// Lends it to the store.
    #[must_use]
    pub fn commit(&self) -> Commit<'_> {
        Commit {
            journal: self.events.as_ref().map(Events::row),
            facts: &self.facts,
            audits: &self.audits,
            equity: &self.equity,
            bars: &self.bars,
            steps: &self.steps,
        }
    }

    /// Tells whether records whose last event has this number go beyond it.
    ///
    /// Of a bundle without events that is only certain when a later one with events is in them; to commit it again
    /// changes nothing.
    pub(super) fn is_before(&self, last_in_records: u64) -> bool {
        match &self.events {
            Some(events) => events.last_sequence <= last_in_records,
            None => self.last_sequence < last_in_records,
        }
    }

    /// Returns how many rows it becomes, about: that of the journal is not counted.
    pub(super) fn rows(&self) -> usize {
        self.facts.len() + self.beside()
    }

    /// Returns about how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let journal = self.events.as_ref().map_or(0, |events| events.bytes.len());
        journal + self.facts.len() * FACT_BYTES + (self.beside() + 1) * ROW_BYTES
    }

    /// Returns the number of rows that are no facts.
    fn beside(&self) -> usize {
        self.audits.len() + self.equity.len() + self.bars.len() + self.steps.len()
    }
}

impl Events {
    fn row(&self) -> JournalRow<'_> {
        JournalRow {
            first_sequence: self.first_sequence,
            last_sequence: self.last_sequence,
            last_effect: self.last_effect,
            date: self.date,
            at: self.at,
            bytes: &self.bytes,
        }
    }
}

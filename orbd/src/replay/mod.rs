//! A stored day once more: every input that reached the engine goes through today's engine at its recorded time, and what
//! the engine makes of it is compared with what it made then.
//!
//! The journal has all that is needed: each start of the daemon is in it with its build, configuration, calendar and the
//! facts that the engine took up. Nothing of the present configuration is read, and nobody is asked. A daemon that runs
//! for days starts once, so the replay of a day begins at the last start before it.
//!
//! The same build must make the same effects. Another one may not: then it is told which signals, orders, trades and
//! decisions differ.

mod decisions;
mod error;
mod player;
mod rebuild;
mod source;
#[cfg(test)]
mod tests;
mod text;
mod words;

pub use decisions::{DecisionDifference, DecisionKind};
pub use error::ReplayError;
pub(crate) use player::Player;
pub(crate) use rebuild::run_config;
pub use source::JournalDay;
pub(crate) use words::Names;

use orb_core::effect::Effect;
use orb_core::{Date, Timestamp};

use crate::journal::{Batch, Entry, Header};
use crate::store::{JournalSpan, Reader};
use decisions::Decisions;

/// Holds what came of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// The builds that recorded what was replayed, each once, in order.
    pub recorded_by: Vec<String>,
    /// How often the daemon had started within it.
    pub starts: u32,
    /// Events that were replayed.
    pub events: u64,
    /// Of these, events of the day that was asked for.
    pub events_of_day: u64,
    /// Effects that were recorded; explanations are not.
    pub effects: u64,
    /// Events of which the engine makes something else today.
    pub differing: u64,
    /// The first of these; `None` when there is none.
    pub first: Option<FirstDifference>,
    /// What was decided otherwise: final states that differ.
    pub decisions: Vec<DecisionDifference>,
}

/// Shows the first event of which the engine makes something else today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstDifference {
    /// The event's number.
    pub sequence: u64,
    /// The engine's clock.
    pub now: Timestamp,
    /// What happened.
    pub event: String,
    /// The symbols of the effects that differ.
    pub symbols: Vec<String>,
    /// Effects that were recorded and are not made today, in order.
    pub recorded: Vec<String>,
    /// Effects that are made today and were not recorded, in order.
    pub replayed: Vec<String>,
}

impl Replayed {
    /// Tells whether every effect is as it was.
    #[must_use]
    pub const fn is_identical(&self) -> bool {
        self.differing == 0
    }

    /// Tells whether all of it was recorded by the build that replays it.
    #[must_use]
    pub fn is_of_this_build(&self) -> bool {
        self.recorded_by.iter().all(|build| build == crate::build::NAME)
    }

    /// Tells whether all is as it must be: the same effects by the same build, the same decisions by another.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.is_identical() || (!self.is_of_this_build() && self.decisions.is_empty())
    }
}

/// Replays a day of a ledger.
///
/// # Errors
/// When the journal has nothing of the day, lacks what a replay needs, is damaged, or cannot be read.
pub fn replay_day(reader: &Reader, date: Date) -> Result<Replayed, ReplayError> {
    let day = JournalDay::open(reader, date)?;
    let span = day.span();
    replay(day, Some(span))
}

/// Replays batches, the first of which has a header; `day` says which events are of the day that was asked for, `None`
/// that all are.
///
/// # Errors
/// When the batches lack what a replay needs, or one cannot be read.
pub fn replay(
    batches: impl IntoIterator<Item = Result<Batch, ReplayError>>,
    day: Option<JournalSpan>,
) -> Result<Replayed, ReplayError> {
    let mut run = Run { day, ..Run::default() };
    for batch in batches {
        let batch = batch?;
        if let Some(header) = batch.header {
            run.start(header)?;
        }
        for entry in batch.entries {
            run.step(&entry)?;
        }
    }
    Ok(run.finish())
}

/// A replay under way.
#[derive(Debug, Default)]
struct Run {
    day: Option<JournalSpan>,
    player: Option<(Player, Header)>,
    found: Replayed,
    recorded: Decisions,
    replayed: Decisions,
}

impl Run {
    /// Builds the engine anew, as the daemon did.
    fn start(&mut self, header: Header) -> Result<(), ReplayError> {
        if !self.found.recorded_by.contains(&header.build) {
            self.found.recorded_by.push(header.build.clone());
        }
        self.found.starts += 1;
        self.player = Some((Player::start(&header)?, header));
        Ok(())
    }

    fn step(&mut self, entry: &Entry) -> Result<(), ReplayError> {
        let Some((player, header)) = &mut self.player else {
            return Err(ReplayError::NoStart { sequence: entry.sequence });
        };
        let made = player.step(entry)?;
        let names = Names::of(header);
        let is_of_day = self.day.is_none_or(|day| (day.first..=day.last).contains(&entry.sequence));
        self.found.events += 1;
        self.found.events_of_day += u64::from(is_of_day);
        self.found.effects += entry.effects.len() as u64;
        self.recorded.take(&entry.effects, names);
        self.replayed.take(&made, names);
        if made != entry.effects {
            self.found.differing += 1;
            if self.found.first.is_none() {
                self.found.first = Some(FirstDifference::between(entry, &made, names));
            }
        }
        Ok(())
    }

    fn finish(self) -> Replayed {
        Replayed { decisions: self.recorded.differences(&self.replayed), ..self.found }
    }
}

impl FirstDifference {
    fn between(entry: &Entry, made: &[Effect], names: Names<'_>) -> Self {
        let start = entry.effects.iter().zip(made).take_while(|(one, other)| one == other).count();
        let (recorded, replayed) = (&entry.effects[start..], &made[start..]);
        let end = recorded.iter().rev().zip(replayed.iter().rev()).take_while(|(one, other)| one == other).count();
        let (recorded, replayed) = (&recorded[..recorded.len() - end], &replayed[..replayed.len() - end]);
        let mut symbols: Vec<String> =
            recorded.iter().chain(replayed).filter_map(|effect| words::symbol_of(effect, names)).collect();
        symbols.sort();
        symbols.dedup();
        let show = |effects: &[Effect]| effects.iter().map(|effect| words::effect(effect, names)).collect();
        Self {
            sequence: entry.sequence,
            now: entry.now,
            event: words::event(&entry.event, names),
            symbols,
            recorded: show(recorded),
            replayed: show(replayed),
        }
    }
}

//! An engine that is given what another one was given.

use std::panic::{AssertUnwindSafe, catch_unwind};

use orb_core::Engine;
use orb_core::effect::{Effect, Effects};

use super::error::ReplayError;
use super::rebuild;
use crate::journal::{Entry, Header, is_journalled};

/// Runs recorded events through an engine that was built as the recorded one.
#[derive(Debug)]
pub(crate) struct Player {
    engine: Engine,
    effects: Effects,
}

impl Player {
    /// Builds the engine that a header describes.
    ///
    /// # Errors
    /// When the header does not tell enough, or its configuration is none today.
    pub(crate) fn start(header: &Header) -> Result<Self, ReplayError> {
        let start = rebuild::start(header)?;
        Ok(Self { engine: rebuild::engine(header, start)?, effects: Effects::after(start.last_effect) })
    }

    /// Gives the engine an event at its recorded time and returns what a journal keeps of its effects.
    ///
    /// # Errors
    /// When the engine panics, as altered events can make it.
    pub(crate) fn step(&mut self, entry: &Entry) -> Result<Vec<Effect>, ReplayError> {
        let (engine, effects) = (&mut self.engine, &mut self.effects);
        let ran = catch_unwind(AssertUnwindSafe(|| engine.on_event(entry.now, &entry.event, effects)));
        ran.map_err(|panic| ReplayError::Panicked { sequence: entry.sequence, message: message(&*panic) })?;
        Ok(self.effects.drain().filter(is_journalled).collect())
    }
}

fn message(panic: &(dyn core::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

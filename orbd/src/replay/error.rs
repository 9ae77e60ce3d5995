//! Why a day cannot be replayed.

use orb_core::Date;

use crate::journal::JournalError;
use crate::store::StoreError;

/// Explains why a day cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The records cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal has no event of the day: choose another day or ledger.
    #[error("the journal of the ledger {ledger} has nothing of {date}: {known}")]
    NoDay {
        /// The ledger.
        ledger: String,
        /// The day that was asked for.
        date: Date,
        /// Which days it has, in words.
        known: String,
    },
    /// The start that the day rests on is not there: older rows were removed.
    #[error(
        "the journal's event {sequence} has no start of orb before it: without what the engine took up it cannot be run again"
    )]
    NoStart {
        /// The first event.
        sequence: u64,
    },
    /// The start was recorded by a version that did not keep enough.
    #[error(
        "the journal was begun by {build}, which did not keep what a replay needs; days that a newer orb began can be replayed"
    )]
    NoSetup {
        /// The build.
        build: String,
    },
    /// The configuration at the start is none today.
    #[error(
        "the configuration that {build} was started with is not valid in this version: {problem}; replay it with the version that recorded it"
    )]
    Settings {
        /// The build that recorded it.
        build: String,
        /// What is wrong.
        problem: String,
    },
    /// A row is damaged.
    #[error(
        "the journal's row of the events {first} to {last} cannot be read: {source}; `orbd verify` tells what is damaged"
    )]
    Damaged {
        /// Its first event.
        first: u64,
        /// Its last event.
        last: u64,
        /// What is wrong.
        source: JournalError,
    },
    /// Events are missing.
    #[error("the journal lacks the events {first} to {last}: rows were lost or removed; `orbd verify` tells which")]
    Gap {
        /// The first missing event.
        first: u64,
        /// The last missing event.
        last: u64,
    },
    /// The engine broke a rule of its own: either a fault of the engine, or events that were altered.
    #[error("the engine panicked at the journal's event {sequence}: {message}")]
    Panicked {
        /// The event.
        sequence: u64,
        /// The rule that was broken.
        message: String,
    },
}

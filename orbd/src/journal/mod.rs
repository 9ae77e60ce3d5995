//! The journal's encoding: what entered the engine and what left it, as `proto/orb/journal/v1` defines it.
//!
//! Each commit of the store holds one [`Batch`]. The first one after a start carries a [`Header`] with all that a
//! replay needs to make an equal engine. Numbers of symbols and strategies are those of the last header.
//!
//! ```
//! use orb_core::{Timestamp, event::Event};
//! use orbd::journal::{Encoder, EntryRef, decode};
//!
//! let entry = EntryRef { sequence: 1, now: Timestamp::from_micros(7), event: &Event::Wakeup, effects: &[] };
//! let bytes = Encoder::default().encode(None, &[entry]);
//! assert_eq!(decode(&bytes)?.entries[0].event, Event::Wakeup);
//! # Ok::<(), orbd::journal::JournalError>(())
//! ```

mod batch;
mod codec;
mod effects;
mod events;
mod facts;
mod listed;
mod market;
mod orders;
mod start;
#[cfg(test)]
mod tests;

pub(crate) use batch::is_journalled;
pub use batch::{Batch, Encoder, Entry, EntryRef, Header, decode};
pub use codec::JournalError;
pub use start::Start;

/// The generated messages.
#[expect(unreachable_pub, clippy::use_self, reason = "generated code")]
mod wire {
    include!(concat!(env!("OUT_DIR"), "/orb.journal.v1.rs"));
}

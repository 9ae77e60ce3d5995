//! Commit trouble: a slow, locked, full or vanished database never stops an exit.
//!
//! The [`Keeper`] gives each [`Bundle`] to a thread that commits it, and waits for it, as long as that takes a few
//! milliseconds. Where it takes longer, or fails with what may pass, the keeper is *degraded*: bundles then count as
//! kept once they are in the **spill file** of the state directory, synced, and the thread commits them from there, in
//! order and once each, when the store is back. What a crash leaves in the file is [merged](merge) at the next start,
//! before anything else.

mod backlog;
mod bundle;
mod committer;
mod error;
mod file;
mod keeper;
mod line;
mod merge;
mod saver;
#[cfg(test)]
mod tests;

pub use bundle::{Bundle, Events};
pub use error::{KeepError, SpillError};
pub use keeper::{Keeper, Kept, Patience, StoreTrouble};
pub use merge::{Merged, merge};

use std::path::{Path, PathBuf};

/// Returns where the spill file of a state directory is.
#[must_use]
pub fn spill_path(folder: &Path) -> PathBuf {
    folder.join("spill.jsonl")
}

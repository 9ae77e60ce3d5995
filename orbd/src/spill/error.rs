//! What can go wrong with the spill file, and with keeping at all.

use std::path::PathBuf;

use crate::store::StoreError;

/// Explains why a spill file cannot be used. It is kept as it is.
#[derive(Debug, thiserror::Error)]
pub enum SpillError {
    /// The system refuses: correct the folder's permissions, or make room.
    #[error("cannot {doing} the spill file {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line in the middle is not what was written there.
    #[error(
        "{}:{line}: {problem}; what follows cannot be merged into the records. Restore the file, or move it away to go on without what it holds from there on: `orbd` compares its books with the broker at the start",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// It belongs to other books: start with these once, so that it is merged.
    #[error(
        "the spill file {} belongs to the ledger {found}, not to {wanted}: start once with the account and environment of {found}, which merges it, or move it away",
        path.display()
    )]
    OtherLedger {
        /// The file.
        path: PathBuf,
        /// The ledger that it belongs to.
        found: String,
        /// The ledger that is to be opened.
        wanted: String,
    },
    /// Another process has it open: it is alive and will merge it itself.
    #[error("the spill file {} is in use by another process; stop that one first", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The database does not take what the file holds.
    #[error("cannot merge the spill file {} into the records: {source}", path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// What the database says.
        source: StoreError,
    },
}

/// Explains why nothing can be kept any more. The daemon ends; stops stay at the broker.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The database fails for good: the cause tells what to do.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The spill file does not give back what was written.
    #[error(transparent)]
    Spill(#[from] SpillError),
    /// A thread cannot be had.
    #[error("the system refuses a thread for the records: {0}")]
    Thread(#[source] std::io::Error),
    /// The thread that commits has panicked.
    #[error("the thread that commits has ended unexpectedly; the log has the cause")]
    Gone,
    /// At the end some of what happened is neither in the database nor in the spill file.
    #[error(
        "the last {count} commits could be written neither to the database nor to the spill file ({problem}): compare the records with the broker's"
    )]
    Lost {
        /// How many.
        count: u64,
        /// What the system says.
        problem: String,
    },
}

//! What can be wrong with a file of results, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Explains why results cannot be read, continued or joined.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The system refuses to read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The system refuses to write; what is there is kept.
    #[error("cannot write {}: {source}; what is finished is kept, and the same command continues", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The program cannot tell itself from another.
    #[error("cannot read orbd's own file to tell this build from others: {0}")]
    Build(io::Error),
    /// Another process writes the same file.
    #[error("{}: another search is writing it: wait for its end, or name another file", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{}: these are no results of a search: name another file", path.display())]
    NotResults {
        /// The file.
        path: PathBuf,
    },
    /// A line in the middle is damaged.
    #[error("{}:{line}: the line is damaged: {problem}; remove it, and the same command runs its combination again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The results are of another search.
    #[error("{}: its results are of another {what}: name another file to keep them, or delete it to start anew", path.display())]
    Differs {
        /// The file.
        path: PathBuf,
        /// What is another one.
        what: Difference,
    },
    /// Two files that are to be joined are of different searches.
    #[error("{} and {} are of different searches, another {what}: join parts of one search, run by one build", first.display(), second.display())]
    Mixed {
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// What is another one.
        what: Difference,
    },
    /// A part is there twice.
    #[error("{} and {} are both part {shard}: name each part once", first.display(), second.display())]
    PartTwice {
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// The part.
        shard: String,
    },
    /// Parts are missing.
    #[error("part{} {missing} of {count} {} missing: run {} and name the result{} too", if *many {"s"} else {""}, if *many {"are"} else {"is"}, if *many {"them"} else {"it"}, if *many {"s"} else {""})]
    PartMissing {
        /// Numbers of the parts.
        missing: String,
        /// Number of parts.
        count: usize,
        /// Whether there are several.
        many: bool,
    },
    /// Combinations are missing.
    #[error("{}: part {shard} is not finished, {count} of its combinations are missing: {missing}; run it again with the same command, and it continues", path.display())]
    Unfinished {
        /// The file.
        path: PathBuf,
        /// The part.
        shard: String,
        /// How many.
        count: usize,
        /// The first of them.
        missing: String,
    },
    /// The output is one of the inputs.
    #[error("--out: {} is one of the parts: choose another file", path.display())]
    IsInput {
        /// The file.
        path: PathBuf,
    },
}

/// Names what differs between two searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The form of the file.
    Form,
    /// Base, axes, choice, objective or windows.
    Grid,
    /// Bars or dates.
    Data,
    /// The program.
    Build,
    /// The part.
    Shard,
}

impl core::fmt::Display for Difference {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Form => "form of file",
            Self::Grid => "grid (settings, axes, search, objective or windows)",
            Self::Data => "market (bars, warm-up or dates)",
            Self::Build => "build of orbd",
            Self::Shard => "part (--shard)",
        })
    }
}

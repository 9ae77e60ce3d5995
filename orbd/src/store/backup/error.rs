//! What can go wrong with a backup.

use std::io;
use std::path::PathBuf;

use crate::store::StoreError;

/// Explains why there is no backup, or why one is not good.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file is there, and nothing is overwritten.
    #[error("{} is there already: name a new file", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}; check the folder, its permissions and the room on its disk", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {source}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is neither a SQLite file nor an archive.
    #[error(
        "{} is no backup of orb: expected a SQLite file, or an archive of pg_dump in its custom format", path.display()
    )]
    NoBackup {
        /// The file.
        path: PathBuf,
    },
    /// A program of PostgreSQL is not installed.
    #[error(
        "{name} is not installed, without which a server's records cannot be saved or restored: install the package postgresql-client"
    )]
    NoProgram {
        /// The program.
        name: &'static str,
    },
    /// A program of PostgreSQL failed.
    #[error("{name} failed: {said}")]
    Program {
        /// The program.
        name: &'static str,
        /// What it says, and the remedy where one is known.
        said: String,
    },
    /// The copy is not what was to be saved.
    #[error(
        "the backup is not the database: {problem}; nothing was kept, try again, and run `orbd verify` if it repeats"
    )]
    Differs {
        /// What differs.
        problem: String,
    },
    /// The records cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

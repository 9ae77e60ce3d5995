//! What can be wrong with a dataset, each with its place and its remedy.

use std::io;
use std::path::{Path, PathBuf};

use orb_core::{Date, Symbol, Timestamp};

use super::header::Feed;
use crate::bars::{BarSetError, DataError};
use crate::write::WriteError;

/// Explains why a dataset cannot be read or changed. What was there before stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A folder holds no dataset.
    #[error("{} is no dataset: it has no orb-dataset.json; check the path, or make one by `orbd data import`", path.display())]
    NoDataset {
        /// The folder.
        path: PathBuf,
    },
    /// A dataset was to be made in a folder of other things.
    #[error("{} is no dataset and holds other things: name an empty or a new folder", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// There is something in the folder of the sessions that is none.
    #[error("{} is no folder of a session, as in date=2026-02-13: move it elsewhere", path.display())]
    Foreign {
        /// What is there.
        path: PathBuf,
    },
    /// A newer orb wrote it.
    #[error("{} is a dataset of format {format}, which a newer orb wrote: install that one", path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The header names bars that there are none of.
    #[error("{}: bars of {minutes} minutes are none of 1, 2, 3, 5, 10, 15, 30 or 60: correct the file", path.display())]
    BarMinutes {
        /// The header.
        path: PathBuf,
        /// What it says.
        minutes: i64,
    },
    /// Bars of one feed were to go among those of another.
    #[error("{} has bars of the feed {has}, and these are of {given}: their volumes cannot be compared; import them elsewhere", path.display())]
    OtherFeed {
        /// The folder.
        path: PathBuf,
        /// The dataset's.
        has: Feed,
        /// The other.
        given: Feed,
    },
    /// Bars of one length were to go among those of another.
    #[error("{} has bars of {has} minutes, and these have {given}: import them elsewhere", path.display())]
    OtherLength {
        /// The folder.
        path: PathBuf,
        /// Minutes of the dataset's bars.
        has: i64,
        /// Minutes of the others.
        given: i64,
    },
    /// A bar is there already, and is another one.
    #[error("{symbol} has another bar for {start} in the session {date}: `--replace` takes the new one")]
    Conflict {
        /// The session.
        date: Date,
        /// Whose bar.
        symbol: Symbol,
        /// Start of both.
        start: Timestamp,
    },
    /// Another process changes it.
    #[error("another process is changing {}: wait until it is done", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A description is not what was written.
    #[error("{} is damaged: restore it, or remove its folder and import the session again", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: serde_json::Error,
    },
    /// The operating system refused.
    #[error("failed to use {}: check that it exists, its permissions and its space", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of a table is not what was written.
    #[error("{} is damaged: {source}; remove its folder, and what was in it is fetched again", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: super::table::BadTable,
    },
    /// Bars cannot be read.
    #[error(transparent)]
    Data(#[from] Box<DataError>),
    /// Bars are no set.
    #[error(transparent)]
    Bars(#[from] BarSetError),
    /// Bars cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl DatasetError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(super) fn unreadable(path: &Path, source: serde_json::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), source }
    }
}

impl From<DataError> for DatasetError {
    fn from(error: DataError) -> Self {
        Self::Data(Box::new(error))
    }
}

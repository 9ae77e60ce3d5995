//! A dataset of bars: one folder, one Parquet file or a few for each session, and a list of what belongs to it.
//!
//! ```text
//! DATASET/
//!   orb-dataset.json              what all of it is: format, feed, length of the bars
//!   bars/date=2026-02-13/
//!     manifest.json               the files that count, with rows and SHA-256, and the symbols that were asked for
//!     part-0001.parquet           symbol, ts, open, high, low, close, volume
//! ```
//!
//! Beside the bars lie the [tables](Table) of reference data.
//!
//! The date is that of the session in New York, and the layout is the one that other tools know as Hive partitions.
//! Prices are raw, as they were traded. Bars come from one feed: a volume of one feed says nothing beside one of
//! another.
//!
//! A session changes by its manifest, which is replaced as a whole once the files that it names are on the disk. So a
//! crash leaves the session as it was or as it is to be, and at most a file that no manifest names, which nobody reads
//! and [`Dataset::compact`] removes. [`crate::load`] reads a folder with an `orb-dataset.json` by its manifests.

mod compact;
mod error;
mod header;
mod import;
mod partition;
mod status;
mod table;
mod verify;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use orb_core::{Calendar, Date, Span};

use crate::bars::{BarSet, LoadOptions, load};

pub use compact::Compacted;
pub use error::DatasetError;
pub use header::{Feed, Header};
pub use import::{Conflict, Imported};
pub use status::{SessionStatus, Status, TableStatus};
pub use table::{BadTable, Table};
pub use verify::{Problem, Verified};

use self::partition::Partition;

/// The file that makes a folder a dataset.
pub(crate) const HEADER_NAME: &str = "orb-dataset.json";
/// The folder of the sessions.
const BARS: &str = "bars";
/// The file that one writer at a time holds locked.
const LOCK_NAME: &str = ".lock";

/// Reads and changes a dataset. One value at a time may change a folder, and readers may read beside it.
#[derive(Debug)]
pub struct Dataset {
    root: PathBuf,
    header: Header,
    /// Held locked while this value may write; `None` for a reader.
    lock: Option<File>,
}

impl Dataset {
    /// Opens the dataset in a folder for reading.
    ///
    /// # Errors
    /// When there is none, it is of a newer format, or it cannot be read.
    pub fn open(root: &Path) -> Result<Self, DatasetError> {
        Ok(Self { root: root.to_owned(), header: Header::read(root)?, lock: None })
    }

    /// Opens the dataset in a folder for changes.
    ///
    /// # Errors
    /// As [`Self::open`], and when another process is changing it.
    pub fn open_to_change(root: &Path) -> Result<Self, DatasetError> {
        let header = Header::read(root)?;
        let lock = take_lock(root)?;
        Ok(Self { root: root.to_owned(), header, lock: Some(lock) })
    }

    /// Opens the dataset in a folder for changes, or makes one there.
    ///
    /// # Errors
    /// As [`Self::open_to_change`]; when the dataset is of another feed or of bars of another length; and when the folder
    /// holds something else.
    pub fn open_or_create(root: &Path, feed: Feed, bar_length: Span) -> Result<Self, DatasetError> {
        if !root.join(HEADER_NAME).exists() {
            refuse_foreign_folder(root)?;
            fs::create_dir_all(root.join(BARS)).map_err(|source| DatasetError::io(root, source))?;
            let lock = take_lock(root)?;
            // Another process may have made it between the look and the lock.
            if !root.join(HEADER_NAME).exists() {
                Header::new(feed, bar_length).write(root)?;
            }
            drop(lock);
        }
        let dataset = Self::open_to_change(root)?;
        dataset.header.expect(root, feed, bar_length)?;
        Ok(dataset)
    }

    /// Returns what all bars of it have in common.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the dates of the sessions that it has, in order.
    ///
    /// # Errors
    /// When the folder cannot be read, or holds a folder that is no date.
    pub fn dates(&self) -> Result<Vec<Date>, DatasetError> {
        dates(&self.root)
    }

    /// Returns the symbols that were asked for on a date, in order; empty when it does not have the session.
    ///
    /// A symbol that was asked for and has no bar did not trade.
    ///
    /// # Errors
    /// When the session's manifest cannot be read.
    pub fn asked(&self, date: Date) -> Result<Vec<String>, DatasetError> {
        Ok(Partition::read(&self.folder(date))?.map_or_else(Vec::new, |partition| partition.asked))
    }

    /// Loads the bars of a session; `None` when there are none.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn session(&self, date: Date, calendar: &Calendar) -> Result<Option<BarSet>, DatasetError> {
        let folder = self.folder(date);
        let Some(partition) = Partition::read(&folder)? else { return Ok(None) };
        self.load(&folder, &partition, calendar)
    }

    fn load(&self, folder: &Path, partition: &Partition, calendar: &Calendar) -> Result<Option<BarSet>, DatasetError> {
        let files = partition.files(folder);
        if files.is_empty() {
            return Ok(None);
        }
        let options = LoadOptions { bar_length: Some(self.header.bar_length()), ..LoadOptions::new(calendar) };
        Ok(Some(load(&files, options)?))
    }

    fn folder(&self, date: Date) -> PathBuf {
        self.root.join(BARS).join(format!("date={date}"))
    }

    /// States a rule of this module: who writes holds the lock.
    fn assert_writer(&self) {
        assert!(self.lock.is_some(), "a dataset is changed by whoever opened it for changes");
    }
}

/// Lists the files of a dataset that count, by date; the folder must be one.
///
/// # Errors
/// When the folder or a manifest cannot be read.
pub(crate) fn files(root: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    Header::read(root)?;
    let mut files = Vec::new();
    for date in dates(root)? {
        let folder = root.join(BARS).join(format!("date={date}"));
        if let Some(partition) = Partition::read(&folder)? {
            files.extend(partition.files(&folder));
        }
    }
    Ok(files)
}

fn dates(root: &Path) -> Result<Vec<Date>, DatasetError> {
    dates_in(&root.join(BARS))
}

/// Lists the dates of the partitions in a folder, in order.
fn dates_in(folder: &Path) -> Result<Vec<Date>, DatasetError> {
    let entries = fs::read_dir(folder).map_err(|source| DatasetError::io(folder, source))?;
    let mut dates = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| DatasetError::io(folder, source))?;
        let name = entry.file_name();
        let date = name.to_str().and_then(|name| name.strip_prefix("date=")).and_then(|date| date.parse().ok());
        match date {
            Some(date) => dates.push(date),
            None => return Err(DatasetError::Foreign { path: entry.path() }),
        }
    }
    dates.sort_unstable();
    Ok(dates)
}

fn take_lock(root: &Path) -> Result<File, DatasetError> {
    let path = root.join(LOCK_NAME);
    let opened = File::options().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(|source| DatasetError::io(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(DatasetError::Busy { path: root.to_owned() }),
        Err(fs::TryLockError::Error(source)) => Err(DatasetError::io(&path, source)),
    }
}

/// Refuses to make a dataset among other things, where a mistyped path would scatter files.
fn refuse_foreign_folder(root: &Path) -> Result<(), DatasetError> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(DatasetError::io(root, source)),
    };
    for entry in entries {
        let entry = entry.map_err(|source| DatasetError::io(root, source))?;
        // What an interrupted start left behind.
        if entry.file_name() != LOCK_NAME && entry.file_name() != BARS {
            return Err(DatasetError::NotEmpty { path: root.to_owned() });
        }
    }
    Ok(())
}

/// Writes a small file so that it is there as a whole, on the disk, or not at all.
fn write_whole(path: &Path, text: &str) -> Result<(), DatasetError> {
    let partial = path.with_extension("partial");
    let written = (|| {
        fs::write(&partial, text)?;
        File::open(&partial)?.sync_all()?;
        fs::rename(&partial, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    })();
    written.map_err(|source| DatasetError::io(path, source))
}

#[cfg(test)]
mod tests;

//! Whether a dataset is as it was written.

use std::path::PathBuf;

use orb_core::{Calendar, Date};

use super::Dataset;
use super::error::DatasetError;
use super::partition::{Partition, digest, left_over};

/// Tells what verifying found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Sessions that are as they were written.
    pub sound: u64,
    /// Bars in these.
    pub bars: u64,
    /// What is wrong, by date.
    pub problems: Vec<Problem>,
}

/// Explains what is wrong with a session.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The date is none of the calendar's.
    #[error("{date}: there was no session on that date: remove its folder")]
    NoSession {
        /// The date.
        date: Date,
    },
    /// There is no manifest: the first import was interrupted.
    #[error("{date}: it has no manifest, as an import that was interrupted leaves it: import the session again")]
    NoManifest {
        /// The date.
        date: Date,
    },
    /// A file cannot be read, or the bars of it make no set.
    #[error("{date}: {source}")]
    Unreadable {
        /// The date.
        date: Date,
        /// What is wrong.
        source: DatasetError,
    },
    /// A file is not the one that was written.
    #[error("{date}: {} is not as it was written: remove the session's folder and import it again", path.display())]
    Changed {
        /// The date.
        date: Date,
        /// The file.
        path: PathBuf,
    },
    /// The bars are others than the manifest says.
    #[error(
        "{date}: {found} bars of the date where its manifest has {expected}: remove its folder and import it again"
    )]
    Count {
        /// The date.
        date: Date,
        /// Bars of the date in the files.
        found: u64,
        /// Bars by the manifest.
        expected: u64,
    },
    /// A file belongs to nothing. It is not read.
    #[error("{date}: {} belongs to nothing and is not read: `orbd data compact` removes it", path.display())]
    LeftOver {
        /// The date.
        date: Date,
        /// The file.
        path: PathBuf,
    },
}

impl Dataset {
    /// Reads everything and tells what is not as it was written.
    ///
    /// # Errors
    /// When the folder itself cannot be read; what is wrong with a session is told among the problems.
    pub fn verify(&self, calendar: &Calendar) -> Result<Verified, DatasetError> {
        let mut verified = Verified::default();
        for date in self.dates()? {
            match self.verify_session(date, calendar) {
                Ok(bars) => {
                    verified.sound += 1;
                    verified.bars += bars;
                }
                Err(problem) => verified.problems.push(problem),
            }
            let folder = self.folder(date);
            // A manifest that cannot be read was told already.
            if let Ok(partition @ Some(_)) = Partition::read(&folder) {
                let paths = left_over(&folder, partition.as_ref())?;
                verified.problems.extend(paths.into_iter().map(|path| Problem::LeftOver { date, path }));
            }
        }
        Ok(verified)
    }

    /// Returns how many bars a session has, or what is wrong with it.
    fn verify_session(&self, date: Date, calendar: &Calendar) -> Result<u64, Problem> {
        let unreadable = |source: DatasetError| Problem::Unreadable { date, source };
        if calendar.session(date).is_none() {
            return Err(Problem::NoSession { date });
        }
        let folder = self.folder(date);
        let partition = Partition::read(&folder).map_err(unreadable)?.ok_or(Problem::NoManifest { date })?;
        for part in &partition.parts {
            let path = folder.join(&part.file);
            if digest(&path).map_err(unreadable)? != part.sha256 {
                return Err(Problem::Changed { date, path });
            }
        }
        let bars = self.load(&folder, &partition, calendar).map_err(unreadable)?;
        let of_date = bars.as_ref().and_then(|bars| bars.session(date)).map_or(0, |session| session.bars().len());
        let (found, expected) = (of_date as u64, partition.bars());
        if found == expected { Ok(found) } else { Err(Problem::Count { date, found, expected }) }
    }
}

//! Whether a dataset is as it was written.

use std::path::{Path, PathBuf};

use orb_core::{Calendar, Date};

use super::Dataset;
use super::error::DatasetError;
use super::partition::{Partition, digest, left_over};
use super::table::Table;

/// Tells what verifying found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Sessions that are as they were written.
    pub sound: u64,
    /// Bars in these.
    pub bars: u64,
    /// Partitions of the tables that are as they were written.
    pub partitions: u64,
    /// Rows in these.
    pub rows: u64,
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
    #[error("{date}: it has no manifest, as an import that was interrupted leaves it: import or fetch it again")]
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
    #[error("{date}: {} is not as it was written: remove its folder and import or fetch it again", path.display())]
    Changed {
        /// The date.
        date: Date,
        /// The file.
        path: PathBuf,
    },
    /// The bars are others than the manifest says.
    #[error(
        "{date}: {found} bars or rows of the date where its manifest has {expected}: remove its folder and import or fetch it again"
    )]
    Count {
        /// The date.
        date: Date,
        /// Bars of the date in the files.
        found: u64,
        /// Bars by the manifest.
        expected: u64,
    },
    /// Something is wrong with a table of reference data.
    #[error("{table}, {problem}")]
    InTable {
        /// The table.
        table: Table,
        /// What is wrong.
        problem: Box<Self>,
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
        for table in Table::all() {
            self.verify_table(table, calendar, &mut verified)?;
        }
        Ok(verified)
    }

    fn verify_table(&self, table: Table, calendar: &Calendar, verified: &mut Verified) -> Result<(), DatasetError> {
        let told = |problem| Problem::InTable { table, problem: Box::new(problem) };
        for date in self.table_dates(table)? {
            match self.verify_rows(table, date, calendar) {
                Ok(rows) => {
                    verified.partitions += 1;
                    verified.rows += rows;
                }
                Err(problem) => verified.problems.push(told(problem)),
            }
            let folder = self.table_folder(table, date);
            if let Ok(partition @ Some(_)) = Partition::read(&folder) {
                let paths = left_over(&folder, partition.as_ref())?.into_iter();
                verified.problems.extend(paths.map(|path| told(Problem::LeftOver { date, path })));
            }
        }
        Ok(())
    }

    /// Returns how many rows a partition of a table has, or what is wrong with it.
    fn verify_rows(&self, table: Table, date: Date, calendar: &Calendar) -> Result<u64, Problem> {
        let unreadable = |source: DatasetError| Problem::Unreadable { date, source };
        if calendar.session(date).is_none() {
            return Err(Problem::NoSession { date });
        }
        let expected = checked(&self.table_folder(table, date), date)?.rows();
        let found = self.count_rows(table, date).map_err(unreadable)?;
        if found == expected { Ok(found) } else { Err(Problem::Count { date, found, expected }) }
    }

    /// Returns how many bars a session has, or what is wrong with it.
    fn verify_session(&self, date: Date, calendar: &Calendar) -> Result<u64, Problem> {
        let unreadable = |source: DatasetError| Problem::Unreadable { date, source };
        if calendar.session(date).is_none() {
            return Err(Problem::NoSession { date });
        }
        let folder = self.folder(date);
        let partition = checked(&folder, date)?;
        let bars = self.load(&folder, &partition, calendar).map_err(unreadable)?;
        let of_date = bars.as_ref().and_then(|bars| bars.session(date)).map_or(0, |session| session.bars().len());
        let (found, expected) = (of_date as u64, partition.rows());
        if found == expected { Ok(found) } else { Err(Problem::Count { date, found, expected }) }
    }
}

/// Reads a manifest, and checks that the files that it names are those that were written.
fn checked(folder: &Path, date: Date) -> Result<Partition, Problem> {
    let unreadable = |source: DatasetError| Problem::Unreadable { date, source };
    let partition = Partition::read(folder).map_err(unreadable)?.ok_or(Problem::NoManifest { date })?;
    for part in &partition.parts {
        let path = folder.join(&part.file);
        if digest(&path).map_err(unreadable)? != part.sha256 {
            return Err(Problem::Changed { date, path });
        }
    }
    Ok(partition)
}

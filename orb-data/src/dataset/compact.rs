//! Many files of a session to one.

use std::fs;
use std::path::Path;

use orb_core::{Bar, Calendar, Symbol};

use super::Dataset;
use super::error::DatasetError;
use super::partition::{Partition, left_over};
use super::table::Table;

/// Tells what compacting did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Sessions, and partitions of tables, whose files became one.
    pub sessions: u64,
    /// Files that were removed: those that became one, and those that belonged to nothing.
    pub removed: u64,
}

impl Dataset {
    /// Makes one file of each session's files, and removes files that belong to nothing.
    ///
    /// # Errors
    /// When a session cannot be read or written; the sessions before it are compact.
    ///
    /// # Panics
    /// When the dataset was opened for reading.
    pub fn compact(&mut self, calendar: &Calendar) -> Result<Compacted, DatasetError> {
        self.assert_writer();
        let mut done = Compacted::default();
        for date in self.dates()? {
            let folder = self.folder(date);
            let partition = Partition::read(&folder)?;
            if let Some(mut partition) = partition.filter(|partition| partition.parts.len() > 1) {
                let bars = self.load(&folder, &partition, calendar)?.expect("a session of several files has bars");
                let named: Vec<(Symbol, Bar)> =
                    bars.iter().map(|bar| (bars.symbols().name(bar.symbol).clone(), *bar)).collect();
                let part = partition.write_part(&folder, &self.set(named, calendar)?)?;
                partition.parts = vec![part];
                partition.commit(&folder)?;
                done.sessions += 1;
            }
            done.removed += remove_left_over(&folder)?;
        }
        for table in Table::all() {
            for date in self.table_dates(table)? {
                let folder = self.table_folder(table, date);
                let parts = Partition::read(&folder)?.map_or(0, |partition| partition.parts.len());
                if parts > 1 {
                    self.compact_rows(table, date)?;
                    done.sessions += 1;
                    done.removed += parts as u64;
                }
                done.removed += remove_left_over(&folder)?;
            }
        }
        Ok(done)
    }
}

/// Removes files that belong to nothing, and returns how many there were.
fn remove_left_over(folder: &Path) -> Result<u64, DatasetError> {
    let paths = left_over(folder, Partition::read(folder)?.as_ref())?;
    for path in &paths {
        fs::remove_file(path).map_err(|source| DatasetError::io(path, source))?;
    }
    Ok(paths.len() as u64)
}

//! The tables of reference data beside the bars, each a folder with a partition for each session.
//!
//! ```text
//! DATASET/
//!   daily/date=2026-02-13/          symbol, open, high, low, close, volume: the regular session, raw
//!   opening-5m/date=2026-02-13/     symbol, bars, volume: the opening range of five minutes, raw
//!   assets/date=2026-02-13/         the broker's active listing on that morning
//!   actions/date=2026-02-13/        corporate actions effective after the session before, up to this one
//! ```
//!
//! A partition changes by its manifest as one of the bars does. Assets and actions are of the whole market, and are
//! replaced as a whole; of days and ranges rows are added.

mod codec;
mod derive;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use orb_core::config::RANGE_MINUTES;
use orb_core::{Date, Symbol};

pub use self::codec::BadTable;
use self::codec::Row;
use super::error::DatasetError;
use super::partition::Partition;
use super::{Dataset, dates_in};

/// Names a table of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// [`DailyBar`](crate::reference::DailyBar)s.
    Daily,
    /// [`OpeningVolume`](crate::reference::OpeningVolume)s of a length in minutes.
    Opening(u32),
    /// [`Asset`](crate::reference::Asset)s.
    Assets,
    /// [`CorporateAction`](crate::reference::CorporateAction)s.
    Actions,
}

/// Stands for all symbols among those that were asked for.
const EVERYTHING: &str = "*";

impl Table {
    /// Returns all tables that there can be.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Daily, Self::Assets, Self::Actions].into_iter().chain(RANGE_MINUTES.map(Self::Opening))
    }

    /// Returns its name, which is that of its folder.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Daily => "daily".to_owned(),
            Self::Opening(minutes) => format!("opening-{minutes}m"),
            Self::Assets => "assets".to_owned(),
            Self::Actions => "actions".to_owned(),
        }
    }
}

impl core::fmt::Display for Table {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(&self.name())
    }
}

impl Dataset {
    /// Returns the dates for which a table has something, in order; none where there is no such table yet.
    ///
    /// # Errors
    /// When the folder cannot be read, or holds a folder that is no date.
    pub fn table_dates(&self, table: Table) -> Result<Vec<Date>, DatasetError> {
        let folder = self.root.join(table.name());
        if folder.exists() { dates_in(&folder) } else { Ok(Vec::new()) }
    }

    /// Returns those of some symbols that a table was not asked for on a date, in order.
    ///
    /// A symbol that was asked for and has no row did not trade.
    ///
    /// # Errors
    /// When the partition's manifest cannot be read.
    pub fn missing(&self, table: Table, date: Date, symbols: &[Symbol]) -> Result<Vec<Symbol>, DatasetError> {
        let partition = Partition::read(&self.table_folder(table, date))?.unwrap_or_default();
        let asked: BTreeSet<&str> = partition.asked.iter().map(String::as_str).collect();
        let missing: BTreeSet<&Symbol> = symbols.iter().filter(|symbol| !asked.contains(symbol.as_str())).collect();
        Ok(if asked.contains(EVERYTHING) { Vec::new() } else { missing.into_iter().cloned().collect() })
    }

    /// Tells whether a table has a partition of the whole market for a date.
    ///
    /// # Errors
    /// When the partition's manifest cannot be read.
    pub fn has_everything(&self, table: Table, date: Date) -> Result<bool, DatasetError> {
        let partition = Partition::read(&self.table_folder(table, date))?.unwrap_or_default();
        Ok(partition.asked.iter().any(|asked| asked == EVERYTHING))
    }

    /// Adds rows that answer a question for some symbols, and remembers who was asked for. A row of a symbol that was
    /// asked for before takes the place of the old one. Returns how many rows are new or others than before.
    ///
    /// # Errors
    /// When files cannot be read or written; the partition is as it was then.
    ///
    /// # Panics
    /// When the dataset was opened for reading, or two rows are of one symbol.
    pub(crate) fn add_rows<R: Row>(
        &mut self,
        table: Table,
        date: Date,
        asked: &[Symbol],
        rows: &[R],
    ) -> Result<u64, DatasetError> {
        let folder = self.table_folder(table, date);
        let mut partition = Partition::read(&folder)?.unwrap_or_default();
        let known = read::rows::<R>(&folder, &partition)?;
        let by_symbol: BTreeMap<&Symbol, &R> = known.iter().map(|row| (row.symbol(), row)).collect();
        let is_new = |row: &&R| by_symbol.get(row.symbol()) != Some(row);
        let changed = rows.iter().filter(is_new).count() as u64;
        let names: BTreeSet<&Symbol> = rows.iter().map(Row::symbol).collect();
        assert_eq!(names.len(), rows.len(), "an answer has one row for a symbol");
        partition.ask(asked.iter().map(Symbol::to_string));
        if known.iter().any(|row| names.contains(row.symbol())) {
            let kept = known.iter().filter(|row| !names.contains(row.symbol())).cloned();
            let whole: Vec<R> = kept.chain(rows.iter().cloned()).collect();
            return self.replace_parts(&folder, partition, whole).map(|()| changed);
        }
        fs::create_dir_all(&folder).map_err(|source| DatasetError::io(&folder, source))?;
        if !rows.is_empty() {
            let part = partition.write(&folder, rows.len(), |path| codec::write(path, rows))?;
            partition.parts.push(part);
        }
        partition.commit(&folder)?;
        Ok(changed)
    }

    /// Makes rows the whole of a partition, as an answer for the whole market. Returns how many there are.
    ///
    /// # Errors
    /// When files cannot be read or written; the partition is as it was then.
    ///
    /// # Panics
    /// When the dataset was opened for reading.
    pub(crate) fn replace_rows<R: Row>(&mut self, table: Table, date: Date, rows: Vec<R>) -> Result<u64, DatasetError> {
        let folder = self.table_folder(table, date);
        let mut partition = Partition::read(&folder)?.unwrap_or_default();
        partition.ask([EVERYTHING.to_owned()]);
        let count = rows.len() as u64;
        self.replace_parts(&folder, partition, rows).map(|()| count)
    }

    /// Makes rows the only part of a partition.
    fn replace_parts<R: Row>(
        &self,
        folder: &std::path::Path,
        mut partition: Partition,
        mut rows: Vec<R>,
    ) -> Result<(), DatasetError> {
        self.assert_writer();
        rows.sort_by(|one, other| one.symbol().cmp(other.symbol()));
        fs::create_dir_all(folder).map_err(|source| DatasetError::io(folder, source))?;
        let before = std::mem::take(&mut partition.parts);
        if !rows.is_empty() {
            partition.parts = vec![partition.write(folder, rows.len(), |path| codec::write(path, &rows))?];
        }
        partition.commit(folder)?;
        for part in before {
            // A file that is left over counts no more; compacting removes it.
            let _removed = fs::remove_file(folder.join(&part.file));
        }
        Ok(())
    }

    pub(super) fn table_folder(&self, table: Table, date: Date) -> PathBuf {
        self.root.join(table.name()).join(format!("date={date}"))
    }
}

#[cfg(test)]
mod tests;

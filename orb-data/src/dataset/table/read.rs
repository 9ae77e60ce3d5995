//! Rows from a dataset, and what is known before a session.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use orb_core::{Calendar, Date};

use super::super::Dataset;
use super::super::error::DatasetError;
use super::super::partition::Partition;
use super::Table;
use super::codec::{self, Row};
use crate::reference::{Asset, CorporateAction, DailyBar, OpeningVolume, Reference, Tables, Wanted};

/// Reads all rows of a partition.
pub(super) fn rows<R: Row>(folder: &Path, partition: &Partition) -> Result<Vec<R>, DatasetError> {
    let mut rows = Vec::new();
    for path in partition.files(folder) {
        let file = File::open(&path).map_err(|source| DatasetError::io(&path, source))?;
        rows.extend(codec::read::<R>(file).map_err(|source| DatasetError::Table { path, source })?);
    }
    Ok(rows)
}

impl Dataset {
    fn rows<R: Row>(&self, table: Table, date: Date) -> Result<Vec<R>, DatasetError> {
        let folder = self.table_folder(table, date);
        rows(&folder, &Partition::read(&folder)?.unwrap_or_default())
    }

    /// Counts the rows of a partition, each of which is read.
    pub(in super::super) fn count_rows(&self, table: Table, date: Date) -> Result<u64, DatasetError> {
        let count = match table {
            Table::Daily => self.rows::<DailyBar>(table, date)?.len(),
            Table::Opening(_) => self.rows::<OpeningVolume>(table, date)?.len(),
            Table::Assets => self.rows::<Asset>(table, date)?.len(),
            Table::Actions => self.rows::<CorporateAction>(table, date)?.len(),
        };
        Ok(count as u64)
    }

    /// Makes one file of a partition's files.
    pub(in super::super) fn compact_rows(&mut self, table: Table, date: Date) -> Result<(), DatasetError> {
        match table {
            Table::Daily => self.rewrite::<DailyBar>(table, date),
            Table::Opening(_) => self.rewrite::<OpeningVolume>(table, date),
            Table::Assets => self.rewrite::<Asset>(table, date),
            Table::Actions => self.rewrite::<CorporateAction>(table, date),
        }
    }

    fn rewrite<R: Row>(&mut self, table: Table, date: Date) -> Result<(), DatasetError> {
        let folder = self.table_folder(table, date);
        let partition = Partition::read(&folder)?.unwrap_or_default();
        let all = rows::<R>(&folder, &partition)?;
        self.replace_parts(&folder, partition, all)
    }

    /// Returns the days that it has of a session, in no particular order.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn daily(&self, date: Date) -> Result<Vec<DailyBar>, DatasetError> {
        self.rows(Table::Daily, date)
    }

    /// Returns the opening ranges of a length in minutes that it has of a session, in no particular order.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn openings(&self, date: Date, minutes: u32) -> Result<Vec<OpeningVolume>, DatasetError> {
        self.rows(Table::Opening(minutes), date)
    }

    /// Returns the assets that were active on the morning of a session; `None` when they were not asked for.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn assets(&self, date: Date) -> Result<Option<Vec<Asset>>, DatasetError> {
        Ok(if self.has_everything(Table::Assets, date)? { Some(self.rows(Table::Assets, date)?) } else { None })
    }

    /// Returns the corporate actions that became effective from one date to another, in order of date.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn actions(&self, first: Date, last: Date) -> Result<Vec<CorporateAction>, DatasetError> {
        let mut actions = Vec::new();
        for date in self.table_dates(Table::Actions)? {
            // A partition has the actions of the days without a session before it.
            if first <= date {
                actions.extend(self.rows::<CorporateAction>(Table::Actions, date)?);
            }
        }
        actions.retain(|action| first <= action.date && action.date <= last);
        actions.sort_by(|one, other| (one.date, &one.symbol).cmp(&(other.date, &other.symbol)));
        Ok(actions)
    }
}

impl Reference {
    /// Reads what is known of some symbols before a session; what the dataset does not have is not known.
    ///
    /// `minutes` are the lengths of the opening ranges whose volumes are wanted; others are left out.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn read(
        dataset: &Dataset,
        calendar: &Calendar,
        wanted: &Wanted<'_>,
        minutes: &[u32],
    ) -> Result<Self, DatasetError> {
        let (_, past) = wanted.past(calendar);
        let mut tables = Tables::default();
        for session in past {
            let date = session.date;
            let days = dataset.daily(date)?.into_iter().map(|day| (day.symbol.clone(), day));
            tables.daily.insert(date, days.collect());
            let openings: &mut BTreeMap<_, _> = tables.openings.entry(date).or_default();
            for &minutes in minutes {
                let ranges = dataset.openings(date, minutes)?.into_iter();
                openings.extend(ranges.map(|range| ((range.symbol.clone(), minutes), range)));
            }
        }
        let today = wanted.session.date;
        let assets = dataset.assets(today)?.unwrap_or_default().into_iter();
        tables.assets = assets.map(|asset| (asset.symbol.clone(), asset)).collect();
        tables.actions = dataset.actions(past.first().map_or(today, |session| session.date), today)?;
        Ok(Self::of(wanted, dataset.header().feed(), calendar, &tables))
    }
}

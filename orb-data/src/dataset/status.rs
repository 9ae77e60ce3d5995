//! What a dataset has.

use std::collections::BTreeSet;
use std::fs;

use orb_core::{Calendar, Date};

use super::Dataset;
use super::error::DatasetError;
use super::header::Header;
use super::partition::Partition;
use super::table::Table;

/// Tells what a dataset has, by its manifests; no bar is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What all bars have in common.
    pub header: Header,
    /// The sessions, in order of date.
    pub sessions: Vec<SessionStatus>,
    /// Sessions of the calendar between the first and the last that it does not have.
    pub missing: Vec<Date>,
    /// Symbols that were asked for in any session, in order.
    pub symbols: Vec<String>,
    /// The tables of reference data that it has, in order of their names.
    pub tables: Vec<TableStatus>,
}

/// Tells what a dataset has of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableStatus {
    /// Which table.
    pub table: Table,
    /// The first date that it has something for.
    pub first: Date,
    /// The last date that it has something for.
    pub last: Date,
    /// How many dates it has something for.
    pub sessions: u64,
    /// How many rows it has.
    pub rows: u64,
    /// Size of its files in bytes.
    pub bytes: u64,
}

/// Tells what a dataset has of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionStatus {
    /// Its date in New York.
    pub date: Date,
    /// How many bars it has.
    pub bars: u64,
    /// For how many symbols it was asked.
    pub symbols: u64,
    /// How many files it has.
    pub files: u64,
    /// Size of the files in bytes.
    pub bytes: u64,
}

impl Status {
    /// Returns how many bars there are.
    #[must_use]
    pub fn bars(&self) -> u64 {
        self.sessions.iter().map(|session| session.bars).sum()
    }

    /// Returns the size of all files in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.sessions.iter().map(|session| session.bytes).sum()
    }
}

impl Dataset {
    /// Tells what it has.
    ///
    /// # Errors
    /// When a manifest cannot be read, or a file that one names is missing.
    pub fn status(&self, calendar: &Calendar) -> Result<Status, DatasetError> {
        let (mut sessions, mut symbols) = (Vec::new(), BTreeSet::new());
        for date in self.dates()? {
            let folder = self.folder(date);
            let Some(partition) = Partition::read(&folder)? else { continue };
            let mut bytes = 0;
            for path in partition.files(&folder) {
                bytes += fs::metadata(&path).map_err(|source| DatasetError::io(&path, source))?.len();
            }
            let (bars, files) = (partition.rows(), partition.parts.len() as u64);
            sessions.push(SessionStatus { date, bars, symbols: partition.asked.len() as u64, files, bytes });
            symbols.extend(partition.asked);
        }
        let missing = missing(&sessions, calendar);
        let symbols = symbols.into_iter().collect();
        Ok(Status { header: self.header.clone(), sessions, missing, symbols, tables: self.tables()? })
    }

    fn tables(&self) -> Result<Vec<TableStatus>, DatasetError> {
        let mut tables = Vec::new();
        for table in Table::all() {
            let dates = self.table_dates(table)?;
            let (Some(&first), Some(&last)) = (dates.first(), dates.last()) else { continue };
            let mut status = TableStatus { table, first, last, sessions: dates.len() as u64, rows: 0, bytes: 0 };
            for date in dates {
                let folder = self.table_folder(table, date);
                let Some(partition) = Partition::read(&folder)? else { continue };
                status.rows += partition.rows();
                for path in partition.files(&folder) {
                    status.bytes += fs::metadata(&path).map_err(|source| DatasetError::io(&path, source))?.len();
                }
            }
            tables.push(status);
        }
        tables.sort_by_key(|status| status.table.name());
        Ok(tables)
    }
}

fn missing(sessions: &[SessionStatus], calendar: &Calendar) -> Vec<Date> {
    let (Some(first), Some(last)) = (sessions.first(), sessions.last()) else { return Vec::new() };
    let has = |date: Date| sessions.binary_search_by_key(&date, |session| session.date).is_ok();
    calendar.between(first.date, last.date).iter().map(|session| session.date).filter(|date| !has(*date)).collect()
}

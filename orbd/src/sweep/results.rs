//! The results of a whole search, read from its file.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use orb_backtest::sweep::{Axes, Axis};

use super::lines::{self, Lines, Place};
use super::record::{Forward, Header, Record};
use super::results_error::ResultsError;
use super::shard::Shard;

/// Most numbers that a message lists.
const LISTED_MAX: usize = 10;

/// Holds a finished search.
#[derive(Debug)]
pub struct Results {
    /// What was searched.
    pub header: Header,
    /// The grid.
    pub axes: Axes,
    /// Every combination in order of number, without the days of walk-forward.
    pub records: Vec<Record>,
    path: PathBuf,
    places: BTreeMap<usize, Place>,
}

impl Results {
    /// Reads the file of a finished search.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or combinations are missing.
    pub fn read(path: &Path) -> Result<Self, ResultsError> {
        let failed = |source| ResultsError::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        let found = lines::find(path, &file)?;
        let header = whole(path, &found)?.clone();
        let mut records = Vec::with_capacity(found.places.len());
        let mut bytes = Vec::new();
        for (&number, &place) in &found.places {
            lines::read(&mut file, place, &mut bytes).map_err(failed)?;
            let mut record = parse(path, number, &bytes)?;
            if let Some(forward) = record.result.as_mut().and_then(|result| result.forward.as_mut()) {
                // Days of thousands of combinations would fill the memory, and few of them are needed.
                for days in [&mut forward.pessimistic, &mut forward.optimistic] {
                    (days.opens, days.results) = (Vec::new(), Vec::new());
                }
            }
            records.push(record);
        }
        let axis = |axis: &super::record::AxisRecord| Axis { key: axis.key.clone(), values: axis.values.clone() };
        let axes = Axes::new(header.axes.iter().map(axis).collect());
        let axes = axes.map_err(|_| ResultsError::NotResults { path: path.to_owned() })?;
        Ok(Self { header, axes, records, path: path.to_owned(), places: found.places })
    }

    /// Reads again what walk-forward needs of a combination, its days included; `None` where there is nothing.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub fn forward(&self, combination: usize) -> Result<Option<Forward>, ResultsError> {
        let Some(&place) = self.places.get(&combination) else { return Ok(None) };
        let failed = |source| ResultsError::Read { path: self.path.clone(), source };
        let mut bytes = Vec::new();
        let mut file = File::open(&self.path).map_err(failed)?;
        lines::read(&mut file, place, &mut bytes).map_err(failed)?;
        Ok(parse(&self.path, combination, &bytes)?.result.and_then(|result| result.forward))
    }
}

fn parse(path: &Path, combination: usize, bytes: &[u8]) -> Result<Record, ResultsError> {
    serde_json::from_slice(bytes).map_err(|error| ResultsError::Damaged {
        path: path.to_owned(),
        // The file of a finished search is in order, after the header.
        line: combination + 1,
        problem: error.to_string(),
    })
}

/// Checks that a file has every combination of its part, and returns its header.
pub(super) fn whole<'a>(path: &Path, lines: &'a Lines) -> Result<&'a Header, ResultsError> {
    let header = lines.header.as_ref().ok_or_else(|| ResultsError::NotResults { path: path.to_owned() })?;
    let shard: Shard = header.shard.parse().unwrap_or(Shard::WHOLE);
    let missing: Vec<usize> = (1..=header.combinations)
        .filter(|&combination| shard.has(combination) && !lines.places.contains_key(&combination))
        .collect();
    if missing.is_empty() {
        return Ok(header);
    }
    let (path, shard, count) = (path.to_owned(), header.shard.clone(), missing.len());
    Err(ResultsError::Unfinished { path, shard, count, missing: listed(&missing) })
}

/// Lists numbers, a long list shortened.
pub(super) fn listed(numbers: &[usize]) -> String {
    let shown: Vec<_> = numbers.iter().take(LISTED_MAX).map(ToString::to_string).collect();
    let more = numbers.len().saturating_sub(LISTED_MAX);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

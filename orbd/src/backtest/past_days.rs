//! What the tables of datasets say of days whose minutes are not there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use orb_core::config::RANGE_MINUTES;
use orb_core::history::{DaySummary, History};
use orb_core::{Bar, Date, SymbolId, SymbolTable};
use orb_data::Dataset;
use orb_data::dataset::{DatasetError, Table};
use orb_data::reference::{ActionKind, CorporateAction};

/// Holds the days and the corporate actions of datasets, for the symbols that have bars.
///
/// A symbol's bars of a session go before what a table says of it. Splits are applied before the session in which they
/// become effective, so that averages are on its basis; changes of names are not followed, as the bars have none.
#[derive(Debug, Default)]
pub(super) struct PastDays {
    days: BTreeMap<Date, Vec<DaySummary>>,
    actions: Vec<(SymbolId, CorporateAction)>,
}

impl PastDays {
    /// Reads the tables of those paths that are datasets; other paths have none.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub(super) fn read<'a>(
        paths: impl IntoIterator<Item = &'a PathBuf>,
        symbols: &SymbolTable,
    ) -> Result<Self, DatasetError> {
        let mut past = Self::default();
        for path in paths.into_iter().filter(|path| path.is_dir()) {
            match Dataset::open(path) {
                Ok(dataset) => past.add(&dataset, symbols)?,
                Err(DatasetError::NoDataset { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        past.actions.sort_by_key(|(symbol, action)| (action.date, *symbol));
        past.actions.dedup();
        Ok(past)
    }

    fn add(&mut self, dataset: &Dataset, symbols: &SymbolTable) -> Result<(), DatasetError> {
        for date in dataset.table_dates(Table::Daily)? {
            let volumes = opening_volumes(dataset, date, symbols)?;
            let known = self.days.entry(date).or_default();
            for day in dataset.daily(date)? {
                let Some(symbol) = symbols.id(&day.symbol) else { continue };
                let opening_volume = volumes.get(&symbol).copied().unwrap_or_default();
                let (high, low, close, volume) = (day.high, day.low, day.close, day.volume);
                // Of two datasets that know a day, the first that is named counts.
                if known.iter().all(|one| one.symbol != symbol) {
                    known.push(DaySummary { symbol, high, low, close, volume, opening_volume });
                }
            }
        }
        let actions = dataset.actions(Date::MIN, Date::MAX)?.into_iter();
        self.actions.extend(actions.filter_map(|action| Some((symbols.id(&action.symbol)?, action))));
        Ok(())
    }

    /// Returns the first date of which anything is known before another one.
    pub(super) fn first_before(&self, date: Date) -> Option<Date> {
        self.days.range(..date).next().map(|(first, _)| *first)
    }

    /// Tells a history what became of shares after one session and up to the next.
    pub(super) fn act(&self, history: &mut History, after: Option<Date>, until: Date) {
        let is_due = |(_, action): &&(SymbolId, CorporateAction)| {
            after.is_some_and(|after| after < action.date) && action.date <= until
        };
        for (symbol, action) in self.actions.iter().filter(is_due) {
            match action.kind {
                ActionKind::Split(split) => history.split(*symbol, split),
                ActionKind::Unclear => history.forget(*symbol),
                ActionKind::Rename { .. } => {}
            }
        }
    }

    /// Tells a history of the session at a position of the calendar, but for symbols that have bars of it.
    pub(super) fn tell(&self, history: &mut History, index: usize, date: Date, bars: &[Bar]) {
        let Some(days) = self.days.get(&date) else { return };
        let mut with_bars: Vec<SymbolId> = bars.iter().map(|bar| bar.symbol).collect();
        with_bars.sort_unstable();
        with_bars.dedup();
        let is_missing = |day: &&DaySummary| with_bars.binary_search(&day.symbol).is_err();
        let missing: Vec<DaySummary> = days.iter().filter(is_missing).copied().collect();
        history.add_summaries(index, &missing);
    }
}

/// Reads the volumes of a session's opening ranges, of each length that the dataset has.
fn opening_volumes(
    dataset: &Dataset,
    date: Date,
    symbols: &SymbolTable,
) -> Result<BTreeMap<SymbolId, [Option<u64>; RANGE_MINUTES.len()]>, DatasetError> {
    let mut volumes: BTreeMap<SymbolId, [Option<u64>; RANGE_MINUTES.len()]> = BTreeMap::new();
    for (length, minutes) in RANGE_MINUTES.into_iter().enumerate() {
        for range in dataset.openings(date, minutes)? {
            if let Some(symbol) = symbols.id(&range.symbol) {
                volumes.entry(symbol).or_default()[length] = range.volume;
            }
        }
    }
    Ok(volumes)
}

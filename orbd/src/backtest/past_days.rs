//! What the tables of datasets say of days whose minutes are not there.

mod names;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::PathBuf;

use orb_core::config::RANGE_MINUTES;
use orb_core::history::{DaySummary, History};
use orb_core::{Bar, Date, SymbolId, SymbolTable};
use orb_data::Dataset;
use orb_data::dataset::{DatasetError, Table};
use orb_data::reference::{ActionKind, CorporateAction};

use self::names::Names;

/// Holds the days and the corporate actions of datasets, for the symbols that have bars and for the other names of these.
///
/// A symbol's bars of a session go before what a table says of it. Splits and changes of names are applied before the
/// session in which they become effective, as they are in what is known on a morning: averages are on that session's
/// basis, and a symbol has the past of the names that it had.
#[derive(Debug, Default)]
pub(super) struct PastDays {
    days: BTreeMap<Date, Vec<DaySummary>>,
    /// Splits and what cannot be read, by date and name.
    actions: Vec<(SymbolId, CorporateAction)>,
    /// Old and new names.
    changes: BTreeMap<Date, Vec<(SymbolId, SymbolId)>>,
    /// By name, the position of the latest session that has bars of it.
    latest_bars: Vec<Option<usize>>,
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
        let (mut datasets, mut actions) = (Vec::new(), Vec::new());
        for path in paths.into_iter().filter(|path| path.is_dir()) {
            match Dataset::open(path) {
                Ok(dataset) => {
                    actions.extend(dataset.actions(Date::MIN, Date::MAX)?);
                    datasets.push(dataset);
                }
                Err(DatasetError::NoDataset { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        // In the order in which a dataset tells them.
        actions.sort_by(|one, other| (one.date, &one.symbol).cmp(&(other.date, &other.symbol)));
        let names = Names::of(symbols, &actions);
        let mut past = Self { latest_bars: vec![None; names.len()], ..Self::default() };
        for dataset in &datasets {
            past.add_days(dataset, &names)?;
        }
        for action in actions {
            past.add_action(action, &names);
        }
        Ok(past)
    }

    fn add_days(&mut self, dataset: &Dataset, names: &Names<'_>) -> Result<(), DatasetError> {
        for date in dataset.table_dates(Table::Daily)? {
            let volumes = opening_volumes(dataset, date, names)?;
            let known = self.days.entry(date).or_default();
            for day in dataset.daily(date)? {
                let Some(symbol) = names.id(&day.symbol) else { continue };
                let opening_volume = volumes.get(&symbol).copied().unwrap_or_default();
                let (high, low, close, volume) = (day.high, day.low, day.close, day.volume);
                // Of two datasets that know a day, the first that is named counts.
                if known.iter().all(|one| one.symbol != symbol) {
                    known.push(DaySummary { symbol, high, low, close, volume, opening_volume });
                }
            }
        }
        Ok(())
    }

    /// Adds an action; they come in order of date.
    fn add_action(&mut self, action: CorporateAction, names: &Names<'_>) {
        let Some(symbol) = names.id(&action.symbol) else { return };
        if let ActionKind::Rename { to } = &action.kind {
            let new = names.id(to).expect("a change has both of its names or none");
            self.changes.entry(action.date).or_default().push((symbol, new));
            return;
        }
        // Two datasets, or a list that was asked for twice, tell of the same split twice.
        let mut of_date = self.actions.iter().rev().take_while(|(_, known)| known.date == action.date);
        if !of_date.any(|(_, known)| *known == action) {
            self.actions.push((symbol, action));
        }
    }

    /// Returns of how many names a history is to remember the sessions: those of the table come first, in its order.
    pub(super) fn names(&self) -> usize {
        self.latest_bars.len()
    }

    /// Returns the first date of which anything is known before another one.
    pub(super) fn first_before(&self, date: Date) -> Option<Date> {
        self.days.range(..date).next().map(|(first, _)| *first)
    }

    /// Tells a history what became of shares after one session and up to the next.
    pub(super) fn act(&self, history: &mut History, after: Option<Date>, until: Date) {
        let Some(after) = after else { return };
        let former = self.rename(history, after, until);
        for (name, action) in self.actions.iter().filter(|(_, action)| after < action.date && action.date <= until) {
            // An action is told under the name of before a change or under that of after it.
            let renamed = former.iter().filter(|(new, old)| *old == name && *new != name);
            for symbol in renamed.map(|(new, _)| *new).chain([*name]) {
                match action.kind {
                    ActionKind::Split(split) => history.split(symbol, split),
                    ActionKind::Unclear => history.forget(symbol),
                    ActionKind::Rename { .. } => {}
                }
            }
        }
    }

    /// Applies the changes of names after one date and up to another. Returns by new name what it was before all of them.
    fn rename(&self, history: &mut History, after: Date, until: Date) -> BTreeMap<SymbolId, SymbolId> {
        let mut former = BTreeMap::new();
        for changes in self.changes.range((Bound::Excluded(after), Bound::Included(until))).map(|(_, changes)| changes)
        {
            let (kept, moved): (Vec<_>, Vec<_>) =
                changes.iter().copied().partition(|&change| self.has_later_name(history, changes, change));
            kept.iter().for_each(|(old, _)| history.forget(*old));
            history.rename(&moved);
            let before = former.clone();
            let told = |(old, new): &(SymbolId, SymbolId)| (*new, before.get(old).copied().unwrap_or(*old));
            // Of two changes to one name the first counts, as it does in the history.
            former.extend(changes.iter().rev().map(told));
        }
        former
    }

    /// Tells whether bars of before a change carry the new name already, as those do that are asked for after it: then
    /// they go on where those of the old name end, and are no other company's.
    fn has_later_name(
        &self,
        history: &History,
        changes: &[(SymbolId, SymbolId)],
        (old, new): (SymbolId, SymbolId),
    ) -> bool {
        let is_passed_on = changes.iter().any(|(old, _)| *old == new);
        !is_passed_on && self.latest_bars[new.index()] > history.latest_session(old)
    }

    /// Tells a history of the session at a position of the calendar, but for symbols that have bars of it.
    pub(super) fn tell(&mut self, history: &mut History, index: usize, date: Date, bars: &[Bar]) {
        if !self.changes.is_empty() {
            bars.iter().for_each(|bar| self.latest_bars[bar.symbol.index()] = Some(index));
        }
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
    names: &Names<'_>,
) -> Result<BTreeMap<SymbolId, [Option<u64>; RANGE_MINUTES.len()]>, DatasetError> {
    let mut volumes: BTreeMap<SymbolId, [Option<u64>; RANGE_MINUTES.len()]> = BTreeMap::new();
    for (length, minutes) in RANGE_MINUTES.into_iter().enumerate() {
        for range in dataset.openings(date, minutes)? {
            if let Some(symbol) = names.id(&range.symbol) {
                volumes.entry(symbol).or_default()[length] = range.volume;
            }
        }
    }
    Ok(volumes)
}

#[cfg(test)]
mod tests;

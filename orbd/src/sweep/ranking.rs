//! Puts combinations in order, beside their neighbours and beside luck.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use orb_backtest::sweep::neighbour_mean;
use orb_core::metrics::{Moments, Trials, deflated_sharpe};

use super::record::{Figures, Outcome, Record};
use super::results::Results;

/// Holds the combinations that were run, the best first.
#[derive(Debug)]
pub struct Ranking<'a> {
    /// By score, the greater first; without a score last; equals by number.
    pub rows: Vec<Row<'a>>,
    /// Those that were refused, with the reason.
    pub skipped: Vec<(&'a Record, &'a str)>,
    /// What the number of trials makes of the best.
    pub luck: Luck,
}

/// Holds a combination with what surrounds it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Number and settings.
    pub record: &'a Record,
    /// What it came to.
    pub outcome: &'a Outcome,
    /// Mean score of those one step away, and how many they are; `None` where none has a score.
    pub neighbours: Option<(f64, usize)>,
}

impl Row<'_> {
    /// Returns how far the score stands above the mean of its neighbours.
    #[must_use]
    pub fn above(&self) -> Option<f64> {
        Some(self.outcome.score? - self.neighbours?.0)
    }
}

/// Says what is left of the best Sharpe ratio when it is known to be the best of many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Luck {
    /// Combinations that were run.
    pub trials: usize,
    /// Annualised Sharpe ratio of the first row under the fill model that counts.
    pub sharpe: Option<f64>,
    /// What the best of so many would show by luck alone, annualised.
    pub expected_max: f64,
    /// Probability that the true ratio of the first row is above zero; see [`deflated_sharpe`].
    pub deflated: Option<f64>,
}

impl<'a> Ranking<'a> {
    /// Ranks the results of a search.
    #[must_use]
    pub fn of(results: &'a Results) -> Self {
        let run = |record: &'a Record| Some((record, record.result.as_ref()?));
        let scored = |record: &'a Record| Some((record.point, record.result.as_ref()?.score?));
        let scores: BTreeMap<u64, f64> = results.records.iter().filter_map(scored).collect();
        let row = |(record, outcome): (&'a Record, &'a Outcome)| Row {
            record,
            outcome,
            neighbours: neighbour_mean(&results.axes, &scores, record.point),
        };
        let mut rows: Vec<_> = results.records.iter().filter_map(run).map(row).collect();
        rows.sort_by(|one, other| best_first(one.outcome.score, other.outcome.score));
        let skipped = results.records.iter().filter_map(|record| Some((record, record.skipped.as_deref()?)));
        Self { skipped: skipped.collect(), luck: luck(results, &rows), rows }
    }
}

/// Orders scores, the greater first and absent ones last.
pub(super) fn best_first(one: Option<f64>, other: Option<f64>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => other.total_cmp(&one),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

/// Returns the figures under the fill model that counts.
pub(super) fn counted<'a>(results: &Results, outcome: &'a Outcome) -> &'a Figures {
    let is_optimistic = results.header.fill_model == orb_backtest::FillModel::Optimistic.name();
    if is_optimistic { &outcome.optimistic } else { &outcome.pessimistic }
}

fn luck(results: &Results, rows: &[Row<'_>]) -> Luck {
    let sharpes: Vec<_> = rows.iter().map(|row| counted(results, row.outcome).sharpe).collect();
    let trials = Trials::of_annualised(&sharpes);
    let best = rows.first().map(|row| counted(results, row.outcome));
    let moments = best.and_then(|figures| figures.moments).map(Moments::from);
    Luck {
        trials: trials.count,
        sharpe: best.and_then(|figures| figures.sharpe),
        expected_max: trials.expected_max(),
        deflated: moments.and_then(|moments| deflated_sharpe(&moments, trials)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greater_comes_first_and_what_is_absent_last() {
        let mut scores = [None, Some(-1.0), Some(2.0), None, Some(0.0)];
        scores.sort_by(|one, other| best_first(*one, *other));
        assert_eq!(scores, [Some(2.0), Some(0.0), Some(-1.0), None, None]);
    }
}

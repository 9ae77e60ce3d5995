//! Walk-forward: in each window the best on the sessions before trades the sessions after.

use std::collections::BTreeMap;

use orb_backtest::sweep::stitch;
use orb_core::metrics::{DailyStats, DayResult};
use orb_core::{Money, Timestamp};

use super::ranking::best_first;
use super::record::{Forward, TestDays, WindowRecord};
use super::results::Results;
use super::results_error::ResultsError;

/// Holds what choosing again and again came to, on sessions that the choice had not seen.
#[derive(Clone, Debug)]
pub struct WalkForwardResult {
    /// The windows in order.
    pub windows: Vec<Chosen>,
    /// All sessions to be judged on as one account, pessimistic.
    pub pessimistic: OutOfSample,
    /// The same, optimistic.
    pub optimistic: OutOfSample,
}

/// Holds the choice of a window.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The window.
    pub window: WindowRecord,
    /// The best on the sessions to learn on; `None` where none had a score there, and then nothing is traded.
    pub combination: Option<usize>,
    /// Its score on them.
    pub train_score: Option<f64>,
    /// What the sessions after brought, as a fraction: pessimistic, optimistic.
    pub test_return: [f64; 2],
    /// Trades on them: pessimistic, optimistic.
    pub test_trades: [usize; 2],
}

/// Holds figures of the sessions to be judged on.
#[derive(Clone, Debug, Default)]
pub struct OutOfSample {
    /// Closed trades.
    pub trades: usize,
    /// Figures of the sessions.
    pub daily: DailyStats,
    /// Equity after each session, dollars compounded from the start of the search.
    pub days: Vec<DayResult>,
}

/// Chooses in each window and joins what followed; `None` without walk-forward.
///
/// # Errors
/// When the results cannot be read any more.
pub fn walk_forward(results: &Results) -> Result<Option<WalkForwardResult>, ResultsError> {
    if results.header.windows.is_empty() {
        return Ok(None);
    }
    let choices: Vec<_> = (0..results.header.windows.len()).map(|window| choose(results, window)).collect();
    let mut forwards: BTreeMap<usize, Forward> = BTreeMap::new();
    for &(combination, _) in choices.iter().flatten() {
        if !forwards.contains_key(&combination)
            && let Some(forward) = results.forward(combination)?
        {
            forwards.insert(combination, forward);
        }
    }
    let chosen = |window: usize| choices[window].and_then(|(combination, _)| forwards.get(&combination));
    let of = |model: fn(&Forward) -> &TestDays| join(results, |window| chosen(window).map(model));
    let (pessimistic, optimistic) = (of(|forward| &forward.pessimistic), of(|forward| &forward.optimistic));
    let mut first = 0;
    let windows = results.header.windows.iter().enumerate().map(|(index, window)| {
        let days = first..first + window.test[1] - window.test[0];
        first = days.end;
        let brought = |sample: &OutOfSample| DailyStats::of(&sample.days[days.clone()]).total_return.unwrap_or(0.0);
        let trades = |days: &TestDays| days.trades.get(index).copied().unwrap_or(0);
        Chosen {
            window: window.clone(),
            combination: choices[index].map(|(combination, _)| combination),
            train_score: choices[index].map(|(_, score)| score),
            test_return: [brought(&pessimistic), brought(&optimistic)],
            test_trades: chosen(index).map_or([0; 2], |it| [trades(&it.pessimistic), trades(&it.optimistic)]),
        }
    });
    Ok(Some(WalkForwardResult { windows: windows.collect(), pessimistic, optimistic }))
}

/// Returns the best combination on a window's sessions to learn on, and its score; equals by number.
fn choose(results: &Results, window: usize) -> Option<(usize, f64)> {
    let score = |record: &super::record::Record| {
        let trained = record.result.as_ref()?.forward.as_ref()?.train.get(window).copied().flatten()?;
        Some((record.combination, trained))
    };
    results.records.iter().filter_map(score).min_by(|one, other| best_first(Some(one.1), Some(other.1)))
}

fn join<'a>(results: &Results, days_of: impl Fn(usize) -> Option<&'a TestDays>) -> OutOfSample {
    let (mut days, mut trades, mut first) = (Vec::new(), 0, 0);
    for (index, window) in results.header.windows.iter().enumerate() {
        let chosen = days_of(index);
        trades += chosen.and_then(|days| days.trades.get(index)).copied().unwrap_or(0);
        for (place, session) in (window.test[0]..window.test[1]).enumerate() {
            let at = |values: &[i64]| values.get(first + place).copied();
            let day = chosen.and_then(|days| Some((at(&days.opens)?, at(&days.results)?)));
            // Nothing was chosen: nothing is traded.
            let (open, result) = day.unwrap_or((1, 0));
            days.push(day_of(results.header.sessions[session], open, result));
        }
        first += window.test[1] - window.test[0];
    }
    let days = stitch(results.header.initial_equity, &days);
    OutOfSample { trades, daily: DailyStats::of(&days), days }
}

fn day_of(date: orb_core::Date, open: i64, result: i64) -> DayResult {
    // The hours are not known here, and no figure of days needs them.
    let hours = Timestamp::from_micros(0);
    let (equity_open, realized) = (Money::from_micros(open), Money::from_micros(result));
    DayResult {
        date,
        open: hours,
        close: hours,
        equity_open,
        equity: equity_open + realized,
        realized,
        fees: Money::ZERO,
        drawdown: Money::ZERO,
    }
}

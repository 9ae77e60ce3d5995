//! From a grid and bars to numbered combinations that can run.

use std::collections::BTreeMap;
use std::io;

use orb_backtest::sweep::{Split, WalkForwardError};
use orb_core::config::ConfigError;
use orb_core::{Date, RunConfig};

use super::fingerprint;
use super::grid::{Grid, Search};
use super::grid_error::{GridError, GridProblem};
use super::record::{AxisRecord, FORM, Header, Record, WindowRecord};
use super::sample;
use super::shard::Shard;
use crate::backtest::Market;

/// Holds the combinations of a search in order.
#[derive(Debug)]
pub struct Plan {
    /// The grid, its base with all symbols settled.
    pub grid: Grid,
    /// Windows to learn and to be judged on; empty without walk-forward.
    pub splits: Vec<Split>,
    points: Vec<u64>,
}

impl Plan {
    /// Makes the plan, and checks what can be checked only with bars.
    ///
    /// # Errors
    /// Names the line at fault: a symbol without bars, windows that do not fit, combinations that are all refused.
    pub fn new(mut grid: Grid, market: &Market) -> Result<Self, GridError> {
        settle_symbols(&mut grid, market)?;
        let splits = match grid.walk_forward {
            None => Vec::new(),
            Some(walk) => {
                let failed = |error: WalkForwardError| grid.error(walk.line, error.into());
                walk.value.splits(market.days.len()).map_err(failed)?
            }
        };
        let points = match grid.search {
            Search::Grid => (0..grid.axes.count()).collect(),
            Search::Random { samples, seed } => sample::points(seed, samples, grid.axes.count()),
        };
        let plan = Self { grid, splits, points };
        plan.check_some_run(market)?;
        Ok(plan)
    }

    /// Returns how many combinations there are, those that are refused included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Tells whether there is no combination.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Returns the configuration of a combination.
    ///
    /// `combination`: its number, from 1.
    ///
    /// # Errors
    /// Why it is refused: its settings contradict each other, or do not fit the bars.
    ///
    /// # Panics
    /// When there is no such combination.
    pub fn config(&self, combination: usize, market: &Market) -> Result<RunConfig, ConfigError> {
        let mut run = self.grid.base.clone();
        for (key, value) in self.grid.axes.settings(self.points[combination - 1]) {
            run.set(key, value).expect("each value was tried when the grid was read");
        }
        run.validate()?;
        run.validate_bar_length(market.bar_length)?;
        Ok(run)
    }

    /// Returns a record of a combination without an outcome.
    ///
    /// # Panics
    /// When there is no such combination.
    #[must_use]
    pub fn record(&self, combination: usize) -> Record {
        let point = self.points[combination - 1];
        let text = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let settings = self.grid.axes.settings(point).map(text).collect();
        Record { combination, point, settings, skipped: None, result: None }
    }

    /// Describes the search for the results file.
    ///
    /// # Errors
    /// When the program's own file cannot be read.
    pub fn header(&self, market: &Market, shard: Shard) -> io::Result<Header> {
        let Grid { base, axes, search, objective, fill_model, fixed, .. } = &self.grid;
        let axes = axes.axes().iter().map(|axis| AxisRecord { key: axis.key.clone(), values: axis.values.clone() });
        let names: Vec<_> = base.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
        let window = |split: &Split| WindowRecord {
            train: [split.train.start, split.train.end],
            test: [split.test.start, split.test.end],
        };
        Ok(Header {
            orb_sweep: FORM,
            fingerprint: fingerprint::of(&self.grid, market)?,
            shard: shard.to_string(),
            combinations: self.points.len(),
            axes: axes.collect(),
            fixed: fixed.iter().map(|(key, lined)| (key.clone(), lined.value.clone())).collect::<BTreeMap<_, _>>(),
            strategy: names.join(", "),
            search: if matches!(search, Search::Grid) { "grid" } else { "random" }.to_owned(),
            seed: match search {
                Search::Grid => None,
                Search::Random { seed, .. } => Some(*seed),
            },
            objective: objective.name().to_owned(),
            fill_model: fill_model.name().to_owned(),
            initial_equity: base.initial_equity,
            symbols: market.symbols.len(),
            bars: market.bar_count(),
            sessions: market.days.iter().map(|day| day.session.date).collect::<Vec<Date>>(),
            windows: self.splits.iter().map(window).collect(),
        })
    }

    fn check_some_run(&self, market: &Market) -> Result<(), GridError> {
        let mut first = None;
        for combination in 1..=self.points.len() {
            match self.config(combination, market) {
                Ok(_) => return Ok(()),
                Err(error) => first = first.or(Some(error)),
            }
        }
        let reason = first.map_or_else(String::new, |error| error.to_string());
        Err(self.grid.error(1, GridProblem::NothingToRun { count: self.points.len(), reason }))
    }
}

/// Makes "every symbol of the bars" explicit, and refuses symbols that have none wherever the grid names them.
fn settle_symbols(grid: &mut Grid, market: &Market) -> Result<(), GridError> {
    let names_symbols = |key: &str| key == "symbols" || key.ends_with(".symbols");
    let line = grid.fixed.iter().find(|(key, _)| names_symbols(key)).map_or(1, |(_, lined)| lined.line);
    let failed =
        |line, error| GridError::File { path: grid.path.clone(), line, problem: Box::new(GridProblem::Bars(error)) };
    market.settle_symbols(&mut grid.base).map_err(|error| failed(line, error))?;
    for (axis, lines) in grid.axes.axes().iter().zip(&grid.axis_lines).filter(|(axis, _)| names_symbols(&axis.key)) {
        for (value, &line) in axis.values.iter().zip(lines) {
            let mut trial = grid.base.clone();
            trial.set(&axis.key, value).expect("each value was tried when the grid was read");
            market.settle_symbols(&mut trial).map_err(|error| failed(line, error))?;
        }
    }
    Ok(())
}

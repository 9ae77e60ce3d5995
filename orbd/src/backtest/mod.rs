//! A backtest from files to files: read and run under both fill models at the same time, write.

mod files;
mod input;
mod output;
mod report;
mod results;
mod streamed;
mod summary;

pub use files::{Output, OutputError, check_outputs, save_all};
pub use input::{Coverage, InputError, Market, Selection, load};
pub use output::{Names, decisions_csv, equity_csv, trades_csv};
pub use report::{PageSource, report_html};
pub use results::{ResultError, ResultFormat, equity_file, trades_file};
pub use streamed::run_streamed;
pub use summary::{Summary, render};

use orb_backtest::{Backtest, FillModel, Report, SessionBars};
use orb_core::{EngineConfig, RunConfig};

use crate::progress::Progress;

/// Holds the reports of both fill models.
#[derive(Clone, Debug)]
pub struct Reports {
    /// Every touch of a stop in the entry's bar is a stop-out.
    pub pessimistic: Report,
    /// Only a touch that certainly follows the entry.
    pub optimistic: Report,
}

impl Reports {
    /// Returns the report of a model.
    #[must_use]
    pub const fn of(&self, model: FillModel) -> &Report {
        match model {
            FillModel::Pessimistic => &self.pessimistic,
            FillModel::Optimistic => &self.optimistic,
        }
    }
}

/// Runs a market under one fill model.
#[must_use]
pub fn run(market: &Market, run: &RunConfig, model: FillModel) -> Report {
    run_with(market, run, model, &Progress::hidden())
}

/// Runs a market under one fill model and counts each session.
fn run_with(market: &Market, run: &RunConfig, model: FillModel, progress: &Progress) -> Report {
    let mut backtest = Backtest::new(engine_config(market, run), model);
    for day in &market.days {
        backtest.run_session(&SessionBars {
            session: &day.session,
            bars: market.bars_of(day),
            reference: &day.reference,
        });
        progress.step();
    }
    backtest.finish()
}

/// Runs a market under both fill models, each on a thread of its own; each session counts twice as progress.
///
/// # Panics
/// When a run panics: a broken invariant of the engine.
#[must_use]
pub fn run_both(market: &Market, config: &RunConfig, progress: &Progress) -> Reports {
    std::thread::scope(|scope| {
        let optimistic = scope.spawn(|| run_with(market, config, FillModel::Optimistic, progress));
        let pessimistic = run_with(market, config, FillModel::Pessimistic, progress);
        Reports { pessimistic, optimistic: optimistic.join().expect("the optimistic run does not panic") }
    })
}

/// Returns what an engine for this market is built from.
#[must_use]
pub fn engine_config(market: &Market, run: &RunConfig) -> EngineConfig {
    EngineConfig {
        run: run.clone(),
        symbols: market.symbols.clone(),
        calendar: market.calendar.clone(),
        bar_length: market.bar_length,
    }
}

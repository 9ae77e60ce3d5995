//! A backtest from files to files: read and run under both fill models at the same time, write.

mod figures;
mod files;
mod holes;
mod input;
mod output;
mod past_days;
mod report;
mod results;
mod streamed;
mod summary;

pub use files::{Output, OutputError, check_outputs, save_all};
pub use holes::Holes;
pub use input::{Coverage, InputError, Market, Selection, load};
pub use output::{Names, decisions_csv, equity_csv, trades_csv};
pub use report::{PageSource, report_html};
pub use results::{ResultError, ResultFormat, decisions_file, decisions_format, equity_file, trades_file};
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

/// Says how a run goes on beside its configuration.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions<'a> {
    /// Counts each session of each model.
    pub progress: &'a Progress,
    /// The model whose run keeps the whole reckoning of every symbol's day; `None` for neither.
    pub explained: Option<FillModel>,
}

impl RunOptions<'_> {
    fn config(&self, config: EngineConfig, model: FillModel) -> EngineConfig {
        if self.explained == Some(model) { config.explained() } else { config }
    }
}

/// Runs a market under one fill model.
#[must_use]
pub fn run(market: &Market, run: &RunConfig, model: FillModel) -> Report {
    run_with(market, run, model, RunOptions { progress: &Progress::hidden(), explained: None })
}

/// Runs a market under one fill model and counts each session.
fn run_with(market: &Market, run: &RunConfig, model: FillModel, options: RunOptions<'_>) -> Report {
    let mut backtest = Backtest::new(options.config(engine_config(market, run), model), model);
    for day in &market.days {
        backtest.run_session(&SessionBars {
            session: &day.session,
            bars: market.bars_of(day),
            reference: &day.reference,
        });
        options.progress.step();
    }
    backtest.finish()
}

/// Runs a market under both fill models, each on a thread of its own; each session counts twice as progress.
///
/// # Panics
/// When a run panics: a broken invariant of the engine.
#[must_use]
pub fn run_both(market: &Market, config: &RunConfig, options: RunOptions<'_>) -> Reports {
    std::thread::scope(|scope| {
        let optimistic = scope.spawn(|| run_with(market, config, FillModel::Optimistic, options));
        let pessimistic = run_with(market, config, FillModel::Pessimistic, options);
        Reports { pessimistic, optimistic: optimistic.join().expect("the optimistic run does not panic") }
    })
}

/// Returns what an engine for this market is built from.
#[must_use]
pub fn engine_config(market: &Market, run: &RunConfig) -> EngineConfig {
    EngineConfig::new(run.clone(), market.symbols.clone(), market.calendar.clone(), market.bar_length)
}

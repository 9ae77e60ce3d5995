//! Runs one combination under both fill models and keeps what is small.

use orb_backtest::sweep::{Objective, Split, metrics_of};
use orb_backtest::{FillModel, Report};
use orb_core::RunConfig;
use orb_core::metrics::{DayResult, daily_returns, sharpe};

use super::plan::Plan;
use super::record::{Figures, Forward, Outcome, Record, TestDays};
use crate::backtest::{self, Market};

/// Runs a combination, or tells why it is refused.
///
/// # Panics
/// When there is no such combination, or a run breaks an invariant of the engine.
#[must_use]
pub fn record(plan: &Plan, market: &Market, combination: usize) -> Record {
    let mut record = plan.record(combination);
    match plan.config(combination, market) {
        Err(refusal) => record.skipped = Some(refusal.to_string()),
        Ok(run) => record.result = Some(outcome(plan, market, &run)),
    }
    record
}

/// Holds what is kept of a run under one model.
struct Kept {
    score: Option<f64>,
    figures: Figures,
    train: Vec<Option<f64>>,
    test: TestDays,
    test_sharpe: Option<f64>,
}

fn outcome(plan: &Plan, market: &Market, run: &RunConfig) -> Outcome {
    // One report after the other: all trades are held only as long as figures are made of them.
    let keep = |model| kept(&backtest::run(market, run, model), plan.grid.objective, &plan.splits);
    let (pessimistic, optimistic) = (keep(FillModel::Pessimistic), keep(FillModel::Optimistic));
    let (score, train) = match plan.grid.fill_model {
        FillModel::Pessimistic => (pessimistic.score, pessimistic.train),
        FillModel::Optimistic => (optimistic.score, optimistic.train),
    };
    let forward = (!plan.splits.is_empty()).then_some(Forward {
        train,
        test_sharpe: [pessimistic.test_sharpe, optimistic.test_sharpe],
        pessimistic: pessimistic.test,
        optimistic: optimistic.test,
    });
    Outcome { score, pessimistic: pessimistic.figures, optimistic: optimistic.figures, forward }
}

fn kept(report: &Report, objective: Objective, splits: &[Split]) -> Kept {
    let metrics = report.metrics();
    let tests: Vec<DayResult> = splits.iter().flat_map(|split| &report.days[split.test.clone()]).copied().collect();
    Kept {
        score: objective.score(&metrics),
        figures: Figures::from(&metrics),
        train: splits.iter().map(|split| objective.score(&metrics_of(report, split.train.clone()))).collect(),
        test: TestDays {
            trades: splits.iter().map(|split| metrics_of(report, split.test.clone()).trades.count).collect(),
            opens: tests.iter().map(|day| day.equity_open.micros()).collect(),
            results: tests.iter().map(|day| day.result().micros()).collect(),
        },
        test_sharpe: sharpe(&daily_returns(&tests)),
    }
}

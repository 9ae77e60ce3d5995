//! What a search finds is what single backtests find.

use super::*;
use crate::backtest::{self, RunOptions};
use crate::progress::Progress;
use crate::sweep::{Figures, Ranking, Results, csv, html, json, render, walk_forward};
use orb_backtest::FillModel;
use orb_backtest::sweep::metrics_of;
use orb_core::metrics::{Moments, Trials, deflated_sharpe};

#[test]
fn figures_are_those_of_single_backtests() {
    let market = market(8);
    let plan = plan(GRID, &market);
    let (_folder, out) = searched(&plan, &market);
    let results = Results::read(&out).expect("results");
    let (mut run, mut refused) = (0, 0);
    for record in &results.records {
        match plan.config(record.combination, &market) {
            Err(error) => {
                assert_eq!(record.skipped, Some(error.to_string()));
                refused += 1;
            }
            Ok(config) => {
                let reports =
                    backtest::run_both(&market, &config, RunOptions { progress: &Progress::hidden(), explained: None });
                let outcome = record.result.as_ref().expect("an outcome");
                assert_eq!(outcome.pessimistic, Figures::from(&reports.pessimistic.metrics()));
                assert_eq!(outcome.optimistic, Figures::from(&reports.optimistic.metrics()));
                assert_eq!(outcome.score, reports.pessimistic.metrics().daily.sharpe);
                run += 1;
            }
        }
    }
    assert_eq!((run, refused), (8, 4));
}

#[test]
fn the_choice_of_a_window_is_the_best_before_it_and_is_judged_after_it() {
    let market = market(8);
    let plan = plan(GRID, &market);
    let (_folder, out) = searched(&plan, &market);
    let results = Results::read(&out).expect("results");
    let found = walk_forward(&results).expect("read").expect("windows");
    assert_eq!(found.windows.len(), 2);
    let mut growth = 1.0;
    for (chosen, split) in found.windows.iter().zip(&plan.splits) {
        let mut best: Option<(f64, usize)> = None;
        for combination in 1..=plan.len() {
            let Ok(config) = plan.config(combination, &market) else { continue };
            let report = backtest::run(&market, &config, FillModel::Pessimistic);
            let score = metrics_of(&report, split.train.clone()).daily.sharpe;
            if let Some(score) = score.filter(|&score| best.is_none_or(|(best, _)| score > best)) {
                best = Some((score, combination));
            }
        }
        let (score, combination) = best.expect("a score");
        assert_eq!((chosen.combination, chosen.train_score), (Some(combination), Some(score)));
        let config = plan.config(combination, &market).expect("it ran");
        let report = backtest::run(&market, &config, FillModel::Pessimistic);
        let judged = metrics_of(&report, split.test.clone());
        assert_eq!(chosen.test_trades[0], judged.trades.count);
        let earned = judged.daily.total_return.expect("sessions");
        assert!((chosen.test_return[0] - earned).abs() < 1e-9, "{} is not {earned}", chosen.test_return[0]);
        growth *= 1.0 + earned;
    }
    let total = found.pessimistic.daily.total_return.expect("sessions");
    assert!((total - (growth - 1.0)).abs() < 1e-9, "{total} is not {growth} - 1");
    assert_eq!(found.pessimistic.days.len(), 4);
}

#[test]
fn the_best_comes_first_beside_its_neighbours_and_luck() {
    let market = market(8);
    let plan = plan(GRID, &market);
    let (_folder, out) = searched(&plan, &market);
    let results = Results::read(&out).expect("results");
    let ranking = Ranking::of(&results);
    assert!(ranking.rows.is_sorted_by(|one, other| one.outcome.score >= other.outcome.score));
    let score = |point: u64| results.records[point as usize].result.as_ref().and_then(|result| result.score);
    for row in &ranking.rows {
        let beside: Vec<f64> = results.axes.neighbours(row.record.point).into_iter().filter_map(score).collect();
        let mean = beside.iter().sum::<f64>() / beside.len() as f64;
        assert_eq!(row.neighbours, (!beside.is_empty()).then_some((mean, beside.len())));
    }
    let sharpes: Vec<_> = ranking.rows.iter().map(|row| row.outcome.pessimistic.sharpe).collect();
    let trials = Trials::of_annualised(&sharpes);
    let moments = ranking.rows[0].outcome.pessimistic.moments.map(Moments::from).expect("moments");
    assert_eq!((ranking.luck.trials, ranking.luck.expected_max), (8, trials.expected_max()));
    assert_eq!(ranking.luck.deflated, deflated_sharpe(&moments, trials));
}

#[test]
fn everything_that_must_be_said_is_said() {
    let market = market(8);
    let plan = plan(GRID, &market);
    let (_folder, out) = searched(&plan, &market);
    let results = Results::read(&out).expect("results");
    let (ranking, forward) = (Ranking::of(&results), walk_forward(&results).expect("read"));
    let text = render(&results, &ranking, forward.as_ref(), 3);
    for part in [
        "12 combinations, 8 run, 4 refused",
        "refused, 4 combinations (1, 2, 7, 8): entry_cutoff, flatten_before_close",
        "5 more; --top, --csv and --json show them",
        "Out of sample, all windows as one account",
        "Deflated Sharpe ratio of the first row",
        "A search over many combinations finds luck",
        "Past results promise nothing",
    ] {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
    let table = String::from_utf8(csv(&results, &ranking)).expect("a text");
    let widths: Vec<_> =
        ::csv::Reader::from_reader(table.as_bytes()).records().map(|row| row.expect("a row").len()).collect();
    assert_eq!(widths.len(), 12);
    let value = json(&results, &ranking, forward.as_ref());
    assert_eq!(value["ranked"].as_array().map(Vec::len), Some(8));
    assert_eq!(value["refused"].as_array().map(Vec::len), Some(4));
    assert_eq!(value["walk_forward"]["windows"].as_array().map(Vec::len), Some(2));
    let page = String::from_utf8(html(&results, &ranking)).expect("a text");
    let data = page.split_once("id=\"data\">").and_then(|(_, rest)| rest.split_once("</script>")).expect("data").0;
    let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(data["rows"].as_array().map(Vec::len), Some(8));
    assert_eq!(data["rows"][0]["at"].as_array().map(Vec::len), Some(3));
}

#[test]
fn without_walk_forward_no_days_are_kept() {
    let market = market(3);
    let plan = plan("objective = \"net\"\nfill_model = \"optimistic\"\n[axes]\ntarget_r = [1, 2]\n", &market);
    let (_folder, out) = searched(&plan, &market);
    let results = Results::read(&out).expect("results");
    assert!(walk_forward(&results).expect("read").is_none());
    for record in &results.records {
        let outcome = record.result.as_ref().expect("an outcome");
        assert_eq!(outcome.forward, None);
        assert_eq!(outcome.score, Some(outcome.optimistic.net.micros() as f64 / 1e6));
    }
}

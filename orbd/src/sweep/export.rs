//! What a search writes for programs: CSV and JSON of every combination.

use serde_json::{Value, json};

use super::forward::{OutOfSample, WalkForwardResult};
use super::ranking::{Ranking, Row};
use super::record::{Figures, Header};
use super::results::Results;
use crate::trades_csv::line;

/// Names one column and writes its figure.
type Column = (&'static str, fn(&Figures) -> String);

/// Columns of the figures of a fill model.
const FIGURES: &[Column] = &[
    ("trades", |figures| figures.trades.to_string()),
    ("gross_pnl", |figures| figures.gross.to_string()),
    ("fees", |figures| figures.fees.to_string()),
    ("slippage", |figures| figures.slippage.to_string()),
    ("net_pnl", |figures| figures.net.to_string()),
    ("win_rate", |figures| number(figures.win_rate)),
    ("profit_factor", |figures| number(figures.profit_factor)),
    ("expectancy_r", |figures| number(figures.expectancy_r)),
    ("sharpe", |figures| number(figures.sharpe)),
    ("sortino", |figures| number(figures.sortino)),
    ("calmar", |figures| number(figures.calmar)),
    ("max_drawdown", |figures| figures.max_drawdown.to_string()),
    ("max_drawdown_fraction", |figures| number(Some(figures.max_drawdown_fraction))),
];

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// Renders every combination as CSV: first those that were run, by rank, then those that were refused.
#[must_use]
pub fn csv(results: &Results, ranking: &Ranking<'_>) -> Vec<u8> {
    let axes = &results.header.axes;
    let mut header: Vec<String> = ["rank", "combination"].map(Into::into).into();
    header.extend(axes.iter().map(|axis| axis.key.clone()));
    header.extend(["score", "neighbour_mean", "above_neighbours"].map(Into::into));
    for model in ["pessimistic", "optimistic"] {
        header.extend(FIGURES.iter().map(|(name, _)| format!("{model}_{name}")));
    }
    header.extend(["pessimistic_test_sharpe", "optimistic_test_sharpe", "refused"].map(Into::into));
    let width = header.len();
    let settings = |row: &super::record::Record| {
        axes.iter().map(|axis| row.settings.get(&axis.key).cloned().unwrap_or_default()).collect::<Vec<_>>()
    };
    let run = ranking.rows.iter().enumerate().map(|(index, row)| {
        let mut cells = vec![(index + 1).to_string(), row.record.combination.to_string()];
        cells.extend(settings(row.record));
        cells.extend([row.outcome.score, row.neighbours.map(|(mean, _)| mean), row.above()].map(number));
        for figures in [&row.outcome.pessimistic, &row.outcome.optimistic] {
            cells.extend(FIGURES.iter().map(|(_, cell)| cell(figures)));
        }
        cells.extend(row.outcome.forward.as_ref().map_or([None; 2], |forward| forward.test_sharpe).map(number));
        cells.push(String::new());
        cells
    });
    let refused = ranking.skipped.iter().map(|&(record, reason)| {
        let mut cells = vec![String::new(), record.combination.to_string()];
        cells.extend(settings(record));
        cells.resize(width - 1, String::new());
        cells.push(reason.to_owned());
        cells
    });
    let rows = core::iter::once(header.clone()).chain(run).chain(refused);
    rows.map(|cells| line(&cells)).collect::<String>().into_bytes()
}

/// Returns everything as one JSON object; money as decimal strings, absent figures as null.
#[must_use]
pub fn json(results: &Results, ranking: &Ranking<'_>, forward: Option<&WalkForwardResult>) -> Value {
    let Header { strategy, search, seed, objective, fill_model, sessions, symbols, bars, combinations, fixed, .. } =
        &results.header;
    let rows: Vec<_> = ranking.rows.iter().enumerate().map(row).collect();
    let skipped = ranking.skipped.iter().map(
        |&(record, reason)| json!({ "combination": record.combination, "settings": record.settings, "reason": reason }),
    );
    json!({
        "strategy": strategy,
        "first_date": sessions.first(),
        "last_date": sessions.last(),
        "sessions": sessions.len(),
        "symbols": symbols,
        "bars": bars,
        "search": search,
        "seed": seed,
        "objective": objective,
        "fill_model": fill_model,
        "fixed": fixed,
        "axes": results.header.axes,
        "fingerprint": results.header.fingerprint,
        "combinations": combinations,
        "ranked": rows,
        "refused": skipped.collect::<Vec<_>>(),
        "trials": ranking.luck.trials,
        "expected_max_sharpe": ranking.luck.expected_max,
        "deflated_sharpe": ranking.luck.deflated,
        "walk_forward": forward.map(|forward| walked(results, forward)),
    })
}

fn row((index, row): (usize, &Row<'_>)) -> Value {
    json!({
        "rank": index + 1,
        "combination": row.record.combination,
        "settings": row.record.settings,
        "score": row.outcome.score,
        "neighbour_mean": row.neighbours.map(|(mean, _)| mean),
        "neighbours": row.neighbours.map_or(0, |(_, count)| count),
        "above_neighbours": row.above(),
        "pessimistic": row.outcome.pessimistic,
        "optimistic": row.outcome.optimistic,
        "test_sharpe": row.outcome.forward.as_ref().map(|forward| json!({
            "pessimistic": forward.test_sharpe[0],
            "optimistic": forward.test_sharpe[1],
        })),
    })
}

fn walked(results: &Results, forward: &WalkForwardResult) -> Value {
    let dates = |[first, end]: [usize; 2]| [results.header.sessions[first], results.header.sessions[end - 1]];
    let window = |chosen: &super::forward::Chosen| {
        json!({
            "train": dates(chosen.window.train),
            "test": dates(chosen.window.test),
            "combination": chosen.combination,
            "train_score": chosen.train_score,
            "pessimistic": { "trades": chosen.test_trades[0], "return": chosen.test_return[0] },
            "optimistic": { "trades": chosen.test_trades[1], "return": chosen.test_return[1] },
        })
    };
    let windows: Vec<_> = forward.windows.iter().map(window).collect();
    json!({
        "windows": windows,
        "pessimistic": out_of_sample(&forward.pessimistic),
        "optimistic": out_of_sample(&forward.optimistic),
    })
}

fn out_of_sample(OutOfSample { trades, daily, days }: &OutOfSample) -> Value {
    let equity: Vec<_> = days.iter().map(|day| json!([day.date, day.equity.to_string()])).collect();
    json!({
        "trades": trades,
        "sessions": days.len(),
        "return": daily.total_return,
        "sharpe": daily.sharpe,
        "sortino": daily.sortino,
        "max_drawdown_fraction": daily.max_drawdown_fraction,
        "equity": equity,
    })
}

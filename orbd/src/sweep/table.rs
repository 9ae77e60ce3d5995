//! What a search prints for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};

use super::forward::{OutOfSample, WalkForwardResult};
use super::ranking::{Ranking, Row};
use super::record::{Figures, Header, Record};
use super::results::{Results, listed};

/// Writes the first rows of a ranking and everything that must be said beside them.
#[must_use]
pub fn render(results: &Results, ranking: &Ranking<'_>, forward: Option<&WalkForwardResult>, top: usize) -> String {
    let mut text = heading(&results.header, ranking);
    text.push_str(&ranked(results, ranking, top));
    text.push_str(&refused(ranking));
    if let Some(forward) = forward {
        text.push_str(&walked(results, forward));
    }
    text.push_str(&luck(&results.header, ranking));
    text
}

fn heading(header: &Header, ranking: &Ranking<'_>) -> String {
    let Header { strategy, sessions, symbols, bars, combinations, objective, fill_model, search, .. } = header;
    let (first, last) = (sessions.first(), sessions.last());
    let date = |date: Option<&orb_core::Date>| date.map_or_else(String::new, ToString::to_string);
    let (ran, refused) = (ranking.rows.len(), ranking.skipped.len());
    let draw = header.seed.map_or_else(String::new, |seed| format!(" of seed {seed}"));
    format!(
        "{strategy}: {} to {}, {} sessions, {symbols} symbols, {bars} bars\n\
         {search} search{draw}: {combinations} combinations, {ran} run, {refused} refused; \
         ranked by {objective}, {fill_model}\n\n",
        date(first),
        date(last),
        sessions.len(),
    )
}

fn ranked(results: &Results, ranking: &Ranking<'_>, top: usize) -> String {
    let header = &results.header;
    let mut columns: Vec<String> = vec!["rank".to_owned(), "no.".to_owned()];
    columns.extend(header.axes.iter().map(|axis| axis.key.clone()));
    columns.push(header.objective.clone());
    columns.extend(
        ["neighbours", "above", "trades", "net", "Sharpe", "max DD", "net*", "Sharpe*", "max DD*"].map(Into::into),
    );
    let forward = !header.windows.is_empty();
    if forward {
        columns.extend(["OOS Sharpe", "OOS Sharpe*"].map(Into::into));
    }
    let line = |(index, row): (usize, &Row<'_>)| {
        let mut cells = vec![(index + 1).to_string(), row.record.combination.to_string()];
        cells.extend(header.axes.iter().map(|axis| row.record.settings.get(&axis.key).cloned().unwrap_or_default()));
        cells.extend([ratio(row.outcome.score), ratio(row.neighbours.map(|(mean, _)| mean)), signed(row.above())]);
        cells.push(row.outcome.pessimistic.trades.to_string());
        cells.extend([&row.outcome.pessimistic, &row.outcome.optimistic].into_iter().flat_map(results_of));
        if forward {
            let sharpes = row.outcome.forward.as_ref().map_or([None; 2], |forward| forward.test_sharpe);
            cells.extend(sharpes.map(ratio));
        }
        cells
    };
    let mut text = table(&columns, ranking.rows.iter().enumerate().take(top).map(line));
    let more = ranking.rows.len().saturating_sub(top);
    // Writing to a string does not fail.
    if more > 0 {
        let _ = writeln!(text, "{more} more; --top, --csv and --json show them.");
    }
    let _ = writeln!(
        text,
        "Without *: pessimistic; with *: optimistic.{}\n\
         neighbours: mean {} of those one step away along one axis; above: how far this one stands out of them.\n\
         A plateau is worth more than a peak.",
        if forward { " OOS: this combination alone, on all test sessions." } else { "" },
        header.objective,
    );
    text
}

fn results_of(figures: &Figures) -> [String; 3] {
    [dollars(figures.net), ratio(figures.sharpe), percent(Some(figures.max_drawdown_fraction))]
}

/// Lists what was refused, each reason once with its combinations.
fn refused(ranking: &Ranking<'_>) -> String {
    let mut reasons: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &(Record { combination, .. }, reason) in &ranking.skipped {
        reasons.entry(reason).or_default().push(*combination);
    }
    let line = |(reason, numbers): (&&str, &Vec<usize>)| {
        format!("refused, {} combinations ({}): {reason}\n", numbers.len(), listed(numbers))
    };
    let lines: String = reasons.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

fn walked(results: &Results, forward: &WalkForwardResult) -> String {
    let columns = ["learned on", "judged on", "no.", "chosen", "score", "trades", "return", "return*"];
    let sessions = &results.header.sessions;
    let dates = |[first, end]: [usize; 2]| format!("{} to {}", sessions[first], sessions[end - 1]);
    let line = |chosen: &super::forward::Chosen| {
        let settings =
            chosen.combination.map_or_else(|| "none had a score".to_owned(), |number| settings(results, number));
        vec![
            dates(chosen.window.train),
            dates(chosen.window.test),
            chosen.combination.map_or_else(|| "-".to_owned(), |number| number.to_string()),
            settings,
            ratio(chosen.train_score),
            chosen.test_trades[0].to_string(),
            percent(Some(chosen.test_return[0])),
            percent(Some(chosen.test_return[1])),
        ]
    };
    let mut text =
        "\nWalk-forward: in each window, the best on the sessions before trades the sessions after.\n".to_owned();
    text.push_str(&table(&columns.map(ToOwned::to_owned), forward.windows.iter().map(line)));
    let models = [("pessimistic", &forward.pessimistic), ("optimistic", &forward.optimistic)];
    let all = |(name, OutOfSample { trades, daily, days }): (&str, &OutOfSample)| {
        vec![
            name.to_owned(),
            days.len().to_string(),
            trades.to_string(),
            percent(daily.total_return),
            ratio(daily.sharpe),
            percent(Some(daily.max_drawdown_fraction)),
        ]
    };
    text.push_str("Out of sample, all windows as one account:\n");
    let columns = ["fill model", "sessions", "trades", "return", "Sharpe", "max DD"].map(ToOwned::to_owned);
    text.push_str(&table(&columns, models.into_iter().map(all)));
    text
}

fn settings(results: &Results, combination: usize) -> String {
    let record = results.records.iter().find(|record| record.combination == combination);
    let pairs = |record: &Record| {
        let pairs = results.axes.settings(record.point).map(|(key, value)| format!("{key}={value}"));
        pairs.collect::<Vec<_>>().join(" ")
    };
    record.map_or_else(String::new, pairs)
}

fn luck(header: &Header, ranking: &Ranking<'_>) -> String {
    let luck = ranking.luck;
    let mut text = "\nA search over many combinations finds luck: the more are tried, the better the best one looks, \
                    edge or no edge.\n"
        .to_owned();
    let _ = writeln!(
        text,
        "{} combinations were run. Without any edge, the best of so many would show a Sharpe ratio of about {}; the \
         first row shows {} ({}).\nDeflated Sharpe ratio of the first row: {} (the probability that its true Sharpe \
         ratio is above zero, given all trials; Bailey & Lopez de Prado 2014).",
        luck.trials,
        ratio(Some(luck.expected_max)),
        ratio(luck.sharpe),
        header.fill_model,
        ratio(luck.deflated),
    );
    text.push_str("Searches made before this one count too, and are not in these figures. ");
    text.push_str("Past results promise nothing.\n");
    text
}

fn table(columns: &[String], lines: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(columns);
    lines.for_each(|line| {
        table.add_row(line);
    });
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
        column.set_cell_alignment(CellAlignment::Right);
    });
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{}\n", lines.join("\n"))
}

fn ratio(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn signed(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:+.3}"))
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{:.2}%", value * 100.0))
}

fn dollars(money: orb_core::Money) -> String {
    format!("{:.2}", money.micros() as f64 / 1e6)
}

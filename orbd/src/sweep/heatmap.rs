//! A page that shows the objective over every pair of axes; it loads nothing.

use serde_json::{Value, json};

use super::ranking::Ranking;
use super::results::Results;

const PAGE: &str = include_str!("heatmap.html");
/// Where the data go.
const DATA: &str = "\"ORB_DATA\"";

/// Renders the page.
#[must_use]
pub fn html(results: &Results, ranking: &Ranking<'_>) -> Vec<u8> {
    // Within a script element nothing but `<` could end it.
    let data = data(results, ranking).to_string().replace('<', "\\u003c");
    PAGE.replacen(DATA, &data, 1).into_bytes()
}

fn data(results: &Results, ranking: &Ranking<'_>) -> Value {
    let header = &results.header;
    let rows: Vec<_> = ranking
        .rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let (low, high) = (&row.outcome.pessimistic, &row.outcome.optimistic);
            json!({
                "rank": index + 1,
                "no": row.record.combination,
                "at": results.axes.position(row.record.point),
                "score": row.outcome.score,
                "neighbours": row.neighbours.map(|(mean, _)| mean),
                "above": row.above(),
                "trades": low.trades,
                "net": low.net.to_string(),
                "sharpe": low.sharpe,
                "net_optimistic": high.net.to_string(),
                "sharpe_optimistic": high.sharpe,
            })
        })
        .collect();
    json!({
        "strategy": header.strategy,
        "sessions": [header.sessions.first(), header.sessions.last()],
        "session_count": header.sessions.len(),
        "search": header.search,
        "objective": header.objective,
        "fill_model": header.fill_model,
        "axes": header.axes,
        "rows": rows,
        "refused": ranking.skipped.iter().map(|(record, reason)| json!({
            "no": record.combination,
            "at": results.axes.position(record.point),
            "reason": reason,
        })).collect::<Vec<_>>(),
        "trials": ranking.luck.trials,
        "expected_max": ranking.luck.expected_max,
        "best_sharpe": ranking.luck.sharpe,
        "deflated": ranking.luck.deflated,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_nothing_and_has_one_place_for_the_data() {
        assert_eq!(PAGE.matches(DATA).count(), 1);
        assert!(PAGE.contains("default-src 'none'"));
        for load in
            ["http:", "https:", "src=", "href=", "url(", "@import", "fetch(", "XMLHttpRequest", "innerHTML", "eval("]
        {
            assert!(!PAGE.contains(load), "the page has {load}");
        }
    }
}

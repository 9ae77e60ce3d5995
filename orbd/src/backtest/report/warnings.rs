//! What a reader must know before believing the figures.

use maud::{Markup, html};
use orb_core::Reason;
use orb_core::metrics::TRADES_MIN;

use super::View;
use super::format::{count, percent, plural, r_multiple};
use super::reasons::counts;
use crate::backtest::summary::{is_coarse, is_paired};

/// Says one thing in bold, and why it matters.
struct Warning {
    what: String,
    why: String,
}

/// Shows every warning that the run deserves.
pub(super) fn warnings(view: &View<'_>) -> Markup {
    let found = [few_trades(view), coarse(view), torn(view), chance(view), holes(view), unpaired(view)];
    let [low, high] = view.models.each_ref().map(|model| &model.report.trades);
    html! {
        @if low == high && !low.is_empty() {
            p class="warning fine" {
                span class="triangle" aria-hidden="true" { "=" }
                span { strong { "Both fill models made the same trades." } " In no entry bar did a doubtful touch of the stop matter." }
            }
        }
        @for Warning { what, why } in found.into_iter().flatten() {
            p class="warning" { span class="triangle" aria-hidden="true" { "▲" } span { strong { (what) } " " (why) } }
        }
    }
}

fn few_trades(view: &View<'_>) -> Option<Warning> {
    let fewest = view.models.iter().map(|model| model.metrics.trades.count).min()?;
    view.models.iter().any(|model| model.metrics.is_thin()).then(|| Warning {
        what: if fewest == 0 {
            "There was no trade.".to_owned()
        } else {
            format!("Only {}.", plural(fewest, "trade", "trades"))
        },
        why: format!("Fewer than {TRADES_MIN} carry no conclusion, whatever the figures say."),
    })
}

fn coarse(view: &View<'_>) -> Option<Warning> {
    is_coarse(view.source.market.bar_length, view.source.run).then(|| Warning {
        what: format!("Bars of {} minutes are too coarse for the stop.", view.source.market.bar_length.minutes()),
        why: "A stop of a fraction of ATR lies inside a single bar: trust neither fill model; use 1-minute bars."
            .to_owned(),
    })
}

/// The two models disagree on whether there was a gain.
fn torn(view: &View<'_>) -> Option<Warning> {
    let [low, high] = view.models.each_ref().map(|model| model.metrics.trades.expectancy_r_net);
    let (low, high) = (low?, high?);
    (low < 0.0 && high > 0.0).then(|| Warning {
        what: "The bars cannot tell a gain from a loss.".to_owned(),
        why: format!(
            "Net expectancy is {} with pessimistic and {} with optimistic fills; the truth lies between.",
            r_multiple(low),
            r_multiple(high)
        ),
    })
}

/// The headline's interval contains zero.
fn chance(view: &View<'_>) -> Option<Warning> {
    let model = &view.models[0];
    let interval = model.confidence.expectancy_r_net?;
    let gains = model.metrics.trades.expectancy_r_net? > 0.0;
    (gains && interval.contains(0.0)).then(|| Warning {
        what: "The gain may be chance.".to_owned(),
        why: format!(
            "The 95% interval of the pessimistic net expectancy, {} to {}, contains zero.",
            r_multiple(interval.low),
            r_multiple(interval.high)
        ),
    })
}

fn holes(view: &View<'_>) -> Option<Warning> {
    let data = &view.data;
    let counts = counts(&view.models[0]);
    let of = |reason| counts.get(&reason).copied().unwrap_or_default();
    let ranges = of(Reason::RangeNoFirstBar) + of(Reason::RangeIncomplete);
    let parts = [
        (data.holes.empty_sessions, "session without any bar", "sessions without any bar"),
        (
            data.holes.missing_symbol_days,
            "session missing inside a symbol's history",
            "sessions missing inside symbols' histories",
        ),
        (ranges, "opening range incomplete", "opening ranges incomplete"),
    ];
    let parts: Vec<_> = parts.iter().filter(|part| part.0 > 0).map(|&(n, one, more)| plural(n, one, more)).collect();
    (!parts.is_empty()).then(|| Warning {
        what: "The data have holes:".to_owned(),
        why: format!("{}. Nothing was traded there, and nothing was filled in.", parts.join(", ")),
    })
}

fn unpaired(view: &View<'_>) -> Option<Warning> {
    let differs = view.models[0].report.trades.len() != view.models[1].report.trades.len();
    (!is_paired(view.source.run) && differs).then(|| Warning {
        what: "The two models are two runs.".to_owned(),
        why: "Exits that differ free slots for other trades, so the two are no bounds of the same trades.".to_owned(),
    })
}

/// Returns what share of the possible bars there is, in words.
pub(super) fn coverage(view: &View<'_>) -> String {
    let data = &view.data;
    if data.holes.bars_possible == 0 {
        return count(data.bars);
    }
    let share = data.bars as f64 / data.holes.bars_possible as f64;
    format!("{} ({} of the intervals from each symbol's first session to its last)", count(data.bars), percent(share))
}

//! The page as a whole.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::{self, Width};
use super::format::{count, plain_money, plural};
use super::{View, breakdown, figures, months, reasons, repeat, style, trades, warnings};
use crate::backtest::InputError;

/// Days that the pointer can read one by one; of longer runs every so many.
const READINGS_MAX: usize = 1_000;

/// Sections by anchor and title, in order.
const SECTIONS: [(&str, &str); 7] = [
    ("result", "Result"),
    ("time", "Over time"),
    ("figures", "Figures"),
    ("where", "Where from"),
    ("trades", "Trades"),
    ("none", "No trade"),
    ("repeat", "Repeat it"),
];

/// Renders the page.
///
/// # Errors
/// When the bars of the drawn trades cannot be read again.
pub(super) fn render(view: &View<'_>) -> Result<String, InputError> {
    let pictures = trades::pictures(view)?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(view))
            body {
                (bar(view))
                main {
                    section id="result" {
                        (title(view))
                        (warnings::warnings(view))
                        (figures::hero(view))
                        section class="panel" { h2 { "What the sample can tell" small { "95% bootstrap intervals; days are drawn whole" } }
                            div class="scroll" { (figures::intervals(view)) } }
                    }
                    section id="time" { (over_time(view)) }
                    section id="figures" { (figures::tables(view)) }
                    section id="where" { (where_from(view)) }
                    section id="trades" { (pictures) (log(view)) }
                    section id="none" class="panel" {
                        h2 { "Why there was no trade" small { (plural(view.models[0].report.decisions.len(), "symbol and session", "symbols and sessions")) ", the first rule that failed" } }
                        (reasons::reasons(view))
                    }
                    section id="repeat" { (end(view)) }
                }
                footer class="end" { "Past results promise nothing. Shorts assume that every symbol can be borrowed. · orb " (env!("CARGO_PKG_VERSION")) }
                div id="tip" role="status" {}
                script { (PreEscaped(style::SCRIPT)) }
            }
        }
    };
    Ok(page.into_string())
}

fn head(view: &View<'_>) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(style::policy());
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="dark light";
            meta name="referrer" content="no-referrer";
            title { (strategies(view)) " · backtest · orb" }
            style { (PreEscaped(style::STYLE)) }
        }
    }
}

fn bar(view: &View<'_>) -> Markup {
    html! {
        header class="bar" {
            strong { "orb" }
            span class="mode" { "BACKTEST" }
            span class="muted name" { (strategies(view)) }
            nav aria-label="Sections" { @for (anchor, title) in SECTIONS { a href={ "#" (anchor) } { (title) } } }
        }
    }
}

fn strategies(view: &View<'_>) -> String {
    view.source.run.strategies.iter().map(|strategy| strategy.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn title(view: &View<'_>) -> Markup {
    let days = &view.source.market.days;
    let symbols = view.source.run.strategies.iter().map(|strategy| strategy.symbols.len()).max().unwrap_or_default();
    html! {
        div class="title" {
            h1 { (strategies(view)) }
            p {
                @if let (Some(first), Some(last)) = (days.first(), days.last()) {
                    span { (first.session.date) " – " (last.session.date) }
                }
                span { (plural(days.len(), "session", "sessions")) }
                span { (plural(symbols, "symbol", "symbols")) }
                span { (count(view.data.bars)) " bars of " (view.source.market.bar_length.minutes()) " min" }
                span { (plain_money(view.source.run.initial_equity)) " at the start" }
            }
        }
    }
}

fn over_time(view: &View<'_>) -> Markup {
    if view.models.iter().all(|model| model.report.trades.is_empty()) {
        return html! { section class="panel" { h2 { "Net result and drawdown" } p class="empty" { "No trade: the equity stood still." } } };
    }
    let curve = curve(view);
    let readings = serde_json::to_string(&curve.readings(READINGS_MAX)).unwrap_or_default().replace('<', "\\u003c");
    html! {
        section class="panel" {
            h2 { "Net result and drawdown"
                small class="keys-inline" {
                    span { span class="key solid" {} "pessimistic" } span { span class="key dashed" {} "optimistic" }
                }
            }
            div class="hover" {
                (chart::equity(&curve, Width::Wide))
                (chart::equity(&curve, Width::Narrow))
                script type="application/json" { (PreEscaped(readings)) }
            }
        }
        section class="panel" { h2 { "Months" } (months::months(view)) }
    }
}

fn curve(view: &View<'_>) -> chart::Curve {
    let start = view.source.run.initial_equity;
    let dollars = |amount: orb_core::Money| amount.micros() as f64 / 1e6;
    let days = view.models.each_ref().map(|model| &model.report.days);
    let below = |day: &orb_core::metrics::DayResult| {
        let peak = dollars(day.equity + day.drawdown);
        if peak > 0.0 { -dollars(day.drawdown) / peak } else { 0.0 }
    };
    chart::Curve {
        dates: days[0].iter().map(|day| day.date).collect(),
        results: days.map(|days| days.iter().map(|day| dollars(day.equity - start)).collect()),
        drawdowns: days.map(|days| days.iter().map(below).collect()),
    }
}

fn where_from(view: &View<'_>) -> Markup {
    if view.models.iter().all(|model| model.report.trades.is_empty()) {
        return html! { section class="panel" { h2 { "Where the result comes from" } p class="empty" { "No trade to divide." } } };
    }
    let multiples = view.models.each_ref().map(breakdown::multiples);
    let means = view.models.each_ref().map(|model| model.metrics.trades.expectancy_r_net);
    let shown = [multiples[0].as_slice(), multiples[1].as_slice()];
    html! {
        div class="columns" {
            section class="panel" {
                h2 { "Distribution of R" small { "net; bars pessimistic, outline optimistic, lines the means" } }
                (chart::r_histogram(shown, means, Width::Wide)) (chart::r_histogram(shown, means, Width::Narrow))
            }
            section class="panel" { h2 { "Costs" } (figures::costs(view)) }
        }
        (breakdown::breakdowns(view))
    }
}

fn log(view: &View<'_>) -> Markup {
    html! {
        section class="panel screen" {
            h2 { "All trades" small { (view.shown().title().to_lowercase()) " fills" } }
            (trades::list(view))
        }
    }
}

fn end(view: &View<'_>) -> Markup {
    html! {
        section class="panel" { h2 { "What is assumed" } (repeat::assumptions()) }
        section class="panel" { h2 { "Repeat it" } (repeat::repeat(view)) }
    }
}

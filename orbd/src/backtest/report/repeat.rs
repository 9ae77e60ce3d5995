//! What is needed to repeat the run, and what it assumes.

use maud::{Markup, html};
use orb_core::config::KEYS;

use super::View;
use super::format::{count, plural};
use super::warnings::coverage;

/// Symbols that are named.
const SYMBOLS_MAX: usize = 120;

/// Shows the command, the data and the whole configuration.
pub(super) fn repeat(view: &View<'_>) -> Markup {
    html! {
        pre class="command" tabindex="0" { code { (view.source.command) } }
        dl class="facts" {
            @for (name, text) in facts(view) { div { dt { (name) } dd { (text) } } }
            div { dt { "Fingerprint" } dd { code { (view.data.fingerprint) }
                small { "SHA-256 of every bar of the run, and of what was known of each symbol before each session" } } }
        }
        h3 { "Configuration" }
        dl class="keys" {
            @for key in KEYS {
                div title=(key.help) { dt { code { (key.name) } } dd { (view.source.run.get(key.name).unwrap_or_default()) } }
            }
        }
    }
}

fn facts(view: &View<'_>) -> Vec<(&'static str, String)> {
    let market = view.source.market;
    let days: Vec<_> = market.days.iter().map(|day| day.session.date).collect();
    let range = days.first().zip(days.last()).map(|(first, last)| format!("{first} to {last}"));
    let traded: Vec<&str> = view.source.run.strategies.iter().flat_map(|s| &s.symbols).map(|s| s.as_str()).collect();
    let more = traded.len().saturating_sub(SYMBOLS_MAX);
    let names = traded.iter().take(SYMBOLS_MAX).copied().collect::<Vec<_>>().join(" ");
    vec![
        ("Sessions", format!("{}, {}", range.unwrap_or_default(), count(days.len()))),
        ("Bars", format!("{}, of {} min", coverage(view), market.bar_length.minutes())),
        ("Symbols", if more > 0 { format!("{names} and {}", plural(more, "other", "others")) } else { names }),
        ("orb", env!("CARGO_PKG_VERSION").to_owned()),
    ]
}

/// Says what the figures rest on.
pub(super) fn assumptions() -> Markup {
    html! {
        ul class="assumptions" {
            li { strong { "Nothing is promised." } " This is what fixed rules would have made of recorded bars. Past results say nothing sure about future ones, and this is no advice." }
            li { strong { "Fills." } " A stop entry that gaps fills at the open; a stop exit at the worse of stop and open; a target at the better of target and open. If one bar touches stop and target, it was the stop; if one bar touches both entry levels, there is no trade. Orders fill whole, whatever the volume." }
            li { strong { "Two models." } " When the bar of the entry also touches the stop, the bar does not tell which came first. Pessimistic: every such touch is a stop-out. Optimistic: only one that certainly came after the entry." }
            li { strong { "Shorts." } " Every symbol can be borrowed, at no cost; rule 201 is kept where the previous close is known." }
            li { strong { "Costs." } " Slippage and fees as configured below; no interest, no market impact, no taxes." }
            li { strong { "Figures." } " R is the distance from the executed entry to the stop. Sharpe and Sortino are of daily net returns, sessions without trades as 0, times the square root of 252, rate 0. Intervals of R resample whole days, those of Sharpe blocks of days, 2,000 times. Times are New York's and name the start of the fill's bar." }
        }
    }
}

//! Where the results come from: hour, weekday, side, exit, symbol.

use chrono::Weekday;
use maud::{Markup, html};
use orb_core::Side;
use orb_core::fact::ExitReason;
use orb_core::metrics::{Group, Sample, TradeStats};

use super::figures::sign_class;
use super::format::{ABSENT, count, or_absent, percent, r_multiple, signed_money};
use super::{Model, View, chart};

/// Symbols beyond these are not listed.
const SYMBOLS_MAX: usize = 40;

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Holds one line of a table: a name and the figures of both models.
struct Line {
    name: String,
    models: [Option<TradeStats>; 2],
}

/// Shows all breakdowns.
pub(super) fn breakdowns(view: &View<'_>) -> Markup {
    let [low, high] = view.models.each_ref().map(|model| model.report.sample());
    let hour = |hour: &Option<orb_core::metrics::SessionHour>| or_absent(*hour, |hour| hour.to_string());
    html! {
        div class="columns" {
            (panel("Hour of entry", "New York", &lines(&[low.by_hour(), high.by_hour()], hour)))
            (panel("Weekday", "", &lines(&[days(&low), days(&high)], |&day| WEEKDAYS[day].to_owned())))
            (panel("Side", "", &lines(&[low.by_side(), high.by_side()], |side| side_name(*side).to_owned())))
            (panel("Exit", "", &lines(&[low.by_exit_reason(), high.by_exit_reason()], |why| exit_name(*why).to_owned())))
        }
        (symbols(view))
    }
}

/// Groups by weekday, from Monday as 0.
fn days(sample: &Sample<'_>) -> Vec<Group<usize>> {
    let numbered =
        |group: Group<Weekday>| Group { key: group.key.num_days_from_monday() as usize, trades: group.trades };
    sample.by_weekday().into_iter().map(numbered).collect()
}

fn symbols(view: &View<'_>) -> Markup {
    let [low, high] = view.models.each_ref().map(|model| model.report.sample().by_symbol());
    let mut lines = lines(&[low, high], |&id| view.symbol(id).to_owned());
    let net = |line: &Line| line.models[0].as_ref().map(|stats| stats.net);
    lines.sort_by_key(|line| core::cmp::Reverse(net(line)));
    let total = lines.len();
    // What is left out is the middle: the best and the worst tell most.
    if total > SYMBOLS_MAX {
        lines.drain(SYMBOLS_MAX / 2..total - SYMBOLS_MAX / 2);
    }
    let note =
        if total > SYMBOLS_MAX { format!("best and worst {} of {total}", SYMBOLS_MAX / 2) } else { String::new() };
    panel("Symbol", &note, &lines)
}

fn lines<K: Ord>(groups: &[Vec<Group<K>>; 2], name: impl Fn(&K) -> String) -> Vec<Line> {
    let mut keys: Vec<&K> = groups.iter().flatten().map(|group| &group.key).collect();
    keys.sort_unstable();
    keys.dedup();
    let of =
        |groups: &[Group<K>], key: &K| groups.iter().find(|group| group.key == *key).map(|group| group.trades.clone());
    let line = |key: &K| Line { name: name(key), models: groups.each_ref().map(|groups| of(groups, key)) };
    keys.into_iter().map(line).collect()
}

fn panel(title: &str, note: &str, lines: &[Line]) -> Markup {
    let nets = lines.iter().filter_map(|line| line.models[0].as_ref());
    let largest = nets.fold(0.0_f64, |largest, stats| largest.max((stats.net.micros() as f64).abs()));
    html! {
        section class="panel" {
            h2 { (title) @if !note.is_empty() { small { (note) } } }
            div class="scroll tall" {
                    table class="figures sortable" {
                        thead { tr {
                            th { (title) } th class="num" { "Trades" } th class="num" { "Win rate" } th class="num" { "Net R" }
                            th class="plot" {} th class="num" { "Net" } th class="num dim" { "Net, optimistic" }
                        } }
                        tbody { @for line in lines { (row(line, largest)) } }
                    }
                }
        }
    }
}

fn row(line: &Line, largest: f64) -> Markup {
    let [low, high] = &line.models;
    let r = or_absent(low.as_ref().and_then(|stats| stats.expectancy_r_net), r_multiple);
    let [net, other] = [low, high].map(|stats| or_absent(stats.as_ref(), |stats| signed_money(stats.net)));
    html! {
        tr {
            th scope="row" { (line.name) }
            td class="num" { (or_absent(low.as_ref(), |stats| count(stats.count))) }
            td class="num" { (or_absent(low.as_ref().and_then(|stats| stats.win_rate), percent)) }
            td class={ "num " (sign_class(&r)) } { (r) }
            td class="plot" { @if let Some(stats) = low { (chart::diverging(stats.net.micros() as f64, largest)) } }
            td class={ "num " (sign_class(&net)) } { (net) }
            td class="num dim" { (other) }
        }
    }
}

/// Returns every multiple of the risk, net of fees, of a model's trades.
pub(super) fn multiples(model: &Model<'_>) -> Vec<f64> {
    model.report.trades.iter().filter_map(super::trades::net_r).collect()
}

/// Returns a side as the house writes it.
pub(super) const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Long => "▲ Long",
        Side::Short => "▼ Short",
    }
}

/// Returns why a position was left, in words.
pub(super) const fn exit_name(reason: Option<ExitReason>) -> &'static str {
    match reason {
        Some(ExitReason::Stop) => "Stop",
        Some(ExitReason::Target) => "Target",
        Some(ExitReason::TimeExit) => "End of day",
        Some(ExitReason::DataEnd) => "End of data",
        Some(ExitReason::LossLimit) => "Daily loss limit",
        Some(ExitReason::ForceClose) => "Closed by hand",
        Some(ExitReason::Flatten) => "Flattened",
        Some(ExitReason::Unprotected) => "Stop lost",
        None => ABSENT,
    }
}

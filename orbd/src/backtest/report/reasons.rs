//! Why there was no trade.

use std::collections::BTreeMap;

use maud::{Markup, html};
use orb_core::Reason;

use super::format::{count, percent};
use super::{Model, View, chart};

/// Shows how often each rule refused, in the order in which they are checked.
pub(super) fn reasons(view: &View<'_>) -> Markup {
    let counts = view.models.each_ref().map(counts);
    let all = view.models[0].report.decisions.len();
    let mut named: Vec<Reason> = counts.iter().flat_map(|counts| counts.keys().copied()).collect();
    named.sort_unstable();
    named.dedup();
    html! {
        @if named.is_empty() { p class="empty" { "Every symbol was traded in every session." } } @else {
            div class="scroll" {
                table class="figures sortable" {
                    thead { tr {
                        th { "Reason" } th { "Meaning" } th class="plot" {} th class="num" { "Share" }
                        th class="num" { "Pessimistic" } th class="num dim" { "Optimistic" }
                    } }
                    tbody {
                        @for reason in named {
                            @let [low, high] = counts.each_ref().map(|counts| counts.get(&reason).copied().unwrap_or_default());
                            tr {
                                th scope="row" { code { (reason.code()) } }
                                td class="words" { (meaning(reason)) }
                                td class="plot" { (chart::share(low, all)) }
                                td class="num" { (percent(low as f64 / all.max(1) as f64)) }
                                td class="num" { (count(low)) }
                                td class="num dim" { (count(high)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Counts the decisions of a model by reason.
pub(super) fn counts(model: &Model<'_>) -> BTreeMap<Reason, usize> {
    let mut counts = BTreeMap::new();
    for decision in &model.report.decisions {
        *counts.entry(decision.reason).or_default() += 1;
    }
    counts
}

const fn meaning(reason: Reason) -> &'static str {
    match reason {
        Reason::NoBars => "no bar in the whole session",
        Reason::RangeNoFirstBar => "the first bar of the session is missing",
        Reason::RangeIncomplete => "more than a minute of the opening range is missing",
        Reason::GapOver30Pct => "the open is too far from the previous close",
        Reason::Price => "the price is too low",
        Reason::NotTradable => "the broker takes no orders in it",
        Reason::AvgVolumeMissing => "the average volume is unknown",
        Reason::AvgVolume => "the average volume is too small",
        Reason::AtrMissing => "ATR14 is unknown",
        Reason::Atr => "ATR14 is too small",
        Reason::NotInUniverse => "not among the first by dollar volume",
        Reason::RvolMissing => "the relative volume is unknown",
        Reason::Rvol => "the relative volume is too small",
        Reason::CustomFilter => "refused by a filter of the embedding program",
        Reason::NotInTop => "not among the first by relative volume",
        Reason::Doji => "the range closed where it opened: no direction",
        Reason::ScoreMissing => "the score lacks an input",
        Reason::Score => "the score is too small",
        Reason::SymbolOwned => "another strategy has the symbol today",
        Reason::Rule201 => "short sales are restricted after a fall of 10%",
        Reason::StopTooClose => "the stop is too close to the entry",
        Reason::SizeZero => "not even one share fits the risk",
        Reason::NoBuyingPower => "the leverage is used up",
        Reason::DailyRisk => "the order could pass the daily loss limit",
        Reason::MaxPositions => "symbols of higher rank have the places",
        Reason::MissedBreakout => "the level was crossed before orb could act",
        Reason::NoSlot => "all slots were taken when the breakout came",
        Reason::BothSidesInOneBar => "one bar touched both levels: which came first is unknown",
        Reason::NoTrigger => "no level was touched in the entry window",
        Reason::NoEntryBar => "no bar to enter at in the entry window",
        Reason::EntryBeyondStop => "the market opened beyond the stop",
        Reason::LossLimit => "the daily loss limit was reached before",
        Reason::Hold => "entries were held",
        Reason::Halted => "trading was halted",
        Reason::NotShortable => "cannot be sold short",
        Reason::StaleData => "the data were too old",
        Reason::RejectedByBroker => "refused by the broker",
    }
}

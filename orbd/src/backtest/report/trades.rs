//! The trades: the worst and a few of the best on their bars, and the list of all.

use core::cmp::Reverse;

use maud::{Markup, html};
use orb_core::Money;
use orb_core::fact::{Trade, r_multiple_e4};

use super::breakdown::{exit_name, side_name};
use super::figures::sign_class;
use super::format::{ABSENT, clock, count, duration, or_absent, plain_money, price, r_multiple, signed_money};
use super::{View, chart, data};
use crate::backtest::InputError;

/// Pictures of losses and of gains.
const WORST: usize = 6;
const BEST: usize = 3;

/// Rows of the list.
const ROWS_MAX: usize = 500;

/// Returns a trade's multiple of its risk after fees; `None` without a risk.
pub(super) fn net_r(trade: &Trade) -> Option<f64> {
    r_multiple_e4(trade.net(), trade.initial_risk()).map(|e4| e4 as f64 / 1e4)
}

/// Shows the greatest losses and gains on their bars.
///
/// # Errors
/// When the bars cannot be read again.
pub(super) fn pictures(view: &View<'_>) -> Result<Markup, InputError> {
    let trades = &view.shown().report.trades;
    let mut worst: Vec<_> = trades.iter().filter(|trade| trade.net() < Money::ZERO).collect();
    worst.sort_by_key(|trade| trade.net());
    let mut best: Vec<_> = trades.iter().filter(|trade| trade.net() > Money::ZERO).collect();
    best.sort_by_key(|trade| Reverse(trade.net()));
    let cards = |chosen: &[&Trade]| chosen.iter().map(|trade| card(view, trade)).collect::<Result<Vec<_>, _>>();
    let worst = cards(&worst[..worst.len().min(WORST)])?;
    let best = cards(&best[..best.len().min(BEST)])?;
    Ok(html! {
        @for (title, cards) in [("Worst trades", worst), ("Best trades", best)] {
            @if !cards.is_empty() {
                h2 class="between" { (title) small { "by net result, " (view.shown().title().to_lowercase()) " fills" } }
                div class="cards" { @for card in cards { (card) } }
            }
        }
        @if !trades.is_empty() { (legend()) }
    })
}

fn legend() -> Markup {
    html! {
        p class="note legend" {
            span { span class="swatch range" {} "opening range" }
            span { span class="swatch entry" {} "entry" }
            span { span class="swatch stop" {} "stop" }
            span { span class="swatch goal" {} "target" }
            span { "▲ bought  ▼ sold, at the price of the fill" }
            span { "hollow bars closed up, filled bars down" }
        }
    }
}

fn card(view: &View<'_>, trade: &Trade) -> Result<Markup, InputError> {
    let source = &view.source;
    let (session, bars) = data::bars_of(source.market, trade.attempt.date, trade.attempt.symbol)?;
    let range_minutes = source.run.strategy(trade.attempt.strategy).range_minutes;
    let bar_length = source.market.bar_length;
    let picture = chart::Picture { trade, session, bars: &bars, bar_length, range_minutes };
    let net = signed_money(trade.net());
    Ok(html! {
        article class="panel card" {
            header {
                strong { (view.symbol(trade.attempt.symbol)) }
                span class="muted" { (side_name(trade.side)) " " (count(shares(trade))) }
                span class="muted date" { (trade.attempt.date.format("%-d %b %Y")) }
                span class={ "end " (sign_class(&net)) } { (net) }
                span class=(sign_class(&net)) { (or_absent(net_r(trade), r_multiple)) }
            }
            (chart::trade(&picture))
            footer { (story(trade)) }
        }
    })
}

fn shares(trade: &Trade) -> usize {
    usize::try_from(trade.entered.shares()).unwrap_or_default()
}

/// Tells a trade in one line.
fn story(trade: &Trade) -> String {
    let exit = trade.exit_time.zip(trade.exit_price());
    let left = exit.map_or_else(String::new, |(at, left)| {
        let held = (at - trade.entry_time).minutes();
        let held =
            if held == 0 { "within the bar of the entry".to_owned() } else { format!("after {}", duration(held)) };
        format!(" · out {} {} {held} · {}", clock(at), price(left), exit_name(trade.exit_reason))
    });
    format!("In {} {}{left}", clock(trade.entry_time), price(trade.entry_price()))
}

/// Lists the trades, as many as a page bears.
pub(super) fn list(view: &View<'_>) -> Markup {
    let trades = &view.shown().report.trades;
    html! {
        @if trades.is_empty() { p class="empty" { "No trade. The reasons are below." } } @else {
            div class="scroll tall" {
                table class="figures sortable log" {
                    thead { tr {
                        th { "Date" } th { "Symbol" } th { "Side" } th class="num" { "Shares" } th class="num" { "In" }
                        th class="num" { "Entry" } th class="num" { "Stop" } th class="num" { "Out" } th class="num" { "Exit" }
                        th class="apart" { "Why" } th class="num" { "Fees" } th class="num" { "Net" } th class="num" { "Net R" }
                    } }
                    tbody { @for trade in trades.iter().take(ROWS_MAX) { (row(view, trade)) } }
                }
            }
            @if trades.len() > ROWS_MAX {
                p class="note" {
                    "Showing the first " (count(ROWS_MAX)) " of " (count(trades.len())) " trades; " code { "--trades" } " writes all of them."
                }
            }
        }
    }
}

fn row(view: &View<'_>, trade: &Trade) -> Markup {
    let r = or_absent(net_r(trade), r_multiple);
    let net = signed_money(trade.net());
    html! {
        tr {
            td { (trade.attempt.date) } th scope="row" { (view.symbol(trade.attempt.symbol)) } td { (side_name(trade.side)) }
            td class="num" { (count(shares(trade))) } td class="num" { (clock(trade.entry_time)) }
            td class="num" { (price(trade.entry_price())) } td class="num" { (price(trade.stop)) }
            td class="num" { (trade.exit_time.map_or_else(|| ABSENT.to_owned(), clock)) }
            td class="num" { (or_absent(trade.exit_price(), price)) } td class="apart" { (exit_name(trade.exit_reason)) }
            td class="num" { (plain_money(trade.fees)) }
            td class={ "num " (sign_class(&net)) } { (net) }
            td class={ "num " (sign_class(&r)) } { (r) }
        }
    }
}

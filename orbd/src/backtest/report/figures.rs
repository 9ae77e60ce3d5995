//! The figures of both fill models side by side, with their intervals.

use maud::{Markup, html};
use orb_core::metrics::{Interval, Metrics};
use orb_core::{Date, Money};

use super::chart;
use super::format::{
    ABSENT, MINUS, count, duration, or_absent, percent, plural, r_multiple, ratio, signed, signed_money, signed_percent,
};
use super::{Model, View};

/// Names a figure, explains it, and writes it; its sign colours it where it is a result.
struct Row {
    name: &'static str,
    help: &'static str,
    value: fn(&Metrics) -> Figure,
}

/// Holds a figure as text, its class, and what is said beside it.
struct Figure {
    text: String,
    class: &'static str,
    note: String,
}

impl Figure {
    const fn plain(text: String) -> Self {
        Self { text, class: "", note: String::new() }
    }

    /// A gain or a loss: its sign colours it.
    fn result(text: String) -> Self {
        Self { class: sign_class(&text), text, note: String::new() }
    }
}

/// Returns the class that colours a result as it is written: what rounds to zero has no sign and no colour.
pub(super) fn sign_class(written: &str) -> &'static str {
    if written.starts_with('+') {
        "gain"
    } else if written.starts_with(MINUS) {
        "loss"
    } else {
        ""
    }
}

const TRADE_ROWS: &[Row] = &[
    Row { name: "Trades", help: "closed trades", value: |m| Figure::plain(count(m.trades.count)) },
    Row {
        name: "Win rate",
        help: "trades with a net result above zero",
        value: |m| Figure::plain(or_absent(m.trades.win_rate, percent)),
    },
    Row {
        name: "Net per trade",
        help: "mean net result",
        value: |m| Figure::result(or_absent(m.trades.expectancy, signed_money)),
    },
    Row { name: "Average win", help: "net", value: |m| Figure::plain(or_absent(m.trades.average_win, signed_money)) },
    Row { name: "Average loss", help: "net", value: |m| Figure::plain(or_absent(m.trades.average_loss, signed_money)) },
    Row {
        name: "Payoff",
        help: "average win over average loss",
        value: |m| Figure::plain(or_absent(m.trades.payoff, ratio)),
    },
    Row {
        name: "Profit factor",
        help: "sum of wins over sum of losses",
        value: |m| Figure::plain(or_absent(m.trades.profit_factor, ratio)),
    },
    Row {
        name: "Longest losing streak",
        help: "losses in a row",
        value: |m| Figure::plain(plural(m.trades.longest_losing_streak, "trade", "trades")),
    },
    Row {
        name: "Average holding",
        help: "from entry to exit",
        value: |m| Figure::plain(or_absent(m.trades.average_holding, |held| duration(held.minutes()))),
    },
];

const DAY_ROWS: &[Row] = &[
    Row {
        name: "Total return",
        help: "net, on the initial equity",
        value: |m| Figure::result(or_absent(m.daily.total_return, signed_percent)),
    },
    Row {
        name: "Annualised return",
        help: "252 sessions, compounded",
        value: |m| Figure::result(or_absent(m.daily.annualised_return, signed_percent)),
    },
    Row {
        name: "Sortino",
        help: "daily, annualised, rate 0",
        value: |m| Figure::result(or_absent(m.daily.sortino, score)),
    },
    Row {
        name: "Calmar",
        help: "return over max drawdown",
        value: |m| Figure::result(or_absent(m.daily.calmar, score)),
    },
    Row {
        name: "Max drawdown",
        help: "from the highest end of a day",
        value: |m| Figure::plain(signed_money(-m.daily.max_drawdown)),
    },
    Row {
        name: "Max drawdown, %",
        help: "of the highest equity",
        value: |m| Figure::plain(signed_percent(-m.daily.max_drawdown_fraction)),
    },
    Row {
        name: "Longest drawdown",
        help: "below an earlier high",
        value: |m| Figure::plain(plural(m.daily.longest_drawdown, "session", "sessions")),
    },
    Row { name: "Best day", help: "net", value: |m| day(m.daily.best_day) },
    Row { name: "Worst day", help: "net", value: |m| day(m.daily.worst_day) },
    Row {
        name: "Time in the market",
        help: "with an open position",
        value: |m| Figure::plain(or_absent(m.exposure, percent)),
    },
    Row {
        name: "Turnover",
        help: "a year, over mean equity",
        value: |m| {
            Figure::plain(or_absent(m.turnover, |turnover| format!("{}x", signed(turnover, 1, "").replace('+', ""))))
        },
    },
];

/// Writes a ratio that is good above zero and bad below.
fn score(value: f64) -> String {
    signed(value, 2, "")
}

/// Names a day by its result and its date.
fn day(day: Option<(Date, Money)>) -> Figure {
    let note = day.map(|(date, _)| date.to_string()).unwrap_or_default();
    Figure { text: or_absent(day, |(_, result)| signed_money(result)), class: "", note }
}

/// Shows the two results that everything else explains.
pub(super) fn hero(view: &View<'_>) -> Markup {
    html! {
        div class="hero" {
            @for model in &view.models { (hero_of(model)) }
        }
    }
}

fn hero_of(model: &Model<'_>) -> Markup {
    let metrics = &model.metrics;
    let stats = [
        ("Trades", Figure::plain(count(metrics.trades.count))),
        ("Win rate", Figure::plain(or_absent(metrics.trades.win_rate, percent))),
        ("Net expectancy", Figure::result(or_absent(metrics.trades.expectancy_r_net, r_multiple))),
        ("Sharpe", Figure::result(or_absent(metrics.daily.sharpe, score))),
        ("Max drawdown", Figure::plain(signed_percent(-metrics.daily.max_drawdown_fraction))),
    ];
    let (about, key) = match model.fill {
        orb_backtest::FillModel::Pessimistic => ("every doubtful touch of the stop counts", "key solid"),
        orb_backtest::FillModel::Optimistic => ("only certain touches of the stop count", "key dashed"),
    };
    html! {
        div class="panel model" {
            h2 { span class=(key) {} (model.title()) " fills" small { (about) } }
            p class="net" {
                @let net = signed_money(metrics.trades.net);
                @let total = or_absent(metrics.daily.total_return, signed_percent);
                span class={ "big " (sign_class(&net)) } { (net) }
                span class=(sign_class(&total)) { (total) }
                span class="muted" { "net" }
            }
            dl class="stats" {
                @for (name, figure) in stats {
                    div { dt { (name) } dd class=(figure.class) { (figure.text) } }
                }
            }
        }
    }
}

/// Shows what the sample can tell: estimates with their intervals, both models on one scale.
pub(super) fn intervals(view: &View<'_>) -> Markup {
    type Pick = fn(&Model<'_>) -> (Option<f64>, Option<Interval>);
    type Write = fn(f64) -> String;
    let rows: [(&str, Pick, Write); 3] = [
        ("Net expectancy", |m| (m.metrics.trades.expectancy_r_net, m.confidence.expectancy_r_net), r_multiple),
        ("Expectancy before fees", |m| (m.metrics.trades.expectancy_r, m.confidence.expectancy_r), r_multiple),
        ("Sharpe", |m| (m.metrics.daily.sharpe, m.confidence.sharpe), score),
    ];
    html! {
        table class="figures intervals" {
            thead { tr { th {} th class="model-name" { "Fills" } th class="plot" {} th class="num" { "Estimate" } th class="num" { "From" } th class="num" { "To" } } }
            @for (name, pick, write) in rows {
                tbody {
                    @let bounds = bounds(&view.models.each_ref().map(pick));
                    @for (index, model) in view.models.iter().enumerate() {
                        @let (value, interval) = pick(model);
                        tr {
                            @if index == 0 { th rowspan="2" scope="rowgroup" { (name) } }
                            td class="model-name" { (model.title()) }
                            td class="plot" {
                                @if let Some(value) = value {
                                    (chart::interval(chart::Interval { value, ends: interval.map(|i| (i.low, i.high)) }, bounds))
                                }
                            }
                            @let written = or_absent(value, write);
                            td class={ "num " (sign_class(&written)) } { (written) }
                            td class="num" { (or_absent(interval, |interval| write(interval.low))) }
                            td class="num" { (or_absent(interval, |interval| write(interval.high))) }
                        }
                    }
                }
            }
        }
    }
}

fn bounds(shown: &[(Option<f64>, Option<Interval>); 2]) -> (f64, f64) {
    let ends = |&(value, interval): &(Option<f64>, Option<Interval>)| {
        [value, interval.map(|interval| interval.low), interval.map(|interval| interval.high)]
    };
    shown.iter().flat_map(ends).flatten().fold((0.0, 0.0), |(low, high), value| (low.min(value), high.max(value)))
}

/// Shows the other figures in two tables.
pub(super) fn tables(view: &View<'_>) -> Markup {
    html! {
        div class="columns" {
            (table(view, "Trades", TRADE_ROWS))
            (table(view, "Days", DAY_ROWS))
        }
    }
}

fn table(view: &View<'_>, title: &str, rows: &[Row]) -> Markup {
    html! {
        section class="panel" {
            h2 { (title) }
            table class="figures" {
                thead { tr { th {} @for model in &view.models { th class="num" { (model.title()) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" title=(row.help) { (row.name) small { (row.help) } }
                            @for model in &view.models {
                                @let figure = (row.value)(&model.metrics);
                                td class={ "num " (figure.class) } { @if !figure.note.is_empty() { small { (figure.note) } } (figure.text) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Shows what the results cost.
pub(super) fn costs(view: &View<'_>) -> Markup {
    type Amount = fn(&Metrics) -> Money;
    let rows: [(&str, &str, Amount); 4] = [
        ("Before all costs", "what the prices of the bars gave", |m| m.trades.before_costs()),
        ("Slippage", "on stop and market fills, not on targets", |m| -m.trades.slippage),
        ("Fees", "on both sides", |m| -m.trades.fees),
        ("Net", "what is left", |m| m.trades.net),
    ];
    html! {
        table class="figures" {
            thead { tr { th {} @for model in &view.models { th class="num" { (model.title()) } } } }
            tbody {
                @for (name, help, amount) in rows {
                    tr class=[(name == "Net").then_some("sum")] {
                        th scope="row" { (name) small { (help) } }
                        @for model in &view.models {
                            @let amount = signed_money(amount(&model.metrics));
                            td class={ "num " (sign_class(&amount)) } { (amount) }
                        }
                    }
                }
                tr {
                    th scope="row" { "Costs" small { "as a share of the result before costs" } }
                    @for model in &view.models {
                        td class="num" { (model.metrics.trades.costs_share().map_or_else(|| ABSENT.to_owned(), percent)) }
                    }
                }
                tr {
                    th scope="row" { "Break-even slippage" small { "more a share and fill would turn the result" } }
                    @for model in &view.models { td class="num" { (break_even(model)) } }
                }
            }
        }
    }
}

/// Writes how much more slippage a share and fill the net result would bear; a dash where it is no gain.
fn break_even(model: &Model<'_>) -> String {
    let shares: i64 = model.report.trades.iter().map(|trade| trade.entered.shares() + trade.exited.shares()).sum();
    let net = model.metrics.trades.net;
    if shares <= 0 || net <= Money::ZERO {
        return ABSENT.to_owned();
    }
    format!("${:.4}", net.micros() as f64 / 1e6 / shares as f64)
}

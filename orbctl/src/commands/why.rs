//! `orbctl why`.

use chrono::NaiveDate;
use orb_api::v1::{
    ExplainSymbolRequest, ExplainSymbolResponse, Explanation, Features, NamedFigure, OpeningRange, Verdict,
};

use super::{filters, signals};
use crate::{
    cli::Global,
    failure::{Failure, note},
    output::{Cell, Column, Format, Grid},
    session::Session,
    wire,
};

/// Explains why a symbol was traded on a day or was not, strategy by strategy and rule by rule
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The ticker
    #[arg(value_parser = filters::symbol)]
    symbol: String,
    /// The day, YYYY-MM-DD in New York [default: the current or last session]
    #[arg(long, value_name = "DATE", value_parser = filters::date)]
    date: Option<NaiveDate>,
    /// Only these strategies, separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    strategy: Vec<String>,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let mut session = Session::open(global).await?;
    let what = format!("explaining {}", args.symbol);
    let request = ExplainSymbolRequest {
        symbol: args.symbol,
        date: args.date.map_or_else(String::new, |date| date.to_string()),
        strategies: args.strategy,
    };
    let reply = session.client.signals().explain_symbol(request).await;
    let reply = reply.map_err(|status| Failure::from_status(&what, &status))?.into_inner();
    session.show_ledger(reply.ledger.as_ref());
    if reply.explanations.is_empty() {
        note("no strategy has anything to say");
    }
    for (place, explanation) in reply.explanations.iter().enumerate() {
        if place > 0 && session.printer.format() == Format::Table {
            session.printer.raw(b"\n")?;
        }
        session.printer.record(&Grid::of(COLUMNS, [explanation]), &lists(explanation, &reply))?;
    }
    Ok(())
}

/// The rules, the arithmetic, and the signals of the same strategy.
fn lists(explanation: &Explanation, reply: &ExplainSymbolResponse) -> [(&'static str, Grid); 4] {
    let signals = reply.signals.iter().filter(|signal| signal.strategy == explanation.strategy);
    [
        ("rules", Grid::of(RULES, &explanation.verdicts)),
        ("size", Grid::of(FIGURES, &explanation.size)),
        ("score_parts", Grid::of(FIGURES, &explanation.score)),
        ("signals", Grid::of(signals::COLUMNS, signals)),
    ]
}

const COLUMNS: &[Column<Explanation>] = &[
    Column::text("summary", |e| Cell::text(&e.summary)),
    Column::text("symbol", |e| Cell::text(&e.symbol)),
    Column::text("date", |e| Cell::text(&e.date)),
    Column::text("strategy", |e| Cell::text(&e.strategy)),
    Column::text("conclusion", |e| wire::conclusion(e.conclusion)),
    Column::text("reason", |e| Cell::maybe_text(e.reason.as_ref())),
    Column::text("detail", |e| Cell::text(&e.detail)),
    Column::text("settled_time", |e| wire::time(e.settled_time.as_ref())),
    Column::text("side", |e| e.side.map_or(Cell::Absent, wire::side)),
    Column::number("level", |e| Cell::maybe_money(e.level.as_ref())),
    Column::number("stop_price", |e| Cell::maybe_money(e.stop_price.as_ref())),
    Column::number("target_price", |e| Cell::maybe_money(e.target_price.as_ref())),
    Column::number("quantity", |e| Cell::Count(e.quantity)),
    Column::number("range_open", |e| range(e, |range| Cell::money(&range.open))),
    Column::number("range_high", |e| range(e, |range| Cell::money(&range.high))),
    Column::number("range_low", |e| range(e, |range| Cell::money(&range.low))),
    Column::number("range_close", |e| range(e, |range| Cell::money(&range.close))),
    Column::number("range_volume", |e| range(e, |range| Cell::Count(range.volume))),
    Column::hidden("range_vwap", |e| range(e, |range| Cell::money(&range.vwap))),
    Column::number("previous_close", |e| known(e, |f| Cell::maybe_money(f.previous_close.as_ref()))),
    Column::number("atr14", |e| known(e, |f| Cell::maybe_money(f.atr14.as_ref()))),
    Column::hidden("atr14_wilder", |e| known(e, |f| Cell::maybe_money(f.atr14_wilder.as_ref()))),
    Column::number("average_volume14", |e| known(e, |f| f.average_volume14.map_or(Cell::Absent, Cell::Count))),
    Column::number("relative_volume", |e| known(e, |f| Cell::maybe_money(f.relative_volume.as_ref()))),
    Column::number("rank", |e| known(e, |f| f.rank.map_or(Cell::Absent, Cell::from))),
    Column::hidden("short_sales_restricted", |e| {
        known(e, |f| f.short_sales_restricted.map_or(Cell::Absent, Cell::Flag))
    }),
    Column::hidden("ledger_id", |e| Cell::text(&e.ledger_id)),
];

const RULES: &[Column<Verdict>] = &[
    Column::text("rule", |v| Cell::text(&v.rule)),
    Column::text("passed", |v| Cell::Flag(v.passed)),
    Column::number("found", |v| Cell::maybe_text(v.value.as_ref())),
    Column::number("wanted", |v| Cell::maybe_text(v.bound.as_ref())),
    Column::text("reason", |v| Cell::maybe_text(v.reason.as_ref())),
];

const FIGURES: &[Column<NamedFigure>] =
    &[Column::text("name", |f| Cell::text(&f.name)), Column::number("value", |f| Cell::text(&f.value))];

fn range(explanation: &Explanation, cell: fn(&OpeningRange) -> Cell) -> Cell {
    explanation.range.as_ref().map_or(Cell::Absent, cell)
}

fn known(explanation: &Explanation, cell: fn(&Features) -> Cell) -> Cell {
    explanation.features.as_ref().map_or(Cell::Absent, cell)
}

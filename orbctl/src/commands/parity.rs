//! `orbctl parity`.

use chrono::NaiveDate;
use orb_api::v1::{
    GetParityReportRequest, GetParityReportResponse, Ledger, ParityFigures, ParityNote, ParityReport, ParityTrade,
    UnmatchedTrade,
};

use crate::{
    cli::Global,
    failure::Failure,
    output::{Cell, Column, Grid, minor},
    session::Session,
    wire,
};

/// Shows how a day compares with the backtest of its own bars
///
/// Ticks, slippage and R are against the trader, negative in favour; what is expected is what the pessimistic fill model
/// makes of the bars.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The day, YYYY-MM-DD in New York [default: the latest that has a report]
    #[arg(long, value_name = "DATE", value_parser = super::filters::date)]
    date: Option<NaiveDate>,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let mut session = Session::open(global).await?;
    let request = GetParityReportRequest { date: args.date.map(|date| date.to_string()).unwrap_or_default() };
    let reply = session.client.history().get_parity_report(request).await;
    let reply = reply.map_err(|status| Failure::from_status("reading the parity report", &status))?.into_inner();
    let report = reply.report.clone().unwrap_or_default();
    let noted = report.signals.iter().chain(&report.decisions);
    let notes = noted.chain(report.trades.iter().flat_map(|trade| &trade.differences));
    let lists = [
        ("trades", Grid::of(TRADES, &report.trades)),
        ("missed", Grid::of(UNMATCHED, &report.missed)),
        ("extra", Grid::of(UNMATCHED, &report.extra)),
        ("differences", Grid::of(NOTES, notes)),
    ];
    Ok(session.printer.record(&Grid::of(COLUMNS, [&reply]), &lists)?)
}

const COLUMNS: &[Column<GetParityReportResponse>] = &[
    Column::text("environment", |r| ledger(r, |ledger| wire::environment(ledger.environment))),
    Column::text("ledger_id", |r| ledger(r, |ledger| Cell::text(&ledger.id))),
    Column::text("date", |r| report(r, |report| Cell::text(&report.date))),
    Column::text("build", |r| report(r, |report| Cell::text(&report.build))),
    Column::text("made_time", |r| report(r, |report| wire::time(report.made_time.as_ref()))),
    Column::number("bars", |r| figures(r, |f| f.bars.into())),
    Column::number("signals_expected", |r| figures(r, |f| f.signals_expected.into())),
    Column::number("signals_found", |r| figures(r, |f| f.signals_found.into())),
    Column::number("signals_identical", |r| figures(r, |f| f.signals_identical.into())),
    Column::number("trades_expected", |r| figures(r, |f| f.trades_expected.into())),
    Column::number("trades_found", |r| figures(r, |f| f.trades_found.into())),
    Column::number("trades_both", |r| figures(r, |f| f.trades_both.into())),
    Column::number("trades_equal", |r| figures(r, |f| f.trades_equal.into())),
    Column::number("trades_open", |r| figures(r, |f| f.trades_open.into())),
    Column::number("missed_trades", |r| figures(r, |f| f.missed.into())),
    Column::number("extra_trades", |r| figures(r, |f| f.extra.into())),
    Column::number("differing", |r| figures(r, |f| f.differences.into())),
    Column::number("unexplained", |r| figures(r, |f| f.unexplained.into())),
    Column::number("net_pnl", |r| figures(r, |f| Cell::signed(&f.net_pnl))),
    Column::number("net_pnl_pessimistic", |r| figures(r, |f| Cell::signed(&f.net_pnl_pessimistic))),
    Column::number("net_pnl_optimistic", |r| figures(r, |f| Cell::signed(&f.net_pnl_optimistic))),
    Column::number("fees", |r| figures(r, |f| Cell::money(&f.fees))),
    Column::number("fees_expected", |r| figures(r, |f| Cell::money(&f.fees_expected))),
    Column::number("slippage", |r| figures(r, |f| Cell::signed(&f.slippage))),
    Column::number("slippage_r", |r| figures(r, |f| Cell::signed(&f.slippage_r))),
];

const TRADES: &[Column<ParityTrade>] = &[
    minor(6, Column::text("strategy", |t| Cell::text(&t.strategy))),
    Column::text("symbol", |t| Cell::text(&t.symbol)),
    minor(5, Column::text("side", |t| Cell::text(&t.side))),
    minor(5, Column::number("quantity", |t| Cell::Count(t.quantity))),
    Column::hidden("quantity_expected", |t| Cell::Count(t.quantity_expected)),
    Column::number("entry_price", |t| Cell::money(&t.entry_price)),
    minor(3, Column::number("entry_expected", |t| Cell::money(&t.entry_expected))),
    Column::number("entry_ticks", |t| Cell::Count(t.entry_ticks)),
    Column::number("exit_price", |t| Cell::money(&t.exit_price)),
    minor(3, Column::number("exit_expected", |t| Cell::money(&t.exit_expected))),
    Column::number("exit_ticks", |t| t.exit_ticks.map_or(Cell::Absent, Cell::Count)),
    minor(4, Column::text("exit_reason", |t| Cell::text(&t.exit_reason))),
    Column::hidden("exit_reason_expected", |t| Cell::text(&t.exit_reason_expected)),
    minor(2, Column::number("slippage", |t| Cell::signed(&t.slippage))),
    minor(5, Column::number("slippage_r", |t| Cell::maybe_signed(t.slippage_r.as_ref()))),
    Column::hidden("fees", |t| Cell::money(&t.fees)),
    Column::hidden("fees_expected", |t| Cell::money(&t.fees_expected)),
    Column::number("net_pnl", |t| Cell::signed(&t.net_pnl)),
    minor(4, Column::number("net_pnl_pessimistic", |t| Cell::signed(&t.net_pnl_pessimistic))),
    Column::hidden("net_pnl_optimistic", |t| Cell::maybe_signed(t.net_pnl_optimistic.as_ref())),
];

const UNMATCHED: &[Column<UnmatchedTrade>] = &[
    Column::text("strategy", |t| Cell::text(&t.strategy)),
    Column::text("symbol", |t| Cell::text(&t.symbol)),
    Column::text("side", |t| Cell::text(&t.side)),
    Column::number("quantity", |t| Cell::Count(t.quantity)),
    Column::number("net_pnl", |t| Cell::signed(&t.net_pnl)),
    Column::text("reason", |t| Cell::maybe_text(t.reason.as_ref())),
    Column::text("why", |t| Cell::text(&t.why)),
];

const NOTES: &[Column<ParityNote>] = &[
    Column::text("strategy", |n| Cell::text(&n.strategy)),
    Column::text("symbol", |n| Cell::text(&n.symbol)),
    Column::text("what", |n| Cell::text(&n.what)),
    Column::text("why", |n| Cell::text(&n.why)),
];

fn ledger(reply: &GetParityReportResponse, cell: fn(&Ledger) -> Cell) -> Cell {
    reply.ledger.as_ref().map_or(Cell::Absent, cell)
}

fn report(reply: &GetParityReportResponse, cell: fn(&ParityReport) -> Cell) -> Cell {
    reply.report.as_ref().map_or(Cell::Absent, cell)
}

fn figures(reply: &GetParityReportResponse, cell: fn(&ParityFigures) -> Cell) -> Cell {
    reply.report.as_ref().and_then(|report| report.figures.as_ref()).map_or(Cell::Absent, cell)
}

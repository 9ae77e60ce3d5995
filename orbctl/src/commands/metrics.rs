//! `orbctl metrics`.

use orb_api::v1::{GetMetricsRequest, GetMetricsResponse, Ledger, Metrics};

use super::filters::Dates;
use crate::{
    cli::Global,
    failure::Failure,
    output::{Cell, Column, Grid},
    session::Session,
    wire,
};

/// Shows what the closed trades came to
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Only these strategies, separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    strategy: Vec<String>,
    #[command(flatten)]
    dates: Dates,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    args.dates.check()?;
    let mut session = Session::open(global).await?;
    let request =
        GetMetricsRequest { date_from: args.dates.from(), date_to: args.dates.to(), strategies: args.strategy };
    let reply = session.client.history().get_metrics(request).await;
    let reply = reply.map_err(|status| Failure::from_status("reading the metrics", &status))?.into_inner();
    Ok(session.printer.record(&Grid::of(COLUMNS, [&reply]), &[])?)
}

const COLUMNS: &[Column<GetMetricsResponse>] = &[
    Column::text("environment", |r| ledger(r, |ledger| wire::environment(ledger.environment))),
    Column::text("ledger_id", |r| ledger(r, |ledger| Cell::text(&ledger.id))),
    Column::text("strategies", |r| Cell::list(&r.strategies)),
    Column::text("date_from", |r| Cell::maybe_text(r.date_from.as_ref())),
    Column::text("date_to", |r| Cell::maybe_text(r.date_to.as_ref())),
    Column::number("sessions", |r| metrics(r, |m| m.sessions.into())),
    Column::number("trades", |r| metrics(r, |m| m.trades.into())),
    Column::number("wins", |r| metrics(r, |m| m.wins.into())),
    Column::number("losses", |r| metrics(r, |m| m.losses.into())),
    Column::number("win_rate", |r| metrics(r, |m| m.win_rate.map_or(Cell::Absent, Cell::Ratio))),
    Column::number("gross_pnl", |r| metrics(r, |m| Cell::signed(&m.gross_pnl))),
    Column::number("fees", |r| metrics(r, |m| Cell::money(&m.fees))),
    Column::number("net_pnl", |r| metrics(r, |m| Cell::signed(&m.net_pnl))),
    Column::number("sharpe", |r| metrics(r, |m| m.sharpe.into())),
    Column::number("sortino", |r| metrics(r, |m| m.sortino.into())),
    Column::number("max_drawdown", |r| metrics(r, |m| Cell::money(&m.max_drawdown))),
    Column::number("max_drawdown_fraction", |r| {
        metrics(r, |m| m.max_drawdown_fraction.map_or(Cell::Absent, Cell::Ratio))
    }),
    Column::number("average_win", |r| metrics(r, |m| Cell::maybe_signed(m.average_win.as_ref()))),
    Column::number("average_loss", |r| metrics(r, |m| Cell::maybe_signed(m.average_loss.as_ref()))),
    Column::number("profit_factor", |r| metrics(r, |m| m.profit_factor.into())),
    Column::number("expectancy_r", |r| metrics(r, |m| m.expectancy_r.into())),
    Column::text("best_day", |r| metrics(r, |m| Cell::text(m.best_day.as_ref().map_or("", |day| &day.date)))),
    Column::number("best_day_net_pnl", |r| {
        metrics(r, |m| Cell::signed(m.best_day.as_ref().map_or("", |day| &day.net_pnl)))
    }),
    Column::text("worst_day", |r| metrics(r, |m| Cell::text(m.worst_day.as_ref().map_or("", |day| &day.date)))),
    Column::number("worst_day_net_pnl", |r| {
        metrics(r, |m| Cell::signed(m.worst_day.as_ref().map_or("", |day| &day.net_pnl)))
    }),
];

fn ledger(reply: &GetMetricsResponse, cell: fn(&Ledger) -> Cell) -> Cell {
    reply.ledger.as_ref().map_or(Cell::Absent, cell)
}

fn metrics(reply: &GetMetricsResponse, cell: fn(&Metrics) -> Cell) -> Cell {
    reply.metrics.as_ref().map_or(Cell::Absent, cell)
}

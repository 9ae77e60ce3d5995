//! `orbctl readiness`.

use orb_api::v1::{GetReadinessRequest, GetReadinessResponse, Ledger, ReadinessCriterion, ReadinessDay};

use crate::{
    cli::Global,
    failure::Failure,
    output::{Cell, Column, Grid},
    session::Session,
    wire,
};

/// Shows whether the sessions so far speak for trading real money, criterion by criterion
///
/// It permits and forbids nothing. All but the number of sessions is judged over the last 20 of them.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {}

pub(crate) async fn run(global: &Global, _args: Args) -> Result<(), Failure> {
    let mut session = Session::open(global).await?;
    let reply = session.client.history().get_readiness(GetReadinessRequest {}).await;
    let reply = reply.map_err(|status| Failure::from_status("reading the readiness", &status))?.into_inner();
    let lists = [("criteria", Grid::of(CRITERIA, &reply.criteria)), ("days", Grid::of(DAYS, &reply.days))];
    Ok(session.printer.record(&Grid::of(COLUMNS, [&reply]), &lists)?)
}

const COLUMNS: &[Column<GetReadinessResponse>] = &[
    Column::text("environment", |r| ledger(r, |ledger| wire::environment(ledger.environment))),
    Column::text("ledger_id", |r| ledger(r, |ledger| Cell::text(&ledger.id))),
    Column::text("ready", |r| Cell::Flag(r.ready)),
    Column::number("sessions", |r| (r.days.len() as u64).into()),
];

const CRITERIA: &[Column<ReadinessCriterion>] = &[
    Column::text("name", |c| Cell::text(&c.name)),
    Column::text("verdict", |c| wire::readiness_verdict(c.verdict)),
    Column::text("wanted", |c| Cell::text(&c.wanted)),
    Column::text("found", |c| Cell::text(&c.found)),
];

const DAYS: &[Column<ReadinessDay>] = &[
    Column::text("date", |d| Cell::text(&d.date)),
    Column::number("trades", |d| d.trades.into()),
    Column::number("net_pnl", |d| Cell::signed(&d.net_pnl)),
    Column::number("reconcile_breaks", |d| d.reconcile_breaks.into()),
    Column::number("crashes", |d| d.crashes.into()),
    Column::text("holds", |d| Cell::list(&d.holds)),
    Column::number("unexplained", |d| d.unexplained.map_or(Cell::Absent, Cell::from)),
    Column::number("net_difference", |d| Cell::maybe_signed(d.net_difference.as_ref())),
    Column::number("slippage_r", |d| Cell::maybe_signed(d.slippage_r.as_ref())),
    Column::number("unprotected", |d| wire::span(d.unprotected.as_ref())),
];

fn ledger(reply: &GetReadinessResponse, cell: fn(&Ledger) -> Cell) -> Cell {
    reply.ledger.as_ref().map_or(Cell::Absent, cell)
}

//! `orbctl equity`.

use orb_api::v1::{EquityPoint, GetEquityCurveRequest};

use super::filters::Dates;
use crate::{
    cli::Global,
    failure::{Failure, note},
    output::{Cell, Column, Grid, minor},
    session::Session,
};

/// Shows equity and result session by session, oldest first
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Only these strategies, separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    strategy: Vec<String>,
    #[command(flatten)]
    dates: Dates,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let (date_from, date_to) = args.dates.bounds()?;
    let mut session = Session::open(global).await?;
    let request = GetEquityCurveRequest { date_from, date_to, strategies: args.strategy };
    let reply = session.client.history().get_equity_curve(request).await;
    let reply = reply.map_err(|status| Failure::from_status("reading the equity curve", &status))?.into_inner();
    session.show_ledger(reply.ledger.as_ref());
    if reply.points.is_empty() {
        note("no sessions");
    }
    let ledger_id = reply.ledger.map_or_else(String::new, |ledger| ledger.id);
    let rows: Vec<_> = reply.points.into_iter().map(|point| (point, ledger_id.clone())).collect();
    Ok(session.printer.rows(&Grid::of(COLUMNS, &rows))?)
}

/// A point, and the id of the ledger that it belongs to.
type Row = (EquityPoint, String);

const COLUMNS: &[Column<Row>] = &[
    Column::text("date", |(p, _)| Cell::text(&p.date)),
    Column::number("equity", |(p, _)| Cell::money(&p.equity)),
    minor(2, Column::number("realized", |(p, _)| Cell::signed(&p.realized))),
    minor(2, Column::number("fees", |(p, _)| Cell::money(&p.fees))),
    minor(1, Column::number("drawdown", |(p, _)| Cell::money(&p.drawdown))),
    Column::number("net_pnl", |(p, _)| Cell::signed(&p.net_pnl)),
    Column::number("daily_return", |(p, _)| p.daily_return.map_or(Cell::Absent, Cell::Ratio)),
    Column::hidden("ledger_id", |(_, ledger_id)| Cell::text(ledger_id)),
];

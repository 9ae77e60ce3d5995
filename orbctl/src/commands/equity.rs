//! `orbctl equity`.

use orb_api::{
    Client,
    v1::{EquityPoint, GetEquityCurveRequest, SortOrder},
};
use tonic::Status;

use super::filters::{Dates, Limit};
use crate::{
    cli::Global,
    failure::Failure,
    list::{self, List},
    output::{Cell, Column, minor},
    paging::{LedgerPage, PageRequest},
};

/// Shows equity and result session by session, oldest first
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
}

/// Which sessions.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Filter {
    /// Only these strategies, separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    strategy: Vec<String>,
    #[command(flatten)]
    dates: Dates,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    list::show(global, &args.filter, &Limit::ALL).await
}

impl List for Filter {
    type Row = Row;
    const NAME: &'static str = "sessions";
    const COLUMNS: &'static [Column<Row>] = COLUMNS;

    fn check(&self) -> Result<(), Failure> {
        self.dates.check()
    }

    /// The curve has no pages: the first is the whole.
    async fn page(&self, client: &Client, _page: PageRequest, _order: SortOrder) -> Result<LedgerPage<Row>, Status> {
        let request = GetEquityCurveRequest {
            date_from: self.dates.from(),
            date_to: self.dates.to(),
            strategies: self.strategy.clone(),
        };
        let reply = client.history().get_equity_curve(request).await?.into_inner();
        let ledger_id = reply.ledger.as_ref().map_or_else(String::new, |ledger| ledger.id.clone());
        let rows = reply.points.into_iter().map(|point| (point, ledger_id.clone())).collect();
        Ok((reply.ledger, (rows, String::new())))
    }
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

//! `orbctl decisions`.

use orb_api::{
    Client,
    v1::{Decision, ListDecisionsRequest, SortOrder},
};
use tonic::Status;

use super::filters::{Dates, Limit, Names};
use crate::{
    cli::Global,
    columns,
    failure::Failure,
    list::{self, List},
    output::{Cell, Column, minor},
    paging::{LedgerPage, PageRequest},
};

/// Shows why a strategy did not trade a symbol on a day, newest date first
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    limit: Limit,
}

/// Which decisions.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Filter {
    #[command(flatten)]
    names: Names,
    /// Only these reason codes, separated by commas
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    reason: Vec<String>,
    #[command(flatten)]
    dates: Dates,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    list::show(global, &args.filter, &args.limit).await
}

impl List for Filter {
    type Row = Decision;
    const NAME: &'static str = "decisions";
    const COLUMNS: &'static [Column<Decision>] = COLUMNS;

    fn check(&self) -> Result<(), Failure> {
        self.dates.check()
    }

    async fn page(
        &self,
        client: &Client,
        page: PageRequest,
        _order: SortOrder,
    ) -> Result<LedgerPage<Decision>, Status> {
        let request = ListDecisionsRequest {
            page_size: page.size,
            page_token: page.token,
            symbols: self.names.symbol.clone(),
            strategies: self.names.strategy.clone(),
            reasons: self.reason.clone(),
            date_from: self.dates.from(),
            date_to: self.dates.to(),
        };
        let reply = client.signals().list_decisions(request).await?.into_inner();
        Ok((reply.ledger, (reply.decisions, reply.next_page_token)))
    }
}

const COLUMNS: &[Column<Decision>] = &[
    minor(2, columns::strategy()),
    columns::symbol(),
    Column::text("date", |d| Cell::text(&d.date)),
    Column::text("reason", |d| Cell::text(&d.reason)),
    Column::text("detail", |d| Cell::text(&d.detail)),
    columns::ledger_id(),
];

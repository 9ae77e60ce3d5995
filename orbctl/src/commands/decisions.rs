//! `orbctl decisions`.

use orb_api::v1::{Decision, ListDecisionsRequest};
use tonic::Status;

use super::filters::{Dates, Limit, Names};
use crate::{
    cli::Global,
    failure::Failure,
    output::{Cell, Column, minor},
    paging::{PageRequest, show_list},
    session::Session,
};

/// Shows why a strategy did not trade a symbol on a day, newest date first
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    names: Names,
    /// Only these reason codes, separated by commas
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    reason: Vec<String>,
    #[command(flatten)]
    dates: Dates,
    #[command(flatten)]
    limit: Limit,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let (date_from, date_to) = args.dates.bounds()?;
    let session = Session::open(global).await?;
    let mut client = session.client.signals();
    let fetch = async |page: PageRequest| {
        let request = ListDecisionsRequest {
            page_size: page.size,
            page_token: page.token,
            symbols: args.names.symbol.clone(),
            strategies: args.names.strategy.clone(),
            reasons: args.reason.clone(),
            date_from: date_from.clone(),
            date_to: date_to.clone(),
        };
        let reply = client.list_decisions(request).await?.into_inner();
        Ok::<_, Status>((reply.ledger, (reply.decisions, reply.next_page_token)))
    };
    show_list(session, "decisions", args.limit.rows_max(), COLUMNS, fetch).await
}

const COLUMNS: &[Column<Decision>] = &[
    minor(2, Column::text("strategy", |d| Cell::text(&d.strategy))),
    Column::text("symbol", |d| Cell::text(&d.symbol)),
    Column::text("date", |d| Cell::text(&d.date)),
    Column::text("reason", |d| Cell::text(&d.reason)),
    Column::text("detail", |d| Cell::text(&d.detail)),
    Column::hidden("ledger_id", |d| Cell::text(&d.ledger_id)),
];

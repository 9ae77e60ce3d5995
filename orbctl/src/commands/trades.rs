//! `orbctl trades`.

use orb_api::v1::{ListTradesRequest, Side, Trade, TradeStatus};
use tonic::Status;

use super::filters::{self, Dates, Limit, Names, numbers};
use crate::{
    cli::Global,
    failure::Failure,
    output::{Cell, Column, minor},
    paging::{PageRequest, show_list},
    session::Session,
    wire,
};

/// Shows trades, newest first
///
/// In CSV the columns begin with those of `orbctl export trades`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    names: Names,
    /// Only these directions, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = filters::side(), ignore_case = true)]
    side: Vec<Side>,
    /// Only open or only closed trades
    #[arg(long, value_delimiter = ',', value_parser = filters::trade_status(), ignore_case = true)]
    status: Vec<TradeStatus>,
    #[command(flatten)]
    dates: Dates,
    #[command(flatten)]
    limit: Limit,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let (date_from, date_to) = args.dates.bounds()?;
    let session = Session::open(global).await?;
    let mut client = session.client.history();
    let fetch = async |page: PageRequest| {
        let request = ListTradesRequest {
            page_size: page.size,
            page_token: page.token,
            symbols: args.names.symbol.clone(),
            sides: numbers(&args.side),
            statuses: numbers(&args.status),
            strategies: args.names.strategy.clone(),
            date_from: date_from.clone(),
            date_to: date_to.clone(),
            order: 0,
        };
        let reply = client.list_trades(request).await?.into_inner();
        Ok::<_, Status>((reply.ledger, (reply.trades, reply.next_page_token)))
    };
    show_list(session, "trades", args.limit.rows_max(), COLUMNS, fetch).await
}

const COLUMNS: &[Column<Trade>] = &[
    minor(7, Column::text("strategy", |t| Cell::text(&t.strategy))),
    Column::text("symbol", |t| Cell::text(&t.symbol)),
    Column::hidden("date", |t| Cell::text(&t.date)),
    Column::text("side", |t| wire::side(t.side)),
    Column::number("quantity", |t| Cell::Count(t.quantity)),
    minor(5, Column::text("entry_time", |t| wire::time(t.entry_time.as_ref()))),
    Column::number("entry_price", |t| Cell::money(&t.entry_price)),
    minor(6, Column::text("exit_time", |t| wire::time(t.exit_time.as_ref()))),
    Column::number("exit_price", |t| Cell::maybe_money(t.exit_price.as_ref())),
    minor(2, Column::text("exit_reason", |t| Cell::maybe_text(t.exit_reason.as_ref()))),
    minor(8, Column::number("gross_pnl", |t| Cell::maybe_signed(t.gross_pnl.as_ref()))),
    minor(8, Column::number("fees", |t| Cell::money(&t.fees))),
    Column::number("net_pnl", |t| Cell::maybe_signed(t.net_pnl.as_ref())),
    minor(3, Column::number("r_multiple", |t| Cell::maybe_signed(t.r_multiple.as_ref()))),
    minor(4, Column::text("status", |t| wire::trade_status(t.status))),
    Column::hidden("duration_seconds", |t| wire::span(t.duration.as_ref())),
    Column::hidden("unprotected_seconds", |t| wire::span(t.unprotected.as_ref())),
    Column::hidden("id", |t| Cell::text(&t.id)),
    Column::hidden("signal_id", |t| Cell::maybe_text(t.signal_id.as_ref())),
    Column::hidden("ledger_id", |t| Cell::text(&t.ledger_id)),
];

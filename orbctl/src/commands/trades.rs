//! `orbctl trades`.

use orb_api::{
    Client,
    v1::{ListTradesRequest, Side, SortOrder, Trade, TradeStatus},
};
use tonic::Status;

use super::filters::{self, Dates, Limit, Names, numbers};
use crate::{
    cli::Global,
    columns,
    failure::Failure,
    list::{self, List},
    output::{Cell, Column, minor},
    paging::{LedgerPage, PageRequest},
    wire,
};

/// Shows trades, newest first
///
/// In CSV the columns begin with those of `orbctl export trades`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    limit: Limit,
}

/// Which trades.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Filter {
    #[command(flatten)]
    names: Names,
    /// Only these directions, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = filters::side(), ignore_case = true)]
    side: Vec<Side>,
    /// Only open or only closed trades
    #[arg(long, value_delimiter = ',', value_parser = filters::trade_status(), ignore_case = true)]
    pub(super) status: Vec<TradeStatus>,
    #[command(flatten)]
    dates: Dates,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    list::show(global, &args.filter, &args.limit).await
}

impl List for Filter {
    type Row = Trade;
    const NAME: &'static str = "trades";
    const COLUMNS: &'static [Column<Trade>] = COLUMNS;

    fn check(&self) -> Result<(), Failure> {
        self.dates.check()
    }

    async fn page(&self, client: &Client, page: PageRequest, order: SortOrder) -> Result<LedgerPage<Trade>, Status> {
        let request = ListTradesRequest {
            page_size: page.size,
            page_token: page.token,
            symbols: self.names.symbol.clone(),
            sides: numbers(&self.side),
            statuses: numbers(&self.status),
            strategies: self.names.strategy.clone(),
            date_from: self.dates.from(),
            date_to: self.dates.to(),
            order: order.into(),
        };
        let reply = client.history().list_trades(request).await?.into_inner();
        Ok((reply.ledger, (reply.trades, reply.next_page_token)))
    }
}

const COLUMNS: &[Column<Trade>] = &[
    minor(7, columns::strategy()),
    columns::symbol(),
    Column::hidden("date", |t| Cell::text(&t.date)),
    Column::text("side", |t| wire::side(t.side)),
    Column::number("quantity", |t| Cell::Count(t.quantity)),
    minor(5, Column::text("entry_time", |t| wire::second(t.entry_time.as_ref()))),
    Column::number("entry_price", |t| Cell::money(&t.entry_price)),
    minor(6, Column::text("exit_time", |t| wire::second(t.exit_time.as_ref()))),
    Column::number("exit_price", |t| Cell::maybe_money(t.exit_price.as_ref())),
    minor(2, Column::text("exit_reason", |t| Cell::maybe_text(t.exit_reason.as_ref()))),
    minor(8, Column::number("gross_pnl", |t| Cell::maybe_signed(t.gross_pnl.as_ref()))),
    minor(8, Column::number("fees", |t| Cell::money(&t.fees))),
    Column::number("net_pnl", |t| Cell::maybe_signed(t.net_pnl.as_ref())),
    minor(3, Column::number("r_multiple", |t| Cell::maybe_signed(t.r_multiple.as_ref()))),
    minor(4, Column::text("status", |t| wire::trade_status(t.status))),
    Column::hidden("duration_seconds", |t| wire::span(t.duration.as_ref())),
    minor(9, Column::number("unprotected_seconds", |t| wire::span(t.unprotected.as_ref()))),
    Column::hidden("id", |t| Cell::text(&t.id)),
    Column::hidden("signal_id", |t| Cell::maybe_text(t.signal_id.as_ref())),
    columns::ledger_id(),
];

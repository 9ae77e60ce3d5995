//! `orbctl orders`.

use orb_api::{
    Client,
    v1::{ListOrdersRequest, Order, OrderRole, OrderStatus, SortOrder},
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

/// Shows orders, newest first
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    limit: Limit,
}

/// Which orders.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Filter {
    #[command(flatten)]
    names: Names,
    /// Only these statuses, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = filters::order_status(), ignore_case = true)]
    status: Vec<OrderStatus>,
    /// Only orders for this: entry, stop, target or exit, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = filters::order_role(), ignore_case = true)]
    role: Vec<OrderRole>,
    #[command(flatten)]
    dates: Dates,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    list::show(global, &args.filter, &args.limit).await
}

impl List for Filter {
    type Row = Order;
    const NAME: &'static str = "orders";
    const COLUMNS: &'static [Column<Order>] = COLUMNS;

    fn check(&self) -> Result<(), Failure> {
        self.dates.check()
    }

    async fn page(&self, client: &Client, page: PageRequest, order: SortOrder) -> Result<LedgerPage<Order>, Status> {
        let request = ListOrdersRequest {
            page_size: page.size,
            page_token: page.token,
            symbols: self.names.symbol.clone(),
            strategies: self.names.strategy.clone(),
            statuses: numbers(&self.status),
            roles: numbers(&self.role),
            date_from: self.dates.from(),
            date_to: self.dates.to(),
            order: order.into(),
        };
        let reply = client.portfolio().list_orders(request).await?.into_inner();
        Ok((reply.ledger, (reply.orders, reply.next_page_token)))
    }
}

/// Shared with the command that shows the chain of a signal.
pub(super) const COLUMNS: &[Column<Order>] = &[
    Column::text("create_time", |o| wire::time(o.create_time.as_ref())),
    columns::symbol(),
    Column::text("role", |o| wire::order_role(o.role)),
    Column::text("side", |o| wire::order_side(o.side)),
    minor(4, Column::text("type", |o| Cell::text(&o.r#type))),
    Column::number("quantity", |o| Cell::Count(o.quantity)),
    Column::number("price", |o| Cell::maybe_money(o.price.as_ref())),
    Column::text("status", |o| wire::order_status(o.status)),
    minor(3, Column::number("filled_quantity", |o| Cell::Count(o.filled_quantity))),
    minor(2, Column::number("fill_price", |o| Cell::maybe_money(o.fill_price.as_ref()))),
    minor(5, columns::strategy()),
    minor(1, Column::text("client_order_id", |o| Cell::text(&o.client_order_id))),
    minor(4, Column::text("reject_message", |o| Cell::maybe_text(o.reject_message.as_ref()))),
    Column::hidden("reject_code", |o| o.reject_code.map_or(Cell::Absent, Cell::Count)),
    Column::hidden("update_time", |o| wire::time(o.update_time.as_ref())),
    Column::hidden("date", |o| Cell::text(&o.date)),
    Column::hidden("broker_order_id", |o| Cell::maybe_text(o.broker_order_id.as_ref())),
    Column::hidden("parent_client_order_id", |o| Cell::maybe_text(o.parent_client_order_id.as_ref())),
    Column::hidden("signal_id", |o| Cell::text(&o.signal_id)),
    columns::ledger_id(),
];

//! `orbctl cancel`.

use orb_api::v1::{
    CancelAllOrdersRequest, CancelAllOrdersResponse, CancelOrderRequest, CancelOrderResponse, CancelOutcome, OrderRef,
};

use super::{
    kill::{ORDERS, count},
    request::{self, Request},
};
use crate::{
    cli::Global,
    failure::{Failure, Kind},
    output::{Cell, Column, Grid},
    session::Session,
    wire,
};

/// Cancels one working entry, or all of them
///
/// Stops and closing orders stay. It never asks and places no hold: `orbctl pause` keeps further
/// entries back. Exit code 1: the broker has not confirmed it yet.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The client_order_id of the entry, as `orbctl orders` shows it
    #[arg(value_name = "ORDER", required_unless_present = "all")]
    order: Option<String>,
    /// Every working entry
    #[arg(long, conflicts_with = "order")]
    all: bool,
    #[command(flatten)]
    request: Request,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let request_id = args.request.id()?;
    let session = Session::open_for_command(global).await?;
    let reason = args.request.reason.unwrap_or_default();
    match args.order {
        Some(order) => one(session, CancelOrderRequest { request_id, client_order_id: order, reason }).await,
        None => all(session, CancelAllOrdersRequest { request_id, reason }).await,
    }
}

async fn one(mut session: Session, request: CancelOrderRequest) -> Result<(), Failure> {
    let what = format!("cancelling {}", request.client_order_id);
    let request_id = request.request_id.clone();
    let reply = session.client.control().cancel_order(request).await;
    let failed = |status| request::explain(Failure::from_status(&what, &status), &request_id);
    let reply = reply.map_err(failed)?.into_inner();
    session.show_ledger(reply.ledger.as_ref());
    session.printer.record(&Grid::of(ONE, [&reply]), &[])?;
    if reply.outcome == i32::from(CancelOutcome::InProgress) {
        let failure = Failure::new(Kind::Refused, format!("{what} is not confirmed yet"));
        return Err(failure.with_hint("watch `orbctl orders`"));
    }
    Ok(())
}

async fn all(mut session: Session, request: CancelAllOrdersRequest) -> Result<(), Failure> {
    let what = "cancelling all entries";
    let request_id = request.request_id.clone();
    let reply = session.client.control().cancel_all_orders(request).await;
    let failed = |status| request::explain(Failure::from_status(what, &status), &request_id);
    let reply = reply.map_err(failed)?.into_inner();
    session.show_ledger(reply.ledger.as_ref());
    let lists = [
        ("cancelled_orders", Grid::of(ORDERS, &reply.cancelled_orders)),
        ("filled_orders", Grid::of(ORDERS, &reply.filled_orders)),
        ("unconfirmed_orders", Grid::of(ORDERS, &reply.unconfirmed_orders)),
    ];
    session.printer.record(&Grid::of(ALL, [&reply]), &lists)?;
    if reply.complete {
        return Ok(());
    }
    let message = format!("{what} is not complete: {} orders unconfirmed", reply.unconfirmed_orders.len());
    Err(Failure::new(Kind::Refused, message).with_hint("watch `orbctl orders`"))
}

const ONE: &[Column<CancelOrderResponse>] = &[
    Column::text("outcome", |r| wire::cancel_outcome(r.outcome)),
    Column::text("symbol", |r| order(r, |order| Cell::text(&order.symbol))),
    Column::text("strategy", |r| order(r, |order| Cell::text(&order.strategy))),
    Column::number("filled_quantity", |r| Cell::Count(r.filled_quantity)),
    Column::text("client_order_id", |r| order(r, |order| Cell::text(&order.client_order_id))),
    Column::text("broker_order_id", |r| order(r, |order| Cell::maybe_text(order.broker_order_id.as_ref()))),
    Column::text("request_id", |r| Cell::text(&r.request_id)),
    Column::hidden("replayed", |r| Cell::Flag(r.replayed)),
    Column::hidden("ledger_id", |r| Cell::text(r.ledger.as_ref().map_or("", |ledger| &ledger.id))),
];

const ALL: &[Column<CancelAllOrdersResponse>] = &[
    Column::text("complete", |r| Cell::Flag(r.complete)),
    Column::number("orders_cancelled", |r| count(&r.cancelled_orders)),
    Column::number("orders_filled", |r| count(&r.filled_orders)),
    Column::number("orders_unconfirmed", |r| count(&r.unconfirmed_orders)),
    Column::text("request_id", |r| Cell::text(&r.request_id)),
    Column::hidden("replayed", |r| Cell::Flag(r.replayed)),
    Column::hidden("ledger_id", |r| Cell::text(r.ledger.as_ref().map_or("", |ledger| &ledger.id))),
];

fn order(reply: &CancelOrderResponse, cell: fn(&OrderRef) -> Cell) -> Cell {
    reply.order.as_ref().map_or(Cell::Absent, cell)
}

//! `orbctl close`.

use orb_api::v1::{
    CloseAllPositionsRequest, CloseAllPositionsResponse, CloseOutcome, ClosePositionRequest, ClosePositionResponse,
    ClosedPosition, Fill, Position, RemainingPosition,
};
use serde_json::{Value, json};

use super::{
    confirm::{self, Confirm},
    filters::{self, Names},
    kill::{CLOSED, ORDERS, REMAINING, count},
    positions,
    request::{self, Request},
    status::HOLDS,
};
use crate::{
    cli::Global,
    failure::{Failure, Kind},
    output::{Cell, Column, Grid},
    session::Session,
    wire,
};

const ALL: &str = "closing all positions";

/// Closes one position, or all of them, in every trading state
///
/// Asks first unless --yes is given. --all cancels working entries too, but places no hold:
/// `orbctl kill --flatten` also keeps new entries back. Exit code 1: the close is still under way.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The ticker
    #[arg(value_parser = filters::symbol, required_unless_present = "all")]
    symbol: Option<String>,
    /// Every position of orb's
    #[arg(long, conflicts_with = "symbol")]
    all: bool,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    request: Request,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let what = args.symbol.as_ref().map_or_else(|| ALL.to_owned(), |symbol| format!("closing {symbol}"));
    args.confirm.check_possible(&what)?;
    let request_id = args.request.id()?;
    let session = Session::open_for_command(global).await?;
    if !args.confirm.is_given() {
        match &args.symbol {
            Some(symbol) => confirm(&session, symbol).await?,
            None => confirm_all(&session).await?,
        }
    }
    let reason = args.request.reason.unwrap_or_default();
    match args.symbol {
        Some(symbol) => one(session, ClosePositionRequest { request_id, symbol, reason }, &what).await,
        None => all(session, CloseAllPositionsRequest { request_id, reason, ..Default::default() }).await,
    }
}

async fn one(mut session: Session, request: ClosePositionRequest, what: &str) -> Result<(), Failure> {
    let request_id = request.request_id.clone();
    let reply = session.client.control().close_position(request).await;
    let failed = |status| request::explain(Failure::from_status(what, &status), &request_id);
    let reply = reply.map_err(failed)?.into_inner();
    session.show_ledger(reply.ledger.as_ref());
    session.printer.record(&Grid::of(COLUMNS, [&reply]), &[])?;
    if reply.outcome == i32::from(CloseOutcome::Closed) {
        return Ok(());
    }
    let detail = reply.remaining.map_or_else(String::new, |remaining| remaining.detail);
    let message = format!("{what} is still under way: {detail}");
    Err(Failure::new(Kind::Refused, message).with_hint("watch `orbctl positions`"))
}

async fn all(mut session: Session, request: CloseAllPositionsRequest) -> Result<(), Failure> {
    let request_id = request.request_id.clone();
    let reply = session.client.control().close_all_positions(request).await;
    let failed = |status| request::explain(Failure::from_status(ALL, &status), &request_id);
    let reply = reply.map_err(failed)?.into_inner();
    session.show_ledger(reply.ledger.as_ref());
    let lists = [
        ("holds", Grid::of(HOLDS, &reply.holds)),
        ("cancelled_orders", Grid::of(ORDERS, &reply.cancelled_orders)),
        ("unconfirmed_orders", Grid::of(ORDERS, &reply.unconfirmed_orders)),
        ("closed_positions", Grid::of(CLOSED, &reply.closed_positions)),
        ("remaining_positions", Grid::of(REMAINING, &reply.remaining_positions)),
    ];
    session.printer.record(&Grid::of(ALL_COLUMNS, [&reply]), &lists)?;
    if reply.complete {
        return Ok(());
    }
    let (orders, positions) = (reply.unconfirmed_orders.len(), reply.remaining_positions.len());
    let message = format!("{ALL} is not complete: {orders} orders unconfirmed, {positions} positions open");
    Err(Failure::new(Kind::Refused, message).with_hint("watch `orbctl positions`"))
}

async fn confirm_all(session: &Session) -> Result<(), Failure> {
    let names = Names { symbol: Vec::new(), strategy: Vec::new() };
    let positions = positions::fetch(session, &names).await?;
    if positions.is_empty() {
        return Err(Failure::new(Kind::NotFound, "there is no open position: see `orbctl positions`"));
    }
    let symbols: Vec<_> = positions.iter().map(|position| position.symbol.as_str()).collect();
    confirm::ask(&format!("Close all {} positions ({})? Entries stay allowed.", positions.len(), symbols.join(", ")))
}

async fn confirm(session: &Session, symbol: &str) -> Result<(), Failure> {
    let names = Names { symbol: vec![symbol.to_owned()], strategy: Vec::new() };
    let positions = positions::fetch(session, &names).await?;
    let Some(position) = positions.first() else {
        return Err(Failure::new(
            Kind::NotFound,
            format!("there is no open position in {symbol}: see `orbctl positions`"),
        ));
    };
    confirm::ask(&question(position))
}

fn question(position: &Position) -> String {
    let pnl = Cell::maybe_signed(position.unrealized_pnl.as_ref()).to_table();
    let (side, price) = (wire::side(position.side).to_table(), Cell::money(&position.entry_price).to_table());
    format!("Close {} {} {} from {price}, unrealized {pnl}?", position.symbol, side, position.quantity)
}

const COLUMNS: &[Column<ClosePositionResponse>] = &[
    Column::text("outcome", |r| wire::close_outcome(r.outcome)),
    Column::text("symbol", |r| either(r, |closed| &closed.symbol, |open| &open.symbol)),
    Column::text("strategy", |r| either(r, |closed| &closed.strategy, |open| &open.strategy)),
    Column::text("side", |r| {
        let closed = r.closed.as_ref().map(|closed| closed.side);
        closed.or(r.remaining.as_ref().map(|open| open.side)).map_or(Cell::Absent, wire::side)
    }),
    Column::number("quantity_closed", |r| Cell::Count(r.closed.as_ref().map_or(0, |closed| closed.quantity))),
    Column::number("quantity_open", |r| Cell::Count(r.remaining.as_ref().map_or(0, |open| open.quantity))),
    Column::number("net_pnl", |r| Cell::signed(r.closed.as_ref().map_or("", |closed| &closed.net_pnl))),
    Column::text("fills", |r| fills(r.closed.as_ref().map_or(&[], |closed| &closed.fills))),
    Column::text("detail", |r| Cell::text(r.remaining.as_ref().map_or("", |open| &open.detail))),
    Column::text("request_id", |r| Cell::text(&r.request_id)),
    Column::hidden("replayed", |r| Cell::Flag(r.replayed)),
    Column::hidden("ledger_id", |r| Cell::text(r.ledger.as_ref().map_or("", |ledger| &ledger.id))),
];

const ALL_COLUMNS: &[Column<CloseAllPositionsResponse>] = &[
    Column::text("state", |r| wire::trading_state(r.state)),
    Column::text("complete", |r| Cell::Flag(r.complete)),
    Column::number("orders_cancelled", |r| count(&r.cancelled_orders)),
    Column::number("orders_unconfirmed", |r| count(&r.unconfirmed_orders)),
    Column::number("positions_closed", |r| count(&r.closed_positions)),
    Column::number("positions_open", |r| count(&r.remaining_positions)),
    Column::text("request_id", |r| Cell::text(&r.request_id)),
    Column::hidden("replayed", |r| Cell::Flag(r.replayed)),
    Column::hidden("ledger_id", |r| Cell::text(r.ledger.as_ref().map_or("", |ledger| &ledger.id))),
];

fn either(
    reply: &ClosePositionResponse,
    closed: fn(&ClosedPosition) -> &str,
    remaining: fn(&RemainingPosition) -> &str,
) -> Cell {
    let text = reply.closed.as_ref().map(closed).or(reply.remaining.as_ref().map(remaining));
    text.map_or(Cell::Absent, Cell::text)
}

/// Shows fills in one cell: "sell 60 @ 10.5, sell 40 @ 10.49".
pub(crate) fn fills(fills: &[Fill]) -> Cell {
    let text: Vec<_> = fills
        .iter()
        .map(|fill| format!("{} {} @ {}", wire::order_side(fill.side).to_table(), fill.quantity, fill.price))
        .collect();
    Cell::Nested(text.join(", "), fills.iter().map(fill_json).collect())
}

fn fill_json(fill: &Fill) -> Value {
    json!({
        "id": fill.id,
        "side": wire::order_side(fill.side).to_json(),
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": fill.fee,
        "time": wire::time(fill.time.as_ref()).to_json(),
        "client_order_id": fill.client_order_id,
        "broker_order_id": fill.broker_order_id,
    })
}

//! `orbctl kill`.

use orb_api::v1::{
    ClosedPosition, KillSwitchAction, Ledger, OrderRef, RemainingPosition, SetKillSwitchRequest, SetKillSwitchResponse,
};

use super::{
    request::{self, Request},
    status::HOLDS,
};
use crate::{
    cli::Global,
    columns,
    failure::{Failure, Kind},
    output::{Cell, Column, Grid},
    session::Session,
    wire,
};

/// Stops all new orders at once, or allows them again
///
/// When it returns, no further entry leaves the daemon; working entries are cancelled and
/// protective stops stay. It never asks. Exit code 1: something asked for is not done yet.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Also closes every position
    #[arg(long, conflicts_with = "release")]
    flatten: bool,
    /// Releases the switch; needs --reason
    #[arg(long, requires = "reason")]
    release: bool,
    #[command(flatten)]
    request: Request,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let request_id = args.request.id()?;
    let (what, action) = if args.release {
        ("releasing the kill switch", KillSwitchAction::Release)
    } else {
        ("engaging the kill switch", KillSwitchAction::Engage)
    };
    let mut session = Session::open_for_command(global).await?;
    let request = SetKillSwitchRequest {
        request_id: request_id.clone(),
        action: action.into(),
        flatten: args.flatten,
        reason: args.request.reason.unwrap_or_default(),
    };
    let reply = session.client.control().set_kill_switch(request).await;
    let failed = |status| request::explain(Failure::from_status(what, &status), &request_id);
    let reply = reply.map_err(failed)?.into_inner();
    session.printer.record(&Grid::of(COLUMNS, [&reply]), &lists(&reply))?;
    if reply.complete { Ok(()) } else { Err(incomplete(what, &reply)) }
}

fn incomplete(what: &str, reply: &SetKillSwitchResponse) -> Failure {
    let (orders, positions) = (reply.unconfirmed_orders.len(), reply.remaining_positions.len());
    let message = format!("{what} is not complete: {orders} orders unconfirmed, {positions} positions open");
    Failure::new(Kind::Refused, message).with_hint("watch `orbctl positions`")
}

fn lists(reply: &SetKillSwitchResponse) -> [(&'static str, Grid); 5] {
    [
        ("holds", Grid::of(HOLDS, &reply.holds)),
        ("cancelled_orders", Grid::of(ORDERS, &reply.cancelled_orders)),
        ("unconfirmed_orders", Grid::of(ORDERS, &reply.unconfirmed_orders)),
        ("closed_positions", Grid::of(CLOSED, &reply.closed_positions)),
        ("remaining_positions", Grid::of(REMAINING, &reply.remaining_positions)),
    ]
}

const COLUMNS: &[Column<SetKillSwitchResponse>] = &[
    Column::text("state", |r| wire::trading_state(r.state)),
    Column::text("complete", |r| Cell::Flag(r.complete)),
    Column::text("effective_time", |r| wire::time(r.effective_time.as_ref())),
    Column::number("orders_cancelled", |r| r.orders_cancelled.into()),
    Column::number("orders_unconfirmed", |r| count(&r.unconfirmed_orders)),
    Column::number("positions_closed", |r| count(&r.closed_positions)),
    Column::number("positions_open", |r| count(&r.remaining_positions)),
    Column::text("environment", |r| ledger(r, |ledger| wire::environment(ledger.environment))),
    Column::text("ledger_id", |r| ledger(r, |ledger| Cell::text(&ledger.id))),
    Column::text("request_id", |r| Cell::text(&r.request_id)),
    Column::hidden("replayed", |r| Cell::Flag(r.replayed)),
];

/// Shared with the other commands that cancel.
pub(super) const ORDERS: &[Column<OrderRef>] = &[
    columns::symbol(),
    columns::strategy(),
    Column::text("client_order_id", |o| Cell::text(&o.client_order_id)),
    Column::text("broker_order_id", |o| Cell::maybe_text(o.broker_order_id.as_ref())),
    columns::ledger_id(),
];

/// Shared with the command that closes everything.
pub(super) const CLOSED: &[Column<ClosedPosition>] = &[
    columns::symbol(),
    Column::text("side", |p| wire::side(p.side)),
    Column::number("quantity", |p| Cell::Count(p.quantity)),
    Column::number("net_pnl", |p| Cell::signed(&p.net_pnl)),
    Column::text("fills", |p| super::close::fills(&p.fills)),
    columns::strategy(),
    columns::ledger_id(),
];

/// Shared with the command that closes everything.
pub(super) const REMAINING: &[Column<RemainingPosition>] = &[
    columns::symbol(),
    Column::text("side", |p| wire::side(p.side)),
    Column::number("quantity", |p| Cell::Count(p.quantity)),
    Column::number("protected_quantity", |p| Cell::Count(p.protected_quantity)),
    Column::text("closing", |p| Cell::Flag(p.closing)),
    columns::strategy(),
    Column::text("detail", |p| Cell::text(&p.detail)),
    columns::ledger_id(),
];

/// Shows how many there are.
pub(super) fn count<T>(items: &[T]) -> Cell {
    Cell::Count(i64::try_from(items.len()).unwrap_or(i64::MAX))
}

fn ledger(reply: &SetKillSwitchResponse, cell: fn(&Ledger) -> Cell) -> Cell {
    reply.ledger.as_ref().map_or(Cell::Absent, cell)
}

//! `orbctl account`.

use orb_api::v1::{DayPnl, GetAccountRequest, GetAccountResponse, Ledger};

use crate::{
    cli::Global,
    failure::Failure,
    output::{Cell, Column, Grid},
    session::Session,
    wire,
};

/// Shows equity, cash, buying power and the day's result
#[derive(clap::Args, Debug)]
pub(crate) struct Args {}

pub(crate) async fn run(global: &Global, Args {}: Args) -> Result<(), Failure> {
    let mut session = Session::open(global).await?;
    let reply = session.client.portfolio().get_account(GetAccountRequest {}).await;
    let account = reply.map_err(|status| Failure::from_status("reading the account", &status))?.into_inner();
    Ok(session.printer.record(&Grid::of(COLUMNS, [&account]), &[])?)
}

const COLUMNS: &[Column<GetAccountResponse>] = &[
    Column::text("environment", |a| ledger(a, |ledger| wire::environment(ledger.environment))),
    Column::text("ledger_id", |a| ledger(a, |ledger| Cell::text(&ledger.id))),
    Column::text("account_id", |a| ledger(a, |ledger| Cell::text(&ledger.account_id))),
    Column::number("equity", |a| Cell::money(&a.equity)),
    Column::number("cash", |a| Cell::money(&a.cash)),
    Column::number("buying_power", |a| Cell::money(&a.buying_power)),
    Column::number("gross_exposure", |a| Cell::money(&a.gross_exposure)),
    Column::number("session_open_equity", |a| Cell::maybe_money(a.session_open_equity.as_ref())),
    Column::number("day_realized", |a| day(a, |day| Cell::signed(&day.realized))),
    Column::number("day_unrealized", |a| day(a, |day| Cell::signed(&day.unrealized))),
    Column::number("day_fees", |a| day(a, |day| Cell::money(&day.fees))),
    Column::number("day_net", |a| day(a, |day| Cell::signed(&day.net))),
    Column::text("as_of", |a| wire::time(a.as_of.as_ref())),
];

fn ledger(account: &GetAccountResponse, cell: fn(&Ledger) -> Cell) -> Cell {
    account.ledger.as_ref().map_or(Cell::Absent, cell)
}

fn day(account: &GetAccountResponse, cell: fn(&DayPnl) -> Cell) -> Cell {
    account.day_pnl.as_ref().map_or(Cell::Absent, cell)
}

//! `orbctl pause`.

use orb_api::v1::{PauseEntriesRequest, PauseEntriesResponse};

use super::{
    request::{self, Request},
    status::HOLDS,
};
use crate::{
    cli::Global,
    failure::Failure,
    output::{Cell, Column, Grid},
    session::Session,
    wire,
};

/// Holds entries until `orbctl resume`
///
/// Stops, exits and entries that already work at the broker are left alone. It never asks.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    request: Request,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let request_id = args.request.id()?;
    let mut session = Session::open_for_command(global).await?;
    let request =
        PauseEntriesRequest { request_id: request_id.clone(), reason: args.request.reason.unwrap_or_default() };
    let reply = session.client.control().pause_entries(request).await;
    let failed = |status| request::explain(Failure::from_status("pausing", &status), &request_id);
    let reply = reply.map_err(failed)?.into_inner();
    session.show_ledger(reply.ledger.as_ref());
    let lists = [("holds", Grid::of(HOLDS, &reply.holds))];
    Ok(session.printer.record(&Grid::of(COLUMNS, [&reply]), &lists)?)
}

const COLUMNS: &[Column<PauseEntriesResponse>] = &[
    Column::text("state", |r| wire::trading_state(r.state)),
    Column::text("request_id", |r| Cell::text(&r.request_id)),
    Column::hidden("replayed", |r| Cell::Flag(r.replayed)),
    Column::hidden("ledger_id", |r| Cell::text(r.ledger.as_ref().map_or("", |ledger| &ledger.id))),
];

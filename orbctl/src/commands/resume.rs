//! `orbctl resume`.

use orb_api::v1::{HoldKind, ResumeEntriesRequest, ResumeEntriesResponse, TradingState};

use super::{
    confirm::{self, Confirm},
    filters::{self, numbers},
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

/// Clears holds, so that entries are allowed again
///
/// Without --hold: those of `orbctl pause` and of a switched environment. The kill switch is
/// released by `orbctl kill --release`. Nothing is resubmitted. Asks first unless --yes is
/// given. Exit code 1: other holds remain, and entries are still not allowed.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The holds, separated by commas; the last four need --reason
    #[arg(long, value_delimiter = ',', value_parser = filters::hold(), ignore_case = true)]
    hold: Vec<HoldKind>,
    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    request: Request,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    args.confirm.check_possible("resuming")?;
    let request_id = args.request.id()?;
    let mut session = Session::open_for_command(global).await?;
    if !args.confirm.is_given() {
        confirm::ask("Clear these holds, so that orb may open positions again?")?;
    }
    let request = ResumeEntriesRequest {
        request_id: request_id.clone(),
        reason: args.request.reason.unwrap_or_default(),
        holds: numbers(&args.hold),
    };
    let reply = session.client.control().resume_entries(request).await;
    let failed = |status| request::explain(Failure::from_status("resuming", &status), &request_id);
    let reply = reply.map_err(failed)?.into_inner();
    session.show_ledger(reply.ledger.as_ref());
    let lists = [("holds", Grid::of(HOLDS, &reply.holds))];
    session.printer.record(&Grid::of(COLUMNS, [&reply]), &lists)?;
    if reply.state == i32::from(TradingState::Active) { Ok(()) } else { Err(still_held(&reply)) }
}

fn still_held(reply: &ResumeEntriesResponse) -> Failure {
    let message = format!("entries are still held by {}", kinds(reply.holds.iter().map(|hold| hold.kind)));
    Failure::new(Kind::Refused, message).with_hint("see `orbctl status` for what clears it")
}

const COLUMNS: &[Column<ResumeEntriesResponse>] = &[
    Column::text("state", |r| wire::trading_state(r.state)),
    Column::text("cleared", |r| {
        let names: Vec<_> = r.cleared.iter().map(|&kind| wire::hold_kind(kind).to_table()).collect();
        Cell::list(&names)
    }),
    Column::text("request_id", |r| Cell::text(&r.request_id)),
    Column::hidden("replayed", |r| Cell::Flag(r.replayed)),
    Column::hidden("ledger_id", |r| Cell::text(r.ledger.as_ref().map_or("", |ledger| &ledger.id))),
];

fn kinds(kinds: impl Iterator<Item = i32>) -> String {
    let names: Vec<_> = kinds.map(|kind| wire::hold_kind(kind).to_table()).collect();
    names.join(", ")
}

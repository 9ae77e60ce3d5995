//! `orbctl alarms`.

use clap::Subcommand;
use orb_api::v1::{AcknowledgeAlarmsRequest, Alarm, GetStatusRequest, Ledger};

use super::request::{self, Request};
use crate::{
    cli::Global,
    failure::{Failure, note},
    output::{Cell, Column, Grid, minor},
    session::Session,
    wire,
};

/// Shows what needs a person, oldest first, or acknowledges it
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    Ack(Ack),
}

/// Acknowledges alarms: they repeat no more until their cause has ended and returned
#[derive(clap::Args, Debug)]
struct Ack {
    /// The ids of the alarms, as `orbctl alarms` shows them
    #[arg(value_name = "ID", required_unless_present = "all")]
    ids: Vec<String>,
    /// All that there are
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    #[command(flatten)]
    request: Request,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    match args.action {
        None => list(global).await,
        Some(Action::Ack(ack)) => acknowledge(global, ack).await,
    }
}

async fn list(global: &Global) -> Result<(), Failure> {
    let session = Session::open(global).await?;
    let reply = session.client.control().get_status(GetStatusRequest {}).await;
    let status = reply.map_err(|status| Failure::from_status("listing the alarms", &status))?.into_inner();
    show(session, status.ledger.as_ref(), status.alarms)
}

async fn acknowledge(global: &Global, ack: Ack) -> Result<(), Failure> {
    let request_id = ack.request.id()?;
    let session = Session::open_for_command(global).await?;
    let request = AcknowledgeAlarmsRequest {
        request_id: request_id.clone(),
        alarm_ids: ack.ids,
        reason: ack.request.reason.unwrap_or_default(),
    };
    let reply = session.client.control().acknowledge_alarms(request).await;
    let failed = |status| request::explain(Failure::from_status("acknowledging the alarms", &status), &request_id);
    let reply = reply.map_err(failed)?.into_inner();
    show(session, reply.ledger.as_ref(), reply.alarms)
}

fn show(mut session: Session, ledger: Option<&Ledger>, alarms: Vec<Alarm>) -> Result<(), Failure> {
    session.show_ledger(ledger);
    if alarms.is_empty() {
        note("no alarms");
    }
    let ledger_id = ledger.map_or_else(String::new, |ledger| ledger.id.clone());
    let rows: Vec<_> = alarms.into_iter().map(|alarm| (alarm, ledger_id.clone())).collect();
    Ok(session.printer.rows(&Grid::of(COLUMNS, &rows))?)
}

/// Shared with the command that shows the status.
pub(super) const OF_STATUS: &[Column<Alarm>] = &[
    Column::text("id", |a| Cell::text(&a.id)),
    Column::text("since", |a| wire::time(a.since.as_ref())),
    Column::text("code", |a| Cell::text(&a.code)),
    Column::text("symbol", |a| Cell::maybe_text(a.symbol.as_ref())),
    Column::text("message", |a| Cell::text(&a.message)),
    minor(1, Column::text("acknowledged_by", |a| Cell::maybe_text(a.acknowledged_by.as_ref()))),
];

/// An alarm, and the id of the ledger that it belongs to.
type Row = (Alarm, String);

const COLUMNS: &[Column<Row>] = &[
    Column::text("id", |(a, _)| Cell::text(&a.id)),
    Column::text("since", |(a, _)| wire::time(a.since.as_ref())),
    Column::text("code", |(a, _)| Cell::text(&a.code)),
    Column::text("symbol", |(a, _)| Cell::maybe_text(a.symbol.as_ref())),
    Column::text("message", |(a, _)| Cell::text(&a.message)),
    minor(1, Column::text("acknowledged_by", |(a, _)| Cell::maybe_text(a.acknowledged_by.as_ref()))),
    Column::hidden("acknowledged_time", |(a, _)| wire::time(a.acknowledged_time.as_ref())),
    Column::hidden("ledger_id", |(_, ledger_id)| Cell::text(ledger_id)),
];

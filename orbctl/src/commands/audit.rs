//! `orbctl audit`.

use chrono::{DateTime, Utc};
use orb_api::{
    time::timestamp_from_micros,
    v1::{AuditEntry, ListAuditEntriesRequest},
};
use tonic::Status;

use super::{filters::Limit, logs};
use crate::{
    cli::Global,
    failure::Failure,
    output::{Cell, Column, minor},
    paging::{PageRequest, show_list},
    session::Session,
    wire,
};

/// Shows the commands that were given, with who gave them, why and what became of them
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Only commands of these people, separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    actor: Vec<String>,
    /// From this instant on (2026-02-13T14:30:00Z)
    #[arg(long, value_name = "TIME", value_parser = logs::instant)]
    from: Option<DateTime<Utc>>,
    /// Before this instant (2026-02-13T14:30:00Z)
    #[arg(long, value_name = "TIME", value_parser = logs::instant)]
    to: Option<DateTime<Utc>>,
    #[command(flatten)]
    limit: Limit,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    logs::check_order(args.from, args.to)?;
    let session = Session::open(global).await?;
    let mut client = session.client.logs();
    let time = |time: Option<DateTime<Utc>>| time.map(|time| timestamp_from_micros(time.timestamp_micros()));
    let fetch = async |page: PageRequest| {
        let request = ListAuditEntriesRequest {
            page_size: page.size,
            page_token: page.token,
            actors: args.actor.clone(),
            time_from: time(args.from),
            time_to: time(args.to),
            order: 0,
        };
        let reply = client.list_audit_entries(request).await?.into_inner();
        Ok::<_, Status>((reply.ledger, (reply.entries, reply.next_page_token)))
    };
    show_list(session, "commands", args.limit.rows_max(), COLUMNS, fetch).await
}

const COLUMNS: &[Column<AuditEntry>] = &[
    minor(3, Column::number("number", |e| e.number.into())),
    Column::text("time", |e| wire::time(e.time.as_ref())),
    Column::text("actor", |e| Cell::text(&e.actor)),
    Column::text("command", |e| Cell::text(&e.command)),
    minor(1, Column::text("reason", |e| Cell::text(&e.reason))),
    Column::text("accepted", |e| Cell::Flag(e.accepted)),
    Column::text("result", |e| Cell::text(&e.result)),
    Column::hidden("request_id", |e| Cell::text(&e.request_id)),
    Column::hidden("ledger_id", |e| Cell::text(&e.ledger_id)),
];

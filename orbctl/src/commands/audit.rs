//! `orbctl audit`.

use chrono::{DateTime, Utc};
use orb_api::{
    Client,
    time::timestamp_from_micros,
    v1::{AuditEntry, ListAuditEntriesRequest, SortOrder},
};
use tonic::Status;

use super::{filters::Limit, logs};
use crate::{
    cli::Global,
    failure::Failure,
    list::{self, List},
    output::{Cell, Column, minor},
    paging::{LedgerPage, PageRequest},
    wire,
};

/// Shows the commands that were given, with who gave them, why and what became of them
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    limit: Limit,
}

/// Which commands.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Filter {
    /// Only commands of these people, separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    actor: Vec<String>,
    /// From this instant on (2026-02-13T14:30:00Z)
    #[arg(long, value_name = "TIME", value_parser = logs::instant)]
    from: Option<DateTime<Utc>>,
    /// Before this instant (2026-02-13T14:30:00Z)
    #[arg(long, value_name = "TIME", value_parser = logs::instant)]
    to: Option<DateTime<Utc>>,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    list::show(global, &args.filter, &args.limit).await
}

impl List for Filter {
    type Row = AuditEntry;
    const NAME: &'static str = "commands";
    const COLUMNS: &'static [Column<AuditEntry>] = COLUMNS;

    fn check(&self) -> Result<(), Failure> {
        logs::check_order(self.from, self.to)
    }

    async fn page(
        &self,
        client: &Client,
        page: PageRequest,
        order: SortOrder,
    ) -> Result<LedgerPage<AuditEntry>, Status> {
        let time = |time: Option<DateTime<Utc>>| time.map(|time| timestamp_from_micros(time.timestamp_micros()));
        let request = ListAuditEntriesRequest {
            page_size: page.size,
            page_token: page.token,
            actors: self.actor.clone(),
            time_from: time(self.from),
            time_to: time(self.to),
            order: order.into(),
        };
        let reply = client.logs().list_audit_entries(request).await?.into_inner();
        Ok((reply.ledger, (reply.entries, reply.next_page_token)))
    }
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

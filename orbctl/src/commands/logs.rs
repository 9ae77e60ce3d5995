//! `orbctl logs`.

use chrono::{DateTime, Utc};
use orb_api::{
    Client,
    time::timestamp_from_micros,
    v1::{
        Component, ListLogsRequest, LogEntry, Severity, SortOrder, StreamLogsRequest, StreamLogsResponse,
        stream_logs_response::Event,
    },
};
use serde_json::Value;
use tonic::Status;

use super::filters::{self, Limit, numbers};
use crate::{
    cli::Global,
    failure::Failure,
    follow::{follow, note_resync, snapshot_event},
    list::{self, List},
    output::{Cell, Column, Grid, Printer, minor},
    paging::{LedgerPage, PageRequest},
    session::Session,
    wire,
};

/// Shows the newest log lines, the newest last
///
/// With --follow: --limit lines of the past, then each new line. A lost connection is taken up
/// again; no line is shown twice.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    limit: Limit,
    /// Keeps showing them until Ctrl-C
    #[arg(long, short, conflicts_with_all = ["from", "to", "all"])]
    follow: bool,
}

/// Which lines.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Filter {
    /// Only lines that matter at least so much
    #[arg(long, value_parser = filters::severity(), ignore_case = true)]
    severity: Option<Severity>,
    /// Only lines of these components, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = filters::component(), ignore_case = true)]
    component: Vec<Component>,
    /// Only lines with all these words; the last may be the beginning of a word
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
    search: String,
    /// From this instant on (2026-02-13T14:30:00Z)
    #[arg(long, value_name = "TIME", value_parser = instant)]
    from: Option<DateTime<Utc>>,
    /// Before this instant (2026-02-13T14:30:00Z)
    #[arg(long, value_name = "TIME", value_parser = instant)]
    to: Option<DateTime<Utc>>,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    if args.follow {
        watch(Session::open(global).await?, args.filter, args.limit.rows_max()).await
    } else {
        // The newest are asked for, and read from top to bottom.
        let turned = |mut rows: Vec<LogEntry>| {
            rows.reverse();
            rows
        };
        list::show_arranged(global, &args.filter, &args.limit, turned).await
    }
}

impl List for Filter {
    type Row = LogEntry;
    const NAME: &'static str = "log lines";
    const COLUMNS: &'static [Column<LogEntry>] = COLUMNS;

    fn check(&self) -> Result<(), Failure> {
        check_order(self.from, self.to)
    }

    async fn page(&self, client: &Client, page: PageRequest, order: SortOrder) -> Result<LedgerPage<LogEntry>, Status> {
        let time = |time: Option<DateTime<Utc>>| time.map(|time| timestamp_from_micros(time.timestamp_micros()));
        let request = ListLogsRequest {
            page_size: page.size,
            page_token: page.token,
            severity_min: self.severity.unwrap_or_default().into(),
            components: numbers(&self.component),
            search: self.search.clone(),
            time_from: time(self.from),
            time_to: time(self.to),
            order: order.into(),
        };
        let reply = client.logs().list_logs(request).await?.into_inner();
        Ok((reply.ledger, (reply.entries, reply.next_page_token)))
    }
}

async fn watch(mut session: Session, filter: Filter, backlog: Option<u32>) -> Result<(), Failure> {
    let mut client = session.client.logs();
    let open = async |resume_after| {
        let request = StreamLogsRequest {
            severity_min: filter.severity.unwrap_or_default().into(),
            components: numbers(&filter.component),
            search: filter.search.clone(),
            backlog,
            resume_after,
        };
        client.stream_logs(request).await
    };
    let mut last_id = 0;
    follow("following the log", open, |message| show(&mut session.printer, message, &mut last_id)).await
}

fn show(printer: &mut Printer, message: StreamLogsResponse, last_id: &mut u64) -> Result<(), Failure> {
    let (event, mut entries) = match message.event {
        Some(Event::Snapshot(snapshot)) => {
            note_resync(snapshot.resync, snapshot.dropped);
            (snapshot_event(snapshot.resync), snapshot.entries)
        }
        Some(Event::Update(update)) => ("update", update.entries),
        Some(Event::Heartbeat(_) | Event::Resumed(_) | Event::LedgerChanged(_)) | None => return Ok(()),
    };
    // A snapshot after a loss repeats lines that were shown before it.
    entries.retain(|entry| entry.id > *last_id);
    *last_id = entries.last().map_or(*last_id, |entry| entry.id);
    Ok(printer.rows(&Grid::of(COLUMNS, &entries).followed(event, message.sequence))?)
}

const COLUMNS: &[Column<LogEntry>] = &[
    Column::text("time", |l| wire::time(l.time.as_ref())),
    minor(3, Column::text("engine_time", |l| wire::time(l.engine_time.as_ref()))),
    Column::text("severity", |l| wire::severity(l.severity)),
    minor(2, Column::text("component", |l| wire::component(l.component))),
    Column::text("message", |l| Cell::text(&l.message)),
    minor(1, Column::text("fields", fields)),
    Column::hidden("id", |l| l.id.into()),
    Column::hidden("strategy", |l| Cell::maybe_text(l.strategy.as_ref())),
    Column::hidden("ledger_id", |l| Cell::maybe_text(l.ledger_id.as_ref())),
];

fn fields(entry: &LogEntry) -> Cell {
    let pairs: Vec<_> = entry.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let object = entry.fields.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    Cell::Nested(pairs.join(" "), Value::Object(object))
}

/// Fails where a range of instants is none.
pub(super) fn check_order(from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Result<(), Failure> {
    match (from, to) {
        (Some(from), Some(to)) if from >= to => {
            Err(Failure::usage(format!("--from {from} is not before --to {to}: swap them")))
        }
        _ => Ok(()),
    }
}

/// Reads an instant.
pub(super) fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text);
    time.map(|time| time.to_utc()).map_err(|_| "a time is RFC 3339, such as 2026-02-13T14:30:00Z".to_owned())
}

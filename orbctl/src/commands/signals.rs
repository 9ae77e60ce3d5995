//! `orbctl signals`.

use orb_api::{
    Client,
    v1::{
        ListSignalsRequest, Side, Signal, SignalStatus, SortOrder, StreamSignalsRequest, StreamSignalsResponse,
        stream_signals_response::Event,
    },
};
use tonic::Status;

use super::filters::{self, Dates, Limit, Names, numbers};
use crate::{
    cli::Global,
    columns,
    failure::Failure,
    follow::{follow, note_resync, snapshot_event},
    list::{self, List},
    output::{Cell, Column, Grid, Printer, minor},
    paging::{LedgerPage, PageRequest},
    session::Session,
    wire,
};

/// Shows signals and what became of them, newest first
///
/// With --follow: those of the current session, then each change as a row. In JSON and CSV
/// its `event` is snapshot, update or, after orbctl fell behind, resync. A lost connection is
/// taken up again where it ended; where that is not possible, a snapshot follows.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    limit: Limit,
    /// Keeps showing them until Ctrl-C
    #[arg(long, short, conflicts_with_all = ["from", "to", "limit", "all"])]
    follow: bool,
}

/// Which signals.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Filter {
    #[command(flatten)]
    names: Names,
    /// Only these directions, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = filters::side(), ignore_case = true)]
    side: Vec<Side>,
    /// Only these statuses, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = filters::signal_status(), ignore_case = true)]
    status: Vec<SignalStatus>,
    #[command(flatten)]
    dates: Dates,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    if args.follow {
        watch(Session::open(global).await?, args.filter).await
    } else {
        list::show(global, &args.filter, &args.limit).await
    }
}

impl List for Filter {
    type Row = Signal;
    const NAME: &'static str = "signals";
    const COLUMNS: &'static [Column<Signal>] = COLUMNS;

    fn check(&self) -> Result<(), Failure> {
        self.dates.check()
    }

    async fn page(&self, client: &Client, page: PageRequest, order: SortOrder) -> Result<LedgerPage<Signal>, Status> {
        let request = ListSignalsRequest {
            page_size: page.size,
            page_token: page.token,
            symbols: self.names.symbol.clone(),
            sides: numbers(&self.side),
            statuses: numbers(&self.status),
            strategies: self.names.strategy.clone(),
            date_from: self.dates.from(),
            date_to: self.dates.to(),
            order: order.into(),
        };
        let reply = client.signals().list_signals(request).await?.into_inner();
        Ok((reply.ledger, (reply.signals, reply.next_page_token)))
    }
}

async fn watch(mut session: Session, filter: Filter) -> Result<(), Failure> {
    let mut client = session.client.signals();
    let open = async |resume_after| {
        let request = StreamSignalsRequest {
            symbols: filter.names.symbol.clone(),
            sides: numbers(&filter.side),
            statuses: numbers(&filter.status),
            strategies: filter.names.strategy.clone(),
            resume_after,
        };
        client.stream_signals(request).await
    };
    follow("following the signals", open, |message| {
        if let Some(Event::Snapshot(snapshot)) = &message.event {
            session.show_ledger(snapshot.ledger.as_ref());
        }
        show(&mut session.printer, message)
    })
    .await
}

fn show(printer: &mut Printer, message: StreamSignalsResponse) -> Result<(), Failure> {
    let (event, signals) = match message.event {
        Some(Event::Snapshot(snapshot)) => {
            note_resync(snapshot.resync, snapshot.dropped);
            (snapshot_event(snapshot.resync), snapshot.signals)
        }
        Some(Event::Update(update)) => ("update", update.signals),
        Some(Event::Heartbeat(_) | Event::Resumed(_) | Event::LedgerChanged(_)) | None => return Ok(()),
    };
    Ok(printer.rows(&Grid::of(COLUMNS, &signals).followed(event, message.sequence))?)
}

/// Shared with the commands that show the signals of a symbol.
pub(super) const COLUMNS: &[Column<Signal>] = &[
    Column::text("time", |s| wire::time(s.time.as_ref())),
    columns::symbol(),
    Column::text("side", |s| wire::side(s.side)),
    Column::text("status", |s| wire::signal_status(s.status)),
    minor(3, Column::number("score", |s| s.score.into())),
    Column::number("level", |s| Cell::money(&s.level)),
    minor(4, Column::number("stop_price", |s| Cell::maybe_money(s.stop_price.as_ref()))),
    minor(5, Column::number("target_price", |s| Cell::maybe_money(s.target_price.as_ref()))),
    Column::number("quantity", |s| Cell::Count(s.quantity)),
    minor(2, Column::number("filled_quantity", |s| Cell::Count(s.filled_quantity))),
    minor(3, Column::number("fill_price", |s| Cell::maybe_money(s.fill_price.as_ref()))),
    minor(6, columns::strategy()),
    Column::text("reason", |s| Cell::maybe_text(s.reason.as_ref())),
    minor(6, Column::text("reason_detail", |s| Cell::maybe_text(s.reason_detail.as_ref()))),
    Column::hidden("date", |s| Cell::text(&s.date)),
    Column::hidden("id", |s| Cell::text(&s.id)),
    Column::hidden("client_order_id", |s| Cell::maybe_text(s.client_order_id.as_ref())),
    Column::hidden("broker_order_id", |s| Cell::maybe_text(s.broker_order_id.as_ref())),
    Column::hidden("submitted_time", |s| wire::time(s.submitted_time.as_ref())),
    Column::hidden("acknowledged_time", |s| wire::time(s.acknowledged_time.as_ref())),
    Column::hidden("filled_time", |s| wire::time(s.filled_time.as_ref())),
    columns::ledger_id(),
];

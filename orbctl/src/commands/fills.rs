//! `orbctl fills`.

use std::collections::BTreeSet;

use orb_api::{
    Client,
    v1::{
        Fill, ListFillsRequest, OrderSide, SortOrder, StreamFillsRequest, StreamFillsResponse,
        stream_fills_response::Event,
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

/// Shows fills, newest first
///
/// With --follow: those of the current session, then each as it happens. A lost connection is
/// taken up again; no fill is shown twice.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    limit: Limit,
    /// Keeps showing them until Ctrl-C
    #[arg(long, short, conflicts_with_all = ["side", "from", "to", "limit", "all"])]
    follow: bool,
}

/// Which fills.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Filter {
    #[command(flatten)]
    names: Names,
    /// Only these directions, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = filters::order_side(), ignore_case = true)]
    side: Vec<OrderSide>,
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
    type Row = Fill;
    const NAME: &'static str = "fills";
    const COLUMNS: &'static [Column<Fill>] = COLUMNS;

    fn check(&self) -> Result<(), Failure> {
        self.dates.check()
    }

    async fn page(&self, client: &Client, page: PageRequest, order: SortOrder) -> Result<LedgerPage<Fill>, Status> {
        let request = ListFillsRequest {
            page_size: page.size,
            page_token: page.token,
            symbols: self.names.symbol.clone(),
            strategies: self.names.strategy.clone(),
            sides: numbers(&self.side),
            date_from: self.dates.from(),
            date_to: self.dates.to(),
            order: order.into(),
        };
        let reply = client.portfolio().list_fills(request).await?.into_inner();
        Ok((reply.ledger, (reply.fills, reply.next_page_token)))
    }
}

async fn watch(mut session: Session, Filter { names, .. }: Filter) -> Result<(), Failure> {
    let mut client = session.client.portfolio();
    let open = async |resume_after| {
        let (symbols, strategies) = (names.symbol.clone(), names.strategy.clone());
        client.stream_fills(StreamFillsRequest { symbols, strategies, resume_after }).await
    };
    let mut shown = BTreeSet::new();
    follow("following the fills", open, |message| show(&mut session.printer, message, &mut shown)).await
}

fn show(
    printer: &mut Printer,
    message: StreamFillsResponse,
    shown: &mut BTreeSet<(String, String)>,
) -> Result<(), Failure> {
    let (event, mut fills) = match message.event {
        Some(Event::Snapshot(snapshot)) => {
            note_resync(snapshot.resync, snapshot.dropped);
            (snapshot_event(snapshot.resync), snapshot.fills)
        }
        Some(Event::Update(update)) => ("update", update.fills),
        Some(Event::Heartbeat(_) | Event::Resumed(_) | Event::LedgerChanged(_)) | None => return Ok(()),
    };
    // A snapshot after a loss repeats fills that were shown before it.
    fills.retain(|fill| shown.insert((fill.ledger_id.clone(), fill.id.clone())));
    Ok(printer.rows(&Grid::of(COLUMNS, &fills).followed(event, message.sequence))?)
}

/// Shared with the command that shows the chain of a signal.
pub(super) const COLUMNS: &[Column<Fill>] = &[
    Column::text("time", |f| wire::time(f.time.as_ref())),
    columns::symbol(),
    Column::text("side", |f| wire::order_side(f.side)),
    Column::number("quantity", |f| Cell::Count(f.quantity)),
    Column::number("price", |f| Cell::money(&f.price)),
    Column::number("fee", |f| Cell::maybe_money(f.fee.as_ref())),
    minor(2, columns::strategy()),
    minor(1, Column::text("client_order_id", |f| Cell::text(&f.client_order_id))),
    Column::hidden("broker_order_id", |f| Cell::maybe_text(f.broker_order_id.as_ref())),
    Column::hidden("id", |f| Cell::text(&f.id)),
    columns::ledger_id(),
];

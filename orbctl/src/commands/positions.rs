//! `orbctl positions`.

use std::collections::BTreeMap;

use orb_api::v1::{
    ListPositionsRequest, Position, PositionKey, PositionsSnapshot, PositionsUpdate, StreamPositionsRequest,
    StreamPositionsResponse, stream_positions_response::Event,
};
use tonic::Status;

use super::filters::Names;
use crate::{
    cli::Global,
    columns,
    failure::{Failure, note},
    follow::{follow, note_resync, snapshot_event},
    output::{Cell, Column, Grid, Printer, minor},
    paging::{self, PageRequest},
    session::Session,
    wire,
};

/// Shows the open positions
///
/// With --follow a terminal is redrawn each second; elsewhere each change is a row. In JSON
/// and CSV its `event` is snapshot, update, removed or, after orbctl fell behind, resync. A lost
/// connection is taken up again where it ended; where that is not possible, a snapshot follows.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    names: Names,
    /// Keeps showing them until Ctrl-C
    #[arg(long, short)]
    follow: bool,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    let mut session = Session::open(global).await?;
    if args.follow { watch(session, args.names).await } else { list(&mut session, &args.names).await }
}

async fn list(session: &mut Session, names: &Names) -> Result<(), Failure> {
    let positions = fetch(session, names).await?;
    if positions.is_empty() {
        note("no open positions");
    }
    Ok(session.printer.rows(&Grid::of(COLUMNS, &positions))?)
}

/// Reads all open positions that `names` lets through.
pub(crate) async fn fetch(session: &Session, names: &Names) -> Result<Vec<Position>, Failure> {
    let mut client = session.client.portfolio();
    let mut ledger = None;
    let fetch = async |page: PageRequest| {
        let request = ListPositionsRequest {
            page_size: page.size,
            page_token: page.token,
            symbols: names.symbol.clone(),
            strategies: names.strategy.clone(),
        };
        let reply = client.list_positions(request).await?.into_inner();
        ledger = reply.ledger;
        Ok::<_, Status>((reply.positions, reply.next_page_token))
    };
    let positions = paging::collect(None, fetch).await;
    session.show_ledger(ledger.as_ref());
    positions.map_err(|status| Failure::from_status("listing the positions", &status))
}

async fn watch(mut session: Session, names: Names) -> Result<(), Failure> {
    let mut client = session.client.portfolio();
    let open = async |resume_after| {
        let (symbols, strategies) = (names.symbol.clone(), names.strategy.clone());
        client.stream_positions(StreamPositionsRequest { symbols, strategies, resume_after }).await
    };
    let mut screen = Screen::default();
    follow("following the positions", open, |message| {
        if session.printer.is_screen() {
            screen.show(&mut session.printer, message)
        } else {
            show_changes(&mut session.printer, message)
        }
    })
    .await
}

fn show_changes(printer: &mut Printer, message: StreamPositionsResponse) -> Result<(), Failure> {
    let grid = |event: &str, positions: &[Position]| Grid::of(COLUMNS, positions).followed(event, message.sequence);
    match message.event {
        Some(Event::Snapshot(snapshot)) => {
            note_resync(snapshot.resync, snapshot.dropped);
            printer.rows(&grid(snapshot_event(snapshot.resync), &snapshot.positions))?;
        }
        Some(Event::Update(update)) => {
            printer.rows(&grid("update", &update.changed))?;
            let removed: Vec<_> = update.removed.into_iter().map(|key| flat(key, &message.ledger_id)).collect();
            printer.rows(&grid("removed", &removed))?;
        }
        Some(Event::Heartbeat(_) | Event::Resumed(_) | Event::LedgerChanged(_)) | None => {}
    }
    Ok(())
}

/// Makes the row of a position that is gone: its names and a quantity of zero.
fn flat(key: PositionKey, ledger_id: &str) -> Position {
    Position {
        ledger_id: ledger_id.to_owned(),
        strategy: key.strategy,
        symbol: key.symbol,
        trade_id: key.trade_id,
        ..Position::default()
    }
}

/// What a terminal shows.
#[derive(Default)]
struct Screen {
    ledger: String,
    net: String,
    positions: BTreeMap<(String, String), Position>,
}

impl Screen {
    fn show(&mut self, printer: &mut Printer, message: StreamPositionsResponse) -> Result<(), Failure> {
        match message.event {
            Some(Event::Snapshot(snapshot)) => self.replace(snapshot),
            Some(Event::Update(update)) => self.change(update),
            Some(Event::Heartbeat(_) | Event::Resumed(_) | Event::LedgerChanged(_)) | None => return Ok(()),
        }
        let caption = format!("{}   day net {}   {} open", self.ledger, self.net, self.positions.len());
        Ok(printer.redraw(&caption, &Grid::of(COLUMNS, self.positions.values()))?)
    }

    fn replace(&mut self, snapshot: PositionsSnapshot) {
        if let Some(ledger) = snapshot.ledger {
            self.ledger = wire::ledger_name(&ledger);
        }
        self.positions.clear();
        self.change(PositionsUpdate { changed: snapshot.positions, removed: Vec::new(), day_pnl: snapshot.day_pnl });
    }

    fn change(&mut self, update: PositionsUpdate) {
        for key in update.removed {
            self.positions.remove(&(key.symbol, key.strategy));
        }
        for position in update.changed {
            self.positions.insert((position.symbol.clone(), position.strategy.clone()), position);
        }
        if let Some(day) = update.day_pnl {
            self.net = Cell::signed(&day.net).to_table();
        }
    }
}

const COLUMNS: &[Column<Position>] = &[
    columns::symbol(),
    Column::text("side", |p| wire::side(p.side)),
    Column::number("quantity", |p| Cell::Count(p.quantity)),
    Column::number("entry_price", |p| Cell::money(&p.entry_price)),
    Column::number("last_price", |p| Cell::maybe_money(p.last_price.as_ref())),
    minor(1, Column::number("stop_price", |p| Cell::maybe_money(p.stop_price.as_ref()))),
    minor(4, Column::number("target_price", |p| Cell::maybe_money(p.target_price.as_ref()))),
    Column::number("unrealized_pnl", |p| Cell::maybe_signed(p.unrealized_pnl.as_ref())),
    minor(2, Column::number("unrealized_r", |p| Cell::maybe_signed(p.unrealized_r.as_ref()))),
    minor(5, Column::number("notional", |p| Cell::money(&p.notional))),
    minor(3, Column::number("protected_quantity", |p| Cell::Count(p.protected_quantity))),
    minor(6, Column::text("entry_time", |p| wire::time(p.entry_time.as_ref()))),
    minor(6, columns::strategy()),
    minor(3, Column::text("closing", |p| p.closing_reason.map_or(Cell::Flag(p.closing), wire::close_reason))),
    Column::hidden("trade_id", |p| Cell::text(&p.trade_id)),
    columns::ledger_id(),
];

//! `orbctl universe`.

use chrono::NaiveDate;
use orb_api::{
    Client,
    v1::{Features, ListUniverseRequest, OpeningRange, SortOrder, UniverseEntry, UniverseState},
};
use tonic::Status;

use super::filters::{self, Limit, numbers};
use crate::{
    cli::Global,
    failure::Failure,
    list::{self, List},
    output::{Cell, Column, minor},
    paging::{LedgerPage, PageRequest},
    wire,
};

/// Shows the symbols of a day by rank, with what was known of them and what became of them
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    limit: Limit,
}

/// Which symbols.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Filter {
    /// The day, YYYY-MM-DD in New York [default: the current or last session]
    #[arg(long, value_name = "DATE", value_parser = filters::date)]
    date: Option<NaiveDate>,
    /// Only these strategies, separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    strategy: Vec<String>,
    /// Only these states, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = filters::universe_state(), ignore_case = true)]
    state: Vec<UniverseState>,
}

pub(crate) async fn run(global: &Global, args: Args) -> Result<(), Failure> {
    list::show(global, &args.filter, &args.limit).await
}

impl List for Filter {
    type Row = Row;
    const NAME: &'static str = "symbols";
    const COLUMNS: &'static [Column<Row>] = COLUMNS;

    fn check(&self) -> Result<(), Failure> {
        Ok(())
    }

    async fn page(&self, client: &Client, page: PageRequest, _order: SortOrder) -> Result<LedgerPage<Row>, Status> {
        let request = ListUniverseRequest {
            page_size: page.size,
            page_token: page.token,
            date: self.date.map_or_else(String::new, |date| date.to_string()),
            strategies: self.strategy.clone(),
            states: numbers(&self.state),
        };
        let reply = client.signals().list_universe(request).await?.into_inner();
        let ledger_id = reply.ledger.as_ref().map_or_else(String::new, |ledger| ledger.id.clone());
        let rows = reply.entries.into_iter().map(|entry| Row {
            entry,
            date: reply.date.clone(),
            ledger_id: ledger_id.clone(),
        });
        Ok((reply.ledger, (rows.collect(), reply.next_page_token)))
    }
}

/// A symbol with the day and the ledger that it belongs to.
pub(crate) struct Row {
    entry: UniverseEntry,
    date: String,
    ledger_id: String,
}

const COLUMNS: &[Column<Row>] = &[
    Column::number("rank", |r| known(r, |f| f.rank.map_or(Cell::Absent, Cell::from))),
    Column::text("symbol", |r| Cell::text(&r.entry.symbol)),
    Column::text("state", |r| wire::universe_state(r.entry.state)),
    minor(2, Column::text("side", |r| r.entry.side.map_or(Cell::Absent, wire::side))),
    Column::number("relative_volume", |r| known(r, |f| Cell::maybe_money(f.relative_volume.as_ref()))),
    Column::number("range_high", |r| range(r, |range| Cell::money(&range.high))),
    Column::number("range_low", |r| range(r, |range| Cell::money(&range.low))),
    minor(4, Column::number("range_open", |r| range(r, |range| Cell::money(&range.open)))),
    minor(4, Column::number("range_close", |r| range(r, |range| Cell::money(&range.close)))),
    minor(3, Column::number("previous_close", |r| known(r, |f| Cell::maybe_money(f.previous_close.as_ref())))),
    minor(3, Column::number("atr14", |r| known(r, |f| Cell::maybe_money(f.atr14.as_ref())))),
    minor(5, Column::text("strategy", |r| Cell::text(&r.entry.strategy))),
    Column::text("reason", |r| Cell::maybe_text(r.entry.reason.as_ref())),
    minor(1, Column::text("detail", |r| Cell::text(&r.entry.detail))),
    Column::hidden("range_volume", |r| range(r, |range| Cell::Count(range.volume))),
    Column::hidden("range_vwap", |r| range(r, |range| Cell::money(&range.vwap))),
    Column::hidden("atr14_wilder", |r| known(r, |f| Cell::maybe_money(f.atr14_wilder.as_ref()))),
    Column::hidden("average_volume14", |r| known(r, |f| f.average_volume14.map_or(Cell::Absent, Cell::Count))),
    Column::hidden("short_sales_restricted", |r| {
        known(r, |f| f.short_sales_restricted.map_or(Cell::Absent, Cell::Flag))
    }),
    Column::hidden("date", |r| Cell::text(&r.date)),
    Column::hidden("ledger_id", |r| Cell::text(&r.ledger_id)),
];

fn known(row: &Row, cell: fn(&Features) -> Cell) -> Cell {
    row.entry.features.as_ref().map_or(Cell::Absent, cell)
}

fn range(row: &Row, cell: fn(&OpeningRange) -> Cell) -> Cell {
    row.entry.range.as_ref().map_or(Cell::Absent, cell)
}

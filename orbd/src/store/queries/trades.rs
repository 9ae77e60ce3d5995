//! Lists of trades.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use orb_core::{Date, Side, Span};

use super::{among, texts};
use crate::store::connect::{AnyConn, MultiBackend};
use crate::store::error::{Doing as _, StoreError};
use crate::store::page::{DateRange, Page, PageRequest, Pager, SortOrder, cursor};
use crate::store::reader::Reader;
use crate::store::rows::{StoredTrade, TradeRow, TradeStatus};
use crate::store::schema::trades;
use crate::store::text::Text as _;

/// Selects trades and says their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TradeFilter {
    /// Only these tickers.
    pub symbols: Vec<String>,
    /// Only these directions.
    pub sides: Vec<Side>,
    /// Only these statuses.
    pub statuses: Vec<TradeStatus>,
    /// Only these strategies.
    pub strategies: Vec<String>,
    /// Only these trading dates.
    pub dates: DateRange,
    /// In which order; those of one entry time by symbol.
    pub order: SortOrder,
}

cursor! {
    /// Marks a trade in its list.
    TradeCursor of "trades" { entry_time: i64, symbol: String, attempt: String }
}

impl Reader {
    /// Lists trades by the time of their first entry fill.
    ///
    /// # Errors
    /// When the token is not of this list, or the database fails.
    pub fn list_trades(&self, filter: &TradeFilter, page: &PageRequest) -> Result<Page<TradeRow>, StoreError> {
        let pager: Pager<TradeCursor> = Pager::new(page, self.ledger_id(), filter)?;
        self.records(|conn| {
            let mut query = in_order(filter.order, chosen(self.ledger_id(), filter));
            if let Some(after) = pager.after.clone() {
                query = beyond(filter.order, after, query);
            }
            let query = query.limit(pager.limit()).select(StoredTrade::as_select());
            let rows: Vec<StoredTrade> = query.load(conn).doing("list trades")?;
            let cursor = |row: &StoredTrade| TradeCursor {
                entry_time: row.entry_time,
                symbol: row.symbol.clone(),
                attempt: row.attempt.clone(),
            };
            pager.page(rows, cursor).try_map(StoredTrade::read)
        })
    }

    /// Tells how long shares were held without a stop that covered them, trade by trade, each with its trading date.
    ///
    /// # Errors
    /// When the database fails, or a row is damaged.
    pub fn unprotected_times(&self) -> Result<Vec<(Date, Span)>, StoreError> {
        self.records(|conn| {
            let rows: Vec<StoredTrade> = trades::table
                .filter(trades::ledger_id.eq(self.ledger_id()))
                .select(StoredTrade::as_select())
                .load(conn)
                .doing("read how long trades were unprotected")?;
            let read = |row: StoredTrade| row.read().map(|row| (row.attempt.date, row.trade.unprotected));
            rows.into_iter().map(read).collect()
        })
    }

    /// Returns the trade of an id, or `None` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn trade(&self, id: &str) -> Result<Option<TradeRow>, StoreError> {
        self.records(|conn| {
            let found: Option<StoredTrade> = trades::table
                .find((self.ledger_id(), id))
                .select(StoredTrade::as_select())
                .first(conn)
                .optional()
                .doing("find a trade")?;
            found.map(StoredTrade::read).transpose()
        })
    }
}

type Query<'a> = trades::BoxedQuery<'a, MultiBackend>;

fn chosen<'a>(ledger: &'a str, filter: &'a TradeFilter) -> Query<'a> {
    let (from, to) = filter.dates.bounds();
    let mut query = trades::table.into_boxed();
    query = query.filter(trades::ledger_id.eq(ledger)).filter(trades::date.between(from, to));
    among!(query,
        trades::symbol => &filter.symbols,
        trades::strategy => &filter.strategies,
        trades::side => texts(&filter.sides),
        trades::status => texts(&filter.statuses),
    );
    query
}

fn in_order(order: SortOrder, query: Query<'_>) -> Query<'_> {
    let (time, symbol, attempt) = (trades::entry_time, trades::symbol, trades::attempt);
    match order {
        SortOrder::NewestFirst => query.order((time.desc(), symbol.desc(), attempt.desc())),
        SortOrder::OldestFirst => query.order((time.asc(), symbol.asc(), attempt.asc())),
    }
}

/// Goes on after a trade; the three columns are compared as one value, as the index holds them.
fn beyond(order: SortOrder, after: TradeCursor, query: Query<'_>) -> Query<'_> {
    let beyond = match order {
        SortOrder::NewestFirst => "(entry_time, symbol, attempt) < (",
        SortOrder::OldestFirst => "(entry_time, symbol, attempt) > (",
    };
    let place = sql::<Bool>(beyond).bind::<BigInt, _>(after.entry_time).sql(", ").bind::<Text, _>(after.symbol);
    query.filter(place.sql(", ").bind::<Text, _>(after.attempt).sql(")"))
}

/// Reads a day's trades by entry time, and before them those of other days that are still open.
pub(in crate::store) fn load_day(conn: &mut AnyConn, ledger: &str, date: Date) -> Result<Vec<TradeRow>, StoreError> {
    let open = TradeStatus::Open.text();
    let rows: Vec<StoredTrade> = trades::table
        .filter(trades::ledger_id.eq(ledger))
        .filter(trades::date.eq(date.to_string()).or(trades::status.eq(open)))
        .order((trades::entry_time.asc(), trades::symbol.asc(), trades::attempt.asc()))
        .select(StoredTrade::as_select())
        .load(conn)
        .doing("read the day's trades")?;
    rows.into_iter().map(StoredTrade::read).collect()
}

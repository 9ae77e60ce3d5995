//! Lists of orders.

use diesel::prelude::*;
use orb_core::order::OrderStatus;
use orb_core::{Date, OrderSide};

use super::{among, texts};
use crate::store::connect::AnyConn;
use crate::store::error::{Doing as _, StoreError};
use crate::store::page::{DateRange, Page, PageRequest, cursor};
use crate::store::reader::Reader;
use crate::store::rows::{OrderRow, StoredOrder};
use crate::store::schema::orders;

/// Selects orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only these tickers.
    pub symbols: Vec<String>,
    /// Only these sides.
    pub sides: Vec<OrderSide>,
    /// Only these statuses.
    pub statuses: Vec<OrderStatus>,
    /// Only these strategies.
    pub strategies: Vec<String>,
    /// Only those of these attempts, by the id of their signal.
    pub attempts: Vec<String>,
    /// Only these trading dates.
    pub dates: DateRange,
}

cursor! {
    /// Marks an order in its list.
    OrderCursor of "orders" { date: String, ordinal: i64 }
}

impl Reader {
    /// Lists orders, legs included, the newest first.
    ///
    /// # Errors
    /// When the token is not of this list, or the database fails.
    pub fn list_orders(&self, filter: &OrderFilter, page: &PageRequest) -> Result<Page<OrderRow>, StoreError> {
        let after: Option<OrderCursor> = page.after()?;
        self.records(|conn| {
            let (from, to) = filter.dates.bounds();
            let mut query = orders::table
                .filter(orders::ledger_id.eq(self.ledger_id()))
                .filter(orders::date.between(from, to))
                .order((orders::date.desc(), orders::ordinal.desc()))
                .limit(page.limit())
                .select(StoredOrder::as_select())
                .into_boxed();
            among!(query,
                orders::symbol => &filter.symbols,
                orders::strategy => &filter.strategies,
                orders::attempt => &filter.attempts,
                orders::side => texts(&filter.sides),
                orders::status => texts(&filter.statuses),
            );
            if let Some(after) = &after {
                let same_day = orders::date.eq(&after.date).and(orders::ordinal.lt(after.ordinal));
                query = query.filter(orders::date.le(&after.date)).filter(orders::date.lt(&after.date).or(same_day));
            }
            let rows: Vec<StoredOrder> = query.load(conn).doing("list orders")?;
            Page::of(rows, page, |row| OrderCursor { date: row.date.clone(), ordinal: row.ordinal })
                .try_map(StoredOrder::read)
        })
    }
}

/// Reads a day's orders in the order in which they were made.
pub(in crate::store) fn load_day(conn: &mut AnyConn, ledger: &str, date: Date) -> Result<Vec<OrderRow>, StoreError> {
    let rows: Vec<StoredOrder> = orders::table
        .filter(orders::ledger_id.eq(ledger))
        .filter(orders::date.eq(date.to_string()))
        .order(orders::ordinal.asc())
        .select(StoredOrder::as_select())
        .load(conn)
        .doing("read the day's orders")?;
    rows.into_iter().map(StoredOrder::read).collect()
}

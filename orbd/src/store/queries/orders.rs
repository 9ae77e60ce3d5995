//! Lists of orders.

use diesel::prelude::*;
use orb_core::order::{OrderRole, OrderStatus};
use orb_core::{Date, OrderSide};

use super::{among, in_order, texts};
use crate::store::connect::AnyConn;
use crate::store::error::{Doing as _, StoreError};
use crate::store::page::{DateRange, Page, PageRequest, Pager, SortOrder, cursor};
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
    /// Only those that are for this.
    pub roles: Vec<OrderRole>,
    /// Only these strategies.
    pub strategies: Vec<String>,
    /// Only those of these attempts, by the id of their signal.
    pub attempts: Vec<String>,
    /// Only these trading dates.
    pub dates: DateRange,
    /// In which order.
    pub order: SortOrder,
}

cursor! {
    /// Marks an order in its list.
    OrderCursor of "orders" { date: String, ordinal: i64 }
}

impl Reader {
    /// Lists orders, legs included, in the order in which they were first recorded or the other way round.
    ///
    /// # Errors
    /// When the token is not of this list, or the database fails.
    pub fn list_orders(&self, filter: &OrderFilter, page: &PageRequest) -> Result<Page<OrderRow>, StoreError> {
        let pager: Pager<OrderCursor> = Pager::new(page, self.ledger_id(), filter)?;
        self.records(|conn| {
            let (from, to) = filter.dates.bounds();
            let mut query = orders::table
                .filter(orders::ledger_id.eq(self.ledger_id()))
                .filter(orders::date.between(from, to))
                .limit(pager.limit())
                .select(StoredOrder::as_select())
                .into_boxed();
            among!(query,
                orders::symbol => &filter.symbols,
                orders::strategy => &filter.strategies,
                orders::attempt => &filter.attempts,
                orders::side => texts(&filter.sides),
                orders::status => texts(&filter.statuses),
                orders::role => texts(&filter.roles),
            );
            let query = in_order!(orders, query, filter.order, &pager.after);
            let rows: Vec<StoredOrder> = query.load(conn).doing("list orders")?;
            pager
                .page(rows, |row| OrderCursor { date: row.date.clone(), ordinal: row.ordinal })
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

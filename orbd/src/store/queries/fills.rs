//! Lists of executions.

use std::collections::HashMap;

use diesel::prelude::*;
use orb_core::{Date, OrderSide};

use super::{among, in_order, texts};
use crate::store::connect::AnyConn;
use crate::store::error::{Doing as _, StoreError};
use crate::store::page::{DateRange, Page, PageRequest, Pager, SortOrder, cursor};
use crate::store::reader::Reader;
use crate::store::rows::{FillRow, StoredFill};
use crate::store::schema::{fills, orders};

/// Selects executions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FillFilter {
    /// Only these tickers.
    pub symbols: Vec<String>,
    /// Only these sides.
    pub sides: Vec<OrderSide>,
    /// Only these strategies.
    pub strategies: Vec<String>,
    /// Only those of these attempts, by the id of their trade.
    pub attempts: Vec<String>,
    /// Only these trading dates.
    pub dates: DateRange,
    /// In which order.
    pub order: SortOrder,
}

cursor! {
    /// Marks an execution in its list.
    FillCursor of "fills" { date: String, ordinal: i64 }
}

impl Reader {
    /// Lists executions, in the order in which they were first recorded or the other way round.
    ///
    /// # Errors
    /// When the token is not of this list, or the database fails.
    pub fn list_fills(&self, filter: &FillFilter, page: &PageRequest) -> Result<Page<FillRow>, StoreError> {
        let pager: Pager<FillCursor> = Pager::new(page, self.ledger_id(), filter)?;
        self.records(|conn| {
            let (from, to) = filter.dates.bounds();
            let mut query = fills::table
                .filter(fills::ledger_id.eq(self.ledger_id()))
                .filter(fills::date.between(from, to))
                .limit(pager.limit())
                .select(StoredFill::as_select())
                .into_boxed();
            among!(query,
                fills::symbol => &filter.symbols,
                fills::strategy => &filter.strategies,
                fills::attempt => &filter.attempts,
                fills::side => texts(&filter.sides),
            );
            let query = in_order!(fills, query, filter.order, &pager.after);
            let rows: Vec<StoredFill> = query.load(conn).doing("list fills")?;
            let page = pager.page(rows, |row| FillCursor { date: row.date.clone(), ordinal: row.ordinal });
            let mut page = page.try_map(StoredFill::read)?;
            add_broker_ids(conn, self.ledger_id(), &mut page.rows)?;
            Ok(page)
        })
    }
}

/// Reads a day's executions in the order in which they were counted.
pub(in crate::store) fn load_day(conn: &mut AnyConn, ledger: &str, date: Date) -> Result<Vec<FillRow>, StoreError> {
    let rows: Vec<StoredFill> = fills::table
        .filter(fills::ledger_id.eq(ledger))
        .filter(fills::date.eq(date.to_string()))
        .order(fills::ordinal.asc())
        .select(StoredFill::as_select())
        .load(conn)
        .doing("read the day's fills")?;
    rows.into_iter().map(StoredFill::read).collect()
}

fn add_broker_ids(conn: &mut AnyConn, ledger: &str, rows: &mut [FillRow]) -> Result<(), StoreError> {
    let ids: Vec<&String> = rows.iter().map(|row| &row.client_order_id).collect();
    let known: Vec<(String, Option<String>)> = orders::table
        .filter(orders::ledger_id.eq(ledger).and(orders::client_order_id.eq_any(ids)))
        .select((orders::client_order_id, orders::broker_order_id))
        .load(conn)
        .doing("read the orders of fills")?;
    let known: HashMap<String, Option<String>> = known.into_iter().collect();
    for row in rows {
        row.broker_order_id = known.get(&row.client_order_id).cloned().flatten();
    }
    Ok(())
}

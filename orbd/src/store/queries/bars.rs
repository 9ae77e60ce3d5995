//! Lists of bars.

use diesel::prelude::*;
use orb_core::{Date, Timestamp};

use crate::store::error::{Doing as _, StoreError};
use crate::store::page::{Page, PageRequest, Pager, cursor};
use crate::store::reader::Reader;
use crate::store::rows::{BarRow, StoredBar};
use crate::store::schema::bars;

/// Selects the bars of a symbol on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarFilter {
    /// The session, New York date.
    pub date: Date,
    /// The ticker.
    pub symbol: String,
    /// Only bars that start at this instant or later; `None` for all.
    pub from: Option<Timestamp>,
}

cursor! {
    /// Marks a bar in its list.
    BarCursor of "bars" { at: i64 }
}

impl Reader {
    /// Lists the bars of a symbol on a day, the oldest first.
    ///
    /// # Errors
    /// When the token is not of this list, or the database fails.
    pub fn list_bars(&self, filter: &BarFilter, page: &PageRequest) -> Result<Page<BarRow>, StoreError> {
        let pager: Pager<BarCursor> = Pager::new(page, self.ledger_id(), filter)?;
        let from = filter.from.map_or(i64::MIN, Timestamp::micros);
        let after = pager.after.as_ref().map_or(i64::MIN, |last| last.at);
        self.records(|conn| {
            let rows: Vec<StoredBar> = bars::table
                .filter(bars::ledger_id.eq(self.ledger_id()))
                .filter(bars::date.eq(filter.date.to_string()))
                .filter(bars::symbol.eq(&filter.symbol))
                .filter(bars::at.ge(from.max(after.saturating_add(1))))
                .order(bars::at.asc())
                .limit(pager.limit())
                .select(StoredBar::as_select())
                .load(conn)
                .doing("list bars")?;
            pager.page(rows, |row| BarCursor { at: row.at }).try_map(StoredBar::read)
        })
    }
}

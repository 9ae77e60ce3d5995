//! Lists of signals.

use std::collections::HashMap;

use diesel::prelude::*;
use orb_core::fact::SignalStatus;
use orb_core::{Date, Price, Quantity, Side, Timestamp};

use super::{among, in_order, texts};
use crate::store::connect::AnyConn;
use crate::store::error::{Doing as _, StoreError};
use crate::store::page::{DateRange, Page, PageRequest, Pager, SortOrder, cursor};
use crate::store::reader::Reader;
use crate::store::rows::{OrderStep, SignalRow, StoredSignal};
use crate::store::schema::{order_steps, orders, signals, trades};
use crate::store::text::Text as _;

/// Selects signals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignalFilter {
    /// Only these tickers.
    pub symbols: Vec<String>,
    /// Only these directions.
    pub sides: Vec<Side>,
    /// Only these statuses.
    pub statuses: Vec<SignalStatus>,
    /// Only these strategies.
    pub strategies: Vec<String>,
    /// Only these trading dates.
    pub dates: DateRange,
    /// In which order.
    pub order: SortOrder,
}

cursor! {
    /// Marks a signal in its list.
    SignalCursor of "signals" { date: String, ordinal: i64 }
}

impl Reader {
    /// Lists signals, in the order in which they were first recorded or the other way round.
    ///
    /// # Errors
    /// When the token is not of this list, or the database fails.
    pub fn list_signals(&self, filter: &SignalFilter, page: &PageRequest) -> Result<Page<SignalRow>, StoreError> {
        let pager: Pager<SignalCursor> = Pager::new(page, self.ledger_id(), filter)?;
        self.records(|conn| {
            let (from, to) = filter.dates.bounds();
            let mut query = signals::table
                .filter(signals::ledger_id.eq(self.ledger_id()))
                .filter(signals::date.between(from, to))
                .limit(pager.limit())
                .select(StoredSignal::as_select())
                .into_boxed();
            among!(query,
                signals::symbol => &filter.symbols,
                signals::strategy => &filter.strategies,
                signals::side => texts(&filter.sides),
                signals::status => texts(&filter.statuses),
            );
            let query = in_order!(signals, query, filter.order, &pager.after);
            let rows: Vec<StoredSignal> = query.load(conn).doing("list signals")?;
            let page = pager.page(rows, |row| SignalCursor { date: row.date.clone(), ordinal: row.ordinal });
            let mut page = page.try_map(StoredSignal::read)?;
            add_fills(conn, self.ledger_id(), &mut page.rows)?;
            Ok(page)
        })
    }

    /// Returns the signal of an id, or `None` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn signal(&self, id: &str) -> Result<Option<SignalRow>, StoreError> {
        self.records(|conn| {
            let found: Option<StoredSignal> = signals::table
                .find((self.ledger_id(), id))
                .select(StoredSignal::as_select())
                .first(conn)
                .optional()
                .doing("find a signal")?;
            let mut rows: Vec<SignalRow> = found.map(StoredSignal::read).transpose()?.into_iter().collect();
            add_fills(conn, self.ledger_id(), &mut rows)?;
            Ok(rows.pop())
        })
    }

    /// Lists all signals of a day, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn signals_of(&self, date: Date) -> Result<Vec<SignalRow>, StoreError> {
        self.records(|conn| {
            let mut rows = load_day(conn, self.ledger_id(), date)?;
            add_fills(conn, self.ledger_id(), &mut rows)?;
            Ok(rows)
        })
    }
}

/// Reads a day's signals in the order in which they arose.
pub(in crate::store) fn load_day(conn: &mut AnyConn, ledger: &str, date: Date) -> Result<Vec<SignalRow>, StoreError> {
    let rows: Vec<StoredSignal> = signals::table
        .filter(signals::ledger_id.eq(ledger))
        .filter(signals::date.eq(date.to_string()))
        .order(signals::ordinal.asc())
        .select(StoredSignal::as_select())
        .load(conn)
        .doing("read the day's signals")?;
    rows.into_iter().map(StoredSignal::read).collect()
}

/// Adds what the entry order and the trade know.
fn add_fills(conn: &mut AnyConn, ledger: &str, rows: &mut [SignalRow]) -> Result<(), StoreError> {
    let ids: Vec<&String> = rows.iter().filter_map(|row| row.client_order_id.as_ref()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let filled: Vec<(String, i64)> = orders::table
        .filter(orders::ledger_id.eq(ledger).and(orders::client_order_id.eq_any(ids)))
        .select((orders::client_order_id, orders::filled))
        .load(conn)
        .doing("read the orders of signals")?;
    let ids: Vec<&String> = rows.iter().filter_map(|row| row.client_order_id.as_ref()).collect();
    let sent: Vec<(String, i64)> = order_steps::table
        .filter(order_steps::ledger_id.eq(ledger).and(order_steps::client_order_id.eq_any(ids)))
        .filter(order_steps::step.eq(OrderStep::Sent.text()))
        .select((order_steps::client_order_id, order_steps::at))
        .load(conn)
        .doing("read when the orders of signals were sent")?;
    let attempts: Vec<String> = rows.iter().map(|row| row.attempt.to_string()).collect();
    let targets: Vec<(String, Option<i64>)> = trades::table
        .filter(trades::ledger_id.eq(ledger).and(trades::attempt.eq_any(attempts)))
        .select((trades::attempt, trades::target))
        .load(conn)
        .doing("read the trades of signals")?;
    let filled: HashMap<String, i64> = filled.into_iter().collect();
    let sent: HashMap<String, i64> = sent.into_iter().collect();
    let targets: HashMap<String, Option<i64>> = targets.into_iter().collect();
    for row in rows {
        let shares = row.client_order_id.as_ref().and_then(|id| filled.get(id)).copied();
        let at = row.client_order_id.as_ref().and_then(|id| sent.get(id));
        row.sent_at = at.copied().map(Timestamp::from_micros);
        row.filled = Quantity::new(shares.unwrap_or_default());
        row.target = targets.get(&row.attempt.to_string()).copied().flatten().map(Price::from_micros);
    }
    Ok(())
}

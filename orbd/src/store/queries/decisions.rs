//! Lists of decisions.

use diesel::prelude::*;
use orb_core::{Date, Reason};

use super::{among, texts};
use crate::store::connect::AnyConn;
use crate::store::error::{Doing as _, StoreError};
use crate::store::page::{DateRange, Page, PageRequest, Pager, cursor};
use crate::store::reader::Reader;
use crate::store::rows::{DecisionRow, StoredDecision};
use crate::store::schema::decisions;

/// Selects decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Only these tickers.
    pub symbols: Vec<String>,
    /// Only these strategies.
    pub strategies: Vec<String>,
    /// Only these reasons.
    pub reasons: Vec<Reason>,
    /// Only these trading dates.
    pub dates: DateRange,
}

cursor! {
    /// Marks a decision in its list.
    DecisionCursor of "decisions" { date: String, symbol: String, strategy: String }
}

impl Reader {
    /// Lists decisions, the newest date first, within a date by symbol and strategy.
    ///
    /// # Errors
    /// When the token is not of this list, or the database fails.
    pub fn list_decisions(&self, filter: &DecisionFilter, page: &PageRequest) -> Result<Page<DecisionRow>, StoreError> {
        let pager: Pager<DecisionCursor> = Pager::new(page, self.ledger_id(), filter)?;
        self.records(|conn| {
            let (from, to) = filter.dates.bounds();
            let mut query = decisions::table
                .filter(decisions::ledger_id.eq(self.ledger_id()))
                .filter(decisions::date.between(from, to))
                .order((decisions::date.desc(), decisions::symbol.asc(), decisions::strategy.asc()))
                .limit(pager.limit())
                .select(StoredDecision::as_select())
                .into_boxed();
            among!(query,
                decisions::symbol => &filter.symbols,
                decisions::strategy => &filter.strategies,
                decisions::reason => texts(&filter.reasons),
            );
            if let Some(after) = &pager.after {
                let (date, symbol, strategy) = (decisions::date, decisions::symbol, decisions::strategy);
                query = query.filter(date.le(&after.date)).filter(
                    date.lt(&after.date)
                        .or(symbol.gt(&after.symbol))
                        .or(symbol.eq(&after.symbol).and(strategy.gt(&after.strategy))),
                );
            }
            let rows: Vec<StoredDecision> = query.load(conn).doing("list decisions")?;
            let cursor = |row: &StoredDecision| DecisionCursor {
                date: row.date.clone(),
                symbol: row.symbol.clone(),
                strategy: row.strategy.clone(),
            };
            pager.page(rows, cursor).try_map(StoredDecision::read)
        })
    }
}

/// Reads a day's decisions by symbol and strategy.
pub(in crate::store) fn load_day(conn: &mut AnyConn, ledger: &str, date: Date) -> Result<Vec<DecisionRow>, StoreError> {
    let rows: Vec<StoredDecision> = decisions::table
        .filter(decisions::ledger_id.eq(ledger))
        .filter(decisions::date.eq(date.to_string()))
        .order((decisions::symbol.asc(), decisions::strategy.asc()))
        .select(StoredDecision::as_select())
        .load(conn)
        .doing("read the day's decisions")?;
    rows.into_iter().map(StoredDecision::read).collect()
}

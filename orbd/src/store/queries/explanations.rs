//! The whole reckoning of a day's symbols.

use diesel::prelude::*;
use orb_core::Date;

use crate::store::error::{Doing as _, StoreError};
use crate::store::reader::Reader;
use crate::store::schema::explanations;

impl Reader {
    /// Lists the reckonings of a trading date by symbol and strategy, each one JSON object as
    /// [`explained::record`](crate::explained::record) writes it; of all symbols, or of one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn explanations(&self, date: Date, symbol: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.records(|conn| {
            let mut query = explanations::table
                .filter(explanations::ledger_id.eq(self.ledger_id()))
                .filter(explanations::date.eq(date.to_string()))
                .order((explanations::symbol.asc(), explanations::strategy.asc()))
                .select(explanations::record)
                .into_boxed();
            if let Some(symbol) = symbol {
                query = query.filter(explanations::symbol.eq(symbol));
            }
            query.load(conn).doing("list explanations")
        })
    }

    /// Returns the reckoning of one symbol, day and strategy; `None` when none was recorded.
    ///
    /// # Errors
    /// When the database fails.
    pub fn explanation(&self, date: Date, symbol: &str, strategy: &str) -> Result<Option<String>, StoreError> {
        self.records(|conn| {
            explanations::table
                .find((self.ledger_id(), date.to_string(), symbol, strategy))
                .select(explanations::record)
                .first(conn)
                .optional()
                .doing("find an explanation")
        })
    }
}

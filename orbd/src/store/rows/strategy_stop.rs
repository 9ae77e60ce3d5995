//! Strategies that reached their own loss limit.

use orb_core::Timestamp;
use orb_core::fact::StrategyStop;

use super::Context;
use super::stored::{Column as _, Place, stored};
use crate::store::error::StoreError;
use crate::store::names::Names;

stored! {
    /// A row of `strategy_stops`.
    StoredStrategyStop in strategy_stops;
    key { ledger_id: String, date: String, strategy: String }
    data { reason: String, at: i64 }
    once {}
}

impl StoredStrategyStop {
    /// Makes the row of a fact.
    pub(in crate::store) fn of(stop: &StrategyStop, context: Context<'_>) -> Self {
        Self {
            ledger_id: context.ledger.to_owned(),
            date: stop.date.to_string(),
            strategy: context.names.strategy(stop.strategy).to_owned(),
            reason: stop.reason.clone(),
            at: stop.at.column(),
        }
    }

    /// Turns the row into the engine's value.
    pub(in crate::store) fn into_fact(self, names: &Names) -> Result<StrategyStop, StoreError> {
        let place = Place { table: "strategy_stops", key: &self.strategy };
        let date = place.date(&self.date)?;
        Ok(StrategyStop {
            date,
            strategy: names.strategy_id(&self.strategy, date)?,
            reason: self.reason.clone(),
            at: Timestamp::from_micros(self.at),
        })
    }
}

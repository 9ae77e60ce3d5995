//! The whole reckoning of a symbol's day.

use orb_core::explain::Explanation;

use super::Context;
use super::stored::{Column as _, stored};
use crate::explained::{ExplainedNames, record};

stored! {
    /// A row of `explanations`.
    StoredExplanation in explanations;
    key { ledger_id: String, date: String, symbol: String, strategy: String }
    data { record: String, at: i64 }
    once {}
}

impl StoredExplanation {
    /// Makes the row of a fact.
    pub(in crate::store) fn of(explanation: &Explanation, context: Context<'_>) -> Self {
        let key = context.names.attempt(explanation.attempt);
        let names = ExplainedNames { strategy: &key.strategy, symbol: &key.symbol };
        let record = record(explanation, names).to_string();
        Self {
            ledger_id: context.ledger.to_owned(),
            date: key.date.to_string(),
            record,
            at: explanation.at.column(),
            symbol: key.symbol,
            strategy: key.strategy,
        }
    }
}

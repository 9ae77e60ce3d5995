//! The steps of orders on their way.

use orb_core::{Date, Timestamp};

use super::stored::{Column as _, Place, stored};
use crate::store::error::StoreError;
use crate::store::text::Text as _;

/// Names a step of an order on its way; they are in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderStep {
    /// It was in the records.
    Committed,
    /// It was handed to what sends it.
    Sent,
    /// The broker has answered that it has it.
    Acknowledged,
    /// It works at the broker.
    Working,
}

impl OrderStep {
    /// All steps, in their order.
    pub const ALL: &'static [Self] = &[Self::Committed, Self::Sent, Self::Acknowledged, Self::Working];

    /// Returns the step's stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Sent => "sent",
            Self::Acknowledged => "acknowledged",
            Self::Working => "working",
        }
    }
}

/// Records when an order took a step; the first time counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    /// orb's own id of the order.
    pub client_order_id: String,
    /// Which step.
    pub step: OrderStep,
    /// Trading date.
    pub date: Date,
    /// When, on the engine's clock.
    pub at: Timestamp,
}

stored! {
    /// A row of `order_steps`.
    StoredStep in order_steps;
    key { ledger_id: String, client_order_id: String, step: String }
    data { date: String }
    once { at: i64 }
}

impl StoredStep {
    /// Makes the row of a record.
    pub(in crate::store) fn of(step: &StepRow, ledger: &str) -> Self {
        Self {
            ledger_id: ledger.to_owned(),
            client_order_id: step.client_order_id.clone(),
            step: step.step.text().to_owned(),
            date: step.date.to_string(),
            at: step.at.column(),
        }
    }

    /// Reads the row.
    pub(in crate::store) fn read(self) -> Result<StepRow, StoreError> {
        let place = Place { table: "order_steps", key: &self.client_order_id };
        let (step, date) = (place.value("step", &self.step)?, place.date(&self.date)?);
        Ok(StepRow { client_order_id: self.client_order_id, step, date, at: Timestamp::from_micros(self.at) })
    }
}

//! Executions.

use orb_core::fact::Fill;
use orb_core::order::{ClientOrderId, Execution};
use orb_core::{Money, OrderSide, Price, Quantity, Timestamp};

use super::Context;
use super::attempt::{AttemptColumns, AttemptKey};
use super::stored::{Column as _, Place, instant, stored};
use crate::store::error::StoreError;
use crate::store::names::Names;
use crate::store::text::Text as _;

/// Shows one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillRow {
    /// The broker's identifier of the execution.
    pub id: String,
    /// The attempt that it belongs to; its text is the trade's id.
    pub attempt: AttemptKey,
    /// orb's own id of the order.
    pub client_order_id: String,
    /// The broker's id of the order; `None` when the order's row has none.
    pub broker_order_id: Option<String>,
    /// Buy or sell.
    pub side: OrderSide,
    /// Price per share.
    pub price: Price,
    /// Shares.
    pub quantity: Quantity,
    /// Commission; zero where the broker reports it later.
    pub fee: Money,
    /// When it happened.
    pub at: Timestamp,
    /// Tells that the data had ended and the last price was taken.
    pub at_data_end: bool,
    /// When the broker took it back: since then it counts for nothing. `None` while it counts.
    pub taken_back: Option<Timestamp>,
}

impl FillRow {
    /// Turns the row into the engine's value.
    pub(in crate::store) fn into_fact(self, names: &Names) -> Result<Fill, StoreError> {
        Ok(Fill {
            attempt: names.attempt_id(&self.attempt)?,
            order: ClientOrderId::new(&self.client_order_id),
            side: self.side,
            execution: Execution {
                id: self.id,
                price: self.price,
                quantity: self.quantity,
                fee: self.fee,
                at: self.at,
                at_data_end: self.at_data_end,
            },
            taken_back: self.taken_back,
        })
    }
}

stored! {
    /// A row of `fills`.
    StoredFill in fills;
    key { ledger_id: String, execution_id: String }
    data {
        attempt: String,
        date: String,
        strategy: String,
        symbol: String,
        attempt_number: i64,
        client_order_id: String,
        side: String,
        price: i64,
        quantity: i64,
        fee: i64,
        at: i64,
        at_data_end: bool,
        taken_back_at: Option<i64>,
    }
    once { ordinal: i64 }
}

impl StoredFill {
    /// Makes the row of a fact.
    pub(in crate::store) fn of(fill: &Fill, context: Context<'_>, ordinal: i64) -> Self {
        let key = context.names.attempt(fill.attempt);
        let execution = &fill.execution;
        Self {
            ledger_id: context.ledger.to_owned(),
            execution_id: execution.id.clone(),
            attempt: key.to_string(),
            date: key.date.to_string(),
            strategy: key.strategy,
            symbol: key.symbol,
            attempt_number: i64::from(key.attempt),
            client_order_id: fill.order.to_string(),
            side: fill.side.text().to_owned(),
            price: execution.price.column(),
            quantity: execution.quantity.column(),
            fee: execution.fee.column(),
            at: execution.at.column(),
            at_data_end: execution.at_data_end,
            taken_back_at: fill.taken_back.map(Timestamp::micros),
            ordinal,
        }
    }

    /// Reads the row; the broker's id of the order is in another table.
    pub(in crate::store) fn read(self) -> Result<FillRow, StoreError> {
        let place = Place { table: "fills", key: &self.execution_id };
        let columns = AttemptColumns {
            date: &self.date,
            strategy: self.strategy,
            symbol: self.symbol,
            number: self.attempt_number,
        };
        Ok(FillRow {
            attempt: columns.read(place)?,
            client_order_id: self.client_order_id,
            broker_order_id: None,
            side: place.value("side", &self.side)?,
            price: Price::from_micros(self.price),
            quantity: Quantity::new(self.quantity),
            fee: Money::from_micros(self.fee),
            at: Timestamp::from_micros(self.at),
            at_data_end: self.at_data_end,
            taken_back: instant(self.taken_back_at),
            id: self.execution_id,
        })
    }
}

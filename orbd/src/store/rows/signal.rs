//! Breakouts and what became of them.

use orb_core::fact::{Signal, SignalStatus};
use orb_core::order::{BrokerOrderId, ClientOrderId};
use orb_core::{Price, Quantity, Reason, Side, Timestamp};

use super::Context;
use super::attempt::{AttemptColumns, AttemptKey};
use super::stored::{Column as _, Place, instant, price, stored};
use crate::store::error::StoreError;
use crate::store::names::Names;
use crate::store::text::Text as _;

/// Shows one breakout and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalRow {
    /// Which attempt; its text is the signal's id.
    pub attempt: AttemptKey,
    /// Long or short.
    pub side: Side,
    /// When it arose.
    pub at: Timestamp,
    /// Entry level; the range's close for market entries.
    pub level: Price,
    /// Stop that the size rests on.
    pub stop: Price,
    /// Shares asked for; zero when a rule refused it before sizing.
    pub quantity: Quantity,
    /// Shares filled.
    pub filled: Quantity,
    /// Where it is in its life.
    pub status: SignalStatus,
    /// Why it was refused; `None` when it was not.
    pub reason: Option<Reason>,
    /// A sentence about the refusal; empty when there is none.
    pub detail: String,
    /// orb's own id of the entry order; `None` when a rule refused it.
    pub client_order_id: Option<String>,
    /// The broker's id of that order; `None` until it answers.
    pub broker_order_id: Option<String>,
    /// When the broker took the order; `None` until then.
    pub submitted_at: Option<Timestamp>,
    /// When the last share was filled; `None` until then.
    pub filled_at: Option<Timestamp>,
    /// Mean price of the fills; `None` without a fill.
    pub fill_price: Option<Price>,
    /// The setup's score in millionths; `None` when an input of it was missing.
    pub score_e6: Option<u32>,
    /// When the entry order was handed to its sender; `None` when it was not, or it was not recorded.
    pub sent_at: Option<Timestamp>,
    /// The target of the trade that it led to; `None` without one.
    pub target: Option<Price>,
}

impl SignalRow {
    /// Turns the row into the engine's value.
    pub(in crate::store) fn into_fact(self, names: &Names) -> Result<Signal, StoreError> {
        Ok(Signal {
            attempt: names.attempt_id(&self.attempt)?,
            side: self.side,
            at: self.at,
            level: self.level,
            stop: self.stop,
            quantity: self.quantity,
            status: self.status,
            reason: self.reason,
            detail: self.detail,
            order: self.client_order_id.as_deref().map(ClientOrderId::new),
            broker_order: self.broker_order_id.as_deref().map(BrokerOrderId::new),
            submitted_at: self.submitted_at,
            filled_at: self.filled_at,
            fill_price: self.fill_price,
            score_e6: self.score_e6,
        })
    }
}

stored! {
    /// A row of `signals`.
    StoredSignal in signals;
    key { ledger_id: String, attempt: String }
    data {
        date: String,
        strategy: String,
        symbol: String,
        attempt_number: i64,
        side: String,
        at: i64,
        level: i64,
        stop: i64,
        quantity: i64,
        status: String,
        reason: Option<String>,
        detail: String,
        client_order_id: Option<String>,
        broker_order_id: Option<String>,
        submitted_at: Option<i64>,
        filled_at: Option<i64>,
        fill_price: Option<i64>,
        score_e6: Option<i64>,
    }
    once { ordinal: i64 }
}

impl StoredSignal {
    /// Makes the row of a fact.
    pub(in crate::store) fn of(signal: &Signal, context: Context<'_>, ordinal: i64) -> Self {
        let key = context.names.attempt(signal.attempt);
        Self {
            ledger_id: context.ledger.to_owned(),
            attempt: key.to_string(),
            date: key.date.to_string(),
            strategy: key.strategy,
            symbol: key.symbol,
            attempt_number: i64::from(key.attempt),
            side: signal.side.text().to_owned(),
            at: signal.at.column(),
            level: signal.level.column(),
            stop: signal.stop.column(),
            quantity: signal.quantity.column(),
            status: signal.status.text().to_owned(),
            reason: signal.reason.map(|reason| reason.text().to_owned()),
            detail: signal.detail.clone(),
            client_order_id: signal.order.as_ref().map(ToString::to_string),
            broker_order_id: signal.broker_order.as_ref().map(ToString::to_string),
            submitted_at: signal.submitted_at.map(Timestamp::micros),
            filled_at: signal.filled_at.map(Timestamp::micros),
            fill_price: signal.fill_price.map(Price::micros),
            score_e6: signal.score_e6.map(i64::from),
            ordinal,
        }
    }

    /// Reads the row; what other tables hold of the signal is not in it yet.
    pub(in crate::store) fn read(self) -> Result<SignalRow, StoreError> {
        let place = Place { table: "signals", key: &self.attempt };
        let columns = AttemptColumns {
            date: &self.date,
            strategy: self.strategy,
            symbol: self.symbol,
            number: self.attempt_number,
        };
        Ok(SignalRow {
            attempt: columns.read(place)?,
            side: place.value("side", &self.side)?,
            at: Timestamp::from_micros(self.at),
            level: Price::from_micros(self.level),
            stop: Price::from_micros(self.stop),
            quantity: Quantity::new(self.quantity),
            filled: Quantity::ZERO,
            status: place.value("status", &self.status)?,
            reason: place.optional("reason", self.reason.as_ref())?,
            detail: self.detail,
            client_order_id: self.client_order_id,
            broker_order_id: self.broker_order_id,
            submitted_at: instant(self.submitted_at),
            filled_at: instant(self.filled_at),
            fill_price: price(self.fill_price),
            score_e6: self.score_e6.and_then(|score| u32::try_from(score).ok()),
            sent_at: None,
            target: None,
        })
    }
}

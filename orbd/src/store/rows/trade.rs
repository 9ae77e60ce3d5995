//! Positions from their first share to their last.

use orb_core::fact::{ExitReason, Trade};
use orb_core::order::AttemptId;
use orb_core::{Money, Price, Quantity, Side, Span, StrategyId, SymbolId, Timestamp};

use super::Context;
use super::attempt::{AttemptColumns, AttemptKey};
use super::stored::{Column as _, Place, instant, price, stored};
use crate::store::error::StoreError;
use crate::store::names::Names;
use crate::store::text::Text as _;

/// Tells whether a trade has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradeStatus {
    /// Shares are still open.
    Open,
    /// Every share that was entered has been left.
    Closed,
}

/// Shows one trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeRow {
    /// Which attempt; its text is the id of the trade and of its signal.
    pub attempt: AttemptKey,
    /// The figures. Its `attempt` has the date and the number of this one, and the numbers of symbol and strategy
    /// mean nothing.
    pub trade: Trade,
}

impl TradeRow {
    /// Tells whether it has ended.
    #[must_use]
    pub fn status(&self) -> TradeStatus {
        status_of(&self.trade)
    }

    /// Turns the row into the engine's value.
    pub(in crate::store) fn into_fact(self, names: &Names) -> Result<Trade, StoreError> {
        Ok(Trade { attempt: names.attempt_id(&self.attempt)?, ..self.trade })
    }
}

fn status_of(trade: &Trade) -> TradeStatus {
    if trade.is_closed() { TradeStatus::Closed } else { TradeStatus::Open }
}

stored! {
    /// A row of `trades`.
    StoredTrade in trades;
    key { ledger_id: String, attempt: String }
    data {
        date: String,
        strategy: String,
        symbol: String,
        attempt_number: i64,
        status: String,
        side: String,
        entered: i64,
        exited: i64,
        entry_time: i64,
        exit_time: Option<i64>,
        entry_notional: i64,
        exit_notional: i64,
        fees: i64,
        stop: i64,
        target: Option<i64>,
        exit_reason: Option<String>,
        unprotected: i64,
    }
    once {}
}

impl StoredTrade {
    /// Makes the row of a fact.
    pub(in crate::store) fn of(trade: &Trade, context: Context<'_>) -> Self {
        let key = context.names.attempt(trade.attempt);
        Self {
            ledger_id: context.ledger.to_owned(),
            attempt: key.to_string(),
            date: key.date.to_string(),
            strategy: key.strategy,
            symbol: key.symbol,
            attempt_number: i64::from(key.attempt),
            status: status_of(trade).text().to_owned(),
            side: trade.side.text().to_owned(),
            entered: trade.entered.column(),
            exited: trade.exited.column(),
            entry_time: trade.entry_time.column(),
            exit_time: trade.exit_time.map(Timestamp::micros),
            entry_notional: trade.entry_notional.column(),
            exit_notional: trade.exit_notional.column(),
            fees: trade.fees.column(),
            stop: trade.stop.column(),
            target: trade.target.map(Price::micros),
            exit_reason: trade.exit_reason.map(|reason| reason.text().to_owned()),
            unprotected: trade.unprotected.micros(),
        }
    }

    /// Reads the row.
    pub(in crate::store) fn read(self) -> Result<TradeRow, StoreError> {
        let place = Place { table: "trades", key: &self.attempt };
        let columns = AttemptColumns {
            date: &self.date,
            strategy: self.strategy,
            symbol: self.symbol,
            number: self.attempt_number,
        };
        let attempt = columns.read(place)?;
        let side: Side = place.value("side", &self.side)?;
        let exit_reason: Option<ExitReason> = place.optional("exit_reason", self.exit_reason.as_ref())?;
        let trade = Trade {
            attempt: AttemptId {
                date: attempt.date,
                strategy: StrategyId(0),
                symbol: SymbolId(0),
                attempt: attempt.attempt,
            },
            side,
            entered: Quantity::new(self.entered),
            exited: Quantity::new(self.exited),
            entry_time: Timestamp::from_micros(self.entry_time),
            exit_time: instant(self.exit_time),
            entry_notional: Money::from_micros(self.entry_notional),
            exit_notional: Money::from_micros(self.exit_notional),
            fees: Money::from_micros(self.fees),
            stop: Price::from_micros(self.stop),
            target: price(self.target),
            exit_reason,
            unprotected: Span::from_micros(self.unprotected),
        };
        Ok(TradeRow { attempt, trade })
    }
}

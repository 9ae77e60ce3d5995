//! The account's value over time.

use orb_core::{Money, Timestamp};

use super::stored::{Column as _, stored};

/// Records the account's value at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EquityRow {
    /// When, on the engine's clock.
    pub at: Timestamp,
    /// Cash and positions at their marks.
    pub equity: Money,
    /// The session's result from closed quantities, after fees.
    pub realized: Money,
    /// From open positions at their marks, before fees.
    pub unrealized: Money,
}

stored! {
    /// A row of `equity_points`.
    StoredEquity in equity_points;
    key { ledger_id: String, at: i64 }
    data { equity: i64, realized: i64, unrealized: i64 }
    once {}
}

impl StoredEquity {
    /// Makes the row of a record.
    pub(in crate::store) fn of(point: &EquityRow, ledger: &str) -> Self {
        Self {
            ledger_id: ledger.to_owned(),
            at: point.at.column(),
            equity: point.equity.column(),
            realized: point.realized.column(),
            unrealized: point.unrealized.column(),
        }
    }

    /// Reads the row.
    pub(in crate::store) const fn read(&self) -> EquityRow {
        EquityRow {
            at: Timestamp::from_micros(self.at),
            equity: Money::from_micros(self.equity),
            realized: Money::from_micros(self.realized),
            unrealized: Money::from_micros(self.unrealized),
        }
    }
}

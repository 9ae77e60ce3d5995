//! How days compare with the backtest of their bars.

use std::time::SystemTime;

use orb_core::{Date, Money, Timestamp};

use super::stored::{Column as _, Place, stored};
use crate::parity::ParityReport;
use crate::store::error::StoreError;

/// Shows how a day compares with the backtest of its bars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParityRow {
    /// The trading date.
    pub date: Date,
    /// Closed trades.
    pub trades: u32,
    /// Trades that the bars say and that were not made.
    pub missed: u32,
    /// Trades that were made and that the bars do not say.
    pub extra: u32,
    /// Differences that no reason explains.
    pub unexplained: u32,
    /// Result of the closed trades after fees.
    pub net: Money,
    /// The same of the pessimistic backtest.
    pub net_pessimistic: Money,
    /// The same of the optimistic backtest.
    pub net_optimistic: Money,
    /// What fills cost beyond those of the pessimistic backtest; negative in favour.
    pub slippage: Money,
    /// The whole report as one JSON object.
    pub document: String,
    /// When it was made, by the wall clock.
    pub at: Timestamp,
}

stored! {
    /// A row of `parity_reports`.
    StoredParity in parity_reports;
    key { ledger_id: String, date: String }
    data {
        trades: i64,
        missed: i64,
        extra: i64,
        unexplained: i64,
        net: i64,
        net_pessimistic: i64,
        net_optimistic: i64,
        slippage: i64,
        document: String,
        at: i64,
    }
    once {}
}

impl ParityRow {
    /// Makes the row of a report, as of now.
    ///
    /// # Panics
    /// When an amount of the report is no decimal: it was written from amounts.
    #[must_use]
    pub fn of(report: &ParityReport) -> Self {
        let figures = &report.figures;
        let money = |text: &str| text.parse().expect("the report's amounts are written as decimals");
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            date: report.date,
            trades: figures.trades_found,
            missed: figures.missed,
            extra: figures.extra,
            unexplained: figures.unexplained,
            net: money(&figures.net),
            net_pessimistic: money(&figures.net_pessimistic),
            net_optimistic: money(&figures.net_optimistic),
            slippage: money(&figures.slippage),
            document: serde_json::to_string(report).expect("a report has only texts and numbers"),
            at: Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)),
        }
    }

    /// Reads the report.
    ///
    /// # Errors
    /// When the document is none.
    pub fn report(&self) -> Result<ParityReport, StoreError> {
        let key = self.date.to_string();
        let place = Place { table: "parity_reports", key: &key };
        serde_json::from_str(&self.document).map_err(|error| place.damaged("document", &error.to_string()))
    }
}

impl StoredParity {
    /// Makes the row of a ledger.
    pub(in crate::store) fn of(row: &ParityRow, ledger: &str) -> Self {
        Self {
            ledger_id: ledger.to_owned(),
            date: row.date.to_string(),
            trades: row.trades.into(),
            missed: row.missed.into(),
            extra: row.extra.into(),
            unexplained: row.unexplained.into(),
            net: row.net.column(),
            net_pessimistic: row.net_pessimistic.column(),
            net_optimistic: row.net_optimistic.column(),
            slippage: row.slippage.column(),
            document: row.document.clone(),
            at: row.at.column(),
        }
    }

    /// Reads the row.
    pub(in crate::store) fn read(self) -> Result<ParityRow, StoreError> {
        let place = Place { table: "parity_reports", key: &self.date };
        let count = |column: &'static str, number: i64| {
            u32::try_from(number).map_err(|_| place.damaged(column, &number.to_string()))
        };
        Ok(ParityRow {
            date: place.date(&self.date)?,
            trades: count("trades", self.trades)?,
            missed: count("missed", self.missed)?,
            extra: count("extra", self.extra)?,
            unexplained: count("unexplained", self.unexplained)?,
            net: Money::from_micros(self.net),
            net_pessimistic: Money::from_micros(self.net_pessimistic),
            net_optimistic: Money::from_micros(self.net_optimistic),
            slippage: Money::from_micros(self.slippage),
            document: self.document,
            at: Timestamp::from_micros(self.at),
        })
    }
}

//! Trading halts.

use orb_core::{SymbolId, Timestamp};
use serde::Deserialize;

/// Tells why trading is halted, in the codes of tape C.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum HaltReason {
    /// A volatility pause: the price left its band.
    #[default]
    #[serde(rename = "LUDP")]
    Volatility,
    /// News are pending.
    #[serde(rename = "T1")]
    NewsPending,
    /// The exchange asked the company for information.
    #[serde(rename = "T12")]
    InformationRequested,
}

impl HaltReason {
    /// Returns the code and the words for it.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Volatility => ("LUDP", "Volatility Trading Pause"),
            Self::NewsPending => ("T1", "Halt - News Pending"),
            Self::InformationRequested => ("T12", "Halt - Additional Information Requested by NASDAQ"),
        }
    }
}

/// Represents a halt: no trades and no quotes from one instant to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halt {
    /// Whose trading.
    pub symbol: SymbolId,
    /// First instant without trading.
    pub from: Timestamp,
    /// First instant of trading again.
    pub to: Timestamp,
    /// Why.
    pub reason: HaltReason,
}

impl Halt {
    /// Tells whether an instant lies in the halt.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

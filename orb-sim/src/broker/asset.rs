//! What can be traded.

use orb_core::Symbol;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ids::stable_id;

/// Tells whether shares can be borrowed to be sold short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BorrowStatus {
    /// Always: the only ones that may be sold short.
    #[default]
    EasyToBorrow,
    /// Only after they were located.
    HardToBorrow,
    /// Never.
    NotBorrowable,
}

impl BorrowStatus {
    /// Returns the word of the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EasyToBorrow => "easy_to_borrow",
            Self::HardToBorrow => "hard_to_borrow",
            Self::NotBorrowable => "not_borrowable",
        }
    }
}

/// Says what part of a position's value its owner must have, per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginRequirement {
    /// Of shares that are owned.
    pub long: u16,
    /// Of shares that are owed.
    pub short: u16,
}

impl MarginRequirement {
    /// Requires the same of both sides.
    #[must_use]
    pub const fn of_both(percent: u16) -> Self {
        Self { long: percent, short: percent }
    }
}

/// Describes a stock.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asset {
    pub(super) id: Uuid,
    pub(super) symbol: Symbol,
    pub(super) tradable: bool,
    pub(super) shortable: bool,
    pub(super) fractionable: bool,
    pub(super) borrow: BorrowStatus,
    /// What is required beyond the account's usual; `None` for that.
    pub(super) margin: Option<MarginRequirement>,
}

/// The exchange that every simulated stock is listed on.
pub(super) const EXCHANGE: &str = "NASDAQ";

impl Asset {
    pub(super) fn new(symbol: Symbol) -> Self {
        let id = stable_id("asset", symbol.as_str());
        let borrow = BorrowStatus::default();
        Self { id, symbol, tradable: true, shortable: true, fractionable: true, borrow, margin: None }
    }

    /// Tells whether it may be sold short.
    pub(super) fn may_be_shorted(&self) -> bool {
        self.shortable && self.borrow == BorrowStatus::EasyToBorrow
    }

    /// Returns what is required of a position in it, where `usual` per cent are of others.
    pub(super) fn requirement(&self, usual: u8) -> MarginRequirement {
        self.margin.unwrap_or(MarginRequirement::of_both(u16::from(usual)))
    }

    /// Writes it as the wire has it, with or without the field that Alpaca announced to drop.
    pub(super) fn to_json(&self, maintenance_percent: u8, easy_to_borrow_field: bool) -> Value {
        let required = self.requirement(maintenance_percent);
        let mut json = json!({
            "id": self.id,
            "class": "us_equity",
            "exchange": EXCHANGE,
            "symbol": self.symbol.as_str(),
            "name": format!("{} Common Stock", self.symbol),
            "status": "active",
            "tradable": self.tradable,
            "marginable": required.long < 100,
            "maintenance_margin_requirement": required.long,
            "margin_requirement_long": required.long.to_string(),
            "margin_requirement_short": required.short.to_string(),
            "shortable": self.shortable,
            "borrow_status": self.borrow.as_str(),
            "fractionable": self.fractionable,
            "attributes": [],
        });
        if easy_to_borrow_field && let Some(fields) = json.as_object_mut() {
            fields.insert("easy_to_borrow".into(), (self.borrow == BorrowStatus::EasyToBorrow).into());
        }
        json
    }
}

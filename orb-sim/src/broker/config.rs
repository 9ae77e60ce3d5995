//! What kind of account and exchange a broker simulates.

use std::sync::Arc;

use orb_core::{Calendar, Money, Span, SymbolTable};

use super::asset::AssetListing;

/// Describes the account and the exchange.
///
/// ```
/// use std::sync::Arc;
/// use orb_core::{Calendar, Money, SymbolTable};
/// use orb_sim::broker::{Broker, BrokerConfig};
/// use orb_sim::order_faults::NoFaults;
///
/// let symbols = Arc::new(SymbolTable::default());
/// let config = BrokerConfig::new(Money::from_cents(5_000_000), symbols, Arc::new(Calendar::default()));
/// assert_eq!(Broker::new(config, Box::new(NoFaults)).cash(), Money::from_cents(5_000_000));
/// ```
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// Cash at the start.
    pub cash: Money,
    /// All symbols there are.
    pub symbols: Arc<SymbolTable>,
    /// Sessions of the exchange; orders wait for ever once it ends.
    pub calendar: Arc<Calendar>,
    /// Time until an order, a cancel or a replacement is confirmed. Default: none.
    pub acknowledge_after: Span,
    /// Time from becoming marketable to the fill; orders that rest at their limit fill when they are touched.
    /// Default: none.
    pub fill_after: Span,
    /// What may be borrowed.
    pub margin: Margin,
    /// Fee of a share bought or sold, charged at the end of the day. Default: none.
    pub fee_per_share: Money,
    /// Seed of identifiers and of random partial fills.
    pub seed: u64,
    /// Applies the rule on pattern day traders, which Alpaca dropped in 2026. Default: no.
    pub pdt_rule: bool,
    /// Sends the field `easy_to_borrow` of assets, which Alpaca announced to drop. Default: yes.
    pub easy_to_borrow_field: bool,
    /// Stocks of the listing that are not as usual, or have no prices. Default: none.
    pub listings: Vec<AssetListing>,
    /// Takes brackets and OTO orders whose entry is a stop. Default: no, as users report of Alpaca.
    pub stop_entry_brackets: bool,
    /// Fills in pieces at random. Default: never.
    pub partial_fills: Option<PartialFills>,
}

/// Describes what may be borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margin {
    /// Multiple of the equity that positions and opening orders may reach, 1 to 4. Below 2,000 dollars of equity it
    /// is 1.
    pub multiplier: u8,
    /// Initial requirement, per cent of a position's value.
    pub initial_percent: u8,
    /// Maintenance requirement, per cent of a position's value.
    pub maintenance_percent: u8,
}

/// Describes random partial fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartialFills {
    /// Orders of a hundred that fill in pieces, as 10 do on paper accounts.
    pub percent: u8,
    /// Most pieces, at least 2.
    pub pieces_max: u32,
    /// Time between two pieces.
    pub every: Span,
}

impl Default for Margin {
    /// Returns four times the equity, 50% initially, 30% for maintenance.
    fn default() -> Self {
        Self { multiplier: 4, initial_percent: 50, maintenance_percent: 30 }
    }
}

impl BrokerConfig {
    /// Makes a configuration with every default.
    #[must_use]
    pub fn new(cash: Money, symbols: Arc<SymbolTable>, calendar: Arc<Calendar>) -> Self {
        Self {
            cash,
            symbols,
            calendar,
            acknowledge_after: Span::ZERO,
            fill_after: Span::ZERO,
            margin: Margin::default(),
            fee_per_share: Money::ZERO,
            seed: 1,
            pdt_rule: false,
            easy_to_borrow_field: true,
            listings: Vec::new(),
            stop_entry_brackets: false,
            partial_fills: None,
        }
    }
}

//! An order inside the simulated exchange.

use orb_core::config::StrategyId;
use orb_core::order::{BrokerOrder, BrokerOrderId, ClientOrderId, OrderKind, OrderRole, OrderStatus};
use orb_core::{OrderSide, Protection, Quantity, SymbolId, Timestamp};

#[derive(Clone, Debug)]
pub(super) struct SimOrder {
    pub(super) broker_id: BrokerOrderId,
    pub(super) client_id: Option<ClientOrderId>,
    pub(super) parent: Option<usize>,
    pub(super) legs: Vec<usize>,
    pub(super) strategy: StrategyId,
    pub(super) symbol: SymbolId,
    pub(super) role: OrderRole,
    pub(super) side: OrderSide,
    pub(super) quantity: Quantity,
    pub(super) kind: OrderKind,
    pub(super) status: OrderStatus,
    pub(super) filled: Quantity,
    pub(super) attached: Option<Protection>,
    /// Start of the first bar in which it may fill.
    pub(super) first_bar: Timestamp,
}

impl SimOrder {
    pub(super) fn is_closing(&self) -> bool {
        self.role == OrderRole::Close
    }

    /// Tells whether a bar may fill the order now: it works, or it is the stop of a pair whose target works.
    pub(super) fn is_active(&self) -> bool {
        matches!(self.status, OrderStatus::Working)
            || (self.status == OrderStatus::Held && self.role == OrderRole::Stop)
    }

    pub(super) fn report(&self, parent: Option<BrokerOrderId>, legs: Vec<BrokerOrder>) -> BrokerOrder {
        BrokerOrder {
            broker_id: self.broker_id.clone(),
            client_id: self.client_id.clone(),
            parent,
            replaces: None,
            symbol: self.symbol,
            side: self.side,
            quantity: self.quantity,
            kind: self.kind,
            status: self.status,
            filled: self.filled,
            legs,
        }
    }
}

/// Names an order of the day; `base` counts those of the days before.
pub(super) fn broker_id(base: u64, index: usize) -> BrokerOrderId {
    BrokerOrderId::new(&format!("sim-{}", base + index as u64 + 1))
}

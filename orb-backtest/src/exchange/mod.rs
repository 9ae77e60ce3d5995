//! A simulated exchange that works on bars.
//!
//! Within one bar: market exits fill at the open; then a stop that is touched fills at the worse of stop and open,
//! else a target that is touched fills at the better of target and open; then entries fill in the order of their
//! submission. What a bar cannot tell (which of two prices came first) is decided by the [`FillModel`].

mod matching;
mod order;
mod requests;

use std::collections::BTreeMap;

use orb_core::config::Costs;
use orb_core::event::{BrokerAccount, BrokerFill, BrokerPosition, BrokerSnapshot};
use orb_core::order::{BrokerOrder, ClientOrderId, OrderEvent, OrderRole, OrderStatus, OrderUpdate, Rejection};
use orb_core::{Bar, Money, Price, Quantity, SymbolId, Timestamp};

use order::SimOrder;

/// Says what counts when a stop is touched inside the bar of the entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FillModel {
    /// Every touch is a stop-out.
    #[default]
    Pessimistic,
    /// Only a touch that certainly follows the entry: the entry was at the bar's open, or the bar closes at or
    /// beyond the stop.
    Optimistic,
}

impl FillModel {
    /// Returns the model's name as flags and files carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pessimistic => "pessimistic",
            Self::Optimistic => "optimistic",
        }
    }
}

/// Stands for the bar of a symbol that has had none today: a bar that exists has some volume.
const NO_BAR: Bar = Bar {
    symbol: SymbolId(0),
    start: Timestamp::MIN,
    open: Price::ZERO,
    high: Price::ZERO,
    low: Price::ZERO,
    close: Price::ZERO,
    volume: 0,
};

/// Holds how an exchange behaves.
#[derive(Clone, Debug)]
pub struct ExchangeConfig {
    /// Which touches count in the bar of the entry.
    pub fill_model: FillModel,
    /// Costs of each strategy, by its number.
    pub costs: Vec<Costs>,
    /// Cash at the start.
    pub cash: Money,
    /// Number of symbols.
    pub symbols: usize,
}

/// Simulates an exchange and one account at it.
#[derive(Clone, Debug)]
pub struct Exchange {
    config: ExchangeConfig,
    cash: Money,
    positions: Vec<Quantity>,
    last_bars: Vec<Bar>,
    orders: Vec<SimOrder>,
    by_client_id: BTreeMap<ClientOrderId, usize>,
    live: Vec<Vec<usize>>,
    /// Orders that are not terminal, and of them the entries: without any a bar has nothing to match.
    live_orders: usize,
    live_entries: usize,
    fills: Vec<BrokerFill>,
    next_execution: u64,
    order_base: u64,
}

impl Exchange {
    /// Opens an exchange with an account that holds only cash.
    #[must_use]
    pub fn new(config: ExchangeConfig) -> Self {
        Self {
            cash: config.cash,
            positions: vec![Quantity::ZERO; config.symbols],
            last_bars: vec![NO_BAR; config.symbols],
            orders: Vec::new(),
            by_client_id: BTreeMap::new(),
            live: vec![Vec::new(); config.symbols],
            live_orders: 0,
            live_entries: 0,
            fills: Vec::new(),
            next_execution: 0,
            order_base: 0,
            config,
        }
    }

    /// Begins a day: the orders and fills of the day before are forgotten.
    ///
    /// # Panics
    /// When an order of the day before still lives: [`Exchange::end_session`] ends them all.
    pub fn begin_session(&mut self) {
        assert!(self.live.iter().all(Vec::is_empty), "a day begins without live orders");
        self.order_base += self.orders.len() as u64;
        self.orders.clear();
        self.by_client_id.clear();
        self.fills.clear();
        self.last_bars.fill(NO_BAR);
    }

    /// Returns the account: cash, and equity with positions at the last close.
    #[must_use]
    pub fn account(&self) -> BrokerAccount {
        // Where there was no bar yet, the close is zero and so is the value: nothing was bought without a bar.
        let value: Money =
            self.positions.iter().zip(&self.last_bars).map(|(quantity, bar)| quantity.at(bar.close)).sum();
        BrokerAccount { equity: self.cash + value, cash: self.cash, multiplier: None }
    }

    /// Lists the open positions.
    #[must_use]
    pub fn positions(&self) -> Vec<BrokerPosition> {
        let all = self.positions.iter().zip(0..);
        all.filter(|(quantity, _)| !quantity.is_zero())
            .map(|(&quantity, index)| BrokerPosition { symbol: SymbolId(index), quantity })
            .collect()
    }

    /// Returns the whole state: the day's orders with their legs, positions, fills and account.
    #[must_use]
    pub fn snapshot(&self) -> BrokerSnapshot {
        let parents = (0..self.orders.len()).filter(|&index| self.orders[index].parent.is_none());
        BrokerSnapshot {
            orders: parents.map(|index| self.report(index)).collect(),
            positions: self.positions(),
            fills: self.fills.clone(),
            account: self.account(),
            foreign: Vec::new(),
            transfers: None,
        }
    }

    /// Returns an order by the client's identifier, with its legs; `None` when there is none today.
    #[must_use]
    pub fn find(&self, id: &ClientOrderId) -> Option<BrokerOrder> {
        self.by_client_id.get(id).map(|&index| self.report(index))
    }

    /// Ends the day at the last prices: orders to close fill at their symbol's last close, the others expire.
    pub fn end_session(&mut self, now: Timestamp, updates: &mut Vec<OrderUpdate>) {
        for index in 0..self.orders.len() {
            if self.orders[index].is_closing() && !self.orders[index].status.is_terminal() {
                self.fill_at_data_end(now, index, updates);
            }
        }
        for index in 0..self.orders.len() {
            if !self.orders[index].status.is_terminal() {
                self.set_status(index, OrderStatus::Expired);
                self.push(now, OrderEvent::Expired, index, updates);
            }
        }
    }

    fn report(&self, index: usize) -> BrokerOrder {
        let order = &self.orders[index];
        let legs = order.legs.iter().map(|&leg| self.report(leg)).collect();
        let parent = order.parent.map(|parent| self.orders[parent].broker_id.clone());
        order.report(parent, legs)
    }

    /// Returns the symbol's latest bar of the day; `None` before the first.
    fn last_bar(&self, symbol: usize) -> Option<&Bar> {
        Some(&self.last_bars[symbol]).filter(|bar| bar.volume > 0)
    }

    fn set_status(&mut self, index: usize, status: OrderStatus) {
        let order = &mut self.orders[index];
        let ends = status.is_terminal() && !order.status.is_terminal();
        order.status = status;
        if ends {
            self.live_orders -= 1;
            self.live_entries -= usize::from(order.role == OrderRole::Entry);
            let symbol = order.symbol.index();
            self.live[symbol].retain(|&other| other != index);
        }
    }

    fn push(&self, at: Timestamp, event: OrderEvent, index: usize, updates: &mut Vec<OrderUpdate>) {
        updates.push(OrderUpdate { event, order: self.report(index), execution: None, rejection: None, at });
    }

    fn push_refusal(&self, at: Timestamp, index: usize, rejection: Rejection, updates: &mut Vec<OrderUpdate>) {
        let order = self.report(index);
        updates.push(OrderUpdate {
            event: OrderEvent::Rejected,
            order,
            execution: None,
            rejection: Some(rejection),
            at,
        });
    }
}

//! What readers may ask of the engine between events.

use super::orders::desk_view;
use super::{Engine, EngineConfig};
use crate::alarm::Alarm;
use crate::breaker::BreakerCaps;
use crate::config::{EntryKind, StrategyId};
use crate::exit_desk::{ExitDesk, covered};
use crate::fact::{SessionRecord, Signal, Trade};
use crate::hold::Holds;
use crate::money::{Money, Price, Quantity};
use crate::order::{Order, OrderKind, OrderRole};
use crate::position_keeper::DaySums;
use crate::risk_gate::{daily_limit, leveraged};
use crate::session_clock::Windows;
use crate::signal_machine::Watch;
use crate::symbol::SymbolId;
use crate::time::{Span, Timestamp};

impl Engine {
    /// Returns what the engine was built from.
    #[must_use]
    pub const fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// Returns the breaker's caps; `None` where it is inactive.
    #[must_use]
    pub const fn breaker_caps(&self) -> Option<&BreakerCaps> {
        self.breaker.caps()
    }

    /// Returns how long a close may take before the first alarm.
    #[must_use]
    pub const fn close_deadline(&self) -> Span {
        self.close_deadline
    }

    /// Returns the latest time that the engine was told.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns when the broker's whole state and the books agreed last; `None` before the first time.
    #[must_use]
    pub const fn reconciled_at(&self) -> Option<Timestamp> {
        self.reconciled_at
    }

    /// Returns the holds in force.
    #[must_use]
    pub const fn holds(&self) -> &Holds {
        &self.holds
    }

    /// Lists the alarms whose causes have not ended, the oldest first.
    #[must_use]
    pub fn alarms(&self) -> &[Alarm] {
        self.alarms.active()
    }

    /// Returns the day under way or ended last; `None` before the first.
    #[must_use]
    pub const fn session(&self) -> Option<&SessionRecord> {
        self.session.as_ref()
    }

    /// Returns a strategy's windows of the day; `None` before the first day.
    #[must_use]
    pub fn windows(&self, strategy: StrategyId) -> Option<&Windows> {
        self.clock.windows(strategy)
    }

    /// Lists the open trades in the order they were opened.
    #[must_use]
    pub fn open_trades(&self) -> &[Trade] {
        self.positions.open()
    }

    /// Returns the sums of the trades that were closed today.
    #[must_use]
    pub const fn day(&self) -> &DaySums {
        self.positions.day()
    }

    /// Returns today's result with open positions at their marks, after the fees paid so far.
    #[must_use]
    pub fn day_result(&self) -> Money {
        self.positions.day_result(|symbol| self.prices.mark(symbol))
    }

    /// Returns the amount that today may lose; zero before the first day.
    #[must_use]
    pub fn loss_limit(&self) -> Money {
        self.session.map_or(Money::ZERO, |session| daily_limit(&self.config.run, session.equity_open))
    }

    /// Returns the last known price of a symbol today; `None` before its first bar.
    #[must_use]
    pub fn mark(&self, symbol: SymbolId) -> Option<Price> {
        self.prices.mark(symbol)
    }

    /// Returns the positions and working entries that take slots.
    #[must_use]
    pub const fn slots_used(&self) -> usize {
        self.risk.slots_used()
    }

    /// Returns the working entries that take slots.
    #[must_use]
    pub fn working_entries(&self) -> usize {
        self.risk.working()
    }

    /// Returns the value of open and working positions at their entry prices.
    #[must_use]
    pub fn notional(&self) -> Money {
        self.risk.notional()
    }

    /// Lists today's signals by attempt.
    pub fn signals(&self) -> impl Iterator<Item = &Signal> {
        self.signals.values()
    }

    /// Lists today's orders by identifier.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter()
    }

    /// Returns an order of the day; `None` when there is none of that identifier.
    #[must_use]
    pub fn order(&self, id: &crate::order::ClientOrderId) -> Option<&Order> {
        self.orders.get(id)
    }

    /// Returns what new positions may still cost: the largest leverage, as far as the broker allows it, times the open's
    /// equity, less what is used.
    #[must_use]
    pub fn buying_power(&self) -> Money {
        let Some(session) = self.session else { return Money::ZERO };
        let ceiling = leveraged(self.allowed_leverage(), session.equity_open);
        (ceiling - self.notional()).or_zero_if_negative()
    }

    /// Returns a symbol's exit desk; `None` where there is neither position nor working entry.
    #[must_use]
    pub fn desk(&self, symbol: SymbolId) -> Option<&ExitDesk> {
        self.desks.get(&symbol)
    }

    /// Tells whether trades of a symbol can move the engine now: a strategy waits for one of its levels, or an entry
    /// rests at the broker, whose fill they announce.
    #[must_use]
    pub fn wants_trades(&self, symbol: SymbolId) -> bool {
        let waits = |(day, strategy): (&super::StrategyDay, &crate::config::StrategyConfig)| {
            // One without a range is settled by its next bar.
            strategy.entry == EntryKind::Stop && day.signals.watch(symbol) == Watch::Armed
        };
        let rests = |order: &Order| order.role == OrderRole::Entry && matches!(order.kind, OrderKind::Stop(_));
        self.config.execution == super::Execution::Live
            && (self.strategies.iter().zip(&self.config.run.strategies).any(waits)
                || self.orders.live(symbol).any(rests)
                || self.awaits_price(symbol))
    }

    /// Tells whether quotes of a symbol can move the engine now: they mark its position.
    #[must_use]
    pub fn wants_quotes(&self, symbol: SymbolId) -> bool {
        !self.positions.position(symbol).is_zero()
    }

    /// Returns the shares of a symbol that live stops protect; a leg that still waits for its entry protects nothing.
    #[must_use]
    pub fn protected(&self, symbol: SymbolId) -> Quantity {
        covered(&desk_view(&self.orders, &self.positions, symbol))
    }
}

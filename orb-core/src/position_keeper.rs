//! Positions and results, from fills alone.

use std::collections::BTreeMap;

use crate::config::StrategyId;
use crate::fact::{ExitReason, Trade};
use crate::money::{Money, Price, Quantity};
use crate::order::{AttemptId, Execution};
use crate::protection::Protection;
use crate::side::OrderSide;
use crate::symbol::SymbolId;
use crate::time::{Span, Timestamp};

/// Keeps the open trades and the day's sums.
#[derive(Clone, Debug, Default)]
pub struct PositionKeeper {
    open: Vec<Trade>,
    /// Today's closed trades, in the order of their ends.
    closed: Vec<Trade>,
    day: DaySums,
    /// Results of today's closed trades after fees, by strategy.
    realized: BTreeMap<StrategyId, Money>,
    /// Since when shares of an open trade are held that no stop protects.
    bare_since: BTreeMap<SymbolId, Timestamp>,
}

/// Sums up the trades that were closed today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DaySums {
    /// Results of closed trades after fees.
    pub realized_net: Money,
    /// Fees of closed trades.
    pub fees: Money,
    /// Number of closed trades.
    pub trades: u32,
    /// Of them, those with a result above zero after fees.
    pub wins: u32,
}

/// Carries a fill to the keeper.
#[derive(Clone, Copy, Debug)]
pub struct PositionFill<'a> {
    /// Which attempt.
    pub attempt: AttemptId,
    /// Buy or sell.
    pub side: OrderSide,
    /// Price, shares, fee, time.
    pub execution: &'a Execution,
    /// Why the position is left, if this fill leaves one.
    pub exit_reason: ExitReason,
}

/// Tells that a fill left more shares than were held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flip {
    /// Signed shares that the fill went beyond flat.
    pub excess: Quantity,
}

impl PositionKeeper {
    /// Forgets the day's sums; open trades stay.
    pub fn begin_day(&mut self) {
        self.day = DaySums::default();
        self.closed.clear();
        self.realized.clear();
    }

    /// Takes up a trade of before a restart.
    pub fn restore(&mut self, trade: Trade) {
        if trade.is_closed() { self.add_closed(&trade) } else { self.open.push(trade) }
    }

    /// Lists a symbol's trades of the day, closed ones first.
    pub fn trades_in(&self, symbol: SymbolId) -> impl Iterator<Item = &Trade> {
        self.closed.iter().chain(&self.open).filter(move |trade| trade.attempt.symbol == symbol)
    }

    /// Puts others in the place of a symbol's trades of the day, and their results into the day's sums.
    pub fn replace_trades(&mut self, symbol: SymbolId, trades: Vec<Trade>) {
        let is_of = |trade: &mut Trade| trade.attempt.symbol == symbol;
        for trade in self.closed.extract_if(.., is_of).collect::<Vec<_>>() {
            self.day.realized_net -= trade.net();
            *self.realized.entry(trade.attempt.strategy).or_default() -= trade.net();
            self.day.fees -= trade.fees;
            self.day.trades -= 1;
            self.day.wins -= u32::from(trade.net() > Money::ZERO);
        }
        self.open.retain(|trade| trade.attempt.symbol != symbol);
        trades.into_iter().for_each(|trade| self.restore(trade));
        if self.open_in(symbol).is_none() {
            self.bare_since.remove(&symbol);
        }
    }

    /// Lists the open trades in the order they were opened.
    #[must_use]
    pub fn open(&self) -> &[Trade] {
        &self.open
    }

    /// Returns the open trade of a symbol.
    #[must_use]
    pub fn open_in(&self, symbol: SymbolId) -> Option<&Trade> {
        self.open.iter().find(|trade| trade.attempt.symbol == symbol)
    }

    /// Returns the signed position in a symbol.
    #[must_use]
    pub fn position(&self, symbol: SymbolId) -> Quantity {
        self.open_in(symbol).map_or(Quantity::ZERO, Trade::position)
    }

    /// Returns the sums of the trades that were closed today.
    #[must_use]
    pub const fn day(&self) -> &DaySums {
        &self.day
    }

    /// Returns today's result with open positions valued at their marks, after the fees paid so far.
    pub fn day_result(&self, mark: impl Fn(SymbolId) -> Option<Price>) -> Money {
        let open: Money = self.open.iter().map(|trade| open_result(trade, mark(trade.attempt.symbol))).sum();
        self.day.realized_net + open
    }

    /// Returns one strategy's part of today's result, as [`Self::day_result`] has it.
    pub fn result_of(&self, strategy: StrategyId, mark: impl Fn(SymbolId) -> Option<Price>) -> Money {
        let own = self.open.iter().filter(|trade| trade.attempt.strategy == strategy);
        let open: Money = own.map(|trade| open_result(trade, mark(trade.attempt.symbol))).sum();
        self.realized.get(&strategy).copied().unwrap_or_default() + open
    }

    /// Notes whether stops protect the whole of a symbol's position from now on.
    ///
    /// Returns the trade when a time without protection has ended: its length is in it.
    pub fn note_protection(&mut self, now: Timestamp, symbol: SymbolId, is_protected: bool) -> Option<&Trade> {
        let index = self.open.iter().position(|trade| trade.attempt.symbol == symbol);
        let Some(index) = index.filter(|_| is_protected) else {
            if index.is_some() {
                self.bare_since.entry(symbol).or_insert(now);
            }
            return None;
        };
        let since = self.bare_since.remove(&symbol).filter(|since| *since < now)?;
        self.open[index].unprotected += now - since;
        Some(&self.open[index])
    }

    /// Adds the time that a symbol's position has been without protection so far, before a fill changes it.
    pub fn settle_protection(&mut self, now: Timestamp, symbol: SymbolId) {
        let Some(since) = self.bare_since.get_mut(&symbol) else { return };
        if let Some(trade) = self.open.iter_mut().find(|trade| trade.attempt.symbol == symbol) {
            trade.unprotected += now - *since;
        }
        *since = now;
    }

    /// Counts a fill and returns the trade after it, with what went beyond flat, if anything did.
    pub fn on_fill(&mut self, fill: &PositionFill<'_>, protection: &Protection) -> (Trade, Option<Flip>) {
        let index = self.open.iter().position(|trade| trade.attempt.symbol == fill.attempt.symbol);
        match index {
            None => {
                let trade = opened(fill, protection);
                self.open.push(trade.clone());
                (trade, None)
            }
            Some(index) if self.open[index].side == fill.side.opens() => {
                let trade = &mut self.open[index];
                enlarge(trade, fill.execution, protection);
                (trade.clone(), None)
            }
            Some(index) => self.leave(index, fill, protection),
        }
    }

    fn leave(&mut self, index: usize, fill: &PositionFill<'_>, protection: &Protection) -> (Trade, Option<Flip>) {
        let trade = &mut self.open[index];
        let execution = fill.execution;
        let held = trade.entered - trade.exited;
        let left = execution.quantity.min(held);
        trade.exited += left;
        trade.exit_notional += left.at(execution.price);
        trade.exit_time = Some(execution.at);
        trade.fees += execution.fee;
        trade.exit_reason = Some(fill.exit_reason);
        let result = trade.clone();
        if trade.is_closed() {
            self.open.remove(index);
            self.bare_since.remove(&result.attempt.symbol);
            self.add_closed(&result);
        }
        let beyond = execution.quantity - left;
        if beyond.is_zero() {
            return (result, None);
        }
        let rest = Execution { quantity: beyond, fee: Money::ZERO, ..execution.clone() };
        let attempt = fill.attempt.beyond_flat();
        let excess = PositionFill { attempt, execution: &rest, ..*fill };
        self.open.push(opened(&excess, protection));
        (result, Some(Flip { excess: Quantity::new(fill.side.sign() * beyond.shares()) }))
    }

    fn add_closed(&mut self, trade: &Trade) {
        self.day.realized_net += trade.net();
        *self.realized.entry(trade.attempt.strategy).or_default() += trade.net();
        self.day.fees += trade.fees;
        self.day.trades += 1;
        self.day.wins += u32::from(trade.net() > Money::ZERO);
        self.closed.push(trade.clone());
    }
}

fn open_result(trade: &Trade, mark: Option<Price>) -> Money {
    trade.gross_at(mark.unwrap_or_else(|| trade.entry_price())) - trade.fees
}

fn opened(fill: &PositionFill<'_>, protection: &Protection) -> Trade {
    let execution = fill.execution;
    let prices = protection.resolve(execution.price);
    Trade {
        attempt: fill.attempt,
        side: fill.side.opens(),
        entered: execution.quantity,
        exited: Quantity::ZERO,
        entry_time: execution.at,
        exit_time: None,
        entry_notional: execution.quantity.at(execution.price),
        exit_notional: Money::ZERO,
        fees: execution.fee,
        stop: prices.stop,
        target: prices.target,
        exit_reason: None,
        unprotected: Span::ZERO,
    }
}

fn enlarge(trade: &mut Trade, execution: &Execution, protection: &Protection) {
    trade.entered += execution.quantity;
    trade.entry_notional += execution.quantity.at(execution.price);
    trade.fees += execution.fee;
    if protection.side == trade.side {
        let prices = protection.resolve(trade.entry_price());
        (trade.stop, trade.target) = (prices.stop, prices.target);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::StrategyId;
    use crate::protection::StopRule;
    use crate::side::Side;
    use crate::time::Date;

    fn attempt() -> AttemptId {
        let date = Date::from_ymd_opt(2026, 2, 13).expect("a date");
        AttemptId { date, strategy: StrategyId(0), symbol: SymbolId(0), attempt: 1 }
    }

    fn protection() -> Protection {
        Protection { side: Side::Long, stop: StopRule::At(Price::from_cents(1)), target: None }
    }

    fn execution(price: i64, shares: i64) -> Execution {
        Execution {
            id: String::new(),
            price: Price::from_micros(price),
            quantity: Quantity::new(shares),
            fee: Money::from_micros(3_500 * shares),
            at: Timestamp::from_micros(0),
            at_data_end: false,
        }
    }

    proptest! {
        /// Position equals the sum of fills, and cash plus the position's value equals the result, to the micro-dollar.
        #[test]
        fn position_and_cash_balance(fills in prop::collection::vec((any::<bool>(), 1_i64..500, 1_i64..900_000_000), 1..40)) {
            let mut keeper = PositionKeeper::default();
            let (mut position, mut cash) = (0_i64, 0_i64);
            for (buy, shares, price) in fills {
                let side = if buy { OrderSide::Buy } else { OrderSide::Sell };
                let execution = execution(price, shares);
                let fill = PositionFill { attempt: attempt(), side, execution: &execution, exit_reason: ExitReason::Stop };
                keeper.on_fill(&fill, &protection());
                position += side.sign() * shares;
                cash -= side.sign() * shares * price + 3_500 * shares;
                prop_assert_eq!(keeper.position(SymbolId(0)).shares(), position);
                let mark = Price::from_micros(price);
                prop_assert_eq!(keeper.day_result(|_| Some(mark)).micros(), cash + position * price);
            }
        }
    }
}

//! What a fill does: to the account, to the order, and to its group.

use orb_core::side::OrderSide;
use orb_core::{Money, Price};
use serde_json::{Map, Value};

use super::account::Execution;
use super::engine::Broker;
use super::hours::new_york_date;
use super::lifecycle::Event;
use super::order::{Amount, OrderKey, OrderStatus, Role};
use super::shares::Shares;
use super::timers::Due;

impl Broker {
    /// Fills shares of an order at a price.
    pub(super) fn execute(&mut self, key: OrderKey, shares: Shares, price: Price) {
        debug_assert!(shares.signum() > 0, "a fill has shares");
        self.count_fill(key, shares, price);
        let order = &self.book[key];
        let (symbol, side) = (order.symbol, order.side);
        let signed = if side == OrderSide::Buy { shares } else { -shares };
        let short = side == OrderSide::Sell && self.account.shares(symbol).signum() <= 0;
        self.account.trade(symbol, signed, price, new_york_date(self.now));
        let execution = self.record(key, shares, price, short);
        let filled = self.book[key].status == OrderStatus::Filled;
        let event = if filled { Event::Fill } else { Event::PartialFill };
        if filled {
            self.book.retire(key);
        }
        self.publish(event, key, self.fill_fields(&execution));
        if self.is_first_execution(&execution) {
            let (index, faults) = (self.account.executions.len() - 1, &self.book[key].faults);
            let (busted, corrected) = (faults.busted, faults.corrected);
            busted.into_iter().for_each(|after| self.plan_after(after, Due::Bust(index)));
            corrected.into_iter().for_each(|told| self.plan_after(told.after, Due::Correct(index, told.by)));
        }
        self.after_fill(key);
    }

    fn count_fill(&mut self, key: OrderKey, shares: Shares, price: Price) {
        let now = self.now;
        let order = &mut self.book[key];
        let complete = shares >= order.remaining(price);
        order.filled += shares;
        order.filled_value += shares.at(price);
        order.times.updated = now;
        if complete {
            order.status = OrderStatus::Filled;
            order.times.filled = Some(now);
        } else if matches!(order.status, OrderStatus::PendingCancel | OrderStatus::PendingReplace) {
            order.matching.before_pending = Some(OrderStatus::PartiallyFilled);
        } else {
            order.status = OrderStatus::PartiallyFilled;
        }
    }

    fn record(&mut self, key: OrderKey, shares: Shares, price: Price, short: bool) -> Execution {
        let id = self.ids.next();
        let fee = shares.at(Price::from_micros(self.config.fee_per_share.micros()));
        self.account.accrued_fees += fee;
        let order = &self.book[key];
        let filled = order.status == OrderStatus::Filled;
        // Of an amount of money, less than the smallest fraction may be left.
        let leaves = if filled { Shares::ZERO } else { order.remaining(price).max(Shares::ZERO) };
        let execution = Execution {
            id,
            order: key,
            order_id: order.id,
            symbol: order.symbol,
            side: order.side,
            short,
            shares,
            price,
            at: self.now,
            cumulative: order.filled,
            leaves,
            status: order.status,
            fee,
            busted: None,
        };
        self.account.executions.push(execution.clone());
        execution
    }

    fn fill_fields(&self, execution: &Execution) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("execution_id".into(), execution.id.to_string().into());
        fields.insert("price".into(), execution.price.to_string().into());
        fields.insert("qty".into(), execution.shares.to_string().into());
        fields.insert("position_qty".into(), self.account.shares(execution.symbol).to_string().into());
        fields
    }

    fn is_first_execution(&self, execution: &Execution) -> bool {
        self.account.executions.iter().find(|one| one.order == execution.order).map(|one| one.id) == Some(execution.id)
    }

    /// Lets the legs of a filled entry work; cancels, shrinks or fills the other exit of a pair.
    fn after_fill(&mut self, key: OrderKey) {
        let order = &self.book[key];
        let filled = order.status == OrderStatus::Filled;
        if order.role == Role::Entry && filled {
            return self.activate_legs(key);
        }
        let Some(sibling) = self.book.sibling(key) else { return };
        if self.book[sibling].status.is_terminal() {
            return;
        }
        if !filled {
            self.shrink(sibling, key);
        } else if !self.both_fill(key) || !self.force_fill(sibling) {
            self.end_sibling(sibling);
        }
    }

    /// Ends the other exit of a pair, and leaves the one that fills alone.
    pub(super) fn end_sibling(&mut self, sibling: OrderKey) {
        if self.book[sibling].is_open() {
            self.end_alone(sibling, OrderStatus::Canceled);
        }
    }

    /// Tells whether a fault lets both exits of a pair fill.
    pub(super) fn both_fill(&self, key: OrderKey) -> bool {
        let order = &self.book[key];
        let others = [Some(key), order.parent, self.book.sibling(key)];
        others.into_iter().flatten().any(|other| self.book[other].faults.both_legs_fill)
    }

    /// Leaves an exit only as many shares as the other one, which is filled in part, still has to close.
    fn shrink(&mut self, exit: OrderKey, filled_in_part: OrderKey) {
        let other = &self.book[filled_in_part];
        let Some(left) = other.shares().map(|all| all - other.filled) else { return };
        let filled = self.book[exit].filled;
        self.book[exit].amount = Amount::Shares(filled + left);
        self.touch(exit);
    }

    /// Fills what is left of an order whatever the market, if any price is known.
    pub(super) fn force_fill(&mut self, key: OrderKey) -> bool {
        let Some(price) = self.forced_price(key).filter(|_| self.book[key].is_open()) else { return false };
        let remaining = self.book[key].remaining(price);
        if remaining.signum() <= 0 {
            return false;
        }
        self.execute(key, remaining, price);
        true
    }

    /// Undoes an execution: shares and money go back, and the order has them no more.
    pub(super) fn bust(&mut self, index: usize) {
        let now = self.now;
        let execution = &mut self.account.executions[index];
        if execution.busted.is_some() {
            return;
        }
        execution.busted = Some(now);
        let execution = execution.clone();
        self.account.accrued_fees -= execution.fee;
        self.account.trade(execution.symbol, -execution.signed(), execution.price, new_york_date(now));
        let order = &mut self.book[execution.order];
        order.filled -= execution.shares;
        order.filled_value -= execution.shares.at(execution.price);
        if order.filled.is_zero() {
            order.filled_value = Money::ZERO;
        }
        self.touch(execution.order);
        self.publish(Event::TradeBust, execution.order, self.fill_fields(&execution));
    }

    /// Corrects the price of an execution, which gets another identifier; the account pays or gets the difference.
    pub(super) fn correct(&mut self, index: usize, by: Money) {
        let before = self.account.executions[index].clone();
        let price = Price::from_micros(before.price.micros() + by.micros());
        if before.busted.is_some() || price <= Price::ZERO {
            return;
        }
        let date = new_york_date(self.now);
        self.account.trade(before.symbol, -before.signed(), before.price, date);
        self.account.trade(before.symbol, before.signed(), price, date);
        let order = &mut self.book[before.order];
        order.filled_value += before.shares.at(price) - before.shares.at(before.price);
        let after = Execution { id: self.ids.next(), price, ..before.clone() };
        self.account.executions[index] = after.clone();
        self.touch(after.order);
        let mut fields = self.fill_fields(&after);
        fields.insert("previous_execution_id".into(), before.id.to_string().into());
        self.publish(Event::TradeCorrect, after.order, fields);
    }
}

//! When an order fills, and at what price.
//!
//! An order that can trade when it meets the market fills at the other side's quote. An order that rests at its limit
//! fills at its limit once a quote or a trade reaches it: it was there first. Stops are elected by trades inside the
//! quote, and then meet the market.

use orb_core::side::{OrderSide, round_half_up};
use orb_core::{Price, SymbolId};
use rust_decimal::Decimal;

use super::engine::Broker;
use super::lifecycle::Event;
use super::market::is_price;
use super::order::{Order, OrderKey, OrderStatus, OrderType, TimeInForce, Trail};
use super::shares::Shares;
use super::timers::Due;

impl Broker {
    pub(super) fn on_trade(&mut self, symbol: SymbolId, price: Price) {
        if symbol.index() >= self.markets.len() || !is_price(price) {
            return;
        }
        let (now, since) = (self.now, self.hours.prices_since(self.now));
        let market = &mut self.markets[symbol.index()];
        let inside = market.is_inside(price, since) && !market.halted;
        market.set_trade(now, price);
        self.note_fall(symbol, price);
        let keys = self.book.awake(symbol);
        let elects = inside && !keys.is_empty() && self.hours.is_trading(now, false);
        for key in keys {
            if elects {
                self.trail(key, price);
                self.elect(key, price);
            }
            self.match_order(key, Some(price));
        }
    }

    pub(super) fn on_quote(&mut self, symbol: SymbolId, bid: Price, ask: Price) {
        if symbol.index() >= self.markets.len() {
            return;
        }
        self.markets[symbol.index()].set_quote(self.now, bid, ask);
        for key in self.book.awake(symbol) {
            self.match_order(key, None);
        }
    }

    pub(super) fn set_halted(&mut self, symbol: SymbolId, halted: bool) {
        if symbol.index() >= self.markets.len() {
            return;
        }
        self.markets[symbol.index()].set_halted(self.now, halted);
        for key in self.book.awake(symbol) {
            // After a halt everything meets the market anew, as in the reopening auction.
            self.book[key].matching.resting = false;
            self.match_order(key, None);
        }
    }

    /// Moves a trailing stop along with a better price.
    pub(super) fn trail(&mut self, key: OrderKey, price: Price) {
        let order = &mut self.book[key];
        let Some(trail) = order.prices.trail else { return };
        let better = order.high_water.is_none_or(|best| match order.side {
            OrderSide::Sell => price > best,
            OrderSide::Buy => price < best,
        });
        if better && !order.matching.elected && order.is_open() {
            order.high_water = Some(price);
            order.prices.stop = Some(trailed(order.side, price, trail));
            self.touch(key);
        }
    }

    /// Elects a stop whose price a trade has reached. A held stop becomes new, and its target ends.
    fn elect(&mut self, key: OrderKey, trade: Price) {
        let order = &self.book[key];
        let reached = order.prices.stop.is_some_and(|stop| match order.side {
            OrderSide::Sell => trade <= stop,
            OrderSide::Buy => trade >= stop,
        });
        if !order.is_stop() || !reached || order.matching.elected || !self.is_live(order) {
            return;
        }
        let held = order.status == OrderStatus::Held;
        self.book[key].matching.elected = true;
        self.touch(key);
        if held {
            self.set_status(key, OrderStatus::New);
            self.publish_plain(Event::New, key);
        }
        if let Some(target) = self.book.sibling(key)
            && !self.both_fill(key)
        {
            self.end_sibling(target);
        }
    }

    fn is_live(&self, order: &Order) -> bool {
        let stuck = order.matching.stuck_until.is_some_and(|until| self.now < until);
        order.matching.awake && order.is_open() && !stuck
    }

    /// Fills an order, or its next piece, if it can trade now. `print` is the trade that has just happened, if one has.
    pub(super) fn match_order(&mut self, key: OrderKey, print: Option<Price>) {
        let order = &self.book[key];
        let waiting = order.matching.next_piece.is_some_and(|at| self.now < at);
        if !self.is_live(order) || waiting || order.time_in_force == TimeInForce::Cls {
            return;
        }
        let halted = self.markets[order.symbol.index()].halted;
        if halted || !self.hours.is_trading(self.now, order.extended_hours) {
            return;
        }
        if order.is_stop() && !order.matching.elected {
            return;
        }
        // What was seen before the open, or before a halt, is no market: the order waits for the first tick.
        let market = &self.markets[order.symbol.index()];
        let Some(far) = market.far_since(order.side, self.hours.prices_since(self.now)) else { return };
        match fill_price(order, far, print) {
            Some(price) if !self.may_fill_at(key, price) => self.rest(key),
            Some(price) if self.is_fill_due(key) => self.fill_next(key, price),
            Some(_) => {}
            None => self.rest(key),
        }
    }

    /// Tells whether an order that can trade has waited as long as a fill takes; plans it otherwise.
    fn is_fill_due(&mut self, key: OrderKey) -> bool {
        let (now, delay) = (self.now, self.config.fill_after);
        let matching = &mut self.book[key].matching;
        if matching.resting || delay.micros() <= 0 {
            return true;
        }
        if let Some(at) = matching.fill_at {
            return at <= now;
        }
        matching.fill_at = Some(now + delay);
        self.plan_after(delay, Due::Match(key));
        false
    }

    /// Leaves an order in the book that cannot trade now; ends it where it may not wait.
    fn rest(&mut self, key: OrderKey) {
        let order = &mut self.book[key];
        order.matching.resting = order.worst_price().is_some();
        if matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok | TimeInForce::Opg) {
            self.end_order(key, OrderStatus::Canceled);
        }
    }

    fn fill_next(&mut self, key: OrderKey, price: Price) {
        let order = &self.book[key];
        let remaining = order.remaining(price);
        if remaining.signum() <= 0 {
            return self.end_order(key, OrderStatus::Canceled);
        }
        let Some(pieces) = order.faults.pieces else { return self.fill_and_end(key, remaining, price) };
        if order.time_in_force == TimeInForce::Fok {
            return self.end_order(key, OrderStatus::Canceled);
        }
        let done = order.matching.pieces;
        if pieces.stops_after.is_some_and(|most| done >= most) {
            return;
        }
        let last = done + 1 >= pieces.count;
        let total = order.shares().unwrap_or(remaining);
        let piece = if last { remaining } else { total.part(pieces.count).min(remaining) };
        let matching = &mut self.book[key].matching;
        matching.pieces += 1;
        matching.next_piece = Some(self.now + pieces.every);
        self.fill_and_end(key, piece, price);
        if self.book[key].is_open() {
            self.plan_after(pieces.every, Due::Match(key));
        }
    }

    /// Fills shares, and cancels the rest of an order that does not wait for more.
    fn fill_and_end(&mut self, key: OrderKey, shares: Shares, price: Price) {
        self.execute(key, shares, price);
        let order = &self.book[key];
        if order.is_open() && matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Opg) {
            self.end_order(key, OrderStatus::Canceled);
        }
    }

    /// Fills an order of the closing auction at the last trade if its limit allows, and ends it otherwise.
    pub(super) fn match_closing_auction(&mut self, key: OrderKey) {
        let order = &self.book[key];
        if order.status.is_terminal() {
            return;
        }
        let market = &self.markets[order.symbol.index()];
        let price = market.trade_since(self.hours.prices_since(self.now)).filter(|&trade| {
            order.worst_price().is_none_or(|limit| match order.side {
                OrderSide::Buy => trade <= limit,
                OrderSide::Sell => trade >= limit,
            })
        });
        match price {
            Some(price) if self.is_live(order) && !market.halted => {
                let remaining = order.remaining(price);
                self.execute(key, remaining, price);
            }
            Some(_) | None => self.end_order(key, OrderStatus::Canceled),
        }
    }

    /// Returns the price at which a fault fills an order whatever the market: its limit or stop, else the market.
    pub(super) fn forced_price(&self, key: OrderKey) -> Option<Price> {
        let order = &self.book[key];
        let own = match order.order_type {
            OrderType::Limit | OrderType::StopLimit => order.prices.limit,
            OrderType::Stop | OrderType::TrailingStop => order.prices.stop,
            OrderType::Market => None,
        };
        own.or_else(|| self.markets[order.symbol.index()].far(order.side))
    }
}

/// Returns the price at which an order trades with the other side's price; `None` when it does not. `print` is the
/// trade that has just happened, if one has.
fn fill_price(order: &Order, far: Price, print: Option<Price>) -> Option<Price> {
    let Some(limit) = order.worst_price() else { return Some(far) };
    let within = |price: Price| match order.side {
        OrderSide::Buy => price <= limit,
        OrderSide::Sell => price >= limit,
    };
    if order.matching.resting {
        return (within(far) || print.is_some_and(within)).then_some(limit);
    }
    within(far).then_some(far)
}

/// Returns the stop of an order that trails a best price.
pub(super) fn trailed(side: OrderSide, best: Price, trail: Trail) -> Price {
    let distance = match trail {
        Trail::Price(distance) => distance.micros(),
        Trail::Percent(percent) => {
            let part = best.to_decimal().checked_mul(percent).map(|value| value / Decimal::ONE_HUNDRED);
            part.and_then(|value| Price::from_decimal(value).ok()).unwrap_or_default().micros()
        }
    };
    // A sale trails below the market, a purchase above it.
    let stop = best.micros().saturating_add(distance.saturating_mul(side.sign()));
    round_half_up(Price::from_micros(stop.clamp(100, i64::MAX / 2)))
}

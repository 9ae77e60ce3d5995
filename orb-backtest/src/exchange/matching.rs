//! How orders fill inside a bar.

use orb_core::event::BrokerFill;
use orb_core::order::{
    Execution, OrderEvent, OrderKind, OrderRole, OrderStatus, OrderUpdate, Rejection, RejectionKind,
};
use orb_core::protection::StopRule;
use orb_core::{Bar, Price, Side, Timestamp};

use super::{Exchange, FillModel};

/// Describes a fill that is about to be made.
struct Fill {
    price: Price,
    at: Timestamp,
    at_data_end: bool,
    /// Stop and market fills pay slippage, targets do not.
    slips: bool,
}

impl Exchange {
    /// Matches the bars of one instant: first the exits of every symbol, then the entries.
    pub fn on_bars(&mut self, bars: &[Bar], updates: &mut Vec<OrderUpdate>) {
        for bar in bars {
            self.last_bars[bar.symbol.index()] = *bar;
        }
        if self.live_orders > 0 {
            self.match_orders(bars, updates);
        }
    }

    fn match_orders(&mut self, bars: &[Bar], updates: &mut Vec<OrderUpdate>) {
        for bar in bars {
            if !self.live[bar.symbol.index()].is_empty() {
                self.match_exits(bar, updates);
            }
        }
        if self.live_entries == 0 {
            return;
        }
        let mut entries: Vec<(usize, Bar)> = Vec::new();
        for bar in bars {
            let live = self.live[bar.symbol.index()].iter();
            entries
                .extend(live.filter(|&&index| self.orders[index].role == OrderRole::Entry).map(|&index| (index, *bar)));
        }
        entries.sort_unstable_by_key(|&(index, _)| index);
        for (index, bar) in entries {
            self.match_entry(index, &bar, updates);
        }
    }

    /// Matches an entry within the latest bar of its symbol, if it may fill in it.
    pub(super) fn match_known_bar(&mut self, index: usize, updates: &mut Vec<OrderUpdate>) {
        let symbol = self.orders[index].symbol.index();
        if let Some(bar) = self.last_bar(symbol).copied() {
            self.match_entry(index, &bar, updates);
        }
    }

    fn match_exits(&mut self, bar: &Bar, updates: &mut Vec<OrderUpdate>) {
        let (mut close, mut stop, mut target) = (None, None, None);
        for &index in &self.live[bar.symbol.index()] {
            let order = &self.orders[index];
            let place = match order.role {
                OrderRole::Entry => continue,
                OrderRole::Close => &mut close,
                OrderRole::Stop => &mut stop,
                OrderRole::Target => &mut target,
            };
            if place.is_none() && order.is_active() && bar.start >= order.first_bar && self.parent_is_filled(index) {
                *place = Some(index);
            }
        }
        if let Some(close) = close {
            let fill = Fill { price: bar.open, at: bar.start, at_data_end: false, slips: true };
            return self.fill(close, &fill, updates);
        }
        if let Some(stop) = stop
            && let Some(price) = self.stop_price(stop, bar)
        {
            let fill = Fill { price, at: bar.start, at_data_end: false, slips: true };
            return self.fill(stop, &fill, updates);
        }
        if let Some(target) = target
            && let Some(price) = self.target_price(target, bar)
        {
            let fill = Fill { price, at: bar.start, at_data_end: false, slips: false };
            self.fill(target, &fill, updates);
        }
    }

    fn parent_is_filled(&self, index: usize) -> bool {
        let parent = self.orders[index].parent.map(|parent| &self.orders[parent]);
        parent.is_none_or(|parent| parent.role != OrderRole::Entry || parent.status == OrderStatus::Filled)
    }

    /// Returns the price at which a stop fills in a bar: the worse of stop and open; `None` when it is not touched.
    fn stop_price(&self, index: usize, bar: &Bar) -> Option<Price> {
        let order = &self.orders[index];
        let level = order.kind.price()?;
        match order.side.opens().opposite() {
            Side::Long => (bar.low <= level).then(|| level.min(bar.open)),
            Side::Short => (bar.high >= level).then(|| level.max(bar.open)),
        }
    }

    /// Returns the price at which a target fills in a bar: the better of target and open; `None` when not touched.
    fn target_price(&self, index: usize, bar: &Bar) -> Option<Price> {
        let order = &self.orders[index];
        let level = order.kind.price()?;
        match order.side.opens().opposite() {
            Side::Long => (bar.high >= level).then(|| level.max(bar.open)),
            Side::Short => (bar.low <= level).then(|| level.min(bar.open)),
        }
    }

    fn match_entry(&mut self, index: usize, bar: &Bar, updates: &mut Vec<OrderUpdate>) {
        let order = &self.orders[index];
        if order.status != OrderStatus::Working || bar.start < order.first_bar {
            return;
        }
        let side = order.side.opens();
        let (price, at_open) = match (order.kind, side) {
            (OrderKind::Market, _) => {
                if self.opens_beyond_stop(index, bar) {
                    return self.refuse_beyond_stop(index, bar, updates);
                }
                (bar.open, true)
            }
            (OrderKind::Stop(level), Side::Long) if bar.high >= level => (level.max(bar.open), bar.open >= level),
            (OrderKind::Stop(level), Side::Short) if bar.low <= level => (level.min(bar.open), bar.open <= level),
            (OrderKind::Stop(_) | OrderKind::Limit(_), _) => return,
        };
        let fill = Fill { price, at: bar.start, at_data_end: false, slips: true };
        self.fill(index, &fill, updates);
        self.match_entry_bar(index, bar, at_open, updates);
    }

    fn opens_beyond_stop(&self, index: usize, bar: &Bar) -> bool {
        let attached = self.orders[index].attached;
        attached.is_some_and(|protection| match protection.stop {
            StopRule::At(stop) => protection.side.reaches_stop(bar.open, stop),
            StopRule::FromFill(_) | StopRule::Percent(_) => false,
        })
    }

    fn refuse_beyond_stop(&mut self, index: usize, bar: &Bar, updates: &mut Vec<OrderUpdate>) {
        let rejection = Rejection {
            code: 42_210_000,
            message: format!("the market opened at {}, at or beyond the attached stop", bar.open),
            related_orders: Vec::new(),
            available: None,
            kind: RejectionKind::EntryBeyondStop,
        };
        self.set_status(index, OrderStatus::Rejected);
        self.push_refusal(bar.start, index, rejection, updates);
        self.cancel_family(bar.start, index, updates);
    }

    /// Examines an entry's own bar for its exits; the bar's open precedes the entry, so both fill at their levels.
    fn match_entry_bar(&mut self, entry: usize, bar: &Bar, at_open: bool, updates: &mut Vec<OrderUpdate>) {
        let leg = |role| self.orders[entry].legs.iter().copied().find(|&leg| self.orders[leg].role == role);
        let (stop, target) = (leg(OrderRole::Stop), leg(OrderRole::Target));
        let side = self.orders[entry].side.opens();
        if let Some((stop, level)) = stop.and_then(|stop| Some((stop, self.orders[stop].kind.price()?))) {
            let extreme = if side == Side::Long { bar.low } else { bar.high };
            let touched = side.reaches_stop(extreme, level);
            let certain = at_open || side.reaches_stop(bar.close, level);
            if touched && (certain || self.config.fill_model == FillModel::Pessimistic) {
                let fill = Fill { price: level, at: bar.start, at_data_end: false, slips: true };
                return self.fill(stop, &fill, updates);
            }
        }
        if let Some(target) = target
            && let Some(price) = self.target_price(target, bar)
        {
            let level = self.orders[target].kind.price().unwrap_or(price);
            let fill = Fill { price: level, at: bar.start, at_data_end: false, slips: false };
            self.fill(target, &fill, updates);
        }
    }

    pub(super) fn fill_at_data_end(&mut self, now: Timestamp, index: usize, updates: &mut Vec<OrderUpdate>) {
        let symbol = self.orders[index].symbol.index();
        let Some(bar) = self.last_bar(symbol).copied() else { return };
        debug_assert!(bar.start <= now, "the last bar lies before the end of the session");
        let fill = Fill { price: bar.close, at: bar.start, at_data_end: true, slips: true };
        self.fill(index, &fill, updates);
    }

    /// Fills an order completely, moves cash and position, and wakes or ends its family.
    fn fill(&mut self, index: usize, fill: &Fill, updates: &mut Vec<OrderUpdate>) {
        let costs = self.config.costs[self.orders[index].strategy.index()];
        let order = &mut self.orders[index];
        let slip = if fill.slips { order.side.sign() * costs.slippage.micros() } else { 0 };
        let price = fill.price.offset(slip);
        let quantity = order.quantity;
        order.filled = quantity;
        let (symbol, side) = (order.symbol.index(), order.side);
        let fee = quantity.at(costs.fee_per_share);
        self.positions[symbol] += orb_core::Quantity::new(side.sign() * quantity.shares());
        let value = quantity.at(price);
        self.cash = if side.sign() > 0 { self.cash - value } else { self.cash + value } - fee;
        self.set_status(index, OrderStatus::Filled);
        self.resolve_legs(index, price);
        self.next_execution += 1;
        let id = format!("sim-x{}", self.next_execution);
        let execution = Execution { id, price, quantity, fee, at: fill.at, at_data_end: fill.at_data_end };
        let order = self.report(index);
        self.fills.push(BrokerFill { order: order.clone(), execution: execution.clone() });
        let update =
            OrderUpdate { event: OrderEvent::Fill, order, execution: Some(execution), rejection: None, at: fill.at };
        updates.push(update);
        self.after_fill(index, fill.at, updates);
    }

    /// Gives an entry's legs their prices from the executed price.
    fn resolve_legs(&mut self, index: usize, executed: Price) {
        let Some(protection) = self.orders[index].attached else { return };
        let prices = protection.resolve(executed);
        for leg in self.orders[index].legs.clone() {
            let order = &mut self.orders[leg];
            match (order.role, prices.target) {
                (OrderRole::Target, Some(target)) => order.kind = OrderKind::Limit(target),
                _ => order.kind = OrderKind::Stop(prices.stop),
            }
        }
    }

    fn after_fill(&mut self, index: usize, at: Timestamp, updates: &mut Vec<OrderUpdate>) {
        if self.orders[index].role == OrderRole::Entry {
            let legs = self.orders[index].legs.clone();
            let paired = legs.len() > 1;
            for leg in legs {
                let held = paired && self.orders[leg].role == OrderRole::Stop;
                let (status, event) =
                    if held { (OrderStatus::Held, OrderEvent::Held) } else { (OrderStatus::Working, OrderEvent::New) };
                self.set_status(leg, status);
                self.push(at, event, leg, updates);
            }
        } else {
            self.cancel_family(at, index, updates);
        }
    }
}

//! New orders: from a form to orders that wait for the exchange.

use orb_core::side::OrderSide;
use orb_core::{Money, SymbolId, Timestamp};
use rand_chacha::rand_core::Rng as _;

use super::engine::Broker;
use super::form::OrderForm;
use super::lifecycle::Event;
use super::order::{
    Matching, Order, OrderClass, OrderKey, OrderStatus, OrderTimes, OrderType, PositionIntent, Prices, Role,
    TimeInForce,
};
use super::refusal::Refusal;
use super::replace::GTC_LIFE;
use super::shares::Shares;
use super::timers::Due;
use crate::order_faults::{OrderFaults, OrderGlimpse, Pieces};

impl Broker {
    /// Checks and takes an order; returns the number of the order itself, whose legs follow it.
    pub(super) fn submit(&mut self, form: &OrderForm) -> Result<OrderKey, Refusal> {
        // The identifier comes first: whoever repeats an order learns that it is there, whatever else would refuse it.
        let client_order_id = self.take_client_order_id(form.client_order_id.clone())?;
        let (symbol, intent) = self.check_order(form)?;
        let key = self.add_main(form, symbol, intent, client_order_id);
        self.add_legs(form, key);
        self.send(key);
        Ok(key)
    }

    /// Returns a client's identifier that was never used before, or makes one.
    pub(super) fn take_client_order_id(&mut self, given: Option<String>) -> Result<String, Refusal> {
        match given {
            Some(id) if self.book.find_client_id(&id).is_some() => Err(Refusal::ClientOrderIdTaken),
            Some(id) => Ok(id),
            None => Ok(self.ids.next().to_string()),
        }
    }

    fn add_main(
        &mut self,
        form: &OrderForm,
        symbol: SymbolId,
        intent: PositionIntent,
        client_order_id: String,
    ) -> OrderKey {
        let role = match form.class {
            OrderClass::Simple => Role::Single,
            OrderClass::Bracket | OrderClass::Oto => Role::Entry,
            OrderClass::Oco => Role::Target,
        };
        let order = Order {
            key: self.book.next_key(),
            id: self.ids.next(),
            client_order_id,
            symbol,
            class: form.class,
            role,
            order_type: form.order_type,
            side: form.side,
            time_in_force: form.time_in_force,
            prices: form.prices,
            amount: form.amount,
            intent,
            extended_hours: form.extended_hours,
            status: self.first_status(form.extended_hours),
            filled: Shares::ZERO,
            filled_value: Money::ZERO,
            high_water: None,
            times: self.first_times(form.time_in_force, form.extended_hours),
            replaced_by: None,
            replaces: None,
            parent: None,
            legs: Vec::new(),
            faults: OrderFaults::default(),
            matching: Matching::default(),
        };
        self.add_with_faults(order)
    }

    fn first_status(&self, extended_hours: bool) -> OrderStatus {
        if self.hours.is_trading(self.now, extended_hours) { OrderStatus::PendingNew } else { OrderStatus::Accepted }
    }

    fn first_times(&self, time_in_force: TimeInForce, extended_hours: bool) -> OrderTimes {
        let mut times = OrderTimes::made_at(self.now);
        times.expires = self.expiry(time_in_force, extended_hours);
        times
    }

    /// Returns when an order that is sent now ends; `None` beyond the calendar.
    pub(super) fn expiry(&self, time_in_force: TimeInForce, extended_hours: bool) -> Option<Timestamp> {
        match time_in_force {
            TimeInForce::Gtc => Some(self.now + GTC_LIFE),
            TimeInForce::Day | TimeInForce::Opg | TimeInForce::Cls | TimeInForce::Ioc | TimeInForce::Fok => {
                self.hours.day_end(self.now, extended_hours)
            }
        }
    }

    fn add_with_faults(&mut self, mut order: Order) -> OrderKey {
        let key = order.key;
        order.faults = self.faults_of(&order);
        if let Some(by) = order.faults.displaced {
            order.prices = order.prices.displaced(by);
        }
        self.book.add(order);
        self.plan_expiry(key);
        key
    }

    /// Asks what is to go wrong with an order, and adds random pieces where the configuration has them.
    pub(super) fn faults_of(&mut self, order: &Order) -> OrderFaults {
        let glimpse = OrderGlimpse {
            client_order_id: &order.client_order_id,
            symbol: self.symbols.name(order.symbol).as_str(),
            buy: order.side == OrderSide::Buy,
            quantity: order.shares().unwrap_or_default().quantity(),
            order_class: order.class.as_str(),
            order_type: order.order_type.as_str(),
        };
        let mut faults = self.faults.faults_of(self.now, glimpse);
        if let Some(partial) = self.config.partial_fills {
            let (chance, count) = (self.random.next_u32() % 100, self.random.next_u32());
            if chance < u32::from(partial.percent) && faults.pieces.is_none() {
                let count = 2 + count % partial.pieces_max.saturating_sub(1).max(1);
                faults.pieces = Some(Pieces { count, every: partial.every, stops_after: None });
            }
        }
        faults
    }

    fn add_legs(&mut self, form: &OrderForm, parent: OrderKey) {
        let target = form.take_profit.filter(|_| form.class != OrderClass::Oco).map(|limit| {
            let prices = Prices { limit: Some(limit), ..Prices::default() };
            (Role::Target, OrderType::Limit, prices)
        });
        let stop = form.stop_loss.map(|leg| {
            let order_type = if leg.limit.is_some() { OrderType::StopLimit } else { OrderType::Stop };
            (Role::Stop, order_type, Prices { limit: leg.limit, stop: Some(leg.stop), trail: None })
        });
        for (role, order_type, prices) in target.into_iter().chain(stop) {
            let leg = self.add_leg(parent, role, order_type, prices);
            self.book[parent].legs.push(leg);
        }
    }

    fn add_leg(&mut self, parent: OrderKey, role: Role, order_type: OrderType, prices: Prices) -> OrderKey {
        let main = self.book[parent].clone();
        let side = match (main.role, main.side) {
            (Role::Entry, OrderSide::Buy) => OrderSide::Sell,
            (Role::Entry, OrderSide::Sell) => OrderSide::Buy,
            (Role::Single | Role::Target | Role::Stop, side) => side,
        };
        let leg = Order {
            key: self.book.next_key(),
            id: self.ids.next(),
            client_order_id: self.ids.next().to_string(),
            role,
            order_type,
            side,
            prices,
            intent: PositionIntent::of(side, true),
            status: OrderStatus::Held,
            parent: Some(parent),
            legs: Vec::new(),
            ..main
        };
        self.add_with_faults(leg)
    }

    /// Sends an order to the exchange: now, or when trading begins.
    fn send(&mut self, key: OrderKey) {
        let order = &self.book[key];
        let sent = order.status == OrderStatus::PendingNew;
        let stuck = order.faults.pending_new;
        let rejected = order.faults.rejected.is_some();
        let start = if sent { Some(self.now) } else { self.hours.next_start(self.now, order.extended_hours) };
        self.publish_plain(if sent { Event::PendingNew } else { Event::Accepted }, key);
        let delay = stuck.unwrap_or(self.config.acknowledge_after);
        if let Some(start) = start {
            let at = start + delay;
            self.book[key].matching.stuck_until = stuck.map(|_| at);
            self.timers.plan(at, if rejected { Due::Reject(key) } else { Due::Acknowledge(key) });
        }
    }
}

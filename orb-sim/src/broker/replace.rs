//! Replacements: a new order that takes the place of an old one, later, if nothing comes between.

use orb_core::{Money, Price, Span};
use rust_decimal::Decimal;

use super::engine::Broker;
use super::form::{ReplaceForm, trail_percent};
use super::lifecycle::Event;
use super::matching::trailed;
use super::order::{
    Amount, Matching, Order, OrderClass, OrderKey, OrderStatus, OrderTimes, OrderType, Prices, Role, TimeInForce, Trail,
};
use super::refusal::Refusal;
use super::shares::Shares;
use super::timers::Due;

/// A GTC order lives so long at most.
pub(super) const GTC_LIFE: Span = Span::from_minutes(90 * 24 * 60);

impl Broker {
    /// Asks for an order's replacement; returns the new order.
    pub(super) fn request_replace(&mut self, key: OrderKey, form: &ReplaceForm) -> Result<OrderKey, Refusal> {
        let new = self.draft_replacement(key, form)?;
        self.check_replacement(key, &new)?;
        let new_key = new.key;
        let status = self.book[key].status;
        self.book.add(new);
        self.book[key].matching.before_pending = Some(status);
        self.book[key].matching.successor = Some(new_key);
        self.set_status(key, OrderStatus::PendingReplace);
        self.publish_plain(Event::PendingReplace, key);
        let delay = self.book[new_key].faults.pending_new.unwrap_or(self.config.acknowledge_after);
        self.plan_after(delay, Due::ReplaceDone { old: key, new: new_key });
        Ok(new_key)
    }

    fn draft_replacement(&mut self, key: OrderKey, form: &ReplaceForm) -> Result<Order, Refusal> {
        let old = &self.book[key];
        check_replaceable(old, form)?;
        let amount = self.replaced_amount(old, form)?;
        let prices = replaced_prices(old, form)?;
        let time_in_force = form.time_in_force.unwrap_or(old.time_in_force);
        check_time_in_force(old, time_in_force)?;
        let unchanged = form.shares.is_none_or(|shares| Some(shares) == old.shares());
        if unchanged && prices == old.prices && time_in_force == old.time_in_force {
            return Err(Refusal::NothingToReplace);
        }
        let old = old.clone();
        let client_order_id = self.take_client_order_id(form.client_order_id.clone())?;
        let mut times = OrderTimes::made_at(self.now);
        times.expires = self.expiry(time_in_force, old.extended_hours);
        let matching = Matching { predecessor: Some(key), old_filled: Some(old.filled), ..Matching::default() };
        let mut new = Order {
            key: self.book.next_key(),
            id: self.ids.next(),
            client_order_id,
            time_in_force,
            prices,
            amount,
            status: OrderStatus::PendingNew,
            filled: Shares::ZERO,
            filled_value: Money::ZERO,
            times,
            replaced_by: None,
            replaces: Some(old.id),
            legs: Vec::new(),
            matching,
            ..old
        };
        new.faults = self.faults_of(&new);
        Ok(new)
    }

    /// Returns what the new order is to fill: the shares asked for, less what the old one has filled.
    fn replaced_amount(&self, old: &Order, form: &ReplaceForm) -> Result<Amount, Refusal> {
        let Some(all) = old.shares() else { return Err(Refusal::NotionalReplaced) };
        let Some(wanted) = form.shares else { return Ok(Amount::Shares(all - old.filled)) };
        if wanted != all {
            if !all.is_whole() {
                return Err(Refusal::QuantityFixed("fractional"));
            }
            if old.parent.is_some() || old.class == OrderClass::Oco {
                return Err(Refusal::QuantityFixed(old.class.as_str()));
            }
        }
        if wanted <= old.filled {
            return Err(Refusal::QuantityFilled);
        }
        Ok(Amount::Shares(wanted - old.filled))
    }

    fn check_replacement(&self, old: OrderKey, new: &Order) -> Result<(), Refusal> {
        if self.book[old].role == Role::Entry || new.class == OrderClass::Oco || new.parent.is_some() {
            self.check_replaced_group(old, new)?;
        }
        self.check_funds_of_replacement(&self.book[old], new)
    }

    /// Lets the new order take the old one's place, unless something came between.
    pub(super) fn finish_replace(&mut self, old: OrderKey, new: OrderKey) {
        let faults = self.book[old].faults.clone();
        if self.book[old].is_open() && faults.fills_while_replaced && self.book[old].matching.awake {
            self.force_fill(old);
        }
        let left = self.settle_remaining(old, new);
        if self.book[old].status != OrderStatus::PendingReplace || faults.replace_rejected || !left {
            return self.reject_replacement(old, new);
        }
        if self.book[new].faults.rejected.is_some() || !self.book[new].is_open() {
            return self.reject_replacement(old, new);
        }
        self.swap(old, new);
    }

    /// Takes off the new order what the old one has filled in the meantime; false when nothing is left.
    fn settle_remaining(&mut self, old: OrderKey, new: OrderKey) -> bool {
        let (Some(at_request), now_filled) = (self.book[new].matching.old_filled, self.book[old].filled) else {
            return true;
        };
        let Some(wanted) = self.book[new].shares() else { return true };
        let left = wanted - (now_filled - at_request);
        if left.signum() > 0 {
            self.book[new].amount = Amount::Shares(left);
        }
        left.signum() > 0
    }

    fn reject_replacement(&mut self, old: OrderKey, new: OrderKey) {
        let now = Some(self.now);
        self.book[old].matching.successor = None;
        if self.book[old].status == OrderStatus::PendingReplace {
            let before = self.book[old].matching.before_pending.take().unwrap_or(OrderStatus::New);
            self.set_status(old, before);
        }
        if self.book[new].is_open() {
            self.set_status(new, OrderStatus::Rejected);
            self.book[new].times.failed = now;
            self.book.retire(new);
        }
        self.publish_plain(Event::ReplaceRejected, old);
    }

    fn swap(&mut self, old: OrderKey, new: OrderKey) {
        let (awake, before) = (self.book[old].matching.awake, self.book[old].matching.before_pending);
        let (new_id, now) = (self.book[new].id, Some(self.now));
        self.take_place(old, new);
        self.set_status(old, OrderStatus::Replaced);
        self.book[old].replaced_by = Some(new_id);
        self.book[old].times.replaced = now;
        self.book.retire(old);
        self.publish_plain(Event::Replaced, old);
        self.book[new].matching.predecessor = None;
        if awake {
            self.book.wake(new);
        }
        self.plan_expiry(new);
        self.begin_replacement(new, before == Some(OrderStatus::Held));
        self.match_order(new, None);
    }

    /// Gives the new order the status that the old one had; if its cancel was asked for, that goes on.
    fn begin_replacement(&mut self, new: OrderKey, held: bool) {
        let status = if held { OrderStatus::Held } else { OrderStatus::New };
        if self.book[new].status == OrderStatus::PendingCancel {
            self.book[new].matching.before_pending = Some(status);
            return;
        }
        self.set_status(new, status);
        if !held {
            self.publish_plain(Event::New, new);
        }
    }

    /// Gives the new order the old one's place in its group.
    fn take_place(&mut self, old: OrderKey, new: OrderKey) {
        let legs = self.book[old].legs.clone();
        for &leg in &legs {
            self.book[leg].parent = Some(new);
        }
        if self.book[old].role == Role::Entry {
            // The legs close what the entry opens.
            for &leg in &legs {
                let amount = self.book[new].shares().map(|left| Amount::Shares(left + self.book[old].filled));
                let leg_amount = self.book[leg].amount;
                self.book[leg].amount = amount.unwrap_or(leg_amount);
            }
        }
        self.book[new].legs = legs;
        if let Some(parent) = self.book[old].parent {
            // The parent may have been replaced since this order was drafted.
            self.book[new].parent = Some(parent);
            for leg in &mut self.book[parent].legs {
                if *leg == old {
                    *leg = new;
                }
            }
        }
    }
}

fn check_replaceable(old: &Order, form: &ReplaceForm) -> Result<(), Refusal> {
    let status = old.status;
    let pending =
        [OrderStatus::Accepted, OrderStatus::PendingNew, OrderStatus::PendingCancel, OrderStatus::PendingReplace];
    if status.is_terminal() || pending.contains(&status) {
        return Err(Refusal::NotReplaceable(status));
    }
    if old.shares().is_none() {
        return Err(Refusal::NotionalReplaced);
    }
    let unwanted = |field| Err(Refusal::PriceUnwanted { order_type: old.order_type, field });
    if form.limit.is_some() && old.prices.limit.is_none() {
        return unwanted("limit_price");
    }
    if form.stop.is_some() && !matches!(old.order_type, OrderType::Stop | OrderType::StopLimit) {
        return unwanted("stop_price");
    }
    if form.trail.is_some() && old.prices.trail.is_none() {
        return unwanted("trail");
    }
    Ok(())
}

fn check_time_in_force(old: &Order, new: TimeInForce) -> Result<(), Refusal> {
    let lasting = matches!(new, TimeInForce::Day | TimeInForce::Gtc);
    if old.class != OrderClass::Simple && !lasting {
        return Err(Refusal::ClassTimeInForce(old.class));
    }
    if old.extended_hours && new != TimeInForce::Day {
        return Err(Refusal::ExtendedHours);
    }
    if old.shares().is_some_and(|shares| !shares.is_whole()) && new != TimeInForce::Day {
        return Err(Refusal::FractionalDay);
    }
    if !lasting && new != old.time_in_force {
        return Err(Refusal::TimeInForceType { time_in_force: new.as_str(), types: "new" });
    }
    Ok(())
}

fn replaced_prices(old: &Order, form: &ReplaceForm) -> Result<Prices, Refusal> {
    let mut prices = old.prices;
    prices.limit = form.limit.or(prices.limit);
    prices.stop = form.stop.or(prices.stop);
    if let Some(trail) = form.trail {
        let trail = replaced_trail(prices.trail, trail)?;
        prices.trail = Some(trail);
        prices.stop = old.high_water.map(|best| trailed(old.side, best, trail));
    }
    Ok(prices)
}

fn replaced_trail(old: Option<Trail>, trail: Decimal) -> Result<Trail, Refusal> {
    match old {
        Some(Trail::Percent(_)) => trail_percent(trail),
        Some(Trail::Price(_)) | None => {
            let too_large = |_| Refusal::TooLarge { field: "trail" };
            Ok(Trail::Price(Price::from_decimal(trail).map_err(too_large)?))
        }
    }
}

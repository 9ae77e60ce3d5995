//! What is different where prices come one by one: triggers between bars, limits, and orders that hang.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Confirming, Engine, Pending};
use crate::alarm::AlarmKind;
use crate::bar::Bar;
use crate::config::{EntryKind, EntryMode, StrategyConfig, StrategyId};
use crate::effect::{Action, EffectClass, Effects, Severity};
use crate::event::{Origin, Outcome};
use crate::exit_desk::ExitDesk;
use crate::fact::Fact;
use crate::hold::HoldKind;
use crate::money::Price;
use crate::order::{
    AttemptId, BrokerOrderId, ClientOrderId, Order, OrderKind, OrderRole, OrderStatus, Rejection, RejectionKind,
};
use crate::order_book::OrderBook;
use crate::protection::{Protection, multiple_of};
use crate::ranker::Barrier;
use crate::side::{OrderSide, Side, round_outward};
use crate::signal_machine::{Crossing, EntryPlan};
use crate::symbol::SymbolId;
use crate::time::{Span, Timestamp};

/// How long a live entry may wait at its limit: what comes back to the level later is another breakout.
const ENTRY_PATIENCE: Span = Span::from_seconds(10);
/// How long an order may go without the broker's answer before entries are held and the broker is asked.
const STUCK_AFTER: Span = Span::from_seconds(10);

/// How long a cancel that the broker took may go unconfirmed before the order is looked up: the news of it may be lost,
/// and a close waits for it.
const CONFIRMED_WITHIN: Span = Span::from_seconds(2);

/// How often the stops of open positions are looked at although nothing is heard.
const WATCH_EVERY: Span = Span::from_seconds(5);

/// How long the price of a trade stands for the latest one.
const HEARD_WITHIN: Span = Span::from_seconds(10);

/// Says how entries come to be filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Execution {
    /// In bars that are over: the exchange finds the level inside the bar.
    #[default]
    Bars,
    /// At a market whose prices come one by one.
    Live,
}

impl Engine {
    pub(super) fn is_live(&self) -> bool {
        self.config.execution == Execution::Live
    }

    /// Lets a trade cross levels as a bar of its one price would; it marks nothing and belongs to no range.
    pub(super) fn on_trade(&mut self, origin: Origin, print: &Bar, out: &mut Effects) {
        if !self.is_live() {
            return;
        }
        self.expect_fills(core::slice::from_ref(print));
        let is_doubtful = self.hear(print);
        for (index, number) in (0..self.strategies.len()).zip(0..) {
            let id = StrategyId(number);
            let by_price = self.strategy(id).entry == EntryKind::Stop;
            if by_price && !is_doubtful && self.strategies[index].barrier == Barrier::Fired {
                self.route_crossings(id, index, origin, core::slice::from_ref(print), out);
            }
        }
        let symbol = print.symbol.index();
        self.prices.restricted[symbol] |= print.low <= self.prices.symbols[symbol].restricting_low;
        if origin == Origin::Live && !is_doubtful {
            self.anchor_anew(print, out);
        }
    }

    /// Notes a trade; tells whether its price is so far from the one before it that another trade must confirm it first.
    ///
    /// A single false price triggers nothing then, and a fast market loses one trade's time: no hold is latched.
    fn hear(&mut self, print: &Bar) -> bool {
        let before = self.latest_price(print.symbol);
        self.prices.heard.insert(print.symbol, (print.close, self.now));
        before.is_some_and(|before| self.breaker.is_far(print.close, before))
    }

    /// Returns the latest price of a symbol that was heard of: a trade's of the last seconds, else the last minute's.
    pub(super) fn latest_price(&self, symbol: SymbolId) -> Option<Price> {
        let heard = self.prices.heard.get(&symbol).filter(|(_, at)| self.now <= *at + HEARD_WITHIN);
        heard.map(|(price, _)| *price).or_else(|| self.prices.mark(symbol))
    }

    /// Returns a crossing as it stands when it is heard of: live, the open of a bar that is over is nobody's price.
    pub(super) fn as_heard(&self, id: StrategyId, crossing: &Crossing) -> Crossing {
        let stale = self.is_live() && self.strategy(id).entry == EntryKind::Stop;
        let bar = Bar { open: if stale { crossing.bar.close } else { crossing.bar.open }, ..crossing.bar };
        Crossing { bar, ..*crossing }
    }

    /// Tells whether a strategy's entries wait at the broker from the range's end on.
    pub(super) fn rests(&self, strategy: &StrategyConfig) -> bool {
        !self.is_live() || strategy.entry_mode == EntryMode::RestingStop
    }

    /// Returns at what price an entry is ordered and which exits go with it.
    ///
    /// Live, an entry is a limit order beyond the price that it is expected to fill at: it pays no more than that,
    /// whatever the market does in the meantime. A stop order that rests at the broker carries no exits, because
    /// Alpaca may refuse them; the exit desk places them at each fill. One that was refused because the market had
    /// passed its level rests no more.
    pub(super) fn entry_terms(&self, plan: &EntryPlan, attempt: AttemptId, expected: Price) -> EntryTerms {
        let strategy = self.strategy(attempt.strategy);
        let kind = match strategy.entry {
            EntryKind::Stop if self.rests(strategy) && attempt.attempt == 1 => OrderKind::Stop(plan.level),
            EntryKind::Market | EntryKind::Close if !self.is_live() => OrderKind::Market,
            EntryKind::Stop | EntryKind::Market | EntryKind::Close => {
                OrderKind::Limit(limit_beyond(plan.side, expected, strategy.entry_limit_percent))
            }
        };
        let alone = self.is_live() && matches!(kind, OrderKind::Stop(_));
        EntryTerms { kind, attached: (!alone).then_some(plan.protection) }
    }

    /// Returns the price at which a live entry without a level would fill now: the worse of the range's close and
    /// the latest price.
    pub(super) fn worse_of_latest(&self, symbol: SymbolId, side: Side, price: Price) -> Price {
        match self.prices.mark(symbol).filter(|_| self.is_live()) {
            Some(latest) if side == Side::Long => price.max(latest),
            Some(latest) => price.min(latest),
            None => price,
        }
    }

    /// Makes a symbol's desk; `orders_made` numbers its next order.
    pub(super) fn desk_for(&self, attempt: AttemptId, protection: Protection, orders_made: u32) -> ExitDesk {
        let desk = ExitDesk::restored(attempt, protection, orders_made)
            .with_close_deadline(self.close_deadline)
            .with_repairs_max(self.breaker.stop_repairs());
        if self.is_live() { desk.moving_exits() } else { desk }
    }

    /// Cancels a live entry when it is not filled in time.
    pub(super) fn expire_later(&mut self, order: &ClientOrderId, kind: OrderKind) {
        if self.is_live() && matches!(kind, OrderKind::Limit(_)) {
            self.expiring.push((self.now + ENTRY_PATIENCE, order.clone()));
            self.expected.push((self.now + CONFIRMED_WITHIN, order.clone()));
        }
    }

    /// Expects news of the entries that rest at levels which prices have reached: where they are lost, what was filled
    /// has no stop until somebody asks.
    pub(super) fn expect_fills(&mut self, prices: &[Bar]) {
        if !self.is_live() {
            return;
        }
        let at = self.now + CONFIRMED_WITHIN;
        for bar in prices {
            let reached = self.orders.live(bar.symbol).filter(|order| is_reached(order, bar));
            for order in reached.filter(|order| order.role == OrderRole::Entry) {
                if !self.expected.iter().any(|(_, id)| *id == order.id) {
                    self.expected.push((at, order.id.clone()));
                }
            }
        }
    }

    /// Looks up, once, each entry whose fill was expected and that nothing was heard of.
    fn look_up_expected(&mut self, out: &mut Effects) {
        let now = self.now;
        let works = |id: &ClientOrderId, orders: &OrderBook| {
            orders.get(id).is_some_and(|order| order.status == OrderStatus::Working && order.filled.is_zero())
        };
        let mut silent = Vec::new();
        for (at, id) in self.expected.iter_mut().filter(|(at, _)| *at <= now) {
            *at = Timestamp::MAX;
            if works(id, &self.orders) {
                silent.push(id.clone());
            }
        }
        for id in silent {
            self.find(&id, out);
        }
    }

    /// Tells whether an entry ended because the price had left its limit behind.
    pub(super) fn was_left_behind(&self, order: &Order) -> bool {
        self.is_live() && matches!(order.kind, OrderKind::Limit(_)) && self.holds.active().is_empty()
    }

    pub(super) fn next_live_wakeup(&self) -> Option<Timestamp> {
        if !self.is_live() {
            return None;
        }
        let expiry = self.expiring.iter().map(|(at, _)| *at).min();
        let expected = self.expected.iter().map(|(at, _)| *at).filter(|at| *at < Timestamp::MAX).min();
        let told = self.stuck_told.map(|told| told + STUCK_AFTER);
        let stuck = self.unanswered().map(|order| self.stuck_at(order)).min();
        let unconfirmed = self.unconfirmed().map(|order| self.looked_up_at(order)).min();
        [expiry, expected, told.or(stuck), unconfirmed, self.watch_at, self.next_anchor()].into_iter().flatten().min()
    }

    fn unanswered(&self) -> impl Iterator<Item = &Order> {
        let live = self.orders.live_symbols().flat_map(|symbol| self.orders.live(symbol));
        live.filter(|order| {
            matches!(order.status, OrderStatus::PendingSubmit | OrderStatus::PendingCancel | OrderStatus::Unknown)
        })
    }

    /// Lists the orders whose cancel was taken and not confirmed, and that nobody asks about yet.
    fn unconfirmed(&self) -> impl Iterator<Item = &Order> {
        let is_asked = |id: &ClientOrderId| {
            self.pending
                .values()
                .any(|pending| matches!(pending, Pending::Cancel(order) | Pending::Find(order) if order == id))
        };
        let of_cancel = |order: &&Order| order.status == OrderStatus::PendingCancel && order.broker_id.is_some();
        self.unanswered().filter(of_cancel).filter(move |order| !self.is_looked_up(&order.id) && !is_asked(&order.id))
    }

    fn is_looked_up(&self, id: &ClientOrderId) -> bool {
        self.lookups.iter().any(|lookup| lookup.order == *id)
    }

    fn confirming(&self, id: &ClientOrderId) -> Option<&Confirming> {
        self.confirming.iter().find(|one| one.order == *id)
    }

    /// Returns when an order whose cancel goes unconfirmed is looked up.
    fn looked_up_at(&self, order: &Order) -> Timestamp {
        self.confirming(&order.id).map_or(order.updated_at + CONFIRMED_WITHIN, |one| one.next)
    }

    /// Returns since when an order waits for the broker's answer.
    fn unanswered_since(&self, order: &Order) -> Timestamp {
        let of_cancel = self.confirming(&order.id).filter(|_| order.status == OrderStatus::PendingCancel);
        of_cancel.map_or(order.updated_at, |one| one.since)
    }

    /// Returns when such an order counts as stuck.
    fn stuck_at(&self, order: &Order) -> Timestamp {
        self.unanswered_since(order) + STUCK_AFTER
    }

    /// Looks up each order whose cancel goes unconfirmed, after ever longer waits.
    fn look_up_unconfirmed(&mut self, out: &mut Effects) {
        let is_pending = |order: &Order| order.status == OrderStatus::PendingCancel;
        self.confirming.retain(|one| self.orders.get(&one.order).is_some_and(is_pending));
        let due = self.unconfirmed().filter(|order| self.looked_up_at(order) <= self.now);
        let due: Vec<(ClientOrderId, Timestamp)> = due.map(|order| (order.id.clone(), order.updated_at)).collect();
        for (order, since) in due {
            self.find(&order, out);
            if let Some(one) = self.confirming.iter_mut().find(|one| one.order == order) {
                (one.next, one.wait) = (self.now + one.wait, Span::from_micros(one.wait.micros() * 2));
            } else {
                let next = self.now + CONFIRMED_WITHIN;
                self.confirming.push(Confirming { order, since, next, wait: CONFIRMED_WITHIN });
            }
        }
    }

    /// Tells whether an order has waited too long for the broker's answer.
    pub(super) fn is_anything_stuck(&self) -> bool {
        self.is_live() && self.stuck().next().is_some()
    }

    /// Lists the orders that have waited too long for the broker's answer.
    pub(super) fn stuck(&self) -> impl Iterator<Item = &Order> {
        self.unanswered().filter(|order| self.stuck_at(order) <= self.now)
    }

    /// Ends entries whose time is over, and complains about orders that the broker does not answer.
    pub(super) fn watch_live_orders(&mut self, out: &mut Effects) {
        if !self.is_live() {
            return;
        }
        let now = self.now;
        let over: Vec<ClientOrderId> = self.expiring.extract_if(.., |(at, _)| *at <= now).map(|(_, id)| id).collect();
        for id in over {
            let works = |order: &Order| !order.status.is_terminal() && order.status != OrderStatus::PendingCancel;
            if self.orders.get(&id).is_some_and(works) {
                self.cancel(&id, out);
            }
        }
        self.give_up_anchors(out);
        self.look_up_expected(out);
        self.look_up_unconfirmed(out);
        self.watch_stuck_orders(out);
        self.watch_positions(out);
    }

    /// Looks at the stops of all open positions: news of one that has ended may have been lost.
    fn watch_positions(&mut self, out: &mut Effects) {
        if self.watch_at.is_none_or(|at| self.now < at) {
            return;
        }
        self.watch_at = None;
        let held: Vec<SymbolId> = self.positions.open().iter().map(|trade| trade.attempt.symbol).collect();
        for symbol in held {
            self.review(symbol, out);
        }
    }

    /// Measures how long a position is held without a stop that protects the whole of it; a closing order that works
    /// counts as one.
    pub(super) fn measure_protection(&mut self, symbol: SymbolId, out: &mut Effects) {
        let need = self.positions.position(symbol).abs();
        if !self.is_live() || need.is_zero() {
            return;
        }
        self.watch_at.get_or_insert(self.now + WATCH_EVERY);
        let is_leaving = |order: &Order| {
            let works = matches!(order.status, OrderStatus::Working | OrderStatus::PartiallyFilled);
            order.role == OrderRole::Close && works && order.remaining() >= need
        };
        let is_protected = self.protected(symbol) >= need || self.orders.live(symbol).any(is_leaving);
        if let Some(trade) = self.positions.note_protection(self.now, symbol, is_protected) {
            out.record(Fact::Trade(trade.clone()));
        }
    }

    /// Tells whether a close could be filled now; where bars drive the exchange, it waits for the next one by itself.
    pub(super) fn is_tradable(&self, symbol: SymbolId) -> bool {
        let is_open = |session: crate::fact::SessionRecord| (session.open..session.close).contains(&self.now);
        !self.prices.halted[symbol.index()] && (!self.is_live() || self.session.is_some_and(is_open))
    }

    fn watch_stuck_orders(&mut self, out: &mut Effects) {
        if self.stuck_told.is_some_and(|told| self.now < told + STUCK_AFTER) {
            return;
        }
        let mut stuck: BTreeMap<SymbolId, String> = BTreeMap::new();
        for order in self.stuck() {
            let text = format!("{} is {} since {}", order.id, order.status.name(), self.unanswered_since(order));
            let told = stuck.entry(order.attempt.symbol).or_default();
            *told = if told.is_empty() { text } else { format!("{told}; {text}") };
        }
        let Some(first) = stuck.values().next() else {
            // What hung is resolved: one more comparison ends the hold.
            if self.stuck_told.take().is_some() {
                self.ask_for_snapshot(out);
            }
            return;
        };
        self.stuck_told = Some(self.now);
        self.hold(HoldKind::Reconciling, "orders", &format!("no answer from the broker: {first}"), out);
        for (symbol, message) in stuck {
            self.raise(AlarmKind::OrderUnanswered, Severity::Warn, Some(symbol), message, out);
        }
        self.ask_for_snapshot(out);
    }

    /// Asks the broker to move an exit.
    pub(super) fn move_exit(&mut self, id: &ClientOrderId, price: Price, out: &mut Effects) {
        let Some(order) = self.orders.get(id) else { return };
        let symbol = order.attempt.symbol;
        match order.broker_id.clone() {
            Some(broker_id) => {
                let action = Action::Replace { order: id.clone(), broker_id, price };
                let effect = out.broker(Some(symbol), EffectClass::Protect, None, action);
                self.pending.insert(effect, Pending::Replace(id.clone()));
            }
            None => self.on_move_refused(symbol),
        }
    }

    fn on_move_refused(&mut self, symbol: SymbolId) {
        let now = self.now;
        if let Some(desk) = self.desks.get_mut(&symbol) {
            desk.on_move_refused(now);
        }
    }

    pub(super) fn on_replace_outcome(&mut self, id: &ClientOrderId, outcome: &Outcome, out: &mut Effects) {
        let symbol = self.orders.get(id).map(|order| order.attempt.symbol);
        match outcome {
            Outcome::Accepted(order) | Outcome::Found(order) => self.adopt_found(id, order, out),
            Outcome::Rejected(_)
            | Outcome::Unknown
            | Outcome::NotFound
            | Outcome::Done
            | Outcome::Positions(_)
            | Outcome::Account(_)
            | Outcome::Bars(_) => {
                if let Some(symbol) = symbol {
                    self.on_move_refused(symbol);
                }
                // It may have been moved all the same: the broker's list tells which of the two orders lives.
                self.ask_for_snapshot(out);
            }
        }
    }

    /// Raises an alarm that names the orders of others that stand in the way of an exit, and says what helps.
    fn complain_of_blocker(&mut self, id: &ClientOrderId, symbol: SymbolId, rejection: &Rejection, out: &mut Effects) {
        let related = &rejection.related_orders;
        let foreign: Vec<&str> =
            related.iter().filter(|id| !self.orders.knows_broker_order(id)).map(BrokerOrderId::as_str).collect();
        // Where none is named, it can only be somebody else's while orb has nothing of its own in the way.
        let own = self.orders.live(symbol).any(|order| order.id != *id);
        if foreign.is_empty() && (own || !related.is_empty()) {
            return;
        }
        let who = if foreign.is_empty() { "an order".to_owned() } else { format!("order {}", foreign.join(", ")) };
        let text = format!(
            "{who} that is not orb's stands in the way of {id} ({}): cancel it at the broker; the exit is tried again by itself, at least once a minute",
            rejection.message
        );
        self.alarm(AlarmKind::ExitBlocked, symbol, &text, out);
    }

    /// Draws the conclusions from an exit that the broker refused.
    pub(super) fn heed_refusal(&mut self, id: &ClientOrderId, rejection: &Rejection, out: &mut Effects) {
        let Some((symbol, role)) = self.orders.get(id).map(|order| (order.attempt.symbol, order.role)) else { return };
        let protects = matches!(role, OrderRole::Stop | OrderRole::Target);
        if rejection.kind == RejectionKind::Blocked && role != OrderRole::Entry {
            self.complain_of_blocker(id, symbol, rejection, out);
        }
        match rejection.kind {
            RejectionKind::Blocked if protects => {
                if let Some(desk) = self.desks.get_mut(&symbol) {
                    desk.on_blocked();
                }
            }
            // The market is at or beyond the stop already: what is left is to leave.
            RejectionKind::BeyondMarket if protects => {
                self.close_symbol(symbol, crate::fact::ExitReason::Unprotected, out);
            }
            RejectionKind::Insufficient if role != OrderRole::Entry => self.ask_for_snapshot(out),
            RejectionKind::EntryBeyondStop
            | RejectionKind::DuplicateId
            | RejectionKind::NotShortable
            | RejectionKind::Insufficient
            | RejectionKind::Blocked
            | RejectionKind::BeyondMarket
            | RejectionKind::NotSent
            | RejectionKind::Other => {}
        }
    }
}

/// Holds at what price an entry is ordered and which exits go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryTerms {
    pub(super) kind: OrderKind,
    pub(super) attached: Option<Protection>,
}

/// Tells whether a stop order's price lies within a bar, or behind it.
fn is_reached(order: &Order, bar: &Bar) -> bool {
    match (order.kind, order.side) {
        (OrderKind::Stop(level), OrderSide::Buy) => bar.high >= level,
        (OrderKind::Stop(level), OrderSide::Sell) => bar.low <= level,
        (OrderKind::Market | OrderKind::Limit(_), _) => false,
    }
}

/// Returns the price that lies so many percent beyond another, on the tick.
fn limit_beyond(side: Side, price: Price, percent: Decimal) -> Price {
    let distance = multiple_of(price, percent / Decimal::ONE_HUNDRED);
    round_outward(side, price.offset(side.sign() * distance.micros()))
}

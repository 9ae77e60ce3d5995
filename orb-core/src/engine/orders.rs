//! Orders, fills and exits: what the broker says, and what the desks ask for.

use super::{Engine, Lookup, Pending};
use crate::alarm::AlarmKind;
use crate::effect::{Action, Component, EffectClass, Effects, Severity};
use crate::event::Outcome;
use crate::exit_desk::{DeskAct, DeskView, ExitDesk};
use crate::fact::{ClosingRecord, ClosingStep, ExitReason, Fact, Fill};
use crate::hold::HoldKind;
use crate::money::Quantity;
use crate::order::{
    BrokerOrder, ClientOrderId, Execution, Order, OrderEvent, OrderRequest, OrderRole, OrderStatus, OrderUpdate,
    Rejection, RejectionKind,
};
use crate::order_book::{BookChange, OrderBook, event_of};
use crate::position_keeper::{PositionFill, PositionKeeper};
use crate::protection::{Protection, StopRule};
use crate::symbol::SymbolId;
use crate::time::Span;

/// How long to wait before an order that did not answer is looked up again.
const LOOKUP_EVERY: Span = Span::from_seconds(1);
/// The shortest time between two questions for the broker's whole state.
const SNAPSHOT_EVERY: Span = Span::from_seconds(1);
/// How often "not found" must be heard before an order counts as never made.
const LOOKUPS_MAX: u32 = 3;

impl Engine {
    pub(super) fn on_order_update(&mut self, update: &OrderUpdate, out: &mut Effects) {
        if let Some(rejection) = &update.rejection
            && let Some(id) = self.orders.identify(&update.order)
        {
            self.orders.explain(&id, rejection);
        }
        if matches!(update.event, OrderEvent::Busted | OrderEvent::Corrected) {
            return self.on_correction(update, out);
        }
        self.apply(update.event, &update.order, update.execution.as_ref(), out);
    }

    /// Applies news of an order, and asks for the whole state when it does not fit.
    fn apply(&mut self, event: OrderEvent, order: &BrokerOrder, execution: Option<&Execution>, out: &mut Effects) {
        if !self.fit(event, order, execution, out) {
            self.ask_for_snapshot(out);
        } else if matches!(event, OrderEvent::CancelRejected | OrderEvent::Lost)
            && let Some(id) = self.orders.identify(order)
        {
            // What the order is now, nobody has said.
            self.find(&id, out);
        }
    }

    /// Asks for the broker's whole state, at most once in [`SNAPSHOT_EVERY`]: contradictions must not become a storm.
    pub(super) fn ask_for_snapshot(&mut self, out: &mut Effects) {
        let at = self.snapshot_asked.map_or(self.now, |asked| (asked + SNAPSHOT_EVERY).max(self.now));
        if at > self.now {
            self.snapshot_due = Some(at);
            return;
        }
        self.snapshot_due = None;
        self.snapshot_asked = Some(self.now);
        self.ask(None, Pending::Snapshot, Action::QuerySnapshot, out);
    }

    /// Applies what is said of an order: first the book, then the position, then the exits; false if it cannot be.
    pub(super) fn fit(
        &mut self,
        event: OrderEvent,
        order: &BrokerOrder,
        execution: Option<&Execution>,
        out: &mut Effects,
    ) -> bool {
        self.compare_with_sent(order, out);
        match self.orders.on_update(self.now, event, order) {
            BookChange::Foreign => self.meet_foreign_order(order, out),
            BookChange::Illegal(id, illegal) => {
                self.hold(HoldKind::ReconcileBreak, "orders", &format!("{id}: {illegal}"), out);
                return false;
            }
            BookChange::Changed(id) => {
                if let Some(fill) = execution.and_then(|execution| self.orders.count(&id, execution)) {
                    self.on_fill(fill, out);
                }
                self.after_change(&id, out);
            }
        }
        true
    }

    pub(super) fn meet_foreign_order(&mut self, order: &BrokerOrder, out: &mut Effects) {
        if self.is_ours_by_name(order) {
            // The books have lost it: the broker's whole state tells all that belongs to it.
            return self.ask_for_snapshot(out);
        }
        let symbol = self.config.symbols.name(order.symbol);
        let reason = format!("order {} in {symbol} is not orb's", order.broker_id);
        self.hold(HoldKind::ForeignActivity, "orders", &reason, out);
    }

    fn after_change(&mut self, id: &ClientOrderId, out: &mut Effects) {
        let Some(order) = self.orders.get(id).cloned() else { return };
        if order.role == OrderRole::Entry {
            self.follow_entry(&order, out);
            self.recall_entry(&order, out);
        }
        self.review(order.attempt.symbol, out);
    }

    fn on_fill(&mut self, counted: Fill, out: &mut Effects) {
        let Some(order) = self.orders.get(&counted.order).cloned() else { return };
        let (attempt, execution) = (order.attempt, &counted.execution);
        let desk = self.desks.get(&attempt.symbol);
        let protection = desk.map_or_else(|| emergency(&order, execution), |desk| *desk.protection());
        let exit_reason = self.exit_reason(&order, execution);
        let is_flat = self.positions.open_in(attempt.symbol).is_none();
        let is_late = is_flat && begins_another_trade(order.role, order.filled > execution.quantity);
        let traded = if is_late { attempt.beyond_flat() } else { attempt };
        self.positions.settle_protection(self.now, attempt.symbol);
        let fill = PositionFill { attempt: traded, side: order.side, execution, exit_reason };
        let (trade, flip) = self.positions.on_fill(&fill, &protection);
        out.record(Fact::Fill(counted));
        out.record(Fact::Trade(trade.clone()));
        self.prices.moved = true;
        if trade.is_closed() {
            self.risk.release(self.now, trade.attempt);
        } else if order.role == OrderRole::Entry {
            self.strategies[attempt.strategy.index()].signals.finish(attempt.symbol);
            if order.remaining().is_zero() {
                self.risk.on_filled(attempt, trade.entry_notional, trade.initial_risk());
            }
        }
        let late_exit = (is_late && order.role != OrderRole::Entry).then(|| trade.position());
        if let Some(excess) = flip.map(|flip| flip.excess).or(late_exit) {
            self.undo_flip(attempt.symbol, excess, protection, out);
        } else if !self.positions.position(attempt.symbol).is_zero() && !self.desks.contains_key(&attempt.symbol) {
            // A fill after the entry's end: its exits ended with it, and its slot was given back.
            self.close_unplanned(attempt.symbol, protection, out);
        }
    }

    /// Both exits of a position filled: what went beyond flat is closed at once, and entries are held.
    fn undo_flip(&mut self, symbol: SymbolId, excess: Quantity, protection: Protection, out: &mut Effects) {
        let name = self.config.symbols.name(symbol).clone();
        let reason = format!("exits of {name} filled {excess} shares beyond flat");
        self.hold(HoldKind::ReconcileBreak, "positions", &reason, out);
        if let Some(trade) = self.positions.open_in(symbol).cloned() {
            out.record(Fact::Trade(trade));
            self.close_unplanned(symbol, protection, out);
        }
    }

    /// Gives a position that nobody planned a slot and a desk, and closes it at once.
    pub(super) fn close_unplanned(&mut self, symbol: SymbolId, protection: Protection, out: &mut Effects) {
        let Some(trade) = self.positions.open_in(symbol) else { return };
        let (attempt, notional, risk) = (trade.attempt, trade.entry_notional, trade.initial_risk());
        let message = format!("{} holds {} shares without a plan", self.config.symbols.name(symbol), trade.position());
        out.alert(Severity::Warn, Component::Executor, Some(symbol), message);
        self.risk.restore(attempt, true, notional, risk);
        self.desks.insert(symbol, self.desk_for(attempt, protection, self.exits_made(attempt)));
        self.close_symbol(symbol, ExitReason::Unprotected, out);
    }

    pub(super) fn exit_reason(&self, order: &Order, execution: &Execution) -> ExitReason {
        let closing = self.desks.get(&order.attempt.symbol).and_then(ExitDesk::closing).map(|closing| closing.reason);
        let reason = match order.role {
            OrderRole::Stop => ExitReason::Stop,
            OrderRole::Target => ExitReason::Target,
            OrderRole::Entry | OrderRole::Close => closing.unwrap_or(ExitReason::ForceClose),
        };
        let at_the_close = self.strategy(order.attempt.strategy).flatten_before_close == Span::ZERO;
        match execution.at_data_end {
            true if at_the_close => ExitReason::TimeExit,
            true => ExitReason::DataEnd,
            false => reason,
        }
    }

    /// Lets a symbol's desk compare what is with what must be, and does what it asks.
    pub(super) fn review(&mut self, symbol: SymbolId, out: &mut Effects) {
        if self.takes_snapshot {
            return;
        }
        let tradable = self.is_tradable(symbol);
        let Some(desk) = self.desks.get_mut(&symbol) else { return };
        let view = DeskView { tradable, ..desk_view(&self.orders, &self.positions, symbol) };
        let acts = desk.review(self.now, &view);
        self.act(symbol, acts, out);
        self.measure_protection(symbol, out);
    }

    /// Tries the close of a symbol once more, if there is one.
    pub(super) fn retry_close(&mut self, symbol: SymbolId, out: &mut Effects) {
        let tradable = self.is_tradable(symbol);
        let Some(desk) = self.desks.get_mut(&symbol) else { return };
        let view = DeskView { tradable, ..desk_view(&self.orders, &self.positions, symbol) };
        let acts = desk.retry(&view);
        self.act(symbol, acts, out);
        self.review(symbol, out);
    }

    fn act(&mut self, symbol: SymbolId, acts: Vec<DeskAct>, out: &mut Effects) {
        for act in acts {
            match act {
                DeskAct::Cancel(id) => self.cancel(&id, out),
                DeskAct::Replace { order, price } => self.move_exit(&order, price, out),
                DeskAct::Submit { role, kind, quantity, paired_stop, time_in_force, number } => {
                    let Some(attempt) = self.desks.get(&symbol).map(ExitDesk::attempt) else { continue };
                    let Some(side) = crate::side::Side::of(self.positions.position(symbol)) else { continue };
                    let class = if role == OrderRole::Close { EffectClass::Exit } else { EffectClass::Protect };
                    let request = OrderRequest {
                        id: self.order_id(attempt, role, number),
                        attempt,
                        role,
                        side: side.exit(),
                        quantity,
                        kind,
                        time_in_force,
                        attached: None,
                        paired_stop,
                        trigger: None,
                    };
                    self.submit(request, class, None, out);
                }
                DeskAct::Verify => self.ask_for_position(symbol, out),
                DeskAct::Compare => self.ask_for_snapshot(out),
                DeskAct::Step(closing) => self.record_step(symbol, &closing, out),
                DeskAct::Alarm(kind, message) => self.alarm(kind, symbol, &message, out),
                DeskAct::GiveUp(message) => {
                    self.alarm(AlarmKind::StopMissing, symbol, &message, out);
                    if self.breaker.is_active() {
                        self.trip(&message, out);
                    }
                }
                DeskAct::Finished => self.finish_desk(symbol, out),
            }
        }
    }

    pub(super) fn alarm(&mut self, kind: AlarmKind, symbol: SymbolId, message: &str, out: &mut Effects) {
        let text = format!("{}: {message}", self.config.symbols.name(symbol));
        self.raise(kind, Severity::Warn, Some(symbol), text, out);
    }

    /// Asks what the broker holds; a close that waits for the answer is as urgent as the close.
    fn ask_for_position(&mut self, symbol: SymbolId, out: &mut Effects) {
        let is_flat = self.positions.position(symbol).is_zero();
        let class = if is_flat { EffectClass::Query } else { EffectClass::Exit };
        let id = out.broker(Some(symbol), class, None, Action::QueryPositions);
        self.pending.insert(id, Pending::Positions(symbol));
    }

    fn record_step(&mut self, symbol: SymbolId, closing: &crate::exit_desk::Closing, out: &mut Effects) {
        let Some(attempt) = self.desks.get(&symbol).map(ExitDesk::attempt) else { return };
        let (reason, since, step) = (closing.reason, closing.since, closing.recorded_step());
        out.record(Fact::Closing(ClosingRecord { attempt, reason, since, step }));
    }

    fn finish_desk(&mut self, symbol: SymbolId, out: &mut Effects) {
        self.desks.remove(&symbol);
        self.end_flatten_if_flat(out);
    }

    /// Clears the flatten's own hold once no close is under way.
    pub(super) fn end_flatten_if_flat(&mut self, out: &mut Effects) {
        if self.desks.values().all(|desk| desk.closing().is_none()) {
            self.unhold(HoldKind::Flattening, "engine", "verified flat", out);
        }
    }

    pub(super) fn cancel(&mut self, order: &ClientOrderId, out: &mut Effects) {
        let Some(known) = self.orders.get(order) else { return };
        let (symbol, broker_id) = (known.attempt.symbol, known.broker_id.clone());
        self.orders.mark(self.now, order, OrderEvent::PendingCancel);
        let action = Action::Cancel { order: order.clone(), broker_id };
        let id = out.broker(Some(symbol), EffectClass::Cancel, None, action);
        self.pending.insert(id, Pending::Cancel(order.clone()));
    }

    /// Starts to close the positions and working entries of some attempts.
    pub(super) fn close_where(
        &mut self,
        reason: ExitReason,
        mut which: impl FnMut(&crate::order::AttemptId) -> bool,
        out: &mut Effects,
    ) {
        let chosen: Vec<SymbolId> =
            self.desks.iter().filter(|(_, desk)| which(&desk.attempt())).map(|(symbol, _)| *symbol).collect();
        if chosen.is_empty() {
            return;
        }
        if matches!(reason, ExitReason::TimeExit | ExitReason::Flatten) {
            self.hold(HoldKind::Flattening, "engine", reason.code(), out);
        }
        for symbol in chosen {
            self.close_symbol(symbol, reason, out);
        }
        self.end_flatten_if_flat(out);
    }

    pub(super) fn close_symbol(&mut self, symbol: SymbolId, reason: ExitReason, out: &mut Effects) {
        let Some(desk) = self.desks.get_mut(&symbol) else { return };
        let fresh = desk.closing().is_none();
        desk.close(self.now, reason);
        let closing = desk.closing().copied();
        if let Some(closing) = closing.filter(|_| fresh) {
            self.record_step(symbol, &closing, out);
        }
        self.review(symbol, out);
    }

    pub(super) fn on_outcome(&mut self, id: crate::effect::EffectId, outcome: &Outcome, out: &mut Effects) {
        let Some(pending) = self.pending.remove(&id) else {
            let message = format!("an outcome for effect {}, which is not awaited, was ignored", id.0);
            out.alert(Severity::Warn, Component::Executor, None, message);
            return;
        };
        match pending {
            Pending::Submit(order) => self.on_submit_outcome(&order, outcome, out),
            Pending::Replace(order) => self.on_replace_outcome(&order, outcome, out),
            Pending::Cancel(order) => self.on_cancel_outcome(&order, outcome, out),
            Pending::Find(order) => self.on_find_outcome(&order, outcome, out),
            Pending::Positions(symbol) => self.on_positions(symbol, outcome, out),
            Pending::Snapshot => {}
            Pending::Verify(strategy) => {
                if let Outcome::Bars(bars) = outcome {
                    self.verify_ranges(strategy, bars, out);
                }
            }
            Pending::Bars(strategy) => {
                if let Outcome::Bars(bars) = outcome {
                    self.take_missing_bars(strategy, bars);
                    self.advance_barriers(out);
                }
            }
        }
    }

    fn on_submit_outcome(&mut self, id: &ClientOrderId, outcome: &Outcome, out: &mut Effects) {
        match outcome {
            Outcome::Accepted(order) | Outcome::Found(order) => {
                self.breaker.on_accept();
                self.adopt(id, order, out);
            }
            Outcome::Rejected(rejection) if rejection.kind == RejectionKind::DuplicateId => self.find(id, out),
            Outcome::Rejected(rejection) => {
                self.orders.reject(self.now, id, rejection);
                let sentence = (rejection.kind != RejectionKind::NotSent).then(|| self.breaker.on_reject()).flatten();
                if let Some(sentence) = sentence {
                    self.trip(&sentence, out);
                }
                self.heed_refusal(id, rejection, out);
                self.after_change(id, out);
            }
            Outcome::Unknown
            | Outcome::NotFound
            | Outcome::Done
            | Outcome::Positions(_)
            | Outcome::Account(_)
            | Outcome::Bars(_) => {
                self.orders.mark(self.now, id, OrderEvent::Lost);
                self.after_change(id, out);
                self.find(id, out);
            }
        }
    }

    /// Takes a broker's order for ours only if symbol, side, shares, type and price agree.
    fn adopt(&mut self, id: &ClientOrderId, order: &BrokerOrder, out: &mut Effects) {
        let Some(own) = self.orders.get(id) else { return };
        if !is_as_sent(own, order) {
            return self.meet_other_order(id, out);
        }
        let identified = BrokerOrder { client_id: Some(id.clone()), ..order.clone() };
        self.orders.settle_identity(&identified);
        let reported = event_of(order.status);
        // The executions follow on the stream, or in the snapshot: only they count shares.
        let is_fill = matches!(reported, OrderEvent::Fill | OrderEvent::PartialFill);
        let event = if is_fill { OrderEvent::New } else { reported };
        self.apply(event, &identified, None, out);
    }

    fn meet_other_order(&mut self, id: &ClientOrderId, out: &mut Effects) {
        let reason = format!("the broker's order under {id} is not the one that was sent");
        self.hold(HoldKind::ReconcileBreak, "orders", &reason, out);
    }

    /// Compares an order under one of orb's identifiers that the broker was not heard to take with the one that was
    /// sent: another one is followed, because what it fills is orb's, but entries are held.
    pub(super) fn compare_with_sent(&mut self, order: &BrokerOrder, out: &mut Effects) {
        let Some(id) = order.client_id.as_ref() else { return };
        if self.orders.get(id).is_some_and(|own| own.broker_id.is_none() && !is_as_sent(own, order)) {
            let id = id.clone();
            self.meet_other_order(&id, out);
        }
    }

    pub(super) fn find(&mut self, id: &ClientOrderId, out: &mut Effects) {
        let symbol = self.orders.get(id).map(|order| order.attempt.symbol);
        self.ask(symbol, Pending::Find(id.clone()), Action::Find(id.clone()), out);
    }

    fn on_find_outcome(&mut self, id: &ClientOrderId, outcome: &Outcome, out: &mut Effects) {
        match outcome {
            Outcome::Found(order) | Outcome::Accepted(order) => {
                self.lookups.retain(|lookup| lookup.order != *id);
                self.adopt_found(id, order, out);
            }
            Outcome::NotFound => self.count_not_found(id, out),
            Outcome::Rejected(_)
            | Outcome::Unknown
            | Outcome::Done
            | Outcome::Positions(_)
            | Outcome::Account(_)
            | Outcome::Bars(_) => self.look_up_later(id),
        }
    }

    /// Adopts an order that was looked up; executions that are not counted yet are asked for.
    pub(super) fn adopt_found(&mut self, id: &ClientOrderId, order: &BrokerOrder, out: &mut Effects) {
        let counted = self.orders.get(id).map_or(Quantity::ZERO, |own| own.filled);
        self.adopt(id, order, out);
        if order.filled > counted {
            self.ask_for_snapshot(out);
        }
    }

    fn count_not_found(&mut self, id: &ClientOrderId, out: &mut Effects) {
        self.look_up_later(id);
        let tries = self.lookups.iter().find(|lookup| lookup.order == *id).map_or(0, |lookup| lookup.tries);
        if tries < LOOKUPS_MAX {
            return;
        }
        self.lookups.retain(|lookup| lookup.order != *id);
        let rejection = Rejection {
            code: 0,
            message: format!("the broker does not know the order after {tries} questions: it was never made"),
            related_orders: Vec::new(),
            available: None,
            kind: RejectionKind::NotSent,
        };
        self.orders.reject(self.now, id, &rejection);
        self.after_change(id, out);
    }

    fn look_up_later(&mut self, id: &ClientOrderId) {
        let at = self.now + LOOKUP_EVERY;
        match self.lookups.iter_mut().find(|lookup| lookup.order == *id) {
            Some(lookup) => (lookup.at, lookup.tries) = (at, lookup.tries + 1),
            None => self.lookups.push(Lookup { at, order: id.clone(), tries: 1 }),
        }
    }

    pub(super) fn look_up_again(&mut self, out: &mut Effects) {
        let now = self.now;
        let due: Vec<ClientOrderId> =
            self.lookups.iter().filter(|lookup| lookup.at <= now).map(|lookup| lookup.order.clone()).collect();
        for lookup in self.lookups.iter_mut().filter(|lookup| lookup.at <= now) {
            lookup.at = now + LOOKUP_EVERY;
        }
        for id in due {
            self.find(&id, out);
        }
    }

    fn on_cancel_outcome(&mut self, id: &ClientOrderId, outcome: &Outcome, out: &mut Effects) {
        match outcome {
            // The confirmation follows as an update: a cancel is not done until then.
            Outcome::Done | Outcome::Accepted(_) => {}
            Outcome::Found(order) => self.adopt_found(id, order, out),
            Outcome::NotFound
            | Outcome::Unknown
            | Outcome::Rejected(_)
            | Outcome::Positions(_)
            | Outcome::Account(_)
            | Outcome::Bars(_) => {
                let open = self.orders.get(id).is_some_and(|order| !order.status.is_terminal());
                if open {
                    self.orders.mark(self.now, id, OrderEvent::CancelRejected);
                    self.find(id, out);
                }
            }
        }
    }

    fn on_positions(&mut self, symbol: SymbolId, outcome: &Outcome, out: &mut Effects) {
        let Some(desk) = self.desks.get_mut(&symbol) else { return };
        match outcome {
            Outcome::Positions(positions) => {
                let held = positions.iter().find(|position| position.symbol == symbol);
                let quantity = held.map_or(Quantity::ZERO, |position| position.quantity);
                let acts = desk.on_verified(self.now, quantity);
                self.act(symbol, acts, out);
            }
            Outcome::Accepted(_)
            | Outcome::Rejected(_)
            | Outcome::Unknown
            | Outcome::Found(_)
            | Outcome::NotFound
            | Outcome::Done
            | Outcome::Account(_)
            | Outcome::Bars(_) => desk.verify_later(self.now),
        }
        self.review(symbol, out);
    }
}

/// Tells whether a broker's order has symbol, side, shares, type and price of the one that was sent.
fn is_as_sent(own: &Order, order: &BrokerOrder) -> bool {
    // The price of an exit that the broker has answered before may have been moved since.
    let moved = (own.broker_id.is_some() || order.replaces.is_some()) && own.role != OrderRole::Entry;
    own.side == order.side
        && own.quantity == order.quantity
        && (own.kind == order.kind || moved)
        && own.attempt.symbol == order.symbol
}

/// Shows a desk its symbol's position and orders.
pub(super) fn desk_view<'a>(orders: &'a OrderBook, positions: &PositionKeeper, symbol: SymbolId) -> DeskView<'a> {
    let trade = positions.open_in(symbol);
    let live: Vec<&Order> = orders.live(symbol).collect();
    let parents_filled = live
        .iter()
        .filter_map(|order| order.parent.as_ref().and_then(|parent| orders.get(parent)))
        .filter(|parent| parent.role == OrderRole::Entry && parent.status == OrderStatus::Filled)
        .map(|parent| parent.id.clone())
        .collect();
    DeskView {
        position: trade.map_or(Quantity::ZERO, crate::fact::Trade::position),
        prices: trade.map(|trade| (trade.stop, trade.target)),
        live,
        parents_filled,
        tradable: true,
    }
}

/// Tells whether what fills while nothing is held belongs to another trade than its attempt's, which is over: with a
/// row of its own.
pub(super) fn begins_another_trade(role: OrderRole, has_filled_before: bool) -> bool {
    role != OrderRole::Entry || has_filled_before
}

/// Makes up exits for a fill whose desk is gone: the desk that follows closes the position at once.
pub(super) fn emergency(order: &Order, execution: &Execution) -> Protection {
    Protection { side: order.side.opens(), stop: StopRule::At(execution.price), target: None }
}

/// Returns whether a step means that nothing more is to be done.
pub(super) const fn is_over(step: ClosingStep) -> bool {
    matches!(step, ClosingStep::Flat)
}

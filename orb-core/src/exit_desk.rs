//! The one owner of a position's exits: stop guard, target, time exit, force-close and flatten all pass here.
//!
//! The desk compares what is with what must be, each time something changes, and asks for the difference. It holds
//! no order and no position of its own, so a repeated look asks for nothing twice.

use crate::fact::{ClosingStep, ExitReason};
use crate::money::{Price, Quantity};
use crate::order::{AttemptId, ClientOrderId, Order, OrderKind, OrderRole, OrderStatus};
use crate::protection::Protection;
use crate::side::Side;
use crate::time::{Span, Timestamp};

/// How long a difference between position and stop may last before it is mended.
pub const COVERAGE_GRACE: Span = Span::from_seconds(2);
/// How long a close may take before an alarm is raised.
pub const CLOSE_DEADLINE: Span = Span::from_seconds(10);
/// The longest time between two alarms about the same close.
pub const ALARM_EVERY_MAX: Span = Span::from_minutes(5);
/// How often a symbol's stop is restored before the position is closed instead.
pub const STOP_REPAIRS_MAX: u32 = 3;

/// Describes how one symbol is protected and left.
#[derive(Clone, Debug)]
pub struct ExitDesk {
    attempt: AttemptId,
    protection: Protection,
    closing: Option<Closing>,
    check_at: Option<Timestamp>,
    /// Before this no further closing order is made; `None` before the first.
    close_after: Option<Timestamp>,
    repairs: u32,
    orders_made: u32,
    close_deadline: Span,
}

/// Describes a close under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Why.
    pub reason: ExitReason,
    /// When it was asked for.
    pub since: Timestamp,
    /// Which step it has reached.
    pub step: ClosingStep,
    alarm_at: Timestamp,
    alarm_after: Span,
}

/// Shows the desk the world as it is.
#[derive(Clone, Debug)]
pub struct DeskView<'a> {
    /// Signed position in the symbol.
    pub position: Quantity,
    /// Stop and target that belong to the position; `None` while it is flat.
    pub prices: Option<(Price, Option<Price>)>,
    /// The symbol's orders that are not terminal.
    pub live: Vec<&'a Order>,
    /// Whether an entry, by its identifier, is completely filled.
    pub parents_filled: Vec<ClientOrderId>,
}

/// Asks for one act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeskAct {
    /// Cancel an order.
    Cancel(ClientOrderId),
    /// Place an exit.
    Submit {
        /// Stop, target or close.
        role: OrderRole,
        /// At what price.
        kind: OrderKind,
        /// Shares.
        quantity: Quantity,
        /// For a target: the price of the stop beside it.
        paired_stop: Option<Price>,
        /// Counts the desk's own orders from 1.
        number: u32,
    },
    /// Ask the broker whether it is flat.
    Verify,
    /// The step of the close has changed.
    Step(Closing),
    /// Something is not as it must be.
    Alarm(String),
    /// Nothing is left to do: the position is flat and no order lives.
    Finished,
}

impl ExitDesk {
    /// Makes a desk for an attempt whose entry was just approved.
    #[must_use]
    pub const fn new(attempt: AttemptId, protection: Protection) -> Self {
        Self::restored(attempt, protection, 0)
    }

    /// Makes a desk for an attempt of before a restart; `orders_made` numbers its next order.
    #[must_use]
    pub const fn restored(attempt: AttemptId, protection: Protection, orders_made: u32) -> Self {
        Self {
            attempt,
            protection,
            closing: None,
            check_at: None,
            close_after: None,
            repairs: 0,
            orders_made,
            close_deadline: CLOSE_DEADLINE,
        }
    }

    /// Allows a close so long before the first alarm.
    #[must_use]
    pub const fn with_close_deadline(mut self, deadline: Span) -> Self {
        self.close_deadline = deadline;
        self
    }

    /// Returns the attempt that the desk serves.
    #[must_use]
    pub const fn attempt(&self) -> AttemptId {
        self.attempt
    }

    /// Returns the rule of the exits.
    #[must_use]
    pub const fn protection(&self) -> &Protection {
        &self.protection
    }

    /// Returns the close under way, or `None`.
    #[must_use]
    pub const fn closing(&self) -> Option<&Closing> {
        self.closing.as_ref()
    }

    /// Returns when the desk wants to look again.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let alarm = self.closing.map(|closing| closing.alarm_at);
        [self.check_at, alarm].into_iter().flatten().min()
    }

    /// Starts to close; the first reason stays.
    pub fn close(&mut self, now: Timestamp, reason: ExitReason) {
        self.closing.get_or_insert(Closing {
            reason,
            since: now,
            step: ClosingStep::Cancelling,
            alarm_at: now + self.close_deadline,
            alarm_after: self.close_deadline,
        });
    }

    /// Looks at the world and asks for what is missing.
    #[must_use]
    pub fn review(&mut self, now: Timestamp, view: &DeskView<'_>) -> Vec<DeskAct> {
        let mut acts = Vec::new();
        if self.closing.is_some() {
            self.advance_close(now, view, &mut acts);
        } else if view.position.is_zero() {
            self.leave_nothing_behind(now, view, &mut acts);
        } else {
            self.guard(now, view, &mut acts);
        }
        acts
    }

    /// Takes the broker's word on the symbol's position after [`DeskAct::Verify`].
    #[must_use]
    pub fn on_verified(&mut self, now: Timestamp, broker: Quantity) -> Vec<DeskAct> {
        let Some(closing) = self.closing.as_mut() else { return Vec::new() };
        if closing.step != ClosingStep::Verifying {
            return Vec::new();
        }
        if broker.is_zero() {
            closing.step = ClosingStep::Flat;
            return vec![DeskAct::Step(*closing), DeskAct::Finished];
        }
        // The position list may lag behind the fill: ask again before calling it a difference.
        self.check_at = Some(now + COVERAGE_GRACE);
        vec![DeskAct::Alarm(format!("the books are flat, but the broker still shows {broker} shares"))]
    }

    /// Asks for the broker's word again later, because no answer came.
    pub fn verify_later(&mut self, now: Timestamp) {
        self.check_at = Some(now + COVERAGE_GRACE);
    }

    fn advance_close(&mut self, now: Timestamp, view: &DeskView<'_>, acts: &mut Vec<DeskAct>) {
        let others: Vec<_> = view.live.iter().filter(|order| order.role != OrderRole::Close).copied().collect();
        let closing_order = view.live.iter().any(|order| order.role == OrderRole::Close);
        let step = if !others.is_empty() {
            cancel_groups(&others, acts);
            ClosingStep::Cancelling
        } else if let Some(side) = Side::of(view.position) {
            if !closing_order {
                self.order_close(now, view.position.abs(), acts);
            }
            debug_assert!(side.exit() != side.entry(), "an exit never has the side of its entry");
            ClosingStep::Closing
        } else {
            ClosingStep::Verifying
        };
        let again = self.check_at.is_some_and(|at| now >= at);
        self.set_step(now, step, again, acts);
    }

    /// Orders the close; after one that ended without closing only when the grace is over.
    fn order_close(&mut self, now: Timestamp, quantity: Quantity, acts: &mut Vec<DeskAct>) {
        if let Some(after) = self.close_after {
            if now < after {
                self.check_at = Some(after);
                return;
            }
            acts.push(DeskAct::Alarm(format!("the closing order left {quantity} shares: another is made")));
        }
        self.close_after = Some(now + COVERAGE_GRACE);
        acts.push(self.submit(OrderRole::Close, OrderKind::Market, quantity, None));
    }

    fn set_step(&mut self, now: Timestamp, step: ClosingStep, again: bool, acts: &mut Vec<DeskAct>) {
        let Some(closing) = self.closing.as_mut() else { return };
        if again {
            self.check_at = None;
        }
        let changed = closing.step != step && closing.step != ClosingStep::Flat;
        if changed {
            closing.step = step;
            acts.push(DeskAct::Step(*closing));
        }
        if step == ClosingStep::Verifying && (changed || again) {
            acts.push(DeskAct::Verify);
        }
        if now >= closing.alarm_at && closing.step != ClosingStep::Flat {
            closing.alarm_after = Span::from_micros((closing.alarm_after.micros() * 2).min(ALARM_EVERY_MAX.micros()));
            closing.alarm_at = now + closing.alarm_after;
            acts.push(DeskAct::Alarm(format!("the close is still {} after {}", closing.step.name(), closing.since)));
        }
    }

    fn leave_nothing_behind(&mut self, now: Timestamp, view: &DeskView<'_>, acts: &mut Vec<DeskAct>) {
        if view.live.is_empty() {
            self.check_at = None;
            acts.push(DeskAct::Finished);
            return;
        }
        let exits: Vec<_> = view.live.iter().filter(|order| order.role != OrderRole::Entry).copied().collect();
        let entry_lives = exits.len() < view.live.len();
        if entry_lives {
            self.check_at = None;
        } else if self.overdue(now) {
            // The broker should have ended these with their sibling or parent.
            cancel_groups(&exits, acts);
        }
    }

    /// Keeps the live protective quantity equal to the position.
    fn guard(&mut self, now: Timestamp, view: &DeskView<'_>, acts: &mut Vec<DeskAct>) {
        let need = view.position.abs();
        let covered = covered(view);
        let expected: Quantity = awaited_stops(view).map(Order::remaining).sum();
        if covered == need {
            self.check_at = None;
        } else if covered > need {
            if self.overdue(now) {
                let surplus: Vec<_> = stops(view).collect();
                cancel_groups(&surplus, acts);
            }
        } else if covered + expected >= need {
            if self.overdue(now) {
                stop_waiting(view, acts);
            }
        } else {
            self.restore_stop(now, view, need - covered - expected, acts);
        }
    }

    fn restore_stop(&mut self, now: Timestamp, view: &DeskView<'_>, missing: Quantity, acts: &mut Vec<DeskAct>) {
        let Some((stop, target)) = view.prices else { return };
        if self.repairs >= STOP_REPAIRS_MAX {
            acts.push(DeskAct::Alarm(format!("the stop was restored {} times: the position is closed", self.repairs)));
            self.close(now, ExitReason::Unprotected);
            self.advance_close(now, view, acts);
            return;
        }
        self.repairs += 1;
        let act = match target {
            Some(target) => self.submit(OrderRole::Target, OrderKind::Limit(target), missing, Some(stop)),
            None => self.submit(OrderRole::Stop, OrderKind::Stop(stop), missing, None),
        };
        acts.push(act);
        self.check_at = None;
    }

    const fn submit(
        &mut self,
        role: OrderRole,
        kind: OrderKind,
        quantity: Quantity,
        paired_stop: Option<Price>,
    ) -> DeskAct {
        self.orders_made += 1;
        DeskAct::Submit { role, kind, quantity, paired_stop, number: self.orders_made }
    }

    /// Starts the grace at the first look and tells when it is over.
    fn overdue(&mut self, now: Timestamp) -> bool {
        let at = *self.check_at.get_or_insert(now + COVERAGE_GRACE);
        if now < at {
            return false;
        }
        self.check_at = Some(now + COVERAGE_GRACE);
        true
    }
}

/// Returns the shares that stops really protect.
#[must_use]
pub fn covered(view: &DeskView<'_>) -> Quantity {
    stops(view).filter(|order| protects(order, view)).map(Order::remaining).sum()
}

fn stops<'a>(view: &DeskView<'a>) -> impl Iterator<Item = &'a Order> {
    view.live.iter().copied().filter(|order| order.role == OrderRole::Stop)
}

/// Lists the orders that may yet protect: stops that do not work, and pairs whose stop the broker has not named.
fn awaited_stops<'a>(view: &DeskView<'a>) -> impl Iterator<Item = &'a Order> {
    let is_awaited = |order: &Order| match order.role {
        OrderRole::Stop => !protects(order, view),
        OrderRole::Target => order.parent.is_none() && !stops(view).any(|stop| stop.parent.as_ref() == Some(&order.id)),
        OrderRole::Entry | OrderRole::Close => false,
    };
    view.live.iter().copied().filter(move |order| is_awaited(order))
}

/// Ends what keeps a stop from working: the rest of a partly filled entry, else a leg whose parent is gone.
fn stop_waiting(view: &DeskView<'_>, acts: &mut Vec<DeskAct>) {
    acts.push(DeskAct::Alarm(format!("{} shares wait for their stop", view.position.abs())));
    let entries: Vec<_> = view.live.iter().filter(|order| order.role == OrderRole::Entry).copied().collect();
    let waiting = if entries.is_empty() { awaited_stops(view).collect() } else { entries };
    cancel_groups(&waiting, acts);
}

/// Tells whether a stop really protects: it works, or it is held and its parent works or is filled.
fn protects(order: &Order, view: &DeskView<'_>) -> bool {
    match order.status {
        OrderStatus::Working | OrderStatus::PartiallyFilled => true,
        OrderStatus::Held => order.parent.as_ref().is_some_and(|parent| {
            let sibling_works = view.live.iter().any(|other| {
                let works = matches!(other.status, OrderStatus::Working | OrderStatus::PartiallyFilled);
                other.id == *parent && other.role == OrderRole::Target && works
            });
            sibling_works || view.parents_filled.contains(parent)
        }),
        OrderStatus::PendingSubmit
        | OrderStatus::PendingCancel
        | OrderStatus::Filled
        | OrderStatus::Cancelled
        | OrderStatus::Expired
        | OrderStatus::Rejected
        | OrderStatus::Replaced
        | OrderStatus::Unknown => false,
    }
}

/// Asks to cancel orders, one of each family: cancelling one leg ends the others with it.
fn cancel_groups(orders: &[&Order], acts: &mut Vec<DeskAct>) {
    let mut families: Vec<&ClientOrderId> = Vec::new();
    for order in orders {
        let family = order.parent.as_ref().unwrap_or(&order.id);
        let cancellable = match order.status {
            OrderStatus::Working | OrderStatus::Held | OrderStatus::PartiallyFilled => true,
            // Its fate is not known yet, or a cancel is under way: wait for the news.
            OrderStatus::PendingSubmit | OrderStatus::PendingCancel | OrderStatus::Unknown => {
                families.push(family);
                false
            }
            OrderStatus::Filled
            | OrderStatus::Cancelled
            | OrderStatus::Expired
            | OrderStatus::Rejected
            | OrderStatus::Replaced => false,
        };
        if cancellable && !families.contains(&family) {
            families.push(family);
            acts.push(DeskAct::Cancel(order.id.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StrategyId;
    use crate::money::Money;
    use crate::protection::StopRule;
    use crate::side::OrderSide;
    use crate::symbol::SymbolId;
    use crate::time::Date;

    const START: Timestamp = Timestamp::from_micros(0);

    fn attempt() -> AttemptId {
        AttemptId { date: Date::default(), strategy: StrategyId(0), symbol: SymbolId(0), attempt: 1 }
    }

    fn desk() -> ExitDesk {
        let protection = Protection { side: Side::Long, stop: StopRule::At(Price::from_cents(99)), target: None };
        ExitDesk::new(attempt(), protection)
    }

    /// Makes an order from `stop es/e HELD 99 40`: role, name and parent, status, shares, shares filled.
    #[track_caller]
    fn order(text: &str) -> Order {
        let words: Vec<&str> = text.split(' ').collect();
        let role = OrderRole::ALL.iter().copied().find(|role| role.name() == words[0]).expect(text);
        let (id, parent) = words[1].split_once('/').map_or((words[1], None), |(id, parent)| (id, Some(parent)));
        let shares = |index: usize| Quantity::new(words.get(index).map_or(0, |word| word.parse().expect(text)));
        Order {
            id: ClientOrderId::new(id),
            broker_id: None,
            parent: parent.map(ClientOrderId::new),
            attempt: attempt(),
            role,
            side: OrderSide::Sell,
            quantity: shares(3),
            kind: OrderKind::Market,
            status: OrderStatus::from_name(words[2]).expect(text),
            filled: shares(4),
            filled_notional: Money::ZERO,
            created_at: START,
            updated_at: START,
            rejection: None,
        }
    }

    /// Lets a desk look at a long position and orders, and returns its acts as text.
    #[track_caller]
    fn look(desk: &mut ExitDesk, now: Timestamp, position: i64, orders: &[&str]) -> String {
        let orders: Vec<Order> = orders.iter().map(|text| order(text)).collect();
        let filled =
            orders.iter().filter(|order| order.role == OrderRole::Entry && order.status == OrderStatus::Filled);
        let view = DeskView {
            position: Quantity::new(position),
            prices: (position != 0).then_some((Price::from_cents(99), None)),
            parents_filled: filled.map(|order| order.id.clone()).collect(),
            live: orders.iter().filter(|order| !order.status.is_terminal()).collect(),
        };
        let acts = desk.review(now, &view);
        let show = |act: &DeskAct| match act {
            DeskAct::Cancel(id) => format!("cancel {id}"),
            DeskAct::Submit { role, quantity, number, .. } => format!("{} {quantity} #{number}", role.name()),
            DeskAct::Verify => "verify".to_owned(),
            DeskAct::Step(closing) => closing.step.name().to_owned(),
            DeskAct::Alarm(_) => "alarm".to_owned(),
            DeskAct::Finished => "finished".to_owned(),
        };
        acts.iter().map(show).collect::<Vec<_>>().join(", ")
    }

    /// Checks what a fresh desk asks for at once, and what once the grace is over.
    #[track_caller]
    fn check(position: i64, orders: &[&str], at_once: &str, after_grace: &str) {
        let mut desk = desk();
        assert_eq!(look(&mut desk, START, position, orders), at_once, "at once: {orders:?}");
        assert_eq!(look(&mut desk, START + COVERAGE_GRACE, position, orders), after_grace, "later: {orders:?}");
    }

    #[test]
    fn a_covered_position_asks_for_nothing() {
        check(99, &["stop s WORKING 99"], "", "");
        check(99, &["stop s PARTIALLY_FILLED 120 21"], "", "");
        check(99, &["entry e FILLED 99 99", "stop es/e HELD 99", "target et/e WORKING 99"], "", "");
        check(99, &["target t WORKING 99", "stop ts/t HELD 99"], "", "");
        check(99, &["target t PARTIALLY_FILLED 120 21", "stop ts/t HELD 99"], "", "");
    }

    #[test]
    fn a_held_leg_counts_only_under_a_live_pair_or_a_filled_entry() {
        // The entry is only partly filled: the rest of it is cut when the grace is over.
        let partial = ["entry e PARTIALLY_FILLED 99 40", "stop es/e HELD 99", "target et/e HELD 99"];
        check(40, &partial, "", "alarm, cancel e");
        // The pair's target is being cancelled: its stop will go with it.
        check(99, &["target t PENDING_CANCEL 99", "stop ts/t HELD 99"], "", "alarm, cancel ts");
        check(99, &["stop es/e HELD 99"], "", "alarm, cancel es");
    }

    #[test]
    fn what_is_missing_is_placed_at_once_and_what_is_on_its_way_is_awaited() {
        check(99, &[], "stop 99 #1", "stop 99 #2");
        check(99, &["stop s WORKING 60"], "stop 39 #1", "stop 39 #2");
        check(99, &["stop s PENDING_SUBMIT 99"], "", "alarm");
        check(99, &["target t PENDING_SUBMIT 99"], "", "alarm");
        check(99, &["target t WORKING 99"], "", "alarm, cancel t");
    }

    #[test]
    fn what_is_too_much_goes_after_the_grace() {
        check(40, &["stop s WORKING 99"], "", "cancel s");
    }

    #[test]
    fn a_fourth_repair_is_a_close() {
        let mut desk = desk();
        for number in 1..=STOP_REPAIRS_MAX {
            assert_eq!(look(&mut desk, START, 99, &[]), format!("stop 99 #{number}"));
        }
        assert_eq!(look(&mut desk, START, 99, &[]), "alarm, close 99 #4, closing");
        assert_eq!(desk.closing().map(|closing| closing.reason), Some(ExitReason::Unprotected));
    }

    #[test]
    fn a_flat_symbol_keeps_its_entry_and_drops_orphans() {
        check(0, &[], "finished", "finished");
        check(0, &["entry e WORKING 99", "stop es/e HELD 99"], "", "");
        check(0, &["stop es/e HELD 99", "target et/e WORKING 99"], "", "cancel es");
    }

    #[test]
    fn a_close_waits_for_every_order_that_may_live() {
        for status in ["PENDING_SUBMIT", "PENDING_CANCEL", "UNKNOWN"] {
            let mut desk = desk();
            desk.close(START, ExitReason::ForceClose);
            let stop = format!("stop s {status} 99");
            assert_eq!(look(&mut desk, START, 99, &[&stop]), "", "{status}: nothing is sold");
            assert_eq!(look(&mut desk, START, 99, &[]), "close 99 #1, closing");
        }
        let mut desk = desk();
        desk.close(START, ExitReason::ForceClose);
        assert_eq!(look(&mut desk, START, 99, &["target t WORKING 99", "stop ts/t HELD 99"]), "cancel t");
        assert_eq!(look(&mut desk, START, 99, &["close x WORKING 99"]), "closing");
        assert_eq!(look(&mut desk, START, 0, &[]), "verifying, verify");
        assert_eq!(look(&mut desk, START, 0, &[]), "", "the broker is asked once");
    }

    #[test]
    fn the_broker_s_word_ends_the_close() {
        let mut desk = desk();
        assert_eq!(desk.on_verified(START, Quantity::ZERO), [], "nothing was asked");
        desk.close(START, ExitReason::TimeExit);
        desk.close(START, ExitReason::ForceClose);
        assert_eq!(look(&mut desk, START, 0, &[]), "verifying, verify");
        assert!(matches!(desk.on_verified(START, Quantity::new(5))[..], [DeskAct::Alarm(_)]));
        assert_eq!(desk.next_wakeup(), Some(START + COVERAGE_GRACE));
        assert_eq!(look(&mut desk, START + COVERAGE_GRACE, 0, &[]), "verify");
        let acts = desk.on_verified(START, Quantity::ZERO);
        assert!(matches!(acts[..], [DeskAct::Step(Closing { reason: ExitReason::TimeExit, .. }), DeskAct::Finished]));
    }

    #[test]
    fn a_close_that_failed_is_repeated_after_the_grace() {
        let mut desk = desk();
        desk.close(START, ExitReason::ForceClose);
        assert_eq!(look(&mut desk, START, 99, &[]), "close 99 #1, closing");
        assert_eq!(look(&mut desk, START, 99, &[]), "");
        assert_eq!(desk.next_wakeup(), Some(START + COVERAGE_GRACE));
        assert_eq!(look(&mut desk, START + COVERAGE_GRACE, 99, &[]), "alarm, close 99 #2");
        assert_eq!(desk.next_wakeup(), Some(START + CLOSE_DEADLINE));
    }
}

//! The one owner of a position's exits: stop guard, target, time exit, force-close and flatten all pass here.
//!
//! The desk compares what is with what must be, each time something changes, and asks for the difference. It holds
//! no order and no position of its own, so a repeated look asks for nothing twice.

mod closing;
mod coverage;
mod moves;

use crate::alarm::AlarmKind;
use crate::fact::ExitReason;
use crate::money::{Price, Quantity};
use crate::order::{AttemptId, ClientOrderId, Order, OrderKind, OrderRole, TimeInForce};
use crate::protection::Protection;
use crate::time::{Span, Timestamp};

pub use closing::Closing;
use closing::Sizing;
pub use coverage::covered;
use coverage::{awaited_stops, cancel_groups, stop_waiting, stops};
use moves::Moves;

/// How long a difference between position and stop may last before it is mended.
pub const COVERAGE_GRACE: Span = Span::from_seconds(2);
/// The longest pause before a close that failed is tried again.
pub const CLOSE_PAUSE_MAX: Span = Span::from_minutes(1);
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
    /// How long to wait before a close is tried again, or the broker is asked again; grows with each time.
    pause: Span,
    /// What the broker says there is to close.
    sizing: Sizing,
    /// As many shares of the position have been protected, or were meant to be: a stop for more is no repair.
    protected_up_to: Quantity,
    /// A stop was refused because another order stands in its way.
    blocked: bool,
    /// Moves exits to where the executed price puts them; `None` where the exchange does that by itself.
    moves: Option<Moves>,
    repairs: u32,
    repairs_max: u32,
    orders_made: u32,
    close_deadline: Span,
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
    /// A close could be filled now: the symbol is not halted and its market is open.
    pub tradable: bool,
}

/// Asks for one act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeskAct {
    /// Cancel an order.
    Cancel(ClientOrderId),
    /// Move a working exit to another price.
    Replace {
        /// Which exit.
        order: ClientOrderId,
        /// Its new stop or limit price.
        price: Price,
    },
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
        /// How long the order lives.
        time_in_force: TimeInForce,
        /// Counts the desk's own orders from 1.
        number: u32,
    },
    /// Ask the broker what it holds.
    Verify,
    /// Ask for the broker's whole state: it holds something else than the books.
    Compare,
    /// The step of the close has changed.
    Step(Closing),
    /// Something is not as it must be.
    Alarm(AlarmKind, String),
    /// The stop could not be kept: entries are held, and the position is being closed.
    GiveUp(String),
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
            pause: COVERAGE_GRACE,
            sizing: Sizing::Unknown,
            protected_up_to: Quantity::ZERO,
            blocked: false,
            moves: None,
            repairs: 0,
            repairs_max: STOP_REPAIRS_MAX,
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

    /// Allows so many repairs of the stop before the position is closed instead.
    #[must_use]
    pub const fn with_repairs_max(mut self, repairs: u32) -> Self {
        self.repairs_max = repairs;
        self
    }

    /// Makes the desk move exits that were placed before the executed price was known.
    #[must_use]
    pub fn moving_exits(mut self) -> Self {
        self.moves = Some(Moves::default());
        self
    }

    /// Notes that an exit of such a number exists: the next one gets a higher number.
    pub fn note_made(&mut self, number: u32) {
        self.orders_made = self.orders_made.max(number);
    }

    /// Notes that a stop was refused because another order stands in its way.
    pub const fn on_blocked(&mut self) {
        self.blocked = true;
    }

    /// Notes that an exit could not be moved; it is tried again after a pause, and not for ever.
    pub fn on_move_refused(&mut self, now: Timestamp) {
        if let Some(moves) = self.moves.as_mut() {
            moves.on_refused(now);
        }
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
        let alarm = self.closing.map(|closing| closing.alarm_at());
        let moving = self.moves.as_ref().and_then(Moves::next_wakeup).filter(|_| self.closing.is_none());
        [self.check_at, alarm, moving].into_iter().flatten().min()
    }

    /// Looks at the world and asks for what is missing.
    #[must_use]
    pub fn review(&mut self, now: Timestamp, view: &DeskView<'_>) -> Vec<DeskAct> {
        let mut acts = Vec::new();
        if let Some(moves) = self.moves.as_mut() {
            moves.on_time(now);
        }
        if self.closing.is_some() {
            self.advance_close(now, view, &mut acts);
        } else if view.position.is_zero() {
            self.leave_nothing_behind(now, view, &mut acts);
        } else {
            self.guard(now, view, &mut acts);
        }
        acts
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
            self.protected_up_to = self.protected_up_to.max(need);
            if let Some(moves) = self.moves.as_mut() {
                acts.extend(moves.next_acts(now, view));
            }
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
        let entries: Vec<_> = view.live.iter().filter(|order| order.role == OrderRole::Entry).copied().collect();
        if core::mem::take(&mut self.blocked) && !entries.is_empty() {
            // A stop beside a working entry of the other side is a wash trade: the entry goes first.
            self.blocked = true;
            self.check_at = Some(now + COVERAGE_GRACE);
            return cancel_groups(&entries, acts);
        }
        let need = view.position.abs();
        if need <= self.protected_up_to {
            if self.repairs >= self.repairs_max {
                let repairs = self.repairs;
                acts.push(DeskAct::GiveUp(format!("the stop was restored {repairs} times: the position is closed")));
                self.close(now, ExitReason::Unprotected);
                return self.advance_close(now, view, acts);
            }
            self.repairs += 1;
        }
        self.protected_up_to = self.protected_up_to.max(need);
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
        // What protects a position whose close cannot be made must outlive the day.
        let outlives = self.closing.is_some() && !matches!(role, OrderRole::Close);
        let time_in_force = if outlives { TimeInForce::GoodTillCancelled } else { TimeInForce::Day };
        DeskAct::Submit { role, kind, quantity, paired_stop, time_in_force, number: self.orders_made }
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

#[cfg(test)]
mod tests;

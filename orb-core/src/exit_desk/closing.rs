//! How a position is closed: exits are cancelled and their end is confirmed, the broker says how much there is, that much
//! is sold, and the broker is asked until it is flat.

use super::coverage::cancel_groups;
use super::{ALARM_EVERY_MAX, CLOSE_PAUSE_MAX, COVERAGE_GRACE, DeskAct, DeskView, ExitDesk};
use crate::alarm::AlarmKind;
use crate::fact::{ClosingStep, ExitReason};
use crate::money::Quantity;
use crate::order::{Order, OrderKind, OrderRole, OrderStatus};
use crate::time::{Span, Timestamp};

/// Describes a close under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Why.
    pub reason: ExitReason,
    /// When it was asked for.
    pub since: Timestamp,
    /// Which step it has reached.
    pub step: ClosingStep,
    /// An alarm was raised because it took too long.
    pub is_escalated: bool,
    alarm_at: Timestamp,
    alarm_after: Span,
}

impl Closing {
    /// Returns the step as it is recorded and shown: escalated from the first alarm until the broker is flat.
    #[must_use]
    pub fn recorded_step(&self) -> ClosingStep {
        let is_open = self.is_escalated && self.step != ClosingStep::Flat;
        if is_open { ClosingStep::Escalated } else { self.step }
    }

    pub(super) const fn alarm_at(&self) -> Timestamp {
        self.alarm_at
    }
}

/// Says how much of the broker's word on a position is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sizing {
    /// It has to be asked for.
    Unknown,
    /// It was asked for; without an answer until then the books count.
    Asked { until: Timestamp },
    /// The broker holds so many shares.
    Known(Quantity),
    /// The broker did not answer: the books count.
    Books,
}

impl ExitDesk {
    /// Starts to close; the first reason stays.
    pub fn close(&mut self, now: Timestamp, reason: ExitReason) {
        self.closing.get_or_insert(Closing {
            reason,
            since: now,
            step: ClosingStep::Cancelling,
            is_escalated: false,
            alarm_at: now + self.close_deadline,
            alarm_after: self.close_deadline,
        });
    }

    /// Tries a close once more at once: a closing order that works still is cancelled, and made anew once that is
    /// confirmed.
    #[must_use]
    pub fn retry(&mut self, view: &DeskView<'_>) -> Vec<DeskAct> {
        let mut acts = Vec::new();
        if self.closing.is_some() && view.tradable {
            let working = |order: &&&Order| {
                let works = matches!(order.status, OrderStatus::Working | OrderStatus::PartiallyFilled);
                order.role == OrderRole::Close && works
            };
            acts.extend(view.live.iter().filter(working).map(|order| DeskAct::Cancel(order.id.clone())));
            (self.close_after, self.pause) = (None, COVERAGE_GRACE);
        }
        acts
    }

    /// Takes the broker's word on the symbol's position after [`DeskAct::Verify`].
    #[must_use]
    pub fn on_verified(&mut self, now: Timestamp, broker: Quantity) -> Vec<DeskAct> {
        let Some(closing) = self.closing.as_mut() else { return Vec::new() };
        if matches!(self.sizing, Sizing::Asked { .. }) {
            self.sizing = Sizing::Known(broker);
            return Vec::new();
        }
        if closing.step != ClosingStep::Verifying {
            return Vec::new();
        }
        if broker.is_zero() {
            closing.step = ClosingStep::Flat;
            return vec![DeskAct::Step(*closing), DeskAct::Finished];
        }
        // The position list may lag behind the fill: ask again before calling it a difference.
        self.check_at = Some(now + self.next_pause());
        let message = format!("the books are flat, but the broker still shows {broker} shares");
        vec![DeskAct::Alarm(AlarmKind::CloseUnfinished, message), DeskAct::Compare]
    }

    /// Notes that the broker did not answer: the books say how much there is to close, or it is asked again later.
    pub fn verify_later(&mut self, now: Timestamp) {
        if matches!(self.sizing, Sizing::Asked { .. }) {
            self.sizing = Sizing::Books;
        } else {
            self.check_at = Some(now + self.next_pause());
        }
    }

    /// Returns how long to wait now, and doubles it for the next time.
    fn next_pause(&mut self) -> Span {
        let pause = self.pause;
        self.pause = Span::from_micros((pause.micros() * 2).min(CLOSE_PAUSE_MAX.micros()));
        pause
    }

    pub(super) fn advance_close(&mut self, now: Timestamp, view: &DeskView<'_>, acts: &mut Vec<DeskAct>) {
        let others: Vec<_> = view.live.iter().filter(|order| order.role != OrderRole::Close).copied().collect();
        let closing_order = view.live.iter().any(|order| order.role == OrderRole::Close);
        if !view.tradable && !view.position.is_zero() && !closing_order {
            return self.wait_protected(now, view, acts);
        }
        let again = self.check_at.is_some_and(|at| now >= at);
        let step = if !others.is_empty() {
            // What was known of the position may change until they have ended.
            self.sizing = Sizing::Unknown;
            cancel_groups(&others, acts);
            ClosingStep::Cancelling
        } else if view.position.is_zero() {
            ClosingStep::Verifying
        } else if closing_order {
            ClosingStep::Closing
        } else {
            self.order_close(now, view.position, acts)
        };
        self.set_step(now, step, again, acts);
    }

    /// Nothing can be sold while the symbol is halted or its market closed: the stop stays, or is placed, until it can.
    fn wait_protected(&mut self, now: Timestamp, view: &DeskView<'_>, acts: &mut Vec<DeskAct>) {
        let entries: Vec<_> = view.live.iter().filter(|order| order.role == OrderRole::Entry).copied().collect();
        cancel_groups(&entries, acts);
        if self.repairs < self.repairs_max {
            self.guard(now, view, acts);
        }
        self.set_step(now, ClosingStep::Cancelling, false, acts);
    }

    /// Orders the close of what the broker holds; after one that ended without closing only when the pause is over.
    fn order_close(&mut self, now: Timestamp, books: Quantity, acts: &mut Vec<DeskAct>) -> ClosingStep {
        if let Some(after) = self.close_after.filter(|after| now < *after) {
            self.check_at = Some(after);
            return self.closing.map_or(ClosingStep::Closing, |closing| closing.step);
        }
        let quantity = match self.sizing {
            Sizing::Unknown => {
                let until = now + COVERAGE_GRACE;
                (self.sizing, self.check_at) = (Sizing::Asked { until }, Some(until));
                acts.push(DeskAct::Verify);
                return ClosingStep::Sizing;
            }
            Sizing::Asked { until } if now < until => {
                self.check_at = Some(until);
                return ClosingStep::Sizing;
            }
            Sizing::Asked { .. } | Sizing::Books => books.abs(),
            Sizing::Known(broker) => closable(books, broker),
        };
        (self.sizing, self.check_at) = (Sizing::Unknown, None);
        if self.close_after.is_some() {
            let left = books.abs();
            acts.push(DeskAct::Alarm(
                AlarmKind::CloseUnfinished,
                format!("the closing order left {left} shares: another is made"),
            ));
        }
        self.close_after = Some(now + self.next_pause());
        if quantity != books.abs() {
            acts.push(DeskAct::Compare);
        }
        if quantity.is_zero() {
            acts.push(DeskAct::Alarm(
                AlarmKind::CloseUnfinished,
                format!("the books hold {books} shares, and the broker none of them"),
            ));
            self.check_at = self.close_after;
            return ClosingStep::Sizing;
        }
        acts.push(self.submit(OrderRole::Close, OrderKind::Market, quantity, None));
        ClosingStep::Closing
    }

    fn set_step(&mut self, now: Timestamp, step: ClosingStep, again: bool, acts: &mut Vec<DeskAct>) {
        let Some(closing) = self.closing.as_mut() else { return };
        if again && self.check_at.is_some_and(|at| at <= now) {
            self.check_at = None;
        }
        let changed = closing.step != step && closing.step != ClosingStep::Flat;
        if changed {
            closing.step = step;
            acts.push(DeskAct::Step(*closing));
        }
        if changed && step == ClosingStep::Verifying {
            self.pause = COVERAGE_GRACE;
        }
        if step == ClosingStep::Verifying && (changed || again) {
            acts.push(DeskAct::Verify);
        }
        if now >= closing.alarm_at && closing.step != ClosingStep::Flat {
            closing.alarm_after = Span::from_micros((closing.alarm_after.micros() * 2).min(ALARM_EVERY_MAX.micros()));
            closing.alarm_at = now + closing.alarm_after;
            acts.push(DeskAct::Alarm(
                AlarmKind::CloseUnfinished,
                format!("the close is still {} after {}", closing.step.name(), closing.since),
            ));
            if !core::mem::replace(&mut closing.is_escalated, true) {
                acts.push(DeskAct::Step(*closing));
            }
        }
    }
}

/// Returns how many shares may be closed: those of the books that the broker holds too.
///
/// What the broker holds beyond the books is not orb's, and what it holds on the other side would grow by a close.
fn closable(books: Quantity, broker: Quantity) -> Quantity {
    let same_side = (books > Quantity::ZERO) == (broker > Quantity::ZERO);
    if same_side && !broker.is_zero() { books.abs().min(broker.abs()) } else { Quantity::ZERO }
}

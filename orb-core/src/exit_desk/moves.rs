//! Brings exits that were placed with an entry, or moved by others, to where the position wants them.

use super::coverage::cancel_groups;
use super::{ALARM_EVERY_MAX, CLOSE_DEADLINE, COVERAGE_GRACE, DeskAct, DeskView};
use crate::alarm::AlarmKind;
use crate::money::{Price, Quantity};
use crate::order::{ClientOrderId, Order, OrderRole, OrderStatus};
use crate::time::{Span, Timestamp};

/// How often the move of one exit is tried.
const TRIES_MAX: u32 = 3;

/// Follows the moves of a symbol's exits, one at a time.
///
/// A broker may take a move and refuse it afterwards: for a moment the exit seems to stand where it should. So the
/// number of tries belongs to the move and ends only with another one.
///
/// An exit that cannot be moved is told until it is gone or stands right. A target or a stop nearer than wanted may stay:
/// they lose nothing that was not agreed to. A stop that lies farther off risks more than was approved: it is cancelled
/// with its group, and placed anew as any stop that is missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    /// The move that was asked for last.
    asked: Option<(ClientOrderId, Price)>,
    /// The broker has not answered it.
    is_open: bool,
    tries: u32,
    /// When it may be tried again.
    after: Option<Timestamp>,
    /// That time has come.
    is_due: bool,
    /// Exits that could not be moved, as long as they live.
    given_up: Vec<GivenUp>,
}

/// Holds an exit that could not be moved.
#[derive(Clone, Debug)]
struct GivenUp {
    order: ClientOrderId,
    wanted: Price,
    /// When it is to be told again; `None` once that time has come.
    tell_at: Option<Timestamp>,
    /// How long after that again.
    pause: Span,
}

impl Moves {
    /// Returns when a refused move is to be tried again, or one that was given up is to be told again.
    pub(super) fn next_wakeup(&self) -> Option<Timestamp> {
        let told = self.given_up.iter().filter_map(|given_up| given_up.tell_at).min();
        [self.after, told].into_iter().flatten().min()
    }

    pub(super) fn on_refused(&mut self, now: Timestamp) {
        if core::mem::take(&mut self.is_open) {
            self.after = Some(now + COVERAGE_GRACE);
        }
    }

    /// Notes that time has passed.
    pub(super) fn on_time(&mut self, now: Timestamp) {
        if self.after.is_some_and(|after| after <= now) {
            (self.after, self.is_due) = (None, true);
        }
        for given_up in self.given_up.iter_mut().filter(|given_up| given_up.tell_at.is_some_and(|at| at <= now)) {
            given_up.tell_at = None;
        }
    }

    /// Asks for the next move, and tells of exits that cannot be moved; nothing while an entry lives, whose fills still
    /// change the prices.
    pub(super) fn next_acts(&mut self, now: Timestamp, view: &DeskView<'_>) -> Vec<DeskAct> {
        let mut acts = Vec::new();
        if view.live.iter().any(|order| order.role == OrderRole::Entry) {
            return acts;
        }
        self.given_up.retain(|given_up| view.live.iter().any(|order| order.id == given_up.order));
        acts.extend(self.next_move(now, view));
        self.tell(now, view, &mut acts);
        acts
    }

    fn next_move(&mut self, now: Timestamp, view: &DeskView<'_>) -> Option<DeskAct> {
        let Some(wanted) = self.next_wanted(view) else {
            self.is_open = false;
            return None;
        };
        if self.asked.as_ref() != Some(&wanted) {
            let given_up = core::mem::take(&mut self.given_up);
            *self = Self { asked: Some(wanted.clone()), given_up, ..Self::default() };
        } else if self.is_open {
            return None;
        } else if !self.is_due {
            self.after.get_or_insert(now + COVERAGE_GRACE);
            return None;
        } else if self.tries >= TRIES_MAX {
            let (order, wanted) = wanted;
            self.given_up.push(GivenUp { order, wanted, tell_at: None, pause: CLOSE_DEADLINE });
            (self.asked, self.is_due) = (None, false);
            return self.next_move(now, view);
        }
        self.tries += 1;
        (self.is_open, self.is_due, self.after) = (true, false, None);
        let (order, price) = wanted;
        Some(DeskAct::Replace { order, price })
    }

    /// Returns the next exit that stands elsewhere, can be moved, and was not given up.
    fn next_wanted(&self, view: &DeskView<'_>) -> Option<(ClientOrderId, Price)> {
        let movable = |order: &&&Order| {
            // One that is filled in part would be replaced by an order for the rest alone: it stays where it is.
            matches!(order.status, OrderStatus::Working | OrderStatus::Held) && order.filled.is_zero()
        };
        let elsewhere = view.live.iter().filter(movable).filter_map(|order| Some((order, wanted(order, view)?)));
        let given_up =
            |order: &Order, wanted| self.given_up.iter().any(|one| one.order == order.id && one.wanted == wanted);
        elsewhere
            .filter(|(order, wanted)| !given_up(order, *wanted))
            .map(|(order, wanted)| (order.id.clone(), wanted))
            .next()
    }

    /// Tells of the exits that could not be moved; of stops that risk more than they may, it asks for the end.
    fn tell(&mut self, now: Timestamp, view: &DeskView<'_>, acts: &mut Vec<DeskAct>) {
        for given_up in self.given_up.iter_mut().filter(|given_up| given_up.tell_at.is_none()) {
            let Some(order) = given_up.find(view) else { continue };
            given_up.tell_at = Some(now + given_up.pause);
            given_up.pause = Span::from_micros(given_up.pause.micros() * 2).min(ALARM_EVERY_MAX);
            let (id, wanted) = (&order.id, given_up.wanted);
            let stands = order.kind.price().map(|price| price.to_string()).unwrap_or_default();
            let risks_more = risks_more(order, wanted, view.position);
            let follows = if risks_more { ": it is cancelled and placed anew" } else { "" };
            let message = format!("{id} stands at {stands} and could not be moved to {wanted}{follows}");
            acts.push(DeskAct::Alarm(AlarmKind::ExitMisplaced, message));
            if risks_more {
                cancel_groups(&[order], acts);
            }
        }
    }
}

impl GivenUp {
    /// Returns the exit while it stands elsewhere than it is wanted.
    fn find<'a>(&self, view: &DeskView<'a>) -> Option<&'a Order> {
        let is_it = |order: &&Order| order.id == self.order && wanted(order, view) == Some(self.wanted);
        view.live.iter().copied().find(is_it)
    }
}

/// Returns the price that an exit should have, if it has another.
fn wanted(order: &Order, view: &DeskView<'_>) -> Option<Price> {
    let (stop, target) = view.prices?;
    let wanted = match order.role {
        OrderRole::Stop => stop,
        OrderRole::Target => target?,
        OrderRole::Entry | OrderRole::Close => return None,
    };
    order.kind.price().filter(|price| *price != wanted).map(|_| wanted)
}

/// Tells whether a stop lies farther from the market than it is wanted.
fn risks_more(order: &Order, wanted: Price, position: Quantity) -> bool {
    let is_beyond = |price: Price| if position > Quantity::ZERO { price < wanted } else { price > wanted };
    order.role == OrderRole::Stop && order.kind.price().is_some_and(is_beyond)
}

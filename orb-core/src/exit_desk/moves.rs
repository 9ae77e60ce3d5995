//! Brings exits that were placed with an entry to where its executed price puts them.

use super::{COVERAGE_GRACE, DeskAct, DeskView};
use crate::money::Price;
use crate::order::{ClientOrderId, Order, OrderRole, OrderStatus};
use crate::time::Timestamp;

/// How often the move of one exit is tried: where it stands it protects, only not at the exact price.
const TRIES_MAX: u32 = 3;

/// Follows the moves of a symbol's exits, one at a time.
///
/// A broker may take a move and refuse it afterwards: for a moment the exit seems to stand where it should. So the
/// number of tries belongs to the move and ends only with another one.
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
}

impl Moves {
    /// Returns when a refused move is to be tried again.
    pub(super) const fn next_wakeup(&self) -> Option<Timestamp> {
        self.after
    }

    pub(super) fn on_refused(&mut self, now: Timestamp) {
        if core::mem::take(&mut self.is_open) && self.tries < TRIES_MAX {
            self.after = Some(now + COVERAGE_GRACE);
        }
    }

    /// Notes that time has passed.
    pub(super) fn on_time(&mut self, now: Timestamp) {
        if self.after.is_some_and(|after| after <= now) {
            (self.after, self.is_due) = (None, true);
        }
    }

    /// Asks for the next move; nothing while an entry lives, whose fills still change the prices.
    pub(super) fn next_act(&mut self, now: Timestamp, view: &DeskView<'_>) -> Option<DeskAct> {
        if view.live.iter().any(|order| order.role == OrderRole::Entry) {
            return None;
        }
        let Some(wanted) = view.live.iter().find_map(|order| misplaced(order, view)) else {
            self.is_open = false;
            return None;
        };
        if self.asked.as_ref() != Some(&wanted) {
            *self = Self { asked: Some(wanted.clone()), ..Self::default() };
        } else if self.is_open || self.tries >= TRIES_MAX {
            return None;
        } else if !self.is_due {
            self.after.get_or_insert(now + COVERAGE_GRACE);
            return None;
        }
        self.tries += 1;
        (self.is_open, self.is_due, self.after) = (true, false, None);
        let (order, price) = wanted;
        Some(DeskAct::Replace { order, price })
    }
}

/// Returns an exit and the price that it should have, if it has another and can be moved.
fn misplaced(order: &Order, view: &DeskView<'_>) -> Option<(ClientOrderId, Price)> {
    let (stop, target) = view.prices?;
    let wanted = match order.role {
        OrderRole::Stop => stop,
        OrderRole::Target => target?,
        OrderRole::Entry | OrderRole::Close => return None,
    };
    // One that is filled in part would be replaced by an order for the rest alone: it stays where it is.
    let movable = matches!(order.status, OrderStatus::Working | OrderStatus::Held) && order.filled.is_zero();
    (movable && order.kind.price().is_some_and(|price| price != wanted)).then(|| (order.id.clone(), wanted))
}

//! Brings exits that were placed with an entry to where its executed price puts them.

use super::{COVERAGE_GRACE, DeskAct, DeskView};
use crate::money::Price;
use crate::order::{ClientOrderId, Order, OrderRole, OrderStatus};
use crate::time::Timestamp;

/// How often the move of one exit is tried: where it stands it protects, only not at the exact price.
const TRIES_MAX: u32 = 3;

/// Follows the moves of a symbol's exits, one at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    /// The move that the broker has not answered.
    asked: Option<(ClientOrderId, Price)>,
    tries: u32,
    /// Before this nothing is tried again.
    after: Option<Timestamp>,
}

impl Moves {
    /// Returns when a refused move is to be tried again.
    pub(super) const fn next_wakeup(&self) -> Option<Timestamp> {
        self.after
    }

    pub(super) fn on_refused(&mut self, now: Timestamp) {
        if self.asked.take().is_some() && self.tries < TRIES_MAX {
            self.after = Some(now + COVERAGE_GRACE);
        }
    }

    /// Asks for the next move; nothing while an entry lives, whose fills still change the prices.
    pub(super) fn next_act(&mut self, now: Timestamp, view: &DeskView<'_>) -> Option<DeskAct> {
        if view.live.iter().any(|order| order.role == OrderRole::Entry) {
            return None;
        }
        let Some(wanted) = view.live.iter().find_map(|order| misplaced(order, view)) else {
            *self = Self::default();
            return None;
        };
        if self.after.is_some_and(|after| now < after) || self.asked.as_ref() == Some(&wanted) {
            return None;
        }
        self.after = None;
        if self.tries >= TRIES_MAX {
            return None;
        }
        self.tries += 1;
        let (order, price) = wanted.clone();
        self.asked = Some(wanted);
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

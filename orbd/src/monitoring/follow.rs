//! What follows from one view after another: how long signals and stops take, and for how long positions are bare.

use std::collections::BTreeMap;
use std::sync::Arc;

use orb_core::{OrderSide, Side, Span, Timestamp};
use tokio::sync::broadcast::{self, error::RecvError};

use super::Meters;
use crate::view::{Change, FillView, PositionView, SignalView, Update, View};

/// Counts what updates show, until the engine's ends have gone.
pub(crate) async fn follow(mut updates: broadcast::Receiver<Arc<Update>>, meters: Meters) {
    let mut follower = Follower::new(meters);
    loop {
        match updates.recv().await {
            Ok(update) => follower.on_update(&update),
            // The next one shows the state again; what happened in between is not counted.
            Err(RecvError::Lagged(_)) => follower.last = None,
            Err(RecvError::Closed) => return,
        }
    }
}

/// Follows the views of one daemon.
#[derive(Debug)]
pub(super) struct Follower {
    meters: Meters,
    last: Option<Arc<View>>,
    /// Since when an entry of a trade that is not covered is filled.
    bare: BTreeMap<Arc<str>, Timestamp>,
    /// Signals that the broker had not acknowledged when they were seen last.
    waiting: BTreeMap<Arc<str>, Timestamp>,
}

impl Follower {
    pub(super) const fn new(meters: Meters) -> Self {
        Self { meters, last: None, bare: BTreeMap::new(), waiting: BTreeMap::new() }
    }

    /// Counts what is new in an update.
    pub(super) fn on_update(&mut self, update: &Update) {
        let view = &update.view;
        let is_other = self.last.as_ref().is_some_and(|last| last.ledger.id != view.ledger.id);
        if view.now.is_none() || is_other {
            (self.last, self.bare, self.waiting) = (None, BTreeMap::new(), BTreeMap::new());
        }
        let Some(now) = view.now else { return };
        if let Some(before) = self.last.take() {
            self.time_bare(&before, now);
        }
        for change in &update.changes {
            match change {
                Change::Signal(signal) => self.signal(signal),
                Change::Fill(fill) => {
                    let entered = view.positions.iter().find(|position| enters(fill, position));
                    if let Some(position) = entered {
                        self.bare.entry(Arc::clone(&position.trade_id)).or_insert(now);
                    }
                }
                Change::Trade(_) | Change::DayOver(_) => {}
            }
        }
        self.positions(view, now);
        self.last = Some(Arc::clone(view));
    }

    /// Adds the time since the view before for each position that was not covered in it.
    fn time_bare(&self, before: &View, now: Timestamp) {
        let Some(since) = before.now else { return };
        let time = (now - since).max(Span::ZERO);
        before.positions.iter().filter(|position| !is_covered(position)).for_each(|_| self.meters.unprotected(time));
    }

    fn positions(&mut self, view: &View, now: Timestamp) {
        let find = |id: &Arc<str>| view.positions.iter().find(|position| position.trade_id == *id);
        let meters = &self.meters;
        self.bare.retain(|id, since| match find(id) {
            Some(position) if is_covered(position) => {
                meters.fill_protected((now - *since).max(Span::ZERO));
                false
            }
            Some(_) => true,
            // It was left before a stop covered it.
            None => false,
        });
    }

    /// Notes the first word of the broker for a signal that arose while this follows.
    fn signal(&mut self, shown: &SignalView) {
        let signal = &shown.signal;
        match signal.submitted_at {
            None if shown.is_active() => _ = self.waiting.insert(Arc::clone(&shown.id), signal.at),
            None => _ = self.waiting.remove(&shown.id),
            Some(at) => {
                if let Some(since) = self.waiting.remove(&shown.id) {
                    self.meters.signal_acknowledged((at - since).max(Span::ZERO));
                }
            }
        }
    }
}

/// Tells whether a fill made a position larger.
fn enters(fill: &FillView, position: &PositionView) -> bool {
    let is_same_side = (fill.side == OrderSide::Buy) == (position.side == Side::Long);
    fill.trade_id == position.trade_id && is_same_side && fill.taken_back.is_none()
}

fn is_covered(position: &PositionView) -> bool {
    position.protected >= position.quantity
}

#[cfg(test)]
mod tests;

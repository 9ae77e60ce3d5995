//! From one view to the next: which signals are over. Pure, but for the name of the records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orb_core::Timestamp;
use orb_core::fact::Trade;

use crate::view::{Change, SignalView, Update, View};

/// Names a signal that is over, with its trade where there is one.
pub(super) type Ended = (Arc<str>, Option<Trade>);

/// Follows the views of one daemon.
#[derive(Debug, Default)]
pub(super) struct Follower {
    ledger: Arc<str>,
    /// When this engine began; `None` before its first view.
    since: Option<Timestamp>,
    has_missed: bool,
    /// Trades that are closed while their signal's order is not over.
    closed: BTreeMap<Arc<str>, Trade>,
    told: BTreeSet<Arc<str>>,
    /// The date of the session, as ids begin with it.
    date: String,
}

impl Follower {
    /// Returns which signals are over since the update before. What was over when this began is not among them.
    pub(super) fn on_update(&mut self, update: &Update) -> Vec<Ended> {
        let view = &update.view;
        if view.now.is_none() || self.ledger != view.ledger.id {
            *self = Self { ledger: Arc::clone(&view.ledger.id), ..Self::default() };
        }
        let Some(now) = view.now else { return Vec::new() };
        self.turn_to(view);
        let mut ended: Vec<Ended> = update.changes.iter().filter_map(|change| self.take(change, view)).collect();
        if core::mem::take(&mut self.has_missed) {
            ended.extend(self.found_over(view));
        }
        if self.since.replace(self.since.unwrap_or(now)).is_none() {
            // Whoever began before told of these, or they are among the changes above.
            drop(self.found_over(view));
        }
        ended
    }

    /// Notes that updates were missed: the next one shows what is over.
    pub(super) const fn on_missed(&mut self) {
        self.has_missed = true;
    }

    /// Forgets what is older than the session before.
    fn turn_to(&mut self, view: &View) {
        let Some(session) = view.session else { return };
        let date = session.date.to_string();
        if date != self.date {
            let before = core::mem::replace(&mut self.date, date);
            self.told.retain(|id| **id >= *before);
        }
    }

    fn take(&mut self, change: &Change, view: &View) -> Option<Ended> {
        match change {
            Change::Signal(signal) if !signal.is_active() => {
                let trade = self.closed.remove(&signal.id);
                (signal.filled.is_zero() || trade.is_some()).then(|| self.end(&signal.id, trade)).flatten()
            }
            // A trade that was closed before this began is corrected, which its trace does not show.
            Change::Trade(trade)
                if self.since.is_some_and(|since| trade.trade.exit_time.is_some_and(|at| at < since)) =>
            {
                None
            }
            Change::Trade(trade) => {
                let is_working = signal_of(view, &trade.id).is_some_and(|signal| signal.is_active());
                if is_working {
                    self.closed.insert(Arc::clone(&trade.id), trade.trade.clone());
                    return None;
                }
                self.end(&trade.id, Some(trade.trade.clone()))
            }
            Change::Signal(_) | Change::Fill(_) | Change::DayOver(_) => None,
        }
    }

    /// Returns an end that was not told.
    fn end(&mut self, id: &Arc<str>, trade: Option<Trade>) -> Option<Ended> {
        self.told.insert(Arc::clone(id)).then(|| (Arc::clone(id), trade))
    }

    /// Lists what the view shows as over and was not told.
    fn found_over(&mut self, view: &View) -> Vec<Ended> {
        let is_held = |id: &Arc<str>| view.positions.iter().any(|position| position.trade_id == *id);
        let over = view.signals.iter().filter(|signal| !signal.is_active() && !is_held(&signal.id));
        over.filter_map(|signal| {
            let trade = self.closed.remove(&signal.id);
            self.end(&signal.id, trade)
        })
        .collect()
    }
}

fn signal_of<'a>(view: &'a View, id: &Arc<str>) -> Option<&'a Arc<SignalView>> {
    view.signals.iter().find(|signal| signal.id == *id)
}

#[cfg(test)]
mod tests;

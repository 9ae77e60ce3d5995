//! What streams show: the newest state, and the last changes of each topic.

use std::sync::Arc;

use orb_api::v1;
use orb_core::{Date, Money, Timestamp};

use super::{
    positions::{self, PositionsDelta},
    ring::Ring,
};
use crate::{
    rpc::{control, convert},
    store::EquityRow,
    view::{Change, LogView, SessionPhase, SignalView, Update, View},
};

/// Changes of a topic that are kept: a client that was away for as long as they span goes on without a snapshot.
pub(super) const ENTRIES_MAX: usize = 4096;
/// Points of a session's equity that are kept: one a second and one a fill, from the open to the close.
const POINTS_MAX: usize = 48 * 1024;

/// Holds the newest state, and the last changes of each topic. Only the [hub](super::hub) changes it.
///
/// All entries of one batch have one sequence, greater than any before, and come at once: a reader that has seen a
/// sequence has seen all that belongs to it, in every topic.
#[derive(Debug)]
pub(super) struct Board {
    /// Names the daemon's run.
    pub(super) epoch: Arc<str>,
    /// The number of the newest batch.
    pub(super) sequence: u64,
    /// The newest state; the lists in it contain everything that the rings hold.
    pub(super) view: Arc<View>,
    /// The session's equity so far, oldest first.
    pub(super) points: Vec<EquityRow>,
    /// Marks changes of the status.
    pub(super) status: Ring<()>,
    /// Marks changes of the account.
    pub(super) account: Ring<()>,
    /// Changes of positions.
    pub(super) positions: Ring<PositionsDelta>,
    /// New fills.
    pub(super) fills: Ring<v1::Fill>,
    /// New points.
    pub(super) equity: Ring<EquityRow>,
    /// Signals that arose or moved on.
    pub(super) signals: Ring<SignalView>,
    /// Log lines; their sequence is their id.
    pub(super) logs: Ring<LogView>,
    last_status: v1::GetStatusResponse,
}

impl Board {
    /// Makes the board of a run that has come to a view.
    pub(super) fn new(epoch: Arc<str>, view: Arc<View>) -> Self {
        let sequence = view.sequence;
        Self {
            epoch,
            sequence,
            last_status: comparable(&view),
            points: Vec::new(),
            status: Ring::new(ENTRIES_MAX, sequence),
            account: Ring::new(ENTRIES_MAX, sequence),
            positions: Ring::new(ENTRIES_MAX, sequence),
            fills: Ring::new(ENTRIES_MAX, sequence),
            equity: Ring::new(ENTRIES_MAX, sequence),
            signals: Ring::new(ENTRIES_MAX, sequence),
            // Lines of before are in the records alone.
            logs: Ring::new(ENTRIES_MAX, u64::MAX),
            view,
        }
    }

    /// Takes what the engine published since the last time, oldest first, as one batch.
    pub(super) fn take(&mut self, updates: &[Arc<Update>]) {
        let Some(newest) = updates.last() else { return };
        let before = std::mem::replace(&mut self.view, Arc::clone(&newest.view));
        self.sequence = self.view.sequence.max(self.sequence + 1);
        if before.ledger != self.view.ledger {
            self.points.clear();
            return self.restart(0);
        }
        self.take_positions(&before);
        self.take_status(changes_at_once);
        if before.account.cash != self.view.account.cash || before.day.equity_open != self.view.day.equity_open {
            self.account.push(self.sequence, Arc::default());
        }
        if date(&before) == date(&self.view) {
            self.take_changes(updates);
        } else {
            self.points.clear();
            self.restart_session(0);
        }
    }

    /// Takes a newer state where what led to it is lost.
    pub(super) fn skip_to(&mut self, view: Arc<View>, lost: u64) {
        let is_same = self.view.ledger == view.ledger;
        self.view = view;
        self.sequence = self.view.sequence.max(self.sequence + 1);
        let open = self.view.session.map(|session| session.open).filter(|_| is_same);
        self.points.retain(|point| open.is_some_and(|open| point.at >= open));
        self.restart(lost);
    }

    /// Takes the beat of a second: what marks move.
    pub(super) fn beat(&mut self) {
        self.sequence = self.view.sequence.max(self.sequence + 1);
        self.account.push(self.sequence, Arc::default());
        self.take_status(|then, now| then != now);
        self.take_point();
    }

    /// Takes a line of the log.
    pub(super) fn take_line(&mut self, line: Arc<LogView>) {
        self.logs.begin_at(line.id.saturating_sub(1));
        self.logs.push(line.id, line);
    }

    /// Notes that lines of the log went by unseen.
    pub(super) fn lose_lines(&mut self, count: u64) {
        self.logs.restart(u64::MAX, count);
    }

    /// Takes what the records hold of the session's equity, from before the first point of this run.
    pub(super) fn take_recorded(&mut self, mut recorded: Vec<EquityRow>) {
        if let Some(first) = self.points.first() {
            recorded.retain(|point| point.at < first.at);
        }
        recorded.append(&mut self.points);
        self.points = recorded;
        self.sequence += 1;
        self.equity.restart(self.sequence, 0);
    }

    /// Begins all topics of the engine anew: another ledger, or a loss.
    fn restart(&mut self, lost: u64) {
        self.last_status = comparable(&self.view);
        self.status.restart(self.sequence, lost);
        self.account.restart(self.sequence, lost);
        self.positions.restart(self.sequence, lost);
        self.restart_session(lost);
    }

    /// Begins the topics of a session anew: their snapshots are of the new one.
    fn restart_session(&mut self, lost: u64) {
        self.fills.restart(self.sequence, lost);
        self.signals.restart(self.sequence, lost);
        self.equity.restart(self.sequence, lost);
    }

    fn take_positions(&mut self, before: &View) {
        if let Some(delta) = positions::delta(before, &self.view) {
            self.positions.push(self.sequence, Arc::new(delta));
        }
    }

    fn take_status(&mut self, differs: fn(&v1::GetStatusResponse, &v1::GetStatusResponse) -> bool) {
        let now = comparable(&self.view);
        if differs(&self.last_status, &now) {
            self.last_status = now;
            self.status.push(self.sequence, Arc::default());
        }
    }

    fn take_changes(&mut self, updates: &[Arc<Update>]) {
        let mut is_filled = false;
        for change in updates.iter().flat_map(|update| &update.changes) {
            match change {
                Change::Signal(signal) => self.signals.push(self.sequence, Arc::clone(signal)),
                Change::Fill(fill) => {
                    is_filled = true;
                    self.fills.push(self.sequence, Arc::new(convert::fill(&self.view.ledger.id, fill)));
                }
                // Trades are read from the records.
                Change::Trade(_) | Change::DayOver(_) => {}
            }
        }
        if is_filled {
            self.take_point();
        }
    }

    /// Adds a point while the market is open and the engine's clock moves.
    fn take_point(&mut self) {
        let Some(point) = point(&self.view) else { return };
        let is_newer = self.points.last().is_none_or(|last| last.at < point.at);
        if is_newer && self.points.len() < POINTS_MAX {
            self.points.push(point);
            self.equity.push(self.sequence, Arc::new(point));
        }
    }
}

fn date(view: &View) -> Option<Date> {
    view.session.map(|session| session.date)
}

fn point(view: &View) -> Option<EquityRow> {
    let is_open = match view.session?.phase {
        SessionPhase::OpeningRange | SessionPhase::Entries | SessionPhase::Managing | SessionPhase::Flattening => true,
        SessionPhase::Closed | SessionPhase::PreOpen | SessionPhase::AfterClose => false,
    };
    let (at, equity): (Timestamp, Money) = (view.now?, view.account.equity);
    let day = &view.day;
    is_open.then_some(EquityRow { at, equity, realized: day.realized_net, unrealized: day.unrealized })
}

/// Returns the status without what changes by the mere passing of time.
fn comparable(view: &View) -> v1::GetStatusResponse {
    let mut status = control::status(view);
    (status.engine_time, status.server_time) = (None, None);
    if let Some(feed) = &mut status.feed {
        feed.age = None;
    }
    status
}

/// Tells whether two statuses differ by more than what prices move, which is told each second.
fn changes_at_once(then: &v1::GetStatusResponse, now: &v1::GetStatusResponse) -> bool {
    let steady = |status: &v1::GetStatusResponse| {
        let mut status = status.clone();
        (status.day_pnl, status.loss_limit, status.feed) = (None, None, None);
        status
    };
    steady(then) != steady(now)
}

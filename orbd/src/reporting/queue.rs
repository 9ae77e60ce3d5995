//! What waits to be reported, as whoever reports and the thread that sends share it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::report::Report;

/// Reports that may wait.
const ROOM: usize = 256;

/// Holds what waits. Giving something to it takes as long as a short lock.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    news: Condvar,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Report>,
    is_ending: bool,
    has_ended: bool,
}

impl Queue {
    /// Gives a report to the thread that sends; tells whether there was room.
    pub(super) fn push(&self, report: Report) -> bool {
        let mut state = self.state();
        let has_room = state.waiting.len() < ROOM && !state.is_ending;
        if has_room {
            state.waiting.push_back(report);
            self.news.notify_one();
        }
        has_room
    }

    /// Waits until something waits, the end has come or an instant, and takes all; tells whether the end has come.
    pub(super) fn take(&self, until: Option<Instant>) -> (VecDeque<Report>, bool) {
        let mut state = self.state();
        while state.waiting.is_empty() && !state.is_ending {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            state = match left {
                Some(Duration::ZERO) => break,
                Some(left) => self.news.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.news.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        (core::mem::take(&mut state.waiting), state.is_ending)
    }

    /// Says that nothing more comes, and waits until all has gone out, or for so long; tells whether it has.
    pub(super) fn end(&self, patience: Duration) -> bool {
        let mut state = self.state();
        state.is_ending = true;
        self.news.notify_one();
        let waited = self.ended.wait_timeout_while(state, patience, |state| !state.has_ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.has_ended
    }

    /// Says that the thread that sends has ended.
    pub(super) fn ended(&self) {
        self.state().has_ended = true;
        self.ended.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_takes_nothing_more_and_nobody_waits() {
        let queue = Queue::default();
        let taken = (0..ROOM + 10).filter(|_| queue.push(Report::ended())).count();
        assert_eq!(taken, ROOM);
        let (all, is_ending) = queue.take(None);
        assert_eq!((all.len(), is_ending), (ROOM, false));
        assert!(!queue.end(Duration::ZERO), "nobody sends");
        assert!(!queue.push(Report::ended()) && queue.take(None).1);
        queue.ended();
        assert!(queue.end(Duration::from_secs(1)));
    }
}

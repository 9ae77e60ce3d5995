//! Whose trades and quotes are wanted now, told by the runtime to the stream that subscribes them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orb_core::SymbolId;
use tokio::sync::Notify;

use crate::clock::{Busy, Clock};

/// Carries the wanted symbols to the stream; clones share one list.
///
/// Of thousands of symbols only few matter at a time: those whose levels are watched, and those that are held. A feed
/// that is asked for the trades of all would drown the others, and the plain one refuses more than a few.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    wanted: Vec<SymbolId>,
    /// The stream listens: a new wish reaches the server.
    listens: bool,
    /// The server takes no more wishes: it has refused one as too many.
    refused: bool,
    /// Simulated time stands until the server has heard of the wish.
    hold: Option<Busy>,
}

impl Wishes {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wishes for the trades and quotes of these symbols, and of no others.
    pub(crate) fn set<C: Clock>(&self, clock: &C, wanted: &[SymbolId]) {
        let mut state = self.lock();
        state.wanted.clear();
        state.wanted.extend_from_slice(wanted);
        if state.listens && !state.refused {
            state.hold.get_or_insert_with(|| clock.busy());
            self.shared.changed.notify_one();
        }
    }

    /// Returns what is wished for; nothing once the server has refused it. A connection that is being made asks with it.
    pub(crate) fn now(&self) -> Vec<SymbolId> {
        let state = self.lock();
        if state.refused { Vec::new() } else { state.wanted.clone() }
    }

    /// Notes that the server refuses trades and quotes of so many: bars have to do from now on.
    pub(crate) fn refuse(&self) {
        self.lock().refused = true;
    }

    /// Notes whether the stream listens; what was wished for meanwhile is told at once.
    pub(crate) fn listen(&self, listens: bool) {
        let hold = {
            let mut state = self.lock();
            state.listens = listens;
            state.hold.take().filter(|_| !listens)
        };
        drop(hold);
        if listens {
            self.shared.changed.notify_one();
        }
    }

    /// Waits for another wish.
    pub(crate) async fn changed(&self) {
        self.shared.changed.notified().await;
    }

    /// Takes what keeps simulated time standing, to be dropped when the server has answered.
    pub(crate) fn take_hold(&self) -> Option<Busy> {
        self.lock().hold.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WallClock;

    #[tokio::test]
    async fn a_wish_is_told_when_the_stream_listens_and_not_after_a_refusal() {
        let (wishes, clock) = (Wishes::default(), WallClock::default());
        wishes.set(&clock, &[SymbolId(3)]);
        assert!(wishes.take_hold().is_none(), "nobody would ever answer");
        wishes.listen(true);
        wishes.changed().await;
        wishes.set(&clock, &[SymbolId(4)]);
        wishes.changed().await;
        assert!(wishes.take_hold().is_some());
        assert_eq!(wishes.now(), [SymbolId(4)]);
        wishes.refuse();
        wishes.set(&clock, &[SymbolId(5)]);
        assert!(wishes.now().is_empty() && wishes.take_hold().is_none());
    }
}

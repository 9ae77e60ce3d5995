//! Signals of the session, and what becomes of them.

use std::{collections::BTreeSet, sync::Arc};

use orb_api::v1;
use orb_core::{Side, fact::SignalStatus};
use tonic::Status;

use super::{
    board::Board,
    ring::Ring,
    topic::{Loss, Names, Topic, ledger},
};
use crate::{
    rpc::{convert, validate},
    view::SignalView,
};

/// Tells of the signals that pass a filter; an empty list lets all pass.
#[derive(Clone, Debug, Default)]
pub(super) struct SignalsTopic {
    names: Names,
    sides: Vec<Side>,
    statuses: Vec<SignalStatus>,
    known: Known,
}

/// Which signals the client knows in one of the statuses that it asked for; when one leaves them, it is told once.
#[derive(Clone, Debug)]
enum Known {
    /// These.
    Only(BTreeSet<Arc<str>>),
    /// It may know any but these, since an earlier stream told it of some.
    AllBut(BTreeSet<Arc<str>>),
}

impl Default for Known {
    fn default() -> Self {
        Self::Only(BTreeSet::new())
    }
}

impl Known {
    fn enters(&mut self, id: &Arc<str>) {
        match self {
            Self::Only(known) => known.insert(Arc::clone(id)),
            Self::AllBut(unknown) => unknown.remove(id),
        };
    }

    /// Tells whether the client knows it, from now on no more.
    fn leaves(&mut self, id: &Arc<str>) -> bool {
        match self {
            Self::Only(known) => known.remove(id),
            Self::AllBut(unknown) => unknown.insert(Arc::clone(id)),
        }
    }
}

impl SignalsTopic {
    /// Reads what a client asks for.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when a filter is none.
    pub(super) fn read(request: &v1::StreamSignalsRequest) -> Result<Self, Status> {
        Ok(Self {
            names: Names::read(&request.symbols, &request.strategies)?,
            sides: validate::sides(&request.sides)?,
            statuses: validate::signal_statuses(&request.statuses)?,
            known: Known::default(),
        })
    }

    fn passes(&mut self, signal: &SignalView) -> bool {
        let is_wanted = self.names.pass(&signal.symbol, &signal.strategy)
            && (self.sides.is_empty() || self.sides.contains(&signal.signal.side));
        is_wanted && self.passes_status(signal)
    }

    fn passes_status(&mut self, signal: &SignalView) -> bool {
        if self.statuses.is_empty() {
            return true;
        }
        if self.statuses.contains(&signal.signal.status) {
            self.known.enters(&signal.id);
            return true;
        }
        self.known.leaves(&signal.id)
    }

    fn passing<'a>(&mut self, board: &Board, signals: impl Iterator<Item = &'a Arc<SignalView>>) -> Vec<v1::Signal> {
        let passing = signals.filter(|signal| self.passes(signal));
        passing.map(|signal| convert::signal(&board.view.ledger.id, signal)).collect()
    }
}

impl Topic for SignalsTopic {
    type Entry = SignalView;
    type Snapshot = v1::SignalsSnapshot;
    type Update = v1::SignalsUpdate;

    fn ring(board: &Board) -> &Ring<SignalView> {
        &board.signals
    }

    fn snapshot(&mut self, board: &Board, _: &[Arc<SignalView>], loss: Loss) -> v1::SignalsSnapshot {
        self.known = Known::default();
        v1::SignalsSnapshot {
            ledger: ledger(board),
            signals: self.passing(board, board.view.signals.iter()),
            resync: loss.is_some(),
            dropped: loss.dropped,
        }
    }

    fn update(&mut self, board: &Board, entries: &[Arc<SignalView>]) -> Option<v1::SignalsUpdate> {
        let signals = self.passing(board, entries.iter());
        (!signals.is_empty()).then_some(v1::SignalsUpdate { signals })
    }

    fn on_resume(&mut self, _: u64) {
        self.known = Known::AllBut(BTreeSet::new());
    }
}

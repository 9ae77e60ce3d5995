//! Fills of the session, as they happen.

use std::sync::Arc;

use orb_api::v1;
use tonic::Status;

use super::{
    board::Board,
    ring::Ring,
    topic::{Loss, Names, Topic, ledger},
};
use crate::rpc::convert;

/// Tells of the fills that pass a filter.
#[derive(Clone, Debug, Default)]
pub(super) struct FillsTopic {
    names: Names,
}

impl FillsTopic {
    /// Reads what a client asks for.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when a filter is none.
    pub(super) fn read(request: &v1::StreamFillsRequest) -> Result<Self, Status> {
        Ok(Self { names: Names::read(&request.symbols, &request.strategies)? })
    }
}

impl Topic for FillsTopic {
    type Entry = v1::Fill;
    type Snapshot = v1::FillsSnapshot;
    type Update = v1::FillsUpdate;

    fn ring(board: &Board) -> &Ring<v1::Fill> {
        &board.fills
    }

    fn snapshot(&mut self, board: &Board, _: &[Arc<v1::Fill>], loss: Loss) -> v1::FillsSnapshot {
        let fills = board.view.fills.iter().filter(|fill| self.names.pass(&fill.symbol, &fill.strategy));
        v1::FillsSnapshot {
            ledger: ledger(board),
            fills: fills.map(|fill| convert::fill(&board.view.ledger.id, fill)).collect(),
            resync: loss.is_some(),
            dropped: loss.dropped,
        }
    }

    fn update(&mut self, _: &Board, entries: &[Arc<v1::Fill>]) -> Option<v1::FillsUpdate> {
        let passing = entries.iter().filter(|fill| self.names.pass(&fill.symbol, &fill.strategy));
        let fills: Vec<_> = passing.map(|fill| v1::Fill::clone(fill)).collect();
        (!fills.is_empty()).then_some(v1::FillsUpdate { fills })
    }
}

//! The status, whole.

use std::sync::Arc;

use orb_api::v1;

use super::{
    board::Board,
    ring::Ring,
    topic::{Loss, Topic},
};
use crate::rpc::control;

/// Tells of the status: at once when it changes, and each second where only prices move it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StatusTopic;

impl Topic for StatusTopic {
    type Entry = ();
    type Snapshot = v1::StatusSnapshot;
    type Update = v1::GetStatusResponse;

    fn ring(board: &Board) -> &Ring<()> {
        &board.status
    }

    fn snapshot(&mut self, board: &Board, _: &[Arc<()>], loss: Loss) -> v1::StatusSnapshot {
        v1::StatusSnapshot { status: Some(control::status(&board.view)), resync: loss.is_some(), dropped: loss.dropped }
    }

    fn update(&mut self, board: &Board, _: &[Arc<()>]) -> Option<v1::GetStatusResponse> {
        Some(control::status(&board.view))
    }
}

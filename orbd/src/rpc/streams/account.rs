//! The account, whole.

use std::sync::Arc;

use orb_api::v1;

use super::{
    board::Board,
    ring::Ring,
    topic::{Loss, Topic},
};
use crate::rpc::portfolio;

/// Tells of the account: each second, and at once when cash moves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AccountTopic;

impl Topic for AccountTopic {
    type Entry = ();
    type Snapshot = v1::GetAccountResponse;
    type Update = v1::GetAccountResponse;

    fn ring(board: &Board) -> &Ring<()> {
        &board.account
    }

    fn snapshot(&mut self, board: &Board, _: &[Arc<()>], _: Loss) -> v1::GetAccountResponse {
        portfolio::account(&board.view)
    }

    fn update(&mut self, board: &Board, _: &[Arc<()>]) -> Option<v1::GetAccountResponse> {
        Some(portfolio::account(&board.view))
    }
}

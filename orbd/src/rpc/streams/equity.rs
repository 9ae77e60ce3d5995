//! The equity of the session, point by point.

use std::sync::Arc;

use orb_api::v1;

use super::{
    board::Board,
    ring::Ring,
    topic::{Loss, Topic, ledger},
};
use crate::{rpc::convert, store::EquityRow};

/// Points of a snapshot, at most.
const POINTS_MAX: usize = 1000;

/// Tells of the session's equity.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EquityTopic;

impl Topic for EquityTopic {
    type Entry = EquityRow;
    type Snapshot = v1::EquitySnapshot;
    type Update = v1::EquityUpdate;

    fn ring(board: &Board) -> &Ring<EquityRow> {
        &board.equity
    }

    fn snapshot(&mut self, board: &Board, _: &[Arc<EquityRow>], loss: Loss) -> v1::EquitySnapshot {
        v1::EquitySnapshot {
            ledger: ledger(board),
            points: thinned(board.points.len(), POINTS_MAX).map(|index| point(&board.points[index])).collect(),
            resync: loss.is_some(),
            dropped: loss.dropped,
        }
    }

    fn update(&mut self, _: &Board, entries: &[Arc<EquityRow>]) -> Option<v1::EquityUpdate> {
        Some(v1::EquityUpdate { points: entries.iter().map(|row| point(row)).collect() })
    }
}

fn point(row: &EquityRow) -> v1::IntradayEquityPoint {
    v1::IntradayEquityPoint {
        time: Some(convert::instant(row.at)),
        equity: convert::money(row.equity),
        realized: convert::money(row.realized),
        unrealized: convert::money(row.unrealized),
    }
}

/// Returns which of `length` points to keep so that at most `most` are left: evenly, with the first and the last.
fn thinned(length: usize, most: usize) -> impl Iterator<Item = usize> {
    let kept = length.min(most);
    (0..kept).map(move |number| if kept < 2 { number } else { number * (length - 1) / (kept - 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_keeps_its_ends_and_its_order() {
        for (length, most) in [(0, 10), (1, 10), (10, 10), (11, 10), (23_400, 1000), (5, 2)] {
            let kept: Vec<_> = thinned(length, most).collect();
            assert_eq!(kept.len(), length.min(most), "{length} {most}");
            assert!(kept.is_sorted_by(|a, b| a < b), "{length} {most}");
            assert_eq!(kept.first().copied(), (length > 0).then_some(0));
            assert_eq!(kept.last().copied(), length.checked_sub(1));
        }
    }
}

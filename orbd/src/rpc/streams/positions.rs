//! Open positions: all of them, then those that changed.

use std::{collections::BTreeMap, sync::Arc};

use orb_api::v1;
use tonic::Status;

use super::{
    board::Board,
    ring::Ring,
    topic::{Loss, Names, Topic, ledger},
};
use crate::{
    rpc::convert,
    view::{PositionView, View},
};

/// Tells what differs between two views.
#[derive(Clone, Debug, Default)]
pub(super) struct PositionsDelta {
    changed: Vec<v1::Position>,
    removed: Vec<v1::PositionKey>,
    day: v1::DayPnl,
}

/// Returns what differs; `None` when nothing does.
pub(super) fn delta(before: &View, after: &View) -> Option<PositionsDelta> {
    let is_same = Arc::ptr_eq(&before.positions, &after.positions);
    let (changed, removed) = if is_same { (Vec::new(), Vec::new()) } else { differences(before, after) };
    let is_none = changed.is_empty() && removed.is_empty() && before.day == after.day;
    (!is_none).then(|| PositionsDelta { changed, removed, day: convert::day_pnl(&after.day) })
}

fn differences(before: &View, after: &View) -> (Vec<v1::Position>, Vec<v1::PositionKey>) {
    let changed = after.positions.iter().filter(|now| !before.positions.contains(now));
    let is_open = |trade_id: &str| after.positions.iter().any(|position| &*position.trade_id == trade_id);
    let removed = before.positions.iter().filter(|then| !is_open(&then.trade_id));
    (changed.map(|position| convert::position(after, position)).collect(), removed.map(key).collect())
}

fn key(position: &PositionView) -> v1::PositionKey {
    v1::PositionKey {
        strategy: position.strategy.to_string(),
        symbol: position.symbol.to_string(),
        trade_id: position.trade_id.to_string(),
    }
}

/// Tells of the open positions that pass a filter.
#[derive(Clone, Debug, Default)]
pub(super) struct PositionsTopic {
    names: Names,
    /// The day's result as it was told last.
    day: v1::DayPnl,
}

impl PositionsTopic {
    /// Reads what a client asks for.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when a filter is none.
    pub(super) fn read(request: &v1::StreamPositionsRequest) -> Result<Self, Status> {
        let names = Names::read(&request.symbols, &request.strategies)?;
        Ok(Self { names, day: v1::DayPnl::default() })
    }
}

impl Topic for PositionsTopic {
    type Entry = PositionsDelta;
    type Snapshot = v1::PositionsSnapshot;
    type Update = v1::PositionsUpdate;

    fn ring(board: &Board) -> &Ring<PositionsDelta> {
        &board.positions
    }

    fn snapshot(&mut self, board: &Board, _: &[Arc<PositionsDelta>], loss: Loss) -> v1::PositionsSnapshot {
        let view = &board.view;
        let passes = |position: &&PositionView| self.names.pass(&position.symbol, &position.strategy);
        let mut positions: Vec<_> = view.positions.iter().filter(passes).collect();
        positions.sort_by_key(|position| (&position.symbol, &position.strategy));
        let positions = positions.into_iter().map(|position| convert::position(view, position)).collect();
        self.day = convert::day_pnl(&view.day);
        v1::PositionsSnapshot {
            ledger: ledger(board),
            positions,
            day_pnl: Some(self.day.clone()),
            resync: loss.is_some(),
            dropped: loss.dropped,
        }
    }

    /// However many changes a slow client has not heard of, it gets the last one of each position.
    fn update(&mut self, _: &Board, entries: &[Arc<PositionsDelta>]) -> Option<v1::PositionsUpdate> {
        let (mut changed, mut removed) = (BTreeMap::new(), BTreeMap::new());
        for delta in entries {
            for position in delta.changed.iter().filter(|row| self.names.pass(&row.symbol, &row.strategy)) {
                let of = (&position.symbol, &position.strategy, &position.trade_id);
                removed.remove(&of);
                changed.insert(of, position);
            }
            for gone in delta.removed.iter().filter(|row| self.names.pass(&row.symbol, &row.strategy)) {
                let of = (&gone.symbol, &gone.strategy, &gone.trade_id);
                changed.remove(&of);
                removed.insert(of, gone);
            }
        }
        let day = &entries.last()?.day;
        if changed.is_empty() && removed.is_empty() && *day == self.day {
            return None;
        }
        self.day.clone_from(day);
        let changed = changed.into_values().cloned().collect();
        let removed = removed.into_values().cloned().collect();
        Some(v1::PositionsUpdate { changed, removed, day_pnl: Some(day.clone()) })
    }
}

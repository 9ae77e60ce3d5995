//! What is to happen later, in the order in which it happens.

use std::collections::BTreeMap;

use orb_core::{Money, Timestamp};

use super::order::OrderKey;

/// Tells what is due at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Regular trading of a session begins.
    SessionOpen(usize),
    /// Regular trading of a session ends.
    SessionClose(usize),
    /// The exchange acknowledges an order.
    Acknowledge(OrderKey),
    /// The exchange rejects an order after all.
    Reject(OrderKey),
    /// An order is matched again: its fill, or its next piece, is due.
    Match(OrderKey),
    /// A cancel is confirmed.
    CancelDone(OrderKey),
    /// A replacement takes the place of another order.
    ReplaceDone {
        /// What is replaced.
        old: OrderKey,
        /// What replaces it.
        new: OrderKey,
    },
    /// An order's time is over.
    Expire(OrderKey),
    /// The closing auction, in which orders `cls` fill or end.
    ClosingAuction(OrderKey),
    /// An execution is busted.
    Bust(usize),
    /// The price of an execution is corrected by so much.
    Correct(usize, Money),
}

/// Holds what is due, by instant, and within an instant in the order in which it was planned.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    planned: BTreeMap<(Timestamp, u64), Due>,
    count: u64,
}

impl Timers {
    pub(super) fn plan(&mut self, at: Timestamp, due: Due) {
        self.count += 1;
        self.planned.insert((at, self.count), due);
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.planned.keys().next().map(|&(at, _)| at)
    }

    /// Takes what is due first, if it is due by now.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<(Timestamp, Due)> {
        let entry = self.planned.first_entry().filter(|entry| entry.key().0 <= now)?;
        let at = entry.key().0;
        Some((at, entry.remove()))
    }
}

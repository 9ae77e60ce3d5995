//! A clock that a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use orb_core::{Span, Timestamp};
use tokio::sync::watch;

use crate::clock::{Busy, Clock};

/// Shows the time to which the test set it, and counts what it is told.
#[derive(Clone, Debug)]
pub(super) struct ManualClock {
    time: watch::Sender<Timestamp>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    sleepers: watch::Sender<u64>,
    frames: AtomicU64,
    pushed: AtomicU64,
    parked: AtomicU64,
    busy: AtomicI64,
}

struct Sleeper<'a>(&'a watch::Sender<u64>);

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl ManualClock {
    pub(super) fn at(start: Timestamp) -> Self {
        Self { time: watch::Sender::new(start), counts: Arc::default() }
    }

    pub(super) fn advance(&self, span: Span) {
        self.time.send_modify(|time| *time = *time + span);
    }

    pub(super) fn advance_to(&self, at: Timestamp) {
        self.time.send_modify(|time| *time = at);
    }

    /// Waits until somebody sleeps.
    pub(super) async fn asleep(&self) {
        let mut sleepers = self.counts.sleepers.subscribe();
        sleepers.wait_for(|count| *count > 0).await.unwrap();
    }

    pub(super) fn frames_done(&self) -> u64 {
        self.counts.frames.load(Ordering::SeqCst)
    }

    pub(super) fn pushed_count(&self) -> u64 {
        self.counts.pushed.load(Ordering::SeqCst)
    }

    pub(super) fn parked_count(&self) -> u64 {
        self.counts.parked.load(Ordering::SeqCst)
    }

    /// Returns how many guards are held.
    pub(super) fn busy_count(&self) -> i64 {
        self.counts.busy.load(Ordering::SeqCst)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.time.borrow()
    }

    async fn sleep_until(&self, at: Timestamp) {
        let mut time = self.time.subscribe();
        self.counts.sleepers.send_modify(|count| *count += 1);
        let _asleep = Sleeper(&self.counts.sleepers);
        time.wait_for(|now| *now >= at).await.unwrap();
    }

    fn busy(&self) -> Busy {
        let counts = Arc::clone(&self.counts);
        counts.busy.fetch_add(1, Ordering::SeqCst);
        Busy::new(move || _ = counts.busy.fetch_sub(1, Ordering::SeqCst))
    }

    fn frame_done(&self) {
        self.counts.frames.fetch_add(1, Ordering::SeqCst);
    }

    fn pushed(&self) {
        self.counts.pushed.fetch_add(1, Ordering::SeqCst);
    }

    fn parked(&self, _seen: u64) {
        self.counts.parked.fetch_add(1, Ordering::SeqCst);
    }
}

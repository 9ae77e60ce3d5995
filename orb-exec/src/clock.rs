//! Time, as a venue sees it: real, or that of a simulator.

use std::future::Future;

use orb_core::{Span, Timestamp};

/// Tells the time that orders, bars and deadlines live in.
///
/// Timeouts of requests and pings of connections are no part of it: they run on the machine's own clock.
///
/// A simulated clock moves only when nothing is under way, so that the time which this machine takes never shows in
/// the result. For that a venue says what is under way: it holds a [`Busy`] while a request is outstanding and while
/// a frame is being taken apart, calls [`Clock::pushed`] after it has handed something to the runtime, and
/// [`Clock::parked`] each time the runtime waits for it with nothing left to do, with what [`Clock::pushed_so_far`] was
/// before the runtime looked into its queues. To a real clock all this is nothing.
pub trait Clock: Clone + core::fmt::Debug + Send + Sync + 'static {
    /// Returns the time; it never decreases.
    fn now(&self) -> Timestamp;

    /// Completes when the time has come; at once when it is over.
    fn sleep_until(&self, at: Timestamp) -> impl Future<Output = ()> + Send;

    /// Completes each time the machine's clock was set to another time; never where time is a simulator's.
    ///
    /// What it was set by is negative when it was set back. Until [`Clock::follow`] this clock goes on as before.
    fn was_set(&self) -> impl Future<Output = Span> + Send {
        core::future::pending()
    }

    /// Goes over to the time that the machine's clock was set to: at once if that is later, else by going slower.
    fn follow(&self) {}

    /// Keeps simulated time from passing until the guard is dropped.
    fn busy(&self) -> Busy {
        Busy::default()
    }

    /// Notes that a frame of a websocket was taken from it, and all that is in it was handed on.
    fn frame_done(&self) {}

    /// Notes that something was handed to the runtime, which has not seen it yet.
    fn pushed(&self) {}

    /// Counts what has been handed to the runtime.
    fn pushed_so_far(&self) -> u64 {
        0
    }

    /// Notes that the runtime has seen everything that was handed to it up to a count, and waits.
    fn parked(&self, _seen: u64) {}
}

/// Keeps simulated time from passing until it is dropped; nothing where time is real.
#[derive(Default)]
pub struct Busy(Option<Box<dyn FnOnce() + Send>>);

impl Busy {
    /// Makes a guard that calls a function when it is dropped.
    pub fn new(release: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(release)))
    }
}

impl core::fmt::Debug for Busy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Busy").field("held", &self.0.is_some()).finish()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(release) = self.0.take() {
            release();
        }
    }
}

//! Simulated time: what it waits for, and how it passes.
//!
//! Time goes from event to event. The simulator says when the next thing of its own happens (a trade, a bar, an
//! acknowledgement); clients in this process may sleep until an instant. The earliest of all is next, and time moves
//! there as soon as the pace allows and *nothing holds it*. Things of the simulator go before sleepers of the same
//! instant, and sleepers go one by one.
//!
//! What holds time:
//!
//! - a [`Busy`] guard: the server keeps one for each HTTP request under way, a client may keep its own;
//! - a sleeper that was woken and has not run yet;
//! - for clients in lock-step (see [`SimClock::register`]): a frame that the server sent and the client has not taken
//!   apart, something that was pushed and not seen, and a task that woke and has not said anything to the clock yet.
//!
//! All of it is one state behind one lock, and time moves under that lock: nothing can begin in between. It cannot
//! stand for ever because of something that died: guards release as they are dropped, a dropped sleeper is forgotten,
//! frames that were never written to a dead connection count as done, frames that were written to it and never taken
//! are given up after [`QUIET`] without any sign, and a woken task that says nothing is given up after the same time.
//! So long time also stands when the server ends a connection, so that its client notices before time goes on. When the last client in lock-step goes, everything it left behind is forgotten.

mod pace;
mod sleep;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use orb_core::Timestamp;
use tokio::sync::Notify;

pub use sleep::Sleep;
pub use state::QUIET;

use crate::speed::Speed;
use state::{Runner, State};

/// Tells simulated time and keeps it from passing; clones share one time.
#[derive(Clone, Debug)]
pub struct SimClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Rung when something changed that the pump may be waiting for.
    changed: Notify,
}

/// Keeps simulated time from passing until it is dropped.
#[derive(Debug)]
pub struct Busy {
    clock: SimClock,
}

/// Stands for a client of this process that works in lock-step with the clock, until it is dropped.
#[derive(Debug)]
pub struct LockStep {
    clock: SimClock,
}

/// Remembers what had been pushed at a moment, see [`SimClock::seen`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen(pub u64);

/// Says what became of an attempt to move time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is the time of the simulator's next event, which is to be handled now.
    Event(Timestamp),
    /// A sleeper was woken.
    Woken,
    /// Something holds time; look again when the clock changes, or after so long.
    Held(Option<Duration>),
    /// The pace allows the next instant only after so long.
    Early(Duration),
    /// Nothing is to come.
    Idle,
}

impl SimClock {
    /// Makes a clock that shows an instant and stands there until its simulator moves it.
    #[must_use]
    pub fn new(start: Timestamp, speed: Speed) -> Self {
        let state = Mutex::new(State::new(start, speed, Instant::now()));
        Self { shared: Arc::new(Shared { state, changed: Notify::new() }) }
    }

    /// Returns the time; it never decreases.
    ///
    /// Between two events it follows the pace, but for clients in lock-step, to whom only events have times.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.lock().now(Instant::now())
    }

    /// Completes when the time has come; at once when it is over.
    pub fn sleep_until(&self, at: Timestamp) -> Sleep {
        Sleep::new(self.clone(), at)
    }

    /// Keeps time from passing until the guard is dropped.
    #[must_use]
    pub fn busy(&self) -> Busy {
        self.change(|state| {
            state.hold();
            state.end_grace(Runner::current());
        });
        Busy { clock: self.clone() }
    }

    /// Registers a client of this process that works in lock-step: from now on time waits for frames to be taken apart
    /// and for what was pushed to be seen.
    ///
    /// The server counts the frames of every connection that is opened while such a client is registered, so the
    /// client registers before it connects.
    #[must_use]
    pub fn register(&self) -> LockStep {
        self.change(State::register);
        LockStep { clock: self.clone() }
    }

    /// Tells whether a client in lock-step is registered.
    #[must_use]
    pub fn is_lock_step(&self) -> bool {
        self.lock().is_lock_step()
    }

    /// Notes that the client took a frame apart and handed on all that was in it.
    pub fn frame_done(&self) {
        self.change(|state| {
            state.frame_done();
            state.end_grace(Runner::current());
        });
    }

    /// Notes that something was handed to a client's runtime, which has not seen it yet.
    pub fn pushed(&self) {
        self.change(|state| {
            state.pushed();
            state.end_grace(Runner::current());
        });
    }

    /// Remembers what has been pushed so far. A runtime asks before it looks into its queues, and gives the answer to
    /// [`SimClock::parked_since`] when it found them empty.
    #[must_use]
    pub fn seen(&self) -> Seen {
        Seen(self.lock().sequence())
    }

    /// Notes that the client's runtime has seen everything that was pushed up to a moment, and waits.
    ///
    /// What was pushed since then keeps time standing, whether the runtime is about to see it or not.
    pub fn parked_since(&self, seen: Seen) {
        self.change(|state| {
            state.parked(seen.0);
            state.end_grace(Runner::current());
        });
    }

    /// Notes that the client's runtime has seen everything that was pushed up to now, and waits.
    ///
    /// Only for a runtime to which nothing can be pushed between its last look into its queues and this call; others
    /// use [`SimClock::seen`] and [`SimClock::parked_since`].
    pub fn parked(&self) {
        let seen = self.seen();
        self.parked_since(seen);
    }

    /// Notes that the server put a frame into the queue of a connection whose frames count.
    pub(crate) fn frame_sent(&self) {
        self.change(State::frame_sent);
    }

    /// Notes that a connection ended: frames that were never written are done, written ones are in doubt.
    pub(crate) fn connection_ended(&self, unwritten: u64, written: u64) {
        self.change(|state| state.connection_ended(unwritten, written));
    }

    /// Lets the time until an instant pass at once, whatever the pace.
    pub(crate) fn skip_to(&self, at: Timestamp) {
        self.change(|state| state.skip_to(at, Instant::now()));
    }

    /// Tells the clock when the simulator's next event is, so that time does not run past it.
    pub(crate) fn expect(&self, next: Option<Timestamp>) {
        self.lock().expect(next);
    }

    /// Moves time to the simulator's next event or to the next sleeper, if it may.
    pub(crate) fn step(&self, next: Option<Timestamp>) -> Step {
        let (step, waker) = self.lock().step(next, Instant::now());
        if let Some(waker) = waker {
            waker.wake();
        }
        step
    }

    /// Completes when something changed that [`SimClock::step`] may depend on.
    pub(crate) async fn changed(&self) {
        self.shared.changed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole after every change, so a panic elsewhere does not spoil it.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = {
            let mut state = self.lock();
            let wall = Instant::now();
            state.before_change(wall);
            let result = change(&mut state);
            state.after_change(wall);
            result
        };
        self.shared.changed.notify_one();
        result
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.clock.change(State::release);
    }
}

impl Drop for LockStep {
    fn drop(&mut self) {
        self.clock.change(State::unregister);
    }
}

#[cfg(test)]
mod tests;

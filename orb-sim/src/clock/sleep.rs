//! Sleeping on simulated time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use orb_core::Timestamp;

use super::SimClock;
use super::state::{Runner, SleeperId};

/// Completes when simulated time has come to an instant; made by [`SimClock::sleep_until`].
#[derive(Debug)]
#[must_use = "a sleep does nothing unless it is awaited"]
pub struct Sleep {
    clock: SimClock,
    at: Timestamp,
    id: Option<SleeperId>,
    is_over: bool,
}

impl Sleep {
    pub(super) const fn new(clock: SimClock, at: Timestamp) -> Self {
        Self { clock, at, id: None, is_over: false }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.is_over {
            return Poll::Ready(());
        }
        let waker = context.waker();
        let (at, id) = (this.at, this.id);
        let over = match id {
            Some(id) => this.clock.change(|state| state.poll_sleeper(id, waker, Instant::now())),
            None => {
                this.id = this.clock.change(|state| {
                    state.end_grace(Runner::current());
                    state.sleep(at, waker)
                });
                this.id.is_none()
            }
        };
        if over {
            this.id = None;
            this.is_over = true;
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.clock.change(|state| state.forget_sleeper(id));
        }
    }
}

//! Time, as a venue sees it: real, or that of a simulator.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use orb_core::Timestamp;

/// Tells the time that orders, bars and deadlines live in.
///
/// Timeouts of requests and pings of connections are no part of it: they run on the machine's own clock.
///
/// A simulated clock moves only when nothing is under way, so that the time which this machine takes never shows in
/// the result. For that a venue says what is under way: it holds a [`Busy`] while a request is outstanding and while
/// a frame is being taken apart, calls [`Clock::pushed`] after it has handed something to the runtime, and
/// [`Clock::parked`] each time the runtime waits for it with nothing left to do. To a real clock all this is nothing.
pub trait Clock: Clone + core::fmt::Debug + Send + Sync + 'static {
    /// Returns the time; it never decreases.
    fn now(&self) -> Timestamp;

    /// Completes when the time has come; at once when it is over.
    fn sleep_until(&self, at: Timestamp) -> impl Future<Output = ()> + Send;

    /// Keeps simulated time from passing until the guard is dropped.
    fn busy(&self) -> Busy {
        Busy::default()
    }

    /// Notes that a frame of a websocket was taken from it, and all that is in it was handed on.
    fn frame_done(&self) {}

    /// Notes that something was handed to the runtime, which has not seen it yet.
    fn pushed(&self) {}

    /// Notes that the runtime has seen everything that was handed to it and waits.
    ///
    /// It is called at every look that found nothing, and at least twice before a wait: between the runtime's look into
    /// the broker's reports and this call something may have been handed to it. Surely seen is what had been handed to
    /// it at the call before.
    fn parked(&self) {}
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

/// Tells the machine's time, kept from going back.
#[derive(Clone, Debug, Default)]
pub struct WallClock {
    latest_micros: Arc<std::sync::atomic::AtomicI64>,
}

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        let before = self.latest_micros.fetch_max(micros, std::sync::atomic::Ordering::SeqCst);
        Timestamp::from_micros(before.max(micros))
    }

    async fn sleep_until(&self, at: Timestamp) {
        // In steps, because the machine's clock may be set while one sleeps.
        const STEP: Duration = Duration::from_secs(1);
        loop {
            let left = (at - self.now()).micros();
            let Ok(left @ 1..) = u64::try_from(left) else { return };
            tokio::time::sleep(Duration::from_micros(left).min(STEP)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use orb_core::Span;

    use super::*;

    #[tokio::test]
    async fn the_machine_s_time_sleeps_until_an_instant_and_never_goes_back() {
        let clock = WallClock::default();
        let before = clock.now();
        let at = before + Span::from_micros(20_000);
        clock.sleep_until(at).await;
        assert!(clock.now() >= at);
        clock.sleep_until(before).await;
        clock.latest_micros.fetch_add(1_000_000_000, std::sync::atomic::Ordering::SeqCst);
        let later = clock.now();
        assert!(clock.now() >= later);
    }
}

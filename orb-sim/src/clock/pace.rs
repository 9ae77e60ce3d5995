//! Simulated time against the machine's.

use std::time::{Duration, Instant};

use orb_core::{Span, Timestamp};

use crate::speed::Speed;

/// Tells how far simulated time may have gone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    speed: Speed,
    /// How far time had gone when it last began to pass.
    base: Timestamp,
    /// When it last began to pass; `None` while it stands.
    since: Option<Instant>,
}

impl Pace {
    pub(super) const fn new(speed: Speed, base: Timestamp, wall: Instant) -> Self {
        Self { speed, base, since: Some(wall) }
    }

    /// Returns how far time may have gone; at the highest speed there is no bound.
    pub(super) fn reached(&self, wall: Instant) -> Timestamp {
        let Speed::Times(times) = self.speed else { return Timestamp::MAX };
        let passed = self.since.map_or(Duration::ZERO, |since| wall.saturating_duration_since(since));
        // A float is exact to the microsecond for 285 years; a cast saturates.
        let micros = (passed.as_secs_f64() * times * 1e6) as i64;
        Timestamp::from_micros(self.base.micros().saturating_add(micros))
    }

    /// Tells whether time follows the machine's.
    pub(super) const fn is_paced(&self) -> bool {
        matches!(self.speed, Speed::Times(_))
    }

    /// Returns how long the machine has to wait until time may reach an instant.
    pub(super) fn wait(&self, at: Timestamp, wall: Instant) -> Option<Duration> {
        let Speed::Times(times) = self.speed else { return None };
        let left = (at - self.reached(wall)).micros();
        (left > 0).then(|| Duration::from_secs_f64((left as f64 / 1e6 / times).max(1e-6)))
    }

    /// Lets time stand, having gone no further than a bound.
    pub(super) fn stop(&mut self, bound: Timestamp, wall: Instant) {
        if self.since.is_some() {
            let reached = if self.is_paced() { self.reached(wall) } else { self.base };
            self.base = reached.min(bound).max(self.base);
            self.since = None;
        }
    }

    /// Lets time pass again.
    pub(super) fn start(&mut self, wall: Instant) {
        self.since.get_or_insert(wall);
    }

    /// Tells whether time passes.
    pub(super) const fn is_running(&self) -> bool {
        self.since.is_some()
    }

    /// Goes to an instant at once; never back.
    pub(super) fn skip_to(&mut self, at: Timestamp, wall: Instant) {
        if self.is_paced() && self.reached(wall) < at {
            self.base = at;
            self.since = self.since.map(|_| wall);
        }
    }

    /// Returns how far time had gone when it was stopped or last began.
    pub(super) const fn base(&self) -> Timestamp {
        self.base
    }
}

/// The smallest distance that time keeps from an event that was not handled yet.
pub(super) const BEFORE: Span = Span::from_micros(1);

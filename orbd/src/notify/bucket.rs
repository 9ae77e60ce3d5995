//! How often a channel is used: a bucket of tokens that fills evenly.

use std::time::Duration;

use tokio::time::Instant;

/// Messages that may go at once after a quiet time.
const BURST: u32 = 5;

/// Gives out tokens: five at once, then one each interval.
#[derive(Debug)]
pub(super) struct Bucket {
    interval: Duration,
    /// When the bucket is full again; the past when it is.
    full_at: Instant,
}

impl Bucket {
    /// Makes a full bucket that gives out so many tokens a minute.
    pub(super) fn per_minute(messages: u32, now: Instant) -> Self {
        Self { interval: Duration::from_secs(60) / messages.max(1), full_at: now }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// When there is none: the instant at which there will be one.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let filled = self.full_at.max(now) + self.interval;
        // As many intervals as there are tokens may be missing.
        let earliest = filled - self.interval * BURST;
        if earliest > now {
            return Err(earliest);
        }
        self.full_at = filled;
        Ok(())
    }
}

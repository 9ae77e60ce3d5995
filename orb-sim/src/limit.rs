//! How many requests are taken in a minute.

use std::time::{SystemTime, UNIX_EPOCH};

use orb_core::Timestamp;

use crate::config::{RateClock, RateLimit};

const MINUTE_MICROS: i64 = 60_000_000;

/// Says what is left of a minute's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// When the next minute begins, in seconds since 1970.
    pub(crate) reset: i64,
    pub(crate) is_granted: bool,
}

/// Counts requests by minute, trading and data each.
#[derive(Clone, Debug)]
pub(crate) struct Limiter {
    limit: Option<RateLimit>,
    /// The minute and its requests, of trading and of data.
    windows: [(i64, u32); 2],
}

impl Limiter {
    pub(crate) const fn new(limit: Option<RateLimit>) -> Self {
        Self { limit, windows: [(i64::MIN, 0); 2] }
    }

    /// Counts a request and tells whether it is taken; `None` without a limit.
    pub(crate) fn take(&mut self, is_data: bool, now: Timestamp) -> Option<Allowance> {
        let RateLimit { per_minute: limit, clock } = self.limit?;
        let micros = match clock {
            RateClock::Simulated => now.micros(),
            RateClock::Wall => wall_micros(),
        };
        let minute = micros.div_euclid(MINUTE_MICROS);
        let window = &mut self.windows[usize::from(is_data)];
        if window.0 != minute {
            *window = (minute, 0);
        }
        let is_granted = window.1 < limit;
        window.1 += u32::from(is_granted);
        Some(Allowance { limit, remaining: limit - window.1, reset: (minute + 1) * 60, is_granted })
    }
}

fn wall_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_its_requests_and_the_next_one_too() {
        let mut limiter = Limiter::new(Some(RateLimit { per_minute: 2, clock: RateClock::Simulated }));
        let mut take = |is_data, seconds: i64| {
            let allowance = limiter.take(is_data, Timestamp::from_micros(seconds * 1_000_000)).expect("a limit");
            (allowance.is_granted, allowance.remaining, allowance.reset)
        };
        assert_eq!(take(false, 61), (true, 1, 120));
        assert_eq!(take(false, 62), (true, 0, 120));
        assert_eq!(take(false, 119), (false, 0, 120));
        assert_eq!(take(true, 119), (true, 1, 120));
        assert_eq!(take(false, 120), (true, 1, 180));
        assert_eq!(Limiter::new(None).take(false, Timestamp::default()), None);
    }
}

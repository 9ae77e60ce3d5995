//! Timestamps and durations of the wire and integer microseconds.
//!
//! Instants are `i64` microseconds since 1970-01-01 UTC inside orb. The wire carries
//! nanoseconds; what is below a microsecond is truncated towards the past.

use prost_types::{Duration, Timestamp};
use thiserror::Error;

const MICROS_PER_SECOND: i64 = 1_000_000;
const NANOS_PER_MICRO: i32 = 1_000;
const NANOS_PER_SECOND: i32 = 1_000_000_000;

/// Why a message is no time: its nanoseconds are not valid, or 64 bits of microseconds
/// cannot hold it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("time of {seconds} s and {nanos} ns is out of range")]
pub struct TimeError {
    /// The message's seconds.
    pub seconds: i64,
    /// The message's nanoseconds.
    pub nanos: i32,
}

/// Returns the instant `micros` microseconds after 1970-01-01 UTC as a message.
#[must_use]
pub fn timestamp_from_micros(micros: i64) -> Timestamp {
    Timestamp {
        seconds: micros.div_euclid(MICROS_PER_SECOND),
        nanos: subsecond_nanos(micros.rem_euclid(MICROS_PER_SECOND)),
    }
}

/// Returns a message as microseconds since 1970-01-01 UTC.
///
/// # Errors
/// [`TimeError`] when the message is not a valid timestamp or 64 bits cannot hold it.
pub fn timestamp_to_micros(time: &Timestamp) -> Result<i64, TimeError> {
    let error = TimeError { seconds: time.seconds, nanos: time.nanos };
    if !(0..NANOS_PER_SECOND).contains(&time.nanos) {
        return Err(error);
    }
    sum(time.seconds, time.nanos).ok_or(error)
}

/// Returns a span of `micros` microseconds as a message; seconds and nanoseconds have one sign.
#[must_use]
pub fn duration_from_micros(micros: i64) -> Duration {
    Duration { seconds: micros / MICROS_PER_SECOND, nanos: subsecond_nanos(micros % MICROS_PER_SECOND) }
}

/// Returns a span as microseconds.
///
/// # Errors
/// [`TimeError`] when the message is not a valid duration or 64 bits cannot hold it.
pub fn duration_to_micros(span: &Duration) -> Result<i64, TimeError> {
    let error = TimeError { seconds: span.seconds, nanos: span.nanos };
    let has_two_signs = span.seconds.signum() * i64::from(span.nanos.signum()) < 0;
    if has_two_signs || span.nanos.unsigned_abs() >= NANOS_PER_SECOND.unsigned_abs() {
        return Err(error);
    }
    sum(span.seconds, span.nanos).ok_or(error)
}

/// Converts less than a second, so the product always fits.
fn subsecond_nanos(micros: i64) -> i32 {
    i32::try_from(micros).map_or(0, |micros| micros * NANOS_PER_MICRO)
}

fn sum(seconds: i64, nanos: i32) -> Option<i64> {
    let micros = i128::from(seconds) * i128::from(MICROS_PER_SECOND) + i128::from(nanos / NANOS_PER_MICRO);
    i64::try_from(micros).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_instant(micros: i64, seconds: i64, nanos: i32) {
        let time = Timestamp { seconds, nanos };
        assert_eq!(timestamp_from_micros(micros), time);
        assert_eq!(timestamp_to_micros(&time), Ok(micros));
    }

    #[test]
    fn instants_go_both_ways() {
        check_instant(0, 0, 0);
        check_instant(1_500_000, 1, 500_000_000);
        check_instant(-1, -1, 999_999_000);
        check_instant(i64::MAX, 9_223_372_036_854, 775_807_000);
        check_instant(i64::MIN, -9_223_372_036_855, 224_192_000);
    }

    #[test]
    fn nanoseconds_are_truncated_towards_the_past() {
        let micros = |seconds, nanos| timestamp_to_micros(&Timestamp { seconds, nanos });
        assert_eq!(micros(0, 1_999), Ok(1));
        assert_eq!(micros(-1, 1_999), Ok(-999_999));
    }

    #[test]
    fn spans_go_both_ways() {
        for micros in [0, 1, -1, 1_500_000, -1_500_000, i64::MAX, i64::MIN] {
            assert_eq!(duration_to_micros(&duration_from_micros(micros)), Ok(micros));
        }
        assert_eq!(duration_from_micros(-1_500_000), Duration { seconds: -1, nanos: -500_000_000 });
    }

    #[test]
    fn invalid_messages_are_refused() {
        for (seconds, nanos) in [(0, -1), (0, NANOS_PER_SECOND), (i64::MAX, 0), (i64::MIN, 0)] {
            let error = TimeError { seconds, nanos };
            assert_eq!(timestamp_to_micros(&Timestamp { seconds, nanos }), Err(error));
        }
        for (seconds, nanos) in [(1, -1), (-1, 1), (0, NANOS_PER_SECOND), (i64::MAX, 0)] {
            let error = TimeError { seconds, nanos };
            assert_eq!(duration_to_micros(&Duration { seconds, nanos }), Err(error));
        }
    }
}

//! Instants and trading dates.

use core::fmt;
use core::ops::{Add, AddAssign, Sub};

use chrono::{DateTime, NaiveDate, Utc};

/// Names a trading date: the New York calendar day of a session.
pub type Date = NaiveDate;

/// Represents an instant as UTC microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Represents a length of time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Timestamp {
    /// The first instant that can be told.
    pub const MIN: Self = Self(i64::MIN);
    /// The last instant that can be told.
    pub const MAX: Self = Self(i64::MAX);

    /// Makes an instant of UTC microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the UTC microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Converts from `chrono`, truncating what is finer than a microsecond.
    #[must_use]
    pub const fn from_datetime(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }

    /// Converts to `chrono`; `None` beyond its range of years (about 262,000).
    #[must_use]
    pub const fn to_datetime(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }

    /// Reads an RFC 3339 instant, as in `2026-02-13T14:30:00Z`; `None` when the text is none.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|time| Self(time.timestamp_micros()))
    }
}

impl fmt::Display for Timestamp {
    /// Writes `2026-02-13T14:30:00Z`, with a fraction only where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(time) = self.to_datetime() else {
            return write!(f, "{} us", self.0);
        };
        let fraction = self.0.rem_euclid(1_000_000);
        write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%S"))?;
        if fraction != 0 {
            write!(f, ".{}", format!("{fraction:06}").trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Makes a length of so many microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Makes a length of so many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000)
    }

    /// Makes a length of so many seconds.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * 1_000_000)
    }

    /// Makes a length of so many minutes.
    #[must_use]
    pub const fn from_minutes(minutes: i64) -> Self {
        Self(minutes * 60_000_000)
    }

    /// Returns the length in microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Returns the whole minutes in this length.
    #[must_use]
    pub const fn minutes(self) -> i64 {
        self.0 / 60_000_000
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0 + span.0)
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0 - span.0)
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Timestamp {
    type Output = Span;
    fn sub(self, other: Self) -> Span {
        Span(self.0 - other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_seconds_and_reads_them_back() {
        let time = Timestamp::parse_rfc3339("2026-02-13T14:30:00Z").expect("an instant");
        assert_eq!(time.to_string(), "2026-02-13T14:30:00Z");
        assert_eq!((time + Span::from_millis(200)).to_string(), "2026-02-13T14:30:00.2Z");
        assert_eq!(Timestamp::parse_rfc3339("2026-02-13T09:30:00-05:00"), Some(time));
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }
}

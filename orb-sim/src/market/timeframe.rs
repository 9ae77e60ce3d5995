//! Bars as the tape shows them, and bars of longer intervals.

use core::str::FromStr;

use chrono::{Datelike as _, Days, NaiveDate, NaiveTime, TimeZone as _};
use chrono_tz::America::New_York;
use orb_core::{Price, Span, Timestamp};

/// Represents a bar with what Alpaca tells beside its prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapeBar {
    /// Start of the interval.
    pub start: Timestamp,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Shares.
    pub volume: u64,
    /// Number of trades.
    pub trades: u64,
    /// Sum of price times shares, in micro-dollars.
    pub turnover_micros: i128,
}

impl TapeBar {
    /// Returns the average price weighted by shares, in micro-dollars, rounded down.
    #[must_use]
    pub fn vwap_micros(&self) -> i64 {
        let shares = i128::from(self.volume.max(1));
        i64::try_from(self.turnover_micros / shares).unwrap_or(i64::MAX)
    }

    /// Adds a later bar to this one, whose start stays.
    #[must_use]
    pub fn and(self, later: &Self) -> Self {
        Self {
            start: self.start,
            open: self.open,
            high: self.high.max(later.high),
            low: self.low.min(later.low),
            close: later.close,
            volume: self.volume + later.volume,
            trades: self.trades + later.trades,
            turnover_micros: self.turnover_micros + later.turnover_micros,
        }
    }
}

/// Names the length of bars, as in `5Min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeframe {
    /// 1 to 59 minutes.
    Minutes(u32),
    /// 1 to 23 hours.
    Hours(u32),
    /// One day.
    Day,
    /// One week, from Monday on.
    Week,
    /// 1, 2, 3, 4, 6 or 12 months.
    Months(u32),
}

/// Explains why a text names no length of bars.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid timeframe: {0}")]
pub struct TimeframeError(String);

impl FromStr for Timeframe {
    type Err = TimeframeError;

    /// Reads Alpaca's words: `1Min` or `1T`, `1Hour` or `1H`, `1Day` or `1D`, `1Week` or `1W`, `1Month` or `1M`.
    fn from_str(text: &str) -> Result<Self, TimeframeError> {
        let refused = || TimeframeError(text.to_owned());
        let split = text.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(refused)?;
        let (digits, unit) = text.split_at(split);
        let number: u32 = digits.parse().map_err(|_| refused())?;
        match (unit, number) {
            ("Min" | "T", 1..=59) => Ok(Self::Minutes(number)),
            ("Hour" | "H", 1..=23) => Ok(Self::Hours(number)),
            ("Day" | "D", 1) => Ok(Self::Day),
            ("Week" | "W", 1) => Ok(Self::Week),
            ("Month" | "M", 1 | 2 | 3 | 4 | 6 | 12) => Ok(Self::Months(number)),
            _ => Err(refused()),
        }
    }
}

impl Timeframe {
    /// Returns the start of the interval in which an instant lies; days and longer begin at midnight in New York.
    #[must_use]
    pub fn start_of(self, at: Timestamp) -> Timestamp {
        let Some(local) = at.to_datetime().map(|utc| utc.with_timezone(&New_York)) else { return at };
        let date = local.date_naive();
        match self {
            Self::Minutes(minutes) => floor(at, date, i64::from(minutes) * 60),
            Self::Hours(hours) => floor(at, date, i64::from(hours) * 3_600),
            Self::Day => midnight(date),
            Self::Week => midnight(date - Days::new(u64::from(date.weekday().num_days_from_monday()))),
            Self::Months(months) => {
                let month = (date.month0() / months) * months + 1;
                midnight(NaiveDate::from_ymd_opt(date.year(), month, 1).unwrap_or(date))
            }
        }
    }
}

impl Timeframe {
    /// Returns a length that no interval exceeds.
    #[must_use]
    pub const fn length_max(self) -> Span {
        const DAY: i64 = 24 * 60;
        // A day on which clocks are set back has 25 hours.
        Span::from_minutes(match self {
            Self::Minutes(minutes) => minutes as i64,
            Self::Hours(hours) => hours as i64 * 60,
            Self::Day => DAY + 60,
            Self::Week => 7 * DAY + 60,
            Self::Months(months) => months as i64 * 31 * DAY + 60,
        })
    }
}

fn floor(at: Timestamp, date: NaiveDate, seconds: i64) -> Timestamp {
    let midnight = midnight(date);
    let within = (at - midnight).micros();
    let length = seconds * 1_000_000;
    midnight + Span::from_micros(within - within.rem_euclid(length))
}

/// Returns midnight of a date in New York.
pub(crate) fn midnight(date: NaiveDate) -> Timestamp {
    let local = New_York.from_local_datetime(&date.and_time(NaiveTime::MIN)).earliest();
    Timestamp::from_datetime(local.expect("clocks in New York change at two in the morning").to_utc())
}

/// Returns the date in New York at an instant.
pub(crate) fn new_york_date(at: Timestamp) -> NaiveDate {
    at.to_datetime().map_or(NaiveDate::MAX, |utc| utc.with_timezone(&New_York).date_naive())
}

/// Puts bars in order together to bars of a length.
pub(crate) fn aggregate(bars: impl Iterator<Item = TapeBar>, timeframe: Timeframe) -> Vec<TapeBar> {
    let mut all: Vec<TapeBar> = Vec::new();
    for bar in bars {
        let start = timeframe.start_of(bar.start);
        match all.last_mut() {
            Some(last) if last.start == start => *last = last.and(&bar),
            Some(_) | None => all.push(TapeBar { start, ..bar }),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(timeframe: &str, at: &str, start: &str) {
        let timeframe: Timeframe = timeframe.parse().expect(timeframe);
        let at = Timestamp::parse_rfc3339(at).expect(at);
        assert_eq!(timeframe.start_of(at).to_string(), start);
    }

    #[test]
    fn intervals_begin_where_alpaca_begins_them() {
        check("1Min", "2026-03-02T14:31:07Z", "2026-03-02T14:31:00Z");
        check("5Min", "2026-03-02T14:37:00Z", "2026-03-02T14:35:00Z");
        check("1Hour", "2026-03-02T14:37:00Z", "2026-03-02T14:00:00Z");
        check("1Day", "2026-03-02T14:37:00Z", "2026-03-02T05:00:00Z");
        check("1Day", "2026-07-01T14:37:00Z", "2026-07-01T04:00:00Z");
        check("1Week", "2026-03-05T14:37:00Z", "2026-03-02T05:00:00Z");
        check("3Month", "2026-03-05T14:37:00Z", "2026-01-01T05:00:00Z");
    }

    #[test]
    fn other_words_are_no_timeframe() {
        for text in ["", "Min", "0Min", "60Min", "2Day", "5Month", "1Year", "-1Min", "99999999999Min"] {
            assert!(text.parse::<Timeframe>().is_err(), "{text}");
        }
    }
}

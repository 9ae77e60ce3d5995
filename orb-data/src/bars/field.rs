//! The fields of a row as text.

use chrono::{DateTime, NaiveDate};
use orb_core::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

/// Largest number of shares that a bar may carry.
pub const VOLUME_MAX: u64 = 1_000_000_000_000;

/// The columns that every file has, in the order in which they are written.
pub(crate) const COLUMNS: [&str; 7] = ["symbol", "ts", "open", "high", "low", "close", "volume"];

/// Where the prices begin in [`COLUMNS`].
pub(super) const FIRST_PRICE: usize = 2;

/// Tells where the columns of a header are.
pub(crate) enum Header<const N: usize> {
    Found([usize; N]),
    Missing(&'static str),
    Twice(&'static str),
}

/// Finds the columns of bars.
pub(super) fn find_columns(header: &[&str]) -> Header<7> {
    find_named(header, COLUMNS)
}

/// Finds columns by their names, whatever their case and order; other columns are no matter.
pub(crate) fn find_named<const N: usize>(header: &[&str], columns: [&'static str; N]) -> Header<N> {
    let mut found = [0; N];
    for (slot, column) in found.iter_mut().zip(columns) {
        let mut matches = header.iter().enumerate().filter(|(_, name)| name.trim().eq_ignore_ascii_case(column));
        match (matches.next(), matches.next()) {
            (Some((index, _)), None) => *slot = index,
            (None, _) => return Header::Missing(column),
            (Some(_), Some(_)) => return Header::Twice(column),
        }
    }
    Header::Found(found)
}

/// Remembers the date that was read last, as most rows share it with the one before.
#[derive(Default)]
pub(crate) struct Clock {
    text: [u8; 10],
    midnight_seconds: i64,
}

impl Clock {
    /// Reads an instant with its zone; `None` when the text is none.
    pub(crate) fn parse(&mut self, text: &[u8]) -> Option<Timestamp> {
        self.parse_plain(text).or_else(|| parse_general(std::str::from_utf8(text).ok()?.trim()))
    }

    /// Reads `2026-02-13T14:30:00Z`; `None` asks for the general way.
    fn parse_plain(&mut self, text: &[u8]) -> Option<Timestamp> {
        let (date, time) = text.split_first_chunk::<10>()?;
        let [b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'Z'] = time else { return None };
        let two = |tens: &u8, ones: &u8| {
            let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
            digits.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        };
        let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        if *date != self.text {
            let day: NaiveDate = std::str::from_utf8(date).ok()?.parse().ok()?;
            self.midnight_seconds = day.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
            self.text = *date;
        }
        let seconds = self.midnight_seconds + hour * 3_600 + minute * 60 + second;
        Some(Timestamp::from_micros(seconds * 1_000_000))
    }
}

/// Reads RFC 3339, and ISO 8601 with a space for the T, without seconds or with an offset like `+0000`.
fn parse_general(text: &str) -> Option<Timestamp> {
    let text = text.replacen(' ', "T", 1);
    let with_seconds = || DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f%#z").ok();
    let without_seconds = || DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M%#z").ok();
    let time = DateTime::parse_from_rfc3339(&text).ok().or_else(with_seconds).or_else(without_seconds)?;
    Some(Timestamp::from_datetime(time.to_utc()))
}

/// Reads a whole number of shares from 0 to [`VOLUME_MAX`], as in `4315720` or `4315720.0`; `None` when it is none.
pub(crate) fn parse_volume(text: &[u8]) -> Option<u64> {
    if text.len() <= 12 && text.iter().all(u8::is_ascii_digit) && !text.is_empty() {
        return Some(text.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0')));
    }
    let text = std::str::from_utf8(text).ok()?;
    let value = text.parse().or_else(|_| Decimal::from_scientific(text)).ok()?;
    let whole = value.is_integer().then(|| value.to_u64())??;
    (whole <= VOLUME_MAX).then_some(whole)
}

/// Returns the whole number of shares that a double holds; `None` when it holds none.
pub(super) fn volume_from_f64(value: f64) -> Option<u64> {
    let whole = (0.0..=VOLUME_MAX as f64).contains(&value) && value.fract() == 0.0;
    whole.then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_time(text: &str, expected: Option<&str>) {
        let found = Clock::default().parse(text.as_bytes()).map(|time| time.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn reads_instants_with_their_zone() {
        let half_past_two = Some("2026-02-13T14:30:00Z");
        check_time("2026-02-13T14:30:00Z", half_past_two);
        check_time("2026-02-13T09:30:00-05:00", half_past_two);
        check_time("2026-02-13 14:30:00+00:00", half_past_two);
        check_time("2026-02-13T14:30:00.000Z", half_past_two);
        check_time("2026-02-13T14:30:00.000000000+0000", half_past_two);
        check_time("2026-02-13T14:30Z", half_past_two);
        check_time("2026-02-13T14:30:07Z", Some("2026-02-13T14:30:07Z"));
    }

    #[test]
    fn refuses_other_times() {
        for text in
            ["", "2026-02-13", "2026-02-13T14:30:00", "2026-02-30T14:30:00Z", "2026-02-13T25:30:00Z", "1770993000"]
        {
            check_time(text, None);
        }
    }

    #[track_caller]
    fn check_volume(text: &str, expected: Option<u64>) {
        assert_eq!(parse_volume(text.as_bytes()), expected, "{text}");
        if let (Ok(double), true) = (text.parse::<f64>(), expected.is_some()) {
            assert_eq!(volume_from_f64(double), expected, "{text}");
        }
    }

    #[test]
    fn reads_whole_shares_only() {
        check_volume("4315720", Some(4_315_720));
        check_volume("4315720.0", Some(4_315_720));
        check_volume("1.5e3", Some(1_500));
        check_volume("0", Some(0));
        check_volume("1000000000000", Some(VOLUME_MAX));
        for text in ["", "1.5", "-1", "abc", "NaN", "1000000000001", "99999999999999999999999", "1,000"] {
            check_volume(text, None);
        }
        assert!([0.5, -1.0, f64::NAN, f64::INFINITY, 1e13].iter().all(|value| volume_from_f64(*value).is_none()));
    }
}

//! When a rule applies.

use chrono::NaiveTime;
use chrono_tz::America::New_York;
use orb_core::Timestamp;
use serde::Deserialize;

use super::counts::Count;

/// Matches texts by a pattern, in which `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Glob(String);

impl Default for Glob {
    fn default() -> Self {
        Self("*".to_owned())
    }
}

impl Glob {
    /// Makes a pattern.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }

    /// Tells whether a text fits.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let Some(last) = self.0.rsplit_once('*').map(|(_, last)| last) else { return rest.is_empty() };
        let inner: Vec<&str> = parts.collect();
        for part in inner.iter().take(inner.len().saturating_sub(1)) {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// Says how often something happens, from 0 (never) to 1 (always).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Rate(f64);

impl TryFrom<f64> for Rate {
    type Error = String;

    fn try_from(rate: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&rate) { Ok(Self(rate)) } else { Err(format!("a rate is from 0 to 1, not {rate}")) }
    }
}

/// Names a moment: an instant, or a time of day in New York.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Moment {
    /// One instant.
    At(Timestamp),
    /// The same time on every day, in New York.
    Daily(NaiveTime),
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let time =
            NaiveTime::parse_from_str(&text, "%H:%M:%S%.f").or_else(|_| NaiveTime::parse_from_str(&text, "%H:%M"));
        let refused =
            || format!("`{text}` is no moment: expected 09:35:00 in New York or an instant as 2026-03-02T14:35:00Z");
        time.map(Self::Daily).or_else(|_| Timestamp::parse_rfc3339(&text).map(Self::At).ok_or_else(refused))
    }
}

impl Moment {
    /// Tells whether the moment has come: that instant, or that time of the day on which `now` lies.
    #[must_use]
    pub fn has_come(self, now: Timestamp) -> bool {
        match self {
            Self::At(at) => at <= now,
            Self::Daily(time) => now.to_datetime().is_some_and(|utc| time <= utc.with_timezone(&New_York).time()),
        }
    }
}

/// Says when a rule applies; without anything said, always.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// To this share of what matches.
    pub rate: Option<Rate>,
    /// To what matches first, third and so on, counted from 1 within the rule's hours.
    pub nth: Vec<u64>,
    /// From this moment on, and once unless `times` says otherwise.
    pub at: Option<Moment>,
    /// From this moment on.
    pub from: Option<Moment>,
    /// Up to this moment, which is excluded.
    pub to: Option<Moment>,
    /// At most so many times.
    pub times: Option<u64>,
}

impl When {
    /// Tells whether an instant lies in the rule's hours.
    #[must_use]
    pub fn is_within(&self, now: Timestamp) -> bool {
        let begun = [self.at, self.from].into_iter().flatten().all(|moment| moment.has_come(now));
        begun && !self.to.is_some_and(|moment| moment.has_come(now))
    }

    fn times_max(&self) -> u64 {
        self.times.unwrap_or(if self.at.is_some() { 1 } else { u64::MAX })
    }
}

/// Counts the matches of a rule and says which of them it applies to.
#[derive(Debug)]
pub(crate) struct Trigger {
    when: When,
    salt: u64,
    seen: u64,
    used: Count,
}

impl Trigger {
    pub(crate) fn new(when: When, salt: u64) -> Self {
        Self { when, salt, seen: 0, used: Count::default() }
    }

    /// Returns the count of how often the rule has applied.
    pub(crate) fn count(&self) -> Count {
        self.used.clone()
    }

    /// Counts a match and tells whether the rule applies to it.
    pub(crate) fn fires(&mut self, now: Timestamp) -> bool {
        if !self.when.is_within(now) {
            return false;
        }
        self.seen += 1;
        let is_nth = self.when.nth.is_empty() || self.when.nth.contains(&self.seen);
        let is_drawn = self.when.rate.is_none_or(|rate| draws(rate, &[self.salt, self.seen]));
        let fires = is_nth && is_drawn && self.used.get() < self.when.times_max();
        self.used.add(fires);
        fires
    }
}

/// Draws by a rate: the same answer for the same numbers.
pub(crate) fn draws(rate: Rate, numbers: &[u64]) -> bool {
    let hash = mixed(numbers);
    // The upper 53 bits are what a float holds exactly.
    ((hash >> 11) as f64) / ((1_u64 << 53) as f64) < rate.0
}

/// Mixes numbers to one that looks random (splitmix64).
pub(crate) fn mixed(numbers: &[u64]) -> u64 {
    numbers.iter().fold(0x9e37_79b9_7f4a_7c15, |state, number| {
        let mut mix = (state ^ number).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix = (mix ^ (mix >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mix = (mix ^ (mix >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mix ^ (mix >> 31)
    })
}

/// Turns a text into a number to mix.
pub(crate) fn number_of(text: &str) -> u64 {
    text.bytes().fold(0, |state, byte| mixed(&[state, u64::from(byte)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect(text)
    }

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
    }

    #[test]
    fn patterns_match_with_stars() {
        check("*", "", true);
        check("/v2/orders*", "/v2/orders/1", true);
        check("/v2/orders", "/v2/orders/1", false);
        check("*/orders", "/v2/orders", true);
        check("a*b*c", "a-b-c", true);
        check("a*b*c", "a-c-b", false);
        check("ab*bc", "abc", false);
        check("", "x", false);
        check("*x*", "axb", true);
    }

    #[test]
    fn a_moment_of_the_day_is_in_new_york() {
        let moment = Moment::try_from("09:35".to_owned()).expect("a moment");
        assert!(moment.has_come(at("2026-03-02T14:35:00Z")) && !moment.has_come(at("2026-03-02T14:34:59Z")));
        assert!(moment.has_come(at("2026-07-01T13:35:00Z")));
        assert!(Moment::try_from("yesterday".to_owned()).is_err());
    }

    #[test]
    fn a_trigger_counts_within_its_hours() {
        let when = When { nth: vec![2], from: Moment::try_from("09:35".to_owned()).ok(), ..When::default() };
        let mut trigger = Trigger::new(when, 1);
        let (early, late) = (at("2026-03-02T14:31:00Z"), at("2026-03-02T14:36:00Z"));
        assert_eq!([early, early, late, late, late].map(|now| trigger.fires(now)), [false, false, false, true, false]);
    }

    #[test]
    fn a_rate_is_met_and_repeats() {
        let run = |salt| {
            let when = When { rate: Rate::try_from(0.25).ok(), ..When::default() };
            let mut trigger = Trigger::new(when, salt);
            (0..4_000).filter(|_| trigger.fires(Timestamp::default())).count()
        };
        assert!((900..1_100).contains(&run(7)), "{}", run(7));
        assert_eq!(run(7), run(7));
        assert!(Rate::try_from(1.5).is_err() && Rate::try_from(f64::NAN).is_err());
    }

    #[test]
    fn at_a_moment_means_once() {
        let when = When { at: Some(Moment::At(Timestamp::from_micros(5))), ..When::default() };
        let mut trigger = Trigger::new(when, 1);
        assert_eq!([4, 5, 6].map(|micros| trigger.fires(Timestamp::from_micros(micros))), [false, true, false]);
    }
}

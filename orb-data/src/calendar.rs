//! The sessions of the New York Stock Exchange, computed from rules.

use chrono::{Datelike as _, FixedOffset, NaiveDate, NaiveTime, Offset as _, TimeZone as _, Weekday};
use chrono_tz::America::New_York;
use orb_core::{Calendar, Date, Session, Timestamp};
use usec::calendar::{Calendar as Holidays, HalfCheck, Holiday, NthWeek};

/// First year for which the rules hold, early closes included.
pub const FIRST_YEAR: i32 = 2005;

/// Last year that can be asked for; beyond the current year the sessions are scheduled, not observed.
pub const LAST_YEAR: i32 = 2100;

/// Closures that follow no rule: days of mourning and a hurricane.
const SINGULAR_CLOSURES: [(i32, u32, u32); 5] =
    [(2007, 1, 2), (2012, 10, 29), (2012, 10, 30), (2018, 12, 5), (2025, 1, 9)];

/// Builds the exchange's calendar from one year to another, both included.
///
/// Regular hours are 09:30 to 16:00 in New York, to 13:00 on early closes; instants are UTC. Years before
/// [`FIRST_YEAR`] and after [`LAST_YEAR`] are left out.
///
/// ```
/// let calendar = orb_data::nyse_calendar(2025, 2025);
/// assert_eq!(calendar.sessions().len(), 250);
/// assert_eq!(calendar.sessions()[0].open.to_string(), "2025-01-02T14:30:00Z");
/// ```
#[must_use]
pub fn nyse_calendar(from_year: i32, to_year: i32) -> Calendar {
    let (first, last) = (from_year.max(FIRST_YEAR), to_year.min(LAST_YEAR));
    let holidays = Holidays::calc_calendar(&rules(), first, last);
    let start = NaiveDate::from_ymd_opt(first, 1, 1).expect("a year from 2005 on has a January 1st");
    let mut clock = NewYorkClock::default();
    let sessions = start
        .iter_days()
        .take_while(|date| date.year() <= last)
        .filter(|date| holidays.is_business_day(*date))
        .map(|date| session(date, holidays.is_half_holiday(date), clock.offset(date)))
        .collect();
    Calendar::new(sessions).expect("one session a day, each of several hours, is a calendar")
}

fn session(date: Date, early_close: bool, offset: FixedOffset) -> Session {
    let at = |hour, minute| {
        let time = NaiveTime::from_hms_opt(hour, minute, 0).expect("an hour of the day");
        Timestamp::from_datetime((date.and_time(time) - offset).and_utc())
    };
    Session { date, open: at(9, 30), close: if early_close { at(13, 0) } else { at(16, 0) } }
}

/// Tells how far New York's clocks are from UTC, and looks it up anew only where they may change: they do so at most
/// once a month.
#[derive(Default)]
struct NewYorkClock {
    /// Year, month and the offset in all of it; `None` when the clocks change in it.
    latest: Option<(i32, u32, Option<FixedOffset>)>,
}

impl NewYorkClock {
    /// Returns the offset in trading hours.
    fn offset(&mut self, date: Date) -> FixedOffset {
        let (year, month) = (date.year(), date.month());
        let of_month = match self.latest {
            Some((of_year, of_month, offset)) if (of_year, of_month) == (year, month) => offset,
            Some(_) | None => {
                let [first, last] = [1, date.num_days_in_month()].map(|day| date.with_day(day.into()).map(noon_offset));
                first.filter(|_| first == last)
            }
        };
        self.latest = Some((year, month, of_month));
        of_month.unwrap_or_else(|| noon_offset(date))
    }
}

/// Looks up the offset at noon, which is that of the trading hours: clocks change at night.
fn noon_offset(date: Date) -> FixedOffset {
    let noon = date.and_time(NaiveTime::from_hms_opt(12, 0, 0).expect("an hour of the day"));
    New_York.offset_from_local_datetime(&noon).single().expect("clocks change at night, not at noon").fix()
}

fn rules() -> Vec<Holiday> {
    let mut rules = vec![
        Holiday::WeekDay(Weekday::Sat),
        Holiday::WeekDay(Weekday::Sun),
        fixed(1, 1, None, None),
        monday(1, NthWeek::Third),
        monday(2, NthWeek::Third),
        Holiday::EasterOffset { offset: -2, first: None, last: None },
        monday(5, NthWeek::Last),
        fixed(6, 19, Some(2022), None),
        fixed(7, 4, None, Some(HalfCheck::Before)),
        monday(9, NthWeek::First),
        thanksgiving(),
        fixed(12, 25, None, Some(HalfCheck::Before)),
    ];
    rules
        .extend(SINGULAR_CLOSURES.map(|(year, month, day)| Holiday::SingularDay(Holidays::from_ymd(year, month, day))));
    rules
}

fn fixed(month: u32, day: u32, first: Option<i32>, half_check: Option<HalfCheck>) -> Holiday {
    Holiday::MovableYearlyDay { month, day, first, last: None, half_check }
}

fn monday(month: u32, nth: NthWeek) -> Holiday {
    Holiday::MonthWeekday { month, weekday: Weekday::Mon, nth, first: None, last: None, half_check: None }
}

fn thanksgiving() -> Holiday {
    let half_check = Some(HalfCheck::After);
    Holiday::MonthWeekday {
        month: 11,
        weekday: Weekday::Thu,
        nth: NthWeek::Fourth,
        first: None,
        last: None,
        half_check,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data;

    #[track_caller]
    fn check(date: &str, expected: Option<(&str, &str)>) {
        let date: Date = date.parse().expect("a date");
        let calendar = nyse_calendar(date.year(), date.year());
        let found = calendar.session(date).map(|session| (session.open.to_string(), session.close.to_string()));
        let expected = expected.map(|(open, close)| (format!("{date}T{open}Z"), format!("{date}T{close}Z")));
        assert_eq!(found, expected, "{date}");
    }

    #[test]
    fn knows_winter_summer_and_half_days() {
        check("2026-02-13", Some(("14:30:00", "21:00:00")));
        check("2024-03-08", Some(("14:30:00", "21:00:00")));
        check("2024-03-11", Some(("13:30:00", "20:00:00")));
        check("2024-07-03", Some(("13:30:00", "17:00:00")));
        check("2025-11-28", Some(("14:30:00", "18:00:00")));
    }

    #[test]
    fn knows_closures() {
        for date in ["2026-07-03", "2026-04-03", "2025-01-09", "2012-10-30", "2022-06-20", "2026-02-14"] {
            check(date, None);
        }
        check("2021-12-31", Some(("14:30:00", "21:00:00")));
    }

    #[test]
    fn every_session_opens_and_closes_by_the_clocks_of_new_york() {
        for session in nyse_calendar(FIRST_YEAR, LAST_YEAR).sessions() {
            let [open, close] = [session.open, session.close].map(|instant| {
                let local = chrono::DateTime::from_timestamp_micros(instant.micros()).expect("an instant");
                local.with_timezone(&New_York).naive_local().to_string()
            });
            assert_eq!(open, format!("{} 09:30:00", session.date));
            assert!([13, 16].iter().any(|hour| close == format!("{} {hour}:00:00", session.date)), "{close}");
        }
    }

    #[test]
    fn a_range_backwards_or_out_of_reach_is_empty() {
        assert!(nyse_calendar(2026, 2025).sessions().is_empty());
        assert!(nyse_calendar(1990, 2004).sessions().is_empty());
        assert!(nyse_calendar(i32::MIN, i32::MAX).sessions().len() > 20_000);
    }

    #[test]
    fn equals_every_row_of_the_reference() {
        let Some(path) = test_data::path("nyse-calendar.csv") else { return };
        let text = std::fs::read_to_string(path).expect("the reference calendar");
        let expected: Vec<_> =
            text.lines().skip(1).map(|line| line.rsplit_once(',').expect("four columns").0).collect();
        let found: Vec<_> = nyse_calendar(2005, 2027)
            .sessions()
            .iter()
            .map(|session| format!("{},{},{}", session.date, session.open, session.close))
            .collect();
        assert_eq!(expected.len(), 5_785);
        assert_eq!(found, expected);
    }
}

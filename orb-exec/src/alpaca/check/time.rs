//! Clock and calendar, ours against Alpaca's.

use orb_core::{Calendar, Date, Span, Timestamp};

use super::{Finding, unanswered};
use crate::alpaca::rest::{CallError, Manner, Rest, paths};
use crate::alpaca::skew::{SKEW_MAX, certain_skew};
use crate::alpaca::wire::lenient::Listed;
use crate::alpaca::wire::order::{CalendarDay, ServerClock};
use crate::clock::Clock;

/// How many days ahead the calendars are compared.
const DAYS_AHEAD: u64 = 30;
/// When regular trading begins in New York.
const OPEN: &str = "09:30";

/// Compares the clock with Alpaca's, taken to be read halfway between question and answer.
pub(super) async fn skew<C: Clock>(rest: &Rest, clock: &C) -> Finding {
    let asked = clock.now();
    let answer: Result<ServerClock, CallError> = rest.ask(&Manner::once(), paths::call("/v2/clock", &[])).await;
    let answered = clock.now();
    match answer {
        Ok(ServerClock { timestamp: Some(theirs) }) => judge_skew(asked, answered, theirs),
        Ok(ServerClock { timestamp: None }) => Finding::warn("clock", "Alpaca does not tell the time", "try again"),
        Err(error) => unanswered("clock", &error),
    }
}

/// Judges the distance of a time from the stretch in which it was read.
fn judge_skew(asked: Timestamp, answered: Timestamp, theirs: Timestamp) -> Finding {
    let ours = asked + Span::from_micros((answered - asked).micros() / 2);
    let skew = ours - theirs;
    let (millis, uncertain) = (skew.micros() / 1_000, (answered - asked).micros() / 2_000);
    let detail = format!("this machine is {millis} ms ahead of Alpaca, give or take {uncertain} ms");
    if certain_skew(asked, answered, theirs) <= SKEW_MAX {
        return Finding::pass("clock", detail);
    }
    Finding::fail("clock", detail, "let the machine keep its time by NTP, as with systemd-timesyncd or chrony")
}

/// Compares the next sessions with Alpaca's.
pub(super) async fn calendar(rest: &Rest, ours: &Calendar, today: Date) -> Finding {
    let last = today.checked_add_days(chrono::Days::new(DAYS_AHEAD)).unwrap_or(today);
    let (start, end) = (today.to_string(), last.to_string());
    let call = paths::call("/v2/calendar", &[("start", &start), ("end", &end)]);
    match rest.ask::<Listed<CalendarDay>>(&Manner::once(), call).await {
        Ok(theirs) => judge_calendar(ours, &theirs.items, today, last),
        Err(error) => unanswered("calendar", &error),
    }
}

fn judge_calendar(ours: &Calendar, theirs: &[CalendarDay], first: Date, last: Date) -> Finding {
    let remedy = "trust Alpaca's for the day in question; bring the calendar up to date";
    let Some(final_day) = ours.sessions().last().map(|session| session.date) else {
        return Finding::fail("calendar", "ours has no sessions", remedy);
    };
    if final_day < first {
        return Finding::fail("calendar", format!("ours ends on {final_day}"), remedy);
    }
    let last = last.min(final_day);
    let own: Vec<(Date, Option<i64>)> = ours
        .between(first, last)
        .iter()
        .map(|session| (session.date, Some((session.close - session.open).minutes())))
        .collect();
    let alpacas: Vec<(Date, Option<i64>)> = theirs
        .iter()
        .filter_map(|day| Some((day.date.parse::<Date>().ok()?, minutes_open(day))))
        .filter(|(date, _)| first <= *date && *date <= last)
        .collect();
    let difference =
        own.iter().find(|day| !alpacas.contains(day)).or_else(|| alpacas.iter().find(|day| !own.contains(day)));
    match difference {
        None => Finding::pass("calendar", format!("{} sessions up to {last} are the same at Alpaca", own.len())),
        Some((date, _)) => Finding::fail("calendar", format!("the session of {date} differs from Alpaca's"), remedy),
    }
}

/// Returns how long a day is open; `None` when it does not begin at the regular time or cannot be read.
fn minutes_open(day: &CalendarDay) -> Option<i64> {
    let minutes = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        Some(
            hours.parse::<i64>().ok()?.checked_mul(60)?
                + minutes.parse::<i64>().ok().filter(|m| (0..60).contains(m))?,
        )
    };
    (day.open == OPEN).then_some(minutes(&day.close)?.checked_sub(minutes(OPEN)?)?)
}

#[cfg(test)]
mod tests {
    use orb_core::Session;

    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_skew_counts_only_beyond_what_the_way_explains() {
        let at = |millis: i64| Timestamp::from_micros(millis * 1_000);
        let judge = |asked, answered, theirs| judge_skew(at(asked), at(answered), at(theirs)).verdict;
        assert_eq!(judge(1_000, 1_100, 1_050), Verdict::Pass);
        assert_eq!(judge(1_000, 1_100, 500), Verdict::Pass);
        assert_eq!(judge(1_000, 1_100, 499), Verdict::Fail);
        assert_eq!(judge(1_000, 1_100, 1_601), Verdict::Fail);
        assert_eq!(judge(1_000, 9_000, 9_100), Verdict::Pass, "a slow answer says little");
    }

    fn day(date: &str, close: &str) -> CalendarDay {
        CalendarDay { date: date.to_owned(), open: "09:30".to_owned(), close: close.to_owned() }
    }

    #[test]
    fn calendars_are_compared_by_date_and_length() {
        let date = |day| Date::from_ymd_opt(2026, 11, day).expect("a date");
        let session = |day, minutes| {
            let open = Timestamp::from_datetime(date(day).and_hms_opt(14, 30, 0).expect("a time").and_utc());
            Session { date: date(day), open, close: open + Span::from_minutes(minutes) }
        };
        // The day after Thanksgiving closes at 13:00.
        let ours = Calendar::new(vec![session(25, 390), session(27, 210), session(30, 390)]).expect("in order");
        let judge = |theirs: &[CalendarDay]| judge_calendar(&ours, theirs, date(25), Date::MAX);
        let same = [day("2026-11-25", "16:00"), day("2026-11-27", "13:00"), day("2026-11-30", "16:00")];
        assert_eq!(judge(&same).verdict, Verdict::Pass);
        let beyond = [&same[..], &[day("2026-12-01", "16:00")]].concat();
        assert_eq!(judge(&beyond).verdict, Verdict::Pass, "what ours does not reach is not compared");
        let full = [day("2026-11-25", "16:00"), day("2026-11-27", "16:00"), day("2026-11-30", "16:00")];
        assert_eq!(judge(&full).detail, "the session of 2026-11-27 differs from Alpaca's");
        let extra = [&same[..], &[day("2026-11-26", "16:00")]].concat();
        assert_eq!(judge(&extra).detail, "the session of 2026-11-26 differs from Alpaca's");
        assert_eq!(judge(&same[..2]).detail, "the session of 2026-11-30 differs from Alpaca's");
        let odd = [day("2026-11-25", "99999999999999999:1"), same[1].clone(), same[2].clone()];
        assert_eq!(judge(&odd).verdict, Verdict::Fail);
        assert_eq!(judge_calendar(&Calendar::default(), &same, date(25), date(30)).verdict, Verdict::Fail);
    }
}

//! Query parameters, read with the errors they deserve.

use orb_core::{Date, Timestamp};

use super::fields::shorten;
use super::hours::new_york_date;
use super::refusal::Refusal;
use crate::http::Request;

/// Tells in what order a list comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Ascending,
    Descending,
}

fn invalid(field: &'static str, value: &str) -> Refusal {
    Refusal::Invalid { field, value: shorten(value) }
}

fn given<'a>(request: &'a Request, field: &str) -> Option<&'a str> {
    request.parameter(field).filter(|value| !value.is_empty())
}

/// Reads `true` or `false`; absent is false.
pub(super) fn flag(request: &Request, field: &'static str) -> Result<bool, Refusal> {
    match given(request, field).map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => Err(invalid(field, other)),
    }
}

/// Reads an instant, or a date, which counts as its midnight in UTC.
pub(super) fn instant(request: &Request, field: &'static str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = given(request, field) else { return Ok(None) };
    // A `+` of an offset that was not encoded arrives as a space.
    let parsed = Timestamp::parse_rfc3339(&text.replace(' ', "+")).or_else(|| {
        let naive = text.parse::<chrono::NaiveDateTime>().ok();
        let midnight = || text.parse::<Date>().ok().and_then(|date| date.and_hms_opt(0, 0, 0));
        naive.or_else(midnight).map(|time| Timestamp::from_datetime(time.and_utc()))
    });
    parsed.map(Some).ok_or_else(|| invalid(field, text))
}

/// Reads a date; of an instant, New York's date of it.
pub(super) fn date(request: &Request, field: &'static str) -> Result<Option<Date>, Refusal> {
    let Some(text) = given(request, field) else { return Ok(None) };
    let of_instant = || instant(request, field).ok().flatten().map(new_york_date);
    text.parse().ok().or_else(of_instant).map(Some).ok_or_else(|| invalid(field, text))
}

/// Reads `asc` or `desc`; absent is `desc`.
pub(super) fn direction(request: &Request) -> Result<Direction, Refusal> {
    match given(request, "direction") {
        None | Some("desc") => Ok(Direction::Descending),
        Some("asc") => Ok(Direction::Ascending),
        Some(other) => Err(invalid("direction", other)),
    }
}

/// Reads a number of entries from 1 to `most`.
pub(super) fn count(request: &Request, field: &'static str, default: usize, most: usize) -> Result<usize, Refusal> {
    let Some(text) = given(request, field) else { return Ok(default) };
    let number: usize = text.parse().map_err(|_| invalid(field, text))?;
    if number == 0 || number > most { Err(Refusal::OutOfRange { field, most }) } else { Ok(number) }
}

/// Reads a list separated by commas; `None` without one.
pub(super) fn list<'a>(request: &'a Request, field: &str) -> Option<Vec<&'a str>> {
    given(request, field).map(|text| text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect())
}

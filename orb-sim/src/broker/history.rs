//! The equity over time.

use orb_core::calendar::Session;
use orb_core::{Date, Money, Span, Timestamp};
use serde_json::{Value, json};

use super::engine::Broker;
use super::fields::shorten;
use super::hours::new_york_date;
use super::query;
use super::refusal::Refusal;
use crate::http::Request;

const MINUTE: Span = Span::from_minutes(1);
/// Most points of a reply.
const POINTS_MAX: usize = 20_000;

/// Holds the equity at the end of each minute in which the broker was asked or told anything.
#[derive(Clone, Debug, Default)]
pub(super) struct EquityHistory {
    /// The number of the minute since the epoch, and the equity at its end.
    samples: Vec<(i64, Money)>,
    minute: Option<i64>,
}

impl EquityHistory {
    /// Tells whether an instant lies in a later minute than the latest.
    pub(super) fn is_new_minute(&self, now: Timestamp) -> bool {
        self.minute.is_none_or(|minute| minute_of(now) > minute)
    }

    /// Begins a new minute; `equity` is that of the minute before.
    pub(super) fn record(&mut self, now: Timestamp, equity: Money) {
        if let Some(minute) = self.minute {
            self.samples.push((minute, equity));
        }
        self.minute = Some(minute_of(now));
    }

    /// Returns the equity before an instant; `None` before the first sample.
    fn before(&self, instant: Timestamp) -> Option<Money> {
        let end = self.samples.partition_point(|&(minute, _)| minute < minute_of(instant));
        self.samples[..end].last().map(|&(_, equity)| equity)
    }
}

const fn minute_of(instant: Timestamp) -> i64 {
    instant.micros().div_euclid(MINUTE.micros())
}

/// Tells how far apart the points are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timeframe {
    Minutes(i64),
    Day,
}

/// Describes a history that is asked for.
#[derive(Clone, Copy, Debug)]
struct Range {
    first: Date,
    last: Date,
    timeframe: Timeframe,
}

impl Broker {
    /// Writes the equity over time: points at the beginnings of windows, with the equity at their ends.
    pub(super) fn portfolio_history(&self, request: &Request) -> Result<Value, Refusal> {
        let range = self.parse_range(request)?;
        let sessions = self.hours.between(range.first, range.last);
        let points: Vec<(Timestamp, Money)> = match range.timeframe {
            Timeframe::Day => sessions.iter().filter_map(|session| self.day_point(session)).collect(),
            Timeframe::Minutes(minutes) => sessions.iter().flat_map(|one| self.points(one, minutes)).collect(),
        };
        let first = points.first().map_or(self.now, |&(at, _)| at);
        let base = self.history.before(first).unwrap_or(self.config.cash);
        let points = &points[points.len().saturating_sub(POINTS_MAX)..];
        let gain = |equity: Money| dollars(equity - base);
        let part = |equity: Money| if base == Money::ZERO { 0.0 } else { gain(equity) / dollars(base) };
        Ok(json!({
            "timestamp": points.iter().map(|(at, _)| at.micros() / 1_000_000).collect::<Vec<_>>(),
            "equity": points.iter().map(|&(_, equity)| dollars(equity)).collect::<Vec<_>>(),
            "profit_loss": points.iter().map(|&(_, equity)| gain(equity)).collect::<Vec<_>>(),
            "profit_loss_pct": points.iter().map(|&(_, equity)| part(equity)).collect::<Vec<_>>(),
            "base_value": dollars(base),
            "base_value_asof": new_york_date(first).to_string(),
            "timeframe": range.timeframe.word(),
            "cashflow": {},
        }))
    }

    fn day_point(&self, session: &Session) -> Option<(Timestamp, Money)> {
        let reached = self.started.is_some_and(|started| started < session.close) && self.now >= session.open;
        reached.then(|| (session.open, self.equity_at(session.close)))
    }

    fn points(&self, session: &Session, minutes: i64) -> Vec<(Timestamp, Money)> {
        let step = Span::from_minutes(minutes);
        let count = (session.close - session.open).minutes() / minutes;
        let begin = self.started.unwrap_or(self.now);
        (0..count)
            .map(|index| session.open + Span::from_micros(step.micros() * index))
            .filter(|&at| at <= self.now && at + step > begin)
            .map(|at| (at, self.equity_at(at + step)))
            .collect()
    }

    fn equity_at(&self, end: Timestamp) -> Money {
        if end > self.now { self.equity() } else { self.history.before(end).unwrap_or(self.config.cash) }
    }

    fn parse_range(&self, request: &Request) -> Result<Range, Refusal> {
        let today = new_york_date(self.now);
        let end = query::date(request, "date_end")?.or(query::date(request, "end")?);
        let last = end.unwrap_or(today).min(today);
        let days = parse_period(request.parameter("period"), last)?;
        let first = match query::date(request, "start")? {
            Some(start) => start,
            // A period of a day is the latest session, whatever the days without one.
            None => self.sessions_back(last, days),
        };
        let timeframe = match request.parameter("timeframe") {
            None | Some("") if days < 7 => Timeframe::Minutes(1),
            None | Some("") if days < 30 => Timeframe::Minutes(15),
            None | Some("" | "1D") => Timeframe::Day,
            Some("1Min") => Timeframe::Minutes(1),
            Some("5Min") => Timeframe::Minutes(5),
            Some("15Min") => Timeframe::Minutes(15),
            Some("1H") => Timeframe::Minutes(60),
            Some(other) => return Err(Refusal::Invalid { field: "timeframe", value: shorten(other) }),
        };
        Ok(Range { first, last, timeframe })
    }

    fn sessions_back(&self, last: Date, days: u64) -> Date {
        let calendar_days = last.checked_sub_days(chrono::Days::new(days.saturating_sub(1))).unwrap_or(last);
        let sessions = self.hours.sessions();
        let end = sessions.partition_point(|session| session.date <= last);
        sessions[..end].last().map_or(calendar_days, |session| session.date.min(calendar_days))
    }
}

impl Timeframe {
    const fn word(self) -> &'static str {
        match self {
            Self::Minutes(1) => "1Min",
            Self::Minutes(5) => "5Min",
            Self::Minutes(15) => "15Min",
            Self::Minutes(_) => "1H",
            Self::Day => "1D",
        }
    }
}

/// Reads a period as `1D`, `2W`, `3M`, `1A`, or `all`, in days; a month where nothing is said.
fn parse_period(text: Option<&str>, last: Date) -> Result<u64, Refusal> {
    let text = text.filter(|text| !text.is_empty()).unwrap_or("1M");
    if text == "all" {
        return Ok(u64::try_from((last - Date::default()).num_days()).unwrap_or_default());
    }
    let invalid = || Refusal::Invalid { field: "period", value: shorten(text) };
    let (unit_at, unit) = text.char_indices().last().ok_or_else(invalid)?;
    let days_of_unit = match unit {
        'D' => 1,
        'W' => 7,
        'M' => 30,
        'A' => 365,
        _ => return Err(invalid()),
    };
    let number: u64 = text[..unit_at].parse().map_err(|_| invalid())?;
    if number == 0 || number > 1_000 { Err(invalid()) } else { Ok(number * days_of_unit) }
}

/// Returns an amount as the float that this part of the wire has.
fn dollars(amount: Money) -> f64 {
    amount.to_string().parse().unwrap_or_default()
}

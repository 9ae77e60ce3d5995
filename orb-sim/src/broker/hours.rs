//! When the market is open, and until when an order lives.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat};
use chrono_tz::{America::New_York, Tz};
use orb_core::calendar::Session;
use orb_core::{Calendar, Date, Span, Timestamp};

/// Trading before the open begins at 4:00, which is 5.5 hours before 9:30.
const BEFORE_OPEN: Span = Span::from_minutes(330);
/// Trading after the close lasts until 20:00, or four hours after an early close.
const AFTER_CLOSE: Span = Span::from_minutes(240);

/// Tells what kind of trading goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// None.
    Closed,
    /// Before the open or after the close.
    Extended,
    /// The session itself.
    Regular,
}

/// Answers questions about the trading hours of the exchange.
#[derive(Clone, Debug)]
pub(super) struct Hours {
    calendar: Arc<Calendar>,
}

impl Hours {
    pub(super) const fn new(calendar: Arc<Calendar>) -> Self {
        Self { calendar }
    }

    pub(super) fn sessions(&self) -> &[Session] {
        self.calendar.sessions()
    }

    pub(super) fn between(&self, first: Date, last: Date) -> &[Session] {
        self.calendar.between(first, last)
    }

    /// Returns the number of the first session that ends after an instant, after-hours included where asked;
    /// `None` when the calendar ends before.
    pub(super) fn session_ahead(&self, now: Timestamp, extended: bool) -> Option<usize> {
        let index = self.sessions().partition_point(|session| end_of(session, extended) <= now);
        (index < self.sessions().len()).then_some(index)
    }

    pub(super) fn phase(&self, now: Timestamp) -> Phase {
        let Some(index) = self.session_ahead(now, true) else { return Phase::Closed };
        let session = &self.sessions()[index];
        if session.contains(now) {
            Phase::Regular
        } else if now >= start_of(session, true) {
            Phase::Extended
        } else {
            Phase::Closed
        }
    }

    /// Tells whether an order may trade now, by the clock alone.
    pub(super) fn is_trading(&self, now: Timestamp, extended: bool) -> bool {
        match self.phase(now) {
            Phase::Regular => true,
            Phase::Extended => extended,
            Phase::Closed => false,
        }
    }

    /// Returns since when prices are those of the trading that goes on: the open, or the start of trading before it.
    pub(super) fn prices_since(&self, now: Timestamp) -> Timestamp {
        let session = self.session_ahead(now, true).map(|index| &self.sessions()[index]);
        session
            .map_or(Timestamp::MAX, |session| if now >= session.open { session.open } else { start_of(session, true) })
    }

    /// Returns when trading next begins, later than now; `None` beyond the calendar.
    pub(super) fn next_start(&self, now: Timestamp, extended: bool) -> Option<Timestamp> {
        let index = self.sessions().partition_point(|session| start_of(session, extended) <= now);
        self.sessions().get(index).map(|session| start_of(session, extended))
    }

    /// Returns when an order for the day that is sent now ends; `None` beyond the calendar.
    pub(super) fn day_end(&self, now: Timestamp, extended: bool) -> Option<Timestamp> {
        let index = self.session_ahead(now, extended)?;
        Some(end_of(&self.sessions()[index], extended))
    }
}

fn start_of(session: &Session, extended: bool) -> Timestamp {
    if extended { session.open - BEFORE_OPEN } else { session.open }
}

fn end_of(session: &Session, extended: bool) -> Timestamp {
    if extended { session.close + AFTER_CLOSE } else { session.close }
}

/// Returns the instant in New York's civil time; 1970 for what `chrono` cannot tell.
pub(super) fn new_york(instant: Timestamp) -> DateTime<Tz> {
    instant.to_datetime().unwrap_or_default().with_timezone(&New_York)
}

/// Returns New York's date of an instant.
pub(super) fn new_york_date(instant: Timestamp) -> Date {
    new_york(instant).date_naive()
}

/// Writes an instant with New York's offset, as the clock does: `2026-02-13T09:30:00-05:00`.
pub(super) fn new_york_text(instant: Timestamp) -> String {
    new_york(instant).to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{calendar, instant};
    use super::*;

    #[test]
    fn phases_follow_the_calendar() {
        let hours = Hours::new(calendar());
        let phase = |text| hours.phase(instant(text));
        assert_eq!(phase("2026-02-12 03:59"), Phase::Closed);
        assert_eq!(phase("2026-02-12 04:00"), Phase::Extended);
        assert_eq!(phase("2026-02-12 09:30"), Phase::Regular);
        assert_eq!(phase("2026-02-12 16:00"), Phase::Extended);
        assert_eq!(phase("2026-02-12 20:00"), Phase::Closed);
        assert_eq!(phase("2026-02-14 12:00"), Phase::Closed);
    }

    #[test]
    fn a_day_order_after_the_close_ends_with_the_next_session() {
        let hours = Hours::new(calendar());
        let end = |text, extended| hours.day_end(instant(text), extended).expect("a session");
        assert_eq!(end("2026-02-12 08:00", false), instant("2026-02-12 16:00"));
        assert_eq!(end("2026-02-12 16:00", false), instant("2026-02-13 16:00"));
        assert_eq!(end("2026-02-12 16:00", true), instant("2026-02-12 20:00"));
        assert_eq!(hours.next_start(instant("2026-02-13 09:30"), false), Some(instant("2026-02-17 09:30")));
        assert_eq!(new_york_text(instant("2026-02-12 09:30")), "2026-02-12T09:30:00-05:00");
    }
}

//! The exchange's sessions, passed in as data.

use crate::time::{Date, Timestamp};

/// Represents one day's regular trading hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The trading date in New York.
    pub date: Date,
    /// First instant of regular trading.
    pub open: Timestamp,
    /// First instant after regular trading.
    pub close: Timestamp,
}

impl Session {
    /// Tells whether an instant lies in [open, close).
    #[must_use]
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.open <= instant && instant < self.close
    }
}

/// Holds sessions in order of date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    sessions: Vec<Session>,
}

/// Explains why a list of sessions is not a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// A session ends before it begins.
    #[error("the session of {0} closes at or before its open")]
    Empty(Date),
    /// Two sessions are out of order, equal or overlapping.
    #[error("the session of {0} does not begin after the end of the one before it")]
    OutOfOrder(Date),
}

impl Calendar {
    /// Checks and keeps sessions.
    ///
    /// # Errors
    /// When a session is empty, or they are not strictly in order.
    pub fn new(sessions: Vec<Session>) -> Result<Self, CalendarError> {
        if let Some(empty) = sessions.iter().find(|session| session.close <= session.open) {
            return Err(CalendarError::Empty(empty.date));
        }
        let disorder = sessions.windows(2).find(|pair| pair[1].date <= pair[0].date || pair[1].open < pair[0].close);
        match disorder {
            Some(pair) => Err(CalendarError::OutOfOrder(pair[1].date)),
            None => Ok(Self { sessions }),
        }
    }

    /// Returns all sessions in order.
    #[must_use]
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// Returns the position of a date's session, or `None` when the exchange is closed that day.
    #[must_use]
    pub fn index_of(&self, date: Date) -> Option<usize> {
        self.sessions.binary_search_by_key(&date, |session| session.date).ok()
    }

    /// Returns a date's session, or `None` when the exchange is closed that day.
    #[must_use]
    pub fn session(&self, date: Date) -> Option<&Session> {
        self.index_of(date).map(|index| &self.sessions[index])
    }

    /// Returns the sessions from one date to another, both included.
    #[must_use]
    pub fn between(&self, first: Date, last: Date) -> &[Session] {
        let from = self.sessions.partition_point(|session| session.date < first);
        let to = self.sessions.partition_point(|session| session.date <= last);
        &self.sessions[from.min(to)..to]
    }

    /// Returns the session whose regular hours contain an instant, or `None` outside of them.
    #[must_use]
    pub fn session_at(&self, instant: Timestamp) -> Option<&Session> {
        let next = self.sessions.partition_point(|session| session.open <= instant);
        self.sessions[..next].last().filter(|session| session.contains(instant))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn session(day: u32) -> Session {
        let date = Date::from_ymd_opt(2026, 2, day).expect("a date");
        let open = Timestamp::from_datetime(date.and_hms_opt(14, 30, 0).expect("a time").and_utc());
        Session { date, open, close: open + Span::from_minutes(390) }
    }

    #[test]
    fn finds_sessions_by_date_and_instant() {
        let calendar = Calendar::new(vec![session(12), session(13), session(17)]).expect("in order");
        assert_eq!(calendar.session_at(session(13).open), Some(&session(13)));
        assert_eq!(calendar.session_at(session(13).close), None);
        assert_eq!(calendar.between(session(13).date, session(16).date), [session(13)]);
        assert_eq!(calendar.session(session(14).date), None);
        assert!(calendar.between(session(17).date, session(12).date).is_empty());
        assert_eq!(Calendar::new(vec![session(13), session(12)]), Err(CalendarError::OutOfOrder(session(12).date)));
    }
}

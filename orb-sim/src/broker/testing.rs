//! What the tests within the broker share.

use std::sync::Arc;

use chrono::{NaiveDateTime, TimeZone as _};
use chrono_tz::America::New_York;
use orb_core::{Calendar, Date, Session, Timestamp};

/// Returns an instant of New York's civil time, as in `2026-02-12 09:30`.
pub(super) fn instant(text: &str) -> Timestamp {
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect(text);
    Timestamp::from_datetime(New_York.from_local_datetime(&naive).single().expect(text).to_utc())
}

/// Returns the sessions of three days: Thursday, Friday, and Tuesday after a holiday.
pub(super) fn calendar() -> Arc<Calendar> {
    let session = |date: &str| Session {
        date: date.parse::<Date>().expect(date),
        open: instant(&format!("{date} 09:30")),
        close: instant(&format!("{date} 16:00")),
    };
    Arc::new(Calendar::new(["2026-02-12", "2026-02-13", "2026-02-17"].map(session).to_vec()).expect("in order"))
}

//! How an engine was built, and what it took up before its first event.

use std::sync::Arc;

use chrono::TimeDelta;
use orb_core::alarm::Alarm;
use orb_core::breaker::BreakerCaps;
use orb_core::fact::{AlarmRecord, HoldRecord};
use orb_core::hold::Hold;
use orb_core::{Calendar, Date, Execution, Restored, Session, Span, Timestamp};

use super::codec::{Encoded, JournalError, decode_all, encode_all, needed, optional, unknown};
use super::wire;

/// Holds what a replay needs beside the configuration to make an equal engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// How entries come to be filled.
    pub execution: Execution,
    /// Whether the whole reckoning of each symbol's day is recorded.
    pub explains: bool,
    /// Length of the bars.
    pub bar_length: Span,
    /// How long a close may take before the first alarm.
    pub close_deadline: Span,
    /// The breaker's caps; `None` where it is inactive.
    pub caps: Option<BreakerCaps>,
    /// The exchange's sessions.
    pub calendar: Arc<Calendar>,
    /// Number of the last broker effect before; 0 when there was none.
    pub last_effect: u64,
    /// The facts that the engine took up.
    pub state: Restored,
}

impl Encoded for Start {
    type Wire = wire::Start;

    fn encode(&self) -> wire::Start {
        wire::Start {
            live: self.execution == Execution::Live,
            explains: self.explains,
            bar_length: self.bar_length.micros(),
            close_deadline: self.close_deadline.micros(),
            caps: self.caps.as_ref().map(Encoded::encode),
            calendar: Some(self.calendar.encode()),
            last_effect: self.last_effect,
            state: Some(self.state.encode()),
        }
    }

    fn decode(wire: wire::Start) -> Result<Self, JournalError> {
        let bar_length = Span::from_micros(wire.bar_length);
        // An engine cannot be built on shorter ones.
        if bar_length.minutes() < 1 {
            return Err(unknown("length of the bars", &wire.bar_length));
        }
        Ok(Self {
            execution: if wire.live { Execution::Live } else { Execution::Bars },
            explains: wire.explains,
            bar_length,
            close_deadline: Span::from_micros(wire.close_deadline),
            caps: optional(wire.caps)?,
            calendar: needed(wire.calendar, "the calendar")?,
            last_effect: wire.last_effect,
            state: needed(wire.state, "the state at the start")?,
        })
    }
}

impl Encoded for BreakerCaps {
    type Wire = wire::BreakerCaps;

    fn encode(&self) -> wire::BreakerCaps {
        wire::BreakerCaps {
            notional_percent: self.notional_percent,
            shares_max: self.shares_max,
            distance_percent: self.distance_percent,
            orders_per_minute: self.orders_per_minute as u64,
            orders_per_day: self.orders_per_day as u64,
            attempts_per_symbol: self.attempts_per_symbol,
            rejects_in_a_row: self.rejects_in_a_row,
            stop_repairs: self.stop_repairs,
        }
    }

    fn decode(wire: wire::BreakerCaps) -> Result<Self, JournalError> {
        let count = |number: u64| usize::try_from(number).map_err(|_| unknown("cap", &number));
        Ok(Self {
            notional_percent: wire.notional_percent,
            shares_max: wire.shares_max,
            distance_percent: wire.distance_percent,
            orders_per_minute: count(wire.orders_per_minute)?,
            orders_per_day: count(wire.orders_per_day)?,
            attempts_per_symbol: wire.attempts_per_symbol,
            rejects_in_a_row: wire.rejects_in_a_row,
            stop_repairs: wire.stop_repairs,
        })
    }
}

impl Encoded for Arc<Calendar> {
    type Wire = wire::Calendar;

    fn encode(&self) -> wire::Calendar {
        let mut calendar = wire::Calendar::default();
        let (mut date, mut open) = (Date::default(), Timestamp::from_micros(0));
        for session in self.sessions() {
            let days = session.date.signed_duration_since(date).num_days();
            calendar.days.push(i32::try_from(days).expect("all dates there are lie within 2^31 days"));
            calendar.opens.push((session.open - open).micros());
            calendar.lengths.push((session.close - session.open).micros());
            (date, open) = (session.date, session.open);
        }
        calendar
    }

    fn decode(wire: wire::Calendar) -> Result<Self, JournalError> {
        let count = wire.days.len();
        if (wire.opens.len(), wire.lengths.len()) != (count, count) {
            return Err(unknown("calendar of so many sessions", &count));
        }
        let (mut date, mut open) = (Date::default(), 0_i64);
        let mut sessions = Vec::with_capacity(count);
        for ((days, opens), length) in wire.days.into_iter().zip(wire.opens).zip(wire.lengths) {
            let next = date.checked_add_signed(TimeDelta::days(days.into()));
            date = next.ok_or_else(|| unknown("date of a session", &days))?;
            open = open.checked_add(opens).ok_or_else(|| unknown("open of a session", &opens))?;
            let close = open.checked_add(length).ok_or_else(|| unknown("length of a session", &length))?;
            sessions.push(Session { date, open: Timestamp::from_micros(open), close: Timestamp::from_micros(close) });
        }
        Calendar::new(sessions).map(Self::new).map_err(|error| unknown("calendar", &error))
    }
}

impl Encoded for Restored {
    type Wire = wire::State;

    fn encode(&self) -> wire::State {
        wire::State {
            session: self.session.as_ref().map(Encoded::encode),
            signals: encode_all(&self.signals),
            orders: encode_all(&self.orders),
            fills: encode_all(&self.fills),
            executions: self.executions.clone(),
            trades: encode_all(&self.trades),
            decisions: encode_all(&self.decisions),
            holds: self.holds.iter().map(|hold| in_force(hold).encode()).collect(),
            closings: encode_all(&self.closings),
            limits: self.limits.as_ref().map(Encoded::encode),
            strategy_stops: encode_all(&self.strategy_stops),
            alarms: self.alarms.iter().map(|alarm| going_on(alarm).encode()).collect(),
        }
    }

    fn decode(wire: wire::State) -> Result<Self, JournalError> {
        let holds = decode_all::<HoldRecord>(wire.holds)?;
        let alarms = decode_all::<AlarmRecord>(wire.alarms)?;
        Ok(Self {
            session: optional(wire.session)?,
            signals: decode_all(wire.signals)?,
            orders: decode_all(wire.orders)?,
            fills: decode_all(wire.fills)?,
            executions: wire.executions,
            trades: decode_all(wire.trades)?,
            decisions: decode_all(wire.decisions)?,
            holds: holds.into_iter().map(|record| record.hold).collect(),
            closings: decode_all(wire.closings)?,
            limits: optional(wire.limits)?,
            strategy_stops: decode_all(wire.strategy_stops)?,
            alarms: alarms.into_iter().map(|record| record.alarm).collect(),
        })
    }
}

fn going_on(alarm: &Alarm) -> AlarmRecord {
    AlarmRecord { alarm: alarm.clone(), ended: None }
}

fn in_force(hold: &Hold) -> HoldRecord {
    HoldRecord { hold: hold.clone(), cleared: None }
}

//! The deadlines of a trading day.

use crate::calendar::Session;
use crate::config::{StrategyConfig, StrategyId};
use crate::time::{Span, Timestamp};

/// How long after the close the day's books are ended.
pub const SESSION_END_GRACE: Span = Span::from_seconds(60);
/// How long after the end-of-day flatten a position that is still held is closed again.
pub const SECOND_FLATTEN_AFTER: Span = Span::from_seconds(90);

/// Names what a deadline of the day is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tick {
    /// Regular trading begins.
    Open,
    /// The opening range of a strategy is over.
    RangeEnd(StrategyId),
    /// No entries of a strategy from now on.
    EntryEnd(StrategyId),
    /// A strategy's positions are to be closed.
    Flatten(StrategyId),
    /// What is still held of a strategy is to be closed again.
    FlattenAgain(StrategyId),
    /// The day is over.
    SessionEnd,
}

/// Holds when a strategy acts on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// First instant after the opening range.
    pub range_end: Timestamp,
    /// First instant without entries.
    pub entry_end: Timestamp,
    /// When positions are closed.
    pub flatten_at: Timestamp,
}

impl Windows {
    /// Returns the windows of a strategy in a session: all relative to the session's own open and close.
    #[must_use]
    pub fn of(strategy: &StrategyConfig, session: &Session) -> Self {
        let flatten_at = session.close - strategy.flatten_before_close;
        let cutoff = strategy.entry_cutoff.map_or(flatten_at, |cutoff| session.close - cutoff);
        Self {
            range_end: session.open + Span::from_minutes(i64::from(strategy.range_minutes)),
            entry_end: cutoff.min(flatten_at),
            flatten_at,
        }
    }
}

/// Gives out the deadlines of the day in their order.
#[derive(Clone, Debug, Default)]
pub struct SessionClock {
    session: Option<Session>,
    windows: Vec<Windows>,
    /// The deadlines to come, the next one last.
    pending: Vec<(Timestamp, Tick)>,
}

impl SessionClock {
    /// Begins a day.
    ///
    /// The ends of the entry window and of the day take effect at the end of the bar that they fall into: what
    /// happened in that bar is only known then.
    pub fn begin(&mut self, session: Session, strategies: &[StrategyConfig], bar_length: Span) {
        self.session = Some(session);
        self.windows = strategies.iter().map(|strategy| Windows::of(strategy, &session)).collect();
        self.pending.clear();
        self.pending.push((session.open, Tick::Open));
        for (windows, number) in self.windows.iter().zip(0..) {
            let id = StrategyId(number);
            self.pending.push((windows.range_end, Tick::RangeEnd(id)));
            let flatten_at = bar_end(&session, windows.flatten_at, bar_length);
            self.pending.push((bar_end(&session, windows.entry_end, bar_length), Tick::EntryEnd(id)));
            self.pending.push((flatten_at, Tick::Flatten(id)));
            self.pending.push((flatten_at + SECOND_FLATTEN_AFTER, Tick::FlattenAgain(id)));
        }
        self.pending.push((session.close + SESSION_END_GRACE, Tick::SessionEnd));
        self.pending.sort_unstable_by_key(|&(at, tick)| core::cmp::Reverse((at, tick)));
    }

    /// Returns the session of the day; `None` before the first day began.
    #[must_use]
    pub const fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Returns the windows of a strategy; `None` before the first day began.
    #[must_use]
    pub fn windows(&self, strategy: StrategyId) -> Option<&Windows> {
        self.windows.get(strategy.index())
    }

    /// Returns the next deadline.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        self.pending.last().map(|&(at, _)| at)
    }

    /// Takes out the next deadline if it has come.
    pub fn due(&mut self, now: Timestamp) -> Option<Tick> {
        let &(at, tick) = self.pending.last()?;
        if at > now {
            return None;
        }
        self.pending.pop();
        Some(tick)
    }
}

/// Returns the end of the bar that an instant falls into, the instant itself where one ends there, at most the close.
fn bar_end(session: &Session, instant: Timestamp, bar_length: Span) -> Timestamp {
    let into = (instant - session.open).micros();
    let bars = into.div_euclid(bar_length.micros()) + i64::from(into.rem_euclid(bar_length.micros()) > 0);
    (session.open + Span::from_micros(bars * bar_length.micros())).min(session.close)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::preset;
    use crate::time::Date;

    /// Lists the deadlines of a day as `HH:MM:SS tick`, from the open at 09:30.
    fn deadlines(settings: &[(&str, &str)], minutes: i64, bar_minutes: i64) -> Vec<String> {
        let mut run = crate::config::RunConfig::of(preset("orb-classic").expect("a preset"));
        settings.iter().for_each(|(key, value)| run.set(key, value).expect("a setting"));
        let open = Timestamp::from_micros(0) + Span::from_minutes(570);
        let date = Date::from_ymd_opt(2026, 2, 13).expect("a date");
        let session = Session { date, open, close: open + Span::from_minutes(minutes) };
        let mut clock = SessionClock::default();
        assert_eq!(clock.next_wakeup(), None);
        clock.begin(session, &run.strategies, Span::from_minutes(bar_minutes));
        let mut lines = Vec::new();
        while let Some(at) = clock.next_wakeup() {
            assert_eq!(clock.due(Timestamp::from_micros(at.micros() - 1)), None, "nothing comes early");
            let tick = clock.due(at).expect("what is due is given out");
            let time = at.to_datetime().expect("a time").format("%H:%M:%S");
            lines.push(format!("{time} {tick:?}").replace("(StrategyId(0))", ""));
        }
        lines
    }

    #[track_caller]
    fn check(settings: &[(&str, &str)], minutes: i64, bar_minutes: i64, expect: [&str; 5]) {
        let deadlines = deadlines(settings, minutes, bar_minutes);
        assert_eq!(deadlines[0], "09:30:00 Open");
        assert_eq!(deadlines[1..], expect);
    }

    #[test]
    fn a_whole_day() {
        let expect = [
            "09:35:00 RangeEnd",
            "15:30:00 EntryEnd",
            "15:55:00 Flatten",
            "15:56:30 FlattenAgain",
            "16:01:00 SessionEnd",
        ];
        check(&[], 390, 1, expect);
        check(&[], 390, 5, expect);
    }

    #[test]
    fn a_half_day_moves_everything_that_hangs_on_the_close() {
        let expect = [
            "09:35:00 RangeEnd",
            "12:30:00 EntryEnd",
            "12:55:00 Flatten",
            "12:56:30 FlattenAgain",
            "13:01:00 SessionEnd",
        ];
        check(&[], 210, 1, expect);
    }

    #[test]
    fn a_deadline_inside_a_bar_takes_effect_at_its_end() {
        // 15:33 and 15:52 lie in the bars of 15:30 and 15:50.
        check(
            &[("entry_cutoff", "27"), ("flatten_before_close", "8")],
            390,
            5,
            [
                "09:35:00 RangeEnd",
                "15:35:00 EntryEnd",
                "15:55:00 Flatten",
                "15:56:30 FlattenAgain",
                "16:01:00 SessionEnd",
            ],
        );
        // An hour of bars from 09:30: 15:30 is an end; 15:55 lies in the last bar, which the close cuts.
        check(
            &[("range_minutes", "60")],
            390,
            60,
            [
                "10:30:00 RangeEnd",
                "15:30:00 EntryEnd",
                "16:00:00 Flatten",
                "16:01:00 SessionEnd",
                "16:01:30 FlattenAgain",
            ],
        );
    }

    #[test]
    fn without_a_cut_off_the_window_ends_with_the_flatten() {
        let expect = [
            "09:35:00 RangeEnd",
            "15:55:00 EntryEnd",
            "15:55:00 Flatten",
            "15:56:30 FlattenAgain",
            "16:01:00 SessionEnd",
        ];
        check(&[("entry_cutoff", "off")], 390, 5, expect);
        let expect = [
            "09:35:00 RangeEnd",
            "16:00:00 EntryEnd",
            "16:00:00 Flatten",
            "16:01:00 SessionEnd",
            "16:01:30 FlattenAgain",
        ];
        check(&[("entry_cutoff", "off"), ("flatten_before_close", "0")], 390, 5, expect);
    }

    #[test]
    fn windows_keep_the_instants_themselves() {
        let mut strategy = preset("orb-classic").expect("a preset");
        strategy.flatten_before_close = Span::from_minutes(8);
        strategy.entry_cutoff = None;
        let open = Timestamp::from_micros(0);
        let session = Session { date: Date::default(), open, close: open + Span::from_minutes(210) };
        let windows = Windows::of(&strategy, &session);
        let minute = |count| open + Span::from_minutes(count);
        assert_eq!(windows, Windows { range_end: minute(5), entry_end: minute(202), flatten_at: minute(202) });
    }
}

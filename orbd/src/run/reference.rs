//! What must be known of a day before its open, read from the broker's own bars.

use orb_core::config::{AtrMethod, RunConfig};
use orb_core::event::ReferenceData;
use orb_core::history::{History, LOOKBACK};
use orb_core::{Bar, Calendar, Money, Session, Span, SymbolId, Timestamp};

/// Sessions that the plain features need: 14 true ranges, the close before the first of them, and one to spare.
pub(super) const SESSIONS: usize = LOOKBACK + 2;
/// Sessions after which the beginning of Wilder's average weighs less than a hundredth of a percent.
const SESSIONS_WILDER: usize = 130;

/// Says over which sessions a day's features are computed.
#[must_use]
pub(crate) fn sessions_needed(run: &RunConfig) -> usize {
    let smooths = run.strategies.iter().any(|strategy| strategy.atr_method == AtrMethod::Wilder);
    if smooths { SESSIONS_WILDER } else { SESSIONS }
}

/// Returns the sessions before a day, the oldest first, with the position of the first of them in the calendar.
///
/// Fewer where the calendar begins later; empty when it does not have the day.
#[must_use]
pub(crate) fn sessions_before<'a>(calendar: &'a Calendar, day: &Session, count: usize) -> (usize, &'a [Session]) {
    let Some(index) = calendar.index_of(day.date) else { return (0, &[]) };
    let first = index.saturating_sub(count);
    (first, &calendar.sessions()[first..index])
}

/// Collects the sessions before a day, one after the other, and sums them up.
#[derive(Debug)]
pub(crate) struct Collector {
    history: History,
    next: usize,
}

impl Collector {
    /// Begins with the session of a position in the calendar.
    #[must_use]
    pub(crate) fn new(symbols: usize, bar_length: Span, first: usize) -> Self {
        Self { history: History::new(symbols, bar_length), next: first }
    }

    /// Adds the bars of the next session in any order; those outside of its hours are left out.
    pub(crate) fn add(&mut self, session: &Session, mut bars: Vec<Bar>) {
        bars.retain(|bar| session.contains(bar.start));
        bars.sort_unstable_by_key(|bar| (bar.start, bar.symbol));
        bars.dedup_by_key(|bar| (bar.start, bar.symbol));
        self.history.add_session(self.next, session, &bars);
        self.next += 1;
    }

    /// Returns what is known before the session after those that were added.
    #[must_use]
    pub(crate) fn reference(&self, day: &Session, equity_open: Money) -> ReferenceData {
        ReferenceData { date: day.date, equity_open, symbols: self.history.reference(self.next) }
    }
}

/// Reads the bars of past sessions.
pub(crate) trait PastBars: Send + Sync + 'static {
    /// Reads the minutes' bars of some symbols that start in [`from`, `to`), in any order.
    ///
    /// # Errors
    /// When any part of them cannot be read; the text says why.
    fn bars(
        &self,
        symbols: &[SymbolId],
        from: Timestamp,
        to: Timestamp,
    ) -> impl Future<Output = Result<Vec<Bar>, String>> + Send;
}

#[cfg(test)]
mod tests {
    use orb_core::{Price, SymbolId};

    use super::*;

    fn calendar() -> Calendar {
        orb_data::nyse_calendar(2026, 2026)
    }

    fn day(calendar: &Calendar, date: &str) -> Session {
        *calendar.session(date.parse().expect(date)).expect(date)
    }

    #[test]
    fn the_sessions_before_a_day_skip_weekends_and_end_where_the_calendar_begins() {
        let calendar = calendar();
        let (first, sessions) = sessions_before(&calendar, &day(&calendar, "2026-03-02"), 2);
        let dates: Vec<_> = sessions.iter().map(|session| session.date.to_string()).collect();
        assert_eq!(dates, ["2026-02-26", "2026-02-27"]);
        assert_eq!(calendar.index_of(sessions[0].date), Some(first));
        let (first, sessions) = sessions_before(&calendar, &day(&calendar, "2026-01-05"), 130);
        assert_eq!((first, sessions.len()), (0, 1));
    }

    #[test]
    fn bars_in_any_order_and_told_twice_give_the_same_features() {
        let calendar = calendar();
        let today = day(&calendar, "2026-03-02");
        let (first, sessions) = sessions_before(&calendar, &today, SESSIONS);
        let bars = |session: &Session| -> Vec<Bar> {
            let bar = |minute: i64| {
                let price = |cents| Price::from_cents(10_000 + minute + cents);
                let start = session.open + Span::from_minutes(minute);
                let [open, high, low, close] = [0, 5, -5, 2].map(price);
                Bar { symbol: SymbolId(0), start, open, high, low, close, volume: 100 }
            };
            (0..390).map(bar).collect()
        };
        let collect = |disorder: bool| {
            let mut collector = Collector::new(1, Span::from_minutes(1), first);
            for session in sessions {
                let mut bars = bars(session);
                if disorder {
                    bars.push(bars[7]);
                    bars.reverse();
                    bars.push(Bar { start: session.open - Span::from_minutes(1), ..bars[0] });
                }
                collector.add(session, bars);
            }
            collector.reference(&today, Money::from_cents(100))
        };
        let reference = collect(false);
        assert_eq!(reference, collect(true));
        assert_eq!(reference.symbols[0].previous_close, Some(Price::from_cents(10_391)));
        assert!(reference.symbols[0].atr14.is_some() && reference.symbols[0].opening_volume_sum14[1] == Some(14 * 500));
    }
}

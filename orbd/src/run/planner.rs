//! Brings the engine what must be known of each day, before it opens.

use std::sync::Arc;
use std::time::Duration;

use orb_core::config::RunConfig;
use orb_core::event::ReferenceData;
use orb_core::session_clock::SESSION_END_GRACE;
use orb_core::{Calendar, Money, Session, Span, SymbolId, SymbolTable, Timestamp};
use orb_exec::Clock;
use tokio::sync::mpsc;

use super::reference::{Collector, PastBars, sessions_before, sessions_needed};

/// How long before the open a day is prepared: its bars of before do not change any more.
const LEAD: Span = Span::from_minutes(45);
/// How long to wait after a failure, on the machine's clock.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// Length of the bars that live runs work on.
pub(crate) const BAR_LENGTH: Span = Span::from_minutes(1);

/// Reads the account's equity.
pub(crate) trait Equity: Send + Sync + 'static {
    /// Returns cash and positions together.
    ///
    /// # Errors
    /// When the account cannot be read; the text says why.
    fn equity(&self) -> impl Future<Output = Result<Money, String>> + Send;
}

/// Prepares days one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Planner<C, S> {
    pub(crate) clock: C,
    pub(crate) source: Arc<S>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) symbols: Arc<SymbolTable>,
    pub(crate) run: RunConfig,
}

impl<C: Clock, S: PastBars + Equity> Planner<C, S> {
    /// Returns the session that is under way at a time, or the next one; `None` at the calendar's end.
    #[must_use]
    pub(crate) fn session_at_or_after(&self, now: Timestamp) -> Option<Session> {
        let sessions = self.calendar.sessions();
        let over = sessions.partition_point(|session| session.close + SESSION_END_GRACE <= now);
        sessions.get(over).copied()
    }

    /// Tells whether it is time to prepare a session.
    #[must_use]
    pub(crate) fn is_due(&self, session: &Session) -> bool {
        session.open - LEAD <= self.clock.now()
    }

    /// Hands over each day's data in its time, until nobody listens any more or the calendar ends; `known` is a session
    /// whose data are there already.
    pub(crate) async fn plan(self, known: Option<Session>, days: mpsc::Sender<ReferenceData>) {
        let mut after = match known {
            Some(session) => {
                self.clock.sleep_until(session.close + SESSION_END_GRACE).await;
                session.close + SESSION_END_GRACE
            }
            None => self.clock.now(),
        };
        while let Some(session) = self.session_at_or_after(after) {
            self.clock.sleep_until(session.open - LEAD).await;
            let busy = self.clock.busy();
            let reference = self.prepare(&session).await;
            if days.send(reference).await.is_err() {
                return;
            }
            self.clock.pushed();
            drop(busy);
            after = session.close + SESSION_END_GRACE;
            self.clock.sleep_until(after).await;
        }
        tracing::error!(component = "Data", "the calendar has no more sessions: install a newer orb");
    }

    /// Reads what must be known of a session; goes on trying until it can be read, because without it nothing trades.
    async fn prepare(&self, session: &Session) -> ReferenceData {
        loop {
            match self.read(session).await {
                Ok(reference) => return reference,
                Err(error) => {
                    tracing::warn!(component = "Data", "the days before {} cannot be read: {error}", session.date);
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    /// Reads what must be known of a session, once.
    ///
    /// # Errors
    /// When bars or account cannot be read.
    pub(crate) async fn read(&self, session: &Session) -> Result<ReferenceData, String> {
        let symbols: Vec<SymbolId> = self.symbols.iter().map(|(id, _)| id).collect();
        let (first, sessions) = sessions_before(&self.calendar, session, sessions_needed(&self.run));
        let mut collector = Collector::new(symbols.len(), BAR_LENGTH, first);
        for past in sessions {
            collector.add(past, self.source.bars(&symbols, past.open, past.close).await?);
        }
        Ok(collector.reference(session, self.source.equity().await?))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use orb_core::config::preset;
    use orb_core::{Bar, Price, Symbol};

    use super::super::reference::SESSIONS;
    use super::*;

    /// A clock that stands where it is put, and jumps to whatever is waited for.
    #[derive(Clone, Debug)]
    struct Jumping(Arc<Mutex<Timestamp>>);

    impl Clock for Jumping {
        fn now(&self) -> Timestamp {
            *self.0.lock().expect("no panic elsewhere")
        }

        async fn sleep_until(&self, at: Timestamp) {
            let mut now = self.0.lock().expect("no panic elsewhere");
            *now = now.max(at);
        }
    }

    /// A broker that has one bar at each open, and notes what it was asked.
    #[derive(Debug, Default)]
    struct Past(Mutex<Vec<Timestamp>>);

    impl PastBars for Past {
        async fn bars(&self, symbols: &[SymbolId], from: Timestamp, _to: Timestamp) -> Result<Vec<Bar>, String> {
            self.0.lock().expect("no panic elsewhere").push(from);
            let price = Price::from_cents(1_000);
            let bar =
                |&symbol| Bar { symbol, start: from, open: price, high: price, low: price, close: price, volume: 1 };
            Ok(symbols.iter().map(bar).collect())
        }
    }

    impl Equity for Past {
        async fn equity(&self) -> Result<Money, String> {
            Ok(Money::from_cents(5_000_000))
        }
    }

    fn planner(now: &str) -> Planner<Jumping, Past> {
        Planner {
            clock: Jumping(Arc::new(Mutex::new(Timestamp::parse_rfc3339(now).expect(now)))),
            source: Arc::default(),
            calendar: Arc::new(orb_data::nyse_calendar(2026, 2026)),
            symbols: Arc::new(SymbolTable::new([Symbol::new("A").expect("a symbol")])),
            run: RunConfig::of(preset("orb-classic").expect("a preset")),
        }
    }

    #[track_caller]
    fn check_next(now: &str, date: &str) {
        let planner = planner(now);
        let session = planner.session_at_or_after(planner.clock.now()).expect("a session");
        assert_eq!(session.date.to_string(), date, "at {now}");
    }

    #[test]
    fn the_next_session_is_today_s_until_it_is_over() {
        check_next("2026-11-25T08:00:00Z", "2026-11-25");
        check_next("2026-11-25T21:00:59Z", "2026-11-25");
        check_next("2026-11-25T21:01:00Z", "2026-11-27");
        check_next("2026-11-27T18:01:00Z", "2026-11-30");
    }

    #[tokio::test]
    async fn each_day_is_brought_before_its_open_with_what_is_known_before_it() {
        let planner = planner("2026-11-25T22:00:00Z");
        let (clock, source) = (planner.clock.clone(), Arc::clone(&planner.source));
        let (sender, mut days) = mpsc::channel(1);
        let planning = tokio::spawn(planner.plan(None, sender));
        for (date, open, number) in
            [("2026-11-27", "2026-11-27T14:30:00Z", 0), ("2026-11-30", "2026-11-30T14:30:00Z", 1)]
        {
            let day = days.recv().await.expect("a day");
            assert_eq!(day.date.to_string(), date);
            assert_eq!(day.equity_open, Money::from_cents(5_000_000));
            assert_eq!(day.symbols[0].previous_close, Some(Price::from_cents(1_000)));
            let asked = source.0.lock().expect("no panic elsewhere");
            let open = Timestamp::parse_rfc3339(open).expect(open);
            let of_day: Vec<_> = asked.iter().skip(number * SESSIONS).take(SESSIONS).collect();
            assert!(
                of_day.len() == SESSIONS && of_day.iter().all(|from| **from < open),
                "nothing of the day is asked for"
            );
        }
        drop(days);
        planning.abort();
        assert!(clock.now() >= Timestamp::parse_rfc3339("2026-11-30T13:45:00Z").expect("an instant"));
    }
}

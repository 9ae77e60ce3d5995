//! Brings the engine what must be known of each day, before it opens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use orb_core::config::{Candidates, RANGE_MINUTES, RunConfig};
use orb_core::event::{ReferenceData, SymbolReference};
use orb_core::session_clock::SESSION_END_GRACE;
use orb_core::universe::Universe;
use orb_core::{Calendar, Money, Reason, Session, Span, SymbolId, SymbolTable, Timestamp};
use orb_exec::Clock;
use tokio::sync::mpsc;

use super::reference::{KnownDays, needs, refused};

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

impl<C: Clock, S: KnownDays + Equity> Planner<C, S> {
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
    /// Where the feed is too thin for relative volume, none is known: a strategy that filters by it then trades nothing,
    /// each symbol with its reason, and the log says why.
    ///
    /// # Errors
    /// When the days before or the account cannot be read.
    pub(crate) async fn read(&self, session: &Session) -> Result<ReferenceData, String> {
        let known = self.source.known(session, needs(&self.run, &self.symbols)).await?;
        let reference = &known.reference;
        let mut symbols = reference.for_engine(&self.symbols);
        // Where lending is not known, nothing is sold short; the broker would be the next to refuse it.
        for ((_, name), symbol) in self.symbols.iter().zip(&mut symbols) {
            symbol.unshortable |= reference.symbols.get(name).is_none_or(|facts| facts.asset.is_none());
        }
        for thin in refused(&self.run, &known) {
            tracing::warn!(component = "Data", "nothing is ranked on {}: {thin}", session.date);
            let length = RANGE_MINUTES.iter().position(|&minutes| minutes == thin.minutes);
            if let Some(length) = length {
                symbols.iter_mut().for_each(|symbol| symbol.opening_volume_sum14[length] = None);
            }
        }
        self.tell_universe(session, &symbols);
        Ok(ReferenceData { date: session.date, equity_open: self.source.equity().await?, symbols })
    }

    /// Tells of strategies that choose from all assets how many may be chosen today, and why the others may not.
    fn tell_universe(&self, session: &Session, known: &[SymbolReference]) {
        let strategies = self.run.strategies.iter().filter(|strategy| strategy.candidates == Candidates::Assets);
        for strategy in strategies {
            let members: Vec<SymbolId> = strategy.symbols.iter().filter_map(|name| self.symbols.id(name)).collect();
            let universe = Universe::of(strategy, members.iter().copied(), known);
            let mut refused: BTreeMap<Reason, usize> = BTreeMap::new();
            for reason in members.iter().filter_map(|&symbol| universe.obstacle(symbol)) {
                *refused.entry(reason).or_default() += 1;
            }
            let fit = members.len() - refused.values().sum::<usize>();
            let refused: Vec<String> = refused.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
            let (name, date, refused) = (&strategy.name, session.date, refused.join(", "));
            tracing::info!(
                component = "Data",
                "{name}: {fit} of {} assets may be chosen on {date}; {refused}",
                members.len()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use orb_core::config::preset;
    use orb_core::event::SymbolReference;
    use orb_core::{Price, Symbol};
    use orb_data::dataset::Feed;
    use orb_data::reference::{Facts, OpeningDay, PastDay, Reference};

    use super::*;
    use crate::gather::Needs;
    use crate::run::reference::Known;

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

    /// Days before which all that is known is a close, with a note of the sessions that were asked about.
    #[derive(Debug, Default)]
    struct Past {
        asked: Mutex<Vec<Session>>,
        /// Opening ranges that are complete, of the fourteen.
        complete: usize,
    }

    impl KnownDays for Past {
        async fn known(&self, session: &Session, needs: Needs) -> Result<Known, String> {
            self.asked.lock().expect("no panic elsewhere").push(*session);
            let price = Price::from_cents(1_000);
            let date = |day: usize| session.date - chrono::Days::new(20 - day as u64);
            let day = |day| PastDay { date: date(day), open: price, high: price, low: price, close: price, volume: 1 };
            let opening = |day| OpeningDay { date: date(day), volumes: [(day < self.complete).then_some(7); 5] };
            let known = SymbolReference {
                previous_close: Some(price),
                opening_volume_sum14: [Some(98); 5],
                ..SymbolReference::default()
            };
            let facts = Facts {
                days: (0..14).map(day).collect(),
                openings: (0..14).map(opening).collect(),
                engine: known,
                ..Facts::default()
            };
            let symbols = needs.symbols.iter().map(|symbol| (symbol.clone(), facts.clone())).collect();
            Ok(Known { reference: Reference { date: session.date, feed: Feed::Iex, symbols }, ranked: needs.symbols })
        }
    }

    impl Equity for Past {
        async fn equity(&self) -> Result<Money, String> {
            Ok(Money::from_cents(5_000_000))
        }
    }

    fn planner(now: &str) -> Planner<Jumping, Past> {
        planner_of(now, "orb-classic", 14)
    }

    fn planner_of(now: &str, name: &str, complete: usize) -> Planner<Jumping, Past> {
        Planner {
            clock: Jumping(Arc::new(Mutex::new(Timestamp::parse_rfc3339(now).expect(now)))),
            source: Arc::new(Past { asked: Mutex::default(), complete }),
            calendar: Arc::new(orb_data::nyse_calendar(2026, 2026)),
            symbols: Arc::new(SymbolTable::new([Symbol::new("A").expect("a symbol")])),
            run: RunConfig::of(preset(name).expect("a preset")),
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
        for (date, number) in [("2026-11-27", 0), ("2026-11-30", 1)] {
            let day = days.recv().await.expect("a day");
            assert_eq!(day.date.to_string(), date);
            assert_eq!(day.equity_open, Money::from_cents(5_000_000));
            assert_eq!(day.symbols[0].previous_close, Some(Price::from_cents(1_000)));
            let asked = source.asked.lock().expect("no panic elsewhere");
            assert_eq!(asked[number].date, day.date, "each day is asked about once and in its turn");
        }
        drop(days);
        planning.abort();
        assert!(clock.now() >= Timestamp::parse_rfc3339("2026-11-30T13:45:00Z").expect("an instant"));
    }

    #[tokio::test]
    async fn what_is_not_known_to_be_lent_is_not_sold_short() {
        let planner = planner("2026-11-27T14:00:00Z");
        let session = planner.session_at_or_after(planner.clock.now()).expect("a session");
        let known = planner.read(&session).await.expect("known").symbols[0];
        assert!(known.unshortable && known.previous_close.is_some());
    }

    #[tokio::test]
    async fn a_thin_feed_leaves_nothing_to_rank_by_and_all_else_as_it_is() {
        let sums = async |name: &str, complete| {
            let planner = planner_of("2026-11-27T14:00:00Z", name, complete);
            let session = planner.session_at_or_after(planner.clock.now()).expect("a session");
            let known = planner.read(&session).await.expect("known").symbols[0];
            assert_eq!(known.previous_close, Some(Price::from_cents(1_000)));
            known.opening_volume_sum14
        };
        let five_minutes = [Some(98), None, Some(98), Some(98), Some(98)];
        assert_eq!((sums("orb-sip", 12).await, sums("orb-sip", 11).await), ([Some(98); 5], five_minutes));
        assert_eq!(sums("orb-classic", 0).await, [Some(98); 5], "it does not decide there");
    }
}

//! Whether prices may be trusted: the connection, silence, and the gaps that have to be filled first.

use orb_core::{Session, Span, Timestamp};

use crate::alpaca::wire::data::BAR_LENGTH;

/// How long after a minute its bar is asked for by request: not at once, or it may not be there yet.
const SETTLE: Span = Span::from_seconds(1);
/// After so many tries the live prices go on, although the gap is not filled and entries are held.
const TRIES_BEFORE_BLIND: u32 = 3;
/// The longest wait between two tries to fill a gap.
const RETRY_MOST: Span = Span::from_seconds(30);

/// Names a stretch of minutes that was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Counts the requests: an answer to an earlier one is not taken for this one's.
    pub(crate) number: u64,
    /// Start of the first minute.
    pub(crate) from: Timestamp,
    /// Start of the first minute after it.
    pub(crate) to: Timestamp,
}

/// Says what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FeedAct {
    /// Tell that prices may not be trusted.
    Trouble,
    /// Tell that they may again.
    Recovered,
    /// Ask for the bars of a gap.
    Fetch(Gap),
    /// End the connection and make a new one.
    Reconnect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// There is no subscription.
    Down,
    /// Minutes are missing.
    Filling {
        /// When they are to be asked for; `None` while an answer is awaited.
        ask_at: Option<Timestamp>,
        gap: Gap,
        failures: u32,
    },
    /// Every minute that is over is here.
    Whole,
}

/// Watches the feed.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    grace: Span,
    stale_after: Span,
    state: State,
    /// Every minute of the session before this was given.
    whole: Timestamp,
    /// When prices came last.
    heard: Timestamp,
    /// When the subscription began.
    subscribed: Timestamp,
    /// Since when so long a silence is too long.
    expecting: Timestamp,
    /// It was told that prices may not be trusted.
    troubled: bool,
    /// The gap could not be filled and live prices go on.
    blind: bool,
    /// Trades were dropped and the rest still waits.
    overflow: bool,
    requests: u64,
}

impl Feed {
    /// `grace`: how long a minute's bars take to arrive. `stale_after`: the longest silence within a session.
    pub(crate) const fn new(grace: Span, stale_after: Span) -> Self {
        Self {
            grace,
            stale_after,
            state: State::Down,
            whole: Timestamp::MIN,
            heard: Timestamp::MIN,
            subscribed: Timestamp::MIN,
            expecting: Timestamp::MIN,
            troubled: false,
            blind: false,
            overflow: false,
            requests: 0,
        }
    }

    /// Says how long a silence may be from now on: trades and quotes come more often than bars.
    pub(crate) fn expect(&mut self, now: Timestamp, stale_after: Span) {
        if stale_after < self.stale_after {
            self.expecting = now;
        }
        self.stale_after = stale_after;
    }

    /// Tells whether live bars and trades may be given.
    pub(crate) const fn is_live(&self) -> bool {
        matches!(self.state, State::Whole) || self.blind
    }

    /// Notes that the stream is subscribed; what was missed has to be filled first.
    pub(crate) fn on_subscribed(&mut self, now: Timestamp, session: Option<&Session>) {
        self.subscribed = now;
        self.state = match self.gap(now, session) {
            Some(gap) => State::Filling { ask_at: Some(now.max(gap.to + SETTLE)), gap, failures: 0 },
            None => State::Whole,
        };
    }

    /// Notes that the connection came to its end.
    pub(crate) fn on_lost(&mut self) {
        if self.state == State::Whole && self.heard > Timestamp::MIN + self.grace {
            // The bars of a minute that ended within the grace before the last sign may still have been on their way.
            self.whole = self.whole.max(minute_of(self.heard - self.grace));
        }
        self.state = State::Down;
    }

    /// Notes when prices came last.
    pub(crate) fn on_heard(&mut self, at: Timestamp) {
        self.heard = self.heard.max(at);
    }

    /// Notes whether trades were dropped, and whether any still wait.
    pub(crate) const fn on_trades(&mut self, dropped: bool, waiting: usize) {
        self.overflow = dropped || (self.overflow && waiting > 0);
    }

    /// Takes the answer to a request; returns the end of what is filled and whether all of it is to be repeated, `None`
    /// when nothing is filled.
    pub(crate) fn on_filled(&mut self, now: Timestamp, number: u64, success: bool) -> Option<(Timestamp, bool)> {
        let State::Filling { gap, failures, ask_at: None } = self.state else { return None };
        if gap.number != number {
            return None;
        }
        if !success {
            let failures = failures + 1;
            let wait = Span::from_seconds(1 << failures.min(5)).min(RETRY_MOST);
            self.blind |= failures >= TRIES_BEFORE_BLIND;
            self.state = State::Filling { ask_at: Some(now + wait), gap, failures };
            return None;
        }
        self.whole = gap.to;
        self.state = State::Whole;
        // Live bars went on meanwhile: all is repeated up to the newest, so that the last price is the newest again.
        Some((gap.to, core::mem::take(&mut self.blind)))
    }

    /// Says what the time brings.
    pub(crate) fn on_time(&mut self, now: Timestamp, session: Option<&Session>) -> Vec<FeedAct> {
        let mut acts = Vec::new();
        let in_session = session.is_some_and(|session| session.contains(now));
        if in_session && self.state != State::Down && self.stale_at(session).is_some_and(|at| at <= now) {
            self.on_lost();
            acts.push(FeedAct::Reconnect);
        }
        let bad = self.state != State::Whole || self.overflow;
        if in_session && bad && !self.troubled {
            self.troubled = true;
            acts.insert(0, FeedAct::Trouble);
        }
        if let State::Filling { ask_at: Some(at), gap, failures } = self.state
            && at <= now
        {
            let gap = self.gap(now - SETTLE, session).unwrap_or(gap);
            self.requests += 1;
            let gap = Gap { number: self.requests, ..gap };
            self.state = State::Filling { ask_at: None, gap, failures };
            acts.push(FeedAct::Fetch(gap));
        }
        let flowing = self.heard >= self.subscribed || !in_session;
        if self.troubled && !bad && flowing {
            self.troubled = false;
            acts.push(FeedAct::Recovered);
        }
        acts
    }

    /// Returns when [`Feed::on_time`] has something to say at the latest.
    pub(crate) fn deadline(&self, now: Timestamp, session: Option<&Session>) -> Option<Timestamp> {
        let opens = session.map(|session| session.open).filter(|open| *open > now);
        match self.state {
            State::Down => opens,
            State::Filling { ask_at: Some(at), .. } => Some(self.stale_at(session).map_or(at, |stale| stale.min(at))),
            State::Filling { ask_at: None, .. } | State::Whole => self.stale_at(session),
        }
    }

    /// Returns when the silence will have been too long; `None` when that is not within the session.
    fn stale_at(&self, session: Option<&Session>) -> Option<Timestamp> {
        let session = session?;
        let quiet_since = self.heard.max(self.subscribed).max(self.expecting).max(session.open);
        Some(quiet_since + self.stale_after).filter(|at| *at < session.close)
    }

    /// Returns what is missing of the session at an instant.
    fn gap(&self, now: Timestamp, session: Option<&Session>) -> Option<Gap> {
        let session = session?;
        let (from, to) = (self.whole.max(session.open), minute_of(now).min(session.close));
        (from < to).then_some(Gap { number: 0, from, to })
    }
}

/// Returns the start of the minute in which an instant lies.
fn minute_of(instant: Timestamp) -> Timestamp {
    let micros = instant.micros();
    Timestamp::from_micros(micros - micros.rem_euclid(BAR_LENGTH.micros()))
}

#[cfg(test)]
mod tests {
    use orb_core::Date;

    use super::*;

    const STALE: Span = Span::from_seconds(5);

    fn session() -> Session {
        let open = at(0);
        let date = Date::from_ymd_opt(2026, 2, 13).unwrap();
        Session { date, open, close: open + Span::from_minutes(390) }
    }

    /// Returns an instant so many milliseconds after the open.
    fn at(millis: i64) -> Timestamp {
        Timestamp::parse_rfc3339("2026-02-13T14:30:00Z").unwrap() + Span::from_millis(millis)
    }

    fn feed() -> Feed {
        Feed::new(Span::from_millis(250), STALE)
    }

    fn acts(feed: &mut Feed, millis: i64) -> Vec<FeedAct> {
        feed.on_time(at(millis), Some(&session()))
    }

    fn hear(feed: &mut Feed, millis: i64) {
        feed.on_heard(at(millis));
    }

    #[test]
    fn before_the_open_nothing_is_missing_and_silence_is_no_matter() {
        let mut feed = feed();
        feed.on_subscribed(at(-60_000), Some(&session()));
        assert!(feed.is_live());
        assert_eq!(acts(&mut feed, -1), []);
        assert_eq!(feed.deadline(at(-1), Some(&session())), Some(at(5_000)));
        assert_eq!(acts(&mut feed, 4_999), []);
        assert_eq!(acts(&mut feed, 5_000), [FeedAct::Trouble, FeedAct::Reconnect]);
    }

    #[test]
    fn a_silence_counts_anew_when_it_may_only_be_shorter() {
        let mut feed = feed();
        feed.on_subscribed(at(-60_000), Some(&session()));
        feed.expect(at(-60_000), Span::from_seconds(75));
        hear(&mut feed, 10_000);
        assert_eq!(acts(&mut feed, 60_000), []);
        feed.expect(at(60_000), STALE);
        assert_eq!(acts(&mut feed, 64_999), []);
        assert_eq!(acts(&mut feed, 65_000), [FeedAct::Trouble, FeedAct::Reconnect]);
    }

    #[test]
    fn a_start_within_the_session_asks_for_what_was_before() {
        let mut feed = feed();
        feed.on_subscribed(at(600_300), Some(&session()));
        assert!(!feed.is_live());
        assert_eq!(acts(&mut feed, 600_300), [FeedAct::Trouble]);
        assert_eq!(feed.deadline(at(600_300), Some(&session())), Some(at(601_000)));
        let gap = Gap { number: 1, from: at(0), to: at(600_000) };
        assert_eq!(acts(&mut feed, 601_000), [FeedAct::Fetch(gap)]);
        assert_eq!(feed.on_filled(at(601_100), 1, true), Some((at(600_000), false)));
        assert_eq!(acts(&mut feed, 601_100), [], "nothing live has come yet");
        hear(&mut feed, 601_200);
        assert_eq!(acts(&mut feed, 601_200), [FeedAct::Recovered]);
    }

    #[test]
    fn after_a_loss_the_minutes_that_may_be_missing_are_asked_for() {
        let mut feed = feed();
        feed.on_subscribed(at(-1_000), Some(&session()));
        // The bar of the minute that ended 100 ms before the last sign may not have come.
        hear(&mut feed, 120_100);
        feed.on_lost();
        assert_eq!(acts(&mut feed, 120_200), [FeedAct::Trouble]);
        feed.on_subscribed(at(185_000), Some(&session()));
        assert_eq!(acts(&mut feed, 185_000), [FeedAct::Fetch(Gap { number: 1, from: at(60_000), to: at(180_000) })]);
    }

    #[test]
    fn a_break_within_a_minute_leaves_no_gap() {
        let mut feed = feed();
        feed.on_subscribed(at(-1_000), Some(&session()));
        hear(&mut feed, 130_000);
        feed.on_lost();
        assert_eq!(acts(&mut feed, 130_000), [FeedAct::Trouble]);
        feed.on_subscribed(at(131_000), Some(&session()));
        assert!(feed.is_live());
        hear(&mut feed, 131_500);
        assert_eq!(acts(&mut feed, 131_500), [FeedAct::Recovered]);
    }

    #[test]
    fn a_gap_that_cannot_be_filled_holds_entries_and_not_for_ever_the_prices() {
        let mut feed = feed();
        feed.on_subscribed(at(60_000), Some(&session()));
        acts(&mut feed, 60_000);
        let mut now = 61_000;
        for number in 1..=3 {
            hear(&mut feed, now);
            let asked = acts(&mut feed, now);
            assert!(matches!(asked.as_slice(), [FeedAct::Fetch(gap)] if gap.number == number), "{asked:?}");
            assert!(!feed.is_live());
            assert_eq!(feed.on_filled(at(now), number + 7, true), None, "an answer to something else");
            assert_eq!(feed.on_filled(at(now), number, false), None);
            now += 1_000 << number;
        }
        assert!(feed.is_live(), "prices go on");
        hear(&mut feed, now);
        assert!(matches!(acts(&mut feed, now).as_slice(), [FeedAct::Fetch(_)]));
        let filled = feed.on_filled(at(now), 4, true);
        assert_eq!(filled, Some((at(60_000), true)), "all is repeated");
        assert_eq!(acts(&mut feed, now), [FeedAct::Recovered]);
    }

    #[test]
    fn dropped_trades_are_trouble_until_the_rest_is_worked_off() {
        let mut feed = feed();
        feed.on_subscribed(at(-1_000), Some(&session()));
        hear(&mut feed, 1_000);
        feed.on_trades(true, 10);
        assert_eq!(acts(&mut feed, 1_000), [FeedAct::Trouble]);
        feed.on_trades(false, 3);
        assert_eq!(acts(&mut feed, 1_000), []);
        feed.on_trades(false, 0);
        assert_eq!(acts(&mut feed, 1_000), [FeedAct::Recovered]);
    }

    #[test]
    fn a_connection_that_is_away_at_the_open_is_trouble_then() {
        let mut feed = feed();
        assert_eq!(acts(&mut feed, -1), []);
        assert_eq!(feed.deadline(at(-1), Some(&session())), Some(at(0)));
        assert_eq!(acts(&mut feed, 0), [FeedAct::Trouble]);
        assert_eq!(feed.deadline(at(0), Some(&session())), None);
    }
}

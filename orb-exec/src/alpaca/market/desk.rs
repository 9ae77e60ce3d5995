//! Turns what comes from the stream into what the engine takes, without any IO of its own.

use std::collections::VecDeque;
use std::sync::Arc;

use orb_core::event::{FeedState, MarketData as Prices, Origin};
use orb_core::hold::HoldKind;
use orb_core::session_clock::SESSION_END_GRACE;
use orb_core::{Bar, Calendar, Session, Span, SymbolId, Timestamp};

use super::feed::{Feed, FeedAct, Gap};
use super::lanes::{News, Quote, Signs, Trade};
use super::minutes::{Minutes, Taken};
use crate::market::MarketStep;

/// Says how a desk works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeskSettings {
    /// How long after its end a minute waits for its bars.
    pub(crate) bar_grace: Span,
    /// The longest silence within a session.
    pub(crate) stale_after: Span,
    /// The longest silence while trades and quotes of any symbol are wished for, where they are only then.
    pub(crate) stale_after_ticks: Option<Span>,
    /// The data end with the session; else the next one follows.
    pub(crate) ends_with_session: bool,
}

/// Says what has to be done outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeskAct {
    /// Ask for the bars of a gap.
    Fetch(Gap),
    /// End the connection and make a new one.
    Reconnect,
}

/// Keeps a trading day's prices whole and in order.
#[derive(Debug)]
pub(crate) struct Desk {
    calendar: Arc<Calendar>,
    settings: DeskSettings,
    /// The session under way or the next one; `None` when the calendar has no more.
    session: Option<Session>,
    minutes: Minutes,
    feed: Feed,
    out: VecDeque<Step>,
    acts: Vec<DeskAct>,
    wanted: Wanted,
}

/// Tells for each symbol whether its bars, trades and quotes can move the engine; all can until the engine says.
#[derive(Debug)]
struct Wanted {
    bars: Vec<bool>,
    trades: Vec<bool>,
    quotes: Vec<bool>,
    /// Those of which either is wanted, as it was told last.
    ticks: Vec<SymbolId>,
}

/// Waits to be given.
#[derive(Debug)]
enum Step {
    Market(Origin, Prices),
    Feed(FeedState),
}

impl Desk {
    pub(crate) fn new(now: Timestamp, symbols: usize, calendar: Arc<Calendar>, settings: DeskSettings) -> Self {
        let mut desk = Self {
            calendar,
            settings,
            session: None,
            minutes: Minutes::new(symbols, settings.bar_grace),
            feed: Feed::new(settings.bar_grace, settings.stale_after),
            out: VecDeque::new(),
            acts: Vec::new(),
            wanted: Wanted {
                bars: vec![true; symbols],
                trades: vec![true; symbols],
                quotes: vec![true; symbols],
                ticks: Vec::new(),
            },
        };
        desk.session = desk.session_from(now);
        desk
    }

    /// Returns the first session whose books are not ended.
    fn session_from(&self, now: Timestamp) -> Option<Session> {
        let sessions = self.calendar.sessions();
        let next = sessions.partition_point(|session| session.close + SESSION_END_GRACE <= now);
        sessions.get(next).copied()
    }

    /// Takes one piece of news.
    pub(crate) fn on_news(&mut self, now: Timestamp, news: News) {
        match news {
            News::Subscribed(since) => self.feed.on_subscribed(since, self.session.as_ref()),
            News::Lost => self.feed.on_lost(),
            News::Bar(bar) | News::Updated(bar) => self.on_bar(now, bar),
            News::Halt { symbol, halted } => {
                self.minutes.halt(symbol, halted);
                self.give(Origin::Live, Prices::Halt { symbol, halted });
            }
            News::Filled(number, bars) => self.on_filled(now, number, bars),
        }
    }

    /// Takes what the lanes tell of themselves.
    pub(crate) fn on_signs(&mut self, signs: &Signs) {
        if let Some(heard) = signs.heard {
            self.feed.on_heard(heard);
        }
        self.feed.on_trades(signs.dropped_trades, signs.trades);
        if signs.dropped_news {
            self.feed.on_lost();
            self.acts.push(DeskAct::Reconnect);
        }
    }

    /// Lets time do what it does: minutes end, silence grows, sessions follow one another.
    pub(crate) fn on_time(&mut self, now: Timestamp) {
        if !self.settings.ends_with_session && self.session_from(now) != self.session {
            self.session = self.session_from(now);
            self.minutes.begin_day();
        }
        for act in self.feed.on_time(now, self.session.as_ref()) {
            match act {
                FeedAct::Trouble => self.out.push_back(Step::Feed(FeedState::Trouble(HoldKind::StaleData))),
                FeedAct::Recovered => self.out.push_back(Step::Feed(FeedState::Recovered(HoldKind::StaleData))),
                FeedAct::Fetch(gap) => self.acts.push(DeskAct::Fetch(gap)),
                FeedAct::Reconnect => self.acts.push(DeskAct::Reconnect),
            }
        }
        while self.feed.is_live()
            && let Some(bars) = self.minutes.due(now)
        {
            self.give(Origin::Live, Prices::Bars(bars));
        }
    }

    fn on_bar(&mut self, now: Timestamp, bar: Bar) {
        let regular = self.session.is_some_and(|session| session.contains(bar.start));
        if !regular || bar.start > now || !self.wanted.bars[bar.symbol.index()] {
            // Before the open and after the close there is nothing to trade, a bar of the future is none, and of thousands of
            // symbols most cannot be chosen today.
            return;
        }
        match self.minutes.take(bar) {
            Taken::Waits => {}
            Taken::Corrects => self.give(Origin::Live, Prices::Correction(bar)),
        }
    }

    fn on_filled(&mut self, now: Timestamp, number: u64, fetched: Option<Vec<Bar>>) {
        let Some((to, all)) = self.feed.on_filled(now, number, fetched.is_some()) else { return };
        let mut bars = self.minutes.take_before(to);
        // What was fetched comes second: it has been corrected where the stream's was.
        bars.extend(fetched.into_iter().flatten());
        let session = self.session;
        bars.retain(|bar| bar.start < to && session.is_some_and(|session| session.contains(bar.start)));
        for minute in self.minutes.give_fetched(bars, all) {
            self.give(Origin::Backfill, Prices::Bars(minute));
        }
    }

    fn give(&mut self, origin: Origin, prices: Prices) {
        self.out.push_back(Step::Market(origin, prices));
    }

    /// Gives the next piece for the engine; `None` when none waits.
    pub(crate) fn take_step(&mut self, now: Timestamp) -> Option<MarketStep> {
        Some(match self.out.pop_front()? {
            Step::Market(origin, prices) => MarketStep::Market(now, origin, prices),
            Step::Feed(state) => MarketStep::Feed(now, state),
        })
    }

    /// Takes out what has to be done outside.
    pub(crate) fn take_acts(&mut self) -> Vec<DeskAct> {
        core::mem::take(&mut self.acts)
    }

    /// Notes of which symbols bars are of any use.
    pub(crate) fn want_bars(&mut self, bars: &dyn Fn(SymbolId) -> bool) {
        self.wanted.bars.iter_mut().zip(0..).for_each(|(wanted, number)| *wanted = bars(SymbolId(number)));
    }

    /// Lists the symbols of which bars are of any use.
    pub(crate) fn with_bars(&self) -> Vec<SymbolId> {
        let numbers = self.wanted.bars.iter().zip(0..);
        numbers.filter(|(wanted, _)| **wanted).map(|(_, number)| SymbolId(number)).collect()
    }

    /// Notes which symbols' trades and quotes can move the engine; returns the symbols of which either can, those that are
    /// held first, where these are others than before.
    pub(crate) fn want(
        &mut self,
        now: Timestamp,
        trades: &dyn Fn(SymbolId) -> bool,
        quotes: &dyn Fn(SymbolId) -> bool,
    ) -> Option<&[SymbolId]> {
        let note = |wanted: &mut Vec<bool>, wants: &dyn Fn(SymbolId) -> bool| {
            wanted.iter_mut().zip(0..).for_each(|(wanted, number)| *wanted = wants(SymbolId(number)));
        };
        note(&mut self.wanted.trades, trades);
        note(&mut self.wanted.quotes, quotes);
        let Wanted { trades, quotes, ticks, .. } = &mut self.wanted;
        let of = |which: fn(bool, bool) -> bool| {
            let pairs = trades.iter().zip(quotes.iter()).zip(0..);
            pairs.filter(move |((trade, quote), _)| which(**trade, **quote)).map(|(_, number)| SymbolId(number))
        };
        let wished: Vec<SymbolId> = of(|_, quote| quote).chain(of(|trade, quote| trade && !quote)).collect();
        if wished == *ticks {
            return None;
        }
        if let Some(stale_after) = self.settings.stale_after_ticks {
            self.feed.expect(now, if wished.is_empty() { self.settings.stale_after } else { stale_after });
        }
        *ticks = wished;
        Some(&*ticks)
    }

    /// Returns a trade for the engine; `None` outside of the session, while bars are missing, and where it moves
    /// nothing.
    pub(crate) fn trade(&self, now: Timestamp, trade: &Trade) -> Option<MarketStep> {
        let Trade { symbol, price, size } = *trade;
        let wanted = self.wanted.trades[symbol.index()] && self.feed.is_live() && self.is_open(now);
        wanted.then_some(MarketStep::Market(now, Origin::Live, Prices::Trade { symbol, price, size }))
    }

    /// Returns a quote for the engine; `None` outside of the session. It marks positions even while bars are missing.
    pub(crate) fn quote(&self, now: Timestamp, quote: &Quote) -> Option<MarketStep> {
        let Quote { symbol, bid, ask } = *quote;
        let wanted = self.wanted.quotes[symbol.index()] && self.is_open(now);
        wanted.then_some(MarketStep::Market(now, Origin::Live, Prices::Quote { symbol, bid, ask }))
    }

    fn is_open(&self, now: Timestamp) -> bool {
        self.session.is_some_and(|session| session.contains(now))
    }

    /// Returns when the data come to their end; `None` when they do not.
    pub(crate) fn end(&self) -> Option<Timestamp> {
        let last = self.session.filter(|_| self.settings.ends_with_session)?;
        Some(last.close + SESSION_END_GRACE)
    }

    /// Tells whether there is no session, now or later.
    pub(crate) const fn is_over(&self) -> bool {
        self.session.is_none()
    }

    /// Returns when [`Desk::on_time`] has something to do at the latest.
    pub(crate) fn deadline(&self, now: Timestamp) -> Option<Timestamp> {
        let minutes = self.minutes.deadline().filter(|_| self.feed.is_live());
        let feed = self.feed.deadline(now, self.session.as_ref());
        let next = self.session.map(|session| session.close + SESSION_END_GRACE);
        [minutes, feed, next].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests;

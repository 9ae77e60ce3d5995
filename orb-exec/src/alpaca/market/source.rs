//! The market data as the runtime takes them.

use core::fmt;
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use std::sync::Arc;

use orb_core::{SymbolId, Timestamp};
use tokio::sync::Notify;

use super::desk::{Desk, DeskAct};
use super::feed::Gap;
use super::lanes::{Lanes, News};
use super::tally::StreamCounts;
use super::wishes::Wishes;
use crate::clock::Clock;
use crate::market::{MarketData, MarketStep, Waiting};

/// Starts a request for some symbols' bars of a gap; the answer comes as [`News::Filled`].
pub(crate) type Fetch = Box<dyn Fn(Gap, Vec<SymbolId>) + Send + Sync>;

/// Brings Alpaca's prices, halts and the time.
///
/// What it gives comes in lanes: the bars of a minute, corrections and halts before trades, and trades before quotes,
/// of which only the newest of each symbol waits. The bars of one minute come as one batch, as soon as every symbol
/// that is active has its bar and at the latest a moment after the minute's end; what comes later is a batch of its
/// own. Minutes that were missed come first, by request, as [`Backfill`](orb_core::event::Origin::Backfill); until they
/// are there, and whenever nothing comes, the hold `stale_data` is asked for.
///
/// Trades come for the symbols whose trades are subscribed. For the others the engine goes by the bars.
pub struct AlpacaMarket<C: Clock> {
    clock: C,
    desk: Desk,
    lanes: Arc<Lanes<C>>,
    /// News that were taken from their lane, kept to use its memory again.
    news: Vec<News>,
    fetch: Fetch,
    /// Rung to end a silent connection.
    reconnect: Arc<Notify>,
    /// Tells the stream whose trades and quotes are wanted, and of how many they can be had; `None` where they come of the
    /// same symbols all day.
    wishes: Option<(Wishes, usize)>,
}

impl<C: Clock> fmt::Debug for AlpacaMarket<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlpacaMarket").field("desk", &self.desk).finish_non_exhaustive()
    }
}

impl<C: Clock> AlpacaMarket<C> {
    pub(crate) fn new(clock: C, desk: Desk, lanes: Arc<Lanes<C>>, fetch: Fetch, reconnect: Arc<Notify>) -> Self {
        Self { clock, desk, lanes, news: Vec::new(), fetch, reconnect, wishes: None }
    }

    /// Makes it tell whose trades and quotes are wanted, at most of so many symbols at a time.
    pub(crate) fn with_wishes(mut self, wishes: Wishes, most: usize) -> Self {
        self.wishes = Some((wishes, most));
        self
    }

    /// Returns the counts of what came on the stream.
    #[must_use]
    pub fn counts(&self) -> StreamCounts {
        self.lanes.counts()
    }

    /// Gives what there is to give at this instant.
    fn step(&mut self, now: Timestamp, wakeup: Option<Timestamp>) -> Option<MarketStep> {
        self.take_news(now);
        if let Some(step) = self.desk.take_step(now) {
            return Some(step);
        }
        let end = self.desk.end().filter(|end| *end <= now);
        // The engine's last deadlines come before the end, those beyond it do not come at all.
        if wakeup.is_some_and(|at| at <= end.unwrap_or(now)) {
            return Some(MarketStep::Wakeup(now));
        }
        if end.is_some() || self.desk.is_over() {
            return Some(MarketStep::End);
        }
        self.tick(now)
    }

    fn take_news(&mut self, now: Timestamp) {
        let signs = self.lanes.take_news(&mut self.news);
        self.desk.on_signs(&signs);
        for news in self.news.drain(..) {
            self.desk.on_news(now, news);
        }
        self.desk.on_time(now);
        for act in self.desk.take_acts() {
            match act {
                DeskAct::Fetch(gap) => (self.fetch)(gap, self.desk.with_bars()),
                DeskAct::Reconnect => self.reconnect.notify_one(),
            }
        }
    }

    /// Gives the next trade, or else the next quote, that the engine wants.
    fn tick(&self, now: Timestamp) -> Option<MarketStep> {
        while let Some(trade) = self.lanes.take_trade() {
            if let Some(step) = self.desk.trade(now, &trade) {
                return Some(step);
            }
        }
        while let Some(quote) = self.lanes.take_quote() {
            if let Some(step) = self.desk.quote(now, &quote) {
                return Some(step);
            }
        }
        None
    }

    /// Waits until something comes or an instant is there.
    async fn quiet(&self, until: Option<Timestamp>) {
        let sleep = async {
            match until {
                Some(at) => self.clock.sleep_until(at).await,
                None => core::future::pending().await,
            }
        };
        let mut sleep = pin!(sleep);
        let mut settled = false;
        poll_fn(|context| {
            if sleep.as_mut().poll(context).is_ready() || self.lanes.poll_waiting(context).is_ready() {
                return Poll::Ready(());
            }
            if !settled {
                // Between the runtime's look into the broker's reports and this wait something may have been put there.
                // A second look, and the clock knows that what was there at the first one was seen.
                settled = true;
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await;
    }
}

impl<C: Clock> MarketData for AlpacaMarket<C> {
    async fn next(&mut self, wakeup: Option<Timestamp>) -> MarketStep {
        loop {
            let now = self.clock.now();
            if let Some(step) = self.step(now, wakeup) {
                return step;
            }
            // A deadline that was there already had nothing to say.
            let deadline = self.desk.deadline(now).filter(|at| *at > now);
            let until = [deadline, wakeup].into_iter().flatten().min();
            self.quiet(until).await;
        }
    }

    fn want(&mut self, trades: &dyn Fn(SymbolId) -> bool, quotes: &dyn Fn(SymbolId) -> bool) {
        let wanted = self.desk.want(self.clock.now(), trades, quotes);
        if let (Some(wanted), Some((wishes, most))) = (wanted, &self.wishes) {
            wishes.set(&self.clock, &wanted[..wanted.len().min(*most)]);
        }
    }

    fn want_bars(&mut self, bars: &dyn Fn(SymbolId) -> bool) {
        self.desk.want_bars(bars);
    }

    fn waiting(&self) -> Box<dyn Fn() -> Waiting + Send + Sync> {
        // A count of what waits keeps nothing of a connection that has gone.
        let lanes = Arc::downgrade(&self.lanes);
        Box::new(move || lanes.upgrade().map_or_else(Waiting::default, |lanes| lanes.waiting()))
    }

    fn look(&self) -> Box<dyn Fn() + Send> {
        let lanes = Arc::clone(&self.lanes);
        Box::new(move || lanes.look())
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn broker_time(&self) -> Timestamp {
        self.clock.now()
    }
}

//! The lanes between the stream and the runtime: news before trades before quotes, each bounded.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use orb_core::{Bar, Price, SymbolId, Timestamp};

use super::tally::{StreamCounts, Tally};
use crate::alpaca::wire::data::{DataMessage, MessageError};
use crate::clock::Clock;
use crate::market::Waiting;

/// So many trades may wait; of more the oldest are dropped.
const TRADES_MAX: usize = 65_536;
/// So many bars and other news may wait: several minutes of all symbols there are.
const NEWS_MAX: usize = 262_144;

/// Brings something that must not be lost.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    /// The stream is subscribed since then, and prices follow.
    Subscribed(Timestamp),
    /// The connection came to its end.
    Lost,
    /// A minute's bar.
    Bar(Bar),
    /// A minute's bar in a corrected form.
    Updated(Bar),
    /// Trading was halted or resumed.
    Halt {
        /// Whose trading.
        symbol: SymbolId,
        /// True while halted.
        halted: bool,
    },
    /// The answer to a numbered request for the bars of a gap, `None` when they could not be had.
    Filled(u64, Option<Vec<Bar>>),
}

/// Holds a trade that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trade {
    /// Whose shares.
    pub(crate) symbol: SymbolId,
    /// Dollars per share.
    pub(crate) price: Price,
    /// Number of shares.
    pub(crate) size: u64,
}

/// Holds a quote that waits: the newest of its symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quote {
    /// Whose quote.
    pub(crate) symbol: SymbolId,
    /// Best bid.
    pub(crate) bid: Price,
    /// Best ask.
    pub(crate) ask: Price,
}

/// Tells what became of the lanes since they were last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signs {
    /// When the last prices came; `None` before the first.
    pub(crate) heard: Option<Timestamp>,
    /// Trades were dropped since the last time.
    pub(crate) dropped_trades: bool,
    /// News were dropped since the last time: there is a gap.
    pub(crate) dropped_news: bool,
    /// Trades that wait.
    pub(crate) trades: usize,
}

/// Carries prices from the stream's task to the runtime.
#[derive(Debug)]
pub(crate) struct Lanes<C> {
    clock: C,
    queues: Mutex<Queues>,
    /// What had been pushed when the runtime looked last; the greatest number where it does not say.
    looked: AtomicU64,
}

#[derive(Debug, Default)]
struct Queues {
    news: VecDeque<News>,
    trades: VecDeque<Trade>,
    quotes: BTreeMap<SymbolId, Quote>,
    /// The symbols whose quotes wait, in the order in which they began to.
    quoted: VecDeque<SymbolId>,
    signs: Signs,
    /// The connection that is open has been subscribed: what is added to the subscription later leaves no gap.
    is_subscribed: bool,
    tally: Tally,
    reader: Option<Waker>,
}

impl<C: Clock> Lanes<C> {
    pub(crate) fn new(clock: C) -> Self {
        Self { clock, queues: Mutex::default(), looked: AtomicU64::new(u64::MAX) }
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        // Every change leaves the queues whole, so a panic elsewhere does not spoil them.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the queues and tells clock and reader, all under the lock: the reader never parks on what it has not
    /// seen.
    fn change(&self, change: impl FnOnce(&mut Queues)) {
        let reader = {
            let mut queues = self.lock();
            change(&mut queues);
            self.clock.pushed();
            queues.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Hands on news.
    pub(crate) fn push(&self, news: News) {
        self.change(|queues| {
            if news == News::Lost {
                queues.tally.lost();
                queues.is_subscribed = false;
            }
            queues.push_news(news);
        });
    }

    /// Hands on what is in a frame, all at once; returns what the server says of the conversation itself.
    pub(crate) fn push_frame(
        &self,
        messages: impl Iterator<Item = Result<DataMessage, MessageError>>,
    ) -> Vec<DataMessage> {
        let now = self.clock.now();
        let mut conversation = Vec::new();
        self.change(|queues| {
            for message in messages {
                match message {
                    Ok(said @ (DataMessage::Success(_) | DataMessage::Error { .. })) => conversation.push(said),
                    Ok(DataMessage::Subscribed) => {
                        if !core::mem::replace(&mut queues.is_subscribed, true) {
                            queues.push_news(News::Subscribed(now));
                        }
                        conversation.push(DataMessage::Subscribed);
                    }
                    Ok(message) => queues.take(now, &message),
                    Err(error) => queues.tally.odd(&error),
                }
            }
        });
        conversation
    }

    /// Moves all news that wait to the end of a list.
    pub(crate) fn take_news(&self, into: &mut Vec<News>) -> Signs {
        let mut queues = self.lock();
        into.extend(queues.news.drain(..));
        let trades = queues.trades.len();
        let signs = &mut queues.signs;
        let told = Signs { trades, ..*signs };
        (signs.dropped_trades, signs.dropped_news) = (false, false);
        told
    }

    /// Takes the oldest trade that waits.
    pub(crate) fn take_trade(&self) -> Option<Trade> {
        self.lock().trades.pop_front()
    }

    /// Takes the quote that waits longest.
    pub(crate) fn take_quote(&self) -> Option<Quote> {
        let mut queues = self.lock();
        let symbol = queues.quoted.pop_front()?;
        queues.quotes.remove(&symbol)
    }

    /// Counts what waits in each lane.
    pub(crate) fn waiting(&self) -> Waiting {
        let queues = self.lock();
        Waiting { news: queues.news.len(), trades: queues.trades.len(), quotes: queues.quotes.len() }
    }

    /// Returns the counts of what came.
    pub(crate) fn counts(&self) -> StreamCounts {
        self.lock().tally.counts()
    }

    /// Notes that the runtime is about to look into its queues: what is pushed from now on it may not see.
    pub(crate) fn look(&self) {
        self.looked.store(self.clock.pushed_so_far(), Ordering::SeqCst);
    }

    /// Completes when something waits; else the clock is told that everything was seen.
    pub(crate) fn poll_waiting(&self, context: &Context<'_>) -> Poll<()> {
        let mut queues = self.lock();
        if !queues.is_empty() {
            return Poll::Ready(());
        }
        queues.reader = Some(context.waker().clone());
        // Still under the lock: what is pushed from now on was not seen.
        self.clock.parked(self.looked.load(Ordering::SeqCst).min(self.clock.pushed_so_far()));
        Poll::Pending
    }
}

impl Queues {
    fn is_empty(&self) -> bool {
        self.news.is_empty() && self.trades.is_empty() && self.quoted.is_empty()
    }

    fn push_news(&mut self, news: News) {
        if self.news.len() >= NEWS_MAX {
            self.news.clear();
            self.signs.dropped_news = true;
        }
        self.news.push_back(news);
    }

    fn take(&mut self, now: Timestamp, message: &DataMessage) {
        match *message {
            DataMessage::Bar(bar) => self.push_news(News::Bar(bar)),
            DataMessage::Updated(bar) => self.push_news(News::Updated(bar)),
            DataMessage::Halt { symbol, halted } => self.push_news(News::Halt { symbol, halted }),
            DataMessage::Trade { symbol, price, size } => self.push_trade(Trade { symbol, price, size }),
            DataMessage::Quote { symbol, bid, ask } => self.push_quote(Quote { symbol, bid, ask }),
            DataMessage::Passed(reason) => {
                // It moves nothing, and yet the stream is alive.
                self.signs.heard = Some(now);
                return self.tally.passed(reason);
            }
            DataMessage::Success(_) | DataMessage::Error { .. } | DataMessage::Subscribed => return,
        }
        self.signs.heard = Some(now);
        self.tally.took();
    }

    fn push_trade(&mut self, trade: Trade) {
        if self.trades.len() >= TRADES_MAX {
            self.trades.pop_front();
            self.signs.dropped_trades = true;
            self.tally.dropped();
        }
        self.trades.push_back(trade);
    }

    fn push_quote(&mut self, quote: Quote) {
        if self.quotes.insert(quote.symbol, quote).is_none() {
            self.quoted.push_back(quote.symbol);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WallClock;

    fn trade(size: u64) -> Result<DataMessage, MessageError> {
        Ok(DataMessage::Trade { symbol: SymbolId(0), price: Price::from_cents(100), size })
    }

    fn quote(symbol: u32, bid: i64) -> Result<DataMessage, MessageError> {
        let [bid, ask] = [bid, bid + 1].map(Price::from_cents);
        Ok(DataMessage::Quote { symbol: SymbolId(symbol), bid, ask })
    }

    #[test]
    fn only_the_newest_quote_of_a_symbol_waits_and_keeps_its_place() {
        let lanes = Lanes::new(WallClock::default());
        lanes.push_frame([quote(1, 10), quote(0, 20), quote(1, 11), quote(1, 12)].into_iter());
        let taken: Vec<_> =
            core::iter::from_fn(|| lanes.take_quote()).map(|quote| (quote.symbol.0, quote.bid)).collect();
        assert_eq!(taken, [(1, Price::from_cents(12)), (0, Price::from_cents(20))]);
    }

    #[test]
    fn what_waits_is_counted_lane_by_lane_until_it_is_taken() {
        let lanes = Lanes::new(WallClock::default());
        assert_eq!(lanes.waiting(), Waiting::default());
        lanes.push_frame([quote(1, 10), trade(1), quote(0, 20), quote(1, 11), trade(2), trade(3)].into_iter());
        lanes.push(News::Lost);
        assert_eq!(lanes.waiting(), Waiting { news: 1, trades: 3, quotes: 2 });
        lanes.take_news(&mut Vec::new());
        assert!(lanes.take_trade().is_some() && lanes.take_quote().is_some());
        assert_eq!(lanes.waiting(), Waiting { news: 0, trades: 2, quotes: 1 });
    }

    #[test]
    fn of_too_many_trades_the_oldest_are_dropped_and_it_is_told_once() {
        let lanes = Lanes::new(WallClock::default());
        let more = 3;
        lanes.push_frame((0..TRADES_MAX as u64 + more).map(trade));
        let signs = lanes.take_news(&mut Vec::new());
        assert!(signs.dropped_trades && signs.heard.is_some());
        assert_eq!((signs.trades, lanes.counts().dropped), (TRADES_MAX, more));
        assert_eq!(lanes.take_trade().map(|trade| trade.size), Some(more));
        assert!(!lanes.take_news(&mut Vec::new()).dropped_trades);
    }

    #[test]
    fn of_too_much_news_a_gap_remains() {
        let lanes = Lanes::new(WallClock::default());
        (0..=NEWS_MAX).for_each(|_| lanes.push(News::Lost));
        let mut news = Vec::new();
        assert!(lanes.take_news(&mut news).dropped_news);
        assert_eq!(news.len(), 1);
    }

    #[test]
    fn what_is_added_to_a_subscription_leaves_no_gap() {
        let lanes = Lanes::new(WallClock::default());
        let subscribed = || [Ok(DataMessage::Subscribed)].into_iter();
        let news = |lanes: &Lanes<WallClock>| {
            let mut news = Vec::new();
            lanes.take_news(&mut news);
            news.iter().filter(|one| matches!(one, News::Subscribed(_))).count()
        };
        lanes.push_frame(subscribed());
        assert_eq!(lanes.push_frame(subscribed()), [DataMessage::Subscribed], "whoever asked hears the answer");
        assert_eq!(news(&lanes), 1);
        lanes.push(News::Lost);
        lanes.push_frame(subscribed());
        assert_eq!(news(&lanes), 1, "a new connection begins anew");
    }

    #[test]
    fn what_the_server_says_of_itself_comes_back_and_moves_nothing() {
        let lanes = Lanes::new(WallClock::default());
        let unknown = Err(MessageError::UnknownKind("n".to_owned()));
        let said = lanes.push_frame([Ok(DataMessage::Subscribed), unknown.clone(), unknown, trade(1)].into_iter());
        assert_eq!(said, [DataMessage::Subscribed]);
        let counts = lanes.counts();
        assert_eq!((counts.taken, counts.unknown, counts.malformed), (1, 2, 0));
    }
}

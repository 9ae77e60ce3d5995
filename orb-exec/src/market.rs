//! What market data is to orb.

use orb_core::event::{FeedState, MarketData as Prices, Origin};
use orb_core::{SymbolId, Timestamp};

/// Brings prices and the time.
pub trait MarketData: Send + 'static {
    /// Waits for what comes next: prices, the engine's next deadline, or the end.
    ///
    /// It may be dropped while it waits and called again; nothing is lost then.
    fn next(&mut self, wakeup: Option<Timestamp>) -> impl Future<Output = MarketStep> + Send;

    /// Says which symbols' trades and quotes can move the engine now; the others need not be brought.
    ///
    /// It is asked for when the answer may have changed, not for each price.
    fn want(&mut self, _trades: &dyn Fn(SymbolId) -> bool, _quotes: &dyn Fn(SymbolId) -> bool) {}

    /// Says of which symbols bars are of any use now; those of the others need not be brought.
    ///
    /// It is asked for together with [`Self::want`].
    fn want_bars(&mut self, _bars: &dyn Fn(SymbolId) -> bool) {}

    /// Returns what tells at any time how much waits to be brought; none where nothing is ever kept waiting.
    fn waiting(&self) -> Box<dyn Fn() -> Waiting + Send + Sync> {
        Box::new(Waiting::default)
    }

    /// Returns what is to be called each time before the runtime looks into its queues; see [`Clock`](crate::Clock).
    fn look(&self) -> Box<dyn Fn() + Send> {
        Box::new(|| {})
    }

    /// Returns the time at which a command comes; it never decreases.
    fn now(&self) -> Timestamp;

    /// Returns the time at which what the broker reports now is known.
    ///
    /// Live it is the same clock. Where time is simulated it stands still while the broker's news of an instant
    /// are worked off, so that a paced session and a backtest agree.
    fn broker_time(&self) -> Timestamp;
}

/// Counts what has come from a venue and was not brought yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Bars, their corrections, halts, and what the connection itself did.
    pub news: usize,
    /// Trades.
    pub trades: usize,
    /// Quotes: at most one of each symbol.
    pub quotes: usize,
}

/// Tells what came.
#[derive(Clone, Debug, PartialEq)]
pub enum MarketStep {
    /// Prices.
    Market(Timestamp, Origin, Prices),
    /// The feed failed or came back.
    Feed(Timestamp, FeedState),
    /// The engine's deadline has come.
    Wakeup(Timestamp),
    /// Time moved on, and the broker may have news of this instant: they come before its prices.
    Advanced(Timestamp),
    /// There is nothing more to come.
    End,
}

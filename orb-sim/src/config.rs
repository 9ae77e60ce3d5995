//! What a simulator is made of.

use core::fmt;
use std::collections::BTreeMap;

use orb_core::{Date, Money, Span, Symbol};

use crate::broker::{Margin, MarginRequirement};
use crate::faults::FaultPlan;
use crate::market::{MarketSource, PathConfig};
use crate::memory::MemoryConfig;
use crate::speed::Speed;

/// Holds the key and secret of the account.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The key's identifier.
    pub key_id: String,
    /// The secret.
    pub secret: String,
}

impl Default for Credentials {
    /// `sim` and `sim`: there is nothing to protect on one's own machine.
    fn default() -> Self {
        Self { key_id: "sim".to_owned(), secret: "sim".to_owned() }
    }
}

impl Credentials {
    /// Tells whether key and secret are these.
    #[must_use]
    pub fn are(&self, key_id: &str, secret: &str) -> bool {
        self.key_id == key_id && self.secret == secret
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Names a feed of market data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// The free one: one exchange, 30 symbols of trades and quotes.
    Iex,
    /// The consolidated one.
    Sip,
}

/// Says in which minutes requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateClock {
    /// Simulated ones.
    Simulated,
    /// The machine's.
    Wall,
}

/// Bounds the number of requests, trading and data each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a minute, at least 1.
    pub per_minute: u32,
    /// Whose minutes.
    pub clock: RateClock,
}

/// Says when time begins to pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// As soon as the server runs.
    #[default]
    AtOnce,
    /// With the first request or connection that has the right credentials.
    WithClient,
    /// With the first subscription to market data.
    WithSubscription,
}

/// Says what follows when there is nothing left to play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// The server stays; time goes on at its pace, or stands at the highest speed.
    #[default]
    Stay,
    /// The server stops.
    Stop,
}

/// Says how long things take, in simulated time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latencies {
    /// From an order's arrival until the exchange has it; 20 ms by default.
    pub acknowledge: Span,
    /// From then until a market order fills; 30 ms by default.
    pub fill: Span,
    /// From the end of a bar until it is published; 50 ms by default, and 20 to 100 ms on the real wire.
    pub bar: Span,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { acknowledge: Span::from_millis(20), fill: Span::from_millis(30), bar: Span::from_millis(50) }
    }
}

/// Says what a simulator is made of. Every field has a sensible default but the market.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// Where the bars come from.
    pub market: MarketSource,
    /// First session to play; earlier ones are history. By default the first there is.
    pub first: Option<Date>,
    /// Last session to play. By default the last there is.
    pub last: Option<Date>,
    /// How fast time passes; 1 by default.
    pub speed: Speed,
    /// When time begins to pass.
    pub begin: Begin,
    /// What follows when there is nothing left to play.
    pub end: End,
    /// How long before an open a session begins, so that clients can connect; 5 minutes by default. A
    /// negative one begins within the session, and what happened before is past.
    pub lead: Span,
    /// The account's cash at the beginning; $100,000 by default.
    pub cash: Money,
    /// What the account may borrow; by default what Alpaca lends an intraday margin account.
    pub margin: Margin,
    /// Symbols of which more, or less, is required than usual. None by default.
    pub margin_requirements: BTreeMap<Symbol, MarginRequirement>,
    /// The account's credentials.
    pub credentials: Credentials,
    /// What the account has subscribed to; SIP by default.
    pub feed: Feed,
    /// Connections to the data stream at most; 1 by default, as for most accounts.
    pub data_connections_max: usize,
    /// Frames that may wait for a slow client before it is told 407; 4,096 by default.
    pub frames_max: usize,
    /// The path inside bars and the spread.
    pub path: PathConfig,
    /// How long things take.
    pub latencies: Latencies,
    /// A hole of at least so many minutes in a symbol's bars is a halt; `None`, the default, for none.
    pub halts_from_holes: Option<Span>,
    /// How many requests are taken; 200 in a simulated minute by default, `None` for any number.
    pub rate_limit: Option<RateLimit>,
    /// Every authentication on the data stream is answered with this error, as 408, 411 or 500; `None` by default.
    pub data_stream_refused: Option<u16>,
    /// Whether assets carry the field `easy_to_borrow`, which Alpaca has announced to drop; true by default.
    pub has_easy_to_borrow: bool,
    /// Whether the rule against pattern day trading, which Alpaca has dropped, is in force; false by default.
    pub has_day_trading_rule: bool,
    /// What `/v1/corporate-actions` knows: an object with a list for each type, as in Alpaca's reply. Empty by default.
    pub corporate_actions: serde_json::Map<String, serde_json::Value>,
    /// What is to go wrong.
    pub faults: FaultPlan,
    /// What identifiers are drawn from.
    pub seed: u64,
    /// Where requests and time are remembered, so that a simulator that is started again stands where it stood; `None`,
    /// the default, for nowhere. Faults by rate are drawn anew then.
    pub memory: Option<MemoryConfig>,
}

impl SimConfig {
    /// Makes a configuration with defaults for everything but the market.
    #[must_use]
    pub fn new(market: MarketSource) -> Self {
        Self {
            market,
            first: None,
            last: None,
            speed: Speed::Times(1.0),
            begin: Begin::default(),
            end: End::default(),
            lead: Span::from_minutes(5),
            cash: Money::from_cents(10_000_000),
            margin: Margin::default(),
            margin_requirements: BTreeMap::new(),
            credentials: Credentials::default(),
            feed: Feed::Sip,
            data_connections_max: 1,
            frames_max: 4_096,
            path: PathConfig::default(),
            latencies: Latencies::default(),
            halts_from_holes: None,
            rate_limit: Some(RateLimit { per_minute: 200, clock: RateClock::Simulated }),
            data_stream_refused: None,
            has_easy_to_borrow: true,
            has_day_trading_rule: false,
            corporate_actions: serde_json::Map::new(),
            faults: FaultPlan::default(),
            seed: 0,
            memory: None,
        }
    }
}

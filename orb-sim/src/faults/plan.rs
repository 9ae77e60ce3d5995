//! The rules of a fault plan, as values and as they are written in a file.

use serde::Deserialize;

use super::when::{Glob, Moment, When};
use crate::market::HaltReason;

/// Holds everything that is to go wrong; by default nothing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultPlan {
    /// What rates are drawn from.
    pub seed: u64,
    /// What goes wrong with requests.
    pub http: Vec<HttpRule>,
    /// What goes wrong with messages of the streams.
    pub stream: Vec<StreamRule>,
    /// What goes wrong with orders.
    pub order: Vec<OrderRule>,
    /// What goes wrong on the market.
    pub market: Vec<MarketRule>,
    /// What goes wrong with the account.
    pub account: Vec<AccountRule>,
}

/// Says what goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpFault {
    /// The reply comes so many milliseconds late, on the machine's clock, as clients' deadlines are.
    LatencyMs(u64),
    /// Nothing happens, and no reply ever comes.
    TimeoutBefore,
    /// It is carried out, and no reply ever comes.
    TimeoutAfter,
    /// Nothing happens, and the reply is a 429.
    TooManyRequests,
    /// Nothing happens, and the reply has this status, from 400 to 599.
    Status(Status),
    /// It is carried out, and the reply has this status, from 400 to 599.
    StatusAfter(Status),
    /// It is carried out, and the reply ends in its middle.
    Truncated,
    /// Nothing happens, and the reply is a page for people.
    Html,
    /// Nothing happens, and the reply says that the price of a stop or target lies on the wrong side of the market.
    BeyondMarket,
}

/// Holds the status of a failure, from 400 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct Status(pub(crate) u16);

impl TryFrom<u16> for Status {
    type Error = String;

    fn try_from(status: u16) -> Result<Self, String> {
        match status {
            400..=599 => Ok(Self(status)),
            _ => Err(format!("a failure has a status from 400 to 599, not {status}")),
        }
    }
}

/// Says which requests go wrong, how and when.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpRule {
    /// What goes wrong.
    pub fault: HttpFault,
    /// Pattern of the path.
    #[serde(default)]
    pub path: Glob,
    /// Pattern of the method: `GET`, `POST` and so on.
    #[serde(default)]
    pub method: Glob,
    /// When.
    #[serde(default)]
    pub when: When,
}

/// Names one of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamName {
    /// The account's.
    TradeUpdates,
    /// Market data.
    Data,
}

/// Says what goes wrong with a message of a stream. Milliseconds and seconds are simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamFault {
    /// It never comes.
    Drop,
    /// It comes twice.
    Duplicate,
    /// It comes so much later.
    DelayMs(u32),
    /// It comes after the next one of its stream.
    Reorder,
    /// It never comes, and the stream's connections end without a word.
    Disconnect,
    /// As `disconnect`, and for so long every new connection of the data stream is refused with 406: the dead session
    /// lingers.
    Linger(u32),
    /// From it on, for so long, nothing comes, while connections stay open.
    MuteSeconds(u32),
    /// A message of an unknown type comes with it.
    UnknownType,
    /// It has a field that nobody knows.
    UnknownField,
    /// A word in it is one that nobody knows: the event and status of an order, the conditions of a trade or quote,
    /// the code of a status.
    UnknownWord,
}

/// Says which messages go wrong, how and when.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamRule {
    /// What goes wrong.
    pub fault: StreamFault,
    /// Which stream; both by default.
    #[serde(default)]
    pub stream: Option<StreamName>,
    /// Pattern of the message's kind: `T` of market data (`b`, `q`, ...), `event` of a trade update (`fill`, ...).
    #[serde(default)]
    pub kind: Glob,
    /// Pattern of the symbol.
    #[serde(default)]
    pub symbol: Glob,
    /// When.
    #[serde(default)]
    pub when: When,
}

/// Says which orders go wrong, how and when.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderRule {
    /// What goes wrong.
    pub fault: OrderEffects,
    /// Pattern of the symbol.
    #[serde(default)]
    pub symbol: Glob,
    /// Pattern of the side: `buy` or `sell`.
    #[serde(default)]
    pub side: Glob,
    /// Pattern of the order's class: `simple`, `bracket`, `oco` or `oto`.
    #[serde(default)]
    pub class: Glob,
    /// Pattern of the order's type: `market`, `limit`, `stop`, `stop_limit` or `trailing_stop`.
    #[serde(default, rename = "type")]
    pub kind: Glob,
    /// Pattern of the client's identifier.
    #[serde(default)]
    pub client_order_id: Glob,
    /// When.
    #[serde(default)]
    pub when: When,
}

/// Says what goes wrong with an order; milliseconds are simulated. See [`crate::order_faults::OrderFaults`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderEffects {
    /// It stays `pending_new` for so long.
    pub pending_new_ms: Option<u32>,
    /// A cancel of it stays `pending_cancel` for so long.
    pub pending_cancel_ms: Option<u32>,
    /// A cancel of it is taken, and then it fills.
    pub fills_after_cancel: bool,
    /// It fills in pieces.
    pub pieces: Option<PieceEffects>,
    /// It is accepted and then rejected with this sentence.
    pub rejected: Option<String>,
    /// Its legs are rejected when they would become active.
    pub legs_rejected: bool,
    /// Both of its exits fill.
    pub both_legs_fill: bool,
    /// A replacement of it is rejected.
    pub replace_rejected: bool,
    /// It works at a price that is so many cents above what was ordered; below for a negative number.
    pub displaced_cents: Option<i32>,
    /// It fills while its replacement is pending.
    pub fills_while_replaced: bool,
    /// Its first execution is busted so long after it.
    pub busted_ms: Option<u32>,
    /// The price of its first execution is corrected.
    pub corrected: Option<CorrectionEffects>,
}

/// Says how the price of an execution is corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionEffects {
    /// How long after the execution.
    pub after_ms: u32,
    /// Cents per share that are added to its price.
    pub cents: i32,
}

/// Says how an order fills in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PieceEffects {
    /// Number of pieces, at least 2.
    pub count: u32,
    /// Simulated milliseconds between two of them.
    pub every_ms: u32,
    /// After this many the rest never fills by itself.
    #[serde(default)]
    pub stops_after: Option<u32>,
}

/// Says what goes wrong on the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketFault {
    /// Trading is halted for so many seconds; needs `at`.
    HaltSeconds(u32),
    /// There are no trades in a bar's time, and so no bar.
    MissingBar,
    /// Shares of late trades are added to a bar about 30 seconds after it was published, and nothing else changes.
    LateShares(u32),
    /// A bar's high and low are corrected outward by so many cents about 30 seconds after it was published.
    StretchedCents(u32),
    /// The last trade is corrected by so many cents; needs `at`, the moment at which that becomes known.
    TradeCorrectedCents(i32),
    /// The last trade is taken back; needs `at`, the moment at which that becomes known.
    TradeCanceled,
    /// Bid and ask change places.
    CrossedQuotes,
    /// Bid and ask, and their sizes, are zero.
    ZeroQuotes,
}

/// Says which symbols' market goes wrong, how and when.
///
/// `at` names the moment of a halt or of a word on the last trade, or the start of a bar; for quotes `from` and `to` count. `nth` and `times` have no
/// meaning here, because the market has no order of asking.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketRule {
    /// What goes wrong.
    pub fault: MarketFault,
    /// Pattern of the symbol.
    #[serde(default)]
    pub symbol: Glob,
    /// Why trading is halted.
    #[serde(default)]
    pub reason: HaltReason,
    /// The moment of a halt or of a word on the last trade, or the start of a bar.
    #[serde(default)]
    pub at: Option<Moment>,
    /// From and to when, and how often.
    #[serde(default)]
    pub when: When,
}

/// Says what goes wrong with the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountFault {
    /// The clock that `/v2/clock` tells is so many milliseconds ahead, or behind if negative.
    ClockSkewMs(i64),
    /// The credentials are refused.
    Unauthorized,
    /// Trading is blocked.
    TradingBlocked,
    /// The positions that are shown are those of so many milliseconds ago.
    PositionsLagMs(u32),
}

/// Says what goes wrong with the account, and in which hours; of `when` only `from`, `at` and `to` count.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRule {
    /// What goes wrong.
    pub fault: AccountFault,
    /// When.
    #[serde(default)]
    pub when: When,
}

impl FaultPlan {
    /// Tells whether a fault of the account is in force, and gives the first one that is.
    pub(crate) fn account_fault<T>(
        &self,
        now: orb_core::Timestamp,
        choose: impl Fn(AccountFault) -> Option<T>,
    ) -> Option<T> {
        self.account.iter().filter(|rule| rule.when.is_within(now)).find_map(|rule| choose(rule.fault))
    }
}

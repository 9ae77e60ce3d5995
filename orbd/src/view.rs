//! What readers see of the engine: immutable snapshots, and the numbered changes between them.
//!
//! The runtime is the only one that makes these values. After each commit it publishes a [`View`] through a
//! `tokio::sync::watch`, **and only then** broadcasts the [`Update`] that led to it: a reader that subscribes to the
//! updates first and takes the view second misses nothing, and leaves out what the view already contains. The newest
//! view is for whoever wants the state; every one of them, with its changes, is for the one task that serves streams.

use std::sync::Arc;

use orb_core::{
    Date, Money, OrderSide, Price, Quantity, Side, Span, SymbolId, Timestamp, Watched,
    alarm::Alarm,
    effect::{Component, Severity},
    event::RiskLimits,
    fact::{ClosingStep, ExitReason, SessionRecord, Signal, SignalStatus, Trade},
    hold::{Hold, TradingState},
    order::OrderStatus,
    symbol::SymbolTable,
};

/// Says where the orders go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// The built-in simulated exchange.
    #[default]
    Sim,
    /// The broker's paper account.
    Paper,
    /// The broker's live account: real money.
    Live,
}

impl Environment {
    /// Lists all environments.
    pub const ALL: [Self; 3] = [Self::Sim, Self::Paper, Self::Live];

    /// Returns the name as figures and status lines carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Paper => "paper",
            Self::Live => "live",
        }
    }
}

/// Names the books that rows belong to: one account in one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Stable identifier, as the `ledger_id` of every row.
    pub id: Arc<str>,
    /// Where its orders go.
    pub environment: Environment,
    /// The broker's account id, masked but for its last four characters when live.
    pub account_id: Arc<str>,
}

/// Names the build that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// The semantic version.
    pub version: String,
    /// The revision; `None` when it was not built from a repository.
    pub revision: Option<String>,
}

/// Sums up the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigSummary {
    /// File name, preset, or `built-in`.
    pub name: String,
    /// Names of the strategies, by priority.
    pub strategies: Vec<Arc<str>>,
    /// Every setting, by key.
    pub settings: Arc<[SettingView]>,
}

/// Names the part of the trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SessionPhase {
    /// No session today.
    Closed,
    /// Before the open.
    PreOpen,
    /// The opening range is forming.
    OpeningRange,
    /// Entries are possible.
    Entries,
    /// After the entry cut-off: positions are managed, none is opened.
    Managing,
    /// From the end-of-day flatten to the close.
    Flattening,
    /// After the close.
    AfterClose,
}

/// Shows the current session, or the next one when today has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// New York date.
    pub date: Date,
    /// The part of the day.
    pub phase: SessionPhase,
    /// The opening bell.
    pub open: Timestamp,
    /// When the longest opening range ends.
    pub range_end: Timestamp,
    /// From when no entry is made; `None` where no strategy has a cut-off.
    pub entry_cutoff: Option<Timestamp>,
    /// When what is still open is closed.
    pub flatten_at: Timestamp,
    /// The closing bell.
    pub close: Timestamp,
}

/// Shows the account's money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountView {
    /// Cash and positions at their marks.
    pub equity: Money,
    /// Cash; short sales count as cash.
    pub cash: Money,
    /// What new positions may still cost, working entries deducted.
    pub buying_power: Money,
}

/// Shows the result of the current session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayView {
    /// From closed quantities after all of the day's fees, as in the session's record.
    pub realized_net: Money,
    /// From open positions at their marks, before fees.
    pub unrealized: Money,
    /// Fees paid, not negative.
    pub fees: Money,
    /// Trades closed.
    pub trades_closed: u32,
    /// Of these, with a positive net result.
    pub wins: u32,
    /// Equity at the open; `None` before the first session.
    pub equity_open: Option<Money>,
}

/// Shows the daily loss limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LossLimitView {
    /// The day's loss that triggers it, positive.
    pub limit: Money,
    /// How much more may be lost today; zero once it is reached.
    pub distance: Money,
}

/// Shows the limits that may change while orb runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsView {
    /// Those in force.
    pub in_force: RiskLimits,
    /// Those from the next session on; `None` when they are the same.
    pub next: Option<RiskLimits>,
    /// The loosest that may be set.
    pub ceiling: RiskLimits,
}

impl Default for LimitsView {
    /// Makes the limits of a daemon that may not trade.
    fn default() -> Self {
        let none = RiskLimits { daily_loss_e6: 0, max_positions: 0 };
        Self { in_force: none, next: None, ceiling: none }
    }
}

/// Shows one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingView {
    /// The key, with its table.
    pub key: String,
    /// Its value as the configuration file would have it; never a secret.
    pub value: String,
    /// Whether it is orb's own default.
    pub is_default: bool,
}

/// Shows how many positions may be open, and how many places are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// Taken by open positions and working entries.
    pub used: u32,
    /// The configured maximum.
    pub total: u32,
}

/// Shows an entry order that is sent and not terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryView {
    /// The strategy's name.
    pub strategy: Arc<str>,
    /// The ticker.
    pub symbol: Arc<str>,
    /// orb's own id.
    pub client_order_id: Arc<str>,
    /// The broker's id; `None` until it has answered.
    pub broker_order_id: Option<Arc<str>>,
    /// Where it is in its life; never terminal.
    pub status: OrderStatus,
}

/// Shows something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmView {
    /// The alarm: its id, kind, text, since when, and who took note of it.
    pub alarm: Alarm,
    /// The ticker; `None` when it is about the account.
    pub symbol: Option<Arc<str>>,
}

/// Shows a close that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosingView {
    /// Why.
    pub reason: ExitReason,
    /// Which step it has reached.
    pub step: ClosingStep,
}

/// Shows one open position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionView {
    /// The id of the trade that it is the open part of, as in the trade's row.
    pub trade_id: Arc<str>,
    /// The strategy's name.
    pub strategy: Arc<str>,
    /// The ticker.
    pub symbol: Arc<str>,
    /// The ticker's number in [`View::symbols`].
    pub symbol_id: SymbolId,
    /// Its direction.
    pub side: Side,
    /// Shares, positive.
    pub quantity: Quantity,
    /// Mean entry price.
    pub entry_price: Price,
    /// The mark; `None` before the first usable price.
    pub last: Option<Price>,
    /// The protective stop; `None` while there is none.
    pub stop: Option<Price>,
    /// The target; `None` without one.
    pub target: Option<Price>,
    /// Result at the mark before fees; `None` without a mark.
    pub unrealized: Option<Money>,
    /// The same in 1e-4 of the initial risk; `None` without a mark or a risk.
    pub unrealized_r_e4: Option<i64>,
    /// Quantity times mark, or times entry price without a mark; positive.
    pub notional: Money,
    /// Shares that a live stop covers.
    pub protected: Quantity,
    /// The first fill of the entry.
    pub entry_time: Timestamp,
    /// The close that is under way; `None` when there is none.
    pub closing: Option<ClosingView>,
}

/// Shows the market data feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedView {
    /// `sip`, `iex` or `simulated`.
    pub name: Arc<str>,
    /// Engine time of the newest data; `None` before the first.
    pub last_data: Option<Timestamp>,
}

impl FeedView {
    /// Returns the age of the newest data at `now`, never negative; `None` before the first.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<Span> {
        self.last_data.map(|last| (now - last).max(Span::ZERO))
    }
}

/// Says how a part of orb is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HealthState {
    /// Works.
    Ok,
    /// Works with restrictions.
    Degraded,
    /// Does not work.
    Down,
}

/// Shows the health of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthView {
    /// The part.
    pub component: Component,
    /// How it is doing.
    pub state: HealthState,
    /// In words; empty when there is nothing to say.
    pub detail: String,
    /// Since when, on the wall clock; `None` when unknown.
    pub since: Option<Timestamp>,
}

/// Shows one signal and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalView {
    /// Identifies it within its ledger, as in its row.
    pub id: Arc<str>,
    /// The strategy's name.
    pub strategy: Arc<str>,
    /// The ticker.
    pub symbol: Arc<str>,
    /// What the engine says of it.
    pub signal: Signal,
    /// Setup score in [0, 1]; `None` when one of its inputs is missing.
    pub score: Option<f64>,
    /// Target; `None` without one, and until the fill.
    pub target: Option<Price>,
    /// Shares filled.
    pub filled: Quantity,
}

impl SignalView {
    /// Tells whether more may still become of it.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        match self.signal.status {
            SignalStatus::Pending
            | SignalStatus::Submitted
            | SignalStatus::Working
            | SignalStatus::PartiallyFilled
            | SignalStatus::Unknown => true,
            SignalStatus::Filled | SignalStatus::Cancelled | SignalStatus::Expired | SignalStatus::Rejected => false,
        }
    }
}

/// Shows one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillView {
    /// Identifies it within its ledger.
    pub id: Arc<str>,
    /// The trade that it belongs to.
    pub trade_id: Arc<str>,
    /// The strategy's name.
    pub strategy: Arc<str>,
    /// The ticker.
    pub symbol: Arc<str>,
    /// Buy or sell.
    pub side: OrderSide,
    /// Shares, positive.
    pub quantity: Quantity,
    /// Price per share.
    pub price: Price,
    /// Fee of the whole fill; `None` while the broker has not reported it.
    pub fee: Option<Money>,
    /// When the exchange executed it.
    pub at: Timestamp,
    /// When the broker took it back: since then it counts for nothing. `None` while it counts.
    pub taken_back: Option<Timestamp>,
    /// orb's own id of the order.
    pub client_order_id: Arc<str>,
    /// The broker's id of the order; `None` until it has answered.
    pub broker_order_id: Option<Arc<str>>,
}

/// Shows one trade that is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedTradeView {
    /// Identifies it within its ledger, as in its row.
    pub id: Arc<str>,
    /// The strategy's name.
    pub strategy: Arc<str>,
    /// The ticker.
    pub symbol: Arc<str>,
    /// What the engine says of it.
    pub trade: Trade,
}

/// Shows what one log line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogView {
    /// Rises with each line; the line's key.
    pub id: u64,
    /// When it was written, on the wall clock.
    pub at: Timestamp,
    /// The engine's clock; `None` where the line is not about the engine.
    pub engine_time: Option<Timestamp>,
    /// How much it matters; `None` is for finding faults.
    pub severity: Option<Severity>,
    /// Who says it.
    pub component: Component,
    /// What, in words.
    pub message: String,
    /// The values that belong to it.
    pub fields: Vec<(String, String)>,
    /// The strategy it is about; `None` where it is about none.
    pub strategy: Option<String>,
}

/// Shows everything that a reader may know of the engine, after one commit.
///
/// Lists that did not change are shared with the view before (`Arc`), which lets a reader see that at once.
#[derive(Clone, Debug)]
pub struct View {
    /// Rises with each commit.
    pub sequence: u64,
    /// The engine's clock; `None` before its first event.
    pub now: Option<Timestamp>,
    /// The current books.
    pub ledger: Ledger,
    /// The build that runs.
    pub build: Build,
    /// The configuration.
    pub config: ConfigSummary,
    /// The current or next session; `None` when the calendar ends before it.
    pub session: Option<SessionView>,
    /// The most restrictive state of the holds.
    pub state: TradingState,
    /// The holds in force, oldest first.
    pub holds: Vec<Hold>,
    /// What is not as it must be, the oldest first.
    pub alarms: Arc<[AlarmView]>,
    /// The account's money.
    pub account: AccountView,
    /// The result of the current session.
    pub day: DayView,
    /// The daily loss limit; `None` when it is off or equity is unknown.
    pub loss_limit: Option<LossLimitView>,
    /// The limits that may change while orb runs.
    pub limits: LimitsView,
    /// Slots of the account.
    pub slots: Slots,
    /// Entries that are sent and not terminal.
    pub working_entries: Arc<[EntryView]>,
    /// Open positions, by symbol and strategy.
    pub positions: Arc<[PositionView]>,
    /// All signals of the current session, oldest first.
    pub signals: Arc<[Arc<SignalView>]>,
    /// All fills of the current session, in the order in which they were counted.
    pub fills: Arc<[Arc<FillView>]>,
    /// The market data feed.
    pub feed: FeedView,
    /// The symbols whose day is not settled, by strategy and symbol.
    pub watched: Arc<[Watched]>,
    /// When books and broker agreed last; `None` before the first time.
    pub reconciled_at: Option<Timestamp>,
    /// Health of the parts.
    pub health: Vec<HealthView>,
    /// Simulated seconds per second, 0 for as fast as possible; `None` outside a simulation.
    pub simulated_speed: Option<f64>,
    /// The tickers that the engine knows.
    pub symbols: Arc<SymbolTable>,
}

impl Default for View {
    /// Makes the view of a daemon that has just started and holds nothing.
    fn default() -> Self {
        Self {
            sequence: 0,
            now: None,
            ledger: Ledger::default(),
            build: Build::default(),
            config: ConfigSummary::default(),
            session: None,
            state: TradingState::Active,
            holds: Vec::new(),
            alarms: Arc::default(),
            account: AccountView::default(),
            day: DayView::default(),
            loss_limit: None,
            limits: LimitsView::default(),
            slots: Slots::default(),
            working_entries: Arc::default(),
            positions: Arc::default(),
            signals: Arc::default(),
            fills: Arc::default(),
            feed: FeedView::default(),
            watched: Arc::default(),
            reconciled_at: None,
            health: Vec::new(),
            simulated_speed: None,
            symbols: Arc::default(),
        }
    }
}

impl View {
    /// Returns the open position in a ticker, or `None` when there is none.
    #[must_use]
    pub fn position(&self, symbol: SymbolId) -> Option<&PositionView> {
        self.positions.iter().find(|position| position.symbol_id == symbol)
    }

    /// Returns the number of signals of which more may still become.
    #[must_use]
    pub fn active_signals(&self) -> usize {
        self.signals.iter().filter(|signal| signal.is_active()).count()
    }

    /// Returns the sum of the absolute market values of the open positions.
    #[must_use]
    pub fn gross_exposure(&self) -> Money {
        self.positions.iter().map(|position| position.notional).sum()
    }
}

/// Tells what changed from one view to the next: all of it at once, so that its sequence stands for the whole.
#[derive(Clone, Debug)]
pub struct Update {
    /// The sequence of the view; never falls from update to update.
    pub sequence: u64,
    /// The view that first contains the changes.
    pub view: Arc<View>,
    /// Signals and fills since the update before, oldest first; empty where only other things changed.
    pub changes: Vec<Change>,
}

/// Says what changed.
#[derive(Clone, Debug)]
pub enum Change {
    /// A signal arose or moved on.
    Signal(Arc<SignalView>),
    /// An order was filled, or the broker took back or corrected an execution of before.
    Fill(Arc<FillView>),
    /// A trade was closed, or what is known of a closed one changed.
    Trade(Arc<ClosedTradeView>),
    /// A session is over.
    DayOver(SessionRecord),
}

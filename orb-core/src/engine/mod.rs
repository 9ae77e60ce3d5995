//! The engine: it owns the machines and routes between them; it decides nothing itself.

mod adoption;
mod alarms;
mod anchoring;
mod bars;
mod commands;
mod corrections;
mod entries;
mod exits;
mod explaining;
mod limits;
mod live;
mod margin;
mod orders;
mod reconcile;
mod restore;
mod session;
mod verify;
mod view;
mod watched;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use live::Execution;
pub use restore::Restored;
pub use watched::Watched;

use crate::alarm::Alarms;
use crate::bar::Bar;
use crate::breaker::{Breaker, BreakerCaps};
use crate::calendar::Calendar;
use crate::config::{RunConfig, StrategyConfig, StrategyId};
use crate::effect::{Action, Component, EffectClass, EffectId, Effects, Severity};
use crate::event::{Event, FeedState, MarketData, RiskLimits, SymbolReference};
use crate::exit_desk::{CLOSE_DEADLINE, ExitDesk};
use crate::explain::Explanation;
use crate::fact::{Fact, HoldRecord, SessionRecord, Signal};
use crate::filter::Filter;
use crate::hold::{Clearing, Hold, HoldClearance, HoldKind, Holds};
use crate::money::Price;
use crate::order::{AttemptId, ClientOrderId};
use crate::order_book::OrderBook;
use crate::position_keeper::PositionKeeper;
use crate::range_book::RangeBook;
use crate::ranker::Barrier;
use crate::risk_gate::RiskGate;
use crate::session_clock::SessionClock;
use crate::signal_machine::{Crossing, SignalMachine};
use crate::symbol::{Symbol, SymbolId, SymbolTable};
use crate::time::{Span, Timestamp};
use crate::universe::Universe;

/// Holds what an engine is built from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineConfig {
    /// The account and its strategies; must be valid.
    pub run: RunConfig,
    /// All symbols that events may speak of.
    pub symbols: Arc<SymbolTable>,
    /// The exchange's sessions.
    pub calendar: Arc<Calendar>,
    /// Length of the bars, whole minutes.
    pub bar_length: Span,
    /// Filters of the embedding program.
    pub filters: Vec<Arc<dyn Filter>>,
    /// Records the whole reckoning of every symbol's day.
    pub explains: bool,
    /// How entries come to be filled.
    pub execution: Execution,
}

impl EngineConfig {
    /// Puts together what an engine is built from; without further filters and explanations.
    #[must_use]
    pub const fn new(run: RunConfig, symbols: Arc<SymbolTable>, calendar: Arc<Calendar>, bar_length: Span) -> Self {
        let execution = Execution::Bars;
        Self { run, symbols, calendar, bar_length, filters: Vec::new(), explains: false, execution }
    }

    /// Adds a filter of one's own.
    #[must_use]
    pub fn with_filter(mut self, filter: Arc<dyn Filter>) -> Self {
        self.filters.push(filter);
        self
    }

    /// Makes the engine work at a market whose prices come one by one, instead of on bars that are over.
    #[must_use]
    pub const fn live(mut self) -> Self {
        self.execution = Execution::Live;
        self
    }

    /// Makes the engine record the whole reckoning of every symbol's day as [`Fact::Explained`].
    #[must_use]
    pub const fn explained(mut self) -> Self {
        self.explains = true;
        self
    }
}

/// Turns events into effects.
///
/// Feed it every event in the order of time, with a [`Event::Wakeup`] whenever [`Engine::next_wakeup`] has come;
/// among events of one instant: bars, broker events, commands, wakeup.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    now: Timestamp,
    clock: SessionClock,
    session: Option<SessionRecord>,
    strategies: Vec<StrategyDay>,
    reference: Vec<SymbolReference>,
    risk: RiskGate,
    orders: OrderBook,
    positions: PositionKeeper,
    holds: Holds,
    alarms: Alarms,
    desks: BTreeMap<SymbolId, ExitDesk>,
    close_deadline: Span,
    signals: BTreeMap<AttemptId, Signal>,
    prices: Prices,
    pending: BTreeMap<EffectId, Pending>,
    lookups: Vec<Lookup>,
    /// Live entries that are cancelled when they are not filled by then.
    expiring: Vec<(Timestamp, ClientOrderId)>,
    /// Live entries that are looked up when no news of their fill has come by then; once looked up they wait for ever.
    expected: Vec<(Timestamp, ClientOrderId)>,
    /// Live entries that were refused and wait for a fresh price.
    anchoring: Vec<anchoring::Anchoring>,
    /// Orders whose unconfirmed cancel is looked up now and then.
    confirming: Vec<Confirming>,
    /// When orders without an answer were complained about last.
    stuck_told: Option<Timestamp>,
    /// How many times its equity the account may use, as the broker says; `None` before it was heard.
    multiplier: Option<u8>,
    /// How often in a row the broker's positions differed from the books.
    breaks: u32,
    /// When they agreed last; `None` before the first time.
    reconciled_at: Option<Timestamp>,
    /// When the broker's whole state was asked for last, and when it is to be asked for again.
    snapshot_asked: Option<Timestamp>,
    snapshot_due: Option<Timestamp>,
    /// When the stops of open positions are looked at next although nothing is heard; live, while there are any.
    watch_at: Option<Timestamp>,
    /// A snapshot is being taken: the desks look at the whole of it, not at its parts.
    takes_snapshot: bool,
    /// Caps that hold entries when one is passed.
    breaker: Breaker,
    /// Looser limits that count from the next session.
    next_limits: Option<RiskLimits>,
    /// The loosest limits that may be set while orb runs.
    ceiling: RiskLimits,
    /// How often in a row the broker's equity showed a loss beyond the limit.
    equity_breaches: u32,
    crossings: Vec<Crossing>,
    arrived: Vec<SymbolId>,
    /// What is known of today's symbols, where explanations are asked for.
    explanations: BTreeMap<(StrategyId, SymbolId), Explanation>,
}

/// Holds one strategy's machines of the day.
#[derive(Debug)]
struct StrategyDay {
    ranges: RangeBook,
    barrier: Barrier,
    /// The question for missing bars was answered: what is absent had no trades.
    answered: bool,
    signals: SignalMachine,
    /// From which symbols it chooses today.
    universe: Universe,
    entries_open: bool,
    /// Symbols whose entry a daily loss limit cancelled or forbade before its bar.
    stopped: Vec<SymbolId>,
    /// The strategy's own loss limit was reached today.
    stop_for_loss: bool,
}

/// Holds what is known of prices.
#[derive(Debug, Default)]
struct Prices {
    symbols: Vec<SymbolPrices>,
    restricted: Vec<bool>,
    halted: Vec<bool>,
    /// A quote has marked the symbol's position: until it is left, only quotes do.
    quoted: Vec<bool>,
    /// The latest trade of each symbol and when it was heard of, where trades are heard; by the symbol's number.
    heard: BTreeMap<SymbolId, (Price, Timestamp)>,
    /// A price changed while a position was open.
    moved: bool,
}

/// Remembers what an effect was, until its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pending {
    Submit(ClientOrderId),
    Replace(ClientOrderId),
    Cancel(ClientOrderId),
    Find(ClientOrderId),
    Positions(SymbolId),
    Snapshot,
    Bars(StrategyId),
    Verify(StrategyId),
}

/// Remembers an order that must be looked up again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lookup {
    at: Timestamp,
    order: ClientOrderId,
    tries: u32,
}

/// Remembers an order whose cancel was taken and is not confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Confirming {
    order: ClientOrderId,
    /// Since when; each answer that it is still pending counts as news of the order itself.
    since: Timestamp,
    /// When it is looked up again, and how much later the time after that.
    next: Timestamp,
    wait: Span,
}

impl Engine {
    /// Builds an engine that knows nothing yet: entries are held until the first broker snapshot agrees.
    ///
    /// # Panics
    /// When the configuration is not valid: it is to be checked where it enters.
    #[must_use]
    pub fn new(config: EngineConfig) -> Self {
        assert_eq!(config.run.validate(), Ok(()), "the configuration is checked before an engine is built");
        assert!(config.bar_length.minutes() >= 1, "bars are at least a minute long");
        let count = config.symbols.len();
        let strategies = config.run.strategies.iter().map(|strategy| StrategyDay::new(strategy, &config)).collect();
        let starting = Hold {
            kind: HoldKind::Starting,
            reason: "waiting for the broker's state".to_owned(),
            actor: "engine".to_owned(),
            since: Timestamp::MIN,
        };
        Self {
            now: Timestamp::MIN,
            clock: SessionClock::default(),
            session: None,
            strategies,
            reference: vec![SymbolReference::default(); count],
            risk: RiskGate::default(),
            orders: OrderBook::default(),
            positions: PositionKeeper::default(),
            holds: Holds::restored(vec![starting]),
            alarms: Alarms::default(),
            desks: BTreeMap::new(),
            close_deadline: CLOSE_DEADLINE,
            signals: BTreeMap::new(),
            prices: Prices::new(count),
            pending: BTreeMap::new(),
            lookups: Vec::new(),
            expiring: Vec::new(),
            expected: Vec::new(),
            anchoring: Vec::new(),
            confirming: Vec::new(),
            stuck_told: None,
            multiplier: None,
            breaks: 0,
            reconciled_at: None,
            snapshot_asked: None,
            snapshot_due: None,
            watch_at: None,
            takes_snapshot: false,
            breaker: Breaker::default(),
            next_limits: None,
            ceiling: limits::ceiling(&config.run),
            equity_breaches: 0,
            crossings: Vec::new(),
            arrived: Vec::new(),
            explanations: BTreeMap::new(),
            config,
        }
    }

    /// Allows closes so long before the first alarm; where bars drive the exchange, a close waits for the next one.
    #[must_use]
    pub const fn with_close_deadline(mut self, deadline: Span) -> Self {
        self.close_deadline = deadline;
        self
    }

    /// Puts the breaker's caps in force; without this it is inactive, as backtests need it.
    #[must_use]
    pub fn with_breaker(mut self, caps: BreakerCaps) -> Self {
        self.breaker = Breaker::with_caps(caps);
        self
    }

    /// Takes one event and adds what follows from it to `out`.
    ///
    /// `now` never decreases; an earlier one counts as the latest that was seen.
    pub fn on_event(&mut self, now: Timestamp, event: &Event, out: &mut Effects) {
        self.now = self.now.max(now);
        match event {
            Event::Market(origin, data) => self.on_market(*origin, data, out),
            Event::Order(update) => self.on_order_update(update, out),
            Event::Snapshot(snapshot) => self.on_snapshot(snapshot, out),
            Event::Reference(reference) => self.on_reference(reference, out),
            Event::Outcome(id, outcome) => self.on_outcome(*id, outcome, out),
            Event::Command(command) => self.on_command(command, out),
            Event::Limits(limits) => self.on_limits(limits, out),
            Event::Feed(FeedState::Trouble(kind)) => self.hold(*kind, "engine", kind.cause(), out),
            Event::Feed(FeedState::Recovered(kind)) if kind.clearing() == Clearing::Cause => {
                self.unhold(*kind, "engine", "the cause has ended", out);
            }
            // What the operator or the next session clears does not end with a connection's trouble.
            Event::Feed(FeedState::Recovered(_)) => {}
            Event::Wakeup => self.on_wakeup(out),
        }
        self.end_alarms(out);
        self.record_touched(out);
    }

    /// Takes the bars of one instant: the same as an [`Event::Market`] of [`MarketData::Bars`], of borrowed bars.
    pub fn on_bars(&mut self, now: Timestamp, origin: crate::event::Origin, bars: &[Bar], out: &mut Effects) {
        self.now = self.now.max(now);
        self.take_bars(origin, bars, out);
        self.end_alarms(out);
        self.record_touched(out);
    }

    fn record_touched(&mut self, out: &mut Effects) {
        if self.orders.is_touched() {
            for order in self.orders.take_touched() {
                out.record(Fact::Order(order));
            }
        }
    }

    /// Returns when the engine wants a [`Event::Wakeup`], or `None` when only events can move it.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        if self.prices.moved {
            return Some(self.now);
        }
        let mut next = self.clock.next_wakeup().unwrap_or(Timestamp::MAX);
        let mut at_latest = |at: Option<Timestamp>| next = next.min(at.unwrap_or(Timestamp::MAX));
        self.strategies.iter().for_each(|day| at_latest(day.barrier.next_wakeup()));
        self.desks.values().for_each(|desk| at_latest(desk.next_wakeup()));
        self.lookups.iter().for_each(|lookup| at_latest(Some(lookup.at)));
        at_latest(self.snapshot_due);
        at_latest(self.next_live_wakeup());
        (next < Timestamp::MAX).then_some(next)
    }

    /// Latches the breaker's hold.
    fn trip(&mut self, sentence: &str, out: &mut Effects) {
        self.hold(HoldKind::Breaker, "breaker", sentence, out);
    }

    fn on_market(&mut self, origin: crate::event::Origin, data: &MarketData, out: &mut Effects) {
        match data {
            MarketData::Bars(bars) => self.take_bars(origin, bars, out),
            MarketData::Correction(bar) => {
                for day in self.strategies.iter_mut().filter(|day| day.barrier != Barrier::Fired) {
                    day.ranges.on_bar(bar);
                }
            }
            MarketData::Trade { symbol, price, size } => {
                let print = Bar::of_trade(self.now, *symbol, *price, *size);
                self.on_trade(origin, &print, out);
            }
            MarketData::Quote { symbol, bid, ask } => self.on_quote(*symbol, *bid, *ask),
            MarketData::Halt { symbol, halted } => {
                self.prices.halted[symbol.index()] = *halted;
                self.review(*symbol, out);
            }
        }
    }

    fn on_wakeup(&mut self, out: &mut Effects) {
        while let Some(tick) = self.clock.due(self.now) {
            self.on_tick(tick, out);
        }
        self.advance_barriers(out);
        self.look_up_again(out);
        self.watch_live_orders(out);
        if self.snapshot_due.is_some_and(|at| at <= self.now) {
            self.ask_for_snapshot(out);
        }
        let due: Vec<SymbolId> = self.desks_due().collect();
        for symbol in due {
            self.review(symbol, out);
        }
        if core::mem::take(&mut self.prices.moved) {
            self.watch_daily_loss(out);
        }
    }

    fn desks_due(&self) -> impl Iterator<Item = SymbolId> + '_ {
        let now = self.now;
        let is_due = move |desk: &ExitDesk| desk.next_wakeup().is_some_and(|at| at <= now);
        self.desks.iter().filter(move |(_, desk)| is_due(desk)).map(|(symbol, _)| *symbol)
    }

    fn hold(&mut self, kind: HoldKind, actor: &str, reason: &str, out: &mut Effects) {
        let hold = Hold { kind, reason: reason.to_owned(), actor: actor.to_owned(), since: self.now };
        if let Some(hold) = self.holds.set(hold) {
            let message = format!("entries held: {} ({reason}) by {actor}", kind.name());
            out.record(Fact::Hold(HoldRecord { hold: hold.clone(), cleared: None }));
            let severity = if kind == HoldKind::Flattening { Severity::Info } else { Severity::Warn };
            out.alert(severity, Component::RiskManager, None, message);
            if kind.recalls_entries() {
                self.cancel_entries(|_| true, out);
            }
        }
    }

    fn unhold(&mut self, kind: HoldKind, actor: &str, reason: &str, out: &mut Effects) {
        if let Some(hold) = self.holds.clear(kind) {
            let clearance = HoldClearance { actor: actor.to_owned(), reason: reason.to_owned(), at: self.now };
            out.alert(
                Severity::Info,
                Component::RiskManager,
                None,
                format!("hold {} cleared by {actor}: {reason}", kind.name()),
            );
            // The hold of the start was never recorded: it precedes the first event.
            if hold.since > Timestamp::MIN {
                out.record(Fact::Hold(HoldRecord { hold, cleared: Some(clearance) }));
            }
        }
    }

    fn ask(&mut self, symbol: Option<SymbolId>, pending: Pending, action: Action, out: &mut Effects) {
        let id = out.broker(symbol, EffectClass::Query, None, action);
        self.pending.insert(id, pending);
    }

    fn strategy(&self, id: StrategyId) -> &StrategyConfig {
        self.config.run.strategy(id)
    }
}

impl StrategyDay {
    /// Lists the symbols whose last bar of the range is missing; live, of those that may be chosen today alone: the others
    /// are known not to be traded, and nothing is to wait for them.
    fn awaited(&self, is_live: bool) -> impl Iterator<Item = SymbolId> + '_ {
        let counts = move |symbol: &SymbolId| !is_live || self.universe.obstacle(*symbol).is_none();
        self.signals.waiting().filter(|&symbol| !self.ranges.has_last_bar(symbol)).filter(counts)
    }

    fn new(strategy: &StrategyConfig, config: &EngineConfig) -> Self {
        let everything = strategy.symbols.is_empty();
        let own: BTreeSet<&Symbol> = strategy.symbols.iter().collect();
        let member = |name: &Symbol| everything || own.contains(name);
        let members = config.symbols.iter().map(|(_, name)| member(name)).collect();
        let mut signals = SignalMachine::new(members, strategy.entry);
        signals.begin();
        let mut ranges = RangeBook::default();
        ranges.begin(Timestamp::MAX, Timestamp::MAX, config.bar_length, config.symbols.len());
        Self {
            ranges,
            barrier: Barrier::Closed,
            answered: false,
            signals,
            universe: Universe::default(),
            entries_open: false,
            stopped: Vec::new(),
            stop_for_loss: false,
        }
    }
}

/// Holds what every bar of a symbol is compared with.
#[derive(Clone, Copy, Debug)]
struct SymbolPrices {
    /// The latest price; zero before the first.
    last: Price,
    /// A low at or below this restricts short sales (rule 201); out of reach where the close is unknown.
    restricting_low: Price,
}

impl Prices {
    fn new(count: usize) -> Self {
        let unknown = SymbolPrices { last: Price::ZERO, restricting_low: Price::from_micros(i64::MIN) };
        let none = vec![false; count];
        Self {
            symbols: vec![unknown; count],
            restricted: none.clone(),
            halted: none.clone(),
            quoted: none,
            heard: BTreeMap::new(),
            moved: false,
        }
    }

    fn mark(&self, symbol: SymbolId) -> Option<Price> {
        Some(self.symbols[symbol.index()].last).filter(|price| *price > Price::ZERO)
    }
}

//! From the engine's state to what readers see.

use std::sync::Arc;

use orb_core::config::SlotPolicy;
use orb_core::effect::Component;
use orb_core::fact::{AlarmRecord, Fact, Fill, Signal, Trade};
use orb_core::order::{AttemptId, OrderRole};
use orb_core::{Date, Engine, Money, Quantity, StrategyId, SymbolId, Timestamp, Watched};
use orb_exec::{Clock as _, WallClock};
use tokio::sync::{broadcast, watch};

use super::recorder::equity;
use super::shared;
use crate::view::{
    AccountView, AlarmView, Build, Change, ClosedTradeView, ClosingView, ConfigSummary, DayView, EntryView, FeedView,
    FillView, HealthState, HealthView, Ledger, LimitsView, LossLimitView, PositionView, SessionPhase, SessionView,
    SettingView, SignalView, Slots, Update, View,
};

/// Holds what stays the same in every view.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The books.
    pub ledger: Ledger,
    /// The configuration's name.
    pub config: String,
    /// Every setting, by key.
    pub settings: Arc<[SettingView]>,
    /// Name of the feed.
    pub feed: String,
    /// Simulated seconds a second, 0 for as fast as possible; `None` outside a simulation.
    pub simulated_speed: Option<f64>,
}

/// Publishes views and the changes between them.
#[derive(Debug)]
pub struct Publisher {
    identity: Identity,
    view: watch::Sender<Arc<View>>,
    updates: broadcast::Sender<Arc<Update>>,
    changes: Vec<Change>,
    fills: Fills,
    last_data: Option<Timestamp>,
    store: HealthView,
}

impl Publisher {
    /// Makes a publisher over the channels that readers hold the other ends of.
    #[must_use]
    pub fn new(identity: Identity, view: watch::Sender<Arc<View>>, updates: broadcast::Sender<Arc<Update>>) -> Self {
        let (changes, fills, store) = (Vec::new(), Fills::default(), fine(Component::Store));
        Self { identity, view, updates, changes, fills, last_data: None, store }
    }

    /// Takes the session's fills of before the start, for an engine that has taken up the rest.
    pub fn restore(&mut self, engine: &Engine, fills: &[Fill]) {
        for fill in fills {
            self.fills.add(engine, Arc::new(fill_view(engine, fill)));
        }
    }

    /// Returns the newest view.
    #[must_use]
    pub fn current(&self) -> Arc<View> {
        Arc::clone(&self.view.borrow())
    }

    /// Notes that market data came.
    pub const fn saw_data(&mut self, at: Timestamp) {
        self.last_data = Some(at);
    }

    /// Notes what the records suffer from, and whether they still take everything; `None` when they are well.
    pub(super) fn saw_store(&mut self, trouble: Option<(HealthState, String)>) {
        let before = self.store.since;
        self.store = match trouble {
            None => fine(Component::Store),
            Some((state, detail)) => {
                let since = before.or_else(|| Some(WallClock::default().now()));
                HealthView { component: Component::Store, state, detail, since }
            }
        };
    }

    /// Notes a kept fact for the next publication, and tells it to the log.
    pub fn note(&mut self, engine: &Engine, fact: &Fact) {
        match fact {
            Fact::Signal(signal) => {
                let view = Arc::new(signal_view(engine, signal));
                log_signal(engine, &view);
                self.changes.push(Change::Signal(view));
            }
            Fact::Fill(fill) => {
                let view = Arc::new(fill_view(engine, fill));
                self.fills.add(engine, Arc::clone(&view));
                self.changes.push(Change::Fill(view));
            }
            Fact::Trade(trade) => {
                log_trade(engine, trade);
                if trade.is_closed() && !trade.is_void() {
                    self.changes.push(Change::Trade(Arc::new(closed_view(engine, trade))));
                }
            }
            Fact::Session(record) if record.ended => self.changes.push(Change::DayOver(*record)),
            Fact::Decision(decision) => {
                let symbol = symbol(engine, decision.attempt.symbol);
                let (reason, detail) = (decision.reason.code(), decision.detail.as_str());
                let engine_time = engine.now().micros();
                tracing::debug!(component = "Strategy", engine_time, %symbol, reason, detail, "{symbol} is not traded: {reason}");
            }
            Fact::Alarm(record) => log_alarm(engine, record),
            Fact::Session(_)
            | Fact::Order(_)
            | Fact::Hold(_)
            | Fact::Closing(_)
            | Fact::Limits(_)
            | Fact::StrategyStop(_)
            | Fact::Explained(_) => {}
        }
    }

    /// Publishes the engine's state, then the changes that led to it.
    pub fn publish(&mut self, engine: &Engine, sequence: u64) {
        let before = self.current();
        let view = self.build(engine, sequence, &before);
        let changes = std::mem::take(&mut self.changes);
        self.show(Arc::new(view), changes);
    }

    /// Shows a view, then tells of the changes that led to it. Waits for nobody, however many look.
    pub fn show(&self, view: Arc<View>, changes: Vec<Change>) {
        self.view.send_replace(Arc::clone(&view));
        // Without a subscriber there is nobody to tell.
        let _ = self.updates.send(Arc::new(Update { sequence: view.sequence, view, changes }));
    }

    fn build(&mut self, engine: &Engine, sequence: u64, before: &View) -> View {
        let positions: Vec<_> = positions(engine);
        let signals: Vec<_> = engine.signals().map(|signal| signal_view(engine, signal)).collect();
        let entries = working_entries(engine);
        View {
            sequence,
            now: Some(engine.now()),
            ledger: self.identity.ledger.clone(),
            build: Build { version: env!("CARGO_PKG_VERSION").to_owned(), revision: None },
            config: ConfigSummary {
                name: self.identity.config.clone(),
                strategies: engine.config().run.strategies.iter().map(|strategy| shared(&strategy.name)).collect(),
                settings: Arc::clone(&self.identity.settings),
            },
            session: session(engine),
            state: engine.holds().state(),
            holds: engine.holds().active().to_vec(),
            alarms: kept(&before.alarms, alarms(engine)),
            account: account(engine),
            day: day(engine),
            loss_limit: loss_limit(engine),
            limits: limits(engine),
            slots: slots(engine),
            working_entries: kept(&before.working_entries, entries),
            positions: kept(&before.positions, positions),
            signals: kept_signals(&before.signals, signals),
            fills: self.fills.of(session_date(engine)),
            feed: FeedView { name: shared(&self.identity.feed), last_data: self.last_data },
            watched: watched(&before.watched, engine),
            reconciled_at: engine.reconciled_at(),
            health: vec![fine(Component::Data), fine(Component::Executor), self.store.clone()],
            simulated_speed: self.identity.simulated_speed,
            symbols: Arc::clone(&engine.config().symbols),
        }
    }
}

/// Collects the fills of the session.
#[derive(Debug, Default)]
struct Fills {
    date: Option<Date>,
    shown: Arc<[Arc<FillView>]>,
    new: Vec<Arc<FillView>>,
}

impl Fills {
    fn add(&mut self, engine: &Engine, fill: Arc<FillView>) {
        self.begin(session_date(engine));
        // One that was taken back or corrected keeps its place.
        if self.shown.iter().any(|shown| shown.id == fill.id) {
            let renew = |shown: &Arc<FillView>| Arc::clone(if shown.id == fill.id { &fill } else { shown });
            self.shown = self.shown.iter().map(renew).collect();
        } else {
            self.new.retain(|new| new.id != fill.id);
            self.new.push(fill);
        }
    }

    /// Returns the fills of a session's date.
    fn of(&mut self, date: Option<Date>) -> Arc<[Arc<FillView>]> {
        self.begin(date);
        if !self.new.is_empty() {
            self.shown = self.shown.iter().cloned().chain(self.new.drain(..)).collect();
        }
        Arc::clone(&self.shown)
    }

    /// Those of an earlier session are in the records.
    fn begin(&mut self, date: Option<Date>) {
        if self.date != date {
            *self = Self { date, ..Self::default() };
        }
    }
}

fn session_date(engine: &Engine) -> Option<Date> {
    engine.session().map(|session| session.date)
}

/// Keeps the list of before where nothing in it changed, so that readers see that at once.
fn kept<T: PartialEq>(before: &Arc<[T]>, now: Vec<T>) -> Arc<[T]> {
    if **before == *now { Arc::clone(before) } else { now.into() }
}

fn kept_signals(before: &Arc<[Arc<SignalView>]>, now: Vec<SignalView>) -> Arc<[Arc<SignalView>]> {
    let mut ordered = now;
    ordered.sort_by_key(|view| (view.signal.at, view.signal.attempt));
    let same = before.len() == ordered.len() && before.iter().zip(&ordered).all(|(old, new)| **old == *new);
    if same { Arc::clone(before) } else { ordered.into_iter().map(Arc::new).collect() }
}

fn symbol(engine: &Engine, id: SymbolId) -> Arc<str> {
    shared(engine.config().symbols.name(id).as_str())
}

fn strategy(engine: &Engine, id: StrategyId) -> Arc<str> {
    shared(&engine.config().run.strategy(id).name)
}

fn trade_id(engine: &Engine, attempt: AttemptId) -> Arc<str> {
    let (strategy, symbol) = (strategy(engine, attempt.strategy), symbol(engine, attempt.symbol));
    shared(&format!("{}/{strategy}/{symbol}/{}", attempt.date, attempt.attempt))
}

fn signal_view(engine: &Engine, signal: &Signal) -> SignalView {
    let trade = engine.open_trades().iter().find(|trade| trade.attempt == signal.attempt);
    let order = signal.order.as_ref().and_then(|id| engine.order(id));
    SignalView {
        id: trade_id(engine, signal.attempt),
        strategy: strategy(engine, signal.attempt.strategy),
        symbol: symbol(engine, signal.attempt.symbol),
        signal: signal.clone(),
        score: signal.score_e6.map(|score| f64::from(score) / 1e6),
        target: trade.and_then(|trade| trade.target),
        filled: order.map_or(Quantity::ZERO, |order| order.filled),
    }
}

fn fill_view(engine: &Engine, fill: &Fill) -> FillView {
    let order = engine.order(&fill.order);
    FillView {
        id: shared(&fill.execution.id),
        trade_id: trade_id(engine, fill.attempt),
        strategy: strategy(engine, fill.attempt.strategy),
        symbol: symbol(engine, fill.attempt.symbol),
        side: fill.side,
        quantity: fill.execution.quantity,
        price: fill.execution.price,
        fee: Some(fill.execution.fee),
        at: fill.execution.at,
        taken_back: fill.taken_back,
        client_order_id: shared(fill.order.as_str()),
        broker_order_id: order.and_then(|order| order.broker_id.as_ref()).map(|id| shared(id.as_str())),
    }
}

fn closed_view(engine: &Engine, trade: &Trade) -> ClosedTradeView {
    ClosedTradeView {
        id: trade_id(engine, trade.attempt),
        strategy: strategy(engine, trade.attempt.strategy),
        symbol: symbol(engine, trade.attempt.symbol),
        trade: trade.clone(),
    }
}

fn positions(engine: &Engine) -> Vec<PositionView> {
    let mut list: Vec<_> = engine.open_trades().iter().map(|trade| position(engine, trade)).collect();
    list.sort_by_key(|position| position.symbol_id);
    list
}

fn position(engine: &Engine, trade: &Trade) -> PositionView {
    let id = trade.attempt.symbol;
    let last = engine.mark(id);
    let quantity = trade.position().abs();
    let unrealized = last.map(|mark| trade.gross_at(mark));
    let closing = engine.desk(id).and_then(|desk| desk.closing());
    PositionView {
        trade_id: trade_id(engine, trade.attempt),
        strategy: strategy(engine, trade.attempt.strategy),
        symbol: symbol(engine, id),
        symbol_id: id,
        side: trade.side,
        quantity,
        entry_price: trade.entry_price(),
        last,
        stop: Some(trade.stop).filter(|_| !engine.protected(id).is_zero()),
        target: trade.target,
        unrealized,
        unrealized_r_e4: unrealized.and_then(|result| orb_core::fact::r_multiple_e4(result, trade.initial_risk())),
        notional: quantity.at(last.unwrap_or_else(|| trade.entry_price())),
        protected: engine.protected(id),
        entry_time: trade.entry_time,
        closing: closing.map(|closing| ClosingView { reason: closing.reason, step: closing.recorded_step() }),
    }
}

fn working_entries(engine: &Engine) -> Vec<EntryView> {
    let live = engine.orders().filter(|order| order.role == OrderRole::Entry && !order.status.is_terminal());
    live.map(|order| EntryView {
        strategy: strategy(engine, order.attempt.strategy),
        symbol: symbol(engine, order.attempt.symbol),
        client_order_id: shared(order.id.as_str()),
        broker_order_id: order.broker_id.as_ref().map(|id| shared(id.as_str())),
        status: order.status,
    })
    .collect()
}

fn alarms(engine: &Engine) -> Vec<AlarmView> {
    let list = engine.alarms().iter().cloned();
    list.map(|alarm| AlarmView { symbol: alarm.symbol.map(|id| symbol(engine, id)), alarm }).collect()
}

/// Keeps the list of before where nothing in it changed: it is compared with each publication, and made seldom.
fn watched(before: &Arc<[Watched]>, engine: &Engine) -> Arc<[Watched]> {
    let is_same = before.iter().copied().eq(engine.watched());
    if is_same { Arc::clone(before) } else { engine.watched().collect() }
}

fn account(engine: &Engine) -> AccountView {
    let equity = equity(engine);
    let held: Money = engine
        .open_trades()
        .iter()
        .map(|trade| trade.position().at(engine.mark(trade.attempt.symbol).unwrap_or_else(|| trade.entry_price())))
        .sum();
    AccountView { equity, cash: equity - held, buying_power: engine.buying_power() }
}

fn day(engine: &Engine) -> DayView {
    let closed = engine.day();
    let open_fees: Money = engine.open_trades().iter().map(|trade| trade.fees).sum();
    DayView {
        realized_net: closed.realized_net - open_fees,
        unrealized: engine.day_result() - closed.realized_net + open_fees,
        fees: closed.fees + open_fees,
        trades_closed: closed.trades,
        wins: closed.wins,
        equity_open: engine.session().map(|session| session.equity_open),
    }
}

fn loss_limit(engine: &Engine) -> Option<LossLimitView> {
    engine.session()?;
    let limit = engine.loss_limit();
    let distance = (limit + engine.day_result()).or_zero_if_negative();
    Some(LossLimitView { limit, distance })
}

fn slots(engine: &Engine) -> Slots {
    let total = engine.limits().max_positions;
    Slots { used: u32::try_from(engine.slots_used()).unwrap_or(u32::MAX), total }
}

fn limits(engine: &Engine) -> LimitsView {
    LimitsView { in_force: engine.limits(), next: engine.next_limits(), ceiling: engine.limits_ceiling() }
}

fn session(engine: &Engine) -> Option<SessionView> {
    let record = engine.session()?;
    let all = || {
        (0..engine.config().run.strategies.len())
            .filter_map(|index| engine.windows(StrategyId(u16::try_from(index).ok()?)))
    };
    let range_end = all().map(|windows| windows.range_end).max().unwrap_or(record.open);
    let entry_end = all().map(|windows| windows.entry_end).max().unwrap_or(record.close);
    let flatten_at = all().map(|windows| windows.flatten_at).min().unwrap_or(record.close);
    let now = engine.now();
    let phase = match now {
        _ if now < record.open => SessionPhase::PreOpen,
        _ if now < range_end => SessionPhase::OpeningRange,
        _ if now < entry_end => SessionPhase::Entries,
        _ if now < flatten_at => SessionPhase::Managing,
        _ if now < record.close => SessionPhase::Flattening,
        _ => SessionPhase::AfterClose,
    };
    let entry_cutoff = Some(entry_end).filter(|&end| end < flatten_at);
    Some(SessionView {
        date: record.date,
        phase,
        open: record.open,
        range_end,
        entry_cutoff,
        flatten_at,
        close: record.close,
    })
}

fn fine(component: Component) -> HealthView {
    HealthView { component, state: HealthState::Ok, detail: String::new(), since: None }
}

fn log_signal(engine: &Engine, view: &SignalView) {
    use orb_core::fact::SignalStatus;
    let signal = &view.signal;
    let (symbol, side, quantity) = (&view.symbol, signal.side, signal.quantity);
    let engine_time = engine.now().micros();
    let strategy = &*view.strategy;
    match signal.status {
        SignalStatus::Pending => {
            let policy = engine.config().run.strategy(signal.attempt.strategy).slot_policy;
            let what = if policy == SlotPolicy::FirstTrigger { "breakout" } else { "entry" };
            let (level, stop) = (signal.level, signal.stop);
            tracing::info!(
                component = "Strategy",
                engine_time,
                strategy,
                "{symbol} {what}: {side} {quantity} at {level}, stop {stop}"
            );
        }
        SignalStatus::Rejected => {
            let reason = signal.reason.map_or("rejected", orb_core::Reason::code);
            tracing::info!(
                component = "RiskManager",
                engine_time,
                strategy,
                "{symbol} {side} not taken: {reason} {}",
                signal.detail
            );
        }
        SignalStatus::Submitted
        | SignalStatus::Working
        | SignalStatus::PartiallyFilled
        | SignalStatus::Filled
        | SignalStatus::Cancelled
        | SignalStatus::Expired
        | SignalStatus::Unknown => {}
    }
}

/// Tells that somebody took note of an alarm, or that its cause is over; the alarm itself is told as such.
fn log_alarm(engine: &Engine, record: &AlarmRecord) {
    let (engine_time, text) = (engine.now().micros(), &record.alarm.text);
    match (&record.alarm.acknowledged, record.ended) {
        (_, Some(_)) => tracing::info!(component = "Executor", engine_time, "over: {text}"),
        (Some(by), None) => {
            tracing::info!(component = "Executor", engine_time, "{} took note of: {text}", by.actor);
        }
        (None, None) => {}
    }
}

fn log_trade(engine: &Engine, trade: &Trade) {
    let symbol = symbol(engine, trade.attempt.symbol);
    let strategy = &*strategy(engine, trade.attempt.strategy);
    let engine_time = engine.now().micros();
    let (side, quantity) = (trade.side, trade.entered);
    if trade.is_void() {
        tracing::info!(component = "Executor", engine_time, strategy, "{symbol} was never traded: its fills are void");
        return;
    }
    match (trade.is_closed(), trade.exit_price(), trade.exit_reason) {
        (true, Some(price), Some(reason)) => {
            let net = trade.net();
            let r = trade.r_multiple_e4().map(crate::trades_csv::four_decimals).unwrap_or_default();
            tracing::info!(
                component = "Executor",
                engine_time,
                strategy,
                "{symbol} closed: {side} {quantity} at {price} by {}, net {net}, {r} R",
                reason.code()
            );
        }
        _ => {
            let (price, stop) = (trade.entry_price(), trade.stop);
            let target = trade.target.map_or_else(|| "none".to_owned(), |target| target.to_string());
            tracing::info!(
                component = "Executor",
                engine_time,
                strategy,
                "{symbol} filled: {side} {quantity} at {price}, stop {stop}, target {target}"
            );
        }
    }
}

//! An engine with a broker that does only what a test tells it.

use std::collections::BTreeMap;
use std::sync::Arc;

use orb_core::breaker::BreakerCaps;
use orb_core::config::preset;
use orb_core::effect::{Action, BrokerEffect, Component, Effect, EffectId, Effects};
use orb_core::event::{
    Authorised, BrokerPosition, BrokerSnapshot, Command, Event, MarketData, Origin, Outcome, ReferenceData,
    SymbolReference,
};
use orb_core::event::{BrokerAccount, BrokerFill};
use orb_core::fact::{Fact, Trade};
use orb_core::order::{
    BrokerOrder, BrokerOrderId, ClientOrderId, Execution, OrderEvent, OrderKind, OrderRequest, OrderRole, OrderStatus,
    OrderUpdate, TimeInForce,
};
use orb_core::order_book::event_of;
use orb_core::{
    Bar, Calendar, Date, Engine, EngineConfig, Money, Price, Quantity, Restored, RunConfig, Session, Side, Span,
    Symbol, SymbolId, SymbolTable, Timestamp,
};

/// Symbols of every test.
const SYMBOLS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];
/// More wakeups than this at one instant are a loop.
const WAKEUPS_MAX: u32 = 100;

pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) now: Timestamp,
    effects: Effects,
    /// What the step under way has brought about, as text.
    pub(crate) lines: Vec<String>,
    pub(crate) prefix: String,
    awaited: BTreeMap<String, EffectId>,
    last_effect: u64,
    requests: BTreeMap<String, OrderRequest>,
    /// Where exits were asked to go.
    moves: BTreeMap<String, Price>,
    /// The broker's side, by the short name of the order.
    pub(crate) orders: BTreeMap<String, BrokerOrder>,
    fills: Vec<BrokerFill>,
    pub(crate) foreign: Vec<String>,
    /// What a store would have kept.
    pub(crate) facts: Vec<Fact>,
    executions: u32,
    /// The news of the latest fill.
    pub(crate) last_update: Option<OrderUpdate>,
    /// Shares that somebody else moved.
    strays: Vec<BrokerPosition>,
    /// The broker's equity, and what was paid in today, where it is known.
    pub(crate) equity: (Money, Option<Money>),
    caps: Option<BreakerCaps>,
    config: EngineConfig,
}

impl Rig {
    /// Makes the engine anew from itself.
    pub(crate) fn rebuild(&mut self, make: impl FnOnce(Engine) -> Engine) {
        let spare = Engine::new(self.engine.config().clone());
        self.engine = make(std::mem::replace(&mut self.engine, spare));
    }

    /// Puts the breaker's caps in force, after a restart too.
    pub(crate) fn with_caps(mut self, caps: BreakerCaps) -> Self {
        self.rebuild(|engine| engine.with_breaker(caps));
        self.caps = Some(caps);
        self
    }

    /// Begins 2026-02-13 under a preset with settings, with a broker that agrees.
    #[track_caller]
    pub(crate) fn new(settings: &str) -> Self {
        let config = config(settings);
        let open = config.calendar.sessions()[0].open;
        let prefix = format!("20260213-{}-", config.run.strategies[0].name);
        let mut rig = Self {
            engine: Engine::new(config.clone()),
            config,
            now: open,
            effects: Effects::default(),
            lines: Vec::new(),
            prefix,
            awaited: BTreeMap::new(),
            last_effect: 0,
            requests: BTreeMap::new(),
            moves: BTreeMap::new(),
            orders: BTreeMap::new(),
            fills: Vec::new(),
            foreign: Vec::new(),
            facts: Vec::new(),
            executions: 0,
            last_update: None,
            strays: Vec::new(),
            equity: (Money::ZERO, None),
            caps: None,
        };
        rig.refer("2026-02-13");
        rig.snapshot();
        rig.lines.clear();
        rig
    }

    #[track_caller]
    pub(crate) fn refer(&mut self, date: &str) {
        let date: Date = date.parse().expect(date);
        let session = *self.engine.config().calendar.session(date).expect("a session");
        self.now = self.now.max(session.open);
        // Whose close is not known is not sold short.
        let known = SymbolReference { previous_close: Some(Price::from_cents(10_000)), ..SymbolReference::default() };
        let symbols = vec![known; SYMBOLS.len()];
        self.event(&Event::Reference(ReferenceData { date, equity_open: Money::from_cents(10_000_000), symbols }));
    }

    /// Hands one event to the engine, and the wakeups that it wants at once.
    #[track_caller]
    pub(crate) fn event(&mut self, event: &Event) {
        self.engine.on_event(self.now, event, &mut self.effects);
        self.take_effects();
        self.wake_until(self.now);
    }

    #[track_caller]
    fn wake_until(&mut self, until: Timestamp) {
        let mut count = 0;
        while let Some(at) = self.engine.next_wakeup().filter(|&at| at <= until) {
            count = if at > self.now { 0 } else { count + 1 };
            assert!(count < WAKEUPS_MAX, "the engine wants ever more wakeups at {at}");
            self.now = self.now.max(at);
            self.engine.on_event(self.now, &Event::Wakeup, &mut self.effects);
            self.take_effects();
        }
    }

    /// Lets time pass.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, until: Timestamp) {
        assert!(until >= self.now, "time does not go back");
        self.wake_until(until);
        self.now = until;
    }

    /// Returns an instant of today's session from its New York time.
    #[track_caller]
    pub(crate) fn instant(&self, time: &str) -> Timestamp {
        let parts: Vec<i64> = time.split(':').map(|part| part.parse().expect(time)).collect();
        let seconds = (parts[0] * 60 + parts[1] - 570) * 60 + parts.get(2).copied().unwrap_or(0);
        self.engine.session().expect("a session").open + Span::from_seconds(seconds)
    }

    #[track_caller]
    pub(crate) fn symbol(&self, name: &str) -> SymbolId {
        self.engine.config().symbols.id(&Symbol::new(name).expect(name)).expect(name)
    }

    /// Returns one bar from `100 101 99 100`.
    #[track_caller]
    pub(crate) fn bar(&self, symbol: &str, time: &str, prices: &str) -> Bar {
        let prices: Vec<Price> = prices.split_whitespace().map(|price| price.parse().expect(price)).collect();
        let [open, high, low, close] = prices[..] else { panic!("four prices make a bar") };
        let bar = Bar { symbol: self.symbol(symbol), start: self.instant(time), open, high, low, close, volume: 1_000 };
        bar.validated().expect("a valid bar")
    }

    /// Hands over the bars of one instant at their end.
    #[track_caller]
    pub(crate) fn bars(&mut self, origin: Origin, bars: Vec<Bar>) {
        if origin == Origin::Live {
            let end = bars[0].start + self.engine.config().bar_length;
            // Deadlines of the bar's end come after the bar.
            self.wait_until(Timestamp::from_micros(end.micros() - 1).max(self.now));
            self.now = end.max(self.now);
        }
        let event = Event::Market(origin, MarketData::Bars(bars));
        if origin == Origin::Live {
            self.event(&event);
        } else {
            // What happened before is handed over as a whole: nothing is decided in between.
            self.engine.on_event(self.now, &event, &mut self.effects);
            self.take_effects();
        }
    }

    #[track_caller]
    pub(crate) fn outcome(&mut self, key: &str, outcome: Outcome) {
        let id = self.awaited.remove(key).unwrap_or_else(|| panic!("`{key}` is not awaited: {:?}", self.awaited));
        self.event(&Event::Outcome(id, outcome));
    }

    #[track_caller]
    pub(crate) fn command(&mut self, command: Command) {
        let text = || "test".to_owned();
        self.event(&Event::Command(Authorised { request_id: text(), actor: text(), reason: text(), command }));
    }

    /// Tells whether the engine waits for the answer to a question.
    pub(crate) fn is_awaited(&self, key: &str) -> bool {
        self.awaited.contains_key(key)
    }

    /// Makes an order and its legs known at the broker, as it was asked for.
    #[track_caller]
    pub(crate) fn make(&mut self, name: &str) -> BrokerOrder {
        let request = self.requests.get(name).unwrap_or_else(|| panic!("`{name}` was not asked for")).clone();
        let order = BrokerOrder {
            broker_id: BrokerOrderId::new(&format!("b-{name}")),
            client_id: Some(request.id.clone()),
            parent: None,
            replaces: None,
            symbol: request.attempt.symbol,
            side: request.side,
            quantity: request.quantity,
            kind: request.kind,
            status: OrderStatus::Working,
            filled: Quantity::ZERO,
            legs: Vec::new(),
        };
        self.orders.insert(name.to_owned(), order.clone());
        let level = request.kind.price().unwrap_or(Price::from_cents(10_000));
        if let Some(protection) = request.attached {
            let prices = protection.resolve(level);
            self.make_leg(name, protection.side, OrderKind::Stop(prices.stop));
            if let Some(target) = prices.target {
                self.make_leg(name, protection.side, OrderKind::Limit(target));
            }
        } else if let Some(stop) = request.paired_stop {
            self.make_leg(name, order.side.opens().opposite(), OrderKind::Stop(stop));
        }
        self.report(name)
    }

    fn make_leg(&mut self, parent: &str, position: Side, kind: OrderKind) {
        let letter = if matches!(kind, OrderKind::Limit(_)) { 't' } else { 's' };
        let of = self.orders[parent].clone();
        let leg = BrokerOrder {
            broker_id: BrokerOrderId::new(&format!("b-{parent}{letter}")),
            client_id: None,
            parent: Some(of.broker_id.clone()),
            side: position.exit(),
            kind,
            status: OrderStatus::Held,
            legs: Vec::new(),
            ..of
        };
        self.orders.insert(format!("{parent}{letter}"), leg);
    }

    /// Returns an order as the broker reports it now, with its legs.
    #[track_caller]
    pub(crate) fn report(&self, name: &str) -> BrokerOrder {
        let order = self.orders.get(name).unwrap_or_else(|| panic!("the broker has no `{name}`")).clone();
        let is_leg = |leg: &&BrokerOrder| leg.parent.as_ref() == Some(&order.broker_id);
        let legs = self.orders.values().filter(is_leg).cloned().collect();
        BrokerOrder { legs, ..order }
    }

    /// Fills shares at the broker and returns the news of it.
    #[track_caller]
    pub(crate) fn fill(&mut self, name: &str, shares: i64, price: &str) -> OrderUpdate {
        self.executions += 1;
        let at = self.now;
        let execution = Execution {
            id: format!("x{}", self.executions),
            price: price.parse().expect(price),
            quantity: Quantity::new(shares),
            fee: Money::ZERO,
            at,
            at_data_end: false,
        };
        let order = self.orders.get_mut(name).unwrap_or_else(|| panic!("the broker has no `{name}`"));
        order.filled += execution.quantity;
        let whole = order.filled >= order.quantity;
        order.status = if whole { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        let event = if whole { OrderEvent::Fill } else { OrderEvent::PartialFill };
        let order = self.report(name);
        self.fills.push(BrokerFill { order: order.clone(), execution: execution.clone() });
        let update = OrderUpdate { event, order, execution: Some(execution), rejection: None, at };
        self.last_update = Some(update.clone());
        update
    }

    /// Takes back the latest execution of an order at the broker and returns the news of it.
    #[track_caller]
    pub(crate) fn bust(&mut self, name: &str) -> OrderUpdate {
        let index = self.latest_fill(name);
        let execution = self.fills.remove(index).execution;
        let order = self.orders.get_mut(name).unwrap_or_else(|| panic!("the broker has no `{name}`"));
        order.filled -= execution.quantity;
        let order = self.report(name);
        let update =
            OrderUpdate { event: OrderEvent::Busted, order, execution: Some(execution), rejection: None, at: self.now };
        self.last_update = Some(update.clone());
        update
    }

    /// Corrects the latest execution of an order at the broker and returns the news of it.
    #[track_caller]
    pub(crate) fn correct(&mut self, name: &str, shares: i64, price: &str) -> OrderUpdate {
        let index = self.latest_fill(name);
        let order = self.orders.get_mut(name).unwrap_or_else(|| panic!("the broker has no `{name}`"));
        let execution = &mut self.fills[index].execution;
        order.filled += Quantity::new(shares) - execution.quantity;
        (execution.quantity, execution.price) = (Quantity::new(shares), price.parse().expect(price));
        let execution = Some(execution.clone());
        OrderUpdate { event: OrderEvent::Corrected, order: self.report(name), execution, rejection: None, at: self.now }
    }

    #[track_caller]
    fn latest_fill(&self, name: &str) -> usize {
        let id = &self.orders[name].broker_id;
        self.fills.iter().rposition(|fill| fill.order.broker_id == *id).expect("an execution")
    }

    /// Puts another order in the place of one, at the price that was asked for.
    #[track_caller]
    pub(crate) fn replace(&mut self, name: &str) -> BrokerOrder {
        let price = *self.moves.get(name).unwrap_or_else(|| panic!("`{name}` was not asked to move"));
        let order = self.orders.get_mut(name).unwrap_or_else(|| panic!("the broker has no `{name}`"));
        order.replaces = Some(order.broker_id.clone());
        order.broker_id = BrokerOrderId::new(&format!("{}r", order.broker_id));
        order.kind = match order.kind {
            OrderKind::Limit(_) => OrderKind::Limit(price),
            OrderKind::Stop(_) | OrderKind::Market => OrderKind::Stop(price),
        };
        self.report(name)
    }

    /// Moves shares at the broker without an order.
    #[track_caller]
    pub(crate) fn stray(&mut self, symbol: &str, shares: i64) {
        self.strays.push(BrokerPosition { symbol: self.symbol(symbol), quantity: Quantity::new(shares) });
    }

    /// Moves an order to a status at the broker and returns the news of it.
    #[track_caller]
    pub(crate) fn become_status(&mut self, name: &str, status: OrderStatus) -> OrderUpdate {
        self.orders.get_mut(name).unwrap_or_else(|| panic!("the broker has no `{name}`")).status = status;
        let order = self.report(name);
        OrderUpdate { event: event_of(status), order, execution: None, rejection: None, at: self.now }
    }

    /// Lists the broker's positions, from its fills.
    pub(crate) fn positions(&self) -> Vec<BrokerPosition> {
        let mut sums: BTreeMap<SymbolId, i64> = BTreeMap::new();
        for fill in &self.fills {
            *sums.entry(fill.order.symbol).or_default() += fill.order.side.sign() * fill.execution.quantity.shares();
        }
        for stray in &self.strays {
            *sums.entry(stray.symbol).or_default() += stray.quantity.shares();
        }
        let held = sums.into_iter().filter(|(_, shares)| *shares != 0);
        held.map(|(symbol, shares)| BrokerPosition { symbol, quantity: Quantity::new(shares) }).collect()
    }

    /// Hands over the broker's whole state.
    #[track_caller]
    pub(crate) fn snapshot(&mut self) {
        let parents = self.orders.iter().filter(|(_, order)| order.parent.is_none());
        let snapshot = BrokerSnapshot {
            orders: parents.map(|(name, _)| self.report(name)).collect(),
            positions: self.positions(),
            fills: self.fills.clone(),
            account: BrokerAccount { equity: self.equity.0, cash: Money::ZERO },
            foreign: core::mem::take(&mut self.foreign),
            transfers: self.equity.1,
        };
        self.event(&Event::Snapshot(snapshot));
    }

    /// Replaces the engine by a new one that knows only the recorded facts.
    pub(crate) fn restart(&mut self) {
        self.engine = Engine::new(self.config.clone());
        if let Some(caps) = self.caps {
            self.rebuild(|engine| engine.with_breaker(caps));
        }
        self.engine.restore(restored(&self.facts));
        self.effects = Effects::after(self.last_effect);
        self.awaited.clear();
    }

    /// Loses the records, and begins the day anew without them.
    #[track_caller]
    pub(crate) fn lose_books(&mut self) {
        self.facts.clear();
        self.restart();
        self.refer("2026-02-13");
        self.lines.clear();
    }

    /// Answers everything that the engine asks for, as a broker does on a good day.
    #[track_caller]
    pub(crate) fn obey(&mut self) {
        for _ in 0..50 {
            let Some(key) = self.awaited.keys().find(|key| *key != "bars").cloned() else {
                let Some((name, rest)) = self.works() else { return };
                crate::script::perform(self, &format!("fill {name} {rest} 101"));
                continue;
            };
            let (verb, name) = key.split_once(' ').unwrap_or((&key, ""));
            let steps = match verb {
                "submit" => {
                    vec![format!("submitted {name}")]
                }
                "cancel" => vec![format!("cancel {name} done"), format!("cancelled {name}")],
                "find" => vec![format!("found {name}")],
                "positions" => vec!["positions".to_owned()],
                "snapshot" => {
                    self.outcome("snapshot", Outcome::Done);
                    vec!["snapshot".to_owned()]
                }
                _ => panic!("nobody obeys `{key}`"),
            };
            steps.iter().for_each(|step| crate::script::perform(self, step));
        }
        panic!("the engine asks for ever more: {:?}", self.awaited);
    }

    /// Returns a closing order that works, and what is left of it.
    fn works(&self) -> Option<(String, Quantity)> {
        let works = |order: &BrokerOrder| !order.status.is_terminal() && order.kind == OrderKind::Market;
        let found = self.orders.iter().find(|(_, order)| works(order))?;
        Some((found.0.clone(), found.1.quantity - found.1.filled))
    }

    fn take_effects(&mut self) {
        let mut effects = Vec::new();
        self.effects.move_into(&mut effects);
        for effect in effects {
            if let Some(line) = self.show(&effect) {
                self.lines.push(line);
            }
            match effect {
                Effect::Broker(effect) => self.await_outcome(effect),
                Effect::Record(fact) => self.facts.push(fact),
                Effect::Alert(_) => {}
            }
        }
    }

    fn await_outcome(&mut self, effect: BrokerEffect) {
        self.last_effect = effect.id.0;
        let key = match effect.action {
            Action::Submit(request) => {
                let name = self.short(&request.id);
                self.requests.insert(name.clone(), request);
                format!("submit {name}")
            }
            Action::Cancel { order, .. } => format!("cancel {}", self.short(&order)),
            Action::Find(id) => format!("find {}", self.short(&id)),
            Action::Replace { order, price, .. } => {
                let name = self.short(&order);
                self.moves.insert(name.clone(), price);
                format!("replace {name}")
            }
            Action::QueryPositions => "positions".to_owned(),
            Action::QuerySnapshot => "snapshot".to_owned(),
            Action::QueryBars { .. } => "bars".to_owned(),
        };
        self.awaited.insert(key, effect.id);
    }

    pub(crate) fn short(&self, id: &ClientOrderId) -> String {
        id.as_str().trim_start_matches(&self.prefix).to_owned()
    }

    pub(crate) fn name(&self, symbol: SymbolId) -> &str {
        self.engine.config().symbols.name(symbol).as_str()
    }

    fn show(&self, effect: &Effect) -> Option<String> {
        match effect {
            Effect::Broker(effect) => Some(self.show_action(&effect.action)),
            Effect::Record(Fact::Hold(record)) => {
                let verb = if record.cleared.is_some() { "clear" } else { "hold" };
                Some(format!("{verb} {}", record.hold.kind.name()))
            }
            Effect::Record(Fact::Decision(decision)) => {
                Some(format!("decide {} {}", self.name(decision.attempt.symbol), decision.reason))
            }
            Effect::Record(Fact::StrategyStop(stop)) => {
                Some(format!("stop {}", self.engine.config().run.strategy(stop.strategy).name))
            }
            Effect::Record(Fact::Trade(trade)) if trade.is_void() => {
                Some(format!("void {}", self.name(trade.attempt.symbol)))
            }
            Effect::Record(Fact::Trade(trade)) if trade.is_closed() => Some(self.show_trade(trade)),
            Effect::Alert(alert) if alert.component == Component::Executor => {
                Some(format!("alarm {}", alert.symbol.map_or("account", |symbol| self.name(symbol))))
            }
            Effect::Record(_) | Effect::Alert(_) => None,
        }
    }

    fn show_trade(&self, trade: &Trade) -> String {
        format!(
            "trade {} {} {} {} > {} {}",
            self.name(trade.attempt.symbol),
            trade.side,
            trade.entered,
            trade.entry_price(),
            trade.exit_price().unwrap_or_default(),
            trade.exit_reason.map_or("", orb_core::fact::ExitReason::code),
        )
    }

    fn show_action(&self, action: &Action) -> String {
        match action {
            Action::Submit(request) => self.show_request(request),
            Action::Cancel { order, .. } => format!("cancel {}", self.short(order)),
            Action::Find(id) => format!("find {}", self.short(id)),
            Action::Replace { order, price, .. } => format!("replace {} {price}", self.short(order)),
            Action::QueryPositions => "query positions".to_owned(),
            Action::QuerySnapshot => "query snapshot".to_owned(),
            Action::QueryBars { symbols, .. } => {
                let names: Vec<&str> = symbols.iter().map(|symbol| self.name(*symbol)).collect();
                format!("query bars {}", names.join(" "))
            }
        }
    }

    fn show_request(&self, request: &OrderRequest) -> String {
        let kind = match request.kind {
            OrderKind::Market => "market".to_owned(),
            OrderKind::Limit(price) => format!("limit {price}"),
            OrderKind::Stop(price) => format!("stop {price}"),
        };
        let paired = request.paired_stop.map(|stop| format!(" paired {stop}")).unwrap_or_default();
        let attached = if request.attached.is_some() { " attached" } else { "" };
        let (id, side, quantity) = (self.short(&request.id), request.side, request.quantity);
        let rests = self.engine.config().execution == orb_core::engine::Execution::Live && kind.starts_with("stop");
        let carries = request.role == OrderRole::Entry && !rests;
        assert_eq!(carries, request.attached.is_some(), "{id}: entries carry their exits");
        let lives_on = if request.time_in_force == TimeInForce::GoodTillCancelled { " gtc" } else { "" };
        format!("submit {id} {side} {quantity} {kind}{attached}{paired}{lives_on}")
    }
}

#[track_caller]
fn config(settings: &str) -> EngineConfig {
    let mut words = settings.split_whitespace();
    let mut run = RunConfig::of(preset(words.next().expect("a preset")).expect("a preset"));
    run.strategies[0].symbols.clear();
    // The scripts' figures are of fills at the prices of the bars; those with slippage say so.
    run.strategies[0].costs.slippage = Price::ZERO;
    let mut is_live = false;
    for word in words {
        if word == "live" {
            is_live = true;
            continue;
        }
        if let Some(name) = word.strip_prefix('+') {
            let mut other = run.strategies[0].clone();
            name.clone_into(&mut other.name);
            run.strategies.push(other);
            continue;
        }
        let (key, value) = word.split_once('=').expect(word);
        run.set(key, value).unwrap_or_else(|error| panic!("{error}"));
    }
    let session = |date: &str| {
        let date: Date = date.parse().expect(date);
        let open = Timestamp::from_datetime(date.and_hms_opt(14, 30, 0).expect("a time").and_utc());
        Session { date, open, close: open + Span::from_minutes(390) }
    };
    let config = EngineConfig::new(
        run,
        Arc::new(SymbolTable::new(SYMBOLS.map(|name| Symbol::new(name).expect(name)))),
        Arc::new(Calendar::new(vec![session("2026-02-13"), session("2026-02-17")]).expect("in order")),
        Span::from_minutes(5),
    );
    if is_live { config.live() } else { config }
}

/// Builds what a store would load: for each key the last row, of the latest day.
fn restored(facts: &[Fact]) -> Restored {
    let mut restored = Restored::default();
    let (mut signals, mut orders, mut trades) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let (mut decisions, mut holds, mut closings) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut alarms = BTreeMap::new();
    for fact in facts.iter().cloned() {
        match fact {
            Fact::Session(session) => restored.session = Some(session),
            Fact::Signal(signal) => drop(signals.insert(signal.attempt, signal)),
            Fact::Order(order) => drop(orders.insert(order.id.clone(), order)),
            Fact::Fill(fill) => {
                restored.fills.retain(|other| other.execution.id != fill.execution.id);
                restored.fills.push(fill);
            }
            Fact::Trade(trade) if trade.is_void() => drop(trades.remove(&trade.attempt)),
            Fact::Trade(trade) => drop(trades.insert(trade.attempt, trade)),
            Fact::Decision(decision) => drop(decisions.insert(decision.attempt, decision)),
            Fact::Hold(record) => drop(holds.insert((record.hold.kind, record.hold.since), record)),
            Fact::Closing(closing) => drop(closings.insert((closing.attempt.symbol, closing.since), closing)),
            Fact::Limits(limits) => restored.limits = Some(limits),
            Fact::StrategyStop(stop) => restored.strategy_stops.push(stop),
            Fact::Alarm(record) => drop(alarms.insert(record.alarm.id, record)),
            Fact::Explained(_) => {}
        }
    }
    restored.signals = signals.into_values().collect();
    restored.orders = orders.into_values().collect();
    restored.trades = trades.into_values().collect();
    restored.decisions = decisions.into_values().collect();
    let in_force = holds.into_values().filter(|record| record.cleared.is_none());
    restored.holds = in_force.map(|record| record.hold).collect();
    let going_on = alarms.into_values().filter(|record| record.ended.is_none());
    restored.alarms = going_on.map(|record| record.alarm).collect();
    restored.closings = closings.into_values().collect();
    restored
}

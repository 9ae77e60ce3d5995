//! An engine with a broker that does only what a test tells it.

mod broker;
mod telling;

use std::collections::BTreeMap;
use std::sync::Arc;

use orb_core::breaker::BreakerCaps;
use orb_core::config::preset;
use orb_core::effect::{Action, BrokerEffect, Effect, EffectId, Effects};
use orb_core::event::{
    Authorised, BrokerAccount, BrokerFill, BrokerPosition, BrokerSnapshot, Command, Event, MarketData, Origin, Outcome,
    ReferenceData, SymbolReference,
};
use orb_core::fact::Fact;
use orb_core::order::{BrokerOrder, ClientOrderId, OrderKind, OrderRequest, OrderUpdate};
use orb_core::{
    Bar, Calendar, Date, Engine, EngineConfig, Money, Price, Quantity, Restored, RunConfig, Session, Span, Symbol,
    SymbolId, SymbolTable, Timestamp,
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
    /// The news of the latest execution, made or taken back.
    pub(crate) last_update: Option<OrderUpdate>,
    /// The news of the latest execution that was made.
    pub(crate) last_fill: Option<OrderUpdate>,
    /// Shares that somebody else moved.
    strays: Vec<BrokerPosition>,
    /// The broker's equity, and what was paid in today, where it is known.
    pub(crate) equity: (Money, Option<Money>),
    /// How many times its equity the account may use, where the broker tells it.
    pub(crate) multiplier: Option<u8>,
    /// Part of a position's value that its owner must have, per cent, by symbol.
    required: BTreeMap<usize, u16>,
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
            last_fill: None,
            strays: Vec::new(),
            equity: (Money::ZERO, None),
            multiplier: None,
            required: BTreeMap::new(),
            caps: None,
        };
        rig.refer("2026-02-13");
        rig.snapshot();
        rig.lines.clear();
        rig
    }

    /// Begins a day on which every symbol closed at 100 dollars the day before.
    #[track_caller]
    pub(crate) fn refer(&mut self, date: &str) {
        // Whose close is not known is not sold short.
        self.refer_after(date, Some(Price::from_cents(10_000)));
    }

    /// Lets the broker require so many per cent of positions in a symbol, from now on.
    #[track_caller]
    pub(crate) fn require(&mut self, symbol: &str, percent: u16) {
        let index = SYMBOLS.iter().position(|name| *name == symbol).expect(symbol);
        self.required.insert(index, percent);
        self.refer("2026-02-13");
    }

    #[track_caller]
    pub(crate) fn refer_after(&mut self, date: &str, previous_close: Option<Price>) {
        let date: Date = date.parse().expect(date);
        let session = *self.engine.config().calendar.session(date).expect("a session");
        self.now = self.now.max(session.open);
        let known = SymbolReference { previous_close, ..SymbolReference::default() };
        let mut symbols = vec![known; SYMBOLS.len()];
        for (&index, &percent) in &self.required {
            (symbols[index].margin_long, symbols[index].margin_short) = (Some(percent), Some(percent));
        }
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

    /// Hands over the broker's whole state.
    #[track_caller]
    pub(crate) fn snapshot(&mut self) {
        let parents = self.orders.iter().filter(|(_, order)| order.parent.is_none());
        let snapshot = BrokerSnapshot {
            orders: parents.map(|(name, _)| self.report(name)).collect(),
            positions: self.positions(),
            fills: self.fills.clone(),
            account: BrokerAccount { equity: self.equity.0, cash: Money::ZERO, multiplier: self.multiplier },
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

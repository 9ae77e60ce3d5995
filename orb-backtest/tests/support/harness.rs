//! The engine over the simulated exchange, one event at a time, with everything recorded.

use std::collections::{BTreeMap, VecDeque};

use orb_backtest::driver::{bar_driven, perform};
use orb_backtest::{Exchange, ExchangeConfig, FillModel, SessionBars};
use orb_core::effect::{Action, BrokerEffect, Effect, Effects};
use orb_core::event::{Event, MarketData, Origin, ReferenceData};
use orb_core::fact::{Fact, Trade};
use orb_core::order::{OrderRole, OrderUpdate};
use orb_core::session_clock::SESSION_END_GRACE;
use orb_core::{Engine, EngineConfig, Timestamp};

/// More wakeups than this at one instant are a loop.
const WAKEUPS_MAX: u32 = 1_000;
/// More events than this from one are a loop.
const EVENTS_MAX: usize = 5_000;

/// Holds one event and what followed from it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) now: Timestamp,
    pub(crate) event: Event,
    pub(crate) effects: Vec<Effect>,
}

/// Looks at the harness after each event, before its effects are carried out; the last argument is the newest step.
pub(crate) type Watch<'a> = dyn FnMut(&Harness, &Step) + 'a;

pub(crate) struct Harness {
    pub(crate) engine: Engine,
    pub(crate) exchange: Exchange,
    pub(crate) log: Vec<Step>,
    pub(crate) trades: Vec<Trade>,
    /// Events that are slipped in before the event of a number.
    pub(crate) injected: BTreeMap<usize, Event>,
    effects: Effects,
    queue: VecDeque<Event>,
    updates: Vec<OrderUpdate>,
}

impl Harness {
    pub(crate) fn new(config: EngineConfig, fill_model: FillModel) -> Self {
        let costs = config.run.strategies.iter().map(|strategy| strategy.costs).collect();
        let cash = config.run.initial_equity;
        let symbols = config.symbols.len();
        Self {
            engine: bar_driven(config),
            exchange: Exchange::new(ExchangeConfig { fill_model, costs, cash, symbols }),
            log: Vec::new(),
            trades: Vec::new(),
            injected: BTreeMap::new(),
            effects: Effects::default(),
            queue: VecDeque::new(),
            updates: Vec::new(),
        }
    }

    /// Runs one session as the backtest's driver does.
    pub(crate) fn run_session(&mut self, day: &SessionBars<'_>, watch: &mut Watch<'_>) {
        let session = day.session;
        let equity_open = self.exchange.account().cash;
        self.exchange.begin_session();
        let reference = ReferenceData { date: session.date, equity_open, symbols: day.reference.to_vec() };
        self.handle(session.open, Event::Reference(reference), watch);
        self.handle(session.open, Event::Snapshot(self.exchange.snapshot()), watch);
        let length = self.engine.config().bar_length;
        for batch in day.bars.chunk_by(|a, b| a.start == b.start) {
            let ends = (batch[0].start + length).min(session.close);
            self.wake(watch, |at| at < ends);
            self.exchange.on_bars(batch, &mut self.updates);
            self.queue.extend(self.updates.drain(..).map(Event::Order));
            self.settle(ends, watch);
            self.handle(ends, Event::Market(Origin::Live, MarketData::Bars(batch.to_vec())), watch);
            self.wake(watch, |at| at <= ends);
        }
        self.wake(watch, |at| at <= session.close);
        self.exchange.end_session(session.close, &mut self.updates);
        self.queue.extend(self.updates.drain(..).map(Event::Order));
        self.settle(session.close, watch);
        self.wake(watch, |at| at <= session.close + SESSION_END_GRACE);
        // What was still ordered after the close ends too.
        let first = self.log.len();
        while self.exchange.snapshot().orders.iter().any(|order| !order.status.is_terminal()) {
            assert!(self.log.len() - first < EVENTS_MAX, "the day of {} does not end", session.date);
            self.exchange.end_session(session.close, &mut self.updates);
            self.queue.extend(self.updates.drain(..).map(Event::Order));
            self.settle(session.close, watch);
        }
    }

    fn wake(&mut self, watch: &mut Watch<'_>, due: impl Fn(Timestamp) -> bool) {
        let (mut last, mut count) = (Timestamp::MIN, 0);
        while let Some(at) = self.engine.next_wakeup().filter(|&at| due(at)) {
            count = if at > last { 0 } else { count + 1 };
            last = at;
            assert!(count < WAKEUPS_MAX, "the engine wants ever more wakeups at {at}");
            self.handle(at, Event::Wakeup, watch);
        }
    }

    fn handle(&mut self, now: Timestamp, event: Event, watch: &mut Watch<'_>) {
        self.queue.push_back(event);
        self.settle(now, watch);
    }

    /// Handles what is in the queue and everything that follows from it at the same instant.
    fn settle(&mut self, now: Timestamp, watch: &mut Watch<'_>) {
        let first = self.log.len();
        loop {
            let latest = self.log.last().map(|step| &step.event);
            let count = self.log.len() - first;
            assert!(count < EVENTS_MAX, "events bring about ever more events at {now}: {latest:?}");
            let event = self.injected.remove(&self.log.len()).or_else(|| self.queue.pop_front());
            let Some(event) = event else { return };
            self.engine.on_event(now, &event, &mut self.effects);
            let mut effects = Vec::new();
            self.effects.move_into(&mut effects);
            let step = Step { now, event, effects };
            watch(self, &step);
            for effect in &step.effects {
                match effect {
                    Effect::Broker(effect) => self.carry_out(now, effect),
                    Effect::Record(Fact::Trade(trade)) if trade.is_closed() => self.trades.push(trade.clone()),
                    Effect::Record(_) | Effect::Alert(_) => {}
                }
            }
            self.log.push(step);
        }
    }

    fn carry_out(&mut self, now: Timestamp, effect: &BrokerEffect) {
        let outcome = perform(&mut self.exchange, now, effect, &mut self.updates);
        self.queue.push_back(Event::Outcome(effect.id, outcome));
        if effect.action == Action::QuerySnapshot {
            self.queue.push_back(Event::Snapshot(self.exchange.snapshot()));
        }
        self.queue.extend(self.updates.drain(..).map(Event::Order));
    }

    /// Tells whether nothing is under way: the books and the exchange can be compared.
    pub(crate) fn is_settled(&self) -> bool {
        self.queue.is_empty()
    }
}

/// Tells whether an effect submits an entry.
pub(crate) fn is_entry(effect: &Effect) -> bool {
    matches!(effect, Effect::Broker(effect)
        if matches!(&effect.action, Action::Submit(request) if request.role == OrderRole::Entry))
}

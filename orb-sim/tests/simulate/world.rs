//! A session: its time, its parts, and the order in which they act.

use std::collections::BTreeMap;

use orb_core::effect::{Action, BrokerEffect, Effect, EffectClass, Severity};
use orb_core::event::{BrokerSnapshot, Command, Event, FeedState, MarketData, Origin, Outcome};
use orb_core::hold::HoldKind;
use orb_core::{Span, SymbolId, Timestamp};
use orb_sim::broker::Broker;
use orb_sim::tick::Tick;
use serde_json::Value;

use crate::checks::Watchman;
use crate::daemon::{Daemon, Job};
use crate::dice::Dice;
use crate::market::{Market, Print};
use crate::plan::{Plan, Trouble};
use crate::reference::Reference;
use crate::store::Store;
use crate::story::Story;
use crate::venue;

/// More wakeups at one instant are a loop.
const WAKEUPS_MAX: u32 = 200;
/// More steps are no session but a loop.
const STEPS_MAX: u64 = 2_000_000;

/// Something that happens at a time.
#[derive(Debug)]
pub(crate) enum Item {
    /// A symbol trades.
    Step(SymbolId),
    /// A minute is over.
    Minute(Timestamp),
    /// Prices reach the daemon.
    Prices(MarketData),
    /// A job leaves the process.
    Send(u32, Job),
    /// A request reaches the broker, and its answer goes back, or nobody hears of it.
    Arrive(u32, Job, Reply),
    /// An answer reaches the process.
    Answer(u32, Job, Outcome),
    /// The whole state reaches the process.
    Snapshot(u32, BrokerSnapshot),
    /// A message of the stream reaches the process.
    News(u32, Value),
    /// The books are to be compared.
    Compare(u32),
    /// News have waited for the answer that makes their order known.
    Overdue(u32),
    /// Trading in a symbol is halted, or goes on.
    Halt(SymbolId, bool),
    /// Prices stop or come again.
    Stale(bool),
    /// The daemon hears how its connections are.
    Feed(FeedState),
    /// The stream of order news is lost, or comes again.
    Deaf(bool),
    /// Somebody wants something.
    Wanted(Command),
    /// Tighter limits.
    Tighter,
    /// Whoever looks after the daemon clears what holds it.
    Tidy,
    /// Somebody else orders.
    Stranger,
    /// They cancel it.
    StrangerLeaves(String),
    /// The daemon dies.
    Crash,
    /// The daemon is stopped in good order, and ends.
    Stop,
    Stopped(u32),
    /// The daemon starts.
    Start {
        crashed: bool,
    },
    /// Everything is looked at.
    Watch,
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    /// It comes back.
    Comes,
    /// Nobody hears it.
    Lost,
    /// An error comes in its place.
    Error,
}

/// What was found to be wrong.
#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) at: Timestamp,
    pub(crate) what: String,
    pub(crate) story: Story,
}

pub(crate) struct World<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) now: Timestamp,
    queue: BTreeMap<(Timestamp, u64), Item>,
    sequence: u64,
    pub(crate) broker: Broker,
    pub(crate) market: Market,
    pub(crate) daemon: Option<Daemon>,
    pub(crate) lives: u32,
    pub(crate) store: Store,
    /// The kill switch as a file: it survives everything.
    pub(crate) halt_file: bool,
    pub(crate) is_stale: bool,
    pub(crate) is_deaf: bool,
    /// The latest arrival of order news: they come in order where nothing is wrong.
    pub(crate) last_news: Timestamp,
    pub(crate) reference: Reference,
    pub(crate) watchman: Watchman,
    pub(crate) story: Story,
    /// What is wrong with ways, with the daemon, with people; and how long things take.
    pub(crate) network: Dice,
    pub(crate) fate: Dice,
    pub(crate) people: Dice,
    pub(crate) broken: Option<String>,
}

/// Plays a session.
///
/// # Errors
/// When a promise was broken.
pub(crate) fn play(plan: &Plan, is_told: bool) -> Result<BTreeMap<&'static str, u64>, Violation> {
    let mut world = World::new(plan, is_told);
    world.prepare();
    let end = plan.session.close + Span::from_minutes(4);
    let mut steps = 0;
    while world.broken.is_none() && world.advance(end) {
        steps += 1;
        assert!(steps < STEPS_MAX, "the session of {plan} never ends");
    }
    if world.broken.is_none() {
        world.broken = world.check_end().err();
    }
    match world.broken.take() {
        None => Ok(world.story.into_counts()),
        Some(what) => Err(Violation { at: world.now, what, story: world.story }),
    }
}

impl<'p> World<'p> {
    fn new(plan: &'p Plan, is_told: bool) -> Self {
        let store = Store::default();
        let daemon = Daemon::start(0, plan, &store);
        let reference = Reference::new(plan, daemon.engine.limits());
        Self {
            plan,
            now: plan.session.open - Span::from_seconds(30),
            queue: BTreeMap::new(),
            sequence: 0,
            broker: venue::open(plan),
            market: Market::new(plan),
            daemon: None,
            lives: 0,
            store,
            halt_file: false,
            is_stale: false,
            is_deaf: false,
            last_news: Timestamp::MIN,
            reference,
            watchman: Watchman::new(plan),
            story: Story::new(is_told),
            network: Dice::new(plan.seed, 3),
            fate: Dice::new(plan.seed, 4),
            people: Dice::new(plan.seed, 5),
            broken: None,
        }
    }

    fn prepare(&mut self) {
        let (open, close) = (self.plan.session.open, self.plan.session.close);
        self.plan_at(self.now, Item::Start { crashed: false });
        for (symbol, _) in self.plan.symbols.clone().iter() {
            let first = open + Span::from_millis(self.network.between(10, 900));
            self.plan_at(first, Item::Step(symbol));
        }
        for minute in 1..=(close - open).minutes() {
            let end = open + Span::from_minutes(minute);
            self.plan_at(end, Item::Minute(end));
        }
        self.plan_at(open, Item::Watch);
        self.plan_troubles();
    }

    pub(crate) fn plan_at(&mut self, at: Timestamp, item: Item) {
        self.sequence += 1;
        self.queue.insert((at.max(self.now), self.sequence), item);
    }

    pub(crate) fn plan_in_millis(&mut self, millis: i64, item: Item) {
        self.plan_at(self.now + Span::from_millis(millis), item);
    }

    /// Lets the next thing happen; false when the session is over.
    fn advance(&mut self, end: Timestamp) -> bool {
        let item_at = self.queue.first_key_value().map(|((at, _), _)| *at);
        let broker_at = self.broker.next_wakeup();
        let engine_at = self.daemon.as_ref().and_then(|daemon| daemon.engine.next_wakeup()).map(|at| at.max(self.now));
        let Some(at) = [item_at, broker_at, engine_at].into_iter().flatten().min().filter(|at| *at <= end) else {
            return false;
        };
        self.now = self.now.max(at);
        if broker_at == Some(at) {
            self.broker.on_wakeup(at);
            self.carry_news();
        } else if item_at == Some(at) {
            let (_, item) = self.queue.pop_first().expect("it was just looked at");
            self.happen(item);
        } else {
            self.feed(Event::Wakeup);
        }
        true
    }

    fn happen(&mut self, item: Item) {
        match item {
            Item::Step(symbol) => self.trade(symbol),
            Item::Minute(end) => self.end_minute(end),
            Item::Prices(data) => self.feed(Event::Market(Origin::Live, data)),
            Item::Send(life, job) => self.send(life, job),
            Item::Arrive(life, job, reply) => self.arrive(life, job, reply),
            Item::Answer(life, job, outcome) => self.answer(life, &job, outcome),
            Item::Snapshot(life, snapshot) => self.show(life, snapshot),
            Item::News(life, data) => self.hear(life, &data),
            Item::Compare(life) => self.compare(life),
            Item::Overdue(life) => self.read_if_overdue(life),
            Item::Watch => self.watch(),
            Item::Halt(..)
            | Item::Stale(_)
            | Item::Feed(_)
            | Item::Deaf(_)
            | Item::Wanted(_)
            | Item::Tighter
            | Item::Tidy
            | Item::Stranger
            | Item::StrangerLeaves(_)
            | Item::Crash
            | Item::Stop
            | Item::Stopped(_)
            | Item::Start { .. } => self.meddle(item),
        }
    }

    fn trade(&mut self, symbol: SymbolId) {
        let half = self.plan.step.micros() / 2_000;
        let pause = self.plan.step.micros() / 1_000 + self.network.between(-half, half);
        if self.now + Span::from_millis(pause) < self.plan.session.close {
            self.plan_in_millis(pause, Item::Step(symbol));
        }
        let Some(print) = self.market.step(self.now, symbol) else { return };
        let Print { price, bid, ask, size, .. } = print;
        self.broker.on_tick(self.now, &Tick::Quote { symbol, bid, ask, bid_size: 100, ask_size: 100 });
        self.broker.on_tick(self.now, &Tick::Trade { symbol, price, size });
        self.carry_news();
        let Some(daemon) = self.daemon.as_ref().filter(|_| !self.is_stale) else { return };
        let (quotes, trades) = (daemon.engine.wants_quotes(symbol), daemon.engine.wants_trades(symbol));
        let way = self.network.between(1, self.plan.way_millis_max);
        if quotes {
            self.plan_in_millis(way, Item::Prices(MarketData::Quote { symbol, bid, ask }));
        }
        if trades {
            self.plan_in_millis(way, Item::Prices(MarketData::Trade { symbol, price, size }));
        }
    }

    fn end_minute(&mut self, end: Timestamp) {
        let bars = self.market.minute_before(end);
        if !self.is_stale && self.daemon.is_some() && !bars.is_empty() {
            let way = self.network.between(30, 300);
            self.plan_in_millis(way, Item::Prices(MarketData::Bars(bars)));
        }
    }

    /// Gives an event to the engine, and the wakeups that it wants at once.
    pub(crate) fn feed(&mut self, event: Event) {
        self.step(event);
        let mut count = 0;
        while let Some(daemon) = &self.daemon
            && self.broken.is_none()
            && daemon.engine.next_wakeup().is_some_and(|at| at <= self.now)
        {
            count += 1;
            if count > WAKEUPS_MAX {
                return self.breaks("the engine wants ever more wakeups".to_owned());
            }
            self.step(Event::Wakeup);
        }
    }

    /// One event: engine, commit, act.
    fn step(&mut self, event: Event) {
        let (now, plan) = (self.now, self.plan);
        let Some(daemon) = self.daemon.as_mut() else { return };
        let is_price = matches!(event, Event::Market(..) | Event::Wakeup);
        if !is_price {
            self.story.tell(now, || format!("  in  {event:?}"));
        }
        let effects = daemon.step(now, event);
        if !effects.is_empty() && self.fate.hits(plan.chance(Trouble::Crashes, now, 15)) {
            self.story.tell(now, || format!("dies before it commits {effects:?}"));
            self.story.count("crashes before a commit");
            return self.die();
        }
        self.store.commit(&effects);
        let heard = self.daemon.as_ref().and_then(Daemon::last_event);
        let judged = heard.map_or(Ok(()), |event| self.reference.on_step(now, event, &effects));
        if let Err(what) = judged {
            self.tell_effects(&effects);
            return self.breaks(what);
        }
        self.tell_effects(&effects);
        self.act(effects);
    }

    fn tell_effects(&mut self, effects: &[Effect]) {
        for effect in effects {
            self.story.tell(self.now, || format!("  out {effect:?}"));
        }
    }

    fn act(&mut self, effects: Vec<Effect>) {
        let (now, plan) = (self.now, self.plan);
        for effect in effects {
            match effect {
                Effect::Broker(effect) => {
                    if self.fate.hits(plan.chance(Trouble::Crashes, now, 15)) {
                        self.story.tell(now, || "dies before it sends".to_owned());
                        self.story.count("crashes before a send");
                        return self.die();
                    }
                    self.note_entry(&effect);
                    let Some(daemon) = self.daemon.as_mut() else { return };
                    let job = Job { epoch: daemon.epoch, effect, tries: 0 };
                    let life = daemon.life;
                    if let Some(job) = daemon.place(job) {
                        let delay = self.network.between(0, 4);
                        self.plan_in_millis(delay, Item::Send(life, job));
                    }
                }
                Effect::Alert(alert) if alert.severity >= Severity::Warn => self.watchman.alarmed(now, alert.symbol),
                Effect::Alert(_) | Effect::Record(_) => {}
            }
        }
    }

    fn note_entry(&mut self, effect: &BrokerEffect) {
        if effect.class == EffectClass::Entry
            && let Action::Submit(request) = &effect.action
        {
            self.story.count("entries");
            if let Err(what) = self.check_slots(request) {
                self.breaks(what);
            }
        }
    }

    /// The process is gone, and all that it had in memory.
    pub(crate) fn die(&mut self) {
        self.end_life();
        let away = self.fate.between(500, 20_000);
        self.plan_in_millis(away, Item::Start { crashed: true });
    }

    /// Ends a life; what was recorded of it must happen again.
    pub(crate) fn end_life(&mut self) {
        if let Some(daemon) = self.daemon.take()
            && let Err(what) = daemon.replay(self.plan)
        {
            self.breaks(format!("a replay differs: {what}"));
        }
    }

    pub(crate) fn breaks(&mut self, what: String) {
        self.story.tell(self.now, || format!("BROKEN: {what}"));
        self.broken.get_or_insert(what);
    }

    /// Returns the life under way; `None` while the daemon is down.
    pub(crate) fn life(&self) -> Option<u32> {
        self.daemon.as_ref().map(|daemon| daemon.life)
    }

    /// Tells whether the engine holds entries by a kind.
    pub(crate) fn is_held(&self, kind: HoldKind) -> bool {
        self.daemon.as_ref().is_some_and(|daemon| daemon.engine.holds().get(kind).is_some())
    }
}

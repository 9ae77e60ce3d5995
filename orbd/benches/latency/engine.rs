//! The engine alone: an event in, the order's command out.

use std::hint::black_box;
use std::time::{Duration, Instant};

use orb_core::effect::{Action, BrokerEffect, Effect, EffectId, Effects};
use orb_core::event::{BrokerSnapshot, Event, MarketData, Origin, Outcome};
use orb_core::fact::Fact;
use orb_core::order::{Rejection, RejectionKind};
use orb_core::{Bar, Engine, Price, Span, SymbolId, Timestamp};

use crate::day::{BEYOND, Day, RANGE, SYMBOLS};
use crate::samples::Samples;

/// Days of which each symbol gives one sample.
const ROUNDS: usize = 50;
/// Days that are not counted.
const WARM_UP: usize = 5;
/// More wakeups than this at one instant are a loop.
const WAKEUPS_MAX: u32 = 1_000;

/// Measures orders that bars trigger, then orders that trades trigger.
pub(crate) fn measure() -> (Samples, Samples) {
    let day = Day::new(&[]);
    (rounds(|samples| by_bars(&day, samples)), rounds(|samples| by_trades(&day, samples)))
}

/// Returns what each order that a trade triggers is to be recorded with, order by order.
pub(crate) fn facts_of_orders(day: &Day) -> Vec<Vec<Fact>> {
    let mut rig = Rig::after_range(day);
    let facts = day.ids().map(|symbol| {
        let trade = MarketData::Trade { symbol, price: BEYOND, size: 100 };
        rig.event(&Event::Market(Origin::Live, trade), rig.now + Span::from_millis(5));
        rig.taken.iter().filter_map(recorded).collect()
    });
    facts.collect()
}

fn recorded(effect: &Effect) -> Option<Fact> {
    match effect {
        Effect::Record(fact) => Some(fact.clone()),
        Effect::Broker(_) | Effect::Alert(_) => None,
    }
}

fn rounds(mut round: impl FnMut(&mut Samples)) -> Samples {
    for _ in 0..WARM_UP {
        round(&mut Samples::default());
    }
    let mut samples = Samples::default();
    (0..ROUNDS).for_each(|_| round(&mut samples));
    samples
}

/// Each minute all symbols have a bar, and one of them closes beyond its level.
fn by_bars(day: &Day, samples: &mut Samples) {
    let mut rig = Rig::after_range(day);
    for (minute, symbol) in (RANGE + 1..).zip(day.ids()) {
        let mut bars: Vec<Bar> = day.ids().map(|id| day.bar(id, minute)).collect();
        let crossing = &mut bars[symbol.index()];
        (crossing.high, crossing.close) = (BEYOND, Price::from_cents(10_101));
        rig.wake_until(day.minute(minute + 1) - Span::from_micros(1));
        samples.add(rig.order(symbol, &Event::Market(Origin::Live, MarketData::Bars(bars)), day.minute(minute + 1)));
    }
}

/// One symbol after another trades beyond its level.
fn by_trades(day: &Day, samples: &mut Samples) {
    let mut rig = Rig::after_range(day);
    for symbol in day.ids() {
        let at = rig.now + Span::from_millis(5);
        let trade = MarketData::Trade { symbol, price: BEYOND, size: 100 };
        samples.add(rig.order(symbol, &Event::Market(Origin::Live, trade), at));
    }
}

struct Rig {
    engine: Engine,
    effects: Effects,
    taken: Vec<Effect>,
    now: Timestamp,
}

impl Rig {
    /// Makes an engine whose ranges are settled.
    fn after_range(day: &Day) -> Self {
        let engine = Engine::new(day.engine_config());
        let taken = Vec::with_capacity(4 * SYMBOLS as usize);
        let mut rig = Self { engine, effects: Effects::default(), taken, now: day.session.open };
        rig.event(&Event::Reference(day.reference()), day.session.open);
        rig.event(&Event::Snapshot(BrokerSnapshot::default()), day.session.open);
        for minute in 0..=RANGE {
            let bars = day.ids().map(|id| day.bar(id, minute)).collect();
            rig.wake_until(day.minute(minute + 1) - Span::from_micros(1));
            rig.event(&Event::Market(Origin::Live, MarketData::Bars(bars)), day.minute(minute + 1));
        }
        rig.wake_until(day.minute(RANGE + 1) + Span::from_seconds(1));
        rig
    }

    fn event(&mut self, event: &Event, at: Timestamp) {
        self.now = at;
        self.taken.clear();
        self.engine.on_event(at, event, &mut self.effects);
        self.effects.move_into(&mut self.taken);
    }

    fn wake_until(&mut self, until: Timestamp) {
        let mut count = 0;
        while let Some(at) = self.engine.next_wakeup().filter(|&at| at <= until) {
            count = if at > self.now { 0 } else { count + 1 };
            assert!(count < WAKEUPS_MAX, "the engine wants ever more wakeups at {at}");
            self.event(&Event::Wakeup, at.max(self.now));
        }
        self.now = self.now.max(until);
    }

    /// Hands over an event that must lead to an order, and tells how long that took.
    fn order(&mut self, of: SymbolId, event: &Event, at: Timestamp) -> Duration {
        let begin = Instant::now();
        self.event(black_box(event), at);
        let time = begin.elapsed();
        let id = self.taken.iter().find_map(|effect| submitted(effect, of));
        let Some(id) = id else { panic!("no order of {of:?} came at {at}: {:?}", self.taken) };
        // An order without an answer would soon hold the others.
        self.event(&Event::Outcome(id, Outcome::Rejected(refusal())), at);
        time
    }
}

/// Returns the number of an effect that places an order in a symbol; `None` for any other effect.
fn submitted(effect: &Effect, of: SymbolId) -> Option<EffectId> {
    match effect {
        Effect::Broker(BrokerEffect { id, symbol, action: Action::Submit(_), .. }) if *symbol == Some(of) => Some(*id),
        Effect::Broker(_) | Effect::Record(_) | Effect::Alert(_) => None,
    }
}

fn refusal() -> Rejection {
    let message = "not today".to_owned();
    Rejection { code: 0, message, related_orders: Vec::new(), available: None, kind: RejectionKind::Other }
}

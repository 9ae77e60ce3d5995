//! Collects events with their effects until they are committed: journal and facts in one transaction.

use std::sync::Arc;

use orb_core::effect::{BrokerEffect, Effect};
use orb_core::event::Event;
use orb_core::fact::Fact;
use orb_core::{Engine, Money, Restored, Timestamp};
use tokio::time::Instant;

use super::bars::Bars;
use super::steps::Steps;
use crate::journal::{Encoder, EntryRef, Header, Start};
use crate::spill::{Bundle, Events};
use crate::store::{Audit, EquityRow};

/// One event that waits to be committed.
#[derive(Debug)]
struct Waiting {
    sequence: u64,
    now: Timestamp,
    epoch: u64,
    event: Event,
    effects: Vec<Effect>,
}

/// Collects everything that happens.
#[derive(Debug)]
pub struct Recorder {
    encoder: Encoder,
    /// Goes with the first commit after a start.
    header: Option<Header>,
    waiting: Vec<Waiting>,
    audits: Vec<Audit>,
    equity: Vec<EquityRow>,
    bars: Bars,
    steps: Steps,
    oldest: Option<Instant>,
    sequence: u64,
    last_effect: u64,
}

/// What was taken to be committed as one.
#[derive(Debug)]
pub(super) struct Taken {
    /// What is to be kept.
    pub(super) bundle: Bundle,
    /// What may be done once it is kept: when it was decided, in which entry epoch, and what it is.
    pub(super) decided: Vec<(Timestamp, u64, Effect)>,
}

impl Recorder {
    /// Continues a journal after what it holds.
    #[must_use]
    pub fn new(header: Header, last_sequence: u64, last_effect: u64) -> Self {
        Self {
            encoder: Encoder::default(),
            header: Some(header),
            waiting: Vec::new(),
            audits: Vec::new(),
            equity: Vec::new(),
            bars: Bars::default(),
            steps: Steps::default(),
            oldest: None,
            sequence: last_sequence,
            last_effect,
        }
    }

    /// Returns the number of the latest event.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Returns how many events wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Tells whether no event waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Returns since when something waits; `None` when nothing does. What [is idle](Self::idle_due) does not count.
    #[must_use]
    pub const fn oldest(&self) -> Option<Instant> {
        self.oldest
    }

    /// Returns when bars for charts and steps of orders, from which nothing follows, are to be recorded at the latest;
    /// `None` while none wait.
    #[must_use]
    pub fn idle_due(&self) -> Option<Instant> {
        [self.bars.due(), self.steps.due()].into_iter().flatten().min()
    }

    /// Makes these due at once, as before an end; tells whether any wait.
    pub fn hurry(&mut self) -> bool {
        let (bars, steps) = (self.bars.hurry(), self.steps.hurry());
        bars || steps
    }

    /// Lends the steps of orders, to be added to.
    pub(super) const fn steps(&mut self) -> &mut Steps {
        &mut self.steps
    }

    /// Adds an event and what the engine made of it.
    pub fn add(&mut self, now: Timestamp, epoch: u64, event: Event, effects: Vec<Effect>) {
        self.sequence += 1;
        self.touch();
        self.waiting.push(Waiting { sequence: self.sequence, now, epoch, event, effects });
    }

    /// Adds the bars of an event, for charts.
    pub fn add_bars(&mut self, engine: &Engine, event: &Event) {
        self.bars.add(engine, event);
    }

    /// Adds what became of a command.
    pub fn add_audit(&mut self, audit: Audit) {
        self.touch();
        self.audits.push(audit);
    }

    /// Adds a point of the intraday equity curve.
    pub fn add_equity(&mut self, engine: &Engine) {
        let Some(session) = engine.session() else { return };
        let closed = engine.day().realized_net;
        let result = engine.day_result();
        self.touch();
        self.equity.push(EquityRow {
            at: engine.now(),
            equity: session.equity_open + result,
            realized: closed,
            unrealized: result - closed,
        });
    }

    fn touch(&mut self) {
        self.oldest.get_or_insert_with(Instant::now);
    }

    /// Takes what waits, to be committed as one; `None` when nothing waits.
    ///
    /// What is taken and not kept is lost: it is the taker's to see to it. Bars for charts and steps of orders go
    /// with what has no effects, so that no order waits for them.
    pub(super) fn take(&mut self, engine: &Engine) -> Option<Taken> {
        if self.oldest.take().is_none() && !self.bars.is_due() && !self.steps.is_due() {
            return None;
        }
        let waiting = core::mem::take(&mut self.waiting);
        let is_urgent = waiting.iter().any(|waiting| !waiting.effects.is_empty());
        let bars = if is_urgent || !self.bars.is_due() { Vec::new() } else { self.bars.take() };
        let steps = if is_urgent { Vec::new() } else { self.steps.take() };
        self.last_effect =
            waiting.iter().flat_map(|waiting| effect_ids(&waiting.effects)).fold(self.last_effect, u64::max);
        let bundle = Bundle {
            events: waiting.first().map(|first| self.events(engine, first.sequence, &waiting)),
            last_sequence: self.sequence,
            facts: waiting.iter().flat_map(|waiting| facts(&waiting.effects)).cloned().collect(),
            audits: core::mem::take(&mut self.audits),
            equity: core::mem::take(&mut self.equity),
            bars,
            steps,
        };
        let decided = waiting
            .into_iter()
            .flat_map(|waiting| waiting.effects.into_iter().map(move |effect| (waiting.now, waiting.epoch, effect)));
        Some(Taken { bundle, decided: decided.collect() })
    }

    fn events(&mut self, engine: &Engine, first_sequence: u64, waiting: &[Waiting]) -> Events {
        let entries: Vec<EntryRef<'_>> = waiting.iter().map(Waiting::lend).collect();
        Events {
            first_sequence,
            last_sequence: self.sequence,
            last_effect: self.last_effect,
            date: engine.session().map(|session| session.date),
            at: engine.now(),
            bytes: self.encoder.encode(self.header.take().as_ref(), &entries),
        }
    }
}

impl Waiting {
    fn lend(&self) -> EntryRef<'_> {
        EntryRef { sequence: self.sequence, now: self.now, event: &self.event, effects: &self.effects }
    }
}

fn facts(effects: &[Effect]) -> impl Iterator<Item = &Fact> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Record(fact) => Some(fact),
        Effect::Broker(_) | Effect::Alert(_) => None,
    })
}

fn effect_ids(effects: &[Effect]) -> impl Iterator<Item = u64> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Broker(BrokerEffect { id, .. }) => Some(id.0),
        Effect::Record(_) | Effect::Alert(_) => None,
    })
}

/// Describes an engine at the head of a journal, with all that is needed to make an equal one: `state` is what it took
/// up, `last_effect` the number of the last broker effect before.
#[must_use]
pub fn header(engine: &Engine, state: Restored, last_effect: u64) -> Header {
    let config = engine.config();
    Header {
        build: crate::build::NAME.to_owned(),
        settings: config.run.settings().into_iter().collect(),
        symbols: (*config.symbols).clone(),
        strategies: config.run.strategies.iter().map(|strategy| strategy.name.clone()).collect(),
        start: Some(Start {
            execution: config.execution,
            explains: config.explains,
            bar_length: config.bar_length,
            close_deadline: engine.close_deadline(),
            caps: engine.breaker_caps().copied(),
            calendar: Arc::clone(&config.calendar),
            last_effect,
            state,
        }),
    }
}

/// Returns the equity of an engine's account: that of the open with today's result.
#[must_use]
pub(super) fn equity(engine: &Engine) -> Money {
    engine.session().map_or(Money::ZERO, |session| session.equity_open + engine.day_result())
}

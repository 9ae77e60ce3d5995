//! Drives the engine over bars and the simulated exchange.

use std::collections::VecDeque;

use orb_core::calendar::Session;
use orb_core::effect::{Action, BrokerEffect, Effect, Effects};
use orb_core::event::{Event, Origin, Outcome, ReferenceData, SymbolReference};
use orb_core::exit_desk::CLOSE_DEADLINE;
use orb_core::fact::Fact;
use orb_core::history::History;
use orb_core::metrics::DayResult;
use orb_core::order::OrderUpdate;
use orb_core::session_clock::SESSION_END_GRACE;
use orb_core::{Bar, Engine, EngineConfig, Money, Span, Timestamp};

use crate::exchange::{Exchange, ExchangeConfig, FillModel};
use crate::report::Report;

/// Bounds the wakeups of one session, so that a fault cannot loop for ever.
const WAKEUPS_MAX: u32 = 1_000_000;

/// Gives the driver one session.
#[derive(Clone, Copy, Debug)]
pub struct SessionBars<'a> {
    /// Its hours.
    pub session: &'a Session,
    /// Its regular bars by start, then symbol.
    pub bars: &'a [Bar],
    /// What is known of each symbol before it.
    pub reference: &'a [SymbolReference],
}

/// Runs sessions one after the other and collects what they produce.
#[derive(Debug)]
pub struct Backtest {
    engine: Engine,
    exchange: Exchange,
    effects: Effects,
    queue: VecDeque<Event>,
    updates: Vec<OrderUpdate>,
    report: Report,
    peak: Money,
    trades_before: usize,
}

impl Backtest {
    /// Prepares a run of a valid configuration.
    #[must_use]
    pub fn new(config: EngineConfig, fill_model: FillModel) -> Self {
        let cash = config.run.initial_equity;
        let costs: Vec<_> = config.run.strategies.iter().map(|strategy| strategy.costs).collect();
        let slippage = costs.iter().map(|costs| costs.slippage).collect();
        let exchange = Exchange::new(ExchangeConfig { fill_model, costs, cash, symbols: config.symbols.len() });
        Self {
            engine: bar_driven(config),
            exchange,
            effects: Effects::default(),
            queue: VecDeque::new(),
            updates: Vec::new(),
            report: Report { slippage, ..Report::default() },
            peak: cash,
            trades_before: 0,
        }
    }

    /// Trades one session; they come in the order of the calendar.
    pub fn run_session(&mut self, day: &SessionBars<'_>) {
        self.run_batches(day.session, day.reference, day.bars.chunk_by(|a, b| a.start == b.start));
    }

    /// Trades one session as [`run_session`](Self::run_session) does, of bars that need not be in memory all at once:
    /// each batch has those of one start, sorted by symbol, at least one, and the batches come in order.
    pub fn run_batches(
        &mut self,
        session: &Session,
        reference: &[SymbolReference],
        batches: impl IntoIterator<Item = impl AsRef<[Bar]>>,
    ) {
        let equity_open = self.exchange.account().cash;
        self.exchange.begin_session();
        let reference = ReferenceData { date: session.date, equity_open, symbols: reference.to_vec() };
        let before_open = session.open;
        self.handle(before_open, &Event::Reference(reference));
        self.handle(before_open, &Event::Snapshot(self.exchange.snapshot()));
        let length = self.engine.config().bar_length;
        for batch in batches {
            let batch = batch.as_ref();
            let ends = (batch[0].start + length).min(session.close);
            self.wake_before(ends);
            self.exchange.on_bars(batch, &mut self.updates);
            self.settle_updates(ends);
            self.hand_bars(ends, batch);
            self.wake_until(ends);
        }
        self.wake_until(session.close);
        self.exchange.end_session(session.close, &mut self.updates);
        self.settle_updates(session.close);
        self.wake_until(session.close + SESSION_END_GRACE);
        self.end_day(session, equity_open);
    }

    /// Trades one's own bars, session by session, from the first session of the calendar that has a bar to the last.
    ///
    /// The order of the bars does not matter; bars outside of the sessions are left out. What is known before each
    /// session (previous close, ATR14, usual volume) comes from the bars before it alone.
    ///
    /// # Panics
    /// When a bar's symbol is not of the engine's table.
    pub fn run_bars(&mut self, mut bars: Vec<Bar>) {
        let config = self.engine.config();
        let (calendar, symbols, length) = (config.calendar.clone(), config.symbols.len(), config.bar_length);
        bars.retain(|bar| calendar.session_at(bar.start).is_some());
        bars.sort_by_key(|bar| (bar.start, bar.symbol));
        let date = |bar: Option<&Bar>| bar.and_then(|bar| calendar.session_at(bar.start)).map(|session| session.date);
        let (Some(first), Some(last)) = (date(bars.first()), date(bars.last())) else { return };
        let start = calendar.index_of(first).unwrap_or_default();
        let mut history = History::new(symbols, length);
        for (session, index) in calendar.between(first, last).iter().zip(start..) {
            let begin = bars.partition_point(|bar| bar.start < session.open);
            let end = bars.partition_point(|bar| bar.start < session.close);
            let bars = &bars[begin..end];
            self.run_session(&SessionBars { session, bars, reference: &history.reference(index) });
            history.add_session(index, session, bars);
        }
    }

    fn end_day(&mut self, session: &Session, equity_open: Money) {
        let equity = self.exchange.account().cash;
        self.peak = self.peak.max(equity);
        let trades = &self.report.trades[self.trades_before..];
        let fees = trades.iter().map(|trade| trade.fees).sum();
        let realized = trades.iter().map(orb_core::fact::Trade::net).sum();
        self.trades_before = self.report.trades.len();
        let drawdown = self.peak - equity;
        let Session { date, open, close } = *session;
        self.report.days.push(DayResult { date, open, close, equity_open, equity, realized, fees, drawdown });
    }

    /// Ends the run.
    #[must_use]
    pub fn finish(mut self) -> Report {
        self.report.sort();
        self.report
    }

    /// Hands the bars of one instant to the engine.
    fn hand_bars(&mut self, now: Timestamp, batch: &[Bar]) {
        self.engine.on_bars(now, Origin::Live, batch, &mut self.effects);
        if !self.effects.is_empty() {
            self.carry_out(now);
            self.settle(now);
        }
    }

    /// Wakes the engine for every deadline before an instant.
    fn wake_before(&mut self, instant: Timestamp) {
        self.wake_while(|at| at < instant);
    }

    /// Wakes the engine for every deadline up to and at an instant.
    fn wake_until(&mut self, instant: Timestamp) {
        self.wake_while(|at| at <= instant);
    }

    fn wake_while(&mut self, due: impl Fn(Timestamp) -> bool) {
        for _ in 0..WAKEUPS_MAX {
            let Some(at) = self.engine.next_wakeup().filter(|&at| due(at)) else { return };
            self.handle(at, &Event::Wakeup);
        }
        panic!("the engine asks for more than {WAKEUPS_MAX} wakeups in one session");
    }

    fn settle_updates(&mut self, now: Timestamp) {
        if self.updates.is_empty() {
            return;
        }
        self.queue.extend(self.updates.drain(..).map(Event::Order));
        self.settle(now);
    }

    /// Handles one event and everything that follows from it at the same instant.
    fn handle(&mut self, now: Timestamp, event: &Event) {
        self.engine.on_event(now, event, &mut self.effects);
        self.carry_out(now);
        self.settle(now);
    }

    fn settle(&mut self, now: Timestamp) {
        while let Some(event) = self.queue.pop_front() {
            self.engine.on_event(now, &event, &mut self.effects);
            self.carry_out(now);
        }
    }

    fn carry_out(&mut self, now: Timestamp) {
        if self.effects.is_empty() {
            return;
        }
        let mut effects = core::mem::take(&mut self.effects);
        for effect in effects.drain() {
            match effect {
                Effect::Broker(effect) => {
                    let outcome = perform(&mut self.exchange, now, &effect, &mut self.updates);
                    let snapshot = matches!(effect.action, Action::QuerySnapshot);
                    self.queue.push_back(Event::Outcome(effect.id, outcome));
                    if snapshot {
                        self.queue.push_back(Event::Snapshot(self.exchange.snapshot()));
                    }
                    self.queue.extend(self.updates.drain(..).map(Event::Order));
                }
                Effect::Record(Fact::Trade(trade)) if trade.is_closed() => self.report.trades.push(trade),
                Effect::Record(Fact::Signal(signal)) => self.report.signals.push(signal),
                Effect::Record(Fact::Decision(decision)) => self.report.decisions.push(decision),
                Effect::Record(Fact::Explained(explanation)) => self.report.explanations.push(*explanation),
                Effect::Record(_) | Effect::Alert(_) => {}
            }
        }
        self.effects = effects;
    }
}

/// Builds an engine for an exchange that works on bars: a close waits for the next bar before anybody is alarmed.
#[must_use]
pub fn bar_driven(config: EngineConfig) -> Engine {
    let deadline = Span::from_micros(config.bar_length.micros() + CLOSE_DEADLINE.micros());
    Engine::new(config).with_close_deadline(deadline)
}

/// Carries out one broker effect at the simulated exchange and returns its outcome; what the exchange reports by
/// itself is added to `updates`, and belongs after the outcome.
pub fn perform(
    exchange: &mut Exchange,
    now: Timestamp,
    effect: &BrokerEffect,
    updates: &mut Vec<OrderUpdate>,
) -> Outcome {
    match &effect.action {
        Action::Submit(request) => exchange.submit(now, request, updates),
        Action::Replace { broker_id, price, .. } => exchange.replace(now, broker_id, *price, updates),
        Action::Cancel { order, broker_id } => exchange.cancel(now, order, broker_id.as_ref(), updates),
        Action::Find(id) => exchange.find(id).map_or(Outcome::NotFound, Outcome::Found),
        Action::QueryPositions => Outcome::Positions(exchange.positions()),
        Action::QuerySnapshot => Outcome::Done,
        // Every bar that exists has been handed over: what is asked for was not there.
        Action::QueryBars { .. } => Outcome::Bars(Vec::new()),
    }
}

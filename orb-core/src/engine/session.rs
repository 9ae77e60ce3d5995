//! The course of a day: its beginning, its deadlines, its barrier and its end.

use super::explaining::score_refusal;
use super::{Engine, Execution, Pending};
use crate::alarm::AlarmKind;
use crate::config::{Direction, EntryKind, SlotPolicy, StrategyId};
use crate::effect::{Action, Component, Effects, Severity};
use crate::event::ReferenceData;
use crate::fact::{Decision, ExitReason, Fact, SessionRecord};
use crate::hold::HoldKind;
use crate::money::{Money, Price};
use crate::order::AttemptId;
use crate::ranker::{Barrier, BarrierStep, Candidate, FIRE_AFTER, RankRequest, Ranking, rank};
use crate::reason::Reason;
use crate::session_clock::Tick;
use crate::side::Side;
use crate::signal_machine::Watch;
use crate::symbol::SymbolId;
use crate::universe::Universe;

impl Engine {
    /// Begins the day that the reference data speak of; for a day under way they only replace the old ones.
    pub(super) fn on_reference(&mut self, reference: &ReferenceData, out: &mut Effects) {
        assert_eq!(reference.symbols.len(), self.config.symbols.len(), "reference data cover the whole symbol table");
        let Some(session) = self.config.calendar.session(reference.date).copied() else {
            let message = format!("{} is no session of the calendar: its reference data are ignored", reference.date);
            out.alert(Severity::Error, Component::Data, None, message);
            return;
        };
        self.reference.clone_from(&reference.symbols);
        self.weigh_entries();
        for (index, known) in reference.symbols.iter().enumerate() {
            self.prices.restricted[index] |= known.restricted;
            // At or below 90% of the previous close: low x 10 <= close x 9, in whole micro-dollars.
            let low = known.previous_close.map_or(i64::MIN, |close| close.micros() * 9 / 10);
            self.prices.symbols[index].restricting_low = Price::from_micros(low);
        }
        if self.session.is_none_or(|current| current.date != reference.date) {
            self.begin_day(&session, reference, out);
        }
        for (day, strategy) in self.strategies.iter_mut().zip(&self.config.run.strategies) {
            day.universe = Universe::of(strategy, day.signals.members(), &self.reference);
        }
    }

    fn begin_day(&mut self, session: &crate::calendar::Session, reference: &ReferenceData, out: &mut Effects) {
        self.orders.begin_day();
        self.positions.begin_day();
        self.risk.begin_day();
        self.breaker.begin_day();
        self.begin_limits(out);
        self.equity_breaches = 0;
        self.signals.clear();
        self.explanations.clear();
        for (index, known) in reference.symbols.iter().enumerate() {
            self.prices.restricted[index] = known.restricted;
            self.prices.halted[index] = false;
            self.prices.quoted[index] = false;
            self.prices.symbols[index].last = Price::ZERO;
        }
        self.prices.heard.clear();
        self.unhold(HoldKind::DailyLoss, "engine", "a new session", out);
        self.begin_clock(session);
        let record = SessionRecord {
            date: session.date,
            open: session.open,
            close: session.close,
            equity_open: reference.equity_open,
            realized_net: Money::ZERO,
            fees: Money::ZERO,
            ended: false,
            transfers_open: None,
        };
        self.session = Some(record);
        out.record(Fact::Session(record));
    }

    pub(super) fn begin_clock(&mut self, session: &crate::calendar::Session) {
        self.clock.begin(*session, &self.config.run.strategies, self.config.bar_length);
        let count = self.config.symbols.len();
        for (day, number) in self.strategies.iter_mut().zip(0..) {
            let end = self.clock.windows(StrategyId(number)).map_or(session.open, |windows| windows.range_end);
            day.ranges.begin(session.open, end, self.config.bar_length, count);
            day.barrier = Barrier::Closed;
            day.answered = false;
            day.entries_open = true;
            day.signals.begin();
            day.stopped.clear();
            day.stop_for_loss = false;
        }
    }

    pub(super) fn on_tick(&mut self, tick: Tick, out: &mut Effects) {
        match tick {
            Tick::Open => self.close_leftovers(out),
            Tick::RangeEnd(id) => {
                let end = self.clock.windows(id).map_or(self.now, |windows| windows.range_end);
                let late = self.is_live() && self.now > end + FIRE_AFTER;
                let since = if late { self.now } else { end };
                self.strategies[id.index()].barrier = Barrier::Waiting { since, asked: false, late };
                self.advance_barriers(out);
            }
            Tick::EntryEnd(id) => {
                self.strategies[id.index()].entries_open = false;
                self.cancel_entries(|attempt| attempt.strategy == id, out);
            }
            Tick::Flatten(id) => self.close_where(ExitReason::TimeExit, |attempt| attempt.strategy == id, out),
            Tick::FlattenAgain(id) => self.flatten_again(id, out),
            Tick::SessionEnd => self.end_session(out),
        }
    }

    fn flatten_again(&mut self, id: StrategyId, out: &mut Effects) {
        let held: Vec<SymbolId> = self
            .positions
            .open()
            .iter()
            .filter(|trade| trade.attempt.strategy == id)
            .map(|t| t.attempt.symbol)
            .collect();
        for symbol in held {
            self.alarm(AlarmKind::CloseUnfinished, symbol, "it is not flat after the end-of-day close", out);
            if !self.is_live() {
                // Where bars drive the exchange the close waits for the next one: trying again would let it miss it.
                self.review(symbol, out);
                continue;
            }
            self.hold(HoldKind::Flattening, "engine", ExitReason::TimeExit.code(), out);
            self.close_symbol(symbol, ExitReason::TimeExit, out);
            self.retry_close(symbol, out);
        }
    }

    /// Closes at the open what is still held of days before, and goes on with closes that waited for it.
    fn close_leftovers(&mut self, out: &mut Effects) {
        let Some(session) = self.session else { return };
        self.close_where(ExitReason::TimeExit, |attempt| attempt.date < session.date, out);
        let closing: Vec<SymbolId> = self.closing_symbols().collect();
        for symbol in closing {
            self.review(symbol, out);
        }
    }

    fn closing_symbols(&self) -> impl Iterator<Item = SymbolId> + '_ {
        self.desks.iter().filter(|(_, desk)| desk.closing().is_some()).map(|(symbol, _)| *symbol)
    }

    fn end_session(&mut self, out: &mut Effects) {
        for number in 0..self.strategies.len() {
            let id = StrategyId(u16::try_from(number).expect("strategies are numbered by 16 bits"));
            for (state, reason) in [
                (Watch::Absent, Reason::NoBars),
                (Watch::Armed, Reason::NoTrigger),
                (Watch::Waiting, Reason::RangeIncomplete),
            ] {
                let left: Vec<SymbolId> = self.strategies[number].signals.having(state).collect();
                for symbol in left {
                    // A market order that the daily loss limit cancelled waited for a bar, not for a level.
                    let waited =
                        self.strategies[number].stopped.contains(&symbol) && self.strategy(id).entry != EntryKind::Stop;
                    let reason = if waited { Reason::NoEntryBar } else { reason };
                    self.decide(id, symbol, reason, String::new(), out);
                }
            }
        }
        let day = *self.positions.day();
        if let Some(session) = self.session.as_mut() {
            (session.realized_net, session.fees, session.ended) = (day.realized_net, day.fees, true);
            out.record(Fact::Session(*session));
        }
    }

    /// Moves the barriers on in the order of the configuration.
    ///
    /// Of ranges that end together, a later strategy waits for an earlier one: whose bars are missing must not decide
    /// who orders first.
    pub(super) fn advance_barriers(&mut self, out: &mut Effects) {
        let mut awaited = None;
        for number in 0..self.strategies.len() {
            let id = StrategyId(u16::try_from(number).expect("strategies are numbered by 16 bits"));
            let day = &mut self.strategies[number];
            let Barrier::Waiting { since, late, .. } = day.barrier else { continue };
            let is_live = self.config.execution == Execution::Live;
            let complete = day.answered || day.awaited(is_live).next().is_none();
            if complete && awaited == Some(since) {
                // Nothing is missing, so there is nothing to ask for: it only wakes with the others.
                day.barrier = Barrier::Waiting { since, asked: true, late };
                continue;
            }
            match day.barrier.advance(self.now, complete) {
                BarrierStep::Wait => awaited = Some(since),
                BarrierStep::Ask => {
                    awaited = Some(since);
                    self.ask_for_bars(id, out);
                }
                BarrierStep::Fire => self.fire_barrier(id, out),
            }
        }
    }

    fn ask_for_bars(&mut self, id: StrategyId, out: &mut Effects) {
        let day = &self.strategies[id.index()];
        let symbols = day.awaited(self.is_live()).collect();
        let (Some(session), Some(windows)) = (self.session, self.clock.windows(id)) else { return };
        let action = Action::QueryBars { symbols, from: session.open, to: windows.range_end };
        self.ask(None, Pending::Bars(id), action, out);
    }

    /// Freezes the ranges, filters, ranks and gives out the places, once.
    fn fire_barrier(&mut self, id: StrategyId, out: &mut Effects) {
        let day = &self.strategies[id.index()];
        let on_time =
            self.clock.windows(id).is_some_and(|windows| self.now < windows.range_end + self.config.bar_length);
        let is_live = self.is_live();
        let unanswered = if is_live && !day.answered { day.awaited(true).count() } else { 0 };
        let ranges = day.signals.waiting().map(|symbol| {
            // Unanswered is not the same as absent: what may yet come makes the range incomplete. Live, it is asked for only
            // where the symbol may be chosen; the others are refused by what is here.
            let is_asked = !is_live || day.universe.obstacle(symbol).is_none();
            let unknown = is_asked && (on_time || is_live) && !day.answered && !day.ranges.has_last_bar(symbol);
            let range = if unknown { Err(Reason::RangeIncomplete) } else { day.ranges.freeze(symbol) };
            (symbol, range)
        });
        let Some(session) = self.session else { return };
        let request = RankRequest {
            strategy: self.strategy(id),
            filters: &self.config.filters,
            date: session.date,
            symbols: &self.config.symbols,
            reference: &self.reference,
            universe: &day.universe,
            unanswered,
            keeps_checks: self.config.explains,
        };
        let Ranking { candidates, refusals } = rank(&request, ranges);
        for refusal in refusals {
            self.explain_refusal(id, &refusal);
            let day = &mut self.strategies[id.index()];
            if refusal.reason != Reason::NoBars {
                self.decide(id, refusal.symbol, refusal.reason, refusal.detail, out);
            } else if day.ranges.after_range(refusal.symbol).is_some() {
                self.decide(id, refusal.symbol, Reason::RangeNoFirstBar, String::new(), out);
            } else {
                day.signals.absent(refusal.symbol);
            }
        }
        self.settle_stopped(id, out);
        self.place(id, &candidates, out);
        self.ask_to_verify(id, out);
    }

    fn place(&mut self, id: StrategyId, candidates: &[Candidate], out: &mut Effects) {
        for (candidate, rank) in candidates.iter().zip(0..) {
            self.explain_candidate(id, candidate);
            let atr14 = self.strategy(id).atr(&self.reference[candidate.symbol.index()]);
            self.strategies[id.index()].signals.keep_setup(candidate, rank, atr14);
        }
        let passing: Vec<&Candidate> = candidates.iter().filter(|one| self.passes_score(id, one, out)).collect();
        let strategy = self.strategy(id);
        let resting = strategy.entry == EntryKind::Stop
            && strategy.slot_policy == SlotPolicy::Ranked
            && strategy.direction == Direction::Candle
            && self.rests(strategy);
        let at_once = strategy.entry == EntryKind::Market || resting;
        let chosen = match strategy.slot_policy {
            SlotPolicy::Ranked => (strategy.max_positions as usize).saturating_sub(self.risk.slots_of(id)),
            SlotPolicy::FirstTrigger => usize::MAX,
        };
        for (index, candidate) in passing.into_iter().enumerate() {
            let symbol = candidate.symbol;
            let seen = self.strategies[id.index()].ranges.after_range(symbol);
            match candidate.side.filter(|_| at_once) {
                // What it missed, the loss limit had forbidden.
                Some(side) if seen.is_some() && self.is_loss_limited(id) => self.keep_watching(id, symbol, side, out),
                Some(_) if seen.is_some() => self.decide(id, symbol, Reason::MissedBreakout, String::new(), out),
                Some(side) => self.enter(id, symbol, side, None, out),
                None if index >= chosen => self.decide(id, symbol, Reason::MaxPositions, String::new(), out),
                None => self.arm(id, symbol, out),
            }
        }
    }

    /// Refuses a candidate whose score is too small, where a smallest one is configured and it is known by now.
    fn passes_score(&mut self, id: StrategyId, candidate: &Candidate, out: &mut Effects) -> bool {
        let strategy = self.strategy(id);
        let Some(smallest) = strategy.score_min else { return true };
        let side = candidate.side.unwrap_or(Side::Long);
        let known_now = candidate.side.is_some() && strategy.entry != EntryKind::Close;
        let Some(setting) = self.setting(id, candidate.symbol, side, None) else { return true };
        if setting.is_incomplete() {
            self.decide(id, candidate.symbol, Reason::ScoreMissing, String::new(), out);
            return false;
        }
        let refused = score_refusal(setting.score().as_ref(), smallest).filter(|_| known_now);
        if let Some((reason, detail)) = refused {
            self.decide(id, candidate.symbol, reason, detail, out);
            return false;
        }
        true
    }

    fn arm(&mut self, id: StrategyId, symbol: SymbolId, out: &mut Effects) {
        let strategy = self.config.run.strategy(id);
        let day = &mut self.strategies[id.index()];
        let seen = day.ranges.after_range(symbol);
        if !day.signals.arm(strategy, symbol, seen) {
            self.decide(id, symbol, Reason::MissedBreakout, String::new(), out);
        }
    }

    /// Settles why a symbol is not traded by a strategy today; what is settled stays.
    pub(super) fn decide(
        &mut self,
        id: StrategyId,
        symbol: SymbolId,
        reason: Reason,
        detail: String,
        out: &mut Effects,
    ) {
        let Some(session) = self.session else { return };
        if self.strategies[id.index()].signals.watch(symbol) == Watch::Done {
            return;
        }
        self.strategies[id.index()].signals.finish(symbol);
        let attempt = AttemptId { date: session.date, strategy: id, symbol, attempt: 0 };
        self.explain_no_trade(attempt, reason, &detail, out);
        out.record(Fact::Decision(Decision { attempt, reason, detail, at: self.now }));
    }
}

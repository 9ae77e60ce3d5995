//! From a crossed level to an entry order, and what becomes of the order.

use super::explaining::score_refusal;
use super::{Engine, Pending};
use crate::bar::Bar;
use crate::breaker::BreakerEntry;
use crate::config::{EntryKind, StrategyId};
use crate::effect::{Action, Component, EffectClass, Effects, Severity};
use crate::fact::{Fact, SessionRecord, Signal, SignalStatus};
use crate::hold::{ENTRY_DEADLINE, HoldKind};
use crate::money::{Price, Quantity};
use crate::order::{
    AttemptId, ClientOrderId, Order, OrderRequest, OrderRole, OrderStatus, RejectionKind, TimeInForce, Trigger,
};
use crate::protection::{ExitPrices, StopRule};
use crate::reason::Reason;
use crate::risk_gate::{EntryProposal, Refused, RiskApproved, RiskContext, leveraged, reserve_price};
use crate::score::Score;
use crate::side::Side;
use crate::signal_machine::{Crossing, EntryPlan};
use crate::symbol::SymbolId;
use crate::time::Timestamp;

/// What is said of an entry whose executions were taken back.
const TAKEN_BACK: &str = "the broker took back what it had executed";

/// Holds an entry that the risk gate is asked about, with what only people want to know.
pub(super) struct Asked {
    pub(super) proposal: EntryProposal,
    pub(super) exits: ExitPrices,
    pub(super) score: Option<Score>,
}

impl Engine {
    pub(super) fn on_crossing(&mut self, id: StrategyId, crossing: &Crossing, out: &mut Effects) {
        let symbol = crossing.symbol;
        let crossing = &self.as_heard(id, crossing);
        match crossing.side {
            None => self.decide(id, symbol, Reason::BothSidesInOneBar, String::new(), out),
            Some(side) if self.strategies[id.index()].stopped.contains(&symbol) => {
                let reason = self.stopped_reason(id, side, &crossing.bar);
                self.decide(id, symbol, reason, String::new(), out);
            }
            Some(side) => self.enter(id, symbol, side, Some(crossing), out),
        }
    }

    /// Tells why an entry that the daily loss limit forbids would not have been made in a bar.
    fn stopped_reason(&self, id: StrategyId, side: Side, bar: &Bar) -> Reason {
        let strategy = self.strategy(id);
        let plan = self.strategies[id.index()].signals.plan(strategy, bar.symbol, side, Some(bar));
        match plan.map(|plan| plan.protection.stop) {
            Ok(StopRule::At(stop)) if strategy.entry != EntryKind::Stop && side.reaches_stop(bar.open, stop) => {
                Reason::EntryBeyondStop
            }
            _ => Reason::LossLimit,
        }
    }

    /// Proposes an entry to the risk gate and, with its approval, orders it.
    pub(super) fn enter(
        &mut self,
        id: StrategyId,
        symbol: SymbolId,
        side: Side,
        crossing: Option<&Crossing>,
        out: &mut Effects,
    ) {
        let Some(session) = self.session else { return };
        let strategy = self.config.run.strategy(id);
        let breakout = crossing.map(|crossing| &crossing.bar);
        let plan = match self.strategies[id.index()].signals.plan(strategy, symbol, side, breakout) {
            Ok(plan) => plan,
            Err(reason) => return self.decide(id, symbol, reason, String::new(), out),
        };
        let score = self.setting(id, symbol, side, breakout).and_then(|setting| setting.score());
        let refusal = strategy.score_min.and_then(|smallest| score_refusal(score.as_ref(), smallest));
        if let Some((reason, detail)) = refusal {
            return self.decide(id, symbol, reason, detail, out);
        }
        let attempt = self.next_attempt(AttemptId { date: session.date, strategy: id, symbol, attempt: 1 });
        let triggered = breakout.filter(|_| strategy.entry == EntryKind::Stop);
        let expected = match triggered {
            Some(bar) => expected_fill(&plan, bar, strategy.costs.slippage),
            None if strategy.entry == EntryKind::Market => self.worse_of_latest(symbol, side, plan.level),
            None => plan.level,
        };
        if strategy.entry == EntryKind::Market
            && let StopRule::At(stop) = plan.protection.stop
            && expected != plan.level
            && side.reaches_stop(expected, stop)
        {
            return self.decide(id, symbol, Reason::EntryBeyondStop, String::new(), out);
        }
        let expected_stop = plan.protection.resolve(expected).stop;
        let kind = self.entry_terms(&plan, attempt, expected).kind;
        let latest = self.latest_price(symbol).unwrap_or(expected).max(expected);
        let reserve_price = self.is_live().then(|| reserve_price(side, kind, latest));
        let plain = EntryProposal::new(attempt, side, plan.level, plan.stop);
        let weight = self.margin_weight(symbol, side);
        let proposal = EntryProposal { expected, expected_stop, reserve_price, weight, ..plain };
        let asked = Asked { proposal, exits: plan.protection.resolve(plan.level), score };
        let context = self.risk_context(&session, id, symbol, breakout);
        match self.risk.approve(self.now, &self.config.run, proposal, &context) {
            Ok(approved) => {
                if let Some(refused) = self.breaker_refusal(&approved, out) {
                    self.risk.withdraw(self.now, &approved);
                    return self.refuse(&asked, refused, out);
                }
                let first_bar = breakout.map(|bar| self.first_bar(id, bar)).or(self.range_end(id));
                self.order_entry(&approved, &plan, &asked, first_bar, out);
            }
            Err(refused) if refused.reason == Reason::LossLimit && crossing.is_none() => {
                self.explain_entry(&asked, &refused.size);
                self.keep_watching(id, symbol, side, out);
            }
            Err(refused) => self.refuse(&asked, refused, out),
        }
    }

    fn risk_context(
        &self,
        session: &SessionRecord,
        id: StrategyId,
        symbol: SymbolId,
        breakout: Option<&Bar>,
    ) -> RiskContext {
        // An entry after a close sells in the next bar, in which the breakout bar's own low restricts already.
        let waits = self.strategy(id).entry == EntryKind::Close;
        let low = self.prices.symbols[symbol.index()].restricting_low;
        let restricts = breakout.is_some_and(|bar| waits && bar.low <= low);
        RiskContext {
            equity_open: session.equity_open,
            realized_net: self.positions.day().realized_net,
            restricted: restricts || self.prices.restricted[symbol.index()],
            // A backtest without the day before says so; real money sells nothing short on a guess.
            restriction_unknown: self.is_live() && self.reference[symbol.index()].previous_close.is_none(),
            loss_limit_reached: self.is_loss_limited(id),
            holds_permit: self.holds.active().iter().all(|hold| hold.kind == HoldKind::DailyLoss),
            halted: self.prices.halted[symbol.index()],
            unshortable: self.reference[symbol.index()].unshortable,
            borrows_nothing: self.borrows_nothing(),
            buying_power: self.is_live().then(|| self.broker_leaves(session)),
        }
    }

    /// Returns the start of the first bar in which an entry after a bar may fill.
    fn first_bar(&self, id: StrategyId, breakout: &Bar) -> Timestamp {
        match self.strategy(id).entry {
            EntryKind::Close => breakout.start + self.config.bar_length,
            EntryKind::Stop | EntryKind::Market => breakout.start,
        }
    }

    /// Asks the breaker about an approved entry; passing one of its caps latches its hold.
    fn breaker_refusal(&mut self, approved: &RiskApproved, out: &mut Effects) -> Option<Refused> {
        let (proposal, quantity) = (approved.proposal(), approved.quantity());
        let symbol = proposal.attempt.symbol;
        let equity = self.session.map(|session| session.equity_open).unwrap_or_default();
        let sentence = self.breaker.entry_trip(&BreakerEntry {
            at: self.now,
            symbol,
            quantity,
            price: proposal.expected,
            last: self.latest_price(symbol),
            gross: self.risk.notional(),
            ceiling: leveraged(self.strategy(proposal.attempt.strategy).leverage, equity),
        })?;
        self.trip(&sentence, out);
        Some(Refused { reason: Reason::Hold, detail: sentence, size: *approved.size() })
    }

    fn range_end(&self, id: StrategyId) -> Option<Timestamp> {
        self.clock.windows(id).map(|windows| windows.range_end)
    }

    fn refuse(&mut self, asked: &Asked, refused: Refused, out: &mut Effects) {
        let proposal = &asked.proposal;
        let mut detail = refused.detail;
        if refused.reason == Reason::Hold {
            let kinds: Vec<_> = self.holds.active().iter().map(|hold| hold.kind.name()).collect();
            detail = kinds.join(", ");
        }
        let signal = Signal {
            status: SignalStatus::Rejected,
            reason: Some(refused.reason),
            detail: detail.clone(),
            ..new_signal(self.now, asked, refused.size.quantity)
        };
        self.signals.insert(proposal.attempt, signal.clone());
        out.record(Fact::Signal(signal));
        self.explain_entry(asked, &refused.size);
        self.decide(proposal.attempt.strategy, proposal.attempt.symbol, refused.reason, detail, out);
    }

    /// Orders an entry; the approval is the proof that the risk gate was asked.
    fn order_entry(
        &mut self,
        approved: &RiskApproved,
        plan: &EntryPlan,
        asked: &Asked,
        first_bar: Option<Timestamp>,
        out: &mut Effects,
    ) {
        let proposal = approved.proposal();
        let attempt = proposal.attempt;
        let terms = self.entry_terms(plan, attempt, proposal.expected);
        let request = OrderRequest {
            id: self.order_id(attempt, OrderRole::Entry, 0),
            attempt,
            role: OrderRole::Entry,
            side: proposal.side.entry(),
            quantity: approved.quantity(),
            kind: terms.kind,
            time_in_force: TimeInForce::Day,
            attached: terms.attached,
            paired_stop: None,
            trigger: first_bar.map(|first_bar| Trigger { first_bar }),
        };
        let signal = Signal { order: Some(request.id.clone()), ..new_signal(self.now, asked, approved.quantity()) };
        self.signals.insert(attempt, signal.clone());
        out.record(Fact::Signal(signal));
        self.explain_entry(asked, approved.size());
        self.explain_signal(attempt, out);
        self.strategies[attempt.strategy.index()].signals.ordered(attempt.symbol);
        self.desks.insert(attempt.symbol, self.desk_for(attempt, plan.protection, 0));
        self.expire_later(&request.id, request.kind);
        self.submit(request, EffectClass::Entry, Some(self.now + ENTRY_DEADLINE), out);
    }

    pub(super) fn submit(
        &mut self,
        request: OrderRequest,
        class: EffectClass,
        not_after: Option<Timestamp>,
        out: &mut Effects,
    ) {
        self.orders.add_request(self.now, &request);
        let (symbol, order) = (request.attempt.symbol, request.id.clone());
        let is_entry = request.role == OrderRole::Entry;
        let id = out.broker(Some(symbol), class, not_after, Action::Submit(request));
        self.pending.insert(id, Pending::Submit(order));
        if let Some(sentence) = self.breaker.on_order(self.now, symbol, is_entry) {
            self.trip(&sentence, out);
        }
    }

    /// Names an order: date, strategy, symbol, attempt and leg.
    pub(super) fn order_id(&self, attempt: AttemptId, role: OrderRole, number: u32) -> ClientOrderId {
        let strategy = &self.strategy(attempt.strategy).name;
        let symbol = self.config.symbols.name(attempt.symbol);
        let date = attempt.date.format("%Y%m%d");
        let count = if number == 0 { String::new() } else { number.to_string() };
        ClientOrderId::new(&format!("{date}-{strategy}-{symbol}-{}{}{count}", attempt.attempt, role.letter()))
    }

    /// Cancels the working entries of some attempts.
    pub(super) fn cancel_entries(&mut self, mut which: impl FnMut(&AttemptId) -> bool, out: &mut Effects) {
        let entries: Vec<ClientOrderId> = self
            .orders
            .live_symbols()
            .flat_map(|symbol| self.orders.live(symbol))
            .filter(|order| order.role == OrderRole::Entry && order.status != OrderStatus::PendingCancel)
            .filter(|order| which(&order.attempt))
            .map(|order| order.id.clone())
            .collect();
        for id in entries {
            self.cancel(&id, out);
        }
    }

    /// Cancels an entry that works although entries have been stopped: its cancel failed, or was lost in a restart.
    pub(super) fn recall_entry(&mut self, order: &Order, out: &mut Effects) {
        let works = matches!(order.status, OrderStatus::Working | OrderStatus::PartiallyFilled);
        let day = &self.strategies[order.attempt.strategy.index()];
        let is_held = self.holds.active().iter().any(|hold| hold.kind.recalls_entries());
        let stopped = is_held || day.stop_for_loss || !day.entries_open;
        if order.role == OrderRole::Entry && works && stopped {
            self.cancel(&order.id, out);
        }
    }

    /// Follows an entry order with its signal, and settles the day of one that ended without a fill.
    pub(super) fn follow_entry(&mut self, order: &Order, out: &mut Effects) {
        let attempt = order.attempt;
        let is_taken_back = order.status.is_terminal() && self.was_taken_back(order);
        if order.status.is_terminal() && order.filled.is_zero() {
            self.risk.release(self.now, attempt);
            if !self.await_anchor(order) {
                self.settle_unfilled(order, out);
            }
        } else if order.status.is_terminal()
            && let Some(trade) = self.positions.open_in(attempt.symbol)
        {
            self.risk.on_filled(attempt, trade.entry_notional, trade.initial_risk());
        }
        let Some(signal) = self.signals.get_mut(&attempt) else { return };
        let before = signal.clone();
        signal.broker_order.clone_from(&order.broker_id);
        signal.submitted_at = signal.submitted_at.or_else(|| order.broker_id.as_ref().map(|_| self.now));
        signal.fill_price = order.average_price();
        signal.status = signal_status(order, signal.status);
        if order.status == OrderStatus::Filled && !is_taken_back {
            signal.filled_at = signal.filled_at.or(Some(self.now));
        }
        if let Some(rejection) = &order.rejection {
            signal.detail.clone_from(&rejection.message);
            signal.reason = Some(reason_of(rejection.kind));
        } else if is_taken_back {
            (signal.detail, signal.reason) = (TAKEN_BACK.to_owned(), Some(Reason::RejectedByBroker));
            signal.filled_at = None;
        }
        if *signal != before {
            out.record(Fact::Signal(signal.clone()));
        }
    }

    fn settle_unfilled(&mut self, order: &Order, out: &mut Effects) {
        let (id, symbol) = (order.attempt.strategy, order.attempt.symbol);
        if self.was_taken_back(order) {
            return self.decide(id, symbol, Reason::RejectedByBroker, TAKEN_BACK.to_owned(), out);
        }
        let detail = order.rejection.as_ref().map(|rejection| rejection.message.clone()).unwrap_or_default();
        let limit_reached = self.is_loss_limited(id);
        let window_open = self.strategies[id.index()].entries_open;
        let reason = match &order.rejection {
            Some(rejection) => reason_of(rejection.kind),
            None if window_open && limit_reached => return self.keep_watching(id, symbol, order.side.opens(), out),
            None if window_open && self.was_left_behind(order) => Reason::MissedBreakout,
            None if window_open => Reason::Hold,
            None if self.strategy(id).entry != EntryKind::Stop => Reason::NoEntryBar,
            None => Reason::NoTrigger,
        };
        if reason == Reason::RejectedByBroker {
            let message = format!("the broker refused {}: {detail}", order.id);
            out.alert(Severity::Warn, Component::Executor, Some(symbol), message);
        }
        self.decide(id, symbol, reason, detail, out);
    }

    /// After the daily loss limit forbade an entry: only a touch of its level, or the bar in which it would have been
    /// made, tells the day's reason.
    pub(super) fn keep_watching(&mut self, id: StrategyId, symbol: SymbolId, side: Side, out: &mut Effects) {
        let strategy = self.config.run.strategy(id);
        let day = &mut self.strategies[id.index()];
        if strategy.entry == EntryKind::Stop && day.signals.setup(symbol).is_some() {
            if !day.signals.arm(strategy, symbol, day.ranges.after_range(symbol)) {
                return self.decide(id, symbol, Reason::LossLimit, String::new(), out);
            }
            day.stopped.push(symbol);
        } else {
            let signal = self.signals.values().find(|signal| is_of(&signal.attempt, id, symbol));
            self.watch_forbidden(id, symbol, side, signal.map(|signal| signal.level));
        }
    }

    /// Watches for the bar or the level of an entry that a loss limit forbade, without knowing its range: after a
    /// restart there may be none yet.
    pub(super) fn watch_forbidden(&mut self, id: StrategyId, symbol: SymbolId, side: Side, level: Option<Price>) {
        let by_level = self.strategy(id).entry == EntryKind::Stop;
        let day = &mut self.strategies[id.index()];
        match level.filter(|_| by_level) {
            Some(level) => day.signals.arm_at(symbol, side, level),
            None => day.signals.await_bar(symbol, side),
        }
        day.stopped.push(symbol);
    }

    /// Settles the symbols that are only watched for their reason and whose level was crossed in bars that came before
    /// the range was frozen, as after a restart.
    pub(super) fn settle_stopped(&mut self, id: StrategyId, out: &mut Effects) {
        let day = &self.strategies[id.index()];
        let crossed = |symbol: &SymbolId| {
            let seen = day.ranges.after_range(*symbol);
            seen.is_some_and(|seen| day.signals.is_reached(*symbol, seen))
        };
        let crossed: Vec<SymbolId> = day.stopped.iter().copied().filter(crossed).collect();
        for symbol in crossed {
            self.decide(id, symbol, Reason::LossLimit, String::new(), out);
        }
    }
}

fn is_of(attempt: &AttemptId, strategy: StrategyId, symbol: SymbolId) -> bool {
    attempt.strategy == strategy && attempt.symbol == symbol
}

fn new_signal(now: Timestamp, asked: &Asked, quantity: Quantity) -> Signal {
    let proposal = &asked.proposal;
    Signal {
        attempt: proposal.attempt,
        side: proposal.side,
        at: now,
        level: proposal.level,
        stop: proposal.stop,
        quantity,
        status: SignalStatus::Pending,
        reason: None,
        detail: String::new(),
        order: None,
        broker_order: None,
        submitted_at: None,
        filled_at: None,
        fill_price: None,
        score_e6: asked.score.map(|score| score.total_e6),
    }
}

/// Returns the price that a triggered stop entry is expected to fill at: the worse of level and open, with slippage.
fn expected_fill(plan: &EntryPlan, bar: &Bar, slippage: Price) -> Price {
    let base = match plan.side {
        Side::Long => plan.level.max(bar.open),
        Side::Short => plan.level.min(bar.open),
    };
    base.offset(plan.side.sign() * slippage.micros())
}

fn signal_status(order: &Order, before: SignalStatus) -> SignalStatus {
    match order.status {
        OrderStatus::PendingSubmit => before,
        OrderStatus::Working | OrderStatus::Held => SignalStatus::Working,
        OrderStatus::PartiallyFilled => SignalStatus::PartiallyFilled,
        OrderStatus::PendingCancel => before,
        OrderStatus::Filled if order.filled.is_zero() => SignalStatus::Cancelled,
        OrderStatus::Filled => SignalStatus::Filled,
        OrderStatus::Cancelled if !order.filled.is_zero() => SignalStatus::PartiallyFilled,
        OrderStatus::Cancelled | OrderStatus::Replaced => SignalStatus::Cancelled,
        OrderStatus::Expired => SignalStatus::Expired,
        OrderStatus::Rejected => SignalStatus::Rejected,
        OrderStatus::Unknown => SignalStatus::Unknown,
    }
}

const fn reason_of(kind: RejectionKind) -> Reason {
    match kind {
        RejectionKind::EntryBeyondStop => Reason::EntryBeyondStop,
        RejectionKind::NotShortable => Reason::NotShortable,
        RejectionKind::NotSent => Reason::Hold,
        RejectionKind::DuplicateId
        | RejectionKind::Insufficient
        | RejectionKind::Blocked
        | RejectionKind::BeyondMarket
        | RejectionKind::Other => Reason::RejectedByBroker,
    }
}

//! A small model of the account and its rules, made of commands, news and executions alone.
//!
//! It knows nothing of how the engine works. What it says must be held, must be held; the engine may hold more.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use orb_core::config::StrategyId;
use orb_core::effect::{Action, Effect};
use orb_core::event::{BrokerSnapshot, Command, Event, FeedState, MarketData, Outcome, RiskLimits};
use orb_core::fact::{Fact, Fill};
use orb_core::hold::{Clearing, HoldKind};
use orb_core::order::{BrokerOrder, ClientOrderId, OrderRequest, OrderRole, RejectionKind};
use orb_core::session_clock::Windows;
use orb_core::{Bar, Money, Price, Span, SymbolId, Timestamp};

use crate::plan::{Plan, equity};

/// A comparison that fails so often in a row is a break, which only the operator ends.
const BREAK_AFTER: u32 = 3;
/// Refusals in a row that trip the breaker.
const REFUSALS_MAX: u32 = 5;
/// Orders within a minute that do not trip the breaker.
const ORDERS_A_MINUTE: usize = 60;

/// Holds what must be true.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    /// Signed shares.
    positions: BTreeMap<SymbolId, i64>,
    /// What trading has brought in and cost, micro-dollars.
    cash: i64,
    counted: BTreeSet<String>,
    submitted: BTreeSet<ClientOrderId>,
    holds: BTreeSet<HoldKind>,
    /// Symbols that a flatten was asked for and that were not flat since.
    flattening: BTreeSet<SymbolId>,
    differing: u32,
    refusals: u32,
    recent: VecDeque<Timestamp>,
    submits: BTreeSet<u64>,
    marks: BTreeMap<SymbolId, Price>,
    limits: RiskLimits,
    windows: Vec<Windows>,
}

impl Reference {
    pub(crate) fn new(plan: &Plan, limits: RiskLimits) -> Self {
        Self {
            positions: BTreeMap::new(),
            cash: 0,
            counted: BTreeSet::new(),
            submitted: BTreeSet::new(),
            holds: BTreeSet::new(),
            flattening: BTreeSet::new(),
            differing: 0,
            refusals: 0,
            recent: VecDeque::new(),
            submits: BTreeSet::new(),
            marks: BTreeMap::new(),
            limits,
            windows: plan.run.strategies.iter().map(|one| Windows::of(one, &plan.session)).collect(),
        }
    }

    /// Begins another life of the daemon: what only memory knew is forgotten, what was recorded is not.
    pub(crate) fn restart(&mut self, limits: RiskLimits) {
        self.holds.retain(|kind| kind.clearing() != Clearing::Cause);
        self.holds.insert(HoldKind::Starting);
        (self.differing, self.refusals, self.limits) = (0, 0, limits);
        self.recent.clear();
        self.submits.clear();
        self.marks.clear();
    }

    /// Returns the signed shares that the counted executions sum up to.
    pub(crate) fn position(&self, symbol: SymbolId) -> i64 {
        self.positions.get(&symbol).copied().unwrap_or(0)
    }

    /// Returns what trading has brought in and cost.
    pub(crate) const fn cash(&self) -> Money {
        Money::from_micros(self.cash)
    }

    /// Lists the holds that must be in force.
    pub(crate) fn holds(&self) -> BTreeSet<HoldKind> {
        let mut holds = self.holds.clone();
        if (1..BREAK_AFTER).contains(&self.differing) {
            holds.insert(HoldKind::Reconciling);
        }
        if !self.flattening.is_empty() {
            holds.insert(HoldKind::Flattening);
        }
        holds
    }

    /// Returns the most positions of the account.
    pub(crate) const fn positions_max(&self) -> u32 {
        self.limits.max_positions
    }

    /// Tells whether today's result, with open positions at their marks, has reached the limit; false while a mark is
    /// not known.
    fn has_lost(&self) -> bool {
        let open = self.positions.iter().filter(|(_, shares)| **shares != 0);
        let worth: Option<i64> = open.map(|(symbol, shares)| Some(shares * self.marks.get(symbol)?.micros())).sum();
        worth.is_some_and(|worth| self.cash + worth <= -(equity().micros() / 1_000_000 * self.limits.daily_loss_e6))
    }

    /// Takes an input and what the engine made of it.
    ///
    /// # Errors
    /// Tells which promise was broken.
    pub(crate) fn on_step(&mut self, now: Timestamp, event: &Event, effects: &[Effect]) -> Result<(), String> {
        let mut before = self.holds();
        self.hear(event);
        for effect in effects {
            if let Effect::Record(Fact::Fill(fill)) = effect {
                self.count(fill)?;
            }
        }
        if let Event::Snapshot(snapshot) = event {
            self.compare(snapshot);
        }
        if matches!(event, Event::Wakeup) && self.has_lost() && !self.is_over(now) {
            self.holds.insert(HoldKind::DailyLoss);
        }
        before.extend(self.holds());
        for effect in effects {
            if let Effect::Broker(effect) = effect
                && let Action::Submit(request) = &effect.action
            {
                self.submits.insert(effect.id.0);
                self.check_order(now, request, &before)?;
            }
        }
        Ok(())
    }

    /// After the books are ended nothing is watched any more.
    fn is_over(&self, now: Timestamp) -> bool {
        self.windows.iter().all(|windows| now >= windows.flatten_at)
    }

    fn check_order(&mut self, now: Timestamp, request: &OrderRequest, held: &BTreeSet<HoldKind>) -> Result<(), String> {
        let id = &request.id;
        if !self.submitted.insert(id.clone()) {
            return Err(format!("{id} was ordered twice"));
        }
        if request.role == OrderRole::Entry {
            if !held.is_empty() {
                return Err(format!("the entry {id} was ordered under {held:?}"));
            }
            if self.has_lost() {
                return Err(format!("the entry {id} was ordered after the loss of a day"));
            }
            let StrategyId(number) = request.attempt.strategy;
            if now >= self.windows[usize::from(number)].entry_end || now < self.windows[usize::from(number)].range_end {
                return Err(format!("the entry {id} was ordered outside its window"));
            }
        }
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|at| *at + Span::from_minutes(1) <= now) {
            self.recent.pop_front();
        }
        if self.recent.len() > ORDERS_A_MINUTE {
            self.holds.insert(HoldKind::Breaker);
        }
        Ok(())
    }

    fn hear(&mut self, event: &Event) {
        match event {
            Event::Command(wanted) => self.obey(wanted.command),
            Event::Feed(FeedState::Trouble(kind)) => _ = self.holds.insert(*kind),
            Event::Feed(FeedState::Recovered(kind)) => _ = self.holds.remove(kind),
            Event::Limits(limits) => {
                self.limits.daily_loss_e6 = self.limits.daily_loss_e6.min(limits.daily_loss_e6);
                self.limits.max_positions = self.limits.max_positions.min(limits.max_positions);
            }
            Event::Market(_, MarketData::Bars(bars)) => bars.iter().for_each(|bar| self.mark_bar(bar)),
            Event::Market(_, MarketData::Quote { symbol, bid, ask }) => {
                let shares = self.position(*symbol);
                if shares != 0 {
                    self.marks.insert(*symbol, if shares > 0 { *bid } else { *ask });
                }
            }
            Event::Outcome(id, outcome) if self.submits.remove(&id.0) => self.hear_answer(outcome),
            Event::Order(update) => self.meet(&update.order),
            Event::Snapshot(snapshot) => snapshot.orders.iter().for_each(|order| self.meet(order)),
            Event::Market(..) | Event::Outcome(..) | Event::Reference(_) | Event::Wakeup => {}
        }
    }

    fn mark_bar(&mut self, bar: &Bar) {
        self.marks.insert(bar.symbol, bar.close);
    }

    fn hear_answer(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted(_) | Outcome::Found(_) => self.refusals = 0,
            Outcome::Rejected(rejection)
                if !matches!(rejection.kind, RejectionKind::NotSent | RejectionKind::DuplicateId) =>
            {
                self.refusals += 1;
                if self.refusals >= REFUSALS_MAX {
                    self.holds.insert(HoldKind::Breaker);
                }
            }
            Outcome::Rejected(_)
            | Outcome::Unknown
            | Outcome::NotFound
            | Outcome::Done
            | Outcome::Positions(_)
            | Outcome::Account(_)
            | Outcome::Bars(_) => {}
        }
    }

    /// Meets an order; one that stands alone and was never submitted is somebody else's.
    fn meet(&mut self, order: &BrokerOrder) {
        let is_ours = order.client_id.as_ref().is_none_or(|id| self.submitted.contains(id) || order.replaces.is_some());
        if order.parent.is_none() && !is_ours && order.client_id.as_ref().is_some_and(|id| id.as_str().len() != 36) {
            self.holds.insert(HoldKind::ForeignActivity);
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Kill { flatten } => {
                self.holds.insert(HoldKind::Kill);
                if flatten {
                    self.flatten();
                }
            }
            Command::Pause => _ = self.holds.insert(HoldKind::OperatorPause),
            Command::Clear(kind) if kind.clearing() == Clearing::Operator => {
                self.holds.remove(&kind);
            }
            Command::Clear(_)
            | Command::Close(_)
            | Command::CancelEntries
            | Command::CancelEntry(_)
            | Command::Limit(_)
            | Command::AcknowledgeAlarms(_) => {}
            Command::CloseAll => self.flatten(),
        }
    }

    fn flatten(&mut self) {
        self.flattening.extend(self.positions.iter().filter(|(_, shares)| **shares != 0).map(|(symbol, _)| *symbol));
    }

    fn count(&mut self, fill: &Fill) -> Result<(), String> {
        let execution = &fill.execution;
        if !self.counted.insert(execution.id.clone()) {
            return Err(format!("the execution {} was counted twice", execution.id));
        }
        let signed = fill.side.sign() * execution.quantity.shares();
        let position = self.positions.entry(fill.attempt.symbol).or_default();
        *position += signed;
        if *position == 0 {
            self.flattening.remove(&fill.attempt.symbol);
        }
        self.cash -= signed * execution.price.micros();
        Ok(())
    }

    fn compare(&mut self, snapshot: &BrokerSnapshot) {
        let held: BTreeMap<SymbolId, i64> =
            snapshot.positions.iter().map(|one| (one.symbol, one.quantity.shares())).collect();
        let symbols: BTreeSet<SymbolId> = held.keys().chain(self.positions.keys()).copied().collect();
        let agrees = symbols.iter().all(|symbol| held.get(symbol).copied().unwrap_or(0) == self.position(*symbol));
        if agrees {
            self.holds.remove(&HoldKind::Starting);
            // Comparing was the cure of what a lost connection left in doubt.
            self.holds.remove(&HoldKind::Reconciling);
            self.differing = 0;
        } else {
            self.differing += 1;
            if self.differing >= BREAK_AFTER {
                self.holds.insert(HoldKind::ReconcileBreak);
                self.holds.remove(&HoldKind::Starting);
            }
        }
    }
}

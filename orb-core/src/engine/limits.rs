//! What a day may lose: limits that are set while orb runs, and what follows when one is reached.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::Engine;
use crate::config::{OnBreach, RunConfig, StrategyId};
use crate::effect::{Component, Effects, Severity};
use crate::event::{BrokerSnapshot, RiskLimits};
use crate::fact::{ExitReason, Fact, LimitsRecord, SessionRecord, StrategyStop};
use crate::hold::HoldKind;
use crate::money::Money;
use crate::order::AttemptId;
use crate::risk_gate::{RiskGate, daily_limit, fraction_of};
use crate::symbol::SymbolId;

/// How often in a row the broker's equity must show a loss beyond the limit: one reading may rest on a single bad price.
const EQUITY_READINGS: u32 = 2;

/// Returns the loosest limits that may be set while orb runs.
pub(super) fn ceiling(run: &RunConfig) -> RiskLimits {
    let most = run.daily_loss_limit_max.unwrap_or(run.daily_loss_limit);
    RiskLimits { daily_loss_e6: millionths(most), max_positions: RiskGate::default().account_max(run) }
}

fn millionths(fraction: Decimal) -> i64 {
    (fraction * Decimal::from(1_000_000)).trunc().to_i64().unwrap_or(0)
}

impl Engine {
    /// Returns the limits in force.
    #[must_use]
    pub fn limits(&self) -> RiskLimits {
        let run = &self.config.run;
        RiskLimits { daily_loss_e6: millionths(run.daily_loss_limit), max_positions: self.risk.account_max(run) }
    }

    /// Returns the looser limits that count from the next session; `None` when none are waiting.
    #[must_use]
    pub const fn next_limits(&self) -> Option<RiskLimits> {
        self.next_limits
    }

    /// Returns the loosest limits that may be set: what is above them is cut to them.
    #[must_use]
    pub const fn limits_ceiling(&self) -> RiskLimits {
        self.ceiling
    }

    /// Tells whether a strategy enters nothing more today, because its own loss limit or the account's was reached.
    #[must_use]
    pub fn is_loss_limited(&self, strategy: StrategyId) -> bool {
        self.holds.get(HoldKind::DailyLoss).is_some() || self.strategies[strategy.index()].stop_for_loss
    }

    /// Takes new limits: what is tighter counts at once, what is looser from the next session, and nothing is looser
    /// than the ceiling.
    pub(super) fn on_limits(&mut self, limits: &RiskLimits, out: &mut Effects) {
        let wanted = tighter(limits, &self.ceiling);
        let now = self.limits();
        self.apply_limits(&tighter(&wanted, &now));
        self.next_limits = (wanted != self.limits()).then_some(wanted);
        self.record_limits(out);
        // A limit that is tightened below the present loss ends the day at once, not with the next price.
        self.watch_daily_loss(out);
        if self.is_live() {
            self.ask_for_snapshot(out);
        }
    }

    /// Puts limits in force that waited for a session to begin.
    pub(super) fn begin_limits(&mut self, out: &mut Effects) {
        if let Some(limits) = self.next_limits.take() {
            self.apply_limits(&limits);
            self.record_limits(out);
        }
    }

    /// Takes up the limits of before a restart; what the configuration has tightened since counts.
    pub(super) fn restore_limits(&mut self, record: &LimitsRecord) {
        self.apply_limits(&tighter(&record.in_force, &self.ceiling));
        self.next_limits = record.next.map(|next| tighter(&next, &self.ceiling));
    }

    fn record_limits(&self, out: &mut Effects) {
        out.record(Fact::Limits(LimitsRecord { in_force: self.limits(), next: self.next_limits, at: self.now }));
    }

    fn apply_limits(&mut self, limits: &RiskLimits) {
        self.config.run.daily_loss_limit = Decimal::new(limits.daily_loss_e6.clamp(0, 1_000_000), 6).normalize();
        self.risk.limit_account(limits.max_positions);
    }

    /// Ends the day's trading when realised results, marks and fees reach the daily loss limit; that of one strategy
    /// when they reach its own.
    pub(super) fn watch_daily_loss(&mut self, out: &mut Effects) {
        let Some(session) = self.session.filter(|session| !session.ended) else { return };
        if self.holds.get(HoldKind::DailyLoss).is_some() {
            return;
        }
        let result = self.positions.day_result(|symbol| self.prices.mark(symbol));
        let limit = daily_limit(&self.config.run, session.equity_open);
        if result <= -limit {
            self.stop_for_the_day(&format!("the day's result {result} reached the limit of -{limit}"), out);
        } else {
            self.watch_strategies(&session, out);
        }
    }

    fn watch_strategies(&mut self, session: &SessionRecord, out: &mut Effects) {
        for number in 0..self.strategies.len() {
            let id = StrategyId(u16::try_from(number).expect("strategies are numbered by 16 bits"));
            let Some(fraction) = self.strategy(id).loss_limit else { continue };
            let limit = fraction_of(fraction, session.equity_open);
            if !self.strategies[number].stop_for_loss && self.strategy_result(id) <= -limit {
                self.stop_strategy(id, session, limit, out);
            }
        }
    }

    /// Returns a strategy's result of today with open positions at their marks, after the fees paid so far.
    #[must_use]
    pub fn strategy_result(&self, strategy: StrategyId) -> Money {
        self.positions.result_of(strategy, |symbol| self.prices.mark(symbol))
    }

    fn stop_strategy(&mut self, id: StrategyId, session: &SessionRecord, limit: Money, out: &mut Effects) {
        let result = self.strategy_result(id);
        let reason = format!("the result {result} of {} reached its limit of -{limit}", self.strategy(id).name);
        out.alert(Severity::Warn, Component::RiskManager, None, reason.clone());
        out.record(Fact::StrategyStop(StrategyStop { date: session.date, strategy: id, reason, at: self.now }));
        self.strategies[id.index()].stop_for_loss = true;
        self.cancel_entries(|attempt| attempt.strategy == id, out);
        self.close_after_breach(|attempt| attempt.strategy == id, out);
    }

    /// Compares the broker's equity, less what was paid in and out, with that of the open: the worse of this and of the
    /// own reckoning counts.
    pub(super) fn watch_equity(&mut self, snapshot: &BrokerSnapshot, out: &mut Effects) {
        let equity = snapshot.account.equity;
        let Some(session) = self.session.as_mut().filter(|session| !session.ended) else { return };
        let Some(transfers) = snapshot.transfers.filter(|_| equity > Money::ZERO) else { return };
        let before = session.transfers_open;
        let change = equity - (transfers - *session.transfers_open.get_or_insert(transfers)) - session.equity_open;
        let session = *session;
        if before.is_none() {
            out.record(Fact::Session(session));
        }
        let limit = daily_limit(&self.config.run, session.equity_open);
        if change > -limit || self.holds.get(HoldKind::DailyLoss).is_some() {
            self.equity_breaches = 0;
            return;
        }
        self.equity_breaches += 1;
        if self.equity_breaches < EQUITY_READINGS {
            return self.ask_for_snapshot(out);
        }
        let reason = format!("the broker's equity changed by {change} since the open: the limit is -{limit}");
        self.stop_for_the_day(&reason, out);
    }

    /// Holds entries until the next session, which cancels those that work, and closes positions if that is configured.
    fn stop_for_the_day(&mut self, reason: &str, out: &mut Effects) {
        self.hold(HoldKind::DailyLoss, "risk", reason, out);
        self.close_after_breach(|_| true, out);
    }

    fn close_after_breach(&mut self, which: impl Fn(&AttemptId) -> bool, out: &mut Effects) {
        if self.config.run.on_breach == OnBreach::BlockEntries {
            return;
        }
        let held: Vec<SymbolId> =
            self.positions.open().iter().map(|trade| trade.attempt).filter(which).map(|one| one.symbol).collect();
        for symbol in held {
            self.close_symbol(symbol, ExitReason::LossLimit, out);
        }
    }
}

/// Returns the tighter of two limits, each by each.
fn tighter(one: &RiskLimits, other: &RiskLimits) -> RiskLimits {
    RiskLimits {
        daily_loss_e6: one.daily_loss_e6.min(other.daily_loss_e6),
        max_positions: one.max_positions.min(other.max_positions),
    }
}

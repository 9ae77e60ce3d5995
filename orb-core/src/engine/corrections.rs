//! Executions that the broker takes back or corrects: order, position and trades follow, and the books are compared.
//!
//! The trades of the symbol are counted anew from the day's executions, so that they are those of a day on which the
//! execution had never been, or had been another one. What that leaves without a plan is closed, and a day that had a
//! trade and has none any more gets its decision.

use std::collections::{BTreeMap, BTreeSet};

use super::Engine;
use super::orders::{begins_another_trade, emergency};
use crate::alarm::AlarmKind;
use crate::effect::Effects;
use crate::event::BrokerSnapshot;
use crate::fact::{Fact, Fill, Trade};
use crate::hold::HoldKind;
use crate::money::{Money, Quantity};
use crate::order::{AttemptId, BrokerOrder, ClientOrderId, Execution, Order, OrderEvent, OrderRole, OrderUpdate};
use crate::position_keeper::{PositionFill, PositionKeeper};
use crate::protection::{Protection, StopRule};
use crate::symbol::SymbolId;
use crate::time::Span;

/// So long after an execution its absence from the broker's lists may only mean that they lag.
const LISTS_LAG_MOST: Span = Span::from_seconds(30);

impl Engine {
    /// Takes what the broker says of an execution that was counted.
    pub(super) fn on_correction(&mut self, update: &OrderUpdate, out: &mut Effects) {
        let Some(id) = self.orders.identify(&update.order) else {
            return self.meet_foreign_order(&update.order, out);
        };
        let told = update.execution.as_ref();
        let known = told.and_then(|told| self.orders.fill(&told.id)).filter(|fill| fill.order == id).cloned();
        let (Some(told), Some(fill)) = (told, known) else {
            // The broker's lists tell which one it was.
            let symbol = update.order.symbol;
            let message = format!("the broker took back or corrected an execution of {id} that is not in the books");
            self.report_correction(symbol, &message, out);
            return self.ask_for_snapshot(out);
        };
        let changed = if update.event == OrderEvent::Busted {
            Fill { taken_back: fill.taken_back.or(Some(update.at)), ..fill.clone() }
        } else {
            corrected(&fill, told)
        };
        if changed != fill {
            self.amend_fill(&fill, changed, out);
            self.ask_for_snapshot(out);
        }
    }

    /// Follows what the broker's lists say otherwise than the books: news of it may have been lost.
    ///
    /// An execution was taken back where it is not listed although it is old, and its order has so many shares less.
    pub(super) fn follow_lists(&mut self, snapshot: &BrokerSnapshot, out: &mut Effects) {
        let listed: BTreeMap<&str, &Execution> =
            snapshot.fills.iter().map(|fill| (fill.execution.id.as_str(), &fill.execution)).collect();
        let mut changes: Vec<(Fill, Fill)> = Vec::new();
        for order in snapshot.orders.iter().flat_map(|order| core::iter::once(order).chain(&order.legs)) {
            for fill in self.unlisted(order, &listed) {
                changes.push((fill.clone(), Fill { taken_back: Some(self.now), ..fill.clone() }));
            }
        }
        for fill in self.orders.fills().iter().filter(|fill| fill.taken_back.is_none()) {
            let told = listed.get(fill.execution.id.as_str());
            let told = told.filter(|told| told.quantity == fill.execution.quantity);
            if let Some(told) = told.filter(|told| told.price != fill.execution.price) {
                changes.push((fill.clone(), corrected(fill, told)));
            }
        }
        for (before, after) in changes {
            self.amend_fill(&before, after, out);
        }
    }

    /// Lists the counted executions of an order that the broker has no more.
    fn unlisted(&self, order: &BrokerOrder, listed: &BTreeMap<&str, &Execution>) -> Vec<&Fill> {
        let Some(own) = self.orders.identify(order).and_then(|id| self.orders.get(&id)) else { return Vec::new() };
        if own.filled <= order.filled {
            return Vec::new();
        }
        let is_missing = |fill: &&Fill| {
            let name = fill.execution.id.as_str();
            fill.order == own.id && fill.taken_back.is_none() && !listed.contains_key(name)
        };
        let missing: Vec<&Fill> = self.orders.fills().iter().filter(is_missing).collect();
        let shares: Quantity = missing.iter().map(|fill| fill.execution.quantity).sum();
        let are_old = missing.iter().all(|fill| fill.execution.at + LISTS_LAG_MOST <= self.now);
        if are_old && own.filled - shares == order.filled { missing } else { Vec::new() }
    }

    /// Puts an execution in the place of the one of its name, and tells of it.
    fn amend_fill(&mut self, before: &Fill, after: Fill, out: &mut Effects) {
        let symbol = after.attempt.symbol;
        self.positions.settle_protection(self.now, symbol);
        let trades: Vec<Trade> = self.positions.trades_in(symbol).cloned().collect();
        // A position of an earlier day is not made of today's executions alone.
        let follows = sums(&trades) == sums(&self.trades_of_fills(symbol));
        let Some(order) = self.orders.amend(self.now, &after) else { return };
        let message = describe(before, &after, follows);
        out.record(Fact::Fill(after));
        if follows {
            self.take_trades(symbol, &trades, out);
        }
        self.report_correction(symbol, &message, out);
        self.follow_corrected(&order, out);
        self.review(symbol, out);
    }

    /// Opens the day of a symbol again whose only trade never was: once its entry is over, it is decided.
    fn unsettle(&mut self, gone: AttemptId, after: &[Trade]) {
        let is_traded = |trade: &Trade| (trade.attempt.date, trade.attempt.strategy) == (gone.date, gone.strategy);
        if !after.iter().any(is_traded) && self.session.is_some_and(|session| session.date == gone.date) {
            self.strategies[gone.strategy.index()].signals.ordered(gone.symbol);
        }
    }

    /// Tells whether the broker took back what an order had filled, and nothing else of it was filled.
    pub(super) fn was_taken_back(&self, order: &Order) -> bool {
        let is_of = |fill: &Fill| fill.order == order.id && fill.taken_back.is_some();
        order.filled.is_zero() && self.orders.fills().iter().any(is_of)
    }

    fn report_correction(&mut self, symbol: SymbolId, message: &str, out: &mut Effects) {
        let reason = format!("{}: {message}", self.config.symbols.name(symbol));
        self.hold(HoldKind::ReconcileBreak, "orders", &reason, out);
        self.alarm(AlarmKind::ExecutionCorrected, symbol, message, out);
    }

    fn follow_corrected(&mut self, id: &ClientOrderId, out: &mut Effects) {
        let Some(order) = self.orders.get(id).filter(|order| order.role == OrderRole::Entry).cloned() else { return };
        self.follow_entry(&order, out);
        self.recall_entry(&order, out);
    }

    /// Counts a symbol's trades of the day anew from the executions that are not taken back.
    fn trades_of_fills(&self, symbol: SymbolId) -> Vec<Trade> {
        let mut books = PositionKeeper::default();
        let mut begun: BTreeSet<&ClientOrderId> = BTreeSet::new();
        let counts = |fill: &&Fill| fill.attempt.symbol == symbol && fill.taken_back.is_none();
        for fill in self.orders.fills().iter().filter(counts) {
            let Some(order) = self.orders.get(&fill.order) else { continue };
            let has_filled_before = !begun.insert(&fill.order);
            let is_late = books.open_in(symbol).is_none() && begins_another_trade(order.role, has_filled_before);
            let attempt = if is_late { fill.attempt.beyond_flat() } else { fill.attempt };
            let known = self.positions.trades_in(symbol).find(|trade| trade.attempt == attempt);
            let protection = known.map_or_else(|| emergency(order, &fill.execution), protection_of);
            let reason = known.and_then(|trade| trade.exit_reason);
            let exit_reason = reason.unwrap_or_else(|| self.exit_reason(order, &fill.execution));
            let side = fill.side;
            books.on_fill(&PositionFill { attempt, side, execution: &fill.execution, exit_reason }, &protection);
        }
        books.trades_in(symbol).map(|trade| self.with_plan(trade)).collect()
    }

    /// Leaves a trade its exits and the time without them, which do not follow from executions.
    fn with_plan(&self, counted: &Trade) -> Trade {
        let mut known = self.positions.trades_in(counted.attempt.symbol);
        match known.find(|trade| trade.attempt == counted.attempt && trade.side == counted.side) {
            None => counted.clone(),
            Some(known) => {
                let Trade { stop, target, unprotected, .. } = *known;
                Trade { stop, target, unprotected, ..counted.clone() }
            }
        }
    }

    /// Puts the trades that the executions make in the place of those of before, with their slots and desks.
    fn take_trades(&mut self, symbol: SymbolId, before: &[Trade], out: &mut Effects) {
        let after = self.trades_of_fills(symbol);
        self.positions.replace_trades(symbol, after.clone());
        self.prices.moved = true;
        let is_gone = |gone: &&Trade| !after.iter().any(|trade| trade.attempt == gone.attempt);
        for gone in before.iter().filter(is_gone) {
            out.record(Fact::Trade(void(gone)));
            self.unsettle(gone.attempt, &after);
        }
        for trade in after.iter().filter(|trade| !before.contains(trade)) {
            out.record(Fact::Trade(trade.clone()));
        }
        let enters = self.orders.live(symbol).any(|order| order.role == OrderRole::Entry);
        let is_open = |trade: &Trade| after.iter().any(|other| other.attempt == trade.attempt && !other.is_closed());
        for ended in before.iter().filter(|trade| !enters && !is_open(trade)) {
            self.risk.release(self.now, ended.attempt);
        }
        let Some(trade) = self.positions.open_in(symbol).cloned() else { return };
        let was_flat = before.iter().all(Trade::is_closed);
        let serves = self.desks.get(&symbol).is_some_and(|desk| desk.protection().side == trade.side);
        if was_flat || !serves {
            self.close_unplanned(symbol, protection_of(&trade), out);
        }
    }
}

/// Gives an execution the shares and the price that it was corrected to.
fn corrected(fill: &Fill, told: &Execution) -> Fill {
    let execution = Execution { price: told.price, quantity: told.quantity, ..fill.execution.clone() };
    Fill { execution, ..fill.clone() }
}

fn protection_of(trade: &Trade) -> Protection {
    Protection { side: trade.side, stop: StopRule::At(trade.stop), target: None }
}

/// Makes the record of a trade that never was.
fn void(trade: &Trade) -> Trade {
    Trade {
        entered: Quantity::ZERO,
        exited: Quantity::ZERO,
        exit_time: None,
        entry_notional: Money::ZERO,
        exit_notional: Money::ZERO,
        fees: Money::ZERO,
        exit_reason: None,
        ..trade.clone()
    }
}

/// Returns the shares that trades hold and what they have cost so far.
fn sums(trades: &[Trade]) -> (Quantity, Money) {
    let cost = |trade: &Trade| {
        let paid = trade.entry_notional - trade.exit_notional;
        trade.fees + if trade.side.sign() > 0 { paid } else { -paid }
    };
    (trades.iter().map(Trade::position).sum(), trades.iter().map(cost).sum())
}

fn describe(before: &Fill, after: &Fill, follows: bool) -> String {
    let (was, is) = (&before.execution, &after.execution);
    let text = match after.taken_back {
        Some(_) => format!("the broker took back {} shares at {} of {}", was.quantity, was.price, after.order),
        None => format!(
            "the broker corrected {} shares at {} of {} to {} at {}",
            was.quantity, was.price, after.order, is.quantity, is.price
        ),
    };
    if follows { text } else { format!("{text}; the position is of an earlier day: its trade is not changed") }
}

//! Entries that the broker refused because the market had passed their exits: each is anchored once anew, on the next
//! price that is heard, or given up.
//!
//! Whoever is refused once more has a market that runs away: there is no third price.

use super::Engine;
use crate::bar::Bar;
use crate::config::EntryKind;
use crate::effect::Effects;
use crate::hold::ENTRY_DEADLINE;
use crate::order::{AttemptId, Order, RejectionKind};
use crate::reason::Reason;
use crate::side::Side;
use crate::signal_machine::Crossing;
use crate::symbol::SymbolId;
use crate::time::Timestamp;

/// Remembers an entry that waits for a fresh price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Anchoring {
    /// The attempt that was refused.
    attempt: AttemptId,
    side: Side,
    /// What the broker said.
    refusal: String,
    /// After this it is given up.
    until: Timestamp,
}

impl Engine {
    /// Lets a refused entry wait for a fresh price; false where it is over with it.
    pub(super) fn await_anchor(&mut self, order: &Order) -> bool {
        let attempt = order.attempt;
        let day = &self.strategies[attempt.strategy.index()];
        let is_open = day.entries_open && !day.stop_for_loss && self.holds.active().is_empty();
        let by_level = self.strategy(attempt.strategy).entry == EntryKind::Stop;
        let refusal = order.rejection.as_ref().filter(|refusal| refusal.kind == RejectionKind::BeyondMarket);
        let Some(refusal) = refusal.filter(|_| self.is_live() && by_level && is_open && is_first(attempt)) else {
            return false;
        };
        let (side, refusal, until) = (order.side.opens(), refusal.message.clone(), self.now + ENTRY_DEADLINE);
        if !self.anchoring.iter().any(|waiting| waiting.attempt == attempt) {
            self.anchoring.push(Anchoring { attempt, side, refusal, until });
        }
        true
    }

    /// Returns which attempt an entry in a symbol is: the second where the first one was refused and waits no more.
    pub(super) fn next_attempt(&self, first: AttemptId) -> AttemptId {
        let was_refused = self.signals.get(&first).and_then(|signal| signal.order.as_ref()).is_some();
        if was_refused { AttemptId { attempt: first.attempt + 1, ..first } } else { first }
    }

    /// Orders an entry anew at a price that was heard after its refusal, while the breakout stands there.
    pub(super) fn anchor_anew(&mut self, print: &Bar, out: &mut Effects) {
        let is_its = |waiting: &mut Anchoring| waiting.attempt.symbol == print.symbol;
        for waiting in self.anchoring.extract_if(.., is_its).collect::<Vec<_>>() {
            let Anchoring { attempt, side, refusal, .. } = waiting;
            let (id, symbol) = (attempt.strategy, attempt.symbol);
            let strategy = self.config.run.strategy(id);
            let plan = self.strategies[id.index()].signals.plan(strategy, symbol, side, Some(print));
            let stands = plan.is_ok_and(|plan| {
                let is_reached = if side == Side::Long { print.close >= plan.level } else { print.close <= plan.level };
                is_reached && !side.reaches_stop(print.close, plan.protection.resolve(print.close).stop)
            });
            if stands {
                let crossing = Crossing { rank: 0, symbol, side: Some(side), bar: *print };
                self.enter(id, symbol, side, Some(&crossing), out);
            } else {
                self.decide(id, symbol, Reason::RejectedByBroker, refusal, out);
            }
        }
    }

    /// Gives up the entries for which no price came in time.
    pub(super) fn give_up_anchors(&mut self, out: &mut Effects) {
        let now = self.now;
        for late in self.anchoring.extract_if(.., |waiting| waiting.until <= now).collect::<Vec<_>>() {
            let Anchoring { attempt, refusal, .. } = late;
            self.decide(attempt.strategy, attempt.symbol, Reason::RejectedByBroker, refusal, out);
        }
    }

    /// Tells whether an entry in a symbol waits for a fresh price.
    pub(super) fn awaits_price(&self, symbol: SymbolId) -> bool {
        self.anchoring.iter().any(|waiting| waiting.attempt.symbol == symbol)
    }

    /// Returns when the next entry is given up.
    pub(super) fn next_anchor(&self) -> Option<Timestamp> {
        self.anchoring.iter().map(|waiting| waiting.until).min()
    }
}

/// Tells whether an attempt is the first of its day: a second one is not anchored anew.
const fn is_first(attempt: AttemptId) -> bool {
    attempt.attempt == 1
}

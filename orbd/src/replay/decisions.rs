//! What was decided in the end: the last state of each signal, order, trade and decision.

use std::collections::BTreeMap;

use orb_core::effect::Effect;
use orb_core::fact::Fact;
use orb_core::order::AttemptId;

use super::words::{self, Names};

/// Names what a decision became.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DecisionKind {
    /// A breakout, and what became of it.
    Signal,
    /// An order.
    Order,
    /// A position from its first share to its last.
    Trade,
    /// Why a symbol was not traded.
    NoTrade,
}

impl DecisionKind {
    /// Returns the kind's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Order => "order",
            Self::Trade => "trade",
            Self::NoTrade => "no trade",
        }
    }
}

/// Tells of something that ended otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionDifference {
    /// What it is.
    pub kind: DecisionKind,
    /// Which one: date, strategy, symbol and attempt, or an order's identifier.
    pub name: String,
    /// How it was recorded last; `None` when it was not there.
    pub recorded: Option<String>,
    /// How it ended today; `None` when it is not there.
    pub replayed: Option<String>,
}

/// Collects the last state of everything that was decided.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    last: BTreeMap<(DecisionKind, String), String>,
}

impl Decisions {
    /// Takes the effects of an event.
    pub(super) fn take(&mut self, effects: &[Effect], names: Names<'_>) {
        for effect in effects {
            if let Effect::Record(fact) = effect
                && let Some(key) = key(fact, names)
            {
                self.last.insert(key, words::fact(fact));
            }
        }
    }

    /// Lists what differs, by kind and name.
    pub(super) fn differences(&self, replayed: &Self) -> Vec<DecisionDifference> {
        let both = self.last.keys().chain(replayed.last.keys());
        let mut keys: Vec<_> = both.collect();
        keys.sort();
        keys.dedup();
        let differs = |key: &(DecisionKind, String)| {
            let (recorded, replayed) = (self.last.get(key), replayed.last.get(key));
            let (kind, name) = (key.0, key.1.clone());
            let difference =
                DecisionDifference { kind, name, recorded: recorded.cloned(), replayed: replayed.cloned() };
            (recorded != replayed).then_some(difference)
        };
        keys.into_iter().filter_map(differs).collect()
    }
}

fn key(fact: &Fact, names: Names<'_>) -> Option<(DecisionKind, String)> {
    let of = |kind, attempt: AttemptId| Some((kind, names.attempt(attempt)));
    match fact {
        Fact::Signal(signal) => of(DecisionKind::Signal, signal.attempt),
        Fact::Order(order) => Some((DecisionKind::Order, order.id.as_str().to_owned())),
        Fact::Trade(trade) => of(DecisionKind::Trade, trade.attempt),
        Fact::Decision(decision) => of(DecisionKind::NoTrade, decision.attempt),
        Fact::Session(_)
        | Fact::Fill(_)
        | Fact::Hold(_)
        | Fact::Closing(_)
        | Fact::Explained(_)
        | Fact::Limits(_)
        | Fact::StrategyStop(_)
        | Fact::Alarm(_) => None,
    }
}

//! Holds: the reasons for which entries are forbidden, as a set that survives restarts.

use crate::time::{Span, Timestamp};

macro_rules! hold_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $state:ident, $clearing:ident;)+) => {
        /// Names a hold.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum HoldKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl HoldKind {
            /// Lists all kinds.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the kind's name as files and the API carry it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// Returns the trading state that is shown under this hold.
            #[must_use]
            pub const fn state(self) -> TradingState {
                match self { $(Self::$name => TradingState::$state,)+ }
            }

            /// Returns who or what ends it.
            #[must_use]
            pub const fn clearing(self) -> Clearing {
                match self { $(Self::$name => Clearing::$clearing,)+ }
            }

            /// Returns the kind of a name, or `None` when there is none.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }
        }
    };
}

hold_kinds! {
    /// orb has just started and knows too little yet.
    Starting = "starting", Paused, Cause;
    /// The books and the broker are being compared.
    Reconciling = "reconciling", Paused, Cause;
    /// Market data is too old.
    StaleData = "stale_data", Paused, Cause;
    /// The database is slow or away.
    StoreDegraded = "store_degraded", Paused, Cause;
    /// The clock differs from the broker's.
    ClockSkew = "clock_skew", Paused, Cause;
    /// The broker does not answer.
    BrokerUnavailable = "broker_unavailable", Paused, Cause;
    /// The operator paused entries.
    OperatorPause = "operator_pause", Paused, Operator;
    /// The environment was switched.
    EnvironmentSwitched = "environment_switched", Paused, Operator;
    /// orb ended abnormally before.
    Crashed = "crashed", Reducing, Operator;
    /// A hard cap was passed.
    Breaker = "breaker", Reducing, Operator;
    /// The books and the broker differ.
    ReconcileBreak = "reconcile_break", Reducing, Operator;
    /// Somebody else trades the account.
    ForeignActivity = "foreign_activity", Reducing, Operator;
    /// The daily loss limit was reached.
    DailyLoss = "daily_loss", Reducing, NextSession;
    /// Everything is being closed.
    Flattening = "flattening", Flattening, Cause;
    /// The kill switch.
    Kill = "kill", Halted, Operator;
}

impl HoldKind {
    /// Returns a sentence about the usual cause, for holds that orb sets by itself.
    #[must_use]
    pub const fn cause(self) -> &'static str {
        match self {
            Self::Starting => "waiting for the broker's state",
            Self::Reconciling => "comparing the books with the broker",
            Self::StaleData => "market data are too old",
            Self::StoreDegraded => "the database is slow or away",
            Self::ClockSkew => "the clock differs from the broker's",
            Self::BrokerUnavailable => "the broker does not answer",
            Self::OperatorPause => "paused",
            Self::EnvironmentSwitched => "the environment was switched",
            Self::Crashed => "orb ended abnormally before: look at the log, then clear this hold",
            Self::Breaker => "a hard cap was passed",
            Self::ReconcileBreak => "books and broker differ",
            Self::ForeignActivity => "somebody else trades the account",
            Self::DailyLoss => "the daily loss limit was reached",
            Self::Flattening => "everything is being closed",
            Self::Kill => "killed",
        }
    }
}

impl HoldKind {
    /// Tells whether entries that already work at the broker are cancelled too: the hold is the operator's or safety's.
    ///
    /// A hold that ends with its cause leaves them: it is short, it may be that the broker cannot be reached at all, and
    /// what fills meanwhile is protected like any fill.
    #[must_use]
    pub const fn recalls_entries(self) -> bool {
        matches!(self.clearing(), Clearing::Operator | Clearing::NextSession)
    }
}

/// Names the state of trading, from the freest to the most restrictive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradingState {
    /// Entries are allowed.
    Active,
    /// Entries wait.
    Paused,
    /// Only exits.
    Reducing,
    /// Everything is being closed.
    Flattening,
    /// Stopped by the kill switch.
    Halted,
}

impl TradingState {
    /// Lists all states, from the least to the most restrictive.
    pub const ALL: [Self; 5] = [Self::Active, Self::Paused, Self::Reducing, Self::Flattening, Self::Halted];

    /// Returns the state's name as files and the API carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Paused => "PAUSED",
            Self::Reducing => "REDUCING",
            Self::Flattening => "FLATTENING",
            Self::Halted => "HALTED",
        }
    }
}

/// Names who or what ends a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearing {
    /// The end of its cause.
    Cause,
    /// The operator, with a reason.
    Operator,
    /// The next session.
    NextSession,
}

/// Holds one reason for which entries are forbidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which one.
    pub kind: HoldKind,
    /// A sentence for people.
    pub reason: String,
    /// Who or what set it.
    pub actor: String,
    /// When it was set.
    pub since: Timestamp,
}

/// Tells how a hold ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldClearance {
    /// Who or what cleared it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Keeps the set of holds.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    active: Vec<Hold>,
}

impl Holds {
    /// Takes up the holds that were in force before a restart.
    #[must_use]
    pub const fn restored(active: Vec<Hold>) -> Self {
        Self { active }
    }

    /// Tells whether entries are allowed: no hold is in force.
    #[must_use]
    pub const fn permits_entries(&self) -> bool {
        self.active.is_empty()
    }

    /// Returns the most restrictive state of the holds in force.
    #[must_use]
    pub fn state(&self) -> TradingState {
        self.active.iter().map(|hold| hold.kind.state()).max().unwrap_or(TradingState::Active)
    }

    /// Lists the holds in force in the order they were set.
    #[must_use]
    pub fn active(&self) -> &[Hold] {
        &self.active
    }

    /// Returns the hold of a kind, or `None` when it is not in force.
    #[must_use]
    pub fn get(&self, kind: HoldKind) -> Option<&Hold> {
        self.active.iter().find(|hold| hold.kind == kind)
    }

    /// Sets a hold; one of the same kind that is in force stays as it is, and `None` is returned.
    pub fn set(&mut self, hold: Hold) -> Option<&Hold> {
        if self.get(hold.kind).is_some() {
            return None;
        }
        self.active.push(hold);
        self.active.last()
    }

    /// Clears the hold of a kind and returns it, or `None` when it was not in force.
    pub fn clear(&mut self, kind: HoldKind) -> Option<Hold> {
        let index = self.active.iter().position(|hold| hold.kind == kind)?;
        Some(self.active.remove(index))
    }
}

/// Bounds how long an entry may wait between its decision and the socket.
pub const ENTRY_DEADLINE: Span = Span::from_seconds(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(kind: HoldKind) -> Hold {
        Hold { kind, reason: String::new(), actor: "test".to_owned(), since: Timestamp::from_micros(0) }
    }

    #[test]
    fn every_kind_alone_forbids_entries_and_shows_its_state() {
        for &kind in HoldKind::ALL {
            let mut holds = Holds::default();
            assert!(holds.permits_entries());
            assert!(holds.set(hold(kind)).is_some());
            assert!(!holds.permits_entries(), "{kind:?}");
            assert_eq!(holds.state(), kind.state());
            assert!(holds.set(hold(kind)).is_none(), "a hold is set once");
            assert!(holds.clear(kind).is_some() && holds.permits_entries());
            assert_eq!(HoldKind::from_name(kind.name()), Some(kind));
        }
    }

    #[test]
    fn the_most_restrictive_state_is_shown() {
        let mut holds = Holds::default();
        for kind in [HoldKind::Kill, HoldKind::Starting, HoldKind::DailyLoss] {
            holds.set(hold(kind));
        }
        assert_eq!(holds.state(), TradingState::Halted);
        holds.clear(HoldKind::Kill);
        assert_eq!(holds.state(), TradingState::Reducing);
    }
}

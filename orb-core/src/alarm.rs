//! Alarms: what is not as it must be, told again and again until it is over or somebody has taken note.

use crate::symbol::SymbolId;
use crate::time::Timestamp;

macro_rules! alarm_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)+) => {
        /// Names what an alarm is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AlarmKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl AlarmKind {
            /// Lists all kinds.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the kind's name as files and the API carry it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// Returns the kind of a name, or `None` when there is none.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }
        }
    };
}

alarm_kinds! {
    /// A close takes longer than it may; over when the broker is flat.
    CloseUnfinished = "close_unfinished";
    /// An order that is not orb's stands in the way of an exit; over when the exit is taken, or needed no more.
    ExitBlocked = "exit_blocked";
    /// An exit stands elsewhere than it is wanted and could not be moved; over when it stands right or is gone.
    ExitMisplaced = "exit_misplaced";
    /// Shares are held without a working stop; over when one protects them all, or they are left.
    StopMissing = "stop_missing";
    /// The broker has not answered for an order; over when it is known what became of it.
    OrderUnanswered = "order_unanswered";
    /// Books and broker hold different positions; over when a comparison finds them equal.
    BooksDiffer = "books_differ";
    /// The broker took back or changed an execution; over when the operator clears the hold `reconcile_break`.
    ExecutionCorrected = "execution_corrected";
}

/// Identifies an alarm within its ledger: the UTC microsecond of its beginning, or the next that is free; at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlarmId(pub u64);

/// Tells who took note of an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Who.
    pub actor: String,
    /// A sentence; may be empty.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Holds one thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Identifies it; the same cause that returns later is another alarm.
    pub id: AlarmId,
    /// What it is about.
    pub kind: AlarmKind,
    /// Whose symbol; `None` when it is about the account.
    pub symbol: Option<SymbolId>,
    /// What there was to say when it was told last.
    pub text: String,
    /// When its cause began.
    pub since: Timestamp,
    /// Who took note: it is told no more until its cause has ended and returned; `None` while nobody has.
    pub acknowledged: Option<Acknowledgement>,
}

/// Keeps the alarms whose causes have not ended: at most one of a kind for each symbol, and one for the account.
#[derive(Clone, Debug, Default)]
pub struct Alarms {
    active: Vec<Alarm>,
}

impl Alarms {
    /// Takes up the alarms of before a restart.
    #[must_use]
    pub const fn restored(active: Vec<Alarm>) -> Self {
        Self { active }
    }

    /// Lists the alarms whose causes have not ended, the oldest first.
    #[must_use]
    pub fn active(&self) -> &[Alarm] {
        &self.active
    }

    /// Raises an alarm or repeats it; returns it when it is to be told, and `None` when somebody has taken note of it.
    pub fn raise(&mut self, now: Timestamp, kind: AlarmKind, symbol: Option<SymbolId>, text: String) -> Option<&Alarm> {
        let known = self.active.iter().position(|alarm| alarm.kind == kind && alarm.symbol == symbol);
        let index = known.unwrap_or_else(|| {
            let id = self.free_id(now);
            self.active.push(Alarm { id, kind, symbol, text: String::new(), since: now, acknowledged: None });
            self.active.len() - 1
        });
        let alarm = &mut self.active[index];
        alarm.text = text;
        alarm.acknowledged.is_none().then_some(&*alarm)
    }

    fn free_id(&self, now: Timestamp) -> AlarmId {
        let next = self.active.iter().map(|alarm| alarm.id.0 + 1).max().unwrap_or(1);
        AlarmId(next.max(u64::try_from(now.micros()).unwrap_or_default()))
    }

    /// Notes that somebody took note of one alarm, or of all for `None`; returns those that nobody had taken note of.
    pub fn acknowledge(&mut self, id: Option<AlarmId>, by: &Acknowledgement) -> Vec<Alarm> {
        let is_meant = |alarm: &&mut Alarm| alarm.acknowledged.is_none() && id.is_none_or(|id| alarm.id == id);
        let meant = self.active.iter_mut().filter(is_meant);
        meant.map(|alarm| (alarm.acknowledged = Some(by.clone()), alarm.clone()).1).collect()
    }

    /// Ends the alarms whose cause is over, and returns them.
    pub fn end(&mut self, is_over: impl Fn(&Alarm) -> bool) -> Vec<Alarm> {
        self.active.extract_if(.., |alarm| is_over(alarm)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYMBOL: Option<SymbolId> = Some(SymbolId(3));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn by_ann() -> Acknowledgement {
        Acknowledgement { actor: "ann".to_owned(), reason: "seen".to_owned(), at: at(5) }
    }

    fn raise(alarms: &mut Alarms, second: i64, kind: AlarmKind) -> Option<AlarmId> {
        alarms.raise(at(second), kind, SYMBOL, format!("at {second}")).map(|alarm| alarm.id)
    }

    #[test]
    fn an_alarm_that_somebody_took_note_of_is_silent_until_its_cause_returns() {
        let mut alarms = Alarms::default();
        let first = raise(&mut alarms, 1, AlarmKind::StopMissing).expect("it is told");
        assert_eq!(raise(&mut alarms, 2, AlarmKind::StopMissing), Some(first), "it is told again");
        assert_eq!(alarms.acknowledge(Some(AlarmId(first.0 + 1)), &by_ann()), [], "another is meant");
        assert_eq!(alarms.acknowledge(Some(first), &by_ann()).len(), 1);
        assert_eq!(alarms.acknowledge(None, &by_ann()), [], "once is enough");
        assert_eq!(raise(&mut alarms, 3, AlarmKind::StopMissing), None);
        assert_eq!((alarms.active()[0].text.as_str(), alarms.active()[0].since), ("at 3", at(1)));
        assert_eq!(alarms.end(|_| true).len(), 1);
        assert!(raise(&mut alarms, 4, AlarmKind::StopMissing).is_some_and(|second| second != first));
    }

    #[test]
    fn alarms_of_one_instant_have_identifiers_of_their_own_and_are_taken_note_of_together() {
        let mut alarms = Alarms::default();
        let ids: Vec<_> = AlarmKind::ALL.iter().map(|kind| raise(&mut alarms, 1, *kind).expect("told")).collect();
        assert!(ids.is_sorted_by(|one, other| one < other), "{ids:?}");
        assert_eq!(alarms.acknowledge(None, &by_ann()).len(), AlarmKind::ALL.len());
        assert!(AlarmKind::ALL.iter().all(|kind| AlarmKind::from_name(kind.name()) == Some(*kind)));
    }
}

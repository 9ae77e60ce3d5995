//! What the engine records.

use orb_core::alarm::{Acknowledgement, Alarm, AlarmId};
use orb_core::fact::{
    AlarmRecord, ClosingRecord, Decision, Fact, Fill, HoldRecord, LimitsRecord, SessionRecord, Signal, StrategyStop,
    Trade,
};
use orb_core::hold::{Hold, HoldClearance};
use orb_core::order::Order;

use super::codec::{Encoded, JournalError, needed, optional};
use super::wire;
use super::wire::fact::Fact as WireFact;

impl Encoded for Fact {
    type Wire = wire::Fact;

    fn encode(&self) -> wire::Fact {
        let fact = match self {
            Self::Session(session) => WireFact::Session(session.encode()),
            Self::Signal(signal) => WireFact::Signal(signal.encode()),
            Self::Order(order) => WireFact::Order(order.encode()),
            Self::Fill(fill) => WireFact::Fill(fill.encode()),
            Self::Trade(trade) => WireFact::Trade(trade.encode()),
            Self::Decision(decision) => WireFact::Decision(decision.encode()),
            Self::Hold(record) => WireFact::Hold(record.encode()),
            Self::Closing(closing) => WireFact::Closing(closing.encode()),
            Self::Limits(limits) => WireFact::Limits(limits.encode()),
            Self::StrategyStop(stop) => WireFact::StrategyStop(stop.encode()),
            Self::Alarm(record) => WireFact::Alarm(record.encode()),
            // A journal leaves explanations out: they follow from its inputs, and nothing follows from them.
            Self::Explained(_) => return wire::Fact { fact: None },
        };
        wire::Fact { fact: Some(fact) }
    }

    fn decode(wire: wire::Fact) -> Result<Self, JournalError> {
        Ok(match wire.fact.ok_or(JournalError::Missing("a fact"))? {
            WireFact::Session(session) => Self::Session(Encoded::decode(session)?),
            WireFact::Signal(signal) => Self::Signal(Encoded::decode(signal)?),
            WireFact::Order(order) => Self::Order(Encoded::decode(order)?),
            WireFact::Fill(fill) => Self::Fill(Encoded::decode(fill)?),
            WireFact::Trade(trade) => Self::Trade(Encoded::decode(trade)?),
            WireFact::Decision(decision) => Self::Decision(Encoded::decode(decision)?),
            WireFact::Hold(record) => Self::Hold(Encoded::decode(record)?),
            WireFact::Closing(closing) => Self::Closing(Encoded::decode(closing)?),
            WireFact::Limits(limits) => Self::Limits(Encoded::decode(limits)?),
            WireFact::StrategyStop(stop) => Self::StrategyStop(Encoded::decode(stop)?),
            WireFact::Alarm(record) => Self::Alarm(Encoded::decode(record)?),
        })
    }
}

/// Declares a record whose fields have the same names in the message: those that are always there, those that may be
/// absent, those that are messages, and those of the same type on both sides.
macro_rules! record {
    ($type:ident as $wire:ident {
        plain: [$($plain:ident),* $(,)?],
        absent: [$($absent:ident),* $(,)?],
        message: [$($message:ident),* $(,)?],
        same: [$($same:ident),* $(,)?] $(,)?
    }) => {
        impl Encoded for $type {
            type Wire = wire::$wire;

            fn encode(&self) -> wire::$wire {
                wire::$wire {
                    $($plain: self.$plain.encode(),)*
                    $($absent: self.$absent.as_ref().map(Encoded::encode),)*
                    $($message: Some(self.$message.encode()),)*
                    $($same: self.$same.clone(),)*
                }
            }

            fn decode(wire: wire::$wire) -> Result<Self, JournalError> {
                Ok(Self {
                    $($plain: Encoded::decode(wire.$plain)?,)*
                    $($absent: optional(wire.$absent)?,)*
                    $($message: needed(wire.$message, stringify!($message))?,)*
                    $($same: wire.$same,)*
                })
            }
        }
    };
}

record!(SessionRecord as Session {
    plain: [date, open, close, equity_open, realized_net, fees],
    absent: [transfers_open],
    message: [],
    same: [ended],
});

record!(Signal as Signal {
    plain: [side, at, level, stop, quantity, status],
    absent: [reason, order, broker_order, submitted_at, filled_at, fill_price],
    message: [attempt],
    same: [detail, score_e6],
});

record!(Order as Order {
    plain: [id, role, side, quantity, status, filled, filled_notional, created_at, updated_at],
    absent: [broker_id, parent, rejection],
    message: [attempt, kind],
    same: [],
});

record!(Fill as Fill {
    plain: [order, side],
    absent: [taken_back],
    message: [attempt, execution],
    same: [],
});

record!(Trade as Trade {
    plain: [side, entered, exited, entry_time, entry_notional, exit_notional, fees, stop, unprotected],
    absent: [exit_time, target, exit_reason],
    message: [attempt],
    same: [],
});

record!(Decision as Decision {
    plain: [reason, at],
    absent: [],
    message: [attempt],
    same: [detail],
});

record!(ClosingRecord as Closing {
    plain: [reason, since, step],
    absent: [],
    message: [attempt],
    same: [],
});

record!(LimitsRecord as Limits {
    plain: [at],
    absent: [next],
    message: [in_force],
    same: [],
});

record!(StrategyStop as StrategyStop {
    plain: [date, strategy, at],
    absent: [],
    message: [],
    same: [reason],
});

record!(HoldClearance as Clearance {
    plain: [at],
    absent: [],
    message: [],
    same: [actor, reason],
});

record!(Acknowledgement as Acknowledgement {
    plain: [at],
    absent: [],
    message: [],
    same: [actor, reason],
});

impl Encoded for AlarmRecord {
    type Wire = wire::Alarm;

    fn encode(&self) -> wire::Alarm {
        let alarm = &self.alarm;
        wire::Alarm {
            id: alarm.id.0,
            kind: alarm.kind.encode(),
            symbol: alarm.symbol.as_ref().map(Encoded::encode),
            text: alarm.text.clone(),
            since: alarm.since.encode(),
            acknowledged: alarm.acknowledged.as_ref().map(Encoded::encode),
            ended: self.ended.as_ref().map(Encoded::encode),
        }
    }

    fn decode(wire: wire::Alarm) -> Result<Self, JournalError> {
        let alarm = Alarm {
            id: AlarmId(wire.id),
            kind: Encoded::decode(wire.kind)?,
            symbol: optional(wire.symbol)?,
            text: wire.text,
            since: Encoded::decode(wire.since)?,
            acknowledged: optional(wire.acknowledged)?,
        };
        Ok(Self { alarm, ended: optional(wire.ended)? })
    }
}

impl Encoded for HoldRecord {
    type Wire = wire::HoldRecord;

    fn encode(&self) -> wire::HoldRecord {
        wire::HoldRecord {
            kind: self.hold.kind.encode(),
            reason: self.hold.reason.clone(),
            actor: self.hold.actor.clone(),
            since: self.hold.since.encode(),
            cleared: self.cleared.as_ref().map(Encoded::encode),
        }
    }

    fn decode(wire: wire::HoldRecord) -> Result<Self, JournalError> {
        let kind = Encoded::decode(wire.kind)?;
        let hold = Hold { kind, reason: wire.reason, actor: wire.actor, since: Encoded::decode(wire.since)? };
        Ok(Self { hold, cleared: optional(wire.cleared)? })
    }
}

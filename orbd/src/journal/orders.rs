//! Orders, executions and refusals, as the broker reports them and as orb asks for them.

use orb_core::event::{BrokerAccount, BrokerFill, BrokerPosition, BrokerSnapshot};
use orb_core::order::{
    AttemptId, BrokerOrder, BrokerOrderId, ClientOrderId, Execution, OrderKind, OrderRequest, OrderUpdate, Rejection,
    Trigger,
};
use orb_core::protection::TargetRule;
use orb_core::{Protection, StopRule};

use super::codec::{Encoded, JournalError, decode_all, encode_all, needed, optional, small, unknown};
use super::wire;

macro_rules! text_ids {
    ($($type:ident),+) => {
        $(impl Encoded for $type {
            type Wire = String;
            fn encode(&self) -> String {
                self.as_str().to_owned()
            }
            fn decode(wire: String) -> Result<Self, JournalError> {
                Ok(Self::new(&wire))
            }
        })+
    };
}

text_ids!(ClientOrderId, BrokerOrderId);

impl Encoded for AttemptId {
    type Wire = wire::Attempt;

    fn encode(&self) -> wire::Attempt {
        wire::Attempt {
            date: self.date.encode(),
            strategy: self.strategy.encode(),
            symbol: self.symbol.encode(),
            number: u32::from(self.attempt),
        }
    }

    fn decode(wire: wire::Attempt) -> Result<Self, JournalError> {
        Ok(Self {
            date: Encoded::decode(wire.date)?,
            strategy: Encoded::decode(wire.strategy)?,
            symbol: Encoded::decode(wire.symbol)?,
            attempt: u16::try_from(wire.number).map_err(|_| unknown("attempt", &wire.number))?,
        })
    }
}

impl Encoded for OrderKind {
    type Wire = wire::OrderKind;

    fn encode(&self) -> wire::OrderKind {
        let kind = match self {
            Self::Market => wire::order_kind::Kind::Market(wire::Nothing {}),
            Self::Limit(price) => wire::order_kind::Kind::Limit(price.encode()),
            Self::Stop(price) => wire::order_kind::Kind::Stop(price.encode()),
        };
        wire::OrderKind { kind: Some(kind) }
    }

    fn decode(wire: wire::OrderKind) -> Result<Self, JournalError> {
        Ok(match wire.kind.ok_or(JournalError::Missing("the kind of an order"))? {
            wire::order_kind::Kind::Market(_) => Self::Market,
            wire::order_kind::Kind::Limit(price) => Self::Limit(Encoded::decode(price)?),
            wire::order_kind::Kind::Stop(price) => Self::Stop(Encoded::decode(price)?),
        })
    }
}

impl Encoded for BrokerOrder {
    type Wire = wire::BrokerOrder;

    fn encode(&self) -> wire::BrokerOrder {
        wire::BrokerOrder {
            broker_id: self.broker_id.encode(),
            client_id: self.client_id.as_ref().map(Encoded::encode),
            parent: self.parent.as_ref().map(Encoded::encode),
            symbol: self.symbol.encode(),
            side: self.side.encode(),
            quantity: self.quantity.encode(),
            kind: Some(self.kind.encode()),
            status: self.status.encode(),
            filled: self.filled.encode(),
            legs: encode_all(&self.legs),
            replaces: self.replaces.as_ref().map(Encoded::encode),
        }
    }

    fn decode(wire: wire::BrokerOrder) -> Result<Self, JournalError> {
        Ok(Self {
            broker_id: Encoded::decode(wire.broker_id)?,
            client_id: optional(wire.client_id)?,
            parent: optional(wire.parent)?,
            replaces: optional(wire.replaces)?,
            symbol: Encoded::decode(wire.symbol)?,
            side: Encoded::decode(wire.side)?,
            quantity: Encoded::decode(wire.quantity)?,
            kind: needed(wire.kind, "the kind of an order")?,
            status: Encoded::decode(wire.status)?,
            filled: Encoded::decode(wire.filled)?,
            legs: decode_all(wire.legs)?,
        })
    }
}

impl Encoded for Execution {
    type Wire = wire::Execution;

    fn encode(&self) -> wire::Execution {
        wire::Execution {
            id: self.id.clone(),
            price: self.price.encode(),
            quantity: self.quantity.encode(),
            fee: self.fee.encode(),
            at: self.at.encode(),
            at_data_end: self.at_data_end,
        }
    }

    fn decode(wire: wire::Execution) -> Result<Self, JournalError> {
        Ok(Self {
            id: wire.id,
            price: Encoded::decode(wire.price)?,
            quantity: Encoded::decode(wire.quantity)?,
            fee: Encoded::decode(wire.fee)?,
            at: Encoded::decode(wire.at)?,
            at_data_end: wire.at_data_end,
        })
    }
}

impl Encoded for OrderUpdate {
    type Wire = wire::OrderUpdate;

    fn encode(&self) -> wire::OrderUpdate {
        wire::OrderUpdate {
            event: self.event.encode(),
            order: Some(self.order.encode()),
            execution: self.execution.as_ref().map(Encoded::encode),
            at: self.at.encode(),
            rejection: self.rejection.as_ref().map(Encoded::encode),
        }
    }

    fn decode(wire: wire::OrderUpdate) -> Result<Self, JournalError> {
        Ok(Self {
            event: Encoded::decode(wire.event)?,
            order: needed(wire.order, "the order of an update")?,
            execution: optional(wire.execution)?,
            at: Encoded::decode(wire.at)?,
            rejection: optional(wire.rejection)?,
        })
    }
}

impl Encoded for Rejection {
    type Wire = wire::Rejection;

    fn encode(&self) -> wire::Rejection {
        wire::Rejection {
            code: self.code,
            message: self.message.clone(),
            related_orders: encode_all(&self.related_orders),
            available: self.available.as_ref().map(Encoded::encode),
            kind: self.kind.encode(),
        }
    }

    fn decode(wire: wire::Rejection) -> Result<Self, JournalError> {
        Ok(Self {
            code: wire.code,
            message: wire.message,
            related_orders: decode_all(wire.related_orders)?,
            available: optional(wire.available)?,
            kind: Encoded::decode(wire.kind)?,
        })
    }
}

impl Encoded for BrokerPosition {
    type Wire = wire::Position;

    fn encode(&self) -> wire::Position {
        wire::Position { symbol: self.symbol.encode(), quantity: self.quantity.encode() }
    }

    fn decode(wire: wire::Position) -> Result<Self, JournalError> {
        Ok(Self { symbol: Encoded::decode(wire.symbol)?, quantity: Encoded::decode(wire.quantity)? })
    }
}

impl Encoded for BrokerAccount {
    type Wire = wire::Account;

    fn encode(&self) -> wire::Account {
        wire::Account {
            equity: self.equity.encode(),
            cash: self.cash.encode(),
            multiplier: self.multiplier.map(u32::from),
        }
    }

    fn decode(wire: wire::Account) -> Result<Self, JournalError> {
        Ok(Self {
            equity: Encoded::decode(wire.equity)?,
            cash: Encoded::decode(wire.cash)?,
            multiplier: small(wire.multiplier, "a multiplier")?,
        })
    }
}

impl Encoded for BrokerFill {
    type Wire = wire::BrokerFill;

    fn encode(&self) -> wire::BrokerFill {
        wire::BrokerFill { order: Some(self.order.encode()), execution: Some(self.execution.encode()) }
    }

    fn decode(wire: wire::BrokerFill) -> Result<Self, JournalError> {
        Ok(Self {
            order: needed(wire.order, "the order of a fill")?,
            execution: needed(wire.execution, "the execution of a fill")?,
        })
    }
}

impl Encoded for BrokerSnapshot {
    type Wire = wire::BrokerSnapshot;

    fn encode(&self) -> wire::BrokerSnapshot {
        wire::BrokerSnapshot {
            orders: encode_all(&self.orders),
            positions: encode_all(&self.positions),
            fills: encode_all(&self.fills),
            account: Some(self.account.encode()),
            foreign: self.foreign.clone(),
            transfers: self.transfers.as_ref().map(Encoded::encode),
        }
    }

    fn decode(wire: wire::BrokerSnapshot) -> Result<Self, JournalError> {
        Ok(Self {
            orders: decode_all(wire.orders)?,
            positions: decode_all(wire.positions)?,
            fills: decode_all(wire.fills)?,
            account: needed(wire.account, "the account of a snapshot")?,
            foreign: wire.foreign,
            transfers: optional(wire.transfers)?,
        })
    }
}

impl Encoded for Protection {
    type Wire = wire::Protection;

    fn encode(&self) -> wire::Protection {
        let stop = match self.stop {
            StopRule::At(price) => wire::protection::Stop::At(price.encode()),
            StopRule::FromFill(distance) => wire::protection::Stop::FromFill(distance.encode()),
            StopRule::Percent(percent) => wire::protection::Stop::Percent(percent.to_string()),
        };
        let (target_r, target_percent) = match self.target {
            Some(TargetRule::Risk(multiple)) => (Some(multiple.to_string()), None),
            Some(TargetRule::Percent(percent)) => (None, Some(percent.to_string())),
            None => (None, None),
        };
        wire::Protection { side: self.side.encode(), stop: Some(stop), target_r, target_percent }
    }

    fn decode(wire: wire::Protection) -> Result<Self, JournalError> {
        let stop = match wire.stop.ok_or(JournalError::Missing("the stop of an entry"))? {
            wire::protection::Stop::At(price) => StopRule::At(Encoded::decode(price)?),
            wire::protection::Stop::FromFill(distance) => StopRule::FromFill(Encoded::decode(distance)?),
            wire::protection::Stop::Percent(percent) => StopRule::Percent(decimal("stop", &percent)?),
        };
        let target = match (wire.target_r, wire.target_percent) {
            (Some(multiple), _) => Some(TargetRule::Risk(decimal("target", &multiple)?)),
            (None, Some(percent)) => Some(TargetRule::Percent(decimal("target", &percent)?)),
            (None, None) => None,
        };
        Ok(Self { side: Encoded::decode(wire.side)?, stop, target })
    }
}

fn decimal(what: &'static str, text: &str) -> Result<rust_decimal::Decimal, JournalError> {
    text.parse().map_err(|_| unknown(what, &text))
}

impl Encoded for OrderRequest {
    type Wire = wire::OrderRequest;

    fn encode(&self) -> wire::OrderRequest {
        wire::OrderRequest {
            id: self.id.encode(),
            attempt: Some(self.attempt.encode()),
            role: self.role.encode(),
            side: self.side.encode(),
            quantity: self.quantity.encode(),
            kind: Some(self.kind.encode()),
            time_in_force: self.time_in_force.encode(),
            attached: self.attached.as_ref().map(Encoded::encode),
            paired_stop: self.paired_stop.as_ref().map(Encoded::encode),
            trigger_first_bar: self.trigger.map(|trigger| trigger.first_bar.encode()),
        }
    }

    fn decode(wire: wire::OrderRequest) -> Result<Self, JournalError> {
        let first_bar = optional(wire.trigger_first_bar)?;
        Ok(Self {
            id: Encoded::decode(wire.id)?,
            attempt: needed(wire.attempt, "the attempt of an order")?,
            role: Encoded::decode(wire.role)?,
            side: Encoded::decode(wire.side)?,
            quantity: Encoded::decode(wire.quantity)?,
            kind: needed(wire.kind, "the kind of an order")?,
            time_in_force: Encoded::decode(wire.time_in_force)?,
            attached: optional(wire.attached)?,
            paired_stop: optional(wire.paired_stop)?,
            trigger: first_bar.map(|first_bar| Trigger { first_bar }),
        })
    }
}

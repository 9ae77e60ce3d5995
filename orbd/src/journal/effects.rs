//! What leaves the engine.

use orb_core::effect::{Action, Alert, BrokerEffect, Effect, EffectId};

use super::codec::{Encoded, JournalError, decode_all, encode_all, needed, optional};
use super::wire;
use super::wire::broker_effect::Action as WireAction;
use super::wire::effect::Effect as WireEffect;

impl Encoded for Effect {
    type Wire = wire::Effect;

    fn encode(&self) -> wire::Effect {
        let effect = match self {
            Self::Broker(effect) => WireEffect::Broker(effect.encode()),
            Self::Record(fact) => WireEffect::Record(fact.encode()),
            Self::Alert(alert) => WireEffect::Alert(alert.encode()),
        };
        wire::Effect { effect: Some(effect) }
    }

    fn decode(wire: wire::Effect) -> Result<Self, JournalError> {
        Ok(match wire.effect.ok_or(JournalError::Missing("an effect"))? {
            WireEffect::Broker(effect) => Self::Broker(Encoded::decode(effect)?),
            WireEffect::Record(fact) => Self::Record(Encoded::decode(fact)?),
            WireEffect::Alert(alert) => Self::Alert(Encoded::decode(alert)?),
        })
    }
}

impl Encoded for BrokerEffect {
    type Wire = wire::BrokerEffect;

    fn encode(&self) -> wire::BrokerEffect {
        wire::BrokerEffect {
            id: self.id.0,
            symbol: self.symbol.as_ref().map(Encoded::encode),
            class: self.class.encode(),
            not_after: self.not_after.as_ref().map(Encoded::encode),
            action: Some(self.action.encode()),
        }
    }

    fn decode(wire: wire::BrokerEffect) -> Result<Self, JournalError> {
        Ok(Self {
            id: EffectId(wire.id),
            symbol: optional(wire.symbol)?,
            class: Encoded::decode(wire.class)?,
            not_after: optional(wire.not_after)?,
            action: needed(wire.action, "the action of an effect")?,
        })
    }
}

impl Encoded for Action {
    type Wire = WireAction;

    fn encode(&self) -> WireAction {
        match self {
            Self::Submit(request) => WireAction::Submit(request.encode()),
            Self::Replace { order, broker_id, price } => WireAction::Replace(wire::Replace {
                order: order.encode(),
                broker_id: broker_id.encode(),
                price: price.encode(),
            }),
            Self::Cancel { order, broker_id } => WireAction::Cancel(wire::Cancel {
                order: order.encode(),
                broker_id: broker_id.as_ref().map(Encoded::encode),
            }),
            Self::Find(order) => WireAction::Find(order.encode()),
            Self::QueryPositions => WireAction::QueryPositions(wire::Nothing {}),
            Self::QuerySnapshot => WireAction::QuerySnapshot(wire::Nothing {}),
            Self::QueryBars { symbols, from, to } => WireAction::QueryBars(wire::QueryBars {
                symbols: encode_all(symbols),
                from: from.encode(),
                to: to.encode(),
            }),
        }
    }

    fn decode(wire: WireAction) -> Result<Self, JournalError> {
        Ok(match wire {
            WireAction::Submit(request) => Self::Submit(Encoded::decode(request)?),
            WireAction::Replace(found) => Self::Replace {
                order: Encoded::decode(found.order)?,
                broker_id: Encoded::decode(found.broker_id)?,
                price: Encoded::decode(found.price)?,
            },
            WireAction::Cancel(found) => {
                Self::Cancel { order: Encoded::decode(found.order)?, broker_id: optional(found.broker_id)? }
            }
            WireAction::Find(order) => Self::Find(Encoded::decode(order)?),
            WireAction::QueryPositions(_) => Self::QueryPositions,
            WireAction::QuerySnapshot(_) => Self::QuerySnapshot,
            WireAction::QueryBars(found) => Self::QueryBars {
                symbols: decode_all(found.symbols)?,
                from: Encoded::decode(found.from)?,
                to: Encoded::decode(found.to)?,
            },
        })
    }
}

impl Encoded for Alert {
    type Wire = wire::Alert;

    fn encode(&self) -> wire::Alert {
        wire::Alert {
            severity: self.severity.encode(),
            component: self.component.encode(),
            symbol: self.symbol.as_ref().map(Encoded::encode),
            message: self.message.clone(),
        }
    }

    fn decode(wire: wire::Alert) -> Result<Self, JournalError> {
        Ok(Self {
            severity: Encoded::decode(wire.severity)?,
            component: Encoded::decode(wire.component)?,
            symbol: optional(wire.symbol)?,
            message: wire.message,
        })
    }
}

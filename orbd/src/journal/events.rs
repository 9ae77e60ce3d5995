//! What enters the engine.

use orb_core::alarm::AlarmId;
use orb_core::effect::EffectId;
use orb_core::event::{Authorised, Command, Event, FeedState, MarketData, Origin, Outcome, RiskLimits};

use super::codec::{Encoded, JournalError, decode_all, encode_all, needed};
use super::wire;
use super::wire::authorised::Command as WireCommand;
use super::wire::entry::Event as WireEvent;
use super::wire::feed::State as WireState;
use super::wire::outcome::Outcome as WireOutcome;

const NOTHING: wire::Nothing = wire::Nothing {};

impl Encoded for Event {
    type Wire = WireEvent;

    fn encode(&self) -> WireEvent {
        match self {
            Self::Market(origin, data) => encode_market(*origin, data),
            Self::Order(update) => WireEvent::Order(update.encode()),
            Self::Snapshot(snapshot) => WireEvent::Snapshot(snapshot.encode()),
            Self::Reference(reference) => WireEvent::Reference(reference.encode()),
            Self::Outcome(effect, outcome) => {
                WireEvent::Outcome(wire::Outcome { effect: effect.0, outcome: Some(outcome.encode()) })
            }
            Self::Command(authorised) => WireEvent::Command(authorised.encode()),
            Self::Limits(limits) => WireEvent::Limits(limits.encode()),
            Self::Feed(state) => WireEvent::Feed(state.encode()),
            Self::Wakeup => WireEvent::Wakeup(NOTHING),
        }
    }

    fn decode(wire: WireEvent) -> Result<Self, JournalError> {
        Ok(match wire {
            WireEvent::Bars(bars) => {
                Self::Market(Origin::decode(bars.origin)?, MarketData::Bars(decode_all(bars.bars)?))
            }
            WireEvent::Correction(found) => {
                let bar = needed(found.bar, "the bar of a correction")?;
                Self::Market(Origin::decode(found.origin)?, MarketData::Correction(bar))
            }
            WireEvent::Quote(quote) => Self::Market(Origin::decode(quote.origin)?, decode_quote(&quote)?),
            WireEvent::Print(trade) => {
                let (symbol, price) = (Encoded::decode(trade.symbol)?, Encoded::decode(trade.price)?);
                let data = MarketData::Trade { symbol, price, size: trade.size };
                Self::Market(Origin::decode(trade.origin)?, data)
            }
            WireEvent::Halt(halt) => {
                let data = MarketData::Halt { symbol: Encoded::decode(halt.symbol)?, halted: halt.halted };
                Self::Market(Origin::decode(halt.origin)?, data)
            }
            WireEvent::Order(update) => Self::Order(Encoded::decode(update)?),
            WireEvent::Snapshot(snapshot) => Self::Snapshot(Encoded::decode(snapshot)?),
            WireEvent::Reference(reference) => Self::Reference(Encoded::decode(reference)?),
            WireEvent::Outcome(found) => Self::Outcome(EffectId(found.effect), needed(found.outcome, "an outcome")?),
            WireEvent::Command(authorised) => Self::Command(Encoded::decode(authorised)?),
            WireEvent::Limits(limits) => Self::Limits(Encoded::decode(limits)?),
            WireEvent::Feed(state) => Self::Feed(Encoded::decode(state)?),
            WireEvent::Wakeup(_) => Self::Wakeup,
        })
    }
}

fn encode_market(origin: Origin, data: &MarketData) -> WireEvent {
    let origin = origin.encode();
    match data {
        MarketData::Bars(bars) => WireEvent::Bars(wire::Bars { origin, bars: encode_all(bars) }),
        MarketData::Correction(bar) => WireEvent::Correction(wire::Correction { origin, bar: Some(bar.encode()) }),
        MarketData::Trade { symbol, price, size } => {
            WireEvent::Print(wire::Print { origin, symbol: symbol.encode(), price: price.encode(), size: *size })
        }
        MarketData::Quote { symbol, bid, ask } => {
            WireEvent::Quote(wire::Quote { origin, symbol: symbol.encode(), bid: bid.encode(), ask: ask.encode() })
        }
        MarketData::Halt { symbol, halted } => {
            WireEvent::Halt(wire::Halt { origin, symbol: symbol.encode(), halted: *halted })
        }
    }
}

fn decode_quote(quote: &wire::Quote) -> Result<MarketData, JournalError> {
    Ok(MarketData::Quote {
        symbol: Encoded::decode(quote.symbol)?,
        bid: Encoded::decode(quote.bid)?,
        ask: Encoded::decode(quote.ask)?,
    })
}

impl Encoded for Outcome {
    type Wire = WireOutcome;

    fn encode(&self) -> WireOutcome {
        match self {
            Self::Accepted(order) => WireOutcome::Accepted(order.encode()),
            Self::Rejected(rejection) => WireOutcome::Rejected(rejection.encode()),
            Self::Unknown => WireOutcome::Unknown(NOTHING),
            Self::Found(order) => WireOutcome::Found(order.encode()),
            Self::NotFound => WireOutcome::NotFound(NOTHING),
            Self::Done => WireOutcome::Done(NOTHING),
            Self::Positions(positions) => WireOutcome::Positions(wire::Positions { positions: encode_all(positions) }),
            Self::Account(account) => WireOutcome::Account(account.encode()),
            Self::Bars(bars) => WireOutcome::Bars(wire::BarList { bars: encode_all(bars) }),
        }
    }

    fn decode(wire: WireOutcome) -> Result<Self, JournalError> {
        Ok(match wire {
            WireOutcome::Accepted(order) => Self::Accepted(Encoded::decode(order)?),
            WireOutcome::Rejected(rejection) => Self::Rejected(Encoded::decode(rejection)?),
            WireOutcome::Unknown(_) => Self::Unknown,
            WireOutcome::Found(order) => Self::Found(Encoded::decode(order)?),
            WireOutcome::NotFound(_) => Self::NotFound,
            WireOutcome::Done(_) => Self::Done,
            WireOutcome::Positions(list) => Self::Positions(decode_all(list.positions)?),
            WireOutcome::Account(account) => Self::Account(Encoded::decode(account)?),
            WireOutcome::Bars(list) => Self::Bars(decode_all(list.bars)?),
        })
    }
}

impl Encoded for Authorised {
    type Wire = wire::Authorised;

    fn encode(&self) -> wire::Authorised {
        let command = match self.command {
            Command::Kill { flatten } => WireCommand::Kill(flatten),
            Command::Pause => WireCommand::Pause(NOTHING),
            Command::Clear(kind) => WireCommand::Clear(kind.encode()),
            Command::Close(symbol) => WireCommand::Close(symbol.encode()),
            Command::CloseAll => WireCommand::CloseAll(NOTHING),
            Command::CancelEntries => WireCommand::CancelEntries(NOTHING),
            Command::CancelEntry(attempt) => WireCommand::CancelEntry(attempt.encode()),
            Command::Limit(limits) => WireCommand::Limit(limits.encode()),
            Command::AcknowledgeAlarms(id) => WireCommand::AcknowledgeAlarms(id.map_or(0, |id| id.0)),
        };
        wire::Authorised {
            request_id: self.request_id.clone(),
            actor: self.actor.clone(),
            reason: self.reason.clone(),
            command: Some(command),
        }
    }

    fn decode(wire: wire::Authorised) -> Result<Self, JournalError> {
        let command = match wire.command.ok_or(JournalError::Missing("a command"))? {
            WireCommand::Kill(flatten) => Command::Kill { flatten },
            WireCommand::Pause(_) => Command::Pause,
            WireCommand::Clear(kind) => Command::Clear(Encoded::decode(kind)?),
            WireCommand::Close(symbol) => Command::Close(Encoded::decode(symbol)?),
            WireCommand::CloseAll(_) => Command::CloseAll,
            WireCommand::CancelEntries(_) => Command::CancelEntries,
            WireCommand::CancelEntry(attempt) => Command::CancelEntry(Encoded::decode(attempt)?),
            WireCommand::Limit(limits) => Command::Limit(Encoded::decode(limits)?),
            WireCommand::AcknowledgeAlarms(0) => Command::AcknowledgeAlarms(None),
            WireCommand::AcknowledgeAlarms(id) => Command::AcknowledgeAlarms(Some(AlarmId(id))),
        };
        Ok(Self { request_id: wire.request_id, actor: wire.actor, reason: wire.reason, command })
    }
}

impl Encoded for RiskLimits {
    type Wire = wire::RiskLimits;

    fn encode(&self) -> wire::RiskLimits {
        wire::RiskLimits { daily_loss_e6: self.daily_loss_e6, max_positions: self.max_positions }
    }

    fn decode(wire: wire::RiskLimits) -> Result<Self, JournalError> {
        Ok(Self { daily_loss_e6: wire.daily_loss_e6, max_positions: wire.max_positions })
    }
}

impl Encoded for FeedState {
    type Wire = wire::Feed;

    fn encode(&self) -> wire::Feed {
        let state = match self {
            Self::Trouble(kind) => WireState::Trouble(kind.encode()),
            Self::Recovered(kind) => WireState::Recovered(kind.encode()),
        };
        wire::Feed { state: Some(state) }
    }

    fn decode(wire: wire::Feed) -> Result<Self, JournalError> {
        Ok(match wire.state.ok_or(JournalError::Missing("the state of the feed"))? {
            WireState::Trouble(kind) => Self::Trouble(Encoded::decode(kind)?),
            WireState::Recovered(kind) => Self::Recovered(Encoded::decode(kind)?),
        })
    }
}

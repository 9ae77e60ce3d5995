//! What leaves the engine.

use crate::fact::Fact;
use crate::order::{BrokerOrderId, ClientOrderId, OrderRequest};
use crate::symbol::SymbolId;
use crate::time::Timestamp;

/// Numbers a broker effect, so that its outcome can be matched; counts from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectId(pub u64);

/// Asks for something to be done or kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// To be done at the broker, after everything before it is committed.
    Broker(BrokerEffect),
    /// To be kept in the transaction of the event.
    Record(Fact),
    /// To be told to people.
    Alert(Alert),
}

/// Asks the broker for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerEffect {
    /// Number for the outcome.
    pub id: EffectId,
    /// Which symbol it is about; `None` when about the account.
    pub symbol: Option<SymbolId>,
    /// Its priority.
    pub class: EffectClass,
    /// It must not be sent after this; `None` without a deadline.
    pub not_after: Option<Timestamp>,
    /// What to do.
    pub action: Action,
}

/// Orders broker effects by priority, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EffectClass {
    /// Leaves a position.
    Exit,
    /// Protects a position.
    Protect,
    /// Cancels an order.
    Cancel,
    /// Asks a question.
    Query,
    /// Opens a position.
    Entry,
}

/// Says what to do at the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Place an order.
    Submit(OrderRequest),
    /// Move the price of a working exit.
    Replace {
        /// Our identifier.
        order: ClientOrderId,
        /// The broker's identifier.
        broker_id: BrokerOrderId,
        /// The new stop or limit price.
        price: crate::money::Price,
    },
    /// Cancel an order.
    Cancel {
        /// Our identifier.
        order: ClientOrderId,
        /// The broker's identifier; `None` when it never answered, to be looked up by ours.
        broker_id: Option<BrokerOrderId>,
    },
    /// Look an order up by our identifier.
    Find(ClientOrderId),
    /// Ask for all positions.
    QueryPositions,
    /// Ask for the whole state.
    QuerySnapshot,
    /// Ask for the bars of symbols that start in [from, to).
    QueryBars {
        /// Which symbols.
        symbols: Vec<SymbolId>,
        /// Start of the first bar.
        from: Timestamp,
        /// End of the last bar.
        to: Timestamp,
    },
}

/// Orders alerts by weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A change that a trader cares about.
    Info,
    /// Worth a look.
    Warn,
    /// Never expected.
    Error,
}

/// Names the part of orb that speaks; a stable list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// Sends orders and follows them.
    Executor,
    /// Guards limits and holds.
    RiskManager,
    /// Talks to the broker.
    Alpaca,
    /// Builds ranges and signals.
    Strategy,
    /// Keeps the records.
    Store,
    /// Answers clients.
    Api,
    /// Brings market data.
    Data,
}

impl Component {
    /// Returns the component's name as logs and the API carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Executor => "Executor",
            Self::RiskManager => "RiskManager",
            Self::Alpaca => "Alpaca",
            Self::Strategy => "Strategy",
            Self::Store => "Store",
            Self::Api => "Api",
            Self::Data => "Data",
        }
    }
}

/// Tells people something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its weight.
    pub severity: Severity,
    /// Who speaks.
    pub component: Component,
    /// Whose symbol; `None` when it is about none.
    pub symbol: Option<SymbolId>,
    /// A sentence.
    pub message: String,
}

/// Collects the effects of events in order.
#[derive(Debug, Default)]
#[must_use]
pub struct Effects {
    list: Vec<Effect>,
    last_id: u64,
}

impl Effects {
    /// Makes an empty collection whose next broker effect follows the number `last_id`.
    pub const fn after(last_id: u64) -> Self {
        Self { list: Vec::new(), last_id }
    }

    /// Adds a broker effect and returns its number.
    pub fn broker(
        &mut self,
        symbol: Option<SymbolId>,
        class: EffectClass,
        not_after: Option<Timestamp>,
        action: Action,
    ) -> EffectId {
        self.last_id += 1;
        let id = EffectId(self.last_id);
        self.list.push(Effect::Broker(BrokerEffect { id, symbol, class, not_after, action }));
        id
    }

    /// Adds a fact to be recorded.
    pub fn record(&mut self, fact: Fact) {
        self.list.push(Effect::Record(fact));
    }

    /// Adds an alert.
    pub fn alert(&mut self, severity: Severity, component: Component, symbol: Option<SymbolId>, message: String) {
        self.list.push(Effect::Alert(Alert { severity, component, symbol, message }));
    }

    /// Returns the effects in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Effect] {
        &self.list
    }

    /// Tells whether there are no effects.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Takes the effects out in order and keeps the memory.
    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.list.drain(..)
    }

    /// Moves the effects into another list, in order, and keeps the memory.
    pub fn move_into(&mut self, target: &mut Vec<Effect>) {
        target.append(&mut self.list);
    }
}

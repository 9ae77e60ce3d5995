//! A broker against a test's server, and short ways to ask it.

use std::sync::Arc;
use std::time::Duration;

use orb_core::config::StrategyId;
use orb_core::effect::{Action, BrokerEffect, EffectClass, EffectId};
use orb_core::event::Outcome;
use orb_core::order::{
    AttemptId, BrokerOrder, BrokerOrderId, ClientOrderId, OrderKind, OrderRequest, OrderRole, Rejection, TimeInForce,
};
use orb_core::protection::{Protection, StopRule};
use orb_core::{
    Calendar, Date, OrderSide, Price, Quantity, Session, Side, Span, Symbol, SymbolId, SymbolTable, Timestamp,
};
use orb_exec::alpaca::{
    AlpacaBroker, AlpacaConfig, BracketSupport, BrokerHandle, BrokerParts, Credentials, Environment, Feed,
    RequestLimits, Urls,
};
use orb_exec::{Broker as _, BrokerEvent, Clock, EntryGate, Ownership, WallClock};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::server::Server;

pub(crate) const AAPL: SymbolId = SymbolId(0);
pub(crate) const BRK_B: SymbolId = SymbolId(1);
pub(crate) const SPY: SymbolId = SymbolId(2);

/// How long a test waits for what must come; far beyond what it takes.
const WAIT: Duration = Duration::from_secs(60);

pub(crate) struct Rig<C: Clock = WallClock> {
    pub(crate) broker: AlpacaBroker<C>,
    pub(crate) handle: BrokerHandle<C>,
    pub(crate) events: mpsc::UnboundedReceiver<BrokerEvent>,
    pub(crate) gate: EntryGate,
    clock: C,
    last: u64,
}

pub(crate) fn config(server: &Server, timeout: Duration) -> AlpacaConfig {
    AlpacaConfig {
        environment: Environment::Sim,
        urls: Urls::sim(server.address),
        feed: Feed::Iex,
        credentials: Credentials { key_id: "KEY".into(), secret: "SECRET".into() },
        limits: RequestLimits { per_minute: 10_000, reserve: 100, timeout },
    }
}

pub(crate) fn symbols() -> Arc<SymbolTable> {
    Arc::new(SymbolTable::new(["AAPL", "BRK.B", "SPY"].map(|text| Symbol::new(text).expect(text))))
}

/// Returns a calendar whose only session began an hour ago.
pub(crate) fn calendar() -> Arc<Calendar> {
    let open = WallClock::default().now() - Span::from_minutes(60);
    let date = Date::from_ymd_opt(2026, 11, 27).expect("a date");
    let session = Session { date, open, close: open + Span::from_minutes(390) };
    Arc::new(Calendar::new(vec![session]).expect("one session"))
}

impl Rig {
    pub(crate) fn new(server: &Server) -> Self {
        Self::with_timeout(server, Duration::from_secs(20))
    }

    pub(crate) fn with_timeout(server: &Server, timeout: Duration) -> Self {
        Self::with_config(config(server, timeout))
    }

    pub(crate) fn with_config(config: AlpacaConfig) -> Self {
        Self::with_clock(config, calendar(), WallClock::default())
    }

    /// Makes a broker of which somebody else may be the owner.
    pub(crate) fn owned(server: &Server, owner: Arc<dyn Ownership>) -> Self {
        let config = config(server, Duration::from_secs(20));
        Self::with_gate(config, calendar(), WallClock::default(), EntryGate::owned(owner))
    }
}

impl<C: Clock> Rig<C> {
    pub(crate) fn with_clock(config: AlpacaConfig, calendar: Arc<Calendar>, clock: C) -> Self {
        Self::with_gate(config, calendar, clock, EntryGate::default())
    }

    fn with_gate(config: AlpacaConfig, calendar: Arc<Calendar>, clock: C, gate: EntryGate) -> Self {
        let (events, received) = mpsc::unbounded_channel();
        let (symbols, brackets) = (symbols(), BracketSupport::default());
        let parts =
            BrokerParts { config, symbols, calendar, gate: gate.clone(), clock: clock.clone(), brackets, events };
        let broker = AlpacaBroker::new(parts).expect("addresses on this machine");
        Self { handle: broker.handle(), broker, events: received, gate, clock, last: 0 }
    }

    /// Hands an effect to the broker and returns its number.
    pub(crate) async fn perform(&mut self, symbol: Option<SymbolId>, class: EffectClass, action: Action) -> EffectId {
        self.last += 1;
        let (id, now) = (EffectId(self.last), self.clock.now());
        let not_after = (class == EffectClass::Entry).then(|| now + Span::from_seconds(30));
        let epoch = self.gate.epoch();
        self.broker.perform(now, epoch, BrokerEffect { id, symbol, class, not_after, action }).await;
        id
    }

    pub(crate) async fn next(&mut self) -> BrokerEvent {
        tokio::time::timeout(WAIT, self.events.recv()).await.expect("something is reported").expect("the broker lives")
    }

    /// Returns the next outcome and passes over what else is reported.
    pub(crate) async fn next_outcome(&mut self) -> (EffectId, Outcome) {
        loop {
            if let BrokerEvent::Outcome(id, outcome) = self.next().await {
                return (id, outcome);
            }
        }
    }

    /// Has an effect done and returns its outcome.
    pub(crate) async fn outcome(&mut self, class: EffectClass, action: Action) -> Outcome {
        let id = self.perform(Some(AAPL), class, action).await;
        let (of, outcome) = self.next_outcome().await;
        assert_eq!(of, id);
        outcome
    }

    pub(crate) async fn rejection(&mut self, class: EffectClass, action: Action) -> Rejection {
        let outcome = self.outcome(class, action).await;
        let Outcome::Rejected(rejection) = outcome else { panic!("no rejection: {outcome:?}") };
        rejection
    }

    pub(crate) async fn order(&mut self, class: EffectClass, action: Action) -> BrokerOrder {
        let outcome = self.outcome(class, action).await;
        let (Outcome::Accepted(order) | Outcome::Found(order)) = outcome else { panic!("no order: {outcome:?}") };
        order
    }
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().expect(text)
}

fn request(symbol: SymbolId, role: OrderRole, side: OrderSide, kind: OrderKind) -> OrderRequest {
    let date = Date::from_ymd_opt(2026, 11, 27).expect("a date");
    OrderRequest {
        id: ClientOrderId::new(&format!("20261127-a-{}-1-{}", symbol.0, role.letter())),
        attempt: AttemptId { date, strategy: StrategyId(0), symbol, attempt: 1 },
        role,
        side,
        quantity: Quantity::new(100),
        kind,
        time_in_force: TimeInForce::Day,
        attached: None,
        paired_stop: None,
        trigger: None,
    }
}

/// Asks for a limit entry with a stop at 9.5.
pub(crate) fn entry(symbol: SymbolId) -> Action {
    let attached = Some(Protection { side: Side::Long, stop: StopRule::At(price("9.5")), target: None });
    let kind = OrderKind::Limit(price("10"));
    Action::Submit(OrderRequest { attached, ..request(symbol, OrderRole::Entry, OrderSide::Buy, kind) })
}

pub(crate) fn close(symbol: SymbolId) -> Action {
    Action::Submit(request(symbol, OrderRole::Close, OrderSide::Sell, OrderKind::Market))
}

pub(crate) fn cancel(broker_id: Option<&str>) -> Action {
    let order = ClientOrderId::new("20261127-a-0-1-e");
    Action::Cancel { order, broker_id: broker_id.map(BrokerOrderId::new) }
}

/// Returns an order as Alpaca writes it, changed in some keys.
pub(crate) fn order(id: &str, changes: Value) -> Value {
    let mut order = json!({
        "id": id, "client_order_id": "20261127-a-0-1-e", "symbol": "AAPL", "qty": "100", "filled_qty": "0",
        "created_at": "2026-11-27T14:35:00.123456789Z", "submitted_at": "2026-11-27T14:35:00.123456789Z",
        "order_class": "simple", "type": "limit", "limit_price": "10", "stop_price": null, "side": "buy",
        "time_in_force": "day", "status": "new", "replaces": null, "replaced_by": null, "legs": null,
    });
    change(&mut order, changes);
    order
}

/// Returns the stop that hangs on an entry.
pub(crate) fn stop_leg(id: &str, changes: Value) -> Value {
    let mut leg = order(
        id,
        json!({"client_order_id": format!("made-up-{id}"), "type": "stop", "limit_price": null,
        "stop_price": "9.5", "side": "sell", "status": "held"}),
    );
    change(&mut leg, changes);
    leg
}

fn change(json: &mut Value, changes: Value) {
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    changes.into_iter().for_each(|(key, value)| json[key] = value);
}

pub(crate) fn timestamp(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect(text)
}

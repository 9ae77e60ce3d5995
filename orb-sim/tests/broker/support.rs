//! A broker with three symbols, and short ways to talk to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use orb_core::{Calendar, Date, Money, Price, Session, Span, Symbol, SymbolId, SymbolTable, Timestamp};
use orb_sim::broker::{Broker, BrokerConfig, Order};
use orb_sim::http::{Reply, Request};
use orb_sim::order_faults::{OrderFaultSource, OrderFaults, OrderGlimpse};
use orb_sim::tick::Tick;
use serde_json::{Value, json};

/// The symbols' numbers follow the alphabet.
pub(crate) const AAA: SymbolId = SymbolId(0);
pub(crate) const BBB: SymbolId = SymbolId(1);

/// Lets an order go wrong that is known by its client's identifier, or a leg by its type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script(pub(crate) Arc<Mutex<BTreeMap<String, OrderFaults>>>);

impl OrderFaultSource for Script {
    fn faults_of(&mut self, _now: Timestamp, order: OrderGlimpse<'_>) -> OrderFaults {
        let script = self.0.lock().expect("nothing panics while it holds the script");
        let by_type = format!("{}/{}", order.order_class, order.order_type);
        script.get(order.client_order_id).or_else(|| script.get(&by_type)).cloned().unwrap_or_default()
    }
}

/// Holds a broker and the time.
pub(crate) struct Desk {
    pub(crate) broker: Broker,
    pub(crate) now: Timestamp,
    script: Script,
}

/// Returns an instant of 2026-02-12 in New York, as in `09:30:00`; a date may precede it.
pub(crate) fn at(text: &str) -> Timestamp {
    let (date, time) = text.split_once(' ').unwrap_or(("2026-02-12", text));
    Timestamp::parse_rfc3339(&format!("{date}T{time}-05:00")).expect(text)
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().expect(text)
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().expect(text)
}

fn calendar() -> Calendar {
    let session = |date: &str| Session {
        date: date.parse::<Date>().expect(date),
        open: at(&format!("{date} 09:30:00")),
        close: at(&format!("{date} 16:00:00")),
    };
    Calendar::new(["2026-02-12", "2026-02-13", "2026-02-17"].map(session).to_vec()).expect("in order")
}

/// Returns a configuration with 50,000 dollars.
pub(crate) fn config() -> BrokerConfig {
    let symbols = SymbolTable::new(["AAA", "BBB", "BRK.B"].map(|name| Symbol::new(name).expect(name)));
    BrokerConfig::new(money("50000"), Arc::new(symbols), Arc::new(calendar()))
}

impl Desk {
    /// Opens a broker at 10:00 with AAA at 100.00 by 100.02 and BBB at 20.00 by 20.01.
    pub(crate) fn new() -> Self {
        Self::with(config())
    }

    pub(crate) fn with(config: BrokerConfig) -> Self {
        let mut desk = Self::unquoted(config);
        desk.quote(AAA, "100", "100.02");
        desk.trade(AAA, "100.01");
        desk.quote(BBB, "20", "20.01");
        desk.trade(BBB, "20");
        desk
    }

    pub(crate) fn unquoted(config: BrokerConfig) -> Self {
        let script = Script::default();
        Self { broker: Broker::new(config, Box::new(script.clone())), now: at("10:00:00"), script }
    }

    /// Lets the order with a client's identifier, or each of a `class/type`, go wrong.
    pub(crate) fn spoil(&self, key: &str, faults: OrderFaults) {
        self.script.0.lock().expect("nothing panics while it holds the script").insert(key.to_owned(), faults);
    }

    pub(crate) fn quote(&mut self, symbol: SymbolId, bid: &str, ask: &str) {
        let tick = Tick::Quote { symbol, bid: price(bid), ask: price(ask), bid_size: 1, ask_size: 1 };
        self.broker.on_tick(self.now, &tick);
    }

    pub(crate) fn trade(&mut self, symbol: SymbolId, at: &str) {
        self.broker.on_tick(self.now, &Tick::Trade { symbol, price: price(at), size: 100 });
    }

    /// Moves quote and trade of a symbol to a price: a cent between bid and ask, the trade at the bid.
    pub(crate) fn market(&mut self, symbol: SymbolId, at: &str) {
        let ask = price(at).offset(10_000).to_string();
        self.quote(symbol, at, &ask);
        self.trade(symbol, at);
    }

    pub(crate) fn tick(&mut self, tick: &Tick) {
        self.broker.on_tick(self.now, tick);
    }

    /// Lets time pass, with a wakeup whenever one is asked for.
    pub(crate) fn wait(&mut self, span: Span) {
        self.until(self.now + span);
    }

    pub(crate) fn until(&mut self, end: Timestamp) {
        for _ in 0..100_000 {
            match self.broker.next_wakeup() {
                Some(next) if next <= end => self.broker.on_wakeup(next),
                Some(_) | None => break,
            }
        }
        self.now = end;
        self.broker.on_wakeup(end);
    }

    pub(crate) fn send(&mut self, method: &str, target: &str, body: &str) -> Reply {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            body: body.as_bytes().to_vec(),
        };
        self.broker.request(self.now, &request)
    }

    #[track_caller]
    pub(crate) fn get(&mut self, target: &str) -> Value {
        let reply = self.send("GET", target, "");
        assert_eq!(reply.status, 200, "{target}: {:?}", reply.body);
        reply.body.expect("a body")
    }

    /// Sends an order that must be taken; returns the reply.
    #[track_caller]
    pub(crate) fn order(&mut self, changes: &Value) -> Value {
        let reply = self.post(changes);
        assert_eq!(reply.status, 200, "{changes}: {:?}", reply.body);
        reply.body.expect("a body")
    }

    /// Sends an order that must be refused with a status and a message.
    #[track_caller]
    pub(crate) fn refused(&mut self, changes: &Value, status: u16, message: &str) -> Value {
        let reply = self.post(changes);
        let body = reply.body.expect("a body");
        assert_eq!((reply.status, body["message"].as_str()), (status, Some(message)), "{changes}: {body}");
        body
    }

    /// Sends an order: ten shares of AAA, bought at the market for the day, but for the changes.
    pub(crate) fn post(&mut self, changes: &Value) -> Reply {
        let mut body = json!({ "symbol": "AAA", "qty": "10", "side": "buy", "type": "market", "time_in_force": "day" });
        let fields = body.as_object_mut().expect("an object");
        fields.extend(changes.as_object().expect("an object").clone());
        self.send("POST", "/v2/orders", &body.to_string())
    }

    #[track_caller]
    pub(crate) fn patch(&mut self, id: &Value, changes: &Value) -> Reply {
        self.send("PATCH", &format!("/v2/orders/{}", text(id)), &changes.to_string())
    }

    pub(crate) fn cancel(&mut self, id: &Value) -> Reply {
        self.send("DELETE", &format!("/v2/orders/{}", text(id)), "")
    }

    /// Returns an order as it is now.
    #[track_caller]
    pub(crate) fn look(&mut self, id: &Value) -> Value {
        self.get(&format!("/v2/orders/{}", text(id)))
    }

    #[track_caller]
    pub(crate) fn status(&mut self, id: &Value) -> String {
        text(&self.look(id)["status"]).to_owned()
    }

    /// Returns the events since the last call with the last four letters of nothing but their type: `new limit`.
    pub(crate) fn events(&mut self) -> Vec<String> {
        let updates = self.broker.take_updates();
        updates.iter().map(|data| format!("{} {}", text(&data["event"]), text(&data["order"]["type"]))).collect()
    }

    /// Returns the orders that are open, by type and status.
    pub(crate) fn open(&self) -> Vec<String> {
        let open = self.broker.orders().filter(|order| order.is_open());
        open.map(|order| format!("{} {}", order.order_type.as_str(), order.status.as_str())).collect()
    }

    pub(crate) fn position(&self, symbol: SymbolId) -> String {
        self.broker.positions().get(&symbol).map_or("0".to_owned(), |position| position.shares.to_string())
    }

    /// Opens a long position of ten AAA, and forgets the events of it.
    pub(crate) fn buy_ten(&mut self) {
        self.order(&json!({}));
        assert_eq!(self.position(AAA), "10");
        let _events = self.events();
    }

    /// Checks what always holds.
    #[track_caller]
    pub(crate) fn check(&self) {
        check_invariants(&self.broker);
    }
}

/// Checks what always holds: the books agree with the executions, and no order has more than it asked for.
#[track_caller]
pub(crate) fn check_invariants(broker: &Broker) {
    let values: Money = broker.positions().keys().map(|&symbol| broker.market_value(symbol)).sum();
    assert_eq!(broker.cash() + values, broker.equity());
    for symbol in [AAA, BBB, SymbolId(2)] {
        let held = broker.positions().get(&symbol).map(|position| position.shares).unwrap_or_default();
        assert_eq!(held, broker.executed_shares(symbol), "{symbol:?}");
    }
    for order in broker.orders() {
        assert!(order.shares().is_none_or(|shares| order.filled <= shares), "{order:?}");
        assert_eq!(order.filled, executed(broker, order), "{order:?}");
    }
}

fn executed(broker: &Broker, order: &Order) -> orb_sim::broker::Shares {
    let own = broker.executions().iter().filter(|one| one.order == order.key && one.busted.is_none());
    own.map(|one| one.shares).sum()
}

#[track_caller]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

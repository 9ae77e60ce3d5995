//! What holds for any sequence of requests, ticks and faults.

use std::collections::{BTreeMap, BTreeSet};

use orb_core::{Money, Price, Span, SymbolId, Timestamp};
use orb_sim::broker::{Broker, BrokerConfig, Order, OrderStatus, PartialFills};
use orb_sim::http::Request;
use orb_sim::order_faults::{OrderFaultSource, OrderFaults, OrderGlimpse, Pieces};
use orb_sim::tick::Tick;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{at, check_invariants, config};

/// One thing that enters the broker.
#[derive(Clone, Debug)]
enum Step {
    Wait(i64),
    Trade(u32, i64),
    Quote(u32, i64, i64),
    Wild(u32, i64, i64),
    Halt(u32, bool),
    Post(Value),
    Raw(Vec<u8>),
    Patch(usize, Value),
    Cancel(usize),
    Other(&'static str, &'static str),
}

/// Gives the faults of a list in turn.
#[derive(Clone, Debug)]
struct InTurn {
    faults: Vec<OrderFaults>,
    next: usize,
}

impl OrderFaultSource for InTurn {
    fn faults_of(&mut self, _now: Timestamp, _order: OrderGlimpse<'_>) -> OrderFaults {
        self.next += 1;
        self.faults.get(self.next % self.faults.len().max(1)).cloned().unwrap_or_default()
    }
}

fn dollars() -> impl Strategy<Value = Value> {
    prop_oneof![(9_000_i64..11_000).prop_map(|cents| json!(Price::from_cents(cents).to_string())), Just(json!(null))]
}

fn amount() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => (1_i64..300).prop_map(|shares| json!(shares)),
        1 => Just(json!("0.75")),
        1 => Just(json!("1e9")),
        1 => Just(json!(null)),
    ]
}

fn order() -> impl Strategy<Value = Value> {
    let words = (
        prop::sample::select(vec!["AAA", "BBB", "BRK.B", "NOPE"]),
        prop::sample::select(vec!["buy", "sell"]),
        prop::sample::select(vec!["market", "limit", "stop", "stop_limit", "trailing_stop"]),
        prop::sample::select(vec!["day", "day", "gtc", "ioc", "fok", "cls", "opg"]),
        prop::sample::select(vec!["simple", "simple", "bracket", "oco", "oto"]),
    );
    (words, amount(), dollars(), dollars(), dollars(), dollars(), any::<bool>(), 0_u8..20).prop_map(
        |((symbol, side, order_type, time_in_force, class), qty, limit, stop, target, loss, extended, id)| {
            // Prices go where the type wants them, so that many orders are taken.
            let limit = if order_type.ends_with("limit") { limit } else { json!(null) };
            let stop = if order_type.starts_with("stop") { stop } else { json!(null) };
            let trail = if order_type == "trailing_stop" { json!("1.5") } else { json!(null) };
            let leg = |field: &str, price: Value| match class {
                "simple" => json!(null),
                _ if price.is_null() => json!(null),
                _ => json!({ field: price }),
            };
            let client = if id < 5 { json!(format!("c{id}")) } else { json!(null) };
            json!({
                "symbol": symbol, "side": side, "type": order_type, "time_in_force": time_in_force, "qty": qty,
                "order_class": class, "limit_price": limit, "stop_price": stop, "trail_price": trail,
                "take_profit": leg("limit_price", target), "stop_loss": leg("stop_price", loss),
                "extended_hours": extended && id == 7, "client_order_id": client,
            })
        },
    )
}

fn other() -> impl Strategy<Value = Step> {
    prop::sample::select(vec![
        ("GET", "/v2/account"),
        ("GET", "/v2/positions"),
        ("GET", "/v2/orders?status=all&nested=true"),
        ("GET", "/v2/account/activities"),
        ("GET", "/v2/account/portfolio/history?period=1W&timeframe=15Min"),
        ("GET", "/v2/clock"),
        ("DELETE", "/v2/orders"),
        ("DELETE", "/v2/positions?cancel_orders=true"),
        ("DELETE", "/v2/positions/AAA?percentage=33.3"),
    ])
    .prop_map(|(method, target)| Step::Other(method, target))
}

/// Returns micro-dollars of any size.
fn wild() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), 0_i64..1_000, Just(i64::MAX), Just(i64::MIN), Just(10_000_000_000_000)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop_oneof![4 => 0_i64..5_000_000, 1 => 0_i64..40_000_000_000].prop_map(Step::Wait),
        4 => (0_u32..4, 8_800_i64..11_200).prop_map(|(symbol, cents)| Step::Trade(symbol, cents)),
        6 => (0_u32..3, 8_800_i64..11_200, -2_i64..5).prop_map(|(symbol, bid, gap)| Step::Quote(symbol, bid, bid + gap)),
        1 => (0_u32..4, wild(), wild()).prop_map(|(symbol, bid, ask)| Step::Wild(symbol, bid, ask)),
        1 => (0_u32..3, any::<bool>()).prop_map(|(symbol, halt)| Step::Halt(symbol, halt)),
        10 => order().prop_map(Step::Post),
        1 => vec(any::<u8>(), 0..40).prop_map(Step::Raw),
        2 => (any::<usize>(), amount(), dollars(), dollars()).prop_map(|(index, qty, limit, stop)| {
            Step::Patch(index, json!({ "qty": qty, "limit_price": limit, "stop_price": stop }))
        }),
        2 => any::<usize>().prop_map(Step::Cancel),
        2 => other(),
    ]
}

fn faults() -> impl Strategy<Value = OrderFaults> {
    let span = || prop::option::weighted(0.1, (0_i64..3_000_000).prop_map(Span::from_micros));
    let pieces = (2_u32..5, 0_i64..2_000_000, prop::option::of(0_u32..4))
        .prop_map(|(count, every, stops_after)| Pieces { count, every: Span::from_micros(every), stops_after });
    let rare = || prop::bool::weighted(0.1);
    let flags = (rare(), rare(), rare(), rare(), rare());
    (span(), span(), span(), prop::option::weighted(0.2, pieces), rare(), flags).prop_map(
        |(pending_new, pending_cancel, busted, pieces, rejected, flags)| OrderFaults {
            pending_new,
            pending_cancel,
            fills_after_cancel: flags.0,
            pieces,
            rejected: rejected.then(|| "rejected".to_owned()),
            legs_rejected: flags.1,
            both_legs_fill: flags.2,
            replace_rejected: flags.3,
            fills_while_replaced: flags.4,
            busted,
            corrected: None,
            displaced: None,
        },
    )
}

fn request(method: &str, target: &str, body: Vec<u8>) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    Request { method: method.to_owned(), path: path.to_owned(), query, body }
}

/// What came out, and what has to be remembered to check the next step.
#[derive(Debug, Default)]
struct Watch {
    transcript: Vec<String>,
    ended: BTreeMap<usize, OrderStatus>,
}

impl Watch {
    fn check(&mut self, broker: &mut Broker) {
        check_invariants(broker);
        for (index, order) in broker.orders().enumerate() {
            if let Some(&ended) = self.ended.get(&index) {
                assert_eq!(order.status, ended, "an order left its end: {order:?}");
            }
            if order.status.is_terminal() {
                self.ended.insert(index, order.status);
            }
        }
        let unique = |ids: Vec<String>| ids.len() == ids.iter().collect::<BTreeSet<_>>().len();
        assert!(unique(broker.orders().map(|order| order.id.to_string()).collect()));
        assert!(unique(broker.orders().map(|order| order.client_order_id.clone()).collect()));
        assert!(unique(broker.executions().iter().map(|one| one.id.to_string()).collect()));
        self.transcript.extend(broker.take_updates().iter().map(Value::to_string));
    }
}

/// Plays steps; returns everything that came out.
fn play(config: BrokerConfig, faults: &[OrderFaults], steps: &[Step]) -> Vec<String> {
    let mut broker = Broker::new(config, Box::new(InTurn { faults: faults.to_vec(), next: 0 }));
    let (mut now, mut watch) = (at("09:45:00"), Watch::default());
    for step in steps {
        let reply = match step {
            Step::Wait(micros) => {
                now = now + Span::from_micros(*micros);
                broker.on_wakeup(now);
                None
            }
            Step::Trade(symbol, cents) => {
                let tick = Tick::Trade { symbol: SymbolId(*symbol), price: Price::from_cents(*cents), size: 1 };
                broker.on_tick(now, &tick);
                None
            }
            Step::Quote(symbol, bid, ask) => {
                let (bid, ask) = (Price::from_cents(*bid), Price::from_cents(*ask));
                broker.on_tick(now, &Tick::Quote { symbol: SymbolId(*symbol), bid, ask, bid_size: 1, ask_size: 1 });
                None
            }
            Step::Wild(symbol, bid, ask) => {
                let (symbol, bid, ask) = (SymbolId(*symbol), Price::from_micros(*bid), Price::from_micros(*ask));
                broker.on_tick(now, &Tick::Quote { symbol, bid, ask, bid_size: 0, ask_size: u64::MAX });
                broker.on_tick(now, &Tick::Trade { symbol, price: bid, size: u64::MAX });
                None
            }
            Step::Halt(symbol, halt) => {
                let symbol = SymbolId(*symbol);
                broker.on_tick(now, &if *halt { Tick::Halt { symbol } } else { Tick::Resume { symbol } });
                None
            }
            Step::Post(body) => Some(post(&mut broker, now, body)),
            Step::Raw(body) => Some(broker.request(now, &request("POST", "/v2/orders", body.clone()))),
            Step::Patch(index, body) => {
                let target = pick(&broker, *index);
                Some(broker.request(now, &request("PATCH", &target, body.to_string().into_bytes())))
            }
            Step::Cancel(index) => {
                let target = pick(&broker, *index);
                Some(broker.request(now, &request("DELETE", &target, Vec::new())))
            }
            Step::Other(method, target) => Some(broker.request(now, &request(method, target, Vec::new()))),
        };
        watch.transcript.extend(reply.map(|reply| format!("{} {:?}", reply.status, reply.body)));
        watch.check(&mut broker);
    }
    watch.transcript
}

/// Sends an order, and checks that none is taken that opens for more than the buying power there was.
fn post(broker: &mut Broker, now: Timestamp, body: &Value) -> orb_sim::http::Reply {
    let account = broker.request(now, &request("GET", "/v2/account", Vec::new())).body.expect("an account");
    let before: Money = account["buying_power"].as_str().expect("a text").parse().expect("an amount");
    let reply = broker.request(now, &request("POST", "/v2/orders", body.to_string().into_bytes()));
    if reply.status == 200 {
        let id = reply.body.as_ref().expect("an order")["id"].as_str().expect("a text").to_owned();
        let order = broker.orders().find(|order| order.id.to_string() == id).expect("the order was made");
        assert!(least_cost(order) <= before, "{body} was taken with {before}");
    }
    reply
}

/// Returns what an opening order costs at least, at its own prices; nothing for others.
fn least_cost(order: &Order) -> Money {
    let price = order.prices.limit.or(order.prices.stop).unwrap_or_default();
    if order.intent.is_closing() { Money::ZERO } else { order.shares().map_or(Money::ZERO, |shares| shares.at(price)) }
}

fn pick(broker: &Broker, index: usize) -> String {
    let count = broker.orders().count();
    let order = broker.orders().nth(index % count.max(1));
    format!("/v2/orders/{}", order.map_or_else(|| "none".to_owned(), |order| order.id.to_string()))
}

fn slow(config: BrokerConfig) -> BrokerConfig {
    let partial = PartialFills { percent: 10, pieces_max: 4, every: Span::from_millis(300) };
    BrokerConfig {
        acknowledge_after: Span::from_millis(100),
        fill_after: Span::from_millis(200),
        partial_fills: Some(partial),
        stop_entry_brackets: true,
        fee_per_share: Money::from_micros(5_000),
        ..config
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn books_add_up_and_ends_are_ends_without_faults(steps in vec(step(), 1..120)) {
        play(config(), &[], &steps);
    }

    #[test]
    fn books_add_up_and_ends_are_ends_with_faults(faults in vec(faults(), 1..12), steps in vec(step(), 1..120)) {
        play(slow(config()), &faults, &steps);
    }

    #[test]
    fn the_same_inputs_give_the_same_outputs(faults in vec(faults(), 1..6), steps in vec(step(), 1..60)) {
        prop_assert_eq!(play(slow(config()), &faults, &steps), play(slow(config()), &faults, &steps));
    }
}

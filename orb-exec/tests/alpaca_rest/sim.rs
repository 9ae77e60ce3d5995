//! The same broker against the simulator of Alpaca.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use orb_core::effect::{Action, EffectClass};
use orb_core::event::{BrokerSnapshot, Outcome};
use orb_core::order::{BrokerOrderId, ClientOrderId, OrderKind, OrderStatus, RejectionKind};
use orb_core::{Calendar, Date, Price, Quantity, Session, Span, Symbol, Timestamp};
use orb_exec::alpaca::check::{BracketProbe, Verdict, check, probe_brackets};
use orb_exec::alpaca::{AlpacaConfig, Credentials, Environment, Feed, RequestLimits, Urls};
use orb_exec::{Broker as _, Busy, Clock};
use orb_sim::config::Begin;
use orb_sim::market::MarketSource;
use orb_sim::{Running, Server, SimClock, SimConfig, Speed};
use serde_json::{Value, json};

use crate::rig::{AAPL, BRK_B, Rig, SPY, cancel, close, entry, price, symbols, timestamp};

/// When the simulated session begins.
const OPEN: &str = "2026-02-13T14:30:00Z";

/// The simulator's time.
#[derive(Clone, Debug)]
struct SimTime(SimClock);

impl Clock for SimTime {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.0.sleep_until(at).await;
    }

    fn busy(&self) -> Busy {
        let held = self.0.busy();
        Busy::new(move || drop(held))
    }
}

/// A simulator whose three symbols swing between 9.90 and 10.10 all day, and a broker that talks to it.
struct Market {
    rig: Rig<SimTime>,
    config: AlpacaConfig,
    running: Running,
    _folder: tempfile::TempDir,
}

fn session() -> Session {
    let date = Date::from_ymd_opt(2026, 2, 13).expect("a date");
    Session { date, open: timestamp(OPEN), close: timestamp(OPEN) + Span::from_minutes(390) }
}

fn calendar() -> Arc<Calendar> {
    Arc::new(Calendar::new(vec![session()]).expect("one session"))
}

fn bars() -> String {
    let mut text = "symbol,ts,open,high,low,close,volume\n".to_owned();
    for minute in 0..390 {
        let at = session().open + Span::from_minutes(minute);
        for (_, symbol) in symbols().iter() {
            writeln!(text, "{symbol},{at},10,10.1,9.9,10,5000").expect("a text takes everything");
        }
    }
    text
}

impl Market {
    async fn open(faults: Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("bars.csv");
        std::fs::write(&file, bars()).expect("a file");
        let market = MarketSource::Files { bars: vec![file], warmup: Vec::new() };
        let sim = SimConfig {
            speed: Speed::Times(300.0),
            begin: Begin::WithClient,
            lead: Span::ZERO,
            faults: serde_json::from_value(faults).expect("a plan of faults"),
            ..SimConfig::new(market)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let running = Server::start(sim, listener).await.expect("a simulator");
        let config = AlpacaConfig {
            environment: Environment::Sim,
            urls: Urls::sim(running.address()),
            feed: Feed::Sip,
            credentials: Credentials { key_id: "sim".into(), secret: "sim".into() },
            limits: RequestLimits { per_minute: 10_000, reserve: 100, timeout: Duration::from_secs(5) },
        };
        let rig = Rig::with_clock(config.clone(), calendar(), SimTime(running.clock().clone()));
        Self { rig, config, running, _folder: folder }
    }

    /// Reads the state until it is as a test wants it.
    async fn until(&mut self, what: &str, is_so: impl Fn(&BrokerSnapshot) -> bool) -> BrokerSnapshot {
        for _ in 0..500 {
            let snapshot = self.rig.broker.snapshot().await;
            if is_so(&snapshot) {
                return snapshot;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never: {what}");
    }

    /// Opens a position of 100 shares with a working stop, and returns the state then.
    async fn position(&mut self) -> BrokerSnapshot {
        let accepted = self.rig.order(EffectClass::Entry, entry(AAPL)).await;
        assert_eq!((accepted.kind, accepted.legs.len()), (OrderKind::Limit(price("10")), 1));
        assert_eq!(accepted.legs[0].kind, OrderKind::Stop(price("9.5")));
        self.until("a position with a working stop", |snapshot| {
            held(snapshot) == 100 && leg(snapshot).is_some_and(|(_, status, _)| status == OrderStatus::Working)
        })
        .await
    }
}

fn held(snapshot: &BrokerSnapshot) -> i64 {
    snapshot.positions.iter().filter(|held| held.symbol == AAPL).map(|held| held.quantity.shares()).sum()
}

/// Returns the entry's only leg.
fn leg(snapshot: &BrokerSnapshot) -> Option<(BrokerOrderId, OrderStatus, Option<Price>)> {
    let every = snapshot.orders.iter().flat_map(|order| core::iter::once(order).chain(&order.legs));
    let mut legs = every.filter(|order| order.parent.is_some());
    let leg = legs.next()?;
    assert!(legs.next().is_none(), "one stop alone: {snapshot:?}");
    Some((leg.broker_id.clone(), leg.status, leg.kind.price()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_is_opened_with_its_stop_and_closed() {
    let mut market = Market::open(json!({})).await;
    let open = market.position().await;
    let (stop, ..) = leg(&open).expect("a stop");
    let blocked = market.rig.rejection(EffectClass::Exit, close(AAPL)).await;
    assert_eq!(blocked.kind, RejectionKind::Blocked, "{}", blocked.message);
    assert_eq!(blocked.related_orders, std::slice::from_ref(&stop));
    let order = ClientOrderId::new("20261127-a-0-1-es");
    let cancel = Action::Cancel { order, broker_id: Some(stop) };
    assert_eq!(market.rig.outcome(EffectClass::Cancel, cancel.clone()).await, Outcome::Done);
    market
        .until("the stop is cancelled", |now| leg(now).is_some_and(|(_, status, _)| status == OrderStatus::Cancelled))
        .await;
    let again = market.rig.order(EffectClass::Cancel, cancel).await;
    assert_eq!(again.status, OrderStatus::Cancelled, "what is cancelled already is told as it is");
    let closing = market.rig.order(EffectClass::Exit, close(AAPL)).await;
    assert_eq!((closing.kind, closing.quantity), (OrderKind::Market, Quantity::new(100)));
    let flat = market.until("flat", |snapshot| held(snapshot) == 0).await;
    let signed = |fill: &orb_core::event::BrokerFill| fill.order.side.sign() * fill.execution.quantity.shares();
    assert_eq!(flat.fills.iter().map(signed).sum::<i64>(), 0);
    assert!(flat.foreign.is_empty() && flat.account.equity == flat.account.cash);
    market.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_is_moved_twice_and_stays_ours() {
    let mut market = Market::open(json!({})).await;
    market.position().await;
    let order = ClientOrderId::new("20261127-a-0-1-es");
    for text in ["9.4", "9.3"] {
        let (broker_id, ..) = leg(&market.rig.broker.snapshot().await).expect("a stop");
        let replace = Action::Replace { order: order.clone(), broker_id, price: price(text) };
        let replaced = market.rig.order(EffectClass::Protect, replace).await;
        assert_eq!((replaced.client_id.as_ref(), replaced.kind), (Some(&order), OrderKind::Stop(price(text))));
        let moved = |now: &BrokerSnapshot| leg(now).is_some_and(|(_, _, at)| at == Some(price(text)));
        market.until("the stop is moved", moved).await;
    }
    let found = market.rig.order(EffectClass::Query, Action::Find(order.clone())).await;
    assert_eq!((found.client_id, found.kind), (Some(order), OrderKind::Stop(price("9.3"))));
    market.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_whose_answer_was_lost_is_found_and_one_that_never_came_is_not() {
    let lost = [json!("timeout_after"), json!("truncated"), json!({"status_after": 504})];
    let never = [json!("timeout_before"), json!({"status": 503})];
    let cases = lost.map(|fault| (fault, true)).into_iter().chain(never.map(|fault| (fault, false)));
    let trials: Vec<_> = cases.map(|(fault, is_there)| tokio::spawn(lose_an_answer(fault, is_there))).collect();
    for trial in trials {
        trial.await.expect("a trial that passes");
    }
}

/// Loses the answer to an order, before or after the order is made, and looks it up.
async fn lose_an_answer(fault: Value, is_there: bool) {
    let rule = json!({"fault": fault, "path": "/v2/orders", "method": "POST", "when": {"nth": [1]}});
    let mut market = Market::open(json!({"http": [rule]})).await;
    assert_eq!(market.rig.outcome(EffectClass::Entry, entry(AAPL)).await, Outcome::Unknown, "{fault}");
    let find = Action::Find(ClientOrderId::new("20261127-a-0-1-e"));
    let outcome = market.rig.outcome(EffectClass::Query, find).await;
    if is_there {
        let Outcome::Found(order) = outcome else { panic!("{fault}: {outcome:?}") };
        assert_eq!(order.legs.len(), 1, "{fault}");
    } else {
        assert_eq!(outcome, Outcome::NotFound, "{fault}");
    }
    let snapshot = market.rig.broker.snapshot().await;
    assert_eq!(snapshot.orders.len(), usize::from(is_there), "{fault}");
    market.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_the_simulator_have_their_kinds() {
    let mut market = Market::open(json!({})).await;
    market.rig.order(EffectClass::Entry, entry(SPY)).await;
    let twice = market.rig.rejection(EffectClass::Entry, entry(SPY)).await;
    assert_eq!(twice.kind, RejectionKind::DuplicateId, "{}", twice.message);
    let Action::Submit(mut request) = entry(BRK_B) else { panic!("an entry submits") };
    request.quantity = Quantity::new(10_000_000);
    let dear = market.rig.rejection(EffectClass::Entry, Action::Submit(request.clone())).await;
    assert_eq!(dear.kind, RejectionKind::Insufficient, "{}", dear.message);
    let attached =
        request.attached.map(|exits| orb_core::Protection { stop: orb_core::StopRule::At(price("10.5")), ..exits });
    (request.quantity, request.attached) = (Quantity::new(1), attached);
    let beyond = market.rig.rejection(EffectClass::Entry, Action::Submit(request)).await;
    assert_eq!(beyond.kind, RejectionKind::BeyondMarket, "{}", beyond.message);
    assert_eq!(market.rig.outcome(EffectClass::Cancel, cancel(None)).await, Outcome::NotFound);
    market.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_simulator_s_account_is_fit_to_trade() {
    let market = Market::open(json!({})).await;
    let clock = SimTime(market.running.clock().clone());
    let findings = check(&market.config, symbols(), calendar(), &clock, session().date).await.expect("an address");
    let not: Vec<_> = findings.iter().filter(|finding| finding.verdict != Verdict::Pass).collect();
    assert!(not.is_empty(), "{not:?}");
    let symbol = Symbol::new("SPY").expect("a symbol");
    let probe = BracketProbe { symbol, last_price: price("10"), client_id: "probe".to_owned() };
    let finding = probe_brackets(&market.config, &probe).await.expect("an address");
    assert_ne!(finding.verdict, Verdict::Fail, "{finding:?}");
    market.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_simulator_s_bars_are_read_as_they_are() {
    let mut market = Market::open(json!({})).await;
    let (from, clock) = (session().open, market.running.clock().clone());
    // The first request makes time pass.
    market.rig.broker.snapshot().await;
    clock.sleep_until(from + Span::from_minutes(6)).await;
    let query = Action::QueryBars { symbols: vec![AAPL, SPY], from, to: from + Span::from_minutes(5) };
    let Outcome::Bars(bars) = market.rig.outcome(EffectClass::Query, query).await else { panic!("bars") };
    assert_eq!(bars.len(), 10, "five minutes of two symbols");
    assert!(bars.iter().all(|bar| (bar.high, bar.volume) == (price("10.1"), 5_000)), "{bars:?}");
    assert!(bars.is_sorted_by_key(|bar| (bar.start, bar.symbol)));
    market.running.stop().await;
}

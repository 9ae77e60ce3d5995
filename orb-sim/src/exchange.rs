//! The whole simulated Alpaca but for its sockets: one value with one owner.
//!
//! It takes requests, what clients say on streams, and time; it gives replies, and frames into the queues of
//! connections. It does no IO and waits for nothing.

use std::sync::Arc;

use orb_core::{Span, Timestamp};
use serde_json::json;

use crate::broker::{Broker, BrokerConfig};
use crate::clock::{Busy, SimClock};
use crate::config::{Begin, Credentials, SimConfig};
use crate::data::{self, DataApi};
use crate::faults::{
    AccountFault, FaultCounts, FaultPlan, HttpFault, HttpFaults, MarketFaults, PlannedOrders, StreamFaults,
};
use crate::http::{Reply, Request};
use crate::limit::{Allowance, Limiter};
use crate::market::path::Quote;
use crate::market::source::Material;
use crate::market::tape::{Tape, TapeOptions};
use crate::market::timeframe::TapeBar;
use crate::market::timeline::{MarketEvent, Timeline};
use crate::memory::{Memory, Recalled, changes};
use crate::server::StartError;
use crate::speed::Speed;
use crate::streams::hub::{ConnectionId, Endpoint, Heard, Hub, HubRules, Link};
use crate::streams::messages;
use crate::streams::wire::{Codec, DataMessage};
use crate::tick::Tick;

/// Holds everything a simulated Alpaca consists of.
pub(crate) struct Exchange {
    clock: SimClock,
    pub(crate) broker: Broker,
    tape: Arc<Tape>,
    timeline: Timeline,
    pub(crate) hub: Hub,
    data: DataApi,
    limiter: Limiter,
    http_faults: HttpFaults,
    pub(crate) fault_counts: FaultCounts,
    plan: FaultPlan,
    credentials: Credentials,
    is_blocked: bool,
    /// Keeps time standing until somebody is there; `None` once time has begun.
    waiting: Option<Busy>,
    begin: Begin,
    is_over: bool,
    memory: Option<Memory>,
    /// Time passes at a pace, not from event to event.
    is_paced: bool,
}

/// How far the broker's time goes on when there is nothing left to play.
const NEAR: Span = Span::from_minutes(10);

/// Holds a request with what the broker does not need to know.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) request: Request,
    /// Key and secret as they were given.
    pub(crate) credentials: Option<(String, String)>,
}

/// Holds a reply with what goes wrong on its way.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) reply: Reply,
    pub(crate) allowance: Option<Allowance>,
    pub(crate) fault: Option<HttpFault>,
}

impl Exchange {
    /// Prepares market, broker and clock.
    pub(crate) fn new(config: SimConfig) -> Result<(Self, SimClock), StartError> {
        let material = Material::prepare(config.market.clone(), config.first, config.last)?;
        let start = material.sessions[0].open - config.lead;
        let (memory, recalled) = match &config.memory {
            Some(memory) => Memory::open(memory).map(|(memory, recalled)| (Some(memory), recalled))?,
            None => (None, Recalled::default()),
        };
        let clock = SimClock::new(recalled.reached.map_or(start, |reached| reached.max(start)), config.speed);
        let options = TapeOptions {
            path: config.path,
            bar_delay: config.latencies.bar,
            halts_from_holes: config.halts_from_holes,
        };
        let tape = Arc::new(Tape::new(material, options, MarketFaults::new(&config.faults)));
        let rules = HubRules {
            credentials: config.credentials.clone(),
            feed: config.feed,
            data_connections_max: config.data_connections_max,
            frames_max: config.frames_max,
            refused_with: config.data_stream_refused,
        };
        let (http_faults, streams) = (HttpFaults::new(&config.faults), StreamFaults::new(&config.faults));
        let orders = PlannedOrders::new(&config.faults);
        let fault_counts = FaultCounts { http: http_faults.counts(), stream: streams.counts(), order: orders.counts() };
        let mut broker = broker(&config, &tape, orders);
        show_history(&mut broker, &tape, start);
        let test_symbol = tape.symbols().iter().next().map(|(_, name)| name.to_string()).unwrap_or_default();
        let mut exchange = Self {
            broker,
            timeline: Timeline::new(Arc::clone(&tape), config.lead),
            hub: Hub::new(clock.clone(), rules, streams, test_symbol),
            data: DataApi { corporate_actions: config.corporate_actions },
            limiter: Limiter::new(config.rate_limit),
            http_faults,
            fault_counts,
            waiting: (config.begin != Begin::AtOnce).then(|| clock.busy()),
            plan: config.faults,
            credentials: config.credentials,
            tape,
            is_blocked: false,
            begin: config.begin,
            is_over: false,
            memory,
            is_paced: config.speed != Speed::Max,
            clock: clock.clone(),
        };
        exchange.relive(recalled);
        Ok((exchange, clock))
    }

    /// Lets what is remembered happen again; nobody is there yet to hear of it.
    fn relive(&mut self, recalled: Recalled) {
        for (at, request) in recalled.requests {
            self.relive_until(at);
            let _ = self.broker.request(at, &request);
            self.tell_updates(at);
        }
        if let Some(reached) = recalled.reached {
            self.relive_until(reached);
        }
    }

    fn relive_until(&mut self, until: Timestamp) {
        while let Some(at) = self.next_at().filter(|at| *at <= until) {
            self.advance(at);
        }
    }

    /// Returns when the next thing happens by itself; `None` when nothing does any more.
    pub(crate) fn next_at(&mut self) -> Option<Timestamp> {
        let wakeup = self.broker.next_wakeup().filter(|at| self.is_near(*at));
        [self.timeline.next_at(), wakeup, self.hub.next_due()].into_iter().flatten().min()
    }

    /// Tells whether time may go to an instant of the broker. With nothing left to play and nothing to pace it, it would
    /// run through all sessions that the calendar still has.
    fn is_near(&self, at: Timestamp) -> bool {
        !self.is_over || self.is_paced || at <= self.clock.now() + NEAR
    }

    /// Tells whether there is nothing left to play.
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Lets everything happen that is due at a time: the broker's first where both are due at once.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        loop {
            let wakeup = self.broker.next_wakeup().filter(|at| *at <= now);
            let market = self.timeline.next_at().filter(|at| *at <= now);
            match (wakeup, market) {
                (Some(at), Some(other)) if at <= other => self.broker.on_wakeup(now),
                (Some(_), None) => self.broker.on_wakeup(now),
                (_, Some(_)) => self.market(now),
                (None, None) => break,
            }
            self.tell_updates(now);
        }
        self.hub.flush(now);
        if let Some(memory) = self.memory.as_mut() {
            memory.note_time(now);
        }
    }

    fn market(&mut self, now: Timestamp) {
        let Some((_, event)) = self.timeline.next_until(now) else { return };
        let tick = match event {
            MarketEvent::Trade(symbol, trade) => {
                Some(Tick::Trade { symbol, price: trade.print.price, size: trade.print.size })
            }
            MarketEvent::Quote(symbol, quote) => Some(Tick::Quote {
                symbol,
                bid: quote.bid,
                ask: quote.ask,
                bid_size: quote.bid_size,
                ask_size: quote.ask_size,
            }),
            MarketEvent::Halt(symbol, _) => Some(Tick::Halt { symbol }),
            MarketEvent::Resume(symbol, _) => Some(Tick::Resume { symbol }),
            MarketEvent::Bar(..)
            | MarketEvent::Updated(..)
            | MarketEvent::Daily(..)
            | MarketEvent::Revised(_)
            | MarketEvent::Bands(..) => None,
            MarketEvent::Over(resume_at) => {
                match resume_at {
                    Some(at) => self.clock.skip_to(at),
                    None => self.is_over = true,
                }
                None
            }
        };
        if let Some(tick) = tick {
            self.broker.on_tick(now, &tick);
        }
        if self.hub.wants_data()
            && let Some(message) = self.message(now, event)
        {
            self.hub.publish(now, message);
        }
    }

    fn message(&self, now: Timestamp, event: MarketEvent) -> Option<DataMessage> {
        let name = |symbol| self.tape.symbols().name(symbol).as_str();
        let bar = |kind: &str, symbol, bar: &TapeBar| DataMessage::new(kind, name(symbol), messages::bar_fields(bar));
        Some(match event {
            MarketEvent::Trade(symbol, trade) => DataMessage::new("t", name(symbol), messages::trade_fields(&trade)),
            MarketEvent::Quote(symbol, quote) => {
                DataMessage::new("q", name(symbol), messages::quote_fields(&quote, now))
            }
            MarketEvent::Bar(symbol, minute) => bar("b", symbol, &minute),
            MarketEvent::Updated(symbol, minute) => bar("u", symbol, &minute),
            MarketEvent::Daily(symbol, day) => bar("d", symbol, &day),
            MarketEvent::Halt(symbol, reason) => messages::status(name(symbol), true, reason, now),
            MarketEvent::Resume(symbol, reason) => messages::status(name(symbol), false, reason, now),
            MarketEvent::Revised(revision) => messages::revised(name(revision.symbol), &revision),
            MarketEvent::Bands(symbol, lower, upper) => messages::bands(name(symbol), lower, upper, now),
            MarketEvent::Over(_) => return None,
        })
    }

    fn tell_updates(&mut self, now: Timestamp) {
        for update in self.broker.take_updates() {
            self.hub.update(now, update);
        }
    }

    /// Runs something on the broker and tells what follows from it.
    pub(crate) fn with_broker(&mut self, act: impl FnOnce(&mut Broker)) {
        act(&mut self.broker);
        let now = self.clock.now();
        self.tell_updates(now);
        self.hub.flush(now);
    }

    /// Answers a request.
    pub(crate) fn request(&mut self, incoming: &Incoming) -> Outcome {
        let now = self.clock.now();
        let request = &incoming.request;
        if !self.is_authorized(now, incoming.credentials.as_ref()) {
            return Outcome { reply: unauthorized(), allowance: None, fault: None };
        }
        self.begun(Begin::WithClient);
        let allowance = self.limiter.take(data::is_data(&request.path), now);
        if allowance.is_some_and(|allowance| !allowance.is_granted) {
            return Outcome { reply: too_many(), allowance, fault: None };
        }
        let fault = self.http_faults.decide(now, request);
        let reply = match fault {
            Some(HttpFault::TimeoutBefore | HttpFault::Html) => Reply { status: 504, body: None },
            Some(HttpFault::TooManyRequests) => too_many(),
            Some(HttpFault::BeyondMarket) => beyond_market(),
            Some(HttpFault::Status(status)) => failure(status.0),
            Some(HttpFault::StatusAfter(status)) => {
                let _ = self.answer(now, request);
                failure(status.0)
            }
            Some(HttpFault::LatencyMs(_) | HttpFault::TimeoutAfter | HttpFault::Truncated) | None => {
                self.answer(now, request)
            }
        };
        tracing::debug!(%now, method = %request.method, path = %request.path, status = reply.status, ?fault, "request");
        Outcome { reply, allowance, fault }
    }

    fn answer(&mut self, now: Timestamp, request: &Request) -> Reply {
        if data::is_data(&request.path) {
            return self.data.respond(&self.tape, now, request);
        }
        if let Some(memory) = self.memory.as_mut().filter(|_| changes(request))
            && let Err(error) = memory.note_request(now, request)
        {
            tracing::error!("a request was not carried out, because it could not be remembered: {error}");
            return failure(500);
        }
        self.block(now);
        let mut reply = self.broker.request(now, request);
        self.tell_updates(now);
        self.hub.flush(now);
        if request.path == "/v2/clock" {
            self.skew(now, &mut reply);
        }
        reply
    }

    /// Blocks or frees trading, and lets the positions lag, as the plan says.
    fn block(&mut self, now: Timestamp) {
        let blocked = self.plan.account_fault(now, |fault| matches!(fault, AccountFault::TradingBlocked).then_some(()));
        if blocked.is_some() != self.is_blocked {
            self.is_blocked = blocked.is_some();
            self.broker.set_trading_blocked(self.is_blocked);
        }
        let lag = self.plan.account_fault(now, |fault| match fault {
            AccountFault::PositionsLagMs(millis) => Some(Span::from_millis(millis.into())),
            AccountFault::ClockSkewMs(_) | AccountFault::Unauthorized | AccountFault::TradingBlocked => None,
        });
        self.broker.set_positions_lag(lag.unwrap_or_default());
    }

    fn skew(&self, now: Timestamp, reply: &mut Reply) {
        let skew = self.plan.account_fault(now, |fault| match fault {
            AccountFault::ClockSkewMs(millis) => Some(millis),
            AccountFault::Unauthorized | AccountFault::TradingBlocked | AccountFault::PositionsLagMs(_) => None,
        });
        if let (Some(millis), Some(body)) = (skew, reply.body.as_mut())
            && let Some(shown) = (now + Span::from_millis(millis)).to_datetime()
        {
            body["timestamp"] = json!(shown.with_timezone(&chrono_tz::America::New_York).to_rfc3339());
        }
    }

    fn is_authorized(&self, now: Timestamp, given: Option<&(String, String)>) -> bool {
        let is_right = given.is_some_and(|(key, secret)| self.credentials.are(key, secret));
        is_right && self.accepts_credentials(now)
    }

    fn accepts_credentials(&self, now: Timestamp) -> bool {
        self.plan.account_fault(now, |fault| matches!(fault, AccountFault::Unauthorized).then_some(())).is_none()
    }

    /// Returns what goes wrong with asking for a websocket.
    pub(crate) fn admit(&mut self, request: &Request) -> Option<HttpFault> {
        self.http_faults.decide(self.clock.now(), request)
    }

    /// Takes a new connection.
    pub(crate) fn open(&mut self, endpoint: Endpoint, codec: Codec, is_observer: bool) -> Link {
        self.hub.open(endpoint, codec, is_observer)
    }

    /// Takes what a client said on a stream.
    pub(crate) fn said(&mut self, id: ConnectionId, is_text: bool, bytes: &[u8]) {
        let now = self.clock.now();
        let authorized = self.accepts_credentials(now);
        match self.hub.said(now, id, is_text, bytes, authorized) {
            Heard::Nothing => {}
            Heard::Client => self.begun(Begin::WithClient),
            Heard::Subscription => self.begun(Begin::WithSubscription),
        }
    }

    /// Lets time begin when what it waited for has come.
    fn begun(&mut self, with: Begin) {
        if self.begin == with || with == Begin::WithSubscription {
            self.waiting = None;
        }
    }
}

fn unauthorized() -> Reply {
    Reply { status: 401, body: Some(json!({"message": "unauthorized."})) }
}

/// Says what Alpaca says when the market has passed the stop of an order meanwhile.
fn beyond_market() -> Reply {
    let body = serde_json::json!({
        "code": 42_210_000,
        "message": "stop_loss.stop_price must be <= base_price - 0.01",
        "base_price": "0.01",
    });
    Reply { status: 422, body: Some(body) }
}

fn too_many() -> Reply {
    Reply::error(429, 42_910_000, "rate limit exceeded")
}

fn failure(status: u16) -> Reply {
    Reply::error(status, i64::from(status) * 100_000, "internal server error occurred")
}

/// Makes the broker that a configuration describes.
fn broker(config: &SimConfig, tape: &Tape, faults: PlannedOrders) -> Broker {
    let mut broker = BrokerConfig::new(config.cash, Arc::clone(tape.symbols()), Arc::clone(tape.calendar()));
    broker.acknowledge_after = config.latencies.acknowledge;
    broker.fill_after = config.latencies.fill;
    broker.easy_to_borrow_field = config.has_easy_to_borrow;
    broker.pdt_rule = config.has_day_trading_rule;
    broker.seed = config.seed;
    broker.margin = config.margin;
    let mut broker = Broker::new(broker, Box::new(faults));
    for (name, required) in &config.margin_requirements {
        if let Some(symbol) = tape.symbols().id(name) {
            broker.set_margin_requirement(symbol, *required);
        }
    }
    broker
}

/// Shows the broker the last trade and quote of each symbol before the start, so that positions and orders have prices
/// before the open, and tells it of the last session: whether a symbol may be sold short depends on that.
fn show_history(broker: &mut Broker, tape: &Tape, start: Timestamp) {
    for (symbol, _) in tape.symbols().iter() {
        if let Some(past) = tape.previous_session(symbol, start) {
            broker.set_previous_session(symbol, past.date, past.close, past.restricts_short_sales);
        }
        let Some(trade) = tape.last_print(symbol, start) else { continue };
        let Quote { bid, ask, bid_size, ask_size } = tape.quote_at(symbol, &trade.print);
        broker.on_tick(start, &Tick::Quote { symbol, bid, ask, bid_size, ask_size });
        broker.on_tick(start, &Tick::Trade { symbol, price: trade.print.price, size: trade.print.size });
    }
}

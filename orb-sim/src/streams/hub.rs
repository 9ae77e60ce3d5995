//! The connections, what goes out to them, and what goes wrong on the way.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use bytes::Bytes;
use orb_core::{Span, Timestamp};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::data_session::{self, DataRules, DataSession};
use super::trade_session::TradeSession;
use super::wire::{self, Codec, DataMessage, Field};
use crate::clock::SimClock;
use crate::config::{Credentials, Feed};
use crate::faults::{MessageGlimpse, StreamFault, StreamFaults, StreamName};

/// The symbol of the test stream, which shows the first symbol's market under this name.
pub(crate) const TEST_SYMBOL: &str = "FAKEPACA";

/// Numbers a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ConnectionId(u64);

/// Tells which stream a connection is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    TradeUpdates,
    Data(Feed),
    /// Data of the test symbol, which counts against no limit.
    Test,
}

/// Represents a frame on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) is_text: bool,
    pub(crate) bytes: Bytes,
}

/// Says how a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With what waits, a last frame if there is one, and a farewell.
    Told(Option<Frame>),
    /// With what waits, and then without a word.
    Cut,
}

/// The server's ends of a connection's queues.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: ConnectionId,
    pub(crate) frames: mpsc::Receiver<Frame>,
    pub(crate) ending: oneshot::Receiver<Ending>,
}

#[derive(Debug)]
enum Session {
    Trade(TradeSession),
    Data(DataSession, Codec),
}

#[derive(Debug)]
struct Connection {
    session: Session,
    endpoint: Endpoint,
    /// Its frames hold time until its client has taken them apart.
    is_counted: bool,
    queued: u64,
    frames: mpsc::Sender<Frame>,
    ending: Option<oneshot::Sender<Ending>>,
}

/// What connections have to know of the account.
#[derive(Clone, Debug)]
pub(crate) struct HubRules {
    pub(crate) credentials: Credentials,
    pub(crate) feed: Feed,
    pub(crate) data_connections_max: usize,
    pub(crate) frames_max: usize,
    pub(crate) refused_with: Option<u16>,
}

/// A message that is on its way to everybody who wants it.
#[derive(Clone, Debug)]
enum Outgoing {
    Data(DataMessage),
    Trade(Value),
}

/// Holds all connections.
#[derive(Debug)]
pub(crate) struct Hub {
    clock: SimClock,
    rules: HubRules,
    faults: StreamFaults,
    connections: BTreeMap<ConnectionId, Connection>,
    next_id: u64,
    /// Messages of market data of this instant, to be sent as one array.
    batch: Vec<DataMessage>,
    delayed: BTreeMap<(Timestamp, u64), Outgoing>,
    delays: u64,
    held: [Option<Outgoing>; 2],
    muted_until: [Timestamp; 2],
    lingers_until: Timestamp,
    test_symbol: String,
}

/// Symbols of trades and quotes at most on the IEX feed.
const IEX_SYMBOLS_MAX: usize = 30;

impl Hub {
    pub(crate) fn new(clock: SimClock, rules: HubRules, faults: StreamFaults, test_symbol: String) -> Self {
        Self {
            clock,
            rules,
            faults,
            connections: BTreeMap::new(),
            next_id: 0,
            batch: Vec::new(),
            delayed: BTreeMap::new(),
            delays: 0,
            held: [None, None],
            muted_until: [Timestamp::MIN; 2],
            lingers_until: Timestamp::MIN,
            test_symbol,
        }
    }

    /// Takes a new connection; `is_observer` for one whose frames never hold time.
    pub(crate) fn open(&mut self, endpoint: Endpoint, codec: Codec, is_observer: bool) -> Link {
        let id = ConnectionId(self.next_id);
        self.next_id += 1;
        let (frames, receiver) = mpsc::channel(self.rules.frames_max.max(1));
        let (ending, end) = oneshot::channel();
        let session = match endpoint {
            Endpoint::TradeUpdates => Session::Trade(TradeSession::default()),
            Endpoint::Data(feed) => Session::Data(DataSession::new(feed), codec),
            Endpoint::Test => Session::Data(DataSession::new(Feed::Sip), codec),
        };
        let is_counted = self.clock.is_lock_step() && !is_observer;
        let mut connection = Connection { session, endpoint, is_counted, queued: 0, frames, ending: Some(ending) };
        if endpoint != Endpoint::TradeUpdates {
            connection.reply(&self.clock, &data_session::connected());
        }
        tracing::debug!(?id, ?endpoint, ?codec, "connection opened");
        self.connections.insert(id, connection);
        Link { id, frames: receiver, ending: end }
    }

    /// Forgets a connection that ended, of whose frames so many were written.
    pub(crate) fn closed(&mut self, id: ConnectionId, written: u64) {
        tracing::debug!(?id, written, "connection closed");
        if let Some(connection) = self.connections.remove(&id)
            && connection.is_counted
        {
            // An end that the server made is in doubt like a frame that was written: the client has to notice it.
            let noticed = u64::from(connection.ending.is_none());
            self.clock.connection_ended(connection.queued.saturating_sub(written), written + noticed);
        }
    }

    /// Takes what a client said, answers it, and tells what it meant; `authorized` while credentials are accepted.
    pub(crate) fn said(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        is_text: bool,
        bytes: &[u8],
        authorized: bool,
    ) -> Heard {
        let is_full = now < self.lingers_until || self.authenticated() >= self.rules.data_connections_max;
        let Some(connection) = self.connections.get_mut(&id) else { return Heard::Nothing };
        let rules = DataRules {
            credentials: authorized.then_some(&self.rules.credentials),
            feed: self.rules.feed,
            is_full: is_full && connection.endpoint != Endpoint::Test,
            refused_with: self.rules.refused_with,
            symbols_max: Some(IEX_SYMBOLS_MAX),
        };
        connection.said(&self.clock, is_text, bytes, rules)
    }

    /// Ends a data connection that did not authenticate in time.
    pub(crate) fn timed_out(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id)
            && let Session::Data(session, _) = &connection.session
            && !session.is_authenticated()
        {
            connection.end(&self.clock, &data_session::error(404));
        }
    }

    /// Ends every connection without a word.
    pub(crate) fn cut_all(&mut self) {
        self.connections.values_mut().for_each(|connection| connection.cut(&self.clock));
    }

    /// Ends every connection after what waits for it.
    pub(crate) fn finish_all(&mut self) {
        let endings = self.connections.values_mut().filter_map(|connection| connection.ending.take());
        endings.for_each(|ending| _ = ending.send(Ending::Told(None)));
    }

    /// Tells whether no connection is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    fn authenticated(&self) -> usize {
        let holds_slot = |connection: &&Connection| {
            let is_data = matches!(connection.endpoint, Endpoint::Data(_));
            is_data && matches!(&connection.session, Session::Data(session, _) if session.is_authenticated())
        };
        self.connections.values().filter(holds_slot).count()
    }

    /// Tells whether anybody may want market data, or a rule may want to count it.
    pub(crate) fn wants_data(&self) -> bool {
        !self.faults.is_empty()
            || self.connections.values().any(|connection| matches!(connection.session, Session::Data(..)))
    }

    /// Returns when a delayed message is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.delayed.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes a message of market data; it is sent by [`Hub::flush`].
    pub(crate) fn publish(&mut self, now: Timestamp, message: DataMessage) {
        self.route(now, Outgoing::Data(message));
    }

    /// Takes a trade update and sends it.
    pub(crate) fn update(&mut self, now: Timestamp, data: Value) {
        self.route(now, Outgoing::Trade(data));
    }

    fn route(&mut self, now: Timestamp, outgoing: Outgoing) {
        let fault = if self.faults.is_empty() { None } else { self.faults.decide(now, outgoing.glimpse()) };
        let stream = outgoing.stream();
        let later = |seconds: u32| now + Span::from_seconds(i64::from(seconds));
        match fault {
            None => self.pass(now, outgoing),
            Some(StreamFault::Drop) => {}
            Some(StreamFault::Duplicate) => {
                self.pass(now, outgoing.clone());
                self.pass(now, outgoing);
            }
            Some(StreamFault::DelayMs(millis)) => {
                self.delays += 1;
                self.delayed.insert((now + Span::from_millis(i64::from(millis)), self.delays), outgoing);
            }
            Some(StreamFault::Reorder) => {
                if let Some(before) = self.held[stream as usize].replace(outgoing) {
                    self.pass(now, before);
                }
            }
            Some(StreamFault::Disconnect) => self.cut(stream),
            Some(StreamFault::Linger(seconds)) => {
                self.cut(stream);
                self.lingers_until = later(seconds);
            }
            Some(StreamFault::MuteSeconds(seconds)) => self.muted_until[stream as usize] = later(seconds),
            Some(StreamFault::UnknownType) => {
                self.pass(now, outgoing.stranger());
                self.pass(now, outgoing);
            }
            Some(StreamFault::UnknownField) => self.pass(now, outgoing.with_unknown_field()),
            Some(StreamFault::UnknownWord) => self.pass(now, outgoing.with_unknown_word()),
        }
    }

    fn cut(&mut self, stream: StreamName) {
        let of_stream = |connection: &&mut Connection| match connection.session {
            Session::Trade(_) => stream == StreamName::TradeUpdates,
            Session::Data(..) => stream == StreamName::Data,
        };
        let ended = self.connections.values_mut().filter(of_stream);
        ended.for_each(|connection| connection.cut(&self.clock));
    }

    /// Lets a message through, and after it the one that was held back for it.
    fn pass(&mut self, now: Timestamp, outgoing: Outgoing) {
        let stream = outgoing.stream() as usize;
        if now < self.muted_until[stream] {
            return;
        }
        let held = self.held[stream].take();
        for outgoing in [Some(outgoing), held].into_iter().flatten() {
            match outgoing {
                Outgoing::Data(message) => self.batch.push(message),
                Outgoing::Trade(data) => self.send_update(&data),
            }
        }
    }

    fn send_update(&mut self, data: &Value) {
        let frame =
            Frame { is_text: false, bytes: json!({"stream": "trade_updates", "data": data}).to_string().into() };
        for connection in self.connections.values_mut() {
            if matches!(connection.session, Session::Trade(session) if session.is_listening()) {
                connection.send(&self.clock, frame.clone());
            }
        }
    }

    /// Sends what was delayed until now, and the market data of this instant as one array to each connection.
    pub(crate) fn flush(&mut self, now: Timestamp) {
        while self.next_due().is_some_and(|at| at <= now) {
            if let Some((_, outgoing)) = self.delayed.pop_first() {
                self.pass(now, outgoing);
            }
        }
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            let prepared: Vec<Prepared<'_>> = batch.iter().map(Prepared::new).collect();
            for connection in self.connections.values_mut() {
                connection.show(&self.clock, &prepared, &self.test_symbol);
            }
        }
    }
}

/// Says what a client's message meant for the simulator's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Nothing,
    /// Somebody with the right credentials is there.
    Client,
    /// And wants market data.
    Subscription,
}

/// A message with its encodings, each made once.
struct Prepared<'a> {
    message: &'a DataMessage,
    encodings: [OnceCell<Vec<u8>>; 2],
}

impl<'a> Prepared<'a> {
    const fn new(message: &'a DataMessage) -> Self {
        Self { message, encodings: [OnceCell::new(), OnceCell::new()] }
    }

    fn encoded(&self, codec: Codec) -> &[u8] {
        self.encodings[codec as usize].get_or_init(|| self.message.encode(codec))
    }
}

impl Connection {
    fn said(&mut self, clock: &SimClock, is_text: bool, bytes: &[u8], rules: DataRules<'_>) -> Heard {
        match &mut self.session {
            Session::Trade(session) => {
                let said = wire::heard(Codec::Json, is_text, bytes);
                let answer = session.on_message(said.as_ref(), rules.credentials);
                let heard = if session.is_authorized() { Heard::Client } else { Heard::Nothing };
                self.reply(clock, &answer);
                heard
            }
            Session::Data(session, codec) => {
                let answer = session.on_message(wire::heard(*codec, is_text, bytes).as_ref(), rules);
                if answer.ends {
                    self.end(clock, &answer.message);
                } else {
                    self.reply(clock, &answer.message);
                }
                match answer.message["T"].as_str() {
                    Some("subscription") => Heard::Subscription,
                    Some("success") => Heard::Client,
                    Some(_) | None => Heard::Nothing,
                }
            }
        }
    }

    fn reply(&mut self, clock: &SimClock, message: &Value) {
        let frame = self.framed(message);
        self.send(clock, frame);
    }

    fn framed(&self, message: &Value) -> Frame {
        match &self.session {
            Session::Trade(_) => Frame { is_text: false, bytes: message.to_string().into() },
            Session::Data(_, codec) => {
                Frame { is_text: *codec == Codec::Json, bytes: wire::reply(*codec, &json!([message])) }
            }
        }
    }

    fn send(&mut self, clock: &SimClock, frame: Frame) {
        if self.ending.is_none() {
            return;
        }
        self.count(clock);
        if let Err(mpsc::error::TrySendError::Full(_)) = self.frames.try_send(frame) {
            self.end(clock, &data_session::error(407));
        }
    }

    /// Counts a frame before its client can have it; one that never gets there is settled with the connection's end.
    fn count(&mut self, clock: &SimClock) {
        self.queued += 1;
        if self.is_counted {
            clock.frame_sent();
        }
    }

    fn end(&mut self, clock: &SimClock, message: &Value) {
        let frame = self.framed(message);
        if let Some(ending) = self.ending.take() {
            self.count(clock);
            self.hold_for_end(clock);
            // A connection that is gone needs no farewell.
            let _ = ending.send(Ending::Told(Some(frame)));
        }
    }

    fn cut(&mut self, clock: &SimClock) {
        if let Some(ending) = self.ending.take() {
            self.hold_for_end(clock);
            let _ = ending.send(Ending::Cut);
        }
    }

    /// Lets time stand until the client may have noticed the end.
    fn hold_for_end(&self, clock: &SimClock) {
        if self.is_counted {
            clock.frame_sent();
        }
    }

    fn show(&mut self, clock: &SimClock, batch: &[Prepared<'_>], test_symbol: &str) {
        let Session::Data(session, codec) = &self.session else { return };
        let codec = *codec;
        let bytes = if self.endpoint == Endpoint::Test {
            let of_test = batch.iter().filter(|prepared| prepared.message.symbol == test_symbol);
            let wanted = of_test.filter(|prepared| session.wants(&prepared.message.kind, TEST_SYMBOL));
            let renamed = wanted.map(|prepared| {
                DataMessage { symbol: TEST_SYMBOL.to_owned(), ..prepared.message.clone() }.encode(codec)
            });
            let renamed: Vec<Vec<u8>> = renamed.collect();
            joined(codec, renamed.iter().map(Vec::as_slice))
        } else {
            let wanted =
                batch.iter().filter(|prepared| session.wants(&prepared.message.kind, &prepared.message.symbol));
            joined(codec, wanted.map(|prepared| prepared.encoded(codec)))
        };
        if let Some(bytes) = bytes {
            self.send(clock, Frame { is_text: codec == Codec::Json, bytes });
        }
    }
}

fn joined<'a>(codec: Codec, messages: impl Iterator<Item = &'a [u8]>) -> Option<Bytes> {
    let messages: Vec<&[u8]> = messages.collect();
    (!messages.is_empty()).then(|| wire::batch(codec, &messages))
}

impl Outgoing {
    const fn stream(&self) -> StreamName {
        match self {
            Self::Data(_) => StreamName::Data,
            Self::Trade(_) => StreamName::TradeUpdates,
        }
    }

    fn glimpse(&self) -> MessageGlimpse<'_> {
        match self {
            Self::Data(message) => {
                MessageGlimpse { stream: StreamName::Data, kind: &message.kind, symbol: &message.symbol }
            }
            Self::Trade(data) => MessageGlimpse {
                stream: StreamName::TradeUpdates,
                kind: data["event"].as_str().unwrap_or_default(),
                symbol: data["order"]["symbol"].as_str().unwrap_or_default(),
            },
        }
    }

    /// Makes a message of the same stream whose kind nobody knows.
    fn stranger(&self) -> Self {
        match self {
            Self::Data(message) => {
                let fields = vec![("mood", Field::text("fine"))];
                Self::Data(DataMessage { kind: "zz".to_owned(), symbol: message.symbol.clone(), fields })
            }
            Self::Trade(data) => {
                let mut data = data.clone();
                data["event"] = json!("contemplated");
                Self::Trade(data)
            }
        }
    }

    fn with_unknown_field(mut self) -> Self {
        match &mut self {
            Self::Data(message) => message.fields.push(("mood", Field::text("fine"))),
            Self::Trade(data) => {
                data["mood"] = json!("fine");
                data["order"]["mood"] = json!({"how": ["fine"]});
            }
        }
        self
    }

    fn with_unknown_word(mut self) -> Self {
        match &mut self {
            Self::Data(message) => {
                for (name, field) in &mut message.fields {
                    match *name {
                        "c" if matches!(field, Field::Texts(_)) => *field = Field::Texts(vec!["?!".to_owned()]),
                        "sc" | "rc" | "z" | "x" | "i" if matches!(field, Field::Text(_)) => *field = Field::text("?!"),
                        _ => {}
                    }
                }
            }
            Self::Trade(data) => {
                data["event"] = json!("contemplated");
                data["order"]["status"] = json!("contemplated");
            }
        }
        self
    }
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;

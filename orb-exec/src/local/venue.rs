//! The simulated exchange with its session's bars and its log, shared by broker and market data.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use orb_backtest::driver::perform;
use orb_backtest::{Exchange, ExchangeConfig};
use orb_core::effect::{BrokerEffect, EffectClass, EffectId};
use orb_core::event::{BrokerSnapshot, Outcome};
use orb_core::order::OrderUpdate;
use orb_core::{Bar, Session, Span, Timestamp};
use tokio::sync::mpsc;

use super::broker::LocalBroker;
use super::log::{Line, Log, LogError, Request};
use super::market::{LocalMarket, Speed};
use crate::broker::{BrokerEvent, EntryGate};

/// Holds what a simulated session is made of.
#[derive(Clone, Debug)]
pub struct VenueConfig {
    /// How the exchange behaves.
    pub exchange: ExchangeConfig,
    /// The session's hours.
    pub session: Session,
    /// Its regular bars by start, then symbol.
    pub bars: Vec<Bar>,
    /// Length of the bars.
    pub bar_length: Span,
    /// Simulated seconds a second.
    pub speed: Speed,
    /// Where the exchange keeps its log; `None` to keep none.
    pub log: Option<PathBuf>,
    /// Names the bars and settings: a log of others is refused.
    pub fingerprint: String,
}

/// Holds an opened session.
#[derive(Debug)]
pub struct Opened {
    /// Takes the engine's effects.
    pub broker: LocalBroker,
    /// Brings the bars and the time.
    pub market: LocalMarket,
    /// What the broker reports.
    pub events: mpsc::UnboundedReceiver<BrokerEvent>,
    /// The bars of before a restart, by instant; empty for a fresh session.
    pub backfill: Vec<Vec<Bar>>,
    /// The time at which the session stands.
    pub now: Timestamp,
    /// Tells that the session had been ended before.
    pub ended: bool,
}

/// The exchange and what it remembers.
#[derive(Debug)]
pub(super) struct Venue {
    pub(super) exchange: Exchange,
    log: Option<Log>,
    updates: Vec<OrderUpdate>,
    events: mpsc::UnboundedSender<BrokerEvent>,
}

/// Shares the venue between broker and market.
pub(super) type Shared = Arc<Mutex<Venue>>;

/// Opens a session, standing where its log says that it stood.
///
/// # Errors
/// When the log cannot be used, or belongs to another session.
pub fn open(config: VenueConfig, gate: EntryGate) -> Result<Opened, LogError> {
    let (sender, events) = mpsc::unbounded_channel();
    let mut exchange = Exchange::new(config.exchange);
    exchange.begin_session();
    let (log, lines) = match &config.log {
        Some(path) => Log::open(path, &config.fingerprint).map(|(log, lines)| (Some(log), lines))?,
        None => (None, Vec::new()),
    };
    let batches: Vec<Vec<Bar>> = config.bars.chunk_by(|a, b| a.start == b.start).map(<[Bar]>::to_vec).collect();
    let standing = replay(&mut exchange, &batches, &lines, &config.session, config.bar_length);
    let venue = Venue { exchange, log, updates: Vec::new(), events: sender };
    let shared = Arc::new(Mutex::new(venue));
    let (past, future) = batches.split_at(standing.batches);
    let market = LocalMarket::new(
        Arc::clone(&shared),
        config.session,
        config.bar_length,
        config.speed,
        future.to_vec(),
        standing.now,
        standing.ended,
    );
    Ok(Opened {
        broker: LocalBroker::new(shared, gate),
        market,
        events,
        backfill: past.to_vec(),
        now: standing.now,
        ended: standing.ended,
    })
}

/// Where a session stands.
struct Standing {
    batches: usize,
    now: Timestamp,
    ended: bool,
}

/// Does again what the log says was done; what the exchange reported then is in its snapshot.
fn replay(exchange: &mut Exchange, batches: &[Vec<Bar>], lines: &[Line], session: &Session, length: Span) -> Standing {
    let mut standing = Standing { batches: 0, now: session.open, ended: false };
    let mut ignored = Vec::new();
    for line in lines {
        match line {
            Line::Session(_) => {}
            Line::Bars(start) => {
                let start = Timestamp::from_micros(*start);
                if let Some(batch) = batches.get(standing.batches).filter(|batch| batch[0].start == start) {
                    exchange.on_bars(batch, &mut ignored);
                    standing.batches += 1;
                    standing.now = standing.now.max((start + length).min(session.close));
                }
            }
            Line::Request(at, request) => {
                let at = Timestamp::from_micros(*at);
                standing.now = standing.now.max(at);
                if let Some(action) = request.to_action() {
                    let effect = BrokerEffect {
                        id: EffectId(0),
                        symbol: None,
                        class: EffectClass::Query,
                        not_after: None,
                        action,
                    };
                    // The outcome was told then, or is in the snapshot now.
                    let _ = perform(exchange, at, &effect, &mut ignored);
                }
            }
            Line::End(at) => {
                exchange.end_session(Timestamp::from_micros(*at), &mut ignored);
                standing.now = standing.now.max(Timestamp::from_micros(*at));
                standing.ended = true;
            }
        }
        ignored.clear();
    }
    standing
}

impl Venue {
    /// Carries out an effect, its request written down first.
    pub(super) fn perform(&mut self, now: Timestamp, effect: &BrokerEffect) {
        if let Some(request) = Request::of(effect)
            && !self.remember(&Line::Request(now.micros(), request))
        {
            // Neither done nor known to be undone: the engine looks it up.
            return self.tell(BrokerEvent::Outcome(effect.id, Outcome::Unknown));
        }
        let outcome = perform(&mut self.exchange, now, effect, &mut self.updates);
        self.tell(BrokerEvent::Outcome(effect.id, outcome));
        if matches!(effect.action, orb_core::effect::Action::QuerySnapshot) {
            let snapshot = self.exchange.snapshot();
            self.tell(BrokerEvent::Snapshot(snapshot));
        }
        self.tell_updates();
    }

    /// Matches the bars of one instant.
    pub(super) fn on_bars(&mut self, bars: &[Bar]) {
        self.remember(&Line::Bars(bars[0].start.micros()));
        self.exchange.on_bars(bars, &mut self.updates);
        self.tell_updates();
    }

    /// Ends the session.
    pub(super) fn end(&mut self, now: Timestamp) {
        self.remember(&Line::End(now.micros()));
        self.exchange.end_session(now, &mut self.updates);
        self.tell_updates();
    }

    pub(super) fn tell(&self, event: BrokerEvent) {
        // Nobody listens any more only when the process ends.
        let _ = self.events.send(event);
    }

    fn tell_updates(&mut self) {
        for update in core::mem::take(&mut self.updates) {
            self.tell(BrokerEvent::Order(update));
        }
    }

    fn remember(&mut self, line: &Line) -> bool {
        self.log.as_mut().is_none_or(|log| log.append(line).is_ok())
    }

    pub(super) fn snapshot(&self) -> BrokerSnapshot {
        self.exchange.snapshot()
    }
}

/// Locks the venue; a panic elsewhere does not make its state wrong.
pub(super) fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, Venue> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

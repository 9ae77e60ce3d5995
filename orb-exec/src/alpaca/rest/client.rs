//! The client of the two hosts.

use core::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use apca::{ApiInfo, Client};
use orb_core::effect::EffectClass;
use orb_core::order::Rejection;
use orb_core::{Calendar, SymbolTable};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use url::Url;

use super::super::config::{AlpacaConfig, ConfigError, Credentials, Feed, RequestLimits};
use super::super::errors::not_sent;
use super::super::orders::OrderReader;
use super::super::rate::{Turnstile, Urgency};
use super::call::{CallError, Unclear, Verb, send};
use super::endpoint::Call;
use super::health::Health;
use crate::ownership::Ownership;

/// How long a question waits for its turn and for a broker that is busy or away.
const QUESTION_PATIENCE: Duration = Duration::from_secs(20);
/// How long one of very many questions waits for its turn: the budget of a minute is free again within two.
const BULK_PATIENCE: Duration = Duration::from_secs(150);
/// How long the answer to one of them may take at least: a listing of the market has several megabytes.
const BULK_TIMEOUT_MIN: Duration = Duration::from_secs(30);
/// The pause before a connection that failed is tried again.
const CONNECT_AGAIN: Duration = Duration::from_millis(500);
/// So often a connection is tried: ten seconds in which nothing could be sent are told.
const CONNECT_TRIES: u32 = 20;

/// Names one of the two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostName {
    /// Orders and the account.
    Trading,
    /// Bars and quotes.
    Data,
}

/// Decides at the last point before a request is written whether it may be.
pub(crate) type Guard<'a> = &'a (dyn Fn() -> Result<(), Rejection> + Send + Sync);

/// Says how a request waits for its turn.
#[derive(Clone)]
pub(crate) struct Manner<'a> {
    /// How urgent it is.
    pub(crate) urgency: Urgency,
    /// When it is given up, if it was not sent by then.
    pub(crate) patience: Instant,
    /// Whether it is tried again where the broker surely did not take it: too many requests, no connection.
    pub(crate) insists: bool,
    /// What may stop it.
    pub(crate) guard: Option<Guard<'a>>,
}

impl Manner<'_> {
    /// Returns the manner of a question to which no answer is an answer too.
    pub(crate) fn once() -> Self {
        Self { insists: false, ..Self::question() }
    }

    /// Returns the manner of one of very many questions that nobody waits for: its turn may come minutes later.
    pub(crate) fn bulk() -> Self {
        Self { patience: Instant::now() + BULK_PATIENCE, ..Self::question() }
    }

    /// Returns the manner of a question.
    pub(crate) fn question() -> Self {
        Self {
            urgency: Urgency::of(EffectClass::Query),
            patience: Instant::now() + QUESTION_PATIENCE,
            insists: true,
            guard: None,
        }
    }
}

/// Asks Alpaca's REST hosts; clones share connections and the budget of requests.
#[derive(Clone)]
pub struct Rest(Arc<Shared>);

struct Shared {
    trading: Host,
    data: Host,
    timeout: Duration,
    sent: AtomicU64,
    feed: Feed,
    health: Option<Health>,
    owner: Option<Arc<dyn Ownership>>,
    calendar: Arc<Calendar>,
    orders: OrderReader,
}

/// One host. The client's own `Debug` would print the keys, so this has none.
struct Host {
    client: Arc<Client>,
    turnstile: Turnstile,
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").field("feed", &self.0.feed).field("health", &self.0.health).finish_non_exhaustive()
    }
}

impl Rest {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// When an address cannot be used.
    pub fn new(config: &AlpacaConfig, symbols: Arc<SymbolTable>, calendar: Arc<Calendar>) -> Result<Self, ConfigError> {
        Self::reporting(config, symbols, calendar, None, None)
    }

    /// Makes a client that reports when the broker is away, and writes only while the owner lets it.
    pub(crate) fn reporting(
        config: &AlpacaConfig,
        symbols: Arc<SymbolTable>,
        calendar: Arc<Calendar>,
        health: Option<Health>,
        owner: Option<Arc<dyn Ownership>>,
    ) -> Result<Self, ConfigError> {
        config.urls.validate()?;
        // The data host counts for itself and knows no exits.
        let data_limits = RequestLimits { reserve: 0, ..config.limits };
        Ok(Self(Arc::new(Shared {
            trading: Host::new(&config.urls.trading, &config.credentials, config.limits)?,
            data: Host::new(&config.urls.data, &config.credentials, data_limits)?,
            timeout: config.limits.timeout,
            sent: AtomicU64::new(0),
            feed: config.feed,
            health,
            owner,
            calendar,
            orders: OrderReader::new(symbols),
        })))
    }

    pub(crate) fn orders(&self) -> &OrderReader {
        &self.0.orders
    }

    pub(crate) fn symbols(&self) -> &SymbolTable {
        self.0.orders.symbols()
    }

    pub(crate) fn calendar(&self) -> &Calendar {
        &self.0.calendar
    }

    pub(crate) fn feed(&self) -> Feed {
        self.0.feed
    }

    pub(crate) fn health(&self) -> Option<&Health> {
        self.0.health.as_ref()
    }

    /// Gives a request to the trading host its place before it is ready to be sent.
    pub(crate) fn line_up(&self, urgency: &Urgency) {
        self.0.trading.turnstile.line_up(urgency);
    }

    /// Lets waiting requests through whose urgency has changed.
    pub(crate) fn reconsider(&self) {
        self.0.trading.turnstile.pump();
    }

    /// Sends a request in its turn and returns the body of the answer.
    pub(crate) async fn send(
        &self,
        host: HostName,
        manner: &Manner<'_>,
        verb: Verb,
        call: Call,
    ) -> Result<Vec<u8>, CallError> {
        self.send_within(self.0.timeout, host, manner, verb, call).await
    }

    /// Asks for much at once, in its turn, and returns the body of the answer; it may take longer than others.
    pub(super) async fn ask_for_much(&self, host: HostName, call: Call) -> Result<Vec<u8>, CallError> {
        let timeout = self.0.timeout.max(BULK_TIMEOUT_MIN);
        self.send_within(timeout, host, &Manner::bulk(), Verb::Get, call).await
    }

    /// Returns how many requests were sent so far, answered or not.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    async fn send_within(
        &self,
        timeout: Duration,
        host: HostName,
        manner: &Manner<'_>,
        verb: Verb,
        call: Call,
    ) -> Result<Vec<u8>, CallError> {
        let asked = match host {
            HostName::Trading => &self.0.trading,
            HostName::Data => &self.0.data,
        };
        let mut tries = 0;
        // Bounded by the patience for refusals because of too many requests, by the tries for connections.
        loop {
            let Some(permit) = asked.turnstile.pass(&manner.urgency, manner.patience).await else {
                return Err(CallError::NotSent("its turn did not come in time: too many requests".to_owned()));
            };
            self.may_write(verb).await?;
            manner.guard.map_or(Ok(()), |may_be_sent| may_be_sent()).map_err(CallError::Stopped)?;
            self.0.sent.fetch_add(1, Ordering::Relaxed);
            let answer = send(&asked.client, verb, call.clone(), timeout).await;
            match &answer {
                Err(CallError::Throttled) => {
                    tracing::warn!(component = "Alpaca", "too many requests: nothing is sent for a while");
                    asked.turnstile.throttled();
                }
                Ok(_) | Err(CallError::Refused(_)) => asked.turnstile.answered(),
                Err(CallError::NotSent(_) | CallError::Stopped(_) | CallError::Unclear(_)) => {}
            }
            drop(permit);
            self.note(host, &answer);
            match answer {
                Err(CallError::Throttled) if manner.insists => {}
                Err(CallError::NotSent(_)) if manner.insists && tries < CONNECT_TRIES => {
                    tries += 1;
                    tokio::time::sleep(CONNECT_AGAIN).await;
                }
                answer => return answer,
            }
        }
    }

    /// Asks the owner last before a request that changes something.
    async fn may_write(&self, verb: Verb) -> Result<(), CallError> {
        match (verb, &self.0.owner) {
            (Verb::Get, _) | (_, None) => Ok(()),
            (Verb::Post | Verb::Patch | Verb::Delete, Some(owner)) => {
                owner.confirm().await.map_err(|reason| CallError::Stopped(not_sent(reason)))
            }
        }
    }

    fn note(&self, host: HostName, answer: &Result<Vec<u8>, CallError>) {
        if let (HostName::Trading, Some(health)) = (host, &self.0.health) {
            health.note(answer.as_ref().map(|_| ()));
        }
    }

    /// Sends a request to the trading host whose answer has nothing to be read.
    pub(crate) async fn send_to_trading(
        &self,
        manner: &Manner<'_>,
        verb: Verb,
        call: Call,
    ) -> Result<Vec<u8>, CallError> {
        self.send(HostName::Trading, manner, verb, call).await
    }

    /// Sends a request to the trading host and reads the answer.
    pub(crate) async fn trading<T: DeserializeOwned>(
        &self,
        manner: &Manner<'_>,
        verb: Verb,
        call: Call,
    ) -> Result<T, CallError> {
        read(&self.send(HostName::Trading, manner, verb, call).await?)
    }

    /// Asks the trading host for something and reads the answer.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, manner: &Manner<'_>, call: Call) -> Result<T, CallError> {
        self.trading(manner, Verb::Get, call).await
    }
}

/// Reads an answer.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, CallError> {
    serde_json::from_slice(body).map_err(|error| CallError::Unclear(Unclear::Unreadable(error.to_string())))
}

impl Host {
    fn new(url: &Url, credentials: &Credentials, limits: RequestLimits) -> Result<Self, ConfigError> {
        let info =
            ApiInfo::from_parts(url.as_str(), credentials.key_id.expose_secret(), credentials.secret.expose_secret());
        let info = info.map_err(|_| ConfigError::Address {
            service: "trading",
            text: url.to_string(),
            example: "https://paper-api.alpaca.markets",
        })?;
        Ok(Self { client: Arc::new(Client::new(info)), turnstile: Turnstile::new(limits) })
    }
}

//! The conversation of the market-data stream.

use std::sync::Arc;
use std::time::Duration;

use orb_core::{SymbolId, SymbolTable};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::error::StreamError;
use super::keep::{Conversation, Line};
use super::lock::StreamLock;
use super::socket::{Frame, Socket};
use crate::alpaca::Credentials;
use crate::alpaca::market::{Lanes, News, Wishes};
use crate::alpaca::wire::data::{DataMessage, SymbolIndex, read_frame};
use crate::clock::Clock;

/// Of more symbols than this the bars of all there are are subscribed: the list would be too long.
const LISTED_MAX: usize = 1_000;
/// The server's word for too many symbols.
const SYMBOL_LIMIT: u64 = 405;
/// The server's word for a refused key.
const AUTH_FAILED: u64 = 402;

/// Names what is subscribed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    /// Symbols whose bars, corrections and halts come; `*` for all.
    bars: Vec<String>,
    /// Symbols whose trades and quotes come.
    ticks: Vec<String>,
}

impl Subscription {
    /// Subscribes the bars of all symbols of a table, and the trades and quotes of some.
    pub(crate) fn new(symbols: &SymbolTable, ticks: &[SymbolId]) -> Self {
        let name = |id: SymbolId| symbols.name(id).to_string();
        let bars = match symbols.len() {
            0..=LISTED_MAX => symbols.iter().map(|(id, _)| name(id)).collect(),
            _ => vec!["*".to_owned()],
        };
        Self { bars, ticks: ticks.iter().map(|id| name(*id)).collect() }
    }

    fn message(&self) -> Value {
        let Self { bars, ticks } = self;
        let mut message = json!({ "action": "subscribe", "bars": bars, "updatedBars": bars, "statuses": bars });
        if !ticks.is_empty() {
            message["trades"] = json!(ticks);
            message["quotes"] = json!(ticks);
        }
        message
    }

    /// Goes over to the trades and quotes of other symbols; returns what is to be said for that, first what is not
    /// wanted any more, so that no more are subscribed at any time than are allowed.
    fn turn_to(&mut self, ticks: Vec<String>) -> Vec<Value> {
        let other = |one: &[String], other: &[String]| -> Vec<String> {
            one.iter().filter(|name| !other.contains(name)).cloned().collect()
        };
        let (ended, begun) = (other(&self.ticks, &ticks), other(&ticks, &self.ticks));
        self.ticks = ticks;
        let say = |action: &str, names: Vec<String>| {
            (!names.is_empty()).then(|| json!({ "action": action, "trades": names, "quotes": names }))
        };
        [say("unsubscribe", ended), say("subscribe", begun)].into_iter().flatten().collect()
    }
}

/// Speaks with the market-data stream.
#[derive(Clone, Debug)]
pub(crate) struct PriceStream<C: Clock> {
    /// Its address names the feed.
    pub(crate) line: Line<C>,
    pub(crate) credentials: Credentials,
    pub(crate) subscription: Subscription,
    pub(crate) table: Arc<SymbolTable>,
    pub(crate) symbols: Arc<SymbolIndex>,
    pub(crate) lanes: Arc<Lanes<C>>,
    /// Rung when the connection is to be ended.
    pub(crate) reconnect: Arc<Notify>,
    /// Whose trades and quotes are wanted at the time; `None` where they come of the same symbols all day.
    pub(crate) wishes: Option<Wishes>,
    /// Held as long as anybody speaks with it.
    pub(crate) _lock: Arc<StreamLock>,
}

impl<C: Clock> Conversation<C> for PriceStream<C> {
    const NAME: &'static str = "prices";

    fn line(&self) -> Line<C> {
        self.line.clone()
    }

    async fn introduce(&mut self, socket: &mut Socket<C>) -> Result<(), StreamError> {
        self.hear(socket, "connected").await?;
        let (key, secret) = (self.credentials.key_id.expose_secret(), self.credentials.secret.expose_secret());
        socket.send(&json!({ "action": "auth", "key": key, "secret": secret })).await?;
        self.hear(socket, "authenticated").await?;
        if let Some(wishes) = &self.wishes {
            self.subscription.ticks = self.names(&wishes.now());
        }
        socket.send(&self.subscription.message()).await?;
        match self.hear(socket, "subscription").await {
            Err(StreamError::Complaint { code: SYMBOL_LIMIT, message }) if !self.subscription.ticks.is_empty() => {
                tracing::warn!(component = "Data", "no trades and quotes, bars alone: {message}");
                self.subscription.ticks.clear();
                self.wishes.iter().for_each(Wishes::refuse);
                socket.send(&self.subscription.message()).await?;
                self.hear(socket, "subscription").await
            }
            other => other,
        }
    }

    fn on_open(&mut self) {
        // A wish to end the connection before this one is not meant for this one.
        let _ = futures_util::FutureExt::now_or_never(self.reconnect.notified());
        self.wishes.iter().for_each(|wishes| wishes.listen(true));
    }

    async fn read(&mut self, socket: &mut Socket<C>) -> StreamError {
        loop {
            let frame = tokio::select! {
                biased;
                () = self.reconnect.notified() => return StreamError::Mute,
                () = changed(self.wishes.as_ref()) => match self.follow_wishes(socket).await {
                    Ok(()) => continue,
                    Err(error) => return error,
                },
                frame = socket.next_frame() => frame,
            };
            match frame.and_then(|frame| self.hand_on(&frame)) {
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    }

    fn on_lost(&mut self) {
        self.wishes.iter().for_each(|wishes| wishes.listen(false));
        self.lanes.push(News::Lost);
    }
}

impl<C: Clock> PriceStream<C> {
    /// Tells whether trades and quotes are subscribed of any symbol from the start on.
    pub(crate) fn has_ticks(&self) -> bool {
        !self.subscription.ticks.is_empty()
    }

    fn names(&self, ids: &[SymbolId]) -> Vec<String> {
        ids.iter().map(|id| self.table.name(*id).to_string()).collect()
    }

    /// Subscribes the trades and quotes that are wanted now, and ends those that are not; bars go on all the while.
    async fn follow_wishes(&mut self, socket: &mut Socket<C>) -> Result<(), StreamError> {
        let Some(wishes) = self.wishes.clone() else { return Ok(()) };
        let _hold = wishes.take_hold();
        let ticks = self.names(&wishes.now());
        for message in self.subscription.turn_to(ticks) {
            socket.send(&message).await?;
            match self.hear(socket, "subscription").await {
                Err(StreamError::Complaint { code: SYMBOL_LIMIT, message }) => {
                    tracing::warn!(component = "Data", "no trades and quotes, bars alone: {message}");
                    wishes.refuse();
                    return Err(StreamError::Complaint { code: SYMBOL_LIMIT, message });
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// Waits for a word of the server; prices that come before it are handed on.
    async fn hear(&self, socket: &mut Socket<C>, awaited: &'static str) -> Result<(), StreamError> {
        let within: Duration = self.line.timing.answer_within;
        let listening = async {
            loop {
                let frame = socket.next_frame().await?;
                let said = self.hand_on(&frame)?;
                if said.iter().any(|said| is(said, awaited)) {
                    return Ok(());
                }
            }
        };
        timeout(within, listening).await.map_err(|_| StreamError::NoAnswer { awaited, within })?
    }

    /// Hands on what is in a frame and returns what the server says of the conversation.
    fn hand_on(&self, frame: &Frame<C>) -> Result<Vec<DataMessage>, StreamError> {
        let said = self.lanes.push_frame(read_frame(frame.payload(), &self.symbols));
        let complaint = said.iter().find_map(|said| {
            let DataMessage::Error { code, message } = said else { return None };
            let (code, message) = (*code, message.clone());
            let refused = code == AUTH_FAILED;
            Some(if refused { StreamError::Unauthorized(message) } else { StreamError::Complaint { code, message } })
        });
        complaint.map_or(Ok(said), Err)
    }
}

/// Waits for another wish; for ever where there are none.
async fn changed(wishes: Option<&Wishes>) {
    match wishes {
        Some(wishes) => wishes.changed().await,
        None => core::future::pending().await,
    }
}

/// Tells whether the server said what was awaited of it.
fn is(said: &DataMessage, awaited: &str) -> bool {
    let spoken = matches!(said, DataMessage::Success(words) if words == awaited);
    spoken || (*said == DataMessage::Subscribed && awaited == "subscription")
}

#[cfg(test)]
mod tests {
    use orb_core::Symbol;

    use super::*;

    #[test]
    fn only_what_changes_is_said_and_the_unwanted_goes_first() {
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut subscription = Subscription { bars: names("A B C D"), ticks: Vec::new() };
        let say = |action: &str, text: &str| json!({ "action": action, "trades": names(text), "quotes": names(text) });
        assert_eq!(subscription.turn_to(names("A B")), [say("subscribe", "A B")]);
        assert_eq!(subscription.turn_to(names("B C D")), [say("unsubscribe", "A"), say("subscribe", "C D")]);
        assert_eq!(subscription.turn_to(names("D B C")), Vec::<Value>::new());
        assert_eq!(subscription.turn_to(Vec::new()), [say("unsubscribe", "D B C")]);
    }

    #[test]
    fn bars_are_subscribed_by_name_and_beyond_a_limit_for_all() {
        let table =
            |count: usize| SymbolTable::new((0..count).map(|number| Symbol::new(&format!("S{number}")).unwrap()));
        let few = Subscription::new(&table(2), &[SymbolId(1)]);
        let expected = json!({
            "action": "subscribe", "bars": ["S0", "S1"], "updatedBars": ["S0", "S1"], "statuses": ["S0", "S1"],
            "trades": ["S1"], "quotes": ["S1"],
        });
        assert_eq!(few.message(), expected);
        let many = Subscription::new(&table(LISTED_MAX + 1), &[]);
        assert_eq!(
            many.message(),
            json!({ "action": "subscribe", "bars": ["*"], "updatedBars": ["*"], "statuses": ["*"] })
        );
    }
}

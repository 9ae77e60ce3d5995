//! One websocket connection: made in time, kept alive by pings, read frame by frame.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, MissedTickBehavior, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use url::Url;

use super::error::StreamError;
use crate::clock::{Busy, Clock};

/// The largest message that is taken: the bars of 11,000 symbols are a fifth of it.
const MESSAGE_MAX_BYTES: usize = 16 << 20;
/// How long a farewell may take.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// Holds how long a connection may take to do what; on the machine's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SocketTiming {
    /// To be made, and to answer each step of the conversation.
    pub(crate) answer_within: Duration,
    /// Between pings.
    pub(crate) ping_every: Duration,
    /// From a ping to any sign of life.
    pub(crate) pong_within: Duration,
}

/// Holds a connection.
#[derive(Debug)]
pub(crate) struct Socket<C: Clock> {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    clock: C,
    timing: SocketTiming,
    ping: Interval,
    /// When the server must have shown a sign of life; `None` while no ping is unanswered.
    pong_due: Option<Instant>,
}

/// Holds a text or binary frame; when it is dropped, all that is in it counts as handed on.
#[derive(Debug)]
pub(crate) struct Frame<C: Clock> {
    payload: Bytes,
    clock: C,
    _busy: Busy,
}

impl<C: Clock> Frame<C> {
    /// Returns what is in it.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }
}

impl<C: Clock> Drop for Frame<C> {
    fn drop(&mut self) {
        // The guard is dropped after this, so that simulated time does not pass in between.
        self.clock.frame_done();
    }
}

impl<C: Clock> Socket<C> {
    /// Connects.
    ///
    /// # Errors
    /// When the server cannot be reached in time or is no websocket server.
    pub(crate) async fn connect(address: &Url, timing: SocketTiming, clock: C) -> Result<Self, StreamError> {
        let limits = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_MAX_BYTES))
            .max_frame_size(Some(MESSAGE_MAX_BYTES));
        let connecting = tokio_tungstenite::connect_async_with_config(address.as_str(), Some(limits), true);
        let answer = timeout(timing.answer_within, connecting).await;
        let (stream, _) =
            answer.map_err(|_| StreamError::ConnectTimeout(timing.answer_within))?.map_err(unreachable)?;
        let mut ping = tokio::time::interval_at(Instant::now() + timing.ping_every, timing.ping_every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { stream, clock, timing, ping, pong_due: None })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the connection is broken, or takes nothing for too long.
    pub(crate) async fn send(&mut self, message: &serde_json::Value) -> Result<(), StreamError> {
        self.write(Message::text(message.to_string())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), StreamError> {
        let within = self.timing.answer_within;
        let sent = timeout(within, self.stream.send(message)).await;
        sent.map_err(|_| StreamError::NoAnswer { awaited: "ready to receive", within })?.map_err(broken)
    }

    /// Waits for the next text or binary frame; pings go out and are watched meanwhile.
    ///
    /// It may be dropped while it waits and called again; no frame is lost then.
    ///
    /// # Errors
    /// When the connection has come to its end.
    pub(crate) async fn next_frame(&mut self) -> Result<Frame<C>, StreamError> {
        loop {
            tokio::select! {
                biased;
                message = self.stream.next() => {
                    self.pong_due = None;
                    if let Some(frame) = self.take(message)? {
                        return Ok(frame);
                    }
                }
                () = sleep_until(self.pong_due) => return Err(StreamError::NoPong(self.timing.pong_within)),
                _ = self.ping.tick() => {
                    // While a ping is unanswered its deadline stays.
                    self.pong_due.get_or_insert(Instant::now() + self.timing.pong_within);
                    self.write(Message::Ping(Bytes::new())).await?;
                }
            }
        }
    }

    fn take(&self, message: Option<Result<Message, Error>>) -> Result<Option<Frame<C>>, StreamError> {
        let payload = match message {
            None => return Err(StreamError::Closed("without a farewell".to_owned())),
            Some(Err(error)) => return Err(broken(error)),
            Some(Ok(Message::Text(text))) => text.into(),
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Close(frame))) => {
                let said = frame.map_or_else(|| "without a reason".to_owned(), |frame| frame.to_string());
                return Err(StreamError::Closed(said));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => return Ok(None),
        };
        Ok(Some(Frame { payload, clock: self.clock.clone(), _busy: self.clock.busy() }))
    }

    /// Says farewell, so that the server forgets the session at once.
    pub(crate) async fn close(mut self) {
        // Whether the server answers does not matter any more.
        let _ = timeout(CLOSE_PATIENCE, self.stream.close(None)).await;
    }
}

fn unreachable(error: Error) -> StreamError {
    if let Error::Http(response) = &error {
        return StreamError::Refused(response.status().as_u16());
    }
    StreamError::Unreachable(error)
}

fn broken(error: Error) -> StreamError {
    if matches!(error, Error::ConnectionClosed | Error::AlreadyClosed) {
        return StreamError::Closed("it is closed".to_owned());
    }
    StreamError::Broken(error)
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => core::future::pending().await,
    }
}

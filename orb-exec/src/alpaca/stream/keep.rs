//! Keeps a conversation with the server going: connects, listens, and connects again.

use orb_core::Span;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::backoff::Backoff;
use super::error::StreamError;
use super::socket::{Socket, SocketTiming};
use crate::clock::Clock;

/// A connection that held for so long was a good one: the next failure is the first again.
const HELD: Span = Span::from_seconds(30);
/// How long after a panic a task is begun again.
const RESTART_AFTER: Span = Span::from_seconds(1);

/// Holds what a connection is made with.
#[derive(Clone, Debug)]
pub(crate) struct Line<C> {
    /// The whole address of the stream.
    pub(crate) address: Url,
    /// How long it may take to do what.
    pub(crate) timing: SocketTiming,
    /// The time that its waits live in.
    pub(crate) clock: C,
}

/// Knows what is said on one of the streams.
pub(crate) trait Conversation<C: Clock>: Send {
    /// The stream's name in the log.
    const NAME: &'static str;

    /// Returns where the server is and how long it may take, and the clock that waits for it.
    fn line(&self) -> Line<C>;

    /// Shows the key and subscribes.
    fn introduce(&mut self, socket: &mut Socket<C>) -> impl Future<Output = Result<(), StreamError>> + Send;

    /// Connects, shows the key and subscribes.
    fn open(&mut self) -> impl Future<Output = Result<Socket<C>, StreamError>> + Send {
        async move {
            let Line { address, timing, clock } = self.line();
            let _busy = clock.busy();
            let mut socket = Socket::connect(&address, timing, clock.clone()).await?;
            match self.introduce(&mut socket).await {
                Ok(()) => Ok(socket),
                Err(error) => {
                    socket.close().await;
                    Err(error)
                }
            }
        }
    }

    /// Notes that what follows on the stream is complete from now on.
    fn on_open(&mut self);

    /// Listens until the connection comes to its end; it may be dropped at any time.
    fn read(&mut self, socket: &mut Socket<C>) -> impl Future<Output = StreamError> + Send;

    /// Notes that the connection came to its end, or could not be made.
    fn on_lost(&mut self);
}

/// Keeps one conversation going.
#[derive(Clone, Debug)]
pub(crate) struct Keeper<C> {
    clock: C,
    backoff: Backoff,
    stop: CancellationToken,
}

impl<C: Clock> Keeper<C> {
    /// `seed`: of the waits between attempts.
    pub(crate) fn new(clock: C, seed: u64, stop: CancellationToken) -> Self {
        Self { clock, backoff: Backoff::new(seed), stop }
    }

    /// Opens a conversation for the first time, with a few attempts.
    ///
    /// # Errors
    /// When trying again cannot help, and after the last attempt.
    pub(crate) async fn first<T: Conversation<C>>(
        &mut self,
        talk: &mut T,
        tries: u32,
    ) -> Result<Socket<C>, StreamError> {
        for _ in 1..tries {
            match talk.open().await {
                Ok(socket) => return Ok(socket),
                Err(error) if error.is_final() => return Err(error),
                Err(error) => self.wait(T::NAME, &error).await,
            }
        }
        talk.open().await
    }

    /// Keeps a conversation going until it is stopped.
    pub(crate) async fn keep<T: Conversation<C>>(mut self, mut talk: T, first: Option<Socket<C>>) {
        let stop = self.stop.clone();
        let mut opened = first;
        while !stop.is_cancelled() {
            let socket = match opened.take() {
                Some(socket) => Ok(socket),
                None => tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    socket = talk.open() => socket,
                },
            };
            let error = match socket {
                Ok(socket) => self.listen(&mut talk, socket).await,
                Err(error) => {
                    talk.on_lost();
                    Some(error)
                }
            };
            let Some(error) = error else { return };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.wait(T::NAME, &error) => {}
            }
        }
    }

    /// Listens to the end of a connection; `None` when it was stopped.
    async fn listen<T: Conversation<C>>(&mut self, talk: &mut T, mut socket: Socket<C>) -> Option<StreamError> {
        let began = self.clock.now();
        talk.on_open();
        let error = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            error = talk.read(&mut socket) => Some(error),
        };
        if error.is_some() {
            // Before the farewell, which may take a moment.
            talk.on_lost();
        }
        socket.close().await;
        if self.clock.now() - began >= HELD {
            self.backoff.reset();
        }
        error
    }

    async fn wait(&mut self, stream: &'static str, error: &StreamError) {
        let wait = self.backoff.next_wait(error.is_crowded() || error.is_final());
        let seconds = wait.micros() / 1_000_000;
        tracing::warn!(component = "Alpaca", stream, seconds, "{error}: connecting again");
        self.clock.sleep_until(self.clock.now() + wait).await;
    }
}

/// Runs a task until it ends by itself; one that panics is begun again.
pub(crate) async fn supervise<C, F>(stream: &'static str, clock: C, stop: CancellationToken, mut begin: F)
where
    C: Clock,
    F: FnMut() -> tokio::task::JoinHandle<()>,
{
    while let Err(failure) = begin().await {
        if stop.is_cancelled() {
            return;
        }
        tracing::error!(component = "Alpaca", stream, "the stream's task ended: {failure}; it begins again");
        clock.sleep_until(clock.now() + RESTART_AFTER).await;
    }
}

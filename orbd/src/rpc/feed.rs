//! Server streams: a task that makes messages, a short queue, and an end at shutdown.
//!
//! The queue is what a slow client holds up; the task then waits, and what it waits on (a watch, a broadcast) drops or
//! conflates for it alone. Nothing here ever waits on the runtime's side.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{sync::mpsc, time::Instant};
use tokio_stream::Stream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;

/// Messages that wait for a slow client, at most.
const QUEUE_LENGTH: usize = 16;

/// How long a stream is silent before it sends a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Brings the messages of one server stream to one client.
#[derive(Debug)]
pub struct Feed<T> {
    messages: mpsc::Receiver<Result<T, Status>>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<T: Send + 'static> Feed<T> {
    /// Starts a task that makes messages until the client goes, `stop` is cancelled or it returns.
    pub(super) fn start<F>(stop: &CancellationToken, make: impl FnOnce(Sink<T>) -> F) -> Self
    where
        F: Future<Output = Result<(), Ended>> + Send + 'static,
    {
        let (sender, messages) = mpsc::channel(QUEUE_LENGTH);
        let made = make(Sink(sender));
        let until = stop.clone();
        tokio::spawn(async move {
            // How it ended is of no interest: the client sees the end of the stream.
            let _ = until.run_until_cancelled(made).await;
        });
        Self { messages, stop: Box::pin(stop.clone().cancelled_owned()) }
    }
}

impl<T> Stream for Feed<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.stop.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        self.messages.poll_recv(context)
    }
}

/// Says that a stream has ended: its client, or the runtime, has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended;

/// Takes the messages of one stream.
#[derive(Debug)]
pub(super) struct Sink<T>(mpsc::Sender<Result<T, Status>>);

impl<T> Sink<T> {
    /// Sends a message, waiting while the client is slow.
    pub(super) async fn send(&self, message: T) -> Result<(), Ended> {
        self.0.send(Ok(message)).await.map_err(|_| Ended)
    }

    /// Ends the stream with an error.
    pub(super) async fn fail(&self, status: Status) -> Ended {
        let _ = self.0.send(Err(status)).await;
        Ended
    }

    /// Waits for news, but not beyond `beat` and not after the client has gone; `None` when it is time for a heartbeat.
    pub(super) async fn wait<N>(&self, beat: Instant, news: impl Future<Output = N>) -> Result<Option<N>, Ended> {
        tokio::select! {
            biased;
            () = self.0.closed() => Err(Ended),
            news = news => Ok(Some(news)),
            () = tokio::time::sleep_until(beat) => Ok(None),
        }
    }
}

/// Returns when the next heartbeat is due if nothing is sent from now on.
pub(super) fn next_beat() -> Instant {
    Instant::now() + HEARTBEAT
}

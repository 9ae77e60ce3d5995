//! What a server stream is to its connection: messages, and an end at shutdown or when its caller may not see more.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;

use super::streams::Seat;

/// Messages that wait for a slow client, at most, where a task makes them.
const QUEUE_LENGTH: usize = 16;

/// Brings the messages of one server stream to one client.
pub struct Feed<T> {
    messages: Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    revoked: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// The place among all streams; given back with the stream.
    _seat: Option<Seat>,
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
        let messages = Box::pin(ReceiverStream::new(messages));
        Self { messages, stop: Box::pin(stop.clone().cancelled_owned()), revoked: None, _seat: None }
    }

    /// Takes messages as there is room for them, until `stop` is cancelled; an error when `revoked` is.
    pub(super) fn over(
        messages: impl Stream<Item = Result<T, Status>> + Send + 'static,
        stop: &CancellationToken,
        revoked: Option<CancellationToken>,
        seat: Seat,
    ) -> Self {
        Self {
            messages: Box::pin(messages),
            stop: Box::pin(stop.clone().cancelled_owned()),
            revoked: revoked.map(|token| Box::pin(token.cancelled_owned())),
            _seat: Some(seat),
        }
    }
}

impl<T: 'static> Stream for Feed<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.stop.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        if let Some(revoked) = &mut self.revoked
            && revoked.as_mut().poll(context).is_ready()
        {
            self.revoked = None;
            self.messages = Box::pin(tokio_stream::empty());
            let over = "the token of this stream was revoked or has expired; call again with another one";
            return Poll::Ready(Some(Err(Status::unauthenticated(over))));
        }
        self.messages.as_mut().poll_next(context)
    }
}

impl<T> std::fmt::Debug for Feed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

/// Says that a stream has ended: its client has gone.
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
}

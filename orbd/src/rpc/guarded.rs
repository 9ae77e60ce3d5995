//! The body of a reply, which ends at the client's deadline and with its token.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Code, Status};

use super::refuse::refuse;

/// Says until when a call may go on.
#[derive(Clone, Debug, Default)]
pub(super) struct Bounds {
    /// The client's deadline; `None` when it has none.
    pub(super) deadline: Option<Instant>,
    /// Fires when the client's token is over; `None` where none is needed.
    pub(super) ended: Option<CancellationToken>,
}

impl Bounds {
    /// Waits until the call may go on no more, and returns why.
    pub(super) async fn passed(self) -> Status {
        let over = async {
            match self.ended {
                Some(ended) => ended.cancelled_owned().await,
                None => std::future::pending().await,
            }
        };
        let late = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => token_over(),
            () = late => too_late(),
        }
    }
}

fn token_over() -> Status {
    refuse(Code::Unauthenticated, "TOKEN_ENDED", "the token was revoked or has expired; use another one")
}

fn too_late() -> Status {
    let message = "the client's deadline has passed; what was asked for may still happen: look at the status";
    refuse(Code::DeadlineExceeded, "DEADLINE", message)
}

/// A body within bounds: beyond them it ends with a status, whatever the service would still send.
pub(super) struct Guarded {
    body: Option<Body>,
    deadline: Option<Pin<Box<Sleep>>>,
    ended: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl Guarded {
    pub(super) fn new(body: Body, bounds: Bounds) -> Self {
        let deadline = bounds.deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline)));
        let ended = bounds.ended.map(|ended| Box::pin(ended.cancelled_owned()));
        Self { body: Some(body), deadline, ended }
    }

    fn passed(&mut self, context: &mut Context<'_>) -> Option<Status> {
        if self.ended.as_mut().is_some_and(|ended| ended.as_mut().poll(context).is_ready()) {
            return Some(token_over());
        }
        let is_late = self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(context).is_ready());
        is_late.then(too_late)
    }
}

impl HttpBody for Guarded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.body.is_none() {
            return Poll::Ready(None);
        }
        if let Some(status) = self.passed(context) {
            // The service learns by this that nobody listens any more.
            self.body = None;
            let mut trailers = HeaderMap::new();
            return match status.add_header(&mut trailers) {
                Ok(()) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                Err(status) => Poll::Ready(Some(Err(axum::Error::new(status)))),
            };
        }
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Returns the gRPC code that a body ends with that would never end by itself.
    async fn end(bounds: Bounds) -> String {
        let silent = tokio_stream::pending::<Result<Bytes, axum::Error>>();
        let mut body = Guarded::new(Body::from_stream(silent), bounds);
        let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await.unwrap().unwrap();
        assert!(std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await.is_none());
        frame.into_trailers().unwrap()["grpc-status"].to_str().unwrap().to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_ends_at_the_deadline_or_with_the_token() {
        let soon = Some(Instant::now() + Duration::from_secs(3));
        assert_eq!(end(Bounds { deadline: soon, ended: None }).await, "4");
        let ended = CancellationToken::new();
        let later = ended.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            later.cancel();
        });
        let soon = Some(Instant::now() + Duration::from_secs(3));
        assert_eq!(end(Bounds { deadline: soon, ended: Some(ended) }).await, "16");
    }
}

//! One request and its answer: bounded in time, and contained whatever the client library does.

use std::sync::Arc;
use std::time::Duration;

use apca::{Client, RequestError};
use http_endpoint::Endpoint;
use orb_core::order::Rejection;

use super::super::owned::Owned;
use super::super::wire::order::ErrorBody;
use super::endpoint::{Call, Delete, Get, Patch, Post, Said, StatusError};

/// Most characters of an answer that is no JSON which are kept to be shown.
const EXCERPT_LENGTH_MAX: usize = 200;

/// Names the kind of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Patch,
    Delete,
}

/// Explains why a request brought no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It never left this machine: nothing has happened at the broker.
    #[error("the request was not sent: {0}")]
    NotSent(String),
    /// It was stopped before it was written, as the rejection says.
    #[error("the request was stopped: {}", .0.message)]
    Stopped(Rejection),
    /// The broker did not take it because of too many requests: nothing has happened.
    #[error("the broker refused the request because of too many requests")]
    Throttled,
    /// The broker refused it: nothing has happened.
    #[error("the broker refused: {0}")]
    Refused(Box<Refusal>),
    /// It may have been done or not.
    #[error("the broker gave no clear answer: {0}")]
    Unclear(Unclear),
}

/// Holds what a broker said when it refused a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("HTTP status {status}: {body}")]
pub struct Refusal {
    /// HTTP status, from 400 to 499.
    pub status: u16,
    /// Tells that the answer was one of the broker's own, and not of something between.
    pub is_brokers: bool,
    pub(crate) body: ErrorBody,
}

/// Explains why it is not known what has become of a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// No answer came in time.
    #[error("none came in time")]
    Timeout,
    /// The answer was cut off, or the client library failed over it.
    #[error("it was cut off")]
    CutOff,
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The server said that it failed, or said something that such a server does not say.
    #[error("HTTP status {0}")]
    Status(u16),
    /// The answer is not what was asked for.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

impl CallError {
    /// Tells whether the broker itself says that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == 404 && refusal.is_brokers)
    }

    /// Tells whether the keys are not, or no longer, accepted.
    pub(crate) fn is_unauthorised(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.status == 401 || (refusal.status == 403 && refusal.body.code.is_none()),
            Self::NotSent(_) | Self::Stopped(_) | Self::Throttled | Self::Unclear(_) => false,
        }
    }
}

/// Sends a request and returns the body of its answer.
pub(super) async fn send(
    client: &Arc<Client>,
    verb: Verb,
    call: Call,
    timeout: Duration,
) -> Result<Vec<u8>, CallError> {
    match verb {
        Verb::Get => issue::<Get>(client, call, timeout).await,
        Verb::Post => issue::<Post>(client, call, timeout).await,
        Verb::Patch => issue::<Patch>(client, call, timeout).await,
        Verb::Delete => issue::<Delete>(client, call, timeout).await,
    }
}

async fn issue<R>(client: &Arc<Client>, call: Call, timeout: Duration) -> Result<Vec<u8>, CallError>
where
    R: Endpoint<Input = Call, Output = Vec<u8>> + 'static,
    R::Error: StatusError + Send,
{
    let client = Arc::clone(client);
    // A task of its own, because the client library panics where an answer is cut off.
    let task = Owned::spawn(async move { client.issue::<R>(&call).await.map_err(explain) });
    match tokio::time::timeout(timeout, task.finish()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(CallError::Unclear(Unclear::CutOff)),
        Err(_) => Err(CallError::Unclear(Unclear::Timeout)),
    }
}

fn explain<E: StatusError>(error: RequestError<E>) -> CallError {
    match error {
        RequestError::Endpoint(said) => match said.into_status() {
            Some((status, said)) => refusal(status.as_u16(), said),
            None => CallError::NotSent("the request cannot be written: a key holds what no header may".to_owned()),
        },
        RequestError::HyperUtil(error) if error.is_connect() => CallError::NotSent(causes(&error)),
        RequestError::HyperUtil(error) => CallError::Unclear(Unclear::Connection(causes(&error))),
        RequestError::Hyper(error) => CallError::Unclear(Unclear::Connection(causes(&error))),
        RequestError::Io(error) => CallError::Unclear(Unclear::Connection(causes(&error))),
    }
}

/// Tells an error with its causes in one sentence.
fn causes(error: &dyn core::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Sorts an answer whose status is none of success.
fn refusal(status: u16, said: Said) -> CallError {
    // 408 is a server's timeout: what had been read by then may have been acted on.
    match status {
        429 => CallError::Throttled,
        408 => CallError::Unclear(Unclear::Status(status)),
        400..=499 => {
            let is_brokers = said.as_ref().is_ok_and(|body| body.code.is_some() || !body.message.is_empty());
            let body = said.unwrap_or_else(|bytes| ErrorBody { message: excerpt(&bytes), ..ErrorBody::default() });
            CallError::Refused(Box::new(Refusal { status, is_brokers, body }))
        }
        _ => CallError::Unclear(Unclear::Status(status)),
    }
}

/// Returns the beginning of what a server said that speaks no JSON, on one line.
fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(EXCERPT_LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Said {
        serde_json::from_str(text).map_err(|_| text.as_bytes().to_vec())
    }

    #[test]
    fn answers_are_sorted_by_what_is_known_after_them() {
        for status in [500, 502, 503, 504, 408, 301, 100, 600] {
            let error = refusal(status, said("<html>"));
            assert_eq!(error, CallError::Unclear(Unclear::Status(status)), "{status}");
        }
        assert_eq!(refusal(429, said(r#"{"message":"too many requests."}"#)), CallError::Throttled);
        let not_found = refusal(404, said(r#"{"code":40410000,"message":"order not found"}"#));
        assert!(not_found.is_not_found() && !not_found.is_unauthorised());
        assert!(!refusal(404, said("<html><b>nothing\nhere</b>")).is_not_found(), "not the broker's word");
        assert!(refusal(401, said(r#"{"message":"unauthorized."}"#)).is_unauthorised());
        assert!(refusal(403, said(r#"{"message":"forbidden."}"#)).is_unauthorised());
        assert!(!refusal(403, said(r#"{"code":40310000,"message":"insufficient"}"#)).is_unauthorised());
    }

    #[test]
    fn what_a_server_of_another_kind_says_is_shown_in_short() {
        let html = format!("<html>\n\t<b>{}</b>", "x".repeat(1_000));
        let CallError::Refused(refusal) = refusal(400, said(&html)) else { panic!("a refusal") };
        assert_eq!(refusal.body.message.len(), EXCERPT_LENGTH_MAX);
        assert!(refusal.body.message.starts_with("<html> <b>xxx"));
    }
}

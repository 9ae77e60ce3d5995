//! Replies on the wire, whole ones and broken ones.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use crate::exchange::Outcome;
use crate::limit::Allowance;

/// Time from the first half of a reply to the break, on the machine's clock.
const BREAK_AFTER: Duration = Duration::from_millis(20);

/// Numbers replies.
#[derive(Debug)]
pub(super) struct Ids(AtomicU64);

impl Ids {
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(1))
    }

    /// Gives a reply the header by which Alpaca's support finds it.
    pub(super) fn stamp(&self, headers: &mut HeaderMap) {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        if let Ok(value) = HeaderValue::from_str(&format!("{number:032x}")) {
            headers.insert(HeaderName::from_static("x-request-id"), value);
        }
    }
}

/// Makes a reply as it should be.
pub(super) fn whole(outcome: &Outcome) -> Response {
    respond(outcome, Body::from(body_of(outcome)))
}

/// Makes a reply that ends in its middle: its length is announced, half of it comes, and the connection breaks.
pub(super) fn truncated(outcome: &Outcome) -> Response {
    let body = body_of(outcome);
    let length = body.len().max(2);
    let half = body.slice(..body.len() / 2);
    let first = stream::once(async { Ok(half) });
    let broken = stream::once(async {
        // What came before is written only while nothing more is to be had.
        tokio::time::sleep(BREAK_AFTER).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    let mut response = respond(outcome, Body::from_stream(first.chain(broken)));
    *response.status_mut() = if outcome.reply.status == 204 { StatusCode::OK } else { response.status() };
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// Makes a page for people, as a proxy in front of an API gives it.
pub(super) fn html() -> Response {
    let page = "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>\n";
    let mut response = Response::new(Body::from(page));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// Makes a reply of the server itself.
pub(super) fn message(status: StatusCode, message: &str) -> Response {
    let mut response = Response::new(Body::from(serde_json::json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");

fn body_of(outcome: &Outcome) -> Bytes {
    outcome.reply.body.as_ref().map(|body| Bytes::from(body.to_string())).unwrap_or_default()
}

fn respond(outcome: &Outcome, body: Body) -> Response {
    let mut response = Response::new(body);
    // The broker's statuses are constants of HTTP.
    *response.status_mut() = StatusCode::from_u16(outcome.reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if outcome.reply.body.is_some() {
        response.headers_mut().insert(CONTENT_TYPE, JSON);
    }
    if let Some(allowance) = outcome.allowance {
        limits(allowance, response.headers_mut());
    }
    response
}

fn limits(allowance: Allowance, headers: &mut HeaderMap) {
    let all = [
        ("x-ratelimit-limit", i64::from(allowance.limit)),
        ("x-ratelimit-remaining", i64::from(allowance.remaining)),
        ("x-ratelimit-reset", allowance.reset),
    ];
    for (name, number) in all {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(number));
    }
}

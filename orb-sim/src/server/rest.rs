//! Requests, from the socket to the owner and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts as _, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request as HttpRequest, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::owner::Command;
use super::reply::{self, Ids};
use super::socket;
use crate::clock::SimClock;
use crate::config::Feed;
use crate::data::is_data;
use crate::exchange::{Incoming, Outcome};
use crate::faults::HttpFault;
use crate::http::Request;
use crate::streams::hub::Endpoint;
use crate::streams::wire::Codec;

/// Bytes of a request's body at most.
const BODY_MAX: usize = 1 << 20;

/// How long a reply that never comes is not given, on the machine's clock; clients give up long before.
const NEVER: Duration = Duration::from_secs(600);

/// What the sockets know.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) clock: SimClock,
    /// Counts requests for market data.
    pub(super) data_requests: Arc<AtomicU64>,
    pub(super) stop: CancellationToken,
}

/// Makes the service of one listener: websockets on their paths, requests on all others.
pub(super) fn app(front: Arc<Front>) -> Router {
    static IDS: Ids = Ids::new();
    let handle = |State(front): State<Arc<Front>>, request: HttpRequest<Body>| async move {
        let (parts, body) = request.into_parts();
        let mut response = match endpoint(&parts.uri) {
            Some(endpoint) => upgrade(&front, endpoint, parts).await,
            None => rest(&front, &parts, body).await,
        };
        IDS.stamp(response.headers_mut());
        response
    };
    Router::new().fallback(handle).with_state(front)
}

fn endpoint(uri: &Uri) -> Option<Endpoint> {
    match uri.path().trim_end_matches('/') {
        "/stream" => Some(Endpoint::TradeUpdates),
        "/v2/iex" => Some(Endpoint::Data(Feed::Iex)),
        "/v2/sip" | "/v2/delayed_sip" => Some(Endpoint::Data(Feed::Sip)),
        "/v2/test" => Some(Endpoint::Test),
        _ => None,
    }
}

async fn upgrade(front: &Arc<Front>, endpoint: Endpoint, mut parts: Parts) -> Response {
    if let Some(refusal) = admit(front, &parts).await {
        return refusal;
    }
    let is_packed = parts.headers.get("content-type").is_some_and(|kind| kind.as_bytes() == b"application/msgpack");
    let codec = if is_packed { Codec::MessagePack } else { Codec::Json };
    let is_observer = parts.headers.contains_key("x-orb-observer");
    match WebSocketUpgrade::from_request_parts(&mut parts, front).await {
        Ok(upgrade) => {
            let front = Arc::clone(front);
            upgrade.on_upgrade(move |websocket| socket::serve(front, websocket, endpoint, codec, is_observer))
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Asks whether a websocket is to go wrong; returns the reply in its place.
async fn admit(front: &Front, parts: &Parts) -> Option<Response> {
    let path = parts.uri.path().to_owned();
    let request = Box::new(Request { method: parts.method.to_string(), path, query: Vec::new(), body: Vec::new() });
    let (reply, answer) = oneshot::channel();
    front.commands.send(Command::Admit(request, reply)).await.ok()?;
    let status = match answer.await.ok()?? {
        HttpFault::LatencyMs(millis) => {
            pause(front, Duration::from_millis(millis)).await;
            return None;
        }
        HttpFault::TimeoutBefore | HttpFault::TimeoutAfter => {
            pause(front, NEVER).await;
            StatusCode::GATEWAY_TIMEOUT
        }
        HttpFault::Html | HttpFault::Truncated => return Some(reply::html()),
        HttpFault::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        HttpFault::BeyondMarket => StatusCode::UNPROCESSABLE_ENTITY,
        HttpFault::Status(status) | HttpFault::StatusAfter(status) => {
            StatusCode::from_u16(status.0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
    };
    Some(reply::message(status, "connection refused"))
}

async fn rest(front: &Front, parts: &Parts, body: Body) -> Response {
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return reply::message(StatusCode::PAYLOAD_TOO_LARGE, "request body too large");
    };
    // From here to the reply nothing else happens in simulated time.
    let hold = front.clock.busy();
    let Some(path) = decoded(parts.uri.path()) else {
        return reply::message(StatusCode::BAD_REQUEST, "invalid path");
    };
    if is_data(&path) {
        front.data_requests.fetch_add(1, Ordering::Relaxed);
    }
    let query = parts.uri.query().unwrap_or_default();
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let request = Request { method: parts.method.to_string(), path, query, body: body.to_vec() };
    let incoming = Box::new(Incoming { request, credentials: credentials(&parts.headers) });
    let (sender, receiver) = oneshot::channel();
    let is_sent = front.commands.send(Command::Request(incoming, sender, hold)).await.is_ok();
    match receiver.await {
        Ok(outcome) if is_sent => deliver(front, outcome).await,
        Ok(_) | Err(_) => reply::message(StatusCode::SERVICE_UNAVAILABLE, "the simulator has stopped"),
    }
}

/// Gives the reply, with what goes wrong on its way. Waits are on the machine's clock, as clients' deadlines are.
async fn deliver(front: &Front, outcome: Outcome) -> Response {
    match outcome.fault {
        Some(HttpFault::LatencyMs(millis)) => pause(front, Duration::from_millis(millis)).await,
        Some(HttpFault::TimeoutBefore | HttpFault::TimeoutAfter) => pause(front, NEVER).await,
        Some(HttpFault::Html) => return reply::html(),
        Some(HttpFault::Truncated) => return reply::truncated(&outcome),
        Some(
            HttpFault::TooManyRequests | HttpFault::BeyondMarket | HttpFault::Status(_) | HttpFault::StatusAfter(_),
        )
        | None => {}
    }
    reply::whole(&outcome)
}

async fn pause(front: &Front, wait: Duration) {
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = front.stop.cancelled() => {}
    }
}

fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    text("apca-api-key-id").zip(text("apca-api-secret-key"))
}

/// Decodes the `%XX` of a path; `None` when it is not text.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = if *first == b'%' { after.get(..2) } else { None };
        let hex =
            pair.and_then(|pair| std::str::from_utf8(pair).ok()).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        rest = if hex.is_some() { &after[2..] } else { after };
        bytes.push(hex.unwrap_or(*first));
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded() {
        assert_eq!(decoded("/v2/assets/BRK%2EB"), Some("/v2/assets/BRK.B".to_owned()));
        assert_eq!(decoded("/a%2"), Some("/a%2".to_owned()));
        assert_eq!(decoded("/%zz%41"), Some("/%zzA".to_owned()));
        assert_eq!(decoded("/%ff"), None);
    }
}

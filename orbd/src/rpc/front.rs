//! What stands before the gate: gRPC and grpc-web on one side, the pages of a dashboard on the other.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, Method, StatusCode, header};
use tonic::{Code, service::Routes};
use tonic_web::GrpcWebLayer;
use tower::ServiceExt as _;

use super::{
    figures,
    refuse::{later, refuse},
    transport::{Peer, Stranger, Visitors, WebRules},
};
use crate::{auth::is_command, monitoring};

/// When a client whose address has too many connections may try again.
const CROWD_WAIT: Duration = Duration::from_secs(10);

/// The kinds of gRPC that are spoken.
const GRPC: [&str; 2] = ["application/grpc", "application/grpc+proto"];
/// The kinds of grpc-web that are spoken.
const GRPC_WEB: [&str; 4] = [
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
];

/// Puts the rules of the web before the API, and `figures` and `page` beside it: the page gets every request that is
/// nobody else's.
pub(super) fn front(api: Routes, visitors: Visitors, figures: Router, page: Router) -> Router {
    let api = api.into_axum_router().layer(GrpcWebLayer::new());
    let api_of_pages = api.clone().layer(visitors.cors());
    let front = Front { api, api_of_pages, figures, page, visitors };
    Router::new().fallback(Front::answer).with_state(std::sync::Arc::new(front))
}

struct Front {
    api: Router,
    /// The same, for browsers that show pages of other sites.
    api_of_pages: Router,
    figures: Router,
    page: Router,
    visitors: Visitors,
}

impl Front {
    async fn answer(State(front): State<std::sync::Arc<Self>>, request: Request) -> Response {
        let (is_api, rules) = (is_api(&request), front.visitors.rules());
        if let Err(stranger) = check(&rules, &request, is_api) {
            return strange(&request, stranger);
        }
        if is_of_crowd(&request) && !is_command(request.uri().path()) {
            return crowded(&request);
        }
        let answered = match is_api {
            true => match refusal_of_form(&request) {
                Some(status) => return bare(status),
                None if rules.has_pages() => front.api_of_pages.clone().oneshot(request).await,
                None => front.api.clone().oneshot(request).await,
            },
            false if request.uri().path() == monitoring::PATH => {
                front.figures.clone().oneshot(request).await.map(figures::plain)
            }
            false => front.page.clone().oneshot(request).await,
        };
        answered.unwrap_or_else(|never| match never {})
    }
}

/// Pages may be come to from anywhere, and hold nothing; the API may be called by known pages alone.
fn check(rules: &WebRules, request: &Request, is_api: bool) -> Result<(), Stranger> {
    match request.extensions().get::<Peer>() {
        // No page can open the socket, and its clients have no name for it that says anything.
        Some(Peer::Socket) => Ok(()),
        Some(Peer::Address(_) | Peer::Crowd(_)) | None if is_api => rules.check(request),
        Some(Peer::Address(_) | Peer::Crowd(_)) | None => rules.check_host(request),
    }
}

/// Tells whether a request is meant for the API: by its kind, or by its path.
fn is_api(request: &Request) -> bool {
    let path = request.uri().path();
    is_grpc(request.headers()) || path.starts_with("/orb.") || path.starts_with("/grpc.")
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_grpc(headers: &HeaderMap) -> bool {
    content_type(headers).starts_with("application/grpc")
}

/// Refuses a form that gRPC does not have, by a status of HTTP as its specification says.
fn refusal_of_form(request: &Request) -> Option<StatusCode> {
    let kind = content_type(request.headers());
    let is_plain = GRPC.contains(&kind) && request.version() == http::Version::HTTP_2;
    match *request.method() {
        // A browser asks whether it may call; where no page may, nobody answers.
        Method::OPTIONS if request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) => None,
        Method::POST if is_plain || GRPC_WEB.contains(&kind) => None,
        Method::POST => Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        _ => Some(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn bare(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn strange(request: &Request, stranger: Stranger) -> Response {
    let (reason, message) = match stranger {
        Stranger::Host => (
            "HOST_NOT_ALLOWED",
            "this host name is not allowed; connect to localhost, 127.0.0.1 or [::1], or name it in web.allowed_hosts",
        ),
        Stranger::Site => {
            ("ORIGIN_NOT_ALLOWED", "pages of other sites may not call; name their origin in web.allowed_origins")
        }
    };
    tracing::debug!(component = "Api", path = request.uri().path(), reason, "call refused");
    let is_native = GRPC.contains(&content_type(request.headers()));
    if is_native { refuse(Code::PermissionDenied, reason, message).into_http() } else { bare(StatusCode::FORBIDDEN) }
}

/// Tells whether a request comes over a connection beyond the share of its address.
fn is_of_crowd(request: &Request) -> bool {
    matches!(request.extensions().get::<Peer>(), Some(Peer::Crowd(_)))
}

fn crowded(request: &Request) -> Response {
    tracing::debug!(component = "Api", path = request.uri().path(), "call refused: too many connections");
    let message = "this address has too many connections, and commands alone are served over more; close some, or \
                   raise daemon.connections_per_address where a proxy brings many clients";
    let is_native = GRPC.contains(&content_type(request.headers()));
    if is_native {
        later(Code::ResourceExhausted, "TOO_MANY_CONNECTIONS", message, CROWD_WAIT).into_http()
    } else {
        bare(StatusCode::TOO_MANY_REQUESTS)
    }
}

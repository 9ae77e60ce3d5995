//! The figures for Prometheus: behind the same gate as the API, in the words of plain HTTP.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{StatusCode, header};
use tonic::Code;

use crate::monitoring::{self, Monitor};

/// Serves the figures to whoever may see them; the gate stands before it.
pub(super) fn router(monitor: Monitor) -> Router {
    Router::new().route(monitoring::PATH, get(text)).with_state(Arc::new(monitor))
}

async fn text(State(monitor): State<Arc<Monitor>>) -> Response {
    match monitor.text() {
        Ok(text) => ([(header::CONTENT_TYPE, monitoring::CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Says a refusal of the gate, which speaks gRPC, by a status of HTTP: Prometheus shows it beside its target.
pub(super) fn plain(response: Response) -> Response {
    let code = response.headers().get("grpc-status").map(|code| Code::from_bytes(code.as_bytes()));
    let status = match code {
        None | Some(Code::Ok) => return response,
        Some(Code::Unauthenticated) => StatusCode::UNAUTHORIZED,
        Some(Code::PermissionDenied) => StatusCode::FORBIDDEN,
        Some(Code::ResourceExhausted) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut refused = Response::new(Body::empty());
    *refused.status_mut() = status;
    if status == StatusCode::UNAUTHORIZED {
        refused.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
    }
    refused
}

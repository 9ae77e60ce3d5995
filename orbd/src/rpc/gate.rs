//! The gate that every call passes before a service sees it: host, method, token, role.

use std::{
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, header};
use tokio_util::either::Either;
use tonic::Status;
use tower::{Layer, Service};

use crate::auth::{Auth, AuthError};

/// Names under which this machine reaches itself. Any other name may have been pointed here by a hostile page.
const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Puts a [`Gate`] before a service.
#[derive(Clone, Debug)]
pub(super) struct GateLayer {
    auth: Arc<Auth>,
}

impl GateLayer {
    pub(super) const fn new(auth: Arc<Auth>) -> Self {
        Self { auth }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { auth: Arc::clone(&self.auth), inner }
    }
}

/// Lets through what may be called, with its [`Caller`](crate::auth::Caller) as an extension.
#[derive(Clone, Debug)]
pub(super) struct Gate<S> {
    auth: Arc<Auth>,
    inner: S,
}

impl<S> Gate<S> {
    fn admit<B>(&self, request: &mut Request<B>) -> Result<(), Status> {
        if !host_is_allowed(request) {
            return Err(Status::permission_denied(
                "this host name is not allowed: connect to localhost, 127.0.0.1 or [::1]",
            ));
        }
        let authorization = request.headers().get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
        let caller = self.auth.check(request.uri().path(), authorization).map_err(|error| refusal(&error))?;
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        // The services have no use for the token, so nothing there can print it.
        request.headers_mut().remove(header::AUTHORIZATION);
        Ok(())
    }
}

fn refusal(error: &AuthError) -> Status {
    match error {
        AuthError::Missing | AuthError::Unknown => Status::unauthenticated(error.to_string()),
        AuthError::Undeclared(_) | AuthError::Role { .. } => Status::permission_denied(error.to_string()),
    }
}

/// Checks the authority of HTTP/2 and the host header of HTTP/1.1: what is there must be a loopback name.
fn host_is_allowed<B>(request: &Request<B>) -> bool {
    let header = request.headers().get(header::HOST).map(|value| value.to_str().unwrap_or_default());
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let named = [header, authority].into_iter().flatten();
    (header.is_some() || authority.is_some()) && named.into_iter().all(is_loopback_name)
}

fn is_loopback_name(authority: &str) -> bool {
    HOSTS.iter().any(|host| {
        let rest = authority.get(..host.len()).filter(|start| start.eq_ignore_ascii_case(host));
        rest.is_some() && is_port(&authority[host.len()..])
    })
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

impl<S, B, R> Service<Request<B>> for Gate<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<R>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.admit(&mut request) {
            Ok(()) => Either::Left(self.inner.call(request)),
            Err(status) => {
                let (path, refusal) = (request.uri().path(), status.message());
                tracing::warn!(component = "Api", path, refusal, "call refused");
                Either::Right(ready(Ok(status.into_http())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, host: Option<&str>) -> Request<()> {
        let builder = Request::builder().uri(uri);
        match host {
            Some(host) => builder.header(header::HOST, host),
            None => builder,
        }
        .body(())
        .unwrap()
    }

    #[test]
    fn only_loopback_names_are_hosts() {
        for host in ["localhost", "LOCALHOST:7070", "127.0.0.1:1", "[::1]:7070", "[::1]"] {
            assert!(host_is_allowed(&request("/x", Some(host))), "{host}");
            assert!(host_is_allowed(&request(&format!("http://{host}/x"), None)), "{host}");
        }
        for host in ["", "orb.example.com", "localhost.example.com", "127.0.0.1.nip.io:80", "localhost:99999", "é"] {
            assert!(!host_is_allowed(&request("/x", Some(host))), "{host}");
        }
        assert!(!host_is_allowed(&request("/x", None)));
        assert!(!host_is_allowed(&request("http://localhost/x", Some("evil.example.com"))));
    }

    #[test]
    fn a_token_stays_outside() {
        let token = orb_api::Token::parse("secret").unwrap();
        let auth = Arc::new(Auth::new().with_token(&token, "ann", crate::auth::Role::Viewer));
        let gate = GateLayer::new(auth).layer(());
        let mut request = request("http://localhost/orb.v1.ControlService/GetStatus", None);
        assert_eq!(gate.admit(&mut request).unwrap_err().code(), tonic::Code::Unauthenticated);
        request.headers_mut().insert(header::AUTHORIZATION, "Bearer secret".parse().unwrap());
        assert!(gate.admit(&mut request).is_ok());
        assert!(request.headers().is_empty());
        assert_eq!(&*request.extensions().get::<crate::auth::Caller>().unwrap().actor, "ann");
    }
}

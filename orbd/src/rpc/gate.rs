//! The gate that every call passes before a service sees it: method, token, role, and the client's deadline.

use std::{
    future::Future,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::body::Body;
use http::{Request, Response, header};
use tokio::sync::mpsc;
use tonic::{Code, Status};
use tower::{Layer, Service};

use super::{
    attempts::{Answer, Attempts, Source},
    command::grpc_timeout,
    guarded::{Bounds, Guarded},
    refuse::{field, later, refuse},
    refused::RefusedCommands,
    transport::Peer,
};
use crate::{
    auth::{Auth, AuthError, Caller},
    store::Audit,
};

/// Puts a [`Gate`] before a service.
#[derive(Clone, Debug)]
pub(super) struct GateLayer {
    keeper: Arc<Keeper>,
}

impl GateLayer {
    pub(super) fn new(auth: Arc<Auth>, audit: mpsc::Sender<Audit>) -> Self {
        let (attempts, refused) = (Attempts::default(), RefusedCommands::new(audit));
        Self { keeper: Arc::new(Keeper { auth, attempts, refused }) }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { keeper: Arc::clone(&self.keeper), inner }
    }
}

/// Decides who passes, and remembers who did not.
#[derive(Debug)]
struct Keeper {
    auth: Arc<Auth>,
    attempts: Attempts,
    refused: RefusedCommands,
}

/// A refusal, and how long its answer waits.
#[derive(Debug)]
struct Refusal {
    status: Status,
    wait: Duration,
}

impl Keeper {
    /// Lets a request pass with its [`Caller`](crate::auth::Caller) as an extension.
    fn admit<B>(&self, request: &mut Request<B>) -> Result<Bounds, Refusal> {
        let at_once = |status| Refusal { status, wait: Duration::ZERO };
        let deadline = deadline(request).map_err(at_once)?;
        let authorization = request.headers().get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes);
        let checked = self.auth.check(request.uri().path(), authorization);
        let caller = checked.map_err(|error| self.refusal(request, &error))?;
        let ended = caller.as_ref().map(|caller| caller.ended.clone());
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        // The services have no use for the token, so nothing there can print it.
        request.headers_mut().remove(header::AUTHORIZATION);
        Ok(Bounds { deadline, ended })
    }

    fn refusal<B>(&self, request: &Request<B>, error: &AuthError) -> Refusal {
        let (path, now) = (request.uri().path(), Instant::now());
        self.refused.note(path, error, now);
        let status = status(error);
        match error {
            AuthError::Undeclared(_) | AuthError::Role { .. } => {
                tracing::warn!(component = "Api", path, refusal = status.message(), "call refused");
                Refusal { status, wait: Duration::ZERO }
            }
            AuthError::Missing | AuthError::Unknown | AuthError::Revoked(_) | AuthError::Expired(_) => {
                self.failure(path, source(request), status, now)
            }
        }
    }

    /// Answers a call without a good token: the more there were from its peer, the later.
    fn failure(&self, path: &str, source: Source, status: Status, now: Instant) -> Refusal {
        match self.attempts.failed(source, now) {
            Answer::After(wait) => {
                tracing::warn!(component = "Api", path, refusal = status.message(), "call refused");
                Refusal { status, wait }
            }
            Answer::Later(wait) => {
                // Beyond this there is nothing new to log.
                tracing::debug!(component = "Api", path, "call refused: too many without a good token");
                let message = "too many calls without a good token came from this address; wait a minute";
                let status = later(Code::ResourceExhausted, "TOO_MANY_FAILURES", message, wait);
                Refusal { status, wait: Duration::ZERO }
            }
        }
    }
}

fn status(error: &AuthError) -> Status {
    let (code, reason) = match error {
        AuthError::Missing => (Code::Unauthenticated, "TOKEN_MISSING"),
        AuthError::Unknown => (Code::Unauthenticated, "TOKEN_UNKNOWN"),
        AuthError::Revoked(_) => (Code::Unauthenticated, "TOKEN_REVOKED"),
        AuthError::Expired(_) => (Code::Unauthenticated, "TOKEN_EXPIRED"),
        AuthError::Undeclared(_) => (Code::PermissionDenied, "METHOD_UNDECLARED"),
        AuthError::Role { .. } => (Code::PermissionDenied, "ROLE_TOO_LOW"),
    };
    refuse(code, reason, error.to_string())
}

fn source<B>(request: &Request<B>) -> Source {
    let address: Option<IpAddr> = match request.extensions().get::<Peer>() {
        Some(Peer::Address(address) | Peer::Crowd(address)) => Some(address.ip()),
        Some(Peer::Socket) | None => None,
    };
    address.into()
}

/// Reads until when the client waits; `None` when it waits for ever.
fn deadline<B>(request: &Request<B>) -> Result<Option<tokio::time::Instant>, Status> {
    let Some(value) = request.headers().get("grpc-timeout") else { return Ok(None) };
    let timeout = value.to_str().ok().and_then(grpc_timeout);
    let refused = || field("grpc-timeout", "not a timeout; give at most eight digits and one of H, M, S, m, u, n");
    Ok(Some(tokio::time::Instant::now() + timeout.ok_or_else(refused)?))
}

/// Lets through what may be called, within the client's deadline and as long as its token is good.
#[derive(Clone, Debug)]
pub(super) struct Gate<S> {
    keeper: Arc<Keeper>,
    inner: S,
}

impl<S, B> Service<Request<B>> for Gate<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.keeper.admit(&mut request) {
            Ok(bounds) => {
                let actor = request.extensions().get::<Caller>().map(|caller| Arc::clone(&caller.actor));
                let (keeper, path) = (Arc::clone(&self.keeper), request.uri().path().to_owned());
                let reply = within(self.inner.call(request), bounds);
                Box::pin(async move {
                    let reply = reply.await?;
                    if let Some(actor) = actor {
                        keeper.refused.note_unreadable(&path, &actor, reply.headers(), Instant::now());
                    }
                    Ok(reply)
                })
            }
            Err(refusal) => {
                let keeper = Arc::clone(&self.keeper);
                Box::pin(async move { Ok(keeper.answer(refusal).await.into_http()) })
            }
        }
    }
}

impl Keeper {
    /// Holds a refusal back for its time; where too many are held back already, it says to come later.
    async fn answer(&self, refusal: Refusal) -> Status {
        let Refusal { status, wait } = refusal;
        if wait.is_zero() {
            return status;
        }
        let Some(_held) = self.attempts.hold() else {
            let message = "too many calls without a good token; wait a few seconds";
            return later(Code::ResourceExhausted, "TOO_MANY_FAILURES", message, wait);
        };
        tokio::time::sleep(wait).await;
        status
    }
}

/// Waits for the reply and guards its body. A command that was begun goes on when its client is told that time is up.
async fn within<E>(
    reply: impl Future<Output = Result<Response<Body>, E>>,
    bounds: Bounds,
) -> Result<Response<Body>, E> {
    let guard = bounds.clone();
    tokio::select! {
        biased;
        reply = reply => reply.map(|reply| reply.map(|body| Body::new(Guarded::new(body, guard)))),
        status = bounds.passed() => Ok(status.into_http()),
    }
}

#[cfg(test)]
mod tests {
    use orb_api::{Refusal as Details, Token};

    use super::*;
    use crate::auth::Role;

    fn gate() -> (GateLayer, mpsc::Receiver<Audit>) {
        let token = Token::parse("secret").unwrap();
        let (audit, audits) = mpsc::channel(8);
        (GateLayer::new(Arc::new(Auth::new().with_token(&token, "ann", Role::Viewer)), audit), audits)
    }

    fn request(method: &str, token: &str) -> Request<()> {
        let uri = format!("http://localhost/orb.v1.ControlService/{method}");
        Request::builder().uri(uri).header(header::AUTHORIZATION, format!("Bearer {token}")).body(()).unwrap()
    }

    #[test]
    fn a_token_stays_outside() {
        let (gate, _audits) = gate();
        let mut request = request("GetStatus", "secret");
        assert!(gate.keeper.admit(&mut request).is_ok());
        assert!(request.headers().is_empty());
        assert_eq!(&*request.extensions().get::<Caller>().unwrap().actor, "ann");
    }

    #[test]
    fn a_refused_command_is_recorded_with_its_caller() {
        let (gate, mut audits) = gate();
        let refusal = gate.keeper.admit(&mut request("SetKillSwitch", "secret")).unwrap_err();
        assert_eq!((refusal.status.code(), refusal.wait), (Code::PermissionDenied, Duration::ZERO));
        assert_eq!(Details::of(&refusal.status).reason.as_deref(), Some("ROLE_TOO_LOW"));
        let audit = audits.try_recv().unwrap();
        assert_eq!((&*audit.actor, &*audit.command, audit.accepted), ("ann", "SetKillSwitch", false));
    }

    #[test]
    fn trying_tokens_becomes_slow_and_a_good_one_passes_all_the_same() {
        let (gate, _audits) = gate();
        let mut refusals: Vec<_> =
            (0..40).map(|_| gate.keeper.admit(&mut request("GetStatus", "x")).unwrap_err()).collect();
        assert!(refusals[..5].iter().all(|refusal| refusal.wait.is_zero()));
        assert!(refusals[5].wait > Duration::ZERO && refusals[10].wait > refusals[5].wait);
        let last = refusals.pop().unwrap().status;
        assert_eq!(last.code(), Code::ResourceExhausted);
        let details = Details::of(&last);
        assert!(details.retry_after.is_some() && details.remedy.is_some(), "{details:?}");
        assert!(gate.keeper.admit(&mut request("GetStatus", "secret")).is_ok());
    }

    #[test]
    fn a_timeout_that_is_none_is_refused() {
        let (gate, _audits) = gate();
        for (timeout, is_good) in [("1S", true), ("0n", true), ("1", false), ("-1S", false), ("1.5S", false)] {
            let mut request = request("GetStatus", "secret");
            request.headers_mut().insert("grpc-timeout", timeout.parse().unwrap());
            let admitted = gate.keeper.admit(&mut request);
            assert_eq!(admitted.is_ok(), is_good, "{timeout}");
            if let Err(Refusal { status, .. }) = admitted {
                assert_eq!(Details::of(&status).fields[0].field, "grpc-timeout");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_at_the_client_s_deadline() {
        let deadline = Some(tokio::time::Instant::now() + Duration::from_secs(2));
        let never = std::future::pending::<Result<Response<Body>, std::convert::Infallible>>();
        let reply = within(never, Bounds { deadline, ended: None }).await.unwrap();
        assert_eq!(reply.headers()["grpc-status"], "4");
    }
}

//! One POST to Sentry: a connection of its own by the system's TLS, no redirects, no proxy.

use core::pin::pin;
use std::time::{Duration, Instant};

use http::header::{CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use native_tls::{Protocol, TlsConnector};
use sentry_core::types::Dsn;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use url::{Host, Position, Url};

use super::dsn::ReportingError;

/// How long one attempt may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// The longest that the other side may ask to be left alone.
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);
/// The header of the key, as Sentry names it.
const AUTH: HeaderName = HeaderName::from_static("x-sentry-auth");
/// Who sends.
const AGENT: &str = concat!("orb/", env!("CARGO_PKG_VERSION"));

/// Says what became of an event. No text in it holds the DSN.
#[derive(Debug)]
pub(super) enum Posted {
    /// It was taken.
    Taken,
    /// It will never be taken.
    Refused { status: u16 },
    /// It may be taken later; `wait` is what the other side asks for.
    Failed { why: String, wait: Option<Duration> },
}

/// Holds where events are posted to.
pub(super) struct Ingest {
    url: Url,
    auth: HeaderValue,
    tls: TlsConnector,
}

impl Ingest {
    pub(super) fn of(dsn: &Dsn) -> Result<Self, ReportingError> {
        let auth = HeaderValue::try_from(dsn.to_auth(Some(AGENT)).to_string());
        let mut auth = auth.map_err(|_| ReportingError::Invalid)?;
        auth.set_sensitive(true);
        let tls = TlsConnector::builder().min_protocol_version(Some(Protocol::Tlsv12)).build()?;
        Ok(Self { url: dsn.envelope_api_url(), auth, tls })
    }

    /// Posts an envelope, once, until a deadline that may be earlier than its own.
    pub(super) async fn post(&self, bytes: Vec<u8>, deadline: Option<Instant>) -> Posted {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let patience = left.map_or(DEADLINE, |left| left.min(DEADLINE));
        let failed = |why: &str| Posted::Failed { why: why.to_owned(), wait: None };
        match tokio::time::timeout(patience, self.attempt(bytes)).await {
            Ok(Ok(posted)) => posted,
            Ok(Err(why)) => failed(why),
            Err(_) => failed("it does not answer in time"),
        }
    }

    async fn attempt(&self, bytes: Vec<u8>) -> Result<Posted, &'static str> {
        let request = self.request(bytes).ok_or("the address fits into no request")?;
        let host = host(&self.url).ok_or("the address has no host")?;
        let port = self.url.port_or_known_default().unwrap_or(443);
        let stream = TcpStream::connect((&*host, port)).await.map_err(|_| "no connection")?;
        let (status, wait) = if self.url.scheme() == "https" {
            let connector = tokio_native_tls::TlsConnector::from(self.tls.clone());
            let stream = connector.connect(&host, stream).await.map_err(|_| "its certificate is not trusted")?;
            exchange(stream, request).await?
        } else {
            exchange(stream, request).await?
        };
        Ok(judge(status, wait))
    }

    fn request(&self, bytes: Vec<u8>) -> Option<Request<Full<Bytes>>> {
        Request::post(self.url.path())
            .header(HOST, &self.url[Position::BeforeHost..Position::AfterPort])
            .header(CONTENT_TYPE, "application/x-sentry-envelope")
            .header(CONNECTION, "close")
            .header(USER_AGENT, AGENT)
            .header(AUTH, self.auth.clone())
            .body(Full::from(bytes))
            .ok()
    }
}

/// Returns the host without brackets.
fn host(url: &Url) -> Option<String> {
    Some(match url.host()? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    })
}

/// Sends a request and reads the head of its answer: the status, and for how long the other side wants to be left alone.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Option<Duration>), &'static str> {
    let broken = |_| "the connection broke";
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let (mut answered, mut connection) = (pin!(sender.send_request(request)), pin!(connection));
    let answer = tokio::select! {
        biased;
        answered = &mut answered => answered,
        // What it brought before its end is still there.
        _ = &mut connection => answered.await,
    };
    let answer = answer.map_err(broken)?;
    let wait = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Ok((answer.status(), wait.map(|seconds| Duration::from_secs(seconds).min(WAIT_MAX))))
}

fn judge(status: StatusCode, wait: Option<Duration>) -> Posted {
    match status {
        _ if status.is_success() => Posted::Taken,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            Posted::Failed { why: format!("it is busy ({})", status.as_u16()), wait }
        }
        _ if status.is_server_error() => Posted::Failed { why: format!("it failed ({})", status.as_u16()), wait },
        _ => Posted::Refused { status: status.as_u16() },
    }
}

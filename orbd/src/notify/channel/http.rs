//! One POST: a connection of its own, an answer of bounded length, no redirects, no proxy.

use core::pin::pin;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use native_tls::TlsConnector;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use url::{Host, Url};

use super::super::error::SendError;
use super::scrubbed;

/// Bytes of an answer that are read.
const ANSWER_MAX: usize = 16 * 1024;
/// Letters that a part of a path has at least that may make it a secret.
const PART_MIN: usize = 6;
/// Letters of an answer that an error repeats.
const SAID_MAX: usize = 120;
/// The longest that another side may ask to be left alone.
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);

/// Holds where a message is posted to.
#[derive(Debug)]
pub(super) struct Endpoint {
    address: SecretString,
    token: Option<SecretString>,
    tls: TlsConnector,
}

impl Endpoint {
    /// Makes an endpoint of an address that was looked at, with a token for its header `authorization`.
    pub(super) const fn new(address: SecretString, token: Option<SecretString>, tls: TlsConnector) -> Self {
        Self { address, token, tls }
    }

    /// Posts JSON; anything but a status of 200 to 299 is an error, a redirect too: it would take the secret elsewhere.
    pub(super) async fn post(&self, body: &Value) -> Result<(), SendError> {
        let url = Url::parse(self.address.expose_secret()).map_err(|_| unreachable("the address is none"))?;
        let (host, port) = place(&url)?;
        let request = self.request(&url, body)?;
        // The system's resolver; a proxy that the environment names is not asked.
        let stream = TcpStream::connect((&*host, port)).await?;
        let (status, headers, said) = if url.scheme() == "https" {
            let connector = tokio_native_tls::TlsConnector::from(self.tls.clone());
            let stream = connector.connect(&host, stream).await.map_err(|error| SendError::Tls(plain(&error)))?;
            exchange(stream, request).await?
        } else {
            exchange(stream, request).await?
        };
        self.judge(status, &headers, &said)
    }

    fn request(&self, url: &Url, body: &Value) -> Result<Request<Full<Bytes>>, SendError> {
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut request = Request::post(target)
            .header(HOST, host)
            .header(CONTENT_TYPE, "application/json")
            .header(CONNECTION, "close")
            .header(USER_AGENT, concat!("orb/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = &self.token {
            let bearer = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()));
            let mut bearer = bearer.map_err(|_| unreachable("the token fits into no header"))?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        request.body(Full::from(body.to_string())).map_err(|_| unreachable("the address fits into no request"))
    }

    fn judge(&self, status: StatusCode, headers: &HeaderMap, said: &str) -> Result<(), SendError> {
        let code = status.as_u16();
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                Err(SendError::Busy { status: code, wait: wait(headers, said) })
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => Err(SendError::Failed { status: code }),
            _ if status.is_server_error() => Err(SendError::Failed { status: code }),
            _ => Err(SendError::Refused { status: code, said: self.quoted(said), remedy: remedy(status) }),
        }
    }

    /// Quotes an answer without what it may repeat of the secrets.
    fn quoted(&self, said: &str) -> String {
        let said = serde_json::from_str::<Value>(said)
            .ok()
            .and_then(|answer| answer["description"].as_str().map(ToOwned::to_owned))
            .unwrap_or_else(|| said.to_owned());
        let mut secrets = self.forms();
        // What is a part of another goes after it.
        secrets.sort_by_key(|secret| core::cmp::Reverse(secret.expose_secret().len()));
        scrubbed(&said, &secrets).chars().take(SAID_MAX).collect()
    }

    /// Lists what of the secrets an answer may repeat: a path is one as a whole and in its parts.
    fn forms(&self) -> Vec<SecretString> {
        let url = Url::parse(self.address.expose_secret()).ok();
        let path = url.as_ref().map_or("", Url::path);
        let query = url.as_ref().and_then(Url::query);
        let parts = path.split('/').flat_map(|part| [Some(part), part.strip_prefix("bot")]).flatten();
        let parts = parts.filter(|part| part.len() >= PART_MIN);
        let all = parts.chain(query).chain([path].into_iter().filter(|path| path.len() > 1));
        all.map(SecretString::from).chain([self.address.clone()]).chain(self.token.clone()).collect()
    }
}

/// Returns the host without brackets, and the port.
fn place(url: &Url) -> Result<(String, u16), SendError> {
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => return Err(unreachable("the address has no host")),
    };
    Ok((host, url.port_or_known_default().unwrap_or(443)))
}

/// Sends a request over a connection and reads the answer.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, HeaderMap, String), SendError> {
    let broken = |error: hyper::Error| SendError::Unreachable(plain(&error));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let answered = async {
        let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
        Ok((head.status, head.headers, read(body).await))
    };
    let (mut answered, mut connection) = (pin!(answered), pin!(connection));
    tokio::select! {
        biased;
        answered = &mut answered => answered,
        // What it brought before its end is still there.
        _ = &mut connection => answered.await,
    }
}

/// Reads an answer; one that is too long or breaks off says nothing.
async fn read(body: Incoming) -> String {
    let bytes = Limited::new(body, ANSWER_MAX).collect().await.map(http_body_util::Collected::to_bytes);
    bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Returns how long the other side asks to be left alone: by its header, or in Telegram's words.
fn wait(headers: &HeaderMap, said: &str) -> Option<Duration> {
    let header = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::trim);
    let of_header = header.and_then(|text| text.parse().ok().or_else(|| until(text)));
    let of_body = || serde_json::from_str::<Value>(said).ok()?["parameters"]["retry_after"].as_u64();
    of_header.or_else(of_body).map(|seconds| Duration::from_secs(seconds).min(WAIT_MAX))
}

/// Returns the seconds until a date as HTTP writes it.
fn until(text: &str) -> Option<u64> {
    let date = DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc);
    Some(u64::try_from((date - Utc::now()).num_seconds()).unwrap_or(0))
}

fn remedy(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "look at the secret of the channel",
        StatusCode::NOT_FOUND | StatusCode::GONE => "its address or token is not known there any more: make another",
        _ if status.is_redirection() => "it sends elsewhere, which is not followed: give the address itself",
        _ => "look at the channel's settings",
    }
}

fn unreachable(text: &str) -> SendError {
    SendError::Unreachable(text.to_owned())
}

/// Says an error with its causes.
fn plain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    super::super::notice::one_line(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, said: &str, expect: Option<u64>) {
        let mut headers = HeaderMap::new();
        if !header.is_empty() {
            headers.insert(RETRY_AFTER, header.parse().expect("a header"));
        }
        assert_eq!(wait(&headers, said), expect.map(Duration::from_secs), "{header} {said}");
    }

    #[test]
    fn the_wait_that_is_asked_for_comes_from_the_header_or_the_answer_and_is_bounded() {
        check("7", "", Some(7));
        check("", r#"{"ok":false,"parameters":{"retry_after":11}}"#, Some(11));
        check("3", r#"{"parameters":{"retry_after":11}}"#, Some(3));
        check("86400", "", Some(900));
        check("Sun, 06 Nov 1994 08:49:37 GMT", "", Some(0));
        check("soon", "", None);
        check("", "slow down", None);
    }
}

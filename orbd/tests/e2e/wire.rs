//! The API as bytes: calls that no generated client makes.

use std::{net::IpAddr, pin::Pin, time::Duration};

use axum::body::Body;
use http::{HeaderMap, Request, header::HeaderValue};
use http_body::Body as _;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tonic::transport::Channel;
use tower::ServiceExt as _;

/// No answer takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns an address of this machine of its own: failures of one peer slow that peer alone.
pub(crate) fn source(number: usize) -> IpAddr {
    let [.., high, low] = number.to_be_bytes();
    IpAddr::from([127, 77, high, low])
}

/// Puts a message into the frame of gRPC, uncompressed.
pub(crate) fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, message].concat()
}

/// What a call was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status of HTTP.
    pub(crate) http: u16,
    /// The status of gRPC; `None` where there was none.
    pub(crate) grpc: Option<u8>,
    /// The headers, and behind them the trailers.
    pub(crate) headers: HeaderMap,
    /// What came before the trailers.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn new(http: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        let grpc = headers.get("grpc-status").map(|value| value.to_str().unwrap().parse().unwrap());
        Self { http, grpc, headers, body }
    }

    /// Returns the code that programs read as the reason of a refusal.
    pub(crate) fn reason(&self) -> Option<String> {
        let status = tonic::Status::from_header_map(&self.headers)?;
        orb_api::Refusal::of(&status).reason
    }
}

/// Connects for gRPC, from an address.
pub(crate) async fn channel(address: &str, from: IpAddr) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    endpoint.local_address(Some(from)).connect().await.unwrap()
}

/// Calls over HTTP/2 with exactly this body, and reads the answer to its end.
pub(crate) async fn call(channel: &Channel, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let request = Request::post(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let request = request.body(tonic::body::Body::new(Body::from(body))).unwrap();
    let answered = async {
        let response = channel.clone().oneshot(request).await.unwrap();
        let (parts, mut body) = response.into_parts();
        let (mut headers, mut bytes) = (parts.headers, Vec::new());
        while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            // A server that has refused need not read the rest.
            let Ok(frame) = frame else { break };
            match frame.into_data() {
                Ok(data) => bytes.extend(data),
                Err(frame) => headers.extend(frame.into_trailers().unwrap()),
            }
        }
        Answer::new(parts.status.as_u16(), headers, bytes)
    };
    timeout(PATIENCE, answered).await.unwrap_or_else(|_| panic!("no answer: {path}"))
}

/// A connection over HTTP/1.1, as a browser without encryption has it.
pub(crate) struct Http1 {
    stream: BufReader<TcpStream>,
    address: String,
}

impl Http1 {
    pub(crate) async fn connect(address: &str, from: IpAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        let stream = socket.connect(address.parse().unwrap()).await.unwrap();
        Self { stream: BufReader::new(stream), address: address.to_owned() }
    }

    /// Sends a request; `host` is the daemon's own unless the headers name one.
    pub(crate) async fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut text = format!("{method} {path} HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "host") {
            text.push_str(&format!("host: {}\r\n", self.address));
        }
        headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
        let bytes = [text.as_bytes(), b"\r\n", body].concat();
        // A server that has refused need not read the rest.
        let _ = self.stream.get_mut().write_all(&bytes).await;
    }

    /// Reads the status and the headers of an answer.
    pub(crate) async fn head(&mut self) -> (u16, HeaderMap) {
        let line = self.line().await;
        let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("{line:?}")).parse().unwrap();
        let mut headers = HeaderMap::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(':') else { return (status, headers) };
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value.trim()).unwrap());
        }
    }

    /// Reads the next piece of a body that comes in pieces; `None` at its end.
    pub(crate) async fn piece(&mut self) -> Option<Vec<u8>> {
        let length = usize::from_str_radix(&self.line().await, 16).unwrap();
        let mut piece = vec![0; length];
        self.exact(&mut piece).await;
        assert_eq!(self.line().await, "");
        (length > 0).then_some(piece)
    }

    /// Reads an answer to its end.
    pub(crate) async fn answer(&mut self) -> Answer {
        let (status, mut headers) = self.head().await;
        let mut body = Vec::new();
        if headers.get("transfer-encoding").is_some() {
            while let Some(piece) = self.piece().await {
                body.extend(piece);
            }
        } else if let Some(length) = headers.get("content-length") {
            body = vec![0; length.to_str().unwrap().parse().unwrap()];
            self.exact(&mut body).await;
        }
        let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        if kind.starts_with("application/grpc-web-text") {
            body = unbase64(&body);
        }
        if kind.starts_with("application/grpc-web") {
            body = split_trailers(&body, &mut headers);
        }
        Answer::new(status, headers, body)
    }

    async fn exact(&mut self, bytes: &mut [u8]) {
        timeout(PATIENCE, self.stream.read_exact(bytes)).await.expect("in time").unwrap();
    }

    async fn line(&mut self) -> String {
        timeout(PATIENCE, line(&mut self.stream)).await.expect("in time")
    }
}

async fn line(from: &mut (impl AsyncRead + Unpin)) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(from.read_u8().await.expect("a whole line"));
    }
    String::from_utf8(line).unwrap().trim_end().to_owned()
}

/// Calls by grpc-web over HTTP/1.1, and reads the answer to its end.
pub(crate) async fn call_web(http: &mut Http1, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    http.send("POST", path, headers, body).await;
    http.answer().await
}

/// Takes the trailers of grpc-web, which are a frame of their own, out of a body.
pub(crate) fn split_trailers(body: &[u8], headers: &mut HeaderMap) -> Vec<u8> {
    let (mut rest, mut messages) = (body, Vec::new());
    while let Some((head, tail)) = rest.split_at_checked(5) {
        let length = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize;
        let (content, after) = tail.split_at(length);
        if head[0] & 0x80 == 0 {
            messages.extend([head, content].concat());
        } else {
            for line in std::str::from_utf8(content).unwrap().lines() {
                let (name, value) = line.split_once(':').unwrap();
                let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
                headers.append(name, HeaderValue::from_str(value.trim()).unwrap());
            }
        }
        rest = after;
    }
    messages
}

/// Reads base64 that may be of several parts, each with its own padding.
fn unbase64(text: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let decode = |part: &[u8]| base64::engine::general_purpose::STANDARD.decode(part).unwrap();
    text.chunks(4).flat_map(decode).collect()
}

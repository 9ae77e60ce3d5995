//! A server of HTTP on this machine that answers as it is told to, and keeps what it was asked.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What a server does with a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Answers with a status, more headers and a body.
    With(u16, &'static str, String),
    /// Reads it and says nothing, and keeps the connection.
    Silence,
    /// Closes the connection at once.
    Hangup,
}

impl Answer {
    pub(super) fn ok() -> Self {
        Self::With(200, "", "ok".to_owned())
    }
}

/// A server that is up until it is dropped.
pub(super) struct Server {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Starts a server that gives these answers in turn, the last one for ever.
    pub(super) async fn start(answers: Vec<Answer>) -> Self {
        Self::start_with(answers, None).await
    }

    pub(super) async fn start_with(answers: Vec<Answer>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (seen, (told, count)) = (Arc::new(Mutex::new(Vec::new())), watch::channel(0));
        let kept = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            // Connections that are kept open, until the server ends.
            let mut open: Vec<Box<dyn Send>> = Vec::new();
            for turn in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let answer = answers.get(turn).or(answers.last()).cloned().expect("an answer");
                let done = match &tls {
                    None => serve(stream, &answer).await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => serve(stream, &answer).await,
                        Err(error) => (format!("no TLS: {error}"), None),
                    },
                };
                open.extend(done.1);
                kept.lock().expect("no one panics with it").push(done.0);
                told.send_modify(|count| *count += 1);
            }
        });
        Self { port, seen, count, task }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Waits for so many requests, and returns them as they came over the wire.
    pub(super) async fn requests(&self, count: usize) -> Vec<String> {
        self.count.clone().wait_for(|seen| *seen >= count).await.expect("the server is up");
        self.seen()
    }

    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no one panics with it").clone()
    }
}

/// Reads a request and answers it; what is returned beside the request keeps the connection open.
async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    mut stream: S,
    answer: &Answer,
) -> (String, Option<Box<dyn Send>>) {
    let request = read(&mut stream).await;
    match answer {
        Answer::Hangup => (request, None),
        Answer::Silence => (request, Some(Box::new(stream))),
        Answer::With(status, headers, body) => {
            let length = body.len();
            let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{headers}\r\n");
            // The client may have gone away.
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(body.as_bytes()).await;
            let _ = stream.shutdown().await;
            (request, None)
        }
    }
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    while !is_whole(&bytes) {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.and_then(|length| length.parse::<usize>().ok()).is_none_or(|length| body.len() >= length)
}

/// Returns the body of a request.
pub(super) fn body(request: &str) -> serde_json::Value {
    let (_, body) = request.split_once("\r\n\r\n").expect("a request");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

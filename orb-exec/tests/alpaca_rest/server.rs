//! A server of one test: it keeps what it was asked and answers, or fails to, as it is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// What came in.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Request {
    /// Returns the request in one line, as in `GET /v2/orders`.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Returns a value of the query, decoded.
    pub(crate) fn asked(&self, name: &str) -> Option<String> {
        let pairs = url::form_urlencoded::parse(self.query.as_bytes());
        pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// What goes out.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A status with JSON.
    Json(u16, Value),
    /// A status with something else.
    Text(u16, &'static str),
    /// A status of success whose body ends in the middle.
    CutOff,
    /// The end of the connection in place of an answer.
    Close,
    /// Nothing at all, for as long as the test runs.
    Silence,
}

type Answer = dyn Fn(&Request) -> Reply + Send + Sync;

/// Listens until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn new(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let (requests, stop) = (Arc::<Mutex<Vec<Request>>>::default(), Arc::new(AtomicBool::new(false)));
        let (kept, stopped, answer): (_, _, Arc<Answer>) = (requests.clone(), stop.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (stream, kept, stopped, answer) =
                    (stream.expect("a connection"), kept.clone(), stopped.clone(), answer.clone());
                std::thread::spawn(move || serve(&stream, &kept, &stopped, &*answer));
            }
        });
        Self { address, requests, stop }
    }

    /// Returns what was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no test panics while it holds this").clone()
    }

    /// Returns what was asked so far in a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener, which sees that it is over.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(stream: &TcpStream, kept: &Mutex<Vec<Request>>, stopped: &AtomicBool, answer: &Answer) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        kept.lock().expect("no test panics while it holds this").push(request.clone());
        let reply = answer(&request);
        if !send(stream, &reply, stopped) {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&length| length > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            length = value.parse().ok()?;
        }
        headers.push((name, value));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    Some(Request { method, path, query, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
}

/// Sends an answer; false when the connection is to be closed.
fn send(mut stream: &TcpStream, reply: &Reply, stopped: &AtomicBool) -> bool {
    let whole = |status: u16, text: &str| {
        let body = if status == 204 { "" } else { text };
        format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    let text = match reply {
        Reply::Json(status, body) => whole(*status, &body.to_string()),
        Reply::Text(status, text) => whole(*status, text),
        Reply::CutOff => "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\":\"1\",".to_owned(),
        Reply::Close => return false,
        Reply::Silence => {
            while !stopped.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            return false;
        }
    };
    stream.write_all(text.as_bytes()).is_ok() && !matches!(reply, Reply::CutOff)
}

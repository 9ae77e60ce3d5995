//! A mail server on this machine that speaks the dialogue of SMTP.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What a mail server is like.
#[derive(Clone, Default)]
pub(super) struct Manner {
    /// It offers STARTTLS with this.
    pub(super) starttls: Option<TlsAcceptor>,
    /// It speaks TLS from the first byte.
    pub(super) implicit: Option<TlsAcceptor>,
    /// It answers commands that begin so with this line.
    pub(super) answers: Vec<(&'static str, &'static str)>,
}

/// A mail server that is up until it is dropped.
pub(super) struct MailServer {
    pub(super) port: u16,
    said: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Said = Arc<Mutex<Vec<String>>>;

impl MailServer {
    pub(super) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let said = Said::default();
        let kept = Arc::clone(&said);
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                receive(stream, &manner, &kept).await;
            }
        });
        Self { port, said, task }
    }

    /// Returns every line that clients said; those after STARTTLS begin with `tls:`.
    pub(super) fn said(&self) -> Vec<String> {
        self.said.lock().expect("no one panics with it").clone()
    }
}

async fn receive(mut stream: TcpStream, manner: &Manner, said: &Said) {
    if let Some(tls) = &manner.implicit {
        if let Ok(mut stream) = tls.accept(stream).await {
            let _ = greet(&mut stream).await;
            let _ = talk(&mut stream, manner, "tls: ", said).await;
        }
        return;
    }
    let _ = greet(&mut stream).await;
    let wants_tls = talk(&mut stream, manner, "", said).await.unwrap_or(false);
    if let Some(tls) = manner.starttls.as_ref().filter(|_| wants_tls)
        && let Ok(mut stream) = tls.accept(stream).await
    {
        let inner = Manner { starttls: None, ..manner.clone() };
        let _ = talk(&mut stream, &inner, "tls: ", said).await;
    }
}

async fn greet<S: AsyncWrite + Unpin>(stream: &mut S) -> std::io::Result<()> {
    stream.write_all(b"220 mail.test\r\n").await
}

/// Speaks until the client goes, or wants TLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    manner: &Manner,
    mark: &str,
    said: &Said,
) -> std::io::Result<bool> {
    let mut stream = BufReader::new(stream);
    let mut in_mail = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let line = line.trim_end();
        said.lock().expect("no one panics with it").push(format!("{mark}{line}"));
        if in_mail && line != "." {
            continue;
        }
        let answer = answer(line, in_mail, manner);
        in_mail = answer.starts_with("354");
        stream.write_all(answer.as_bytes()).await?;
        stream.write_all(b"\r\n").await?;
        if line == "STARTTLS" {
            return Ok(true);
        }
        if line == "QUIT" {
            return Ok(false);
        }
    }
}

fn answer(line: &str, in_mail: bool, manner: &Manner) -> String {
    let chosen = manner.answers.iter().find(|(begin, _)| line.starts_with(begin));
    if let Some((_, answer)) = chosen {
        return (*answer).to_owned();
    }
    match line.split(' ').next().unwrap_or_default() {
        _ if in_mail => "250 taken".to_owned(),
        "EHLO" if manner.starttls.is_some() => "250-mail.test\r\n250 STARTTLS".to_owned(),
        "EHLO" => "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN".to_owned(),
        "DATA" => "354 go on".to_owned(),
        "STARTTLS" => "220 go on".to_owned(),
        "AUTH" => "235 welcome".to_owned(),
        "QUIT" => "221 bye".to_owned(),
        _ => "250 ok".to_owned(),
    }
}

//! A connection of any kind, and who is at its other end.

use std::{
    future::Future as _,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    time::{Sleep, sleep},
};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use super::places::Place;

/// How long a connection of a crowd is read: long enough for a command.
const CROWDED_MAX: Duration = Duration::from_secs(10);

/// Says who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rpc) enum Peer {
    /// An address, perhaps of a proxy.
    Address(SocketAddr),
    /// An address that has more connections than its share: commands alone are served.
    Crowd(SocketAddr),
    /// A process of this machine that may open the socket, which no page can.
    Socket,
}

/// A connection: plain, encrypted, or over the socket of this machine.
#[derive(Debug)]
pub(in crate::rpc) struct Connection {
    stream: Stream,
    peer: Peer,
    #[expect(dead_code, reason = "held until the connection ends")]
    place: Option<Place>,
    /// Ends the reading of a connection that is not to last; `None` for one that may.
    end: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
    Socket(UnixStream),
}

impl Connection {
    /// Makes a connection without encryption.
    pub(super) fn plain(stream: TcpStream, address: SocketAddr, place: Place) -> Self {
        Self::of(Stream::Plain(stream), address, place)
    }

    /// Makes a connection with encryption.
    pub(super) fn encrypted(stream: TlsStream<TcpStream>, address: SocketAddr, place: Place) -> Self {
        Self::of(Stream::Encrypted(Box::new(stream)), address, place)
    }

    /// Makes a connection over the socket of this machine.
    pub(super) const fn socket(stream: UnixStream) -> Self {
        Self { stream: Stream::Socket(stream), peer: Peer::Socket, place: None, end: None }
    }

    fn of(stream: Stream, address: SocketAddr, place: Place) -> Self {
        let (peer, end) = if place.is_crowded {
            (Peer::Crowd(address), Some(Box::pin(sleep(CROWDED_MAX))))
        } else {
            (Peer::Address(address), None)
        };
        Self { stream, peer, place: Some(place), end }
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer
    }
}

/// Calls a method of whichever stream it is.
macro_rules! of_each {
    ($connection:expr, $stream:ident => $call:expr) => {
        match &mut $connection.get_mut().stream {
            Stream::Plain(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Stream::Encrypted(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Stream::Socket(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let is_over = self.end.as_mut().is_some_and(|end| end.as_mut().poll(cx).is_ready());
        if is_over {
            // Nothing more comes: the server answers what it has read and closes.
            return Poll::Ready(Ok(()));
        }
        of_each!(self, stream => stream.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        of_each!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_each!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_each!(self, stream => stream.poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use tokio::{io::AsyncReadExt as _, net::TcpListener, time::Instant};

    use super::*;
    use crate::rpc::transport::places::Places;

    #[tokio::test(start_paused = true)]
    async fn a_connection_of_a_crowd_lasts_for_moments() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, address) = listener.accept().await.unwrap();
        let places = Places::new(NonZeroUsize::MIN);
        let place = || places.take(Some(address.ip()).into()).unwrap();
        let (_first, crowded) = (place(), place());
        let mut connection = Connection::plain(stream, address, crowded);
        assert_eq!(connection.connect_info(), Peer::Crowd(address));
        let begun = Instant::now();
        assert_eq!(connection.read(&mut [0; 1]).await.unwrap(), 0, "it is over");
        assert!(begun.elapsed() >= CROWDED_MAX);
    }
}

//! Taking the port and the socket, and accepting connections from both.

use std::{
    fs, io,
    net::SocketAddr,
    num::NonZeroUsize,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream, UnixListener},
    sync::{Semaphore, mpsc},
};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::{
    TlsError, TlsFiles, WebRules,
    connection::Connection,
    doors::{Doors, Visitors},
    places::{CONNECTIONS, Place, Places},
    tls::Certificates,
};

/// Accepted connections that the server has not taken yet.
const WAITING_MAX: usize = 64;
/// How long a client may take to agree on the encryption.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Clients that may be at that at a time.
const HANDSHAKES_MAX: usize = 256;
/// How long to wait when the system gives no more connections.
const EXHAUSTED_WAIT: Duration = Duration::from_millis(100);

/// Explains why the API cannot be served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address is reachable from other machines, and there is no encryption.
    #[error(
        "the API without TLS listens on this machine only, not on {0}: use an address such as 127.0.0.1:7070, or give certificate_file and key_file in [tls]"
    )]
    NotLoopback(SocketAddr),
    /// Another program listens there.
    #[error("port {} is in use by another program, perhaps another orbd: stop it, or listen on another port", .0.port())]
    Occupied(SocketAddr),
    /// The system refuses the address.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The socket cannot be made.
    #[error("cannot listen on the socket {}: {source}; its folder must be there and writable, and its path shorter than 100 letters", path.display())]
    Socket {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The certificates cannot be used.
    #[error("[tls] {0}")]
    Tls(#[from] TlsError),
    /// The descriptors that reflection shows are damaged: a broken build.
    #[error("reflection cannot read its descriptors: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The server ended by itself.
    #[error("the API server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Says where and how the API is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// The address; without TLS one of this machine alone.
    pub address: SocketAddr,
    /// A socket for processes of the same user; `None` for none.
    pub socket: Option<PathBuf>,
    /// The encryption of the address; `None` for none. The socket needs none.
    pub tls: Option<TlsFiles>,
    /// Connections that one address may have; beyond them it can give commands and nothing else.
    pub connections: NonZeroUsize,
    /// Which names and pages are let in.
    pub web: WebRules,
}

/// What was taken of an [`Exposure`]; given back when it is dropped.
#[derive(Debug)]
pub struct Listeners {
    tcp: TcpListener,
    certificates: Option<Arc<Certificates>>,
    socket: Option<Socket>,
    places: Places,
    visitors: Visitors,
}

/// A port of this machine, without anything else.
impl From<TcpListener> for Listeners {
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, certificates: None, socket: None, places: Places::new(CONNECTIONS), visitors: Visitors::default() }
    }
}

/// Takes the port; before anything is written, so that a second daemon ends without a trace.
///
/// # Errors
/// [`ServeError`] when the address is not one of this machine alone, or cannot be had.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    take(address).await
}

/// Takes the port, the certificates and the socket.
///
/// # Errors
/// [`ServeError`] when the address is not of this machine alone and there is no TLS, or something cannot be had.
pub async fn bind(exposure: &Exposure) -> Result<Listeners, ServeError> {
    let certificates = exposure.tls.clone().map(Certificates::read).transpose()?.map(Arc::new);
    let address = exposure.address;
    let tcp = if certificates.is_some() { take(address).await? } else { listen(address).await? };
    let socket = exposure.socket.as_deref().map(Socket::bind).transpose()?;
    let places = Places::new(exposure.connections);
    let visitors = Visitors::new(exposure.web.clone());
    Ok(Listeners { tcp, certificates, socket, places, visitors })
}

async fn take(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| {
        let is_occupied = source.kind() == io::ErrorKind::AddrInUse;
        if is_occupied { ServeError::Occupied(address) } else { ServeError::Listen { address, source } }
    })
}

impl Listeners {
    /// Returns the address.
    ///
    /// # Errors
    /// When the system does not tell it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Returns the address with its scheme.
    ///
    /// # Errors
    /// When the system does not tell the address.
    pub fn url(&self) -> io::Result<String> {
        let scheme = if self.certificates.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.local_addr()?))
    }

    /// Returns how a client of this machine reaches the API best: over the socket, else at the address.
    ///
    /// # Errors
    /// When the system does not tell the address.
    pub fn endpoint(&self) -> io::Result<String> {
        let socket = self.socket.as_ref().map(|socket| format!("unix://{}", socket.path.display()));
        socket.map_or_else(|| self.url(), Ok)
    }

    /// Returns what changes the way in while the API is served.
    pub(crate) fn doors(&self) -> Doors {
        let (visitors, places) = (self.visitors.clone(), self.places.clone());
        Doors { visitors, places, certificates: self.certificates.clone() }
    }

    /// Returns who is let in.
    pub(in crate::rpc) fn visitors(&self) -> Visitors {
        self.visitors.clone()
    }

    /// Refuses an address of other machines without encryption, whoever made the listener.
    pub(in crate::rpc) fn check(&self) -> Result<(), ServeError> {
        let open = self.local_addr().ok().filter(|address| !address.ip().is_loopback());
        match open {
            Some(address) if self.certificates.is_none() => Err(ServeError::NotLoopback(address)),
            Some(_) | None => Ok(()),
        }
    }

    /// Accepts connections until `stop` is cancelled.
    pub(in crate::rpc) fn accept(self, stop: &CancellationToken) -> ReceiverStream<io::Result<Connection>> {
        let (sender, connections) = mpsc::channel(WAITING_MAX);
        if let Some(socket) = self.socket {
            tokio::spawn(stop.clone().run_until_cancelled_owned(accept_socket(socket, sender.clone())));
        }
        let accept = accept_tcp(self.tcp, self.certificates, self.places, sender);
        tokio::spawn(stop.clone().run_until_cancelled_owned(accept));
        ReceiverStream::new(connections)
    }
}

type Accepted = mpsc::Sender<io::Result<Connection>>;

async fn accept_socket(socket: Socket, sender: Accepted) {
    loop {
        match socket.listener.accept().await {
            Ok((stream, _)) => {
                if sender.send(Ok(Connection::socket(stream))).await.is_err() {
                    return;
                }
            }
            Err(error) => exhausted(&error).await,
        }
    }
}

async fn accept_tcp(listener: TcpListener, certificates: Option<Arc<Certificates>>, places: Places, sender: Accepted) {
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    let follow = async {
        match &certificates {
            Some(certificates) => certificates.follow().await,
            None => std::future::pending().await,
        }
    };
    let accept = async {
        loop {
            let (stream, address, place) = next(&listener, &places).await;
            let Some(certificates) = &certificates else {
                if sender.send(Ok(Connection::plain(stream, address, place))).await.is_err() {
                    return;
                }
                continue;
            };
            // Clients that agree on nothing hold up each other and nobody who is connected.
            let Ok(permit) = Arc::clone(&handshakes).acquire_owned().await else { return };
            let (acceptor, sender) = (TlsAcceptor::from(certificates.config()), sender.clone());
            tokio::spawn(async move {
                let connection = handshake(acceptor, stream, address, place).await;
                drop(permit);
                if let Some(connection) = connection {
                    // The server may have been stopped meanwhile.
                    let _ = sender.send(Ok(connection)).await;
                }
            });
        }
    };
    tokio::select! {
        () = follow => {}
        () = accept => {}
    }
}

/// Waits for the next connection that has a place; others are closed at once.
async fn next(listener: &TcpListener, places: &Places) -> (TcpStream, SocketAddr, Place) {
    loop {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                exhausted(&error).await;
                continue;
            }
        };
        let Some(place) = places.take(Some(address.ip()).into()) else {
            tracing::debug!(component = "Api", %address, "a connection was closed: its address has too many");
            continue;
        };
        // A connection without it is slower, and nothing worse.
        let _ = stream.set_nodelay(true);
        return (stream, address, place);
    }
}

async fn handshake(acceptor: TlsAcceptor, stream: TcpStream, address: SocketAddr, place: Place) -> Option<Connection> {
    match tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(Connection::encrypted(stream, address, place)),
        Ok(Err(error)) => {
            tracing::debug!(component = "Api", %address, "no encryption was agreed on: {error}");
            None
        }
        Err(_) => None,
    }
}

/// Waits a little: the system has no more connections to give, which passes when clients go.
async fn exhausted(error: &io::Error) {
    tracing::warn!(component = "Api", "a connection could not be accepted: {error}");
    tokio::time::sleep(EXHAUSTED_WAIT).await;
}

/// A socket in the file system, for its owner alone; its file goes with it.
#[derive(Debug)]
struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    fn bind(path: &Path) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Socket { path: path.to_owned(), source };
        refuse_used(path).map_err(failed)?;
        // Made under another name, so that nobody opens it before it is closed to others.
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        let bound = remove(&fresh).and_then(|()| UnixListener::bind(&fresh));
        let listener = bound.map_err(failed)?;
        let closed = fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600));
        closed.and_then(|()| fs::rename(&fresh, path)).map_err(failed)?;
        Ok(Self { listener, path: path.to_owned() })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // One that is left behind is replaced by the next daemon.
        let _ = fs::remove_file(&self.path);
    }
}

/// Refuses a path at which something else is, or a socket at which somebody listens.
fn refuse_used(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            Err(io::Error::new(io::ErrorKind::AlreadyExists, "something that is no socket is there"))
        }
        Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
            Err(io::Error::new(io::ErrorKind::AddrInUse, "another program listens there, perhaps another orbd"))
        }
        Ok(_) => Ok(()),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_its_owners_alone_and_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.sock");
        let socket = Socket::bind(&path).unwrap();
        let found = fs::metadata(&path).unwrap();
        assert!(found.file_type().is_socket());
        assert_eq!(found.permissions().mode() & 0o777, 0o600);
        let error = Socket::bind(&path).unwrap_err().to_string();
        assert!(error.contains("another program listens there"), "{error}");
        drop(socket);
        assert!(!path.exists());
        // What a daemon left that was killed is replaced.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        drop(Socket::bind(&path).unwrap());
        fs::write(&path, "a file").unwrap();
        let error = Socket::bind(&path).unwrap_err().to_string();
        assert!(error.contains("no socket"), "{error}");
        assert!(matches!(Socket::bind(&folder.path().join("no/api.sock")), Err(ServeError::Socket { .. })));
    }
}

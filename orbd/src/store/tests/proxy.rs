//! A way to a server that can be cut at a chosen moment.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tempfile::TempDir;

use super::Database;
use crate::store::DatabaseUrl;

/// How libpq names the socket in a folder.
const SOCKET: &str = ".s.PGSQL.5432";

/// Says what happens to the next commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Cut {
    /// It passes.
    Nothing,
    /// The server gets it and answers, but the client never hears.
    Answer,
    /// The server never gets it, does not hear that the client has gone either, and waits.
    Request,
}

/// Passes on what client and server say; ends with this value.
pub(super) struct Proxy {
    folder: TempDir,
    next: Arc<AtomicU8>,
    /// The server's ends of connections that were cut.
    kept: Arc<Mutex<Vec<UnixStream>>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts one in front of a database's server, and returns the database's address through it.
    pub(super) fn start(database: &Database) -> (Self, DatabaseUrl) {
        let address = database.url.to_string();
        let (front, server) = address.split_once("host=").expect("a socket's folder");
        let server = Path::new(server).join(SOCKET);
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let url = DatabaseUrl::parse(&format!("{front}host={}", folder.path().display())).expect("an address");
        let (next, kept) = (Arc::new(AtomicU8::new(Cut::Nothing as u8)), Arc::default());
        let shared = (Arc::clone(&next), Arc::clone(&kept));
        let thread = std::thread::spawn(move || accept(&listener, &server, &shared.0, &shared.1));
        (Self { folder, next, kept, thread: Some(thread) }, url)
    }

    /// Cuts the connection of the next commit.
    pub(super) fn cut(&self, cut: Cut) {
        self.next.store(cut as u8, Ordering::SeqCst);
    }

    /// Returns how many connections the server still holds for clients that have gone.
    pub(super) fn kept(&self) -> usize {
        self.kept.lock().expect("a lock").len()
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join(SOCKET)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The thread looks for this after each client.
        self.next.store(u8::MAX, Ordering::SeqCst);
        drop(UnixStream::connect(self.socket()));
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the proxy has ended well");
        }
    }
}

fn accept(listener: &UnixListener, server: &Path, next: &Arc<AtomicU8>, kept: &Arc<Mutex<Vec<UnixStream>>>) {
    for client in listener.incoming().map_while(Result::ok) {
        if next.load(Ordering::SeqCst) == u8::MAX {
            return;
        }
        let server = UnixStream::connect(server).expect("the server");
        let (next, kept) = (Arc::clone(next), Arc::clone(kept));
        std::thread::spawn(move || serve(client, server, &next, &kept));
    }
}

/// Passes on each message of the client and then the server's answer, until one of them leaves.
fn serve(client: UnixStream, server: UnixStream, next: &AtomicU8, kept: &Mutex<Vec<UnixStream>>) {
    let (mut from_server, mut to_client) =
        (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
    let muted = Arc::new(AtomicU8::new(0));
    let is_muted = Arc::clone(&muted);
    let back = std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = from_server.read(&mut buffer) {
            if is_muted.load(Ordering::SeqCst) == 1 {
                break;
            }
            if to_client.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        // The client notices that nobody will answer.
        drop(to_client.shutdown(std::net::Shutdown::Both));
    });
    forward(client, server, next, kept, &muted);
    drop(back.join());
}

fn forward(
    mut client: UnixStream,
    mut server: UnixStream,
    next: &AtomicU8,
    kept: &Mutex<Vec<UnixStream>>,
    muted: &AtomicU8,
) {
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let message = &buffer[..length];
        let is_commit = message.windows(6).any(|part| part == b"COMMIT");
        let cut = if is_commit { next.swap(Cut::Nothing as u8, Ordering::SeqCst) } else { 0 };
        if cut == Cut::Request as u8 {
            kept.lock().expect("a lock").push(server.try_clone().expect("a socket"));
            drop(client.shutdown(std::net::Shutdown::Both));
            return;
        }
        if cut == Cut::Answer as u8 {
            muted.store(1, Ordering::SeqCst);
        }
        if server.write_all(message).is_err() {
            break;
        }
    }
    drop(server.shutdown(std::net::Shutdown::Both));
}

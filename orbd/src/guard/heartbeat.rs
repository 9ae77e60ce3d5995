//! The sign of life that the engine's loop gives, and the ear that hears it.
//!
//! It is a message to a socket in the state directory, and no file: a disk that is full or read-only must not look like
//! an engine that hangs. The loop sends it itself, so it ends when the loop does not come round any more, however alive
//! the process is. Whoever listens makes the socket; while nobody does, sending fails at once, and that is all.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::service;

/// The socket's name in the state directory.
const SOCKET: &str = "guard.sock";
/// The file that one listener holds at a time.
const HELD: &str = "guard.held";

/// What is sent in each round of the loop.
const ALIVE: &[u8] = b"alive";
/// What is sent by a daemon that was set aside: another one has the account now.
const SET_ASIDE: &[u8] = b"set aside";
/// Longer than any message.
const MESSAGE_MAX: usize = 32;

/// Gives signs of life.
#[derive(Debug)]
pub struct Heart {
    socket: Option<UnixDatagram>,
    to: PathBuf,
}

impl Heart {
    /// Makes the heart of a daemon with a state directory.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let socket = UnixDatagram::unbound().and_then(|socket| socket.set_nonblocking(true).map(|()| socket));
        let socket = socket.inspect_err(|error| {
            tracing::warn!(component = "Executor", "no sign of life can be given to `orbd guard`: {error}");
        });
        Self { socket: socket.ok(), to: folder.join(SOCKET) }
    }

    /// Gives one sign of life, to the guard and to the service manager; never waits.
    pub fn beat(&self) {
        self.send(ALIVE);
        service::beat();
    }

    /// Says that another daemon has the account from now on, so that nobody takes the silence for a failure.
    pub fn set_aside(&self) {
        self.send(SET_ASIDE);
    }

    fn send(&self, message: &[u8]) {
        if let Some(socket) = &self.socket {
            // Where nobody listens there is nobody to tell.
            let _ = socket.send_to(message, &self.to);
        }
    }
}

/// Explains why signs of life cannot be heard.
#[derive(Debug, thiserror::Error)]
pub enum HeartbeatError {
    /// Another guard listens.
    #[error("another guard watches the state directory {}: one is enough", .0.display())]
    InUse(PathBuf),
    /// The socket cannot be made.
    #[error("cannot listen in the state directory {}: {source}; check that it is there, may be written to, and has a path of less than 90 letters", folder.display())]
    Io {
        /// The directory.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Hears signs of life.
#[derive(Debug)]
pub struct Beats {
    socket: UnixDatagram,
    path: PathBuf,
    heard: Instant,
    is_set_aside: bool,
    _held: File,
}

impl Beats {
    /// Begins to listen in a state directory; silence counts from now.
    ///
    /// # Errors
    /// When another guard listens there, or the socket cannot be made.
    pub fn listen(folder: &Path) -> Result<Self, HeartbeatError> {
        let failed = |source| HeartbeatError::Io { folder: folder.to_owned(), source };
        let held =
            OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(HELD)).map_err(failed)?;
        match held.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(HeartbeatError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let path = folder.join(SOCKET);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            // One that was left by a guard that died, which has no use for it any more.
            Ok(()) | Err(_) => {}
        }
        let socket = UnixDatagram::bind(&path).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        Ok(Self { socket, path, heard: Instant::now(), is_set_aside: false, _held: held })
    }

    /// Takes in what was sent and returns when the last sign of life was heard.
    pub fn heard(&mut self) -> Instant {
        let mut message = [0; MESSAGE_MAX];
        while let Ok(length) = self.socket.recv(&mut message) {
            match message.get(..length) {
                Some(SET_ASIDE) => self.is_set_aside = true,
                Some(ALIVE) => (self.is_set_aside, self.heard) = (false, Instant::now()),
                // Of another version perhaps: a sign of life all the same.
                Some(_) | None => self.heard = Instant::now(),
            }
        }
        self.heard
    }

    /// Tells whether the daemon said that another one has the account, and gave no sign of life since.
    #[must_use]
    pub const fn is_set_aside(&self) -> bool {
        self.is_set_aside
    }

    /// Begins to count anew: the listener itself was away.
    pub fn begin_anew(&mut self) {
        self.heard = Instant::now();
    }
}

impl Drop for Beats {
    fn drop(&mut self) {
        // One that is left is removed by the next guard.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_are_heard_and_nobody_need_listen() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let heart = Heart::of(folder.path());
        heart.beat();
        let mut beats = Beats::listen(folder.path()).expect("free");
        let begun = beats.heard();
        assert_eq!(beats.heard(), begun, "what was sent before is not heard");
        heart.beat();
        let heard = beats.heard();
        assert!(heard > begun && beats.heard() == heard);
        heart.set_aside();
        assert_eq!(beats.heard(), heard, "no sign of life");
        assert!(beats.is_set_aside());
        heart.beat();
        beats.heard();
        assert!(!beats.is_set_aside());
        for _ in 0..10_000 {
            heart.beat();
        }
        assert!(beats.heard() > heard, "a full queue keeps nobody waiting");
    }

    #[test]
    fn a_folder_has_one_guard_and_takes_the_next_after_any_end() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = Beats::listen(folder.path()).expect("free");
        let error = Beats::listen(folder.path()).expect_err("taken").to_string();
        assert!(error.contains("another guard"), "{error}");
        drop(first);
        // What a guard leaves that was killed.
        drop(UnixDatagram::bind(folder.path().join(SOCKET)).expect("a socket"));
        drop(Beats::listen(folder.path()).expect("free again"));
        assert!(!folder.path().join(SOCKET).exists());
        let error = Beats::listen(Path::new("/nowhere/at/all")).expect_err("no folder");
        assert!(matches!(error, HeartbeatError::Io { .. }), "{error}");
    }
}

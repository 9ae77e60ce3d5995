//! Moving SQLite's write-ahead log into its file, on a connection of its own, so that no commit pays for it.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;

use super::connect::{AnyConn, Purpose, connect};
use super::error::StoreError;
use super::url::DatabaseUrl;

/// How often the log's length is looked at.
const PAUSE: Duration = Duration::from_millis(250);
/// From which length on the log is moved.
const LOG_BYTES_MIN: u64 = 4 << 20;

/// Owns the thread that makes checkpoints; it ends with this value.
#[derive(Debug)]
pub(in crate::store) struct Checkpointer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread; nothing to do for a server, which makes its own.
    pub(in crate::store) fn start(url: &DatabaseUrl) -> Result<Option<Self>, StoreError> {
        let Some(path) = url.path() else { return Ok(None) };
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let conn = connect(url, Purpose::Checkpoint)?;
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name("orb-checkpoint".to_owned())
            .spawn(move || run(conn, &PathBuf::from(log), &stopped))
            .map_err(|error| StoreError::Open { database: url.to_string(), problem: error.to_string() })?;
        Ok(Some(Self { stop: Some(stop), thread: Some(thread) }))
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has cost nothing but a longer log.
            drop(thread.join());
        }
    }
}

fn run(mut conn: AnyConn, log: &std::path::Path, stopped: &Receiver<()>) {
    let mut moved = None;
    while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
        let Ok(about) = log.metadata() else { continue };
        let now = (about.len(), about.modified().ok());
        if about.len() < LOG_BYTES_MIN || moved == Some(now) {
            continue;
        }
        // Passive: it waits for nobody, and goes as far as the readers let it. What fails is tried again later.
        if conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)").is_ok() {
            moved = Some(now);
        }
    }
}

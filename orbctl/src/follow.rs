//! Following a stream until Ctrl-C, the server's end of it, or silence.

use std::{future::Future, time::Duration};

use tokio::{signal, time};
use tonic::{Response, Status, Streaming};

use crate::failure::{Failure, Kind, note};

/// The server sends a heartbeat each second; so much silence means that it is gone.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// Hands each message to `on_message`. Returns without failure only on Ctrl-C.
pub(crate) async fn follow<M>(
    what: &str,
    stream: impl Future<Output = Result<Response<Streaming<M>>, Status>>,
    on_message: impl FnMut(M) -> Result<(), Failure>,
) -> Result<(), Failure> {
    tokio::select! {
        // Ctrl-C is listened for from its first poll on: that must precede the first output.
        biased;
        interrupted = signal::ctrl_c() => {
            interrupted.map_err(|error| Failure::new(Kind::Local, format!("cannot wait for Ctrl-C: {error}")))
        }
        ended = drain(what, stream, on_message) => ended,
    }
}

async fn drain<M>(
    what: &str,
    stream: impl Future<Output = Result<Response<Streaming<M>>, Status>>,
    mut on_message: impl FnMut(M) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let failed = |status: Status| Failure::from_status(what, &status);
    let mut stream = stream.await.map_err(failed)?.into_inner();
    loop {
        match time::timeout(SILENCE_MAX, stream.message()).await {
            Ok(Ok(Some(message))) => on_message(message)?,
            Ok(Ok(None)) => return Err(ended(what, "the daemon ended the stream")),
            Ok(Err(status)) => return Err(failed(status)),
            Err(_) => return Err(ended(what, "the daemon has been silent for 15 s")),
        }
    }
}

/// Says that the daemon replaced messages that orbctl was too slow for.
pub(crate) fn note_resync(is_resync: bool, dropped: u64) {
    if is_resync {
        note(&format!("fell behind: a fresh snapshot replaces {dropped} messages"));
    }
}

/// Names the event that a snapshot's rows belong to.
pub(crate) fn snapshot_event(is_resync: bool) -> &'static str {
    if is_resync { "resync" } else { "snapshot" }
}

fn ended(what: &str, why: &str) -> Failure {
    Failure::new(Kind::Unavailable, format!("{what} ended: {why}; check `orbctl status` and start it again"))
}

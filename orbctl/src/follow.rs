//! Following a stream until Ctrl-C: what is lost is taken up again where it ended.

use std::time::Duration;

use orb_api::v1::{self, Ledger, ResumePoint};
use tokio::{signal, time};
use tonic::{Code, Response, Status, Streaming};

use crate::{
    failure::{Failure, Kind, note},
    wire,
};

/// The server sends a heartbeat each second; so much silence means that it is gone.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// How long to wait before a stream is asked for again; doubled after each attempt in vain.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What a stream has brought.
pub(crate) enum Told<M> {
    /// A message.
    Message(M),
    /// The stream is lost, for this reason, and asked for again.
    Lost(String),
}

/// What a message means for the stream itself.
pub(crate) enum Turn<'a> {
    /// Rows, or a sign of life.
    Onward,
    /// It goes on where the lost stream ended.
    Resumed,
    /// It is about other books from here on.
    LedgerChanged(Option<&'a Ledger>),
}

/// A message of a stream, as far as following needs it.
pub(crate) trait Streamed {
    /// Returns where the stream is; nothing from a daemon that does not say.
    fn place(&self) -> Option<ResumePoint>;
    /// Returns what it means for the stream.
    fn turn(&self) -> Turn<'_>;
}

macro_rules! streamed {
    ($($message:ident in $module:ident;)*) => {
        $(impl Streamed for v1::$message {
            fn place(&self) -> Option<ResumePoint> {
                let stream_epoch = self.stream_epoch.clone();
                (!stream_epoch.is_empty()).then_some(ResumePoint { stream_epoch, sequence: self.sequence })
            }

            fn turn(&self) -> Turn<'_> {
                match &self.event {
                    Some(v1::$module::Event::Resumed(_)) => Turn::Resumed,
                    Some(v1::$module::Event::LedgerChanged(change)) => Turn::LedgerChanged(change.ledger.as_ref()),
                    _ => Turn::Onward,
                }
            }
        })*
    };
}

streamed! {
    StreamPositionsResponse in stream_positions_response;
    StreamFillsResponse in stream_fills_response;
    StreamEquityResponse in stream_equity_response;
    StreamSignalsResponse in stream_signals_response;
    StreamLogsResponse in stream_logs_response;
    WatchResponse in watch_response;
}

/// Hands each message to `on_message`, and takes a lost stream up again. Returns without
/// failure only on Ctrl-C.
///
/// `open` asks for the stream from a place on. That the first stream cannot be had is a failure.
pub(crate) async fn follow<M: Streamed>(
    what: &str,
    open: impl AsyncFnMut(Option<ResumePoint>) -> Result<Response<Streaming<M>>, Status>,
    mut on_message: impl FnMut(M) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut is_lost = false;
    let tell = |told: Told<M>| match told {
        Told::Lost(why) => {
            if !is_lost {
                note(&format!("{what}: {why}; reconnecting"));
            }
            is_lost = true;
            Ok(())
        }
        Told::Message(message) => {
            note_turn(&message, is_lost);
            is_lost = false;
            on_message(message)
        }
    };
    tokio::select! {
        // Ctrl-C is listened for from its first poll on: that must precede the first output.
        biased;
        interrupted = signal::ctrl_c() => {
            interrupted.map_err(|error| Failure::new(Kind::Local, format!("cannot wait for Ctrl-C: {error}")))
        }
        failure = keep(what, open, tell) => Err(failure),
    }
}

/// Hands over what a stream brings, and asks for it again when it is lost, for ever.
///
/// Returns what makes it useless to ask again: the first stream cannot be had, a refusal
/// that is not about the moment, or a failure of `tell`.
pub(crate) async fn keep<M: Streamed>(
    what: &str,
    mut open: impl AsyncFnMut(Option<ResumePoint>) -> Result<Response<Streaming<M>>, Status>,
    mut tell: impl FnMut(Told<M>) -> Result<(), Failure>,
) -> Failure {
    let mut so_far = SoFar { place: None, has_messages: false, pause: PAUSE_MIN };
    loop {
        match drain(what, &mut open, &mut so_far, &mut tell).await {
            End::Failed(failure) => return failure,
            End::Lost(why) => {
                if let Err(failure) = tell(Told::Lost(why)) {
                    return failure;
                }
            }
        }
        time::sleep(so_far.pause).await;
        so_far.pause = (so_far.pause * 2).min(PAUSE_MAX);
    }
}

/// What the streams have brought until now.
struct SoFar {
    place: Option<ResumePoint>,
    has_messages: bool,
    pause: Duration,
}

/// How a stream ended.
enum End {
    Lost(String),
    Failed(Failure),
}

async fn drain<M: Streamed>(
    what: &str,
    open: &mut impl AsyncFnMut(Option<ResumePoint>) -> Result<Response<Streaming<M>>, Status>,
    so_far: &mut SoFar,
    tell: &mut impl FnMut(Told<M>) -> Result<(), Failure>,
) -> End {
    let mut stream = match open(so_far.place.clone()).await {
        Ok(reply) => reply.into_inner(),
        Err(status) => return judge(what, &status, so_far.has_messages),
    };
    loop {
        match time::timeout(SILENCE_MAX, stream.message()).await {
            Ok(Ok(Some(message))) => {
                so_far.place = message.place();
                (so_far.has_messages, so_far.pause) = (true, PAUSE_MIN);
                if let Err(failure) = tell(Told::Message(message)) {
                    return End::Failed(failure);
                }
            }
            Ok(Ok(None)) => return End::Lost("the daemon ended the stream".to_owned()),
            Ok(Err(status)) => return judge(what, &status, so_far.has_messages),
            Err(_) => return End::Lost(format!("the daemon has been silent for {} s", SILENCE_MAX.as_secs())),
        }
    }
}

/// Tells a refusal that lasts from trouble that passes.
fn judge(what: &str, status: &Status, has_messages: bool) -> End {
    let passes = match status.code() {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Unknown
        | Code::Internal
        | Code::Aborted
        | Code::ResourceExhausted => true,
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::DataLoss
        | Code::Unauthenticated => false,
    };
    if has_messages && passes {
        return End::Lost(wire::first_words(status));
    }
    End::Failed(Failure::from_status(what, status))
}

fn note_turn<M: Streamed>(message: &M, was_lost: bool) {
    match message.turn() {
        Turn::Resumed => note("reconnected: nothing was missed"),
        Turn::LedgerChanged(ledger) => {
            let name = ledger.map_or_else(String::new, wire::ledger_name);
            note(&format!("the daemon keeps other books from here on: {name}"));
        }
        Turn::Onward if was_lost => note("reconnected: a fresh snapshot follows"),
        Turn::Onward => {}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: Code, has_messages: bool, is_lost: bool) {
        let end = judge("it", &Status::new(code, ""), has_messages);
        assert_eq!(matches!(end, End::Lost(_)), is_lost, "{code:?}");
    }

    #[test]
    fn only_trouble_that_passes_is_waited_for_and_never_at_the_start() {
        check(Code::Unavailable, true, true);
        check(Code::Unavailable, false, false);
        check(Code::ResourceExhausted, true, true);
        check(Code::Unauthenticated, true, false);
        check(Code::PermissionDenied, true, false);
        check(Code::Unimplemented, true, false);
    }
}

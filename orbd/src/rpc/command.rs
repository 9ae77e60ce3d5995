//! The way of a command: to the runtime, its effect followed in the views, its result for the record.

use std::{sync::Arc, time::Duration};

use orb_core::event::{Authorised, Command};
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, timeout, timeout_at},
};
use tonic::{Code, Request, Status, metadata::MetadataMap};

use super::{
    Accepted, CommandReply, CommandRequest, Handle, RefusalKind, Refused, SWITCHING, convert,
    refuse::{later, precondition, refuse},
};
use crate::{auth::Caller, store::Audit, view::View};

/// How long a reply may wait for the result that was asked for.
const FOLLOW_MAX: Duration = Duration::from_secs(5);
/// What is left of the client's own deadline for the way back.
const FOLLOW_MARGIN: Duration = Duration::from_millis(200);
/// How long the runtime may take to answer a command.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// How long the record of a command may wait for its place.
const AUDIT_MAX: Duration = Duration::from_secs(1);

/// When a command that cannot be carried out now may be given again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Returns who calls; the gate has put it there.
pub(super) fn caller<T>(request: &Request<T>) -> Result<Caller, Status> {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.ok_or_else(|| Status::unauthenticated("a command needs a caller with a token"))
}

/// Returns until when a reply may wait for its result: five seconds, or less where the client waits less.
pub(super) fn follow_until(metadata: &MetadataMap) -> Instant {
    let timeout = metadata.get("grpc-timeout").and_then(|value| grpc_timeout(value.to_str().ok()?));
    let wait = timeout.map_or(FOLLOW_MAX, |timeout| timeout.saturating_sub(FOLLOW_MARGIN).min(FOLLOW_MAX));
    Instant::now() + wait
}

/// Reads a timeout of the gRPC protocol: at most eight digits and a unit.
pub(super) fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// Gives a command to the runtime and waits until it is in force, and recorded as carried out.
pub(super) async fn send(handle: &Handle, asked: &Asked) -> Result<Accepted, Status> {
    exchange(handle, asked.authorised.clone(), Some(asked.record())).await
}

/// Gives the runtime the engine commands that one request stands for, each under a name; returns what is around each.
///
/// The request is recorded as carried out with the last of them: until then a repetition begins anew.
pub(super) async fn send_parts(
    handle: &Handle,
    asked: &Asked,
    parts: &[(String, Command)],
) -> Result<Vec<Accepted>, Status> {
    let mut accepted = Vec::new();
    for (number, (name, command)) in parts.iter().enumerate() {
        let record = (number + 1 == parts.len()).then(|| asked.record());
        accepted.push(exchange(handle, asked.part(name, *command), record).await?);
    }
    Ok(accepted)
}

/// Gives the runtime one engine command of the several that a request stands for; it is not recorded as carried out.
pub(super) async fn send_part(
    handle: &Handle,
    asked: &Asked,
    name: &str,
    command: Command,
) -> Result<Accepted, Status> {
    exchange(handle, asked.part(name, command), None).await
}

async fn exchange(handle: &Handle, authorised: Authorised, record: Option<Audit>) -> Result<Accepted, Status> {
    // The new engine must not take what was meant for the old one's positions; a kill is meant for every engine.
    if handle.switchboard.is_switching() && !matches!(authorised.command, Command::Kill { .. }) {
        return Err(later(Code::Unavailable, "SWITCHING", SWITCHING, RETRY_AFTER));
    }
    let (reply, answer) = oneshot::channel();
    let stopping = || Status::unavailable("the daemon is stopping and takes no commands");
    if matches!(authorised.command, Command::Kill { .. }) {
        // From here on no entry leaves the process, even while the runtime is busy with a commit.
        handle.gate.bump();
    }
    let exchange = async {
        handle.commands.send(CommandRequest { authorised, record, reply }).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())
    };
    let late = |_| {
        let seconds = ANSWER_MAX.as_secs();
        Status::deadline_exceeded(format!("no answer within {seconds} s; it may still happen: look at the status"))
    };
    match timeout(ANSWER_MAX, exchange).await.map_err(late)?? {
        CommandReply::Accepted(accepted) => Ok(accepted),
        CommandReply::Refused(refused) => Err(refusal(refused)),
    }
}

fn refusal(refused: Refused) -> Status {
    match refused.kind {
        RefusalKind::NotFound => refuse(Code::NotFound, "NOT_FOUND", refused.message),
        RefusalKind::Precondition => precondition("STATE", "orb", &refused.message),
        RefusalKind::Unavailable => later(Code::Unavailable, "UNAVAILABLE", &refused.message, RETRY_AFTER),
    }
}

/// Waits until a view shows what was asked for, at most until `deadline`, and returns the last view.
///
/// `see` is shown the views that are met on the way and tells whether one is enough.
pub(super) async fn follow(
    mut views: watch::Receiver<Arc<View>>,
    from: Arc<View>,
    deadline: Instant,
    mut see: impl FnMut(&View) -> bool,
) -> Arc<View> {
    let mut last = from;
    while !see(&last) {
        match timeout_at(deadline, views.wait_for(|view| view.sequence > last.sequence)).await {
            Ok(Ok(view)) => last = Arc::clone(&view),
            Ok(Err(_)) | Err(_) => return last,
        }
    }
    last
}

/// Keeps for the record what became of a command.
pub(super) async fn audit(handle: &Handle, asked: Asked, result: &Result<String, Status>) {
    let Asked { authorised, command } = asked;
    let (accepted, result) = match result {
        Ok(text) => (true, text.clone()),
        Err(status) => (false, format!("{:?}: {}", status.code(), status.message())),
    };
    let (actor, request_id) = (authorised.actor, authorised.request_id);
    tracing::info!(component = "Api", actor, command, request_id, result, "{actor}: {command}: {result}");
    let audit =
        Audit { request_id, actor, command, reason: authorised.reason, result, accepted, at: convert::wall_clock() };
    if !matches!(timeout(AUDIT_MAX, handle.audit.send(audit)).await, Ok(Ok(()))) {
        tracing::error!(component = "Api", "a command could not be recorded: the store is stopped or does not keep up");
    }
}

/// Holds who asked for what, and how the record says it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) authorised: Authorised,
    pub(super) command: String,
}

impl Asked {
    /// Says that the command was carried out; what came of it follows.
    fn record(&self) -> Audit {
        let Authorised { request_id, actor, reason, .. } = self.authorised.clone();
        let (command, result) = (self.command.clone(), "carried out; what came of it is not known yet".to_owned());
        Audit { request_id, actor, command, reason, result, accepted: true, at: convert::wall_clock() }
    }

    /// Returns one of the several engine commands that the request stands for, with an id of its own.
    fn part(&self, name: &str, command: Command) -> Authorised {
        let request_id = format!("{}/{name}", self.authorised.request_id);
        Authorised { command, request_id, ..self.authorised.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_s_deadline_is_read() {
        assert_eq!(grpc_timeout("2S"), Some(Duration::from_secs(2)));
        assert_eq!(grpc_timeout("1500m"), Some(Duration::from_millis(1500)));
        assert_eq!(grpc_timeout("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        for text in ["", "S", "5", "5x", "123456789S", "-1S", "é"] {
            assert_eq!(grpc_timeout(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn a_view_is_followed_until_it_is_enough_or_late() {
        let view = |sequence| Arc::new(View { sequence, ..View::default() });
        let (publish, views) = watch::channel(view(3));
        let soon = || Instant::now() + Duration::from_millis(50);
        assert_eq!(follow(views.clone(), view(3), soon(), |view| view.sequence == 3).await.sequence, 3);
        publish.send_replace(view(4));
        assert_eq!(follow(views.clone(), view(3), soon(), |view| view.sequence == 4).await.sequence, 4);
        assert_eq!(follow(views.clone(), view(3), soon(), |_| false).await.sequence, 4);
        drop(publish);
        assert_eq!(follow(views, view(4), Instant::now() + FOLLOW_MAX, |_| false).await.sequence, 4);
    }
}

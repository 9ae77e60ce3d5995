//! The record of commands that were refused at the gate: who tried what, without a flood.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::HeaderMap;
use orb_core::Timestamp;
use tokio::sync::mpsc;
use tonic::{Code, Status};

use super::convert;
use crate::{
    auth::{AuthError, is_command},
    store::Audit,
};

/// A caller's attempts at one method are recorded at most so often; the others are counted.
const RECORD_EVERY: Duration = Duration::from_secs(10);
/// Callers and methods that are remembered; there are not so many.
const KNOWN_MAX: usize = 1024;

#[derive(Clone, Copy, Debug)]
struct Recorded {
    at: Instant,
    since: u32,
}

/// Records refused commands.
#[derive(Debug)]
pub(super) struct RefusedCommands {
    audit: mpsc::Sender<Audit>,
    known: Mutex<BTreeMap<(Arc<str>, String), Recorded>>,
}

impl RefusedCommands {
    pub(super) fn new(audit: mpsc::Sender<Audit>) -> Self {
        Self { audit, known: Mutex::default() }
    }

    /// Records that a known caller tried a command that its role does not permit.
    pub(super) fn note(&self, path: &str, error: &AuthError, now: Instant) {
        let AuthError::Role { actor, .. } = error else { return };
        if !is_command(path) {
            return;
        }
        let Some(others) = self.due(actor, path, now) else { return };
        self.record(path, actor, &format!("PermissionDenied: {error}"), others);
    }

    fn record(&self, path: &str, actor: &Arc<str>, result: &str, others: u32) {
        let command = path.rsplit('/').next().unwrap_or(path).to_owned();
        let others = if others == 0 { String::new() } else { format!(" ({others} more since the last record)") };
        let result = format!("{result}{others}");
        let at = convert::wall_clock();
        let audit = Audit {
            request_id: request_id(actor, path, at),
            actor: actor.to_string(),
            command,
            reason: String::new(),
            result,
            accepted: false,
            at,
        };
        // The store may be busy; the log has it then.
        if self.audit.try_send(audit).is_err() {
            tracing::warn!(component = "Api", path, %actor, "a refused command could not be recorded");
        }
    }

    /// Records that a caller gave a command that could not be read, or an id of another command. What the runtime or the
    /// broker refused has a record already.
    pub(super) fn note_unreadable(&self, path: &str, actor: &Arc<str>, headers: &HeaderMap, now: Instant) {
        let Some(status) = Status::from_header_map(headers) else { return };
        if !matches!(status.code(), Code::InvalidArgument | Code::AlreadyExists) || !is_command(path) {
            return;
        }
        let Some(others) = self.due(actor, path, now) else { return };
        self.record(path, actor, &format!("{:?}: {}", status.code(), status.message()), others);
    }

    /// Returns how many attempts were not recorded since the last one; `None` when it is not time for a record.
    fn due(&self, actor: &Arc<str>, path: &str, now: Instant) -> Option<u32> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recorded) = known.get_mut(&(Arc::clone(actor), path.to_owned())) {
            if now.duration_since(recorded.at) < RECORD_EVERY {
                recorded.since = recorded.since.saturating_add(1);
                return None;
            }
            let others = recorded.since;
            *recorded = Recorded { at: now, since: 0 };
            return Some(others);
        }
        if known.len() >= KNOWN_MAX {
            known.retain(|_, recorded| now.duration_since(recorded.at) < RECORD_EVERY);
        }
        if known.len() < KNOWN_MAX {
            known.insert((Arc::clone(actor), path.to_owned()), Recorded { at: now, since: 0 });
            return Some(0);
        }
        None
    }
}

/// A refused command has no id that its client could repeat; this one is of this attempt alone.
fn request_id(actor: &str, path: &str, at: Timestamp) -> String {
    format!("refused/{actor}{path}/{}", at.micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSE: &str = "/orb.v1.ControlService/ClosePosition";

    fn too_low(actor: &str) -> AuthError {
        AuthError::Role { actor: actor.into(), needed: "operator", held: "viewer" }
    }

    #[tokio::test]
    async fn a_refused_command_is_recorded_and_a_flood_is_counted() {
        let (sender, mut audits) = mpsc::channel(8);
        let (refused, start) = (RefusedCommands::new(sender), Instant::now());
        for _ in 0..50 {
            refused.note(CLOSE, &too_low("ann"), start);
        }
        refused.note(CLOSE, &too_low("bob"), start);
        refused.note(CLOSE, &too_low("ann"), start + RECORD_EVERY);
        refused.note("/orb.v1.ControlService/GetStatus", &too_low("ann"), start);
        refused.note(CLOSE, &AuthError::Missing, start);
        let mut all = Vec::new();
        while let Ok(audit) = audits.try_recv() {
            all.push((audit.actor, audit.command, audit.accepted, audit.result));
        }
        let actors: Vec<_> = all.iter().map(|(actor, ..)| &**actor).collect();
        assert_eq!(actors, ["ann", "bob", "ann"]);
        assert!(all.iter().all(|(_, command, accepted, _)| command == "ClosePosition" && !accepted));
        assert!(all[0].3.starts_with("PermissionDenied: ") && all[0].3.contains("operator"), "{}", all[0].3);
        assert!(all[2].3.contains("49 more"), "{}", all[2].3);
    }
}

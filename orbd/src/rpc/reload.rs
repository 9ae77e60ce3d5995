//! `ReloadConfig`: the way of a reload to whoever may change the daemon.

use core::fmt;

use orb_api::v1;
use orb_core::event::Command;
use tokio::sync::oneshot;
use tonic::{Code, Request, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::command::Asked;
use super::control::asked as asked_for;
use super::environment::BoardRequest;
use super::{Handle, convert, refuse, validate};
use crate::reload::{Change, Loaded, Outcome, ReloadError};
use crate::view::View;

/// Asks for the configuration to be read again.
#[derive(Debug)]
pub struct ReloadRequest {
    /// Only say what would change.
    pub validate_only: bool,
    /// Who wants it.
    pub actor: String,
    /// Where the answer goes; the asker may have gone away.
    pub reply: oneshot::Sender<Result<Reloaded, ReloadError>>,
}

/// Shows what came of reading the configuration again.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// What was changed, or would be, and what has no key; by key.
    pub changes: Vec<Change>,
    /// The file is in force now.
    pub is_in_force: bool,
    /// What is in force.
    pub loaded: Loaded,
}

impl Reloaded {
    /// Tells whether anything was changed, or would be.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.changes.iter().any(|change| change.outcome != Outcome::Unchanged)
    }
}

impl fmt::Display for Reloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed = self.changes.iter().filter(|change| change.outcome != Outcome::Unchanged);
        let keys: Vec<_> = changed.map(|change| change.key.as_str()).collect();
        match (keys.as_slice(), self.is_in_force) {
            ([], _) => f.write_str("nothing has changed"),
            (keys, true) => write!(f, "changed {}", keys.join(", ")),
            (keys, false) => write!(f, "would change {}", keys.join(", ")),
        }
    }
}

/// Reads what a client wants.
pub(super) fn asked(request: &Request<v1::ReloadConfigRequest>) -> Result<(Asked, bool), Status> {
    let message = request.get_ref();
    let (id, only) = (&message.request_id, message.validate_only);
    let text = if only { "ReloadConfig validate_only" } else { "ReloadConfig" };
    // The engine takes no part in it; a repetition is told by the text.
    let asked = asked_for(request, id, validate::reason(&message.reason)?, Command::CancelEntries, text.to_owned())?;
    Ok((asked, only))
}

/// Has the configuration read again and waits until it is in force.
pub(super) async fn reload(
    handle: Handle,
    asked: Asked,
    validate_only: bool,
) -> Result<v1::ReloadConfigResponse, Status> {
    let (reply, answer) = oneshot::channel();
    let request = ReloadRequest { validate_only, actor: asked.authorised.actor, reply };
    let stopping = || status(&ReloadError::Stopping);
    let requests = handle.switchboard.requests().ok_or_else(|| status(&ReloadError::Fixed))?;
    requests.send(BoardRequest::Reload(request)).await.map_err(|_| stopping())?;
    let reloaded = answer.await.map_err(|_| stopping())?.map_err(|error| status(&error))?;
    Ok(reply_of(&handle, &reloaded, asked.authorised.request_id))
}

fn reply_of(handle: &Handle, reloaded: &Reloaded, request_id: String) -> v1::ReloadConfigResponse {
    v1::ReloadConfigResponse {
        applied: reloaded.is_in_force,
        changes: reloaded.changes.iter().map(change).collect(),
        fingerprint: reloaded.loaded.fingerprint(),
        load_time: reloaded.loaded.at.map(convert::instant),
        ..again(&handle.current(), request_id)
    }
}

/// Replies to a reload that was carried out before the daemon was started.
pub(super) fn again(view: &View, request_id: String) -> v1::ReloadConfigResponse {
    let ledger = Some(convert::ledger(&view.ledger));
    v1::ReloadConfigResponse { ledger, request_id, ..v1::ReloadConfigResponse::default() }
}

/// Says for the record what became of a reload.
pub(super) fn text(reply: &v1::ReloadConfigResponse) -> String {
    let is_changed = |change: &&v1::ConfigChange| change.outcome() != v1::ConfigOutcome::Unchanged;
    let keys: Vec<_> = reply.changes.iter().filter(is_changed).map(|change| change.key.as_str()).collect();
    match (keys.as_slice(), reply.applied) {
        ([], _) => "nothing has changed".to_owned(),
        (keys, true) => format!("changed {}", keys.join(", ")),
        (keys, false) => format!("would change {}", keys.join(", ")),
    }
}

fn change(change: &Change) -> v1::ConfigChange {
    let Change { key, outcome, before, after, detail } = change.clone();
    let outcome = match outcome {
        Outcome::Applied => v1::ConfigOutcome::Applied,
        Outcome::Unchanged => v1::ConfigOutcome::Unchanged,
        Outcome::Refused => v1::ConfigOutcome::Refused,
    };
    v1::ConfigChange { key, outcome: outcome.into(), previous_value: before, value: after, detail }
}

fn status(error: &ReloadError) -> Status {
    let message = error.to_string();
    match error {
        ReloadError::Invalid(_) => refuse::precondition("CONFIG_INVALID", "configuration", &message),
        ReloadError::Refused(changes) => refused(changes, message),
        ReloadError::Stopping => Status::unavailable(message),
        ReloadError::Fixed => Status::failed_precondition(message),
    }
}

/// Refuses with a violation for each key that cannot be taken up.
fn refused(changes: &[Change], message: String) -> Status {
    let remedy = "put the keys back, or restart orbd, flat and outside of market hours";
    let metadata = std::collections::HashMap::from([(orb_api::REMEDY.to_owned(), remedy.to_owned())]);
    let mut details = ErrorDetails::with_error_info("CONFIG_REFUSED", orb_api::ERROR_DOMAIN, metadata);
    for change in changes.iter().filter(|change| change.outcome == Outcome::Refused) {
        details.add_bad_request_violation(&change.key, &change.detail);
    }
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

#[cfg(test)]
mod tests {
    use orb_api::Refusal;

    use super::*;

    fn changes() -> Vec<Change> {
        vec![
            Change::unnamed("notify.desk", Outcome::Unchanged, "its secrets"),
            Change::unnamed("symbols", Outcome::Refused, "restart orbd"),
            Change::unnamed("web.allowed_hosts", Outcome::Applied, ""),
        ]
    }

    #[test]
    fn a_refusal_names_each_key_and_why() {
        let refused = status(&ReloadError::Refused(changes()));
        assert_eq!(refused.code(), Code::FailedPrecondition);
        let details = Refusal::of(&refused);
        assert_eq!(details.reason.as_deref(), Some("CONFIG_REFUSED"));
        let fields: Vec<_> = details.fields.iter().map(|field| &*field.field).collect();
        assert_eq!(fields, ["symbols"]);
        assert!(refused.message().contains("symbols cannot be taken up now: restart orbd; nothing has changed"));
        let invalid = status(&ReloadError::Invalid("/etc/orb/orb.toml:3: no".to_owned()));
        assert_eq!(Refusal::of(&invalid).reason.as_deref(), Some("CONFIG_INVALID"));
        assert_eq!(status(&ReloadError::Stopping).code(), Code::Unavailable);
    }

    #[test]
    fn what_has_changed_is_said_in_a_sentence() {
        let loaded = Loaded { settings: std::sync::Arc::default(), at: None };
        let of = |is_in_force| Reloaded { changes: changes(), is_in_force, loaded: loaded.clone() };
        assert_eq!(of(true).to_string(), "changed symbols, web.allowed_hosts");
        assert_eq!(of(false).to_string(), "would change symbols, web.allowed_hosts");
        let none = Reloaded { changes: changes().drain(..1).collect(), is_in_force: true, loaded };
        assert!(none.to_string() == "nothing has changed" && !none.has_changes());
    }
}

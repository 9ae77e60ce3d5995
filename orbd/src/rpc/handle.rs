//! The API's connection to the runtime: views in, commands out.

use std::sync::{Arc, PoisonError, RwLock};

use orb_core::event::Authorised;
use orb_exec::{EntryGate, alpaca::Emergency};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::Switchboard;
use crate::{
    monitoring::Meters,
    reload::InForce,
    store::{Audit, Reader},
    view::{LogView, Update, View},
};

/// Holds all that the API knows of the rest of the daemon. Clones share it.
#[derive(Clone, Debug)]
pub struct Handle {
    /// The newest view; published after each commit, before its updates.
    pub view: watch::Receiver<Arc<View>>,
    /// The engine's changes; subscribed to by each stream.
    pub updates: broadcast::Sender<Arc<Update>>,
    /// Log lines, each sent after it was stored, in the order of their ids.
    pub logs: broadcast::Sender<Arc<LogView>>,
    /// Commands to the runtime.
    pub commands: mpsc::Sender<CommandRequest>,
    /// Stops entries at the last point before they are sent.
    pub gate: EntryGate,
    /// What became of each command, to be stored.
    pub audit: mpsc::Sender<Audit>,
    /// The commands that were finished before an engine began: they are not done again.
    pub finished: Finished,
    /// The records; it turns to others when the environment is switched.
    pub reader: Reader,
    /// Where another environment is asked for.
    pub switchboard: Switchboard,
    /// The configuration in force, for who asks.
    pub config: InForce,
    /// What is counted as it happens.
    pub meters: Meters,
}

impl Handle {
    /// Returns the newest view.
    #[must_use]
    pub fn current(&self) -> Arc<View> {
        Arc::clone(&self.view.borrow())
    }
}

/// Remembers the commands that were finished before an engine began, those of each books that were traded with. Clones
/// share it.
#[derive(Clone, Debug, Default)]
pub struct Finished(Arc<RwLock<Vec<Audit>>>);

impl Finished {
    /// Adds the commands that the records of other books have.
    pub fn add(&self, audits: impl IntoIterator<Item = Audit>) {
        // The list is whole after each statement, so a panic elsewhere does not spoil it.
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for audit in audits.into_iter().filter(|audit| audit.accepted) {
            if !known.iter().any(|other| other.request_id == audit.request_id) {
                known.push(audit);
            }
        }
    }

    /// Returns what was done under a request id; `None` when nothing was, or it was refused.
    #[must_use]
    pub fn find(&self, request_id: &str) -> Option<Audit> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|audit| audit.request_id == request_id).cloned()
    }
}

/// Asks the runtime to carry out a command.
#[derive(Debug)]
pub struct CommandRequest {
    /// Who wants what, and why.
    pub authorised: Authorised,
    /// Says that it was carried out, and is kept in one transaction with it; `None` where nobody will repeat it.
    pub record: Option<Audit>,
    /// Where the answer goes; the asker may have gone away.
    pub reply: oneshot::Sender<CommandReply>,
}

/// Answers a command.
#[derive(Clone, Debug)]
pub enum CommandReply {
    /// It is committed and in force.
    Accepted(Accepted),
    /// It was not carried out.
    Refused(Refused),
}

/// Shows the state around an accepted command.
///
/// Both views have been published. After a kill no entry leaves the process any more: requests in flight have been
/// waited for, or their entries are in `after.working_entries`.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The last view without the command.
    pub before: Arc<View>,
    /// The first view with it.
    pub after: Arc<View>,
    /// Asks the broker's account beside the engine; `None` where the venue has no other users.
    pub account: Option<Emergency>,
}

/// Explains why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What kind of refusal it is.
    pub kind: RefusalKind,
    /// A sentence for people, with the remedy.
    pub message: String,
}

/// Sorts refusals by what the client can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// There is nothing of that name: look at what there is.
    NotFound,
    /// Not in this state: wait or change the state.
    Precondition,
    /// orb cannot do it now, because it stops or its database is away: try again.
    Unavailable,
}

//! Commands and what came of them.

use orb_core::Timestamp;

use super::stored::stored;

/// Records what somebody asked for, and what came of it; a later record of the same request replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Makes a repeated command the same command.
    pub request_id: String,
    /// Who asked.
    pub actor: String,
    /// What for, as in `SetKillSwitch ENGAGE flatten`.
    pub command: String,
    /// Why; may be empty.
    pub reason: String,
    /// What came of it, in words.
    pub result: String,
    /// Whether it was carried out.
    pub accepted: bool,
    /// Wall-clock time of the end.
    pub at: Timestamp,
}

stored! {
    /// A row of `commands`.
    StoredCommand in commands;
    key { ledger_id: String, request_id: String }
    data { actor: String, command: String, reason: String, result: String, accepted: bool, at: i64 }
    once {}
}

impl StoredCommand {
    /// Makes the row of a record.
    pub(in crate::store) fn of(audit: &Audit, ledger: &str) -> Self {
        Self {
            ledger_id: ledger.to_owned(),
            request_id: audit.request_id.clone(),
            actor: audit.actor.clone(),
            command: audit.command.clone(),
            reason: audit.reason.clone(),
            result: audit.result.clone(),
            accepted: audit.accepted,
            at: audit.at.micros(),
        }
    }

    /// Reads the row.
    pub(in crate::store) fn read(self) -> Audit {
        Audit {
            request_id: self.request_id,
            actor: self.actor,
            command: self.command,
            reason: self.reason,
            result: self.result,
            accepted: self.accepted,
            at: Timestamp::from_micros(self.at),
        }
    }
}

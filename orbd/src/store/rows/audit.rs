//! Commands as they were recorded, one after the other.

use super::StoredCommand;

/// A row of `audit_log`.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = crate::store::schema::audit_log)]
pub(in crate::store) struct StoredAudit {
    pub(in crate::store) ledger_id: String,
    pub(in crate::store) number: i64,
    pub(in crate::store) request_id: String,
    pub(in crate::store) actor: String,
    pub(in crate::store) command: String,
    pub(in crate::store) reason: String,
    pub(in crate::store) result: String,
    pub(in crate::store) accepted: bool,
    pub(in crate::store) at: i64,
    /// Covers the row and the hash before it.
    pub(in crate::store) hash: Vec<u8>,
}

impl StoredAudit {
    /// Makes the row of a command, not yet chained.
    pub(in crate::store) fn of(command: &StoredCommand, number: i64) -> Self {
        let StoredCommand { ledger_id, request_id, actor, command, reason, result, accepted, at } = command.clone();
        Self { ledger_id, number, request_id, actor, command, reason, result, accepted, at, hash: Vec::new() }
    }
}

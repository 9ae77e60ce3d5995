//! The journal's rows.

/// A row of `journal`.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = crate::store::schema::journal)]
pub(in crate::store) struct StoredJournal {
    pub(in crate::store) ledger_id: String,
    pub(in crate::store) first_sequence: i64,
    pub(in crate::store) last_sequence: i64,
    pub(in crate::store) last_effect: i64,
    pub(in crate::store) date: Option<String>,
    pub(in crate::store) at: i64,
    pub(in crate::store) bytes: Vec<u8>,
    /// Covers the row and the hash before it.
    pub(in crate::store) hash: Vec<u8>,
}

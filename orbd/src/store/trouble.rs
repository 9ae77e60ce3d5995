//! Which kind of trouble an error of the database is.

use diesel::result::{DatabaseErrorKind, Error};

/// Says what stands behind an error of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Trouble {
    /// The connection is gone.
    Lost,
    /// Somebody else holds a lock.
    Busy,
    /// There is no room.
    Full,
    /// It may not be written.
    ReadOnly,
    /// The disk failed.
    Disk,
    /// The file is damaged.
    Corrupt,
    /// Something that trying again does not change.
    Other,
}

/// Diesel keeps neither SQLite's code nor the server's `SQLSTATE`, only the text. SQLite's are fixed in its source; a
/// server in another language is only told apart by what diesel does keep.
const TEXTS: [(&str, Trouble); 21] = [
    ("database is locked", Trouble::Busy),
    ("database table is locked", Trouble::Busy),
    ("locking protocol", Trouble::Busy),
    ("database or disk is full", Trouble::Full),
    ("attempt to write a readonly database", Trouble::ReadOnly),
    ("unable to open database file", Trouble::ReadOnly),
    ("disk I/O error", Trouble::Disk),
    ("database disk image is malformed", Trouble::Corrupt),
    ("file is not a database", Trouble::Corrupt),
    ("lock timeout", Trouble::Busy),
    ("deadlock detected", Trouble::Busy),
    ("No space left on device", Trouble::Full),
    ("Disk quota exceeded", Trouble::Full),
    ("in a read-only transaction", Trouble::ReadOnly),
    ("Input/output error", Trouble::Disk),
    ("invalid page in block", Trouble::Corrupt),
    ("terminating connection", Trouble::Lost),
    ("server closed the connection", Trouble::Lost),
    ("the database system is", Trouble::Lost),
    ("could not receive data from server", Trouble::Lost),
    ("no connection to the server", Trouble::Lost),
];

/// Tells what stands behind an error.
#[expect(clippy::wildcard_enum_match_arm, reason = "diesel may add to its errors")]
pub(in crate::store) fn trouble(error: &Error) -> Trouble {
    match error {
        Error::BrokenTransactionManager => Trouble::Lost,
        Error::DatabaseError(kind, information) => of_kind(kind).unwrap_or_else(|| of_text(information.message())),
        Error::RollbackErrorOnCommit { commit_error, .. } => trouble(commit_error),
        Error::InvalidCString(_)
        | Error::NotFound
        | Error::QueryBuilderError(_)
        | Error::DeserializationError(_)
        | Error::SerializationError(_)
        | Error::RollbackTransaction
        | Error::AlreadyInTransaction
        | Error::NotInTransaction => Trouble::Other,
        // The enum may grow.
        other => of_text(&other.to_string()),
    }
}

fn of_kind(kind: &DatabaseErrorKind) -> Option<Trouble> {
    let found = match kind {
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => Trouble::Lost,
        DatabaseErrorKind::SerializationFailure => Trouble::Busy,
        DatabaseErrorKind::ReadOnlyTransaction => Trouble::ReadOnly,
        DatabaseErrorKind::UniqueViolation
        | DatabaseErrorKind::ForeignKeyViolation
        | DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::RestrictViolation
        | DatabaseErrorKind::ExclusionViolation => Trouble::Other,
        // `Unknown`, and what may be added.
        _ => return None,
    };
    Some(found)
}

/// Tells what stands behind a text of the database.
pub(in crate::store) fn of_text(text: &str) -> Trouble {
    TEXTS.iter().find(|(part, _)| text.contains(part)).map_or(Trouble::Other, |(_, found)| *found)
}

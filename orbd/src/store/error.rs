//! What can go wrong with the records, sorted by what the caller can do.

use diesel::result::Error as DieselError;

use super::trouble::{Trouble, trouble};

/// Explains why the records could not be opened, written or read. No text in it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database's address is not one: correct the configuration.
    #[error(
        "`{url}` is not the address of a database: {problem}; expected `sqlite:///path/orb.db` or `postgres://user@host/name`"
    )]
    Url {
        /// The address, without its password.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The database cannot be reached or written: repair the path, the permissions or the server.
    #[error("cannot open the database {database}: {problem}")]
    Open {
        /// The database.
        database: String,
        /// What the system says, and the remedy.
        problem: String,
    },
    /// The server does not answer, or refuses the connection: repair it, and try again.
    #[error("cannot reach the database {database}: {problem}")]
    Unreachable {
        /// The database.
        database: String,
        /// What the client library says, and the remedy.
        problem: String,
    },
    /// A newer orb has written the database: use that version, or another database. Nothing was changed.
    #[error(
        "the database {database} was made by a newer orb: it has the migration `{found}`, which this version does not know; install the newer version, or use another database"
    )]
    SchemaNewer {
        /// The database.
        database: String,
        /// The first migration that is not known.
        found: String,
    },
    /// The database lacks migrations: run `orbd migrate up`, or let `orbd` open it for writing.
    #[error(
        "the database {database} is older than this version of orb: it lacks the migration `{missing}`; run `orbd migrate up`"
    )]
    SchemaOlder {
        /// The database.
        database: String,
        /// The first migration that is missing.
        missing: String,
    },
    /// A migration failed and was rolled back together with those before it.
    #[error(
        "cannot bring the database {database} to this version's schema: {problem}; all of it was taken back, and every row is as it was: mend that, then run `orbd migrate up` again"
    )]
    Migration {
        /// The database.
        database: String,
        /// What the database says.
        problem: String,
    },
    /// Another process writes this ledger: end it first.
    #[error(
        "the ledger {ledger} of the database {database} is in use by {holder}; stop it first, or use another database"
    )]
    InUse {
        /// The database.
        database: String,
        /// The ledger.
        ledger: String,
        /// Who holds it, as far as is known.
        holder: String,
    },
    /// Another process has taken the ledger meanwhile: this one was silent for too long, and is to end.
    #[error(
        "the ledger {ledger} was taken over by another orbd, because this one was silent for too long; nothing more of this one's is committed or sent"
    )]
    LeaseLost {
        /// The ledger.
        ledger: String,
    },
    /// Nobody can stand by for a file: start orbd without.
    #[error(
        "{database} is a file, and a standby needs a PostgreSQL server that both can reach; start without --standby"
    )]
    NoStandby {
        /// The database.
        database: String,
    },
    /// The ledger's id stands for another account or environment: the database was tampered with or mixed up.
    #[error(
        "the ledger {ledger} of the database {database} belongs to the environment `{found}`, not to `{wanted}`; use another database"
    )]
    OtherLedger {
        /// The database.
        database: String,
        /// The ledger.
        ledger: String,
        /// The environment in the database.
        found: String,
        /// The environment asked for.
        wanted: String,
    },
    /// A row to be restored names something that the configuration lacks: add it until the day is over.
    #[error(
        "the records of {date} name the {what} `{name}`, which the configuration does not have; add it, or start with another database"
    )]
    UnknownName {
        /// `symbol` or `strategy`.
        what: &'static str,
        /// The name.
        name: String,
        /// Trading date of the row.
        date: String,
    },
    /// A row cannot be read: restore a backup, or correct the row.
    #[error(
        "the row `{key}` of the table {table} is damaged: its {column} is `{value}`; restore a backup, or correct the row"
    )]
    Damaged {
        /// The table.
        table: &'static str,
        /// The row's key.
        key: String,
        /// The column.
        column: &'static str,
        /// What it holds.
        value: String,
    },
    /// The journal's end is not what the ledger says: rows are missing or were changed; restore a backup.
    #[error(
        "the journal of the ledger {ledger} in the database {database} does not end where the ledger says: rows were removed or changed; `orbd verify` tells which, and a backup has them"
    )]
    JournalEnd {
        /// The database.
        database: String,
        /// The ledger.
        ledger: String,
    },
    /// Somebody else has written the ledger meanwhile: end one of the two. Nothing of the transaction is kept.
    #[error(
        "the ledger {ledger} was written by somebody else while this process had it; see that only one orbd runs on the database, and start it again"
    )]
    Overtaken {
        /// The ledger.
        ledger: String,
    },
    /// A page token is none of ours: start again at the first page.
    #[error("the page token is not valid for this list; start again without one")]
    PageToken,
    /// A journal row does not follow the one before.
    #[error("the journal's next event cannot be number {first}: the last one committed is {last}")]
    Sequence {
        /// First sequence of the row that was refused.
        first: u64,
        /// Last sequence in the journal.
        last: u64,
    },
    /// The connection is gone: [reconnect](super::Writer::reconnect), which tells whether the commit was kept.
    #[error(
        "the connection to the database was lost while it should {doing} ({source}); see that the server runs and is reachable"
    )]
    Lost {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        source: DieselError,
    },
    /// Somebody else holds the database's lock: try again. Nothing of the transaction is kept.
    #[error(
        "the database is locked by somebody else while it should {doing} ({source}); end what holds it, such as a database shell or a program that copies the file"
    )]
    Busy {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        source: DieselError,
    },
    /// There is no room: free some and try again. Nothing of the transaction is kept.
    #[error("there is no room for the database to {doing} ({source}); free space on its disk, or raise its quota")]
    Full {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        source: DieselError,
    },
    /// The database may be read and not written: repair that and try again. Nothing of the transaction is kept.
    #[error(
        "the database may not be written, so it failed to {doing} ({source}); check that orbd's user may write the file and its folder, and that disk and server are not read-only"
    )]
    ReadOnly {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        source: DieselError,
    },
    /// The disk failed: repair it and try again.
    #[error(
        "the disk of the database failed while it should {doing} ({source}); look for errors of the disk in the system's log"
    )]
    Disk {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        source: DieselError,
    },
    /// The database's file is damaged: stop, keep it, and restore a backup.
    #[error(
        "the database is damaged, so it failed to {doing} ({source}); stop orbd, keep the damaged database aside, and restore the last backup"
    )]
    Corrupt {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        source: DieselError,
    },
    /// The database refused; nothing of the transaction is kept.
    #[error("the database failed to {doing}: {source}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        source: DieselError,
    },
}

impl StoreError {
    /// Tells whether the connection is gone, so that only a new one may help.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Unreachable { .. })
    }

    /// Tells whether the same may succeed later, once the cause has ended: a lock, no room, a lost server, a disk that
    /// failed or may not be written. Everything else fails again however often it is tried.
    ///
    /// After an error for which [`is_lost`](Self::is_lost) holds, a [`reconnect`](super::Writer::reconnect) must come
    /// first.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Lost { .. }
            | Self::Busy { .. }
            | Self::Full { .. }
            | Self::ReadOnly { .. }
            | Self::Disk { .. } => true,
            Self::Url { .. }
            | Self::Open { .. }
            | Self::SchemaNewer { .. }
            | Self::SchemaOlder { .. }
            | Self::Migration { .. }
            | Self::InUse { .. }
            | Self::LeaseLost { .. }
            | Self::NoStandby { .. }
            | Self::OtherLedger { .. }
            | Self::UnknownName { .. }
            | Self::Damaged { .. }
            | Self::JournalEnd { .. }
            | Self::Overtaken { .. }
            | Self::PageToken
            | Self::Sequence { .. }
            | Self::Corrupt { .. }
            | Self::Failed { .. } => false,
        }
    }

    /// Sorts an error of the database.
    pub(in crate::store) fn of(doing: &'static str, source: DieselError) -> Self {
        match trouble(&source) {
            Trouble::Lost => Self::Lost { doing, source },
            Trouble::Busy => Self::Busy { doing, source },
            Trouble::Full => Self::Full { doing, source },
            Trouble::ReadOnly => Self::ReadOnly { doing, source },
            Trouble::Disk => Self::Disk { doing, source },
            Trouble::Corrupt => Self::Corrupt { doing, source },
            Trouble::Other => Self::Failed { doing, source },
        }
    }
}

/// Lets a query's result carry what was being done.
pub(in crate::store) trait Doing<T> {
    /// Turns the database's error into one of the store.
    fn doing(self, what: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, DieselError> {
    fn doing(self, what: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::of(what, source))
    }
}

/// Inside a transaction an error of either kind may arise; diesel needs one type for both.
#[derive(Debug)]
pub(in crate::store) enum Inside {
    /// The database's.
    Database(DieselError),
    /// Ours.
    Store(StoreError),
}

impl From<DieselError> for Inside {
    fn from(error: DieselError) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Inside {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Inside {
    /// Leaves the transaction.
    pub(in crate::store) fn doing(self, what: &'static str) -> StoreError {
        match self {
            Self::Database(source) => StoreError::of(what, source),
            Self::Store(error) => error,
        }
    }
}

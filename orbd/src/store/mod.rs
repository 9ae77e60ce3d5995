//! The records: everything that survives a restart, in SQLite or PostgreSQL.
//!
//! One [`Writer`] per ledger commits each event's journal row and its facts in one transaction, before anything is
//! sent or shown. [`Reader`]s have connections of their own. Logs go through a [`LogWriter`] that can lose lines
//! but never delays a commit. The rest of orb sees neither SQL nor diesel: both stay inside this module.

mod backup;
mod chain;
mod checkpoint;
mod connect;
mod error;
mod held;
mod lease;
mod ledger;
mod load;
mod lock;
mod logs;
mod migrate;
mod names;
mod outsider;
mod page;
mod pool;
mod queries;
mod reader;
mod rows;
mod schema;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod trouble;
mod url;
mod verify;
mod writer;

pub use backup::{Backup, BackupError, TableCount, backup, check_backup};
pub use error::StoreError;
pub use lease::{Lease, LeaseHold, LeaseWatch, Standing, successor};
pub use ledger::Ledger;
pub use load::Restored;
pub use logs::{LogFilter, LogLayer, LogLine, LogOptions, LogSearch, LogSender, LogWriter, Retention};
pub use migrate::{MigrationStatus, migrate, migration_status};
pub use names::Names;
pub use outsider::WriteLock;
#[cfg(test)]
pub(crate) use outsider::make_room;
pub use page::{DateRange, Page, PageBinding, PageRequest, SortOrder};
pub use queries::{
    AuditFilter, AuditRow, BarFilter, CommandFilter, DecisionFilter, FillFilter, JournalEntryRow, JournalSpan,
    OrderFilter, SignalFilter, TradeFilter,
};
pub use reader::Reader;
pub use rows::{
    AttemptKey, Audit, BarRow, DecisionRow, EquityRow, FillRow, OrderRow, OrderStep, ParityRow, SessionRow, SignalRow,
    StepRow, TradeRow, TradeStatus,
};
pub use url::DatabaseUrl;
pub use verify::{BrokenRow, Difference, Verification, VerifiedChain, VerifiedLedger, verify};
pub use writer::{Commit, JournalRow, Writer};

//! Backups of a SQLite file.

use std::path::Path;

use diesel::RunQueryDsl as _;

use super::Backup;
use super::counts::{compare, count, ends, has_end};
use super::error::BackupError;
use crate::store::connect::{AnyConn, Purpose, connect, connect_sqlite_unchanged};
use crate::store::error::{Doing as _, StoreError};
use crate::store::migrate::refuse_other_records;
use crate::store::url::DatabaseUrl;
use crate::store::verify::{Verification, snapshot, verify_with};

/// Copies a file while others write it, and compares.
pub(super) fn backup(url: &DatabaseUrl, to: &Path) -> Result<Backup, BackupError> {
    let mut source = connect(url, Purpose::Read)?;
    let before = snapshot(&mut source, count)?;
    copy(url, to)?;
    let after = snapshot(&mut source, count)?;
    let made = check(to)?;
    compare(&before, &made.tables, &after)?;
    for (ledger, end) in snapshot(&mut open(to)?, ends)? {
        if !has_end(&mut source, &ledger, &end)? {
            let problem = format!("the journal of {ledger} does not end in the copy where it did");
            return Err(BackupError::Differs { problem });
        }
    }
    Ok(made)
}

/// Looks at every row of a copy, without writing anything.
pub(super) fn check(file: &Path) -> Result<Backup, BackupError> {
    let url = DatabaseUrl::sqlite(file);
    refuse_other_records(&url, file)?;
    let mut conn = open(file)?;
    let verification = verify_with(&mut conn)?;
    let tables = if verification.damage.is_empty() { snapshot(&mut conn, count)? } else { Vec::new() };
    refuse_unsound(&verification)?;
    Ok(Backup { tables, verification: Some(verification), unrestored: None, bytes: 0 })
}

/// Refuses a copy that is damaged or broken.
pub(super) fn refuse_unsound(verification: &Verification) -> Result<(), BackupError> {
    if verification.is_sound() {
        return Ok(());
    }
    let broken = verification.ledgers.iter().flat_map(|ledger| [&ledger.journal, &ledger.audit]);
    let rows = broken.filter_map(|chain| chain.broken.as_ref());
    let rows = rows.map(|row| format!("{}, row {}: {}", row.table, row.key, row.difference));
    let problem = verification.damage.iter().cloned().chain(rows).collect::<Vec<_>>().join("; ");
    Err(BackupError::Differs { problem })
}

fn open(file: &Path) -> Result<AnyConn, StoreError> {
    connect_sqlite_unchanged(&DatabaseUrl::sqlite(file), file).map(AnyConn::Sqlite)
}

/// A reader like any other, so that no commit waits for it.
fn copy(url: &DatabaseUrl, to: &Path) -> Result<(), StoreError> {
    let mut conn = connect(url, Purpose::Backup)?;
    let name = to.to_string_lossy().replace('\'', "''");
    let statement = format!("VACUUM INTO '{name}'");
    let AnyConn::Sqlite(conn) = &mut conn else { unreachable!("the address is that of a file") };
    diesel::sql_query(statement).execute(conn).map(drop).doing("copy itself")
}

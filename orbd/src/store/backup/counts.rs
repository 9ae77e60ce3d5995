//! How many rows there are, and how far the journals go.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::error::BackupError;
use crate::store::chain::Ends;
use crate::store::connect::AnyConn;
use crate::store::error::{Doing as _, Inside, StoreError};
use crate::store::schema::{journal, ledgers};

/// The tables of the records.
const TABLES: [&str; 20] = [
    "alarms",
    "audit_log",
    "bars",
    "closings",
    "commands",
    "decisions",
    "equity_points",
    "explanations",
    "fills",
    "holds",
    "journal",
    "ledgers",
    "limits",
    "order_steps",
    "orders",
    "parity_reports",
    "sessions",
    "signals",
    "strategy_stops",
    "trades",
];

/// Says how many rows a table has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableCount {
    /// The table.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// Counts the rows of all tables.
pub(super) fn count(conn: &mut AnyConn) -> Result<Vec<TableCount>, Inside> {
    let one = |table: &&'static str| {
        let counted: Count = diesel::sql_query(format!("SELECT count(*) AS rows FROM {table}")).get_result(conn)?;
        Ok(TableCount { table, rows: u64::try_from(counted.rows).unwrap_or_default() })
    };
    TABLES.iter().map(one).collect()
}

/// Reads how far each ledger's chains go.
pub(super) fn ends(conn: &mut AnyConn) -> Result<Vec<(String, Ends)>, Inside> {
    let names: Vec<String> = ledgers::table.select(ledgers::ledger_id).order(ledgers::ledger_id.asc()).load(conn)?;
    names
        .into_iter()
        .map(|name| {
            let ends = Ends::load(conn, &name)?;
            Ok((name, ends))
        })
        .collect()
}

/// Checks that a copy's counts lie between those of before and after.
pub(super) fn compare(before: &[TableCount], copy: &[TableCount], after: &[TableCount]) -> Result<(), BackupError> {
    let wrong = before
        .iter()
        .zip(copy)
        .zip(after)
        .find(|((before, copy), after)| copy.rows < before.rows || copy.rows > after.rows);
    match wrong {
        None => Ok(()),
        Some(((before, copy), after)) => {
            let (table, rows) = (copy.table, copy.rows);
            let problem = format!("{table} has {rows} rows in the copy, and {} to {} there", before.rows, after.rows);
            Err(BackupError::Differs { problem })
        }
    }
}

/// Checks that the journal of a database has the row at which that of its copy ends.
pub(super) fn has_end(conn: &mut AnyConn, ledger: &str, end: &Ends) -> Result<bool, StoreError> {
    if end.journal.rows == 0 {
        return Ok(true);
    }
    let found: i64 = journal::table
        .filter(journal::ledger_id.eq(ledger).and(journal::hash.eq(&end.journal.hash)))
        .count()
        .get_result(conn)
        .doing("look for the copy's end in the journal")?;
    Ok(found == 1)
}

#[cfg(test)]
#[derive(QueryableByName)]
struct TableName {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

/// Tells whether the list of tables is that of a database.
#[cfg(test)]
pub(in crate::store) fn tables_of_sqlite(conn: &mut SqliteConnection) -> (Vec<String>, &'static [&'static str]) {
    let query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' \
                 AND name NOT LIKE 'sqlite%' ORDER BY name";
    let found: Vec<TableName> = diesel::sql_query(query).load(conn).expect("the tables");
    (found.into_iter().map(|row| row.name).collect(), &TABLES)
}

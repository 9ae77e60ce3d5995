//! Proving that nothing of the records was changed, removed or added behind orb's back.

use core::fmt;

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::chain::{Chained, End, Ends};
use super::connect::{AnyConn, Purpose, connect};
use super::error::{Doing as _, Inside, StoreError};
use super::migrate::check_current;
use super::rows::{StoredAudit, StoredJournal};
use super::schema::ledgers;
use super::url::DatabaseUrl;

/// Bounds the complaints about a file's pages.
const PAGE_COMPLAINTS_MAX: usize = 20;

/// Holds what was found in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The ledgers, by their ids.
    pub ledgers: Vec<VerifiedLedger>,
    /// What SQLite says about damaged pages and indexes; empty where all is well, and for a server.
    pub damage: Vec<String>,
}

/// Holds what was found in a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedLedger {
    /// Its id.
    pub ledger_id: String,
    /// What entered and left the engine.
    pub journal: VerifiedChain,
    /// What was asked for, and by whom.
    pub audit: VerifiedChain,
}

/// Holds what was found in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedChain {
    /// How many of its rows, from the first on, are as they were written.
    pub rows: u64,
    /// Number of the last event or command of these; 0 without any.
    pub last: u64,
    /// The last hash of these in hexadecimal digits; empty without rows. Noted elsewhere, it proves that nobody made
    /// the chain anew.
    pub hash: String,
    /// The first row that is not as it was written; `None` when the chain is unbroken.
    pub broken: Option<BrokenRow>,
}

/// Names the first row at which a chain breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRow {
    /// The table.
    pub table: &'static str,
    /// Number of the row's first event, number of the command, or the command's request.
    pub key: String,
    /// What is wrong with it.
    pub difference: Difference,
}

/// Says how a row differs from what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Its content was changed, or its hash.
    Content,
    /// The rows of these numbers before it are missing, both ends included.
    MissingBefore {
        /// The first.
        from: i64,
        /// The last.
        to: i64,
    },
    /// It has the content of another row.
    Exchanged {
        /// Number of the other.
        with: i64,
    },
    /// Its numbers overlap those before it: it was added.
    Added,
    /// It comes after the last row that the ledger knows of: it was added.
    BeyondEnd,
    /// So many rows after it are missing, as the ledger knows.
    MissingAfter {
        /// How many.
        rows: i64,
    },
    /// The ledger knows of another last row.
    OtherEnd,
    /// The list that readers see tells something else than the audit log.
    OtherThanAudit,
}

impl Verification {
    /// Tells whether everything is as it was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty()
            && self.ledgers.iter().all(|ledger| ledger.journal.broken.is_none() && ledger.audit.broken.is_none())
    }
}

impl Difference {
    /// Returns its stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::MissingBefore { .. } | Self::MissingAfter { .. } => "missing",
            Self::Exchanged { .. } => "order",
            Self::Added | Self::BeyondEnd => "added",
            Self::OtherEnd => "end",
            Self::OtherThanAudit => "list",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content => f.write_str("its content is not what was written"),
            Self::MissingBefore { from, to } if from == to => write!(f, "number {from} before it is missing"),
            Self::MissingBefore { from, to } => write!(f, "numbers {from} to {to} before it are missing"),
            Self::Exchanged { with } => write!(f, "order: it has the content of {with}"),
            Self::Added => f.write_str("it was added: its numbers belong to a row before it"),
            Self::BeyondEnd => f.write_str("it was added: it comes after the last row that the ledger knows of"),
            Self::MissingAfter { rows } => write!(f, "it should not be the last: {rows} rows after it are missing"),
            Self::OtherEnd => f.write_str("the ledger knows of another last row"),
            Self::OtherThanAudit => f.write_str("the list of commands tells something else than the audit log"),
        }
    }
}

/// Looks at every row of every chain of a database, in one consistent state; orbd may be writing meanwhile.
///
/// # Errors
/// When there is no such database, it is of another version, or it cannot be read.
pub fn verify(url: &DatabaseUrl) -> Result<Verification, StoreError> {
    must_exist(url)?;
    check_current(url)?;
    verify_with(&mut connect(url, Purpose::Read)?)
}

/// Refuses a SQLite file that is not there, which opening would make.
pub(in crate::store) fn must_exist(url: &DatabaseUrl) -> Result<(), StoreError> {
    match url.path() {
        Some(path) if !path.is_file() => {
            let problem =
                "there is no such file; check the path, or name the right --database or --data-dir".to_owned();
            Err(StoreError::Open { database: url.to_string(), problem })
        }
        Some(_) | None => Ok(()),
    }
}

/// Looks at every row by a connection.
pub(in crate::store) fn verify_with(conn: &mut AnyConn) -> Result<Verification, StoreError> {
    let damage = damage(conn)?;
    let ledgers = snapshot(conn, |conn| {
        let names: Vec<String> =
            ledgers::table.select(ledgers::ledger_id).order(ledgers::ledger_id.asc()).load(conn)?;
        names.into_iter().map(|name| Ok(ledger(conn, name)?)).collect()
    })?;
    Ok(Verification { ledgers, damage })
}

/// Runs queries in one consistent state of the database.
pub(in crate::store) fn snapshot<T>(
    conn: &mut AnyConn,
    work: impl FnOnce(&mut AnyConn) -> Result<T, Inside>,
) -> Result<T, StoreError> {
    let done = conn.transaction(|conn| {
        if let AnyConn::Postgres(conn) = conn {
            diesel::sql_query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(conn)?;
        }
        work(conn)
    });
    done.map_err(|error| error.doing("read the records"))
}

fn ledger(conn: &mut AnyConn, ledger_id: String) -> Result<VerifiedLedger, StoreError> {
    let ends = Ends::load(conn, &ledger_id)?;
    let journal = walk::<StoredJournal>(conn, "journal", &ledger_id, &ends.journal)?;
    let mut audit = walk::<StoredAudit>(conn, "audit_log", &ledger_id, &ends.audit)?;
    if audit.broken.is_none() {
        let other = |key| BrokenRow { table: "commands", key, difference: Difference::OtherThanAudit };
        audit.broken = command_that_differs(conn, &ledger_id)?.map(other);
    }
    Ok(VerifiedLedger { ledger_id, journal, audit })
}

/// Where a walk along a chain is.
struct Walk {
    end: End,
    last: i64,
    /// Key of the last row that was seen.
    key: i64,
}

fn walk<R: Chained>(
    conn: &mut AnyConn,
    table: &'static str,
    ledger: &str,
    expected: &End,
) -> Result<VerifiedChain, StoreError> {
    let mut walk = Walk { end: End::default(), last: 0, key: 0 };
    let broken = first_difference::<R>(conn, ledger, expected, &mut walk)?;
    let broken = broken.map(|(key, difference)| BrokenRow { table, key: key.to_string(), difference });
    let hash = walk.end.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let positive = |number| u64::try_from(number).unwrap_or_default();
    Ok(VerifiedChain { rows: positive(walk.end.rows), last: positive(walk.last), hash, broken })
}

fn first_difference<R: Chained>(
    conn: &mut AnyConn,
    ledger: &str,
    expected: &End,
    walk: &mut Walk,
) -> Result<Option<(i64, Difference)>, StoreError> {
    // Numbers begin with 1; what was added may begin anywhere.
    let mut after = i64::MIN;
    loop {
        let page = R::page(conn, ledger, after)?;
        let Some(last) = page.last() else { break };
        after = last.place().0;
        for row in &page {
            if let Some(found) = walk.step(conn, ledger, expected, row)? {
                return Ok(Some((row.place().0, found)));
            }
        }
    }
    let missing = expected.rows - walk.end.rows;
    Ok(match missing {
        1.. => Some((walk.key, Difference::MissingAfter { rows: missing })),
        _ if walk.end != *expected => Some((walk.key, Difference::OtherEnd)),
        _ => None,
    })
}

impl Walk {
    fn step<R: Chained>(
        &mut self,
        conn: &mut AnyConn,
        ledger: &str,
        expected: &End,
        row: &R,
    ) -> Result<Option<Difference>, StoreError> {
        let (first, last) = row.place();
        if first <= self.last || last < first {
            return Ok(Some(Difference::Added));
        }
        if first > self.last + 1 {
            return Ok(Some(Difference::MissingBefore { from: self.last + 1, to: first - 1 }));
        }
        if row.digest(&self.end.hash, (first, last)) != row.hash() {
            let with = exchanged(conn, ledger, &self.end.hash, row)?;
            return Ok(Some(with.map_or(Difference::Content, |with| Difference::Exchanged { with })));
        }
        if self.end.rows == expected.rows {
            return Ok(Some(Difference::BeyondEnd));
        }
        self.end = End { rows: self.end.rows + 1, hash: row.hash().to_vec() };
        (self.last, self.key) = (last, first);
        Ok(None)
    }
}

/// Looks for a later row whose content belongs into the place of one that does not fit.
fn exchanged<R: Chained>(conn: &mut AnyConn, ledger: &str, before: &[u8], row: &R) -> Result<Option<i64>, StoreError> {
    let mut after = row.place().0;
    loop {
        let page = R::page(conn, ledger, after)?;
        let Some(last) = page.last() else { return Ok(None) };
        after = last.place().0;
        let fits = |other: &&R| {
            let moved = other.digest(before, row.place());
            moved == row.hash() || moved == other.hash()
        };
        if let Some(other) = page.iter().find(fits) {
            return Ok(Some(other.place().0));
        }
    }
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Finds a request of which the list of commands tells something else than the audit log's last word.
fn command_that_differs(conn: &mut AnyConn, ledger: &str) -> Result<Option<String>, StoreError> {
    const CHANGED: &str = "SELECT c.request_id AS name FROM commands c WHERE c.ledger_id = $1 AND NOT EXISTS ( \
        SELECT 1 FROM audit_log a WHERE a.ledger_id = c.ledger_id AND a.request_id = c.request_id \
        AND a.actor = c.actor AND a.command = c.command AND a.reason = c.reason AND a.result = c.result \
        AND a.accepted = c.accepted AND a.at = c.at AND a.number = ( \
        SELECT max(n.number) FROM audit_log n WHERE n.ledger_id = c.ledger_id AND n.request_id = c.request_id)) \
        ORDER BY c.at, c.request_id LIMIT 1";
    const REMOVED: &str = "SELECT a.request_id AS name FROM audit_log a WHERE a.ledger_id = $1 AND NOT EXISTS ( \
        SELECT 1 FROM commands c WHERE c.ledger_id = a.ledger_id AND c.request_id = a.request_id) \
        ORDER BY a.number LIMIT 1";
    for query in [CHANGED, REMOVED] {
        let found: Option<Named> = diesel::sql_query(query)
            .bind::<Text, _>(ledger)
            .get_result(conn)
            .optional()
            .doing("compare the commands with the audit log")?;
        if let Some(found) = found {
            return Ok(Some(found.name));
        }
    }
    Ok(None)
}

#[derive(QueryableByName)]
struct Complaint {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// Lets SQLite look at all pages and indexes of a file.
fn damage(conn: &mut AnyConn) -> Result<Vec<String>, StoreError> {
    let AnyConn::Sqlite(conn) = conn else { return Ok(Vec::new()) };
    let check = format!("PRAGMA integrity_check({PAGE_COMPLAINTS_MAX})");
    let said: Vec<Complaint> = diesel::sql_query(check).load(conn).doing("check the file's pages")?;
    Ok(said.into_iter().map(|row| row.integrity_check).filter(|text| text != "ok").collect())
}

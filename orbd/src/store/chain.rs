//! The chains of hashes over the journal and the audit log.
//!
//! A row's hash is the SHA-256 of its chain's name, the hash before it, and its columns, each with its length, so that
//! no two rows have the same bytes. The first row follows an empty hash. The ledger's row holds count and last hash,
//! written in the same transaction; without it a chain that lost its end would still be one.
//!
//! There is no key: who may write the database can make a new chain. Noting a last hash elsewhere shows that too.

use diesel::prelude::*;
use sha2::{Digest as _, Sha256};

use super::connect::AnyConn;
use super::error::{Doing as _, Inside, StoreError};
use super::rows::{StoredAudit, StoredCommand, StoredJournal};
use super::schema::{audit_log, commands, journal, ledgers};

/// Rows that are read at once; a journal's row may hold thousands of events.
pub(in crate::store) const PAGE_ROWS: i64 = 256;

/// Says how far a chain goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct End {
    /// How many rows it has.
    pub(in crate::store) rows: i64,
    /// The last row's hash; empty without rows.
    pub(in crate::store) hash: Vec<u8>,
}

impl End {
    fn append<R: Chained>(&mut self, row: &mut R) {
        let hash = row.digest(&self.hash, row.place());
        row.set_hash(hash.clone());
        *self = Self { rows: self.rows + 1, hash };
    }
}

/// Says how far a ledger's chains go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Ends {
    /// What entered and left the engine.
    pub(in crate::store) journal: End,
    /// What was asked for.
    pub(in crate::store) audit: End,
}

impl Ends {
    /// Reads how far they go, as the ledger's row says.
    pub(in crate::store) fn load(conn: &mut AnyConn, ledger: &str) -> Result<Self, StoreError> {
        let columns = (ledgers::journal_rows, ledgers::journal_head, ledgers::audit_rows, ledgers::audit_head);
        let (rows, hash, audit_rows, audit_hash): (i64, Vec<u8>, i64, Vec<u8>) =
            ledgers::table.find(ledger).select(columns).first(conn).doing("read the ends of its chains")?;
        Ok(Self { journal: End { rows, hash }, audit: End { rows: audit_rows, hash: audit_hash } })
    }

    /// Chains a journal's row to what is there.
    pub(in crate::store) fn append_journal(&mut self, row: &mut StoredJournal) {
        self.journal.append(row);
    }

    /// Makes the audit log's next row of a command.
    pub(in crate::store) fn append_command(&mut self, command: &StoredCommand) -> StoredAudit {
        let mut row = StoredAudit::of(command, self.audit.rows + 1);
        self.audit.append(&mut row);
        row
    }

    /// Writes them in place of what was there before; tells whether that was still so.
    pub(in crate::store) fn store(&self, before: &Self, ledger: &str, conn: &mut AnyConn) -> QueryResult<bool> {
        let unchanged = ledgers::table
            .find(ledger)
            .filter(ledgers::journal_rows.eq(before.journal.rows).and(ledgers::journal_head.eq(&before.journal.hash)))
            .filter(ledgers::audit_rows.eq(before.audit.rows).and(ledgers::audit_head.eq(&before.audit.hash)));
        let values = (
            ledgers::journal_rows.eq(self.journal.rows),
            ledgers::journal_head.eq(&self.journal.hash),
            ledgers::audit_rows.eq(self.audit.rows),
            ledgers::audit_head.eq(&self.audit.hash),
        );
        Ok(diesel::update(unchanged).set(values).execute(conn)? == 1)
    }
}

/// Gives a row its place in a chain.
pub(in crate::store) trait Chained: Clone {
    /// Returns the numbers of its first and last event or command.
    fn place(&self) -> (i64, i64);

    /// Returns its hash as it is stored.
    fn hash(&self) -> &[u8];

    /// Sets its hash.
    fn set_hash(&mut self, hash: Vec<u8>);

    /// Computes the hash of its content, were it at a place after a hash.
    fn digest(&self, before: &[u8], place: (i64, i64)) -> Vec<u8>;

    /// Reads the rows after a number, in order, a page at most.
    fn page(conn: &mut AnyConn, ledger: &str, after: i64) -> Result<Vec<Self>, StoreError>;
}

impl Chained for StoredJournal {
    fn place(&self) -> (i64, i64) {
        (self.first_sequence, self.last_sequence)
    }

    fn hash(&self) -> &[u8] {
        &self.hash
    }

    fn set_hash(&mut self, hash: Vec<u8>) {
        self.hash = hash;
    }

    fn digest(&self, before: &[u8], (first, last): (i64, i64)) -> Vec<u8> {
        let mut hasher = Hasher::begin("orb.journal.1", before);
        hasher.text(&self.ledger_id).number(first).number(last).number(self.last_effect);
        // No date is the empty text.
        hasher.text(self.date.as_deref().unwrap_or_default()).number(self.at).bytes(&self.bytes);
        hasher.end()
    }

    fn page(conn: &mut AnyConn, ledger: &str, after: i64) -> Result<Vec<Self>, StoreError> {
        journal::table
            .filter(journal::ledger_id.eq(ledger).and(journal::first_sequence.gt(after)))
            .order(journal::first_sequence.asc())
            .limit(PAGE_ROWS)
            .select(Self::as_select())
            .load(conn)
            .doing("read the journal")
    }
}

impl Chained for StoredAudit {
    fn place(&self) -> (i64, i64) {
        (self.number, self.number)
    }

    fn hash(&self) -> &[u8] {
        &self.hash
    }

    fn set_hash(&mut self, hash: Vec<u8>) {
        self.hash = hash;
    }

    fn digest(&self, before: &[u8], (number, _): (i64, i64)) -> Vec<u8> {
        let mut hasher = Hasher::begin("orb.audit.1", before);
        hasher.text(&self.ledger_id).number(number).text(&self.request_id).text(&self.actor).text(&self.command);
        hasher.text(&self.reason).text(&self.result).number(i64::from(self.accepted)).number(self.at);
        hasher.end()
    }

    fn page(conn: &mut AnyConn, ledger: &str, after: i64) -> Result<Vec<Self>, StoreError> {
        audit_log::table
            .filter(audit_log::ledger_id.eq(ledger).and(audit_log::number.gt(after)))
            .order(audit_log::number.asc())
            .limit(PAGE_ROWS)
            .select(Self::as_select())
            .load(conn)
            .doing("read the audit log")
    }
}

/// Hashes columns, each with its length.
struct Hasher(Sha256);

impl Hasher {
    fn begin(chain: &str, before: &[u8]) -> Self {
        let mut hasher = Self(Sha256::new());
        hasher.text(chain).bytes(before);
        hasher
    }

    fn number(&mut self, number: i64) -> &mut Self {
        self.bytes(&number.to_be_bytes())
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    fn end(self) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

/// Chains the rows of a database from before there were chains.
pub(in crate::store) fn chain_old_rows(conn: &mut AnyConn) -> Result<(), Inside> {
    let names: Vec<String> = ledgers::table.select(ledgers::ledger_id).load(conn)?;
    for ledger in names {
        let before = Ends::load(conn, &ledger)?;
        let mut ends = before.clone();
        chain_journal(conn, &ledger, &mut ends)?;
        chain_commands(conn, &ledger, &mut ends)?;
        ends.store(&before, &ledger, conn)?;
    }
    Ok(())
}

fn chain_journal(conn: &mut AnyConn, ledger: &str, ends: &mut Ends) -> Result<(), Inside> {
    let mut after = i64::MIN;
    loop {
        let rows = StoredJournal::page(conn, ledger, after)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.first_sequence;
        for mut row in rows {
            ends.append_journal(&mut row);
            let place = journal::table.find((ledger, row.first_sequence));
            diesel::update(place).set(journal::hash.eq(&row.hash)).execute(conn)?;
        }
    }
}

/// Their order is that of their time: which came first of one instant is not known any more.
fn chain_commands(conn: &mut AnyConn, ledger: &str, ends: &mut Ends) -> Result<(), Inside> {
    let rows: Vec<StoredCommand> = commands::table
        .filter(commands::ledger_id.eq(ledger))
        .order((commands::at.asc(), commands::request_id.asc()))
        .select(StoredCommand::as_select())
        .load(conn)?;
    for command in &rows {
        diesel::insert_into(audit_log::table).values(&ends.append_command(command)).execute(conn)?;
    }
    Ok(())
}

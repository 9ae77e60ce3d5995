//! Writing the records: the journal's row and its facts in one transaction.

use std::time::SystemTime;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use orb_core::fact::Fact;
use orb_core::{Date, Money, Timestamp};

use super::checkpoint::Checkpointer;
use super::connect::{AnyConn, Purpose, connect, on_either};
use super::error::{Doing as _, Inside, StoreError};
use super::ledger::Ledger;
use super::load::{Restored, load};
use super::lock::{FileLock, take_session_lock};
use super::migrate::migrate;
use super::names::Names;
use super::queries::{load_journal_end, signed};
use super::rows::{
    Audit, Context, EquityRow, StoredClosing, StoredCommand, StoredDecision, StoredEquity, StoredExplanation,
    StoredFill, StoredHold, StoredJournal, StoredLimits, StoredOrder, StoredSession, StoredSignal, StoredStrategyStop,
    StoredTrade, upsert,
};
use super::schema::{journal, ledgers};
use super::text::Text as _;
use super::url::DatabaseUrl;

/// An event's number is the upper part of the ordinals of the rows that it makes.
const ORDINAL_BITS: u32 = 16;

/// Holds what belongs together: all of it is kept, or nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Commit<'a> {
    /// The events and effects.
    pub journal: Option<JournalRow<'a>>,
    /// What the engine recorded.
    pub facts: &'a [Fact],
    /// What came of commands.
    pub audits: &'a [Audit],
    /// The account's value.
    pub equity: &'a [EquityRow],
}

/// Holds a row of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalRow<'a> {
    /// Number of its first event; above all that are in the journal.
    pub first_sequence: u64,
    /// Number of its last event.
    pub last_sequence: u64,
    /// Number of the last broker effect so far; 0 when there was none.
    pub last_effect: u64,
    /// The trading date; `None` before the first session.
    pub date: Option<Date>,
    /// Engine time of the last event.
    pub at: Timestamp,
    /// The events and effects, as [`journal`](crate::journal) encodes them.
    pub bytes: &'a [u8],
}

/// Writes one ledger; there is one writer at a time.
#[derive(Debug)]
pub struct Writer {
    // Fields are dropped in this order: the lock goes last.
    conn: AnyConn,
    _checkpoints: Option<Checkpointer>,
    ledger: Ledger,
    names: Names,
    last_sequence: u64,
    last_ordinal: i64,
    /// The safety facts of the session in force, as they were written last.
    session: Option<SafetyState>,
    _lock: Option<FileLock>,
}

/// Holds the part of a session that must not be lost even when the machine stops.
type SafetyState = (Date, Money, bool);

impl Writer {
    /// Opens a ledger for writing: makes the database where there is none, and brings it to this version's schema.
    ///
    /// # Errors
    /// When the database cannot be opened or written, was made by a newer version (then nothing is written), or
    /// when another process writes this ledger.
    pub fn open(url: &DatabaseUrl, ledger: Ledger, names: Names) -> Result<Self, StoreError> {
        super::migrate::refuse_newer_schema(url)?;
        let lock = url.path().map(|path| FileLock::take(url, path, &ledger)).transpose()?;
        migrate(url)?;
        let mut conn = connect(url, Purpose::Write)?;
        if let AnyConn::Postgres(server) = &mut conn {
            take_session_lock(url, server, &ledger)?;
        }
        register(url, &mut conn, &ledger)?;
        let last_sequence = load_journal_end(&mut conn, ledger.id())?.last_sequence;
        Ok(Self {
            conn,
            _checkpoints: Checkpointer::start(url)?,
            ledger,
            names,
            last_sequence,
            last_ordinal: ordinals_from(last_sequence + 1) - 1,
            session: None,
            _lock: lock,
        })
    }

    /// Returns the ledger that is written.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the names that rows are written with.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Returns the number of the last journaled event; 0 when there is none.
    #[must_use]
    pub const fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    /// Reads what a restart needs.
    ///
    /// # Errors
    /// When a row is damaged or names what the configuration lacks, or the database fails.
    pub fn load(&mut self) -> Result<Restored, StoreError> {
        let (ledger, names) = (self.ledger.id(), &self.names);
        let loaded = self.conn.transaction(|conn| load(conn, ledger, names).map_err(Inside::from));
        loaded.map_err(|error| error.doing("read the records"))
    }

    /// Commits; when it returns, all of it survives the end of the process.
    ///
    /// Holds, limits and the equity at a session's open also survive the end of the machine.
    ///
    /// # Errors
    /// When the database fails; then nothing of the commit is kept, and it may be tried again. Only where the
    /// connection was [lost](StoreError::is_lost) is it unknown whether it was kept: open the ledger again and
    /// compare [`last_sequence`](Self::last_sequence).
    ///
    /// # Panics
    /// When a fact's number is not of the writer's names.
    pub fn commit(&mut self, commit: &Commit<'_>) -> Result<(), StoreError> {
        let rows = self.rows(commit)?;
        let safety = self.safety_after(commit.facts);
        if safety.is_some() {
            self.synchronous("FULL")?;
        }
        let done = write_rows(&mut self.conn, &rows);
        if safety.is_some() {
            // Where this fails commits stay as safe as they are now, and the commit stands.
            drop(self.synchronous("NORMAL"));
        }
        done?;
        self.last_ordinal = rows.last_ordinal;
        if let Some(journal) = &commit.journal {
            self.last_sequence = journal.last_sequence;
        }
        if let Some(session) = safety {
            self.session = session;
        }
        Ok(())
    }

    /// Returns the session's safety state after facts that must not be lost; `None` where there are none of these.
    fn safety_after(&self, facts: &[Fact]) -> Option<Option<SafetyState>> {
        let mut session = self.session;
        let mut hold = false;
        for fact in facts {
            match fact {
                Fact::Session(day) => session = Some((day.date, day.equity_open, day.ended)),
                Fact::Hold(_) | Fact::Limits(_) | Fact::StrategyStop(_) => hold = true,
                Fact::Signal(_)
                | Fact::Order(_)
                | Fact::Fill(_)
                | Fact::Trade(_)
                | Fact::Decision(_)
                | Fact::Explained(_)
                | Fact::Closing(_) => {}
            }
        }
        (hold || session != self.session).then_some(session)
    }

    /// SQLite syncs each commit or only checkpoints; a server keeps its own setting.
    fn synchronous(&mut self, level: &str) -> Result<(), StoreError> {
        match &mut self.conn {
            AnyConn::Sqlite(conn) => {
                conn.batch_execute(&format!("PRAGMA synchronous = {level}")).doing("set how commits are synced")
            }
            AnyConn::Postgres(_) => Ok(()),
        }
    }

    fn rows(&self, commit: &Commit<'_>) -> Result<Rows, StoreError> {
        let context = Context { ledger: self.ledger.id(), names: &self.names };
        let mut rows = Rows { last_ordinal: self.last_ordinal, ..Rows::default() };
        if let Some(journal) = &commit.journal {
            if journal.first_sequence <= self.last_sequence || journal.last_sequence < journal.first_sequence {
                return Err(StoreError::Sequence { first: journal.first_sequence, last: self.last_sequence });
            }
            rows.last_ordinal = rows.last_ordinal.max(ordinals_from(journal.first_sequence) - 1);
            rows.journal = Some(stored_journal(journal, self.ledger.id()));
        }
        commit.facts.iter().for_each(|fact| rows.add(fact, context));
        rows.commands = commit.audits.iter().map(|audit| StoredCommand::of(audit, self.ledger.id())).collect();
        rows.equity = commit.equity.iter().map(|point| StoredEquity::of(point, self.ledger.id())).collect();
        Ok(rows)
    }
}

/// Holds a commit's rows, by table.
#[derive(Default)]
struct Rows {
    last_ordinal: i64,
    journal: Option<StoredJournal>,
    sessions: Vec<StoredSession>,
    signals: Vec<StoredSignal>,
    orders: Vec<StoredOrder>,
    fills: Vec<StoredFill>,
    trades: Vec<StoredTrade>,
    decisions: Vec<StoredDecision>,
    explanations: Vec<StoredExplanation>,
    holds: Vec<StoredHold>,
    closings: Vec<StoredClosing>,
    limits: Vec<StoredLimits>,
    strategy_stops: Vec<StoredStrategyStop>,
    commands: Vec<StoredCommand>,
    equity: Vec<StoredEquity>,
}

impl Rows {
    fn add(&mut self, fact: &Fact, context: Context<'_>) {
        self.last_ordinal += 1;
        let ordinal = self.last_ordinal;
        match fact {
            Fact::Session(session) => self.sessions.push(StoredSession::of(session, context, ordinal)),
            Fact::Signal(signal) => self.signals.push(StoredSignal::of(signal, context, ordinal)),
            Fact::Order(order) => self.orders.push(StoredOrder::of(order, context, ordinal)),
            Fact::Fill(fill) => self.fills.push(StoredFill::of(fill, context, ordinal)),
            Fact::Trade(trade) => self.trades.push(StoredTrade::of(trade, context)),
            Fact::Decision(decision) => self.decisions.push(StoredDecision::of(decision, context)),
            Fact::Explained(explanation) => self.explanations.push(StoredExplanation::of(explanation, context)),
            Fact::Hold(hold) => self.holds.push(StoredHold::of(hold, context, ordinal)),
            Fact::Closing(closing) => self.closings.push(StoredClosing::of(closing, context)),
            Fact::Limits(limits) => self.limits.push(StoredLimits::of(limits, context)),
            Fact::StrategyStop(stop) => self.strategy_stops.push(StoredStrategyStop::of(stop, context)),
        }
    }

    fn write(&self, conn: &mut AnyConn) -> QueryResult<()> {
        if let Some(row) = &self.journal {
            diesel::insert_into(journal::table).values(row).execute(conn)?;
        }
        upsert(&self.sessions, conn)?;
        upsert(&self.signals, conn)?;
        upsert(&self.orders, conn)?;
        upsert(&self.fills, conn)?;
        upsert(&self.trades, conn)?;
        upsert(&self.decisions, conn)?;
        upsert(&self.explanations, conn)?;
        upsert(&self.holds, conn)?;
        upsert(&self.closings, conn)?;
        upsert(&self.limits, conn)?;
        upsert(&self.strategy_stops, conn)?;
        upsert(&self.commands, conn)?;
        upsert(&self.equity, conn)
    }
}

/// Takes SQLite's write lock at once, since a lock that is taken late can fail without waiting.
fn write_rows(conn: &mut AnyConn, rows: &Rows) -> Result<(), StoreError> {
    if let AnyConn::Postgres(_) = conn {
        return conn.transaction(|conn| rows.write(conn)).doing("commit");
    }
    conn.batch_execute("BEGIN IMMEDIATE").doing("begin a commit")?;
    let done = rows.write(conn).and_then(|()| conn.batch_execute("COMMIT"));
    done.map_err(|error| {
        // After some errors SQLite has rolled back by itself; then this one says so, and the first one counts.
        drop(conn.batch_execute("ROLLBACK"));
        StoreError::of("commit", error)
    })
}

const fn ordinals_from(sequence: u64) -> i64 {
    (sequence as i64) << ORDINAL_BITS
}

fn stored_journal(row: &JournalRow<'_>, ledger: &str) -> StoredJournal {
    StoredJournal {
        ledger_id: ledger.to_owned(),
        first_sequence: signed(row.first_sequence),
        last_sequence: signed(row.last_sequence),
        last_effect: signed(row.last_effect),
        date: row.date.map(|date| date.to_string()),
        at: row.at.micros(),
        bytes: row.bytes.to_vec(),
    }
}

/// Writes the ledger's row where it is not there yet, and compares it where it is.
fn register(url: &DatabaseUrl, conn: &mut AnyConn, ledger: &Ledger) -> Result<(), StoreError> {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let row = (
        ledgers::ledger_id.eq(ledger.id()),
        ledgers::environment.eq(ledger.environment().text()),
        ledgers::account_id.eq(ledger.account_id()),
        ledgers::created_at.eq(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)),
    );
    let insert = diesel::insert_into(ledgers::table).values(row);
    on_either!(&mut *conn, conn => insert.on_conflict_do_nothing().execute(conn)).doing("write the ledger's row")?;
    let (environment, account): (String, String) = ledgers::table
        .find(ledger.id())
        .select((ledgers::environment, ledgers::account_id))
        .first(conn)
        .doing("read the ledger's row")?;
    if environment == ledger.environment().text() && account == ledger.account_id() {
        return Ok(());
    }
    Err(StoreError::OtherLedger {
        database: url.to_string(),
        ledger: ledger.id().to_owned(),
        found: environment,
        wanted: ledger.environment().text().to_owned(),
    })
}

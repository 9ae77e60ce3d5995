//! Writing the records: the journal's row and its facts in one transaction.

use std::time::SystemTime;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use orb_core::fact::Fact;
use orb_core::{Date, Money, Timestamp};

use super::chain::Ends;
use super::checkpoint::Checkpointer;
use super::connect::{AnyConn, on_either};
use super::error::{Doing as _, Inside, StoreError};
use super::held::Held;
use super::lease::{Lease, LeaseHold};
use super::ledger::Ledger;
use super::load::{Restored, load};
use super::names::Names;
use super::queries::{load_journal_end, signed};
use super::rows::{
    Audit, BarRow, Context, EquityRow, StepRow, StoredAlarm, StoredAudit, StoredBar, StoredClosing, StoredCommand,
    StoredDecision, StoredEquity, StoredExplanation, StoredFill, StoredHold, StoredJournal, StoredLimits, StoredOrder,
    StoredSession, StoredSignal, StoredStep, StoredStrategyStop, StoredTrade, upsert,
};
use super::schema::{audit_log, journal, ledgers, trades};
use super::text::Text as _;
use super::url::DatabaseUrl;
use crate::failpoint::{self, Place};

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
    /// Bars for charts.
    pub bars: &'a [BarRow],
    /// Steps of orders on their way.
    pub steps: &'a [StepRow],
}

/// Holds a row of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalRow<'a> {
    /// Number of its first event; the one after the journal's last.
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
    // Dropped in this order: no checkpoint is made once the ledger is free for others.
    _checkpoints: Option<Checkpointer>,
    held: Held,
    ledger: Ledger,
    names: Names,
    last_sequence: u64,
    last_ordinal: i64,
    /// How far the ledger's chains go.
    ends: Ends,
    /// The safety facts of the session in force, as they were written last.
    session: Option<SafetyState>,
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
        let mut held = Held::open(url, &ledger)?;
        let (last_sequence, ends) = begin(&mut held, &ledger)?;
        Ok(Self {
            _checkpoints: Checkpointer::start(url)?,
            held,
            ledger,
            names,
            last_sequence,
            last_ordinal: ordinals_from(last_sequence + 1) - 1,
            ends,
            session: None,
        })
    }

    /// Opens a new connection in place of one that was lost, and returns the number of the last journaled event,
    /// which tells whether a commit whose answer was lost has been kept.
    ///
    /// # Errors
    /// When the database cannot be reached, or somebody else has taken the ledger meanwhile; then nothing can be
    /// committed before a later call succeeds.
    pub fn reconnect(&mut self) -> Result<u64, StoreError> {
        self.held.reconnect()?;
        (self.last_sequence, self.ends) = begin(&mut self.held, &self.ledger)?;
        self.last_ordinal = self.last_ordinal.max(ordinals_from(self.last_sequence + 1) - 1);
        // What was written last is not known, so the next safety fact counts as new.
        self.session = None;
        Ok(self.last_sequence)
    }

    /// Returns the ledger that is written.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns what knows whether this process still holds the ledger; `None` for a file, whose lock cannot be lost.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        self.held.lease()
    }

    /// Returns what keeps the ledger from others when the writer has gone, until it is dropped; `None` for a file, which
    /// another process cannot wait for.
    #[must_use]
    pub fn hold_on(&self) -> Option<LeaseHold> {
        self.held.hold_on()
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

    /// Tells whether the journal has this very row; `false` where it has none, or another one of that number.
    ///
    /// # Errors
    /// When the database fails.
    pub fn has_row(&mut self, row: &JournalRow<'_>) -> Result<bool, StoreError> {
        let key = (self.ledger.id().to_owned(), signed(row.first_sequence));
        let conn = self.held.conn("compare the journal")?;
        let found: Option<(i64, Vec<u8>)> = journal::table
            .filter(journal::ledger_id.eq(key.0).and(journal::first_sequence.eq(key.1)))
            .select((journal::last_sequence, journal::bytes))
            .first(conn)
            .optional()
            .doing("compare the journal")?;
        Ok(found.is_some_and(|(last, bytes)| last == signed(row.last_sequence) && bytes == row.bytes))
    }

    /// Does something to the database that the store would not.
    #[cfg(test)]
    pub(crate) fn spoil(&mut self, statement: &str) {
        self.conn().batch_execute(statement).expect(statement);
    }

    /// Lends the connection, so that a test can spoil it.
    #[cfg(test)]
    pub(in crate::store) fn conn(&mut self) -> &mut AnyConn {
        self.held.conn("spoil it").expect("a connection")
    }

    /// Reads what a restart needs.
    ///
    /// # Errors
    /// When a row is damaged or names what the configuration lacks, or the database fails.
    pub fn load(&mut self) -> Result<Restored, StoreError> {
        let (ledger, names) = (self.ledger.id(), &self.names);
        let conn = self.held.conn("read the records")?;
        let loaded = conn.transaction(|conn| load(conn, ledger, names).map_err(Inside::from));
        loaded.map_err(|error| error.doing("read the records"))
    }

    /// Commits; when it returns, all of it survives the end of the process.
    ///
    /// Holds, limits and the equity at a session's open also survive the end of the machine.
    ///
    /// # Errors
    /// When the ledger was [lost](StoreError::LeaseLost) to another process; nothing is kept, and never will be. When
    /// the database fails; then nothing of the commit is kept, and where the error
    /// [is transient](StoreError::is_transient) it may be tried again. Only where the connection was
    /// [lost](StoreError::is_lost) is it unknown whether it was kept: [`reconnect`](Self::reconnect) tells.
    ///
    /// # Panics
    /// When a fact's number is not of the writer's names.
    pub fn commit(&mut self, commit: &Commit<'_>) -> Result<(), StoreError> {
        let rows = self.rows(commit)?;
        let safety = self.safety_after(commit.facts);
        if safety.is_some() {
            self.synchronous("FULL")?;
        }
        let step = Step { ledger: self.ledger.id(), before: &self.ends, rows: &rows };
        let done = self.held.conn_and_lease().and_then(|(conn, lease)| step.write(conn, lease));
        if safety.is_some() {
            // Where this fails commits stay as safe as they are now, and the commit stands.
            drop(self.synchronous("NORMAL"));
        }
        done?;
        self.last_ordinal = rows.last_ordinal;
        self.ends = rows.ends;
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
                | Fact::Alarm(_)
                | Fact::Closing(_) => {}
            }
        }
        (hold || session != self.session).then_some(session)
    }

    /// SQLite syncs each commit or only checkpoints; a server keeps its own setting.
    fn synchronous(&mut self, level: &str) -> Result<(), StoreError> {
        match self.held.conn("commit")? {
            AnyConn::Sqlite(conn) => {
                conn.batch_execute(&format!("PRAGMA synchronous = {level}")).doing("set how commits are synced")
            }
            AnyConn::Postgres(_) => Ok(()),
        }
    }

    fn rows(&self, commit: &Commit<'_>) -> Result<Rows, StoreError> {
        let context = Context { ledger: self.ledger.id(), names: &self.names };
        let mut rows = Rows { last_ordinal: self.last_ordinal, ends: self.ends.clone(), ..Rows::default() };
        if let Some(journal) = &commit.journal {
            if journal.first_sequence != self.last_sequence + 1 || journal.last_sequence < journal.first_sequence {
                return Err(StoreError::Sequence { first: journal.first_sequence, last: self.last_sequence });
            }
            rows.last_ordinal = rows.last_ordinal.max(ordinals_from(journal.first_sequence) - 1);
            let mut row = stored_journal(journal, self.ledger.id());
            rows.ends.append_journal(&mut row);
            rows.journal = Some(row);
        }
        commit.facts.iter().for_each(|fact| rows.add(fact, context));
        rows.commands = commit.audits.iter().map(|audit| StoredCommand::of(audit, self.ledger.id())).collect();
        rows.audits = rows.commands.iter().map(|command| rows.ends.append_command(command)).collect();
        rows.bars = commit.bars.iter().map(|bar| StoredBar::of(bar, self.ledger.id())).collect();
        rows.steps = commit.steps.iter().map(|step| StoredStep::of(step, self.ledger.id())).collect();
        rows.equity = commit.equity.iter().map(|point| StoredEquity::of(point, self.ledger.id())).collect();
        Ok(rows)
    }
}

/// Holds a commit's rows, by table.
#[derive(Default)]
struct Rows {
    last_ordinal: i64,
    ends: Ends,
    journal: Option<StoredJournal>,
    sessions: Vec<StoredSession>,
    signals: Vec<StoredSignal>,
    orders: Vec<StoredOrder>,
    fills: Vec<StoredFill>,
    /// With whether there is no such trade any more.
    trades: Vec<(StoredTrade, bool)>,
    decisions: Vec<StoredDecision>,
    explanations: Vec<StoredExplanation>,
    holds: Vec<StoredHold>,
    closings: Vec<StoredClosing>,
    limits: Vec<StoredLimits>,
    strategy_stops: Vec<StoredStrategyStop>,
    alarms: Vec<StoredAlarm>,
    commands: Vec<StoredCommand>,
    audits: Vec<StoredAudit>,
    equity: Vec<StoredEquity>,
    bars: Vec<StoredBar>,
    steps: Vec<StoredStep>,
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
            Fact::Trade(trade) => self.trades.push((StoredTrade::of(trade, context), trade.is_void())),
            Fact::Decision(decision) => self.decisions.push(StoredDecision::of(decision, context)),
            Fact::Explained(explanation) => self.explanations.push(StoredExplanation::of(explanation, context)),
            Fact::Hold(hold) => self.holds.push(StoredHold::of(hold, context, ordinal)),
            Fact::Closing(closing) => self.closings.push(StoredClosing::of(closing, context)),
            Fact::Limits(limits) => self.limits.push(StoredLimits::of(limits, context)),
            Fact::StrategyStop(stop) => self.strategy_stops.push(StoredStrategyStop::of(stop, context)),
            Fact::Alarm(alarm) => self.alarms.push(StoredAlarm::of(alarm, context)),
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
        self.write_trades(conn)?;
        upsert(&self.decisions, conn)?;
        upsert(&self.explanations, conn)?;
        upsert(&self.holds, conn)?;
        upsert(&self.closings, conn)?;
        upsert(&self.limits, conn)?;
        upsert(&self.strategy_stops, conn)?;
        upsert(&self.alarms, conn)?;
        upsert(&self.commands, conn)?;
        for row in &self.audits {
            diesel::insert_into(audit_log::table).values(row).execute(conn)?;
        }
        upsert(&self.equity, conn)?;
        upsert(&self.bars, conn)?;
        upsert(&self.steps, conn)?;
        let at = self.journal.as_ref().map_or(Timestamp::MIN, |row| Timestamp::from_micros(row.at));
        failpoint::pass(Place::Written, at);
        Ok(())
    }
}

impl Rows {
    /// Writes trades in the order of their facts; the row of one that never was goes.
    fn write_trades(&self, conn: &mut AnyConn) -> QueryResult<()> {
        for part in self.trades.chunk_by(|(_, is_void), (_, is_next_void)| is_void == is_next_void) {
            let rows: Vec<StoredTrade> = part.iter().map(|(row, _)| row.clone()).collect();
            if part.iter().all(|(_, is_void)| !is_void) {
                upsert(&rows, conn)?;
                continue;
            }
            for row in rows {
                let own = trades::ledger_id.eq(row.ledger_id).and(trades::attempt.eq(row.attempt));
                diesel::delete(trades::table).filter(own).execute(conn)?;
            }
        }
        Ok(())
    }
}

/// Holds rows and the state of the ledger that they follow.
struct Step<'a> {
    ledger: &'a str,
    before: &'a Ends,
    rows: &'a Rows,
}

impl Step<'_> {
    /// Takes SQLite's write lock at once, since a lock that is taken late can fail without waiting.
    ///
    /// On a server the lease is compared first, inside the transaction.
    fn write(&self, conn: &mut AnyConn, lease: Option<&Lease>) -> Result<(), StoreError> {
        if let AnyConn::Postgres(_) = conn {
            let done = conn.transaction(|conn| {
                if let (AnyConn::Postgres(server), Some(lease)) = (&mut *conn, lease) {
                    lease.check(server)?;
                }
                self.write_all(conn)
            });
            return done.map_err(|error| error.doing("commit"));
        }
        conn.batch_execute("BEGIN IMMEDIATE").doing("begin a commit")?;
        let done = self.write_all(conn).and_then(|()| Ok(conn.batch_execute("COMMIT")?));
        done.map_err(|error| {
            // After some errors SQLite has rolled back by itself; then this one says so, and the first one counts.
            drop(conn.batch_execute("ROLLBACK"));
            error.doing("commit")
        })
    }

    fn write_all(&self, conn: &mut AnyConn) -> Result<(), Inside> {
        if !self.rows.ends.store(self.before, self.ledger, conn)? {
            return Err(StoreError::Overtaken { ledger: self.ledger.to_owned() }.into());
        }
        Ok(self.rows.write(conn)?)
    }
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
        hash: Vec::new(),
    }
}

/// Makes the ledger known to the database and returns the number of the last journaled event and the chains' ends.
fn begin(held: &mut Held, ledger: &Ledger) -> Result<(u64, Ends), StoreError> {
    let url = held.url().clone();
    let conn = held.conn("open the ledger")?;
    register(&url, conn, ledger)?;
    held.hold(ledger)?;
    let conn = held.conn("open the ledger")?;
    let (journal, ends) = (load_journal_end(conn, ledger.id())?, Ends::load(conn, ledger.id())?);
    if journal.hash != ends.journal.hash {
        return Err(StoreError::JournalEnd { database: url.to_string(), ledger: ledger.id().to_owned() });
    }
    Ok((journal.last_sequence, ends))
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

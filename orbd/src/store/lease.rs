//! One holder of a ledger on a server, wherever its process runs: a row that expires unless it is renewed.
//!
//! Whether a lease has expired is decided by the server's clock; its holder counts by its own, from before the request
//! that renewed it, so it never believes in it for longer than the server does. Each holder has a number above those of
//! all before it. A commit compares that number inside its own transaction, so what a holder that was set aside still
//! tries to commit fails. Everything but a commit may ask [`Lease::confirm`] first.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use tokio::sync::watch;

use super::connect::connect_postgres;
use super::error::{Doing as _, StoreError};
use super::ledger::Ledger;
use super::text::Text as _;
use super::url::DatabaseUrl;
use crate::view::Environment;

/// How long a lease lasts when it is not renewed.
const LASTS: Duration = Duration::from_secs(5);
/// How often it is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(1);
/// How long after its end another may take it: more than two clocks differ in the length of five seconds.
const MARGIN: Duration = Duration::from_secs(1);
/// How often one that is not renewed any more is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long the database may take to say whose the lease is.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// How long an orderly end waits for the lease to be given back.
const RELEASE_WITHIN: Duration = Duration::from_secs(2);
/// A connection that renews waits for no lock for longer, and a commit that stopped halfway keeps none for longer.
const SETUP: &str = "SET application_name = 'orbd lease'; SET lock_timeout = '1s'; SET statement_timeout = '2s'";

/// The server's time in microseconds since 1970.
const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

/// Says what is known of a lease at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is held.
    Held,
    /// It has expired, and the database does not say whose it is now.
    Doubtful,
    /// Another has it, or it was given back: for good.
    Lost,
}

/// Knows whether this process still holds a ledger; clones know the same.
#[derive(Clone, Debug)]
pub struct Lease(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ledger: String,
    fence: i64,
    known: watch::Sender<Known>,
    requests: SyncSender<Request>,
}

/// What the latest answers of the database say.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// When the request was sent that the database last answered with yes.
    renewed: Moment,
    /// When the latest request was sent that has ended, however it ended.
    asked: Instant,
    is_lost: bool,
}

/// An instant by both clocks of a machine: one stands while the machine sleeps, the other one can be set.
#[derive(Clone, Copy, Debug)]
struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Moment {
    fn now() -> Self {
        Self { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// Returns how long ago it is by the clock that says more: to doubt too soon costs only a question.
    fn age(self) -> Duration {
        self.steady.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }
}

impl Known {
    fn standing(&self) -> Standing {
        match (self.is_lost, self.renewed.age() < LASTS) {
            (true, _) => Standing::Lost,
            (false, true) => Standing::Held,
            (false, false) => Standing::Doubtful,
        }
    }
}

/// What the thread that renews is asked for.
#[derive(Debug)]
enum Request {
    /// To renew at once.
    Renew,
    /// To give the lease back and end.
    Release(SyncSender<()>),
}

impl Lease {
    /// Tells what is known of it now, without asking anybody.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.0.known.borrow().standing()
    }

    /// Finds out what has become of it: at once while it is held, else by asking the database.
    ///
    /// [`Standing::Doubtful`] means that the database does not answer.
    pub async fn confirm(&self) -> Standing {
        let asked = Instant::now();
        let mut known = self.0.known.subscribe();
        if self.standing() == Standing::Doubtful {
            // A request that waits already will do as well.
            drop(self.0.requests.try_send(Request::Renew));
            let is_answered = |known: &Known| known.standing() != Standing::Doubtful || known.asked >= asked;
            drop(tokio::time::timeout(ANSWER_WITHIN, known.wait_for(is_answered)).await);
        }
        self.standing()
    }

    /// Completes when it is lost.
    pub async fn lost(&self) {
        // The sender lives in this value.
        drop(self.0.known.subscribe().wait_for(|known| known.is_lost).await);
    }

    /// Fails unless the lease is this one's until the transaction ends.
    pub(in crate::store) fn check(&self, conn: &mut PgConnection) -> Result<(), StoreError> {
        // Shared, so that whoever wants to take the lease waits for the transaction's end.
        let query = diesel::sql_query("SELECT fence FROM leases WHERE ledger_id = $1 FOR SHARE");
        let found: Vec<Fence> = query.bind::<Text, _>(&self.0.ledger).load(conn).doing("compare the lease")?;
        if found.iter().any(|row| row.fence == self.0.fence) {
            return Ok(());
        }
        self.0.lose();
        Err(StoreError::LeaseLost { ledger: self.0.ledger.clone() })
    }
}

impl Shared {
    fn lose(&self) {
        self.known.send_modify(|known| known.is_lost = true);
    }
}

#[derive(QueryableByName)]
struct Fence {
    #[diesel(sql_type = BigInt)]
    fence: i64,
}

#[derive(PartialEq, Eq, QueryableByName)]
struct Holder {
    #[diesel(sql_type = Text)]
    holder: String,
    #[diesel(sql_type = BigInt)]
    fence: i64,
    #[diesel(sql_type = BigInt)]
    expires_at: i64,
    #[diesel(sql_type = Bool)]
    is_free: bool,
}

/// Renews a lease on a connection of its own, until it is dropped; then gives it back.
#[derive(Debug)]
pub(in crate::store) struct LeaseKeeper(Lease);

impl LeaseKeeper {
    /// Takes a ledger, or tells who has it.
    ///
    /// One whose holder has died is waited for until it expires.
    pub(in crate::store) fn take(url: &DatabaseUrl, ledger: &Ledger) -> Result<Self, StoreError> {
        let mut conn = connect_postgres(url, SETUP)?;
        let me = this_process();
        let mut seen: Option<Holder> = None;
        let deadline = Instant::now() + LASTS + MARGIN + RENEW_EVERY * 2;
        loop {
            let asked = Moment::now();
            if let Some(fence) = try_to_take(&mut conn, ledger.id(), &me)? {
                return Self::keep(url, ledger, conn, fence, asked);
            }
            let held = holder(&mut conn, ledger.id())?;
            let is_renewed = seen.is_some() && held != seen;
            if let Some(held) = held.filter(|_| is_renewed || Instant::now() > deadline) {
                return Err(StoreError::InUse {
                    database: url.to_string(),
                    ledger: ledger.id().to_owned(),
                    holder: held.holder,
                });
            }
            seen = holder(&mut conn, ledger.id())?;
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Returns what knows whether the ledger is still held.
    pub(in crate::store) fn lease(&self) -> &Lease {
        &self.0
    }

    fn keep(
        url: &DatabaseUrl,
        ledger: &Ledger,
        conn: PgConnection,
        fence: i64,
        renewed: Moment,
    ) -> Result<Self, StoreError> {
        let (requests, wanted) = sync_channel(1);
        let known = watch::Sender::new(Known { renewed, asked: renewed.steady, is_lost: false });
        let lease = Lease(Arc::new(Shared { ledger: ledger.id().to_owned(), fence, known, requests }));
        let renewal = Renewal { url: url.clone(), conn: Some(conn), lease: Arc::clone(&lease.0) };
        let thread = std::thread::Builder::new().name("orb-lease".to_owned());
        thread.spawn(move || renewal.run(&wanted)).map_err(|error| StoreError::Open {
            database: url.to_string(),
            problem: format!("cannot start the thread that renews the lease: {error}"),
        })?;
        Ok(Self(lease))
    }
}

impl Drop for LeaseKeeper {
    fn drop(&mut self) {
        // From here on nothing more is written by whoever still holds a clone.
        self.0.0.lose();
        let (done, released) = sync_channel(1);
        if self.0.0.requests.send(Request::Release(done)).is_ok() {
            // A database that does not answer lets the lease expire by itself.
            let _ = released.recv_timeout(RELEASE_WITHIN);
        }
    }
}

/// Keeps a ledger from others while its writer has ended and it is not decided yet where orb trades next.
#[derive(Clone, Debug)]
pub struct LeaseHold {
    url: DatabaseUrl,
    keeper: Arc<LeaseKeeper>,
}

impl LeaseHold {
    pub(in crate::store) fn new(url: &DatabaseUrl, keeper: &Arc<LeaseKeeper>) -> Self {
        Self { url: url.clone(), keeper: Arc::clone(keeper) }
    }

    /// Says for whoever finds the ledger free that orb goes on with another one, which this process holds too. The other
    /// one's own successor is forgotten.
    ///
    /// # Errors
    /// When the ledger was [lost](StoreError::LeaseLost) to another process, or the database fails. After a failure of
    /// the connection it may have been said.
    pub fn pass_on(&self, to: &Ledger) -> Result<(), StoreError> {
        let statement = "WITH passed AS (UPDATE leases SET successor = $2 WHERE ledger_id = $1 AND fence = $3 RETURNING fence) \
             UPDATE leases SET successor = NULL WHERE ledger_id = $2 AND EXISTS (SELECT 1 FROM passed)";
        let query = diesel::sql_query(statement)
            .bind::<Text, _>(&self.shared().ledger)
            .bind::<Text, _>(to.id())
            .bind::<BigInt, _>(self.shared().fence);
        let passed = query.execute(&mut connect_postgres(&self.url, SETUP)?).doing("pass the ledger on")?;
        if passed == 1 { Ok(()) } else { Err(StoreError::LeaseLost { ledger: self.shared().ledger.clone() }) }
    }

    /// Takes back that orb goes on with another ledger.
    ///
    /// # Errors
    /// When the database fails.
    pub fn stay(&self) -> Result<(), StoreError> {
        let statement = "UPDATE leases SET successor = NULL WHERE ledger_id = $1 AND fence = $2";
        let query =
            diesel::sql_query(statement).bind::<Text, _>(&self.shared().ledger).bind::<BigInt, _>(self.shared().fence);
        query.execute(&mut connect_postgres(&self.url, SETUP)?).doing("keep the ledger")?;
        Ok(())
    }

    fn shared(&self) -> &Shared {
        &self.keeper.0.0
    }
}

/// Returns the ledger with which orb went on from another one when the environment was switched; `None` where it did
/// not, and for a file, beside which nobody stands by.
///
/// # Errors
/// When the database cannot be asked.
pub fn successor(url: &DatabaseUrl, ledger: &Ledger) -> Result<Option<Ledger>, StoreError> {
    if url.path().is_some() {
        return Ok(None);
    }
    let mut conn = connect_postgres(url, SETUP)?;
    let column = "SELECT EXISTS (SELECT 1 FROM pg_attribute \
                  WHERE attrelid = to_regclass('leases') AND attname = 'successor') AS is_there";
    if !diesel::sql_query(column).get_result::<Exists>(&mut conn).doing("look for leases")?.is_there {
        return Ok(None);
    }
    let statement = "SELECT environment, account_id FROM leases JOIN ledgers ON ledgers.ledger_id = leases.successor \
                     WHERE leases.ledger_id = $1";
    let found = diesel::sql_query(statement).bind::<Text, _>(ledger.id()).load::<Successor>(&mut conn);
    let Some(found) = found.doing("read where the ledger was passed on")?.pop() else { return Ok(None) };
    let Successor { environment: value, account_id } = found;
    let damaged =
        |value| StoreError::Damaged { table: "ledgers", key: ledger.id().into(), column: "environment", value };
    let environment = Environment::of_text(&value).ok_or(value).map_err(damaged)?;
    Ok(Some(Ledger::new(environment, &account_id)))
}

#[derive(QueryableByName)]
struct Successor {
    #[diesel(sql_type = Text)]
    environment: String,
    #[diesel(sql_type = Text)]
    account_id: String,
}

/// Takes a lease that is free; `None` when it is not.
fn try_to_take(conn: &mut PgConnection, ledger: &str, me: &str) -> Result<Option<i64>, StoreError> {
    let statement = format!(
        "INSERT INTO leases AS held (ledger_id, holder, fence, expires_at) VALUES ($1, $2, 1, {NOW} + $3) \
         ON CONFLICT (ledger_id) DO UPDATE SET holder = $2, fence = held.fence + 1, expires_at = {NOW} + $3 \
         WHERE held.expires_at + $4 < {NOW} RETURNING fence"
    );
    let query = diesel::sql_query(statement)
        .bind::<Text, _>(ledger)
        .bind::<Text, _>(me)
        .bind::<BigInt, _>(micros(LASTS))
        .bind::<BigInt, _>(micros(MARGIN));
    let taken: Vec<Fence> = query.load(conn).doing("take the ledger's lease")?;
    Ok(taken.into_iter().next().map(|row| row.fence))
}

/// Reads who has a lease; `None` when nobody ever had.
fn holder(conn: &mut PgConnection, ledger: &str) -> Result<Option<Holder>, StoreError> {
    let statement = format!(
        "SELECT holder, fence, expires_at, expires_at + $2 < {NOW} AS is_free FROM leases WHERE ledger_id = $1"
    );
    let query = diesel::sql_query(statement).bind::<Text, _>(ledger).bind::<BigInt, _>(micros(MARGIN));
    let found: Vec<Holder> = query.load(conn).doing("read the ledger's lease")?;
    Ok(found.into_iter().next())
}

/// Keeps renewing.
struct Renewal {
    url: DatabaseUrl,
    conn: Option<PgConnection>,
    lease: Arc<Shared>,
}

impl Renewal {
    fn run(mut self, wanted: &Receiver<Request>) {
        loop {
            match wanted.recv_timeout(RENEW_EVERY) {
                Ok(Request::Renew) | Err(RecvTimeoutError::Timeout) => self.renew(),
                Ok(Request::Release(done)) => {
                    self.release();
                    // Whoever asked may have lost patience.
                    let _ = done.try_send(());
                    return;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn renew(&mut self) {
        if self.lease.known.borrow().is_lost {
            return;
        }
        let sent = Moment::now();
        let renewed = self.set_end(&format!("{NOW} + {}", micros(LASTS)));
        match renewed {
            Ok(true) => {}
            Ok(false) => {
                tracing::error!(component = "Store", "another orbd has the ledger: this one writes nothing more");
            }
            Err(ref error) => tracing::warn!(component = "Store", "the ledger's lease cannot be renewed: {error}"),
        }
        self.lease.known.send_modify(|known| {
            known.asked = sent.steady;
            match renewed {
                Ok(true) => known.renewed = sent,
                Ok(false) => known.is_lost = true,
                Err(_) => {}
            }
        });
    }

    fn release(&mut self) {
        if let Err(error) = self.set_end("0") {
            tracing::warn!(component = "Store", "the ledger's lease was not given back, and will expire: {error}");
        }
    }

    /// Changes the lease's end if it is still this one's; tells whether it was.
    fn set_end(&mut self, end: &str) -> Result<bool, StoreError> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            None => self.conn.insert(connect_postgres(&self.url, SETUP)?),
        };
        let statement = format!("UPDATE leases SET expires_at = {end} WHERE ledger_id = $1 AND fence = $2");
        let query =
            diesel::sql_query(statement).bind::<Text, _>(&self.lease.ledger).bind::<BigInt, _>(self.lease.fence);
        let changed = query.execute(conn).doing("renew the ledger's lease");
        if changed.is_err() {
            self.conn = None;
        }
        Ok(changed? == 1)
    }
}

/// Waits beside the holder of a ledger, on one connection.
#[derive(Debug)]
pub struct LeaseWatch {
    url: DatabaseUrl,
    ledger: String,
    conn: Option<Watching>,
}

/// Diesel's connection does not say what it is.
struct Watching(PgConnection);

impl core::fmt::Debug for Watching {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PgConnection")
    }
}

impl LeaseWatch {
    /// Tells whether a daemon can stand by for a database; nothing is asked.
    ///
    /// # Errors
    /// When it is a SQLite file: its lock ends with the holder's process, and no other machine has the file.
    pub fn check(url: &DatabaseUrl) -> Result<(), StoreError> {
        match url.path() {
            Some(_) => Err(StoreError::NoStandby { database: url.to_string() }),
            None => Ok(()),
        }
    }

    /// Makes one; nothing is asked yet.
    ///
    /// # Errors
    /// When the database is a SQLite file.
    pub fn new(url: &DatabaseUrl, ledger: &Ledger) -> Result<Self, StoreError> {
        Self::check(url)?;
        Ok(Self { url: url.clone(), ledger: ledger.id().to_owned(), conn: None })
    }

    /// Returns who has the ledger; `None` when it is free.
    ///
    /// # Errors
    /// When the database cannot be asked; the next call tries a new connection.
    pub fn holder(&mut self) -> Result<Option<String>, StoreError> {
        let conn = match &mut self.conn {
            Some(conn) => conn,
            None => self.conn.insert(Watching(connect_postgres(&self.url, SETUP)?)),
        };
        let found = has_leases(&mut conn.0).and_then(|is_there| match is_there {
            true => holder(&mut conn.0, &self.ledger),
            false => Ok(None),
        });
        if found.is_err() {
            self.conn = None;
        }
        Ok(found?.filter(|held| !held.is_free).map(|held| held.holder))
    }
}

/// Tells whether the database has the table: it has none before the first start.
fn has_leases(conn: &mut PgConnection) -> Result<bool, StoreError> {
    let query = diesel::sql_query("SELECT to_regclass('leases') IS NOT NULL AS is_there");
    Ok(query.get_result::<Exists>(conn).doing("look for leases")?.is_there)
}

#[derive(QueryableByName)]
struct Exists {
    #[diesel(sql_type = Bool)]
    is_there: bool,
}

/// Lets no transaction of a connection that commits stand open: one whose process was stopped in its midst would keep
/// everybody else from the lease.
pub(in crate::store) fn bound_transactions(conn: &mut PgConnection) -> Result<(), StoreError> {
    let statement = format!("SET idle_in_transaction_session_timeout = {}", LASTS.as_millis());
    conn.batch_execute(&statement).doing("bound the time of a transaction")
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Names this process for people.
fn this_process() -> String {
    let system = rustix::system::uname();
    let machine = system.nodename().to_string_lossy();
    let machine = Some(machine.trim()).filter(|name| !name.is_empty()).unwrap_or("an unnamed machine");
    format!("process {} on {machine}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(age: Duration, is_lost: bool) -> Known {
        let steady = Instant::now().checked_sub(age).expect("the machine has run for longer");
        Known { renewed: Moment { steady, wall: SystemTime::now() }, asked: steady, is_lost }
    }

    #[test]
    fn a_lease_is_held_until_it_expires_and_lost_for_good() {
        assert_eq!(known(Duration::ZERO, false).standing(), Standing::Held);
        assert_eq!(known(LASTS, false).standing(), Standing::Doubtful);
        assert_eq!(known(Duration::ZERO, true).standing(), Standing::Lost);
    }

    #[test]
    fn a_machine_that_slept_doubts_its_lease() {
        let wall = SystemTime::now().checked_sub(LASTS).expect("after 1970");
        let asleep = Known { renewed: Moment { steady: Instant::now(), wall }, asked: Instant::now(), is_lost: false };
        assert_eq!(asleep.standing(), Standing::Doubtful, "the steady clock stood meanwhile");
        let set_back = Moment { steady: Instant::now(), wall: SystemTime::now() + LASTS };
        assert!(set_back.age() < LASTS, "a clock that was set back says nothing");
    }
}

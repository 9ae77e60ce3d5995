//! Removing old log lines, in steps so small that no line waits long for one.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::writer::wall_clock;
use crate::store::connect::AnyConn;

/// Says which log lines are kept; older ones are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days that a line is kept; `None` for ever.
    pub days: Option<u32>,
    /// Megabytes (2^20 bytes) that all lines may take: the used pages of SQLite's file, and on a server the lines
    /// themselves as estimated from the newest. `None` for any number.
    pub megabytes: Option<u32>,
}

impl Retention {
    /// Keeps everything.
    pub const FOREVER: Self = Self { days: None, megabytes: None };
}

impl Default for Retention {
    fn default() -> Self {
        Self { days: Some(30), megabytes: Some(1024) }
    }
}

/// Lines that are removed at once.
const STEP_LINES: i64 = 500;
/// Pages of a file that are given back at once.
const STEP_PAGES: u32 = 256;
/// Between two steps.
const PAUSE: Duration = Duration::from_millis(50);
/// How often it is looked whether there is something to remove.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// One day, in microseconds.
const DAY_MICROS: i64 = 86_400_000_000;

/// Removes what is not to be kept, step by step.
#[derive(Debug)]
pub(super) struct Keeper {
    retention: Retention,
    due: Instant,
    /// The last step removed lines.
    removed: bool,
}

impl Keeper {
    pub(super) fn new(retention: Retention) -> Self {
        Self { retention, due: Instant::now(), removed: false }
    }

    /// Goes by another retention, with a step at once.
    pub(super) fn keep(&mut self, retention: Retention) {
        if self.retention != retention {
            *self = Self::new(retention);
        }
    }

    /// Makes the next step if it is due.
    pub(super) fn step(&mut self, conn: &mut AnyConn) -> QueryResult<()> {
        if Instant::now() < self.due {
            return Ok(());
        }
        // Whatever happens, it does not try without a pause.
        self.due = Instant::now() + LOOK_EVERY;
        let removed = self.remove(conn)? > 0;
        // A file gives its room back with each step, a server's table at the end.
        if (removed && matches!(conn, AnyConn::Sqlite(_))) || (!removed && self.removed) {
            give_back(conn)?;
        }
        self.removed = removed;
        if removed {
            self.due = Instant::now() + PAUSE;
        }
        Ok(())
    }

    fn remove(&self, conn: &mut AnyConn) -> QueryResult<usize> {
        if let Some(days) = self.retention.days {
            let before = wall_clock().micros() - i64::from(days) * DAY_MICROS;
            let old = "DELETE FROM logs WHERE id IN (SELECT id FROM logs WHERE at < $1 ORDER BY at LIMIT $2)";
            let old = diesel::sql_query(old).bind::<BigInt, _>(before).bind::<BigInt, _>(STEP_LINES);
            let removed = old.execute(conn)?;
            if removed > 0 {
                return Ok(removed);
            }
        }
        let Some(megabytes) = self.retention.megabytes else { return Ok(0) };
        if bytes(conn)? <= i64::from(megabytes) << 20 {
            return Ok(0);
        }
        let oldest = "DELETE FROM logs WHERE id IN (SELECT id FROM logs ORDER BY id LIMIT $1)";
        diesel::sql_query(oldest).bind::<BigInt, _>(STEP_LINES).execute(conn)
    }
}

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// Returns how much the lines take. A server's table stays as large as it was when lines are removed, so there it is
/// their number times the size of the newest.
fn bytes(conn: &mut AnyConn) -> QueryResult<i64> {
    let query = match conn {
        AnyConn::Sqlite(_) => {
            "SELECT (page_count - freelist_count) * page_size AS bytes \
             FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
        }
        AnyConn::Postgres(_) => {
            "SELECT coalesce((SELECT (max(id) - min(id) + 1) FROM logs) * \
             (SELECT avg(pg_column_size(newest.*)) FROM (SELECT * FROM logs ORDER BY id DESC LIMIT 500) newest), 0)::bigint \
             AS bytes"
        }
    };
    diesel::sql_query(query).get_result::<Size>(conn).map(|size| size.bytes)
}

/// Gives the room of removed lines back: to the disk, or to the table on a server.
fn give_back(conn: &mut AnyConn) -> QueryResult<()> {
    match conn {
        // A file from before this was possible keeps its size and uses its room again.
        AnyConn::Sqlite(conn) => conn.batch_execute(&format!("PRAGMA incremental_vacuum({STEP_PAGES})")),
        AnyConn::Postgres(conn) => conn.batch_execute("VACUUM logs"),
    }
}

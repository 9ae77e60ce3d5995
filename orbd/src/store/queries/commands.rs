//! Lists of commands.

use diesel::prelude::*;

use super::among;
use crate::store::connect::AnyConn;
use crate::store::error::{Doing as _, StoreError};
use crate::store::page::{Page, PageRequest, Pager, cursor};
use crate::store::reader::Reader;
use crate::store::rows::{Audit, StoredCommand};
use crate::store::schema::commands;

/// Selects commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandFilter {
    /// Only those of these people and programs.
    pub actors: Vec<String>,
}

cursor! {
    /// Marks a command in its list.
    CommandCursor of "commands" { at: i64, request_id: String }
}

impl Reader {
    /// Lists commands, the last one first.
    ///
    /// # Errors
    /// When the token is not of this list, or the database fails.
    pub fn list_commands(&self, filter: &CommandFilter, page: &PageRequest) -> Result<Page<Audit>, StoreError> {
        let pager: Pager<CommandCursor> = Pager::new(page, self.ledger_id(), filter)?;
        self.records(|conn| {
            let mut query = commands::table
                .filter(commands::ledger_id.eq(self.ledger_id()))
                .order((commands::at.desc(), commands::request_id.desc()))
                .limit(pager.limit())
                .select(StoredCommand::as_select())
                .into_boxed();
            among!(query, commands::actor => &filter.actors);
            if let Some(after) = &pager.after {
                let earlier = commands::at.lt(after.at).or(commands::request_id.lt(&after.request_id));
                query = query.filter(commands::at.le(after.at)).filter(earlier);
            }
            let rows: Vec<StoredCommand> = query.load(conn).doing("list commands")?;
            let page = pager.page(rows, |row| CommandCursor { at: row.at, request_id: row.request_id.clone() });
            page.try_map(|row| Ok(row.read()))
        })
    }

    /// Returns what came of a request, or `None` when it has not been finished.
    ///
    /// # Errors
    /// When the database fails.
    pub fn command(&self, request_id: &str) -> Result<Option<Audit>, StoreError> {
        self.records(|conn| {
            let row: Option<StoredCommand> = commands::table
                .find((self.ledger_id(), request_id))
                .select(StoredCommand::as_select())
                .first(conn)
                .optional()
                .doing("find a command")?;
            Ok(row.map(StoredCommand::read))
        })
    }
}

/// Reads the last commands, the oldest first.
pub(in crate::store) fn load_last(conn: &mut AnyConn, ledger: &str, limit: i64) -> Result<Vec<Audit>, StoreError> {
    let rows: Vec<StoredCommand> = commands::table
        .filter(commands::ledger_id.eq(ledger))
        .order((commands::at.desc(), commands::request_id.desc()))
        .limit(limit)
        .select(StoredCommand::as_select())
        .load(conn)
        .doing("read the last commands")?;
    Ok(rows.into_iter().rev().map(StoredCommand::read).collect())
}

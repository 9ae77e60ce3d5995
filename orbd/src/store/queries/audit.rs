//! Lists of what was asked for, as it was recorded.

use diesel::prelude::*;
use orb_core::Timestamp;

use super::among;
use super::journal::unsigned;
use crate::store::error::{Doing as _, StoreError};
use crate::store::page::{Page, PageRequest, Pager, SortOrder, cursor};
use crate::store::reader::Reader;
use crate::store::rows::{Audit, StoredAudit};
use crate::store::schema::audit_log;

/// Selects entries of the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only those of these people and programs.
    pub actors: Vec<String>,
    /// From this instant on, on the wall clock; `None` from the first.
    pub from: Option<Timestamp>,
    /// Before this instant; `None` to the last.
    pub to: Option<Timestamp>,
    /// In which order.
    pub order: SortOrder,
}

/// Shows one entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Counts from 1 without holes.
    pub number: u64,
    /// What was asked for, and what came of it.
    pub audit: Audit,
}

cursor! {
    /// Marks an entry in its list.
    AuditCursor of "audit" { number: i64 }
}

impl Reader {
    /// Lists the audit log by number: every record of every command.
    ///
    /// # Errors
    /// When the token is not of this list, or the database fails.
    pub fn list_audits(&self, filter: &AuditFilter, page: &PageRequest) -> Result<Page<AuditRow>, StoreError> {
        let pager: Pager<AuditCursor> = Pager::new(page, self.ledger_id(), filter)?;
        let number = audit_log::number;
        self.records(|conn| {
            let mut query = audit_log::table
                .filter(audit_log::ledger_id.eq(self.ledger_id()))
                .limit(pager.limit())
                .select(StoredAudit::as_select())
                .into_boxed();
            among!(query, audit_log::actor => &filter.actors);
            if let Some(from) = filter.from {
                query = query.filter(audit_log::at.ge(from.micros()));
            }
            if let Some(to) = filter.to {
                query = query.filter(audit_log::at.lt(to.micros()));
            }
            query = match (filter.order, &pager.after) {
                (SortOrder::NewestFirst, None) => query.order(number.desc()),
                (SortOrder::OldestFirst, None) => query.order(number.asc()),
                (SortOrder::NewestFirst, Some(after)) => query.filter(number.lt(after.number)).order(number.desc()),
                (SortOrder::OldestFirst, Some(after)) => query.filter(number.gt(after.number)).order(number.asc()),
            };
            let rows: Vec<StoredAudit> = query.load(conn).doing("list the audit log")?;
            let page = pager.page(rows, |row| AuditCursor { number: row.number });
            page.try_map(|row| Ok(read(row)))
        })
    }
}

fn read(row: StoredAudit) -> AuditRow {
    let StoredAudit { number, request_id, actor, command, reason, result, accepted, at, .. } = row;
    let at = Timestamp::from_micros(at);
    AuditRow { number: unsigned(number), audit: Audit { request_id, actor, command, reason, result, accepted, at } }
}

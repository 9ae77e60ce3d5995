//! Lists of log lines.

use diesel::prelude::*;

use super::{among, texts};
use crate::store::error::{Doing as _, StoreError};
use crate::store::logs::LogFilter;
use crate::store::page::{Page, PageRequest, cursor};
use crate::store::reader::Reader;
use crate::store::rows::StoredLog;
use crate::store::schema::logs;
use crate::store::text::severities_from;
use crate::view::LogView;

cursor! {
    /// Marks a line in its list.
    LogCursor of "logs" { id: i64 }
}

impl Reader {
    /// Lists log lines of all ledgers, the last one first.
    ///
    /// # Errors
    /// When the token is not of this list, or the database fails.
    pub fn list_logs(&self, filter: &LogFilter, page: &PageRequest) -> Result<Page<LogView>, StoreError> {
        let after: Option<LogCursor> = page.after()?;
        self.logs(|conn| {
            let mut query =
                logs::table.order(logs::id.desc()).limit(page.limit()).select(StoredLog::as_select()).into_boxed();
            among!(query, logs::component => texts(&filter.components));
            if let Some(least) = filter.severity_min {
                query = query.filter(logs::severity.eq_any(severities_from(Some(least))));
            }
            for pattern in filter.search.patterns() {
                query = query.filter(logs::search.like(pattern));
            }
            if let Some(from) = filter.from {
                query = query.filter(logs::at.ge(from.micros()));
            }
            if let Some(to) = filter.to {
                query = query.filter(logs::at.lt(to.micros()));
            }
            if let Some(after) = &after {
                query = query.filter(logs::id.lt(after.id));
            }
            let rows: Vec<StoredLog> = query.load(conn).doing("list log lines")?;
            Page::of(rows, page, |row| LogCursor { id: row.id }).try_map(|row| Ok(row.read()))
        })
    }
}

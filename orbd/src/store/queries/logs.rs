//! Lists of log lines.

use diesel::dsl::sql;
use diesel::expression::{AsExpression, SqlLiteral, UncheckedBind};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::{among, texts};
use crate::store::connect::AnyConn;
use crate::store::error::{Doing as _, StoreError};
use crate::store::logs::{LogFilter, LogSearch};
use crate::store::page::{Page, PageRequest, Pager, SortOrder, cursor};
use crate::store::reader::Reader;
use crate::store::rows::StoredLog;
use crate::store::schema::logs;
use crate::store::text::severities_from;
use crate::view::LogView;

cursor! {
    /// Marks a line in its list.
    LogCursor of "logs" { id: i64 }
}

/// Holds a condition on a line's words, in the words of one database.
type Condition = UncheckedBind<SqlLiteral<Bool>, <String as AsExpression<Text>>::Expression>;

/// Makes the condition of a search; `None` where every line passes.
fn words(conn: &AnyConn, search: &LogSearch) -> Option<SqlLiteral<Bool, Condition>> {
    let (before, words, after) = match conn {
        AnyConn::Sqlite(_) => ("id IN (SELECT rowid FROM logs_words WHERE logs_words MATCH ", search.fts5()?, ")"),
        // The expression of the index, word for word.
        AnyConn::Postgres(_) => {
            ("array_to_tsvector(string_to_array(btrim(search), ' ')) @@ ", search.tsquery()?, "::tsquery")
        }
    };
    Some(sql::<Bool>(before).bind::<Text, _>(words).sql(after))
}

impl Reader {
    /// Lists log lines of all ledgers, the last one first.
    ///
    /// # Errors
    /// When the token is not of this list, or the database fails.
    pub fn list_logs(&self, filter: &LogFilter, page: &PageRequest) -> Result<Page<LogView>, StoreError> {
        self.list_logs_in(SortOrder::NewestFirst, filter, page)
    }

    /// Lists log lines of all ledgers in an order.
    ///
    /// # Errors
    /// When the token is not of this list, or the database fails.
    pub fn list_logs_in(
        &self,
        order: SortOrder,
        filter: &LogFilter,
        page: &PageRequest,
    ) -> Result<Page<LogView>, StoreError> {
        let pager: Pager<LogCursor> = Pager::new(page, "", &(order, filter))?;
        self.logs(|conn| {
            let mut query = logs::table.limit(pager.limit()).select(StoredLog::as_select()).into_boxed();
            query = match order {
                SortOrder::NewestFirst => query.order(logs::id.desc()),
                SortOrder::OldestFirst => query.order(logs::id.asc()),
            };
            among!(query, logs::component => texts(&filter.components));
            if let Some(least) = filter.severity_min {
                query = query.filter(logs::severity.eq_any(severities_from(Some(least))));
            }
            if let Some(words) = words(conn, &filter.search) {
                query = query.filter(words);
            }
            if let Some(from) = filter.from {
                query = query.filter(logs::at.ge(from.micros()));
            }
            if let Some(to) = filter.to {
                query = query.filter(logs::at.lt(to.micros()));
            }
            if let Some(after) = &pager.after {
                query = match order {
                    SortOrder::NewestFirst => query.filter(logs::id.lt(after.id)),
                    SortOrder::OldestFirst => query.filter(logs::id.gt(after.id)),
                };
            }
            let rows: Vec<StoredLog> = query.load(conn).doing("list log lines")?;
            pager.page(rows, |row| LogCursor { id: row.id }).try_map(|row| Ok(row.read()))
        })
    }
}

//! The plain columns of a row, and writing many of them.

use std::collections::HashMap;
use std::hash::Hash;
use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use orb_core::{Date, Money, Price, Quantity, Timestamp};

use crate::store::connect::AnyConn;
use crate::store::error::StoreError;
use crate::store::text::Text;

/// PostgreSQL takes at most 65,535 values in a statement.
const BATCH_ROWS_MAX: usize = 1_000;

/// Writes rows, each replacing the one of its key.
pub(in crate::store) trait Upsert: Clone + 'static {
    /// The columns that identify the row.
    type Key<'a>: Eq + Hash
    where
        Self: 'a;

    /// Names these columns.
    const KEY: &'static [&'static str];

    /// Names the columns that a later row replaces.
    const DATA: &'static [&'static str];

    /// Returns the columns that identify the row.
    fn key(&self) -> Self::Key<'_>;

    /// Takes the data of a newer row of the same key; what is set only once stays.
    fn renew(&mut self, newer: &Self);

    /// Writes the rows one by one, with a prepared statement.
    fn upsert_sqlite(rows: &[Self], conn: &mut SqliteConnection) -> QueryResult<()>;

    /// Writes the rows at once; no key may occur twice.
    fn upsert_postgres(rows: &[Self], conn: &mut PgConnection) -> QueryResult<()>;
}

/// Writes rows, each replacing the one of its key.
pub(in crate::store) fn upsert<R: Upsert>(rows: &[R], conn: &mut AnyConn) -> QueryResult<()> {
    match conn {
        AnyConn::Sqlite(conn) => R::upsert_sqlite(rows, conn),
        AnyConn::Postgres(conn) => {
            once_each(rows).chunks(BATCH_ROWS_MAX).try_for_each(|batch| R::upsert_postgres(batch, conn))
        }
    }
}

/// Keeps the last row of each key, at the place of the first.
fn once_each<R: Upsert>(rows: &[R]) -> Vec<R> {
    let mut places: HashMap<R::Key<'_>, usize> = HashMap::with_capacity(rows.len());
    let mut kept: Vec<R> = Vec::with_capacity(rows.len());
    for row in rows {
        match places.get(&row.key()) {
            Some(&place) => kept[place].renew(row),
            None => {
                places.insert(row.key(), kept.len());
                kept.push(row.clone());
            }
        }
    }
    kept
}

/// Ends an insert with `ON CONFLICT`, so that it replaces the row of its key.
///
/// Diesel has the same, but prepares such a statement anew each time.
pub(in crate::store) struct Replacing<I, R> {
    insert: I,
    row: PhantomData<R>,
}

impl<I, R: Upsert> Replacing<I, R> {
    /// Makes the statement of an insert.
    pub(in crate::store) const fn new(insert: I) -> Self {
        Self { insert, row: PhantomData }
    }
}

impl<I: QueryId, R: 'static> QueryId for Replacing<I, R> {
    type QueryId = Replacing<I::QueryId, R>;
    const HAS_STATIC_QUERY_ID: bool = I::HAS_STATIC_QUERY_ID;
}

impl<DB: Backend, I: QueryFragment<DB>, R: Upsert> QueryFragment<DB> for Replacing<I, R> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.insert.walk_ast(pass.reborrow())?;
        pass.push_sql(" ON CONFLICT (");
        for (place, column) in R::KEY.iter().enumerate() {
            pass.push_sql(if place == 0 { "" } else { ", " });
            pass.push_identifier(column)?;
        }
        pass.push_sql(") DO UPDATE SET ");
        for (place, column) in R::DATA.iter().enumerate() {
            pass.push_sql(if place == 0 { "" } else { ", " });
            pass.push_identifier(column)?;
            pass.push_sql(" = excluded.");
            pass.push_identifier(column)?;
        }
        Ok(())
    }
}

impl<C, I, R> RunQueryDsl<C> for Replacing<I, R> {}

/// Declares a stored row: its key, its data, and what is set only when the row is first written.
macro_rules! stored {
    (
        $(#[$meta:meta])*
        $name:ident in $table:ident;
        key { $($key:ident: $key_type:ty),+ $(,)? }
        data { $($data:ident: $data_type:ty),+ $(,)? }
        once { $($once:ident: $once_type:ty),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(
            Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable,
        )]
        #[diesel(table_name = $crate::store::schema::$table, treat_none_as_default_value = false)]
        pub(in $crate::store) struct $name {
            $(pub(in $crate::store) $key: $key_type,)+
            $(pub(in $crate::store) $data: $data_type,)+
            $(pub(in $crate::store) $once: $once_type,)*
        }

        impl $crate::store::rows::Upsert for $name {
            type Key<'a> = ($(&'a $key_type,)+);
            const KEY: &'static [&'static str] = &[$(stringify!($key)),+];
            const DATA: &'static [&'static str] = &[$(stringify!($data)),+];

            fn key(&self) -> Self::Key<'_> {
                ($(&self.$key,)+)
            }

            fn renew(&mut self, newer: &Self) {
                $(self.$data.clone_from(&newer.$data);)+
            }

            fn upsert_sqlite(rows: &[Self], conn: &mut diesel::SqliteConnection) -> diesel::QueryResult<()> {
                use diesel::RunQueryDsl as _;
                for row in rows {
                    let insert = diesel::insert_into($crate::store::schema::$table::table).values(row);
                    $crate::store::rows::Replacing::<_, Self>::new(insert).execute(conn)?;
                }
                Ok(())
            }

            fn upsert_postgres(rows: &[Self], conn: &mut diesel::PgConnection) -> diesel::QueryResult<()> {
                use diesel::RunQueryDsl as _;
                let insert = diesel::insert_into($crate::store::schema::$table::table).values(rows);
                $crate::store::rows::Replacing::<_, Self>::new(insert).execute(conn).map(drop)
            }
        }
    };
}
pub(in crate::store) use stored;

/// Names a stored row while its columns are read.
#[derive(Clone, Copy)]
pub(in crate::store) struct Place<'a> {
    /// The table.
    pub(in crate::store) table: &'static str,
    /// The row's key, as text.
    pub(in crate::store) key: &'a str,
}

impl Place<'_> {
    /// Reads a value of a fixed list.
    pub(in crate::store) fn value<T: Text>(self, column: &'static str, text: &str) -> Result<T, StoreError> {
        T::of_text(text).ok_or_else(|| self.damaged(column, text))
    }

    /// Reads a value of a fixed list that may be absent.
    pub(in crate::store) fn optional<T: Text>(
        self,
        column: &'static str,
        text: Option<&String>,
    ) -> Result<Option<T>, StoreError> {
        text.map(|text| self.value(column, text)).transpose()
    }

    /// Reads a date.
    pub(in crate::store) fn date(self, text: &str) -> Result<Date, StoreError> {
        text.parse().map_err(|_| self.damaged("date", text))
    }

    /// Reads a small number.
    pub(in crate::store) fn small(self, column: &'static str, number: i64) -> Result<u16, StoreError> {
        u16::try_from(number).map_err(|_| self.damaged(column, &number.to_string()))
    }

    /// Makes the error of a column that holds what it cannot hold.
    pub(in crate::store) fn damaged(self, column: &'static str, value: &str) -> StoreError {
        StoreError::Damaged { table: self.table, key: self.key.to_owned(), column, value: value.to_owned() }
    }
}

/// Reads an instant that may be absent.
pub(in crate::store) fn instant(micros: Option<i64>) -> Option<Timestamp> {
    micros.map(Timestamp::from_micros)
}

/// Reads a price that may be absent.
pub(in crate::store) fn price(micros: Option<i64>) -> Option<Price> {
    micros.map(Price::from_micros)
}

/// Gives a value the number that its column holds.
pub(in crate::store) trait Column {
    /// Returns that number.
    fn column(self) -> i64;
}

macro_rules! column {
    ($($type:ty, $get:ident;)+) => {
        $(impl Column for $type {
            fn column(self) -> i64 {
                self.$get()
            }
        })+
    };
}

column! {
    Price, micros;
    Money, micros;
    Timestamp, micros;
    Quantity, shares;
}

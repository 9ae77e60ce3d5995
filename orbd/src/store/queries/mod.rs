//! The reader's lists, one file per table.

mod audit;
mod bars;
mod commands;
mod decisions;
mod explanations;
mod fills;
mod holds;
mod journal;
mod journal_days;
mod logs;
mod orders;
mod parity;
mod sessions;
mod signals;
mod steps;
mod trades;

pub use audit::{AuditFilter, AuditRow};
pub use bars::BarFilter;
pub use commands::CommandFilter;
pub use decisions::DecisionFilter;
pub use fills::FillFilter;
pub use journal::JournalEntryRow;
pub use journal_days::JournalSpan;
pub use orders::OrderFilter;
pub use signals::SignalFilter;
pub use trades::TradeFilter;

pub(in crate::store) use commands::load_last as load_last_commands;
pub(in crate::store) use decisions::load_day as load_decisions;
pub(in crate::store) use fills::load_day as load_fills;
pub(in crate::store) use journal::{load_end as load_journal_end, signed};
pub(in crate::store) use orders::load_day as load_orders;
pub(in crate::store) use sessions::load_latest as load_latest_session;
pub(in crate::store) use signals::load_day as load_signals;
pub(in crate::store) use trades::load_day as load_trades;

use super::text::Text;

/// Returns the texts of values, as columns hold them.
fn texts<T: Text>(values: &[T]) -> Vec<&'static str> {
    values.iter().map(|value| value.text()).collect()
}

/// Narrows a boxed query to the values of a list, unless the list is empty.
macro_rules! among {
    ($query:ident, $($column:expr => $values:expr),+ $(,)?) => {
        $(
            let values = $values;
            if !values.is_empty() {
                $query = $query.filter($column.eq_any(values));
            }
        )+
    };
}
use among;

/// Orders a boxed query by date and ordinal, and lets it go on after the last row of the page before.
///
/// Both columns are compared as one value: so the index leads to that row, however many rows of its day lie before.
macro_rules! in_order {
    ($table:ident, $query:expr, $order:expr, $after:expr) => {{
        use diesel::sql_types::{BigInt, Bool, Text};
        let (date, ordinal) = ($table::date, $table::ordinal);
        let (query, beyond) = match $order {
            SortOrder::NewestFirst => ($query.order((date.desc(), ordinal.desc())), "(date, ordinal) < ("),
            SortOrder::OldestFirst => ($query.order((date.asc(), ordinal.asc())), "(date, ordinal) > ("),
        };
        match $after {
            None => query,
            Some(after) => {
                let place = diesel::dsl::sql::<Bool>(beyond).bind::<Text, _>(after.date.clone());
                query.filter(place.sql(", ").bind::<BigInt, _>(after.ordinal).sql(")"))
            }
        }
    }};
}
use in_order;

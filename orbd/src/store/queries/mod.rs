//! The reader's lists, one file per table.

mod commands;
mod decisions;
mod fills;
mod journal;
mod logs;
mod orders;
mod sessions;
mod signals;
mod trades;

pub use commands::CommandFilter;
pub use decisions::DecisionFilter;
pub use fills::FillFilter;
pub use journal::JournalEntryRow;
pub use orders::OrderFilter;
pub use signals::SignalFilter;
pub use trades::{TradeFilter, TradeOrder};

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

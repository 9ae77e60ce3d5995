//! Columns that the rows of most lists have alike.

use orb_api::v1::{ClosedPosition, Decision, Fill, Order, OrderRef, Position, RemainingPosition, Signal, Trade};

use crate::output::{Cell, Column};

/// A row of the wire that is about a symbol of a strategy in a ledger.
pub(crate) trait Traded {
    /// Returns the ticker.
    fn symbol(&self) -> &str;

    /// Returns the strategy.
    fn strategy(&self) -> &str;

    /// Returns the id of the ledger.
    fn ledger_id(&self) -> &str;
}

macro_rules! traded {
    ($($row:ty),+) => {
        $(impl Traded for $row {
            fn symbol(&self) -> &str {
                &self.symbol
            }

            fn strategy(&self) -> &str {
                &self.strategy
            }

            fn ledger_id(&self) -> &str {
                &self.ledger_id
            }
        })+
    };
}

traded!(ClosedPosition, Decision, Fill, Order, OrderRef, Position, RemainingPosition, Signal, Trade);

/// Shows the ticker.
pub(crate) const fn symbol<T: Traded>() -> Column<T> {
    Column::text("symbol", |row| Cell::text(row.symbol()))
}

/// Shows the strategy.
pub(crate) const fn strategy<T: Traded>() -> Column<T> {
    Column::text("strategy", |row| Cell::text(row.strategy()))
}

/// Shows the ledger to programs; tables name it above.
pub(crate) const fn ledger_id<T: Traded>() -> Column<T> {
    Column::hidden("ledger_id", |row| Cell::text(row.ledger_id()))
}

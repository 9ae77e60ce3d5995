//! Trades from CSV, CSV.gz and Parquet files, checked and arranged by symbol.
//!
//! Each row is a trade that sets the market's price. Where a file tells of others as well (odd lots, late reports,
//! derivatively priced trades), they are to be left out before: a file of four columns cannot tell them apart.

mod collect;
mod csv;
mod error;
mod load;
mod parquet;
mod row;
mod set;

pub use error::TradesError;
pub use load::load_trades;
pub use set::{Trade, TradeSet};

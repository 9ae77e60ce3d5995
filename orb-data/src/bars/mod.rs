//! Bars from CSV, CSV.gz and Parquet files, checked and arranged for replay.

mod arrange;
mod collect;
pub(crate) mod column;
pub(crate) mod csv;
mod error;
pub(crate) mod field;
mod length;
mod load;
mod parallel;
pub(crate) mod parquet;
mod price;
pub(crate) mod row;
mod set;
pub(crate) mod source;
mod spare;
mod stream;

pub use error::{DataError, Place, RowNumber};
pub(crate) use field::COLUMNS;
pub use field::VOLUME_MAX;
pub use length::BAR_MINUTES;
pub use load::{Label, LoadOptions, load, load_with_warmup};
pub use set::{BarSet, BarSetError, Day, Dropped, Loaded, SessionBars};
pub(crate) use source::Format;
pub use stream::{DayStream, StreamError, StreamedDay, stream};

//! Bars from CSV, CSV.gz and Parquet files, checked and arranged for replay.

mod arrange;
mod collect;
mod column;
mod csv;
mod error;
mod field;
mod length;
mod load;
mod parallel;
mod parquet;
mod price;
mod row;
mod set;
mod source;
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

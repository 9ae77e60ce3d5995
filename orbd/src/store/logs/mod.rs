//! Log lines: from `tracing` to their table, without ever holding up who speaks.

mod layer;
mod retention;
mod search;
mod writer;

pub use layer::LogLayer;
pub use retention::Retention;
pub use search::{LogFilter, LogSearch};
pub use writer::{LogLine, LogOptions, LogSender, LogWriter};

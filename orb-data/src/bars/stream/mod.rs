//! Bars session by session while the files are still being read.

mod board;
mod days;
mod lane;
mod live;
mod plan;

pub use days::{DayStream, StreamError, StreamedDay, stream};

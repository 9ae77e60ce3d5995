//! Alpaca's JSON, read so that one odd value never spoils what stands around it.

pub(crate) mod data;
mod field;
pub(crate) mod lenient;
pub(crate) mod order;

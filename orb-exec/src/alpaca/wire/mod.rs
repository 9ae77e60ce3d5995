//! Alpaca's messages as they travel.

pub(crate) mod data;
mod field;

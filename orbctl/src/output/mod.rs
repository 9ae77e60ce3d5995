//! Everything that orbctl writes to standard output: tables, JSON lines, CSV.

mod cell;
mod grid;
mod printer;

pub(crate) use cell::Cell;
pub(crate) use grid::{Column, Grid};
pub(crate) use printer::{Format, Printer};

//! Everything that orbctl writes to standard output: tables, JSON lines, CSV.

mod cell;
mod grid;
mod layout;
mod paint;
mod printer;
mod sheet;

pub(crate) use cell::Cell;
pub(crate) use grid::{Column, Grid, minor};
pub(crate) use paint::{Colour, Tone, tone};
pub(crate) use printer::{Format, Printer, json_line};
pub(crate) use sheet::{Piece, Sheet};

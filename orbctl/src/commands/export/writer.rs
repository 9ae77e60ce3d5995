//! Rows as lines of CSV or JSON.

use crate::output::{Cell, Grid, json_line};

/// What the lines look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// Comma-separated values; the header is the first line.
    Csv,
    /// One JSON object a line.
    Json,
}

impl Lines {
    /// Returns what stands before the first row.
    pub(super) fn header(self, grid: &Grid) -> Vec<u8> {
        match self {
            Self::Csv => csv_line(grid.headings.iter().map(|heading| heading.name.to_owned())),
            Self::Json => Vec::new(),
        }
    }

    /// Returns the rows, each with its line's end.
    pub(super) fn rows(self, grid: &Grid) -> Vec<u8> {
        let line = |row: &Vec<Cell>| match self {
            Self::Csv => csv_line(row.iter().map(Cell::to_csv)),
            Self::Json => format!("{}\n", json_line(grid, row)).into_bytes(),
        };
        grid.rows.iter().flat_map(line).collect()
    }
}

fn csv_line(fields: impl Iterator<Item = String>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields).expect("a vector takes every record");
    writer.into_inner().expect("a vector takes every record")
}

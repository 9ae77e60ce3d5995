//! Writes grids as aligned tables, JSON lines or CSV.

use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum;
use serde_json::Value;

use super::{Cell, Grid, grid::Heading};

const GAP: &str = "  ";
/// The least width of a column whose later rows are not known yet.
const FOLLOWED_WIDTH_MIN: usize = 10;
/// A longer text does not push the columns after it out for every other row.
const WIDTH_MAX: usize = 48;
const CLEAR_SCREEN: &[u8] = b"\x1b[H\x1b[2J";

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns; times in New York
    #[default]
    Table,
    /// One JSON object per line; exact values, times in UTC
    Json,
    /// Comma-separated values with a header; exact values, times in UTC
    Csv,
}

/// Writes results to standard output, and nothing else does.
pub(crate) struct Printer {
    format: Format,
    out: Box<dyn Write>,
    is_terminal: bool,
    /// The widths of the table that is being written; empty before its first row.
    widths: Vec<usize>,
}

impl Printer {
    pub(crate) fn new(format: Format) -> Self {
        let out = io::stdout();
        let is_terminal = out.is_terminal();
        Self { format, is_terminal, out: Box::new(io::BufWriter::new(out)), widths: Vec::new() }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Whether a table may be redrawn in place.
    pub(crate) fn is_screen(&self) -> bool {
        self.format == Format::Table && self.is_terminal
    }

    /// Writes rows, with the header before the first ones. Further rows with the same
    /// headings continue the table.
    pub(crate) fn rows(&mut self, grid: &Grid) -> io::Result<()> {
        match self.format {
            Format::Table => self.table(grid)?,
            Format::Json => {
                for row in &grid.rows {
                    writeln!(self.out, "{}", object(&grid.headings, row))?;
                }
            }
            Format::Csv => self.csv(grid)?,
        }
        self.out.flush()
    }

    /// Writes one thing: name by name in a table, then its lists; one object in JSON with
    /// the lists as arrays; one row in CSV, without the lists.
    pub(crate) fn record(&mut self, grid: &Grid, lists: &[(&'static str, Grid)]) -> io::Result<()> {
        for row in &grid.rows {
            match self.format {
                Format::Table => self.card(grid, row, lists)?,
                Format::Json => writeln!(self.out, "{}", object_with(&grid.headings, row, lists))?,
                Format::Csv => self.csv(grid)?,
            }
        }
        self.out.flush()
    }

    /// Clears the screen and writes a line and the whole table.
    pub(crate) fn redraw(&mut self, caption: &str, grid: &Grid) -> io::Result<()> {
        self.out.write_all(CLEAR_SCREEN)?;
        writeln!(self.out, "{caption}\n")?;
        self.widths.clear();
        self.rows(grid)
    }

    /// Writes bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    fn table(&mut self, grid: &Grid) -> io::Result<()> {
        let shown: Vec<_> = grid.headings.iter().filter(|heading| !heading.is_hidden).collect();
        let lines: Vec<Vec<String>> = grid.rows.iter().map(|row| visible(&grid.headings, row)).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let titles: Vec<String> = shown.iter().map(|heading| heading.title()).collect();
        let is_new = self.widths.is_empty();
        self.widths.resize(shown.len(), if grid.is_followed { FOLLOWED_WIDTH_MIN } else { 0 });
        for line in lines.iter().chain([&titles]) {
            for (width, text) in self.widths.iter_mut().zip(line) {
                *width = (*width).max(text.chars().count().min(WIDTH_MAX));
            }
        }
        let header = is_new.then_some(&titles);
        for line in header.into_iter().chain(&lines) {
            let aligned = align(line, &shown, &self.widths);
            writeln!(self.out, "{}", aligned.trim_end())?;
        }
        Ok(())
    }

    fn card(&mut self, grid: &Grid, row: &[Cell], lists: &[(&'static str, Grid)]) -> io::Result<()> {
        let width = grid.headings.iter().map(|heading| heading.name.len()).max().unwrap_or(0);
        for (heading, cell) in grid.headings.iter().zip(row).filter(|(heading, _)| !heading.is_hidden) {
            writeln!(self.out, "{:width$}{GAP}{}", heading.name.replace('_', " "), cell.to_table())?;
        }
        for (name, list) in lists.iter().filter(|(_, list)| !list.rows.is_empty()) {
            writeln!(self.out, "\n{}", name.replace('_', " "))?;
            self.widths.clear();
            self.table(list)?;
        }
        Ok(())
    }

    fn csv(&mut self, grid: &Grid) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(&mut self.out);
        if self.widths.is_empty() {
            self.widths = vec![0; grid.headings.len()];
            writer.write_record(grid.headings.iter().map(|heading| heading.name))?;
        }
        for row in &grid.rows {
            writer.write_record(row.iter().map(Cell::to_csv))?;
        }
        writer.flush()
    }
}

fn visible(headings: &[Heading], row: &[Cell]) -> Vec<String> {
    let cells = headings.iter().zip(row).filter(|(heading, _)| !heading.is_hidden);
    cells.map(|(_, cell)| cell.to_table()).collect()
}

fn align(line: &[String], headings: &[&Heading], widths: &[usize]) -> String {
    let pad = |((text, heading), width): ((&String, &&Heading), &usize)| {
        if heading.is_right_aligned { format!("{text:>width$}") } else { format!("{text:<width$}") }
    };
    let padded: Vec<_> = line.iter().zip(headings).zip(widths).map(pad).collect();
    padded.join(GAP)
}

/// Writes a row as an object whose keys stay in the order of the columns.
fn object(headings: &[Heading], row: &[Cell]) -> String {
    object_with(headings, row, &[])
}

fn object_with(headings: &[Heading], row: &[Cell], lists: &[(&'static str, Grid)]) -> String {
    let member = |name: &str, value: &str| format!("{}:{value}", Value::from(name));
    let cells = headings.iter().zip(row).map(|(heading, cell)| member(heading.name, &cell.to_json().to_string()));
    let lists = lists.iter().map(|(name, list)| {
        let items: Vec<_> = list.rows.iter().map(|row| object(&list.headings, row)).collect();
        member(name, &format!("[{}]", items.join(",")))
    });
    let members: Vec<_> = cells.chain(lists).collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use super::*;
    use crate::output::Column;

    struct Item(&'static str, &'static str);

    const COLUMNS: &[Column<Item>] = &[
        Column::text("symbol", |item| Cell::text(item.0)),
        Column::number("net_pnl", |item| Cell::signed(item.1)),
        Column::hidden("id", |_| Cell::text("x,y")),
    ];

    #[derive(Clone, Default)]
    struct Sink(Rc<RefCell<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: Format, act: impl Fn(&mut Printer)) -> String {
        let sink = Sink::default();
        act(&mut Printer { format, out: Box::new(sink.clone()), is_terminal: false, widths: Vec::new() });
        String::from_utf8(sink.0.take()).unwrap()
    }

    fn two_times(format: Format) -> String {
        written(format, |printer| {
            printer.rows(&Grid::of(COLUMNS, &[Item("NVDA", "10"), Item("F", "-2.5")])).unwrap();
            printer.rows(&Grid::of(COLUMNS, &[Item("AAPL", "")])).unwrap();
        })
    }

    #[test]
    fn a_table_is_aligned_and_continued_without_a_second_header() {
        let expect = "SYMBOL  NET PNL\nNVDA     +10.00\nF         -2.50\nAAPL          -\n";
        assert_eq!(two_times(Format::Table), expect);
    }

    #[test]
    fn csv_has_one_header_and_every_column() {
        assert_eq!(two_times(Format::Csv), "symbol,net_pnl,id\nNVDA,10,\"x,y\"\nF,-2.5,\"x,y\"\nAAPL,,\"x,y\"\n");
    }

    #[test]
    fn json_has_one_object_a_line_in_the_order_of_the_columns() {
        let text = two_times(Format::Json);
        assert_eq!(text.lines().count(), 3);
        assert_eq!(text.lines().next(), Some(r#"{"symbol":"NVDA","net_pnl":"10","id":"x,y"}"#));
    }

    #[test]
    fn no_rows_are_nothing_but_a_csv_header() {
        let nothing = |printer: &mut Printer| printer.rows(&Grid::of(COLUMNS, &[])).unwrap();
        assert_eq!(written(Format::Table, nothing), "");
        assert_eq!(written(Format::Json, nothing), "");
        assert_eq!(written(Format::Csv, nothing), "symbol,net_pnl,id\n");
    }

    #[test]
    fn a_record_carries_its_lists() {
        let show = |printer: &mut Printer| {
            let list = Grid::of(COLUMNS, &[Item("F", "1")]);
            printer.record(&Grid::of(COLUMNS, &[Item("NVDA", "10")]), &[("closed_positions", list)]).unwrap();
        };
        assert_eq!(
            written(Format::Table, show),
            "symbol   NVDA\nnet pnl  +10.00\n\nclosed positions\nSYMBOL  NET PNL\nF         +1.00\n"
        );
        let json = r#"{"symbol":"NVDA","net_pnl":"10","id":"x,y","closed_positions":[{"symbol":"F","net_pnl":"1","id":"x,y"}]}"#;
        assert_eq!(written(Format::Json, show).trim_end(), json);
        assert_eq!(written(Format::Csv, show), "symbol,net_pnl,id\nNVDA,10,\"x,y\"\n");
    }

    #[test]
    fn followed_rows_say_event_and_sequence() {
        let show = |printer: &mut Printer| {
            printer.rows(&Grid::of(COLUMNS, &[Item("F", "1")]).followed("update", 7)).unwrap();
        };
        assert_eq!(written(Format::Csv, show), "event,sequence,symbol,net_pnl,id\nupdate,7,F,1,\"x,y\"\n");
    }
}

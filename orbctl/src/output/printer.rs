//! Writes grids as aligned tables, JSON lines or CSV.

use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum;
use serde_json::Value;

use super::{
    Cell, Colour, Grid,
    grid::Heading,
    layout::{GAP, Layout, wrap},
    paint,
};
use crate::failure::note;

/// The least width of a column whose later rows are not known yet.
const FOLLOWED_WIDTH_MIN: usize = 10;
/// A terminal that is narrower is taken as this wide.
const SPACE_MIN: usize = 40;
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
    is_coloured: bool,
    /// The width that tables have to fit into, in characters. Absent where there is no limit.
    space: Option<usize>,
    /// The layout of the table that is being written. Absent before its first row.
    layout: Option<Layout>,
    /// Whether the header of the CSV is written.
    has_header: bool,
}

impl Printer {
    /// Makes the printer of standard output.
    pub(crate) fn new(format: Format, colour: Colour) -> Self {
        let out = io::stdout();
        let is_terminal = out.is_terminal();
        let width = || crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns).max(SPACE_MIN));
        Self {
            format,
            is_terminal,
            is_coloured: colour.is_wanted(&out),
            space: if is_terminal { width() } else { None },
            out: Box::new(io::BufWriter::new(out)),
            layout: None,
            has_header: false,
        }
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
        self.layout = None;
        if self.is_terminal {
            // A terminal may have been resized since the last time.
            self.space = crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns).max(SPACE_MIN));
        }
        self.rows(grid)
    }

    /// Writes bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    fn table(&mut self, grid: &Grid) -> io::Result<()> {
        let lines: Vec<Vec<String>> = grid.rows.iter().map(|row| row.iter().map(Cell::to_table).collect()).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let least = if grid.is_followed { FOLLOWED_WIDTH_MIN } else { 0 };
        let known = self.layout.take();
        let is_new = known.is_none();
        let layout = match (known, self.space) {
            (Some(mut layout), None) => {
                layout.widen(&lines);
                layout
            }
            (Some(layout), Some(_)) => layout,
            (None, None) => Layout::free(&grid.headings, &lines, least),
            (None, Some(space)) => Layout::fitted(&grid.headings, &lines, least, space),
        };
        if is_new {
            self.header(grid, &layout)?;
        }
        for (row, line) in grid.rows.iter().zip(&lines) {
            self.line(grid, &layout, line, |column, text| paint::value(&row[column], text))?;
        }
        if is_new && !layout.dropped.is_empty() {
            self.out.flush()?;
            note(&format!("no room for: {}; --output json has everything", layout.dropped.join(", ")));
        }
        self.layout = Some(layout);
        Ok(())
    }

    fn header(&mut self, grid: &Grid, layout: &Layout) -> io::Result<()> {
        let titles: Vec<_> = grid.headings.iter().map(Heading::title).collect();
        self.line(grid, layout, &titles, |_, text| paint::heading(text))
    }

    /// Writes one row, in as many lines as its longest wrapped text needs.
    fn line(
        &mut self,
        grid: &Grid,
        layout: &Layout,
        texts: &[String],
        mark: impl Fn(usize, &str) -> String,
    ) -> io::Result<()> {
        let is_wrapped = self.space.is_some();
        let pieces: Vec<Vec<String>> = layout
            .columns
            .iter()
            .zip(&layout.widths)
            .map(|(&column, &width)| if is_wrapped { wrap(&texts[column], width) } else { vec![texts[column].clone()] })
            .collect();
        let height = pieces.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..height {
            let cells: Vec<_> = layout
                .columns
                .iter()
                .zip(&layout.widths)
                .zip(&pieces)
                .map(|((&column, &width), piece)| {
                    let text = piece.get(line).map_or("", String::as_str);
                    let padding = " ".repeat(width.saturating_sub(text.chars().count()));
                    let marked =
                        if self.is_coloured && !text.is_empty() { mark(column, text) } else { text.to_owned() };
                    if grid.headings[column].is_right_aligned { padding + &marked } else { marked + &padding }
                })
                .collect();
            writeln!(self.out, "{}", cells.join(GAP).trim_end())?;
        }
        Ok(())
    }

    fn card(&mut self, grid: &Grid, row: &[Cell], lists: &[(&'static str, Grid)]) -> io::Result<()> {
        let width = grid.headings.iter().map(|heading| heading.name.len()).max().unwrap_or(0);
        let room = self.space.map_or(usize::MAX, |space| space.saturating_sub(width + GAP.len()).max(1));
        for (heading, cell) in grid.headings.iter().zip(row).filter(|(heading, _)| !heading.is_hidden) {
            let mut name = heading.name.replace('_', " ");
            for text in wrap(&cell.to_table(), room) {
                let text = if self.is_coloured { paint::value(cell, &text) } else { text };
                writeln!(self.out, "{name:width$}{GAP}{text}")?;
                name.clear();
            }
        }
        for (name, list) in lists.iter().filter(|(_, list)| !list.rows.is_empty()) {
            let name = name.replace('_', " ");
            writeln!(self.out, "\n{}", if self.is_coloured { paint::heading(&name) } else { name })?;
            self.layout = None;
            self.table(list)?;
        }
        Ok(())
    }

    fn csv(&mut self, grid: &Grid) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(&mut self.out);
        if !self.has_header {
            self.has_header = true;
            writer.write_record(grid.headings.iter().map(|heading| heading.name))?;
        }
        for row in &grid.rows {
            writer.write_record(row.iter().map(Cell::to_csv))?;
        }
        writer.flush()
    }
}

/// Writes a row of a grid as an object, as JSON lines have it.
pub(crate) fn json_line(grid: &Grid, row: &[Cell]) -> String {
    object(&grid.headings, row)
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
    use crate::output::{Column, minor};

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

    fn printed(mut printer: Printer, act: impl Fn(&mut Printer)) -> String {
        let sink = Sink::default();
        printer.out = Box::new(sink.clone());
        act(&mut printer);
        drop(printer);
        String::from_utf8(sink.0.take()).unwrap()
    }

    fn written(format: Format, act: impl Fn(&mut Printer)) -> String {
        printed(Printer { is_terminal: false, space: None, ..Printer::new(format, Colour::Never) }, act)
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

    #[test]
    fn a_table_is_made_to_fit_its_terminal() {
        const WIDE: &[Column<Item>] = &[
            Column::text("symbol", |item| Cell::text(item.0)),
            minor(1, Column::text("strategy", |_| Cell::text("a strategy with a long name"))),
            Column::text("message", |_| Cell::text("words that go on and on until the line is full")),
        ];
        let narrow = Printer { space: Some(40), ..Printer::new(Format::Table, Colour::Never) };
        let shown = printed(narrow, |printer| printer.rows(&Grid::of(WIDE, &[Item("NVDA", "")])).unwrap());
        assert_eq!(shown, "SYMBOL  MESSAGE\nNVDA    words that go on and on until\n        the line is full\n",);
        assert!(shown.lines().all(|line| line.chars().count() <= 40));
    }

    #[test]
    fn colours_are_around_the_text_and_not_the_padding() {
        let coloured = Printer { is_coloured: true, space: None, ..Printer::new(Format::Table, Colour::Never) };
        let shown = printed(coloured, |printer| printer.rows(&Grid::of(COLUMNS, &[Item("F", "-2.5")])).unwrap());
        assert_eq!(shown.lines().nth(1), Some("F         \u{1b}[31m-2.50\u{1b}[0m"));
    }
}

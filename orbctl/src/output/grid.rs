//! The one table abstraction: columns that know how to read their value, and rows.

use super::Cell;

/// How a column is named and laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heading {
    /// The key in JSON and CSV, in snake case.
    pub(crate) name: &'static str,
    pub(crate) is_right_aligned: bool,
    /// Whether tables leave it out; JSON and CSV have every column.
    pub(crate) is_hidden: bool,
    /// Which columns a narrow terminal does without: the greatest first, 0 never.
    pub(crate) rank: u8,
}

impl Heading {
    /// Returns the name as a table shows it.
    pub(crate) fn title(&self) -> String {
        self.name.replace('_', " ").to_uppercase()
    }
}

/// One column of rows made from `T`.
pub(crate) struct Column<T> {
    heading: Heading,
    cell: fn(&T) -> Cell,
}

impl<T> Column<T> {
    /// A column of words.
    pub(crate) const fn text(name: &'static str, cell: fn(&T) -> Cell) -> Self {
        Self { heading: Heading { name, is_right_aligned: false, is_hidden: false, rank: 0 }, cell }
    }

    /// A column of numbers.
    pub(crate) const fn number(name: &'static str, cell: fn(&T) -> Cell) -> Self {
        Self { heading: Heading { name, is_right_aligned: true, is_hidden: false, rank: 0 }, cell }
    }

    /// A column that tables leave out.
    pub(crate) const fn hidden(name: &'static str, cell: fn(&T) -> Cell) -> Self {
        Self { heading: Heading { name, is_right_aligned: false, is_hidden: true, rank: 0 }, cell }
    }
}

/// Lets a narrow terminal do without a column: the greatest rank goes first.
pub(crate) const fn minor<T>(rank: u8, mut column: Column<T>) -> Column<T> {
    column.heading.rank = rank;
    column
}

/// Rows under headings.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub(crate) headings: Vec<Heading>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Whether more rows follow that nobody knows yet.
    pub(crate) is_followed: bool,
}

impl Grid {
    /// Makes one row of each item.
    pub(crate) fn of<'a, T: 'a>(columns: &[Column<T>], items: impl IntoIterator<Item = &'a T>) -> Self {
        let row = |item: &T| columns.iter().map(|column| (column.cell)(item)).collect();
        Self {
            headings: columns.iter().map(|column| column.heading).collect(),
            rows: items.into_iter().map(row).collect(),
            is_followed: false,
        }
    }

    /// Puts the event and the sequence of a stream's message before each row.
    pub(crate) fn followed(mut self, event: &str, sequence: u64) -> Self {
        let heading = |name| Heading { name, is_right_aligned: false, is_hidden: true, rank: 0 };
        self.is_followed = true;
        self.headings.splice(0..0, [heading("event"), heading("sequence")]);
        for row in &mut self.rows {
            row.splice(0..0, [Cell::text(event), sequence.into()]);
        }
        self
    }
}

//! A table cut to the room that it has on a screen: one line for each row.

use super::{
    Cell, Grid, Tone,
    grid::Heading,
    layout::{GAP, Layout},
    tone,
};

/// The text of a cell, padded to its column, with the gap before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) tone: Option<Tone>,
}

/// A table as lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sheet {
    pub(crate) header: String,
    pub(crate) rows: Vec<Vec<Piece>>,
}

impl Sheet {
    /// Lays out a grid in `space` characters: leaves columns out by rank, then cuts texts.
    pub(crate) fn fitted(grid: &Grid, space: usize) -> Self {
        let texts: Vec<Vec<String>> = grid.rows.iter().map(|row| row.iter().map(Cell::to_table).collect()).collect();
        let layout = Layout::fitted(&grid.headings, &texts, 0, space);
        let titles: Vec<_> = grid.headings.iter().map(Heading::title).collect();
        let header = padded(grid, &layout, &titles).into_iter().map(|(_, text)| text).collect();
        let row = |(cells, texts): (&Vec<Cell>, &Vec<String>)| {
            let pieces = padded(grid, &layout, texts).into_iter();
            pieces.map(|(column, text)| Piece { text, tone: tone(&cells[column]) }).collect()
        };
        Self { header, rows: grid.rows.iter().zip(&texts).map(row).collect() }
    }
}

/// Returns the columns of a layout with their texts, each as wide as its column.
fn padded(grid: &Grid, layout: &Layout, texts: &[String]) -> Vec<(usize, String)> {
    let place = |(at, (&column, &width)): (usize, (&usize, &usize))| {
        let text = cut(&texts[column], width);
        let padding = " ".repeat(width.saturating_sub(text.chars().count()));
        let gap = if at == 0 { "" } else { GAP };
        let text = if grid.headings[column].is_right_aligned {
            format!("{gap}{padding}{text}")
        } else {
            format!("{gap}{text}{padding}")
        };
        (column, text)
    };
    layout.columns.iter().zip(&layout.widths).enumerate().map(place).collect()
}

/// Shortens a text to `width` characters, and shows that it did.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}\u{2026}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Column, minor};

    const COLUMNS: &[Column<&str>] = &[
        Column::text("symbol", |symbol| Cell::text(symbol)),
        minor(1, Column::text("strategy", |_| Cell::text("orb-classic"))),
        Column::number("net_pnl", |_| Cell::signed("-2.5")),
        Column::text("detail", |_| Cell::text("words that go on and on until the line is full")),
    ];

    #[test]
    fn a_row_is_one_line_of_at_most_the_room_there_is() {
        for space in [30, 40, 60, 90] {
            let sheet = Sheet::fitted(&Grid::of(COLUMNS, &["NVDA", "F"]), space);
            for row in &sheet.rows {
                let width: usize = row.iter().map(|piece| piece.text.chars().count()).sum();
                assert!(width <= space, "{width} of {space}: {row:?}");
            }
        }
        let sheet = Sheet::fitted(&Grid::of(COLUMNS, &["F"]), 40);
        let line: String = sheet.rows[0].iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(sheet.header, "SYMBOL  NET PNL  DETAIL                 ");
        assert_eq!(line, "F         -2.50  words that go on and o\u{2026}");
        assert_eq!(sheet.rows[0][1].tone, Some(Tone::Bad));
    }
}

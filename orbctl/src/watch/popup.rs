//! What lies over the panes: help, and questions.

use ratatui::{
    Frame,
    layout::{Constraint, Flex, Layout, Rect},
    text::{Line, Span},
    widgets::{Block, Clear, Paragraph, Wrap},
};

use super::{
    Board, Theme,
    console::{FLATTEN_WORD, Popup},
};
use crate::{
    output::{Cell, Tone},
    wire,
};

const WIDTH: u16 = 66;

const HELP: &[(&str, &str)] = &[
    ("K", "stops all entries at once, without a question"),
    ("F", "stops all entries and closes everything; asks for a word"),
    ("P", "pauses entries until `orbctl resume`"),
    ("Up, Down", "mark a position"),
    ("C", "closes the marked position; asks"),
    ("Esc", "unmarks, and clears the last line"),
    ("q, Ctrl-C", "leave; orb goes on"),
];

/// Draws it in the middle of `area`.
pub(crate) fn draw(frame: &mut Frame<'_>, area: Rect, popup: &Popup, board: &Board, theme: Theme) {
    let (title, lines) = match popup {
        Popup::Help => (" Keys ", help(theme)),
        Popup::Close(symbol) => (" Close ", close(symbol, board, theme)),
        Popup::Flatten(typed) => (" Flatten ", flatten(typed, board, theme)),
    };
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let place = middle(area, height);
    frame.render_widget(Clear, place);
    let block = Block::bordered().title(Span::styled(title, theme.heading()));
    frame.render_widget(Paragraph::new(lines).block(block).wrap(Wrap { trim: false }), place);
}

fn help(theme: Theme) -> Vec<Line<'static>> {
    let line = |(key, what): &(&'static str, &'static str)| {
        Line::from(vec![Span::styled(format!("{key:>10}  "), theme.heading()), Span::raw(*what)])
    };
    HELP.iter().map(line).chain([Line::raw(""), Line::raw("Any key goes back.")]).collect()
}

fn close(symbol: &str, board: &Board, theme: Theme) -> Vec<Line<'static>> {
    let positions = board.positions.values().filter(|position| position.symbol == symbol);
    let mut lines: Vec<_> = positions
        .map(|position| {
            let pnl = Cell::maybe_signed(position.unrealized_pnl.as_ref()).to_table();
            let (side, price) = (wire::side(position.side).to_table(), Cell::money(&position.entry_price).to_table());
            Line::raw(format!("{side} {} {symbol} from {price}, unrealized {pnl}", position.quantity))
        })
        .collect();
    lines.push(Line::styled(format!("Close {symbol}? y: yes, any other key: no"), theme.heading()));
    lines
}

fn flatten(typed: &str, board: &Board, theme: Theme) -> Vec<Line<'static>> {
    let open = board.positions.len();
    let mode = board.ledger.as_ref().map_or_else(String::new, wire::ledger_name);
    vec![
        Line::raw(format!("Stops all entries and closes {open} open positions: {mode}.")),
        Line::raw(format!("Type {FLATTEN_WORD} and press Enter; Esc goes back.")),
        Line::raw(""),
        Line::from(vec![Span::raw("> "), Span::styled(format!("{typed}_"), theme.tone(Some(Tone::Bad)))]),
    ]
}

fn middle(area: Rect, height: u16) -> Rect {
    let [row] = Layout::vertical([Constraint::Max(height)]).flex(Flex::Center).areas(area);
    let [place] = Layout::horizontal([Constraint::Max(WIDTH)]).flex(Flex::Center).areas(row);
    place
}

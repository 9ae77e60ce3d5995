//! The panes with rows: positions, signals, the log.

use orb_api::v1::{LogEntry, Position, Signal};
use ratatui::{
    Frame,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
    widgets::{Block, Paragraph},
};

use super::{Console, Theme};
use crate::{
    columns,
    output::{Cell, Column, Grid, Sheet, minor, tone},
    wire,
};

/// Draws the open positions; the marked one is reversed and always in sight.
pub(crate) fn positions(frame: &mut Frame<'_>, area: Rect, console: &Console, theme: Theme) {
    let positions = &console.board.positions;
    let sheet = Sheet::fitted(&Grid::of(POSITIONS, positions.values()), inner_width(area));
    let marked = console.selected.as_ref().and_then(|key| positions.keys().position(|known| known == key));
    let mut rows = styled(&sheet, theme);
    if let Some(row) = marked.and_then(|row| rows.get_mut(row)) {
        row.style = row.style.add_modifier(Modifier::REVERSED);
    }
    let room = inner_height(area).saturating_sub(1);
    let skipped = marked.map_or(0, |row| (row + 1).saturating_sub(room));
    let rows = rows.into_iter().skip(skipped).take(room);
    pane(frame, area, &title("Positions", positions.len(), room), Some(sheet.header), rows, theme);
}

/// Draws the signals of the session, the newest first.
pub(crate) fn signals(frame: &mut Frame<'_>, area: Rect, console: &Console, theme: Theme) {
    let signals = &console.board.signals;
    let room = inner_height(area).saturating_sub(1);
    let sheet = Sheet::fitted(&Grid::of(SIGNALS, signals.iter().rev().take(room)), inner_width(area));
    let rows = styled(&sheet, theme).into_iter();
    pane(frame, area, &title("Signals", signals.len(), room), Some(sheet.header), rows, theme);
}

/// Draws the end of the log, the newest line last.
pub(crate) fn log(frame: &mut Frame<'_>, area: Rect, console: &Console, theme: Theme) {
    let logs = &console.board.logs;
    let skipped = logs.len().saturating_sub(inner_height(area));
    let rows = logs.iter().skip(skipped).map(|entry| log_line(entry, theme));
    pane(frame, area, " Log ", None, rows, theme);
}

fn pane<'a>(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    header: Option<String>,
    rows: impl Iterator<Item = Line<'a>>,
    theme: Theme,
) {
    let title = Span::styled(title.to_owned(), theme.heading());
    let block = Block::bordered().border_style(theme.faint()).title(title);
    let header = header.map(|header| Line::styled(header, theme.faint()));
    let lines: Vec<_> = header.into_iter().chain(rows).collect();
    frame.render_widget(Paragraph::new(lines).style(theme.plain()).block(block), area);
}

fn styled(sheet: &Sheet, theme: Theme) -> Vec<Line<'static>> {
    let span = |piece: &crate::output::Piece| Span::styled(piece.text.clone(), theme.tone(piece.tone));
    sheet.rows.iter().map(|row| Line::from(row.iter().map(span).collect::<Vec<_>>())).collect()
}

fn title(name: &str, count: usize, room: usize) -> String {
    if count > room { format!(" {name}: {room} of {count} ") } else { format!(" {name}: {count} ") }
}

fn log_line(entry: &LogEntry, theme: Theme) -> Line<'static> {
    let severity = wire::severity(entry.severity);
    let time = wire::time_of_day(entry.engine_time.as_ref().or(entry.time.as_ref()));
    let fields: Vec<_> = entry.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Line::from(vec![
        Span::styled(format!("{time} "), theme.faint()),
        Span::styled(format!("{:5} ", severity.to_table()), theme.tone(tone(&severity))),
        Span::styled(Cell::text(&entry.message).to_table(), theme.plain()),
        Span::styled(format!(" {}", fields.join(" ").replace(char::is_control, " ")), theme.faint()),
    ])
}

fn inner_width(area: Rect) -> usize {
    usize::from(area.width.saturating_sub(2))
}

fn inner_height(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(2))
}

const POSITIONS: &[Column<Position>] = &[
    columns::symbol(),
    Column::text("side", |p| wire::side(p.side)),
    Column::number("quantity", |p| Cell::Count(p.quantity)),
    minor(3, Column::number("entry", |p| Cell::money(&p.entry_price))),
    Column::number("last", |p| Cell::maybe_money(p.last_price.as_ref())),
    Column::number("stop", |p| Cell::maybe_money(p.stop_price.as_ref())),
    minor(5, Column::number("target", |p| Cell::maybe_money(p.target_price.as_ref()))),
    Column::number("unrealized", |p| Cell::maybe_signed(p.unrealized_pnl.as_ref())),
    minor(2, Column::number("R", |p| Cell::maybe_signed(p.unrealized_r.as_ref()))),
    minor(1, Column::text("protection", protection)),
    minor(6, Column::text("since", |p| Cell::Text(wire::time_of_day(p.entry_time.as_ref())))),
    minor(7, columns::strategy()),
];

/// Says whether a live stop covers every share, or that a close is under way.
fn protection(position: &Position) -> Cell {
    let (covered, all) = (position.protected_quantity, position.quantity);
    if position.closing {
        Cell::text("closing")
    } else if covered >= all {
        Cell::text("ok")
    } else {
        Cell::Text(format!("{covered} of {all}"))
    }
}

const SIGNALS: &[Column<Signal>] = &[
    Column::text("time", |s| Cell::Text(wire::time_of_day(s.time.as_ref()))),
    columns::symbol(),
    Column::text("side", |s| wire::side(s.side)),
    Column::number("level", |s| Cell::money(&s.level)),
    Column::text("status", |s| wire::signal_status(s.status)),
    minor(4, Column::number("score", |s| s.score.into())),
    minor(3, Column::number("quantity", |s| Cell::Count(s.quantity))),
    minor(2, Column::number("fill", |s| Cell::maybe_money(s.fill_price.as_ref()))),
    minor(1, Column::text("reason", |s| Cell::maybe_text(s.reason.as_ref()))),
    minor(5, columns::strategy()),
];

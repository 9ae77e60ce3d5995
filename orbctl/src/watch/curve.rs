//! The day's result over time.

use orb_api::{decimal, time::timestamp_to_micros, v1::Session};
use prost_types::Timestamp;
use ratatui::{
    Frame,
    layout::Rect,
    symbols::Marker,
    text::Span,
    widgets::{Axis, Block, Chart, Dataset, GraphType},
};

use super::{Board, Theme, board::Point};
use crate::{
    output::{Cell, tone},
    wire,
};

/// More points than a terminal has dots are of no use.
const DOTS_MAX: usize = 600;
const MICROS: f64 = 1e6;

/// Draws the curve into `area`, with the session as its breadth.
pub(crate) fn draw(frame: &mut Frame<'_>, area: Rect, board: &Board, theme: Theme) {
    let block = Block::bordered().border_style(theme.faint()).title(Span::styled(" Day's result ", theme.heading()));
    let dots = dots(board);
    let (Some(first), Some(last), Some(result)) = (dots.first(), dots.last(), result(board)) else {
        frame.render_widget(block, area);
        return;
    };
    let result = Cell::signed(&decimal::from_micros(result));
    let colour = theme.tone(tone(&result));
    let title = Span::styled(format!(" {} ", result.to_table()), colour);
    let (from, to) = breadth(board).unwrap_or((first.0, last.0));
    let (low, high) = height(&dots);
    let zero = [(from, 0.0), (to, 0.0)];
    let line =
        |data, style| Dataset::default().marker(Marker::Braille).graph_type(GraphType::Line).style(style).data(data);
    let chart = Chart::new(vec![line(&zero, theme.faint()), line(&dots, colour)])
        .block(block.title(title))
        .style(theme.plain())
        .x_axis(
            Axis::default().bounds([from, to.max(from + 1.0)]).labels([clock(from), clock(to)]).style(theme.faint()),
        )
        .y_axis(Axis::default().bounds([low, high]).labels([dollars(low), dollars(high)]).style(theme.faint()));
    frame.render_widget(chart, area);
}

/// Returns what the day counts from, in micro-dollars.
fn base(board: &Board) -> Option<i64> {
    board.open_equity().or_else(|| board.points.first().map(|point| point.equity))
}

/// Returns what the day has brought until now, in micro-dollars.
fn result(board: &Board) -> Option<i64> {
    board.points.last()?.equity.checked_sub(base(board)?)
}

/// Returns seconds and dollars: what the day has brought at each moment.
fn dots(board: &Board) -> Vec<(f64, f64)> {
    let Some(open) = base(board) else { return Vec::new() };
    let step = board.points.len().div_ceil(DOTS_MAX).max(1);
    let dot = |point: &Point| (point.time as f64 / MICROS, point.equity.saturating_sub(open) as f64 / MICROS);
    let mut dots: Vec<_> = board.points.iter().step_by(step).map(dot).collect();
    if step > 1 {
        dots.extend(board.points.last().map(dot));
    }
    dots
}

fn breadth(board: &Board) -> Option<(f64, f64)> {
    let session: &Session = board.status.as_ref()?.session.as_ref()?;
    let from = seconds(session.open.as_ref()?)?;
    let to = seconds(session.close.as_ref()?)?;
    let newest = board.points.last()?.time;
    // A session that is over stays until the next one's first point.
    (seconds_of(newest) >= from && seconds_of(newest) <= to).then_some((from, to))
}

/// Returns the least and the greatest, with room for zero.
fn height(dots: &[(f64, f64)]) -> (f64, f64) {
    let low = dots.iter().map(|dot| dot.1).fold(0.0, f64::min);
    let high = dots.iter().map(|dot| dot.1).fold(0.0, f64::max);
    if high - low < 1.0 { (low - 1.0, high + 1.0) } else { (low, high) }
}

fn seconds(time: &Timestamp) -> Option<f64> {
    timestamp_to_micros(time).ok().map(seconds_of)
}

fn seconds_of(micros: i64) -> f64 {
    micros as f64 / MICROS
}

fn clock(seconds: f64) -> String {
    let time = Timestamp { seconds: seconds as i64, nanos: 0 };
    wire::time_of_day(Some(&time)).chars().take(5).collect()
}

fn dollars(value: f64) -> String {
    format!("{value:+.0}")
}

//! The whole screen: mode and state above all, then alarms, panes, keys.

use std::time::Duration;

use orb_api::v1::{Environment, GetStatusResponse, Hold, HoldKind, TradingState};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{Board, Console, Theme, board::Link, curve, panes, popup};
use crate::{
    output::{Cell, Tone, tone},
    wire,
};

/// From this breadth on the curve and the log stand beside the tables.
const WIDE: u16 = 120;
/// Alarms that are shown; the last line counts the rest.
const ALARMS_MAX: usize = 3;
const KEYS: &str = " K stop entries  F flatten  P pause  \u{2191}\u{2193} mark  C close  ? help  q quit";

/// Draws everything. `now`: since the screen was opened.
pub(crate) fn draw(frame: &mut Frame<'_>, console: &Console, is_coloured: bool, now: Duration) {
    let board = &console.board;
    let theme = Theme { is_coloured, is_stale: board.is_stale(now) };
    let alarms = alarms(board, theme);
    let head = [Constraint::Length(3), Constraint::Length(u16::try_from(alarms.len()).unwrap_or(u16::MAX))];
    let [top, middle, body, foot] =
        Layout::vertical([head[0], head[1], Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
    frame.render_widget(Paragraph::new(vec![banner(board, theme), state(board, theme), figures(board, theme)]), top);
    frame.render_widget(Paragraph::new(alarms), middle);
    body_of(frame, body, console, theme);
    frame.render_widget(foot_line(console, theme, now), foot);
    if let Some(popup) = &console.popup {
        popup::draw(frame, frame.area(), popup, board, theme);
    }
}

fn body_of(frame: &mut Frame<'_>, area: Rect, console: &Console, theme: Theme) {
    let [positions, signals, curve, log] = if area.width >= WIDE { beside(area) } else { stacked(area) };
    panes::positions(frame, positions, console, theme);
    panes::signals(frame, signals, console, theme);
    curve::draw(frame, curve, &console.board, theme);
    panes::log(frame, log, console, theme);
}

fn beside(area: Rect) -> [Rect; 4] {
    let [left, right] = Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).areas(area);
    let [positions, signals] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(left);
    let [curve, log] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(right);
    [positions, signals, curve, log]
}

fn stacked(area: Rect) -> [Rect; 4] {
    let [positions, middle, log] =
        Layout::vertical([Constraint::Fill(4), Constraint::Fill(4), Constraint::Fill(3)]).areas(area);
    let [signals, curve] = Layout::horizontal([Constraint::Fill(5), Constraint::Fill(3)]).areas(middle);
    [positions, signals, curve, log]
}

/// The mode, and which books.
fn banner(board: &Board, theme: Theme) -> Line<'static> {
    let Some(ledger) = &board.ledger else {
        return Line::styled(" orb ", theme.heading());
    };
    let mode = wire::environment(ledger.environment);
    let words = match Environment::try_from(ledger.environment) {
        Ok(Environment::Live) => "real money",
        Ok(Environment::Paper) => "paper account",
        Ok(Environment::Sim) => "simulation",
        Ok(Environment::Unspecified) | Err(_) => "",
    };
    let badge = Span::styled(format!(" {} {words} ", mode.to_table()), theme.badge(tone(&mode)));
    let session = board.status.as_ref().and_then(|status| status.session.as_ref());
    let phase = session.map_or_else(String::new, |session| {
        format!("{} {}", session.date, wire::session_phase(session.phase).to_table().replace('_', " "))
    });
    let clock = wire::time_of_day(board.engine_time.as_ref());
    let books = format!("  {} {}  ", ledger.id, ledger.account_id);
    Line::from(vec![
        badge,
        Span::styled(books, theme.plain()),
        Span::styled(format!("{phase}  "), theme.plain()),
        Span::styled(format!("{clock} NY"), theme.heading()),
    ])
}

/// The trading state, and the hold that weighs most.
fn state(board: &Board, theme: Theme) -> Line<'static> {
    let Some(status) = &board.status else { return Line::default() };
    let state = wire::trading_state(status.state);
    let badge = Span::styled(format!(" {} ", state.to_table()), theme.badge(tone(&state)));
    let words = match heaviest(&status.holds) {
        Some(hold) => reason(hold, status.holds.len()),
        None if status.state == i32::from(TradingState::Active) => "entries are allowed".to_owned(),
        None => String::new(),
    };
    Line::from(vec![badge, Span::raw(" "), Span::styled(words, theme.plain())])
}

/// Returns the hold that forbids most; the wire numbers them in that order.
fn heaviest(holds: &[Hold]) -> Option<&Hold> {
    holds.iter().max_by_key(|hold| hold.kind)
}

fn reason(hold: &Hold, count: usize) -> String {
    let kind = HoldKind::try_from(hold.kind).map_or("?", |kind| kind.as_str_name().trim_start_matches("HOLD_KIND_"));
    let kind = kind.to_ascii_lowercase().replace('_', " ");
    let (since, who) = (wire::time_of_day(hold.since.as_ref()), &hold.actor);
    let why = if hold.reason.is_empty() { String::new() } else { format!(": {}", hold.reason) };
    let more = if count > 1 { format!(" (+{} holds)", count - 1) } else { String::new() };
    format!("{kind} since {since} by {who}{why}{more}").replace(char::is_control, " ")
}

/// Equity, the day's result, how much may still be lost, slots, trades.
fn figures(board: &Board, theme: Theme) -> Line<'static> {
    let mut spans = Vec::new();
    let mut add = |name: &str, cell: &Cell| {
        spans.push(Span::styled(format!(" {name} "), theme.faint()));
        spans.push(Span::styled(cell.to_table(), theme.tone(tone(cell))));
    };
    if let Some(account) = &board.account {
        add("equity", &Cell::money(&account.equity));
    }
    if let Some(status) = &board.status {
        day(status, &mut add);
    }
    Line::from(spans)
}

fn day(status: &GetStatusResponse, add: &mut impl FnMut(&str, &Cell)) {
    if let Some(day) = &status.day_pnl {
        add("day", &Cell::signed(&day.net));
    }
    if let Some(limit) = &status.loss_limit {
        add("may lose", &Cell::money(&limit.distance));
    }
    if let Some(slots) = &status.slots {
        add("slots", &Cell::Text(format!("{}/{}", slots.used, slots.total)));
    }
    add("trades", &Cell::Text(format!("{} ({} won)", status.day_trades, status.day_wins)));
}

fn alarms(board: &Board, theme: Theme) -> Vec<Line<'static>> {
    let alarms = board.status.as_ref().map_or(&[][..], |status| &status.alarms);
    let line = |alarm: &orb_api::v1::Alarm| {
        let symbol = alarm.symbol.as_ref().map_or_else(String::new, |symbol| format!("{symbol}: "));
        let seen = alarm.acknowledged_by.as_ref().map_or_else(String::new, |who| format!(" (seen by {who})"));
        let since = wire::time_of_day(alarm.since.as_ref());
        let text = format!(" ! {since} {symbol}{}{seen} ", alarm.message).replace(char::is_control, " ");
        let is_new = alarm.acknowledged_by.is_none();
        Line::styled(text, if is_new { theme.badge(Some(Tone::Bad)) } else { theme.tone(Some(Tone::Caution)) })
    };
    let mut lines: Vec<_> = alarms.iter().take(ALARMS_MAX).map(line).collect();
    if alarms.len() > ALARMS_MAX {
        let text = format!(" ! {} more: `orbctl alarms` ", alarms.len() - ALARMS_MAX);
        lines.push(Line::styled(text, theme.tone(Some(Tone::Bad))));
    }
    lines
}

/// The last line: trouble with the connection, else what became of a command, else the keys.
fn foot_line(console: &Console, theme: Theme, now: Duration) -> Line<'static> {
    let stale = match (&console.board.link, console.board.silence(now)) {
        (Link::Connecting, _) => Some(" connecting ".to_owned()),
        (Link::Lost(why), _) => Some(format!(" NO CONTACT: {why}; reconnecting ")),
        (Link::Live, Some(silence)) => Some(format!(" STALE: nothing for {} s ", silence.as_secs())),
        (Link::Live, None) => None,
    };
    let mut spans = Vec::new();
    if let Some(text) = stale {
        spans.push(Span::styled(text.replace(char::is_control, " "), theme.warning()));
        spans.push(Span::raw(" "));
    }
    match &console.notice {
        Some(notice) => {
            let tone = notice.is_failure.then_some(Tone::Bad);
            let fresh = Theme { is_stale: false, ..theme };
            spans.push(Span::styled(format!(" {}", notice.text), fresh.tone(tone)));
        }
        None => spans.push(Span::styled(KEYS, theme.faint())),
    }
    Line::from(spans)
}

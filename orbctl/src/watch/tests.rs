//! The screen as it looks, and what its keys do.

use std::{collections::BTreeMap, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use orb_api::{
    time::timestamp_from_micros,
    v1::{watch_response::Event, *},
};
use prost_types::Timestamp;
use ratatui::{Terminal, backend::TestBackend};

use super::{Act, Console, Step, console::Popup, draw};
use crate::follow::Told;

/// 2026-02-13 09:30:00 in New York.
const OPEN: i64 = 1_770_993_000;
const NOW: Duration = Duration::from_secs(60);

fn at(minutes: i64) -> Option<Timestamp> {
    Some(timestamp_from_micros((OPEN + minutes * 60) * 1_000_000))
}

fn s(text: &str) -> String {
    text.to_owned()
}

fn ledger(environment: Environment) -> Option<Ledger> {
    Some(Ledger { id: s("sim-1"), environment: environment.into(), account_id: s("demo") })
}

fn status(environment: Environment) -> GetStatusResponse {
    let hold = |kind: HoldKind, reason: &str| Hold {
        kind: kind.into(),
        reason: s(reason),
        actor: s("ops"),
        since: at(30),
        cleared_by: HoldCleared::ByOperatorWithReason.into(),
    };
    GetStatusResponse {
        ledger: ledger(environment),
        state: TradingState::Halted.into(),
        holds: vec![hold(HoldKind::OperatorPause, ""), hold(HoldKind::Kill, "news\u{1b}[2J")],
        session: Some(Session {
            date: s("2026-02-13"),
            phase: SessionPhase::Managing.into(),
            open: at(0),
            close: at(390),
            ..Session::default()
        }),
        engine_time: at(95),
        slots: Some(Slots { used: 2, total: 5 }),
        day_pnl: Some(DayPnl { realized: s("120.5"), unrealized: s("-20"), fees: s("1.4"), net: s("99.1") }),
        day_trades: 3,
        day_wins: 2,
        loss_limit: Some(LossLimit { limit: s("3000"), distance: s("2900.9"), session_open_equity: s("100000") }),
        alarms: vec![Alarm {
            id: s("a1"),
            message: s("the stop of 40 shares is missing; close the position"),
            symbol: Some(s("F")),
            since: at(90),
            ..Alarm::default()
        }],
        ..GetStatusResponse::default()
    }
}

fn position(symbol: &str, pnl: &str, covered: i64) -> Position {
    Position {
        strategy: s("orb-classic"),
        symbol: s(symbol),
        side: Side::Long.into(),
        quantity: 100,
        entry_price: s("101.25"),
        last_price: Some(s("102")),
        stop_price: Some(s("99.5")),
        unrealized_pnl: Some(s(pnl)),
        unrealized_r: Some(s("0.43")),
        notional: s("10200"),
        protected_quantity: covered,
        entry_time: at(12),
        ..Position::default()
    }
}

fn signal(id: &str, status: SignalStatus, reason: Option<&str>) -> Signal {
    Signal {
        id: s(id),
        strategy: s("orb-classic"),
        symbol: s("NVDA"),
        side: Side::Short.into(),
        time: at(11),
        status: status.into(),
        score: Some(0.71),
        level: s("101.2"),
        quantity: 100,
        reason: reason.map(s),
        ..Signal::default()
    }
}

fn log(id: u64, severity: Severity) -> LogEntry {
    LogEntry {
        id,
        time: at(20),
        severity: severity.into(),
        message: format!("entry {id} filled"),
        fields: BTreeMap::from([(s("symbol"), s("NVDA"))]),
        ..LogEntry::default()
    }
}

fn tell(console: &mut Console, event: Event) {
    console.board.on_told(Told::Message(WatchResponse { event: Some(event), ..WatchResponse::default() }), NOW);
}

/// A session in the middle, with everything on the screen.
fn busy(environment: Environment) -> Console {
    let mut console = Console::new();
    let point = |minute: i64| IntradayEquityPoint {
        time: at(minute),
        equity: (100_000 + (minute - 40) * (minute % 23)).to_string(),
        ..IntradayEquityPoint::default()
    };
    let account = GetAccountResponse {
        equity: s("100099.1"),
        session_open_equity: Some(s("100000")),
        ..GetAccountResponse::default()
    };
    let positions = vec![position("NVDA", "75", 100), position("F", "-20.5", 60)];
    let signals = vec![signal("1", SignalStatus::Filled, None), signal("2", SignalStatus::Rejected, Some("no_slot"))];
    let logs = vec![log(1, Severity::Info), log(2, Severity::Error)];
    for event in [
        Event::StatusSnapshot(StatusSnapshot { status: Some(status(environment)), resync: false, dropped: 0 }),
        Event::Account(account),
        Event::PositionsSnapshot(PositionsSnapshot { positions, ..PositionsSnapshot::default() }),
        Event::SignalsSnapshot(SignalsSnapshot { signals, ..SignalsSnapshot::default() }),
        Event::EquitySnapshot(EquitySnapshot { points: (0..95).map(point).collect(), ..EquitySnapshot::default() }),
        Event::LogsSnapshot(LogsSnapshot { entries: logs, ..LogsSnapshot::default() }),
    ] {
        tell(&mut console, event);
    }
    console
}

fn screen(console: &Console, (width, height): (u16, u16), now: Duration) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, console, true, now)).unwrap();
    terminal
}

fn shown(console: &Console, size: (u16, u16), now: Duration) -> String {
    screen(console, size, now).backend().to_string()
}

fn press(console: &mut Console, keys: &str) -> Step {
    let mut step = Step::Stay;
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            'v' => KeyCode::Down,
            '^' => KeyCode::Up,
            key => KeyCode::Char(key),
        };
        step = console.on_key(KeyEvent::new(code, KeyModifiers::NONE));
    }
    step
}

#[test]
fn everything_fits_into_80_by_24() {
    insta::assert_snapshot!(shown(&busy(Environment::Sim), (80, 24), NOW));
}

#[test]
fn a_large_terminal_has_curve_and_log_beside_the_tables() {
    insta::assert_snapshot!(shown(&busy(Environment::Live), (200, 50), NOW));
}

#[test]
fn before_the_first_message_it_says_that_it_connects() {
    insta::assert_snapshot!(shown(&Console::new(), (80, 24), NOW));
}

#[test]
fn the_help_names_every_key() {
    let mut console = busy(Environment::Sim);
    assert_eq!(press(&mut console, "?"), Step::Stay);
    insta::assert_snapshot!(shown(&console, (80, 24), NOW));
}

#[test]
fn flattening_shows_the_mode_and_what_is_typed() {
    let mut console = busy(Environment::Live);
    assert_eq!(press(&mut console, "FFLA"), Step::Stay);
    insta::assert_snapshot!(shown(&console, (80, 24), NOW));
}

#[test]
fn every_size_is_drawn_without_a_panic() {
    let mut console = busy(Environment::Paper);
    for popup in [None, Some(Popup::Help), Some(Popup::Close(s("NVDA"))), Some(Popup::Flatten(s("FL")))] {
        console.popup = popup;
        for size in [(1, 1), (2, 30), (10, 3), (40, 10), (119, 20), (120, 20), (300, 100)] {
            shown(&console, size, NOW);
        }
    }
}

#[test]
fn silence_for_three_seconds_greys_the_screen_and_says_so() {
    let console = busy(Environment::Sim);
    let greys = |seconds| {
        let terminal = screen(&console, (80, 24), NOW + Duration::from_secs(seconds));
        let buffer = terminal.backend().buffer();
        let grey = ratatui::style::Color::DarkGray;
        (
            buffer.content().iter().filter(|cell| cell.fg == ratatui::style::Color::Red).count(),
            buffer[(1, 0)].fg == grey,
        )
    };
    assert!(!greys(3).1 && greys(3).0 > 0);
    assert!(greys(4).1);
    let text = shown(&console, (80, 24), NOW + Duration::from_secs(4));
    assert!(text.contains("STALE: nothing for 4 s"), "{text}");
}

#[test]
fn a_lost_connection_is_said_until_a_message_comes() {
    let mut console = busy(Environment::Sim);
    console.board.on_told(Told::Lost(s("restarting")), NOW);
    assert!(shown(&console, (80, 24), NOW).contains("NO CONTACT: restarting; reconnecting"));
    tell(&mut console, Event::Heartbeat(Heartbeat { engine_time: at(96) }));
    let text = shown(&console, (80, 24), NOW);
    assert!(!text.contains("NO CONTACT") && text.contains("11:06:00 NY"), "{text}");
}

#[test]
fn without_colours_no_cell_has_one() {
    let console = busy(Environment::Live);
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| draw(frame, &console, false, NOW)).unwrap();
    let reset = ratatui::style::Color::Reset;
    assert!(terminal.backend().buffer().content().iter().all(|cell| cell.fg == reset && cell.bg == reset));
}

#[test]
fn other_books_leave_nothing_of_the_old_ones() {
    let mut console = busy(Environment::Sim);
    tell(&mut console, Event::LedgerChanged(LedgerChanged { ledger: ledger(Environment::Paper) }));
    let text = shown(&console, (80, 24), NOW);
    assert!(text.contains("PAPER") && !text.contains("NVDA") && !text.contains("HALTED"), "{text}");
}

#[test]
fn a_change_replaces_what_it_is_about_and_a_log_line_comes_once() {
    let mut console = busy(Environment::Sim);
    let removed = vec![PositionKey { strategy: s("orb-classic"), symbol: s("F"), trade_id: String::new() }];
    let changed = vec![position("NVDA", "-1", 100)];
    tell(&mut console, Event::PositionsUpdate(PositionsUpdate { changed, removed, day_pnl: None }));
    tell(&mut console, Event::SignalsUpdate(SignalsUpdate { signals: vec![signal("2", SignalStatus::Filled, None)] }));
    let entries = vec![log(2, Severity::Error), log(3, Severity::Warn)];
    tell(&mut console, Event::LogsSnapshot(LogsSnapshot { entries, ..LogsSnapshot::default() }));
    let positions: Vec<_> = console.board.positions.values().map(|p| p.unrealized_pnl.clone().unwrap()).collect();
    assert_eq!(positions, ["-1"]);
    assert_eq!(console.board.signals.len(), 2);
    assert_eq!(console.board.logs.iter().map(|entry| entry.id).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn kill_never_asks_whatever_lies_over_the_panes() {
    for before in ["", "?", "vC", "FFLA"] {
        let mut console = busy(Environment::Live);
        let _ = press(&mut console, before);
        assert_eq!(press(&mut console, "K"), Step::Do(Act::Kill), "{before:?}");
        assert_eq!(console.popup, None);
    }
}

#[test]
fn flatten_needs_the_whole_word() {
    let mut console = busy(Environment::Live);
    assert_eq!(press(&mut console, "F"), Step::Stay);
    assert_eq!(press(&mut console, "\n"), Step::Stay);
    assert_eq!(press(&mut console, "FFLATTE\n"), Step::Stay);
    assert_eq!(press(&mut console, "Fflatten"), Step::Stay);
    assert_eq!(press(&mut console, "\n"), Step::Do(Act::Flatten));
    assert_eq!(press(&mut console, "FFLATTEN\u{1b}"), Step::Stay);
    assert_eq!((console.popup.clone(), press(&mut console, "\n")), (None, Step::Stay));
}

#[test]
fn close_asks_about_the_marked_position() {
    let mut console = busy(Environment::Live);
    assert_eq!(press(&mut console, "C"), Step::Stay);
    assert_eq!(console.popup, None);
    assert!(console.notice.as_ref().unwrap().text.contains("mark a position"));
    assert_eq!(press(&mut console, "vvvC"), Step::Stay);
    assert_eq!(console.popup, Some(Popup::Close(s("NVDA"))));
    assert_eq!(press(&mut console, "n"), Step::Stay);
    assert_eq!(press(&mut console, "^Cy"), Step::Do(Act::Close(s("F"))));
}

#[test]
fn pause_and_leaving_do_not_ask_and_small_letters_do_nothing() {
    let mut console = busy(Environment::Live);
    assert_eq!(press(&mut console, "P"), Step::Do(Act::Pause));
    assert_eq!(press(&mut console, "kfpc"), Step::Stay);
    assert_eq!(console.popup, None);
    assert_eq!(press(&mut console, "q"), Step::Quit);
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(console.on_key(interrupt), Step::Quit);
    let with_control = KeyEvent::new(KeyCode::Char('K'), KeyModifiers::CONTROL);
    assert_eq!(console.on_key(with_control), Step::Stay);
}

#[test]
fn what_became_of_a_command_is_in_the_last_line() {
    let mut console = busy(Environment::Sim);
    let _ = press(&mut console, "K");
    assert!(shown(&console, (80, 24), NOW).contains("engaging the kill switch ..."));
    console.on_done(Err(s("engaging the kill switch failed: no answer")));
    assert!(shown(&console, (80, 24), NOW).contains("failed: no answer"));
}

//! What is told of one view after another.

use std::sync::Arc;

use orb_core::alarm::{Alarm, AlarmId, AlarmKind};
use orb_core::fact::{ExitReason, SessionRecord, Signal, SignalStatus, Trade};
use orb_core::hold::{Hold, HoldKind, TradingState};
use orb_core::order::AttemptId;
use orb_core::{Money, Price, Quantity, Side, Span, StrategyId, Symbol, SymbolId, Timestamp, Watched};

use super::made::at;
use crate::notify::follow::Follower;
use crate::notify::kind::{Kind, Weight};
use crate::notify::notice::Notice;
use crate::view::{
    AlarmView, Change, ClosedTradeView, ConfigSummary, DayView, Environment, Ledger, PositionView, SessionPhase,
    SessionView, SignalView, Update, View,
};

fn view(second: i64) -> View {
    let (open, close) = (at(-1_920), at(21_480));
    let session = SessionView {
        date: "2026-03-02".parse().expect("a date"),
        phase: SessionPhase::Entries,
        open,
        range_end: at(-1_620),
        entry_cutoff: None,
        flatten_at: close - Span::from_minutes(5),
        close,
    };
    View {
        sequence: u64::try_from(second).expect("a second"),
        now: Some(at(second)),
        session: Some(session),
        ledger: Ledger { environment: Environment::Paper, id: "paper-1f3a9c02".into(), account_id: "PA987654".into() },
        config: ConfigSummary { strategies: vec!["orb".into()], ..ConfigSummary::default() },
        symbols: Arc::new(orb_core::symbol::SymbolTable::new(
            ["AAA", "BBB", "CCC"].map(|name| Symbol::new(name).expect(name)),
        )),
        ..View::default()
    }
}

fn update(view: View, changes: Vec<Change>) -> Update {
    Update { sequence: view.sequence, view: Arc::new(view), changes }
}

/// A follower that has seen the start.
fn begun() -> Follower {
    let mut follower = Follower::new(false);
    follower.on_update(&update(view(1), Vec::new()));
    follower
}

fn lines(notices: &[Notice]) -> Vec<String> {
    notices.iter().map(|notice| format!("{} {}", notice.kind.name(), notice.line())).collect()
}

#[track_caller]
fn told(follower: &mut Follower, update: &Update, expect: &[&str]) {
    assert_eq!(lines(&follower.on_update(update)), expect);
}

fn price(text: &str) -> Price {
    text.parse().expect(text)
}

fn attempt() -> AttemptId {
    AttemptId { date: "2026-03-02".parse().expect("a date"), strategy: StrategyId(0), symbol: SymbolId(0), attempt: 1 }
}

fn signal(status: SignalStatus, filled: i64) -> Arc<SignalView> {
    let signal = Signal {
        attempt: attempt(),
        side: Side::Long,
        at: at(1),
        level: price("100"),
        stop: price("99"),
        quantity: Quantity::new(10),
        status,
        reason: None,
        detail: String::new(),
        order: None,
        broker_order: None,
        submitted_at: None,
        filled_at: None,
        fill_price: (filled > 0).then(|| price("100.02")),
        score_e6: None,
    };
    let (id, strategy, symbol) = ("2026-03-02/orb/AAA/1".into(), "orb".into(), "AAA".into());
    Arc::new(SignalView { id, strategy, symbol, signal, score: None, target: None, filled: Quantity::new(filled) })
}

fn closed(exit_time: Timestamp) -> Arc<ClosedTradeView> {
    let money = |text: &str| text.parse::<Money>().expect(text);
    let trade = Trade {
        attempt: attempt(),
        side: Side::Long,
        entered: Quantity::new(10),
        exited: Quantity::new(10),
        entry_time: at(1),
        exit_time: Some(exit_time),
        entry_notional: money("1000"),
        exit_notional: money("1020"),
        fees: money("1"),
        stop: price("99"),
        target: None,
        exit_reason: Some(ExitReason::Target),
        unprotected: Span::ZERO,
    };
    let (id, strategy, symbol) = ("2026-03-02/orb/AAA/1".into(), "orb".into(), "AAA".into());
    Arc::new(ClosedTradeView { id, strategy, symbol, trade })
}

fn position() -> PositionView {
    PositionView {
        trade_id: "2026-03-02/orb/AAA/1".into(),
        strategy: "orb".into(),
        symbol: "AAA".into(),
        symbol_id: SymbolId(0),
        side: Side::Long,
        quantity: Quantity::new(10),
        entry_price: price("100.02"),
        last: None,
        stop: Some(price("99.5")),
        target: None,
        unrealized: None,
        unrealized_r_e4: None,
        notional: Money::ZERO,
        protected: Quantity::new(10),
        entry_time: at(1),
        closing: None,
    }
}

fn hold(kind: HoldKind, since: i64) -> Hold {
    Hold { kind, reason: "news\nof the <day>".to_owned(), actor: "dana".to_owned(), since: at(since) }
}

fn alarm(since: i64) -> AlarmView {
    let text = "AAA: 10 shares are held without a working stop".to_owned();
    let alarm = Alarm {
        id: AlarmId(7),
        kind: AlarmKind::StopMissing,
        symbol: Some(SymbolId(0)),
        text,
        since: at(since),
        acknowledged: None,
    };
    AlarmView { alarm, symbol: Some("AAA".into()) }
}

#[test]
fn a_start_tells_what_is_in_force_and_repeats_none_of_it() {
    let mut follower = Follower::new(false);
    let first = View {
        state: TradingState::Halted,
        holds: vec![hold(HoldKind::Kill, 0)],
        alarms: [alarm(0)].into(),
        positions: [position()].into(),
        signals: [signal(SignalStatus::Filled, 10)].into(),
        ..view(1)
    };
    let expect = "daemon [PAPER] warning: orb started: paper, HALTED (kill); open: AAA long 10; 1 alarms stand";
    told(&mut follower, &update(first.clone(), Vec::new()), &[expect]);
    told(&mut follower, &update(first.clone(), Vec::new()), &[]);
    told(&mut follower, &update(first, vec![Change::Signal(signal(SignalStatus::Filled, 10))]), &[]);
}

#[test]
fn a_start_after_a_crash_is_an_alarm_and_its_hold_is_told() {
    let mut follower = Follower::new(true);
    let first = View { state: TradingState::Reducing, holds: vec![hold(HoldKind::Crashed, 1)], ..view(1) };
    let expect = [
        "failure [PAPER] ALARM: orb started after an abnormal end: compare the positions with the broker's: paper, \
         REDUCING (crashed); no open position",
        "failure [PAPER] ALARM: REDUCING, entries are held by crashed: news of the <day> (dana)",
    ];
    told(&mut follower, &update(first, Vec::new()), &expect);
}

#[test]
fn an_entry_is_told_once_when_it_is_filled() {
    let mut follower = begun();
    let of = |status, filled| vec![Change::Signal(signal(status, filled))];
    told(&mut follower, &update(view(2), of(SignalStatus::Working, 0)), &[]);
    told(&mut follower, &update(view(3), of(SignalStatus::PartiallyFilled, 4)), &[]);
    let open = View { positions: [position()].into(), ..view(4) };
    let expect = "entry [PAPER] AAA entered: long 10 at 100.02, stop 99.5";
    told(&mut follower, &update(open.clone(), of(SignalStatus::Filled, 10)), &[expect]);
    told(&mut follower, &update(open, of(SignalStatus::Filled, 10)), &[]);
}

#[test]
fn an_entry_of_which_a_part_is_filled_is_told_when_nothing_more_comes() {
    let mut follower = begun();
    let of = |filled| vec![Change::Signal(signal(SignalStatus::Cancelled, filled))];
    let expect = "entry [PAPER] AAA entered: long 4 of 10 at 100.02, stop 99";
    told(&mut follower, &update(view(2), of(4)), &[expect]);
    told(&mut begun(), &update(view(2), of(0)), &[]);
}

#[test]
fn an_exit_is_told_once_with_its_result_and_reason() {
    let mut follower = begun();
    let expect = "exit [PAPER] AAA left by target: long 10 at 102, net 19, 2.0000 R";
    let changes = || vec![Change::Trade(closed(at(2)))];
    let notices = follower.on_update(&update(view(2), changes()));
    assert_eq!(lines(&notices), [expect]);
    let field = |name| notices[0].fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    assert_eq!([field("net"), field("fees"), field("reason")], [Some("19"), Some("1"), Some("target")]);
    told(&mut follower, &update(view(3), changes()), &[]);
}

#[test]
fn a_trade_that_was_closed_before_the_start_is_not_told_when_it_is_corrected() {
    told(&mut begun(), &update(view(2), vec![Change::Trade(closed(at(0)))]), &[]);
    // One that was open at the start, and whose exit happened while nobody looked, is news.
    let mut follower = Follower::new(false);
    follower.on_update(&update(View { positions: [position()].into(), ..view(1) }, Vec::new()));
    assert_eq!(follower.on_update(&update(view(2), vec![Change::Trade(closed(at(0)))])).len(), 1);
}

#[test]
fn holds_are_told_when_they_begin_and_when_they_end() {
    let mut follower = begun();
    let held = View { state: TradingState::Halted, holds: vec![hold(HoldKind::Kill, 2)], ..view(2) };
    let expect = "hold [PAPER] ALARM: HALTED, entries are held by kill: news of the <day> (dana)";
    told(&mut follower, &update(held.clone(), Vec::new()), &[expect]);
    told(&mut follower, &update(held, Vec::new()), &[]);
    told(&mut follower, &update(view(3), Vec::new()), &["hold [PAPER] ACTIVE: the hold kill is over"]);
    let away = View { holds: vec![hold(HoldKind::BrokerUnavailable, 4), hold(HoldKind::Reconciling, 4)], ..view(4) };
    let notices = follower.on_update(&update(away, Vec::new()));
    assert_eq!(
        notices.iter().map(|notice| (notice.kind, notice.weight)).collect::<Vec<_>>(),
        [(Kind::Failure, Weight::Warning)]
    );
}

#[test]
fn every_hold_is_told_but_those_of_every_start() {
    for &kind in HoldKind::ALL {
        let held = View { holds: vec![hold(kind, 2)], ..view(2) };
        let count = begun().on_update(&update(held, Vec::new())).len();
        assert_eq!(count, usize::from(!matches!(kind, HoldKind::Starting | HoldKind::Reconciling)), "{kind:?}");
    }
}

#[test]
fn alarms_are_told_when_they_begin_and_when_they_are_over() {
    let mut follower = begun();
    let with = View { alarms: [alarm(2)].into(), ..view(2) };
    let expect = "failure [PAPER] ALARM: AAA: 10 shares are held without a working stop";
    told(&mut follower, &update(with, Vec::new()), &[expect]);
    let expect = "failure [PAPER] over: AAA: 10 shares are held without a working stop";
    told(&mut follower, &update(view(3), Vec::new()), &[expect]);
}

#[test]
fn a_day_ends_with_its_summary_and_an_open_position_is_an_alarm() {
    let record = SessionRecord {
        date: "2026-03-02".parse().expect("a date"),
        open: at(-1_920),
        close: at(21_480),
        equity_open: "100000".parse().expect("money"),
        realized_net: "119.5".parse().expect("money"),
        fees: "1.5".parse().expect("money"),
        ended: true,
        transfers_open: None,
    };
    let day = DayView { trades_closed: 3, wins: 2, ..DayView::default() };
    let over = View { day, ..view(2) };
    let expect = "day [PAPER] 2026-03-02 is over: 3 trades, 2 won, gross 121, fees 1.5, net 119.5; no open position";
    told(&mut begun(), &update(over, vec![Change::DayOver(record)]), &[expect]);
    let over = View { day, positions: [position()].into(), ..view(2) };
    let notices = begun().on_update(&update(over, vec![Change::DayOver(record)]));
    assert!(notices[0].weight == Weight::Alarm && notices[0].text.ends_with("; open: AAA long 10"), "{notices:?}");
}

#[test]
fn the_scan_is_told_once_when_nothing_is_waited_for_any_more() {
    let watched = |armed: &[u32], waiting: &[u32]| -> Arc<[Watched]> {
        let of = |symbol: &u32, is_armed| {
            let side = Some(Side::Short).filter(|_| is_armed);
            let (strategy, symbol) = (StrategyId(0), SymbolId(*symbol));
            Watched { strategy, symbol, is_armed, side, setup: None, previous_close: None, atr14: None }
        };
        armed.iter().map(|symbol| of(symbol, true)).chain(waiting.iter().map(|symbol| of(symbol, false))).collect()
    };
    let morning = |watched, second| {
        let early = view(second);
        let session = early.session.map(|session| SessionView { range_end: at(3), ..session });
        View { watched, session, ..early }
    };
    let mut follower = begun();
    told(&mut follower, &update(morning(watched(&[], &[0, 1, 2]), 2), Vec::new()), &[]);
    told(&mut follower, &update(morning(watched(&[1], &[2]), 3), Vec::new()), &[]);
    let signals = [signal(SignalStatus::Pending, 0)].into();
    let chosen = View { signals, ..morning(watched(&[1], &[]), 4) };
    let expect = "scan [PAPER] scan of orb: 2 of 3 symbols may be traded: BBB short, AAA long";
    told(&mut follower, &update(chosen.clone(), Vec::new()), &[expect]);
    told(&mut follower, &update(morning(watched(&[], &[]), 5), Vec::new()), &[]);
    // Whoever starts after the range's end tells nothing of it, also where ranges are made anew meanwhile.
    let mut late = Follower::new(false);
    late.on_update(&update(morning(watched(&[], &[]), 4), Vec::new()));
    told(&mut late, &update(morning(watched(&[1], &[2]), 5), Vec::new()), &[]);
    told(&mut late, &update(morning(watched(&[1], &[]), 6), Vec::new()), &[]);
}

#[test]
fn other_books_are_told_as_such() {
    let mut follower = begun();
    let ledger = Ledger { environment: Environment::Live, id: "live-77aa0011".into(), account_id: "987654".into() };
    let starting = View { now: None, ledger: ledger.clone(), ..view(0) };
    told(&mut follower, &update(starting, Vec::new()), &[]);
    let other =
        View { ledger, state: TradingState::Paused, holds: vec![hold(HoldKind::EnvironmentSwitched, 1)], ..view(1) };
    let notices = follower.on_update(&update(other, Vec::new()));
    assert_eq!(
        lines(&notices),
        [
            "daemon [LIVE] orb switched: live, PAUSED (environment_switched); no open position",
            "hold [LIVE] PAUSED, entries are held by environment_switched: news of the <day> (dana)",
        ]
    );
    assert!(notices.iter().all(|notice| &*notice.origin.ledger == "live-77aa0011"));
    assert!(!format!("{notices:?}").contains("987654"), "no account number");
}

#[test]
fn changes_that_were_missed_are_told_as_missed() {
    assert!(Follower::new(false).on_missed(3).is_empty());
    let notices = begun().on_missed(3);
    assert!(notices[0].text.starts_with("3 changes were not followed"), "{notices:?}");
    assert_eq!(notices[0].weight, Weight::Warning);
}

#[test]
fn no_two_notices_have_one_id() {
    let mut follower = begun();
    let with = View { alarms: [alarm(2)].into(), holds: vec![hold(HoldKind::Breaker, 2)], ..view(2) };
    let notices = follower.on_update(&update(with, Vec::new()));
    assert_eq!(notices.len(), 2);
    assert_ne!(notices[0].id, notices[1].id);
}

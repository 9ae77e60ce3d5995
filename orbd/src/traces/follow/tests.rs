use orb_core::fact::{ExitReason, Signal, SignalStatus};
use orb_core::order::AttemptId;
use orb_core::{Money, Quantity, Side, Span, StrategyId, SymbolId};

use super::*;
use crate::view::{ClosedTradeView, Ledger};

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_772_463_600_000_000 + second * 1_000_000)
}

fn attempt(number: u16) -> AttemptId {
    let date = "2026-03-02".parse().expect("a date");
    AttemptId { date, strategy: StrategyId(0), symbol: SymbolId(0), attempt: number }
}

fn signal(number: u16, status: SignalStatus, filled: i64) -> Arc<SignalView> {
    let signal = Signal {
        attempt: attempt(number),
        side: Side::Long,
        at: at(1),
        level: "100".parse().expect("a price"),
        stop: "99".parse().expect("a price"),
        quantity: Quantity::new(10),
        status,
        reason: None,
        detail: String::new(),
        order: None,
        broker_order: None,
        submitted_at: None,
        filled_at: None,
        fill_price: None,
        score_e6: None,
    };
    let (id, strategy, symbol) = (format!("2026-03-02/orb/AAA/{number}").into(), "orb".into(), "AAA".into());
    Arc::new(SignalView { id, strategy, symbol, signal, score: None, target: None, filled: Quantity::new(filled) })
}

fn closed(number: u16, exit: i64) -> Change {
    let trade = Trade {
        attempt: attempt(number),
        side: Side::Long,
        entered: Quantity::new(10),
        exited: Quantity::new(10),
        entry_time: at(1),
        exit_time: Some(at(exit)),
        entry_notional: Money::ZERO,
        exit_notional: Money::ZERO,
        fees: Money::ZERO,
        stop: "99".parse().expect("a price"),
        target: None,
        exit_reason: Some(ExitReason::Stop),
        unprotected: Span::ZERO,
    };
    let id = format!("2026-03-02/orb/AAA/{number}").into();
    Change::Trade(Arc::new(ClosedTradeView { id, strategy: "orb".into(), symbol: "AAA".into(), trade }))
}

fn update(second: i64, signals: &[Arc<SignalView>], changes: Vec<Change>) -> Update {
    let ledger = Ledger { id: "paper-1".into(), ..Ledger::default() };
    let view = View { now: Some(at(second)), ledger, signals: signals.into(), ..View::default() };
    Update { sequence: 1, view: Arc::new(view), changes }
}

/// Names what is over by the number of its attempt, and whether its trade is known.
fn ended(follower: &mut Follower, update: &Update) -> Vec<(String, bool)> {
    let ended = follower.on_update(update).into_iter();
    ended.map(|(id, trade)| (id.rsplit('/').next().unwrap_or_default().to_owned(), trade.is_some())).collect()
}

fn begun() -> Follower {
    let mut follower = Follower::default();
    assert!(follower.on_update(&update(1, &[], Vec::new())).is_empty());
    follower
}

#[test]
fn a_signal_is_over_when_its_trade_is_or_when_it_ended_without_a_share() {
    let mut follower = begun();
    let (filled, none) = (signal(1, SignalStatus::Filled, 10), signal(2, SignalStatus::Rejected, 0));
    let changes = vec![Change::Signal(Arc::clone(&filled)), Change::Signal(Arc::clone(&none))];
    assert_eq!(ended(&mut follower, &update(2, &[Arc::clone(&filled), none], changes)), [("2".to_owned(), false)]);
    let signals = [filled];
    assert_eq!(ended(&mut follower, &update(3, &signals, vec![closed(1, 3)])), [("1".to_owned(), true)]);
    assert!(ended(&mut follower, &update(4, &signals, vec![closed(1, 3)])).is_empty(), "a correction is no other end");
}

#[test]
fn a_trade_that_is_closed_before_its_order_is_over_waits_for_that() {
    let mut follower = begun();
    let working = signal(1, SignalStatus::PartiallyFilled, 4);
    assert!(ended(&mut follower, &update(2, &[working], vec![closed(1, 2)])).is_empty());
    let over = signal(1, SignalStatus::Cancelled, 4);
    let changes = vec![Change::Signal(Arc::clone(&over))];
    assert_eq!(ended(&mut follower, &update(3, &[over], changes)), [("1".to_owned(), true)]);
}

#[test]
fn what_was_over_before_a_restart_is_not_told_again_and_what_was_missed_is_found() {
    let mut follower = Follower::default();
    let signals = [signal(1, SignalStatus::Filled, 10)];
    assert!(ended(&mut follower, &update(100, &signals, Vec::new())).is_empty());
    assert!(ended(&mut follower, &update(101, &signals, vec![closed(1, 50)])).is_empty(), "it was closed before");
    let missed = signal(3, SignalStatus::Expired, 0);
    follower.on_missed();
    let signals = [&signals[..], &[missed]].concat();
    assert_eq!(ended(&mut follower, &update(102, &signals, Vec::new())), [("3".to_owned(), false)]);
}
